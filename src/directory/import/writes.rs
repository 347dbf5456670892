//! The writes that make a container what the asks came to.

use std::collections::HashSet;

use super::changes::{Change, Write, difference, order_renames};
use super::decide::Mapping;
use super::decision::Decision;
use super::snapshot::{Held, Snapshot};
use super::working::{Slot, State};
use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Entry};
use crate::directory::key::SyncKey;
use crate::directory::schema;
use crate::plan::outcome::Outcome;

/// Makes the writes that lead from the snapshot to the end state.
pub(super) fn write(
    snapshot: &Snapshot,
    unsettled: Vec<(SyncKey, State)>,
    dn: &dyn Fn(&SyncKey) -> Dn,
    mapping: &mut dyn Mapping,
    decision: &mut Decision,
) {
    let kept = unsettled.iter().filter_map(|(_, state)| match state {
        State::There(slot) => slot.origin.as_ref(),
        _ => None,
    });
    let kept: HashSet<&SyncKey> = kept.collect();
    let mut writes = Writes::default();
    for (key, state) in &unsettled {
        // What has its key may also be another entry, where this one moved away first and went then.
        let fate = match state {
            State::Gone(at) => Some(*at),
            State::There(slot) => slot.asked_by,
            State::Same { .. } => None,
        };
        let held = snapshot.get(key).filter(|_| !kept.contains(key));
        if let Some((held, fate)) = held.zip(fate) {
            mapping.free(key, held);
            writes.delete(held.dn.clone(), fate, key);
        }
    }
    for (key, state) in unsettled {
        let slot = match state {
            State::There(slot) => *slot,
            State::Same { asked_by, .. } => Slot {
                asked_by,
                ..Slot::new(Some(key.clone()))
            },
            State::Gone(_) => continue,
        };
        let (Some(fate), Some(attributes)) = (slot.asked_by, slot.attributes(snapshot)) else {
            continue;
        };
        let mut attributes = attributes.clone();
        let held = slot
            .origin
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
                if to.is_some() || !held.is_as(&attributes) {
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
        attributes.set_one(schema::SOURCE_SEQ, number.to_string());
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
        let nothing = Attributes::default();
        let present = held.attributes.as_ref().unwrap_or(&nothing);
        if changes_class(present, &attributes) {
            self.delete(held.dn.clone(), fate, key);
            return self.add(dn, attributes, fate, key);
        }
        let mut modified = difference(present, &attributes);
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
