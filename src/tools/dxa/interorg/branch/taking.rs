//! Brings what the hub says into the directory: planned whole, then written, and looked at again where somebody else was
//! faster (`spec/exchange.md` IO-06 to IO-09, LD-15).

use std::collections::{BTreeMap, HashMap, HashSet};

use super::BranchSide;
use super::entry::{managed, name_address};
use super::ledger::{Imported, Refused};
use super::plan::{self, Plan, Why, Work};
use super::report::{Line, Took, count};
use super::tree::{Claims, Place, Tree};
use crate::directory::import::{
    self, Authorities, Decision, Extent, Fate, Needs, Sender, Snapshot, decide,
};
use crate::directory::interorg::{Card, SourceKey};
use crate::directory::key::{ContainerLayout, SyncKey};
use crate::directory::ldap::ResultCode;
use crate::directory::note::Note;
use crate::plan::guard;
use crate::plan::outcome::Outcome;
use crate::tools::dxa::config::MAX_TRUST;
use crate::tools::dxa::containers::container;
use crate::tools::dxa::containers::contested::{contest, is_contested, mail_of};
use crate::tools::dxa::containers::dropping::{self, Ended, write_without};
use crate::tools::dxa::containers::removed;
use crate::tools::exit::{ExitCode, ToolError};

/// How often a run looks again where somebody else wrote at the same time.
const ROUNDS: usize = 3;

/// What the directory came to.
pub(super) struct Taken {
    /// What became of each entry that was spoken of, and of those that a full list lacks.
    fates: BTreeMap<SourceKey, Fate>,
}

/// Names at the source that entries had before, which come to them as addresses.
type Former = BTreeMap<SourceKey, Vec<String>>;

