//! `dxa touch` at the hub: entries get a number again though nothing of them has changed, so that every branch is sent them with
//! its next answer (`spec/exchange.md` NT-03). The source is not asked, and changes nothing.

use std::collections::BTreeSet;
use std::io::Write;

use serde::Serialize;
use serde_json::json;

use super::config::Config;
use super::explain::Query;
use super::folder;
use super::table::{self, wrong};
use crate::directory::interorg::Usn;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::options::Options;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{put_line, report_alone};

/// What became of an entry.
#[derive(Debug, Serialize)]
struct Touched {
    entry: String,
    dn: String,
    /// The number that it has now; none where the others do not see it.
    usn: Option<u64>,
    /// Why they do not.
    why: Option<String>,
}

/// Touches entries.
pub(super) fn run(
    options: &Options,
    config: &Config,
    entries: &[String],
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let Some(hub) = &config.hub else {
        let text = "entries are touched at the hub, which gives them a number again, and there is no [hub]";
        return Err(ToolError::new(ExitCode::NotHere, text).into());
    };
    if entries.is_empty() {
        return Err(
            ToolError::usage("name the entries: key, address, or name at the source").into(),
        );
    }
    let (clock, interrupt) = (Clock::from_environment()?, Interrupt::install()?);
    let (home, _lock) = folder::hold(config, "touch", options.dry_run, &interrupt)?;
    let mut opened = table::open(&hub.table, options.dry_run)?;
    let mut change = opened.begin().map_err(wrong)?;
    let mut rows = Vec::new();
    for text in entries {
        let query = Query::new(text);
        let before = rows.len();
        change
            .above(Usn::NONE, "", &mut |row| {
                rows.extend(Some(row).filter(|row| query.is_row(row)))
            })
            .map_err(wrong)?;
        let waiting = change.waiting().map_err(wrong)?.into_iter();
        rows.extend(waiting.filter(|row| row.usn == Usn::NONE && query.is_row(row)));
        if rows.len() == before {
            return Err(
                ToolError::new(ExitCode::NotFound, format!("no entry {text} at the hub")).into(),
            );
        }
    }
    let mut seen = BTreeSet::new();
    rows.retain(|row| seen.insert(row.key.clone()));
    let mut head = change.head().map_err(wrong)?;
    let mut touched = Vec::new();
    for row in &mut rows {
        let waiting = row.waiting.as_ref();
        let card = row.shown.as_ref().or(waiting.map(|(card, _)| card));
        let mut line = Touched {
            entry: row.key.to_string(),
            dn: card.map(|card| card.dn.clone()).unwrap_or_default(),
            usn: None,
            why: waiting.map(|(_, note)| note.to_string()),
        };
        if row.shown.is_some() {
            head.last = head.last.next().unwrap_or(head.last);
            row.usn = head.last;
            line.usn = Some(row.usn.0);
        }
        touched.push(line);
    }
    rows.retain(|row| row.shown.is_some());
    if !options.dry_run {
        change.put(&rows).map_err(wrong)?;
        change.set_head(&head).map_err(wrong)?;
        change.commit().map_err(wrong)?;
        let event = Event::new(Severity::Info, "entries were touched").with("count", rows.len());
        home.write_log(&clock, &[event.with("usn", head.last)])?;
    }
    let exit = match touched
        .iter()
        .all(|line| line.usn.is_some() && line.why.is_none())
    {
        true => ExitCode::Done,
        false => ExitCode::Partial,
    };
    let summary = json!({
        "program": "dxa", "dry_run": options.dry_run, "touched": touched, "exit": exit.number(),
    });
    report_alone(options.common.report.as_deref(), &summary, exit)?;
    if options.common.json {
        put_line(screen, &summary)?;
        return Ok(exit);
    }
    for Touched {
        entry,
        dn,
        usn,
        why,
    } in &touched
    {
        match usn {
            Some(usn) => write!(
                screen,
                "{entry} ({dn}): goes with the next answers, USN {usn}"
            )?,
            None => write!(screen, "{entry} ({dn}): the others do not see it")?,
        }
        match why {
            Some(why) => writeln!(screen, "; waits: {why}")?,
            None => writeln!(screen)?,
        }
    }
    if options.dry_run {
        writeln!(screen, "Dry run: nothing was written.")?;
    }
    Ok(exit)
}
