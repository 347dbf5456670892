//! `resync apply`: applies a resync file, or exactly what a saved plan says.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use super::options::ApplyArgs;
use crate::codec::codepage::CodePage;
use crate::plan::saved::{SavedPlan, is_saved_plan};
use crate::tools::apply::{self, Request};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::framed;
use crate::tools::pass::{Report, Wishes};
use crate::tools::session::{Access, Session, complete_login};

/// Applies the file.
///
/// # Errors
/// Nothing was changed; the error says why and how the program ends.
pub(super) fn run(args: &ApplyArgs, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let clock = Clock::from_environment()?;
    let interrupt = Interrupt::install()?;
    let is_plan = looks_like_plan(&args.file)?;
    let report = Report::create(args.common.report.as_deref())?;
    let login = complete_login(&args.login)?;
    let access = Access::of_writer(args.dry_run);
    let mut session = Session::open(super::PROGRAM, &login, access, clock)?;
    let wishes = Wishes {
        dry_run: args.dry_run,
        yes: args.yes,
        allow_deletes: args.allow_deletes,
        json: args.common.json,
        ..Wishes::default()
    };
    let request = Request {
        resync: Some(args.file.clone()),
        framing: framed::load(args.framing.as_deref())?,
        replace: args.replace,
        whole: args.whole,
        keep_info: false,
        wishes,
    };
    if !is_plan {
        return apply::run(session, &request, report, None, &interrupt, screen);
    }
    match read(&args.file, session.po.code_page()) {
        Ok(saved) => apply::run_saved(session, saved, &request, report, &interrupt, screen),
        Err(error) => Err(session.fail(error).into()),
    }
}

fn looks_like_plan(path: &Path) -> Result<bool, ToolError> {
    let mut input = open(path)?;
    let start = input.fill_buf().map_err(|error| unreadable(path, error))?;
    Ok(is_saved_plan(start))
}

fn read(path: &Path, code_page: CodePage) -> Result<SavedPlan, ToolError> {
    SavedPlan::read_from(open(path)?, code_page).map_err(|error| {
        ToolError::new(
            ExitCode::Damaged,
            format!("plan {}: {error}", path.display()),
        )
    })
}

fn open(path: &Path) -> Result<BufReader<File>, ToolError> {
    File::open(path)
        .map(BufReader::new)
        .map_err(|error| unreadable(path, error))
}

fn unreadable(path: &Path, error: std::io::Error) -> ToolError {
    let exit = match error.kind() {
        std::io::ErrorKind::NotFound => ExitCode::NotFound,
        _ => ExitCode::Damaged,
    };
    ToolError::new(exit, path.display().to_string()).caused_by(error)
}
