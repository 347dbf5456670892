//! The command line of `listds` (`spec/protocol.md` 9.1).

use std::ffi::OsString;

use clap::{CommandFactory, Parser};

use crate::tools::cli::login::LoginArgs;
use crate::tools::cli::{self, CommonArgs, Early, SPELLING_HELP, tables};

/// Which record is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Neither `-s` nor `-r`: what the postoffice has.
    Both,
    /// `-s`: the server configuration with its requestor records.
    Server,
    /// `-r`: the requestor configuration.
    Requestor,
}

/// A command line of `listds`.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who, and on which postoffice.
    pub login: LoginArgs,
    /// Which record.
    pub part: Part,
    /// `-z`: set the numbers of the requestor to zero. Only with [`Part::Requestor`].
    pub zero: bool,
    /// `-v`: more detail.
    pub verbose: bool,
    /// `--dry-run`: with `-z`, show what would be set and write nothing.
    pub dry_run: bool,
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
        let args: Args = cli::parse(&tables::LISTDS, arguments)?;
        Ok(Self {
            login: args.login,
            part: match (args.server, args.requestor) {
                (true, _) => Part::Server,
                (false, true) => Part::Requestor,
                (false, false) => Part::Both,
            },
            zero: args.zero,
            verbose: args.verbose,
            dry_run: args.dry_run,
            common: args.common,
        })
    }
}

/// Returns the definition that help, completions and the manual page are made from.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// Shows the dir-sync configuration of a postoffice
#[derive(Debug, Parser)]
#[command(
    name = "listds",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = SPELLING_HELP
)]
struct Args {
    #[command(flatten)]
    login: LoginArgs,

    /// Show the server configuration and its requestor records
    #[arg(short, long, conflicts_with = "requestor")]
    server: bool,

    /// Show the requestor configuration
    #[arg(short, long)]
    requestor: bool,

    /// Set the sync numbers of the requestor to zero; refused on the dir-sync server
    // clap does not ask for what conflicts with something given, so -s -z needs the second rule.
    #[arg(short, long, requires = "requestor", conflicts_with = "server")]
    zero: bool,

    /// More detail
    #[arg(short, long)]
    verbose: bool,

    /// With -z: show what would be set and write nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    common: CommonArgs,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, Early> {
        Options::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_letters_of_the_synopsis_are_understood() {
        let seen = |line: &str| {
            let options = options(line).expect(line);
            (options.part, options.zero, options.verbose)
        };
        assert_eq!(
            seen("listds admin -ppassword -s"),
            (Part::Server, false, false)
        );
        assert_eq!(
            seen("listds admin -ppassword -R"),
            (Part::Requestor, false, false)
        );
        assert_eq!(
            seen("listds admin -pX -dN -r -z"),
            (Part::Requestor, true, false)
        );
        assert_eq!(seen("listds -V -pX admin"), (Part::Both, false, true));
    }

    #[test]
    fn zero_is_for_the_requestor_alone() {
        for line in [
            "listds admin -pX -z",
            "listds admin -pX -s -z",
            "listds admin -pX -s -r",
            "listds admin -pX -r -r",
        ] {
            assert!(options(line).expect_err(line).is_usage_error(), "{line}");
        }
    }
}
