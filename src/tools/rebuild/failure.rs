//! How a rebuild that stops is said: in the published messages, on the screen and in both logs.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::messages::{GAL_NOT_INSTALLED, Message, Severity};
use crate::postoffice::batch::TargetFault;
use crate::postoffice::log::LogLine;
use crate::postoffice::{Postoffice, PostofficeError};
use crate::tools::exit::{ExitCode, ToolError};

/// "GAL Rebuild problem accessing files": every rebuild that stops has it (`spec/protocol.md` 10.3).
const PROBLEM: u16 = 203;

/// A run that stops, before it is logged.
#[derive(Debug)]
pub(super) struct Failure {
    /// What the logs get.
    pub(super) lines: Vec<LogLine>,
    /// What the screen gets, and the exit code.
    pub(super) error: Box<ToolError>,
}

impl Failure {
    /// Describes an error of the postoffice.
    pub(super) fn new(po: &Postoffice, error: &PostofficeError) -> Self {
        let root = po.layout().root();
        let text = below(root, &error.to_string());
        let exit = exit_of(error);
        if let PostofficeError::Incomplete { .. } = error {
            // Decided already: the next run installs the list.
            return Self {
                lines: vec![LogLine::text(Severity::Fatal, text.clone())],
                error: Box::new(ToolError::new(exit, text)),
            };
        }
        let message = message_of(root, error);
        let shown = match message.argument.is_empty() {
            true => format!("{message}: {text}"),
            false => message.to_string(),
        };
        let mut lines = vec![LogLine::from(message.clone())];
        if message.number != PROBLEM {
            lines.push(LogLine::numbered(PROBLEM, ""));
        }
        lines.push(LogLine::text(Severity::Fatal, GAL_NOT_INSTALLED));
        Self {
            lines,
            error: Box::new(ToolError::new(
                exit,
                format!("{shown}; {GAL_NOT_INSTALLED}"),
            )),
        }
    }
}

/// An interruption, or a report that cannot be written.
impl From<ToolError> for Failure {
    fn from(error: ToolError) -> Self {
        Self {
            lines: vec![
                LogLine::text(Severity::Fatal, error.to_string()),
                LogLine::numbered(PROBLEM, ""),
                LogLine::text(Severity::Fatal, GAL_NOT_INSTALLED),
            ],
            error: Box::new(error),
        }
    }
}

fn message_of(root: &Path, error: &PostofficeError) -> Message {
    match error {
        PostofficeError::Target(target) => {
            Message::new(PROBLEM, format!("{}: {}", target.file, target.fault))
        }
        PostofficeError::Write { path, source } | PostofficeError::Read { path, source } => {
            let file = below(root, &path.display().to_string());
            match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    Message::new(204, file)
                }
                _ if is_out_of_handles(source) => Message::new(249, file),
                _ => Message::new(PROBLEM, format!("{file}: {source}")),
            }
        }
        PostofficeError::Tid(reason) => Message::new(39, reason),
        PostofficeError::Codec { .. }
        | PostofficeError::Queue { .. }
        | PostofficeError::Ambiguous { .. } => Message::new(40, below(root, &error.to_string())),
        _ => Message::new(PROBLEM, below(root, &error.to_string())),
    }
}

/// A file that somebody holds may be free the next time.
fn exit_of(error: &PostofficeError) -> ExitCode {
    match error {
        PostofficeError::Target(target) if matches!(target.fault, TargetFault::Held(_)) => {
            ExitCode::Busy
        }
        other => {
            let number = other.exit_code();
            let mut codes = ExitCode::BY_SEVERITY.into_iter();
            codes
                .find(|code| code.number() == number)
                .unwrap_or(ExitCode::CannotWrite)
        }
    }
}

fn is_out_of_handles(error: &io::Error) -> bool {
    let handles = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
    error
        .raw_os_error()
        .is_some_and(|code| handles.contains(&code))
}

/// Writes paths below the root without it: the logs travel to the server.
fn below(root: &Path, text: &str) -> String {
    text.replace(&format!("{}/", root.display()), "")
}
