//! `dxa leave`: a branch that is registered no more is forgotten (`spec/exchange.md` IO-22). The original left mailboxes,
//! registry and folders to be cleaned by hand; what stays here is said.

use std::io::Write;

use serde::Serialize;
use serde_json::json;

use super::branch::BranchSide;
use super::config::{Config, Hub};
use super::evidence::forget_contact;
use super::folder;
use super::fresh;
use super::post::quarantine::Quarantine;
use super::post::queue::Queue;
use super::table::{self, wrong};
use crate::directory::interorg::master;
use crate::directory::interorg::store::MasterTable;
use crate::directory::interorg::unit::Applied;
use crate::directory::interorg::{Request, Span};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::options::{Entries, Options};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{put_line, report_alone};

/// What became of a branch.
#[derive(Debug, Serialize)]
struct Left {
    program: &'static str,
    branch: String,
    dry_run: bool,
    /// It was known to the table.
    was_known: bool,
    /// Entries that the other branches are told to remove.
    deleted: u64,
    /// Messages to it that were not sent, and are not.
    unsent: usize,
    /// What is still there.
    stays: Vec<String>,
    exit: ExitCode,
}

/// Forgets a branch.
pub(super) fn run(
    options: &Options,
    config: &Config,
    branch: &str,
    entries: Entries,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    if config
        .branch
        .as_ref()
        .is_some_and(|(own, _)| own.name.eq_ignore_ascii_case(branch))
    {
        return leave_the_others(options, config, entries, screen);
    }
    let Some(hub) = &config.hub else {
        let text =
            format!("{branch} is not the branch of this agent, and there is no [hub] to forget it");
        return Err(ToolError::new(ExitCode::NotHere, text).into());
    };
    let is_registered = |b: &super::config::Registered| b.name.eq_ignore_ascii_case(branch);
    if hub.branches.iter().any(is_registered) {
        let text = format!(
            "{branch} is registered: take its [[hub.branch]] out of {} first, or its next request brings everything back",
            config.path.display()
        );
        return Err(ToolError::usage(text).into());
    }
    let (clock, interrupt) = (Clock::from_environment()?, Interrupt::install()?);
    let (home, _lock) = folder::hold(config, "leave", options.dry_run, &interrupt)?;
    let left = forget(config, hub, branch, entries, options.dry_run)?;
    if !options.dry_run {
        let event = Event::new(Severity::Info, "a branch was forgotten");
        let event = event.with("branch", &left.branch);
        let mut events = vec![event.with("deleted", left.deleted)];
        events.extend(forget_contact(&config.data, branch));
        home.write_log(&clock, &events)?;
    }
    report_alone(options.common.report.as_deref(), &left, left.exit)?;
    match options.common.json {
        true => put_line(screen, &left)?,
        false => show(&left, screen)?,
    }
    Ok(left.exit)
}

/// The branch of this agent leaves: what the others brought stays or goes, and its ledger forgets.
fn leave_the_others(
    options: &Options,
    config: &Config,
    entries: Entries,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let (clock, interrupt) = (Clock::from_environment()?, Interrupt::install()?);
    let (home, _lock) = folder::hold(config, "leave", options.dry_run, &interrupt)?;
    let mut side = BranchSide::open(config, clock.clone(), interrupt, options.dry_run)?;
    // Who asks for it by name has said that all of them go.
    let left = side.leave(entries == Entries::Delete, Some(u64::MAX))?;
    if !options.dry_run {
        let event = Event::new(Severity::Info, "the branch left").with("deleted", left.deleted);
        home.write_log(&clock, &[event.with("kept", left.kept)])?;
    }
    let exit = match left.refused {
        0 => ExitCode::Done,
        _ => ExitCode::Partial,
    };
    let summary = json!({ "program": "dxa", "dry_run": options.dry_run, "left": left, "exit": exit.number() });
    report_alone(options.common.report.as_deref(), &summary, exit)?;
    if options.common.json {
        put_line(screen, &summary)?;
        return Ok(exit);
    }
    writeln!(
        screen,
        "Left: {} entries of others deleted, {} refused",
        left.deleted, left.refused
    )?;
    if let Some(file) = &left.file {
        writeln!(screen, "  kept as {file}")?;
    }
    for stays in &left.stays {
        writeln!(screen, "  stays: {stays}")?;
    }
    if options.dry_run {
        writeln!(screen, "Dry run: nothing was written.")?;
    }
    Ok(exit)
}

