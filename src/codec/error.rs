//! What can be wrong with the bytes of a file.

use std::io;

/// An error in the bytes of one file; the layer that knows the path adds it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The size of the file does not fit its rule (`spec/files.md` section 3).
    #[error("size is {len} bytes, expected {}", size_rule(*base, *record))]
    Size {
        /// Bytes found.
        len: u64,
        /// Bytes of the header.
        base: u64,
        /// Bytes of one record; 0 where the size is fixed.
        record: u64,
    },
    /// The file ends inside something.
    #[error("byte {offset:#x}: file ends inside {what}: {have} of {need} bytes")]
    Truncated {
        /// Where the thing begins, from the start of the file.
        offset: u64,
        /// What was being read.
        what: &'static str,
        /// Bytes that were left.
        have: u64,
        /// Bytes that were needed.
        need: u64,
    },
    /// A field holds what it cannot hold.
    #[error("byte {offset:#x}: {field}: found {found}, expected {expected}")]
    Field {
        /// Offset of the field from the start of the record (or of the file, where it has one record).
        offset: u64,
        /// Name of the field as in its layout table.
        field: &'static str,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// An error in one record of many.
    #[error("record {number} at byte {offset:#x}: {source}")]
    Record {
        /// Number of the record, from 1.
        number: u64,
        /// Offset of the record from the start of the file.
        offset: u64,
        /// What is wrong inside.
        source: Box<Self>,
    },
    /// Reading or writing failed below us.
    #[error(transparent)]
    Io(#[from] io::Error),
}

fn size_rule(base: u64, record: u64) -> String {
    match (base, record) {
        (_, 0) => format!("{base}"),
        (0, _) => format!("a multiple of {record}"),
        (_, _) => format!("{base} + n * {record}"),
    }
}

impl CodecError {
    /// Wraps an error with the record it happened in (`number` from 1, `offset` from the start of the file).
    #[must_use]
    pub fn in_record(self, number: u64, offset: u64) -> Self {
        Self::Record {
            number,
            offset,
            source: Box::new(self),
        }
    }

    /// Builds a [`CodecError::Field`].
    #[must_use]
    pub fn field(
        offset: usize,
        field: &'static str,
        found: impl ToString,
        expected: impl ToString,
    ) -> Self {
        Self::Field {
            offset: offset as u64,
            field,
            found: found.to_string(),
            expected: expected.to_string(),
        }
    }
}
