//! Taking answers apart. They come from elsewhere, so nothing here trusts their shape.

use ldap3::asn1::{PL, StructureTag, TagClass, Types, parse_tag};

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
