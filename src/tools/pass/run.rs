//! The end of every pass: guard, dry run or permission, commit, summary.

use std::convert::Infallible;
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::{Decided, Effects, State, check_guard, commit, failure_messages, log_line, plan_lines};
use crate::messages::{self, Message, Severity};
use crate::plan::Removal;
use crate::plan::outcome::{EntryOutcome, OutcomeSink};
use crate::plan::{Note, Row};
use crate::postoffice::log::LogLine;
use crate::tools::cli::confirm::confirm;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{self, ReportFile, Summary};
use crate::tools::session::{Session, numbers};

/// Message 44 is no fault of its own: the outcome of the entries says whether it was one (Q122751).
const GATEWAY_NOT_INSTALLED: u16 = 44;

/// What an operator asks of any pass.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Decide everything, write nothing.
    pub dry_run: bool,
    /// Do not ask for permission.
    pub yes: bool,
    /// Name every change on the screen and in DIRSYNC.LOG.
    pub verbose: bool,
    /// Removals that the guard lets pass.
    pub allow_deletes: Option<u64>,
    /// Print one JSON object and nothing else.
    pub json: bool,
}

/// The report file of a run, if one is wanted.
#[derive(Debug, Default)]
pub struct Report(Option<ReportFile>);

impl Report {
    /// Creates the file before anything is done, so that one that cannot be written stops the run.
    ///
    /// # Errors
    /// [`ExitCode::CannotWrite`].
    pub fn create(path: Option<&Path>) -> Result<Self, ToolError> {
        path.map(ReportFile::create).transpose().map(Self)
    }

    /// Hands every line so far to the system, before the commit.
    ///
    /// # Errors
    /// [`ExitCode::CannotWrite`].
    pub fn flush(&mut self) -> Result<(), ToolError> {
        self.0.as_mut().map_or(Ok(()), ReportFile::flush)
    }

    /// Writes the summary behind the lines.
    ///
    /// # Errors
    /// As [`ReportFile::finish`].
    pub fn finish(self, summary: &Summary) -> Result<(), ToolError> {
        self.finish_with(summary, summary.exit)
    }

    /// As [`Self::finish`], with the summary of a program that has its own.
    ///
    /// # Errors
    /// As [`ReportFile::finish`].
    pub fn finish_with(self, summary: &impl Serialize, exit: ExitCode) -> Result<(), ToolError> {
        self.0
            .map_or(Ok(()), |file| file.finish_with(summary, exit))
    }
}

impl OutcomeSink for Report {
    fn wants_details(&self) -> bool {
        self.0.is_some()
    }

    fn take(&mut self, line: EntryOutcome<'_>) -> std::io::Result<()> {
        self.0.as_mut().map_or(Ok(()), |file| file.take(line))
    }
}

/// A pass that has decided, with everything its end needs.
pub struct Pass<'a> {
    /// The run.
    pub session: Session,
    /// What the pass has read.
    pub state: State,
    /// What was asked.
    pub wishes: &'a Wishes,
    /// Its report.
    pub report: Report,
    /// Set by a signal.
    pub interrupt: &'a Interrupt,
    /// What is said about the run as a whole.
    pub messages: Vec<LogLine>,
}

