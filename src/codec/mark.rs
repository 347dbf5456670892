//! The mark at the beginning of the files whose layout is ours.

use super::CodecError;
use super::layout::Field;

/// Four letters and a version: the first six bytes of a configuration file laid out by this project.
///
/// They are the bytes that a bad network card is known to have overwritten (Q107443, Q120449), and what
/// tells our layout from the original's, which was never published. Six zero bytes mean that nobody has
/// written the file since it was made (Q135868); encoding always writes the mark. The mark is no part of
/// what a file says, so two marks are always equal.
#[derive(Clone, Copy, Debug, Eq, Default)]
pub struct Mark<const LETTERS: u32> {
    is_written: bool,
}

/// Version of every layout so far.
const VERSION: u16 = 1;

impl<const LETTERS: u32> Mark<LETTERS> {
    /// Tells whether the mark stood in the file.
    #[must_use]
    pub fn is_written(self) -> bool {
        self.is_written
    }
}

/// Returns the letters of a mark as its parameter.
pub(super) const fn letters(letters: [u8; 4]) -> u32 {
    u32::from_le_bytes(letters)
}

impl<const LETTERS: u32> PartialEq for Mark<LETTERS> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<const LETTERS: u32> Field for Mark<LETTERS> {
    const WIDTH: usize = 6;

    fn get(bytes: &[u8], offset: usize, name: &'static str) -> Result<Self, CodecError> {
        let mut written = [0; 6];
        Self::default().put(&mut written);
        if bytes == [0; 6] {
            Ok(Self { is_written: false })
        } else if bytes == written {
            Ok(Self { is_written: true })
        } else {
            let shown = |bytes: &[u8]| format!("\"{}\"", bytes.escape_ascii());
            Err(CodecError::field(
                offset,
                name,
                shown(bytes),
                shown(&written),
            ))
        }
    }

    fn put(&self, bytes: &mut [u8]) {
        LETTERS.put(&mut bytes[..4]);
        VERSION.put(&mut bytes[4..]);
    }
}
