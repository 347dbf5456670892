//! What a cycle came to on one connection: counts that add up, a line for each entry where they are wanted.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::directory::conditions;
use crate::directory::difference::{Cause, Change};
use crate::directory::dn::Dn;
use crate::directory::note::Note;
use crate::plan::outcome::Counts;
use crate::tools::dxa::connections::numbers::Shown;
use crate::tools::dxa::containers::importing::Imported;
use crate::tools::dxa::containers::moving::Moved;
use crate::tools::dxa::event::told;
use crate::tools::dxa::sending::reading::ReadingDone;
use crate::tools::dxa::sending::source::Recount;
use crate::tools::dxa::sending::tally::{Reasons, Tally};
use crate::tools::exit::{ExitCode, ToolError};

use super::line::Line;

/// What was sent.
#[derive(Debug, Clone, Default, Serialize)]
pub(in crate::tools::dxa) struct Sending {
    /// Entries in the export containers.
    pub(in crate::tools::dxa) considered: u64,
    /// How each container was read.
    pub(in crate::tools::dxa) readings: Vec<ReadingDone>,
    /// Entries that the other side is to have.
    pub(in crate::tools::dxa) exported: u64,
    /// `R`.
    pub(in crate::tools::dxa) replaced: u64,
    /// `D`.
    pub(in crate::tools::dxa) deleted: u64,
    /// `M`.
    pub(in crate::tools::dxa) modified: u64,
    /// `A`.
    pub(in crate::tools::dxa) added: u64,
    /// It is a full list.
    pub(in crate::tools::dxa) is_full: bool,
    /// Entries that stay here, by reason.
    pub(in crate::tools::dxa) skipped: Reasons,
    /// What was read, counted out.
    pub(in crate::tools::dxa) counts: Tally,
    /// Deletions that are sent, by cause.
    pub(in crate::tools::dxa) deleted_because: Reasons,
    /// Entries that go in altered form, by reason.
    pub(in crate::tools::dxa) notes: Reasons,
    #[serde(skip)]
    pub(in crate::tools::dxa) lines: Vec<Value>,
    /// The entries counted another way.
    #[serde(skip)]
    pub(in crate::tools::dxa) recount: Option<Recount>,
    /// Entries whose address another has, with what is said of them.
    #[serde(skip)]
    pub(in crate::tools::dxa) duplicates: BTreeMap<String, String>,
    /// Entries of which nobody knows whether they may leave, with what is said of them.
    #[serde(skip)]
    pub(in crate::tools::dxa) unclear: Vec<(String, Note)>,
    /// Entries that could not be brought into the form of the other side, with what is said of them.
    #[serde(skip)]
    pub(in crate::tools::dxa) failed: Vec<(String, Note)>,
}

impl Sending {
    /// An entry stays here.
    pub(in crate::tools::dxa) fn skip(&mut self, dn: &Dn, note: &Note) {
        add(&mut self.skipped, note.reason);
        self.counts.leave_out(note.reason);
        self.line(&dn.to_string(), "none", "skipped", Some(note));
    }

    /// An entry cannot go as it is; the other side keeps what it has of it.
    pub(in crate::tools::dxa) fn hold(&mut self, dn: &Dn, note: &Note, is_kept: bool) {
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
    pub(in crate::tools::dxa) fn duplicate(&mut self, dn: &Dn, note: &Note) {
        self.duplicates.insert(dn.to_string(), note.detail.clone());
        self.skip(dn, note);
    }

    /// Counts out what becomes of what was read.
    pub(in crate::tools::dxa) fn count_out(&mut self) {
        self.counts.exported = self.exported;
        self.counts.read = self.considered;
        self.counts
            .settle(self.recount.as_ref(), self.unclear.len());
    }

    /// An entry goes in altered form.
    pub(in crate::tools::dxa) fn note(&mut self, dn: &Dn, note: &Note) {
        add(&mut self.notes, note.reason);
        self.line(&dn.to_string(), "none", "note", Some(note));
    }

    /// A change is sent.
    pub(in crate::tools::dxa) fn count(&mut self, change: &Change) {
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
    pub(in crate::tools::dxa) fn refuse(&mut self, change: &Change, note: &Note) {
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
    pub(in crate::tools::dxa) fn transactions(&self) -> String {
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
pub(in crate::tools::dxa) fn shown(reasons: &Reasons) -> String {
    let parts: Vec<_> = reasons
        .iter()
        .map(|(why, n)| format!("{why} {n}"))
        .collect();
    parts.join(", ")
}

/// What a cycle came to on one connection.
#[derive(Debug, Serialize)]
pub(in crate::tools::dxa) struct Done {
    pub(in crate::tools::dxa) connection: String,
    pub(in crate::tools::dxa) role: &'static str,
    /// `T1`, `T2`, `T3`.
    pub(in crate::tools::dxa) steps: Vec<&'static str>,
    /// Messages that were taken.
    pub(in crate::tools::dxa) messages: u64,
    /// What became of the transactions in them.
    pub(in crate::tools::dxa) received: Counts,
    /// What was sent; none where no message was.
    pub(in crate::tools::dxa) sent: Option<Sending>,
    /// Entries that were brought into another container; none where it is the same.
    pub(in crate::tools::dxa) moved: Option<Moved>,
    /// The numbers, before and after.
    pub(in crate::tools::dxa) numbers: Option<(Shown, Shown)>,
    /// Why it ended early.
    pub(in crate::tools::dxa) error: Option<String>,
    pub(in crate::tools::dxa) exit: ExitCode,
    #[serde(skip)]
    pub(in crate::tools::dxa) lines: Vec<Line>,
}

impl Done {
    pub(in crate::tools::dxa) fn new(connection: &str, role: &'static str) -> Self {
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

    pub(in crate::tools::dxa) fn step(&mut self, step: &'static str) {
        if !self.steps.contains(&step) {
            self.steps.push(step);
        }
    }

    /// It did not come to a better end than this.
    pub(in crate::tools::dxa) fn worsen(&mut self, exit: ExitCode) {
        self.exit = self.exit.worst(exit);
    }

    /// Counts what an import came to.
    pub(in crate::tools::dxa) fn imported(
        &mut self,
        mut imported: Imported,
    ) -> Result<(), ToolError> {
        self.received.merge(&imported.counts);
        imported.fates.each(|fate| {
            self.lines.push(Line::Fate(fate));
            Ok::<_, ToolError>(())
        })?;
        if imported.is_damaged || imported.counts.is_partial() {
            self.worsen(ExitCode::Partial);
        }
        Ok(())
    }

    pub(in crate::tools::dxa) fn sent(&mut self, mut sending: Sending) {
        self.lines.extend(sending.lines.drain(..).map(Line::Made));
        if sending.counts.is_partial() {
            self.worsen(ExitCode::Partial);
        }
        self.sent = Some(sending);
    }

    pub(in crate::tools::dxa) fn fail(&mut self, error: &ToolError) {
        self.worsen(error.exit);
        self.error = Some(told(error));
    }

    /// Tells whether it went on to its end.
    pub(in crate::tools::dxa) fn is_well(&self) -> bool {
        self.error.is_none()
    }
}
