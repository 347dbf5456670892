//! Decides what becomes of each ask, and what is written.

use super::ask::{Ask, Changed, Select, Want};
use super::changes::is_same;
use super::course::Course;
use super::decision::{Decision, Extent, Fate};
use super::lists::Moment;
use super::put::{put, stamp};
use super::sender::{Permit, Sender};
use super::snapshot::{Held, Snapshot};
use super::working::{Slot, Working};
use super::writes::write;
use crate::directory::address_text::TargetAddress;
use crate::directory::authority::{all_named, by_name};
use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Names};
use crate::directory::key::SyncKey;
use crate::directory::note::Note;
use crate::directory::schema;
use crate::plan::outcome::{Action, Outcome, Reason};

/// How a connection fills its container: what an M makes of an entry, and what is made here, so that no address is there
/// twice.
pub trait Mapping {
    /// Returns the attributes that an M asks for, and what was altered in them.
    fn modify(&self, present: &Attributes, changed: &Changed) -> (Attributes, Vec<Note>);

    /// Completes a new or changed entry; `held` is what it was.
    fn finish(
        &mut self,
        key: &SyncKey,
        held: Option<&Held>,
        attributes: &mut Attributes,
    ) -> Vec<Note>;

    /// Tells whether [`Self::finish`] leaves an entry as it is where nobody else has what is made for it.
    fn leaves(&self, present: &Attributes) -> bool;

    /// Tells that an entry goes, so that what it holds is free. All are told before the first [`Self::finish`].
    fn free(&mut self, key: &SyncKey, held: &Held);
}

/// Asks that are decided together, and what is there of their entries.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// What is there. What an entry of it holds may be missing as [`Needs`](super::Needs) allows.
    pub snapshot: &'a Snapshot,
    /// The asks: all those about the entries that they are about.
    pub asks: &'a [Ask],
    /// When each of them stands.
    pub moments: &'a [Moment],
    /// The course of the whole run.
    pub course: &'a Course,
}

/// What a run decides by.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// Who asks.
    pub sender: &'a Sender<'a>,
    /// The attributes that an A sets or removes; others are not its business.
    pub managed: &'a Names,
    /// Names a new entry by its key.
    pub dn: &'a dyn Fn(&SyncKey) -> Dn,
}

/// Decides all asks of a run together. `dn` names a new entry by its key; `managed` are the attributes that an A sets or
/// removes, others are not its business. What an entry of the snapshot holds may be missing as
/// [`Needs`](super::Needs) allows.
pub fn decide(
    snapshot: &Snapshot,
    sender: &Sender<'_>,
    asks: &[Ask],
    extent: Extent,
    managed: &Names,
    dn: impl Fn(&SyncKey) -> Dn,
    mapping: &mut dyn Mapping,
) -> Decision {
    let mut course = Course::new(extent);
    let moments: Vec<_> = asks.iter().map(|ask| course.take(ask, sender)).collect();
    let (course, moments, dn) = (&course, &moments, &dn);
    let part = Part {
        snapshot,
        asks,
        moments,
        course,
    };
    let terms = Terms {
        sender,
        managed,
        dn,
    };
    decide_part(part, terms, mapping)
}

/// Decides some asks of a run. The parts of a run that is not linked ([`Course::is_linked`]) come to what all of it comes to
/// at once, if they are decided in the order of their keys and [`Mapping::free`] was told of all that goes before.
/// Fates count from the first of this part.
pub fn decide_part(part: Part<'_>, terms: Terms<'_>, mapping: &mut dyn Mapping) -> Decision {
    let Part {
        snapshot,
        asks,
        moments,
        course,
    } = part;
    let sender = terms.sender;
    let mut deciding = Deciding {
        snapshot,
        sender,
        managed: terms.managed,
        working: Working::new(snapshot, &course.lists),
        is_list: course.is_list(),
        decision: Decision {
            is_damaged: course.is_damaged,
            ..Decision::default()
        },
    };
    for (_, held) in snapshot.iter() {
        match sender.is_owner(held.owner.as_deref()) {
            true => deciding.decision.owned += 1,
            false => deciding.decision.foreign += 1,
        }
    }
    deciding.decision.foreign += snapshot.by_hand;
    deciding.decision.fates.reserve_exact(asks.len());
    for (at, (ask, moment)) in asks.iter().zip(moments).enumerate() {
        deciding.working.now = *moment;
        let fate = deciding.take(at, ask, mapping);
        deciding.decision.fates.push(fate);
    }
    deciding.end(course.extent, terms.dn, mapping)
}

