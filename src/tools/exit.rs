//! Exit codes (`spec/design.md` section 5), the errors that carry them, and the end of every `main`.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use crate::codec::CodecError;
#[cfg(feature = "ldap")]
use crate::directory::ldap::{Incomplete, LdapError, ResultCode};
use crate::messages::Message;
use crate::plan::outcome::Counts;
use crate::postoffice::PostofficeError;
use crate::tools::cli::interrupt;
use crate::tools::cli::screen::Screen;
use crate::tools::report::{Note, Summary};

/// How a program ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitCode {
    /// Done; every entry applied, already there, or rightly ignored.
    #[default]
    Done = 0,
    /// Done, but some entries were refused or withheld; the report names each.
    Partial = 1,
    /// Wrong usage; nothing touched.
    Usage = 2,
    /// Stopped by the guard; nothing written.
    Guard = 3,
    /// Out of step: a gap, lost state or a stale resync.
    OutOfStep = 4,
    /// Differences found.
    Differences = 5,
    /// Damaged data file.
    Damaged = 65,
    /// No such postoffice, file or entry.
    NotFound = 66,
    /// Could not write; nothing changed.
    CannotWrite = 73,
    /// Locked, busy or interrupted; try again.
    Busy = 75,
    /// Bad id or password.
    BadLogin = 77,
    /// Not here: wrong role, or a file addressed to another.
    NotHere = 78,
}

impl ExitCode {
    /// Every code, from the mildest to the worst: the order of [`worst`](Self::worst).
    ///
    /// Done in part is milder than a finding about the data, that milder than a run that was stopped, that
    /// milder than one that could not begin. What may mend itself by trying again ([`Busy`](Self::Busy)) is
    /// the mildest of the last; damage and wrong usage, which need a person, are the worst.
    pub const BY_SEVERITY: [Self; 12] = [
        Self::Done,
        Self::Partial,
        Self::Differences,
        Self::OutOfStep,
        Self::Guard,
        Self::Busy,
        Self::NotFound,
        Self::NotHere,
        Self::BadLogin,
        Self::CannotWrite,
        Self::Damaged,
        Self::Usage,
    ];

    /// Merges the ends of two parts of one run: the worse one wins, in the order of
    /// [`BY_SEVERITY`](Self::BY_SEVERITY).
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        if other.severity() > self.severity() {
            other
        } else {
            self
        }
    }

    /// Returns the number the shell sees.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns what the code says, as in the table of the design.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "done, but not for every entry",
            Self::Usage => "wrong usage",
            Self::Guard => "stopped by the guard, nothing written",
            Self::OutOfStep => "out of step",
            Self::Differences => "differences found",
            Self::Damaged => "damaged data file",
            Self::NotFound => "not found",
            Self::CannotWrite => "could not write, nothing changed",
            Self::Busy => "locked, busy or interrupted, try again",
            Self::BadLogin => "bad id or password",
            Self::NotHere => "not here",
        }
    }

    fn severity(self) -> usize {
        Self::BY_SEVERITY
            .iter()
            .position(|code| *code == self)
            .expect("every code has its place in the order")
    }
}

