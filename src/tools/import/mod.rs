//! `import`: text import, extract, dir-sync feed and queue, resync (`spec/import.md`).

mod block;
pub mod explain;
mod extract;
mod feed;
mod foreign;
mod input;
pub mod options;
mod queue;
mod resync;
mod text;
pub mod values;

use std::ffi::OsString;
use std::io::Write;

use crate::protocol::{self, CheckError};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::session::Program;
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

/// How import calls itself in the logs.
pub(crate) const PROGRAM: Program = Program {
    name: "import",
    banner: Some("Microsoft (R) Mail Import V3.5"),
    farewell: Some("Import is finished."),
};

fn carry_out(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    match options.task {
        Task::Explain => {
            Explanation::new(options).print(screen)?;
            Ok(ExitCode::Done)
        }
        Task::Check => check(options, screen),
        Task::Run => match options.mode {
            Mode::Import => text::run(options, screen),
            Mode::Feed => feed::run(options, screen),
            Mode::Queue => queue::run(options, screen),
            Mode::Extract => extract::run(options, screen),
            Mode::Resync => resync::run(options, screen),
            Mode::Foreign => foreign::run(options, screen),
        },
    }
}

/// Bytes of messages that are held before they go to a temporary file without a name.
const SPOOL_LEN: usize = 1 << 20;

/// Prints what the `-f` file says, in the shape of the file cases (`spec/import.md` 13).
///
/// A message ends it with [`ExitCode::Partial`], as the import of that file would end. What takes more than the text
/// is left to the run: the lists, and also message 28, since `-g`, `-e` and places that do not exist decide as well
/// which of two lines with one name comes to its list.
fn check(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let path = options
        .file
        .as_deref()
        .ok_or_else(|| ToolError::usage("the input file is missing: -f<file>"))?;
    let code_page = options.code_page.unwrap_or_default();
    let input = input::open(path, None, code_page)?;
    let mut spool = tempfile::spooled_tempfile(SPOOL_LEN);
    let has_messages = match protocol::write_check(input, code_page, screen, &mut spool) {
        Ok(has_messages) => has_messages,
        Err(CheckError::Input(error)) => return Err(input::unreadable(path, error).into()),
        Err(error) => {
            let what = "the answer of --check";
            let error = ToolError::new(ExitCode::CannotWrite, what).caused_by(error);
            return Err(error.into());
        }
    };
    writeln!(screen)?;
    Ok(if has_messages {
        ExitCode::Partial
    } else {
        ExitCode::Done
    })
}
