//! The agent at work: configuration, data folder, ledger and directory, opened and checked before anything happens.

use std::collections::HashSet;
use std::time::Duration;

use crate::directory::dn::Dn;
use crate::directory::import::Authorities;
use crate::directory::ldap::{self, ConnectOptions};
use crate::directory::ledger::{ConnectionId, Ledger, LedgerError};
use crate::directory::template_map::{TemplateMap, TemplateRule};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};

use super::check;
use super::config::{Config, Connection, Direction, Directory, Role};
use super::connections::aside;
use super::connections::numbers::Numbers;
use super::connections::todo;
use super::containers::container::unread;
use super::event::{Event, Severity};
use super::home::{Home, Lock};
use super::sending::rules;

/// Where the ledger keeps which directory it is about.
const DIRECTORY: &str = "directory";

/// The agent at work.
pub(super) struct Agent<'c> {
    pub(super) config: &'c Config,
    pub(super) home: Home,
    pub(super) ledger: Ledger,
    pub(super) directory: ldap::Connection,
    /// The root of the tree, where addresses are looked for.
    pub(super) suffix: Dn,
    pub(super) clock: Clock,
    pub(super) interrupt: Interrupt,
    /// Nothing is written.
    pub(super) dry_run: bool,
    events: Vec<Event>,
    /// Containers that were looked at, and for what.
    pub(super) seen: HashSet<(&'static str, String)>,
    /// Containers of which the mirror has what this run has read.
    pub(super) fresh: HashSet<String>,
    /// Owners that a connection stood in for, of which that was said.
    pub(super) stood_in: HashSet<(String, String)>,
    /// The attributes that the directory knows, once they are asked for.
    pub(super) attributes: Option<rules::Known>,
    _lock: Option<Lock>,
}

impl<'c> Agent<'c> {
    /// Opens everything for a command, once nobody else works with the data folder. What is missing there is made.
    pub(super) fn open(
        config: &'c Config,
        command: &str,
        clock: Clock,
        interrupt: Interrupt,
        dry_run: bool,
    ) -> Result<Self, ToolError> {
        let home = Home::open(config, dry_run)?;
        // A dry run leaves every byte as it is: what is not there yet it has in memory.
        let lock = match dry_run {
            true => None,
            false => Some(home.lock(command, &interrupt)?),
        };
        let opened = Self::open_in(config, home.clone(), lock, clock.clone(), interrupt);
        if let (Err(error), false) = (&opened, dry_run) {
            home.write_log(&clock, &[Event::of_error(error)])?;
        }
        opened
    }

    /// Opens everything in a data folder that is locked, or, for a dry run, is not.
    pub(super) fn open_in(
        config: &'c Config,
        home: Home,
        lock: Option<Lock>,
        clock: Clock,
        interrupt: Interrupt,
    ) -> Result<Self, ToolError> {
        let dry_run = lock.is_none();
        if !dry_run {
            // What does not fit is not begun (DX-38).
            check::check_folder(&home)?;
        }
        let found = aside::find(&home)?;
        let mut directory = connect_until(&interrupt, &config.directory)?;
        let suffix = suffix(&mut directory, config)?;
        let (ledger, put_aside) = found.ready(&home, dry_run)?;
        let mut agent = Self {
            config,
            home,
            ledger,
            directory,
            suffix,
            clock,
            interrupt,
            dry_run,
            events: Vec::from_iter(put_aside),
            seen: HashSet::new(),
            fresh: HashSet::new(),
            stood_in: HashSet::new(),
            attributes: None,
            _lock: lock,
        };
        if let Some(warning) = shown_password(&config.directory) {
            let event = Event::new(Severity::Warn, warning);
            agent.say(event.with("url", &config.directory.url));
        }
        if let Err(error) = agent.recognise() {
            // What was put aside is said, whatever comes of it.
            let events = agent.take_events();
            agent.log(&events)?;
            return Err(error);
        }
        Ok(agent)
    }

