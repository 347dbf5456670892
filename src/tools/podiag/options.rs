//! The command line of `podiag`: a program of the original of which only the name and one repair are published
//! (Q110496, Q119014); the spelling is that of its companions.

use std::ffi::OsString;

use clap::{CommandFactory, Parser};

use crate::tools::cli::login::LoginArgs;
use crate::tools::cli::{self, CommonArgs, Early, SPELLING_HELP, tables};

/// What is done about what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing: tell it.
    Tell,
    /// `--dry-run`: tell what a repair would do.
    DryRun,
    /// `--repair`: mend what can be mended without loss.
    Repair,
}

/// A command line of `podiag`.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who, and on which postoffice.
    pub login: LoginArgs,
    /// `--repair` and `--dry-run`.
    pub mode: Mode,
    /// `--list`: list the checks and look at no postoffice.
    pub list: bool,
    /// `--json` and `--report`.
    pub common: CommonArgs,
}

impl Options {
    /// Reads a command line, the first token of which is the program itself.
    ///
    /// # Errors
    ///
    /// There is nothing to run, or the command line is wrong.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Early> {
        let args: Args = cli::parse(&tables::PODIAG, arguments)?;
        Ok(Self {
            login: args.login,
            mode: match (args.dry_run, args.repair) {
                (true, _) => Mode::DryRun,
                (false, true) => Mode::Repair,
                (false, false) => Mode::Tell,
            },
            list: args.list,
            common: args.common,
        })
    }
}

/// Returns the definition that help, completions and the manual page are made from.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// Checks every size, count, pointer and number of a postoffice, and names the remedy
///
/// Ends with 0 when nothing or only remarks were found, with 5 otherwise. Reading needs no other program to be closed;
/// --repair does. Removing data is never a repair, and every file that one replaces is kept in GLB/PODIAG.nnn.
#[derive(Debug, Parser)]
#[command(
    name = "podiag",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = SPELLING_HELP
)]
struct Args {
    #[command(flatten)]
    login: LoginArgs,

    /// Mend what can be mended without losing anything, all of it or nothing
    #[arg(long)]
    repair: bool,

    /// Show what --repair would do and write nothing
    #[arg(long)]
    dry_run: bool,

    /// List every check with its articles, and look at no postoffice
    #[arg(long, conflicts_with_all = ["repair", "dry_run"])]
    list: bool,

    #[command(flatten)]
    common: CommonArgs,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(line: &str) -> Mode {
        let arguments = line.split_whitespace().map(OsString::from);
        Options::parse(arguments).expect(line).mode
    }

    #[test]
    fn a_dry_run_is_never_a_repair() {
        assert_eq!(mode("podiag admin -px -dM"), Mode::Tell);
        assert_eq!(mode("podiag admin -px -D/mail/po --repair"), Mode::Repair);
        assert_eq!(mode("podiag admin -px --repair --dry-run"), Mode::DryRun);
        assert_eq!(mode("podiag --dry-run admin"), Mode::DryRun);
    }

    #[test]
    fn listing_the_checks_needs_no_login() {
        let arguments = ["podiag", "--list"].map(OsString::from);
        assert!(Options::parse(arguments).expect("a list").list);
        let both = ["podiag", "--list", "--repair"].map(OsString::from);
        assert!(
            Options::parse(both)
                .expect_err("one or the other")
                .is_usage_error()
        );
    }
}
