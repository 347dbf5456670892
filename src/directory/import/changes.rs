//! What is written: deletions, then renames, then modifications, then additions (DX-25).

use std::collections::HashSet;

use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Entry, Values};
use crate::directory::key::SyncKey;

/// One attribute of a modification: the values that it is to have, none to remove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modified {
    /// The attribute.
    pub attribute: String,
    /// Its values.
    pub values: Vec<Vec<u8>>,
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The entry goes.
    Delete {
        /// Its name.
        dn: Dn,
    },
    /// The entry gets another name, and keeps its entryUUID.
    Rename {
        /// Its name.
        dn: Dn,
        /// The name it gets.
        to: Dn,
    },
    /// Attributes of the entry get other values.
    Modify {
        /// Its name, after a rename.
        dn: Dn,
        /// What changes.
        modified: Vec<Modified>,
    },
    /// The entry is new.
    Add(Entry),
}

/// One write, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// What is written.
    pub change: Change,
    /// Index of the fate that ends otherwise when the directory refuses it.
    pub fate: usize,
    /// The entry.
    pub key: SyncKey,
}

/// Says what has to change for `now` to become `wanted`. Values are compared as a set: an attribute has no order.
pub(super) fn difference(now: &Attributes, wanted: &Attributes) -> Vec<Modified> {
    let (mut gone, mut other) = (Vec::new(), Vec::new());
    for beside in wanted.beside(now) {
        if !is_same_set(&beside.here, &beside.there) {
            let list = match beside.here.is_empty() {
                true => &mut gone,
                false => &mut other,
            };
            list.push(Modified {
                attribute: beside.name().to_owned(),
                values: beside.here.to_vec(),
            });
        }
    }
    gone.append(&mut other);
    gone
}

/// Tells whether nothing has to change for `now` to become `wanted`.
pub(super) fn is_same(now: &Attributes, wanted: &Attributes) -> bool {
    now.beside(wanted)
        .all(|beside| is_same_set(&beside.here, &beside.there))
}

/// Compares values, which have no order.
pub(super) fn is_same_set(one: &Values<'_>, other: &Values<'_>) -> bool {
    one == other || one.len() == other.len() && sorted(one) == sorted(other)
}

fn sorted<'a>(values: &Values<'a>) -> Vec<&'a [u8]> {
    let mut values: Vec<_> = values.iter().collect();
    values.sort_unstable();
    values
}

/// Puts renames into an order in which each name is free when it is taken. Where they go round in a circle, one of
/// them is left over, to be made anew.
pub(super) fn order_renames(mut renames: Vec<Write>) -> (Vec<Write>, Vec<Write>) {
    let names = |write: &Write| match &write.change {
        Change::Rename { dn, to } => (dn.key(), to.key()),
        _ => Default::default(),
    };
    let mut ordered = Vec::new();
    let mut circular = Vec::new();
    while !renames.is_empty() {
        let sources: HashSet<_> = renames.iter().map(|write| names(write).0).collect();
        let is_free = |write: &Write| {
            let (from, to) = names(write);
            from == to || !sources.contains(&to)
        };
        let (free, blocked): (Vec<_>, Vec<_>) = renames.into_iter().partition(is_free);
        renames = blocked;
        if free.is_empty() {
            circular.extend(renames.pop());
        }
        ordered.extend(free);
    }
    (ordered, circular)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).expect("a name")
    }

    fn renames(pairs: &[(&str, &str)]) -> Vec<Write> {
        let renames = pairs.iter().map(|(from, to)| Write {
            change: Change::Rename {
                dn: dn(from),
                to: dn(to),
            },
            fate: 0,
            key: SyncKey::stored(to),
        });
        renames.collect()
    }

    #[test]
    fn a_name_is_taken_when_it_is_free() {
        let (ordered, circular) = order_renames(renames(&[("cn=a", "cn=b"), ("cn=b", "cn=c")]));
        assert_eq!(ordered, renames(&[("cn=b", "cn=c"), ("cn=a", "cn=b")]));
        assert!(circular.is_empty());
        let (ordered, circular) = order_renames(renames(&[("cn=a", "cn=b"), ("cn=b", "cn=a")]));
        assert_eq!((ordered.len(), circular.len()), (1, 1));
        assert_ne!(ordered, circular);
    }

    #[test]
    fn only_what_differs_is_written() {
        let now = Attributes::from_iter([("cn", "Bob"), ("sn", "Smith"), ("o", "a"), ("o", "b")]);
        let wanted = Attributes::from_iter([("CN", "Bob"), ("uid", "bob"), ("o", "b"), ("o", "a")]);
        let modified = difference(&now, &wanted);
        let shown: Vec<_> = modified
            .iter()
            .map(|m| (&m.attribute[..], m.values.len()))
            .collect();
        assert_eq!(shown, [("sn", 0), ("uid", 1)]);
    }
}
