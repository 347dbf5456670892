//! The command line of `audit` (`design.md` section 6).

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{CommandFactory, Parser, ValueEnum};

use crate::codec::codepage::CodePage;
use crate::directory::address_text::TargetAddress;
use crate::tools::cli::code_page::code_page;
use crate::tools::cli::{self, CommonArgs, Early, tables};
use crate::tools::side::access::DirectoryArgs;

/// Memory that all sorts together hold unless told otherwise.
const MEMORY: &str = "256m";

/// Least memory that a run can do with.
const MIN_MEMORY: usize = 1 << 20;

/// A command line of `audit`.
#[derive(Clone, Debug)]
pub struct Options {
    /// What should be.
    pub a: OsString,
    /// What is.
    pub b: OsString,
    /// `--list`: lists that are compared, `MS:NET/PO` or `SMTP:`; all where there is none.
    pub lists: Vec<String>,
    /// `--ignore`: attributes and prompts that are not compared.
    pub ignored: Vec<String>,
    /// `--names`: names and addresses alone are compared.
    pub names: bool,
    /// `--map`: prompts and the attributes that hold their values.
    pub maps: Vec<(String, String)>,
    /// `--repair`: where the transactions go that would mend B.
    pub repair: Option<PathBuf>,
    /// `explain ADDRESS`: one entry alone, and everything that is said of it.
    pub explain: Option<String>,
    /// `--all`: show every finding.
    pub all: bool,
    /// `--memory`: bytes that the sorts hold.
    pub memory: usize,
    /// `--code-page`.
    pub page: Option<CodePage>,
    /// `--code-page-b`.
    pub page_b: Option<CodePage>,
    /// How the records of queues and resync files lie, where they are not ours.
    pub framing: Option<PathBuf>,
    /// `--address`: column or attribute with the address.
    pub address: Option<String>,
    /// `--consent`: attribute that says whether an entry of A may leave it.
    pub consent: Option<String>,
    /// `--consent-blank`: what is meant where it says nothing.
    pub blank_is_yes: bool,
    /// How to get into a directory.
    pub directory: DirectoryArgs,
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
        let args: Args = cli::parse(&tables::AUDIT, spelled(arguments))?;
        Ok(Self {
            a: args.a,
            b: args.b,
            lists: args.lists,
            ignored: args.ignored,
            names: args.names,
            maps: args.maps,
            repair: args.repair,
            explain: args.explain,
            all: args.all,
            memory: args.memory,
            page: args.code_page,
            page_b: args.code_page_b,
            framing: args.framing,
            address: args.address,
            consent: args.consent,
            blank_is_yes: args.consent_blank == Blank::Yes,
            directory: args.directory,
            common: args.common,
        })
    }
}

/// Returns the definition that help, completions and the manual page are made from.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// Takes the word `explain` in front for the option; a side of that name is `./explain`.
fn spelled(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<_> = arguments.into_iter().collect();
    if let Some(word) = arguments.get_mut(1).filter(|word| *word == "explain") {
        *word = "--explain".into();
    }
    arguments
}

/// What is meant by nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Blank {
    Yes,
    No,
}

/// Compares two sides entry by entry: what is missing, extra, altered, duplicated, stale or out of sequence in B
///
/// A is what should be, B what is. Each is a directory of mail data files, a resync file, a queue, import text, LDIF,
/// CSV, or a directory as ldap://HOST/BASE. What a file is shows in its bytes; KIND: in front decides it, with one of
/// postoffice, resync, queue, text, ldif, csv and ldap. Ends with 0 when nothing differs and with 5 otherwise. Nothing is
/// changed.
#[derive(Debug, Parser)]
#[command(
    name = "audit",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = AFTER_HELP
)]
struct Args {
    /// What should be
    #[arg(value_name = "[KIND:]A")]
    a: OsString,

    /// What is
    #[arg(value_name = "[KIND:]B")]
    b: OsString,

    /// Compare only this list: PCM:NET/PO, SMTP:, or PCM: for all of a type; may be given several times
    #[arg(long = "list", value_name = "LIST", value_parser = list)]
    lists: Vec<String>,

    /// Do not compare this attribute or the template lines of this prompt; may be given several times
    #[arg(long = "ignore", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    ignored: Vec<String>,

    /// Compare names and addresses alone
    #[arg(long, conflicts_with = "maps")]
    names: bool,

    /// The attribute that holds the template lines of a prompt, besides the usual ones; may be given several times
    #[arg(long = "map", value_name = "PROMPT=ATTRIBUTE", value_parser = map)]
    maps: Vec<(String, String)>,

    /// Write the transactions that make B what A is into this file, for import -f
    #[arg(long, value_name = "FILE")]
    repair: Option<PathBuf>,

