//! One list in memory while it is being changed: entries found by name and by address.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::codec::codepage::CodePage;
use crate::list::ListEntry;

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
}

/// The entries of one list with their indexes. The address index is built when first asked for:
/// most runs never need it.
#[derive(Debug)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    names: HashTable<u32>,
    addresses: Option<HashTable<u32>>,
    hasher: DefaultHashBuilder,
    code_page: CodePage,
    key: Vec<u8>,
    /// The name that was hashed last, and its hash: a name that is not found is mostly added next.
    last_name: Vec<u8>,
    last_hash: Option<u64>,
}

impl Slots {
    pub(super) fn with_capacity(capacity: usize, code_page: CodePage) -> Self {
        Self {
            slots: Vec::with_capacity(capacity),
            names: HashTable::with_capacity(capacity),
            addresses: None,
            hasher: DefaultHashBuilder::default(),
            code_page,
            key: Vec::with_capacity(64),
            last_name: Vec::with_capacity(32),
            last_hash: None,
        }
    }

    /// Makes room for this many slots in all.
    pub(super) fn reserve_to(&mut self, count: usize) {
        let more = count.saturating_sub(self.slots.len());
        self.slots.reserve(more);
        let Self {
            slots,
            names,
            hasher,
            code_page,
            ..
        } = self;
        names.reserve(more, by_name(slots, hasher, *code_page));
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

    /// Tells whether an entry that stood in the list before the run is absent now.
    pub(super) fn has_absent_of_base(&self) -> bool {
        let is_absent = |slot: &Slot| slot.in_base && slot.state == State::Absent;
        self.slots.iter().any(is_absent)
    }

    pub(super) fn into_slots(self) -> Vec<Slot> {
        self.slots
    }

    fn hash_name(&mut self, name: &[u8]) -> u64 {
        if let Some(hash) = self.last_hash.filter(|_| self.last_name == name) {
            return hash;
        }
        self.key.clear();
        self.code_page.fold_into(name, &mut self.key);
        let hash = self.hasher.hash_one(&*self.key);
        self.last_name.clear();
        self.last_name.extend_from_slice(name);
        self.last_hash = Some(hash);
        hash
    }

    /// Adds a slot and lets its name be found; the name is not taken by another findable slot.
    pub(super) fn push(&mut self, slot: Slot) -> u32 {
        let number = u32::try_from(self.slots.len()).expect("a list file stays below 4 GiB");
        let hash = self.hash_name(slot.entry.name.as_bytes());
        self.slots.push(slot);
        let Self {
            slots,
            names,
            hasher,
            code_page,
            addresses,
            ..
        } = self;
        names.insert_unique(hash, number, by_name(slots, hasher, *code_page));
        if addresses.is_some() {
            self.index_address(number);
        }
        number
    }

    /// Finds the slot that has a name, live or absent.
    pub(super) fn find_name(&mut self, name: &[u8]) -> Option<u32> {
        let hash = self.hash_name(name);
        let Self {
            slots,
            names,
            code_page,
            ..
        } = self;
        names
            .find(hash, |&slot| {
                code_page.eq_ignore_case(slots[slot as usize].entry.name.as_bytes(), name)
            })
            .copied()
    }

    /// Makes the name of a slot free for another.
    pub(super) fn release_name(&mut self, slot: u32) {
        let name = self.slots[slot as usize].entry.name;
        let hash = self.hash_name(name.as_bytes());
        if let Ok(found) = self.names.find_entry(hash, |&other| other == slot) {
            found.remove();
        }
    }

    /// Gives a slot another entry; the new name is free or its own.
    pub(super) fn rename(&mut self, slot: u32, entry: ListEntry) -> ListEntry {
        self.release_name(slot);
        let old = std::mem::replace(&mut self.slots[slot as usize].entry, entry);
        let name = self.slots[slot as usize].entry.name;
        let hash = self.hash_name(name.as_bytes());
        let Self {
            slots,
            names,
            hasher,
            code_page,
            ..
        } = self;
        names.insert_unique(hash, slot, by_name(slots, hasher, *code_page));
        if self.addresses.is_some() {
            self.index_address(slot);
        }
        old
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

/// Hashes the name of a slot, for an index of names that grows.
fn by_name(
    slots: &[Slot],
    hasher: &DefaultHashBuilder,
    code_page: CodePage,
) -> impl Fn(&u32) -> u64 {
    move |&slot| {
        let mut key = Vec::with_capacity(32);
        code_page.fold_into(slots[slot as usize].entry.name.as_bytes(), &mut key);
        hasher.hash_one(&*key)
    }
}
