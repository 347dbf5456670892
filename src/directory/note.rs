//! Why an entry was left out, or what was altered in it.

use std::fmt;

use crate::plan::outcome::Reason;

/// A reason code and what it is about: the attribute, the holder, the two numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The code.
    pub reason: Reason,
    /// What an administrator needs to find and mend it.
    pub detail: String,
}

impl Note {
    /// Makes a note.
    #[must_use]
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.detail)
    }
}
