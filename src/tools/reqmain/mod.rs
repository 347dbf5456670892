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
use crate::codec::reqconf::ReqConf;
use crate::messages::Message;
use crate::postoffice::log::LogLine;
use crate::postoffice::{Batch, PostofficeError, layout};
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::Run;
use crate::tools::session::{Program, numbers};
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
    let interrupt = Interrupt::install()?;
    let mut run = Run::begin(PROGRAM, &options.location, options.dry_run, &options.common)?;
    let result = match options.mode {
        Mode::Transmit => transmit::run(&mut run, &interrupt),
        Mode::Receive => receive::run(&mut run, &interrupt),
    };
    let error = result.err().map(|failure| {
        let (error, messages) = *failure.0;
        run.fail(error, messages, &LogLine::from(Message::new(104, "")))
    });
    run.finish(error, options.common.json, screen)
}

fn set_numbers(run: &mut Run, before: &ReqConf, after: &ReqConf) {
    run.numbers = Some((numbers(before), numbers(after)));
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
