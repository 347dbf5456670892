//! Framings drawn at random, and files in them. This is written apart from what it tests: its own writer, and the
//! checksums of the `crc` package.

mod draw;
mod plain;
mod sums;
mod write;

pub(super) use sums::Sum;

/// How a number is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    Little,
    Big,
    Mixed,
    /// Decimal digits with zeros before them.
    Digits,
    /// Hexadecimal digits with zeros before them.
    Hex,
    /// As many digits as the number has.
    FreeDigits,
    FreeHex,
}

impl Order {
    pub(super) fn is_free(self) -> bool {
        matches!(self, Self::FreeDigits | Self::FreeHex)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Counts {
    Text,
    Terminated,
    HeaderAndText,
    Whole,
    /// What follows the field, to the end of the record.
    Rest,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Date {
    Unix,
    Dos { date_first: bool },
    Words { sequence: &'static str },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Covers {
    Text,
    Behind,
    WholeZero,
    WholeSkipped,
    HeaderZero,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Is {
    Length(Counts),
    Sync,
    Stamp(Date),
    Sum(Sum, Covers),
    /// Offset of the next record in the file.
    Next,
    /// Offset of its text.
    NextText,
    /// Offset of the record before; 0 in the first.
    Previous,
    /// Offset of the record itself.
    Here,
    /// Bytes back to the record before; 0 in the first.
    Back,
    Fixed([u8; 4]),
    /// The letter of the transaction as a small number.
    Code,
    Origin,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) is: Is,
    /// Bytes of it; the most where it has as many digits as its number.
    pub(super) size: usize,
    pub(super) order: Order,
    /// Offset in its part of the record, each part before it at its largest.
    pub(super) offset: usize,
    pub(super) in_trailer: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Drawn {
    pub(super) parts: Vec<Part>,
    /// Bytes of the header, each part at its largest.
    pub(super) header_len: usize,
    pub(super) trailer_len: usize,
    /// The trailer stands behind the padding.
    pub(super) is_footer: bool,
    pub(super) terminator: Vec<u8>,
    pub(super) joiner: Vec<u8>,
    pub(super) align: usize,
    pub(super) pad: u8,
    /// Bytes before the first record.
    pub(super) lead: Vec<u8>,
    /// What begins a header of varying length.
    mark: Vec<u8>,
    /// What stands behind each part of a header of varying length.
    separator: Option<u8>,
    first_sync: u64,
    gaps: bool,
    first_stamp: i64,
    stamp_steps: usize,
}

/// A file with what is in it.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) bytes: Vec<u8>,
    /// Offset of each text, with the text, its number and stamp.
    pub(super) texts: Vec<(usize, Vec<u8>, u64, i64)>,
}