    /// Say of this entry alone what both sides have, what differs and what would mend it; the word explain in front
    /// does the same
    #[arg(long, value_name = "ADDRESS", value_parser = NonEmptyStringValueParser::new())]
    explain: Option<String>,

    /// Show every finding, not only the first of each kind
    #[arg(long)]
    all: bool,

    /// Memory to sort in, with k, m or g behind it; what does not fit goes through temporary files
    #[arg(long, value_name = "BYTES", default_value = MEMORY, value_parser = memory)]
    memory: usize,

    /// Code page of files that do not say theirs; that of the other side if that is a postoffice, else 850
    #[arg(long, value_name = "NUMBER", value_parser = code_page)]
    code_page: Option<CodePage>,

    /// Code page of B, where it has another
    #[arg(long, value_name = "NUMBER", value_parser = code_page)]
    code_page_b: Option<CodePage>,

    /// The sides named with queue: or resync: in front are of another framing, which this profile of probe --save
    /// describes
    #[arg(long, value_name = "PROFILE")]
    framing: Option<PathBuf>,

    /// The attribute or column that holds the address, before the usual ones
    #[arg(long, value_name = "ATTRIBUTE", value_parser = NonEmptyStringValueParser::new())]
    address: Option<String>,

    /// The attribute or column of A that says whether an entry may be at B: only no and blank exclude it
    #[arg(long, value_name = "ATTRIBUTE", value_parser = NonEmptyStringValueParser::new())]
    consent: Option<String>,

    /// What a blank consent means
    #[arg(long, value_name = "WORD", default_value = "no", requires = "consent")]
    consent_blank: Blank,

    #[command(flatten)]
    directory: DirectoryArgs,

    #[command(flatten)]
    common: CommonArgs,
}

const AFTER_HELP: &str = "\
A postoffice is given by its path or its drive letter (postoffice:M). It is read as other postoffices
are told of it, and nobody has to sign in: whoever may run this may read the files.
Environment: DIRSYNC_DRIVE_<LETTER> (the directory of a drive), TMPDIR (temporary files).";

fn list(text: &str) -> Result<String, String> {
    let wrong = || "expected TYPE:NET/PO or TYPE:".to_owned();
    let (kind, place) = text.split_once(':').ok_or_else(wrong)?;
    let address = match place {
        "" => TargetAddress::new(kind, "x"),
        place => TargetAddress::new(kind, &format!("{place}/x")),
    };
    match (place, address.three_parts()) {
        ("", _) => Ok(format!("{}:", address.kind())),
        (_, Some(_)) => Ok(address.list()),
        (_, None) => Err(wrong()),
    }
}

fn map(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((prompt, attribute)) if !prompt.is_empty() && !attribute.is_empty() => {
            Ok((prompt.to_owned(), attribute.to_owned()))
        }
        _ => Err("expected PROMPT=ATTRIBUTE".to_owned()),
    }
}

fn memory(text: &str) -> Result<usize, String> {
    let (digits, factor) = match text.to_ascii_lowercase().as_bytes() {
        [.., b'k'] => (&text[..text.len() - 1], 1 << 10),
        [.., b'm'] => (&text[..text.len() - 1], 1 << 20),
        [.., b'g'] => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    let bytes = digits
        .parse()
        .ok()
        .and_then(|n: usize| n.checked_mul(factor));
    bytes
        .filter(|&bytes| bytes >= MIN_MEMORY)
        .ok_or_else(|| "expected a number of bytes, 1m at least".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Early> {
        Options::parse(line.split(' ').map(OsString::from))
    }

    #[test]
    fn two_sides_are_what_it_takes() {
        let options = parse("audit a ldif:b --list pcm:net/po --list SMTP: --memory 2m --json")
            .unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!((options.a, options.b), ("a".into(), "ldif:b".into()));
        assert_eq!(options.lists, ["MS:NET/PO", "SMTP:"]);
        assert_eq!(options.memory, 2 << 20);
        for wrong in [
            "audit",
            "audit a",
            "audit a b c",
            "audit a b --memory 1k",
            "audit a b --memory x",
            "audit a b --list NET/PO",
            "audit a b --list SMTP:NET/PO",
            "audit a b --map x",
            "audit a b --consent-blank yes",
            "audit a b --bind-dn cn=x",
            "audit a b --code-page 999",
            "audit -x a b",
        ] {
            assert!(parse(wrong).expect_err(wrong).is_usage_error(), "{wrong}");
        }
        for early in ["audit -?", "audit --help", "audit --version"] {
            assert!(!parse(early).expect_err(early).is_usage_error(), "{early}");
        }
    }
}
