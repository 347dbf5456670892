//! `listds`: the dir-sync configuration of a postoffice (`spec/protocol.md` 9.1).
//!
//! The screens go to standard output as published; remarks, which the original did not have, to standard
//! error. Only `-z` writes.

pub mod options;
pub mod reset;
pub mod screen;
pub mod view;

use std::ffi::OsString;
use std::io::{self, Write};
use std::time::Instant;

use serde::Serialize;

use crate::codec::reqconf::ReqConf;
use crate::postoffice::{Postoffice, Role, layout};
use crate::tools::cli::clock::Clock;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{Note, Numbers, ReportFile};
use crate::tools::session::{Access, Program, Session, numbers};
use options::{Options, Part};
use screen::Screen;
use view::{OwnView, ServerView};

/// Reading leaves no trace in the logs.
const READER: Program = Program {
    name: "listds",
    banner: None,
    farewell: None,
};

/// A reset does; these lines are ours.
const WRITER: Program = Program {
    name: "listds",
    banner: Some("Microsoft Mail for the PC v3.2, ListDS v3.2"),
    farewell: Some("ListDS is finished."),
};

/// What a run found: the object of `--json`, and the last line of a report.
#[derive(Debug, Serialize)]
struct Found {
    program: &'static str,
    postoffice: String,
    dry_run: bool,
    /// SRVCONF.GLB, where it was asked for and is whole.
    server: Option<ServerView>,
    /// REQCONF.GLB, in the same way; after `-z` as it is then.
    requestor: Option<OwnView>,
    /// The numbers before `-z`.
    before: Option<Numbers>,
    /// The numbers after it.
    after: Option<Numbers>,
    messages: Vec<Note>,
    seconds: f64,
    exit: ExitCode,
    #[serde(skip)]
    asked: Asked,
}

/// Which files a command line is about on this postoffice.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    server: bool,
    requestor: bool,
}

/// Reads a command line and shows, or resets, what it says; the first of `arguments` is the program itself.
///
/// # Errors
/// No such postoffice, a wrong login, not a server or not a requestor, a damaged file; or the output could
/// not be written.
pub fn start(arguments: Vec<OsString>, output: &mut impl Write) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(early) => return Ok(early.finish(output)?),
    };
    let clock = Clock::from_environment()?;
    let report = options
        .common
        .report
        .as_deref()
        .map(ReportFile::create)
        .transpose()?;
    let writes = options.zero && !options.dry_run;
    let (program, access) = match writes {
        true => (WRITER, Access::Write),
        false => (READER, Access::Read),
    };
    let mut session = Session::open(program, &options.login, access, clock)?;

    let mut found = Found {
        program: program.name,
        postoffice: session.po.name().view(session.po.code_page()),
        dry_run: options.zero && options.dry_run,
        server: None,
        requestor: None,
        before: None,
        after: None,
        messages: Vec::new(),
        seconds: 0.0,
        exit: ExitCode::Done,
        asked: Asked::default(),
    };
    let error = if options.zero {
        zero(&mut session, &mut found, writes)?;
        None
    } else {
        read(&session.po, options.part, &mut found)?
    };
    let zone = session.clock.zone().clone();
    drop(session); // and with it the lock: a screen that stands in a pager keeps nobody out
    if !options.common.json {
        let screen = Screen {
            postoffice: &found.postoffice,
            verbose: options.verbose,
            zone: &zone,
            output,
        };
        print(screen, &found)?;
        output.flush()?;
        print_remarks(&found.messages);
    }
    if let Some(error) = &error {
        found.messages.push(note(error));
        found.exit = error.exit;
    }
    // Milliseconds, as in the summaries of the other programs.
    found.seconds = started.elapsed().as_millis() as f64 / 1000.0;
    if options.common.json {
        serde_json::to_writer(&mut *output, &found).map_err(io::Error::from)?;
        writeln!(output)?;
    }
    if let Some(mut report) = report {
        for record in found.server.iter().flat_map(|server| &server.requestors) {
            report.line(record)?;
        }
        report.finish_with(&found, found.exit)?;
    }
    match error {
        Some(error) => Err(error.into()),
        None => Ok(ExitCode::Done),
    }
}

fn note(text: impl ToString) -> Note {
    Note {
        number: None,
        text: text.to_string(),
    }
}

