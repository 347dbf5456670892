//! What is wrong with a line.

use std::borrow::Cow;
use std::fmt;

use crate::address::{AddressError, END_OF_LINE};
use crate::messages::{self, Severity};

/// A published message about one place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Message number of `spec/import.md` section 8.
    pub number: u16,
    /// Physical line, from 1, blank and comment lines counted.
    pub line: u64,
    /// Column in bytes, from 1.
    pub column: u32,
    /// What stood there, ready to print.
    pub found: Cow<'static, str>,
    /// What should have stood there.
    pub expected: &'static str,
}

impl Diagnostic {
    /// Places an error whose offset counts from `column` (from 1).
    pub(crate) fn new(line: u64, column: usize, error: AddressError) -> Self {
        Self {
            number: error.number,
            line,
            column: u32::try_from(column.saturating_add(error.offset)).unwrap_or(u32::MAX),
            found: error.found.into(),
            expected: error.expected,
        }
    }

    /// Reports that a line or a block ends too early.
    pub(crate) fn at_end(number: u16, line: u64, len: usize, expected: &'static str) -> Self {
        Self {
            number,
            line,
            column: u32::try_from(len.saturating_add(1)).unwrap_or(u32::MAX),
            found: END_OF_LINE.into(),
            expected,
        }
    }

    /// Returns the published text of the message.
    #[must_use]
    pub fn text(&self) -> Cow<'static, str> {
        messages::text(self.number)
    }

    /// Returns how bad it is; Status and Warning leave the line in force.
    #[must_use]
    pub fn severity(&self) -> Severity {
        messages::severity(self.number)
    }
}

/// Prints `line 3, column 34: [16] Unknown address type: found "UUCP", expected one of PCM, ...`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        write!(
            f,
            "line {}, column {}: [{}] {}: found {}, expected {}",
            self.line,
            self.column,
            self.number,
            text.trim_end_matches(['.', ':', ' ']),
            self.found,
            self.expected
        )
    }
}

impl std::error::Error for Diagnostic {}
