//! `dssched -i`: a text replaces the schedule.

use serde::Serialize;

use super::text::Text;
use crate::codec::process::HEADER_LEN;
use crate::postoffice::log::LogLine;
use crate::postoffice::{Postoffice, PostofficeError, layout};
use crate::protocol::schedule::{Fate, Line, Replacement, Situation, replacement};
use crate::tools::exit::ToolError;
use crate::tools::schedule::Schedule;
use crate::tools::session::Session;

/// A new schedule, decided and not yet written.
#[derive(Debug)]
pub(super) struct Decided {
    /// The schedule.
    pub(super) schedule: Schedule,
    /// What becomes of each entry of the text.
    pub(super) fates: Vec<(Line, Fate)>,
    /// What is to be said about it.
    pub(super) messages: Vec<String>,
    /// Entries before; `None` where nobody can tell.
    before: Option<usize>,
}

/// One entry of the text in a report.
#[derive(Debug, Serialize)]
pub(super) struct FateLine {
    line: usize,
    process: String,
    time: String,
    outcome: &'static str,
    reason: Option<String>,
}

impl FateLine {
    pub(super) fn new((line, fate): &(Line, Fate)) -> Self {
        let (outcome, reason) = match fate {
            Fate::Taken => ("added", None),
            Fate::Repeated(first) => ("ignored", Some(format!("repeats line {first}"))),
            Fate::ServerOnly => ("ignored", Some("no dir-sync server".to_owned())),
        };
        Self {
            line: line.line,
            process: line.phase.to_string(),
            time: line.time.to_string(),
            outcome,
            reason,
        }
    }
}

/// Decides on the new schedule; nothing is written.
///
/// A schedule that is damaged or missing is replaced like any other: that is its cure (Q119111). The bytes before its
/// entries stay.
///
/// # Errors
/// Two times for one process on one weekday ([`ExitCode::Damaged`](crate::tools::exit::ExitCode::Damaged)); PROCESS.GLB cannot be read.
pub(super) fn decide(
    po: &Postoffice,
    text: &Text,
    situation: &Situation<'_>,
) -> Result<Decided, ToolError> {
    let Replacement { entries, fates } =
        replacement(&text.lines, situation).map_err(|error| text.damaged(&error))?;
    let mut messages = Vec::new();
    let (header, before) = match Schedule::load(po.layout()) {
        Ok(old) => (old.header, Some(old.entries.len())),
        Err(error @ (PostofficeError::Missing { .. } | PostofficeError::Codec { .. })) => {
            messages.push(format!("replaced as it was no schedule: {error}"));
            (header_of(po)?, None)
        }
        Err(error) => return Err(error.into()),
    };
    messages.extend(ignored(&fates));
    messages.push(format!(
        "{} with a run window of 8 hours, {}",
        count(entries.len()),
        was(before)
    ));
    Ok(Decided {
        schedule: Schedule { header, entries },
        fates,
        messages,
        before,
    })
}

/// Returns what is left of the header.
fn header_of(po: &Postoffice) -> Result<[u8; HEADER_LEN], PostofficeError> {
    let old = po.read_optional(&layout::PROCESS)?.unwrap_or_default();
    let mut header = [0; HEADER_LEN];
    let len = old.len().min(HEADER_LEN);
    header[..len].copy_from_slice(&old[..len]);
    Ok(header)
}

/// Says what of the text is not in the schedule.
fn ignored(fates: &[(Line, Fate)]) -> Vec<String> {
    let mut messages = Vec::new();
    let server_only = |(_, fate): &&(Line, Fate)| *fate == Fate::ServerOnly;
    let left_out = fates.iter().filter(server_only).count();
    if let Some((first, _)) = fates.iter().find(server_only) {
        let verb = if left_out == 1 { "is" } else { "are" };
        messages.push(format!(
            "{} for T2 {verb} ignored, from line {} on: this postoffice is no dir-sync server",
            count(left_out),
            first.line
        ));
    }
    for (line, fate) in fates {
        if let Fate::Repeated(first) = fate {
            messages.push(format!(
                "line {}: {line} stands on line {first} already, and in the schedule once",
                line.line
            ));
        }
    }
    messages
}

/// Counts entries in words.
pub(super) fn count(entries: usize) -> String {
    match entries {
        1 => "1 process time".to_owned(),
        many => format!("{many} process times"),
    }
}

fn was(before: Option<usize>) -> String {
    before.map_or_else(
        || "no schedule before".to_owned(),
        |before| format!("{before} before"),
    )
}

/// Writes the schedule and a line in the logs as one batch, and returns what the batch noticed.
///
/// # Errors
/// It could not be written, and nothing was changed.
pub(super) fn commit(session: &mut Session, decided: &Decided) -> Result<Vec<String>, ToolError> {
    let without_success = session.log.clone();
    session.log(&LogLine::status(format!(
        "Schedule replaced: {}, {}",
        count(decided.schedule.entries.len()),
        was(decided.before)
    )));
    session.log_farewell();
    stage_and_commit(session, &decided.schedule).map_err(|error| {
        session.log = without_success;
        let message = error.message(session.drive);
        let mut failed = ToolError::from(error);
        failed.logged = message;
        failed
    })
}

fn stage_and_commit(
    session: &mut Session,
    schedule: &Schedule,
) -> Result<Vec<String>, PostofficeError> {
    let batch = session.po.batch()?;
    schedule.stage(&batch)?;
    session.log.stage(&batch)?;
    let committed = batch.commit()?;
    Ok(committed.warnings.iter().map(ToString::to_string).collect())
}
