//! Decides what becomes of each ask, and what is written.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::{Ask, ListScope, Select, Want};
use super::changes::{Change, Modified, difference, order_renames};
use super::sender::Sender;
use super::snapshot::{Held, Snapshot};
use super::working::{Slot, Working};
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
    pub changes: Vec<Change>,
    /// Entries of the container with another owner or none.
    pub foreign: u64,
    /// Entries of the sender before.
    pub owned: u64,
    /// Owners that the sender stood in for (DX282).
    pub stand_ins: BTreeSet<String>,
    /// An ask was unusable so that nobody knows which entry it named.
    pub is_damaged: bool,
}

/// What an end state still needs: addresses and aliases that are made here, so that none is there twice.
pub trait Finish {
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
    finish: &mut dyn Finish,
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
        let fate = deciding.take(at, ask);
        deciding.decision.fates.push(fate);
    }
    deciding.end(extent, &dn, finish)
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
    fn take(&mut self, at: usize, ask: &Ask) -> Fate {
        let (key, action, taken) = match &ask.want {
            Want::Put { key, attributes } => {
                let taken = self.add(at, ask, key, attributes);
                self.working.name(key);
                (Some(key.clone()), Action::Add, taken)
            }
            Want::Remove { key } => (Some(key.clone()), Action::Delete, self.delete(key)),
            Want::Change {
                select,
                to,
                attributes,
                removed,
            } => {
                let selected = self.select(select);
                let key = selected.as_ref().ok().cloned();
                let taken = selected.and_then(|key| {
                    let taken = self.modify(at, ask, &key, to.as_ref(), attributes, removed);
                    self.working.name(&key);
                    taken
                });
                let action = if to.is_some() {
                    Action::Rename
                } else {
                    Action::Modify
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

    fn add(&mut self, at: usize, ask: &Ask, key: &SyncKey, wanted: &Attributes) -> Taken {
        if self.sender.is_own_import(key) {
            return Err(own_import(key));
        }
        let Some(slot) = self.working.get(key) else {
            return self.add_new(at, ask, key, wanted);
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
        self.keep(at, ask, key.clone(), slot, attributes, outcome);
        Ok((outcome, permit.note.into_iter().collect()))
    }

    fn add_new(&mut self, at: usize, ask: &Ask, key: &SyncKey, wanted: &Attributes) -> Taken {
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
        self.keep(at, ask, key.clone(), slot, attributes, Outcome::Added);
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

    fn keep(
        &mut self,
        at: usize,
        ask: &Ask,
        key: SyncKey,
        slot: Slot,
        mut attributes: Attributes,
        outcome: Outcome,
    ) {
        if let Some(number) = ask.number.filter(|_| outcome != Outcome::Unchanged) {
            attributes.set("syncSourceSeq", vec![number.to_string().into_bytes()]);
        }
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

    fn delete(&mut self, key: &SyncKey) -> Taken {
        if self.sender.is_own_import(key) {
            return Err(own_import(key));
        }
        let Some(slot) = self.working.get(key) else {
            return Err(no_such_entry(key));
        };
        let held = slot.as_held(self.snapshot, key);
        let permit = self.sender.judge(key, &held)?;
        self.decision.stand_ins.extend(permit.stand_in);
        self.working.remove(key);
        Ok((Outcome::Deleted, permit.note.into_iter().collect()))
    }

    fn select(&self, select: &Select) -> Result<SyncKey, Note> {
        let name = match select {
            Select::Key(key) => return Ok(key.clone()),
            Select::Name(name) => name,
        };
        let keys = self.working.named(self.sender, name);
        match &keys[..] {
            [key] => Ok(key.clone()),
            [] => {
                let text = format!("no entry of {} is named {name:?}", self.sender.owner);
                Err(Note::new(Reason::NoSuchEntry, text))
            }
            several => {
                let keys: Vec<_> = several.iter().map(SyncKey::as_str).collect();
                let text = format!("{name:?} is {}", keys.join(" and "));
                Err(Note::new(Reason::AmbiguousName, text))
            }
        }
    }

    fn modify(
        &mut self,
        at: usize,
        ask: &Ask,
        key: &SyncKey,
        to: Option<&SyncKey>,
        wanted: &Attributes,
        removed: &[String],
    ) -> Taken {
        if self.sender.is_own_import(key) {
            return Err(own_import(key));
        }
        let Some(slot) = self.working.get(key) else {
            return Err(no_such_entry(key));
        };
        let held = slot.as_held(self.snapshot, key);
        let permit = self.sender.judge(key, &held)?;
        let to = to.filter(|to| to.as_str() != key.as_str());
        if let Some(to) = to.filter(|to| *to != key) {
            self.sender.judge_new(to)?;
            self.check_address(wanted)?;
            if let Some(other) = self.working.get(to) {
                let holder = other.as_held(self.snapshot, to).dn.to_string();
                return Err(Note::new(Reason::AddressDuplicate, holder));
            }
        }
        self.decision.stand_ins.extend(permit.stand_in);
        let mut attributes = slot.attributes.clone();
        for name in removed {
            attributes.set(name, Vec::new());
        }
        overlay(&mut attributes, wanted);
        if permit.note.is_some() {
            attributes.set("syncImportedFrom", vec![self.sender.owner.into()]);
        }
        let outcome = match (to, difference(&slot.attributes, &attributes).is_empty()) {
            (Some(_), _) => Outcome::Renamed,
            (None, true) => Outcome::Unchanged,
            (None, false) => Outcome::Modified,
        };
        if to.is_some_and(|to| to != key) {
            self.working.begin_move(key, &slot);
        }
        let key = to.unwrap_or(key).clone();
        self.keep(at, ask, key, slot, attributes, outcome);
        Ok((outcome, permit.note.into_iter().collect()))
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
        finish: &mut dyn Finish,
    ) -> Decision {
        let sweeps = extent.is_whole() && !self.decision.is_damaged;
        let mut touched = self.working.into_touched();
        for (key, slot) in &mut touched {
            if slot.as_ref().is_some_and(|slot| slot.is_stale) {
                let fate = absent(key, sweeps, self.decision.is_damaged);
                self.decision.fates.push(fate);
                if sweeps {
                    *slot = None;
                }
            }
        }
        write(self.snapshot, touched, dn, finish, &mut self.decision);
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

/// Makes the changes that lead from the snapshot to the end state.
fn write(
    snapshot: &Snapshot,
    touched: BTreeMap<SyncKey, Option<Slot>>,
    dn: &dyn Fn(&SyncKey) -> Dn,
    finish: &mut dyn Finish,
    decision: &mut Decision,
) {
    let kept: BTreeSet<&SyncKey> = touched
        .values()
        .flatten()
        .filter_map(|slot| slot.origin.as_ref())
        .collect();
    let mut deletes = Vec::new();
    for key in touched.keys().filter(|key| !kept.contains(key)) {
        if let Some(held) = snapshot.get(key) {
            finish.free(key, held);
            deletes.push(Change::Delete {
                dn: held.dn.clone(),
            });
        }
    }
    let (mut renames, mut modifies, mut adds) = (Vec::new(), Vec::new(), Vec::new());
    for (key, slot) in touched {
        let Some(Slot {
            origin,
            mut attributes,
            asked_by,
            ..
        }) = slot
        else {
            continue;
        };
        let held = origin
            .as_ref()
            .and_then(|origin| Some((origin, snapshot.get(origin)?)));
        if held.is_some_and(|(origin, held)| *origin == key && held.attributes == attributes)
            && asked_by.is_none()
        {
            continue;
        }
        let notes = finish.finish(&key, held.map(|(_, held)| held), &mut attributes);
        let mut has_changed = true;
        match held {
            None => adds.push(Change::Add(Entry {
                dn: dn(&key),
                attributes,
            })),
            Some((origin, held)) => {
                let is_renamed = origin.as_str() != key.as_str();
                let to = if is_renamed {
                    dn(&key)
                } else {
                    held.dn.clone()
                };
                if changes_class(&held.attributes, &attributes) {
                    deletes.push(Change::Delete {
                        dn: held.dn.clone(),
                    });
                    adds.push(Change::Add(Entry { dn: to, attributes }));
                } else {
                    let mut modified = difference(&held.attributes, &attributes);
                    // The server changes the attribute in the name itself.
                    modified
                        .retain(|m| !is_renamed || !m.attribute.eq_ignore_ascii_case("syncKey"));
                    has_changed = is_renamed || !modified.is_empty();
                    if is_renamed {
                        renames.push((held.dn.clone(), to.clone()));
                    }
                    if !modified.is_empty() {
                        modifies.push((to, modified, attributes));
                    }
                }
            }
        }
        if let Some(fate) = asked_by.and_then(|at| decision.fates.get_mut(at)) {
            fate.notes.extend(notes);
            if has_changed && fate.outcome == Outcome::Unchanged {
                fate.outcome = Outcome::Modified;
            }
        }
    }
    let (renames, circular) = order_renames(renames);
    for (from, to) in circular {
        deletes.push(Change::Delete { dn: from });
        let at = modifies.iter().position(|(dn, _, _)| dn.is_same(&to));
        let (dn, _, attributes) = modifies.remove(at.expect("its key changed"));
        adds.push(Change::Add(Entry { dn, attributes }));
    }
    let renames = renames
        .into_iter()
        .map(|(dn, to)| Change::Rename { dn, to });
    let modifies = modifies
        .into_iter()
        .map(|(dn, modified, _): (Dn, Vec<Modified>, Attributes)| Change::Modify { dn, modified });
    decision.changes = deletes
        .into_iter()
        .chain(renames)
        .chain(modifies)
        .chain(adds)
        .collect();
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
