//! The command line of `resync` (`design.md` section 6).

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::codec::codepage::CodePage;
use crate::tools::cli::code_page::code_page;
use crate::tools::cli::login::LoginArgs;
use crate::tools::cli::{self, CommonArgs, Early, tables};
use crate::tools::side::access::DirectoryArgs;

/// A command line of `resync`, understood.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to do.
    pub word: Word,
}

impl Options {
    /// Reads a command line, the first token of which is the program itself.
    ///
    /// # Errors
    ///
    /// There is nothing to do, or the command line is wrong.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Early> {
        let args: Args = cli::parse(
            &tables::RESYNC,
            file_first(word_first(arguments), |file| file.exists()),
        )?;
        match args.word {
            Some(word) => Ok(Self { word }),
            None => Err(cli::usage_error(
                &mut command(),
                ErrorKind::MissingSubcommand,
                "what is to be done? One of create, show, check, plan, apply",
            )),
        }
    }
}

/// Returns the definition that help, completions and the manual page are made from.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// Makes, shows, checks and applies full lists of a dir-sync server as files
#[derive(Debug, Parser)]
#[command(
    name = "resync",
    version,
    propagate_version = true,
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true,
    after_help = AFTER_HELP
)]
struct Args {
    #[command(subcommand)]
    word: Option<Word>,

    #[command(flatten)]
    common: CommonArgs,
}

const AFTER_HELP: &str = "\
A postoffice is given with -d, as a drive letter or a path. Where no ADMIN is named, its first
account with administrator rights is meant; its password is asked for all the same.
Environment: DIRSYNC_PASSWORD, DIRSYNC_DRIVE_<LETTER> (the directory of a drive),
DIRSYNC_NOW (RFC 3339, instead of the clock), DIRSYNC_LOG_YEARS (2 or 4), TZ.";

/// What `resync` does.
#[derive(Clone, Debug, Subcommand)]
#[command(disable_help_flag = true)]
pub enum Word {
    /// On the dir-sync server: write every list into a resync file
    Create(CreateArgs),
    /// Show what a resync file holds, or another list: import text, LDIF, CSV, a directory as ldap://HOST/BASE
    Show(ShowArgs),
    /// Prove a resync file whole: exit 0 whole, 5 without end mark or with unreadable records, 65 damaged
    Check(CheckArgs),
    /// Work out what a resync file would change in a postoffice
    Plan(PlanArgs),
    /// Apply a resync file to a postoffice, or exactly what a saved plan says
    Apply(ApplyArgs),
}

/// `resync create`.
#[derive(Clone, Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub struct CreateArgs {
    /// Who, and on which server.
    #[command(flatten)]
    pub login: LoginArgs,

    /// Write here, not into GLB/RESYNC.GLB; in a directory the file is RESYNC.GLB or RESYNC-NET-PO.GLB, and with
    /// several --for each name gets -NET-PO before its extension
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// For this registered requestor alone: the types it asked for, without its own list; may be given several times
    #[arg(long = "for", value_name = "NET/PO")]
    pub requestors: Vec<String>,

    /// One file for all requestors named, whose settings must be the same
    #[arg(long, requires = "requestors")]
    pub shared: bool,

    /// Look at everything and write nothing
    #[arg(long)]
    pub dry_run: bool,

    /// `--json` and `--report`.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// `resync show`.
#[derive(Clone, Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub struct ShowArgs {
    /// The resync file, or another side as audit takes them
    #[arg(value_name = "[KIND:]FILE")]
    pub file: PathBuf,

    /// Print its transactions as import text
    #[arg(long, conflicts_with = "json")]
    pub text: bool,

    /// Code page of the server it comes from, 850 unless given
    #[arg(long, value_name = "NUMBER", value_parser = code_page)]
    pub code_page: Option<CodePage>,

    /// How to get into a directory.
    #[command(flatten)]
    pub directory: DirectoryArgs,

    /// Read a file of another framing by this profile of probe --save
    #[arg(long, value_name = "PROFILE")]
    pub framing: Option<PathBuf>,

    /// `--json` and `--report`.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// `resync check`.
#[derive(Clone, Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub struct CheckArgs {
    /// The resync file
    pub file: PathBuf,

    /// Code page of the server it comes from, 850 unless given
    #[arg(long, value_name = "NUMBER", value_parser = code_page)]
    pub code_page: Option<CodePage>,

    /// Read a file of another framing by this profile of probe --save
    #[arg(long, value_name = "PROFILE")]
    pub framing: Option<PathBuf>,

    /// `--json` and `--report`.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// `resync plan`.
#[derive(Clone, Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub struct PlanArgs {
    /// The resync file
    pub file: PathBuf,

    /// Who, and for which postoffice.
    #[command(flatten)]
    pub login: LoginArgs,

    /// Save the plan here, for apply
    #[arg(short, long, value_name = "PLAN")]
    pub output: Option<PathBuf>,

    /// Let the list drop entries that were put in by hand, too
    #[arg(long)]
    pub replace: bool,

    /// Take the file as whole though it has no end mark
    #[arg(long)]
    pub whole: bool,

    /// Read a file of another framing by this profile of probe --save
    #[arg(long, value_name = "PROFILE")]
    pub framing: Option<PathBuf>,

    /// `--json` and `--report`.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// `resync apply`.
