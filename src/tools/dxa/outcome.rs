//! What a cycle came to on one connection: counts that add up, a line for each entry where they are wanted.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::directory::conditions;
use crate::directory::difference::{Cause, Change};
use crate::directory::dn::Dn;
use crate::directory::note::Note;
use crate::plan::outcome::Counts;
use crate::tools::exit::{ExitCode, ToolError};

use super::event::told;
use super::exporting::Reasons;
use super::importing::Imported;
use super::line::Line;
use super::moving::Moved;
use super::numbers::Shown;
use super::reading::ReadingDone;
use super::source::Recount;
use super::tally::Tally;

/// What was sent.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Sending {
    /// Entries in the export containers.
    pub(super) considered: u64,
    /// How each container was read.
    pub(super) readings: Vec<ReadingDone>,
    /// Entries that the other side is to have.
    pub(super) exported: u64,
    /// `R`.
    pub(super) replaced: u64,
    /// `D`.
    pub(super) deleted: u64,
    /// `M`.
    pub(super) modified: u64,
    /// `A`.
    pub(super) added: u64,
    /// It is a full list.
    pub(super) is_full: bool,
    /// Entries that stay here, by reason.
    pub(super) skipped: Reasons,
    /// What was read, counted out.
    pub(super) counts: Tally,
    /// Deletions that are sent, by cause.
    pub(super) deleted_because: Reasons,
    /// Entries that go in altered form, by reason.
    pub(super) notes: Reasons,
    #[serde(skip)]
    pub(super) lines: Vec<Value>,
    /// The entries counted another way.
    #[serde(skip)]
    pub(super) recount: Option<Recount>,
    /// Entries whose address another has, with what is said of them.
    #[serde(skip)]
    pub(super) duplicates: BTreeMap<String, String>,
    /// Entries of which nobody knows whether they may leave, with what is said of them.
    #[serde(skip)]
    pub(super) unclear: Vec<(String, Note)>,
    /// Entries that could not be brought into the form of the other side, with what is said of them.
    #[serde(skip)]
    pub(super) failed: Vec<(String, Note)>,
}

impl Sending {
    /// An entry stays here.
    pub(super) fn skip(&mut self, dn: &Dn, note: &Note) {
        add(&mut self.skipped, note.reason);
        self.counts.leave_out(note.reason);
        self.line(&dn.to_string(), "none", "skipped", Some(note));
    }

    /// An entry cannot go as it is; the other side keeps what it has of it.
    pub(super) fn hold(&mut self, dn: &Dn, note: &Note, is_kept: bool) {
        add(&mut self.skipped, note.reason);
        self.counts.leave_out(note.reason);
        self.counts.kept += u64::from(is_kept);
        let named = match conditions::is_unclear(note.reason) {
            true => &mut self.unclear,
            false => &mut self.failed,
        };
        named.push((dn.to_string(), note.clone()));
        let outcome = if is_kept { "kept" } else { "skipped" };
        self.line(&dn.to_string(), "none", outcome, Some(note));
    }

    /// An entry stays here because another has its address.
    pub(super) fn duplicate(&mut self, dn: &Dn, note: &Note) {
        self.duplicates.insert(dn.to_string(), note.detail.clone());
        self.skip(dn, note);
    }

    /// Counts out what becomes of what was read.
    pub(super) fn count_out(&mut self) {
        self.counts.exported = self.exported;
        self.counts.read = self.considered;
        self.counts
            .settle(self.recount.as_ref(), self.unclear.len());
    }

    /// An entry goes in altered form.
    pub(super) fn note(&mut self, dn: &Dn, note: &Note) {
        add(&mut self.notes, note.reason);
        self.line(&dn.to_string(), "none", "note", Some(note));
    }

    /// A change is sent.
    pub(super) fn count(&mut self, change: &Change) {
        let (action, cause) = match change {
            Change::Replace { .. } => {
                self.replaced += 1;
                ("replace", None)
            }
            Change::Delete { cause, .. } => {
                self.deleted += 1;
                let why = match cause {
                    Cause::Excluded(note) => note.reason.to_string(),
                    cause => cause.to_string(),
                };
                *self.deleted_because.entry(why).or_default() += 1;
                ("delete", Some(cause))
            }
            Change::Modify { cause, .. } => {
                self.modified += 1;
                ("modify", Some(cause))
            }
            Change::Add { cause, .. } => {
                self.added += 1;
                ("add", Some(cause))
            }
        };
        let entry = change.key().map(ToString::to_string);
        let cause = cause.map(ToString::to_string);
        self.lines
            .push(json!({ "entry": entry, "action": action, "outcome": "sent", "cause": cause }));
    }

