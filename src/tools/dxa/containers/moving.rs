//! Entries follow their connection into another container, or another layout of it (`spec/exchange.md` DX-34, Q174732,
//! LD-14): they are renamed, so that they stay the same entries, before anything else looks for them there.
//!
//! A run that ends anywhere leaves a state that the next one goes on from: entries are found by where they are, the numbers
//! go over behind the last entry, and the ledger remembers the new place last of all.

use std::collections::HashSet;
use std::ops::ControlFlow;

use serde::Serialize;
use serde_json::{Value, json};

use crate::directory::dn::Dn;
use crate::directory::filter::Filter;
use crate::directory::ldap::{Meaning, Refusal, ResultCode, Search};
use crate::directory::note::Note;
use crate::directory::schema;
use crate::plan::outcome::Reason;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::exchange::line::Line;
use crate::tools::dxa::exchange::outcome::Done;
use crate::tools::exit::{ExitCode, ToolError};

use super::container::{make_unit, unread};
use super::handover::entry_at;
use super::place::{Place, Sources};
use super::steps::{Found, Step, containers, is_inside, no_right};

/// Requests on their way at a time.
const WINDOW: usize = 64;

/// How often a run looks again where somebody else wrote at the same time.
const ROUNDS: usize = 3;

/// Entries that stay behind, of which each is said on the screen; the report names all.
const SAID: usize = 10;

/// What a move came to.
#[derive(Debug, Clone, Default, Serialize)]
pub(in crate::tools::dxa) struct Moved {
    /// Where the entries were.
    pub(in crate::tools::dxa) from: Vec<String>,
    /// Where they are.
    pub(in crate::tools::dxa) to: String,
    /// Entries that were renamed; in a dry run, that would be.
    pub(in crate::tools::dxa) renamed: u64,
    /// Entries of the connection that could not be.
    pub(in crate::tools::dxa) stayed: u64,
    /// Entries put in by hand, which stay where they are.
    pub(in crate::tools::dxa) manual: u64,
    /// Entries of other owners, which do too.
    pub(in crate::tools::dxa) foreign: u64,
    /// Units of postoffices that were empty then, and were removed.
    pub(in crate::tools::dxa) units_removed: u64,
    /// Units that stay.
    pub(in crate::tools::dxa) units_left: Vec<String>,
    #[serde(skip)]
    pub(in crate::tools::dxa) lines: Vec<Value>,
}

impl Moved {
    /// Returns how the run ends by it.
    pub(in crate::tools::dxa) fn exit(&self) -> ExitCode {
        match self.stayed {
            0 => ExitCode::Done,
            _ => ExitCode::Partial,
        }
    }
}

/// How the renames of one round ended.
#[derive(Default)]
struct Round {
    renamed: u64,
    /// Somebody else moved or removed entries meanwhile.
    is_outdated: bool,
    refused: Vec<(Step, Refusal)>,
}

