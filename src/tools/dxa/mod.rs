//! `dxa`, the directory agent: what Exchange's directory-synchronization agent did, on an LDAP directory
//! (`spec/exchange.md` sections 0 to 3 and 6).

mod agent;
mod check;
pub mod config;
mod connections;
mod containers;
mod event;
pub mod exchange;
mod home;
pub mod interorg;
mod lists;
mod mail;
pub mod options;
mod sending;
mod service;
mod standing;

use std::ffi::OsString;
use std::io::{self, Write};

use serde_json::json;

use crate::directory::schema;
use crate::plan::outcome::Counts;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{ReportFile, put_line, report_alone};

use agent::Agent;
use config::Config;
use lists::dropped::{Dropped, Permission};
use options::{Command, Options, StateCommand};

/// Reads a command line and does what it says; the first of `arguments` is the program itself.
///
/// # Errors
/// The configuration is wrong, something cannot be opened, or the output cannot be written.
pub fn start(arguments: Vec<OsString>, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(early) => return Ok(early.finish(screen)?),
    };
    if let Command::Schema { ldif } = options.command {
        let text = if ldif {
            schema::SCHEMA_LDIF
        } else {
            schema::SCHEMA
        };
        screen.write_all(text.as_bytes())?;
        return Ok(ExitCode::Done);
    }
    // One that cannot be read is said to be so below.
    let text = std::fs::read_to_string(&options.config).unwrap_or_default();
    if interorg::config::is_meant(&text) {
        return interorg::start(&options, &text, screen);
    }
    let config =
        Config::load(&options.config).map_err(|error| ToolError::usage(error.to_string()))?;
    match &options.command {
        Command::Check => check(&options, &config, screen),
        Command::Cycle {
            connection,
            step,
            import_all,
            export_all,
            allow_deletes,
        } => {
            let wanted = exchange::cycle::Wanted {
                step: *step,
                import_all: *import_all,
                export_all: *export_all,
                allow_deletes: *allow_deletes,
            };
            exchange::cycling::run(&options, &config, connection.as_deref(), wanted, screen)
        }
        Command::Resync {
            connections,
            shared,
            allow_deletes,
        } => {
            let order = lists::resync::Order {
                names: connections.clone(),
                shared: *shared,
                allow_deletes: *allow_deletes,
            };
            lists::resync::run(&options, &config, &order, screen)
        }
        Command::Reset { connection } => {
            connections::reset::run(&options, &config, connection, screen)
        }
        Command::Move { connection } => {
            containers::moves::run(&options, &config, connection.as_deref(), screen)
        }
        Command::Remove {
            connection,
            entries,
            allow_deletes,
        } => connections::removing::run(
            &options,
            &config,
            connection,
            *entries,
            *allow_deletes,
            screen,
        ),
        Command::Explain { entry } => {
            standing::explaining::run(&config, entry, &options.common, screen)
        }
        Command::Touch {
            entries,
            connection,
            all_missing,
            rewrite,
        } => {
            let order = sending::touching::Order {
                entries: entries.clone(),
                connection: connection.clone(),
                missing_at: all_missing.clone(),
                rewrite: *rewrite,
            };
            sending::touching::run(&options, &config, &order, screen)
        }
        Command::Adopt { entry, connection } => {
            containers::adopting::run(&options, &config, entry, connection.as_deref(), screen)
        }
        Command::State { command } => match command {
            StateCommand::Show { connection } => {
                connections::stateshow::run(&config, connection.as_deref(), &options.common, screen)
            }
            StateCommand::Set { connection, values } => {
                connections::stateset::run(&options, &config, connection, values, screen)
            }
        },
        Command::Status => standing::status::run(&config, &options.common, screen),
        Command::Export {
            connection,
            output,
            no_version,
        } => lists::export::run(&config, connection, output.as_deref(), *no_version, screen),
        Command::Lists {
            allow_deletes,
            for_any,
            accept_partial,
        } => {
            let permission = Permission {
                allow_deletes: *allow_deletes,
                for_any: *for_any,
                accept_partial: *accept_partial,
            };
            lists(&options, &config, permission, screen)
        }
        Command::Takeover { postoffices, .. } => {
            connections::takeover::run(&options, &config, postoffices, screen)
        }
        Command::Leave { .. } => {
            let text =
                "leave is for the hub between organizations; dxa remove forgets a connection";
            Err(ToolError::new(ExitCode::NotHere, text).into())
        }
        Command::Run => service::run(&options, config, screen),
        Command::Schema { .. } => Ok(ExitCode::Done),
    }
}

fn check(options: &Options, config: &Config, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let mut checks = check::run(config);
    let effects = check::effects(config, &mut checks);
    let exit = checks.exit();
    let summary = json!({
        "program": "dxa",
        "checks": checks.all,
        "effects": effects,
        "exit": exit.number(),
    });
    report_alone(options.common.report.as_deref(), &summary, exit)?;
    if options.common.json {
        put_line(screen, &summary)?;
        return Ok(exit);
    }
    for checked in &checks.all {
        writeln!(screen, "{checked}")?;
    }
    Ok(exit)
}

/// Applies what lies in the drop folder.
fn lists(
    options: &Options,
    config: &Config,
    permission: Permission,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let clock = Clock::from_environment()?;
    let report = options.common.report.as_deref();
    let mut report = report.map(ReportFile::create).transpose()?;
    let mut agent = Agent::open(
        config,
        "lists",
        clock,
        Interrupt::install()?,
        options.dry_run,
    )?;
    let taken = agent.take_dropped(permission, report.as_mut());
    let events = agent.end(&taken)?;
    if !options.common.json {
        for event in &events {
            writeln!(screen, "{event}")?;
        }
    }
    let taken = taken?;
    let mut counts = Counts::default();
    let exit = taken
        .iter()
        .fold(ExitCode::Done, |worst, dropped| worst.worst(dropped.exit));
    for dropped in &taken {
        counts.merge(&dropped.counts);
        if !options.common.json {
            show(dropped, screen)?;
        }
    }
    let summary = json!({
        "program": "dxa",
        "dry_run": options.dry_run,
        "lists": taken,
        "exit": exit.number(),
    });
    if let Some(report) = report {
        report.finish_with(&summary, exit)?;
    }
    if options.common.json {
        put_line(screen, &summary)?;
    } else if taken.is_empty() {
        writeln!(
            screen,
            "No list lies in {}.",
            config.agent.data.join("in").display()
        )?;
    } else if options.dry_run {
        writeln!(screen, "Dry run: nothing was written.")?;
    }
    Ok(exit)
}

fn show(dropped: &Dropped, screen: &mut impl Write) -> io::Result<()> {
    let Dropped {
        file,
        counts,
        foreign,
        ..
    } = dropped;
    if dropped.connection.is_none() {
        return Ok(());
    }
    let named = counts.named().into_iter();
    let parts: Vec<_> = named
        .chain([("foreign", *foreign)])
        .filter(|(_, n)| *n > 0)
        .map(|(what, n)| format!("{what} {n}"))
        .collect();
    write!(screen, "{file}: {}", parts.join(", "))?;
    if let Some((before, after)) = dropped.numbers.filter(|(before, after)| before != after) {
        write!(screen, "; {before} -> {after}")?;
    }
    writeln!(screen)
}
