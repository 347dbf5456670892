//! The fixed order of what is written, so that one state is always the same bytes.

use std::cmp::Ordering;

use crate::directory::entry::{Attributes, Entry};
use crate::directory::schema::{self, USUAL};

/// Returns the attributes in their order, each with its values sorted: a directory server returns the values of one
/// attribute, a set, in any order.
pub(super) fn sorted(attributes: &Attributes) -> Vec<(&str, Vec<&[u8]>)> {
    let mut sorted: Vec<(&str, Vec<&[u8]>)> = Vec::new();
    for (name, values) in attributes.iter() {
        let mut values: Vec<_> = values.collect();
        values.sort_unstable();
        sorted.push((name, values));
    }
    sorted.sort_by_cached_key(|(name, _)| (place(name), name.to_ascii_lowercase()));
    sorted
}

/// Returns the place of an attribute; one with options stands by the one without.
fn place(name: &str) -> usize {
    let kind = name.split(';').next().unwrap_or(name);
    let place = USUAL
        .iter()
        .position(|known| known.eq_ignore_ascii_case(kind));
    place.unwrap_or(USUAL.len())
}

/// Compares entries by key without case, as directory servers compare it. What has no key, like a unit between the
/// container and its addresses, stands in front with those above first: a server adds nothing below what is not there.
pub(super) fn by_key(one: &Entry, other: &Entry) -> Ordering {
    let key = |entry: &Entry| {
        let key = entry.attributes.first(schema::KEY);
        let folded = key.map(|key| String::from_utf8_lossy(key).to_lowercase());
        let depth = entry.dn.depth();
        (folded, depth, entry.dn.key(), entry.dn.to_string())
    };
    key(one).cmp(&key(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::dn::Dn;

    #[test]
    fn attributes_stand_in_one_order_whatever_order_they_came_in() {
        let pairs = [
            ("zz", "1"),
            ("CN;lang-de", "1"),
            ("Sn", "1"),
            ("cn", "2"),
            ("cn", "1"),
            ("aa", "1"),
            ("objectClass", "top"),
        ];
        let expected: Vec<(&str, Vec<&[u8]>)> = vec![
            ("objectClass", vec![b"top"]),
            ("cn", vec![b"1", b"2"]),
            ("CN;lang-de", vec![b"1"]),
            ("Sn", vec![b"1"]),
            ("aa", vec![b"1"]),
            ("zz", vec![b"1"]),
        ];
        let attributes = Attributes::from_iter(pairs);
        assert_eq!(sorted(&attributes), expected);
        let attributes = Attributes::from_iter(pairs.into_iter().rev());
        assert_eq!(sorted(&attributes), expected);
    }

    #[test]
    fn entries_stand_by_key_and_units_above_them_in_front() {
        let entry = |dn: &str, key: Option<&str>| Entry {
            dn: Dn::parse(dn).expect("a name"),
            attributes: key.map(|key| ("syncKey", key)).into_iter().collect(),
        };
        let mut entries = [
            entry("cn=z,ou=a,ou=n,o=O", Some("MS:N/P/B")),
            entry("ou=a,ou=n,o=O", None),
            entry("cn=y,ou=b,ou=n,o=O", Some("ms:n/p/a")),
            entry("ou=n,o=O", None),
        ];
        entries.sort_by(by_key);
        let names = entries.map(|entry| entry.dn.to_string());
        let expected = [
            "ou=n,o=O",
            "ou=a,ou=n,o=O",
            "cn=y,ou=b,ou=n,o=O",
            "cn=z,ou=a,ou=n,o=O",
        ];
        assert_eq!(names, expected);
    }
}
