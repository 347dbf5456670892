//! What the hub keeps, what it takes from a branch and what it answers (`spec/exchange.md` IO-03, IO-04, IO-09).

mod answering;
mod applying;
mod taking;

use std::collections::{BTreeSet, HashMap};

use super::card::{Card, SourceKey};
use super::number::{Epoch, Receipt, Usn};
use crate::directory::note::Note;

pub use answering::{answer, forget};
pub use taking::{Taken, take};

/// The head of the master table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Master {
    /// Whose numbers they are.
    pub epoch: Epoch,
    /// Last number given.
    pub last: Usn,
    /// Highest number of a deletion that was forgotten: who has less cannot be told what went (IO-04).
    pub forgotten: Usn,
}

/// An entry of the master table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Whose it is.
    pub key: SourceKey,
    /// Number of the last change that the other branches see.
    pub usn: Usn,
    /// As they see it; none where it is gone, or never was to be seen.
    pub shown: Option<Card>,
    /// As its branch has it, and why the others do not see that.
    pub waiting: Option<(Card, Note)>,
}

/// What the hub knows of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, upper case.
    pub name: String,
    /// How far its changes were taken, and the request that brought the last of them.
    pub taken: Option<Progress>,
    /// The requests before that one.
    pub earlier: Vec<String>,
    /// How far it said that it has applied.
    pub confirmed: Usn,
    /// The answers it got, oldest first, and how far each went.
    pub given: Vec<(Receipt, Usn)>,
}

/// How far something was taken, in whose numbers, and what brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Whose numbers.
    pub epoch: Epoch,
    /// The last one.
    pub usn: Usn,
    /// Id of the request.
    pub by: String,
}

impl Member {
    /// Begins with a branch that nothing is known of.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_uppercase(),
            taken: None,
            earlier: Vec::new(),
            confirmed: Usn::NONE,
            given: Vec::new(),
        }
    }

    /// Tells whether nothing was ever heard of it.
    fn is_blank(&self) -> bool {
        self.taken.is_none() && self.given.is_empty()
    }
}

/// The master table inside a transaction: what is put is there together with everything else that is, or not at all. Two
/// hubs that work beside each other see one another's work only whole.
pub trait MasterStore {
    /// What reading or writing fails with.
    type Error;

    /// Returns the head.
    fn head(&mut self) -> Result<Master, Self::Error>;
    /// Writes the head.
    fn set_head(&mut self, head: &Master) -> Result<(), Self::Error>;
    /// Returns what is known of a branch; of one that is new, nothing.
    fn member(&mut self, name: &str) -> Result<Member, Self::Error>;
    /// Writes what is known of a branch.
    fn set_member(&mut self, member: &Member) -> Result<(), Self::Error>;
    /// Returns the names of the branches that something is known of.
    fn members(&mut self) -> Result<Vec<String>, Self::Error>;
    /// Forgets a branch.
    fn remove_member(&mut self, name: &str) -> Result<(), Self::Error>;
    /// Returns those of the entries that are there.
    fn rows(&mut self, keys: &BTreeSet<SourceKey>) -> Result<Vec<Row>, Self::Error>;
    /// Writes entries, with the addresses that they are seen to claim: first all of them give up what they had. One that
    /// waits for nothing and was never seen is taken out.
    fn put(&mut self, rows: &[Row]) -> Result<(), Self::Error>;
    /// Returns who is seen to have which of these addresses, given in lower case.
    fn holders(
        &mut self,
        addresses: &BTreeSet<String>,
    ) -> Result<HashMap<String, SourceKey>, Self::Error>;
    /// Returns the entries that wait, by key.
    fn waiting(&mut self) -> Result<Vec<Row>, Self::Error>;
    /// Returns the keys of the entries of a branch that are seen or wait.
    fn keys_of(&mut self, branch: &str) -> Result<BTreeSet<SourceKey>, Self::Error>;
    /// Hands over the entries with a number above one, in order of their numbers, those of one branch left out.
    fn above(
        &mut self,
        usn: Usn,
        except: &str,
        take: &mut dyn FnMut(Row),
    ) -> Result<(), Self::Error>;
    /// Forgets deletions up to a number; returns the highest that it forgot.
    fn forget(&mut self, upto: Usn) -> Result<Option<Usn>, Self::Error>;
}