impl Agent<'_> {
    /// Brings the entries of a connection to where the configuration has them, for a cycle. Returns whether the cycle may go
    /// on: in a dry run that would move entries, everything behind it would look at the wrong place.
    pub(in crate::tools::dxa) fn settle(
        &mut self,
        connection: &Connection,
        done: &mut Done,
    ) -> Result<bool, ToolError> {
        let Some(mut moved) = self.settle_place(connection)? else {
            return Ok(true);
        };
        done.worsen(moved.exit());
        done.lines.extend(moved.lines.drain(..).map(Line::Made));
        let goes_on = !self.dry_run || moved.renamed == 0;
        done.moved = Some(moved);
        if !goes_on {
            let text = "dry run: what comes behind the move is not shown";
            let event = Event::new(Severity::Info, text);
            self.say(event.with("connection", &connection.name));
        }
        Ok(goes_on)
    }

    /// Brings the entries of a connection to where the configuration has them; none where they are there.
    pub(in crate::tools::dxa) fn settle_place(
        &mut self,
        connection: &Connection,
    ) -> Result<Option<Moved>, ToolError> {
        let Some(here) = Place::configured(connection) else {
            return Ok(None);
        };
        let sources = self.sources(&connection.name, &here)?;
        if !sources.is_empty() {
            return self.bring(connection, &here, &sources).map(Some);
        }
        if self.remembered(&connection.name)?.is_none() {
            self.remember(&connection.name, &here)?;
        }
        Ok(None)
    }

    /// Moves entries. Only those of the connection, and none of them is ever removed.
    pub(in crate::tools::dxa) fn bring(
        &mut self,
        connection: &Connection,
        here: &Place,
        sources: &Sources,
    ) -> Result<Moved, ToolError> {
        self.check_target(here)?;
        let containers = containers(here, sources);
        let mut moved = Moved {
            from: containers.iter().map(Dn::to_string).collect(),
            to: here.shown(),
            ..Moved::default()
        };
        let mut left = HashSet::new();
        let mut refused = Vec::new();
        for round in 1..=ROUNDS {
            let found = self.look(&containers, here)?;
            if round == 1 {
                (moved.manual, moved.foreign) = (found.manual, found.foreign);
                self.announce(connection, sources, &moved, found.steps.len());
            }
            if self.dry_run {
                moved.renamed = found.steps.len() as u64;
                return Ok(moved);
            }
            left.extend(
                found
                    .steps
                    .iter()
                    .filter_map(|step| step.dn.parent())
                    .map(|dn| dn.key()),
            );
            self.make_units(&found.steps, here)?;
            let ended = self.rename(found.steps)?;
            moved.renamed += ended.renamed;
            refused = ended.refused;
            if !ended.is_outdated {
                break;
            }
        }
        moved.stayed = refused.len() as u64;
        let behind = self.stay(connection, here, refused, &containers, &mut moved)?;
        let before = sources.before.as_ref().map(|place| &place.container);
        if let Some(old) = before.filter(|old| !old.is_same(&here.container)) {
            self.hand_over(old, here)?;
        }
        for container in &containers {
            let units = self.clear_units(container, Some(&here.container), &left)?;
            moved.units_removed += units.removed;
            moved.units_left.extend(units.left);
        }
        let place = Place {
            behind,
            ..here.clone()
        };
        self.remember(&connection.name, &place)?;
        if moved.renamed + moved.stayed > 0 || sources.before.is_some() {
            self.conclude(connection, &moved);
        }
        Ok(moved)
    }

    /// The new container is there, and is nobody else's (DX-38).
    fn check_target(&mut self, here: &Place) -> Result<(), ToolError> {
        let container = &here.container;
        let Some(entry) = entry_at(&mut self.directory, container, &[])? else {
            let text = format!("the import container {container} is not there (DX-38)");
            return Err(ToolError::new(ExitCode::NotFound, text));
        };
        let owner = entry.attributes.text(schema::IMPORTED_FROM);
        let other = owner.filter(|owner| !owner.eq_ignore_ascii_case(&here.owner));
        match other.filter(|_| entry.attributes.is_of_class(schema::IMPORT_CONTAINER)) {
            None => Ok(()),
            Some(other) => {
                let text = format!("not-owner: {container} is the import container of {other}");
                Err(ToolError::new(ExitCode::NotHere, text))
            }
        }
    }

    /// Finds the entries that are not where they are to be, and counts what else is there.
    fn look(&mut self, containers: &[Dn], here: &Place) -> Result<Found, ToolError> {
        let mut found = Found::default();
        let mut seen = HashSet::new();
        for container in containers {
            if entry_at(&mut self.directory, container, &["objectClass"])?.is_none() {
                // Renamed as a whole, or removed: nothing is left in it.
                continue;
            }
            let attributes = ["objectClass", schema::KEY, schema::IMPORTED_FROM];
            let mut search = Search::new(container.clone()).attributes(&attributes);
            search.filter = Filter::any();
            search.page = Some(self.config.directory.page_size);
            let stays = container.is_same(&here.container);
            self.directory
                .search(&search, |entry| {
                    let is_there = !stays && is_inside(&entry.dn, container, &here.container);
                    if !is_there && !entry.dn.is_same(container) && seen.insert(entry.dn.key()) {
                        found.take(&entry, here, !stays);
                    }
                    ControlFlow::Continue(())
                })
                .map_err(unread)?;
        }
        Ok(found)
    }

    fn announce(
        &mut self,
        connection: &Connection,
        sources: &Sources,
        moved: &Moved,
        entries: usize,
    ) {
        let text = match (&sources.before, entries) {
            (Some(_), _) => "the import container has changed, its entries are moved",
            (None, 0) => return,
            (None, _) => "entries that lie in another place are moved",
        };
        let event = Event::new(Severity::Info, text).with("connection", &connection.name);
        let event = event.with("from", moved.from.join(" and "));
        self.say(event.with("to", &moved.to).with("entries", entries));
    }

    /// Makes the units of postoffices that entries come into (DX-36), the upper ones first.
    fn make_units(&mut self, steps: &[Step], here: &Place) -> Result<(), ToolError> {
        let mut made = HashSet::new();
        for step in steps {
            if step.above.is_same(&here.container) || !made.insert(step.above.key()) {
                continue;
            }
            if let Some(above) = step.above.parent().filter(|dn| made.insert(dn.key())) {
                make_unit(&mut self.directory, &above)?;
            }
            make_unit(&mut self.directory, &step.above)?;
        }
        Ok(())
    }

    fn rename(&mut self, steps: Vec<Step>) -> Result<Round, ToolError> {
        let mut ended = Round::default();
        let mut stopped = None;
        let interrupt = self.interrupt.clone();
        let operations: Vec<_> = steps.iter().map(Step::operation).collect();
        let mut steps = steps.into_iter();
        self.directory
            .pipeline(operations, WINDOW, |operation, outcome| {
                let Some(step) = steps.next() else {
                    return ControlFlow::Break(());
                };
                match outcome {
                    Ok(()) => ended.renamed += 1,
                    Err(refusal) => {
                        if refusal.code == ResultCode::INSUFFICIENT_ACCESS_RIGHTS {
                            stopped = Some(no_right(&step, &refusal));
                            return ControlFlow::Break(());
                        }
                        match refusal.meaning(&operation.change) {
                            Meaning::Missing => ended.is_outdated = true,
                            _ => ended.refused.push((step, refusal)),
                        }
                    }
                }
                match interrupt.check() {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        let text = "interrupted: the next run moves the other entries";
                        stopped = Some(ToolError::new(error.exit, text));
                        ControlFlow::Break(())
                    }
                }
            })?;
        match stopped {
            Some(error) => Err(error),
            None => Ok(ended),
        }
    }

    /// Says which entries stay, and why; returns the containers that they stay in.
    fn stay(
        &mut self,
        connection: &Connection,
        here: &Place,
        refused: Vec<(Step, Refusal)>,
        containers: &[Dn],
        moved: &mut Moved,
    ) -> Result<Vec<Dn>, ToolError> {
        let mut behind: Vec<Dn> = Vec::new();
        for (at, (step, refusal)) in refused.iter().enumerate() {
            let note = self.why(step, refusal)?;
            let (dn, key) = (step.dn.to_string(), step.key.as_str());
            moved.lines.push(json!({
                "entry": key, "action": "rename", "outcome": "refused",
                "reason": note.reason.to_string(), "detail": note.detail, "dn": dn,
            }));
            if at < SAID {
                let event = Event::new(Severity::Error, "an entry stays in its old place");
                let event = event.id("DX133").with("connection", &connection.name);
                self.say(event.with("dn", dn).with("reason", note));
            }
            let holds = |dn: &&Dn| step.dn.is_within(dn) && !dn.is_same(&here.container);
            if let Some(container) = containers.iter().find(holds) {
                if !behind.iter().any(|dn| dn.is_same(container)) {
                    behind.push(container.clone());
                }
            }
        }
        Ok(behind)
    }

    /// Says why an entry cannot go: where another one has its name, whose that is.
    fn why(&mut self, step: &Step, refusal: &Refusal) -> Result<Note, ToolError> {
        if refusal.code != ResultCode::ENTRY_ALREADY_EXISTS {
            return Ok(Note::new(refusal.code.reason(), refusal.to_string()));
        }
        let to = step.target();
        let holder = entry_at(&mut self.directory, &to, &[])?;
        let owner = holder
            .as_ref()
            .and_then(|entry| entry.attributes.text(schema::IMPORTED_FROM));
        let whose = match owner {
            Some(owner) => format!("{to} is there already, of {owner}"),
            None => format!("{to} is there already, put in by hand"),
        };
        Ok(Note::new(Reason::AddressDuplicate, whose))
    }

    fn conclude(&mut self, connection: &Connection, moved: &Moved) {
        let severity = match moved.stayed {
            0 => Severity::Info,
            _ => Severity::Warn,
        };
        let mut event = Event::new(severity, "entries were moved");
        event = event
            .with("connection", &connection.name)
            .with("to", &moved.to)
            .with("renamed", moved.renamed);
        for (what, count) in [
            ("stayed", moved.stayed),
            ("manual", moved.manual),
            ("foreign", moved.foreign),
            ("units-removed", moved.units_removed),
        ] {
            if count > 0 {
                event = event.with(what, count);
            }
        }
        if !moved.units_left.is_empty() {
            event = event.with("units-left", moved.units_left.join(" and "));
        }
        self.say(event);
    }
}
