//! `podiag --repair`: the repairs of a plan in one batch, with a line each in the logs.

use std::path::Path;

use super::PROGRAM;
use super::view::RepairView;
use crate::diagnosis::catalog::{self as c, Check};
use crate::diagnosis::repair::{self, Outcome, Plan};
use crate::messages::Severity;
use crate::postoffice::batch::Recovery;
use crate::postoffice::log::{Log, LogLine};
use crate::postoffice::{Dir, HeldLayout, layout};
use crate::tools::cli::clock::Clock;
use crate::tools::exit::ToolError;
use crate::tools::report::Note;
use crate::tools::session::log_failure;

/// What was repaired.
pub(super) struct Repaired {
    pub(super) repairs: Vec<RepairView>,
    pub(super) kept: Option<String>,
    pub(super) messages: Vec<Note>,
}

/// Carries out a plan.
///
/// # Errors
/// It could not be written, and nothing was changed; the logs get the reason.
pub(super) fn carry_out(
    held: &HeldLayout,
    plan: Plan,
    path: &Path,
    clock: &Clock,
) -> Result<Repaired, ToolError> {
    let done = repair::carry_out(held, plan, |outcome, batch| {
        lines(outcome, clock).stage(batch)
    });
    let outcome = done.map_err(|error| {
        let line = match error.message('M') {
            Some(message) => LogLine::from(message),
            None => LogLine::text(Severity::Fatal, error.to_string()),
        };
        log_failure(PROGRAM, path, clock, &[line]);
        ToolError::from(error)
    })?;
    let note = |text: String| Note { number: None, text };
    let mut repairs = by_opening(held);
    repairs.extend(outcome.done.iter().map(RepairView::done));
    Ok(Repaired {
        repairs,
        kept: outcome.kept.map(|dir| dir.to_string()),
        messages: outcome.warnings.into_iter().map(note).collect(),
    })
}

/// Returns what was mended by opening the postoffice for the repair.
fn by_opening(held: &HeldLayout) -> Vec<RepairView> {
    let done = |check: &Check, action: String, file: String| RepairView {
        id: check.id,
        action,
        files: vec![file],
        done: true,
        refused: None,
    };
    let recovery = held.recovery().map(|recovery| {
        let (check, file) = match recovery {
            Recovery::StagingDiscarded { .. } => (&c::STAGING_LEFT, Dir::Staging.to_string()),
            _ => (&c::JOURNAL_PENDING, layout::DIRSYNC_JNL.to_string()),
        };
        done(check, recovery.to_string(), file)
    });
    let flag = held.cut_flag().map(|len| {
        let action = format!("give it its two bytes, it had {len}");
        done(&c::SIZE_WRONG, action, layout::FLAG.to_string())
    });
    recovery.into_iter().chain(flag).collect()
}

/// Returns what the logs say about the repairs that are done.
fn lines(outcome: &Outcome, clock: &Clock) -> Log {
    let mut log = Log::new(clock.zone().clone(), clock.year_digits());
    let mut add = |line: LogLine| log.add(clock.now(), &line);
    PROGRAM
        .banner
        .into_iter()
        .for_each(|text| add(LogLine::status(text)));
    for done in &outcome.done {
        let planned = &done.planned;
        match &done.refused {
            None => add(LogLine::status(format!(
                "Repaired {}: {}",
                planned.check, planned.repair
            ))),
            Some(reason) => add(LogLine::text(
                Severity::Warning,
                format!("Not repaired {}: {reason}", planned.check),
            )),
        }
    }
    if let Some(kept) = outcome.kept {
        add(LogLine::status(format!(
            "The files as they were are kept in {kept}"
        )));
    }
    PROGRAM
        .farewell
        .into_iter()
        .for_each(|text| add(LogLine::status(text)));
    log
}
