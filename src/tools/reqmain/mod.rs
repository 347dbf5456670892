//! `reqmain`: a requestor's half of the cycle, T1 and the receiving half of T3 (`spec/protocol.md` sections 3 and 5).
//!
//! Each run is one batch: mail, REQTRANS, SRVTRANS, REQCONF and the logs change together.

pub mod options;
mod queue;
mod receive;
mod taking;
mod transmit;

use std::ffi::OsString;
use std::io::Write;

use crate::address::PostofficeName;
use crate::codec::Record;
use crate::codec::codepage::CodePage;
use crate::codec::reqconf::ReqConf;
use crate::codec::timestamp::Timestamp;
use crate::messages::Message;
use crate::plan::outcome::Counts;
use crate::postoffice::log::LogLine;
use crate::postoffice::{Batch, PostofficeError, layout};
use crate::protocol::outcome::{Consequence, Line};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::{Exchange, Reporter};
use crate::tools::report::{Note, Numbers, ReportFile};
use crate::tools::session::{Access, Program, Session, note, numbers};
pub use options::{Mode, Options};

const PROGRAM: Program = Program {
    name: "reqmain",
    banner: Some("Microsoft (R) Mail DirSync Requestor V3.5"),
    farewell: None,
};

/// Reads a command line and does what it says; the first of `arguments` is the program itself.
///
/// # Errors
/// Nothing was changed; the error says why and how the program ends.
pub fn start(arguments: Vec<OsString>, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    match Options::parse(arguments) {
        Ok(options) => run(&options, screen),
        Err(early) => Ok(early.finish(screen)?),
    }
}

fn run(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let clock = Clock::from_environment()?;
    let interrupt = Interrupt::install()?;
    let report = options.common.report.as_deref();
    let report = report.map(ReportFile::create).transpose()?;
    let access = if options.dry_run {
        Access::Read
    } else {
        Access::Write
    };
    let session = Session::open_unattended(PROGRAM, &options.location, access, clock)?;
    let mut run = Run::new(session, options.dry_run, Reporter::new(report));
    let result = match options.mode {
        Mode::Transmit => transmit::run(&mut run, &interrupt),
        Mode::Receive => receive::run(&mut run, &interrupt),
    };
    run.finish(result, options.common.json, screen)
}

/// One run, whichever half.
struct Run {
    session: Session,
    dry_run: bool,
    reporter: Reporter,
    now: Timestamp,
    counts: Counts,
    notes: Vec<Note>,
    numbers: Option<(Numbers, Numbers)>,
    exit: ExitCode,
}

impl Run {
    fn new(session: Session, dry_run: bool, reporter: Reporter) -> Self {
        Self {
            now: Timestamp::from_jiff(session.clock.now()).unwrap_or_default(),
            session,
            dry_run,
            reporter,
            counts: Counts::default(),
            notes: Vec::new(),
            numbers: None,
            exit: ExitCode::Done,
        }
    }

    fn code_page(&self) -> CodePage {
        self.session.po.code_page()
    }

    fn own(&self) -> PostofficeName {
        self.session.po.name().clone()
    }

    /// Says a published message, on the screen and in both logs.
    fn say(&mut self, message: Message) {
        self.notes.push(note(&message));
        self.session.log_message(message);
    }

    /// Says a line of the protocol.
    fn say_line(&mut self, line: Line) {
        match line.number {
            Some(number) => {
                let message = Message::new(number, line.text).with_severity(line.severity);
                self.say(message);
            }
            None => {
                self.notes.push(Note {
                    number: None,
                    text: line.text.clone(),
                });
                self.session.log(&LogLine::text(line.severity, line.text));
            }
        }
    }

    fn worsen(&mut self, consequence: Consequence) {
        let exit = match consequence {
            Consequence::None => ExitCode::Done,
            Consequence::Partial => ExitCode::Partial,
            Consequence::OutOfStep => ExitCode::OutOfStep,
        };
        self.exit = self.exit.worst(exit);
    }

