//! `probe`: reads queue files whose framing nobody published (`design.md` section 6). The file itself is never written.
//!
//! ```text
//! source (a sample, then the whole)  ->  probe::infer  ->  pass (reads all by it)  ->  report
//! ```

mod checksums;
mod convert;
mod entries;
mod framing;
pub mod options;
mod pass;
mod records;
mod report;
mod source;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use crate::probe::layout::Layout;
use crate::probe::profile;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::framed;
use crate::tools::outfile::OutFile;
use options::Options;
use pass::Pass;
use source::Source;

/// Reads a command line and the file it names; the first of `arguments` is the program itself.
///
/// # Errors
/// No such file, or none that can be read as a queue ([`ExitCode::Damaged`]); something cannot be written.
pub fn start(arguments: Vec<OsString>, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let options = match Options::read(arguments) {
        Ok(options) => options,
        Err(early) => return Ok(early.finish(screen)?),
    };
    if options.records {
        return records::run(&options, screen);
    }
    let source = Source::new(&options.file)?;
    if options.checksums {
        return checksums::run(&options, &source, screen);
    }
    if options.to.is_some() {
        return convert::to_foreign(&options, screen);
    }
    let given = framed::load(options.framing.as_deref())?;
    let found = source.layout(given, options.salvage)?;
    let pass = Pass::run(&options, &source, found, screen)?;
    if let (Some(path), Some(layout)) = (&options.save, &pass.layout) {
        save(path, layout).map_err(|e| cannot_write(path, e))?;
    }
    if let (Some(path), None) = (&options.save, &pass.layout) {
        let what = format!("{}: no framing was found, nothing is saved", path.display());
        return Err(ToolError::new(ExitCode::Damaged, what).into());
    }
    if !options.text {
        report::print(&options, &pass, screen)?;
    }
    pass.finish()
}

fn save(path: &Path, layout: &Layout) -> io::Result<()> {
    let mut file = OutFile::create(path)?;
    file.write_all(profile::to_toml(layout).as_bytes())?;
    file.put_in_place()
}

fn cannot_write(path: &Path, error: io::Error) -> ToolError {
    ToolError::new(ExitCode::CannotWrite, path.display().to_string()).caused_by(error)
}
