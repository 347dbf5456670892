//! What a checksum may cover: from where, to where, and what stands for the checksum itself.

use crate::probe::value::{Place, Zone};
use crate::probe::varying::Lacks;

/// One record in its bytes, with the ends of its parts.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// All of it, header to footer.
    pub bytes: &'a [u8],
    /// Offset of the text.
    pub text: usize,
    /// Offset behind the text.
    pub text_end: usize,
    /// Offset behind the terminator.
    pub terminator_end: usize,
    /// Offset of the footer: behind the padding.
    pub footer: usize,
    /// What its header lacks of the widest one.
    pub lacks: Lacks,
}

impl<'a> Record<'a> {
    /// Returns the offset of a place in this record.
    #[must_use]
    pub fn offset_of(&self, place: &Place) -> usize {
        match place.zone {
            Zone::Header => place.offset - self.lacks.before(place.offset).min(place.offset),
            Zone::Trailer => self.terminator_end + place.offset,
            Zone::Footer => self.footer + place.offset,
        }
    }

    /// Returns the bytes of a place, if the record has them.
    #[must_use]
    pub fn at(&self, place: &Place) -> Option<&'a [u8]> {
        let start = self.offset_of(place);
        self.bytes.get(start..start + self.lacks.size_of(place)?)
    }

    /// Returns the number at a place.
    #[must_use]
    pub fn value(&self, place: &Place) -> Option<u64> {
        place.code.get(self.at(place)?)
    }
}

/// Where a range begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Start {
    /// At an offset in the header.
    Header(usize),
    /// With the text.
    Text,
}

/// Where a range ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Stop {
    /// Behind the text.
    Text,
    /// Behind the header.
    Header,
    /// Behind the terminator.
    Terminator,
    /// Behind the record.
    Record,
    /// Behind the padding.
    Padding,
    /// Before the checksum itself.
    Own,
    /// Behind so many bytes that follow the text, as long as it is not known which of them are its terminator.
    Behind(usize),
}

impl Stop {
    /// Every end.
    pub const ALL: [Self; 6] = [
        Self::Text,
        Self::Header,
        Self::Terminator,
        Self::Record,
        Self::Padding,
        Self::Own,
    ];

    /// Returns how many bytes behind the text it is, where it is counted so.
    #[must_use]
    pub fn behind(self) -> Option<usize> {
        match self {
            Self::Behind(n) => Some(n),
            _ => None,
        }
    }

    /// Returns the word for it in reports and profiles.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Header => "header",
            Self::Terminator | Self::Behind(_) => "terminator",
            Self::Padding => "padding",
            Self::Record => "record",
            Self::Own => "itself",
        }
    }
}

/// What stands for the checksum's own bytes where the range has them inside.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Own {
    /// They are left out.
    Skipped,
    /// Zeros.
    Zero,
}

/// Bytes that a checksum covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Extent {
    /// Where they begin.
    pub start: Start,
    /// Where they end.
    pub stop: Stop,
    /// What stands for the checksum itself, if it is among them.
    pub own: Own,
}

impl Extent {
    /// Puts the bytes covered into `message`; returns whether the place of the checksum is among them, or `None` where the
    /// record has no such range.
    pub fn message(
        &self,
        record: &Record<'_>,
        place: &Place,
        message: &mut Vec<u8>,
    ) -> Option<bool> {
        let (start, stop) = self.bounds(record, place)?;
        message.clear();
        let own = record.offset_of(place);
        let own_size = record.lacks.size_of(place)?;
        let own_end = own + own_size;
        if own_end <= start || own >= stop {
            message.extend_from_slice(record.bytes.get(start..stop)?);
            return Some(false);
        }
        if own < start || own_end > stop {
            return None;
        }
        message.extend_from_slice(record.bytes.get(start..own)?);
        if self.own == Own::Zero {
            message.resize(message.len() + own_size, 0);
        }
        message.extend_from_slice(record.bytes.get(own_end..stop)?);
        Some(true)
    }

    /// Returns the offsets of the range of a checksum at `place` in a record, without regard to its own bytes.
    #[must_use]
    pub fn bounds(&self, record: &Record<'_>, place: &Place) -> Option<(usize, usize)> {
        let start = match self.start {
            Start::Header(offset) => offset - record.lacks.before(offset).min(offset),
            Start::Text => record.text,
        };
        let stop = match self.stop {
            Stop::Header => record.text,
            Stop::Text => record.text_end,
            Stop::Terminator => record.terminator_end,
            Stop::Padding => record.footer,
            Stop::Behind(n) => record.text_end + n,
            Stop::Record => record.bytes.len(),
            Stop::Own => record.offset_of(place),
        };
        (start < stop && stop <= record.bytes.len()).then_some((start, stop))
    }

    /// Says it in words.
    #[must_use]
    pub fn describe(&self) -> String {
        let start = match self.start {
            Start::Header(0) => "start of record".to_owned(),
            Start::Header(offset) => format!("byte {offset} of header"),
            Start::Text => "start of text".to_owned(),
        };
        let own = match self.own {
            Own::Zero => ", own bytes zero",
            Own::Skipped if self.start == Start::Header(0) => ", own bytes left out",
            Own::Skipped => "",
        };
        match self.stop {
            Stop::Own => format!("{start} to the checksum itself"),
            stop => format!("{start} to end of {}{own}", stop.word()),
        }
    }
}
