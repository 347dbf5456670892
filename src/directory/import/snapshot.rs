//! What the directory holds, as far as a decision needs it.

use std::collections::{BTreeMap, HashMap};

use crate::directory::dn::Dn;
use crate::directory::entry::Attributes;
use crate::directory::key::SyncKey;

/// An entry of the directory that has a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its name.
    pub dn: Dn,
    /// Its owner; none for one put in by hand.
    pub owner: Option<String>,
    /// Its attributes.
    pub attributes: Attributes,
}

/// What the directory holds.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Entries with a key: those of the container, and others that an ask names.
    pub(super) held: BTreeMap<SyncKey, Held>,
    /// Who else has an address, in lower case: entries without a key, or with another one (LD-08).
    pub(super) holders: HashMap<String, Dn>,
    /// Entries with a key in other containers that were not read whole.
    elsewhere: HashMap<SyncKey, Dn>,
}

impl Snapshot {
    /// Adds an entry with a key.
    pub fn add(&mut self, key: SyncKey, held: Held) {
        self.elsewhere.remove(&key);
        self.held.insert(key, held);
    }

    /// Notes that another container has an entry with a key; it must be read before an ask for it is decided.
    pub fn add_elsewhere(&mut self, key: SyncKey, dn: Dn) {
        self.elsewhere.insert(key, dn);
    }

    /// Returns the name of an entry in another container that was not read yet.
    #[must_use]
    pub fn elsewhere(&self, key: &SyncKey) -> Option<&Dn> {
        self.elsewhere.get(key)
    }

    /// Notes that an entry without a key has a target address `TYPE:value`.
    pub fn add_holder(&mut self, address: &str, dn: Dn) {
        self.holders.insert(address.to_lowercase(), dn);
    }

    /// Returns an entry by its key.
    #[must_use]
    pub fn get(&self, key: &SyncKey) -> Option<&Held> {
        self.held.get(key)
    }

    /// Returns the entries, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&SyncKey, &Held)> {
        self.held.iter()
    }
}
