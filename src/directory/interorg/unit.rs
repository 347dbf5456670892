//! What a branch and the hub say to each other (`spec/exchange.md` IO-01).

use super::card::{Card, SourceKey};
use super::master::Progress;
use super::number::{Epoch, Receipt, Span, Usn};
use crate::directory::note::Note;
use crate::plan::outcome::Reason;

/// One change of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number: the branch's own in a request, the master USN in an answer.
    pub number: Usn,
    /// Whose entry.
    pub key: SourceKey,
    /// What it is now; none where it is gone.
    pub card: Option<Card>,
}

/// An entry that stays at home, and why: said to the hub, so that both sides know (IO-08).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// Whose entry.
    pub key: SourceKey,
    /// Its name at the source.
    pub dn: String,
    /// Why.
    pub note: Note,
}

impl Withheld {
    /// Tells whether the others keep what they have of it: it cannot go as it is, and nobody wants it gone (NT-07, IO-14).
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.note.reason == Reason::TooLong
    }
}

/// What a branch sends: its changes, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Id of the message, never given twice by a branch.
    pub id: String,
    /// Name of the branch.
    pub branch: String,
    /// Ids of the requests before it, oldest first, from the one on that the hub confirmed last.
    pub earlier: Vec<String>,
    /// Whose numbers the changes have.
    pub epoch: Epoch,
    /// The changes it carries: everything behind what the hub has confirmed.
    pub span: Span,
    /// It carries every entry, so that what it lacks is gone (Export All, and whenever the hub has to begin anew).
    pub is_full: bool,
    /// How far the branch has applied the hub's changes.
    pub applied: Applied,
    /// In order of their numbers.
    pub changes: Vec<Change>,
    /// What the branch keeps at home for a reason that the hub is told.
    pub withheld: Vec<Withheld>,
}

/// How far a branch has applied the hub's changes, not merely received them (IO-03).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// Whose numbers; none where it has none.
    pub epoch: Option<Epoch>,
    /// The highest one; zero asks for everything (Import All, IO-15).
    pub usn: Usn,
    /// The answer that brought it.
    pub receipt: Option<Receipt>,
}

/// What the hub sends back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Id of the message.
    pub id: String,
    /// Name of the branch.
    pub branch: String,
    /// Id of the request that it answers.
    pub answers: String,
    /// Whose numbers the changes have.
    pub epoch: Epoch,
    /// What the branch will have when it has applied this.
    pub span: Span,
    /// It carries every entry that the branch is to have.
    pub is_full: bool,
    /// What the branch gives back when it has applied this.
    pub receipt: Receipt,
    /// The receipts that the branch was given before, oldest first.
    pub earlier: Vec<Receipt>,
    /// How far the hub has the branch's changes, and in whose numbers; none where it has none of it.
    pub taken: Option<Progress>,
    /// The hub lacks something that the branch believes it has: everything is to be sent again.
    pub wants_all: bool,
    /// In order of their numbers.
    pub changes: Vec<Change>,
    /// Changes of the branch that the hub keeps back, until their reason is gone.
    pub refused: Vec<Withheld>,
}
