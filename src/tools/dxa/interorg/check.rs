//! `dxa check` between organizations: everything that must hold before a byte is sent, looked at one after the other.

use std::io::Write;
use std::path::Path;

use serde_json::json;

use super::branch::{self, BranchSide};
use super::config::{Config, Table, Way};
use super::evidence::{self, Settings};
use super::post::sending;
use super::table;
use crate::tools::cli::CommonArgs;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::check::{Checks, check_folder};
use crate::tools::dxa::home::Home;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{put_line, report_alone};

/// Looks at everything.
pub(super) fn look(config: &Config) -> Checks {
    let mut checks = Checks::default();
    let mut note = |what, result| checks.note(what, result);
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
    checks
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
        Way::System(system) => sending::open(system).map(|transport| format!("{transport:?}")),
    }
}

/// Looks, and shows what was found.
pub(super) fn run(
    config: &Config,
    text: &str,
    common: &CommonArgs,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let checks = look(config);
    let settings = Settings::compare(&config.data, text);
    let exit = checks.exit();
    let summary = json!({
        "program": "dxa", "checks": checks.all, "settings": settings, "exit": exit.number(),
    });
    report_alone(common.report.as_deref(), &summary, exit)?;
    if common.json {
        put_line(screen, &summary)?;
        return Ok(exit);
    }
    for checked in &checks.all {
        writeln!(screen, "{checked}")?;
    }
    for event in settings.events() {
        writeln!(screen, "{event}")?;
    }
    Ok(exit)
}
