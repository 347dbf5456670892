//! Works the transactions for one list into the list as it stands, and says what becomes of each.
//!
//! Pure: the list comes in as a vector, the changed rows go out. Names are the key inside a list;
//! the address says whose an entry is (design, section 4).

mod base;
mod settle;
#[cfg(test)]
mod tests;
mod verdict;

use super::info::Template;
use super::op::{Op, OpKind, Position};
use super::outcome::{Action, Counts, Outcome, Reason};
use super::slots::{Found, Slot, Slots, State};
use super::{Decision, Fingerprint, ListPlan, Note};
use crate::list::{ListEntry, ListId};
use crate::transaction::{InfoLine, TemplateField};

pub use base::{ListBase, Rules, Source};
use verdict::Verdict;

/// An A for a name that a replaced list lacked: it may be the rename of somebody who is absent so far.
#[derive(Debug)]
struct Pending {
    slot: u32,
    /// The absent entry that had the name before, with another address.
    predecessor: Option<u32>,
    at: Position,
}

/// The state of one list while transactions are worked in.
#[derive(Debug)]
pub struct Merge<'a> {
    rules: &'a Rules,
    id: ListId,
    fingerprint: Fingerprint,
    template: Option<Template>,
    template_changed: bool,
    emptied_count: u64,
    slots: Slots,
    pending: Vec<Pending>,
    base_len: u64,
    replaced: bool,
    marks_changed: bool,
    counts: Counts,
    decisions: Option<Vec<Decision>>,
    notes: Vec<Note>,
}

/// What [`Merge::finish`] gives: the plan of the list and what happened to each transaction.
#[derive(Debug)]
pub struct Merged {
    /// The changed rows and the counts.
    pub plan: ListPlan,
    /// One per transaction and per removed entry, if they were asked for.
    pub decisions: Vec<Decision>,
    /// Numbered messages, in the order they arose.
    pub notes: Vec<Note>,
    /// Entries that lost the information they had, because a T started it anew.
    pub emptied_count: u64,
}

impl<'a> Merge<'a> {
    /// Starts with the list as it stands; `keep_decisions` asks for one [`Decision`] per transaction.
    #[must_use]
    pub fn new(base: ListBase, rules: &'a Rules, keep_decisions: bool) -> Self {
        let mut slots = Slots::with_capacity(base.entries.len(), rules.code_page);
        let base_len = base.entries.len() as u64;
        for entry in base.entries {
            let marked = !base.marks.is_empty()
                && base
                    .marks
                    .contains(&rules.code_page.fold(entry.name.as_bytes()));
            slots.push(Slot::of_base(entry, marked));
        }
        Self {
            rules,
            id: base.id,
            fingerprint: base.fingerprint,
            template: base.template,
            template_changed: false,
            emptied_count: 0,
            slots,
            pending: Vec::new(),
            base_len,
            replaced: false,
            marks_changed: false,
            counts: Counts::default(),
            decisions: keep_decisions.then(Vec::new),
            notes: Vec::new(),
        }
    }

    /// Makes room for transactions that follow. A full list names each entry once, so that there is room for as
    /// many entries as transactions, not for as many more.
    pub fn expect(&mut self, op_count: usize) {
        self.slots.reserve_to(op_count);
    }

    /// Works one transaction in.
    pub fn apply(&mut self, op: Op) {
        let at = op.at;
        match op.kind {
            OpKind::Replace => self.replace(at),
            OpKind::Add { entry, info } => self.add(entry, info.as_deref(), at),
            OpKind::Delete { entry } => self.delete(&entry, at),
            OpKind::Modify { old, new, info } => self.modify(&old, new, info.as_deref(), at),
            OpKind::Template { fields } => self.define_template(&fields, at),
            OpKind::Named { name } => self.protect(name.as_bytes()),
        }
    }