/// [`Partial`](ExitCode::Partial) where an entry was refused or withheld, else [`Done`](ExitCode::Done).
impl From<&Counts> for ExitCode {
    fn from(counts: &Counts) -> Self {
        if counts.is_partial() {
            Self::Partial
        } else {
            Self::Done
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

impl Serialize for ExitCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

/// An error that knows how the program ends; carried inside [`anyhow::Error`].
#[derive(Debug)]
pub struct ToolError {
    /// How the program ends.
    pub exit: ExitCode,
    /// What went wrong, in lower case and without a full stop, unless it is a published text.
    pub message: String,
    /// The published message that the logs get, where there is one.
    pub logged: Option<Message>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ToolError {
    /// Makes an error without a cause.
    pub fn new(exit: ExitCode, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            logged: None,
            source: None,
        }
    }

    /// Makes a usage error.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, message)
    }

    /// Adds the published message that the logs get.
    #[must_use]
    pub fn with_message(mut self, message: Message) -> Self {
        self.logged = Some(message);
        self
    }

    /// Adds the cause, which is printed after the message.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// The code is the one the postoffice layer names.
impl From<PostofficeError> for ToolError {
    fn from(error: PostofficeError) -> Self {
        let number = error.exit_code();
        let exit = ExitCode::BY_SEVERITY
            .into_iter()
            .find(|code| code.number() == number);
        Self::new(exit.unwrap_or(ExitCode::CannotWrite), error.to_string())
    }
}

/// The directory cannot be used as it was named, lets us not in, does not have what was asked for, or may answer later.
#[cfg(feature = "ldap")]
impl From<&LdapError> for ExitCode {
    fn from(error: &LdapError) -> Self {
        let refusal = match error {
            LdapError::WrongPassword { .. } | LdapError::NoPassword { .. } => {
                return Self::BadLogin;
            }
            LdapError::Url { .. } | LdapError::CaFile { .. } => return Self::Usage,
            LdapError::Refused { refusal, .. } => refusal,
            LdapError::Incomplete {
                cause: Incomplete::Result(refusal),
                ..
            } => refusal,
            _ => return Self::Busy,
        };
        match refusal.code {
            ResultCode::NO_SUCH_OBJECT => Self::NotFound,
            ResultCode::INSUFFICIENT_ACCESS_RIGHTS => Self::BadLogin,
            _ => Self::Busy,
        }
    }
}

#[cfg(feature = "ldap")]
impl From<LdapError> for ToolError {
    fn from(error: LdapError) -> Self {
        Self::new(ExitCode::from(&error), error.to_string())
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ToolError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_ref()
            .map(|source| &**source as &(dyn Error + 'static))
    }
}

/// Returns how a program ends that failed with `error`.
///
/// The first cause that knows decides: a [`ToolError`] by its code, a [`CodecError`] as damage (unless it
/// only passes on an I/O error), an I/O error by its kind. What nobody classified is
/// [`CannotWrite`](ExitCode::CannotWrite), since a run that fails has changed nothing.
#[must_use]
pub fn code_of(error: &anyhow::Error) -> ExitCode {
    // A context given to anyhow is not a link of its chain, only reachable by downcast.
    if let Some(error) = error.downcast_ref::<ToolError>() {
        return error.exit;
    }
    error
        .chain()
        .find_map(|cause| {
            if let Some(error) = cause.downcast_ref::<ToolError>() {
                Some(error.exit)
            } else if let Some(error) = cause.downcast_ref::<CodecError>() {
                Some(code_of_codec(error))
            } else {
                cause.downcast_ref::<io::Error>().map(code_of_io)
            }
        })
        .unwrap_or(ExitCode::CannotWrite)
}

fn code_of_codec(error: &CodecError) -> ExitCode {
    match error {
        CodecError::Io(error) => code_of_io(error),
        CodecError::Record { source, .. } => code_of_codec(source),
        _ => ExitCode::Damaged,
    }
}

fn code_of_io(error: &io::Error) -> ExitCode {
    match error.kind() {
        io::ErrorKind::NotFound => ExitCode::NotFound,
        io::ErrorKind::WouldBlock
        | io::ErrorKind::Interrupted
        | io::ErrorKind::TimedOut
        | io::ErrorKind::ResourceBusy => ExitCode::Busy,
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => ExitCode::Damaged,
        _ => ExitCode::CannotWrite,
    }
}

/// Runs a program and turns its end into the exit code of the process.
///
/// `run` gets standard output as a [`Screen`], which goes quiet when the reader has gone away: a broken
/// pipe is no failure, and the run ends as it would have. An error is printed to standard error as
/// `program: what: cause: cause`; with `--json` there is an object on standard output all the same.
pub fn main(
    program: &'static str,
    run: impl FnOnce(&mut Screen<io::StdoutLock<'static>>) -> anyhow::Result<ExitCode>,
) -> std::process::ExitCode {
    main_with(program, code_of, run)
}

/// As [`main`], for a program with exit codes of its own.
pub fn main_with<C: Copy + Serialize + Into<std::process::ExitCode>>(
    program: &'static str,
    code_of: impl Fn(&anyhow::Error) -> C,
    run: impl FnOnce(&mut Screen<io::StdoutLock<'static>>) -> anyhow::Result<C>,
) -> std::process::ExitCode {
    let mut screen = Screen::stdout();
    let result = match interrupt::fail_at_size_limit() {
        Ok(()) => run(&mut screen),
        Err(error) => Err(error.into()),
    };
    let printed = if screen.is_blank() && asks_for_json(env::args_os()) {
        let code = result.as_ref().map_or_else(&code_of, |code| *code);
        print_unsaid(program, result.as_ref().err(), code, &mut screen)
    } else {
        Ok(())
    };
    let flushed = printed.and_then(|()| screen.flush());
    let result = result.and_then(|code| match flushed {
        Ok(()) => Ok(code),
        Err(error) => Err(ToolError::new(ExitCode::CannotWrite, "standard output")
            .caused_by(error)
            .into()),
    });
    finish_with(program, code_of, result, &mut io::stderr().lock()).into()
}

/// Returns whether `--json` is on a command line, in front of a `--`.
fn asks_for_json(arguments: impl IntoIterator<Item = OsString>) -> bool {
    let mut options = arguments.into_iter().take_while(|token| token != "--");
    options.any(|token| token == "--json")
}

/// Prints the summary of a run that ended with `code` before it had one of its own.
fn print_unsaid(
    program: &'static str,
    error: Option<&anyhow::Error>,
    code: impl Serialize,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut summary = Summary::new(program, None, false);
    let note = error.map_or_else(
        || Note {
            number: None,
            text: ExitCode::Usage.meaning().to_owned(),
        },
        |error| {
            let known = error.downcast_ref::<ToolError>();
            let number = known.and_then(|known| Some(known.logged.as_ref()?.number));
            let text = format!("{error:#}");
            Note { number, text }
        },
    );
    summary.messages.push(note);
    let mut object = serde_json::to_value(&summary)?;
    object["exit"] = serde_json::to_value(code)?;
    writeln!(output, "{object}")
}

/// Prints an error, if there is one, and returns the code: [`main`] without the process around it.
pub fn finish(
    program: &str,
    result: anyhow::Result<ExitCode>,
    errors: &mut impl Write,
) -> ExitCode {
    finish_with(program, code_of, result, errors)
}

fn finish_with<C>(
    program: &str,
    code_of: impl Fn(&anyhow::Error) -> C,
    result: anyhow::Result<C>,
    errors: &mut impl Write,
) -> C {
    result.unwrap_or_else(|error| {
        // With standard error gone as well there is nobody left to tell; the code still says it.
        let _gone = writeln!(errors, "{program}: {error:#}");
        code_of(&error)
    })
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_design() {
        let numbers: Vec<_> = ExitCode::BY_SEVERITY
            .iter()
            .map(|code| code.number())
            .collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3, 4, 5, 65, 66, 73, 75, 77, 78]);
    }

    #[test]
    fn the_worst_wins_in_either_order() {
        for (at, milder) in ExitCode::BY_SEVERITY.iter().enumerate() {
            for worse in &ExitCode::BY_SEVERITY[at..] {
                assert_eq!(milder.worst(*worse), *worse);
                assert_eq!(worse.worst(*milder), *worse);
            }
        }
    }

    #[test]
    fn the_first_cause_that_knows_decides() {
        let not_found = || io::Error::from(io::ErrorKind::NotFound);
        let cases = [
            (anyhow::Error::from(not_found()), ExitCode::NotFound),
            (
                anyhow::Error::from(not_found()).context("reading REQCONF.GLB"),
                ExitCode::NotFound,
            ),
            (
                ToolError::new(ExitCode::NotHere, "no server here")
                    .caused_by(not_found())
                    .into(),
                ExitCode::NotHere,
            ),
            (
                anyhow::Error::from(not_found())
                    .context(ToolError::new(ExitCode::BadLogin, "x"))
                    .context("y"),
                ExitCode::BadLogin,
            ),
            (CodecError::field(0, "f", 1, 2).into(), ExitCode::Damaged),
            (
                CodecError::from(not_found()).in_record(1, 0).into(),
                ExitCode::NotFound,
            ),
            (anyhow::anyhow!("nobody knows"), ExitCode::CannotWrite),
        ];
        for (error, expected) in cases {
            assert_eq!(code_of(&error), expected, "{error:#}");
        }
    }

    #[test]
    fn an_error_is_printed_with_its_causes_on_one_line() {
        let mut errors = Vec::new();
        let result = Err(ToolError::new(ExitCode::Damaged, "REQCONF.GLB")
            .caused_by(CodecError::field(4, "req_sync", "x", "y")))
        .context("opening the postoffice");
        let code = finish("import", result, &mut errors);
        assert_eq!(code, ExitCode::Damaged);
        assert_eq!(
            String::from_utf8(errors).expect("text"),
            "import: opening the postoffice: REQCONF.GLB: byte 0x4: req_sync: found x, expected y\n"
        );
    }

    #[test]
    fn refused_or_withheld_entries_end_in_one() {
        let mut counts = Counts {
            ignored: 3,
            kept: 2,
            ..Counts::default()
        };
        assert_eq!(ExitCode::from(&counts), ExitCode::Done);
        counts.refused = 1;
        assert_eq!(ExitCode::from(&counts), ExitCode::Partial);
    }
}
