//! What the agent says of itself: events with a stable id, so that an administrator's memory and search engines still
//! work (`spec/exchange.md` 2.2), and pairs of key and value.

use std::borrow::Cow;
use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::tools::exit::ToolError;

/// Numbers of the original that a message of ours may begin with.
const IDS: [&str; 9] = [
    "DX133", "DX134", "DX139", "DX143", "DX168", "DX181", "DX247", "DX249", "DX268",
];

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Severity {
    /// For the record.
    Info,
    /// Something to look at.
    Warn,
    /// Something to mend.
    Error,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Event {
    /// `DX221`; none for what the original had no number for.
    pub(super) id: Option<&'static str>,
    /// How much it matters.
    pub(super) severity: Severity,
    /// What happened.
    pub(super) text: String,
    /// Key and value.
    pub(super) pairs: Vec<(&'static str, String)>,
}

impl Event {
    /// Makes an event without a number of the original.
    pub(super) fn new(severity: Severity, text: impl Into<String>) -> Self {
        Self {
            id: None,
            severity,
            text: text.into(),
            pairs: Vec::new(),
        }
    }

    /// Makes the event of an error; the number that its message begins with is the number of the event.
    pub(super) fn of_error(error: &ToolError) -> Self {
        let text = told(error);
        let (first, rest) = text.split_once(' ').unwrap_or((&text, ""));
        match IDS.into_iter().find(|id| *id == first) {
            Some(id) => Self::new(Severity::Error, rest).id(id),
            None => Self::new(Severity::Error, text),
        }
    }

    /// Tells whether it is the event of an error that was told so.
    pub(super) fn tells(&self, told: &str) -> bool {
        let text = match self.id {
            Some(id) => told
                .strip_prefix(id)
                .and_then(|text| text.strip_prefix(' ')),
            None => Some(told),
        };
        self.severity == Severity::Error && text == Some(&self.text)
    }

    /// Returns the value of a pair.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        let mut pairs = self.pairs.iter();
        let found = pairs.find(|(name, _)| *name == key);
        found.map(|(_, value)| &value[..])
    }

    /// Gives it the number of the original.
    pub(super) fn id(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        self
    }

    /// Adds a pair.
    pub(super) fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.pairs.push((key, value.to_string()));
        self
    }
}

/// Returns a moment as the log has it, without fractions of its second.
pub(super) fn whole(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

/// Returns an error with its causes.
pub(super) fn told(error: &ToolError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// `DX221 info full list will be sent connection=HQ because="ledger lost"`: one line, values quoted where they need it.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(id) = self.id {
            write!(f, "{id} ")?;
        }
        let severity = match self.severity {
            Severity::Info => "info",
            Severity::Warn => "warn",
            Severity::Error => "error",
        };
        write!(f, "{severity} {}", on_one_line(&self.text))?;
        for (key, value) in &self.pairs {
            let is_plain =
                !value.is_empty() && value.chars().all(|c| c.is_ascii_graphic() && c != '"');
            match is_plain {
                true => write!(f, " {key}={value}")?,
                false => write!(f, " {key}={value:?}")?,
            }
        }
        Ok(())
    }
}

/// Returns a text in which nothing ends the line: what a server says may be of several, and the log has one for each event.
fn on_one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return text.into();
    }
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    line.into()
}

/// Appends events to a log, each with its moment in UTC (DX-37).
pub(super) fn append(path: &Path, now: Timestamp, events: &[Event]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let moment = whole(now);
    let lines: String = events
        .iter()
        .map(|event| format!("{moment} {event}\n"))
        .collect();
    file.write_all(lines.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::exit::ExitCode;

    #[test]
    fn an_error_keeps_its_number_and_tells_its_causes() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let error = ToolError::new(ExitCode::CannotWrite, "DX168 nothing was sent").caused_by(full);
        let shown = Event::of_error(&error).with("connection", "HQ").to_string();
        assert_eq!(
            shown,
            "DX168 error nothing was sent: no storage space connection=HQ"
        );
        let plain = ToolError::usage("DX999 is none of them");
        assert_eq!(
            Event::of_error(&plain).to_string(),
            "error DX999 is none of them"
        );
    }

    #[test]
    fn section_2_an_event_is_one_line_whatever_a_server_says() {
        let error = ToolError::new(
            ExitCode::CannotWrite,
            "DX133 dn=o=Org no:\n2026 error forged\u{1b}",
        );
        let shown = Event::of_error(&error).to_string();
        assert_eq!(shown, r"DX133 error dn=o=Org no:\n2026 error forged\u{1b}");
    }

    #[test]
    fn dxc_105_an_event_has_its_moment_its_number_and_its_pairs() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("dxa.log");
        let event = Event::new(Severity::Info, "full list will be sent")
            .id("DX221")
            .with("connection", "HQ")
            .with("because", "the ledger is new\n");
        let now = "2000-12-31T03:11:46.25Z".parse().expect("a moment");
        append(&path, now, std::slice::from_ref(&event)).expect("written");
        append(&path, now, &[event]).expect("written");
        let text = std::fs::read_to_string(path).expect("read");
        let line = "2000-12-31T03:11:46Z DX221 info full list will be sent connection=HQ because=\"the ledger is new\\n\"\n";
        assert_eq!(text, line.repeat(2));
    }
}
