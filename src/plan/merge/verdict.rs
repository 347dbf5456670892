//! What is said of one transaction: it is counted, kept for the report if that is asked for, and its message noted.

use super::Merge;
use crate::list::ListEntry;
use crate::plan::op::Position;
use crate::plan::outcome::{Action, Outcome, Reason};
use crate::plan::{Decision, Note};

/// What is said of one transaction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    action: Action,
    outcome: Outcome,
    reason: Option<Reason>,
    message: Option<u16>,
}

impl Verdict {
    pub(super) fn new(action: Action, outcome: Outcome) -> Self {
        Self {
            action,
            outcome,
            reason: None,
            message: None,
        }
    }

    /// Adds a published message; it is the reason where nothing better explains a refusal.
    pub(super) fn message(self, number: u16) -> Self {
        let reason = match self.outcome {
            Outcome::Refused => self.reason.or(Some(Reason::Message(number))),
            _ => self.reason,
        };
        Self {
            message: Some(number),
            reason,
            ..self
        }
    }

    pub(super) fn because(self, reason: Reason) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }
}

impl Merge<'_> {
    /// Counts a transaction, keeps its decision if asked, and notes its message.
    pub(super) fn conclude(&mut self, at: Position, verdict: Verdict, entry: Option<&ListEntry>) {
        if let Some(message) = verdict.message {
            match entry {
                Some(entry) => self.note(at, message, entry),
                None => self.note_list(at, message),
            }
        }
        self.conclude_quietly(at, verdict, entry);
    }

    pub(super) fn conclude_quietly(
        &mut self,
        at: Position,
        verdict: Verdict,
        entry: Option<&ListEntry>,
    ) {
        let Verdict {
            action,
            outcome,
            reason,
            message,
        } = verdict;
        self.counts.read += u64::from(outcome.is_of_read_entry());
        self.counts.count(outcome, reason);
        if let Some(decisions) = &mut self.decisions {
            decisions.push(Decision {
                at,
                action,
                outcome,
                reason,
                message,
                entry: entry.cloned(),
                new: None,
            });
        }
    }

    pub(super) fn conclude_add(&mut self, slot: u32, outcome: Outcome, at: Position) {
        let entry = self
            .decisions
            .is_some()
            .then(|| self.slots.get(slot).entry.clone());
        self.conclude_quietly(at, Verdict::new(Action::Add, outcome), entry.as_ref());
    }

    pub(super) fn note(&mut self, at: Position, message: u16, entry: &ListEntry) {
        let argument = entry.name.as_bytes().to_vec();
        self.notes.push(Note {
            at,
            message,
            argument,
        });
    }

    pub(super) fn note_list(&mut self, at: Position, message: u16) {
        let argument = self.id.to_bytes();
        self.notes.push(Note {
            at,
            message,
            argument,
        });
    }
}
