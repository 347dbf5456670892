//! `rebuild`: the global address list (`spec/protocol.md` section 10).
//!
//! It needs no login, takes the lock as every pass does, and leaves the list there is where anything goes wrong. Two
//! things that the original did it does not: it leaves the Global-List setting of the administrator alone (Q102017,
//! Q134226), and MASTER.GLB, which it only reads, may be read-only (Q104870).

mod failure;
mod install;
mod notice;
pub mod options;
mod report;
mod run;

use std::ffi::OsString;
use std::io::Write;

use crate::messages::{self, Severity};
use crate::postoffice::log::LogLine;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::confirm::confirm_by;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::pass::Report;
use crate::tools::session::{Access, Program, Session};
use failure::Failure;
use options::Options;
use report::Rebuilt;
use run::Run;

/// Neither line depends on a success: the empty Status line that ends a rebuild stands in the logs only when the list
/// is in place (Q148364).
const PROGRAM: Program = Program {
    name: "rebuild",
    banner: Some("Microsoft (R) Mail GAL Rebuild Utility Version 3.5"),
    farewell: None,
};

/// Reads a command line and rebuilds the list; the first of `arguments` is the program itself.
///
/// # Errors
/// No such postoffice, or it is locked; a list is damaged; a file of the global list is held or cannot be written; not
/// confirmed; interrupted. The list there is stands then as before, and the logs say why.
pub fn start(arguments: Vec<OsString>, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(early) => return Ok(early.finish(screen)?),
    };
    let interrupt = Interrupt::install()?;
    let clock = Clock::from_environment()?;
    let question = format!(
        "The global address list of {} will be rebuilt.",
        options.location.data
    );
    confirm_by("-f", options.force || options.dry_run, &question)?;
    let report = Report::create(options.common.report.as_deref())?;
    let access = Access::of_writer(options.dry_run);
    let session = Session::open_unattended(PROGRAM, &options.location, access, clock)
        .map_err(no_postoffice)?;
    let mut run = Run::new(session, &options, report, &interrupt);
    match run.carry_out() {
        Ok(gal) => {
            let (summary, report) = run.finish();
            let rebuilt = Rebuilt {
                summary: &summary,
                gal: gal.as_ref(),
            };
            rebuilt.print(options.common.json, screen)?;
            report.finish_with(&rebuilt, summary.exit)?;
            Ok(summary.exit)
        }
        Err(failure) => Err(run.fail(failure).into()),
    }
}

/// A path without a postoffice, or with a MASTER.GLB that is damaged, is message 202.
fn no_postoffice(error: ToolError) -> ToolError {
    let is_master = error.to_string().contains("MASTER.GLB");
    match error.exit {
        ExitCode::NotFound => {}
        ExitCode::Damaged if is_master => {}
        _ => return error,
    }
    ToolError::new(error.exit, format!("{}: {error}", messages::text(202)))
}

impl Run<'_> {
    /// Writes the log of a run that stops.
    fn fail(&mut self, failure: Failure) -> ToolError {
        for line in &failure.lines {
            self.session.log(line);
        }
        let error = *failure.error;
        if self.session.po.exclusive_lock().is_none() {
            return error; // a dry run leaves no trace
        }
        match self.session.log.append_now(self.session.po.layout()) {
            Ok(()) => error,
            Err(log_error) => ToolError::new(error.exit, format!("{error}; and {log_error}")),
        }
    }
}

/// Returns the line that says so where the requestor keeps no global list (Q105965).
fn not_active() -> LogLine {
    LogLine::text(Severity::Status, "GAL not active on this PO")
}
