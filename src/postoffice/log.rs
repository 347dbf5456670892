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
        line.push_str(&self.tagged());
        line
    }

    /// Returns severity, number and text as DIRSYNC.LOG has them behind the time.
    #[must_use]
    pub fn tagged(&self) -> String {
        let mut line = String::new();
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

/// Appends text, control characters as escapes, so that it stays on its line.
pub(super) fn push_escaped(line: &mut String, text: &str) {
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

    /// Adds what a batch noticed when it began.
    pub fn add_warnings(&mut self, at: Timestamp, batch: &Batch<'_>) {
        for warning in batch.warnings() {
            self.add(at, &LogLine::text(Severity::Warning, warning.to_string()));
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Severity::{Error, Fatal, Status, Warning};

    const VECTORS: &str = include_str!("../../testdata/spec/vectors.json");

    fn at(text: &str) -> Timestamp {
        jiff::civil::DateTime::strptime("%m/%d/%y %H:%M:%S", text)
            .unwrap()
            .to_zoned(TimeZone::UTC)
            .unwrap()
            .timestamp()
    }

    /// The lines of the samples that follow the grammar, with the values they were made from.
    fn known(line: &str) -> Option<LogLine> {
        let (_, rest) = line.split_once(" | ")?;
        Some(match rest {
            "Status       Microsoft (R) Mail Import V3.2" => {
                LogLine::status("Microsoft (R) Mail Import V3.2")
            }
            "Warning[ 27] Alias already exists Doe, John D" => LogLine::numbered(27, "Doe, John D"),
            "Status       Import is finished." => LogLine::status("Import is finished."),
            "1  -1 Microsoft (R) Mail DirSync Requestor V3.5.12" => {
                LogLine::status("Microsoft (R) Mail DirSync Requestor V3.5.12")
            }
            "1 167 PCM,SNADS,X400,SMTP"
            | "Status       Server updates requested for address types: PCM,SNADS,X400,SMTP" => {
                LogLine::numbered(167, "PCM,SNADS,X400,SMTP")
            }
            "1 171" | "Status       No requestor updates to send" => LogLine::numbered(171, ""),
            "1 105 0" | "Status       Requestor updates received: 0" => LogLine::numbered(105, "0"),
            _ => return None,
        })
    }

    #[test]
    fn log_lines_of_q118447_and_q149271_come_out_as_published() {
        let vectors: serde_json::Value = serde_json::from_str(VECTORS).unwrap();
        let mut seen = 0;
        for sample in vectors["log_lines"].as_array().unwrap() {
            let source = sample["q"].as_str().unwrap_or_default();
            // The other samples have no seconds, or are logs of EXTERNAL.
            if !["Q118447", "Q149271"].contains(&source) {
                continue;
            }
            let numeric = sample["file"].as_str().unwrap().starts_with("DSSERVER");
            for line in sample["lines"].as_array().unwrap() {
                let line = line.as_str().unwrap();
                let value = known(line).unwrap_or_else(|| panic!("{source}: {line}"));
                let time = at(&line[..17]);
                let made = match numeric {
                    true => value.numeric_form(time, &TimeZone::UTC, Years::Two),
                    false => value.text_form(time, &TimeZone::UTC, Years::Two),
                };
                assert_eq!(made, line, "{source}");
                seen += 1;
            }
        }
        assert_eq!(seen, 10);
    }

    #[test]
    fn published_cases_come_out_as_published() {
        for (case, time, value, text, numeric) in [
            (
                "DS-L001, IMP-S093",
                "03/22/94 15:43:45",
                LogLine::numbered(27, "Doe, John D"),
                "03/22/94 15:43:45 | Warning[ 27] Alias already exists Doe, John D",
                "03/22/94 15:43:45 | 4  27 Doe, John D",
            ),
            (
                "DS-L002",
                "03/13/96 15:27:04",
                LogLine::numbered(167, "PCM,SNADS,X400,SMTP"),
                "03/13/96 15:27:04 | Status       Server updates requested for address types: PCM,SNADS,X400,SMTP",
                "03/13/96 15:27:04 | 1 167 PCM,SNADS,X400,SMTP",
            ),
            (
                "DS-L004",
                "03/13/96 15:26:49",
                LogLine::status("Microsoft (R) Mail DirSync Requestor V3.5.12"),
                "03/13/96 15:26:49 | Status       Microsoft (R) Mail DirSync Requestor V3.5.12",
                "03/13/96 15:26:49 | 1  -1 Microsoft (R) Mail DirSync Requestor V3.5.12",
            ),
            (
                "DS-L005",
                "03/13/96 15:27:08",
                LogLine::numbered(171, ""),
                "03/13/96 15:27:08 | Status       No requestor updates to send",
                "03/13/96 15:27:08 | 1 171",
            ),
            (
                "DS-L006, IMP-S096",
                "03/13/96 15:32:50",
                LogLine::numbered(105, "0"),
                "03/13/96 15:32:50 | Status       Requestor updates received: 0",
                "03/13/96 15:32:50 | 1 105 0",
            ),
            (
                "DS-L008",
                "03/13/96 15:32:50",
                LogLine::text(Error, "PCM:Net/PO"),
                "03/13/96 15:32:50 | Error  [   ] PCM:Net/PO",
                "03/13/96 15:32:50 | 3  -1 PCM:Net/PO",
            ),
            (
                "DS-L017",
                "03/13/96 15:32:50",
                LogLine::numbered(99, "NAME NET/PO"),
                "03/13/96 15:32:50 | Error  [ 99] Error Message #99 is not defined NAME NET/PO",
                "03/13/96 15:32:50 | 3  99 NAME NET/PO",
            ),
            (
                "IMP-S094",
                "03/22/94 15:43:25",
                LogLine::status("Microsoft (R) Mail Import V3.2"),
                "03/22/94 15:43:25 | Status       Microsoft (R) Mail Import V3.2",
                "03/22/94 15:43:25 | 1  -1 Microsoft (R) Mail Import V3.2",
            ),
            (
                "IMP-S095",
                "04/14/94 15:25:24",
                LogLine::numbered(29, "Fser Number 3 (3)"),
                "04/14/94 15:25:24 | Error  [ 29] Alias does not exist Fser Number 3 (3)",
                "04/14/94 15:25:24 | 3  29 Fser Number 3 (3)",
            ),
            (
                "IMP-S096",
                "03/13/96 15:33:03",
                LogLine::status("Import is finished."),
                "03/13/96 15:33:03 | Status       Import is finished.",
                "03/13/96 15:33:03 | 1  -1 Import is finished.",
            ),
            (
                "Q148705",
                "02/02/96 13:18:00",
                LogLine::text(Fatal, "  Mailbox name: Admin."),
                "02/02/96 13:18:00 | Fatal  [   ]   Mailbox name: Admin.",
                "02/02/96 13:18:00 | 2  -1   Mailbox name: Admin.",
            ),
            (
                "Q148364",
                "07/31/95 05:06:45",
                LogLine::status(""),
                "07/31/95 05:06:45 | Status       ",
                "07/31/95 05:06:45 | 1  -1",
            ),
        ] {
            let made = value.text_form(at(time), &TimeZone::UTC, Years::Two);
            assert_eq!(made, text, "{case}");
            let made = value.numeric_form(at(time), &TimeZone::UTC, Years::Two);
            assert_eq!(made, numeric, "{case}");
        }
        assert_eq!((Status.digit(), Warning.digit()), (1, 4));
    }

    #[test]
    fn years_have_four_digits_unless_two_are_wanted() {
        let time = "2026-11-21T23:30:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let line = LogLine::status("x");
        assert_eq!(
            line.text_form(time, &zone, Years::Four),
            "11/22/2026 00:30:00 | Status       x"
        );
        assert_eq!(
            line.numeric_form(time, &zone, Years::Two),
            "11/22/26 00:30:00 | 1  -1 x"
        );
        // Q191907: the original wrote 01/01/100.
        let time = "2000-01-01T10:50:31Z".parse().unwrap();
        assert!(
            line.text_form(time, &TimeZone::UTC, Years::Two)
                .starts_with("01/01/00 10:50:31 | ")
        );
    }

    #[test]
    fn a_name_cannot_add_a_line() {
        let line = LogLine::numbered(27, "x\r\n01/01/2026 00:00:00 | Status       forged");
        let made = line.text_form(Timestamp::UNIX_EPOCH, &TimeZone::UTC, Years::Four);
        assert!(made.ends_with("x\\r\\n01/01/2026 00:00:00 | Status       forged"));
    }
}