impl Pass<'_> {
    /// Looks at what was decided, asks, does it, and says what was done.
    ///
    /// # Errors
    /// Stopped by the guard, not confirmed, not writable, interrupted: nothing was changed, and the log says why.
    pub fn conclude(
        mut self,
        decided: Decided,
        effects: Effects,
        screen: &mut impl Write,
    ) -> anyhow::Result<ExitCode> {
        let mut summary = self.session.summary(self.wishes.dry_run);
        summary.counts = decided.counts;
        let mut exit = decided.exit();
        let is_fault = |note: &Note| {
            note.message != GATEWAY_NOT_INSTALLED
                && messages::severity(note.message) >= Severity::Error
        };
        if decided.notes.iter().any(is_fault)
            || self
                .messages
                .iter()
                .any(|m| m.severity() >= Severity::Error)
        {
            exit = exit.worst(ExitCode::Partial);
        }
        if let Some(config) = &effects.config {
            summary.before = Some(numbers(&self.state.config));
            summary.after = Some(numbers(config));
        }
        summary
            .messages
            .extend(self.messages.iter().map(report::Note::from));
        self.say_notes(&decided.notes, &mut summary, screen)?;
        for warning in &decided.warnings {
            self.log(&LogLine::text(Severity::Warning, warning.clone()));
            summary.messages.push(report::Note {
                number: None,
                text: warning.clone(),
            });
        }

        let guard = check_guard(&self.session.po, &decided, self.wishes.allow_deletes);
        if self.wishes.dry_run || guard.is_err() {
            let end = match guard {
                Err(stopped) => {
                    summary.messages.push(report::Note {
                        number: None,
                        text: stopped.to_string(),
                    });
                    self.log(&LogLine::text(Severity::Fatal, stopped.to_string()));
                    ExitCode::Guard
                }
                Ok(()) => exit,
            };
            self.print_plan(&decided, screen)?;
            return self.end(summary, end, screen);
        }
        if let Err(error) = self.permission(&decided, &effects) {
            return Err(self.session.fail(error).into());
        }
        self.report.flush()?;
        if self.wishes.verbose {
            self.print_plan(&decided, screen)?;
        }
        let log_before = self.session.log.clone();
        self.log_plan(&decided);
        let skipped = decided.counts.read;
        match commit(&mut self.session, &mut self.state, decided, effects) {
            Ok(warnings) => {
                for text in warnings {
                    summary.messages.push(report::Note { number: None, text });
                }
                self.finish(summary, exit, screen)
            }
            Err(error) => {
                // The lines of success went with the batch.
                self.session.log = log_before;
                let messages = failure_messages(&error, self.session.drive, skipped);
                Err(self.session.fail_with(error, &messages).into())
            }
        }
    }

    fn permission(&self, decided: &Decided, effects: &Effects) -> Result<(), ToolError> {
        self.interrupt.check()?;
        if decided.is_empty() && effects.is_empty() {
            return Ok(());
        }
        let name = self.session.po.name().view(self.session.po.code_page());
        let counts = &decided.counts;
        let removed = counts.deleted + counts.swept;
        let question = format!(
            "{name}: {} entries will be added, {} changed, {removed} removed.",
            counts.added,
            counts.modified + counts.renamed,
        );
        confirm(self.wishes.yes, &question)
    }

    /// Every numbered message goes into the logs, onto the screen and into the summary.
    fn say_notes(
        &mut self,
        notes: &[Note],
        summary: &mut Summary,
        screen: &mut impl Write,
    ) -> anyhow::Result<()> {
        for line in std::mem::take(&mut self.messages) {
            self.log(&line);
        }
        for note in notes {
            let line = log_line(&self.session.po, note);
            self.log(&line);
            if !self.wishes.json {
                let program = self.session.program.name.to_uppercase();
                let place = if note.at.line == 0 {
                    String::new()
                } else {
                    format!("{} ", note.at.line)
                };
                writeln!(screen, "{place}{program}: {}", line.tagged())?;
            } else {
                let argument = self.session.po.code_page().decode(&note.argument);
                let message = Message::new(note.message, argument);
                summary.messages.push(crate::tools::session::note(&message));
            }
        }
        Ok(())
    }

    /// What goes because a full list lacks it is named in the log: the original was silent (defect 36). With `-v`
    /// every change is.
    fn log_plan(&mut self, decided: &Decided) {
        let Session { po, log, clock, .. } = &mut self.session;
        let now = clock.now();
        if self.wishes.verbose {
            let logged = plan_lines::<Infallible>(po, decided, &mut |line| {
                log.add_local(now, &LogLine::status(line));
                Ok(())
            });
            logged.unwrap_or_else(|never| match never {});
        }
        let code_page = po.code_page();
        for list in &decided.plan.lists {
            for row in &list.rows {
                if let Row::Remove {
                    entry,
                    why: Removal::Absence,
                } = row
                {
                    let name = code_page.decode(entry.name.as_bytes());
                    let text = format!(
                        "Removed, not in the new list: {name} ({})",
                        list.id.display(code_page)
                    );
                    log.add_local(now, &LogLine::status(text));
                }
            }
        }
    }

    fn print_plan(&self, decided: &Decided, screen: &mut impl Write) -> std::io::Result<()> {
        if self.wishes.json {
            return Ok(());
        }
        plan_lines(&self.session.po, decided, &mut |line| {
            writeln!(screen, "{line}")
        })
    }

    fn log(&mut self, line: &LogLine) {
        self.session.log(line);
    }

    /// Ends a run that writes nothing; only a stop by the guard is logged.
    fn end(
        mut self,
        summary: Summary,
        exit: ExitCode,
        screen: &mut impl Write,
    ) -> anyhow::Result<ExitCode> {
        if exit == ExitCode::Guard && !self.wishes.dry_run {
            self.session.log_farewell();
            self.session.log.append_now(self.session.po.layout())?;
        }
        self.finish(summary, exit, screen)
    }

    fn finish(
        self,
        mut summary: Summary,
        exit: ExitCode,
        screen: &mut impl Write,
    ) -> anyhow::Result<ExitCode> {
        self.session.finish(&mut summary, exit);
        summary.print(self.wishes.json, screen)?;
        self.report.finish(&summary)?;
        Ok(exit)
    }
}
