//! What became of an entry, why, and how many: one outcome per entry read, and counts that add up.
//!
//! Counting is arithmetic on [`Counts`]; the details of an entry ([`EntryOutcome`]) are made only for
//! an [`OutcomeSink`] that wants them, so that a pass over a million entries allocates nothing for it.
//! The names written out here are stable: reports are read by other programs.

use std::borrow::Cow;
use std::io;

use serde::{Deserialize, Serialize};

pub use super::reason::Reason;
use crate::transaction::Transaction;

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

/// One line of a report: what became of one entry.
///
/// Serialised as one JSON object with its keys in this order; absent values are `null`, except `detail`,
/// which is left out when there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryOutcome<'a> {
    /// Address of the entry as text, `TYPE:...`; empty for a command without one.
    pub entry: Cow<'a, str>,
    /// Name of the entry in its list.
    pub name: Cow<'a, str>,
    /// The list it belongs to, `PCM:NET/PO` or the address type.
    pub list: Cow<'a, str>,
    /// What was asked.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was not applied, or was applied in altered form.
    pub reason: Option<Reason>,
    /// Number of the published message (`spec/messages.tsv`), where there is one.
    pub message: Option<u16>,
    /// Sync number of the transaction, where it came from a queue or a dir-sync message.
    pub sync: Option<u32>,
    /// Line of the input file, from 1, where it came from text.
    pub line: Option<u64>,
    /// What the reason names: the holder of an address, the rule, the attribute and its limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Cow<'a, str>>,
}

impl<'a> EntryOutcome<'a> {
    /// Makes a line without reason, message, sync number, line and detail, which are public fields.
    pub fn new(
        entry: impl Into<Cow<'a, str>>,
        name: impl Into<Cow<'a, str>>,
        list: impl Into<Cow<'a, str>>,
        action: Action,
        outcome: Outcome,
    ) -> Self {
        Self {
            entry: entry.into(),
            name: name.into(),
            list: list.into(),
            action,
            outcome,
            reason: None,
            message: None,
            sync: None,
            line: None,
            detail: None,
        }
    }

    /// Sets the reason, and the message number where the reason is one.
    #[must_use]
    pub fn because(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        if let Reason::Message(number) = reason {
            self.message = Some(number);
        }
        self
    }

    /// Copies what is borrowed, for a sink that keeps the line.
    #[must_use]
    pub fn into_owned(self) -> EntryOutcome<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        EntryOutcome {
            entry: own(self.entry),
            name: own(self.name),
            list: own(self.list),
            action: self.action,
            outcome: self.outcome,
            reason: self.reason,
            message: self.message,
            sync: self.sync,
            line: self.line,
            detail: self.detail.map(own),
        }
    }
}

/// Where the details of outcomes go: a report file, a list kept in memory, or nowhere.
pub trait OutcomeSink {
    /// Returns whether [`take`](Self::take) does anything, so that a pass makes no details in vain.
    fn wants_details(&self) -> bool;

    /// Takes one line.
    ///
    /// # Errors
    ///
    /// The line could not be written.
    fn take(&mut self, line: EntryOutcome<'_>) -> io::Result<()>;
}

/// The sink of a run without `--report`.
impl OutcomeSink for () {
    fn wants_details(&self) -> bool {
        false
    }

    fn take(&mut self, _: EntryOutcome<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps every line, for comparisons and small lists.
impl OutcomeSink for Vec<EntryOutcome<'static>> {
    fn wants_details(&self) -> bool {
        true
    }

    fn take(&mut self, line: EntryOutcome<'_>) -> io::Result<()> {
        self.push(line.into_owned());
        Ok(())
    }
}

/// Counts and a sink, kept together so that no outcome reaches only one of them.
pub struct Tally<'s> {
    counts: Counts,
    sink: &'s mut dyn OutcomeSink,
    details: bool,
}

impl<'s> Tally<'s> {
    /// Starts at zero.
    pub fn new(sink: &'s mut dyn OutcomeSink) -> Self {
        let details = sink.wants_details();
        Self {
            counts: Counts::default(),
            sink,
            details,
        }
    }

    /// Counts one entry as read.
    pub fn read(&mut self) {
        self.counts.read += 1;
    }

    /// Counts one outcome and, where the sink wants it, makes its line with `details`, which must carry the
    /// same outcome and reason.
    ///
    /// # Errors
    ///
    /// The sink could not write the line.
    pub fn record<'a>(
        &mut self,
        outcome: Outcome,
        reason: Option<Reason>,
        details: impl FnOnce() -> EntryOutcome<'a>,
    ) -> io::Result<()> {
        self.counts.count(outcome, reason);
        if !self.details {
            return Ok(());
        }
        let line = details();
        debug_assert_eq!(
            (line.outcome, line.reason),
            (outcome, reason),
            "the line must say what was counted"
        );
        self.sink.take(line)
    }

    /// Returns the counts so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
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

    #[test]
    fn a_line_keeps_its_keys_in_the_documented_order() {
        let mut line = EntryOutcome::new(
            "PCM:NET/PO/ann",
            "Ann",
            "PCM:NET/PO",
            Action::Add,
            Outcome::Refused,
        )
        .because(Reason::Message(27));
        line.line = Some(3);
        assert_eq!(
            serde_json::to_string(&line).expect("serialisable"),
            r#"{"entry":"PCM:NET/PO/ann","name":"Ann","list":"PCM:NET/PO","action":"add","outcome":"refused","reason":"message-27","message":27,"sync":null,"line":3}"#
        );
        line.detail = Some("held by Bob".into());
        let text = serde_json::to_string(&line).expect("serialisable");
        assert!(
            text.ends_with(r#""line":3,"detail":"held by Bob"}"#),
            "{text}"
        );
    }

    #[test]
    fn no_details_are_made_for_a_sink_that_wants_none() {
        let mut sink = ();
        let mut tally = Tally::new(&mut sink);
        tally.read();
        tally
            .record(Outcome::Added, None, || unreachable!("not wanted"))
            .expect("nothing is written");
        assert!(tally.counts().adds_up());
    }

    #[test]
    fn a_sink_that_wants_details_gets_what_was_counted() {
        let mut sink: Vec<EntryOutcome<'static>> = Vec::new();
        let mut tally = Tally::new(&mut sink);
        tally
            .record(Outcome::Ignored, Some(Reason::Message(66)), || {
                EntryOutcome::new(
                    "PCM:N/P/b",
                    "Bob",
                    "PCM:N/P",
                    Action::Delete,
                    Outcome::Ignored,
                )
                .because(Reason::Message(66))
            })
            .expect("a list takes every line");
        assert_eq!(tally.counts().ignored, 1);
        assert_eq!(sink.len(), 1);
        assert_eq!(sink[0].message, Some(66));
    }
}
