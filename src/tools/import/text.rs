//! Plain import: the transactions of a text file go into the address lists (`spec/import.md` 6.1 to 6.3).

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::block::take_block;
use super::input;
use super::options::Options;
use super::values::{LogFile, TypeFilter};
use crate::address::PostofficeName;
use crate::importfile::Reader;
use crate::messages::{Message, Severity};
use crate::plan::intake::{Filter, Intake, Setting};
use crate::plan::merge::{Rules, Source};
use crate::plan::outcome::OutcomeSink;
use crate::postoffice::log::LogLine;
use crate::postoffice::{Dir, Postoffice, Role, layout};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::pass::{
    Decided, Effects, ImportLog, Pass, Report, Settings, State, Wishes, decide, lost_marks, nodes,
    walk_blocks,
};
use crate::tools::session::{Access, Session};
use crate::transaction::ListName;

/// Runs a plain import.
///
/// # Errors
/// Nothing was changed; the error says why and how the program ends.
pub(super) fn run(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let clock = Clock::from_environment()?;
    let interrupt = Interrupt::install()?;
    let path = options
        .file
        .as_deref()
        .ok_or_else(|| ToolError::usage("the input file is missing: -f<file>"))?;
    let report = Report::create(options.common.report.as_deref())?;
    let access = Access::of_writer(options.dry_run);
    let mut session = Session::open(super::PROGRAM, &options.login, access, clock)?;
    match prepare(options, path, &session, report, &interrupt) {
        Ok(Prepared {
            state,
            report,
            decided,
            messages,
        }) => {
            let effects = Effects {
                templates: options.flags.templates,
                ..Effects::default()
            };
            let pass = Pass {
                session,
                state,
                wishes: &wishes(options),
                report,
                interrupt: &interrupt,
                messages,
            };
            pass.conclude(decided, effects, screen)
        }
        Err(error) => Err(session.fail(error).into()),
    }
}

/// A run that has decided and not yet done anything.
struct Prepared {
    state: State,
    report: Report,
    decided: Decided,
    messages: Vec<LogLine>,
}

fn prepare(
    options: &Options,
    path: &Path,
    session: &Session,
    mut report: Report,
    interrupt: &Interrupt,
) -> Result<Prepared, ToolError> {
    let po = &session.po;
    let code_page = po.code_page();
    let log = open_log(options, session)?;
    let mut state = State::load(po)?;
    let lost = state.ownership.lost().map(ToOwned::to_owned);
    let mut intake = Intake::new(Setting {
        source: Source::Text,
        own: po.name().clone(),
        code_page,
        filter: filter(options, po)?,
        replace: options.flags.replace_list,
        nodes: nodes(po, &state),
        keep_decisions: report.wants_details(),
    });
    if options.flags.replace_list {
        replace_named(options, po, &mut intake)?;
    }
    let open = || input::open(path, options.code_page, code_page);
    for block in Reader::new(open()?, code_page) {
        interrupt.check()?;
        let block = block.map_err(|error| input::unreadable(path, error))?;
        take_block(po, &mut intake, block);
    }
    let mut messages = untouched_nodes(options, po, &state, &intake);
    if let (Some(reason), true, false) = (&lost, intake.replaces(), options.replace) {
        messages.push(lost_marks(reason).into());
    }
    let rules = Rules {
        source: Source::Text,
        whole: lost.is_none() || options.replace,
        drop_marked: options.replace,
        templates: options.flags.templates,
        keep_info: options.keep_info,
        code_page,
    };
    let settings = Settings {
        rules,
        pol: options.flags.pol,
        autocreate: options.flags.autocreate,
    };
    let decided = decide(po, &state, intake, &settings, &mut report, interrupt)?;
    messages.extend(places_messages(po, &decided)?);
    if options.replace {
        state.ownership.start_anew();
    }
    if let Some(log) = log.filter(|_| !decided.notes.is_empty()) {
        let mut source = |take: &mut dyn FnMut(u64, u64, &[u8])| {
            let input = open().map_err(io::Error::other)?;
            walk_blocks(input, po, take)
        };
        log.write(po, &decided.notes, session.clock.now(), &mut source)?;
    }
    Ok(Prepared {
        state,
        report,
        decided,
        messages,
    })
}

