//! `srvmain`: T2 at the directory server, receive and transmit (`spec/protocol.md` section 4).
//!
//! Receiving is one batch: MSTTRANS, SRVCONF, CENTRAL.LOG, the mail taken and the notes sent change together. Answers
//! go out in batches of some requestors each; where one fails, its requestors are tried one by one, so that a failure
//! leaves the state of that requestor alone as it was (159).

mod notes;
pub mod options;
mod receive;
mod reply;
mod request;
mod sending;
mod served;
mod taking;
mod transmit;

use std::ffi::OsString;
use std::io::Write;

use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::codec::srvconf::{RequestorFlags, RequestorRecord, SrvConf};
use crate::codec::timestamp::Timestamp;
use crate::messages::{Message, Severity};
use crate::plan::outcome::Counts;
use crate::postoffice::log::LogLine;
use crate::postoffice::master_list::MasterList;
use crate::postoffice::{Batch, Postoffice, PostofficeError, layout};
use crate::protocol::outcome::{Consequence, Line, Remark};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::{Exchange, Reporter, ServerNumbers};
use crate::tools::report::{Note, ReportFile};
use crate::tools::session::{Access, Program, Session, note};
pub use options::{Mode, Options};

const PROGRAM: Program = Program {
    name: "srvmain",
    banner: Some("Microsoft (R) Mail DirSync Server V3.5"),
    farewell: None,
};

/// Last line of a run that failed (Q127752).
const FAILURE: &str = "Server processing failure";

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
    let result = run.load_config().and_then(|conf| match options.mode {
        Mode::Receive => receive::run(&mut run, conf, options.own_lists_only, &interrupt),
        Mode::Transmit => transmit::run(&mut run, conf, &interrupt),
    });
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
    server: Option<ServerNumbers>,
    exit: ExitCode,
    /// What the administrator is told at the end.
    told: Vec<String>,
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
            server: None,
            exit: ExitCode::Done,
            told: Vec::new(),
        }
    }

    fn code_page(&self) -> CodePage {
        self.session.po.code_page()
    }

    fn own(&self) -> PostofficeName {
        self.session.po.name().clone()
    }

    /// Reads SRVCONF.GLB. Without it this is no directory server (Q136487); damaged, the published pair of 157 and 161
    /// says so (Q96060).
    fn load_config(&mut self) -> Result<SrvConf, ToolError> {
        match self.session.po.server_config() {
            Ok(Some(conf)) => Ok(conf),
            Ok(None) => {
                let reason = "this postoffice is not a directory server (GLB/SRVCONF.GLB is missing); remove T2 from \
                              its schedule";
                let message = Message::new(161, format!("- {reason}"));
                Err(ToolError::new(ExitCode::NotHere, message.to_string()).with_message(message))
            }
            Err(error) => {
                if matches!(error, PostofficeError::Codec { .. }) {
                    self.say(Message::new(157, ""));
                }
                let message = Message::new(161, format!("- {error}"));
                Err(ToolError::from(error).with_message(message))
            }
        }
    }

    /// Opens MSTTRANS.GLB; missing or damaged it ends the run (Q112280, Q108067).
    fn open_master(&mut self) -> Result<(), ToolError> {
        let file = layout::MSTTRANS;
        let stem = file.stem();
        match MasterList::open(&self.session.po) {
            Ok(_) => Ok(()),
            Err(error @ PostofficeError::Missing { .. }) => {
                self.say(Message::new(2, stem));
                let message = Message::new(2, stem).with_severity(Severity::Fatal);
                let text = format!(
                    "{message}: restore it, or create an empty one and have every requestor export"
                );
                Err(ToolError::new(ToolError::from(error).exit, text).with_message(message))
            }
            Err(error) => Err(damaged_master(error)),
        }
    }

    /// Says a published message, on the screen and in both logs.
    fn say(&mut self, message: Message) {
        self.notes.push(note(&message));
        if message.severity >= Severity::Warning {
            self.told.push(message.to_string());
        }
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
                if line.severity >= Severity::Warning {
                    self.told.push(line.text.clone());
                }
                self.notes.push(Note {
                    number: None,
                    text: line.text.clone(),
                });
                self.session.log(&LogLine::text(line.severity, line.text));
            }
        }
    }

    /// Says what was noticed over a requestor.
    fn remark(&mut self, remark: &Remark, who: &str) {
        self.worsen(remark.consequence());
        for line in remark.lines(who) {
            self.say_line(line);
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

    /// Ends the run: the log of a failure, the summary, the report.
    fn finish(
        mut self,
        result: Result<(), ToolError>,
        json: bool,
        screen: &mut impl Write,
    ) -> anyhow::Result<ExitCode> {
        let error = match result {
            Ok(()) => None,
            Err(error) => Some(self.fail(error)),
        };
        let mut summary = self.session.summary(self.dry_run);
        summary.counts = self.counts;
        summary.messages = self.notes;
        let exit = error.as_ref().map_or(self.exit, |error| error.exit);
        self.session.finish(&mut summary, exit);
        let exchange = Exchange {
            messages_exchanged: self.reporter.mail,
            summary: &summary,
            server: self.server,
        };
        match error {
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

    fn fail(&mut self, error: ToolError) -> ToolError {
        match &error.logged {
            Some(message) => self.say(message.clone()),
            None => {
                let line = LogLine::text(Severity::Fatal, error.to_string());
                self.session.log(&line);
                self.notes.push(Note {
                    number: None,
                    text: error.to_string(),
                });
            }
        }
        self.session.log(&LogLine::status(FAILURE));
        if self.session.po.exclusive_lock().is_some() {
            let Session { po, log, .. } = &mut self.session;
            if let Err(log_error) = log.append_now(po.layout()) {
                return ToolError::new(error.exit, format!("{error}; and {log_error}"));
            }
        }
        error
    }
}

fn damaged_master(error: PostofficeError) -> ToolError {
    let message = Message::new(40, format!("{}: {error}", layout::MSTTRANS.stem()));
    let text =
        format!("{message}; restore it, or create an empty one and have every requestor export");
    ToolError::new(ToolError::from(error).exit, text).with_message(message)
}

/// Returns the name of a requestor, `PCM:NET/PO`.
fn who(record: &RequestorRecord, code_page: CodePage) -> String {
    code_page.decode(&record.requestor_name())
}

/// Returns the place of a requestor.
fn place(record: &RequestorRecord) -> PostofficeName {
    PostofficeName::from_checked(record.network.as_bytes(), record.postoffice.as_bytes())
}

/// Tells whether a requestor is the server itself.
fn is_own(po: &Postoffice, record: &RequestorRecord) -> bool {
    place(record).is_same(po.name(), po.code_page())
}

/// Asks a requestor for its whole list with its next reply, and with every one until it comes.
fn ask(record: &mut RequestorRecord) {
    record.flags = record.flags.with(RequestorFlags::EXPORT_DUE, true);
}

fn ask_all(conf: &mut SrvConf) {
    conf.requestors.iter_mut().for_each(ask);
}

/// Stages SRVCONF.GLB.
fn stage_config(batch: &Batch<'_>, conf: &SrvConf) -> Result<(), PostofficeError> {
    let mut staged = batch.replace(&layout::SRVCONF)?;
    conf.write_to(&mut staged)
        .map_err(|e| PostofficeError::Unstorable(format!("SRVCONF.GLB: {e}")))?;
    staged.finish()
}

/// Opens the master list of a postoffice that has one.
fn master(po: &Postoffice) -> Result<MasterList<'_>, ToolError> {
    MasterList::open(po).map_err(damaged_master)
}
