//! Elements of FIPS PUB 98 (RFC 841 section 4.2).

use crate::codec::CodecError;
use crate::codec::input::complete;

use super::decipher;

/// The bytes before the contents of an element.
///
/// | Size | Field | Meaning | Status |
/// |---:|---|---|---|
/// | 1 | `id` | kind of element | published (RFC 841) |
/// | 1, or 1 + n | | length: below 0x80 itself, else 0x80 + n and n bytes, high-order first | derived (Q104423) |
/// | 0 or 1 | `qualifier` | where `id` has the bit 0x40; counted in the length | published (RFC 841) |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElementHeader {
    /// Kind of element.
    pub id: u8,
    /// What a field, message or vendor element is about.
    pub qualifier: Option<u8>,
    /// Bytes of this header.
    pub header_len: usize,
    /// Bytes of the contents.
    pub contents_len: usize,
}

/// Bytes a length may take after its code; a message is below 4 GiB.
const MAX_LENGTH_BYTES: usize = 4;

impl ElementHeader {
    /// An enciphered string.
    pub const ASCII_STRING: u8 = 0x02;
    /// A number, least significant byte first (against RFC 841, as the dump has it).
    pub const INTEGER: u8 = 0x20;
    /// A date.
    pub const DATE: u8 = 0x28;
    /// A field of a message; the qualifier says which, [`Self::FROM`] or [`Self::TO`] for instance.
    pub const FIELD: u8 = 0x4c;
    /// A whole message.
    pub const MESSAGE: u8 = 0x4d;
    /// An element of the vendor's own.
    pub const VENDOR: u8 = 0x7f;
    /// Qualifier of the field with the sender.
    pub const FROM: u8 = 0x01;
    /// Qualifier of the field with the recipients.
    pub const TO: u8 = 0x05;

    /// Reads the header at the start of `bytes`; `offset` is where they stand in the file, for the message.
    ///
    /// # Errors
    /// `bytes` ends inside it, the length has no end or more than four bytes, or it leaves no room for the qualifier.
    pub fn decode(bytes: &[u8], offset: u64) -> Result<Self, CodecError> {
        let need = |need| complete(bytes.len(), need, offset, "the header of an element");
        need(2)?;
        let (id, code) = (bytes[0], bytes[1]);
        let (mut header_len, len) = if code < 0x80 {
            (2, usize::from(code))
        } else {
            let count = usize::from(code - 0x80);
            if count == 0 || count > MAX_LENGTH_BYTES {
                return Err(wrong_length(
                    offset,
                    format_args!("code {code:#x}").to_string(),
                ));
            }
            need(2 + count)?;
            let len = bytes[2..2 + count]
                .iter()
                .fold(0, |len: u64, &byte| len << 8 | u64::from(byte));
            let len = usize::try_from(len).map_err(|_| wrong_length(offset, len.to_string()))?;
            (2 + count, len)
        };
        let mut contents_len = len;
        let mut qualifier = None;
        if id & 0x40 != 0 {
            contents_len = len
                .checked_sub(1)
                .ok_or_else(|| wrong_length(offset, "0, without room for its qualifier".into()))?;
            need(header_len + 1)?;
            qualifier = Some(bytes[header_len]);
            header_len += 1;
        }
        Ok(Self {
            id,
            qualifier,
            header_len,
            contents_len,
        })
    }
}

fn wrong_length(offset: u64, found: String) -> CodecError {
    CodecError::Field {
        offset: offset + 1,
        field: "length of an element",
        found,
        expected: "one to four bytes of length that hold the element".into(),
    }
}

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// Offset of the element from the start of the file.
    pub offset: u64,
    /// Its header.
    pub header: ElementHeader,
    /// Its contents.
    pub contents: &'a [u8],
}

impl<'a> Element<'a> {
    /// Returns the elements inside a field, message or vendor element.
    #[must_use]
    pub fn children(&self) -> Elements<'a> {
        Elements::new(self.contents, self.offset + self.header.header_len as u64)
    }

    /// Returns the number of an Integer of one to four bytes.
    #[must_use]
    pub fn integer(&self) -> Option<u32> {
        let fits =
            self.header.id == ElementHeader::INTEGER && (1..=4).contains(&self.contents.len());
        fits.then(|| {
            self.contents
                .iter()
                .rev()
                .fold(0, |value, &byte| value << 8 | u32::from(byte))
        })
    }

    /// Returns the deciphered text of an ASCII-String.
    #[must_use]
    pub fn text(&self) -> Option<Vec<u8>> {
        (self.header.id == ElementHeader::ASCII_STRING).then(|| {
            let mut text = self.contents.to_vec();
            decipher(&mut text);
            text
        })
    }
}

/// Elements one behind the other. An error ends them.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    rest: &'a [u8],
    offset: u64,
}

impl<'a> Elements<'a> {
    /// Reads the elements of `bytes`, which stand at `offset` in their file.
    #[must_use]
    pub fn new(bytes: &'a [u8], offset: u64) -> Self {
        Self {
            rest: bytes,
            offset,
        }
    }

    fn element(&self) -> Result<Element<'a>, CodecError> {
        let offset = self.offset;
        let header = ElementHeader::decode(self.rest, offset)?;
        let end = header.header_len.saturating_add(header.contents_len);
        complete(self.rest.len(), end, offset, "an element")?;
        Ok(Element {
            offset,
            header,
            contents: &self.rest[header.header_len..end],
        })
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, CodecError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let element = self.element();
        match &element {
            Ok(element) => {
                let len = element.header.header_len + element.contents.len();
                self.rest = &self.rest[len..];
                self.offset += len as u64;
            }
            Err(_) => self.rest = &[],
        }
        Some(element)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(bytes: &[u8]) -> String {
        let mut elements = Elements::new(bytes, 0x10);
        let error = elements.next().unwrap().unwrap_err().to_string();
        assert!(elements.next().is_none());
        error
    }

    #[test]
    fn a_length_may_take_more_bytes() {
        let bytes = [0x4d, 0x83, 0x00, 0x1b, 0xf2, 0x01];
        let header = ElementHeader::decode(&bytes, 0).unwrap();
        assert_eq!((header.header_len, header.contents_len), (6, 7159 - 5 - 1));
        assert_eq!(header.qualifier, Some(1));
    }

    #[test]
    fn a_wrong_length_is_an_error() {
        assert_eq!(
            error(&[0x02, 0x03, 1, 2]),
            "byte 0x10: file ends inside an element: 4 of 5 bytes"
        );
        assert_eq!(
            error(&[0x02]),
            "byte 0x10: file ends inside the header of an element: 1 of 2 bytes"
        );
        let expected = "expected one to four bytes of length that hold the element";
        for (bytes, found) in [
            (&[0x02, 0x80, 0][..], "code 0x80"),
            (&[0x02, 0x85, 0, 0, 0, 0, 0, 0], "code 0x85"),
            (&[0x4c, 0x00, 0], "0, without room for its qualifier"),
        ] {
            assert_eq!(
                error(bytes),
                format!("byte 0x11: length of an element: found {found}, {expected}")
            );
        }
        assert!(error(&[0x02, 0x84, 0xff, 0xff, 0xff, 0xff]).contains("of 4294967301 bytes"));
    }
}
