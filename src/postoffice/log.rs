//! The logs of a postoffice (`spec/protocol.md` section 7).
//!
//! Two files get the same lines: `LOG/DIRSYNC.LOG` as text, and `LOG/DSSERVER.LOG`, which goes to the
//! server with the next request, with the number and its arguments only.
//!
//! Lines end in CR LF and are UTF-8: nothing reads a log back into a list, and people read it with
//! today's programs. Control characters are written as escapes, so that a name cannot add a line.

use std::fmt::{self, Write as _};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::batch::{self, Batch};
use super::error::PostofficeError;
use super::layout::{self, File, Layout};
use crate::messages::{Message, Severity};

/// Digits of the year in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Years {
    /// `2026`.
    #[default]
    Four,
    /// `26`, as the original before it met the year 2000.
    Two,
}

/// What one line of the logs says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogLine {
    /// A numbered message.
    Message(Message),
    /// A line without number: banners, headings, continuations.
    Text {
        /// Its severity.
        severity: Severity,
        /// Its text.
        text: String,
    },
}

impl LogLine {
    /// Makes a numbered line with the usual severity and text of its number.
    #[must_use]
    pub fn numbered(number: u16, argument: impl Into<String>) -> Self {
        Self::Message(Message::new(number, argument))
    }

    /// Makes a line without number.
    #[must_use]
    pub fn text(severity: Severity, text: impl Into<String>) -> Self {
        Self::Text {
            severity,
            text: text.into(),
        }
    }

    /// Makes a Status line without number: a banner, or the end of a program.
    #[must_use]
    pub fn status(text: impl Into<String>) -> Self {
        Self::text(Severity::Status, text)
    }

    /// Returns the severity.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::Message(message) => message.severity,
            Self::Text { severity, .. } => *severity,
        }
    }

    /// Returns the number; lines of text have none.
    #[must_use]
    pub fn number(&self) -> Option<u16> {
        match self {
            Self::Message(message) => Some(message.number),
            Self::Text { .. } => None,
        }
    }

    /// Returns the line of DIRSYNC.LOG, without its end: `%-7s[%3d] text`, and `%-13s` where Status has no number.
    #[must_use]
    pub fn text_form(&self, at: Timestamp, zone: &TimeZone, years: Years) -> String {
        let mut line = stamp(at, zone, years);
        let word = self.severity().word();
        let written = match (self.severity(), self.number()) {
            (Severity::Status, _) => write!(line, "{word:<13}"),
            (_, Some(number)) => write!(line, "{word:<7}[{number:>3}] "),
            (_, None) => write!(line, "{word:<7}[   ] "),
        };
        written.expect("a string takes everything");
        match self {
            Self::Message(message) => push_escaped(&mut line, &message.to_string()),
            Self::Text { text, .. } => push_escaped(&mut line, text),
        }
        line
    }

    /// Returns the line of DSSERVER.LOG, without its end: severity digit, number or -1, arguments or text.
    #[must_use]
    pub fn numeric_form(&self, at: Timestamp, zone: &TimeZone, years: Years) -> String {
        let mut line = stamp(at, zone, years);
        let (number, text) = match self {
            Self::Message(message) => (i32::from(message.number), &message.argument),
            Self::Text { text, .. } => (-1, text),
        };
        write!(line, "{} {number:>3}", self.severity().digit()).expect("a string takes everything");
        if !text.is_empty() {
            line.push(' ');
            push_escaped(&mut line, text);
        }
        line
    }
}

impl From<Message> for LogLine {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}

impl fmt::Display for LogLine {
    /// Writes what a screen shows: the text alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => message.fmt(f),
            Self::Text { text, .. } => f.write_str(text),
        }
    }
}

fn stamp(at: Timestamp, zone: &TimeZone, years: Years) -> String {
    let format = match years {
        Years::Four => "%m/%d/%Y %H:%M:%S | ",
        Years::Two => "%m/%d/%y %H:%M:%S | ",
    };
    at.to_zoned(zone.clone()).strftime(format).to_string()
}

fn push_escaped(line: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\t' => line.push(c),
            c if c.is_control() => line.extend(c.escape_default()),
            c => line.push(c),
        }
    }
}

/// Lines for DIRSYNC.LOG and DSSERVER.LOG that are not written yet.
///
/// Lines of success go into the batch of the pass ([`Self::stage`]), so that the log says what happened.
/// Lines of failure are appended at once ([`Self::append_now`]).
#[derive(Debug, Clone)]
pub struct Log {
    zone: TimeZone,
    years: Years,
    text: String,
    numeric: String,
}

impl Log {
    /// Makes an empty log; times are local to `zone`.
    #[must_use]
    pub fn new(zone: TimeZone, years: Years) -> Self {
        Self {
            zone,
            years,
            text: String::new(),
            numeric: String::new(),
        }
    }

    /// Adds a line to both logs.
    pub fn add(&mut self, at: Timestamp, line: &LogLine) {
        self.add_local(at, line);
        let numeric = line.numeric_form(at, &self.zone, self.years);
        self.numeric.push_str(&numeric);
        self.numeric.push_str("\r\n");
    }

    /// Adds a line to DIRSYNC.LOG alone: what the server need not know.
    pub fn add_local(&mut self, at: Timestamp, line: &LogLine) {
        let text = line.text_form(at, &self.zone, self.years);
        self.text.push_str(&text);
        self.text.push_str("\r\n");
    }

    /// Returns the lines for DIRSYNC.LOG.
    #[must_use]
    pub fn as_text(&self) -> &str {
        &self.text
    }

    /// Returns the lines for DSSERVER.LOG.
    #[must_use]
    pub fn as_numeric(&self) -> &str {
        &self.numeric
    }

    /// Puts the lines into a batch; both logs change with everything else in it.
    ///
    /// # Errors
    /// The staging area cannot be written.
    pub fn stage(&mut self, batch: &Batch<'_>) -> Result<(), PostofficeError> {
        batch.create_dir(layout::Dir::Log);
        for (file, lines) in self.take() {
            batch.append(&file, lines.as_bytes())?;
        }
        Ok(())
    }

    /// Appends the lines at once, with or without the lock of the postoffice. A torn last line of the log is ended first.
    ///
    /// # Errors
    /// A log cannot be written; the lines are then kept.
    pub fn append_now(&mut self, layout: &Layout) -> Result<(), PostofficeError> {
        let before = self.clone();
        for (file, lines) in self.take() {
            let written = layout
                .path(&file)
                .and_then(|path| batch::append_lines(&path, lines.as_bytes(), None));
            if let Err(error) = written {
                *self = before;
                return Err(error);
            }
        }
        Ok(())
    }

    fn take(&mut self) -> impl Iterator<Item = (File, String)> + use<> {
        [
            (layout::DIRSYNC_LOG, std::mem::take(&mut self.text)),
            (layout::DSSERVER_LOG, std::mem::take(&mut self.numeric)),
        ]
        .into_iter()
        .filter(|(_, lines)| !lines.is_empty())
    }
}

/// Appends whole lines to any file of a postoffice's LOG directory at once.
///
/// # Errors
/// The file cannot be written.
pub fn append_now(layout: &Layout, file: &File, lines: &[u8]) -> Result<(), PostofficeError> {
    batch::append_lines(&layout.path(file)?, lines, None)
}
