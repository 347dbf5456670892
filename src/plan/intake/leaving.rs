//! What an intake leaves out: counted, with its reason, its message and its line of the report.

use super::{Intake, stored};
use crate::codec::FixedText;
use crate::list::{ListEntry, ListId};
use crate::plan::op::Position;
use crate::plan::outcome::{Action, Outcome, Reason};
use crate::plan::{Decision, Note};
use crate::transaction::Entry;

impl Intake {
    /// Takes note of a line or record that was refused as it stands; its messages are with the caller.
    /// `name` is the name it had, as far as one could be read.
    pub fn take_refused(&mut self, at: Position, action: Action, message: u16, name: &[u8]) {
        self.counts.read += 1;
        let reason = Reason::of_refused_line(message);
        self.counts.count(Outcome::Refused, Some(reason));
        let name = FixedText::new(self.setting.code_page.cut(name, FixedText::<31>::MAX))
            .expect("cut to its length");
        if !name.is_empty() {
            self.named.push(name);
        }
        let entry = (!name.is_empty()).then(|| ListEntry {
            name,
            ..ListEntry::default()
        });
        let decision = Decision {
            at,
            action,
            outcome: Outcome::Refused,
            reason: Some(reason),
            message: Some(message),
            entry,
            new: None,
        };
        self.decide(None, decision);
    }

    /// Leaves a transaction out, with a reason.
    pub(super) fn leave(
        &mut self,
        at: Position,
        action: Action,
        outcome: Outcome,
        reason: Reason,
        message: Option<u16>,
        entry: &Entry,
    ) {
        self.counts.read += 1;
        self.counts.count(outcome, Some(reason));
        let (own, code_page) = (&self.setting.own, self.setting.code_page);
        let list = ListId::of_address(entry.address(), own, code_page);
        // The own postoffice comes back with every full list: one message for all its entries.
        if let Some(message) = message.filter(|_| outcome != Outcome::Ignored) {
            self.note(at, message, entry.name().to_vec());
        }
        let keeps = self.setting.keep_decisions;
        let decision = Decision {
            at,
            action,
            outcome,
            reason: Some(reason),
            message,
            entry: keeps.then(|| stored(entry, code_page)),
            new: None,
        };
        self.decide(Some(list), decision);
    }

    pub(super) fn leave_command(
        &mut self,
        at: Position,
        action: Action,
        reason: Reason,
        message: Option<u16>,
    ) {
        self.counts.count(Outcome::Command, None);
        if let Some(message) = message {
            self.note(at, message, self.setting.own.encode());
        }
        let decision = Decision {
            at,
            action,
            outcome: Outcome::Ignored,
            reason: Some(reason),
            message,
            entry: None,
            new: None,
        };
        self.decide(Some(ListId::Local), decision);
    }

    /// Keeps a numbered message.
    pub(super) fn note(&mut self, at: Position, message: u16, argument: Vec<u8>) {
        self.notes.push(Note {
            at,
            message,
            argument,
        });
    }

    /// Keeps a decision, if they were asked for.
    fn decide(&mut self, list: Option<ListId>, decision: Decision) {
        if self.setting.keep_decisions {
            self.decisions.push((list, decision));
        }
    }
}