fn forget(
    config: &Config,
    hub: &Hub,
    branch: &str,
    entries: Entries,
    dry_run: bool,
) -> Result<Left, ToolError> {
    let mut table = table::open(&hub.table, dry_run)?;
    let (was_known, deleted, kept) = forget_rows(table.as_mut(), branch, entries, dry_run)?;
    let queue = Queue::at(&config.data);
    let unsent = match dry_run {
        true => 0,
        false => queue.drop_branch(branch)?,
    };
    let mut stays = Vec::new();
    if kept > 0 {
        let text = format!("{kept} entries of it, which the other branches keep");
        stays.push(format!(
            "{text}; dxa leave {branch} --entries delete removes them"
        ));
    }
    if deleted > 0 {
        stays.push(format!(
            "{deleted} deletions, until every branch has confirmed them"
        ));
    }
    if let Some(copies) = &config.copies {
        stays.push(format!(
            "copies of its messages in {}",
            copies.folder.display()
        ));
    }
    let aside = Quarantine(config.data.join("quarantine")).count();
    if aside > 0 {
        let folder = config.data.join("quarantine");
        stays.push(format!(
            "{aside} messages put aside in {}",
            folder.display()
        ));
    }
    stays.push(
        "its key file (should it come back, it gets another key: old messages of it were forgotten), and at the branch its configuration, its ledger and what it imported"
            .to_owned(),
    );
    let is_nobody = !was_known && deleted == 0 && kept == 0;
    Ok(Left {
        program: "dxa",
        branch: branch.to_uppercase(),
        dry_run,
        was_known,
        deleted,
        unsent,
        stays: if is_nobody { Vec::new() } else { stays },
        exit: if is_nobody {
            ExitCode::NotFound
        } else {
            ExitCode::Done
        },
    })
}

/// Takes a branch out of the table, with its entries where that is wanted; returns whether it was known, and how many entries
/// go and stay.
fn forget_rows(
    table: &mut dyn MasterTable,
    branch: &str,
    entries: Entries,
    dry_run: bool,
) -> Result<(bool, u64, u64), ToolError> {
    let mut change = table.begin().map_err(wrong)?;
    let members = change.members().map_err(wrong)?;
    let was_known = members.iter().any(|name| name.eq_ignore_ascii_case(branch));
    let there = change.keys_of(branch).map_err(wrong)?.len() as u64;
    let (mut deleted, mut kept) = (0, there);
    if entries == Entries::Delete {
        // What it says with its last word: a full list of nothing. Who waits for an address of it gets it so.
        let last = Request {
            id: fresh::id(),
            branch: branch.to_uppercase(),
            earlier: Vec::new(),
            epoch: fresh::epoch(),
            span: Span::default(),
            is_full: true,
            applied: Applied::default(),
            changes: Vec::new(),
            withheld: Vec::new(),
        };
        master::take(&mut *change, &last, fresh::epoch).map_err(wrong)?;
        let rest = change.keys_of(branch).map_err(wrong)?.len() as u64;
        (deleted, kept) = (there.saturating_sub(rest), rest);
    }
    change.remove_member(branch).map_err(wrong)?;
    if !dry_run {
        change.commit().map_err(wrong)?;
    }
    Ok((was_known, deleted, kept))
}

fn show(left: &Left, screen: &mut impl Write) -> std::io::Result<()> {
    let Left {
        branch, deleted, ..
    } = left;
    if left.exit == ExitCode::NotFound {
        return writeln!(screen, "{branch}: nothing of it is there");
    }
    writeln!(
        screen,
        "{branch}: forgotten, {deleted} of its entries are deleted at the others"
    )?;
    if left.unsent > 0 {
        writeln!(
            screen,
            "  {} messages to it are not sent any more",
            left.unsent
        )?;
    }
    for stays in &left.stays {
        writeln!(screen, "  stays: {stays}")?;
    }
    if left.dry_run {
        writeln!(screen, "Dry run: nothing was written.")?;
    }
    Ok(())
}
