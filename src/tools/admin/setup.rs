//! `setup NET/PO`: a new postoffice (`spec/files.md` section 2).

use std::fs;
use std::io::Write;
use std::path::Path;

use super::PROGRAM;
use super::options::Options;
use super::run::{encode, refused, stage_master, wrong};
use super::words::SetupArgs;
use crate::address::{AddressType, PostofficeName};
use crate::codec::FixedText;
use crate::codec::codepage::CodePage;
use crate::plan::outcome::Outcome;
use crate::postoffice::setup::{ADMIN_MAILBOX, ADMIN_NAME, create};
use crate::postoffice::{Holder, Postoffice, PostofficeError};
use crate::tools::cli::clock::Clock;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::pass::Report;
use crate::tools::report::{Note, Summary};

/// Makes a postoffice where there is none; nobody can log in before, so nobody has to.
pub(super) fn run(
    options: &Options,
    args: &SetupArgs,
    clock: Clock,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let started = std::time::Instant::now();
    let report = Report::create(options.common.report.as_deref())?;
    let path = options.login.location.data.directory()?;
    let code_page = CodePage::from_id(args.code_page).ok_or_else(|| {
        ToolError::usage(format!(
            "--code-page {}: no code page that we have",
            args.code_page
        ))
    })?;
    let name = PostofficeName::parse(&encode(code_page, &args.name)?, code_page)
        .map_err(|error| wrong(&args.name, &error))?;
    if AddressType::from_token(name.network()).is_some() {
        return Err(refused(64, code_page.decode(name.network())).into());
    }
    let serial = serial(args.serial.as_deref())?;
    if options.dry_run {
        check_free(&path)?;
    } else {
        create(&path, &name, code_page).map_err(ToolError::from)?;
        if let Some(serial) = serial {
            set_serial(&path, serial, &clock).map_err(ToolError::from)?;
        }
    }
    let mut summary = Summary::new(PROGRAM.name, Some(name.view(code_page)), options.dry_run);
    summary.counts.count(Outcome::Command, None);
    let text = format!(
        "postoffice {} made in {}; its administrator is {ADMIN_MAILBOX}, without a password: see passwd",
        name.view(code_page),
        path.display(),
    );
    summary.messages.push(Note { number: None, text });
    summary.elapsed = started.elapsed();
    if options.common.json {
        summary.print(true, screen)?;
    } else {
        for note in &summary.messages {
            writeln!(screen, "{}", note.text)?;
        }
        if options.dry_run {
            writeln!(screen, "Dry run: nothing was written.")?;
        }
    }
    report.finish(&summary)?;
    Ok(ExitCode::Done)
}

/// Reads a serial number: digits and hyphens, as in 0799-99992 (Q132560).
fn serial(text: Option<&str>) -> Result<Option<FixedText<12>>, ToolError> {
    let Some(text) = text else { return Ok(None) };
    let is_serial = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let serial = FixedText::new(text.as_bytes()).ok();
    match serial.filter(|_| is_serial && !text.is_empty()) {
        Some(serial) => Ok(Some(serial)),
        None => Err(ToolError::usage(format!(
            "--serial {text}: expected up to 11 letters, digits and hyphens"
        ))),
    }
}

fn set_serial(path: &Path, serial: FixedText<12>, clock: &Clock) -> Result<(), PostofficeError> {
    let holder = Holder::new(PROGRAM.name, ADMIN_MAILBOX, ADMIN_NAME, clock.local());
    let po = Postoffice::open_write(path, holder)?;
    let mut master = po.master().clone();
    master.serial = serial;
    let batch = po.batch()?;
    stage_master(&batch, &master)?;
    batch.commit().map(|_| ())
}

/// What [`create`] looks at before it writes.
fn check_free(path: &Path) -> Result<(), ToolError> {
    let is_free = match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    match is_free {
        true => Ok(()),
        false => Err(PostofficeError::Exists {
            path: path.to_owned(),
        }
        .into()),
    }
}
