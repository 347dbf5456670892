//! Taking answers apart. They come from elsewhere, so nothing here trusts their shape.

use ldap3::asn1::{PL, StructureTag, TagClass, Types, parse_tag};

use super::error::LdapError;
use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Entry};

fn nonsense(what: &str) -> LdapError {
    LdapError::Answer(what.to_owned())
}

/// Reads one value in BER and nothing behind it.
pub(super) fn value(bytes: &[u8]) -> Option<StructureTag> {
    // The parser goes as deep as the bytes do.
    super::gate::check(bytes).ok()?;
    match parse_tag(bytes) {
        Ok(([], tag)) => Some(tag),
        _ => None,
    }
}

/// Returns the parts of a value that has some.
pub(super) fn parts(tag: StructureTag) -> Option<Vec<StructureTag>> {
    match tag.payload {
        PL::C(parts) => Some(parts),
        PL::P(_) => None,
    }
}

/// Returns the bytes of a value without parts.
pub(super) fn bytes(tag: StructureTag) -> Option<Vec<u8>> {
    match tag.payload {
        PL::P(bytes) => Some(bytes),
        PL::C(_) => None,
    }
}

/// Returns an integer.
pub(super) fn integer(tag: &StructureTag) -> Option<i64> {
    let PL::P(bytes) = &tag.payload else {
        return None;
    };
    let is_integer = tag.class == TagClass::Universal && tag.id == Types::Integer as u64;
    let (first, rest) = bytes
        .split_first()
        .filter(|_| is_integer && bytes.len() <= 8)?;
    let start = i64::from(i8::from_be_bytes([*first]));
    Some(rest.iter().fold(start, |n, byte| n << 8 | i64::from(*byte)))
}

/// Reads an entry (RFC 4511 section 4.5.2).
pub(super) fn entry(tag: &StructureTag) -> Result<Entry, LdapError> {
    let name = |what| move || nonsense(what);
    let [dn, list, ..] = within(tag).ok_or_else(name("an entry"))? else {
        return Err(nonsense("an entry without name or attributes"));
    };
    let dn = text(dn).ok_or_else(name("the name of an entry"))?;
    let dn = Dn::parse(dn).map_err(|error| LdapError::Answer(error.to_string()))?;
    let mut attributes = Attributes::default();
    for attribute in within(list).ok_or_else(name("the attributes of an entry"))? {
        let fields = within(attribute).ok_or_else(name("an attribute"))?;
        let attribute = fields.first().and_then(text);
        let attribute = attribute.ok_or_else(name("the name of an attribute"))?;
        let values = fields.get(1).and_then(within);
        let values = values.ok_or_else(name("the values of an attribute"))?;
        if values.iter().any(|value| content(value).is_none()) {
            return Err(nonsense("a value"));
        }
        attributes.set(attribute, values.iter().filter_map(content));
    }
    Ok(Entry { dn, attributes })
}

/// Reads the places that a referral names (RFC 4511 section 4.5.3).
pub(super) fn referral(tag: &StructureTag) -> Vec<String> {
    let places = within(tag).unwrap_or_default().iter();
    places.filter_map(text).map(str::to_owned).collect()
}

/// Returns the parts of a value that has some, where they are.
fn within(tag: &StructureTag) -> Option<&[StructureTag]> {
    match &tag.payload {
        PL::C(parts) => Some(parts),
        PL::P(_) => None,
    }
}

/// Returns the bytes of a value without parts, where they are.
fn content(tag: &StructureTag) -> Option<&[u8]> {
    match &tag.payload {
        PL::P(bytes) => Some(bytes),
        PL::C(_) => None,
    }
}

fn text(tag: &StructureTag) -> Option<&str> {
    std::str::from_utf8(content(tag)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `cn=a`, `cn: a`, and `x` with a value that is no text.
    const ENTRY: &[u8] = b"\x64\x1d\x04\x04cn=a\x30\x15\
        \x30\x09\x04\x02cn\x31\x03\x04\x01a\
        \x30\x08\x04\x01x\x31\x03\x04\x01\xff";

    #[test]
    fn an_entry_is_read_with_the_bytes_of_its_values() {
        let entry = entry(&value(ENTRY).expect("BER")).expect("an entry");
        assert_eq!(entry.dn.to_string(), "cn=a");
        assert_eq!(entry.attributes.first("CN"), Some(&b"a"[..]));
        assert_eq!(entry.attributes.first("x"), Some(&b"\xff"[..]));
    }

    #[test]
    fn whatever_is_broken_in_an_entry_is_an_error_and_no_more() {
        for at in 0..ENTRY.len() {
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut bytes = ENTRY.to_vec();
                bytes[at] ^= flip;
                if let Some(tag) = value(&bytes) {
                    // Some flips give another entry.
                    let _ = entry(&tag);
                }
            }
        }
    }

    #[test]
    fn integers_have_a_sign_and_a_limit() {
        let read = |bytes: &[u8]| value(bytes).and_then(|tag| integer(&tag));
        assert_eq!(read(b"\x02\x01\x05"), Some(5));
        assert_eq!(read(b"\x02\x02\x01\x00"), Some(256));
        assert_eq!(read(b"\x02\x01\xff"), Some(-1));
        assert_eq!(read(b"\x02\x00"), None);
        assert_eq!(read(b"\x02\x09\0\0\0\0\0\0\0\0\0"), None);
        assert_eq!(read(b"\x04\x01\x05"), None);
    }
}