    /// Notices a new ledger, and one that is about another directory (LD-09): what is known of one says nothing of
    /// another.
    fn recognise(&mut self) -> Result<(), ToolError> {
        if self.suffix.is_root() {
            // No connection says which tree it is about, so that nothing is known to be of another.
            return Ok(());
        }
        let identity = format!("{} {}", self.config.directory.url, self.suffix);
        let change = self.ledger.begin().map_err(unusable_ledger)?;
        let known = change.agent(DIRECTORY).map_err(unusable_ledger)?;
        if known.as_ref() != Some(&identity) {
            change
                .set_agent(DIRECTORY, &identity)
                .map_err(unusable_ledger)?;
            for name in change.connections().map_err(unusable_ledger)? {
                let id = change.connection(&name).map_err(unusable_ledger)?;
                change.forget(id).map_err(unusable_ledger)?;
            }
        }
        if !self.dry_run {
            change.commit().map_err(unusable_ledger)?;
        }
        let because = match known {
            None => "the ledger is new",
            Some(known) if known != identity => "the ledger was about another directory",
            Some(_) => return Ok(()),
        };
        for connection in &self.config.connections {
            let event = Event::new(Severity::Info, "the next exchange is a full list");
            let event = event
                .id("DX221")
                .with("connection", &connection.name)
                .with("because", because);
            self.events.push(event);
        }
        Ok(())
    }

    /// Says something, on the screen and in the log.
    pub(super) fn say(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Takes what was said so far.
    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Writes what was said into the log.
    pub(super) fn log(&self, events: &[Event]) -> Result<(), ToolError> {
        match self.dry_run {
            true => Ok(()),
            false => self.home.write_log(&self.clock, events),
        }
    }

    /// Ends a command: what was said goes into the log, and why it failed, where it did. Returns what was said.
    pub(super) fn end<T>(
        &mut self,
        result: &Result<T, ToolError>,
    ) -> Result<Vec<Event>, ToolError> {
        let events = self.take_events();
        self.log(&events)?;
        if let Err(error) = result {
            self.log(&[Event::of_error(error)])?;
        }
        Ok(events)
    }

    /// Reads the numbers of a connection, new ones where the ledger knows none.
    pub(super) fn numbers(
        &mut self,
        connection: &Connection,
    ) -> Result<(ConnectionId, Numbers), ToolError> {
        let change = self.ledger.begin().map_err(unusable_ledger)?;
        let id = change
            .connection(&connection.name)
            .map_err(unusable_ledger)?;
        let kept = change.numbers(id).map_err(unusable_ledger)?;
        let numbers = match &kept {
            Some(bytes) => Numbers::decode(bytes, connection),
            None => Numbers::new(connection),
        };
        match self.dry_run {
            true => drop(change),
            false => change.commit().map_err(unusable_ledger)?,
        }
        if kept.is_some_and(|bytes| Numbers::role_of(&bytes) != connection.role) {
            self.say_role_change(connection);
        }
        Ok((id, numbers?))
    }

    /// Says what a change of the role asks of the other side (DX-01).
    fn say_role_change(&mut self, connection: &Connection) {
        let (own, other) = todo::sides(self.config, connection);
        let (own, other) = (&own[..], &other[..]);
        for line in todo::role_changed(connection.role, todo::Sides { own, other }) {
            let event = Event::new(Severity::Warn, "the role has changed, to be done");
            self.say(
                event
                    .with("connection", &connection.name)
                    .with("there", line),
            );
        }
    }

    /// Finds the root of the tree that an entry lies in.
    pub(super) fn tree_of(&mut self, dn: &Dn) -> Result<Dn, ToolError> {
        let contexts = &self.directory.root_dse().map_err(unread)?.naming_contexts;
        let found = contexts.iter().find(|suffix| dn.is_within(suffix));
        found.cloned().ok_or_else(|| {
            let text = format!("{dn} lies in no tree of {}", self.config.directory.url);
            ToolError::new(ExitCode::NotFound, text)
        })
    }

    /// Returns who speaks for which postoffice.
    pub(super) fn authorities(&self) -> Authorities {
        let mut authorities = Authorities::default();
        let page = self.config.agent.code_page;
        let own = &self.config.agent.address;
        authorities.own(&page.decode(own.network()), &page.decode(own.postoffice()));
        for connection in &self.config.connections {
            let (page, place) = (connection.code_page, &connection.address);
            authorities.register(
                &page.decode(place.network()),
                &page.decode(place.postoffice()),
                &connection.import.owner,
            );
            for place in &connection.export.owned {
                authorities.own(
                    &page.decode(place.network()),
                    &page.decode(place.postoffice()),
                );
            }
        }
        authorities
    }
}

/// Connects to the directory.
pub(super) fn connect(directory: &Directory) -> Result<ldap::Connection, ToolError> {
    ldap::Connection::open(&options(directory)).map_err(unread)
}

/// Connects to the directory for a run that may be told to end.
pub(super) fn connect_until(
    interrupt: &Interrupt,
    directory: &Directory,
) -> Result<ldap::Connection, ToolError> {
    let stop = Some(interrupt.flag());
    let options = ldap::ConnectOptions {
        stop,
        ..options(directory)
    };
    ldap::Connection::open(&options).map_err(unread)
}

/// Says that whoever is on the way to the directory reads the password, where that is so.
pub(super) fn shown_password(directory: &Directory) -> Option<&'static str> {
    options(directory).shows_password().then_some(
        "the password goes to the directory in the clear: set start-tls, or use ldaps://",
    )
}

