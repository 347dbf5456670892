//! Fields that many structures share: fixed-width text and eight-digit identifiers.

use std::fmt;

use super::CodecError;

/// A value does not fit the width of its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("text is {len} bytes, the field holds {max}")]
pub struct TextTooLong {
    /// Bytes of the text.
    pub len: usize,
    /// Bytes the field holds, without its NUL.
    pub max: usize,
}

/// NUL-terminated text in a field of `N` bytes, in the code page of the postoffice.
///
/// The bytes behind the NUL are kept as they were read, so that decoding and encoding give the
/// same record; a value made here has zeroes there (`spec/files.md` section 1: width is maximum + 1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FixedText<const N: usize>([u8; N]);

impl<const N: usize> FixedText<N> {
    /// Bytes the text may have: the field less its NUL.
    pub const MAX: usize = N - 1;

    /// Makes a field from text without NUL.
    ///
    /// # Errors
    /// The text is longer than [`Self::MAX`]; nothing is ever cut here.
    pub fn new(text: &[u8]) -> Result<Self, TextTooLong> {
        if text.len() > Self::MAX {
            return Err(TextTooLong {
                len: text.len(),
                max: Self::MAX,
            });
        }
        let mut bytes = [0; N];
        bytes[..text.len()].copy_from_slice(text);
        Ok(Self(bytes))
    }

    /// Takes the field as it stands in a record.
    ///
    /// # Panics
    /// When `bytes` has another length: the caller slices by constants.
    #[must_use]
    pub fn from_field(bytes: &[u8]) -> Self {
        Self(
            bytes
                .try_into()
                .expect("field sliced by its constant width"),
        )
    }

    /// Returns the text up to the NUL; a field without NUL is text to its end.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        let end = self.0.iter().position(|&b| b == 0).unwrap_or(N);
        &self.0[..end]
    }

    /// Returns the whole field, with what stands behind the NUL.
    #[must_use]
    pub fn as_field(&self) -> &[u8; N] {
        &self.0
    }

    /// Tells whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0[0] == 0
    }
}

impl<const N: usize> Default for FixedText<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> fmt::Debug for FixedText<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

/// An identifier that names files: eight upper-case hexadecimal digits in text form (`spec/files.md` section 1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct HexId(pub u32);

impl HexId {
    /// Bytes of the text form with its NUL.
    pub const FIELD_LEN: usize = 9;

    /// Reads the text form from its field of nine bytes; an empty field is `None`.
    ///
    /// # Errors
    /// The field holds something else than eight hexadecimal digits and a NUL. `offset` and `name` are for the message.
    pub fn from_field(
        bytes: &[u8],
        offset: usize,
        name: &'static str,
    ) -> Result<Option<Self>, CodecError> {
        if bytes[0] == 0 {
            return Ok(None);
        }
        Self::parse(&bytes[..8])
            .filter(|_| bytes[8] == 0)
            .map(Some)
            .ok_or_else(|| {
                CodecError::field(
                    offset,
                    name,
                    format_args!("\"{}\"", bytes.escape_ascii()),
                    "eight hexadecimal digits and a NUL",
                )
            })
    }

    /// Reads eight hexadecimal digits of either case.
    #[must_use]
    pub fn parse(digits: &[u8]) -> Option<Self> {
        if digits.len() != 8 {
            return None;
        }
        digits
            .iter()
            .try_fold(0, |value, &digit| {
                Some(value << 4 | char::from(digit).to_digit(16)?)
            })
            .map(Self)
    }

    /// Returns the text form with its NUL.
    #[must_use]
    pub fn to_field(self) -> [u8; Self::FIELD_LEN] {
        let mut field = [0; Self::FIELD_LEN];
        for (i, byte) in field[..8].iter_mut().enumerate() {
            let digit = self.0 >> (28 - 4 * i) & 0xf;
            *byte = char::from_digit(digit, 16)
                .expect("below 16")
                .to_ascii_uppercase() as u8;
        }
        field
    }
}

impl fmt::Display for HexId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08X}", self.0)
    }
}

impl fmt::Debug for HexId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_cut() {
        assert_eq!(FixedText::<4>::new(b"abc").unwrap().as_bytes(), b"abc");
        assert_eq!(
            FixedText::<4>::new(b"abcd"),
            Err(TextTooLong { len: 4, max: 3 })
        );
    }

    #[test]
    fn bytes_behind_the_nul_are_kept() {
        let field = FixedText::<6>::from_field(b"ab\0xyz");
        assert_eq!(field.as_bytes(), b"ab");
        assert_eq!(field.as_field(), b"ab\0xyz");
    }

    #[test]
    fn hexid_has_two_forms() {
        let id = HexId(0x1a2b_3c4d);
        assert_eq!(&id.to_field(), b"1A2B3C4D\0");
        assert_eq!(HexId::from_field(b"1a2b3c4d\0", 0, "id").unwrap(), Some(id));
        assert_eq!(
            HexId::from_field(b"\0\0\0\0\0\0\0\0\0", 0, "id").unwrap(),
            None
        );
        let error = HexId::from_field(b"0000000G\0", 13, "xtn")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "byte 0xd: xtn: found \"0000000G\\x00\", expected eight hexadecimal digits and a NUL"
        );
    }
}
