//! `import -s`: every list of the dir-sync server goes into GLB/RESYNC.GLB (`spec/import.md` 6.6).

use std::io::Write;

use super::options::Options;
use super::text;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::ExitCode;
use crate::tools::full_list::{self, Job, Selection, Target};
use crate::tools::pass::Report;
use crate::tools::session::{Access, Session};

/// Runs `import -s`. The file is for any requestor (Q119449).
///
/// # Errors
/// Nothing was changed; the error says why and how the program ends.
pub(super) fn run(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let clock = Clock::from_environment()?;
    let interrupt = Interrupt::install()?;
    let report = Report::create(options.common.report.as_deref())?;
    let access = Access::of_writer(options.dry_run);
    let mut session = Session::open(super::PROGRAM, &options.login, access, clock)?;
    let log = match text::open_log(options, &session) {
        Ok(log) => log,
        Err(error) => return Err(session.fail(error).into()),
    };
    let job = Job {
        target: Target::Postoffice,
        selection: Selection::ALL,
        addressee: None,
    };
    let wishes = text::wishes(options);
    full_list::run(
        session,
        |_| Ok(vec![job]),
        &wishes,
        report,
        log.as_ref(),
        &interrupt,
        screen,
    )
}
