//! Follows the changes of a list in the postoffice address list.

use std::collections::HashSet;

use crate::address::{Address, PostofficeName};
use crate::list::{ListEntry, ListId};
use crate::plan::merge::Merged;
use crate::plan::outcome::{Action, Outcome};
use crate::plan::pol::{Held, PolChange};
use crate::plan::{ListPlan, Note, Removal, Row};
use crate::postoffice::Postoffice;
use crate::postoffice::places::Places;
use crate::postoffice::pol::{Pol, PolNames};

/// What `-a` makes of the transactions for one list.
#[derive(Debug, Default)]
pub(super) struct Followed {
    pub(super) changes: Vec<PolChange>,
    pub(super) notes: Vec<Note>,
    pub(super) refused: u64,
}

/// Gives entries of one list their full addresses.
struct Addresses<'a> {
    po: &'a Postoffice,
    id: &'a ListId,
    place: Option<PostofficeName>,
}

impl<'a> Addresses<'a> {
    fn new(po: &'a Postoffice, places: &Places, id: &'a ListId) -> Self {
        let place = match id {
            ListId::Postoffice {
                network,
                postoffice,
                ..
            } => Some(places.place_of(id).map_or_else(
                || PostofficeName::from_checked(network, postoffice),
                |p| p.name(),
            )),
            _ => None,
        };
        Self { po, id, place }
    }

    fn of(&self, entry: &ListEntry) -> Option<Address> {
        let kind = match self.id {
            ListId::Postoffice { family, .. } => *family,
            ListId::Gateway(kind) => *kind,
            ListId::Local | ListId::Pol => return None,
        };
        entry
            .address(kind, self.place.as_ref(), self.po.code_page())
            .ok()
    }
}

/// `-a`: what was added, deleted or changed in the list is so in the postoffice list too. What the list itself has
/// refused does not get there (defect 27 of `import.md`).
pub(super) fn follow_decisions(
    pol: (&Pol, &PolNames),
    po: &Postoffice,
    places: &Places,
    id: &ListId,
    merged: &mut Merged,
) -> Followed {
    let (pol, names) = pol;
    let addresses = Addresses::new(po, places, id);
    let mut followed = Followed::default();
    let mut inserted = HashSet::new();
    for decision in &merged.decisions {
        let Some(entry) = &decision.entry else {
            continue;
        };
        let Some(address) = addresses.of(entry) else {
            continue;
        };
        let held = pol.holds(names, entry.name.as_bytes(), &address);
        let name = entry.name;
        match (decision.action, decision.outcome) {
            (_, Outcome::Refused | Outcome::Ignored | Outcome::Kept | Outcome::Command) => {}
            (Action::Add, _) if held == Held::Free => {
                if !inserted.insert(po.code_page().fold(name.as_bytes())) {
                    continue;
                }
                followed.changes.push(PolChange::Insert {
                    name,
                    list: id.clone(),
                    address,
                });
            }
            (Action::Add, outcome) => {
                if outcome != Outcome::Unchanged || held == Held::Other {
                    let argument = name.as_bytes().to_vec();
                    followed.notes.push(Note {
                        at: decision.at,
                        message: 27,
                        argument,
                    });
                }
                followed.refused += u64::from(held == Held::Other);
            }
            (Action::Delete, _) if held == Held::Same => {
                followed.changes.push(PolChange::Remove { name });
            }
            (Action::Modify | Action::Rename, _) if held == Held::Same => {
                let Some(new) = &decision.new else { continue };
                let Some(address) = addresses.of(new) else {
                    continue;
                };
                let (old, name, list) = (name, new.name, id.clone());
                if po
                    .code_page()
                    .eq_ignore_case(old.as_bytes(), name.as_bytes())
                    || pol.find_in(names, name.as_bytes()).is_none()
                {
                    followed.changes.push(PolChange::Change {
                        old,
                        name,
                        list,
                        address,
                    });
                } else {
                    let argument = name.as_bytes().to_vec();
                    followed.notes.push(Note {
                        at: decision.at,
                        message: 27,
                        argument,
                    });
                    followed.refused += 1;
                }
            }
            _ => {}
        }
    }
    followed
}

/// `-q`: D and M follow into the postoffice list, A never does (`import.md` 11.8).
pub(super) fn follow_rows(
    pol: (&Pol, &PolNames),
    po: &Postoffice,
    places: &Places,
    plan: &ListPlan,
) -> Vec<PolChange> {
    let (pol, names) = pol;
    if plan.rows.is_empty() || !pol.has_external() {
        return Vec::new();
    }
    let addresses = Addresses::new(po, places, &plan.id);
    let mut changes = Vec::new();
    for row in &plan.rows {
        let (old, new) = match row {
            Row::Remove {
                entry,
                why: Removal::Explicit,
            } => (entry, None),
            Row::Change { old, new } => (&**old, Some(new)),
            Row::Add(_) | Row::Remove { .. } => continue,
        };
        let Some(address) = addresses.of(old) else {
            continue;
        };
        if pol.holds(names, old.name.as_bytes(), &address) != Held::Same {
            continue;
        }
        match new {
            None => changes.push(PolChange::Remove { name: old.name }),
            Some(new) => {
                let Some(address) = addresses.of(new) else {
                    continue;
                };
                let place = |name: &[u8]| pol.find_in(names, name);
                let is_free = place(new.name.as_bytes())
                    .is_none_or(|found| place(old.name.as_bytes()) == Some(found));
                if is_free {
                    let (old, name, list) = (old.name, new.name, plan.id.clone());
                    changes.push(PolChange::Change {
                        old,
                        name,
                        list,
                        address,
                    });
                }
            }
        }
    }
    changes
}
