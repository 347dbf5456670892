//! Why a name or an address is refused.

use crate::codec::codepage::CodePage;

/// A name or an address that breaks a rule: the published message, where, what and what instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: [{number}] found {found}, expected {expected}")]
pub struct AddressError {
    /// Message number of `spec/import.md` section 8.
    pub number: u16,
    /// Byte offset inside the text that was read, from 0.
    pub offset: usize,
    /// What stood there, ready to print.
    pub found: String,
    /// What should have stood there.
    pub expected: &'static str,
}

/// Bytes of a bad text that a message repeats.
const QUOTE_LEN: usize = 60;

impl AddressError {
    /// Quotes `found`.
    pub(crate) fn new(
        number: u16,
        offset: usize,
        found: &[u8],
        expected: &'static str,
        code_page: CodePage,
    ) -> Self {
        Self {
            number,
            offset,
            found: quote(found, code_page),
            expected,
        }
    }

    /// Names a byte that cannot be shown or stands alone.
    pub(crate) fn at_byte(number: u16, offset: usize, byte: u8, expected: &'static str) -> Self {
        Self {
            number,
            offset,
            found: quote_byte(byte),
            expected,
        }
    }

    pub(crate) fn at_end(number: u16, offset: usize, expected: &'static str) -> Self {
        Self {
            number,
            offset,
            found: END_OF_LINE.to_owned(),
            expected,
        }
    }

    pub(crate) fn missing_address(offset: usize) -> Self {
        Self::at_end(48, offset, "a physical address")
    }

    pub(crate) fn unknown_type(offset: usize, token: &[u8], code_page: CodePage) -> Self {
        Self::new(16, offset, token, super::AddressType::TOKENS, code_page)
    }

    /// Moves the offset into a surrounding text.
    pub(crate) fn shifted(mut self, by: usize) -> Self {
        self.offset += by;
        self
    }
}

/// What a message calls the place behind the last byte.
pub(crate) const END_OF_LINE: &str = "the end of the line";

/// Quotes text for a message: a bounded piece, control characters made visible.
pub(crate) fn quote(text: &[u8], code_page: CodePage) -> String {
    let piece = code_page.cut(text, QUOTE_LEN);
    let dots = if piece.len() < text.len() { "..." } else { "" };
    let mut out = String::from("\"");
    for c in code_page.decode(piece).chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out.push('"');
    out.push_str(dots);
    out
}

/// Names one byte for a message.
pub(crate) fn quote_byte(byte: u8) -> String {
    match byte {
        b'\t' => "a TAB".to_owned(),
        b'!'..=b'~' => format!("\"{}\"", char::from(byte)),
        b' ' => "a blank".to_owned(),
        _ => format!("byte {byte:#04x}"),
    }
}