impl BranchSide<'_> {
    /// Makes the directory what there is to do.
    pub(super) fn take(
        &mut self,
        work: &Work,
        allowed: Option<u64>,
        took: &mut Took,
    ) -> Result<Taken, ToolError> {
        let why = plan::sort(work, self.branch);
        let claims = Claims {
            smtp: plan::claims(work, &why),
            others: plan::targets(work, &why),
        };
        let (former, known) = self.remember_names(work, &why)?;
        let mut fates: BTreeMap<SourceKey, Fate> = BTreeMap::new();
        // Entries that somebody else changed meanwhile; in the first round all.
        let mut open: Option<HashSet<SyncKey>> = None;
        for round in 1..=ROUNDS {
            let (snapshot, plan, mut decision) = self.look(work, &why, &claims, &former)?;
            label(&plan, &mut decision.fates);
            if open.is_none() {
                check(&decision, known, allowed)?;
            }
            let moved = match self.dry_run {
                true => HashSet::new(),
                false => {
                    self.keep_removed(&snapshot, &plan, &decision, took)?;
                    let is_last = round == ROUNDS;
                    self.write(&snapshot, &mut decision, is_last)?
                }
            };
            for fate in decision.fates {
                let Some(key) = &fate.key else { continue };
                let is_open = open.as_ref().is_none_or(|open| open.contains(key));
                let source = SourceKey::parse(key.as_str());
                if let Some(source) = source.filter(|_| is_open) {
                    fates.insert(source, fate);
                }
            }
            if moved.is_empty() {
                break;
            }
            open = Some(moved);
        }
        Ok(Taken { fates })
    }

    /// Notes what entries were called before that go or were moved at their source, and returns what those are to keep that
    /// have their addresses now (IO-22); and how many entries of others there are.
    fn remember_names(
        &mut self,
        work: &Work,
        why: &BTreeMap<SourceKey, Why>,
    ) -> Result<(Former, u64), ToolError> {
        let change = self.ledger.begin()?;
        let known = match work.is_full {
            true => change.imported()?,
            false => change.imported_of(work.wanted.keys())?,
        };
        for (key, row) in &known {
            let card = match work.wanted.get(key) {
                Some(card) => card.as_ref().filter(|_| !why.contains_key(key)),
                None => None,
            };
            match card {
                None => change.put_gone(key, &row.claims, &row.dn)?,
                Some(card) if card.dn != row.dn => change.put_renamed(key, &row.dn)?,
                Some(_) => {}
            }
        }
        let mut former = Former::new();
        for (key, card) in &work.wanted {
            let Some(card) = card.as_ref().filter(|_| !why.contains_key(key)) else {
                continue;
            };
            let names = change.former(key, card.claims())?.into_iter();
            let names = names.filter(|dn| *dn != card.dn);
            let names: Vec<_> = names.map(|dn| name_address(&dn)).collect();
            if !names.is_empty() {
                former.insert(key.clone(), names);
            }
        }
        let count = change.imported_count()?;
        if !self.dry_run {
            change.commit()?;
        }
        Ok((former, count))
    }

    /// Reads what there is and decides what is to become of it.
    fn look(
        &mut self,
        work: &Work,
        why: &BTreeMap<SourceKey, Why>,
        claims: &Claims,
        former: &Former,
    ) -> Result<(Snapshot, Plan, Decision), ToolError> {
        let mut plan = plan::draft(work, why.clone(), former, self.branch);
        let authorities = Authorities::default();
        let sender = Sender {
            owner: &self.owner,
            also_accept: &[],
            authorities: &authorities,
            trust: MAX_TRUST,
            force_trust: false,
        };
        let managed = managed(&self.branch.export.attributes);
        let place = Place {
            tree: &self.tree,
            container: &self.branch.container,
            owner: &self.owner,
            page: self.settings.page_size,
        };
        let Tree { snapshot, held, .. } = match work.is_full {
            true => {
                let needs = Needs::of(&plan.asks, &sender, &managed, &plan.filling);
                Tree::read_all(&mut self.directory, place, claims, &needs)?
            }
            false => Tree::read_some(&mut self.directory, place, claims, &plan.keys)?,
        };
        plan.settle(work, &held);
        let extent = match work.is_full {
            true => Extent::List { is_whole: true },
            false => Extent::Updates { is_whole: true },
        };
        let container = &self.branch.container;
        let dn = |key: &SyncKey| key.dn(container, ContainerLayout::Flat);
        let (asks, filling) = (&plan.asks, &mut plan.filling);
        let decision = decide(&snapshot, &sender, asks, extent, &managed, dn, filling);
        Ok((snapshot, plan, decision))
    }

    /// Keeps what goes though its source did not say so, as LDIF, before it goes.
    fn keep_removed(
        &mut self,
        snapshot: &Snapshot,
        plan: &Plan,
        decision: &Decision,
        took: &mut Took,
    ) -> Result<(), ToolError> {
        let goes = |write: &&import::Write| {
            let is_unwanted = || {
                let key = plan.keys.get(write.fate);
                key.is_some_and(|key| plan.why.contains_key(key))
            };
            let fate = decision.fates.get(write.fate);
            let is_swept = fate.is_some_and(|fate| fate.outcome == Outcome::Swept);
            matches!(write.change, import::Change::Delete { .. }) && (is_swept || is_unwanted())
        };
        let writes = decision.writes.iter().filter(goes);
        let held = writes.filter_map(|write| snapshot.get(&write.key));
        let names: Vec<_> = held.map(|held| held.dn.clone()).collect();
        let page = self.settings.page_size;
        let entries = container::read_entries(&mut self.directory, &self.tree, &names, page)?;
        if !entries.is_empty() {
            let name = &self.branch.name;
            let path = removed::keep(&self.removed, &self.clock, name, &entries)?;
            took.removed = Some(path.display().to_string());
        }
        Ok(())
    }

    /// Writes, without values that the directory does not take. Returns what has to be looked at again, since somebody else
    /// was there.
    fn write(
        &mut self,
        snapshot: &Snapshot,
        decision: &mut Decision,
        is_last: bool,
    ) -> Result<HashSet<SyncKey>, ToolError> {
        let writes = std::mem::take(&mut decision.writes);
        let all = writes.len();
        let interrupt = self.interrupt.clone();
        let refused = container::write(&mut self.directory, writes, &mut || interrupt.check())?;
        let no_right = |refused: &&container::Refused| {
            refused.refusal.code == ResultCode::INSUFFICIENT_ACCESS_RIGHTS
        };
        if all > 0 && refused.iter().filter(no_right).count() == all {
            let text = format!(
                "the account may not write the entries of others below {}: {}",
                self.branch.container, refused[0].refusal
            );
            return Err(ToolError::new(ExitCode::BadLogin, text));
        }
        if refused.is_empty() {
            return Ok(HashSet::new());
        }
        let by_name: HashMap<_, _> = snapshot
            .iter()
            .filter_map(|(_, held)| Some((held.dn.key(), held.attributes.as_ref()?)))
            .collect();
        let mut moved = HashSet::new();
        let (contested, mut refused): (Vec<_>, Vec<_>) =
            refused.into_iter().partition(is_contested);
        // Without its address an entry is of no use: it waits rather than come without.
        let waiting = contest(&mut self.directory, contested, |refused| {
            mail_of(by_name.get(&refused.operation.dn.key()).copied())
        })?;
        let values_count = refused.len();
        refused.extend(waiting);
        for (at, refused) in refused.into_iter().enumerate() {
            let Some(fate) = decision.fates.get_mut(refused.fate) else {
                continue;
            };
            if !is_last && refused.has_moved() {
                moved.extend(fate.key.clone());
                continue;
            }
            let mut refusal = refused.refusal.clone();
            if at < values_count && dropping::is_about_values(&refusal) {
                interrupt.check()?;
                let operation = &refused.operation;
                let held = by_name.get(&operation.dn.key()).copied();
                let directory = &mut self.directory;
                match write_without(directory, &self.tree, operation, refusal, held, None)? {
                    Ended::Refused(again) => refusal = again,
                    Ended::Without { notes, has_changed } => {
                        fate.notes.extend(notes);
                        if fate.outcome == Outcome::Modified && !has_changed {
                            fate.outcome = Outcome::Unchanged;
                        }
                        continue;
                    }
                }
            }
            fate.outcome = Outcome::Refused;
            fate.reason = Some(Note::new(refusal.code.reason(), refusal.to_string()));
        }
        Ok(moved)
    }
}

