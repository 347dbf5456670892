//! `MAI/MAx/<hexid>.MAI`: a message, as elements of FIPS PUB 98 (RFC 841) with the strings enciphered.
//!
//! One dump is published (Q104423): from offset 0x0B, 128 of 7159 bytes. What it shows is here: the reference
//! counter, elements, the cipher of strings, and addresses (`spec/files.md` 5.8). This project writes no `.MAI`.

mod cipher;
mod element;

pub use cipher::{decipher, encipher};
pub use element::{Element, ElementHeader, Elements};

use byteorder::{ByteOrder, LittleEndian};

use super::input::complete;
use super::{AliasKind, CodecError, HexId};

/// Offset of the reference counter: users who still hold the message, 16 bits little-endian (published, Q104423).
pub const REFERENCE_COUNT_OFFSET: usize = 0x0b;

/// Bytes from the start of the file to behind the reference counter.
const COUNTED_LEN: usize = REFERENCE_COUNT_OFFSET + 2;

/// Returns how many users still hold the message that starts with `bytes`.
///
/// # Errors
/// The file ends before the counter does.
pub fn reference_count(bytes: &[u8]) -> Result<u16, CodecError> {
    complete(bytes.len(), COUNTED_LEN, 0, "the head of a message")?;
    Ok(LittleEndian::read_u16(&bytes[REFERENCE_COUNT_OFFSET..]))
}

/// Writes how many users still hold the message; at 0 the file is erased.
///
/// # Errors
/// The file ends before the counter does.
pub fn set_reference_count(bytes: &mut [u8], count: u16) -> Result<(), CodecError> {
    complete(bytes.len(), COUNTED_LEN, 0, "the head of a message")?;
    LittleEndian::write_u16(&mut bytes[REFERENCE_COUNT_OFFSET..], count);
    Ok(())
}

/// Returns the digit that names the hashed directory of a `.MAI` (`MAI\MAx`) or `.ATT` (`ATT\ATx`): the last of the
/// eight (Q87378, Q148515).
#[must_use]
pub fn directory_digit(id: HexId) -> char {
    char::from(id.to_field()[7])
}

/// An address inside a message, after [`decipher`]; read from four samples of one dump.
///
/// | Part | Bytes | Meaning | Status |
/// |---|---:|---|---|
/// | `kind` | 1 | 2, the code of an external alias (Q107767) | derived |
/// | `address` | n + 1 | `network/postoffice/mailbox`, NUL | derived |
/// | | 1 | 0x81 with a friendly name, 0x80 without | derived |
/// | `name` | n + 1 | friendly name or nothing, NUL | derived |
/// | `trailer` | rest | 00 in From, 01 01 in To | unknown, kept as read |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaiAddress {
    /// What the addressee is.
    pub kind: AliasKind,
    /// `network/postoffice/mailbox`, in the code page of the postoffice.
    pub address: Box<[u8]>,
    /// Friendly name.
    pub name: Option<Box<[u8]>>,
    /// Bytes of unknown meaning.
    pub trailer: Box<[u8]>,
}

const WITHOUT_NAME: u8 = 0x80;
const WITH_NAME: u8 = 0x81;

impl MaiAddress {
    /// Reads an address from a deciphered string.
    ///
    /// # Errors
    /// It ends before a part does, or the byte before the name is neither 0x80 nor 0x81 or does not fit the name.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let (&kind, rest) = bytes.split_first().ok_or_else(|| ends(bytes.len()))?;
        let (address, rest) = text(rest).ok_or_else(|| ends(bytes.len()))?;
        let (&mark, rest) = rest.split_first().ok_or_else(|| ends(bytes.len()))?;
        let (name, trailer) = text(rest).ok_or_else(|| ends(bytes.len()))?;
        let name = match mark {
            WITH_NAME => Some(name.into()),
            WITHOUT_NAME if name.is_empty() => None,
            _ => {
                let found =
                    format_args!("{mark:#x} before \"{}\"", name.escape_ascii()).to_string();
                let expected = "0x81 before a name, 0x80 before none";
                return Err(CodecError::field(
                    address.len() + 2,
                    "name mark",
                    found,
                    expected,
                ));
            }
        };
        Ok(Self {
            kind: AliasKind::from_byte(kind),
            address: address.into(),
            name,
            trailer: trailer.into(),
        })
    }

    /// Returns the string to be enciphered.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.kind.as_byte()];
        bytes.extend_from_slice(&self.address);
        let mark = if self.name.is_some() {
            WITH_NAME
        } else {
            WITHOUT_NAME
        };
        bytes.extend_from_slice(&[0, mark]);
        bytes.extend_from_slice(self.name.as_deref().unwrap_or_default());
        bytes.push(0);
        bytes.extend_from_slice(&self.trailer);
        bytes
    }
}

fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|&b| b == 0)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

fn ends(have: usize) -> CodecError {
    CodecError::Truncated {
        offset: 0,
        what: "an address",
        have: have as u64,
        need: have as u64 + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_stands_at_eleven() {
        let mut bytes = [0; 13];
        bytes[11..].copy_from_slice(&[0x2c, 1]);
        assert_eq!(reference_count(&bytes).unwrap(), 300);
        set_reference_count(&mut bytes, 255).unwrap();
        assert_eq!(bytes[11..], [0xff, 0]);
        assert_eq!(
            reference_count(&bytes[..12]).unwrap_err().to_string(),
            "byte 0x0: file ends inside the head of a message: 12 of 13 bytes"
        );
        assert!(set_reference_count(&mut bytes[..12], 1).is_err());
    }

    #[test]
    fn a_name_needs_its_mark() {
        assert_eq!(
            MaiAddress::decode(b"\x02A/B/C\0\x80Sue\0")
                .unwrap_err()
                .to_string(),
            "byte 0x7: name mark: found 0x80 before \"Sue\", expected 0x81 before a name, 0x80 before none"
        );
        for cut in 0..b"\x02A/B/C\0\x81Sue\0".len() {
            assert!(MaiAddress::decode(&b"\x02A/B/C\0\x81Sue\0"[..cut]).is_err());
        }
    }
}
