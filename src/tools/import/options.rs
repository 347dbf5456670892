//! The command line of `import` (`spec/import.md` section 2).

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use serde::Serialize;

use super::values::{LogFile, TypeFilter, list_name};
use crate::codec::codepage::CodePage;
use crate::tools::cli::code_page::code_page;
use crate::tools::cli::login::LoginArgs;
use crate::tools::cli::{self, CommonArgs, Early, SPELLING_HELP, tables};

/// What `import` is to do, as the letters select it (`spec/import.md` 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// No mode letter: the `-f` file goes into the address lists.
    Import,
    /// `-x`: the address lists go into the `-f` file.
    Extract,
    /// `-e`: the `-f` file goes into the dir-sync stream.
    Feed,
    /// `-q`: the queue that the requestor left goes into the address lists.
    Queue,
    /// `-s`: the lists of the server go into RESYNC.GLB.
    Resync,
    /// `-st`: the lists of the server go into the `-f` file.
    Foreign,
}

impl Mode {
    /// Returns the letters this mode ignores, without a message (Q119016).
    #[must_use]
    pub const fn ignores(self) -> &'static str {
        match self {
            Self::Import => "",
            Self::Extract => "acr",
            Self::Feed => "acglqrtvx",
            Self::Queue => "acfgrtx",
            Self::Resync => "acefgqrtx",
            Self::Foreign => "acegqrtx",
        }
    }

    /// Returns whether this mode cannot do without `-f`.
    #[must_use]
    pub const fn needs_file(self) -> bool {
        matches!(
            self,
            Self::Import | Self::Extract | Self::Feed | Self::Foreign
        )
    }

    /// Returns whether this mode changes the mail data files, so that it asks for permission (2.5).
    #[must_use]
    pub const fn changes_data(self) -> bool {
        !matches!(self, Self::Extract | Self::Foreign)
    }
}

/// What to do with the command line itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// `--explain`: say how it was understood.
    Explain,
    /// Do what the mode says.
    Run,
    /// `--check`: parse the `-f` file and touch nothing.
    Check,
}

/// The letters without a value that are in force, the mode letters aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `-a`: apply to the postoffice address list as well.
    pub pol: bool,
    /// `-c`: define networks and postoffices that are missing.
    pub autocreate: bool,
    /// `-n`: screen text goes to standard output; always so here.
    pub no_video: bool,
    /// `-r`: empty the list named by `-g` before adding.
    pub replace_list: bool,
    /// `-t`: handle template information.
    pub templates: bool,
    /// `-v`: more detail on screen and in the log.
    pub verbose: bool,
    /// `-y`: do not ask for permission.
    pub yes: bool,
}

impl Flags {
    /// Returns the letters, sorted.
    #[must_use]
    pub fn letters(&self) -> Vec<char> {
        let all = [
            ('a', self.pol),
            ('c', self.autocreate),
            ('n', self.no_video),
            ('r', self.replace_list),
            ('t', self.templates),
            ('v', self.verbose),
            ('y', self.yes),
        ];
        all.iter()
            .filter(|(_, set)| *set)
            .map(|(letter, _)| *letter)
            .collect()
    }
}

