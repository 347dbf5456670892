//! `nsda`: runs the programs of T1, T2 or T3 in their order (`spec/protocol.md` 8.2), and with `--due` what the
//! schedules of the postoffices say.
//!
//! It changes nothing itself but the times of a schedule and DISPATCH.LOG, and holds no postoffice while its programs
//! run.

mod dispatch_log;
mod due;
mod end;
pub mod options;
mod set;
mod steps;

use std::ffi::OsString;
use std::io::{self, Write};
use std::time::Instant;

use serde::Serialize;

use crate::postoffice::{Layout, layout};
use crate::protocol::schedule::Phase;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::data::DataLocation;
use crate::tools::exit::ExitCode;
use crate::tools::report::ReportFile;
use dispatch_log::DispatchLog;
use due::{Look, Served};
pub use end::End;
use options::{Due, Options, Work};
use set::{Runner, SetReport};
use steps::steps;

const PROGRAM: &str = "nsda";

/// Why there is no log.
const NO_HOME: &str = "no postoffice can be reached, so there is no DISPATCH.LOG";

/// Reads a command line and runs what it says; the first of `arguments` is the program itself.
///
/// # Errors
/// Nothing could be run, or the output could not be written.
pub fn start(arguments: Vec<OsString>, screen: &mut impl Write) -> anyhow::Result<End> {
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(early) => {
            return Ok(match early.finish(screen)? {
                ExitCode::Done => End::Told,
                _ => End::Missing,
            });
        }
    };
    let report = options.common.report.as_deref();
    let report = report.map(ReportFile::create).transpose()?;
    let runner = Runner::new(options.common.json)?;
    match &options.work {
        Work::Set(phase, data) => run_set(&options, *phase, data, &runner, report, screen),
        Work::Due(due) => run_due(&options, due, &runner, report, screen),
    }
}

/// The object of `--json` for one set, and the last line of its report.
#[derive(Serialize)]
struct SetObject<'a> {
    program: &'static str,
    data: String,
    dry_run: bool,
    #[serde(flatten)]
    set: &'a SetReport,
    seconds: f64,
}

fn run_set(
    options: &Options,
    phase: Phase,
    data: &DataLocation,
    runner: &Runner,
    mut report: Option<ReportFile>,
    screen: &mut impl Write,
) -> anyhow::Result<End> {
    let started = Instant::now();
    let steps = steps(phase, data, &options.handed_on);
    let set = runner.run(phase, &steps, screen)?;
    let object = SetObject {
        program: PROGRAM,
        data: data.to_string(),
        dry_run: options.handed_on.dry_run,
        set: &set,
        seconds: seconds(started),
    };
    if options.common.json {
        print_object(&object, screen)?;
    } else {
        writeln!(screen, "{}", dispatch_log::terminated(phase, set.exit))?;
    }
    if let Some(report) = &mut report {
        set.steps.iter().try_for_each(|step| report.line(step))?;
    }
    finish_report(report, &object)?;
    Ok(set.exit)
}

/// The object of `--due --json`, and the last line of its report.
#[derive(Serialize)]
struct DueObject<'a> {
    program: &'static str,
    dry_run: bool,
    instance: Option<&'a str>,
    postoffices: &'a [Served],
    messages: Vec<String>,
    seconds: f64,
    exit: End,
}

fn run_due(
    options: &Options,
    due: &Due,
    runner: &Runner,
    mut report: Option<ReportFile>,
    screen: &mut impl Write,
) -> anyhow::Result<End> {
    let started = Instant::now();
    let clock = Clock::from_environment()?;
    let dry_run = options.handed_on.dry_run;
    let home = due.home.iter().chain(&due.postoffices).find_map(reachable);
    let mut look = Look {
        clock: &clock,
        handed_on: &options.handed_on,
        runner,
        log: DispatchLog {
            failure: home.is_none().then(|| NO_HOME.to_owned()),
            home: home.filter(|_| !dry_run),
            instance: due.instance.clone(),
            clock: clock.clone(),
            on_screen: !options.common.json,
        },
        screen: &mut *screen,
    };
    let postoffices = look.serve_all(&due.postoffices)?;
    let mut messages = Vec::new();
    if postoffices.last().is_some_and(|last| last.interrupted) {
        messages.push("interrupted: what was not started runs at the next look".to_owned());
    }
    messages.extend(look.log.failure.take());
    messages
        .iter()
        .for_each(|text| eprintln!("{PROGRAM}: {text}"));
    let own = match messages.is_empty() {
        true => End::Normal,
        false => End::Error,
    };
    let exit = postoffices.iter().map(Served::exit).fold(own, End::worst);
    let object = DueObject {
        program: PROGRAM,
        dry_run,
        instance: due.instance.as_deref(),
        postoffices: &postoffices,
        messages,
        seconds: seconds(started),
        exit,
    };
    if options.common.json {
        print_object(&object, screen)?;
    } else if dry_run {
        writeln!(screen, "Dry run: nothing was started, nothing was written.")?;
    }
    if let Some(report) = &mut report {
        postoffices
            .iter()
            .try_for_each(|served| report.line(served))?;
    }
    finish_report(report, &object)?;
    Ok(exit)
}

/// Returns where the log of a postoffice is, if there is one that can be reached.
fn reachable(data: &DataLocation) -> Option<Layout> {
    let found = Layout::open(&data.directory().ok()?).ok()?;
    found.exists(&layout::MASTER).ok()?.then_some(found)
}

fn print_object(object: &impl Serialize, screen: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *screen, object).map_err(io::Error::from)?;
    writeln!(screen)
}

fn finish_report(report: Option<ReportFile>, object: &impl Serialize) -> anyhow::Result<()> {
    if let Some(report) = report {
        report.finish_with(object, ExitCode::Done)?;
    }
    Ok(())
}

/// Milliseconds are as much as anybody compares, and they print without a tail of digits.
fn seconds(since: Instant) -> f64 {
    since.elapsed().as_millis() as f64 / 1000.0
}