    /// A change cannot be written as a transaction.
    pub(super) fn refuse(&mut self, change: &Change, note: &Note) {
        add(&mut self.skipped, note.reason);
        if matches!(change, Change::Add { .. } | Change::Modify { .. }) {
            self.counts.leave_out(note.reason);
            self.exported -= 1;
        }
        let entry = change.key().map(ToString::to_string).unwrap_or_default();
        self.line(&entry, "none", "refused", Some(note));
        self.failed.push((entry, note.clone()));
    }

    fn line(&mut self, entry: &str, action: &str, outcome: &str, note: Option<&Note>) {
        let reason = note.map(|note| note.reason.to_string());
        let detail = note.map(|note| note.detail.clone());
        let line = json!({ "entry": entry, "action": action, "outcome": outcome, "reason": reason, "detail": detail });
        self.lines.push(line);
    }

    /// Returns `R 1, A 5`.
    pub(super) fn transactions(&self) -> String {
        let parts = [
            ("R", self.replaced),
            ("D", self.deleted),
            ("M", self.modified),
            ("A", self.added),
        ];
        let parts = parts.iter().filter(|(_, n)| *n > 0);
        let parts: Vec<_> = parts.map(|(letter, n)| format!("{letter} {n}")).collect();
        match parts.is_empty() {
            true => "none".to_owned(),
            false => parts.join(", "),
        }
    }
}

fn add(reasons: &mut Reasons, reason: impl ToString) {
    *reasons.entry(reason.to_string()).or_default() += 1;
}

/// Returns `hidden 1, trust 3`.
pub(super) fn shown(reasons: &Reasons) -> String {
    let parts: Vec<_> = reasons
        .iter()
        .map(|(why, n)| format!("{why} {n}"))
        .collect();
    parts.join(", ")
}

/// What a cycle came to on one connection.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    pub(super) connection: String,
    pub(super) role: &'static str,
    /// `T1`, `T2`, `T3`.
    pub(super) steps: Vec<&'static str>,
    /// Messages that were taken.
    pub(super) messages: u64,
    /// What became of the transactions in them.
    pub(super) received: Counts,
    /// What was sent; none where no message was.
    pub(super) sent: Option<Sending>,
    /// Entries that were brought into another container; none where it is the same.
    pub(super) moved: Option<Moved>,
    /// The numbers, before and after.
    pub(super) numbers: Option<(Shown, Shown)>,
    /// Why it ended early.
    pub(super) error: Option<String>,
    pub(super) exit: ExitCode,
    #[serde(skip)]
    pub(super) lines: Vec<Line>,
}

impl Done {
    pub(super) fn new(connection: &str, role: &'static str) -> Self {
        Self {
            connection: connection.to_owned(),
            role,
            steps: Vec::new(),
            messages: 0,
            received: Counts::default(),
            sent: None,
            moved: None,
            numbers: None,
            error: None,
            exit: ExitCode::Done,
            lines: Vec::new(),
        }
    }

    pub(super) fn step(&mut self, step: &'static str) {
        if !self.steps.contains(&step) {
            self.steps.push(step);
        }
    }

    /// Counts what an import came to.
    pub(super) fn imported(&mut self, mut imported: Imported) -> Result<(), ToolError> {
        self.received.merge(&imported.counts);
        imported.fates.each(|fate| {
            self.lines.push(Line::Fate(fate));
            Ok::<_, ToolError>(())
        })?;
        if imported.is_damaged || imported.counts.is_partial() {
            self.exit = self.exit.worst(ExitCode::Partial);
        }
        Ok(())
    }

    pub(super) fn sent(&mut self, mut sending: Sending) {
        self.lines.extend(sending.lines.drain(..).map(Line::Made));
        if sending.counts.is_partial() {
            self.exit = self.exit.worst(ExitCode::Partial);
        }
        self.sent = Some(sending);
    }

    pub(super) fn fail(&mut self, error: &ToolError) {
        self.exit = self.exit.worst(error.exit);
        self.error = Some(told(error));
    }

    /// Tells whether it went on to its end.
    pub(super) fn is_well(&self) -> bool {
        self.error.is_none()
    }
}
