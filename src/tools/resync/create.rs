//! `resync create`: full lists for any requestor, or for those named.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::PROGRAM;
use super::options::CreateArgs;
use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::messages::Message;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::full_list::{self, Job, Selection, Server, Target, settings};
use crate::tools::pass::{Report, Wishes};
use crate::tools::session::{Access, Session, complete_login};

/// Runs `resync create`.
///
/// # Errors
/// No file is in place; the error says why and how the program ends.
pub(super) fn run(args: &CreateArgs, screen: &mut impl Write) -> anyhow::Result<ExitCode> {
    let clock = Clock::from_environment()?;
    let interrupt = Interrupt::install()?;
    let report = Report::create(args.common.report.as_deref())?;
    let access = Access::of_writer(args.dry_run);
    let login = complete_login(&args.login)?;
    let session = Session::open(PROGRAM, &login, access, clock)?;
    let (code_page, own) = (session.po.code_page(), session.po.name().clone());
    // The file was asked for by its name; there is nothing else to permit.
    let wishes = Wishes {
        dry_run: args.dry_run,
        yes: true,
        json: args.common.json,
        ..Wishes::default()
    };
    full_list::run(
        session,
        |server| jobs(args, server, &own, code_page),
        &wishes,
        report,
        None,
        &interrupt,
        screen,
    )
}

/// Returns the files to make.
fn jobs(
    args: &CreateArgs,
    server: &Server,
    own: &PostofficeName,
    code_page: CodePage,
) -> Result<Vec<Job>, ToolError> {
    let mut named: Vec<(PostofficeName, Selection)> = Vec::new();
    for text in &args.requestors {
        let name = parse_name(text, code_page)?;
        if name.is_same(own, code_page) {
            let text = format!(
                "{}: the server does not process its own list (list-own)",
                name.view(code_page)
            );
            return Err(ToolError::new(ExitCode::NotHere, text).with_message(Message::new(14, "")));
        }
        let (name, record) = server.requestor(&name)?;
        if !named
            .iter()
            .any(|(known, _)| known.is_same(&name, code_page))
        {
            named.push((name, settings(record)));
        }
    }
    if named.is_empty() {
        return Ok(vec![Job {
            target: target(args, None, false, code_page)?,
            selection: Selection::ALL,
            addressee: None,
        }]);
    }
    if args.shared {
        return Ok(vec![Job {
            target: target(args, None, false, code_page)?,
            selection: shared(&named, code_page)?,
            addressee: None,
        }]);
    }
    let several = named.len() > 1;
    let jobs = named.into_iter().map(|(name, selection)| {
        Ok(Job {
            target: target(args, Some(&name), several, code_page)?,
            selection: Selection {
                without: Some(name.clone()),
                ..selection
            },
            addressee: Some(name),
        })
    });
    jobs.collect()
}

/// Returns the one selection of all requestors named; each ignores its own list in the file.
fn shared(
    named: &[(PostofficeName, Selection)],
    code_page: CodePage,
) -> Result<Selection, ToolError> {
    let (first, selection) = &named[0];
    match named.iter().find(|(_, other)| other != selection) {
        None => Ok(selection.clone()),
        Some((other, _)) => Err(ToolError::usage(format!(
            "--shared: {} and {} have asked for different types, or only one of them for templates",
            first.view(code_page),
            other.view(code_page)
        ))),
    }
}

fn parse_name(text: &str, code_page: CodePage) -> Result<PostofficeName, ToolError> {
    let wrong = |reason: String| ToolError::usage(format!("--for {text}: {reason}"));
    let name = match text.get(..4) {
        Some(kind) if kind.eq_ignore_ascii_case("PCM:") => &text[4..],
        _ => text,
    };
    let bytes = code_page.encode(name).map_err(|e| wrong(e.to_string()))?;
    PostofficeName::parse(&bytes, code_page).map_err(|e| wrong(e.to_string()))
}

fn target(
    args: &CreateArgs,
    name: Option<&PostofficeName>,
    several: bool,
    code_page: CodePage,
) -> Result<Target, ToolError> {
    let Some(output) = &args.output else {
        if several {
            return Err(ToolError::usage(
                "several requestors need several files: -o FILE or -o DIRECTORY",
            ));
        }
        return Ok(Target::Postoffice);
    };
    let name = name.map(|name| name.view(code_page).replace('/', "-"));
    Ok(Target::Outside(path(output, name.as_deref(), several)))
}

fn path(output: &Path, name: Option<&str>, several: bool) -> PathBuf {
    match (output.is_dir(), name) {
        (true, Some(name)) => output.join(format!("RESYNC-{name}.GLB")),
        (true, None) => output.join("RESYNC.GLB"),
        (false, Some(name)) if several => {
            let mut file = output.file_stem().unwrap_or_default().to_owned();
            file.push("-");
            file.push(name);
            if let Some(extension) = output.extension() {
                file.push(".");
                file.push(extension);
            }
            output.with_file_name(file)
        }
        (false, _) => output.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_files_get_the_names_of_their_requestors() {
        let path = |output: &str, name, several| {
            let path = super::path(Path::new(output), name, several);
            path.to_str().expect("text").to_owned()
        };
        assert_eq!(path("no/x.glb", None, false), "no/x.glb");
        assert_eq!(path("no/x.glb", Some("N-A"), false), "no/x.glb");
        assert_eq!(path("no/x.glb", Some("N-A"), true), "no/x-N-A.glb");
        assert_eq!(path("no/x", Some("N-A"), true), "no/x-N-A");
        let directory = tempfile::tempdir().expect("a temporary directory");
        let inside = |name, several| {
            let path = super::path(directory.path(), name, several);
            path.strip_prefix(directory.path())
                .expect("inside")
                .to_owned()
        };
        assert_eq!(inside(None, false), Path::new("RESYNC.GLB"));
        assert_eq!(inside(Some("N-A"), false), Path::new("RESYNC-N-A.GLB"));
    }
}
