//! What a check found: where, what is there, what should be, and what helps.

use std::fmt;

use super::catalog::Check;
use super::remedy::Remedy;
use super::repair::Repair;
use crate::codec::CodecError;
use crate::codec::queue::QueueError;
use crate::postoffice::File;

/// How bad a finding is, from the mildest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Remark,
    /// Something will go wrong, or stays undone.
    Warning,
    /// Something is wrong: entries or updates are lost, refused or not found.
    Error,
    /// Programs will not run at all.
    Fatal,
}

impl Severity {
    /// Returns the word of screens and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Remark => "remark",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

/// Where in a file something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Number of the record, from 1.
    pub record: Option<u64>,
    /// Byte from the start of the file.
    pub byte: Option<u64>,
}

impl Place {
    /// Names a record by its number, from 1, and its first byte.
    #[must_use]
    pub fn record(number: u64, byte: u64) -> Self {
        Self {
            record: Some(number),
            byte: Some(byte),
        }
    }

    /// Names a byte of a file without records.
    #[must_use]
    pub fn byte(byte: u64) -> Self {
        Self {
            record: None,
            byte: Some(byte),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.record, self.byte) {
            (Some(record), Some(byte)) => write!(f, "record {record} at byte {byte:#x}"),
            (Some(record), None) => write!(f, "record {record}"),
            (None, Some(byte)) => write!(f, "byte {byte:#x}"),
            (None, None) => Ok(()),
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check that made it.
    pub check: &'static Check,
    /// The file or directory, as the layout spells it; none where it is about no single one.
    pub file: Option<String>,
    /// Where in the file.
    pub place: Place,
    /// What is there.
    pub found: String,
    /// What should be.
    pub expected: String,
    /// What an operator does about it.
    pub remedy: Remedy,
    /// What a repair would do about it, where one loses nothing.
    pub repair: Option<Repair>,
}

impl Finding {
    /// Begins a finding that is about no single file.
    #[must_use]
    pub fn new(
        check: &'static Check,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            check,
            file: None,
            place: Place::default(),
            found: found.into(),
            expected: expected.into(),
            remedy: Remedy::default(),
            repair: None,
        }
    }

    /// Begins a finding about a file.
    #[must_use]
    pub fn at(
        check: &'static Check,
        file: &File,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            file: Some(file.to_string()),
            ..Self::new(check, found, expected)
        }
    }

    /// Says where in the file.
    #[must_use]
    pub fn place(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Says what helps.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<Remedy>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Says what a repair would do; that is the remedy then.
    #[must_use]
    pub fn repair(mut self, repair: Repair) -> Self {
        self.remedy = Remedy::repair(repair.to_string());
        self.repair = Some(repair);
        self
    }
}

/// What a codec says is wrong, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Damage {
    /// Where.
    pub place: Place,
    /// What is there.
    pub found: String,
    /// What should be.
    pub expected: String,
}

impl From<&CodecError> for Damage {
    fn from(error: &CodecError) -> Self {
        match error {
            CodecError::Size { len, base, record } => Self {
                place: Place::default(),
                found: format!("{len} bytes"),
                expected: match record {
                    0 => format!("{base} bytes"),
                    _ => format!("{base} + n * {record} bytes"),
                },
            },
            CodecError::Truncated {
                offset,
                what,
                have,
                need,
            } => Self {
                place: Place::byte(*offset),
                found: format!("the file ends inside {what} after {have} bytes"),
                expected: format!("{need} bytes"),
            },
            CodecError::Field {
                offset,
                field,
                found,
                expected,
            } => Self {
                place: Place::byte(*offset),
                found: format!("{field} {found}"),
                expected: expected.clone(),
            },
            CodecError::Record {
                number,
                offset,
                source,
            } => {
                let inner = Self::from(&**source);
                // A field counts from its record, a torn tail from the file.
                let byte = match (&**source, inner.place.byte) {
                    (CodecError::Field { .. }, Some(inside)) => offset + inside,
                    _ => *offset,
                };
                Self {
                    place: Place::record(*number, byte),
                    ..inner
                }
            }
            CodecError::Io(error) => Self {
                place: Place::default(),
                found: error.to_string(),
                expected: "a readable file".into(),
            },
        }
    }
}

impl From<&QueueError> for Damage {
    fn from(error: &QueueError) -> Self {
        let (place, found) = match error {
            QueueError::Record {
                number,
                offset,
                fault,
            } => (Place::record(*number, *offset), fault.to_string()),
            other => (Place::default(), other.to_string()),
        };
        Self {
            place,
            found,
            expected: "a whole transaction".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_damage_counts_from_the_start_of_the_file() {
        let error = CodecError::field(2, "minute", 1440, "0 to 1439").in_record(2, 0x2c5);
        let damage = Damage::from(&error);
        assert_eq!(damage.place.to_string(), "record 2 at byte 0x2c7");
        assert_eq!(
            (damage.found.as_str(), damage.expected.as_str()),
            ("minute 1440", "0 to 1439")
        );
    }

    #[test]
    fn severities_are_ordered() {
        let words: Vec<_> = [
            Severity::Remark,
            Severity::Warning,
            Severity::Error,
            Severity::Fatal,
        ]
        .map(Severity::word)
        .into();
        assert_eq!(words, ["remark", "warning", "error", "fatal"]);
        assert!(Severity::Fatal > Severity::Remark);
    }
}
