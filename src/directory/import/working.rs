//! The entries as they are after the asks so far.

use std::collections::{BTreeMap, HashSet};

use super::ask::ListScope;
use super::sender::Sender;
use super::snapshot::{Held, Snapshot};
use crate::directory::entry::Attributes;
use crate::directory::key::SyncKey;

/// An entry as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// The entry of the directory that it comes from, by its key there.
    pub(super) origin: Option<SyncKey>,
    /// Its owner.
    pub(super) owner: Option<String>,
    /// Its attributes.
    pub(super) attributes: Attributes,
    /// A list was begun that has not named it yet.
    pub(super) is_stale: bool,
    /// The ask that changed it last.
    pub(super) asked_by: Option<usize>,
}

impl Slot {
    fn of(key: &SyncKey, held: &Held) -> Self {
        Self {
            origin: Some(key.clone()),
            owner: held.owner.clone(),
            attributes: held.attributes.clone(),
            is_stale: false,
            asked_by: None,
        }
    }

    /// Returns the entry as one that a sender is judged by.
    pub(super) fn as_held(&self, snapshot: &Snapshot, key: &SyncKey) -> Held {
        let origin = self.origin.as_ref().and_then(|origin| snapshot.get(origin));
        Held {
            dn: origin.map_or_else(|| Held::new_dn(key), |held| held.dn.clone()),
            owner: self.owner.clone(),
            attributes: Attributes::default(),
        }
    }
}

impl Held {
    /// A name to speak of an entry that is not in the directory yet.
    fn new_dn(key: &SyncKey) -> crate::directory::dn::Dn {
        crate::directory::dn::Dn::default()
            .child(crate::directory::schema::KEY, key.as_str().as_bytes())
    }
}

/// What there is under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// An entry.
    There(Slot),
    /// Nothing any more, since this ask.
    Gone(usize),
}

impl State {
    pub(super) fn slot(&self) -> Option<&Slot> {
        match self {
            Self::There(slot) => Some(slot),
            Self::Gone(_) => None,
        }
    }
}

/// What is different from the snapshot, by key.
#[derive(Debug)]
pub(super) struct Working<'s> {
    snapshot: &'s Snapshot,
    touched: BTreeMap<SyncKey, State>,
    /// Keys in the directory of entries that got another one.
    moved: HashSet<SyncKey>,
}

impl<'s> Working<'s> {
    pub(super) fn new(snapshot: &'s Snapshot) -> Self {
        Self {
            snapshot,
            touched: BTreeMap::new(),
            moved: HashSet::new(),
        }
    }

    /// Returns the entry of a key as it is now.
    pub(super) fn get(&self, key: &SyncKey) -> Option<Slot> {
        match self.touched.get(key) {
            Some(state) => state.slot().cloned(),
            None => self.snapshot.get(key).map(|held| Slot::of(key, held)),
        }
    }

    /// Tells whether the entry that has a key in the directory has another one now.
    pub(super) fn has_moved(&self, key: &SyncKey) -> bool {
        self.moved.contains(key)
    }

    pub(super) fn put(&mut self, key: SyncKey, slot: Slot) {
        self.touched.insert(key, State::There(slot));
    }

    /// Takes an entry out from under its key, to be put under another one.
    pub(super) fn begin_move(&mut self, key: &SyncKey, slot: &Slot, at: usize) {
        self.moved.extend(slot.origin.clone());
        self.remove(key, at);
    }

    /// Takes the entry of a key out.
    pub(super) fn remove(&mut self, key: &SyncKey, at: usize) {
        self.touched.insert(key.clone(), State::Gone(at));
    }

    /// Notes that a list named an entry, whatever becomes of the line.
    pub(super) fn name(&mut self, key: &SyncKey) {
        if let Some(State::There(slot)) = self.touched.get_mut(key) {
            slot.is_stale = false;
        }
    }

    /// Begins a list, or all lists: the entries of the sender in it are stale until they are named.
    pub(super) fn begin_list(&mut self, sender: &Sender<'_>, list: Option<&ListScope>) {
        let is_in = |key: &SyncKey| list.is_none_or(|list| list.holds(key));
        let untouched = self.snapshot.iter().filter(|(key, held)| {
            is_in(key) && sender.is_owner(held) && !self.touched.contains_key(key)
        });
        let mut stale: Vec<_> = untouched
            .map(|(key, held)| (key.clone(), Slot::of(key, held)))
            .collect();
        for (key, state) in &self.touched {
            let slot = state.slot().filter(|slot| {
                let owner = slot.owner.as_deref();
                is_in(key) && owner.is_some_and(|owner| owner.eq_ignore_ascii_case(sender.owner))
            });
            stale.extend(slot.map(|slot| (key.clone(), slot.clone())));
        }
        for (key, slot) in stale {
            let is_stale = true;
            self.put(key, Slot { is_stale, ..slot });
        }
    }

    /// Returns the entries of the sender with the names that it knows them by.
    pub(super) fn names(&self, sender: &Sender<'_>) -> Vec<(SyncKey, String)> {
        let name = |attributes: &Attributes| {
            let names = ["syncOriginalName", "displayName", "cn"];
            let first = names
                .iter()
                .find_map(|attribute| attributes.text(attribute));
            first.unwrap_or_default().to_owned()
        };
        let untouched = self
            .snapshot
            .iter()
            .filter(|(key, held)| !self.touched.contains_key(key) && sender.is_owner(held));
        let touched = self
            .touched
            .iter()
            .filter_map(|(key, state)| Some((key, state.slot()?)));
        let touched = touched.filter(|(_, slot)| {
            let owner = slot.owner.as_deref();
            owner.is_some_and(|owner| owner.eq_ignore_ascii_case(sender.owner))
        });
        let untouched = untouched.map(|(key, held)| (key.clone(), name(&held.attributes)));
        untouched
            .chain(touched.map(|(key, slot)| (key.clone(), name(&slot.attributes))))
            .collect()
    }

    pub(super) fn into_touched(self) -> BTreeMap<SyncKey, State> {
        self.touched
    }
}
