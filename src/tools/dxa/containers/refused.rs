//! What becomes of writes that the directory refused: some entry is gone since it was read, some value is not to the
//! server's taste (`spec/exchange.md` DX-26, LD-15, NT-18).

use std::collections::BTreeMap;

use crate::directory::change::{Change, Modification};
use crate::directory::dn::Dn;
use crate::directory::ldap::{Meaning, Operation};
use crate::directory::note::Note;
use crate::directory::schema;
use crate::plan::outcome::{Outcome, Reason};
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::exit::ToolError;

use super::container::{self, Refused};
use super::contested::{contest, is_contested, mail_of};
use super::dropping::{self, Ended, write_without};
use super::importing::{Fates, Incoming};

impl Agent<'_> {
    /// Makes good what can be made good, and returns what stays refused.
    pub(in crate::tools::dxa) fn mend(
        &mut self,
        refused: Vec<Refused>,
        incoming: &Incoming,
        fates: &mut Fates,
    ) -> Result<Vec<Refused>, ToolError> {
        let mut left = Vec::new();
        let (contested, others): (Vec<_>, Vec<_>) = refused.into_iter().partition(is_contested);
        let mut refused = contest(&mut self.directory, contested, |refused| {
            mail_of(refused.held.as_ref())
        })?;
        refused.extend(others);
        for mut refused in self.add_anew(refused, fates)? {
            self.interrupt.check()?;
            if !dropping::is_about_values(&refused.refusal) {
                left.push(refused);
                continue;
            }
            let refusal = refused.refusal.clone();
            let ended = write_without(
                &mut self.directory,
                &self.suffix,
                &refused.operation,
                refusal,
                refused.held.as_ref(),
                incoming.templates(),
            )?;
            match ended {
                Ended::Refused(refusal) => {
                    refused.refusal = refusal;
                    left.push(refused);
                }
                Ended::Without { notes, has_changed } => fates.change(refused.fate, |fate| {
                    fate.notes.extend(notes);
                    if fate.outcome == Outcome::Modified && !has_changed {
                        fate.outcome = Outcome::Unchanged;
                    }
                })?,
            }
        }
        Ok(left)
    }

    /// Adds entries that were gone when they were to be changed, as they were to be.
    fn add_anew(
        &mut self,
        refused: Vec<Refused>,
        fates: &mut Fates,
    ) -> Result<Vec<Refused>, ToolError> {
        let is_missing = |refused: &Refused| {
            refused.refusal.meaning(&refused.operation.change) == Meaning::Missing
        };
        let (missing, mut left): (Vec<_>, Vec<_>) = refused.into_iter().partition(is_missing);
        let mut gone: BTreeMap<usize, Vec<Refused>> = BTreeMap::new();
        for refused in missing {
            gone.entry(refused.fate).or_default().push(refused);
        }
        for (fate, mut all) in gone {
            let Some(operation) = anew(&all) else {
                left.append(&mut all);
                continue;
            };
            let outcome = self.directory.apply(&operation)?;
            let note = "it was gone when it was to be changed, and is added anew";
            fates.change(fate, |fate| {
                fate.notes.push(Note::new(Reason::NoSuchEntry, note));
                fate.outcome = Outcome::Added;
            })?;
            if let Err(refusal) = outcome {
                left.push(Refused::new(fate, operation, refusal));
            }
        }
        Ok(left)
    }

    /// Says what stays refused.
    pub(in crate::tools::dxa) fn say_refused(
        &mut self,
        connection: &Connection,
        refused: &[Refused],
        fates: &mut Fates,
    ) -> Result<(), ToolError> {
        for refused in refused {
            let Some(mut fate) = fates.get(refused.fate)? else {
                continue;
            };
            let detail = refused.refusal.to_string();
            fate.outcome = Outcome::Refused;
            fate.reason = Some(Note::new(container::reason(refused), detail.clone()));
            let key = fate.key.as_ref().map(ToString::to_string);
            let event = Event::new(Severity::Error, "the directory refused an operation");
            let event = event.id("DX133").with("connection", &connection.name);
            let event = event.with("key", key.unwrap_or_default());
            self.say(event.with("result", detail));
            fates.set(refused.fate, fate);
        }
        Ok(())
    }
}

/// Makes the addition of an entry of which a rename, a modification or both found nothing.
fn anew(refused: &[Refused]) -> Option<Operation> {
    let mut dn: Option<&Dn> = None;
    let mut attributes = None;
    let mut parts: &[Modification] = &[];
    let mut target = None;
    for refused in refused {
        let operation = &refused.operation;
        match &operation.change {
            Change::Rename {
                new_rdn,
                new_superior,
                ..
            } => {
                attributes = refused.held.as_ref();
                let above = new_superior.clone().or_else(|| operation.dn.parent());
                target = Some(new_rdn.below(&above.unwrap_or_default()));
            }
            Change::Modify(modified) => {
                dn = Some(&operation.dn);
                attributes = attributes.or(refused.held.as_ref());
                parts = modified;
            }
            Change::Add(_) | Change::Delete => {}
        }
    }
    let dn = target.as_ref().or(dn)?;
    let mut attributes = attributes?.clone();
    for part in parts {
        attributes.set(&part.attribute, part.values.clone());
    }
    let key = dn.own_value(schema::KEY)?;
    attributes.set(schema::KEY, vec![key.to_vec()]);
    Some(Operation::new(dn.clone(), Change::Add(attributes)))
}

/// Brings what a later look came to into what is known: of the entries that somebody else was at, and of no others.
pub(in crate::tools::dxa) fn merge(
    known: &mut Fates,
    later: &mut Fates,
    asks: usize,
    open: &[usize],
) -> Result<(), ToolError> {
    for &at in open {
        if let Some(there) = place(later, asks, known, at)? {
            if let Some(now) = later.get(there)? {
                known.set(at, now);
            }
        }
    }
    Ok(())
}

/// Finds the fate `at` of one look in another: an ask has its place, and what no ask named has a key.
pub(in crate::tools::dxa) fn place(
    fates: &mut Fates,
    asks: usize,
    others: &mut Fates,
    at: usize,
) -> Result<Option<usize>, ToolError> {
    if at < asks {
        return Ok(Some(at));
    }
    let Some(other) = others.get(at)? else {
        return Ok(None);
    };
    for at in asks..fates.len() {
        if fates.get(at)?.is_some_and(|fate| fate.key == other.key) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}
