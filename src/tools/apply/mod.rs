//! Applies what the directory server sent: the queue that REQMAIN left, or a resync file. `import -q`
//! and `resync apply` are this one code path (`spec/import.md` 6.5, `spec/protocol.md` 5.2 to 5.4).

mod effects;
mod input;
mod saved;

use std::io::{self, Write};
use std::path::PathBuf;

use crate::codec::queue::Framing;
use crate::codec::reqconf::ReqOptions;
use crate::codec::resync::ResyncHeader;
use crate::messages::{Message, Severity};
use crate::plan::NewPlace;
use crate::plan::intake::{Filter, Intake, Setting};
use crate::plan::merge::{Rules, Source};
use crate::plan::outcome::OutcomeSink;
use crate::postoffice::Postoffice;
use crate::postoffice::layout;
use crate::postoffice::log::LogLine;
use crate::postoffice::touched::{TouchedEntries, TouchedEntry, TouchedState};
use crate::probe::layout::Layout;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::pass::{
    Decided, Effects, ImportLog, Pass, Report, Settings, State, Wishes, decide, lost_marks, nodes,
};
use crate::tools::session::Session;

pub use effects::StateMark;
pub use saved::run_saved;

/// What is to be applied, and how.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// A resync file; without one GLB/RESYNC.GLB, and without that the queue.
    pub resync: Option<PathBuf>,
    /// How the records lie in that file, or in SRVTRANS.GLB, where they are not ours.
    pub framing: Option<Layout>,
    /// A full list also drops entries that were made by hand.
    pub replace: bool,
    /// The source is taken as whole though it does not prove it.
    pub whole: bool,
    /// Fields that a transaction does not name keep their values.
    pub keep_info: bool,
    /// What else the operator asked.
    pub wishes: Wishes,
}

/// A run that has decided and not yet done anything.
#[derive(Debug)]
pub struct Prepared {
    /// What the run has read.
    pub state: State,
    /// What it has decided.
    pub decided: Decided,
    /// What changes beside the lists.
    pub effects: Effects,
    /// Messages about the run as a whole.
    pub messages: Vec<LogLine>,
    /// Header of the resync file, where one is applied.
    pub header: Option<ResyncHeader>,
}

/// Applies the queue or a resync file.
///
/// # Errors
/// Nothing was changed; the log says why.
pub fn run(
    mut session: Session,
    request: &Request,
    mut report: Report,
    log: Option<&ImportLog>,
    interrupt: &Interrupt,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let prepared = match prepare(&session, request, &mut report, interrupt) {
        Ok(prepared) => prepared,
        Err(error) => return Err(session.fail(error).into()),
    };
    let Prepared {
        state,
        decided,
        effects,
        messages,
        ..
    } = prepared;
    if let Some(log) = log.filter(|_| !decided.notes.is_empty()) {
        let po = &session.po;
        let mut source = |take: &mut dyn FnMut(u64, u64, &[u8])| {
            input::walk(po, request, take).map_err(io::Error::other)
        };
        let now = session.clock.now();
        log.write(po, &decided.notes, now, &mut source)?;
    }
    let wishes = &request.wishes;
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

/// Reads the source and decides over everything in it.
///
/// # Errors
/// The source cannot be read or may not be applied here; a list is damaged; interrupted.
pub fn prepare(
    session: &Session,
    request: &Request,
    report: &mut Report,
    interrupt: &Interrupt,
) -> Result<Prepared, ToolError> {
    let po = &session.po;
    let state = State::load(po)?;
    let mut intake = Intake::new(setting(session, &state, report.wants_details()));
    let mut touched = TouchedEntries::load(po)?;
    intake.watch(touched.keys(po.code_page()));
    let source = input::read(session, &state, request, &mut intake, interrupt)?;

    let lost = state.ownership.lost().map(ToOwned::to_owned);
    let mut messages = source.messages;
    let replaces = intake.replaces();
    let whole = (source.is_whole || request.whole) && (lost.is_none() || request.replace);
    if replaces && !whole {
        messages.push(withheld(lost.as_deref(), source.header.is_some()));
    }
    let confirmed = match &source.header {
        Some(header) => {
            touched.renumber(state.config.req_sync.0, header.req_sync.0);
            header.req_sync.0
        }
        None => state.config.req_sync.0,
    };
    let news = touched.settle(confirmed, intake.seen(), po.code_page());
    messages.extend(news.iter().map(came_back));
    let rules = Rules {
        source: Source::Queue,
        whole,
        drop_marked: request.replace,
        templates: state.config.options.contains(ReqOptions::TEMPLATES_RECEIVE),
        keep_info: request.keep_info,
        code_page: po.code_page(),
    };
    let autocreate = state.config.options.contains(ReqOptions::CREATE_PO);
    let settings = Settings {
        rules,
        pol: false,
        autocreate,
    };
    let mut state = state;
    let decided = decide(po, &state, intake, &settings, report, interrupt)?;
    messages.extend(decided.plan.places.iter().map(|place| created(po, place)));
    if request.replace {
        state.ownership.start_anew();
    }
    let mut effects = effects::effects(
        session,
        &state,
        &effects::Source {
            header: source.header.as_ref(),
            framing: request.framing.as_ref(),
            damaged: &source.leftovers,
        },
        &mut messages,
    )?;
    if !news.is_empty() {
        effects
            .replace
            .push((layout::DIRSYNC_TCH, touched.encode()));
    }
    let header = source.header;
    Ok(Prepared {
        state,
        decided,
        effects,
        messages,
        header,
    })
}

fn setting(session: &Session, state: &State, keep_decisions: bool) -> Setting {
    let po = &session.po;
    Setting {
        source: Source::Queue,
        own: po.name().clone(),
        code_page: po.code_page(),
        filter: Filter {
            families: effects::wanted_families(&state.config),
            place: None,
        },
        replace: false,
        nodes: nodes(po, state),
        keep_decisions,
    }
}

/// Says that a postoffice is defined: a renamed one appears beside its old self until that is deleted by hand (Q96060).
fn created(po: &Postoffice, place: &NewPlace) -> LogLine {
    let name = place.name.view(po.code_page());
    LogLine::status(match place.kind.is_gateway_node() {
        true => format!("Autocreated {} node: {name}", place.kind.token()),
        false => format!(
            "Autocreated postoffice (where it is one renamed, delete its old definition): {name}"
        ),
    })
}

/// Says what became of an entry that was touched.
fn came_back(entry: &TouchedEntry) -> LogLine {
    let TouchedEntry { address, state, .. } = entry;
    let text = format!("touched entry {address}: {state}");
    match state {
        TouchedState::Missing => LogLine::text(Severity::Warning, text),
        _ => LogLine::status(text),
    }
}

/// Says why nothing is removed by absence.
fn withheld(lost: Option<&str>, is_resync: bool) -> LogLine {
    let reason = match (lost, is_resync) {
        (Some(lost), _) => return lost_marks(lost).into(),
        (None, true) => {
            "the resync file has no end mark, so it is not proven whole: nothing is removed by absence \
             (--whole takes it as whole)"
        }
        (None, false) => {
            "the queue is damaged, so it is not proven whole: nothing is removed by absence; \
             request an import or apply a resync"
        }
    };
    Message::new(40, reason)
        .with_severity(Severity::Error)
        .into()
}

/// The framing of the queues.
pub(super) const FRAMING: Framing = Framing::OURS;
