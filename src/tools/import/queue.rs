//! `import -q`: what the requestor has received goes into the address lists (`spec/import.md` 6.5).

use std::io::Write;

use super::options::Options;
use super::text;
use crate::tools::apply::{self, Request};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::ExitCode;
use crate::tools::framed;
use crate::tools::pass::Report;
use crate::tools::session::{Access, Session};

/// Runs `import -q`.
///
/// # Errors
/// Nothing was changed; the error says why and how the program ends.
pub(super) fn run(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let clock = Clock::from_environment()?;
    let interrupt = Interrupt::install()?;
    let report = Report::create(options.common.report.as_deref())?;
    let access = Access::of_writer(options.dry_run);
    let mut session = if options.unattended {
        Session::open_unattended(super::PROGRAM, &options.login.location, access, clock)?
    } else {
        Session::open(super::PROGRAM, &options.login, access, clock)?
    };
    let log = match text::open_log(options, &session) {
        Ok(log) => log,
        Err(error) => return Err(session.fail(error).into()),
    };
    let request = Request {
        resync: None,
        framing: framed::load(options.framing.as_deref())?,
        replace: options.replace,
        whole: options.whole,
        keep_info: options.keep_info,
        wishes: text::wishes(options),
    };
    apply::run(session, &request, report, log.as_ref(), &interrupt, screen)
}
