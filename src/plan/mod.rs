//! What a pass wants to do, worked out before anything is written: decide, then do (design, section 1).
//!
//! ```text
//! transactions -> Op per list -> Merge (pure) -> ListPlan, Decision, Note -> Guard -> batch
//! ```
//!
//! A [`Plan`] is complete: what it says can be shown, saved and carried out later exactly as it stands.

pub mod guard;
pub mod info;
pub mod intake;
pub mod local;
pub mod merge;
pub mod op;
pub mod outcome;
pub mod pol;
mod reason;
pub mod saved;
mod slots;

use std::collections::BTreeSet;

use crate::address::{AddressType, PostofficeName};
use crate::list::{ListEntry, ListId};
use info::Template;
use op::Position;
use outcome::{Action, Counts, Outcome, Reason};

/// Length and CRC-32 of a file: enough to notice that it has moved since it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fingerprint {
    /// Bytes.
    pub len: u64,
    /// CRC-32/ISO-HDLC of all of them.
    pub crc32: u32,
}

/// Why an entry goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// Its list was replaced by one that does not have it.
    Absence,
    /// A D transaction named it.
    Explicit,
}

/// One changed row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A new entry; its TID is given when it is written.
    Add(ListEntry),
    /// An entry with a new name, address or information; TID 0 asks for a new one.
    Change {
        /// As it stood.
        old: Box<ListEntry>,
        /// As it will stand.
        new: ListEntry,
    },
    /// An entry that goes.
    Remove {
        /// As it stood.
        entry: ListEntry,
        /// Why.
        why: Removal,
    },
}

/// What changes in one list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPlan {
    /// Which list.
    pub id: ListId,
    /// The list file as it was read.
    pub fingerprint: Fingerprint,
    /// Entries before.
    pub base_len: u64,
    /// The changed rows, in no order that matters.
    pub rows: Vec<Row>,
    /// A new template; all information of the list is new with it.
    pub template: Option<Template>,
    /// The folded names of all entries made by hand, where that set changes.
    pub marks: Option<BTreeSet<Vec<u8>>>,
    /// What became of the transactions for this list.
    pub counts: Counts,
}

impl ListPlan {
    /// Tells whether carrying it out would write anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.template.is_none() && self.marks.is_none()
    }

    /// Returns how many rows go, for one reason.
    #[must_use]
    pub fn removal_count(&self, reason: Removal) -> u64 {
        let gone = |row: &&Row| matches!(row, Row::Remove { why, .. } if *why == reason);
        self.rows.iter().filter(gone).count() as u64
    }
}

/// A network or postoffice that autocreate defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlace {
    /// Family of the addresses there.
    pub kind: AddressType,
    /// Its names as the file spells them.
    pub name: PostofficeName,
    /// The network has to be made too.
    pub with_network: bool,
}

/// Everything a pass wants to change in the lists of one postoffice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Networks and postoffices to define first.
    pub places: Vec<NewPlace>,
    /// The lists, in the order of their ids.
    pub lists: Vec<ListPlan>,
}

impl Plan {
    /// Tells whether carrying it out would change any list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty() && self.lists.iter().all(ListPlan::is_empty)
    }
}

/// What became of one transaction, or of one entry that no transaction named.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Where the transaction stands; zero for an entry that no transaction named.
    pub at: Position,
    /// What was asked.
    pub action: Action,
    /// What happened.
    pub outcome: Outcome,
    /// Why it did not happen as asked.
    pub reason: Option<Reason>,
    /// The published message that goes with it.
    pub message: Option<u16>,
    /// The entry as the transaction names it; none for R and T.
    pub entry: Option<ListEntry>,
    /// The entry as it stands after an M.
    pub new: Option<Box<ListEntry>>,
}

/// A numbered message about one place of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub at: Position,
    /// Message number of `messages.tsv`.
    pub message: u16,
    /// What stands for the `x` of the text, in the code page.
    pub argument: Vec<u8>,
}
