//! Information lines, and what only the end of the source can settle.

use std::collections::BTreeSet;

use super::super::op::Position;
use super::super::outcome::{Action, Outcome, Reason};
use super::super::slots::{Found, Slot, Slots, State};
use super::super::{ListPlan, Note, Removal, Row};
use super::{Merge, Merged, Pending, Verdict};
use crate::list::ListEntry;
use crate::transaction::InfoLine;

impl Merge<'_> {
    /// Gives a new or returning entry its `.INF` record.
    pub(super) fn fill_info(
        &mut self,
        entry: &mut ListEntry,
        old: Option<&[u8]>,
        lines: Option<&[InfoLine]>,
        at: Position,
    ) {
        if lines.is_some() && !self.rules.templates {
            self.note_list(at, 73);
        }
        let lines = lines.filter(|_| self.rules.templates).unwrap_or_default();
        let Some(template) = &self.template else {
            if !lines.is_empty() {
                self.note_list(at, 65);
            }
            return;
        };
        let from_old = !self.rules.templates || self.rules.keep_info;
        let base = old
            .filter(|_| from_old)
            .map_or_else(|| template.defaults(), Into::into);
        let filled = template.fill(base, lines, self.rules.code_page);
        entry.set_info(Some(filled.record));
        for fault in filled.faults {
            self.notes.push(Note {
                at: Position {
                    line: fault.line,
                    ..at
                },
                message: fault.message,
                argument: fault.argument,
            });
        }
    }

    /// As [`Self::fill_info`] for an M: without `-t` the information stays as it is.
    pub(super) fn fill_modified_info(
        &mut self,
        entry: &mut ListEntry,
        old: Option<&[u8]>,
        lines: Option<&[InfoLine]>,
        at: Position,
    ) {
        if self.rules.templates || lines.is_some() {
            self.fill_info(entry, old, lines, at);
        } else {
            entry.set_info(old.map(Into::into));
        }
    }

    /// An absent entry with the address of a new one is the same person under a new name, and
    /// keeps the TID; a new address under an absent name is a change of that entry with a new TID.
    fn settle_pending(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        // Where nobody of the old list is absent, nobody was renamed.
        let has_absent = !pending.is_empty() && self.slots.index_absent();
        for Pending {
            slot,
            predecessor,
            at,
        } in pending
        {
            if !has_absent || self.slots.get(slot).state != State::Live {
                self.conclude_add(slot, Outcome::Added, at);
                continue;
            }
            let entry = self.slots.get(slot).entry.clone();
            let renamed = match self.slots.find_address(&entry, State::Absent) {
                Found::One(old) => Some(old).filter(|&old| self.slots.get(old).in_base),
                Found::None | Found::Several => None,
            };
            let modified = predecessor.filter(|&old| {
                self.slots.get(old).state == State::Absent && self.slots.get(old).in_base
            });
            let (old, outcome) = match (renamed, modified) {
                (Some(old), _) => (old, Outcome::Renamed),
                (None, Some(old)) => (old, Outcome::Modified),
                (None, None) => {
                    self.conclude_add(slot, Outcome::Added, at);
                    continue;
                }
            };
            let before = self.slots.get_mut(old);
            before.state = State::Dead;
            before.in_base = false;
            let was = before
                .was
                .take()
                .unwrap_or_else(|| Box::new(before.entry.clone()));
            let after = self.slots.get_mut(slot);
            if outcome == Outcome::Renamed {
                after.entry.tid = was.tid;
                after.entry.unknown = was.unknown;
            }
            after.in_base = true;
            after.was = Some(was);
            self.conclude_add(slot, outcome, at);
        }
    }

    /// Settles what only the end of the source can settle, and returns the changed rows.
    #[must_use]
    pub fn finish(mut self) -> Merged {
        self.settle_pending();
        let empty = Slots::with_capacity(0, self.rules.code_page);
        let slots = std::mem::replace(&mut self.slots, empty);
        let mut marks = BTreeSet::new();
        // The rows take the place of the slots in memory.
        let rows = slots.into_slots().into_iter().filter_map(|mut slot| {
            self.settle_absence(&mut slot);
            if slot.marked && slot.state == State::Live {
                marks.insert(self.rules.code_page.fold(slot.entry.name.as_bytes()));
            }
            row_of(slot)
        });
        let rows = rows.collect();
        let plan = ListPlan {
            id: self.id,
            fingerprint: self.fingerprint,
            base_len: self.base_len,
            rows,
            template: self.template.filter(|_| self.template_changed),
            marks: self.marks_changed.then_some(marks),
            counts: self.counts,
        };
        Merged {
            plan,
            decisions: self.decisions.unwrap_or_default(),
            notes: self.notes,
            emptied_count: self.emptied_count,
        }
    }

    /// Decides over an entry that a replaced list lacks: swept, kept because a hand made it, or
    /// kept because the source is not proven whole.
    fn settle_absence(&mut self, slot: &mut Slot) {
        let verdict = match slot.state {
            State::Absent if !slot.in_base => return,
            State::Absent if self.rules.whole => {
                self.marks_changed |= slot.marked;
                Verdict::new(Action::Delete, Outcome::Swept)
            }
            State::Absent => {
                slot.state = State::Live;
                Verdict::new(Action::Delete, Outcome::Kept).because(Reason::ListIncomplete)
            }
            State::Live if self.replaced && slot.marked && slot.in_base && !slot.named => {
                Verdict::new(Action::None, Outcome::Kept)
            }
            State::Live | State::Dead => return,
        };
        self.conclude_quietly(Position::default(), verdict, Some(&slot.entry));
    }
}

fn row_of(slot: Slot) -> Option<Row> {
    match (slot.state, slot.in_base, slot.was) {
        (State::Live, false, _) => Some(Row::Add(slot.entry)),
        (State::Live, true, Some(old)) => Some(Row::Change {
            old,
            new: slot.entry,
        }),
        (State::Live, true, None) | (State::Absent | State::Dead, false, _) => None,
        (state, true, was) => {
            let entry = was.map_or(slot.entry, |was| *was);
            let absent = state == State::Absent;
            let why = if absent {
                Removal::Absence
            } else {
                Removal::Explicit
            };
            Some(Row::Remove { entry, why })
        }
    }
}