/// Says of what is not wanted why it is not there.
fn label(plan: &Plan, fates: &mut [Fate]) {
    for (key, fate) in plan.keys.iter().zip(fates) {
        if let Some(Why::Unwanted(note)) = plan.why.get(key) {
            fate.reason = Some(note.clone());
            if fate.outcome == Outcome::Refused {
                // Somebody else's entry of that key is nothing to us.
                fate.outcome = Outcome::Ignored;
            }
        }
    }
}

/// Stops what looks like a mass deletion by accident (design, section 5).
fn check(decision: &Decision, known: u64, allowed: Option<u64>) -> Result<(), ToolError> {
    let (swept, deleted) = (decision.counts.swept, decision.counts.deleted);
    if allowed.is_some_and(|allowed| swept + deleted <= allowed) {
        return Ok(());
    }
    let owned = decision.owned.max(known);
    for (removed, by_absence) in [(swept, true), (deleted, false)] {
        if let Some(limit) = guard::limit(owned, removed, by_absence) {
            let how = match by_absence {
                true => "since the full list lacks them",
                false => "since they are gone at their source, or not wanted any more",
            };
            let text = format!(
                "{removed} of {owned} entries of others would go {how}, at most {limit} may: --allow-deletes {}",
                swept + deleted
            );
            return Err(ToolError::new(ExitCode::Guard, text));
        }
    }
    Ok(())
}

impl Taken {
    /// Returns what could not be taken, to be tried again.
    pub(super) fn refused(&self, work: &Work) -> BTreeMap<SourceKey, Refused> {
        let refused = self.fates.iter().filter(|(key, fate)| {
            fate.outcome == Outcome::Refused && !work.kept.contains_key(*key)
        });
        let refused = refused.map(|(key, fate)| {
            let card = work.wanted.get(key).cloned().flatten();
            let note = fate.reason.clone();
            let note =
                note.unwrap_or_else(|| Note::new(crate::plan::outcome::Reason::ServerOther, ""));
            (key.clone(), Refused { card, note })
        });
        refused.collect()
    }

    /// Returns what is in the directory now, and what is not any more (none).
    pub(super) fn imported(&self, work: &Work) -> Vec<(SourceKey, Option<Imported>)> {
        let row = |card: &Card| Imported {
            dn: card.dn.clone(),
            claims: card.claims().collect(),
        };
        let told = self.fates.iter().filter_map(|(key, fate)| {
            let now = match fate.outcome {
                Outcome::Refused | Outcome::Kept | Outcome::Command => return None,
                Outcome::Deleted | Outcome::Swept | Outcome::Ignored => None,
                _ => work.wanted.get(key)?.as_ref().map(row),
            };
            Some((key.clone(), now))
        });
        told.collect()
    }

    /// Says what became of each.
    pub(super) fn tell(&self, work: &Work, known: &BTreeMap<SourceKey, Imported>, took: &mut Took) {
        for (key, fate) in &self.fates {
            let reason = fate.reason.as_ref();
            took.counts.read += u64::from(fate.outcome.is_of_read_entry());
            took.counts
                .count(fate.outcome, reason.map(|note| note.reason));
            for note in reason.into_iter().chain(&fate.notes) {
                count(&mut took.reasons, note.reason);
            }
            let card = work.wanted.get(key).and_then(Option::as_ref);
            let dn = card.map(|card| card.dn.clone());
            let dn = dn.or_else(|| known.get(key).map(|row| row.dn.clone()));
            let line = Line {
                key: key.to_string(),
                dn: dn.unwrap_or_default(),
                action: fate.action,
                outcome: fate.outcome,
                reason: reason.map(|note| note.reason),
                detail: reason.map(|note| note.detail.clone()).unwrap_or_default(),
            };
            let is_silent = fate.outcome == Outcome::Unchanged && reason.is_none();
            if !is_silent {
                took.lines.push(line.clone());
            }
            for note in &fate.notes {
                took.lines.push(Line {
                    reason: Some(note.reason),
                    detail: note.detail.clone(),
                    ..line.clone()
                });
            }
        }
    }
}
