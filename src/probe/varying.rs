//! Headers of varying length: numbers of as many digits as they have, between separators.
//!
//! Everything else is told as if such a number always had its most digits: places count in the widened header. What a
//! record lacks of it is known when its header was read.

use super::value::{Code, Place, Zone};

/// Digits that a number of varying width may have, which is what it takes of the widened header.
pub const MOST_DECIMAL: usize = 10;
/// See [`MOST_DECIMAL`].
pub const MOST_HEX: usize = 8;

/// Numbers of varying width that a header may have.
pub const MAX_NUMBERS: usize = 8;

/// The digits that a record lacks of its widest form.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Lacks {
    /// Offset in the widened header, size there, and digits that are not there.
    list: [(u32, u8, u8); MAX_NUMBERS],
    count: u8,
}

impl Lacks {
    /// Adds the next number of the header; false where there are too many.
    pub fn push(&mut self, place: &Place, digits: usize) -> bool {
        let entry = self.list.get_mut(usize::from(self.count));
        let lacks = place.size.saturating_sub(digits);
        let (Some(entry), Ok(at), Ok(size), Ok(lacks)) = (
            entry,
            u32::try_from(place.offset),
            u8::try_from(place.size),
            u8::try_from(lacks),
        ) else {
            return false;
        };
        *entry = (at, size, lacks);
        self.count += 1;
        true
    }

    fn entries(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let list = &self.list[..usize::from(self.count)];
        list.iter()
            .map(|&(at, size, lacks)| (at as usize, size.into(), lacks.into()))
    }

    /// Returns how many bytes shorter the header is than its widest form.
    #[must_use]
    pub fn total(&self) -> usize {
        self.entries().map(|(_, _, lacks)| lacks).sum()
    }

    /// Returns how many bytes earlier than in the widest form an offset of the header lies.
    #[must_use]
    pub fn before(&self, offset: usize) -> usize {
        let entries = self.entries().filter(|&(at, ..)| at < offset);
        entries.map(|(_, _, lacks)| lacks).sum()
    }

    /// Returns the bytes of a place in the record; `None` where it cuts a number of varying width.
    #[must_use]
    pub fn size_of(&self, place: &Place) -> Option<usize> {
        if place.zone != Zone::Header {
            return Some(place.size);
        }
        for (at, size, lacks) in self.entries() {
            if (place.offset, place.size) == (at, size) {
                return Some(size - lacks);
            }
            if place.offset < at + size && at < place.offset + place.size {
                return None;
            }
        }
        Some(place.size)
    }
}

/// Returns how many digits a number has whose digits begin some bytes; at most `most`.
#[must_use]
pub fn digits_at(bytes: &[u8], code: Code, most: usize) -> usize {
    let digits = bytes.iter().take(most).take_while(|&&b| code.is_digit(b));
    digits.count()
}

/// Returns how many digits stand at the end of some bytes; at most `most`.
#[must_use]
pub fn digits_before(bytes: &[u8], code: Code, most: usize) -> usize {
    let digits = bytes.iter().rev().take(most);
    digits.take_while(|&&b| code.is_digit(b)).count()
}
