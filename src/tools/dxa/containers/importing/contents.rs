//! What an import container holds, and the tree around it, as far as a run needs it: read entry by entry, and put in order
//! by key.

use std::collections::HashMap;
use std::path::Path;

use super::asks::Asked;
use super::sorting::{self, MEMORY};
use super::spilled::SpilledHolders;
use crate::directory::address_text::TargetAddress;
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::filter::Filter;
use crate::directory::holders::Holding;
use crate::directory::import::{Packed, Snapshot};
use crate::directory::key::SyncKey;
use crate::directory::ldap::{Connection, Scope, Search};
use crate::directory::schema;
use crate::tools::dxa::containers::container::unread;
use crate::tools::dxa::containers::handover::entry_at;
use crate::tools::dxa::home::unspilled;
use crate::tools::exit::ToolError;
use crate::tools::sorted::{Sorted, Sorter};

/// Attributes that hold addresses.
const ADDRESSES: [&str; 3] = [
    schema::ADDRESS,
    schema::PROXY_PRIMARY,
    schema::PROXY_SECONDARY,
];

/// Where an entry with a key was found. Of one key, the first of these counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Found {
    /// In the container, or left in one that was the container before.
    Here,
    /// In one of another connection; it counts where it is asked for.
    Elsewhere,
}

impl Found {
    pub(super) fn of(byte: u8) -> Option<Self> {
        let all = [Self::Here, Self::Elsewhere];
        all.into_iter().find(|found| *found as u8 == byte)
    }
}

/// What was read.
pub(super) struct Contents {
    /// Entries with a key, by key and [`Found`].
    pub(super) sorted: Sorted,
    /// How many.
    pub(super) count: usize,
    /// What is there beside those: who else has an address that is asked for, and what was put in by hand.
    pub(super) around: Snapshot,
}

/// Where a run reads, and for whom.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The container.
    pub(super) container: &'a Dn,
    /// The tree that it lies in.
    pub(super) suffix: &'a Dn,
    /// Owner of the entries.
    pub(super) owner: &'a str,
    /// Types of the addresses that are made for entries.
    pub(super) made: &'a [String],
    /// Entries that are read at a time.
    pub(super) page: u32,
    /// What is asked for.
    pub(super) asked: &'a Asked,
    /// Where files go that have no name.
    pub(super) folder: Option<&'a Path>,
}

struct Reading<'a> {
    place: Place<'a>,
    sorter: Sorter,
    count: usize,
    around: Snapshot,
    holders: SpilledHolders,
    failed: Option<ToolError>,
    record: Vec<u8>,
    /// Which of the keys that are asked for the container has.
    here: Vec<bool>,
    /// What had to stay in containers of before and is not in this one: hardly ever anything.
    behind: HashMap<SyncKey, Entry>,
}

impl Contents {
    /// Reads a container, what had to stay in those that were the container before (`behind`), and who else in the tree
    /// has an address. Returns who holds which address that may be made, in the whole tree, beside it.
    pub(super) fn read(
        directory: &mut Connection,
        place: Place<'_>,
        behind: &[Dn],
    ) -> Result<(Self, SpilledHolders), ToolError> {
        let mut reading = Reading {
            place,
            sorter: Sorter::new(MEMORY, place.folder),
            count: 0,
            around: Snapshot::default(),
            holders: SpilledHolders::new(place.folder),
            failed: None,
            record: Vec::new(),
            here: vec![false; place.asked.len()],
            behind: HashMap::new(),
        };
        for container in behind {
            reading.read_behind(directory, container)?;
        }
        reading.read_container(directory)?;
        reading.read_others(directory)?;
        for entry in std::mem::take(&mut reading.behind).into_values() {
            reading.take(&entry, Found::Here);
        }
        reading.read_elsewhere(directory)?;
        reading.holders.check()?;
        let contents = Self {
            sorted: reading.sorter.finish().map_err(unspilled)?,
            count: reading.count,
            around: reading.around,
        };
        Ok((contents, reading.holders))
    }
}

