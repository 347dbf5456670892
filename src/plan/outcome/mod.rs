//! What became of an entry, why, and how many: one outcome per entry read, and counts that add up.
//!
//! Counting is arithmetic on [`Counts`]; the details of an entry ([`EntryOutcome`]) are made only for
//! an [`OutcomeSink`] that wants them, so that a pass over a million entries allocates nothing for it.
//! The names written out here are stable: reports are read by other programs.

mod line;

use serde::{Deserialize, Serialize};

pub use super::reason::Reason;
use crate::transaction::Transaction;
pub use line::{EntryOutcome, OutcomeSink, Tally};

/// What was asked for an entry (design section 5, the key `action` of a report line).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Put the entry in (an `A` line, or an entry a full list brings).
    Add,
    /// Change the entry (an `M` line).
    Modify,
    /// Change the name or the address that identifies the entry.
    Rename,
    /// Take the entry out: a `D` line, or its absence from a list proven whole.
    Delete,
    /// Empty a list before what follows (an `R` line).
    Replace,
    /// Define the template of an address type (a `T` line).
    Template,
    /// Nothing was asked: the entry is only accounted for.
    None,
}

impl Action {
    /// Returns what a transaction asks for.
    #[must_use]
    pub fn of(transaction: &Transaction) -> Self {
        match transaction {
            Transaction::Add { .. } => Self::Add,
            Transaction::Delete { .. } => Self::Delete,
            Transaction::Modify { .. } => Self::Modify,
            Transaction::Replace { .. } => Self::Replace,
            Transaction::Template { .. } => Self::Template,
        }
    }
}

/// How it ended for one entry (design section 5). Every entry read has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is new.
    Added,
    /// It was there and is now different.
    Modified,
    /// It goes by another name or address now.
    Renamed,
    /// It was taken out because the source said so.
    Deleted,
    /// It was already as asked.
    Unchanged,
    /// It could not be applied; the reason says why.
    Refused,
    /// It was rightly not applied; the reason says why.
    Ignored,
    /// Not in the source, and removed for that.
    Swept,
    /// Not in the source, and left where it is.
    Kept,
    /// Not an entry but an `R` or `T` line that was carried out.
    Command,
}

impl Outcome {
    /// Tells whether this is the outcome of an entry that was read; the others are those of entries that no
    /// transaction named, and of `R` and `T` lines.
    #[must_use]
    pub const fn is_of_read_entry(self) -> bool {
        !matches!(self, Self::Swept | Self::Kept | Self::Command)
    }
}

/// How many entries ended in which way.
///
/// `read` is counted where entries are read and the outcomes where they are decided, so that
/// [`adds_up`](Self::adds_up) shows whether one was lost between the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Entries read from the source.
    pub read: u64,
    /// Entries that are new.
    pub added: u64,
    /// Entries changed.
    pub modified: u64,
    /// Entries renamed.
    pub renamed: u64,
    /// Entries taken out because the source said so.
    pub deleted: u64,
    /// Entries that were already as asked.
    pub unchanged: u64,
    /// Entries that could not be applied.
    pub refused: u64,
    /// Entries that were rightly not applied.
    pub ignored: u64,
    /// Entries removed because the source, proven whole, does not have them.
    pub swept: u64,
    /// Entries the source does not have that were left in place.
    pub kept: u64,
    /// Of `kept`, those that would have been swept had the source been proven whole or the limit higher.
    pub withheld: u64,
    /// `R` and `T` lines carried out; not part of `read`.
    pub commands: u64,
}

impl Counts {
    /// Counts one outcome. An entry kept for [`Reason::ListIncomplete`] or [`Reason::DeleteLimit`] counts as
    /// withheld as well.
    pub fn count(&mut self, outcome: Outcome, reason: Option<Reason>) {
        match outcome {
            Outcome::Added => self.added += 1,
            Outcome::Modified => self.modified += 1,
            Outcome::Renamed => self.renamed += 1,
            Outcome::Deleted => self.deleted += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Refused => self.refused += 1,
            Outcome::Ignored => self.ignored += 1,
            Outcome::Swept => self.swept += 1,
            Outcome::Kept => {
                self.kept += 1;
                self.withheld += u64::from(reason.is_some_and(Reason::withholds));
            }
            Outcome::Command => self.commands += 1,
        }
    }