#[derive(Clone, Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub struct ApplyArgs {
    /// A resync file, or a plan that `resync plan` saved
    #[arg(value_name = "FILE|PLAN")]
    pub file: PathBuf,

    /// Who, and on which postoffice.
    #[command(flatten)]
    pub login: LoginArgs,

    /// Let the list drop entries that were put in by hand, too
    #[arg(long)]
    pub replace: bool,

    /// Let this run remove up to this many entries
    #[arg(long, value_name = "N")]
    pub allow_deletes: Option<u64>,

    /// Decide everything and write nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Take the file as whole though it has no end mark
    #[arg(long)]
    pub whole: bool,

    /// Do not ask for permission to continue
    #[arg(short, long)]
    pub yes: bool,

    /// Read a file of another framing by this profile of probe --save
    #[arg(long, value_name = "PROFILE")]
    pub framing: Option<PathBuf>,

    /// `--json` and `--report`.
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Brings the word before options that stand ahead of it (`resync -dM create`).
fn word_first(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    const WORDS: [&str; 5] = ["create", "show", "check", "plan", "apply"];
    let mut arguments: Vec<_> = arguments.into_iter().collect();
    let is_bare = |token: &OsString| !token.as_encoded_bytes().starts_with(b"-");
    let first = arguments.iter().skip(1).position(is_bare);
    if let Some(at) = first.map(|at| at + 1) {
        if WORDS.iter().any(|word| arguments[at] == *word) {
            arguments[1..=at].rotate_right(1);
        }
    }
    arguments
}

/// Brings the file before the administrator, who may stand anywhere as with the original programs. They are told
/// apart by the form of a mailbox name, and where both have it, by which file is there.
fn file_first(mut arguments: Vec<OsString>, exists: impl Fn(&Path) -> bool) -> Vec<OsString> {
    const VALUES: [&str; 7] = [
        "-o",
        "--output",
        "--report",
        "--data",
        "--password",
        "--password-file",
        "--allow-deletes",
    ];
    let takes_file = matches!(arguments.get(1), Some(word) if word == "plan" || word == "apply");
    let mut bare = Vec::new();
    let mut at = 2;
    while takes_file && at < arguments.len() {
        let token = &arguments[at];
        if VALUES.iter().any(|option| token == option) {
            at += 1;
        } else if !token.as_encoded_bytes().starts_with(b"-") {
            bare.push(at);
        }
        at += 1;
    }
    if let [first, second] = bare[..] {
        let [file, mailbox] = [first, second].map(|at| &arguments[at]);
        let turned = match (may_be_mailbox(file), may_be_mailbox(mailbox)) {
            (true, false) => true,
            (true, true) => !exists(Path::new(file)) && exists(Path::new(mailbox)),
            (false, _) => false,
        };
        if turned {
            arguments.swap(first, second);
        }
    }
    arguments
}

/// Whether a bare token has the form of a mailbox name: one to ten letters and digits.
fn may_be_mailbox(token: &OsStr) -> bool {
    token.to_str().is_some_and(|text| {
        (1..=10).contains(&text.chars().count()) && text.chars().all(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Word, Early> {
        Options::parse(line.split(' ').map(OsString::from)).map(|options| options.word)
    }

    #[test]
    fn the_words_of_the_design_are_understood() {
        for line in [
            "resync create -dM",
            "resync -dM create",
            "resync create admin -pX -D/srv/po -o out.glb --for N/A --for N/B",
            "resync create -d/srv/po -oout.glb --for N/A --for N/B --shared --dry-run",
            "resync show file --json --report r.txt",
            "resync show file --text --code-page 437",
            "resync check file",
            "resync plan -d/srv/po file -o plan",
            "resync apply -d/srv/po file --replace --allow-deletes 7 --dry-run --whole --yes",
            "resync apply file admin -pX -dM -Y",
        ] {
            parse(line).unwrap_or_else(|error| panic!("{line}: {error:?}"));
        }
    }

    #[test]
    fn what_makes_no_sense_is_a_usage_error() {
        for line in [
            "resync",
            "resync mend",
            "resync create --shared",
            "resync show",
            "resync show a b",
            "resync show file --text --json",
            "resync check file -dM",
            "resync plan -dM",
            "resync create -o",
        ] {
            assert!(parse(line).expect_err(line).is_usage_error(), "{line}");
        }
    }

    #[test]
    fn the_administrator_may_stand_before_the_file() {
        let exists = |file: &Path| file == Path::new("plan");
        let ordered = |line: &str| {
            let arguments = line.split(' ').map(OsString::from).collect();
            let ordered = file_first(arguments, exists);
            let words: Vec<_> = ordered.iter().filter_map(|word| word.to_str()).collect();
            words.join(" ")
        };
        for (line, expected) in [
            ("r apply admin -pX any.glb", "r apply any.glb -pX admin"),
            ("r apply any.glb admin", "r apply any.glb admin"),
            ("r plan -o out admin /m/full", "r plan -o out /m/full admin"),
            ("r apply admin plan -y", "r apply plan admin -y"),
            ("r apply plan admin", "r apply plan admin"),
            ("r apply full admin", "r apply full admin"),
            ("r apply full", "r apply full"),
            ("r show admin full.glb", "r show admin full.glb"),
        ] {
            assert_eq!(ordered(line), expected);
        }
    }

    #[test]
    fn output_takes_its_value_attached_or_apart() {
        for line in [
            "resync create -oX",
            "resync create -o X",
            "resync create --output=X",
        ] {
            match parse(line) {
                Ok(Word::Create(create)) => {
                    assert_eq!(create.output.as_deref(), Some("X".as_ref()), "{line}");
                }
                other => panic!("{line}: {other:?}"),
            }
        }
    }
}
