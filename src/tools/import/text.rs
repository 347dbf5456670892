//! Plain import: the transactions of a text file go into the address lists (`spec/import.md` 6.1 to 6.3).

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use super::options::Options;
use super::values::LogFile;
use crate::address::PostofficeName;
use crate::importfile::{Block, Diagnostic, Reader, check_tokens};
use crate::messages::Message;
use crate::plan::Note;
use crate::plan::intake::{Filter, Intake, Setting};
use crate::plan::merge::{Rules, Source};
use crate::plan::op::Position;
use crate::plan::outcome::{Action, OutcomeSink};
use crate::postoffice::{Dir, Postoffice};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::pass::{
    Effects, ImportLog, Pass, Report, Settings, State, Wishes, decide, nodes, walk_blocks,
};
use crate::tools::session::{Access, Session};
use crate::transaction::{ListName, Transaction};

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
    let access = if options.dry_run {
        Access::Read
    } else {
        Access::Write
    };
    let mut session = Session::open(super::PROGRAM, &options.login, access, clock)?;
    let log = match open_log(options, &session) {
        Ok(log) => log,
        Err(error) => return Err(session.fail(error).into()),
    };
    let wishes = wishes(options);
    match prepare(
        options,
        path,
        &mut session,
        report,
        &interrupt,
        log.is_some(),
    ) {
        Ok((state, report, prepared)) => {
            let Prepared { decided, messages } = prepared;
            let (notes, po_log) = (decided.notes.clone(), log);
            let now = session.clock.now();
            let po_path = session.po.layout().root().to_owned();
            let effects = Effects {
                templates: options.flags.templates,
                ..Effects::default()
            };
            if let Some(log) = &po_log {
                let mut source = |take: &mut dyn FnMut(u64, u64, &[u8])| {
                    walk_blocks(BufReader::new(File::open(path)?), &session.po, take)
                };
                log.write(&session.po, &notes, now, &mut source)?;
            }
            let _ = po_path;
            let pass = Pass {
                session,
                state,
                wishes: &wishes,
                report,
                interrupt: &interrupt,
                messages,
            };
            pass.conclude(decided, effects, screen)
        }
        Err(error) => Err(session.fail(error).into()),
    }
}

struct Prepared {
    decided: crate::tools::pass::Decided,
    messages: Vec<Message>,
}

fn prepare(
    options: &Options,
    path: &Path,
    session: &mut Session,
    mut report: Report,
    interrupt: &Interrupt,
    wants_log: bool,
) -> Result<(State, Report, Prepared), ToolError> {
    let _ = wants_log;
    let state = State::load(&session.po)?;
    let mut messages = Vec::new();
    let lost = state.ownership.lost().map(ToOwned::to_owned);
    let whole = lost.is_none() || options.replace;
    let code_page = session.po.code_page();
    let rules = Rules {
        source: Source::Text,
        whole,
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
    let filter = filter(options, &session.po)?;
    let all_nodes = nodes(&session.po, &state);
    let setting = Setting {
        source: Source::Text,
        own: session.po.name().clone(),
        code_page,
        filter,
        replace: options.flags.replace_list,
        nodes: all_nodes,
        keep_decisions: report.wants_details(),
    };
    let mut intake = Intake::new(setting);
    if options.flags.replace_list {
        replace_named(options, &session.po, &mut intake)?;
    }
    let input = File::open(path).map_err(|error| unreadable(path, error))?;
    for block in Reader::new(BufReader::new(input), code_page) {
        interrupt.check()?;
        let block = block.map_err(|error| unreadable(path, error))?;
        take_block(&session.po, &mut intake, block);
    }
    if let (Some(reason), true) = (&lost, intake.replaces()) {
        messages.push(withheld(reason));
    }
    messages.extend(untouched_nodes(options, &session.po, &state, &intake));
    let decided = decide(
        &session.po,
        &state,
        intake,
        &settings,
        &mut report,
        interrupt,
    )?;
    messages.extend(places_messages(&session.po, &decided)?);
    Ok((state, report, Prepared { decided, messages }))
}

/// Feeds one block to the intake.
fn take_block(po: &Postoffice, intake: &mut Intake, block: Block) {
    let line = u32::try_from(block.line).unwrap_or(u32::MAX);
    let at = Position { line, sync: 0 };
    let mut note = |message: &Diagnostic| {
        let line = u32::try_from(message.line).unwrap_or(u32::MAX);
        let argument = argument_of(po, message);
        intake.notes.push(Note {
            at: Position { line, sync: 0 },
            message: message.number,
            argument,
        });
    };
    for message in &block.messages {
        note(message);
    }
    match block.transaction {
        None => {
            let message = block.messages.last().map_or(21, |message| message.number);
            let action = action_of(&block.raw);
            intake.take_refused(at, action, message, name_of(po, &block.raw));
        }
        Some(mut transaction) => {
            let foreign = check_tokens(&transaction, po.name(), po.code_page());
            for message in &foreign {
                note(message);
            }
            if !foreign.is_empty() {
                transaction.clear_tokens();
            }
            intake.take(at, transaction);
        }
    }
}

/// What a parse message says behind its text: what stood there.
pub(super) fn argument_of(po: &Postoffice, message: &Diagnostic) -> Vec<u8> {
    let text = format!(
        "column {}: found {}, expected {}",
        message.column, message.found, message.expected
    );
    po.code_page()
        .encode(&text)
        .unwrap_or_else(|_| text.into_bytes())
}

pub(super) fn action_of(raw: &[u8]) -> Action {
    match raw.first() {
        Some(b'A') => Action::Add,
        Some(b'D') => Action::Delete,
        Some(b'M') => Action::Modify,
        Some(b'R') => Action::Replace,
        Some(b'T') => Action::Template,
        _ => Action::None,
    }
}

/// Returns the name on a line that was refused, as far as its columns or TABs show one: an entry of that name
/// counts as present (design, section 5).
pub(crate) fn name_of<'a>(po: &Postoffice, raw: &'a [u8]) -> &'a [u8] {
    if !matches!(raw.first(), Some(b'A' | b'M')) || raw.len() < 3 {
        return &[];
    }
    let line = raw[2..]
        .split(|&b| b == b'\r' || b == b'\n')
        .next()
        .unwrap_or_default();
    let name = match po.code_page().find(line, b'\t') {
        Some(tab) => &line[..tab],
        None => po.code_page().cut(line, 30),
    };
    name.trim_ascii_end()
}

