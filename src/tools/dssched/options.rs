//! The command line of `dssched` (`spec/protocol.md` 9.2).

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, Parser};

use crate::tools::cli::login::LoginArgs;
use crate::tools::cli::{self, CommonArgs, Early, SPELLING_HELP, tables};

/// A command line of `dssched`.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who, and on which postoffice.
    pub login: LoginArgs,
    /// `-i`: the text that replaces the schedule.
    pub import: Option<PathBuf>,
    /// `-x`: where the schedule goes as text; with `-i`, the one before it.
    pub export: Option<PathBuf>,
    /// `-v`: more detail.
    pub verbose: bool,
    /// `--dry-run`: decide everything and write nothing.
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
        let args: Args = cli::parse(&tables::DSSCHED, arguments)?;
        Ok(Self {
            login: args.login,
            import: args.import,
            export: args.export,
            verbose: args.verbose,
            dry_run: args.dry_run,
            common: args.common,
        })
    }

    /// Tells whether the run may change the postoffice.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.import.is_some() && !self.dry_run
    }
}

/// Returns the definition that help, completions and the manual page are made from.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// Shows, exports or replaces the times at which a postoffice runs dir-sync
///
/// A schedule as text has an entry per line: T1, T2 or T3, a weekday from Sun to Sat, and HH:MM in 24 hours, as in
/// "T1 Mon 22:00". Times are those of the zone in TZ. nsda --due runs what is due.
#[derive(Debug, Parser)]
#[command(
    name = "dssched",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = SPELLING_HELP
)]
struct Args {
    #[command(flatten)]
    login: LoginArgs,

    /// Replace the schedule by that of this file; T2 lines count on a dir-sync server only
    #[arg(short, long, value_name = "FILE")]
    import: Option<PathBuf>,

    /// Write the schedule to this file; with -i, the one before it
    #[arg(short = 'x', long, value_name = "FILE")]
    export: Option<PathBuf>,

    /// More detail
    #[arg(short, long)]
    verbose: bool,

    /// Decide everything and write nothing
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
        let options = options("dssched ADMIN -Ppw -dN -I:new.txt -xold.txt -V").expect("published");
        assert_eq!(options.login.administrator.as_deref(), Some("ADMIN"));
        assert_eq!(options.import, Some("new.txt".into()));
        assert_eq!(options.export, Some("old.txt".into()));
        assert!(options.verbose && options.writes());
    }

    #[test]
    fn only_an_import_writes() {
        let writes = |line: &str| options(line).expect(line).writes();
        assert!(!writes("dssched admin -px"));
        assert!(!writes("dssched admin -px -xold.txt"));
        assert!(!writes("dssched admin -px -inew.txt --dry-run"));
    }

    #[test]
    fn a_file_must_be_named() {
        for line in [
            "dssched admin -px -i",
            "dssched admin -px -x",
            "dssched -i:",
        ] {
            assert!(options(line).expect_err(line).is_usage_error(), "{line}");
        }
    }
}
