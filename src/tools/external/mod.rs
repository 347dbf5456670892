//! `external`: one delivery pass for `$SYSTEM` mail (`spec/protocol.md` 8.4).
//!
//! Messages wait in the Maildir in `P1` of a postoffice. Each goes into its own postoffice, into another one that can be reached,
//! or to a mail system, by the routes that the administrator defined. There is no limit on the size of a message: MaxLanMailSize
//! never applied to `$SYSTEM` mail (Q133719).

mod bounce;
mod item;
mod office;
pub mod options;
mod pass;
mod plan;
mod report;
mod session_log;
mod site;
mod sort;
pub(in crate::tools) mod transport;

use std::ffi::OsString;
use std::io::Write;
use std::time::Instant;

use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::cli::screen::Screen;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::ReportFile;
use options::Options;
use pass::Pass;
use report::Record;
use session_log::SessionLog;
use site::Sites;
use transport::Transport;

/// Reads a command line and makes the pass; the first of `arguments` is the program itself.
///
/// A postoffice that somebody else holds is passed over ([`ExitCode::Busy`] in the end); messages that did not go end in
/// [`ExitCode::Partial`].
///
/// # Errors
/// None of the postoffices is there, a mail system cannot be used, the report or the screen cannot be written, interrupted.
pub fn start<W: Write>(
    arguments: Vec<OsString>,
    screen: &mut Screen<W>,
) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(early) => return Ok(early.finish(screen)?),
    };
    let clock = Clock::from_environment()?;
    let interrupt = Interrupt::install()?;
    let (sites, missing) = Sites::open(&options.data)?;
    let transport = options
        .mail_system
        .as_ref()
        .map(Transport::open)
        .transpose()?;
    let report = options.common.report.as_deref();
    let report = report.map(ReportFile::create).transpose()?;
    let names = sites.given.iter().map(|site| site.shown()).collect();
    let mut record = Record::new(names, options.dry_run, options.verbose, report);
    missing.iter().for_each(|error| record.error(error));
    let session = SessionLog::new(
        options.session_log.clone(),
        &sites.given[0],
        options.instance.clone(),
        clock.clone(),
    );
    let mut pass = Pass::new(
        &options, clock, sites, transport, record, session, interrupt,
    );
    if let Err(error) = run(&mut pass) {
        pass.record.error(&error);
    }
    let Pass { record, .. } = pass;
    record.finish(options.common.json, started.elapsed(), screen)
}

fn run(pass: &mut Pass<'_>) -> Result<(), ToolError> {
    if let Some(directory) = &pass.options.from_maildir {
        sort::sort(pass, directory)?;
    }
    pass.run()
}

/// Returns the name of this machine, in characters that a mail address may have.
fn host_name() -> String {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let name: String = name.chars().filter(safe).collect();
    match name.trim_matches(['.', '-']) {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}
