//! The command lines of the programs, and what every program asks of its surroundings.
//!
//! [`parse`] reads a command line: the original spellings are rewritten ([`legacy`]), then clap takes
//! over, so that help, errors and completions come from one definition.

pub mod clock;
pub mod code_page;
pub mod confirm;
pub mod data;
pub mod drives;
pub mod interrupt;
pub mod legacy;
pub mod login;
pub mod password;
pub mod screen;
pub mod tables;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory, FromArgMatches};
use clap_complete::Shell;

use crate::tools::exit::ExitCode;
use legacy::Table;

/// The long options every program has.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CommonArgs {
    /// Print one summary object as JSON on standard output, and nothing else there
    #[arg(long, global = true)]
    pub json: bool,

    /// Write one line of JSON per entry to this file, and the summary last
    #[arg(long, value_name = "FILE", global = true)]
    pub report: Option<PathBuf>,

    /// Print this help
    #[arg(short = '?', long, global = true, action = ArgAction::Help)]
    help: Option<bool>,

    /// Print the version
    #[arg(long, global = true, action = ArgAction::Version)]
    version: Option<bool>,

    /// Print a completion script for this shell
    #[arg(long, value_name = "SHELL", hide = true, exclusive = true)]
    completions: Option<Shell>,

    /// Print the manual page
    #[arg(long, hide = true, exclusive = true)]
    man: bool,
}

/// A command line that ends before the program begins.
#[derive(Debug)]
pub enum Early {
    /// Help, version or a usage error, as clap prints it.
    Clap(Box<clap::Error>),
    /// A completion script or a manual page, ready to print.
    Text(Vec<u8>),
}

impl Early {
    /// Returns whether the command line was wrong.
    #[must_use]
    pub fn is_usage_error(&self) -> bool {
        matches!(self, Self::Clap(error) if error.use_stderr())
    }

    /// Prints what there is to print, a usage error to standard error and the rest to `screen`, and returns how
    /// the program ends.
    ///
    /// # Errors
    ///
    /// The text could not be written.
    pub fn finish(self, screen: &mut impl Write) -> io::Result<ExitCode> {
        match self {
            Self::Clap(error) if error.use_stderr() => {
                error.print()?;
                Ok(ExitCode::Usage)
            }
            Self::Clap(error) => {
                write!(screen, "{}", error.render())?;
                Ok(ExitCode::Done)
            }
            Self::Text(text) => {
                screen.write_all(&text)?;
                Ok(ExitCode::Done)
            }
        }
    }
}

/// Reads a command line, the first token of which is the program itself.
///
/// # Errors
///
/// There is nothing to run: help, version, completions or the manual page was asked for, or the command
/// line is wrong.
pub fn parse<A: CommandFactory + FromArgMatches>(
    table: &Table,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<A, Early> {
    let mut command = A::command();
    let arguments = table
        .rewrite(arguments)
        .map_err(|error| usage_error(&mut command, ErrorKind::UnknownArgument, error))?;
    let matches = command
        .try_get_matches_from_mut(arguments)
        .map_err(|error| explain_slash(&mut command, error))?;

    if let Some(shell) = matches.get_one::<Shell>("completions") {
        let mut text = Vec::new();
        clap_complete::generate(*shell, &mut command, table.program, &mut text);
        return Err(Early::Text(text));
    }
    if matches.get_flag("man") {
        let mut text = Vec::new();
        let rendered = clap_mangen::Man::new(command).render(&mut text);
        rendered.map_err(|error| clap(clap::Error::raw(ErrorKind::Io, error)))?;
        return Err(Early::Text(text));
    }
    A::from_arg_matches(&matches).map_err(clap)
}

/// Makes a usage error as clap would, for a rule that clap cannot express.
pub fn usage_error(
    command: &mut clap::Command,
    kind: ErrorKind,
    message: impl std::fmt::Display,
) -> Early {
    clap(command.error(kind, message))
}

fn clap(error: clap::Error) -> Early {
    Early::Clap(Box::new(error))
}

/// Why a bare token may not begin with a slash: paths stay unambiguous (`spec/import.md` 2.1).
const NO_SLASH: &str =
    "options begin with '-', not '/', and a path is attached to its option (-f/tmp/names.txt)";

/// Says of a second bare token that begins with a slash what [`administrator`] says of the first.
fn explain_slash(command: &mut clap::Command, error: clap::Error) -> Early {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(token)) if token.starts_with('/') => {
            let message = format!("'{token}': {NO_SLASH}");
            usage_error(command, ErrorKind::UnknownArgument, message)
        }
        _ => clap(error),
    }
}

