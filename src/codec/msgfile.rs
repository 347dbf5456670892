//! `ERRORADM`, `ERRORDYN`, `ENGMAI`, `ENGMON` and `DS_MSG.GLB`: message texts by number.

use super::layout::record;
use super::{FixedText, Table};

record! {
    /// One text. The length of 128 is derived: it divides all published sizes, and the counts fit the highest
    /// known numbers (`spec/files.md` 4.16, Q135868, Q96004).
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 128 | `text` | text, padding kept as read | length derived, padding unknown |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct MessageSlot, "a message text", 128 bytes {
        /// The text, 127 bytes at most, NUL behind it.
        0 => text: FixedText<128>,
    }
}

/// A message file: slots of 128 bytes without a header.
pub type MessageFile = Table<0, MessageSlot>;

impl MessageFile {
    /// Returns the text of a message; its number is that of the slot, from 0 (ours). Blanks at the end are padding.
    #[must_use]
    pub fn text(&self, number: u16) -> Option<&[u8]> {
        let slot = self.records.get(usize::from(number))?;
        Some(slot.text.as_bytes().trim_ascii_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_that_of_the_slot() {
        let mut bytes = [0; 256];
        bytes[128..134].copy_from_slice(b"Text  ");
        let file = MessageFile::read_from(&bytes[..]).unwrap();
        assert_eq!(file.text(0), Some(&b""[..]));
        assert_eq!(file.text(1), Some(&b"Text"[..]));
        assert_eq!(file.text(2), None);
    }
}
