//! `dxa move`: entries are brought to where the configuration has them, and nothing else happens (`spec/exchange.md` DX-34).

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::{Config, Connection};
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::options::Options;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{ReportFile, put_line};

use super::moving::Moved;
use super::place::Place;

/// What became of one connection.
#[derive(Debug, Serialize)]
struct Ended {
    connection: String,
    /// What was moved; none where it failed before.
    moved: Option<Moved>,
    /// Why it failed.
    error: Option<String>,
    exit: ExitCode,
}

/// Moves the entries of one connection, or of all.
pub(in crate::tools::dxa) fn run(
    options: &Options,
    config: &Config,
    name: Option<&str>,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let chosen = choose(config, name)?;
    let clock = Clock::from_environment()?;
    let report = options.common.report.as_deref();
    let mut report = report.map(ReportFile::create).transpose()?;
    let interrupt = Interrupt::install()?;
    let mut agent = Agent::open(config, "move", clock, interrupt, options.dry_run)?;
    let mut all = Vec::new();
    for connection in chosen {
        let (moved, error) = match agent.look_and_move(connection) {
            Ok(moved) => (Some(moved), None),
            Err(error) => (None, Some(error)),
        };
        if let Some(error) = &error {
            let event = Event::new(Severity::Error, error.to_string());
            agent.say(event.with("connection", &connection.name));
        }
        let exit = moved.as_ref().map_or(ExitCode::Done, Moved::exit);
        all.push(Ended {
            connection: connection.name.clone(),
            moved,
            exit: error.as_ref().map_or(exit, |error| error.exit),
            error: error.map(|error| error.to_string()),
        });
        if agent.interrupt.check().is_err() {
            break;
        }
    }
    let events = agent.take_events();
    agent.log(&events)?;
    let exits = all.iter().map(|ended| ended.exit);
    let exit = exits.fold(ExitCode::Done, ExitCode::worst);
    if let Some(report) = &mut report {
        for ended in &all {
            for line in ended.moved.iter().flat_map(|moved| &moved.lines) {
                report.line(line)?;
            }
            report.line(ended)?;
        }
    }
    let summary = json!({
        "program": "dxa",
        "dry_run": options.dry_run,
        "connections": all,
        "exit": exit.number(),
    });
    if let Some(report) = report {
        report.finish_with(&summary, exit)?;
    }
    if options.common.json {
        put_line(screen, &summary)?;
        return Ok(exit);
    }
    for event in &events {
        writeln!(screen, "{event}")?;
    }
    for ended in &all {
        show(ended, options.dry_run, screen)?;
    }
    if options.dry_run {
        writeln!(screen, "Dry run: nothing was written.")?;
    }
    Ok(exit)
}

fn choose<'c>(config: &'c Config, name: Option<&str>) -> Result<Vec<&'c Connection>, ToolError> {
    let Some(name) = name else {
        let all = config.connections.iter();
        return Ok(all.filter(|c| c.import.container.is_some()).collect());
    };
    let connection = config.named(name)?;
    super::importing::container_of(connection)?;
    Ok(vec![connection])
}

impl Agent<'_> {
    /// Moves entries, whether the ledger knows of a change or not: it may have been lost.
    fn look_and_move(&mut self, connection: &Connection) -> Result<Moved, ToolError> {
        let Some(here) = Place::configured(connection) else {
            return Ok(Moved::default());
        };
        let sources = self.sources(&connection.name, &here)?;
        self.bring(connection, &here, &sources)
    }
}

fn show(ended: &Ended, dry_run: bool, screen: &mut impl Write) -> io::Result<()> {
    let Some(moved) = &ended.moved else {
        return writeln!(screen, "{}: failed", ended.connection);
    };
    let done = if dry_run { "to be renamed" } else { "renamed" };
    let Moved { renamed, to, .. } = moved;
    write!(
        screen,
        "{}: {renamed} entries {done}, in {to}",
        ended.connection
    )?;
    for (count, what) in [
        (moved.stayed, "could not be renamed"),
        (moved.manual, "put in by hand stay"),
        (moved.foreign, "of other owners stay"),
    ] {
        if count > 0 {
            write!(screen, "; {count} {what}")?;
        }
    }
    writeln!(screen)
}