impl Reading<'_> {
    /// Reads all entries that a search finds.
    fn read(
        &mut self,
        directory: &mut Connection,
        search: &Search,
        mut take: impl FnMut(&mut Self, Entry),
    ) -> Result<(), ToolError> {
        let read = directory.for_each(search, |entry| {
            take(self, entry);
            self.failed.take().map_or(Ok(()), Err)
        })?;
        read.map(|_| ()).map_err(unread)
    }

    fn read_container(&mut self, directory: &mut Connection) -> Result<(), ToolError> {
        let mut own = Search::new(self.place.container.clone());
        own.page = Some(self.place.page);
        self.read(directory, &own, |this, entry| {
            let attributes = &entry.attributes;
            let is_remote = attributes.is_of_class(schema::REMOTE_ADDRESS);
            let has_key = is_remote && attributes.text(schema::KEY).is_some();
            // What was put in by hand is counted, and else left alone.
            let is_by_hand = !has_key && !schema::is_structure(attributes);
            this.around.by_hand += u64::from(is_by_hand);
            if is_remote {
                this.take(&entry, Found::Here);
            }
        })
    }

    fn read_others(&mut self, directory: &mut Connection) -> Result<(), ToolError> {
        let addresses = [&ADDRESSES[..], &[schema::MAIL]].concat();
        let attributes = [&addresses[..], &[schema::KEY]].concat();
        let addresses = Filter::Or(addresses.into_iter().map(Filter::present).collect());
        let foreign = Filter::equal(schema::IMPORTED_FROM, self.place.owner).negated();
        let mut others = Search::new(self.place.suffix.clone()).attributes(&attributes);
        others.filter = addresses.and(foreign);
        others.page = Some(self.place.page);
        self.read(directory, &others, |this, entry| this.take_other(&entry))
    }

    fn take(&mut self, entry: &Entry, found: Found) {
        self.hold(entry);
        let Some(key) = entry.attributes.text(schema::KEY).map(SyncKey::stored) else {
            return;
        };
        if !self.behind.is_empty() {
            self.behind.remove(&key);
        }
        if let Some(number) = self.place.asked.find(&key) {
            self.here[number] = true;
        }
        let mut sort_key = sorting::key_of(Some(&key));
        sort_key.push(found as u8);
        self.record.clear();
        entry.pack(&mut self.record);
        self.count += 1;
        if let Err(error) = self.sorter.push(&sort_key, &self.record) {
            self.failed = Some(unspilled(error));
        }
    }

    /// Takes an entry outside of the container: it may hold an address, or be one that another connection brought.
    fn take_other(&mut self, entry: &Entry) {
        if entry.dn.is_within(self.place.container) {
            return;
        }
        self.hold(entry);
        let key = entry.attributes.text(schema::KEY).map(SyncKey::stored);
        let is_foreign = key.is_some();
        if let Some(key) = key {
            let number = self.place.asked.find(&key);
            if number.is_some_and(|number| !self.here[number]) {
                // Read whole, so that its owner can be judged.
                self.around.add_elsewhere(key, entry.dn.clone());
            }
        }
        for text in addresses(entry) {
            // Under its key, an entry of another connection is judged as what it is.
            let is_key = is_foreign && entry.attributes.text(schema::ADDRESS) == Some(&*text);
            if let (false, Ok(address)) = (is_key, TargetAddress::parse(&text)) {
                if self.place.asked.find(&SyncKey::of(&address)).is_some() {
                    self.around.add_other(&address, &entry.dn);
                }
            }
        }
    }

    /// Notes which addresses an entry holds that may be made for others.
    fn hold(&mut self, entry: &Entry) {
        let made = self.place.made;
        if made.is_empty() {
            return;
        }
        for text in addresses(entry) {
            match TargetAddress::parse(&text) {
                Ok(address) if made.iter().any(|kind| kind == address.kind()) => {
                    self.holders.hold(&address, &entry.dn);
                }
                _ => {}
            }
        }
    }

    /// Reads the entries of the owner that had to stay in a container when the others were moved: they are its all the same.
    fn read_behind(&mut self, directory: &mut Connection, container: &Dn) -> Result<(), ToolError> {
        if entry_at(directory, container, &[schema::OBJECT_CLASS])?.is_none() {
            return Ok(());
        }
        let class = Filter::equal(schema::OBJECT_CLASS, schema::REMOTE_ADDRESS);
        let owner = Filter::equal(schema::IMPORTED_FROM, self.place.owner);
        let search = Search::new(container.clone()).filter(class.and(owner));
        self.read(directory, &search, |this, entry| {
            if let Some(key) = entry.attributes.text(schema::KEY).map(SyncKey::stored) {
                this.behind.entry(key).or_insert(entry);
            }
        })
    }

    /// Reads entries that other connections brought and that are asked for now, so that their owner can be judged.
    fn read_elsewhere(&mut self, directory: &mut Connection) -> Result<(), ToolError> {
        let names: Vec<_> = self.around.elsewhere().cloned().collect();
        for dn in names {
            let mut search = Search::new(dn);
            search.scope = Scope::Base;
            self.read(directory, &search, |this, entry| {
                this.take(&entry, Found::Elsewhere);
            })?;
        }
        Ok(())
    }
}

/// Returns every address of an entry as `TYPE:value`: its own, primary and secondary proxies, and that of a person who has
/// no more than a mail address (LD-08).
pub(super) fn addresses(entry: &Entry) -> impl Iterator<Item = String> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let ours = ADDRESSES.iter();
    let ours = ours.flat_map(move |name| entry.attributes.values(name).map(text));
    let mail = entry.attributes.values(schema::MAIL);
    let mail = mail.map(move |value| format!("SMTP:{}", text(value)));
    ours.chain(mail)
}
