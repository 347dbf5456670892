//! The command line of `nsda` (`spec/protocol.md` 8.2), and that of `--due`.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgGroup, CommandFactory, Parser};

use super::steps::HandedOn;
use crate::protocol::schedule::Phase;
use crate::tools::cli::data::DataLocation;
use crate::tools::cli::drives::locations;
use crate::tools::cli::{self, CommonArgs, Early, SPELLING_HELP, tables};

/// What `nsda` is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// `-rt`, `-s` or `-rr`: one set on one postoffice.
    Set(Phase, DataLocation),
    /// `--due`: what the schedules say.
    Due(Due),
}

/// The options of `--due`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The postoffices in the order they are served.
    pub postoffices: Vec<DataLocation>,
    /// `--home`: whose LOG gets DISPATCH.LOG; else the first postoffice that can be reached.
    pub home: Option<DataLocation>,
    /// `--instance`: the first column of DISPATCH.LOG.
    pub instance: Option<String>,
}

/// A command line of `nsda`.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to do.
    pub work: Work,
    /// What the programs get.
    pub handed_on: HandedOn,
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
        let args: Args = cli::parse(&tables::NSDA, arguments)?;
        Ok(Self {
            work: args.work()?,
            handed_on: HandedOn {
                dry_run: args.dry_run,
                allow_deletes: args.allow_deletes,
                replace: args.replace,
                whole: args.whole,
            },
            common: args.common,
        })
    }
}

/// Returns the definition that help, completions and the manual page are made from.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// The options that select one set. One of them or `--due` is always given.
const SETS: [&str; 3] = ["requestor_transmit", "server", "requestor_receive"];

/// Those whose sets have no `import`.
const WITHOUT_IMPORT: [&str; 2] = ["requestor_transmit", "server"];

/// Runs the programs of T1, T2 or T3 in their order
///
/// -rt: reqmain -t. -s: srvmain -r, srvmain -t. -rr: reqmain -r, import -q, rebuild -f. They must stand in the
/// directory of nsda; the search path is not used. Ends with 64 when all of them ran (exit 0, 1 or 4), 65 when one
/// failed (those after it are not started), 2 when one is missing. Needs no login.
#[derive(Debug, Parser)]
#[command(
    name = "nsda",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = SPELLING_HELP,
    group = ArgGroup::new("work").required(true)
)]
struct Args {
    /// T1: the requestor sends its updates (original spelling: -rt)
    #[arg(long, group = "work")]
    requestor_transmit: bool,

    /// T2: the server processes updates
    #[arg(short, long, group = "work")]
    server: bool,

    /// T3: the requestor processes updates (original spelling: -rr)
    #[arg(long, group = "work")]
    requestor_receive: bool,

    /// Look into the schedule of each postoffice once and run what is due, as DISPATCH did
    #[arg(long, group = "work")]
    due: bool,

    /// Where the mail data files are: a drive letter (see DIRSYNC_DRIVE_<LETTER> below) or a path [default: M];
    /// with --due any number of them, and ranges of drives, as in -dmp for M to P
    #[arg(short, long, value_name = "DRIVE|PATH")]
    data: Vec<OsString>,

    /// With --due: first column of DISPATCH.LOG, cut to 10 characters
    #[arg(long, value_name = "NAME", conflicts_with_all = SETS, value_parser = instance)]
    instance: Option<String>,

    /// With --due: postoffice whose LOG/DISPATCH.LOG is written [default: the first that can be reached]
    #[arg(long, value_name = "DRIVE|PATH", conflicts_with_all = SETS)]
    home: Option<OsString>,

    /// With -rr or --due: let import remove up to this many entries
    #[arg(long, value_name = "N", conflicts_with_all = WITHOUT_IMPORT)]
    allow_deletes: Option<u64>,

    /// With -rr or --due: let import drop entries that were put in by hand, too, where a full list lacks them
    #[arg(long, conflicts_with_all = WITHOUT_IMPORT)]
    replace: bool,