    fn set_numbers(&mut self, before: &ReqConf, after: &ReqConf) {
        self.numbers = Some((numbers(before), numbers(after)));
    }

    /// Ends the run: the log of a failure, the summary, the report.
    fn finish(
        mut self,
        result: Result<(), Failure>,
        json: bool,
        screen: &mut impl Write,
    ) -> anyhow::Result<ExitCode> {
        let error = match result {
            Ok(()) => None,
            Err(failure) => Some(self.fail(failure)),
        };
        let mut summary = self.session.summary(self.dry_run);
        summary.counts = self.counts;
        summary.messages = self.notes;
        if let Some((before, after)) = self.numbers {
            summary.before = Some(before);
            summary.after = Some(after);
        }
        let exit = error.as_ref().map_or(self.exit, |error| error.exit);
        self.session.finish(&mut summary, exit);
        let exchange = Exchange {
            messages_exchanged: self.reporter.mail,
            summary: &summary,
            server: None,
        };
        match error {
            // The error line says everything; a report has the summary all the same.
            Some(error) if !json => {
                self.reporter
                    .finish(&exchange, false, &mut std::io::sink())?;
                Err(error.into())
            }
            _ => {
                self.reporter.finish(&exchange, json, screen)?;
                Ok(exit)
            }
        }
    }

    /// Logs a failure: its messages, and the last line of a run that failed (message 104).
    fn fail(&mut self, failure: Failure) -> ToolError {
        let (error, messages) = *failure.0;
        match (messages.as_slice(), &error.logged) {
            ([], Some(message)) => self.say(message.clone()),
            ([], None) => {
                let line = LogLine::text(crate::messages::Severity::Fatal, error.to_string());
                self.session.log(&line);
                self.notes.push(Note {
                    number: None,
                    text: error.to_string(),
                });
            }
            _ => messages.into_iter().for_each(|message| self.say(message)),
        }
        self.session.log_message(Message::new(104, ""));
        if self.session.po.exclusive_lock().is_some() {
            let Session { po, log, .. } = &mut self.session;
            if let Err(log_error) = log.append_now(po.layout()) {
                return ToolError::new(error.exit, format!("{error}; and {log_error}"));
            }
        }
        error
    }
}

/// Why a run failed, and what the log says of it in order; without messages, that of the error.
struct Failure(Box<(ToolError, Vec<Message>)>);

impl Failure {
    fn new(error: ToolError, messages: Vec<Message>) -> Self {
        Self(Box::new((error, messages)))
    }
}

impl From<ToolError> for Failure {
    fn from(error: ToolError) -> Self {
        Self::new(error, Vec::new())
    }
}

impl From<PostofficeError> for Failure {
    fn from(error: PostofficeError) -> Self {
        let message = error.message('M');
        let mut error = ToolError::from(error);
        error.logged = message;
        Self::from(error)
    }
}

/// Stages REQCONF.GLB where it has changed.
fn stage_config(
    batch: &Batch<'_>,
    before: &ReqConf,
    after: &ReqConf,
) -> Result<(), PostofficeError> {
    if before == after {
        return Ok(());
    }
    let mut bytes = [0; ReqConf::LEN];
    after.encode(&mut bytes);
    batch.replace_bytes(&layout::REQCONF, &bytes)
}

/// Returns the directory server that a configuration names (message 54 where it names none).
fn server_of(config: &ReqConf) -> Result<PostofficeName, ToolError> {
    if !config.has_server() {
        let message = Message::new(54, "");
        let error = ToolError::new(ExitCode::NotFound, message.to_string());
        return Err(error.with_message(message));
    }
    let (network, postoffice) = (&config.server_network, &config.server_postoffice);
    Ok(PostofficeName::from_checked(
        network.as_bytes(),
        postoffice.as_bytes(),
    ))
}