/// A command line of `import`, understood: what the mode ignores is out of it but for its letters.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to do.
    pub mode: Mode,
    /// What to do with the command line.
    pub task: Task,
    /// Who, and on which postoffice.
    pub login: LoginArgs,
    /// Input or output file; always there where the mode needs one.
    pub file: Option<PathBuf>,
    /// Where failed transactions are logged, if anywhere.
    pub log: Option<LogFile>,
    /// `-g`.
    pub list_type: Option<TypeFilter>,
    /// The `NET/PO` of `-x`, its letters as written.
    pub list: Option<String>,
    /// The letters without a value.
    pub flags: Flags,
    /// Letters that were given but that the mode ignores, sorted.
    pub ignored: Vec<char>,
    /// `--dry-run`: decide everything, write nothing.
    pub dry_run: bool,
    /// `--keep-info`: fields that a transaction does not name keep their values.
    pub keep_info: bool,
    /// `--allow-deletes`: let the guard pass this many removals.
    pub allow_deletes: Option<u64>,
    /// `--replace`: a full list also drops entries that were put in by hand.
    pub replace: bool,
    /// `--whole`: take the source as whole though it does not prove it.
    pub whole: bool,
    /// `--framing`: how the records of the queue lie, where they are not ours.
    pub framing: Option<PathBuf>,
    /// `--code-page`: the code page of the `-f` file, where it is not the postoffice's.
    pub code_page: Option<CodePage>,
    /// `--unattended`: no login. Only with [`Mode::Queue`].
    pub unattended: bool,
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
        Self::from_args(cli::parse(&tables::IMPORT, arguments)?)
    }

    fn from_args(args: Args) -> Result<Self, Early> {
        let mode = args.mode();
        let ignored = args.ignored(mode);
        let keeps = |letter| !ignored.contains(&letter);
        let flags = Flags {
            pol: args.pol && keeps('a'),
            autocreate: args.autocreate && keeps('c'),
            no_video: args.no_video,
            replace_list: args.replace_list && keeps('r'),
            templates: args.templates && keeps('t'),
            verbose: args.verbose && keeps('v'),
            yes: args.yes,
        };
        let options = Self {
            mode,
            task: match (args.check, args.explain) {
                (true, _) => Task::Check,
                (false, true) => Task::Explain,
                (false, false) => Task::Run,
            },
            login: args.login,
            file: args.file.filter(|_| keeps('f')),
            log: args.log.filter(|_| keeps('l')).map(|path| match path {
                None => LogFile::Default,
                Some(path) => LogFile::Path(path),
            }),
            list_type: args.list_type.filter(|_| keeps('g')),
            list: args.extract.flatten().filter(|_| keeps('x')),
            flags,
            ignored,
            dry_run: args.dry_run,
            allow_deletes: args.allow_deletes,
            replace: args.replace,
            keep_info: args.keep_info,
            whole: args.whole,
            framing: args.framing,
            code_page: args.code_page,
            unattended: args.unattended,
            common: args.common,
        };
        options.complete()
    }

    /// Applies the rules that hold between the mode and the rest.
    fn complete(self) -> Result<Self, Early> {
        if self.mode.needs_file() && self.file.is_none() {
            let what = match self.mode {
                Mode::Import | Mode::Feed => "the input file is missing: -f<file>",
                _ => "the output file is missing: -f<file>",
            };
            return Err(wrong(ErrorKind::MissingRequiredArgument, what));
        }
        if self.task == Task::Check && !matches!(self.mode, Mode::Import | Mode::Feed) {
            let what = "--check reads an input file: it goes with a plain import or with -e";
            return Err(wrong(ErrorKind::ArgumentConflict, what));
        }
        if self.unattended && self.mode != Mode::Queue {
            let what = "--unattended goes with -q alone";
            return Err(wrong(ErrorKind::ArgumentConflict, what));
        }
        if self.task == Task::Check && self.common.report.is_some() {
            let what = "--check writes no file: its answer on standard output is the report";
            return Err(wrong(ErrorKind::ArgumentConflict, what));
        }
        Ok(self)
    }
}

/// Returns the definition that help, completions and the manual page are made from.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

fn wrong(kind: ErrorKind, message: &str) -> Early {
    cli::usage_error(&mut command(), kind, message)
}

/// Adds, changes, removes and extracts the entries of a postoffice's address lists
///
/// Without a mode (-x, -e, -q, -s, -st) the transactions of the -f file are applied to the address lists. The
/// global address list changes only when rebuild runs.
#[derive(Debug, Parser)]
#[command(
    name = "import",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = SPELLING_HELP
)]
struct Args {
    #[command(flatten)]
    login: LoginArgs,

    /// Input file (import, -e) or output file (-x, -st)
    #[arg(short, long)]
    file: Option<PathBuf>,

