//! `dxa check` between organizations: everything that must hold before a byte is sent, looked at one after the other.

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::branch::{self, BranchSide};
use super::config::{Config, Table, Way};
use super::evidence::{self, Settings};
use super::table;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::check::check_folder;
use crate::tools::dxa::event::told;
use crate::tools::dxa::home::Home;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::external::transport::Transport;
use crate::tools::report::put_line;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    pub(super) what: &'static str,
    /// What is wrong; none where it is well.
    pub(super) fault: Option<String>,
    /// What was found.
    pub(super) found: Option<String>,
    #[serde(skip)]
    pub(super) exit: ExitCode,
}

/// Looks at everything.
pub(super) fn look(config: &Config) -> Vec<Checked> {
    let mut all = Vec::new();
    let mut note = |what, result: Result<String, ToolError>| {
        let (fault, found, exit) = match result {
            Ok(found) => (None, Some(found), ExitCode::Done),
            Err(error) => (Some(told(&error)), None, error.exit),
        };
        all.push(Checked {
            what,
            fault,
            found,
            exit,
        });
    };
    note("data folder", check_folder(&Home::at(&config.data)));
    note("Maildir", check_maildir(&config.mail.maildir));
    if let Some(way) = &config.mail.way {
        note("way of mail", check_way(way));
    }
    if config.copies.is_some() {
        note(
            "copies of messages",
            evidence::check(config).map(|()| String::new()),
        );
    }
    if let Some(hub) = &config.hub {
        let shown = table::shown(&hub.table);
        let opened = match &hub.table {
            Table::File(path) if !path.exists() => Ok(format!("{shown} will be made")),
            _ => table::open(&hub.table, true).map(|_| shown),
        };
        note("master table", opened);
    }
    if let Some((branch, _)) = &config.branch {
        note("branch", check_branch(config));
        let pending = branch::pending(config).map(|pending| match pending.is_empty() {
            true => format!("{}: nothing but what changed", branch.name),
            false => pending.join("; "),
        });
        note("next request", pending);
    }
    all
}

/// Directory, rights, containers and ledger of the branch (IO-18).
fn check_branch(config: &Config) -> Result<String, ToolError> {
    let clock = Clock::from_environment()?;
    let side = BranchSide::open(config, clock, Interrupt::default(), true)?;
    Ok(format!("entries of others are {}", side.owner()))
}

fn check_maildir(maildir: &Path) -> Result<String, ToolError> {
    let shown = maildir.display();
    if !maildir.exists() {
        return Ok(format!("{shown} will be made"));
    }
    for part in ["new", "cur"] {
        let path = maildir.join(part);
        let probe = match path.exists() {
            true => tempfile::Builder::new().prefix(".dxa").tempfile_in(&path),
            false => continue,
        };
        probe.map_err(|error| {
            let text = format!("{}: messages cannot be taken out of it", path.display());
            ToolError::new(ExitCode::CannotWrite, text).caused_by(error)
        })?;
    }
    Ok(shown.to_string())
}

fn check_way(way: &Way) -> Result<String, ToolError> {
    match way {
        Way::Folder(folder) => Ok(folder.display().to_string()),
        Way::System(system) => Transport::open(system)
            .map(|transport| format!("{transport:?}"))
            .map_err(|error| {
                let text = error.message.replace("--sendmail", "mail.sendmail");
                ToolError::new(error.exit, text)
            }),
    }
}

/// Looks, and shows what was found.
pub(super) fn run(
    config: &Config,
    text: &str,
    json: bool,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let checks = look(config);
    let settings = Settings::compare(&config.data, text);
    let exit = checks
        .iter()
        .fold(ExitCode::Done, |worst, checked| worst.worst(checked.exit));
    if json {
        let summary = json!({
            "program": "dxa", "checks": checks, "settings": settings, "exit": exit.number(),
        });
        put_line(screen, &summary)?;
        return Ok(exit);
    }
    for checked in &checks {
        let (sign, text) = match (&checked.fault, &checked.found) {
            (Some(fault), _) => ("FAULT ", fault.as_str()),
            (None, found) => ("ok    ", found.as_deref().unwrap_or_default()),
        };
        match text {
            "" => writeln!(screen, "{sign} {}", checked.what)?,
            text => writeln!(screen, "{sign} {}: {text}", checked.what)?,
        }
    }
    for event in settings.events() {
        writeln!(screen, "{event}")?;
    }
    Ok(exit)
}
