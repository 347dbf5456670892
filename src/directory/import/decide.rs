//! Decides what becomes of each ask, and what is written.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::{Ask, Changed, ListScope, Select, Want};
use super::changes::{Change, Write, difference, order_renames};
use super::sender::Sender;
use super::snapshot::{Held, Snapshot};
use super::working::{Slot, State, Working};
use crate::directory::authority::{all_named, by_name};
use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Entry};
use crate::directory::key::SyncKey;
use crate::directory::note::Note;
use crate::plan::outcome::{Action, Counts, Outcome, Reason};

/// How much of the container the asks speak for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Updates: of what no R names, nothing is said.
    Updates {
        /// The message came whole, so that what an R does not name goes (DX-17).
        is_whole: bool,
    },
    /// A full list.
    List {
        /// It is proven whole: what it lacks goes.
        is_whole: bool,
    },
}

impl Extent {
    fn is_whole(self) -> bool {
        match self {
            Self::Updates { is_whole } | Self::List { is_whole } => is_whole,
        }
    }
}

/// What became of one ask, or of an entry that none named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// The entry.
    pub key: Option<SyncKey>,
    /// What was asked.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was not applied.
    pub reason: Option<Note>,
    /// What was altered.
    pub notes: Vec<Note>,
    /// Number of the transaction.
    pub number: Option<u32>,
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// What became of each ask in order, then of the entries that none named.
    pub fates: Vec<Fate>,
    /// How many ended in which way.
    pub counts: Counts,
    /// What is written, in order.
    pub writes: Vec<Write>,
    /// Entries of the container with another owner or none.
    pub foreign: u64,
    /// Entries of the sender before.
    pub owned: u64,
    /// Owners that the sender stood in for (DX282).
    pub stand_ins: BTreeSet<String>,
    /// An ask was unusable so that nobody knows which entry it named.
    pub is_damaged: bool,
}

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

    /// Tells that an entry goes, so that what it holds is free. All are told before the first [`Self::finish`].
    fn free(&mut self, key: &SyncKey, held: &Held);
}

/// Decides. `dn` names a new entry by its key; `managed` are the attributes that an A sets or removes, others are not
/// its business.
pub fn decide(
    snapshot: &Snapshot,
    sender: &Sender<'_>,
    asks: &[Ask],
    extent: Extent,
    managed: &[&str],
    dn: impl Fn(&SyncKey) -> Dn,
    mapping: &mut dyn Mapping,
) -> Decision {
    let mut deciding = Deciding {
        snapshot,
        sender,
        managed,
        working: Working::new(snapshot),
        decision: Decision::default(),
    };
    for (_, held) in snapshot.iter() {
        match sender.is_owner(held) {
            true => deciding.decision.owned += 1,
            false => deciding.decision.foreign += 1,
        }
    }
    if matches!(extent, Extent::List { .. }) {
        deciding.working.begin_list(sender, None);
    }
    for (at, ask) in asks.iter().enumerate() {
        let fate = deciding.take(at, ask, mapping);
        deciding.decision.fates.push(fate);
    }
    deciding.end(extent, &dn, mapping)
}