/// Returns how the directory is reached.
fn options(directory: &Directory) -> ConnectOptions {
    let mut options = ConnectOptions::new(&directory.url);
    options.start_tls = directory.start_tls;
    options.ca_file = directory.ca_file.clone();
    options.operation_timeout = Duration::from_secs(directory.timeout);
    if let (Some(dn), Some(password)) = (&directory.bind_dn, &directory.password) {
        options = options.login(dn, password.clone());
    }
    options
}

/// Finds the root of the tree that all containers of the connections lie in.
fn suffix(directory: &mut ldap::Connection, config: &Config) -> Result<Dn, ToolError> {
    let containers = config.connections.iter().flat_map(|connection| {
        connection
            .import
            .container
            .iter()
            .chain(&connection.export.containers)
    });
    tree_of_all(directory, &config.directory, containers)
}

/// Finds the root of the tree that all of some containers lie in.
pub(super) fn tree_of_all<'a>(
    directory: &mut ldap::Connection,
    settings: &Directory,
    containers: impl Iterator<Item = &'a Dn>,
) -> Result<Dn, ToolError> {
    let contexts = directory
        .root_dse()
        .map_err(unread)?
        .naming_contexts
        .clone();
    let mut found: Option<Dn> = None;
    for container in containers {
        let suffix = contexts.iter().find(|suffix| container.is_within(suffix));
        let Some(suffix) = suffix else {
            let text = format!("{container} lies in no tree of {} (DX-38)", settings.url);
            return Err(ToolError::new(ExitCode::NotFound, text));
        };
        match &found {
            Some(found) if !found.is_same(suffix) => {
                let text = format!("the containers lie in two trees, {found} and {suffix}");
                return Err(ToolError::usage(text));
            }
            _ => found = Some(suffix.clone()),
        }
    }
    Ok(found.unwrap_or_default())
}

/// Makes the template table of one direction: the settings in front of the usual prompts.
pub(super) fn templates(
    connection: &Connection,
    is_wanted: fn(Direction) -> bool,
) -> Result<Option<TemplateMap>, ToolError> {
    if !is_wanted(connection.templates) {
        return Ok(None);
    }
    let own = connection.mappings.iter();
    let mut rules: Vec<_> = own.filter_map(|mapping| mapping.rule(is_wanted)).collect();
    let usual = TemplateMap::default();
    let is_set = |rule: &&TemplateRule| {
        let key = usual.prompt_key(&rule.prompt);
        rules.iter().any(|own| usual.prompt_key(&own.prompt) == key)
    };
    let rest: Vec<_> = usual
        .rules()
        .iter()
        .filter(|rule| !is_set(rule))
        .cloned()
        .collect();
    rules.extend(rest);
    let map = TemplateMap::new(rules);
    map.map(Some)
        .map_err(|error| ToolError::usage(format!("DX181 connection {}: {error}", connection.name)))
}

/// The role that a connection must have for a command.
pub(super) fn expect_role(connection: &Connection, role: Role) -> Result<(), ToolError> {
    match connection.role == role {
        true => Ok(()),
        false => {
            let text = format!(
                "connection {}: the agent is no {} there",
                connection.name,
                role.word()
            );
            Err(ToolError::new(ExitCode::NotHere, text))
        }
    }
}

/// DX249: the ledger cannot be used.
pub(super) fn unusable_ledger(error: LedgerError) -> ToolError {
    let exit = match &error {
        LedgerError::Damaged { .. } | LedgerError::Format { .. } => ExitCode::Damaged,
        LedgerError::Busy { .. } => ExitCode::Busy,
        LedgerError::Io { .. } => ExitCode::CannotWrite,
    };
    ToolError::new(exit, format!("DX249 {error}"))
}
