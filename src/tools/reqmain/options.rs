//! The command line of `reqmain` (`spec/protocol.md` 8.1).

use std::ffi::OsString;

use clap::{ArgGroup, CommandFactory, Parser};

use crate::tools::cli::login::LocationArgs;
use crate::tools::cli::{self, CommonArgs, Early, SPELLING_HELP, tables};

/// Which half of a requestor's cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `-t`: T1, send status report and request.
    Transmit,
    /// `-r`: the receiving half of T3.
    Receive,
}

/// A command line of `reqmain`.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to do.
    pub mode: Mode,
    /// On which postoffice.
    pub location: LocationArgs,
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
        let args: Args = cli::parse(&tables::REQMAIN, arguments)?;
        Ok(Self {
            mode: match args.transmit {
                true => Mode::Transmit,
                false => Mode::Receive,
            },
            location: args.location,
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

/// Exchanges dir-sync mail with the directory server, for a requestor
///
/// -t (T1) sends the status report and the request with the updates that wait in REQTRANS. -r (T3) takes the replies:
/// updates go into SRVTRANS, where import -q finds them, and what the server has confirmed leaves REQTRANS.
#[derive(Debug, Parser)]
#[command(
    name = "reqmain",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    group = ArgGroup::new("mode").required(true).args(["transmit", "receive"]),
    after_help = SPELLING_HELP
)]
struct Args {
    /// Send the status report and the request (T1)
    #[arg(short, long)]
    transmit: bool,

    /// Take the replies of the server (T3)
    #[arg(short, long)]
    receive: bool,

    #[command(flatten)]
    location: LocationArgs,

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
    fn ds_c001_the_published_line_is_t1_on_drive_n() {
        let options = options("reqmain -t -dn").expect("as published");
        assert_eq!(options.mode, Mode::Transmit);
        assert_eq!(options.location.data, DataLocation::Drive('N'));
        assert!(!options.dry_run);
    }

    #[test]
    fn ds_c006_the_receiving_half_needs_no_administrator() {
        let options = options("REQMAIN -R -Dn --dry-run").expect("as published");
        assert_eq!(options.mode, Mode::Receive);
        assert!(options.dry_run);
    }

    #[test]
    fn one_half_and_no_more_is_named() {
        for line in [
            "reqmain",
            "reqmain -dn",
            "reqmain -t -r",
            "reqmain admin -t",
        ] {
            assert!(options(line).expect_err(line).is_usage_error(), "{line}");
        }
    }
}
