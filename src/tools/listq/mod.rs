//! `listq`: the transactions of a dir-sync queue (`spec/protocol.md` 9.3). It writes nothing.

mod foreign;
pub mod json;
pub mod options;
pub mod record;
pub mod screen;
pub mod walk;

use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, Write};
use std::time::Instant;

use crate::tools::banner;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::screen::Screen;
use crate::tools::exit::ExitCode;
use crate::tools::framed;
use crate::tools::report::ReportFile;
use crate::tools::session::{Access, Program, Session};
use json::{End, Listing};
use options::Options;
use screen::{Columns, Table};
use walk::{Ended, Source, Walk};

const PROGRAM: Program = Program {
    name: "listq",
    banner: None,
    farewell: None,
};

/// The version that Q96060 prints.
const VERSION: &str = "LISTQ v3.2.0.1";

/// Reads a command line and lists the queue it names; the first of `arguments` is the program itself.
///
/// A record with a wrong checksum is marked, and what can be read of a torn queue is listed; either ends in
/// [`ExitCode::Damaged`].
///
/// # Errors
/// No such postoffice or file, a wrong login, a damaged queue; or the output could not be written.
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
    let report = options
        .common
        .report
        .as_deref()
        .map(ReportFile::create)
        .transpose()?;
    let session = Session::open(PROGRAM, &options.login, Access::Read, clock)?;
    let layout = framed::load(options.framing.as_deref())?;
    let source = Source::open(&session.po, &options.file)?;
    let page = session.po.code_page();
    let postoffice = session.po.name().view(page);
    let zone = session.clock.zone().clone();
    let file = source.title.clone();
    drop(session); // and with it the lock
    let walk = Walk::new(source, layout, page, report);

    let ended = if options.common.json {
        let listing = Listing {
            postoffice,
            file,
            page,
            started,
            walk: RefCell::new(walk),
            ended: RefCell::default(),
        };
        serde_json::to_writer(&mut *screen, &listing).map_err(io::Error::from)?;
        writeln!(screen)?;
        let ended = listing.ended.into_inner();
        ended.expect("serializing the listing ends the walk")
    } else {
        let columns = Columns {
            checksum: options.checksum,
            digits: walk.digits(),
            dates: options.dates,
            zone,
            page,
        };
        banner::print(VERSION, screen)?;
        writeln!(
            screen,
            "Examining {postoffice} Dirsync transaction file: {file}\n"
        )?;
        list(walk, Table::new(columns), screen)?
    };
    let end = End::new(&ended, started);
    if let Some(report) = ended.report {
        report.finish_with(&end, end.exit)?;
    }
    match ended.error {
        Some(error) => Err(error.into()),
        None => Ok(ExitCode::Done),
    }
}

/// Prints the records until the end, or until nobody reads any more.
fn list<W: Write>(mut walk: Walk, mut table: Table, screen: &mut Screen<W>) -> io::Result<Ended> {
    if table.checks() {
        writeln!(screen, "Checking CRC...\n")?;
    }
    while let Some(record) = walk.read() {
        if record.number == 1 {
            table.head(screen)?;
        }
        table.row(&record, screen)?;
        if screen.is_closed() && !walk.has_report() {
            break;
        }
    }
    let ended = walk.finish();
    if ended.read == 0 && ended.error.is_none() {
        writeln!(screen, "The queue is empty.")?;
    }
    Ok(ended)
}
