//! `dxa reset`: a connection begins anew (`spec/exchange.md` DX-04, Q152231, Q264685).
//!
//! One side alone that goes back to zero is what the original ended in: what it sent was numbered below what the other side
//! remembered, and ignored (Q96060, Q119452). So the command says what is to be done there.

use std::fmt;
use std::io::Write;

use serde_json::json;

use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::agent::{Agent, unusable_ledger};
use crate::tools::dxa::config::{Config, Connection, Role};
use crate::tools::dxa::containers::container;
use crate::tools::dxa::containers::place::Place;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::options::Options;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{put_line, report_alone};

use super::numbers::{Numbers, Shown, put_server, requestor, server};
use super::state::{Known, State, not_saved};
use super::todo;

/// Where numbers stood, and what they were.
struct Before {
    /// In the ledger; none where nothing was exchanged, or where they cannot be read.
    ledger: Option<Shown>,
    /// In the import container.
    container: Option<Shown>,
    /// Transactions that waited.
    waiting: u64,
    /// The role that they are of.
    role: Option<Role>,
    /// Where the entries lie.
    place: Option<Place>,
}

/// Resets one connection.
pub(in crate::tools::dxa) fn run(
    options: &Options,
    config: &Config,
    name: &str,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let connection = config.named(name)?;
    let clock = Clock::from_environment()?;
    let mut agent = Agent::open(
        config,
        "reset",
        clock,
        Interrupt::install()?,
        options.dry_run,
    )?;
    let reset = agent.reset(connection);
    let events = agent.end(&reset)?;
    let (before, after) = reset?;
    let (own, other) = todo::sides(config, connection);
    let sides = todo::Sides {
        own: &own,
        other: &other,
    };
    let to_do = match before.role.is_some_and(|role| role != connection.role) {
        true => todo::role_changed(connection.role, sides),
        false => todo::begun_anew(connection.role, sides),
    };
    let summary = json!({
        "program": "dxa",
        "dry_run": options.dry_run,
        "connection": connection.name,
        "ledger": before.ledger,
        "container": before.container,
        "waiting": before.waiting,
        "numbers": after,
        "to_do": to_do,
        "exit": ExitCode::Done.number(),
    });
    report_alone(options.common.report.as_deref(), &summary, ExitCode::Done)?;
    if options.common.json {
        put_line(screen, &summary)?;
        return Ok(ExitCode::Done);
    }
    for event in &events {
        writeln!(screen, "{event}")?;
    }
    writeln!(screen, "{}: {before} -> {after}", connection.name)?;
    if options.dry_run {
        writeln!(screen, "Dry run: nothing was written.")?;
        return Ok(ExitCode::Done);
    }
    writeln!(screen, "The next cycle brings full lists both ways.")?;
    writeln!(screen, "Still to be done before it, at the other side:")?;
    for line in &to_do {
        writeln!(screen, "- {line}")?;
    }
    Ok(ExitCode::Done)
}

impl Agent<'_> {
    /// Sets the numbers to zero: in the container, if they are still those that stand there, then in the ledger together
    /// with all that is known of the other side.
    fn reset(&mut self, connection: &Connection) -> Result<(Before, Shown), ToolError> {
        match self.settle_place(connection) {
            // What cannot be read is what a reset is for.
            Err(error) if error.exit != ExitCode::Damaged => return Err(error),
            _ => {}
        }
        let (before, kept) = self.before(connection)?;
        let numbers = anew(connection, kept)?;
        let after = numbers.shown();
        if self.dry_run {
            return Ok((before, after));
        }
        if let Some(container) = &connection.import.container {
            let owner = &connection.import.owner;
            let there = before.container;
            container::put_numbers(&mut self.directory, container, owner, there, after)?;
        }
        let change = self.ledger.begin().map_err(not_saved)?;
        if let Some(id) = change.find(&connection.name).map_err(not_saved)? {
            change.forget(id).map_err(not_saved)?;
        }
        let known = Known {
            id: change.connection(&connection.name).map_err(not_saved)?,
            numbers,
            state: State {
                place: before.place.clone(),
                ..State::default()
            },
        };
        known.put(&change).map_err(not_saved)?;
        change.commit().map_err(not_saved)?;
        let event = Event::new(
            Severity::Info,
            "begun anew, the next exchange is a full list",
        );
        let event = event.id("DX221").with("connection", &connection.name);
        self.say(event.with("because", format!("it was reset: {before} -> {after}")));
        Ok((before, after))
    }

    /// Reads what is known, also where it is of another role or damaged.
    fn before(&mut self, connection: &Connection) -> Result<(Before, Option<Numbers>), ToolError> {
        let there = match &connection.import.container {
            Some(container) => container::numbers(&mut self.directory, container)?,
            None => None,
        };
        let change = self.ledger.begin().map_err(unusable_ledger)?;
        let mut kept = None;
        let mut waiting = 0;
        let mut place = None;
        if let Some(id) = change.find(&connection.name).map_err(unusable_ledger)? {
            kept = change.numbers(id).map_err(unusable_ledger)?;
            place = State::read(&change, id, &connection.name).ok();
            waiting = change.backlog(id).map_err(unusable_ledger)?;
        }
        let of = |role, bytes: &[u8]| {
            let connection = Connection {
                role,
                ..connection.clone()
            };
            Numbers::decode(bytes, &connection).ok()
        };
        let kept = kept.and_then(|bytes| {
            let roles = [Role::Requestor, Role::Server];
            roles.into_iter().find_map(|role| of(role, &bytes))
        });
        let before = Before {
            ledger: kept.as_ref().map(Numbers::shown),
            container: there,
            waiting,
            role: kept.as_ref().map(|numbers| match numbers {
                Numbers::Requestor(_) => Role::Requestor,
                Numbers::Server(_) => Role::Server,
            }),
            place: place.and_then(|state| state.place),
        };
        Ok((before, kept))
    }
}

/// Makes the numbers to begin with: zero, and a full list asked for.
fn anew(connection: &Connection, kept: Option<Numbers>) -> Result<Numbers, ToolError> {
    let mut numbers = Numbers::new(connection)?;
    match (&mut numbers, kept) {
        (Numbers::Requestor(conf), _) => {
            let mut own = requestor(conf);
            own.import_requested = true;
            own.put(conf);
        }
        (Numbers::Server(conf), kept) => {
            let (mut own, mut entry) = server(conf);
            if let Some(Numbers::Server(kept)) = &kept {
                // STAMPs go on, since a lower one means an old answer; none of those before this is known any more.
                own.stamp = server(kept).0.stamp;
                // When it has asked last stays true.
                conf.requestors[0].last_update = kept.requestors[0].last_update;
            }
            entry.due.export = true;
            put_server(conf, &own, &entry);
        }
    }
    Ok(numbers)
}

impl fmt::Display for Before {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.ledger {
            Some(shown) => write!(f, "{shown}")?,
            None => f.write_str("no numbers")?,
        }
        if let Some(shown) = self.container.filter(|there| Some(*there) != self.ledger) {
            write!(f, " (in the container {shown})")?;
        }
        match self.waiting {
            0 => Ok(()),
            n => write!(f, ", {n} waiting"),
        }
    }
}
