//! One run of `reqmain` or `srvmain`: what it has counted, what it says, and how it ends.

use std::io::{self, Write};

use super::{Exchange, Reporter, ServerNumbers};
use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::codec::timestamp::Timestamp;
use crate::messages::{Message, Severity};
use crate::plan::outcome::Counts;
use crate::postoffice::log::LogLine;
use crate::protocol::outcome::{Consequence, Line};
use crate::tools::cli::CommonArgs;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::login::LocationArgs;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{Note, Numbers, ReportFile};
use crate::tools::session::{Access, Program, Session, note};

/// One run, whichever half of whichever program.
pub(in crate::tools) struct Run {
    pub(in crate::tools) session: Session,
    pub(in crate::tools) dry_run: bool,
    pub(in crate::tools) reporter: Reporter,
    pub(in crate::tools) now: Timestamp,
    pub(in crate::tools) counts: Counts,
    /// The numbers of the requestor, before and after.
    pub(in crate::tools) numbers: Option<(Numbers, Numbers)>,
    /// Those of the server.
    pub(in crate::tools) server: Option<ServerNumbers>,
    /// What an administrator should know.
    pub(in crate::tools) told: Vec<String>,
    pub(in crate::tools) exit: ExitCode,
    /// What is said on the screen beside the counts.
    pub(in crate::tools) notes: Vec<Note>,
}

impl Run {
    /// Begins a run without login; the report is made before anything is done.
    ///
    /// # Errors
    /// The report cannot be made; as [`Session::open_unattended`].
    pub(in crate::tools) fn begin(
        program: Program,
        location: &LocationArgs,
        dry_run: bool,
        common: &CommonArgs,
    ) -> anyhow::Result<Self> {
        let clock = Clock::from_environment()?;
        let report = common.report.as_deref();
        let report = report.map(ReportFile::create).transpose()?;
        let access = Access::of_writer(dry_run);
        let session = Session::open_unattended(program, location, access, clock)?;
        Ok(Self {
            now: Timestamp::from_jiff(session.clock.now()).unwrap_or_default(),
            session,
            dry_run,
            reporter: Reporter::new(report),
            counts: Counts::default(),
            numbers: None,
            server: None,
            told: Vec::new(),
            exit: ExitCode::Done,
            notes: Vec::new(),
        })
    }

    pub(in crate::tools) fn code_page(&self) -> CodePage {
        self.session.po.code_page()
    }

    pub(in crate::tools) fn own(&self) -> PostofficeName {
        self.session.po.name().clone()
    }

    /// Says a published message, on the screen and in both logs.
    pub(in crate::tools) fn say(&mut self, message: Message) {
        self.notes.push(note(&message));
        if message.severity >= Severity::Warning {
            self.told.push(message.to_string());
        }
        self.session.log_message(message);
    }

    /// Says a line of the protocol.
    pub(in crate::tools) fn say_line(&mut self, line: Line) {
        match line.number {
            Some(number) => {
                let message = Message::new(number, line.text).with_severity(line.severity);
                self.say(message);
            }
            None => {
                if line.severity >= Severity::Warning {
                    self.told.push(line.text.clone());
                }
                self.say_text(LogLine::text(line.severity, line.text.clone()), line.text);
            }
        }
    }

    fn say_text(&mut self, logged: LogLine, text: String) {
        self.session.log(&logged);
        self.notes.push(Note { number: None, text });
    }

    pub(in crate::tools) fn worsen(&mut self, consequence: Consequence) {
        let exit = match consequence {
            Consequence::None => ExitCode::Done,
            Consequence::Partial => ExitCode::Partial,
            Consequence::OutOfStep => ExitCode::OutOfStep,
        };
        self.exit = self.exit.worst(exit);
    }

    /// Logs a failure: `messages`, or without them that of the error; then `last`, the line of a run that failed.
    pub(in crate::tools) fn fail(
        &mut self,
        error: ToolError,
        messages: Vec<Message>,
        last: &LogLine,
    ) -> ToolError {
        match (messages.is_empty(), &error.logged) {
            (false, _) => messages.into_iter().for_each(|message| self.say(message)),
            (true, Some(message)) => self.say(message.clone()),
            (true, None) => {
                let text = error.to_string();
                self.say_text(LogLine::text(Severity::Fatal, text.clone()), text);
            }
        }
        self.session.log(last);
        if self.session.po.exclusive_lock().is_some() {
            let Session { po, log, .. } = &mut self.session;
            if let Err(log_error) = log.append_now(po.layout()) {
                return ToolError::new(error.exit, format!("{error}; and {log_error}"));
            }
        }
        error
    }

    /// Ends the run with the summary and the report; `error` is one that [`Self::fail`] has logged.
    ///
    /// # Errors
    /// That error; the screen or the report could not be written.
    pub(in crate::tools) fn finish(
        self,
        error: Option<ToolError>,
        json: bool,
        screen: &mut impl Write,
    ) -> anyhow::Result<ExitCode> {
        let mut summary = self.session.summary(self.dry_run);
        summary.counts = self.counts;
        summary.messages = self.notes;
        (summary.before, summary.after) = self.numbers.unzip();
        let exit = error.as_ref().map_or(self.exit, |error| error.exit);
        self.session.finish(&mut summary, exit);
        let exchange = Exchange {
            messages_exchanged: self.reporter.mail,
            summary: &summary,
            server: self.server,
        };
        match error {
            // The error line says everything; a report has the summary all the same.
            Some(error) if !json => {
                self.reporter.finish(&exchange, false, &mut io::sink())?;
                Err(error.into())
            }
            _ => {
                self.reporter.finish(&exchange, json, screen)?;
                Ok(exit)
            }
        }
    }
}
