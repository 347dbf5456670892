//! The accounts of a postoffice as they stand, and what changes about them.

use crate::codec::FixedText;
use crate::list::ListEntry;
use crate::plan::outcome::Counts;
use crate::plan::{Decision, Note};
use crate::transaction::{InfoLine, Token, Transaction};

/// One account as it stands, or as it will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Where it is.
    pub place: Place,
    /// Full name.
    pub name: FixedText<31>,
    /// Mailbox.
    pub mailbox: FixedText<11>,
    /// It may administrate the postoffice.
    pub is_administrator: bool,
}

/// Where an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At this place in the ACCESS files.
    Existing(usize),
    /// This run creates it: number of its change.
    Created(usize),
}

/// What changes about the accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalChange {
    /// A new account.
    Create {
        /// Full name and mailbox.
        entry: ListEntry,
        /// Template information.
        info: Vec<InfoLine>,
        /// Settings.
        tokens: Vec<Token>,
    },
    /// Another name, mailbox, information or setting; files and TID stay.
    Modify {
        /// Place in the ACCESS files.
        index: usize,
        /// Full name before.
        old_name: FixedText<31>,
        /// Full name and mailbox after.
        entry: ListEntry,
        /// Template information.
        info: Vec<InfoLine>,
        /// Settings; administrator rights are left out for the administrator who runs the program.
        tokens: Vec<Token>,
    },
    /// The account goes, with its files.
    Delete {
        /// Place in the ACCESS files.
        index: usize,
        /// Full name.
        name: FixedText<31>,
    },
}

/// What the transactions for the own postoffice come to.
#[derive(Debug, Default)]
pub struct LocalPlan {
    /// The changes in their order, each with the transaction that REQTRANS gets.
    pub changes: Vec<(LocalChange, Transaction)>,
    /// What became of the transactions.
    pub counts: Counts,
    /// One per transaction, if they were asked for.
    pub decisions: Vec<Decision>,
    /// Numbered messages.
    pub notes: Vec<Note>,
}