/// Resets the requestor, or finds out what a reset would do.
fn zero(session: &mut Session, found: &mut Found, writes: bool) -> Result<(), ToolError> {
    let reset = match writes {
        true => reset::carry_out(session)?,
        false => reset::decide(&session.po)?,
    };
    found.asked.requestor = true;
    found.before = Some(numbers(&reset.before));
    found.after = Some(numbers(&reset.after));
    if reset.before == reset.after {
        let text = "the numbers and pointers were reset already; nothing was written";
        found.messages.push(note(text));
    }
    found.messages.extend(reset.warnings.iter().map(note));
    found.requestor = Some(own_view(&session.po, &reset.after));
    Ok(())
}

/// Reads what was asked for. Damage to one file does not hide the other; it is returned for the end.
fn read(po: &Postoffice, part: Part, found: &mut Found) -> Result<Option<ToolError>, ToolError> {
    let role = po.role()?;
    if part == Part::Server && role != Role::Server {
        return Err(ToolError::new(
            ExitCode::NotHere,
            format!(
                "{} is no dir-sync server: GLB/SRVCONF.GLB does not exist",
                found.postoffice
            ),
        ));
    }
    found.asked = Asked {
        server: part != Part::Requestor && role == Role::Server,
        requestor: part != Part::Server,
    };
    let mut errors = Vec::new();
    if found.asked.server {
        match po.server_config() {
            Ok(Some(config)) => {
                let server = ServerView::new(&config, po.code_page());
                found.messages.extend(server.remarks.iter().map(note));
                errors.extend(faults(po, &server)?);
                found.server = Some(server);
            }
            Ok(None) => {} // went between two looks, which the lock does not let happen
            Err(error) => errors.push(error.into()),
        }
    }
    if found.asked.requestor {
        match po.requestor_config() {
            Ok(config) => {
                let own = own_view(po, &config);
                found.messages.extend(own.remark().map(note));
                found.requestor = Some(own);
            }
            Err(error) => errors.push(error.into()),
        }
    }
    Ok(errors.into_iter().reduce(|first, second| {
        ToolError::new(first.exit.worst(second.exit), format!("{first}; {second}"))
    }))
}

fn own_view(po: &Postoffice, config: &ReqConf) -> OwnView {
    OwnView::new(config, po.code_page())
}

/// Returns the contradictions in SRVCONF.GLB as one error; a long list is cut.
fn faults(po: &Postoffice, server: &ServerView) -> Result<Option<ToolError>, ToolError> {
    const NAMED: usize = 8;
    let faults = &server.faults;
    if faults.is_empty() {
        return Ok(None);
    }
    let path = po.layout().path(&layout::SRVCONF)?;
    let mut text = faults[..faults.len().min(NAMED)].join("; ");
    if faults.len() > NAMED {
        text.push_str(&format!("; and {} more", faults.len() - NAMED));
    }
    let text = format!("{}: {text}", path.display());
    Ok(Some(ToolError::new(ExitCode::Damaged, text)))
}

fn print(mut screen: Screen<'_>, found: &Found) -> io::Result<()> {
    screen.banner()?;
    if found.asked.server {
        screen.heading("Server")?;
        if let Some(server) = &found.server {
            screen.server(server)?;
        }
    }
    if found.asked.requestor {
        if found.asked.server {
            writeln!(screen.output)?;
        }
        screen.heading("Requestor")?;
        if let Some(own) = &found.requestor {
            screen.requestor(own)?;
        }
    }
    match (found.before, found.after) {
        (Some(before), Some(after)) => print_reset(found, before, after, screen.output),
        _ => Ok(()),
    }
}

fn print_reset(
    found: &Found,
    before: Numbers,
    after: Numbers,
    output: &mut dyn Write,
) -> io::Result<()> {
    writeln!(output)?;
    writeln!(
        output,
        "ReqSync {} -> {}, SrvSync {} -> {}, ImportSync {} -> {}; all four queue pointers -1.",
        before.req_sync,
        after.req_sync,
        before.srv_sync,
        after.srv_sync,
        before.import_sync,
        after.import_sync,
    )?;
    for line in reset::STILL_TO_DO {
        writeln!(output, "{line}")?;
    }
    if found.dry_run {
        writeln!(output, "Dry run: nothing was written.")?;
    }
    Ok(())
}

/// Prints remarks to standard error, so that the screens stay as published.
fn print_remarks(remarks: &[Note]) {
    let mut errors = io::stderr().lock();
    for remark in remarks {
        // Without a standard error nobody reads remarks; the run goes on.
        let _gone = writeln!(errors, "{}: remark: {}", READER.name, remark.text);
    }
}
