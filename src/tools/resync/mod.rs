//! `resync`: full lists of a dir-sync server as files: make them, look into them, apply them (`design.md` section 6).

mod apply;
mod check;
mod create;
mod file;
pub mod options;
mod plan;
mod show;
mod show_side;
mod tally;

use std::ffi::OsString;
use std::io::Write;

use crate::tools::exit::ExitCode;
use crate::tools::session::Program;
pub use options::{Options, Word};

/// How resync calls itself in the logs.
pub(crate) const PROGRAM: Program = Program {
    name: "resync",
    banner: Some("Resync"),
    farewell: Some("Resync is finished."),
};

/// Reads a command line and does what it says; the first of `arguments` is the program itself.
///
/// # Errors
///
/// The run stopped, or the output could not be written.
pub fn start(arguments: Vec<OsString>, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    match Options::parse(arguments) {
        Ok(options) => carry_out(&options, screen),
        Err(early) => Ok(early.finish(screen)?),
    }
}

fn carry_out(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    match &options.word {
        Word::Create(create) => create::run(create, screen),
        Word::Show(show) => show::run(show, screen),
        Word::Check(check) => check::run(check, screen),
        Word::Plan(args) => plan::run(args, screen),
        Word::Apply(args) => apply::run(args, screen),
    }
}
