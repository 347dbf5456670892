//! What the directory holds, as far as a decision needs it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::changes::is_same;
use crate::directory::address_text::TargetAddress;
use crate::directory::dn::Dn;
use crate::directory::entry::Attributes;
use crate::directory::holders::Holders;
use crate::directory::key::SyncKey;

/// An entry of the directory that has a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its name.
    pub dn: Dn,
    /// Its owner; none for one put in by hand.
    pub owner: Option<Arc<str>>,
    /// Its attributes. They are not kept of an entry that no ask is about, nor of one that is as its ask wants it to be.
    pub attributes: Option<Attributes>,
}

/// What the directory holds.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Entries with a key: those of the container, and others that an ask names.
    held: HashMap<SyncKey, Held>,
    /// Who else has a target address: entries without a key (LD-08).
    others: Holders,
    /// Entries with a key in other containers that were not read whole.
    elsewhere: HashMap<SyncKey, Dn>,
    /// Owners of entries: they are few.
    owners: HashSet<Arc<str>>,
    /// Entries of the container without a key, which nobody brought.
    pub by_hand: u64,
}

impl Snapshot {
    /// Adds an entry with a key.
    pub fn add(
        &mut self,
        key: SyncKey,
        dn: Dn,
        owner: Option<&str>,
        attributes: Option<Attributes>,
    ) {
        let owner = owner.map(|owner| match self.owners.get(owner) {
            Some(known) => known.clone(),
            None => {
                let owner: Arc<str> = owner.into();
                self.owners.insert(owner.clone());
                owner
            }
        });
        let mut attributes = attributes;
        if let Some(attributes) = &mut attributes {
            attributes.shrink();
        }
        self.elsewhere.remove(&key);
        let held = Held {
            dn,
            owner,
            attributes,
        };
        self.held.insert(key, held);
    }

    /// Forgets the entries with a key, for those of the next part; who else has an address stays.
    pub fn clear(&mut self) {
        self.held.clear();
        self.by_hand = 0;
    }

    /// Notes that another container has an entry with a key; it must be read before an ask for it is decided.
    pub fn add_elsewhere(&mut self, key: SyncKey, dn: Dn) {
        if !self.held.contains_key(&key) {
            self.elsewhere.insert(key, dn);
        }
    }

    /// Returns the names of entries in other containers that were not read yet.
    pub fn elsewhere(&self) -> impl Iterator<Item = &Dn> {
        self.elsewhere.values()
    }

    /// Notes that an entry without a key has a target address.
    pub fn add_other(&mut self, address: &TargetAddress, dn: &Dn) {
        self.others.hold(address, dn);
    }

    /// Returns who has a target address and no key.
    pub(super) fn other(&self, address: &TargetAddress) -> Option<&Dn> {
        self.others.holder(address)
    }

    /// Returns an entry by its key.
    #[must_use]
    pub fn get(&self, key: &SyncKey) -> Option<&Held> {
        self.held.get(key)
    }

    /// Returns the entries, in any order.
    pub fn iter(&self) -> impl Iterator<Item = (&SyncKey, &Held)> {
        self.held.iter()
    }
}

impl Held {
    /// Tells whether these are the attributes of the entry.
    pub(super) fn is_as(&self, attributes: &Attributes) -> bool {
        self.attributes
            .as_ref()
            .is_some_and(|present| is_same(present, attributes))
    }
}