fn filter(options: &Options, po: &Postoffice) -> Result<Filter, ToolError> {
    let Some(wanted) = &options.list_type else {
        return Ok(Filter::default());
    };
    let place = match &wanted.postoffice {
        None => None,
        Some(name) => Some(parse_place(po, name)?),
    };
    Ok(Filter {
        families: Some(vec![wanted.kind.family()]),
        place,
    })
}

/// Reads a `NET/PO` of the command line.
pub(super) fn parse_place(po: &Postoffice, name: &str) -> Result<PostofficeName, ToolError> {
    let code_page = po.code_page();
    let wrong = |text: String| ToolError::usage(format!("{name}: {text}"));
    let bytes = code_page.encode(name).map_err(|e| wrong(e.to_string()))?;
    PostofficeName::parse(&bytes, code_page).map_err(|e| wrong(e.to_string()))
}

/// `-r` with one list named by `-g`: it is emptied even where the file says nothing about it.
fn replace_named(options: &Options, po: &Postoffice, intake: &mut Intake) -> Result<(), ToolError> {
    let Some(wanted) = &options.list_type else {
        return Ok(());
    };
    let place = match &wanted.postoffice {
        Some(name) => Some(parse_place(po, name)?),
        None => None,
    };
    if place.is_some() || !wanted.kind.is_three_part() {
        let list = ListName::new(wanted.kind, place);
        intake.take(Position::default(), Transaction::Replace { list });
    }
    Ok(())
}

/// `-r -gsnads`: nodes for which the file holds nothing stay as they are, and that is said (Q132408).
fn untouched_nodes(
    options: &Options,
    po: &Postoffice,
    state: &State,
    intake: &Intake,
) -> Vec<Message> {
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
            Message::new(62, argument).with_severity(crate::messages::Severity::Warning)
        })
        .collect()
}

/// Message 60 for every postoffice that autocreate gives a direct route.
pub(super) fn places_messages(
    po: &Postoffice,
    decided: &crate::tools::pass::Decided,
) -> Result<Vec<Message>, ToolError> {
    let is_server = po.role()? == crate::postoffice::Role::Server;
    let places = decided
        .plan
        .places
        .iter()
        .filter(|place| is_server && !place.kind.is_gateway_node());
    Ok(places
        .map(|place| Message::new(60, place.name.view(po.code_page())))
        .collect())
}

/// Says that nothing is removed by absence because it is not known what was made by hand.
pub(super) fn withheld(reason: &str) -> Message {
    let argument = format!(
        "{reason}: entries made by hand are no longer known, so nothing is removed by absence until one run with --replace"
    );
    Message::new(40, argument).with_severity(crate::messages::Severity::Error)
}

pub(super) fn unreadable(path: &Path, error: std::io::Error) -> ToolError {
    let exit = match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied => ExitCode::NotFound,
        _ => ExitCode::Damaged,
    };
    let message = Message::new(56, path.display().to_string());
    ToolError::new(exit, message.to_string())
        .with_message(message)
        .caused_by(error)
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
            .join(crate::postoffice::layout::IMPORT_LOG.name()),
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
        allow_deletes: options.allow_deletes,
        json: options.common.json,
    }
}
