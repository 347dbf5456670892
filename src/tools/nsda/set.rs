//! Runs the programs of a set, one after the other.

use std::env;
use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use serde::Serialize;

use super::end::End;
use super::steps::Step;
use crate::protocol::schedule::Phase;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};

/// After these the next program of the set runs: done, done in part, and out of step, which the next cycle mends
/// (`design.md` section 5).
const GO_ON: [i32; 3] = [
    ExitCode::Done as i32,
    ExitCode::Partial as i32,
    ExitCode::OutOfStep as i32,
];

/// How one program of a set ended.
#[derive(Debug, Serialize)]
pub(super) struct StepReport {
    program: &'static str,
    arguments: Vec<String>,
    /// Its exit code; none where it could not be started or was killed.
    exit: Option<i32>,
    /// Why there is none.
    error: Option<String>,
    seconds: f64,
}

impl StepReport {
    fn new(step: &Step, exit: Option<i32>, error: Option<String>) -> Self {
        let arguments = step.arguments.iter();
        Self {
            program: step.program,
            arguments: arguments
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect(),
            exit,
            error,
            seconds: 0.0,
        }
    }

    fn interrupted(step: &Step) -> Self {
        Self::new(step, None, Some("interrupted, not started".to_owned()))
    }

    /// Tells whether the program had something to say beside that it is done.
    #[must_use]
    pub(super) fn is_remarkable(&self) -> bool {
        self.exit != Some(i32::from(ExitCode::Done.number()))
    }
}

/// Writes the command line and how it ended.
impl fmt::Display for StepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.program)?;
        self.arguments
            .iter()
            .try_for_each(|argument| write!(f, " {argument}"))?;
        f.write_str(": ")?;
        if let Some(code) = self.exit {
            write!(f, "exit {code}")?;
            let of_ours = |known: &ExitCode| i32::from(known.number()) == code;
            let known = ExitCode::BY_SEVERITY.into_iter().find(of_ours);
            known.map_or(Ok(()), |known| write!(f, ", {}", known.meaning()))
        } else {
            f.write_str(self.error.as_deref().unwrap_or("no exit code"))
        }
    }
}

/// How a set ended.
#[derive(Debug, Serialize)]
pub(super) struct SetReport {
    /// `T1`, `T2` or `T3`.
    process: String,
    /// The programs that were started, or could not be.
    pub(super) steps: Vec<StepReport>,
    /// The code of `nsda`.
    pub(super) exit: End,
    /// An interrupt came before the last program of the set.
    #[serde(skip)]
    pub(super) interrupted: bool,
}

/// Starts programs.
#[derive(Debug)]
pub(super) struct Runner {
    /// Where all programs stand; the search path is not used (Q139034).
    directory: PathBuf,
    /// Standard output belongs to one JSON object, so that what the programs say goes to standard error.
    json: bool,
    /// Asked before each program.
    pub(super) interrupt: Interrupt,
}

impl Runner {
    /// Finds the directory of this program.
    ///
    /// # Errors
    /// The system does not tell it, or refuses to report signals.
    pub(super) fn new(json: bool) -> Result<Self, ToolError> {
        let own = |error: io::Error| {
            ToolError::new(ExitCode::NotFound, "the directory of nsda").caused_by(error)
        };
        let program = env::current_exe().map_err(own)?;
        let directory = program.parent().map(ToOwned::to_owned).unwrap_or_default();
        Ok(Self {
            directory,
            json,
            interrupt: Interrupt::install().map_err(own)?,
        })
    }

    /// Runs the programs of a set until one fails, and says on the screen how each ended.
    ///
    /// # Errors
    /// The screen could not be written.
    pub(super) fn run(
        &self,
        phase: Phase,
        steps: &[Step],
        screen: &mut impl Write,
    ) -> io::Result<SetReport> {
        let mut set = SetReport {
            process: phase.to_string(),
            steps: Vec::with_capacity(steps.len()),
            exit: End::Normal,
            interrupted: false,
        };
        for step in steps {
            screen.flush()?;
            set.interrupted = self.interrupt.check().is_err();
            let (report, exit) = match set.interrupted {
                false => self.start(step),
                true => (StepReport::interrupted(step), End::Error),
            };
            if !self.json {
                writeln!(screen, "{report} ({} s)", report.seconds)?;
            }
            set.steps.push(report);
            set.exit = exit;
            if exit != End::Normal {
                break;
            }
        }
        Ok(set)
    }

    fn start(&self, step: &Step) -> (StepReport, End) {
        let started = Instant::now();
        let program = self.directory.join(step.program);
        let mut command = Command::new(&program);
        // Nobody is there to answer: a program that would ask must not wait (Q194602).
        command.args(&step.arguments).stdin(Stdio::null());
        if self.json {
            command.stdout(io::stderr());
        }
        let (exit, error, end) = match command.status() {
            Ok(status) => judge(status),
            Err(error) => {
                let end = match error.kind() {
                    io::ErrorKind::NotFound => End::Missing,
                    _ => End::Error,
                };
                let text = format!("{} cannot be started: {error}", program.display());
                (None, Some(text), end)
            }
        };
        let mut report = StepReport::new(step, exit, error);
        // Milliseconds, as in the summaries of the other programs.
        report.seconds = started.elapsed().as_millis() as f64 / 1000.0;
        (report, end)
    }
}

fn judge(status: ExitStatus) -> (Option<i32>, Option<String>, End) {
    match status.code() {
        Some(code) if GO_ON.contains(&code) => (Some(code), None, End::Normal),
        Some(code) => (Some(code), None, End::Error),
        None => (None, Some(format!("killed, {status}")), End::Error),
    }
}
