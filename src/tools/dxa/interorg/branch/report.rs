//! What became of entries, on the way out and on the way in.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::directory::interorg::{Usn, Withheld};
use crate::directory::note::Note;
use crate::plan::outcome::{Action, Counts, EntryOutcome, Outcome, Reason};
use crate::tools::exit::ExitCode;

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `BRANCH:entryUUID`.
    pub key: String,
    /// Its name at the source, as far as it is known.
    pub dn: String,
    /// What was asked.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was not applied, or applied in altered form.
    pub reason: Option<Reason>,
    /// What an administrator needs to find and mend it: the holder of an address, the numbers.
    pub detail: String,
}

impl Line {
    pub(super) fn new(about: &Withheld, outcome: Outcome) -> Self {
        let Withheld { key, dn, note } = about;
        Self {
            key: key.to_string(),
            dn: dn.clone(),
            action: Action::None,
            outcome,
            reason: Some(note.reason),
            detail: note.detail.clone(),
        }
    }

    /// Returns the line as reports have it.
    #[must_use]
    pub fn outcome<'a>(&'a self, list: &'a str) -> EntryOutcome<'a> {
        let mut line = EntryOutcome::new(&*self.key, &*self.dn, list, self.action, self.outcome);
        line.reason = self.reason;
        line.detail = Some(&*self.detail)
            .filter(|detail| !detail.is_empty())
            .map(Into::into);
        line
    }
}

/// How many of each reason code.
pub type Reasons = BTreeMap<String, u64>;

pub(super) fn count(reasons: &mut Reasons, reason: Reason) {
    *reasons.entry(reason.to_string()).or_default() += 1;
}

/// What goes out with a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// Entries of the export containers that were looked at.
    pub considered: u64,
    /// Of these, those that the others are to have.
    pub exported: u64,
    /// Changes that the request carries: entries that are there.
    pub sent: u64,
    /// Changes that the request carries: entries that are gone.
    pub deleted: u64,
    /// It carries every entry.
    pub is_full: bool,
    /// It asks for everything.
    pub asks_for_all: bool,
    /// Why entries did not go out, each with how many.
    pub skipped: Reasons,
    /// What is remarkable.
    pub remarks: Vec<String>,
    /// Hash of the settings.
    pub settings: String,
    /// What of the settings is another way than with the last request.
    pub changed_settings: Vec<String>,
    /// One line for each entry that did not go out, or not as it is.
    #[serde(skip)]
    pub lines: Vec<Line>,
}

impl Asked {
    /// Returns how the run ends: something of ours stays at home that should not.
    #[must_use]
    pub fn exit(&self) -> ExitCode {
        let is_refused = |line: &Line| line.outcome == Outcome::Refused;
        match self.lines.iter().any(is_refused) {
            true => ExitCode::Partial,
            false => ExitCode::Done,
        }
    }
}

/// What an answer made of the directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Took {
    /// How many entries ended in which way.
    pub counts: Counts,
    /// Entries by the reason for what became of them.
    pub reasons: Reasons,
    /// There was something to apply; otherwise only what was refused before was tried again.
    pub is_news: bool,
    /// It was a full list.
    pub is_full: bool,
    /// The number that was applied before.
    #[serde(serialize_with = "number")]
    pub before: Usn,
    /// The number that is applied now.
    #[serde(serialize_with = "number")]
    pub after: Usn,
    /// What is remarkable about the numbers.
    pub remarks: Vec<String>,
    /// Where what was removed is kept as LDIF.
    pub removed: Option<String>,
    /// One line for each entry that was changed, refused or passed over.
    #[serde(skip)]
    pub lines: Vec<Line>,
    /// One line for each own entry that the hub keeps back.
    #[serde(skip)]
    pub kept_back: Vec<Line>,
    /// A gap or another numbering was noticed.
    #[serde(skip)]
    pub(super) is_out_of_step: bool,
}

fn number<S: serde::Serializer>(usn: &Usn, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(usn.0)
}

impl Took {
    /// Returns how the run ends.
    #[must_use]
    pub fn exit(&self) -> ExitCode {
        let own = match self.kept_back.is_empty() {
            true => ExitCode::Done,
            false => ExitCode::Partial,
        };
        let step = match self.is_out_of_step {
            true => ExitCode::OutOfStep,
            false => ExitCode::Done,
        };
        ExitCode::from(&self.counts).worst(own).worst(step)
    }

    pub(super) fn remark(&mut self, note: &Note) {
        self.is_out_of_step |= matches!(note.reason, Reason::SequenceGap | Reason::SequenceEpoch);
        self.remarks.push(note.to_string());
    }
}

/// What leaving came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Entries of others that were deleted; in a dry run, that would be.
    pub deleted: u64,
    /// Entries of others that stay.
    pub kept: u64,
    /// Entries that the directory refused to delete.
    pub refused: u64,
    /// What was deleted, as LDIF.
    pub file: Option<String>,
    /// What stays behind, and where.
    pub stays: Vec<String>,
}
