//! An entry as bytes: a CRC-32 of all that follows; the name; of each attribute its name, the number of its values and the
//! values. Of names and values the length comes first, numbers are four bytes, little-endian.

use byteorder::{ByteOrder, LittleEndian};

use crate::directory::attributes::Gathered;
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;

/// Bytes of a number.
const NUMBER: usize = 4;

/// Returns the bytes of an entry.
pub(super) fn pack(entry: &Entry) -> Vec<u8> {
    let mut bytes = vec![0; NUMBER];
    put_bytes(&mut bytes, entry.dn.to_string().as_bytes());
    for (name, values) in entry.attributes.iter() {
        put_bytes(&mut bytes, name.as_bytes());
        put_number(&mut bytes, values.len());
        for value in values {
            put_bytes(&mut bytes, value);
        }
    }
    let checksum = crc32fast::hash(&bytes[NUMBER..]);
    LittleEndian::write_u32(&mut bytes, checksum);
    bytes
}

/// Tells whether bytes are as they were written.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    bytes
        .split_at_checked(NUMBER)
        .is_some_and(|(checksum, rest)| LittleEndian::read_u32(checksum) == crc32fast::hash(rest))
}

/// Reads what [`pack`] wrote; `None` where it is not that.
pub(super) fn unpack(bytes: &[u8]) -> Option<Entry> {
    if !is_whole(bytes) {
        return None;
    }
    let mut rest = &bytes[NUMBER..];
    let dn = std::str::from_utf8(take_bytes(&mut rest)?).ok()?;
    let dn = Dn::parse(dn).ok()?;
    let mut attributes = Gathered::default();
    while !rest.is_empty() {
        let name = std::str::from_utf8(take_bytes(&mut rest)?).ok()?;
        let count = take_number(&mut rest)?;
        for _ in 0..count {
            attributes.add(name, take_bytes(&mut rest)?);
        }
    }
    let attributes = attributes.finish();
    Some(Entry { dn, attributes })
}

fn put_number(bytes: &mut Vec<u8>, number: usize) {
    let number = u32::try_from(number).expect("a message of a server is shorter");
    bytes.extend(number.to_le_bytes());
}

fn put_bytes(bytes: &mut Vec<u8>, value: &[u8]) {
    put_number(bytes, value.len());
    bytes.extend(value);
}

fn take_number(rest: &mut &[u8]) -> Option<usize> {
    let (number, behind) = rest.split_at_checked(NUMBER)?;
    *rest = behind;
    usize::try_from(LittleEndian::read_u32(number)).ok()
}

fn take_bytes<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let len = take_number(rest)?;
    let (value, behind) = rest.split_at_checked(len)?;
    *rest = behind;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::entry::Attributes;

    #[test]
    fn an_entry_comes_back_and_damage_is_seen() {
        let dn = Dn::parse("cn=Bob\\2C Jr,o=Org").expect("a name");
        let mut attributes = Attributes::from_iter([("cn", "Bob"), ("cn", "Robert"), ("sn", "")]);
        attributes.add("jpegPhoto", (0..=255).collect::<Vec<u8>>());
        let entry = Entry { dn, attributes };
        let bytes = pack(&entry);
        assert_eq!(unpack(&bytes), Some(entry.clone()));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert_eq!(unpack(&damaged), None, "{at}");
            assert_eq!(unpack(&bytes[..at]), None, "{at}");
        }
        let bare = Entry {
            attributes: Attributes::default(),
            ..entry
        };
        assert_eq!(unpack(&pack(&bare)), Some(bare));
    }
}
