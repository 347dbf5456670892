//! Who may change what: the registered authority for a postoffice, the owner of an entry, those who stand in for it
//! (DX-17, DX-18).

use std::collections::{HashMap, HashSet};

use super::ask::ListScope;
use super::lists::folded_place;
use crate::directory::authority::{Claim, Grant, may_bring, may_change};
use crate::directory::key::SyncKey;
use crate::directory::note::Note;

/// Whose entries are whose: which connection each registered postoffice belongs to.
#[derive(Debug, Clone, Default)]
pub struct Authorities {
    /// The owner that entries of a postoffice have.
    registered: HashMap<String, String>,
    /// Postoffices that the agent itself speaks for.
    own: HashSet<String>,
}

impl Authorities {
    /// Registers a postoffice for the connection whose entries have this owner, unless it is registered already.
    pub fn register(&mut self, network: &str, postoffice: &str, owner: &str) {
        let place = self.registered.entry(folded_place((network, postoffice)));
        place.or_insert_with(|| owner.to_owned());
    }

    /// Says that the agent itself speaks for a postoffice.
    pub fn own(&mut self, network: &str, postoffice: &str) {
        self.own.insert(folded_place((network, postoffice)));
    }

    /// Returns the owner that entries of a postoffice should have, where one is registered.
    #[must_use]
    pub fn of(&self, place: (&str, &str)) -> Option<&str> {
        let owner = match self.registered.is_empty() {
            true => None,
            false => self.registered.get(&folded_place(place)),
        };
        owner.map(|owner| &owner[..])
    }

    fn is_own(&self, place: (&str, &str)) -> bool {
        !self.own.is_empty() && self.own.contains(&folded_place(place))
    }
}

/// Who sends: one connection.
#[derive(Debug, Clone)]
pub struct Sender<'a> {
    /// Value of `syncImportedFrom` of its entries.
    pub owner: &'a str,
    /// Further owners whose entries it may change.
    pub also_accept: &'a [String],
    /// Who else is registered.
    pub authorities: &'a Authorities,
    /// Trust level of new entries.
    pub trust: u8,
    /// That level replaces one that was changed in the directory.
    pub force_trust: bool,
}

/// That an entry may be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Permit {
    /// The entry gets another owner, or another stands in for it.
    pub(super) note: Option<Note>,
    /// Owner that stands in, to be logged once (DX282).
    pub(super) stand_in: Option<String>,
}

impl Sender<'_> {
    /// Tells whether the entries of this owner are those of the sender.
    pub(super) fn is_owner(&self, owner: Option<&str>) -> bool {
        owner.is_some_and(|owner| owner.eq_ignore_ascii_case(self.owner))
    }

    /// Returns who is registered for the postoffice of a key.
    fn authority(&self, key: &SyncKey) -> Option<&str> {
        key.postoffice()
            .and_then(|place| self.authorities.of(place))
    }

    /// Tells whether a key is one that the agent itself gave out: it comes back to where it came from.
    pub(super) fn is_own_import(&self, key: &SyncKey) -> bool {
        key.postoffice()
            .is_some_and(|place| self.authorities.is_own(place))
    }

    /// Judges a change of an entry that is there, in the order of DX-18.
    pub(super) fn judge(&self, key: &SyncKey, owner: Option<&str>) -> Result<Permit, Note> {
        let claim = Claim {
            sender: self.owner,
            owner,
            authority: self.authority(key),
            also_accept: self.also_accept,
        };
        let (note, stand_in) = match may_change(claim)? {
            Grant::Authority(note) => (note, None),
            Grant::Owner => (None, None),
            Grant::AlsoAccepted(owner) => (None, Some(owner)),
        };
        Ok(Permit { note, stand_in })
    }

    /// Judges a new entry: the postoffice of its address must not be registered to another.
    pub(super) fn judge_new(&self, key: &SyncKey) -> Result<(), Note> {
        may_bring(self.owner, key.as_str(), self.authority(key))
    }

    /// Judges whether a list may begin.
    pub(super) fn may_begin(&self, list: &ListScope) -> Result<(), Note> {
        match list {
            ListScope::Postoffice {
                network,
                postoffice,
            } => self.judge_list(network, postoffice),
            ListScope::Type(_) => Ok(()),
        }
    }

    /// Judges an R.
    fn judge_list(&self, network: &str, postoffice: &str) -> Result<(), Note> {
        let authority = self.authorities.of((network, postoffice));
        may_bring(self.owner, &format!("{network}/{postoffice}"), authority)
    }
}
