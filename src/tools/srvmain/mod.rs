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
use crate::messages::{Message, Severity};
use crate::postoffice::log::LogLine;
use crate::postoffice::master_list::MasterList;
use crate::postoffice::{Batch, Postoffice, PostofficeError, layout};
use crate::protocol::outcome::Remark;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::Run;
use crate::tools::session::Program;
pub use options::{Mode, Options};
#[cfg(feature = "ldap")]
pub(in crate::tools) use reply::letter as reply_letter;
#[cfg(feature = "ldap")]
pub(in crate::tools) use request::{identify, settings};

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
    let interrupt = Interrupt::install()?;
    let mut run = Run::begin(PROGRAM, &options.location, options.dry_run, &options.common)?;
    let result = run.load_config().and_then(|conf| match options.mode {
        Mode::Receive => receive::run(&mut run, conf, options.own_lists_only, &interrupt),
        Mode::Transmit => transmit::run(&mut run, conf, &interrupt),
    });
    let error = result
        .err()
        .map(|error| run.fail(error, Vec::new(), &LogLine::status(FAILURE)));
    run.finish(error, options.common.json, screen)
}

impl Run {
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

    /// Says what was noticed over a requestor.
    fn remark(&mut self, remark: &Remark, who: &str) {
        self.worsen(remark.consequence());
        for line in remark.lines(who) {
            self.say_line(line);
        }
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