    /// Empties the list; entries made by hand stay, unless they are to go too or a hand empties it.
    fn replace(&mut self, at: Position) {
        self.replaced = true;
        let marked_stay = self.rules.source == Source::Queue && !self.rules.drop_marked;
        for slot in self.slots.iter_mut() {
            if slot.state == State::Live && !(slot.marked && marked_stay) {
                slot.state = State::Absent;
            }
        }
        self.conclude(at, Verdict::new(Action::Replace, Outcome::Command), None);
    }

    fn add(&mut self, entry: ListEntry, info: Option<&[InfoLine]>, at: Position) {
        let Some(number) = self.slots.find_name(entry.name.as_bytes()) else {
            return self.add_new(entry, info, None, at);
        };
        let slot = self.slots.get(number);
        let is_same = slot.entry.is_same_address(&entry, self.rules.code_page);
        match (slot.state, is_same) {
            (State::Absent, true) => self.add_again(number, entry, info, at),
            (State::Absent, false) => {
                self.slots.release_name(number);
                self.add_new(entry, info, Some(number), at);
            }
            (_, true) if self.rules.source == Source::Queue => {
                self.clear_mark(number);
                self.add_again(number, entry, info, at);
            }
            (_, is_same) => {
                let message = if slot.named { 28 } else { 27 };
                let outcome = if is_same {
                    Outcome::Unchanged
                } else {
                    Outcome::Refused
                };
                self.conclude(
                    at,
                    Verdict::new(Action::Add, outcome).message(message),
                    Some(&entry),
                );
            }
        }
    }

    fn add_new(
        &mut self,
        mut entry: ListEntry,
        info: Option<&[InfoLine]>,
        predecessor: Option<u32>,
        at: Position,
    ) {
        self.fill_info(&mut entry, None, info, at);
        let marked = self.rules.source == Source::Text;
        self.marks_changed |= marked;
        let slot = self.slots.push(Slot::added(entry, marked));
        // Only who stood in the list can come back under another name.
        if self.replaced && self.base_len > 0 {
            self.pending.push(Pending {
                slot,
                predecessor,
                at,
            });
        } else {
            self.conclude_add(slot, Outcome::Added, at);
        }
    }

    /// An A for an entry that is there already, or that R took away before.
    fn add_again(
        &mut self,
        number: u32,
        mut entry: ListEntry,
        info: Option<&[InfoLine]>,
        at: Position,
    ) {
        let old_info = self.slots.get(number).entry.info().map(<[u8]>::to_vec);
        match info {
            Some(_) => self.fill_info(&mut entry, old_info.as_deref(), info, at),
            None => entry.set_info(old_info.map(Into::into)),
        }
        let slot = self.slots.get_mut(number);
        slot.state = State::Live;
        slot.named = true;
        entry.tid = slot.entry.tid;
        entry.unknown = slot.entry.unknown;
        let outcome = if entry == slot.entry {
            Outcome::Unchanged
        } else {
            self.slots.change(number, entry);
            Outcome::Modified
        };
        self.conclude_add(number, outcome, at);
    }

    fn delete(&mut self, entry: &ListEntry, at: Position) {
        match self.find(entry) {
            Err(reason) => self.refuse_missing(Action::Delete, entry, reason, at),
            Ok(number) => {
                self.slots.release_name(number);
                let slot = self.slots.get_mut(number);
                slot.state = State::Dead;
                self.marks_changed |= slot.marked;
                self.conclude(
                    at,
                    Verdict::new(Action::Delete, Outcome::Deleted),
                    Some(entry),
                );
            }
        }
    }

