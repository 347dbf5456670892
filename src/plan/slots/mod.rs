//! One list in memory while it is being changed: entries found by name and by address.

mod names;

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::codec::codepage::CodePage;
use crate::list::ListEntry;
use names::Names;

/// What has become of an entry so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It stands in the list.
    Live,
    /// Its list was emptied by R; it goes unless it is named again.
    Absent,
    /// It was deleted by name, or it has become another slot's entry.
    Dead,
}

/// One entry with its history in this run.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) entry: ListEntry,
    /// The entry before this run, once it has changed.
    pub(super) was: Option<Box<ListEntry>>,
    pub(super) state: State,
    /// It stood in the list before the run.
    pub(super) in_base: bool,
    /// Made by hand: it survives a resync or an import reply.
    pub(super) marked: bool,
    /// Named by an A or by the new line of an M in this run.
    pub(super) named: bool,
    /// No longer found by the name it had when it was added.
    released: bool,
}

impl Slot {
    /// Makes the slot of an entry that stood in the list before the run.
    pub(super) fn of_base(entry: ListEntry, marked: bool) -> Self {
        Self {
            in_base: true,
            named: false,
            ..Self::added(entry, marked)
        }
    }

    /// Makes the slot of an entry that comes into the list.
    pub(super) fn added(entry: ListEntry, marked: bool) -> Self {
        Self {
            entry,
            was: None,
            state: State::Live,
            in_base: false,
            marked,
            named: true,
            released: false,
        }
    }

    /// Returns the name it had when it was added: the one by which its run is sorted.
    fn name_in_run(&self) -> &[u8] {
        self.was.as_deref().unwrap_or(&self.entry).name.as_bytes()
    }
}

/// The entries of one list with their indexes. The address index is built when first asked for:
/// most runs never need it.
#[derive(Debug)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    names: Names,
    addresses: Option<HashTable<u32>>,
    hasher: DefaultHashBuilder,
    code_page: CodePage,
    key: Vec<u8>,
}

impl Slots {
    pub(super) fn with_capacity(capacity: usize, code_page: CodePage) -> Self {
        Self {
            slots: Vec::with_capacity(capacity),
            names: Names::new(code_page),
            addresses: None,
            hasher: DefaultHashBuilder::default(),
            code_page,
            key: Vec::with_capacity(64),
        }
    }

    /// Makes room for this many slots in all.
    pub(super) fn reserve_to(&mut self, count: usize) {
        self.slots.reserve(count.saturating_sub(self.slots.len()));
    }

    pub(super) fn get(&self, slot: u32) -> &Slot {
        &self.slots[slot as usize]
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> &mut Slot {
        &mut self.slots[slot as usize]
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.slots.iter_mut()
    }

    pub(super) fn into_slots(self) -> Vec<Slot> {
        self.slots
    }

    /// Adds a slot and lets its name be found; the name is not taken by another findable slot.
    pub(super) fn push(&mut self, slot: Slot) -> u32 {
        let number = u32::try_from(self.slots.len()).expect("a list file stays below 4 GiB");
        self.slots.push(slot);
        self.names.push(&self.slots);
        if self.addresses.is_some() {
            self.index_address(number);
        }
        number
    }

    /// Finds the slot that has a name, live or absent.
    pub(super) fn find_name(&mut self, name: &[u8]) -> Option<u32> {
        self.names.find(&self.slots, name)
    }

    /// Makes the name of a slot free for another.
    pub(super) fn release_name(&mut self, slot: u32) {
        self.names.release(&mut self.slots, slot);
    }

    /// Gives a slot another entry, and keeps the one before the run; the new name is free or its own.
    pub(super) fn change(&mut self, number: u32, entry: ListEntry) {
        let slot = &mut self.slots[number as usize];
        let (old, new) = (slot.entry.name, entry.name);
        let renamed = !self
            .code_page
            .eq_ignore_case(old.as_bytes(), new.as_bytes());
        if renamed {
            self.names.release(&mut self.slots, number);
        }
        let slot = &mut self.slots[number as usize];
        let before = std::mem::replace(&mut slot.entry, entry);
        slot.was.get_or_insert_with(|| Box::new(before));
        if renamed {
            self.names.stray(&self.slots, number as usize);
        }
        if self.addresses.is_some() {
            self.index_address(number);
        }
    }

    /// Lets the absent entries of the list as it stood be found by their addresses, unless all are already. Tells
    /// whether there are any.
    pub(super) fn index_absent(&mut self) -> bool {
        let is_absent = |slot: &Slot| slot.in_base && slot.state == State::Absent;
        let absent: Vec<_> = (0..)
            .zip(&self.slots)
            .filter(|(_, slot)| is_absent(slot))
            .map(|(number, _)| number)
            .collect();
        if self.addresses.is_none() {
            self.addresses = Some(HashTable::with_capacity(absent.len()));
            absent.iter().for_each(|&number| self.index_address(number));
        }
        !absent.is_empty()
    }

    /// Returns the slots in `state` that have the address of `entry`, at most two of them.
    pub(super) fn find_address(&mut self, entry: &ListEntry, state: State) -> Found {
        if self.addresses.is_none() {
            self.addresses = Some(HashTable::with_capacity(self.slots.len()));
            for slot in 0..self.slots.len() {
                self.index_address(u32::try_from(slot).expect("pushed as u32"));
            }
        }
        let hash = self.hash_address(entry);
        let mut found = Found::None;
        let table = self.addresses.as_ref().expect("built above");
        for &number in table.iter_hash(hash) {
            let slot = &self.slots[number as usize];
            if slot.state == state && slot.entry.is_same_address(entry, self.code_page) {
                found = match found {
                    Found::None => Found::One(number),
                    Found::One(first) if first == number => Found::One(first),
                    _ => return Found::Several,
                };
            }
        }
        found
    }

    fn hash_address(&mut self, entry: &ListEntry) -> u64 {
        self.key.clear();
        entry.fold_address_into(self.code_page, &mut self.key);
        self.hasher.hash_one(&*self.key)
    }

    /// Lets a slot be found by its address. A stale pair of an earlier address does no harm:
    /// every hit is compared with the entry as it is now.
    fn index_address(&mut self, number: u32) {
        let entry = self.slots[number as usize].entry.clone();
        let hash = self.hash_address(&entry);
        let Self {
            slots,
            addresses,
            hasher,
            code_page,
            ..
        } = self;
        let table = addresses.as_mut().expect("called when it is there");
        table.insert_unique(hash, number, |&other| {
            let mut key = Vec::with_capacity(64);
            slots[other as usize]
                .entry
                .fold_address_into(*code_page, &mut key);
            hasher.hash_one(&*key)
        });
    }
}

/// How many entries have an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nobody.
    None,
    /// Exactly one.
    One(u32),
    /// More than one: a name is needed to tell them apart.
    Several,
}

#[cfg(test)]
mod tests;
