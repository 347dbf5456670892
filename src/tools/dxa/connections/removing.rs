//! `dxa remove`: a connection is forgotten, and what it brought is kept or deleted (`spec/exchange.md` DX-02, DX-34, Q181952,
//! Q163625).
//!
//! Entries that are kept stay the owner's, under the same names: a connection made again takes them over, and no group loses
//! a member. Nothing is deleted before all of it lies in `removed/`, and the ledger forgets last, so that a run that was
//! stopped is made good by the next one.

use std::collections::HashSet;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use crate::directory::dn::Dn;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::agent::{Agent, unusable_ledger};
use crate::tools::dxa::config::{self, Config, Role};
use crate::tools::dxa::containers::deleting::Holding;
use crate::tools::dxa::containers::place::{Place, claims};
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::mail::mailscan::{self, Bag};
use crate::tools::dxa::options::{Entries, Options};
use crate::tools::dxa::standing::history::History;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{put_line, report_alone};

use super::numbers::other_side;
use super::state::not_saved;
use super::todo;

/// What is known of a connection that goes.
#[derive(Debug)]
struct Going {
    name: String,
    /// What the agent is there, and the name of the other side.
    other: Option<(Role, String)>,
    /// Whose entries they are, and the containers that they lie in.
    owner: Option<String>,
    containers: Vec<Dn>,
    /// The ledger knows it.
    is_kept: bool,
    /// Transactions that wait, and are forgotten.
    waiting: u64,
    /// The configuration has it still.
    is_configured: bool,
}

/// What became of it.
#[derive(Debug, Default, Serialize)]
struct Removed {
    connection: String,
    /// Entries that were deleted; in a dry run, that would be.
    deleted: u64,
    /// Entries that stay the owner's.
    kept: u64,
    /// Entries that the directory refused to delete.
    refused: u64,
    /// What was deleted, as LDIF.
    file: Option<String>,
    /// Transactions that waited, and are forgotten.
    waiting: u64,
    /// What is left, and whose it is.
    left: Vec<String>,
    /// What is to be done elsewhere.
    to_do: Vec<String>,
    exit: ExitCode,
}

/// Removes one connection.
pub(in crate::tools::dxa) fn run(
    options: &Options,
    config: &Config,
    name: &str,
    entries: Entries,
    allowed: Option<u64>,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let clock = Clock::from_environment()?;
    let interrupt = Interrupt::install()?;
    let mut agent = Agent::open(config, "remove", clock, interrupt, options.dry_run)?;
    let removed = agent.remove(name, entries, allowed);
    let events = agent.take_events();
    agent.log(&events)?;
    if !options.common.json {
        for event in &events {
            writeln!(screen, "{event}")?;
        }
    }
    let removed = removed?;
    let mut summary = json!({ "program": "dxa", "dry_run": options.dry_run });
    let fields = serde_json::to_value(&removed)?;
    if let (Some(summary), Some(fields)) = (summary.as_object_mut(), fields.as_object()) {
        summary.extend(fields.clone());
    }
    report_alone(options.common.report.as_deref(), &summary, removed.exit)?;
    if options.common.json {
        put_line(screen, &summary)?;
    } else {
        show(&removed, options.dry_run, screen)?;
    }
    Ok(removed.exit)
}

