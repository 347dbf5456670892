//! What the lists hold, and the transactions that change them, with what IMPORT makes of them.

use std::collections::BTreeMap;

use dirsync::codec::timestamp::Timestamp;
use dirsync::protocol::sync::RecordDigest;

/// The entries of one list by name.
pub(super) type List = BTreeMap<u8, Entry>;

/// An entry: several names may share one mailbox (design, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Entry {
    pub(super) mailbox: u8,
    /// The number of the edit that brought it, so that a higher one is newer.
    pub(super) value: u32,
}

/// What a transaction does to its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Change {
    /// R.
    Replace,
    /// A.
    Add(u8, Entry),
    /// M; the new name may be the same.
    Modify { from: u8, to: u8, entry: Entry },
    /// D; the value says when, and is in no real transaction.
    Delete(u8, Entry),
}

/// A transaction: a change of one list, by the number of its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Op {
    pub(super) list: u8,
    pub(super) change: Change,
}

/// What came of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applied {
    Changed,
    Unchanged,
    /// The entry that it is about is not there (message 29), or its name belongs to another (27).
    Refused,
}

/// A transaction in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Record<N> {
    pub(super) number: N,
    pub(super) stamp: Timestamp,
    pub(super) op: Op,
}

impl<N> Record<N> {
    pub(super) fn digest(&self) -> RecordDigest {
        let (letter, from, to, entry) = match self.op.change {
            Change::Replace => (b'R', 0, 0, None),
            Change::Add(name, entry) => (b'A', name, 0, Some(entry)),
            Change::Modify { from, to, entry } => (b'M', from, to, Some(entry)),
            Change::Delete(name, entry) => (b'D', name, 0, Some(Entry { value: 0, ..entry })),
        };
        let Entry { mailbox, value } = entry.unwrap_or(Entry {
            mailbox: 0,
            value: 0,
        });
        let mut text = [self.op.list, letter, from, to, mailbox, 0, 0, 0, 0];
        text[5..].copy_from_slice(&value.to_le_bytes());
        RecordDigest::of(self.stamp, &text)
    }
}

impl Change {
    /// Works the change into a list as IMPORT -Q does: a name has one entry, and where the name that a D or M means is
    /// gone, the only entry with its address is meant.
    pub(super) fn apply(self, list: &mut List) -> Applied {
        let is_changed = match self {
            Self::Replace => {
                let had_entries = !list.is_empty();
                list.clear();
                had_entries
            }
            Self::Add(name, entry) => match list.get(&name) {
                Some(held) if held.mailbox != entry.mailbox => return Applied::Refused,
                _ => list.insert(name, entry) != Some(entry),
            },
            Self::Modify { from, to, entry } => {
                let Some(name) = find(list, from, entry) else {
                    return Applied::Refused;
                };
                if name != to && list.contains_key(&to) {
                    return Applied::Refused;
                }
                let held = list.remove(&name);
                list.insert(to, entry);
                name != to || held != Some(entry)
            }
            Self::Delete(name, entry) => {
                let Some(name) = find(list, name, entry) else {
                    return Applied::Refused;
                };
                list.remove(&name).is_some()
            }
        };
        match is_changed {
            true => Applied::Changed,
            false => Applied::Unchanged,
        }
    }
}

/// Finds the entry that a D or M means.
fn find(list: &List, name: u8, entry: Entry) -> Option<u8> {
    if let Some(held) = list.get(&name) {
        return Some(name).filter(|_| held.mailbox == entry.mailbox);
    }
    let mut same = list
        .iter()
        .filter(|(_, held)| held.mailbox == entry.mailbox);
    match (same.next(), same.next()) {
        (Some((&name, _)), None) => Some(name),
        _ => None,
    }
}

/// Returns the transactions that bring a list as it is: R, then an A for each entry.
pub(super) fn whole(number: u8, list: &List) -> impl Iterator<Item = Op> + '_ {
    let adds = list.iter().map(|(&name, &entry)| Change::Add(name, entry));
    let changes = std::iter::once(Change::Replace).chain(adds);
    changes.map(move |change| Op {
        list: number,
        change,
    })
}
