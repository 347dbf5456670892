//! The command line of `listq` (`spec/protocol.md` 9.3).

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{CommandFactory, Parser};

use crate::tools::cli::login::LoginArgs;
use crate::tools::cli::{self, CommonArgs, Early, SPELLING_HELP, tables};

/// The value of `-f`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueFile {
    /// A queue of the postoffice by its stem in upper case: one that ends in `TRANS`, or `RESYNC`.
    OfPostoffice(String),
    /// A file elsewhere, such as a copy.
    Path(PathBuf),
}

impl QueueFile {
    /// Reads a value: a name with a directory in it is a path, any other must be a queue of the postoffice.
    fn parse(value: &OsStr) -> Result<Self, &'static str> {
        let path = Path::new(value);
        if path.components().count() > 1 || path.is_absolute() {
            return Ok(Self::Path(path.into()));
        }
        let name = value.to_str().unwrap_or_default().to_ascii_uppercase();
        let stem = name.strip_suffix(".GLB").unwrap_or(&name);
        if stem == "RESYNC" || stem.ends_with("TRANS") {
            Ok(Self::OfPostoffice(stem.to_owned()))
        } else {
            Err(
                "expected a queue whose name ends in TRANS, RESYNC, or a path with a directory in it",
            )
        }
    }
}

/// A command line of `listq`.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who, and on which postoffice.
    pub login: LoginArgs,
    /// Which file.
    pub file: QueueFile,
    /// `-t`: with the column of date stamps.
    pub dates: bool,
    /// `-c`: with the column of checksums, and compare them.
    pub checksum: bool,
    /// How the records lie in the file, where it is not ours.
    pub framing: Option<PathBuf>,
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
        let args: Args = cli::parse(&tables::LISTQ, arguments)?;
        Ok(Self {
            login: args.login,
            file: args.file,
            dates: args.dates,
            checksum: args.checksum,
            framing: args.framing,
            common: args.common,
        })
    }
}

/// Returns the definition that help, completions and the manual page are made from.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// Lists the transactions of a dir-sync queue
#[derive(Debug, Parser)]
#[command(
    name = "listq",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = SPELLING_HELP
)]
struct Args {
    #[command(flatten)]
    login: LoginArgs,

    /// The queue: any name that ends in TRANS, or RESYNC; or the path of a copy
    #[arg(short, long, value_parser = OsStringValueParser::new().try_map(|value| QueueFile::parse(&value)))]
    file: QueueFile,

    /// Show date stamps
    #[arg(short = 't', long)]
    dates: bool,

    /// Compute each checksum again, compare and show it
    #[arg(short, long)]
    checksum: bool,

    /// Read a file of another framing by this profile of probe --save; what is shown is what stands in it
    #[arg(long, value_name = "PROFILE")]
    framing: Option<PathBuf>,

    #[command(flatten)]
    common: CommonArgs,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, Early> {
        Options::parse(line.split_whitespace().map(OsString::from))
    }

    fn queue(stem: &str) -> QueueFile {
        QueueFile::OfPostoffice(stem.into())
    }

    #[test]
    fn ds_c015_the_published_line_asks_for_every_column() {
        let options = options("listq admin -ppassword -c -t -freqtrans").expect("as published");
        assert_eq!(options.login.administrator.as_deref(), Some("admin"));
        assert!(options.login.password.is_some());
        assert_eq!(options.file, queue("REQTRANS"));
        assert!(options.dates && options.checksum);
    }

    #[test]
    fn ds_c015_each_column_has_its_own_letter() {
        let columns = |line: &str| {
            let options = options(line).expect(line);
            (options.dates, options.checksum)
        };
        assert_eq!(columns("listq admin -px -freqtrans"), (false, false));
        assert_eq!(columns("listq admin -px -T -freqtrans"), (true, false));
        assert_eq!(columns("listq -Freqtrans -C admin -px"), (false, true));
    }

    #[test]
    fn a_queue_is_a_name_that_ends_in_trans_or_resync_or_a_path() {
        let file =
            |value: &str| options(&format!("listq admin -px -f{value}")).map(|found| found.file);
        assert_eq!(file("MSTTRANS.GLB").expect("a queue"), queue("MSTTRANS"));
        assert_eq!(
            file(":resync").expect("one colon is dropped"),
            queue("RESYNC")
        );
        assert_eq!(
            file("copies/usrtrans.old").expect("a path"),
            QueueFile::Path("copies/usrtrans.old".into())
        );
        for value in ["names.txt", "reqconf", ".glb"] {
            assert!(file(value).expect_err(value).is_usage_error(), "{value}");
        }
    }

    #[test]
    fn the_queue_must_be_named() {
        for line in [
            "listq admin -px",
            "listq admin -px -f",
            "listq admin -px -c -c -freqtrans",
        ] {
            assert!(options(line).expect_err(line).is_usage_error(), "{line}");
        }
    }
}