/// Reads the name of the administrator's mailbox: the one bare token.
fn administrator(token: &str) -> Result<String, String> {
    if token.is_empty() {
        return Err("the mailbox name is empty".into());
    }
    if token.starts_with('/') {
        return Err(NO_SLASH.into());
    }
    Ok(token.into())
}

/// What every program says at the end of its help.
pub const SPELLING_HELP: &str = "\
Letters may be in either case and stand in any order; a value is attached to its
letter without blank: -dM, -ppassword. Long options take theirs after '=' or a blank.
Environment: DIRSYNC_PASSWORD, DIRSYNC_DRIVE_<LETTER> (the directory of a drive),
DIRSYNC_NOW (RFC 3339, instead of the clock), DIRSYNC_LOG_YEARS (2 or 4), TZ.";

#[cfg(test)]
mod tests {
    use super::legacy::Value;
    use super::*;
    use crate::tools::{
        admin, audit, dssched, external, import, listds, listq, nsda, podiag, rebuild, reqmain,
        resync, srvmain,
    };

    fn commands() -> [(&'static Table, clap::Command); 11] {
        [
            (&tables::ADMIN, admin::options::command()),
            (&tables::DSSCHED, dssched::options::command()),
            (&tables::EXTERNAL, external::options::command()),
            (&tables::IMPORT, import::options::command()),
            (&tables::LISTDS, listds::options::command()),
            (&tables::LISTQ, listq::options::command()),
            (&tables::NSDA, nsda::options::command()),
            (&tables::REQMAIN, reqmain::options::command()),
            (&tables::SRVMAIN, srvmain::options::command()),
            (&tables::REBUILD, rebuild::options::command()),
            (&tables::PODIAG, podiag::options::command()),
        ]
    }

    #[test]
    fn every_table_row_is_an_option_of_its_program_and_takes_what_the_row_says() {
        for (table, mut command) in commands() {
            command.build();
            assert_eq!(command.get_name(), table.program);
            for row in table.options {
                let option = command
                    .get_arguments()
                    .find(|option| option.get_long() == Some(row.long))
                    .unwrap_or_else(|| panic!("{}: --{}", table.program, row.long));
                let takes = option.get_num_args().expect("built");
                let expected = match row.value {
                    Value::None => (0, 0),
                    Value::Required | Value::File | Value::Apart => (1, 1),
                    Value::Optional => (0, 1),
                };
                assert_eq!(
                    (takes.min_values(), takes.max_values()),
                    expected,
                    "{} --{}",
                    table.program,
                    row.long
                );
                if let [letter] = *row.letters.as_bytes() {
                    assert_eq!(
                        option.get_short(),
                        Some(char::from(letter)),
                        "--{}",
                        row.long
                    );
                }
            }
        }
    }

    #[test]
    fn every_letter_in_the_help_is_in_the_table() {
        for (table, mut command) in commands() {
            command.build();
            for option in command.get_arguments() {
                let Some(letter) = option.get_short() else {
                    continue;
                };
                let known = table
                    .options
                    .iter()
                    .any(|row| row.letters == letter.to_string());
                assert!(known || letter == '?', "{}: -{letter}", table.program);
            }
        }
    }

    #[test]
    fn the_definitions_are_sound() {
        for (_, command) in commands() {
            command.debug_assert();
        }
        resync::options::command().debug_assert();
        audit::options::command().debug_assert();
    }

    #[test]
    fn completions_and_manual_pages_need_no_other_argument() {
        let text = |arguments: &[&str]| {
            let arguments = arguments.iter().map(OsString::from);
            match listq::options::Options::parse(arguments) {
                Err(Early::Text(text)) => String::from_utf8(text).expect("text"),
                other => panic!("{other:?}"),
            }
        };
        let bash = text(&["listq", "--completions", "bash"]);
        assert!(
            bash.contains("_listq()") && bash.contains("--checksum"),
            "{bash}"
        );
        let man = text(&["listq", "--man"]);
        assert!(man.contains(".TH listq 1"), "{man}");
    }
}
