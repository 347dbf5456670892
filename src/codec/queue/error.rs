use std::io;

use super::MAX_TEXT_LEN;

/// A queue cannot be read or written any further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// Something is wrong with one record.
    #[error("transaction {number} at byte {offset:#x}: {fault}")]
    Record {
        /// Number of the record in the file, from 1.
        number: u64,
        /// Offset of the record from the start of the file.
        offset: u64,
        /// What is wrong.
        fault: QueueFault,
    },
    /// The framing cannot describe any file.
    #[error(transparent)]
    Framing(#[from] FramingError),
    /// Reading or writing failed below us.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What is wrong with one record of a queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueueFault {
    /// The file ends inside the header: a torn tail.
    #[error("file ends inside the header ({have} of {need} bytes)")]
    TornHeader {
        /// Bytes that were left.
        have: usize,
        /// Bytes of a header.
        need: usize,
    },
    /// The file ends inside the text (or its terminator): a torn tail, or a damaged length.
    #[error("text length {len} leaves the file ({left} bytes left)")]
    TextLeavesFile {
        /// Bytes the text should have.
        len: usize,
        /// Bytes that were left behind the header.
        left: usize,
    },
    /// The length cannot be right; nothing of the text was read.
    #[error("text length {len}, expected at most {MAX_TEXT_LEN}")]
    TextTooLong {
        /// Bytes the text should have.
        len: u64,
    },
    /// A length that counts more than the text is less than the rest it counts.
    #[error("length field {found}, expected at least {least}")]
    LengthTooSmall {
        /// What the field holds.
        found: u32,
        /// What it counts besides the text.
        least: usize,
    },
    /// The file ends, or [`MAX_TEXT_LEN`] is passed, without the terminator.
    #[error("text without its terminator ({have} bytes read)")]
    NoTerminator {
        /// Bytes of text looked at.
        have: usize,
    },
    /// Something else stands where the terminator should.
    #[error("found \"{}\" behind the text, expected the terminator \"{}\"", found.escape_ascii(), expected.escape_ascii())]
    WrongTerminator {
        /// Bytes found.
        found: Vec<u8>,
        /// Bytes expected.
        expected: Vec<u8>,
    },
    /// The bytes were changed since they were written.
    #[error("stored checksum {stored:#06x}, computed {computed:#06x}")]
    Checksum {
        /// What the file says.
        stored: u32,
        /// What its bytes say.
        computed: u32,
    },
    /// The record does not fit the framing it shall be written in.
    #[error("{field} {value} does not fit {width} bytes")]
    ValueTooLarge {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u64,
        /// Bytes of the field; 0 where the framing has no such field.
        width: usize,
    },
    /// A text that only its terminator ends holds that terminator.
    #[error("text holds its own terminator at byte {position}")]
    TextHoldsTerminator {
        /// Position in the text.
        position: usize,
    },
}

impl QueueFault {
    /// Names the record; `number` from 1, `offset` from the start of the file.
    #[must_use]
    pub fn at(self, number: u64, offset: u64) -> QueueError {
        QueueError::Record {
            number,
            offset,
            fault: self,
        }
    }
}

/// A [`super::Framing`] that contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FramingError {
    /// A field has no bytes, or more than its value can use (2 for the kind, 4 for the others).
    #[error("framing: {0} has an impossible width")]
    Width(&'static str),
    /// A field reaches out of the header.
    #[error("framing: {0} leaves the header")]
    Outside(&'static str),
    /// Two fields share a byte.
    #[error("framing: {0} and {1} overlap")]
    Overlap(&'static str, &'static str),
    /// Header or terminator is longer than any that is known of.
    #[error("framing: {0} is too long")]
    TooLong(&'static str),
    /// Neither a length nor a terminator ends the text.
    #[error("framing: neither length nor terminator ends the text")]
    Endless,
    /// A checksum is computed but has no field, or one that cannot hold it.
    #[error("framing: checksum has no field that holds it")]
    NoChecksumField,
}
