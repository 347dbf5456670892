//! `dssched`: the times at which a postoffice runs dir-sync (`spec/protocol.md` 9.2).
//!
//! The screen goes to standard output as published; remarks, which the original did not have, to standard error. Only
//! `-i` writes. When the times come, `nsda --due` runs the programs.

mod import;
pub mod options;
mod screen;
mod text;
mod view;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::tools::cli::clock::Clock;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{Note, ReportFile, Summary};
use crate::tools::schedule::{self, Schedule};
use crate::tools::session::{Access, Program, Session};
use import::FateLine;
use options::Options;
use screen::Screen;
use text::Text;
use view::EntryView;

/// Reading leaves no trace in the logs.
const READER: Program = Program {
    name: "dssched",
    banner: None,
    farewell: None,
};

/// A new schedule does; the last line is ours.
const WRITER: Program = Program {
    name: "dssched",
    banner: Some("Microsoft Mail for the PC v3.2, DSSched v3.2"),
    farewell: Some("DSSched is finished."),
};

/// The object of `--json`, and the last line of a report: that of every program, and the schedule as it is afterwards.
#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    entries: Vec<EntryView>,
}

/// Reads a command line and shows, exports or replaces the schedule; the first of `arguments` is the program itself.
///
/// # Errors
/// No such postoffice or file, a wrong login, a damaged schedule or text; or something could not be written.
pub fn start(arguments: Vec<OsString>, output: &mut impl Write) -> anyhow::Result<ExitCode> {
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(early) => return Ok(early.finish(output)?),
    };
    let clock = Clock::from_environment()?;
    let text = options.import.as_deref().map(Text::read).transpose()?;
    let report = options.common.report.as_deref();
    let mut report = report.map(ReportFile::create).transpose()?;
    let (program, access) = match options.writes() {
        true => (WRITER, Access::Write),
        false => (READER, Access::Read),
    };
    let mut session = Session::open(program, &options.login, access, clock)?;
    let done = match work(&options, text.as_ref(), &mut session, report.as_mut()) {
        Ok(done) => done,
        Err(error) if options.writes() => return Err(session.fail(error).into()),
        Err(error) => return Err(error.into()),
    };
    let mut summary = done.summary;
    session.finish(&mut summary, ExitCode::Done);
    let (zone, page) = (session.clock.zone().clone(), session.po.code_page());
    drop(session); // and with it the lock: a screen that stands in a pager keeps nobody out

    let entries = &done.schedule.entries;
    let object = Output {
        summary: &summary,
        entries: view::describe(entries, &zone, page),
    };
    if options.common.json {
        serde_json::to_writer(&mut *output, &object).map_err(io::Error::from)?;
        writeln!(output)?;
    } else if options.import.is_some() || options.export.is_some() {
        summary.print(false, output)?;
    } else {
        let mut screen = Screen {
            postoffice: summary.postoffice.as_deref().unwrap_or_default(),
            verbose: options.verbose,
            zone: &zone,
            page,
            output: &mut *output,
        };
        screen.schedule(entries)?;
        output.flush()?;
        print_remarks(&summary.messages);
    }
    if let Some(report) = report {
        report.finish_with(&object, ExitCode::Done)?;
    }
    Ok(ExitCode::Done)
}

/// What a run has done.
struct Done {
    summary: Summary,
    /// As it is afterwards.
    schedule: Schedule,
}

fn work(
    options: &Options,
    text: Option<&Text>,
    session: &mut Session,
    report: Option<&mut ReportFile>,
) -> Result<Done, ToolError> {
    match text {
        None => read(options, session),
        Some(text) => replace(options, text, session, report),
    }
}

/// Shows or exports.
fn read(options: &Options, session: &Session) -> Result<Done, ToolError> {
    let schedule = Schedule::load(session.po.layout())?;
    let mut summary = session.summary(options.dry_run);
    summary.counts.read = schedule.entries.len() as u64;
    summary.counts.unchanged = summary.counts.read;
    let messages = match &options.export {
        Some(path) => vec![export(options, session, path, &schedule)?],
        None => {
            let now = schedule::now(&session.clock)?;
            let situation = schedule::situation(session.po.layout(), &session.clock, now)?;
            view::remarks(&schedule.entries, situation.zone, situation.is_server)
        }
    };
    summary.messages.extend(messages.into_iter().map(note));
    Ok(Done { summary, schedule })
}

/// Decides on a new schedule, exports the old one if that is wanted, and then replaces it.
fn replace(
    options: &Options,
    text: &Text,
    session: &mut Session,
    report: Option<&mut ReportFile>,
) -> Result<Done, ToolError> {
    let now = schedule::now(&session.clock)?;
    let situation = schedule::situation(session.po.layout(), &session.clock, now)?;
    let decided = import::decide(&session.po, text, &situation)?;
    let mut summary = session.summary(options.dry_run);
    summary.counts.read = decided.fates.len() as u64;
    summary.counts.added = decided.schedule.entries.len() as u64;
    summary.counts.ignored = summary.counts.read - summary.counts.added;
    if let Some(report) = report {
        for fate in &decided.fates {
            report.line(&FateLine::new(fate))?;
        }
        report.flush()?;
    }
    let mut messages = Vec::new();
    if let Some(path) = &options.export {
        let old = Schedule::load(session.po.layout())?;
        messages.push(export(options, session, path, &old)?);
    }
    messages.extend(decided.messages.iter().cloned());
    if !options.dry_run {
        messages.extend(import::commit(session, &decided)?);
    }
    summary.messages.extend(messages.into_iter().map(note));
    Ok(Done {
        summary,
        schedule: decided.schedule,
    })
}

/// Writes the file of `-x`, and says so.
fn export(
    options: &Options,
    session: &Session,
    path: &Path,
    schedule: &Schedule,
) -> Result<String, ToolError> {
    if !options.dry_run {
        text::write(path, &schedule.entries, session.clock.zone())?;
    }
    let count = import::count(schedule.entries.len());
    Ok(format!("{count} exported to {}", path.display()))
}

fn note(text: String) -> Note {
    Note { number: None, text }
}

/// Prints remarks to standard error, so that the screen stays as published.
fn print_remarks(remarks: &[Note]) {
    let mut errors = io::stderr().lock();
    for remark in remarks {
        // Without a standard error nobody reads remarks; the run goes on.
        let _gone = writeln!(errors, "{}: remark: {}", READER.name, remark.text);
    }
}
