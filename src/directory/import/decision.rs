//! What is decided: what becomes of each ask, and what is written.

use std::collections::BTreeSet;

use super::changes::Write;
use crate::directory::key::SyncKey;
use crate::directory::note::Note;
use crate::plan::outcome::{Action, Counts, Outcome};

/// How much of the container the asks speak for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Updates: of what no R names, nothing is said.
    Updates {
        /// The message came whole, so that what an R does not name goes (DX-17).
        is_whole: bool,
    },
    /// A full list.
    List {
        /// It is proven whole: what it lacks goes.
        is_whole: bool,
    },
}

impl Extent {
    pub(super) fn is_whole(self) -> bool {
        match self {
            Self::Updates { is_whole } | Self::List { is_whole } => is_whole,
        }
    }
}

/// What became of one ask, or of an entry that none named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// The entry.
    pub key: Option<SyncKey>,
    /// What was asked.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was not applied.
    pub reason: Option<Note>,
    /// What was altered.
    pub notes: Vec<Note>,
    /// Number of the transaction.
    pub number: Option<u32>,
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// What became of each ask in order, then of the entries that none named.
    pub fates: Vec<Fate>,
    /// How many ended in which way.
    pub counts: Counts,
    /// What is written, in order.
    pub writes: Vec<Write>,
    /// Entries of the container with another owner or none.
    pub foreign: u64,
    /// Entries of the sender before.
    pub owned: u64,
    /// Owners that the sender stood in for (DX282).
    pub stand_ins: BTreeSet<String>,
    /// An ask was unusable so that nobody knows which entry it named.
    pub is_damaged: bool,
}
