//! Deletes all that a connection brought: written down first, children before parents, and nothing that has entries of others
//! below it (`spec/exchange.md` DX-34, Q168539, Q188386).

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::directory::change::Change;
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::filter::Filter;
use crate::directory::ldap::{Meaning, Operation, Search};
use crate::directory::schema;
use crate::plan::guard;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::exit::{ExitCode, ToolError};

use super::container::unread;
use super::handover::entry_at;

/// Requests on their way at a time.
const WINDOW: usize = 64;

/// Names that are listed; of more, the number is said.
const NAMED: usize = 10;

/// What some containers hold.
#[derive(Debug, Default)]
pub(in crate::tools::dxa) struct Holding {
    /// The containers, those in others left out.
    containers: Vec<Dn>,
    /// Entries of the owner.
    pub(in crate::tools::dxa) entries: Vec<Entry>,
    /// What else is there, for each container.
    pub(in crate::tools::dxa) others: Vec<Others>,
    /// Entries of the owner that have others below them.
    blocked: BTreeMap<String, Vec<String>>,
}

/// Entries of a container that are not the owner's.
#[derive(Debug)]
pub(in crate::tools::dxa) struct Others {
    container: Dn,
    manual: u64,
    foreign: u64,
}

impl Holding {
    /// Stops what would leave an entry without the one above it, and what looks like a mass deletion by accident.
    pub(in crate::tools::dxa) fn check(
        &self,
        connection: &str,
        allowed: Option<u64>,
    ) -> Result<(), ToolError> {
        if !self.blocked.is_empty() {
            let shown = self.blocked.iter().take(NAMED);
            let shown = shown.map(|(dn, below)| format!("{dn} has {}", named(below)));
            let text = format!(
                "connection {connection}: {} entries have others below them that are not its own, nothing was deleted: {}",
                self.blocked.len(),
                shown.collect::<Vec<_>>().join("; ")
            );
            return Err(ToolError::new(ExitCode::CannotWrite, text));
        }
        let count = self.entries.len() as u64;
        if allowed.is_some_and(|allowed| count <= allowed) {
            return Ok(());
        }
        match guard::limit(count, count, false) {
            None => Ok(()),
            Some(limit) => {
                let text = format!(
                    "connection {connection}: {count} entries would go, at most {limit} may: --allow-deletes {count}"
                );
                Err(ToolError::new(ExitCode::Guard, text))
            }
        }
    }

    /// Returns the names above the entries.
    pub(in crate::tools::dxa) fn parents(&self) -> impl Iterator<Item = Dn> {
        self.entries.iter().filter_map(|entry| entry.dn.parent())
    }
}

/// Returns some names, and how many more there are.
fn named(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl fmt::Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            container,
            manual,
            foreign,
        } = self;
        write!(
            f,
            "{manual} entries put in by hand and {foreign} of other owners in {container}"
        )
    }
}

