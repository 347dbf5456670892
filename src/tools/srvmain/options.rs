//! The command line of `srvmain` (`spec/protocol.md` 8.1).

use std::ffi::OsString;

use clap::{ArgGroup, CommandFactory, Parser};

use crate::tools::cli::login::LocationArgs;
use crate::tools::cli::{self, CommonArgs, Early, SPELLING_HELP, tables};

/// Which half of T2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `-r`: take what the requestors sent.
    Receive,
    /// `-t`: answer them.
    Transmit,
}

/// A command line of `srvmain`.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to do.
    pub mode: Mode,
    /// On which postoffice.
    pub location: LocationArgs,
    /// `--own-lists-only`: an R for the list of another postoffice is not taken.
    pub own_lists_only: bool,
    /// `--dry-run`: decide everything, write nothing.
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
        let args: Args = cli::parse(&tables::SRVMAIN, arguments)?;
        Ok(Self {
            mode: match args.transmit {
                true => Mode::Transmit,
                false => Mode::Receive,
            },
            location: args.location,
            own_lists_only: args.own_lists_only,
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

/// Exchanges dir-sync mail with the requestors, for the directory server (T2)
///
/// -r takes requests and status reports: updates go into MSTTRANS, reports into LOG/CENTRAL.LOG. -t answers every
/// requestor whose request has come. What cannot be taken goes into the quarantine (MBG/QUARANT).
#[derive(Debug, Parser)]
#[command(
    name = "srvmain",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    group = ArgGroup::new("mode").required(true).args(["transmit", "receive"]),
    after_help = SPELLING_HELP
)]
struct Args {
    /// Take what the requestors sent
    #[arg(short, long)]
    receive: bool,

    /// Answer them
    #[arg(short, long)]
    transmit: bool,

    #[command(flatten)]
    location: LocationArgs,

    /// Take no R for the list of another postoffice: it would empty that list everywhere (Q156996)
    #[arg(long, conflicts_with = "transmit")]
    own_lists_only: bool,

    /// Decide everything, write nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    common: CommonArgs,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::cli::data::DataLocation;

    fn options(line: &str) -> Result<Options, Early> {
        Options::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn ds_c002_both_halves_of_t2_are_one_program() {
        let receive = options("srvmain -r -dm").expect("as published");
        assert_eq!(receive.mode, Mode::Receive);
        assert_eq!(receive.location.data, DataLocation::Drive('M'));
        assert_eq!(options("srvmain -T").expect("M").mode, Mode::Transmit);
        assert!(
            options("srvmain -r --own-lists-only")
                .expect("so")
                .own_lists_only
        );
    }

    #[test]
    fn one_half_and_no_more_is_named() {
        for line in [
            "srvmain",
            "srvmain -dn",
            "srvmain -t -r",
            "srvmain admin -t",
            "srvmain -t --own-lists-only",
        ] {
            assert!(options(line).expect_err(line).is_usage_error(), "{line}");
        }
    }
}
