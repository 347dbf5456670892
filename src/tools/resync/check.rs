//! `resync check`: whether a resync file is whole.

use std::io::Write;

use super::file::{self, State};
use super::options::CheckArgs;
use super::show::Examination;
use crate::tools::exit::ExitCode;

/// Runs `resync check`: [`ExitCode::Done`] whole, [`ExitCode::Differences`] without an end mark or with records that
/// are no transactions, [`ExitCode::Damaged`] with the record and the byte.
///
/// # Errors
/// The file cannot be read, or is no resync file.
pub(super) fn run(args: &CheckArgs, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let mut examination = Examination::new(args.code_page, &args.common)?;
    let contents = file::read(
        &args.file,
        args.framing.as_deref(),
        examination.code_page,
        &mut |framed, shown| examination.take(framed, &shown),
    )?;
    let exit = match contents.ending {
        State::Whole if contents.unreadable == 0 => ExitCode::Done,
        State::Whole | State::NoEndMark => ExitCode::Differences,
        State::Damaged => ExitCode::Damaged,
    };
    let name = args.file.display().to_string();
    let (records, verdict) = (contents.records, contents.verdict());
    let examined = examination.finish(name, contents, exit);
    if args.common.json {
        examined.print_json(screen)?;
    } else {
        examined.print_messages(screen)?;
        writeln!(
            screen,
            "{}: {records} records, {verdict}",
            args.file.display()
        )?;
    }
    examined.report.finish(&examined.found.summary)?;
    Ok(exit)
}
