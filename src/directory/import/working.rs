//! The entries as they are after the asks so far.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::lists::{Lists, Moment};
use super::sender::Sender;
use super::snapshot::{Held, Snapshot};
use crate::directory::dn::Dn;
use crate::directory::entry::Attributes;
use crate::directory::key::SyncKey;
use crate::directory::schema;

/// An entry as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// The entry of the directory that it comes from, by its key there.
    pub(super) origin: Option<SyncKey>,
    /// Its owner.
    pub(super) owner: Option<Arc<str>>,
    /// Its attributes; none where they are as the directory holds them.
    pub(super) attributes: Option<Attributes>,
    /// The ask that changed it last.
    pub(super) asked_by: Option<usize>,
    /// When it was named last.
    pub(super) named: Moment,
}

impl Slot {
    fn of(key: &SyncKey, held: &Held) -> Self {
        Self {
            origin: Some(key.clone()),
            owner: held.owner.clone(),
            attributes: None,
            asked_by: None,
            named: Moment::default(),
        }
    }

    /// An entry that an ask brings, in the place of one that an earlier ask took away where there was one.
    pub(super) fn new(origin: Option<SyncKey>) -> Self {
        Self {
            origin,
            owner: None,
            attributes: None,
            asked_by: None,
            named: Moment::default(),
        }
    }

    /// Returns the name of the entry, or one to speak of it where it is not in the directory yet.
    pub(super) fn dn(&self, snapshot: &Snapshot, key: &SyncKey) -> Dn {
        let origin = self.origin.as_ref().and_then(|origin| snapshot.get(origin));
        origin.map_or_else(
            || Dn::default().child(schema::KEY, key.as_str().as_bytes()),
            |held| held.dn.clone(),
        )
    }

    /// Returns the attributes as they are now.
    pub(super) fn attributes<'a>(&'a self, snapshot: &'a Snapshot) -> Option<&'a Attributes> {
        let origin = || snapshot.get(self.origin.as_ref()?)?.attributes.as_ref();
        self.attributes.as_ref().or_else(origin)
    }
}

/// What there is under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// The entry of the directory, as it is there.
    Same {
        /// The ask that wants it so.
        asked_by: Option<usize>,
        /// When it was named last.
        named: Moment,
    },
    /// Another entry, or one with other attributes.
    There(Box<Slot>),
    /// Nothing any more, since this ask.
    Gone(usize),
}

/// What was said of the entries of a snapshot, by key.
#[derive(Debug)]
pub(super) struct Working<'s> {
    snapshot: &'s Snapshot,
    touched: HashMap<SyncKey, State>,
    /// Keys in the directory of entries that got another one.
    moved: HashSet<SyncKey>,
    lists: &'s Lists,
    /// When the ask stands that is looked at.
    pub(super) now: Moment,
}

impl<'s> Working<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, lists: &'s Lists) -> Self {
        Self {
            snapshot,
            touched: HashMap::new(),
            moved: HashSet::new(),
            lists,
            now: Moment::default(),
        }
    }

    /// Returns the entry of a key as it is now.
    pub(super) fn get(&self, key: &SyncKey) -> Option<Slot> {
        let held = || self.snapshot.get(key).map(|held| Slot::of(key, held));
        match self.touched.get(key) {
            None => held(),
            Some(State::Same { asked_by, named }) => held().map(|slot| Slot {
                asked_by: *asked_by,
                named: *named,
                ..slot
            }),
            Some(State::There(slot)) => Some((**slot).clone()),
            Some(State::Gone(_)) => None,
        }
    }

    /// Tells whether the entry that has a key in the directory has another one now.
    pub(super) fn has_moved(&self, key: &SyncKey) -> bool {
        self.moved.contains(key)
    }

    /// Puts an entry under its key, named by an ask.
    pub(super) fn put(&mut self, key: SyncKey, slot: Slot, at: usize) {
        let (asked_by, named) = (Some(at), self.now);
        let state = match slot.attributes.is_none() && slot.origin.as_ref() == Some(&key) {
            true => State::Same { asked_by, named },
            false => State::There(Box::new(Slot {
                asked_by,
                named,
                ..slot
            })),
        };
        self.touched.insert(key, state);
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
        let now = self.now;
        match self.touched.get_mut(key) {
            Some(State::Same { named, .. }) => *named = now,
            Some(State::There(slot)) => slot.named = now,
            Some(State::Gone(_)) => {}
            None if self.snapshot.get(key).is_some() => {
                let (asked_by, named) = (None, now);
                self.touched
                    .insert(key.clone(), State::Same { asked_by, named });
            }
            None => {}
        }
    }

    /// Returns the keys of stale entries of the sender, in order: those of lists that began since they were named.
    pub(super) fn stale(&self, sender: &Sender<'_>) -> Vec<SyncKey> {
        let untouched = self
            .snapshot
            .iter()
            .filter(|(key, _)| !self.touched.contains_key(key));
        let untouched = untouched.map(|(key, held)| (key, &held.owner, Moment::default()));
        let touched = self.touched.iter().filter_map(|(key, state)| match state {
            State::Same { named, .. } => Some((key, &self.snapshot.get(key)?.owner, *named)),
            State::There(slot) => Some((key, &slot.owner, slot.named)),
            State::Gone(_) => None,
        });
        let stale = untouched.chain(touched).filter(|(key, owner, named)| {
            sender.is_owner(owner.as_deref()) && self.lists.is_stale(key, *named)
        });
        let mut keys: Vec<_> = stale.map(|(key, ..)| key.clone()).collect();
        keys.sort_unstable();
        keys
    }

    /// Returns the entries of the sender with the names that it knows them by.
    pub(super) fn names(&self, sender: &Sender<'_>) -> Vec<(SyncKey, String)> {
        let name = |attributes: &Attributes| {
            let names = [schema::ORIGINAL_NAME, "displayName", "cn"];
            let first = names
                .iter()
                .find_map(|attribute| attributes.text(attribute));
            first.unwrap_or_default().to_owned()
        };
        let untouched = self.snapshot.iter().map(|(key, _)| key);
        let untouched = untouched.filter(|key| !self.touched.contains_key(key));
        let keys = untouched.chain(self.touched.keys());
        let named = keys.filter_map(|key| {
            let slot = self.get(key)?;
            let attributes = slot.attributes(self.snapshot);
            let is_owner = sender.is_owner(slot.owner.as_deref());
            is_owner.then(|| (key.clone(), attributes.map(name).unwrap_or_default()))
        });
        named.collect()
    }

    /// Returns what was said of entries, in the order of their keys, without those that are settled: as they are to be.
    pub(super) fn into_unsettled(self) -> Vec<(SyncKey, State)> {
        let is_settled = |key: &SyncKey, state: &State| {
            let held = || self.snapshot.get(key).and_then(|h| h.attributes.as_ref());
            matches!(state, State::Same { asked_by, .. } if asked_by.is_none() || held().is_none())
        };
        let touched = self.touched.into_iter();
        let mut touched: Vec<_> = touched.filter(|(k, s)| !is_settled(k, s)).collect();
        touched.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        touched
    }
}
