//! The command line of `tour`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};

use crate::tools::cli::Early;

/// A command line of `tour`, understood.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the postoffices are made.
    pub directory: PathBuf,
}

impl Options {
    /// Reads a command line, the first token of which is the program itself.
    ///
    /// # Errors
    ///
    /// There is nothing to do, or the command line is wrong.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Early> {
        let clap = |error| Early::Clap(Box::new(error));
        let matches = command().try_get_matches_from(arguments).map_err(clap)?;
        let args = Args::from_arg_matches(&matches).map_err(clap)?;
        Ok(Self {
            directory: args.directory,
        })
    }
}

/// Returns the definition that the help is made from.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// Makes a dir-sync server and two requestors in a new directory, and shows a resync at work
///
/// Every step is printed as the command that does it, with what it answered. The postoffices stay, to try the
/// programs on; their passwords are not set, so that any is accepted.
#[derive(Debug, Parser)]
#[command(
    name = "tour",
    version,
    disable_help_flag = true,
    disable_version_flag = true
)]
struct Args {
    /// A directory that does not exist yet, or is empty
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// Print this help
    #[arg(short = '?', long, action = ArgAction::Help)]
    help: Option<bool>,

    /// Print the version
    #[arg(long, action = ArgAction::Version)]
    version: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_directory_is_what_it_takes() {
        let parse = |line: &str| Options::parse(line.split(' ').map(OsString::from));
        let options = parse("tour /tmp/x").expect("valid");
        assert_eq!(options.directory, PathBuf::from("/tmp/x"));
        for wrong in ["tour", "tour a b", "tour -x a"] {
            assert!(parse(wrong).expect_err(wrong).is_usage_error(), "{wrong}");
        }
        for early in ["tour -?", "tour --help", "tour --version"] {
            assert!(!parse(early).expect_err(early).is_usage_error(), "{early}");
        }
    }
}
