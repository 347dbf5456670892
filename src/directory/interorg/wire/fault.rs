//! What is wrong with a message.

use thiserror::Error;

/// What is wrong with a message, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WireFault {
    /// A line of the head that is none.
    #[error("head, line {line}: found {found:?}, expected {expected}")]
    Line {
        /// From 1.
        line: usize,
        /// The line, its beginning.
        found: String,
        /// What there should be.
        expected: &'static str,
    },
    /// A line that has to be there.
    #[error("head: no line {0}=")]
    Missing(&'static str),
    /// A line with another value than it can have.
    #[error("head, {key}=: found {found:?}, expected {expected}")]
    Value {
        /// Which line.
        key: &'static str,
        /// Its value, the beginning.
        found: String,
        /// What there should be.
        expected: &'static str,
    },
    /// A row of a table.
    #[error("{table}, record {record} (byte {byte}): {what}")]
    Record {
        /// Which table.
        table: &'static str,
        /// From 1, the header not counted.
        record: u64,
        /// Where it begins.
        byte: u64,
        /// What was found and what was expected.
        what: String,
    },
    /// The table has not as many rows as the head says.
    #[error("{table}: found {found} records, the head says {expected}")]
    Count {
        /// Which table.
        table: &'static str,
        /// Rows in it.
        found: usize,
        /// Rows that the head counts.
        expected: usize,
    },
    /// Parts of one message that do not belong together.
    #[error("part {part} of {id} differs from the parts before it")]
    OtherPart {
        /// Id of the message.
        id: String,
        /// Which part.
        part: usize,
    },
}

/// Cuts a text for a message.
pub(super) fn start(text: &str) -> String {
    text.chars().take(60).collect()
}
