//! `import -x`: address lists go into a text file that import reads back (`spec/import.md` 4.1).
//!
//! The file is appended to: what was there and the extract take its place together in one rename
//! ([`OutFile`]), so that it is never torn. The postoffice is only read, its logs too: an extract runs
//! beside other readers and on media that nobody can write.

use std::io::{self, Write};
use std::path::Path;

use super::options::Options;
use super::text;
use super::values::TypeFilter;
use crate::address::{AddressType, PostofficeName};
use crate::codec::NetworkKind;
use crate::importfile::Writer;
use crate::list::ListId;
use crate::messages::Message;
use crate::postoffice::Postoffice;
use crate::postoffice::places::Places;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::full_list::{self, How, Purpose, Walk, Walked, all_lists};
use crate::tools::outfile::OutFile;
use crate::tools::pass::Report;
use crate::tools::report::Note;
use crate::tools::session::{Access, Session, note};
use crate::transaction::ListName;

/// Runs `import -x`.
///
/// # Errors
/// The file is as it was; the error says why and how the program ends.
pub(super) fn run(options: &Options, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let clock = Clock::from_environment()?;
    let interrupt = Interrupt::install()?;
    let path = options
        .file
        .as_deref()
        .ok_or_else(|| ToolError::usage("the output file is missing: -f<file>"))?;
    let mut report = Report::create(options.common.report.as_deref())?;
    let mut session = Session::open(super::PROGRAM, &options.login, Access::Read, clock)?;
    let done = text::open_log(options, &session).and_then(|log| {
        let walked = extract(options, &session, path, &mut report, &interrupt)?;
        if let Some(log) = &log {
            full_list::write_failures(&session, log, &walked.messages)?;
        }
        Ok(walked)
    });
    let walked = match done {
        Ok(walked) => walked,
        Err(error) => return Err(session.fail(error).into()),
    };
    let mut summary = session.summary(options.dry_run);
    summary.counts = walked.counts;
    summary.messages = walked.messages.iter().map(note).collect();
    if options.flags.verbose {
        summary.messages.extend(walked.details());
    }
    if walked.counts.read == 0 {
        // An empty file without a word was a defect of the original (Q126610).
        summary.messages.push(Note {
            number: None,
            text: "the lists have no entries: nothing to extract".to_owned(),
        });
    }
    let exit = walked.exit();
    session.finish(&mut summary, exit);
    summary.print(options.common.json, screen)?;
    report.finish(&summary)?;
    Ok(exit)
}

fn extract(
    options: &Options,
    session: &Session,
    path: &Path,
    report: &mut Report,
    interrupt: &Interrupt,
) -> Result<Walked, ToolError> {
    let po = &session.po;
    check_code_page(options, po)?;
    let places = Places::load(po)?;
    let lists = wanted_lists(options, po, &places)?;
    let walk = Walk::new(po, &places, &lists, report, interrupt)?;
    if options.dry_run {
        let (walked, _) = write(options, walk, &lists, io::sink())?;
        return Ok(walked);
    }
    let file = OutFile::append(path).map_err(|error| unwritable(path, error))?;
    let (walked, mut file) = write(options, walk, &lists, file)?;
    file.seal().map_err(|error| unwritable(path, error))?;
    report.flush()?;
    file.put_in_place()
        .map_err(|error| unwritable(path, error))?;
    Ok(walked)
}

fn write<W: Write>(
    options: &Options,
    mut walk: Walk<'_>,
    lists: &[ListId],
    output: W,
) -> Result<(Walked, W), ToolError> {
    let full = |error: io::Error| {
        let message = Message::new(57, "");
        let text = format!("{message}: {error}");
        ToolError::new(ExitCode::CannotWrite, text).with_message(message)
    };
    let how = How {
        info: options.flags.templates,
        template: options.flags.templates,
        replace: false,
        purpose: Purpose::Extract,
    };
    let mut writer = Writer::new(output);
    for id in lists {
        walk.list(id, how, &mut |transaction| {
            writer.write(transaction).map_err(full)?;
            Ok(None)
        })?;
    }
    let output = writer.finish().map_err(full)?;
    Ok((walk.finish(), output))
}

