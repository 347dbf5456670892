//! Why a message was not taken.

use std::fmt;

use super::Line;
use crate::messages::{Message, Severity};

/// Why a message was not taken for what it says it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// No message of directory synchronization: from or to another mailbox, or a report that one was not delivered.
    Foreign(String),
    /// From somebody who is not the other side: another server than the registered one.
    NotForUs(String),
    /// The body does not begin with `[DIRSYNC]`, an attachment not as announced.
    Format(String),
    /// `TASK=` is missing or unknown.
    UnknownTask(String),
    /// `REQNAME=` is no registered requestor.
    NotRegistered(String),
    /// The requestor's name and the sender of the message differ.
    OtherSender(String),
    /// The password or the signature is not that of the requestor.
    WrongPassword(String),
    /// Of software before 3.0.
    Version(String),
    /// The attachment that is announced did not come.
    NoAttachment(String),
    /// A checksum in the transactions is wrong, or their number is not the one announced.
    Damaged(String),
    /// It was cut or changed on the way.
    Cut(String),
    /// The report of a requestor cannot be read.
    StatusReport(String),
    /// The message as a whole cannot be read.
    Unreadable(String),
}

impl Refusal {
    /// Returns the line for the logs.
    #[must_use]
    pub fn line(&self) -> Line {
        use Severity::{Error, Warning};
        let (severity, number, text) = match self {
            Self::Foreign(text) => (Warning, 154, text),
            Self::NotForUs(text) => (Error, 133, text),
            Self::Format(text) => (Error, 124, text),
            Self::UnknownTask(text) => (Warning, 155, text),
            Self::NotRegistered(text) => (Error, 158, text),
            Self::OtherSender(text) | Self::WrongPassword(text) => (Error, 156, text),
            Self::Version(text) => (Error, 157, text),
            Self::NoAttachment(text) => (Error, 116, text),
            Self::Damaged(text) => (Error, 40, text),
            Self::Cut(text) => (Error, 125, text),
            Self::StatusReport(text) => (Warning, 128, text),
            Self::Unreadable(text) => (Error, 115, text),
        };
        Line::new(severity, Some(number), text)
    }

    /// Tells whether the administrator gets a note with the message (`spec/protocol.md` 4.1 and 6.4).
    #[must_use]
    pub fn is_for_administrator(&self) -> bool {
        matches!(
            self,
            Self::Foreign(_) | Self::UnknownTask(_) | Self::NotRegistered(_)
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line();
        let number = line.number.expect("every refusal has one");
        Message::new(number, line.text).fmt(f)
    }
}
