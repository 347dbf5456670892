//! `podiag`: what is wrong with a postoffice, and what helps. The checks are those of [`crate::diagnosis`].

mod login;
pub mod options;
mod repair;
mod screen;
pub mod view;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use crate::codec::timestamp::Timestamp;
use crate::diagnosis::remedy::Command;
use crate::diagnosis::repair::Plan;
use crate::diagnosis::{Finding, Operator, Survey, diagnose};
use crate::messages::Severity;
use crate::postoffice::log::LogLine;
use crate::postoffice::{HeldLayout, Holder, PostofficeError};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::login::{Credentials, bad_login};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::ReportFile;
use crate::tools::session::{Program, full_name, lines_of, log_failure};
use login::Login;
use options::{Mode, Options};
use view::{Diagnosis, RepairView, Totals};

/// The lines that a repair leaves in the logs; a diagnosis leaves none.
const PROGRAM: Program = Program {
    name: "podiag",
    banner: Some("Microsoft (R) Mail PODIAG V3.2"),
    farewell: Some("PODIAG is finished."),
};

/// Reads a command line and examines the postoffice it names; the first of `arguments` is the program itself.
///
/// Damage is what it is there to find: no file keeps the others from being examined.
///
/// # Errors
/// No such postoffice, a wrong login, a writer at work; a repair that could not be written; or the output could not be
/// written.
pub fn start(arguments: Vec<OsString>, output: &mut impl Write) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(early) => return Ok(early.finish(output)?),
    };
    if options.list {
        screen::print_checks(options.common.json, output)?;
        return Ok(ExitCode::Done);
    }
    let clock = Clock::from_environment()?;
    let report = options.common.report.as_deref();
    let mut report = report.map(ReportFile::create).transpose()?;
    let path = options.login.location.data.directory()?;
    let credentials = options.login.credentials()?;
    let held = open(&options, &path, &credentials, &clock)?;
    let operator = Operator {
        administrator: credentials.administrator.clone(),
        data: options.login.location.data.to_string(),
        root: held.layout().root().display().to_string(),
    };

    let (survey, mut findings) = examine(&held, &clock);
    let name = survey.name.as_ref().map(|name| name.view(survey.code_page));
    let mut repairs = Vec::new();
    let mut kept = None;
    let mut messages = Vec::new();
    match options.mode {
        Mode::Tell => {}
        Mode::DryRun => {
            let plan = Plan::new(&findings, &survey);
            repairs.extend(plan.repairs.iter().map(RepairView::planned));
        }
        Mode::Repair => {
            let plan = Plan::new(&findings, &survey);
            let repaired = repair::carry_out(&held, plan, &path, &clock)?;
            repairs = repaired.repairs;
            kept = repaired.kept;
            messages = repaired.messages;
            // What is left is what is told, and what decides how the program ends.
            findings = examine(&held, &clock).1;
        }
    }
    drop(held); // and with it the lock: a screen that stands in a pager keeps nobody out

    let mut totals = Totals::new(PROGRAM.name, name, &findings);
    totals.dry_run = options.mode == Mode::DryRun;
    totals.kept = kept;
    totals.messages = messages;
    let mut diagnosis = Diagnosis::new(totals, &findings, &operator);
    diagnosis.repairs = repairs;
    diagnosis.totals.took(started.elapsed());
    if options.common.json {
        serde_json::to_writer(&mut *output, &diagnosis).map_err(io::Error::from)?;
        writeln!(output)?;
    } else {
        let repair = Command::SignedIn {
            program: PROGRAM.name,
            arguments: "--repair".into(),
        };
        screen::print(&diagnosis, options.mode, &repair.line(&operator), output)?;
    }
    if let Some(report) = report.take() {
        write_report(report, &diagnosis)?;
    }
    Ok(diagnosis.totals.exit)
}

fn examine(held: &HeldLayout, clock: &Clock) -> (Survey, Vec<Finding>) {
    held.layout().forget();
    let now = Timestamp::from_jiff(clock.now()).unwrap_or_default();
    let survey = Survey::take(held, now);
    let findings = diagnose(&survey);
    (survey, findings)
}

/// Opens the postoffice and checks who signs in.
fn open(
    options: &Options,
    path: &Path,
    credentials: &Credentials,
    clock: &Clock,
) -> Result<HeldLayout, ToolError> {
    if options.mode != Mode::Repair {
        let held = HeldLayout::open_read(path)?;
        return match login::check(&held, credentials) {
            Login::Accepted | Login::Unknown => Ok(held),
            Login::Refused => Err(bad_login()),
        };
    }
    // Signing in comes first: a wrong password completes nobody's run.
    let reading = HeldLayout::open_read(path);
    let refusal = match reading.as_ref().map(|held| login::check(held, credentials)) {
        Ok(Login::Refused) => Some(bad_login()),
        Ok(Login::Unknown) => Some(ToolError::new(
            ExitCode::BadLogin,
            "the accounts or the passwords cannot be read, so nobody can sign in for a repair: restore GLB/ACCESS2.GLB and \
             GLB/DIRSYNC.PWD first (podiag without --repair says what is wrong with them)",
        )),
        Ok(Login::Accepted) | Err(_) => None,
    };
    if let Some(error) = refusal {
        let line = LogLine::text(Severity::Fatal, error.to_string());
        log_failure(PROGRAM, path, clock, &[line]);
        return Err(error);
    }
    drop(reading);
    let full_name = full_name(path, &credentials.administrator);
    let holder = Holder::new(
        PROGRAM.name,
        &credentials.administrator,
        &full_name,
        clock.local(),
    );
    match HeldLayout::open_write(path, holder) {
        Ok(held) => Ok(held),
        Err(PostofficeError::Locked(locked)) => {
            log_failure(PROGRAM, path, clock, &lines_of(&locked));
            Err(PostofficeError::Locked(locked).into())
        }
        Err(error) => Err(error.into()),
    }
}

fn write_report(mut report: ReportFile, diagnosis: &Diagnosis) -> Result<(), ToolError> {
    for finding in &diagnosis.findings {
        report.line(finding)?;
    }
    for repair in &diagnosis.repairs {
        report.line(repair)?;
    }
    report.finish_with(&diagnosis.totals, diagnosis.totals.exit)
}
