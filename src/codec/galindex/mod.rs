//! `GLB/GALINDEX.GLB`: every word of every name in the global address list, sorted.
//!
//! A header of 52 offsets, then one entry of 6 bytes per word: `208 + 6 * words` bytes (Q86375, `spec/files.md` 4.11).
//! What the articles leave open is chosen as follows:
//!
//! | Question | Choice |
//! |---|---|
//! | which part comes first | the header |
//! | what parts words | blanks and the signs of [`collation`](super::codepage::collation), place 1; in pages with pairs the wide ones too |
//! | unit of the pointer | byte offset in GAL.NME |
//! | first word of a name | number 0 |
//! | order of the entries | by the letters of the word (the first step of the collation), then by the place of the name in GAL.NME, then by the number of the word |
//! | words that begin with no Latin letter | stand where the collation has them: digits and signs before A, other scripts behind Z; the header has no offset for them |
//! | accented beginnings | stand under the plain letter: `Émile` under E |
//! | letters in both cases | the order of letters mixes them: `E` and `e` have the same offset. In the order of bytes each has its own |
//! | a letter without words | offset 0 |
//!
//! So the entries of a letter end where the next larger offset of the header begins, or at the end of the file (words
//! behind Z belong to the stretch of the last letter), and a binary search in that stretch finds a word
//! ([`WordIndex`]).

mod search;

use byteorder::{ByteOrder, LittleEndian};

use super::codepage::collation::Order;
use super::layout::{record, whole};
use super::{CodecError, Record};
pub use search::WordIndex;

/// Letters in the header: 26 upper-case, then 26 lower-case.
const LETTERS: usize = 52;

/// Where the entries of each letter begin.
///
/// | Offset | Size | Field | Meaning | Status |
/// |---:|---:|---|---|---|
/// | 0 | 52 * 4 | `offsets` | byte offset in this file of the first entry whose word stands under the letter | published (Q86375) |
///
/// The order of the letters (A to Z, then a to z) and 0 for a letter without entries are ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GalIndexHeader {
    /// Offsets from the start of the file, 0 for a letter without entries.
    pub offsets: [u32; LETTERS],
}

impl GalIndexHeader {
    /// Returns where the entries of a letter begin; `None` for another byte or a letter without entries.
    #[must_use]
    pub fn first_entry(&self, letter: u8) -> Option<u32> {
        let offset = self.offsets[slot(letter)?];
        (offset != 0).then_some(offset)
    }

    /// Notes that entry `index`, from 0, stands under an ASCII letter: the first for a letter stands. In the order
    /// of letters that is both of its cases. What is no letter has no place in the header.
    ///
    /// # Errors
    /// The entry lies beyond 4 GiB.
    pub fn note(&mut self, letter: u8, order: Order, index: u64) -> Result<(), CodecError> {
        let cases = match order {
            Order::Page => [letter.to_ascii_uppercase(), letter.to_ascii_lowercase()],
            Order::Bytes => [letter; 2],
        };
        for slot in cases.into_iter().filter_map(slot) {
            if self.offsets[slot] == 0 {
                let offset = index
                    .saturating_mul(GalIndexEntry::LEN as u64)
                    .saturating_add(Self::LEN as u64);
                self.offsets[slot] = u32::try_from(offset)
                    .map_err(|_| CodecError::field(4 * slot, "offsets", offset, "below 4 GiB"))?;
            }
        }
        Ok(())
    }
}

fn slot(letter: u8) -> Option<usize> {
    match letter {
        b'A'..=b'Z' => Some(usize::from(letter - b'A')),
        b'a'..=b'z' => Some(usize::from(letter - b'a') + 26),
        _ => None,
    }
}

impl Default for GalIndexHeader {
    fn default() -> Self {
        Self {
            offsets: [0; LETTERS],
        }
    }
}

impl Record for GalIndexHeader {
    const LEN: usize = LETTERS * 4;

    fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let bytes = whole::<{ LETTERS * 4 }>(bytes, "the GALINDEX header")?;
        let mut header = Self::default();
        LittleEndian::read_u32_into(bytes, &mut header.offsets);
        Ok(header)
    }

    fn encode(&self, bytes: &mut [u8]) {
        LittleEndian::write_u32_into(&self.offsets, bytes);
    }
}

record! {
    /// One word of one name.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 2 | `word` | number of the word within the name | published (Q86375), from 0: ours |
    /// | 2 | 4 | `pointer` | the entry in GAL.NME | published (Q86375), as byte offset: ours |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct GalIndexEntry, "a GALINDEX entry", 6 bytes {
        /// Number of the word within the name, from 0.
        0 => word: u16,
        /// Byte offset of the entry in GAL.NME.
        2 => pointer: u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_at_their_offsets() {
        let mut bytes = [0; 208];
        bytes[..4].copy_from_slice(&[208, 0, 0, 0]); // A
        bytes[26 * 4..27 * 4].copy_from_slice(&[0, 1, 0, 0]); // a
        let header = GalIndexHeader::decode(&bytes).unwrap();
        assert_eq!(header.first_entry(b'A'), Some(208));
        assert_eq!(header.first_entry(b'a'), Some(256));
        assert_eq!(
            (header.first_entry(b'Z'), header.first_entry(b'1')),
            (None, None)
        );
        let mut again = [0xee; 208];
        header.encode(&mut again);
        assert_eq!(again, bytes);

        let entry = GalIndexEntry::decode(&[1, 0, 45, 0, 0, 0]).unwrap();
        assert_eq!((entry.word, entry.pointer), (1, 45));
    }

    #[test]
    fn the_first_entry_of_a_letter_stands() {
        let mut header = GalIndexHeader::default();
        for (index, letter) in [(0, b'1'), (1, b'B'), (2, b'B'), (3, b'z')] {
            header.note(letter, Order::Bytes, index).unwrap();
        }
        assert_eq!(header.first_entry(b'B'), Some(208 + 6));
        assert_eq!(header.first_entry(b'b'), None);
        assert_eq!(header.first_entry(b'z'), Some(208 + 18));
        assert!(header.note(b'C', Order::Bytes, u64::MAX).is_err());
    }

    #[test]
    fn both_cases_of_a_letter_have_one_offset_where_they_are_mixed() {
        let mut header = GalIndexHeader::default();
        for (index, letter) in [(4, b'B'), (5, b'b')] {
            header.note(letter, Order::Page, index).unwrap();
        }
        assert_eq!(header.first_entry(b'B'), Some(208 + 24));
        assert_eq!(header.first_entry(b'b'), Some(208 + 24));
    }
}