struct Deciding<'a> {
    snapshot: &'a Snapshot,
    sender: &'a Sender<'a>,
    managed: &'a Names,
    working: Working<'a>,
    /// It is a full list, which names each entry once.
    is_list: bool,
    decision: Decision,
}

/// What an ask ends in: the outcome, and the notes of having been allowed.
type Taken = Result<(Outcome, Vec<Note>), Note>;

impl Deciding<'_> {
    fn take(&mut self, at: usize, ask: &Ask, mapping: &dyn Mapping) -> Fate {
        let (key, action, taken) = match &ask.want {
            Want::Put { key, attributes } => {
                let taken = self.add(at, key, attributes);
                self.working.name(key);
                (Some(key.clone()), Action::Add, taken)
            }
            Want::Remove { key } => (Some(key.clone()), Action::Delete, self.delete(at, key)),
            Want::Change { select, changed } => {
                let selected = self.select(select);
                let key = selected.as_ref().ok().cloned();
                let taken = selected.and_then(|key| {
                    let taken = self.modify(at, &key, changed, mapping);
                    self.working.name(&key);
                    taken
                });
                let action = match changed.new {
                    Some(_) => Action::Rename,
                    None => Action::Modify,
                };
                (key, action, taken)
            }
            Want::Replace { list } => {
                let taken = self.sender.may_begin(list);
                let taken = taken.map(|()| (Outcome::Command, Vec::new()));
                (None, Action::Replace, taken)
            }
            Want::Template => (None, Action::Template, Ok((Outcome::Command, Vec::new()))),
            Want::Unusable { key, reason } => {
                if let Some(key) = key {
                    self.working.name(key);
                }
                (key.clone(), Action::None, Err(reason.clone()))
            }
        };
        let (outcome, reason, more) = match taken {
            Ok((outcome, notes)) => (outcome, None, notes),
            Err(reason) => (outcome_of(&reason, action), Some(reason), Vec::new()),
        };
        Fate {
            key,
            action,
            outcome,
            reason,
            notes: ask.notes.iter().cloned().chain(more).collect(),
            number: ask.number,
        }
    }

    fn add(&mut self, at: usize, key: &SyncKey, wanted: &Attributes) -> Taken {
        if self.sender.is_own_import(key) {
            return Err(own_import(key));
        }
        let Some(slot) = self.working.get(key) else {
            return self.add_new(at, key, wanted);
        };
        if self.is_list && slot.asked_by.is_some() {
            return Err(self.twice(key, &slot));
        }
        let permit = self
            .judge(key, &slot)
            .map_err(|refused| match refused.reason {
                // What is wrong with an A is that the address is there already.
                Reason::NotOwner => Note::new(Reason::AddressDuplicate, refused.detail),
                _ => refused,
            })?;
        self.decision.stand_ins.extend(permit.stand_in);
        // What an entry holds that is as its ask wants it was not kept.
        let present = slot.attributes(self.snapshot);
        let attributes = present.map(|present| put(present, wanted, self.sender, self.managed));
        let outcome = self.keep(at, key.clone(), slot, attributes);
        Ok((outcome, permit.note.into_iter().collect()))
    }

    /// Says that a list names an entry twice: one key is one entry, and which of the two is meant nobody can say.
    fn twice(&self, key: &SyncKey, slot: &Slot) -> Note {
        let name = slot.attributes(self.snapshot);
        let name =
            name.and_then(|there| there.text(schema::ORIGINAL_NAME).or(there.text(schema::CN)));
        let dn = slot.dn(self.snapshot, key);
        let detail = match name {
            Some(name) => format!("{dn}: the list has it already, as {name:?}"),
            None => format!("{dn}: the list has it already"),
        };
        Note::new(Reason::AddressDuplicate, detail)
    }

    /// Judges whether the sender may change an entry.
    fn judge(&self, key: &SyncKey, slot: &Slot) -> Result<Permit, Note> {
        let judged = self.sender.judge(key, slot.owner.as_deref());
        judged.map_err(|note| {
            let dn = slot.dn(self.snapshot, key);
            Note::new(note.reason, format!("{dn}: {}", note.detail))
        })
    }

    fn add_new(&mut self, at: usize, key: &SyncKey, wanted: &Attributes) -> Taken {
        self.sender.judge_new(key)?;
        self.check_address(wanted)?;
        let mut attributes = wanted.clone();
        stamp(&mut attributes, self.sender, None);
        // D and A of one key are one modification, unless the entry moved away.
        let gone = self
            .snapshot
            .get(key)
            .filter(|_| !self.working.has_moved(key));
        let slot = Slot::new(gone.map(|_| key.clone()));
        self.put(at, key.clone(), slot, attributes);
        Ok((Outcome::Added, Vec::new()))
    }

    /// Target addresses are there once in the whole tree; what goes in the same run does not count.
    fn check_address(&self, wanted: &Attributes) -> Result<(), Note> {
        let address = wanted.text(schema::ADDRESS).map(TargetAddress::parse);
        let address = address.and_then(Result::ok);
        let holder = address.and_then(|address| self.snapshot.other(&address));
        holder.map_or(Ok(()), |dn| {
            Err(Note::new(Reason::AddressDuplicate, dn.to_string()))
        })
    }

    /// Keeps an entry with the attributes that an ask makes of it, and says whether they are others than before.
    fn keep(
        &mut self,
        at: usize,
        key: SyncKey,
        slot: Slot,
        attributes: Option<Attributes>,
    ) -> Outcome {
        let present = slot.attributes(self.snapshot);
        let is_other = |attributes: &Attributes| !present.is_some_and(|p| is_same(p, attributes));
        match attributes.filter(is_other) {
            None => {
                self.working.put(key, slot, at);
                Outcome::Unchanged
            }
            Some(attributes) => {
                self.put(at, key, slot, attributes);
                Outcome::Modified
            }
        }
    }

    fn put(&mut self, at: usize, key: SyncKey, slot: Slot, attributes: Attributes) {
        let owner = attributes.text(schema::IMPORTED_FROM).map(Into::into);
        let attributes = Some(attributes);
        let slot = Slot {
            owner,
            attributes,
            ..slot
        };
        self.working.put(key, slot, at);
    }

    fn delete(&mut self, at: usize, key: &SyncKey) -> Taken {
        if self.sender.is_own_import(key) {
            return Err(own_import(key));
        }
        let Some(slot) = self.working.get(key) else {
            return Err(no_such_entry(key));
        };
        let permit = self.judge(key, &slot)?;
        self.decision.stand_ins.extend(permit.stand_in);
        self.working.remove(key, at);
        Ok((Outcome::Deleted, permit.note.into_iter().collect()))
    }

    fn select(&mut self, select: &Select) -> Result<SyncKey, Note> {
        let name = match select {
            Select::Key(key) => return Ok(key.clone()),
            Select::Name(name) => name,
        };
        let entries = self.working.names(self.sender);
        let named = || entries.iter().map(|(key, name)| (key, &name[..]));
        let found = by_name(name, named()).cloned();
        if found.is_err() {
            // Whichever was meant: all that have the name are named by it.
            for key in all_named(name, named()) {
                self.working.name(key);
            }
        }
        found
    }

    fn modify(
        &mut self,
        at: usize,
        key: &SyncKey,
        changed: &Changed,
        mapping: &dyn Mapping,
    ) -> Taken {
        if self.sender.is_own_import(key) {
            return Err(own_import(key));
        }
        let Some(slot) = self.working.get(key) else {
            return Err(no_such_entry(key));
        };
        let permit = self.judge(key, &slot)?;
        let Some(present) = slot.attributes(self.snapshot) else {
            return Err(no_such_entry(key));
        };
        let (mut attributes, mut notes) = mapping.modify(present, changed);
        let to = attributes.text(schema::KEY).map(SyncKey::stored);
        let to = to.filter(|to| to.as_str() != key.as_str());
        if let Some(to) = to.as_ref().filter(|to| *to != key) {
            if self.sender.is_own_import(to) {
                let detail = format!("{to} is of this agent, sender {}", self.sender.owner);
                return Err(Note::new(Reason::NotAuthoritative, detail));
            }
            self.sender.judge_new(to)?;
            self.check_address(&attributes)?;
            if let Some(other) = self.working.get(to) {
                let holder = other.dn(self.snapshot, to).to_string();
                return Err(Note::new(Reason::AddressDuplicate, holder));
            }
        }
        self.decision.stand_ins.extend(permit.stand_in);
        let owner = match &permit.note {
            Some(_) => Some(self.sender.owner.as_bytes()),
            None => present.first(schema::IMPORTED_FROM),
        };
        attributes.set(schema::IMPORTED_FROM, owner);
        notes.extend(permit.note);
        let outcome = match to {
            None => self.keep(at, key.clone(), slot, Some(attributes)),
            Some(to) => {
                if to != *key {
                    self.working.begin_move(key, &slot, at);
                }
                self.put(at, to, slot, attributes);
                Outcome::Renamed
            }
        };
        Ok((outcome, notes))
    }

    fn end(
        mut self,
        extent: Extent,
        dn: &dyn Fn(&SyncKey) -> Dn,
        mapping: &mut dyn Mapping,
    ) -> Decision {
        let sweeps = extent.is_whole() && !self.decision.is_damaged;
        for key in self.working.stale(self.sender) {
            let fate = absent(&key, sweeps, self.decision.is_damaged);
            if sweeps {
                self.working.remove(&key, self.decision.fates.len());
            }
            self.decision.fates.push(fate);
        }
        let unsettled = self.working.into_unsettled();
        write(self.snapshot, unsettled, dn, mapping, &mut self.decision);
        let decision = &mut self.decision;
        for fate in &decision.fates {
            let is_read = fate.outcome.is_of_read_entry();
            decision.counts.read += u64::from(is_read);
            decision
                .counts
                .count(fate.outcome, fate.reason.as_ref().map(|note| note.reason));
        }
        self.decision
    }
}

/// Says what becomes of an entry that a list does not name.
fn absent(key: &SyncKey, sweeps: bool, is_damaged: bool) -> Fate {
    let text = match is_damaged {
        true => "the list is damaged, so that nobody knows whether it names this entry",
        false => "the list is not proven whole",
    };
    Fate {
        key: Some(key.clone()),
        action: Action::None,
        outcome: if sweeps {
            Outcome::Swept
        } else {
            Outcome::Kept
        },
        reason: (!sweeps).then(|| Note::new(Reason::ListIncomplete, text)),
        notes: Vec::new(),
        number: None,
    }
}

fn own_import(key: &SyncKey) -> Note {
    Note::new(Reason::OwnImport, format!("{key} is of this agent itself"))
}

fn no_such_entry(key: &SyncKey) -> Note {
    Note::new(Reason::NoSuchEntry, key.to_string())
}

/// What comes back to where it came from, and a deletion of what is gone already, are as they should be.
fn outcome_of(reason: &Note, action: Action) -> Outcome {
    match (reason.reason, action) {
        (Reason::OwnImport, _) | (Reason::NoSuchEntry, Action::Delete) => Outcome::Ignored,
        _ => Outcome::Refused,
    }
}

#[cfg(test)]
mod tests;