    /// Returns whether every entry read has an outcome:
    /// `read = added + modified + renamed + deleted + unchanged + refused + ignored`.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let decided = self.changed() + self.unchanged + self.refused + self.ignored;
        self.read == decided && self.withheld <= self.kept
    }

    /// Returns how many entries of the source changed something.
    #[must_use]
    pub fn changed(&self) -> u64 {
        self.added + self.modified + self.renamed + self.deleted
    }

    /// Returns the outcomes that a line about a run names, each with its word. `kept` and commands are not among them.
    #[must_use]
    pub fn named(&self) -> [(&'static str, u64); 9] {
        [
            ("added", self.added),
            ("modified", self.modified),
            ("renamed", self.renamed),
            ("deleted", self.deleted),
            ("swept", self.swept),
            ("unchanged", self.unchanged),
            ("refused", self.refused),
            ("ignored", self.ignored),
            ("withheld", self.withheld),
        ]
    }

    /// Returns whether some entries were refused or withheld, so that the run ends with exit 1.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.refused > 0 || self.withheld > 0
    }

    /// Adds the counts of another list or file of the same run.
    pub fn merge(&mut self, other: &Self) {
        self.read += other.read;
        self.added += other.added;
        self.modified += other.modified;
        self.renamed += other.renamed;
        self.deleted += other.deleted;
        self.unchanged += other.unchanged;
        self.refused += other.refused;
        self.ignored += other.ignored;
        self.swept += other.swept;
        self.kept += other.kept;
        self.withheld += other.withheld;
        self.commands += other.commands;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY_OUTCOME: [Outcome; 10] = [
        Outcome::Added,
        Outcome::Modified,
        Outcome::Renamed,
        Outcome::Deleted,
        Outcome::Unchanged,
        Outcome::Refused,
        Outcome::Ignored,
        Outcome::Swept,
        Outcome::Kept,
        Outcome::Command,
    ];

    #[test]
    fn one_of_each_outcome_adds_up_when_seven_were_read() {
        let mut counts = Counts {
            read: 7,
            ..Counts::default()
        };
        for outcome in EVERY_OUTCOME {
            counts.count(outcome, None);
        }
        assert!(counts.adds_up());
        counts.read = 8;
        assert!(!counts.adds_up(), "an entry without an outcome must show");
        counts.read = 7;
        counts.withheld = 2;
        assert!(!counts.adds_up(), "more withheld than kept must show");
    }

    #[test]
    fn every_outcome_has_its_own_count() {
        for outcome in EVERY_OUTCOME {
            let mut counts = Counts::default();
            counts.count(outcome, None);
            let json = serde_json::to_value(counts).expect("counts are plain numbers");
            let name = serde_json::to_value(outcome).expect("an outcome is a word");
            let name = name.as_str().expect("an outcome is a word");
            let key = if name == "command" { "commands" } else { name };
            let ones: Vec<_> = json
                .as_object()
                .expect("counts are an object")
                .iter()
                .filter(|(_, count)| **count == 1)
                .map(|(key, _)| key.as_str())
                .collect();
            assert_eq!(ones, [key]);
        }
    }

    #[test]
    fn an_entry_kept_for_a_withholding_reason_makes_the_run_partial() {
        let mut counts = Counts::default();
        counts.count(Outcome::Kept, None);
        assert!(!counts.is_partial());
        counts.count(Outcome::Kept, Some(Reason::ListIncomplete));
        assert_eq!((counts.kept, counts.withheld), (2, 1));
        assert!(counts.is_partial());
    }

    #[test]
    fn merging_adds_every_field() {
        let one = Counts {
            read: 1,
            added: 2,
            modified: 3,
            renamed: 4,
            deleted: 5,
            unchanged: 6,
            refused: 7,
            ignored: 8,
            swept: 9,
            kept: 10,
            withheld: 11,
            commands: 12,
        };
        let mut sum = one;
        sum.merge(&one);
        let (one, sum) = (
            serde_json::to_value(one).expect("plain numbers"),
            serde_json::to_value(sum).expect("plain numbers"),
        );
        for (key, value) in one.as_object().expect("an object") {
            let value = value.as_u64().expect("a number");
            assert_eq!(sum[key].as_u64(), Some(2 * value), "{key}");
        }
    }
}
