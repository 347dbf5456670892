//! What asks need to know of the entries of a container.
//!
//! Most entries of a container are as the list wants them, or nothing is said of them. What they hold is looked at as they
//! are read, and not kept: then a run takes the memory of what it changes, whatever else entries hold.

use std::collections::HashMap;

use super::ask::{Ask, Select, Want};
use super::put::{is_put, put};
use super::sender::Sender;
use crate::directory::entry::{Attributes, Names};
use crate::directory::key::SyncKey;

use super::changes::is_same;
use super::decide::Mapping;

/// What the asks of a run need to know of the entries of a container.
pub struct Needs<'a> {
    asks: &'a [Ask],
    /// Entries that an ask is about.
    asked: HashMap<&'a SyncKey, Need>,
    /// An ask goes by a name, so that it may be about any entry.
    is_by_name: bool,
    sender: &'a Sender<'a>,
    managed: &'a Names,
    mapping: &'a dyn Mapping,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// One ask, this one, wants the entry to be there as it is described.
    Put(usize),
    /// What the entry holds does not matter.
    Bare,
    /// All of it.
    Whole,
}

impl<'a> Needs<'a> {
    /// Goes through the asks, which will be decided by these rules.
    #[must_use]
    pub fn of(
        asks: &'a [Ask],
        sender: &'a Sender<'a>,
        managed: &'a Names,
        mapping: &'a dyn Mapping,
    ) -> Self {
        let mut needs = Self {
            asks,
            asked: HashMap::with_capacity(asks.len()),
            is_by_name: false,
            sender,
            managed,
            mapping,
        };
        for (at, ask) in asks.iter().enumerate() {
            let need = match &ask.want {
                Want::Put { .. } => Need::Put(at),
                Want::Change { select, .. } => {
                    needs.is_by_name |= matches!(select, Select::Name(_));
                    Need::Whole
                }
                _ => Need::Bare,
            };
            if let Some(key) = ask.key() {
                needs
                    .asked
                    .entry(key)
                    .and_modify(|need| *need = Need::Whole)
                    .or_insert(need);
            }
        }
        needs
    }

    /// Tells whether what an entry holds must be kept.
    #[must_use]
    pub fn keeps(&self, key: &SyncKey, present: &Attributes) -> bool {
        if self.is_by_name {
            return true;
        }
        match self.asked.get(key) {
            None | Some(Need::Bare) => false,
            Some(Need::Whole) => true,
            Some(Need::Put(at)) => match &self.asks[*at].want {
                Want::Put { attributes, .. } => {
                    let (sender, managed) = (self.sender, self.managed);
                    let is_put = is_put(present, attributes, sender, managed)
                        || is_same(present, &put(present, attributes, sender, managed));
                    !is_put || !self.mapping.leaves(present)
                }
                _ => true,
            },
        }
    }

    /// Tells whether an ask is about an entry, so that one in another container counts too.
    #[must_use]
    pub fn asks_for(&self, key: &SyncKey) -> bool {
        self.asked.contains_key(key)
    }
}
