//! What asks need to know of the entries of a container.
//!
//! Most entries of a container are as the list wants them, or nothing is said of them. What they hold is looked at as they
//! are read, and not kept: then a run takes the memory of what it changes, whatever else entries hold.

use std::collections::HashMap;

use super::ask::{Ask, Select, Want};
use super::put::put;
use super::sender::Sender;
use crate::directory::entry::Attributes;
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
    /// Goes through the asks.
    #[must_use]
    pub fn of(asks: &'a [Ask]) -> Self {
        let mut needs = Self {
            asks,
            asked: HashMap::new(),
            is_by_name: false,
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
    pub fn keeps(
        &self,
        key: &SyncKey,
        present: &Attributes,
        sender: &Sender<'_>,
        managed: &[&str],
        mapping: &dyn Mapping,
    ) -> bool {
        if self.is_by_name {
            return true;
        }
        match self.asked.get(key) {
            None | Some(Need::Bare) => false,
            Some(Need::Whole) => true,
            Some(Need::Put(at)) => match &self.asks[*at].want {
                Want::Put { attributes, .. } => {
                    let mut wanted = put(present, attributes, sender, managed);
                    if is_same(present, &wanted) {
                        mapping.finish_alone(present, &mut wanted);
                    }
                    !is_same(present, &wanted)
                }
                _ => true,
            },
        }
    }

    /// Returns the keys that asks name, each once.
    pub fn keys(&self) -> impl Iterator<Item = &'a SyncKey> {
        self.asked.keys().copied()
    }
}