impl Agent<'_> {
    fn remove(
        &mut self,
        name: &str,
        entries: Entries,
        allowed: Option<u64>,
    ) -> Result<Removed, ToolError> {
        let mut going = self.going(name)?;
        let mut removed = Removed {
            connection: going.name.clone(),
            waiting: going.waiting,
            ..Removed::default()
        };
        if let Some(owner) = going.owner.clone() {
            self.find_containers(&mut going, &owner)?;
            let holding = self.holding(&going.containers, &owner)?;
            match entries {
                Entries::Keep => self.keep_entries(&going, &owner, &holding, &mut removed)?,
                Entries::Delete => {
                    holding.check(&going.name, allowed)?;
                    self.delete_entries(&going, &owner, holding, &mut removed)?;
                }
            }
        }
        if removed.refused == 0 {
            self.forget(&going, &mut removed)?;
        }
        self.say_left(&going, &mut removed)?;
        Ok(removed)
    }

    /// Finds out what is known of a connection, from configuration and ledger.
    fn going(&mut self, name: &str) -> Result<Going, ToolError> {
        let configured = self.config.connection(name);
        let change = self.ledger.begin().map_err(unusable_ledger)?;
        let names = change.connections().map_err(unusable_ledger)?;
        let found = change.find(name).map_err(unusable_ledger)?;
        let mut waiting = 0;
        let mut numbers = None;
        if let Some(id) = found {
            waiting = change.backlog(id).map_err(unusable_ledger)?;
            numbers = change.numbers(id).map_err(unusable_ledger)?;
        }
        drop(change);
        let known = names.iter().find(|known| known.eq_ignore_ascii_case(name));
        let Some(own_name) = configured.map(|c| &c.name).or(known) else {
            let all = self
                .config
                .connections
                .iter()
                .map(|c| &c.name)
                .chain(&names);
            let near = config::near(name, all.map(String::as_str)).join(", ");
            let text =
                format!("neither the configuration nor the ledger has {name}; near it: {near}");
            return Err(ToolError::new(ExitCode::NotFound, text));
        };
        let place = self.remembered(name)?;
        let here = configured.and_then(Place::configured);
        let mut containers: Vec<Dn> = Vec::new();
        for place in place.iter().chain(&here) {
            for dn in std::iter::once(&place.container).chain(&place.behind) {
                if !containers.iter().any(|known| known.is_same(dn)) {
                    containers.push(dn.clone());
                }
            }
        }
        let page = self.config.agent.code_page;
        let other = match configured {
            Some(c) => Some((c.role, c.address.view(c.code_page))),
            None => numbers
                .as_deref()
                .and_then(other_side)
                .map(|(role, place)| {
                    let place = place.view(page);
                    (role, place)
                }),
        };
        Ok(Going {
            name: own_name.clone(),
            other,
            owner: here.or(place).map(|place| place.owner),
            containers,
            is_kept: found.is_some(),
            waiting,
            is_configured: configured.is_some(),
        })
    }

    /// Adds the containers that say themselves that they are of the owner.
    fn find_containers(&mut self, going: &mut Going, owner: &str) -> Result<(), ToolError> {
        if self.suffix.is_root() {
            // No connection is left that says in which tree.
            if let Some(container) = going.containers.first() {
                self.suffix = self.tree_of(container)?;
            }
        }
        for dn in claims(&mut self.directory, &self.suffix, owner)? {
            let is_in = |known: &Dn| dn.is_within(known);
            if !going.containers.iter().any(is_in) {
                going.containers.push(dn);
            }
        }
        Ok(())
    }

    fn keep_entries(
        &mut self,
        going: &Going,
        owner: &str,
        holding: &Holding,
        removed: &mut Removed,
    ) -> Result<(), ToolError> {
        removed.kept = holding.entries.len() as u64;
        for container in &going.containers {
            if !self.dry_run {
                // Whose container it is stays known; where both sides were does not, since the next connection is new.
                self.clear_container(container, owner, false)?;
            }
        }
        if removed.kept > 0 {
            let text = format!("{} entries of {owner}, as asked for", removed.kept);
            removed.left.push(text);
        }
        Ok(())
    }

    fn delete_entries(
        &mut self,
        going: &Going,
        owner: &str,
        holding: Holding,
        removed: &mut Removed,
    ) -> Result<(), ToolError> {
        let emptied: HashSet<_> = holding.parents().map(|dn| dn.key()).collect();
        for others in &holding.others {
            removed.left.push(others.to_string());
        }
        if self.dry_run {
            removed.deleted = holding.entries.len() as u64;
            return Ok(());
        }
        let file = self.keep_all(&going.name, &holding)?;
        removed.file = file.map(|path| path.display().to_string());
        let (deleted, refused) = self.delete_all(&going.name, owner, holding.entries)?;
        (removed.deleted, removed.refused) = (deleted, refused.len() as u64);
        removed.left.extend(refused);
        if removed.refused > 0 {
            removed.exit = ExitCode::Partial;
            return Ok(());
        }
        for container in &going.containers {
            self.clear_container(container, owner, true)?;
            let units = self.clear_units(container, None, &emptied)?;
            removed.left.extend(units.left);
        }
        Ok(())
    }

    fn forget(&mut self, going: &Going, removed: &mut Removed) -> Result<(), ToolError> {
        if self.dry_run {
            return Ok(());
        }
        let change = self.ledger.begin().map_err(not_saved)?;
        if let Some(id) = change.find(&going.name).map_err(not_saved)? {
            change.forget(id).map_err(not_saved)?;
        }
        History::forget(&change, &going.name).map_err(not_saved)?;
        change.commit().map_err(not_saved)?;
        let event = Event::new(Severity::Info, "connection removed");
        let event = event.with("connection", &going.name);
        let event = event.with("deleted", removed.deleted);
        let event = event.with("kept", removed.kept);
        self.say(event.with(
            "forgotten",
            if going.is_kept {
                "yes"
            } else {
                "was not known"
            },
        ));
        Ok(())
    }

    /// Says what is left, and what is to be done with it.
    fn say_left(&mut self, going: &Going, removed: &mut Removed) -> Result<(), ToolError> {
        for container in &going.containers {
            removed
                .left
                .push(format!("the container {container} itself"));
        }
        let lists = [self.home.incoming().join(&going.name), self.home.outgoing()];
        for (path, is_ours) in lists.iter().zip([true, false]) {
            let count = files_of(path, &going.name, is_ours);
            if count > 0 {
                let text = format!("{count} lists of it in {}", path.display());
                removed.left.push(text);
            }
        }
        if going.is_configured {
            let file = self.config.path.display();
            let text = format!(
                "the connection {} in {file}: take it out, or the next cycle begins it anew",
                going.name
            );
            removed.left.push(text);
        }
        let Some((role, other)) = &going.other else {
            return Ok(());
        };
        let page = self.config.agent.code_page;
        let mail = mailscan::scan(&self.home.postoffice(), page)?;
        for (bag, what) in [
            (Bag::Incoming, "that came from it"),
            (Bag::Outgoing, "for it that were not carried yet"),
            (Bag::Quarantine, "from it that were put aside"),
        ] {
            let is_its = |seen: &&mailscan::Seen| {
                let party = match bag {
                    Bag::Outgoing => &seen.to,
                    _ => &seen.from,
                };
                seen.bag == bag && party.view(page).eq_ignore_ascii_case(other)
            };
            let count = mail.iter().filter(is_its).count();
            if count > 0 {
                removed.left.push(format!("{count} messages {what}"));
            }
        }
        let own = self.config.agent.address.view(page);
        removed.to_do = todo::removed(*role, todo::Sides { own: &own, other });
        Ok(())
    }
}