fn filter(options: &Options, po: &Postoffice) -> Result<Filter, ToolError> {
    let Some(wanted) = &options.list_type else {
        return Ok(Filter::default());
    };
    Ok(Filter {
        families: Some(vec![wanted.kind.family()]),
        place: parse_place(po, wanted)?,
    })
}

/// Reads the list that `-g` names behind its type.
fn parse_place(po: &Postoffice, wanted: &TypeFilter) -> Result<Option<PostofficeName>, ToolError> {
    let Some(name) = &wanted.postoffice else {
        return Ok(None);
    };
    let code_page = po.code_page();
    let wrong = |text: String| ToolError::usage(format!("-g{wanted}: {text}"));
    let bytes = code_page.encode(name).map_err(|e| wrong(e.to_string()))?;
    PostofficeName::parse_for(wanted.kind, &bytes, code_page)
        .map(Some)
        .map_err(|e| wrong(e.to_string()))
}

/// `-r` with one list named by `-g`: it is emptied even where the file says nothing about it.
fn replace_named(options: &Options, po: &Postoffice, intake: &mut Intake) -> Result<(), ToolError> {
    let Some(wanted) = &options.list_type else {
        return Ok(());
    };
    let place = parse_place(po, wanted)?;
    if place.is_some() || !wanted.kind.is_three_part() {
        intake.replace_list(ListName::new(wanted.kind, place));
    }
    Ok(())
}

/// `-r -gsnads`: nodes for which the file holds nothing stay as they are, and that is said (Q132408).
fn untouched_nodes(
    options: &Options,
    po: &Postoffice,
    state: &State,
    intake: &Intake,
) -> Vec<LogLine> {
    let Some(wanted) = options
        .list_type
        .as_ref()
        .filter(|_| options.flags.replace_list)
    else {
        return Vec::new();
    };
    if wanted.postoffice.is_some() {
        return Vec::new();
    }
    let nodes = nodes(po, state)
        .remove(&wanted.kind.family())
        .unwrap_or_default();
    let untouched = nodes.into_iter().filter(|id| !intake.has(id));
    untouched
        .map(|id| {
            let argument = format!(
                "{}: no line in the file, the list stays",
                id.display(po.code_page())
            );
            Message::new(62, argument)
                .with_severity(Severity::Warning)
                .into()
        })
        .collect()
}

/// Message 60 for every postoffice that autocreate gives a direct route.
fn places_messages(po: &Postoffice, decided: &Decided) -> Result<Vec<LogLine>, ToolError> {
    let is_server = po.role()? == Role::Server;
    let places = decided
        .plan
        .places
        .iter()
        .filter(|place| is_server && !place.kind.is_gateway_node());
    Ok(places
        .map(|place| LogLine::numbered(60, place.name.view(po.code_page())))
        .collect())
}

pub(super) fn open_log(
    options: &Options,
    session: &Session,
) -> Result<Option<ImportLog>, ToolError> {
    let path: PathBuf = match &options.log {
        None => return Ok(None),
        Some(LogFile::Path(path)) => path.clone(),
        Some(LogFile::Default) => session
            .po
            .layout()
            .dir_path(Dir::Log)?
            .join(layout::IMPORT_LOG.name()),
    };
    if options.dry_run {
        return Ok(None);
    }
    ImportLog::open(&path, session.clock.zone(), session.clock.year_digits()).map(Some)
}

/// Returns what the command line asks of the end of the pass.
pub(super) fn wishes(options: &Options) -> Wishes {
    Wishes {
        dry_run: options.dry_run,
        yes: options.flags.yes,
        verbose: options.flags.verbose,
        allow_deletes: options.allow_deletes,
        json: options.common.json,
    }
}
