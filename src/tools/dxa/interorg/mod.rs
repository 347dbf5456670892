//! `dxa` between organizations: as a branch, as the hub, or as both (`spec/exchange.md` section 4).
//!
//! - [`config`] is what is configured.
//! - `post` is how messages come and go, `hub` what the hub does with them, [`branch`] what a branch does, and
//!   `talk` what a cycle and the branch say to each other.
//! - `cycle` does all of it once, `run` is the service; `status`, `check` and `explain` look, `touch` sends again, and `leave`
//!   ends it.
//!
//! | path in the data folder | what |
//! |---|---|
//! | `mail/` | the Maildir where mail arrives, unless `mail.maildir` says another |
//! | `mail-out/` | the Maildir of what goes out |
//! | `quarantine/` | what was put aside, each with its reason |
//! | `master.db` | the master table of the hub |
//! | `branch.db` | the ledger of the branch |
//! | `removed/` | what was removed of the others' entries, as LDIF |
//! | `contacts.json` | when each branch was last heard of |
//! | `settings.toml` | the configuration of the last cycle |
//! | `dxa.log`, `dxa.lock`, `dxa.COMMAND.lock` | as ever |

pub mod branch;
mod check;
pub mod config;
mod cycle;
mod done;
mod evidence;
mod explain;
mod folder;
mod fresh;
mod hub;
mod leave;
mod metrics;
mod post;
mod run;
mod shown;
mod state;
mod status;
mod table;
mod talk;
mod told;
mod took;
mod touch;

use std::io::Write;

use serde_json::json;

use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{ReportFile, put_line};

use super::event::Event;
use super::home::CYCLE;
use super::options::{Command, Options};
use config::Config;
use cycle::Cycle;
use talk::Wanted;

/// Does what a command line says, with a configuration between organizations.
///
/// # Errors
/// The configuration is wrong, the command is one towards postoffices, something cannot be opened.
pub(super) fn start(
    options: &Options,
    text: &str,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let config = Config::parse(text, &options.config);
    let config = config.map_err(|error| ToolError::usage(error.to_string()))?;
    match &options.command {
        Command::Cycle {
            connection,
            step,
            import_all,
            export_all,
            allow_deletes,
        } => {
            if connection.is_some() || step.is_some() {
                let text =
                    "a cycle between organizations is of one hub and one branch, without steps";
                return Err(ToolError::usage(text).into());
            }
            if (*import_all || *export_all) && config.branch.is_none() {
                let text =
                    "--import-all and --export-all are for a branch, and there is no [branch]";
                return Err(ToolError::new(ExitCode::NotHere, text).into());
            }
            let wanted = Wanted {
                import_all: *import_all,
                export_all: *export_all,
                allow_deletes: *allow_deletes,
                dry_run: options.dry_run,
            };
            run_cycle(options, &config, text, wanted, screen)
        }
        Command::State { command } => state::run(&config, command, &options.common, screen),
        Command::Status => status::run(&config, &options.common, screen),
        Command::Check => check::run(&config, text, &options.common, screen),
        Command::Leave { branch, entries } => {
            leave::run(options, &config, branch, *entries, screen)
        }
        Command::Explain { entry } => explain::run(&config, entry, &options.common, screen),
        Command::Touch {
            entries,
            connection,
            all_missing,
            rewrite,
        } => {
            if connection.is_some() || all_missing.is_some() || *rewrite {
                let text = "--connection, --all-missing and --rewrite are for connections to postoffices; \
                            cycle --import-all brings a branch everything";
                return Err(ToolError::usage(text).into());
            }
            touch::run(options, &config, entries, screen)
        }
        Command::Schema { .. } => Ok(ExitCode::Done),
        Command::Run => run::run(options, config, text, screen),
        Command::Lists { .. }
        | Command::Resync { .. }
        | Command::Move { .. }
        | Command::Remove { .. }
        | Command::Takeover { .. }
        | Command::Adopt { .. }
        | Command::Reset { .. }
        | Command::Export { .. } => {
            let text = "this is a command towards postoffices, and the configuration is one between organizations: it has \
                        cycle, status, state show, check, touch, explain, leave and run";
            Err(ToolError::new(ExitCode::NotHere, text).into())
        }
    }
}

fn run_cycle(
    options: &Options,
    config: &Config,
    text: &str,
    wanted: Wanted,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let report = options.common.report.as_deref();
    let report = report.map(ReportFile::create).transpose()?;
    let (clock, interrupt) = (Clock::from_environment()?, Interrupt::install()?);
    let (home, _lock) = folder::hold(config, CYCLE, options.dry_run, &interrupt)?;
    let cycle = Cycle {
        config,
        text,
        now: clock.now(),
        interrupt: &interrupt,
        wanted,
        asks: true,
    };
    let done = cycle.run();
    let log = |events: &[Event]| match options.dry_run {
        true => Ok(()),
        false => home.write_log(&clock, events),
    };
    let done = match done {
        Ok(done) => done,
        Err(error) => {
            log(&[Event::of_error(&error)])?;
            return Err(error.into());
        }
    };
    log(&done.told.events)?;
    if let Some(mut report) = report {
        for line in &done.told.lines {
            report.line(line)?;
        }
        report.finish_with(&done, done.exit)?;
    }
    match options.common.json {
        true => put_line(screen, &json!(done))?,
        false => {
            for event in &done.told.events {
                writeln!(screen, "{event}")?;
            }
            done.show(screen)?;
        }
    }
    Ok(done.exit)
}