    /// With -rr or --due: let import take its source as whole though nothing in it proves that
    #[arg(long, conflicts_with_all = WITHOUT_IMPORT)]
    whole: bool,

    /// Run every program with --dry-run; with --due start nothing and say what would run
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    common: CommonArgs,
}

impl Args {
    fn work(&self) -> Result<Work, Early> {
        let wrong = |kind, text: &str| cli::usage_error(&mut command(), kind, text);
        if self.due {
            let mut postoffices = Vec::new();
            for value in &self.data {
                let found = locations(value);
                postoffices.extend(found.map_err(|text| wrong(ErrorKind::InvalidValue, &text))?);
            }
            if postoffices.is_empty() {
                postoffices.push(DataLocation::default());
            }
            return Ok(Work::Due(Due {
                postoffices,
                home: self.home.as_deref().map(DataLocation::from),
                instance: self.instance.clone(),
            }));
        }
        let phase = match (self.requestor_transmit, self.server) {
            (true, _) => Phase::T1,
            (false, true) => Phase::T2,
            (false, false) => Phase::T3,
        };
        match &*self.data {
            [] => Ok(Work::Set(phase, DataLocation::default())),
            [one] if !one.is_empty() => Ok(Work::Set(phase, DataLocation::from(one.as_os_str()))),
            _ => Err(wrong(
                ErrorKind::TooManyValues,
                "one postoffice is served at a time: one -d, or --due",
            )),
        }
    }
}

/// Reads the name of an instance.
fn instance(value: &str) -> Result<String, &'static str> {
    match value.trim() {
        "" => Err("the name is empty"),
        name if name.contains(char::is_control) => Err("a name has no control characters"),
        name => Ok(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, Early> {
        Options::parse(line.split_whitespace().map(OsString::from))
    }

    fn work(line: &str) -> Work {
        options(line).expect(line).work
    }

    #[test]
    fn the_published_letters_select_a_set() {
        for (line, phase, drive) in [
            ("nsda -rt -dn", Phase::T1, 'N'),
            ("nsda -S -dm", Phase::T2, 'M'),
            ("NSDA -dp -RR", Phase::T3, 'P'),
            ("nsda -rr", Phase::T3, 'M'),
        ] {
            assert_eq!(work(line), Work::Set(phase, DataLocation::Drive(drive)));
        }
        let path = DataLocation::Path("mp".into());
        assert_eq!(work("nsda -s -dmp"), Work::Set(Phase::T2, path));
    }

    #[test]
    fn ds_c023_due_takes_ranges_drives_and_paths_and_a_home() {
        let Work::Due(due) = work("nsda --due -dmo -dz -d/var/po --home n --instance INST1") else {
            panic!("--due");
        };
        let shown: Vec<_> = due.postoffices.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["M", "N", "O", "Z", "/var/po"]);
        assert_eq!(due.home, Some(DataLocation::Drive('N')));
        assert_eq!(due.instance.as_deref(), Some("INST1"));
        let Work::Due(due) = work("nsda --due") else {
            panic!("--due");
        };
        assert_eq!(due.postoffices, [DataLocation::Drive('M')]);
    }

    #[test]
    fn what_makes_no_sense_is_wrong_usage() {
        for line in [
            "nsda",
            "nsda -dm",
            "nsda -rt -s",
            "nsda -rt --due",
            "nsda -rt -dm -dn",
            "nsda -rt --home m",
            "nsda -rr --instance x",
            "nsda -rt --allow-deletes 5",
            "nsda -s --replace",
            "nsda -s --whole",
            "nsda --due -dpm",
            "nsda --due --instance=",
            "nsda admin -rt",
        ] {
            assert!(options(line).expect_err(line).is_usage_error(), "{line}");
        }
    }

    #[test]
    fn what_the_programs_get_is_kept() {
        let found = options("nsda -rr --allow-deletes 5 --replace --dry-run").expect("valid");
        assert_eq!(
            found.handed_on,
            HandedOn {
                dry_run: true,
                allow_deletes: Some(5),
                replace: true,
                whole: false,
            }
        );
    }
}