/// Counts the lists of a connection in a folder: all of them, or those whose name says so.
fn files_of(folder: &std::path::Path, name: &str, is_all: bool) -> usize {
    let Ok(files) = std::fs::read_dir(folder) else {
        return 0;
    };
    let names =
        files.filter_map(|file| Some(file.ok()?.file_name().to_string_lossy().into_owned()));
    let is_its = |file: &String| {
        let mut words = file.split(['-', '+']);
        is_all || words.any(|word| word.eq_ignore_ascii_case(name))
    };
    names.filter(is_its).count()
}

fn show(removed: &Removed, dry_run: bool, screen: &mut impl Write) -> io::Result<()> {
    let name = &removed.connection;
    let (deleted, kept) = (removed.deleted, removed.kept);
    match (dry_run, removed.refused) {
        (true, _) => writeln!(
            screen,
            "{name}: {deleted} entries to be deleted, {kept} kept"
        )?,
        (false, 0) => writeln!(
            screen,
            "{name}: removed; {deleted} entries deleted, {kept} kept"
        )?,
        (false, n) => writeln!(
            screen,
            "{name}: not removed; {deleted} entries deleted, {n} refused: do it again once they can go"
        )?,
    }
    if let Some(file) = &removed.file {
        writeln!(screen, "What was deleted is in {file}.")?;
    }
    if removed.waiting > 0 {
        let waiting = removed.waiting;
        writeln!(
            screen,
            "{waiting} transactions waited and are not sent any more."
        )?;
    }
    for (title, lines) in [
        ("Left:", &removed.left),
        ("To be done at the other side:", &removed.to_do),
    ] {
        if !lines.is_empty() {
            writeln!(screen, "{title}")?;
        }
        for line in lines {
            writeln!(screen, "- {line}")?;
        }
    }
    if dry_run {
        writeln!(screen, "Dry run: nothing was written.")?;
    }
    Ok(())
}
