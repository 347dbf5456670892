//! Whatever a directory may hold comes back from a file, and the file is plain.

use std::collections::BTreeMap;

use dirsync::directory::change::{Change, Modification, ModificationKind};
use dirsync::directory::dn::Dn;
use dirsync::directory::entry::{Attributes, Entry};
use dirsync::directory::ldif::{Record, VersionLine};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{records, written};

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => "[ -~]{0,120}".prop_map(String::into_bytes),
        2 => "[ :<#-]{0,2}[ -~]{0,4} ?".prop_map(String::into_bytes),
        2 => "\\PC{0,40}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..90),
    ]
}

fn attribute() -> impl Strategy<Value = String> {
    let name = "[A-Za-z][A-Za-z0-9-]{0,8}|[0-9]{1,2}(\\.[0-9]{1,3}){0,3}|cn|CN|objectClass";
    let options = "(;[a-z0-9][A-Za-z0-9-]{0,4}){0,2}";
    (name, options)
        .prop_map(|(name, options)| name + &options)
        .prop_filter("keywords", |name| {
            !["dn", "changetype", "control"].contains(&&name.to_lowercase()[..])
        })
}

fn attributes() -> impl Strategy<Value = Attributes> {
    vec((attribute(), value()), 1..8).prop_map(Attributes::from_iter)
}

fn dn(depths: std::ops::Range<usize>) -> impl Strategy<Value = Dn> {
    let part = ("cn|ou|syncKey|2\\.5\\.4\\.3", value());
    vec(part, depths).prop_map(|parts| {
        let above = parts.iter().rev();
        above.fold(Dn::default(), |dn, (name, value)| dn.child(name, value))
    })
}

fn modification() -> impl Strategy<Value = Modification> {
    let kinds = prop::sample::select(ModificationKind::ALL.to_vec());
    let parts = (kinds, attribute(), vec(value(), 0..4));
    parts.prop_map(|(kind, attribute, mut values)| {
        if kind == ModificationKind::Add && values.is_empty() {
            values.push(Vec::new());
        }
        Modification {
            kind,
            attribute,
            values,
        }
    })
}

fn change() -> impl Strategy<Value = Change> {
    let rename = (dn(1..2), any::<bool>(), prop::option::of(dn(0..4)));
    prop_oneof![
        attributes().prop_map(Change::Add),
        Just(Change::Delete),
        vec(modification(), 1..4).prop_map(Change::Modify),
        rename.prop_map(|(new_rdn, delete_old, new_superior)| Change::Rename {
            new_rdn,
            delete_old,
            new_superior,
        }),
    ]
}

fn content() -> impl Strategy<Value = Vec<Record>> {
    let entry = (dn(0..4), attributes());
    let entry = entry.prop_map(|(dn, attributes)| Record::Entry(Entry { dn, attributes }));
    vec(entry, 0..5)
}

fn changes() -> impl Strategy<Value = Vec<Record>> {
    let change = (dn(0..4), change());
    vec(
        change.prop_map(|(dn, change)| Record::Change { dn, change }),
        0..5,
    )
}

/// Returns attributes as the set of sets that they are.
fn as_sets(attributes: &Attributes) -> BTreeMap<&str, Vec<&[u8]>> {
    let mut sets = BTreeMap::new();
    for (name, values) in attributes.iter() {
        let mut values: Vec<_> = values.collect();
        values.sort_unstable();
        sets.insert(name, values);
    }
    sets
}

fn assert_same(one: &Record, other: &Record) {
    match (one, other) {
        (Record::Entry(one), Record::Entry(other)) => {
            assert_eq!(one.dn, other.dn);
            assert_eq!(as_sets(&one.attributes), as_sets(&other.attributes));
        }
        (
            Record::Change {
                dn: one_dn,
                change: Change::Add(one),
            },
            Record::Change {
                dn: other_dn,
                change: Change::Add(other),
            },
        ) => {
            assert_eq!(one_dn, other_dn);
            assert_eq!(as_sets(one), as_sets(other));
        }
        _ => assert_eq!(one, other),
    }
}

fn comes_back(all: &[Record], version: VersionLine) {
    let file = written(all, version);
    for line in file.split(|&b| b == b'\n') {
        assert!(line.len() <= 76);
        assert!(line.iter().all(|b| matches!(b, b' '..=b'~')));
    }
    let read = records(&file).expect("records");
    assert_eq!(read.len(), all.len());
    for (one, other) in all.iter().zip(&read) {
        assert_same(one, other);
    }
    assert_eq!(written(&read, version), file);
}

proptest! {
    #[test]
    fn entries_come_back(entries in content()) {
        comes_back(&entries, VersionLine::Written);
        comes_back(&entries, VersionLine::LeftOut);
    }

    #[test]
    fn changes_come_back(changes in changes()) {
        comes_back(&changes, VersionLine::Written);
    }
}
