//! `audit A B`: what is missing, extra, altered, duplicated, stale or out of sequence in B, entry by entry
//! (`spec/exchange.md` DX-40 and section 5; `design.md` section 6).
//!
//! ```text
//! side A -> Intake -> sorted by key --+
//!                                     +-> Judge -> findings, repair
//! side B -> Intake -> sorted by key --+
//! ```
//!
//! Memory is bounded whatever the sides are: what does not fit is sorted in temporary files. What becomes of the
//! entries of a key is decided on values (`join`, `compare`).

mod compare;
mod exact;
mod explain;
mod finding;
mod groups;
mod intake;
mod item;
mod join;
mod judge;
mod named;
pub mod options;
mod pairs;
mod repair;
mod replay;
mod report;
mod run;
mod stale;

use std::ffi::OsString;
use std::io::Write;

use crate::tools::exit::ExitCode;
use options::Options;

/// Reads a command line and compares the sides it names; the first of `arguments` is the program itself.
///
/// # Errors
///
/// A side cannot be read, or something cannot be written.
pub fn start(arguments: Vec<OsString>, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    match Options::parse(arguments) {
        Ok(options) => run::run(&options, screen),
        Err(early) => Ok(early.finish(screen)?),
    }
}