    /// Extract the address lists into the -f file, or the one list named
    #[arg(short = 'x', long, value_name = "NET/PO", num_args = 0..=1, require_equals = true,
          value_parser = list_name)]
    extract: Option<Option<String>>,

    /// Put the transactions of the -f file into the dir-sync stream instead of the lists
    #[arg(short = 'e', long)]
    feed: bool,

    /// Process the queue that the dir-sync requestor left
    #[arg(short, long)]
    queue: bool,

    /// On the dir-sync server: write GLB/RESYNC.GLB
    #[arg(short = 's', long, conflicts_with = "foreign")]
    resync: bool,

    /// On the dir-sync server: extract all addresses for a foreign mail system (original spelling: -st)
    #[arg(long)]
    foreign: bool,

    /// Also apply the transactions to the postoffice address list
    #[arg(short = 'a', long)]
    pol: bool,

    /// Define networks and postoffices that the file mentions and this postoffice lacks
    #[arg(short = 'c', long)]
    autocreate: bool,

    /// Only this address type, or one postoffice of it (PCM:NET/PO)
    #[arg(short = 'g', long = "type", value_name = "TYPE",
          value_parser = |value: &str| TypeFilter::parse(value))]
    list_type: Option<TypeFilter>,

    /// Log failed transactions, in LOG/IMPORT.LOG unless a file is named
    #[arg(short, long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    log: Option<Option<PathBuf>>,

    /// No direct video output; accepted for old batch files, all text goes to standard output
    #[arg(short, long)]
    no_video: bool,

    /// Empty the list named by -g before adding
    #[arg(short = 'r', long)]
    replace_list: bool,

    /// Handle template information
    #[arg(short, long)]
    templates: bool,

    /// More detail on screen and in the log
    #[arg(short, long)]
    verbose: bool,

    /// Do not ask for permission to continue
    #[arg(short, long)]
    yes: bool,

    /// Decide everything and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Keep the values of template fields that a transaction does not name (the original set the defaults)
    #[arg(long)]
    keep_info: bool,

    /// Let this run remove up to this many entries
    #[arg(long, value_name = "N")]
    allow_deletes: Option<u64>,

    /// Let a full list drop entries that were put in by hand, too
    #[arg(long)]
    replace: bool,

    /// Take the source as whole though nothing in it proves that
    #[arg(long)]
    whole: bool,

    /// With -q: SRVTRANS and RESYNC are of another framing, which this profile of probe --save describes
    #[arg(long, value_name = "PROFILE", requires = "queue")]
    framing: Option<PathBuf>,

    /// Code page of the -f file
    #[arg(long, value_name = "NUMBER", value_parser = code_page)]
    code_page: Option<CodePage>,

    /// With -q: as the other programs of dir-sync run, without login (nsda starts import in this way)
    #[arg(long, conflicts_with_all = ["administrator", "password", "password_file"])]
    unattended: bool,

    /// Print how this command line is understood, as JSON, and touch nothing
    #[arg(long)]
    explain: bool,

    /// Parse the -f file, print its transactions and messages as JSON, and touch nothing
    #[arg(long, conflicts_with = "explain")]
    check: bool,

    #[command(flatten)]
    common: CommonArgs,
}

impl Args {
    /// `-s` and `-st` go before `-e`, that before `-q`, that before `-x`.
    fn mode(&self) -> Mode {
        if self.resync {
            Mode::Resync
        } else if self.foreign {
            Mode::Foreign
        } else if self.feed {
            Mode::Feed
        } else if self.queue {
            Mode::Queue
        } else if self.extract.is_some() {
            Mode::Extract
        } else {
            Mode::Import
        }
    }

    fn ignored(&self, mode: Mode) -> Vec<char> {
        let given = [
            ('a', self.pol),
            ('c', self.autocreate),
            ('e', self.feed),
            ('f', self.file.is_some()),
            ('g', self.list_type.is_some()),
            ('l', self.log.is_some()),
            ('q', self.queue),
            ('r', self.replace_list),
            ('t', self.templates),
            ('v', self.verbose),
            ('x', self.extract.is_some()),
        ];
        given
            .iter()
            .filter(|(letter, given)| *given && mode.ignores().contains(*letter))
            .map(|(letter, _)| *letter)
            .collect()
    }
}
