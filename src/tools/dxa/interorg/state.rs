//! `dxa state` between organizations: the numbers of the hub and of the branch, each with its epoch (`spec/exchange.md` NT-14,
//! IO-04). Nothing is changed, and no directory is asked.
//!
//! They are shown and not set. A USN says which changes the other side has: one that is set too high leaves entries out and
//! nobody ever notices, and one too low is given twice. What a person means to reach with it has commands of its own.

use std::io::Write;

use serde_json::json;

use super::branch::{self, Kept};
use super::config::Config;
use super::status;
use crate::tools::cli::CommonArgs;
use crate::tools::dxa::options::StateCommand;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{put_line, report_alone};

/// Shows the numbers, or says why they are not set.
pub(super) fn run(
    config: &Config,
    command: &StateCommand,
    common: &CommonArgs,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let name = match command {
        StateCommand::Show { connection } => connection.as_deref(),
        StateCommand::Set { .. } => {
            let text = "between organizations numbers are not set: a USN says what the other side has, and a wrong one loses \
                        entries in silence; cycle --import-all and --export-all bring full lists, and leave forgets a branch";
            return Err(ToolError::new(ExitCode::NotHere, text).into());
        }
    };
    let is_meant = |branch: &str| name.is_none_or(|name| name.eq_ignore_ascii_case(branch));
    let mut hub = status::gather(config)?.hub;
    if let Some(hub) = &mut hub {
        hub.branches.retain(|branch| is_meant(&branch.branch));
    }
    let own = match &config.branch {
        Some(_) => Some(branch::kept(config)?).filter(|kept| is_meant(&kept.branch)),
        None => None,
    };
    let is_at_hub = hub.as_ref().is_some_and(|hub| !hub.branches.is_empty());
    if let Some(name) = name.filter(|_| own.is_none() && !is_at_hub) {
        let text = format!("no branch {name}");
        return Err(ToolError::new(ExitCode::NotFound, text).into());
    }
    let exit = ExitCode::Done;
    let at_hub = hub.as_ref().map(|hub| {
        let branches = hub.branches.iter().map(|branch| {
            json!({
                "branch": branch.branch,
                "taken": branch.taken,
                "confirmed": branch.confirmed,
            })
        });
        json!({
            "epoch": hub.epoch,
            "usn": hub.last,
            "branches": branches.collect::<Vec<_>>(),
        })
    });
    let summary = json!({
        "program": "dxa", "hub": at_hub, "branch": own, "exit": exit.number(),
    });
    report_alone(common.report.as_deref(), &summary, exit)?;
    if common.json {
        put_line(screen, &summary)?;
        return Ok(exit);
    }
    if let Some(hub) = &hub {
        match &hub.epoch {
            Some(epoch) => writeln!(screen, "Hub: USN {}, epoch {epoch}", hub.last)?,
            None => writeln!(screen, "Hub: no request yet")?,
        }
        for branch in &hub.branches {
            match branch.taken {
                Some(taken) => write!(screen, "  {}: taken to its USN {taken}", branch.branch)?,
                None => write!(screen, "  {}: nothing taken", branch.branch)?,
            }
            writeln!(screen, ", confirmed to USN {}", branch.confirmed)?;
        }
    }
    if let Some(own) = &own {
        write!(screen, "{own}")?;
    }
    Ok(exit)
}

/// A line with its own numbers, and one with those of the hub.
impl std::fmt::Display for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(numbers) = &self.numbers else {
            return writeln!(f, "Branch {}: no request yet", self.branch);
        };
        writeln!(
            f,
            "Branch {}: USN {}, confirmed to {}, epoch {}",
            self.branch, numbers.usn, numbers.confirmed, numbers.epoch
        )?;
        match &numbers.hub_epoch {
            Some(epoch) => writeln!(f, "  of the hub: USN {}, epoch {epoch}", numbers.hub_usn),
            None => writeln!(f, "  of the hub: nothing applied"),
        }
    }
}
