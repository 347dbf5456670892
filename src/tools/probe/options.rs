//! The command line of `probe`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, Parser};

use crate::codec::codepage::CodePage;
use crate::tools::cli::code_page::code_page;
use crate::tools::cli::{self, CommonArgs, Early, tables};

/// Reads queue files whose framing nobody published: finds the transactions by their text, and says what framing fits
#[derive(Clone, Debug, Parser)]
#[command(
    name = "probe",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = AFTER_HELP
)]
pub struct Options {
    /// The file
    pub file: PathBuf,

    /// Print the transactions as import text, and nothing else
    #[arg(long, conflicts_with_all = ["json", "checksums"])]
    pub text: bool,

    /// Write the queue into this file: in our own framing, which every program takes, or in that of --to
    #[arg(long, value_name = "FILE")]
    pub convert: Option<PathBuf>,

    /// Convert into the framing of this profile; refused unless every byte of it is explained
    #[arg(
        long,
        value_name = "PROFILE",
        requires = "convert",
        conflicts_with_all = ["report", "save", "text", "salvage"]
    )]
    pub to: Option<PathBuf>,

    /// Write the framing into this file, for --framing here and in listq, resync, audit and import -q
    #[arg(long, value_name = "PROFILE")]
    pub save: Option<PathBuf>,

    /// Read the file by this profile and infer nothing
    #[arg(long, value_name = "PROFILE")]
    pub framing: Option<PathBuf>,

    /// Get every transaction out of a damaged file, with its offset and how sure it is
    #[arg(long)]
    pub salvage: bool,

    /// Search for what explains the checksums, also in a plain table of checksum and text as listq -c prints it
    #[arg(long, conflicts_with_all = ["convert", "save", "salvage", "framing", "report"])]
    pub checksums: bool,

    /// The file has records of one size (USR, NME, NETPO, ACCESS2 and others): find the fields inside by their columns
    #[arg(long, conflicts_with_all = ["text", "convert", "save", "framing", "salvage", "checksums", "report"])]
    pub records: bool,

    /// Bytes of such a record, where its file name does not say it
    #[arg(long, value_name = "BYTES", requires = "records")]
    pub length: Option<usize>,

    /// Bytes before the first of them
    #[arg(long, value_name = "BYTES", requires = "records")]
    pub header: Option<usize>,

    /// Code page of the texts, 850 unless given
    #[arg(long, value_name = "NUMBER", value_parser = code_page)]
    pub code_page: Option<CodePage>,

    /// `--json` and `--report`.
    #[command(flatten)]
    pub common: CommonArgs,
}

const AFTER_HELP: &str = "\
Exit: 0 everything read, 1 some bytes fit no record, 65 not a queue file, 66 no such file.";

impl Options {
    /// Reads a command line, the first token of which is the program itself.
    ///
    /// # Errors
    /// There is nothing to run, or the command line is wrong.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Early> {
        cli::parse(&tables::PROBE, arguments)
    }
}

/// Returns the definition that help, completions and the manual page are made from.
#[must_use]
pub fn command() -> clap::Command {
    Options::command()
}
