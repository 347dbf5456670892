//! `resync plan`: what a resync file would change here, shown, and saved for `resync apply`.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::options::PlanArgs;
use crate::plan::saved::{Head, SavedPlan};
use crate::tools::apply::{self, Prepared, Request, StateMark};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::framed;
use crate::tools::pass::{Pass, Report, Wishes};
use crate::tools::session::{Access, Session, complete_login};

/// Works out the plan; nothing in the postoffice is written.
///
/// # Errors
/// The file may not be applied here, or something cannot be read; the plan cannot be written.
pub(super) fn run(args: &PlanArgs, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let clock = Clock::from_environment()?;
    let interrupt = Interrupt::install()?;
    let mut report = Report::create(args.common.report.as_deref())?;
    let login = complete_login(&args.login)?;
    let session = Session::open(super::PROGRAM, &login, Access::Read, clock)?;
    let request = Request {
        resync: Some(args.file.clone()),
        framing: framed::load(args.framing.as_deref())?,
        replace: args.replace,
        whole: args.whole,
        ..Request::default()
    };
    let prepared = apply::prepare(&session, &request, &mut report, &interrupt)?;
    if let Some(path) = &args.output {
        save(&session, &prepared, args, path)?;
    }
    let Prepared {
        state,
        decided,
        effects,
        messages,
        ..
    } = prepared;
    let wishes = Wishes {
        dry_run: true,
        json: args.common.json,
        ..Wishes::default()
    };
    let wishes = &wishes;
    let interrupt = &interrupt;
    let pass = Pass {
        session,
        state,
        wishes,
        report,
        interrupt,
        messages,
    };
    pass.conclude(decided, effects, screen)
}

fn save(
    session: &Session,
    prepared: &Prepared,
    args: &PlanArgs,
    path: &Path,
) -> Result<(), ToolError> {
    let code_page = session.po.code_page();
    let header = prepared
        .header
        .as_ref()
        .map(|header| code_page.decode(&header.encode()));
    let name = session.po.name().view(code_page);
    let mut head = Head::new(
        name,
        header.unwrap_or_default(),
        args.file.display().to_string(),
    );
    head.replace = args.replace;
    head.entry_count = prepared.decided.entry_count;
    head.counts = prepared.decided.counts;
    let marks = StateMark::take(&session.po)?;
    head.state = marks
        .parts
        .into_iter()
        .map(|(file, f)| (file, f.len, f.crc32))
        .collect();
    let (plan, pol) = (prepared.decided.plan.clone(), prepared.decided.pol.clone());
    let saved = SavedPlan { head, plan, pol };
    write_beside(path, |output| saved.write_to(output, code_page)).map_err(|error| {
        ToolError::new(ExitCode::CannotWrite, format!("plan {}", path.display())).caused_by(error)
    })
}

/// Writes a file under a temporary name and gives it its own when it is whole.
fn write_beside(
    path: &Path,
    write: impl FnOnce(&mut io::BufWriter<fs::File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(name);
    let mut output = io::BufWriter::new(fs::File::create(&beside)?);
    let written = write(&mut output)
        .and_then(|()| output.flush())
        .and_then(|()| output.get_ref().sync_all())
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&beside);
    }
    written
}
