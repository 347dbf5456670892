//! `tour`: a dir-sync server and two requestors in a directory of their own, filled, put out of step and mended
//! (`design.md` section 6).
//!
//! ```text
//! script (the commands, in order)  ->  stage (runs each as the program it names, prints what it answered)
//! ```
//!
//! The programs run as library functions with the very arguments that are printed, so each printed command can be
//! typed again.

pub mod options;
mod samples;
mod script;
mod stage;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use options::Options;
use stage::Stage;

use crate::tools::exit::{ExitCode, ToolError};

/// Reads a command line and gives the tour; the first of `arguments` is the program itself.
///
/// # Errors
///
/// [`ExitCode::CannotWrite`]: the directory is not empty or cannot be made. A step that fails ends the tour with its
/// own code, and is named.
pub fn start(arguments: Vec<OsString>, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(early) => return Ok(early.finish(screen)?),
    };
    let directory = make_directory(&options.directory)?;
    script::play(&mut Stage::new(&directory, screen))?;
    Ok(ExitCode::Done)
}

/// Makes the directory with the sample files in it, and returns its whole path.
fn make_directory(path: &Path) -> Result<PathBuf, ToolError> {
    let cannot = |error: io::Error| {
        ToolError::new(ExitCode::CannotWrite, path.display().to_string()).caused_by(error)
    };
    let files = path.join(stage::FILES);
    fs::create_dir_all(path).map_err(cannot)?;
    if fs::read_dir(path).map_err(cannot)?.next().is_some() {
        let what = format!(
            "{}: not empty; the tour needs a directory of its own",
            path.display()
        );
        return Err(ToolError::new(ExitCode::CannotWrite, what));
    }
    fs::create_dir(&files).map_err(cannot)?;
    for (name, bytes) in samples::FILES.into_iter().chain([samples::SCHEDULE]) {
        fs::write(files.join(name), bytes).map_err(cannot)?;
    }
    // A postoffice is routed to by its path, which must hold from wherever mail is moved.
    std::path::absolute(path).map_err(cannot)
}
