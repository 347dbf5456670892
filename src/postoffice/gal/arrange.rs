//! Puts the entries of the global list in order.

use std::collections::HashMap;

use super::book::AddressBook;
use super::collect::Collected;
use super::notice::Notice;
use super::sort::{Item, Keys, Stretch, TooMany};
use crate::codec::codepage::collation::{Collation, Segment};
use crate::codec::{AliasKind, NetpoRecord, NmeRecord, Record};
use crate::postoffice::{Postoffice, PostofficeError};

/// The entries of the global list in its order.
#[derive(Debug)]
pub struct Arranged<'a> {
    pub(super) po: &'a Postoffice,
    pub(super) collation: Collation,
    pub(super) book: AddressBook,
    /// The entries as they came.
    pub(super) entries: Vec<NmeRecord>,
    /// Their keys.
    pub(super) keys: Keys,
    /// Their words, those of one after those of the other.
    pub(super) words: Vec<Stretch>,
    /// Where the words of each end.
    pub(super) word_ends: Vec<u32>,
    /// Their numbers, in the order of the list.
    pub(super) order: Vec<u32>,
    /// Numbers of those that stand there already: same name, same address.
    pub(super) doubles: Vec<u32>,
    pub(super) addresses: Option<HashMap<u32, Box<[u8]>>>,
    pub(super) read: u64,
    pub(super) refused: u64,
}

impl<'a> Collected<'a> {
    /// Takes out what was noticed.
    #[must_use]
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Sorts the entries.
    ///
    /// Equal names stand by their TIDs, which stay; so the order of a list does not depend on that of its sources. An
    /// entry of the postoffice list that stands in its own list too, with the same name and address, is one entry.
    ///
    /// # Errors
    /// There are more names than 4 GiB can hold.
    pub fn arrange(self, collation: Collation) -> Result<Arranged<'a>, PostofficeError> {
        let entries = self.entries;
        let too_many = |TooMany| {
            PostofficeError::Unstorable(format!(
                "{} names are more than a list holds",
                entries.len()
            ))
        };
        // The last one must be reached by a byte offset.
        u32::try_from(entries.len() * NmeRecord::LEN).map_err(|_| too_many(TooMany))?;
        let len = entries.iter().map(|e| e.name.as_bytes().len()).sum();
        let mut keys = Keys::with_capacity(entries.len(), len);
        let mut words = Vec::with_capacity(5 * entries.len() / 2);
        let mut word_ends = Vec::with_capacity(entries.len());
        let mut items = Vec::with_capacity(entries.len());
        for (number, entry) in (0..).zip(&entries) {
            add_key(&mut keys, &mut words, collation, entry.name.as_bytes());
            let len = keys.close().map_err(too_many)? as u8;
            word_ends.push(u32::try_from(words.len()).map_err(|_| too_many(TooMany))?);
            items.push(Item::new(number, 0, Stretch { start: 0, len }));
        }
        let entry = |item: &Item| &entries[item.number as usize];
        keys.sort(&mut items, &mut |run| {
            run.sort_unstable_by(|a, b| {
                let (a, b) = (entry(a), entry(b));
                let names = collation.compare(a.name.as_bytes(), b.name.as_bytes());
                names
                    .then(a.tid.cmp(&b.tid))
                    .then(a.pointer.cmp(&b.pointer))
            });
        });
        let mut doubles = Vec::new();
        items.dedup_by(|b, a| {
            let is_double = is_same(entry(a), entry(b));
            if is_double {
                doubles.push(b.number);
            }
            is_double
        });
        let order = items.iter().map(|item| item.number).collect();
        Ok(Arranged {
            po: self.po,
            collation,
            book: self.book,
            entries,
            keys,
            words,
            word_ends,
            order,
            doubles,
            addresses: self.addresses,
            read: self.read,
            refused: self.refused,
        })
    }
}

/// Two entries for somebody elsewhere with one name and one address. Local entries are what ADMIN.NME says.
fn is_same(a: &NmeRecord, b: &NmeRecord) -> bool {
    let is_external = |entry: &NmeRecord| entry.kind == AliasKind::External;
    is_external(a) && is_external(b) && a.tid == b.tid && a.name.as_bytes() == b.name.as_bytes()
}

fn add_key(keys: &mut Keys, words: &mut Vec<Stretch>, collation: Collation, name: &[u8]) {
    let key = keys.open();
    let begin = key.len();
    for segment in collation.segments(name) {
        let start = key.len();
        match segment {
            Segment::Gap(gap) => collation.key_into(gap, key),
            Segment::Word(word) => {
                collation.key_into(word, key);
                words.push(Stretch {
                    // A name of 30 bytes has a key of 60 at most.
                    start: (start - begin) as u8,
                    len: (key.len() - start) as u8,
                });
            }
        }
    }
}

impl Arranged<'_> {
    /// Returns the number of entries in the list.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Tells whether the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Returns the number of words in all names: of entries in the index.
    #[must_use]
    pub fn word_count(&self) -> usize {
        let counts = self.order.iter().map(|&number| self.words_of(number).len());
        counts.sum()
    }

    pub(super) fn words_of(&self, number: u32) -> &[Stretch] {
        let number = number as usize;
        let start = number
            .checked_sub(1)
            .map_or(0, |n| self.word_ends[n] as usize);
        &self.words[start..self.word_ends[number] as usize]
    }

    /// Returns the entries in the order of the list, then those that stand there already, for a report.
    pub fn listed(&self) -> impl Iterator<Item = Listed<'_>> {
        let order = self.order.iter().map(|&number| (number, false));
        let doubles = self.doubles.iter().map(|&number| (number, true));
        order.chain(doubles).map(|(number, is_double)| {
            let entry = &self.entries[number as usize];
            let stored = self.addresses.as_ref();
            Listed {
                entry,
                address: match entry.kind {
                    AliasKind::External => self.book.get(entry.tid),
                    _ => None,
                },
                stored: stored.and_then(|stored| stored.get(&entry.tid).map(|a| &**a)),
                is_double,
            }
        })
    }

    /// Returns what became of the entries that were read.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally {
            read: self.read,
            listed: self.order.len() as u64,
            doubles: self.doubles.len() as u64,
            refused: self.refused,
            tids_given: self.book.given_count(),
            retired: self.book.retired_count(),
        }
    }
}

/// One entry that was read.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// As it stands in the list.
    pub entry: &'a NmeRecord,
    /// The address of an entry for somebody elsewhere.
    pub address: Option<&'a NetpoRecord>,
    /// The whole address of one behind a gateway, without its type, where it was kept.
    pub stored: Option<&'a [u8]>,
    /// The same name and address stand in the list already.
    pub is_double: bool,
}

/// What became of the entries that were read: `read = listed + doubles + refused`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Entries in all lists.
    pub read: u64,
    /// Entries in the global list.
    pub listed: u64,
    /// Entries of the postoffice list that stand in their own list too.
    pub doubles: u64,
    /// Entries without an address.
    pub refused: u64,
    /// Addresses that are new, and got a TID.
    pub tids_given: u64,
    /// Addresses that are in no list any more, and keep their TIDs.
    pub retired: u64,
}