/// Returns message 57 with the file and what the system said.
pub(super) fn unwritable(path: &Path, error: io::Error) -> ToolError {
    let message = Message::new(57, path.display().to_string());
    let text = format!("{message}: {error}");
    ToolError::new(ExitCode::CannotWrite, text).with_message(message)
}

/// The lists are bytes of the postoffice's code page, and the columns count them.
fn check_code_page(options: &Options, po: &Postoffice) -> Result<(), ToolError> {
    match options.code_page {
        Some(page) if page != po.code_page() => Err(ToolError::usage(format!(
            "--code-page: an extract is written in the code page of the postoffice, {}",
            po.code_page().id()
        ))),
        _ => Ok(()),
    }
}

/// Returns the lists to extract, in the order of the output: bare `-x` means those of PC Mail, FFAPI among them.
fn wanted_lists(
    options: &Options,
    po: &Postoffice,
    places: &Places,
) -> Result<Vec<ListId>, ToolError> {
    let kind = options
        .list_type
        .as_ref()
        .map_or(AddressType::Pcm, |filter| filter.kind);
    let named = options
        .list_type
        .as_ref()
        .and_then(|filter: &TypeFilter| filter.postoffice.as_deref());
    if let Some(name) = one_name(options.list.as_deref(), named)? {
        return one_list(kind, name, po, places).map(|id| vec![id]);
    }
    let family = kind.family();
    if family != AddressType::Pcm && places.gateway(kind).is_none() {
        return Err(not_found(44, kind.token()));
    }
    let mut lists = all_lists(po, places);
    match kind {
        AddressType::Ffapi => {
            let is_proxy = |id: &ListId| {
                let place = places.place_of(id);
                place.is_some_and(|place| place.network.record.kind == NetworkKind::Ffapi)
            };
            lists.retain(is_proxy);
            if !places
                .networks()
                .iter()
                .any(|network| network.record.kind == NetworkKind::Ffapi)
            {
                return Err(not_found(44, kind.token()));
            }
        }
        _ => lists.retain(|id| match id {
            ListId::Local => family == AddressType::Pcm,
            ListId::Postoffice { family: found, .. } => *found == family,
            ListId::Gateway(found) => *found == family,
            ListId::Pol => false,
        }),
    }
    Ok(lists)
}

/// Returns the `NET/PO` of `-x` and of `-g`, which may be given twice if it is the same.
fn one_name<'a>(
    extract: Option<&'a str>,
    filter: Option<&'a str>,
) -> Result<Option<&'a str>, ToolError> {
    match (extract, filter) {
        (Some(extract), Some(filter)) if extract.to_uppercase() != filter.to_uppercase() => {
            Err(ToolError::usage(format!(
                "-x names {extract}, -g names {filter}: which list is meant?"
            )))
        }
        (extract, filter) => Ok(extract.or(filter)),
    }
}

fn one_list(
    kind: AddressType,
    name: &str,
    po: &Postoffice,
    places: &Places,
) -> Result<ListId, ToolError> {
    let code_page = po.code_page();
    if !kind.is_three_part() {
        let text = format!("-x{name}: the gateway {} has one list", kind.token());
        return Err(ToolError::usage(text));
    }
    let name = code_page
        .encode(name)
        .map_err(|error| ToolError::usage(format!("-x{name}: {error}")))?;
    let name = PostofficeName::parse_for(kind, &name, code_page)
        .map_err(|error| ToolError::usage(format!("-x{}: {error}", code_page.decode(&name))))?;
    let id = ListId::of_place(kind, &name, po.name(), code_page);
    match places.check(&id) {
        Ok(()) => Ok(id),
        Err(missing) => {
            let list = ListName::new(kind, Some(name)).view(code_page);
            Err(not_found(missing.message(), &list))
        }
    }
}

fn not_found(number: u16, list: &str) -> ToolError {
    let message = Message::new(number, list);
    ToolError::new(ExitCode::NotFound, message.to_string()).with_message(message)
}