    fn modify(
        &mut self,
        old: &ListEntry,
        new: Option<Box<ListEntry>>,
        info: Option<&[InfoLine]>,
        at: Position,
    ) {
        let number = match self.find(old) {
            Ok(number) => number,
            Err(reason) => return self.refuse_missing(Action::Modify, old, reason, at),
        };
        if self.rules.source == Source::Queue && self.slots.get(number).state == State::Absent {
            // The R before it took the entry away, and nobody brought it back: whoever never had it refuses this M too, and
            // the lists of all must end the same.
            return self.refuse_missing(Action::Modify, old, Reason::NoSuchEntry, at);
        }
        let current = self.slots.get(number).entry.clone();
        let mut entry = new.map_or_else(|| current.clone(), |new| *new);
        match self.slots.find_name(entry.name.as_bytes()) {
            Some(other) if other != number => {
                if self.slots.get(other).state != State::Absent {
                    let verdict = Verdict::new(Action::Modify, Outcome::Refused).message(27);
                    self.note(at, 27, &entry);
                    return self.conclude_quietly(at, verdict, Some(old));
                }
                self.slots.release_name(other);
            }
            _ => {}
        }
        entry.tid = current.tid;
        entry.unknown = current.unknown;
        self.fill_modified_info(&mut entry, current.info(), info, at);
        if entry == current {
            self.slots.get_mut(number).state = State::Live;
            let verdict = Verdict::new(Action::Modify, Outcome::Unchanged).message(47);
            return self.conclude(at, verdict, Some(old));
        }
        let (action, outcome) = if entry.name == current.name {
            (Action::Modify, Outcome::Modified)
        } else {
            (Action::Rename, Outcome::Renamed)
        };
        self.slots.change(number, entry);
        let slot = self.slots.get_mut(number);
        slot.state = State::Live;
        slot.named = true;
        self.marks_changed |= slot.marked;
        self.conclude(at, Verdict::new(action, outcome), Some(old));
        let new = self.slots.get(number).entry.clone();
        if let Some(decision) = self.decisions.iter_mut().flatten().last() {
            decision.new = Some(Box::new(new));
        }
    }

    /// Finds the entry that a D or M means (design, section 4).
    fn find(&mut self, entry: &ListEntry) -> Result<u32, Reason> {
        match self.slots.find_name(entry.name.as_bytes()) {
            Some(number) => {
                let found = &self.slots.get(number).entry;
                let is_same = found.is_same_address(entry, self.rules.code_page);
                if is_same {
                    Ok(number)
                } else {
                    Err(Reason::NoSuchEntry)
                }
            }
            None if self.rules.source == Source::Text => Err(Reason::NoSuchEntry),
            None => match self.slots.find_address(entry, State::Live) {
                Found::One(number) => Ok(number),
                Found::None => Err(Reason::NoSuchEntry),
                Found::Several => Err(Reason::AmbiguousName),
            },
        }
    }

    fn refuse_missing(&mut self, action: Action, entry: &ListEntry, reason: Reason, at: Position) {
        let verdict = Verdict::new(action, Outcome::Refused)
            .message(29)
            .because(reason);
        self.conclude(at, verdict, Some(entry));
    }

    /// An entry named on a refused line counts as present (design, section 5).
    fn protect(&mut self, name: &[u8]) {
        if let Some(number) = self.slots.find_name(name) {
            let slot = self.slots.get_mut(number);
            if slot.state == State::Absent {
                slot.state = State::Live;
            }
        }
    }

    fn define_template(&mut self, fields: &[TemplateField], at: Position) {
        if !self.rules.templates {
            let verdict = Verdict::new(Action::Template, Outcome::Command).message(73);
            return self.conclude(at, verdict, None);
        }
        let Ok(template) = Template::new(fields, self.rules.code_page) else {
            let verdict = Verdict::new(Action::Template, Outcome::Refused).message(21);
            return self.conclude(at, verdict, None);
        };
        if self.template.as_ref() != Some(&template) {
            let defaults = template.defaults();
            for slot in self
                .slots
                .iter_mut()
                .filter(|slot| slot.state != State::Dead)
            {
                let old = slot.entry.clone();
                self.emptied_count += u64::from(old.info().is_some());
                slot.entry.set_info(Some(defaults.clone()));
                slot.was.get_or_insert_with(|| Box::new(old));
            }
            self.template = Some(template);
            self.template_changed = true;
        }
        self.conclude(at, Verdict::new(Action::Template, Outcome::Command), None);
    }

    fn clear_mark(&mut self, number: u32) {
        let slot = self.slots.get_mut(number);
        self.marks_changed |= slot.marked;
        slot.marked = false;
    }
}
