//! `import`: text import, extract, dir-sync feed and queue, resync (`spec/import.md`).

pub mod explain;
pub mod options;

use std::ffi::OsString;
use std::io::Write;

use crate::tools::exit::ExitCode;
use explain::Explanation;
pub use options::{Mode, Options, Task};

/// Reads a command line and does what it says; the first of `arguments` is the program itself.
///
/// With `--explain` among them a wrong command line is explained as well, on `screen`.
///
/// # Errors
///
/// The output could not be written.
pub fn start(arguments: Vec<OsString>, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let explains = arguments.iter().any(|token| token == "--explain");
    match Options::parse(arguments) {
        Ok(options) => carry_out(&options, screen),
        Err(early) => {
            if explains && early.is_usage_error() {
                explain::print_usage_error(screen)?;
            }
            Ok(early.finish(screen)?)
        }
    }
}

fn carry_out(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    match options.task {
        Task::Explain => {
            Explanation::new(options).print(screen)?;
            Ok(ExitCode::Done)
        }
    }
}