impl Agent<'_> {
    /// Reads what containers hold.
    pub(in crate::tools::dxa) fn holding(
        &mut self,
        containers: &[Dn],
        owner: &str,
    ) -> Result<Holding, ToolError> {
        let mut entries: HashMap<String, Entry> = HashMap::new();
        let mut others: Vec<(Others, Vec<Dn>)> = Vec::new();
        // One in another one is read with it.
        let is_inner = |dn: &Dn| {
            let mut others = containers.iter().filter(|other| !other.is_same(dn));
            others.any(|other| dn.is_within(other))
        };
        let outer = containers.iter().filter(|dn| !is_inner(dn));
        let outer: Vec<_> = outer.cloned().collect();
        for container in &outer {
            if entry_at(&mut self.directory, container, &["objectClass"])?.is_none() {
                continue;
            }
            let mut rest = Others {
                container: container.clone(),
                manual: 0,
                foreign: 0,
            };
            let mut names = Vec::new();
            let mut search = Search::new(container.clone()).filter(Filter::any());
            search.page = Some(self.config.directory.page_size);
            self.directory
                .search(&search, |entry| {
                    let is_remote = entry.attributes.is_of_class(schema::REMOTE_ADDRESS);
                    let found = entry.attributes.text(schema::IMPORTED_FROM);
                    let is_own = found.is_some_and(|found| found.eq_ignore_ascii_case(owner));
                    if is_remote && is_own {
                        entries.insert(entry.dn.key(), entry);
                        return ControlFlow::Continue(());
                    }
                    let is_unit = entry.attributes.is_of_class("organizationalUnit");
                    if !entry.dn.is_same(container) && !is_unit {
                        match found {
                            Some(_) => rest.foreign += 1,
                            None => rest.manual += 1,
                        }
                    }
                    names.push(entry.dn);
                    ControlFlow::Continue(())
                })
                .map_err(unread)?;
            others.push((rest, names));
        }
        let mut blocked: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for dn in others.iter().flat_map(|(_, names)| names) {
            let above = std::iter::successors(dn.parent(), Dn::parent);
            for above in above.filter(|above| entries.contains_key(&above.key())) {
                blocked
                    .entry(above.to_string())
                    .or_default()
                    .push(dn.to_string());
            }
        }
        let mut entries: Vec<_> = entries.into_values().collect();
        entries.sort_by_cached_key(|entry| (entry.dn.depth(), entry.dn.key()));
        let others = others.into_iter().map(|(others, _)| others);
        Ok(Holding {
            containers: outer,
            entries,
            others: others.filter(|o| o.manual + o.foreign > 0).collect(),
            blocked,
        })
    }

    /// Writes entries, and the units that they lie in, into `removed/`, so that `ldapadd` brings them back.
    pub(in crate::tools::dxa) fn keep_all(
        &mut self,
        name: &str,
        holding: &Holding,
    ) -> Result<Option<PathBuf>, ToolError> {
        if holding.entries.is_empty() {
            return Ok(None);
        }
        let parents = holding.parents();
        let above = parents.flat_map(|dn| std::iter::successors(Some(dn), Dn::parent).take(2));
        let is_below = |dn: &Dn| {
            let mut containers = holding.containers.iter();
            containers.any(|container| dn.is_within(container) && !dn.is_same(container))
        };
        let above: BTreeMap<_, _> = above
            .filter(is_below)
            .map(|dn| ((dn.depth(), dn.key()), dn))
            .collect();
        let mut units = Vec::new();
        for dn in above.values() {
            let unit = entry_at(&mut self.directory, dn, &[])?;
            units.extend(unit.filter(|unit| unit.attributes.is_of_class("organizationalUnit")));
        }
        units.extend(holding.entries.iter().cloned());
        self.write_removed(name, &units).map(Some)
    }

    /// Deletes entries, the lowest first, if they are still the owner's; returns how many went, and those that could not.
    pub(in crate::tools::dxa) fn delete_all(
        &mut self,
        name: &str,
        owner: &str,
        entries: Vec<Entry>,
    ) -> Result<(u64, Vec<String>), ToolError> {
        let has_assertions = self.directory.root_dse().map_err(unread)?.has_assertions();
        let operations = entries.into_iter().rev().map(|entry| {
            let operation = Operation::new(entry.dn, Change::Delete);
            match has_assertions {
                true => operation.only_if(Filter::equal(schema::IMPORTED_FROM, owner)),
                false => operation,
            }
        });
        let interrupt = self.interrupt.clone();
        let (mut deleted, mut refused, mut stopped) = (0, Vec::new(), None);
        self.directory
            .pipeline(operations, WINDOW, |operation, outcome| {
                match outcome {
                    Ok(()) => deleted += 1,
                    Err(refusal) if refusal.meaning(&operation.change) == Meaning::Done => {}
                    Err(refusal) => refused.push(format!("{} ({refusal})", operation.dn)),
                }
                match interrupt.check() {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        let text =
                            "interrupted: the connection stays known, and the next run goes on";
                        stopped = Some(ToolError::new(error.exit, text));
                        ControlFlow::Break(())
                    }
                }
            })?;
        if let Some(error) = stopped {
            return Err(error);
        }
        for dn in refused.iter().take(NAMED) {
            let event = Event::new(Severity::Error, "the directory refused an operation");
            self.say(event.id("DX133").with("connection", name).with("dn", dn));
        }
        Ok((deleted, refused))
    }
}