struct Deciding<'a> {
    snapshot: &'a Snapshot,
    sender: &'a Sender<'a>,
    managed: &'a [&'a str],
    working: Working<'a>,
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
            Want::Replace { list } => (None, Action::Replace, self.replace(list)),
            Want::Template => (None, Action::Template, Ok((Outcome::Command, Vec::new()))),
            Want::Unusable { key, reason } => {
                match key {
                    Some(key) => self.working.name(key),
                    None => self.decision.is_damaged = true,
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
        let held = slot.as_held(self.snapshot, key);
        let permit = self
            .sender
            .judge(key, &held)
            .map_err(|refused| match refused.reason {
                // What is wrong with an A is that the address is there already.
                Reason::NotOwner => Note::new(Reason::AddressDuplicate, refused.detail),
                _ => refused,
            })?;
        self.decision.stand_ins.extend(permit.stand_in);
        let mut attributes = slot.attributes.clone();
        for name in self.managed {
            attributes.set(name, Vec::new());
        }
        overlay(&mut attributes, wanted);
        self.stamp(&mut attributes, slot.attributes.first("syncTrustLevel"));
        let outcome = match difference(&slot.attributes, &attributes).is_empty() {
            true => Outcome::Unchanged,
            false => Outcome::Modified,
        };
        self.keep(at, key.clone(), slot, attributes);
        Ok((outcome, permit.note.into_iter().collect()))
    }

    fn add_new(&mut self, at: usize, key: &SyncKey, wanted: &Attributes) -> Taken {
        self.sender.judge_new(key)?;
        self.check_address(wanted)?;
        let mut attributes = wanted.clone();
        self.stamp(&mut attributes, None);
        // D and A of one key are one modification, unless the entry moved away.
        let gone = self
            .snapshot
            .get(key)
            .filter(|_| !self.working.has_moved(key));
        let slot = Slot {
            origin: gone.map(|_| key.clone()),
            owner: Some(self.sender.owner.to_owned()),
            attributes: Attributes::default(),
            is_stale: false,
            asked_by: Some(at),
        };
        self.keep(at, key.clone(), slot, attributes);
        Ok((Outcome::Added, Vec::new()))
    }

    /// Target addresses are there once in the whole tree; what goes in the same run does not count.
    fn check_address(&self, wanted: &Attributes) -> Result<(), Note> {
        let address = wanted.text("syncAddress").map(str::to_lowercase);
        let holder = address.and_then(|address| self.snapshot.holders.get(&address));
        holder.map_or(Ok(()), |dn| {
            Err(Note::new(Reason::AddressDuplicate, dn.to_string()))
        })
    }

    fn stamp(&self, attributes: &mut Attributes, trust: Option<&[u8]>) {
        let sender = self.sender;
        attributes.set("syncImportedFrom", vec![sender.owner.into()]);
        let trust = trust.filter(|_| !sender.force_trust);
        let trust = trust.map_or_else(|| sender.trust.to_string().into_bytes(), <[u8]>::to_vec);
        attributes.set("syncTrustLevel", vec![trust]);
    }

    fn keep(&mut self, at: usize, key: SyncKey, slot: Slot, attributes: Attributes) {
        let owner = attributes.text("syncImportedFrom").map(str::to_owned);
        let slot = Slot {
            owner,
            attributes,
            is_stale: false,
            asked_by: Some(at),
            ..slot
        };
        self.working.put(key, slot);
    }

    fn delete(&mut self, at: usize, key: &SyncKey) -> Taken {
        if self.sender.is_own_import(key) {
            return Err(own_import(key));
        }
        let Some(slot) = self.working.get(key) else {
            return Err(no_such_entry(key));
        };
        let held = slot.as_held(self.snapshot, key);
        let permit = self.sender.judge(key, &held)?;
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
        let held = slot.as_held(self.snapshot, key);
        let permit = self.sender.judge(key, &held)?;
        let (mut attributes, mut notes) = mapping.modify(&slot.attributes, changed);
        let to = attributes.text("syncKey").map(SyncKey::stored);
        let to = to.filter(|to| to.as_str() != key.as_str());
        if let Some(to) = to.as_ref().filter(|to| *to != key) {
            self.sender.judge_new(to)?;
            self.check_address(&attributes)?;
            if let Some(other) = self.working.get(to) {
                let holder = other.as_held(self.snapshot, to).dn.to_string();
                return Err(Note::new(Reason::AddressDuplicate, holder));
            }
        }
        self.decision.stand_ins.extend(permit.stand_in);
        let owner = match &permit.note {
            Some(_) => Some(self.sender.owner.into()),
            None => slot
                .attributes
                .first("syncImportedFrom")
                .map(<[u8]>::to_vec),
        };
        attributes.set("syncImportedFrom", owner.into_iter().collect());
        notes.extend(permit.note);
        let outcome = match (&to, difference(&slot.attributes, &attributes).is_empty()) {
            (Some(_), _) => Outcome::Renamed,
            (None, true) => Outcome::Unchanged,
            (None, false) => Outcome::Modified,
        };
        if to.as_ref().is_some_and(|to| to != key) {
            self.working.begin_move(key, &slot, at);
        }
        let key = to.unwrap_or_else(|| key.clone());
        self.keep(at, key, slot, attributes);
        Ok((outcome, notes))
    }

    fn replace(&mut self, list: &ListScope) -> Taken {
        if let ListScope::Postoffice {
            network,
            postoffice,
        } = list
        {
            self.sender.judge_list(network, postoffice)?;
        }
        self.working.begin_list(self.sender, Some(list));
        Ok((Outcome::Command, Vec::new()))
    }

    fn end(
        mut self,
        extent: Extent,
        dn: &dyn Fn(&SyncKey) -> Dn,
        mapping: &mut dyn Mapping,
    ) -> Decision {
        let sweeps = extent.is_whole() && !self.decision.is_damaged;
        let mut touched = self.working.into_touched();
        for (key, state) in &mut touched {
            if state.slot().is_some_and(|slot| slot.is_stale) {
                let fate = absent(key, sweeps, self.decision.is_damaged);
                if sweeps {
                    *state = State::Gone(self.decision.fates.len());
                }
                self.decision.fates.push(fate);
            }
        }
        write(self.snapshot, touched, dn, mapping, &mut self.decision);
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

/// Makes the writes that lead from the snapshot to the end state.
fn write(
    snapshot: &Snapshot,
    touched: BTreeMap<SyncKey, State>,
    dn: &dyn Fn(&SyncKey) -> Dn,
    mapping: &mut dyn Mapping,
    decision: &mut Decision,
) {
    let slots = touched.values().filter_map(State::slot);
    let kept: BTreeSet<&SyncKey> = slots.filter_map(|slot| slot.origin.as_ref()).collect();
    let mut writes = Writes::default();
    for (key, state) in &touched {
        // What has its key may also be another entry, where this one moved away first and went then.
        let fate = match state {
            State::Gone(at) => Some(*at),
            State::There(slot) => slot.asked_by,
        };
        let held = snapshot.get(key).filter(|_| !kept.contains(key));
        if let Some((held, fate)) = held.zip(fate) {
            mapping.free(key, held);
            writes.delete(held.dn.clone(), fate, key);
        }
    }
    for (key, state) in touched {
        let State::There(Slot {
            origin,
            mut attributes,
            asked_by: Some(fate),
            ..
        }) = state
        else {
            continue;
        };
        let held = origin
            .as_ref()
            .and_then(|origin| Some((origin, snapshot.get(origin)?)));
        let notes = mapping.finish(&key, held.map(|(_, held)| held), &mut attributes);
        let number = decision.fates[fate].number;
        let has_changed = match held {
            None => {
                number_source(&mut attributes, number);
                writes.add(dn(&key), attributes, fate, &key)
            }
            Some((origin, held)) => {
                let to = (origin.as_str() != key.as_str()).then(|| dn(&key));
                if to.is_some() || !difference(&held.attributes, &attributes).is_empty() {
                    number_source(&mut attributes, number);
                }
                writes.change(held, to, attributes, fate, &key)
            }
        };
        let fate = &mut decision.fates[fate];
        fate.notes.extend(notes);
        fate.outcome = match (fate.outcome, has_changed) {
            (Outcome::Unchanged, true) => Outcome::Modified,
            (Outcome::Modified, false) => Outcome::Unchanged,
            (outcome, _) => outcome,
        };
    }
    decision.writes = writes.into_ordered();
}

/// Notes which transaction changed an entry last; one that changes nothing else is not worth a write.
fn number_source(attributes: &mut Attributes, number: Option<u32>) {
    if let Some(number) = number {
        attributes.set("syncSourceSeq", vec![number.to_string().into_bytes()]);
    }
}

/// Writes by their kind.
#[derive(Default)]
struct Writes {
    deletes: Vec<Write>,
    renames: Vec<Write>,
    /// With all attributes, should the entry have to be made anew.
    modifies: Vec<(Write, Attributes)>,
    adds: Vec<Write>,
}

impl Writes {
    fn delete(&mut self, dn: Dn, fate: usize, key: &SyncKey) {
        let (change, key) = (Change::Delete { dn }, key.clone());
        self.deletes.push(Write { change, fate, key });
    }

    fn add(&mut self, dn: Dn, attributes: Attributes, fate: usize, key: &SyncKey) -> bool {
        let (change, key) = (Change::Add(Entry { dn, attributes }), key.clone());
        self.adds.push(Write { change, fate, key });
        true
    }

    /// Makes an entry what it is to be, under another name where one is given; returns whether that takes anything.
    fn change(
        &mut self,
        held: &Held,
        to: Option<Dn>,
        attributes: Attributes,
        fate: usize,
        key: &SyncKey,
    ) -> bool {
        let dn = to.clone().unwrap_or_else(|| held.dn.clone());
        if changes_class(&held.attributes, &attributes) {
            self.delete(held.dn.clone(), fate, key);
            return self.add(dn, attributes, fate, key);
        }
        let mut modified = difference(&held.attributes, &attributes);
        // The server changes the attribute in the name itself.
        modified.retain(|m| to.is_none() || !m.attribute.eq_ignore_ascii_case("syncKey"));
        let has_changed = to.is_some() || !modified.is_empty();
        if let Some(to) = to {
            let change = Change::Rename {
                dn: held.dn.clone(),
                to,
            };
            self.renames.push(Write {
                change,
                fate,
                key: key.clone(),
            });
        }
        if has_changed {
            let (change, key) = (Change::Modify { dn, modified }, key.clone());
            self.modifies
                .push((Write { change, fate, key }, attributes));
        }
        has_changed
    }

    fn into_ordered(mut self) -> Vec<Write> {
        let (renames, circular) = order_renames(std::mem::take(&mut self.renames));
        for write in circular {
            let Change::Rename { dn, to } = write.change else {
                continue;
            };
            let is_same = |(other, _): &(Write, Attributes)| other.key == write.key;
            if let Some(at) = self.modifies.iter().position(is_same) {
                let (_, attributes) = self.modifies.remove(at);
                self.delete(dn, write.fate, &write.key);
                self.add(to, attributes, write.fate, &write.key);
            }
        }
        let modifies = self.modifies.into_iter().map(|(write, _)| write);
        let modifies = modifies.filter(|write| match &write.change {
            Change::Modify { modified, .. } => !modified.is_empty(),
            _ => true,
        });
        self.deletes
            .into_iter()
            .chain(renames)
            .chain(modifies)
            .chain(self.adds)
            .collect()
    }
}

/// Tells whether the structural class changes, which a directory does not do in place.
fn changes_class(now: &Attributes, wanted: &Attributes) -> bool {
    let has = |attributes: &Attributes, class: &str| {
        let mut classes = attributes.values("objectClass").iter();
        classes.any(|found| found.eq_ignore_ascii_case(class.as_bytes()))
    };
    ["inetOrgPerson", "organizationalRole"]
        .iter()
        .any(|class| has(now, class) != has(wanted, class))
}

/// Puts values over those that are there. Classes and addresses that were added by hand stay.
fn overlay(attributes: &mut Attributes, wanted: &Attributes) {
    for (name, values) in wanted.iter() {
        let mut values = values.to_vec();
        let stays = |value: &&Vec<u8>| match name {
            _ if name.eq_ignore_ascii_case("objectClass") => !is_ours(value),
            _ => name.eq_ignore_ascii_case("syncProxySecondary"),
        };
        let there = attributes.values(name).iter().filter(stays);
        let there =
            there.filter(|there| !values.iter().any(|value| value.eq_ignore_ascii_case(there)));
        let there: Vec<_> = there.cloned().collect();
        values.extend(there);
        attributes.set(name, values);
    }
}

/// Tells whether a class is one that the kind of an entry decides.
fn is_ours(class: &[u8]) -> bool {
    let ours = [
        "top",
        "person",
        "organizationalPerson",
        "inetOrgPerson",
        "organizationalRole",
    ];
    ours.iter()
        .any(|ours| class.eq_ignore_ascii_case(ours.as_bytes()))
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
