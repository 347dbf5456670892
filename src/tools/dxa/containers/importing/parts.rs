//! Asks and entries side by side, by key, so many at a time: what is decided together.

use std::io;

use super::asks::Asks;
use super::contents::{Contents, Found};
use crate::directory::entry::{Entry, Names};
use crate::directory::import::{Ask, Mapping, Moment, Needs, Packed, Part, Snapshot};
use crate::directory::key::SyncKey;
use crate::directory::schema;
use crate::tools::dxa::home::unspilled;
use crate::tools::exit::ToolError;
use crate::tools::sorted::Sorted;

/// Asks and entries of a part.
pub(super) const PART_LEN: usize = 2000;

/// Goes through asks and entries.
pub(super) struct Parts<'p, 'a> {
    asks: &'p mut Asks<'a>,
    ask: Record,
    entries: &'p mut Sorted,
    entry: Record,
    /// Asks and entries of a part.
    len: usize,
    /// All of it is one part.
    is_one: bool,
    /// Addresses are made, so that what an entry holds matters although it is as it is asked for.
    makes_addresses: bool,
    is_first: bool,
    taken: Vec<(usize, Moment, Ask)>,
    // What is in the part.
    snapshot: Snapshot,
    wanted: Vec<Ask>,
    moments: Vec<Moment>,
    /// Where the fates of the asks belong.
    places: Vec<usize>,
}

/// The next record of a sort, or its end.
#[derive(Default)]
struct Record {
    is_there: bool,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Record {
    fn read(&mut self, from: &mut Sorted) -> Result<(), ToolError> {
        let next = from.next().map_err(unspilled)?;
        self.is_there = next.is_some();
        if let Some((key, value)) = next {
            self.key.clear();
            self.key.extend_from_slice(key);
            self.value.clear();
            self.value.extend_from_slice(value);
        }
        Ok(())
    }

    fn key(&self) -> Option<&[u8]> {
        self.is_there.then_some(&self.key[..])
    }

    /// Returns the key without the byte behind it.
    fn entry_key(&self) -> Option<&[u8]> {
        self.key()?.split_last().map(|(_, key)| key)
    }
}

impl<'p, 'a> Parts<'p, 'a> {
    /// Begins in front of both, with parts of so many. `around` of the contents goes into each of them.
    pub(super) fn new(
        asks: &'p mut Asks<'a>,
        contents: &'p mut Contents,
        makes_addresses: bool,
        len: usize,
    ) -> Result<Self, ToolError> {
        let is_one = asks.course.is_linked() || asks.len() + contents.count <= len;
        asks.sorted.rewind().map_err(unspilled)?;
        contents.sorted.rewind().map_err(unspilled)?;
        let mut parts = Self {
            asks,
            ask: Record::default(),
            entries: &mut contents.sorted,
            entry: Record::default(),
            len,
            is_one,
            makes_addresses,
            is_first: true,
            taken: Vec::new(),
            snapshot: contents.around.clone(),
            wanted: Vec::new(),
            moments: Vec::new(),
            places: Vec::new(),
        };
        parts.ask.read(&mut parts.asks.sorted)?;
        parts.entry.read(parts.entries)?;
        Ok(parts)
    }

    /// Tells whether there is but one part.
    pub(super) fn is_one(&self) -> bool {
        self.is_one
    }

    /// Goes on to the next part; returns whether there is one. `mapping` says what of the entries has to be kept.
    pub(super) fn next(
        &mut self,
        managed: &Names,
        mapping: &dyn Mapping,
    ) -> Result<bool, ToolError> {
        match std::mem::take(&mut self.is_first) {
            true => self.begin_in_front(),
            false => self.snapshot.clear(),
        }
        let entries = match self.is_one {
            true => {
                while self.ask.is_there {
                    self.take_ask()?;
                }
                Vec::new()
            }
            false => self.collect()?,
        };
        self.order();
        let needs = Needs::of(&self.wanted, &self.asks.sender, managed, mapping);
        let mut has_entries = !entries.is_empty();
        for (found, entry) in entries {
            add(
                &mut self.snapshot,
                found,
                entry,
                &needs,
                self.makes_addresses,
            );
        }
        while self.is_one && self.entry.is_there {
            let (found, entry) = read_entry(&self.entry)?;
            add(
                &mut self.snapshot,
                found,
                entry,
                &needs,
                self.makes_addresses,
            );
            self.entry.read(self.entries)?;
            has_entries = true;
        }
        Ok(has_entries || !self.wanted.is_empty())
    }

    /// Returns the part.
    pub(super) fn part(&self) -> Part<'_> {
        Part {
            snapshot: &self.snapshot,
            asks: &self.wanted,
            moments: &self.moments,
            course: &self.asks.course,
        }
    }

    /// Returns where the fates of the asks of the part belong.
    pub(super) fn places(&self) -> &[usize] {
        &self.places
    }

    fn begin_in_front(&mut self) {
        let front = self.asks.front.iter().cloned().enumerate();
        self.taken
            .extend(front.map(|(place, ask)| (place, Moment::default(), ask)));
    }

    /// Puts the asks of the part in their order.
    fn order(&mut self) {
        self.taken.sort_unstable_by_key(|(place, ..)| *place);
        self.places.clear();
        self.moments.clear();
        self.wanted.clear();
        for (place, moment, ask) in self.taken.drain(..) {
            self.places.push(place);
            self.moments.push(moment);
            self.wanted.push(ask);
        }
    }

    /// Takes asks key by key until there are enough, and returns the entries of these keys.
    fn collect(&mut self) -> Result<Vec<(Found, Entry)>, ToolError> {
        let mut entries = Vec::new();
        while self.taken.len() + entries.len() < self.len {
            let keys = [self.ask.key(), self.entry.entry_key()];
            let Some(key) = keys.into_iter().flatten().min().map(<[u8]>::to_vec) else {
                break;
            };
            while self.ask.key() == Some(&key) {
                self.take_ask()?;
            }
            while self.entry.entry_key() == Some(&key) {
                entries.push(read_entry(&self.entry)?);
                self.entry.read(self.entries)?;
            }
        }
        Ok(entries)
    }

    fn take_ask(&mut self) -> Result<(), ToolError> {
        let read = self.asks.read(&self.ask.value);
        self.taken.push(read.ok_or_else(damaged)?);
        self.ask.read(&mut self.asks.sorted)
    }
}

fn read_entry(record: &Record) -> Result<(Found, Entry), ToolError> {
    let found = record.key.last().copied().and_then(Found::of);
    let entry = Entry::unpack(&mut &record.value[..]);
    found.zip(entry).ok_or_else(damaged)
}

/// Puts an entry into a snapshot, with what it holds where that is needed.
fn add(
    snapshot: &mut Snapshot,
    found: Found,
    Entry { dn, attributes }: Entry,
    needs: &Needs<'_>,
    makes_addresses: bool,
) {
    let Some(key) = attributes.text(schema::KEY).map(SyncKey::stored) else {
        return;
    };
    let counts = || needs.asks_for(&key) && snapshot.get(&key).is_none();
    if found == Found::Elsewhere && !counts() {
        return;
    }
    let owner = attributes.text(schema::IMPORTED_FROM).map(str::to_owned);
    let is_needed = found == Found::Elsewhere
        || makes_addresses && needs.asks_for(&key)
        || needs.keeps(&key, &attributes);
    let attributes = is_needed.then_some(attributes);
    snapshot.add(key, dn, owner.as_deref(), attributes);
}

fn damaged() -> ToolError {
    unspilled(io::ErrorKind::InvalidData.into())
}
