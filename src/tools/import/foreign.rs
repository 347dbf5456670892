//! `import -st`: every list of the dir-sync server as one message body for a foreign mail system (`spec/import.md` 4.2).
//!
//! The layout was never published; it is that of an update (Q118298): `[DIRSYNC-TRANSACTIONS]`, then R and A records
//! with their information lines. Every record has the number up to which the lists hold the server's transactions, so
//! that whoever keeps the last number seen asks for what follows. The file is replaced as a whole; the postoffice is
//! only read.

use std::io::{self, Write};
use std::path::Path;

use super::extract::unwritable;
use super::options::Options;
use super::text;
use crate::postoffice::places::Places;
use crate::protocol::message::{RECORDS_SECTION, push_record};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::full_list::{self, How, Purpose, Server, Walk, Walked, all_lists, failure};
use crate::tools::outfile::OutFile;
use crate::tools::pass::Report;
use crate::tools::session::{Access, Session, note};

/// Runs `import -st`.
///
/// # Errors
/// The file is as it was; the error says why and how the program ends.
pub(super) fn run(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let clock = Clock::from_environment()?;
    let interrupt = Interrupt::install()?;
    let path = options
        .file
        .as_deref()
        .ok_or_else(|| ToolError::usage("the output file is missing: -f<file>"))?;
    let mut report = Report::create(options.common.report.as_deref())?;
    let mut session = Session::open(super::PROGRAM, &options.login, Access::Read, clock)?;
    let done = text::open_log(options, &session).and_then(|log| {
        let server = Server::load(&session.po)?;
        let walked = extract(options, &session, &server, path, &mut report, &interrupt)?;
        if let Some(log) = &log {
            full_list::write_failures(&session, log, &walked.messages)?;
        }
        Ok(walked)
    });
    let walked = match done {
        Ok(walked) => walked,
        Err(error) => return Err(session.fail(error).into()),
    };
    let mut summary = session.summary(options.dry_run);
    summary.counts = walked.counts;
    summary.messages = walked.messages.iter().map(note).collect();
    if options.flags.verbose {
        summary.messages.extend(walked.details());
    }
    let exit = walked.exit();
    session.finish(&mut summary, exit);
    summary.print(options.common.json, screen)?;
    report.finish(&summary)?;
    Ok(exit)
}

fn extract(
    options: &Options,
    session: &Session,
    server: &Server,
    path: &Path,
    report: &mut Report,
    interrupt: &Interrupt,
) -> Result<Walked, ToolError> {
    let (_, number, _) = server.numbers();
    if options.dry_run {
        let (walked, _) = write(session, number.0, report, interrupt, io::sink())?;
        return Ok(walked);
    }
    let file = OutFile::create(path).map_err(|error| unwritable(path, error))?;
    let (walked, mut file) = write(session, number.0, report, interrupt, file)?;
    file.seal().map_err(|error| unwritable(path, error))?;
    report.flush()?;
    file.put_in_place()
        .map_err(|error| unwritable(path, error))?;
    Ok(walked)
}

fn write<W: Write>(
    session: &Session,
    number: u32,
    report: &mut Report,
    interrupt: &Interrupt,
    mut output: W,
) -> Result<(Walked, W), ToolError> {
    let po = &session.po;
    let places = Places::load(po)?;
    let lists = all_lists(po, &places);
    let mut walk = Walk::new(po, &places, &lists, report, interrupt)?;
    let how = How {
        info: true,
        template: false,
        replace: true,
        purpose: Purpose::Dirsync,
    };
    let full = |error: io::Error| ToolError::new(ExitCode::CannotWrite, error.to_string());
    let mut text = format!("{RECORDS_SECTION}\r\n").into_bytes();
    for id in &lists {
        let walked = walk.list(id, how, &mut |transaction| {
            push_record(number, transaction, &mut text);
            output.write_all(&text).map_err(full)?;
            text.clear();
            Ok(Some(number))
        });
        walked.map_err(|error| {
            let message = error.logged.clone();
            failure(message.as_ref(), error)
        })?;
    }
    Ok((walk.finish(), output))
}
