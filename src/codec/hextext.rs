//! Identifiers in text form as records hold them.

use std::fmt;

use super::layout::Field;
use super::{CodecError, HexId};

/// An identifier in text form: eight hexadecimal digits and a NUL, or nothing (`spec/files.md` section 1).
///
/// It keeps the nine bytes as they were read (digits of either case; anything behind the NUL of an empty
/// field), so that a record decoded and encoded is the same; one made here has upper-case digits (Q97734).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct HexText([u8; HexId::FIELD_LEN]);

impl HexText {
    /// The empty field: no file.
    pub const NONE: Self = Self([0; HexId::FIELD_LEN]);

    /// Returns the identifier; `None` where the field is empty.
    #[must_use]
    pub fn id(&self) -> Option<HexId> {
        HexId::parse(&self.0[..8])
    }

    /// Returns the nine bytes of the field.
    #[must_use]
    pub fn as_field(&self) -> &[u8; HexId::FIELD_LEN] {
        &self.0
    }
}

impl From<HexId> for HexText {
    fn from(id: HexId) -> Self {
        Self(id.to_field())
    }
}

impl fmt::Debug for HexText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id() {
            Some(id) => fmt::Display::fmt(&id, f),
            None => f.write_str("none"),
        }
    }
}

impl Field for HexText {
    const WIDTH: usize = HexId::FIELD_LEN;

    fn get(bytes: &[u8], offset: usize, name: &'static str) -> Result<Self, CodecError> {
        HexId::from_field(bytes, offset, name)?;
        let mut field = [0; HexId::FIELD_LEN];
        field.copy_from_slice(bytes);
        Ok(Self(field))
    }

    fn put(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_case_digits_are_kept() {
        let text = HexText::get(b"0000002e\0", 13, "xtn").unwrap();
        assert_eq!(text.id(), Some(HexId(0x2e)));
        assert_eq!(text.as_field(), b"0000002e\0");
        assert_ne!(text, HexText::from(HexId(0x2e)));
    }

    #[test]
    fn an_empty_field_has_no_identifier_and_keeps_its_rest() {
        let text = HexText::get(b"\x000000002e", 13, "xtn").unwrap();
        assert_eq!(text.id(), None);
        assert_eq!(text.as_field(), b"\x000000002e");
    }
}
