//! The command line of `rebuild` (`spec/protocol.md` 8.1).

use std::ffi::OsString;
use std::time::Duration;

use clap::{CommandFactory, Parser, ValueEnum};

use crate::codec::codepage::collation::Order;
use crate::postoffice::batch::PATIENCE;
use crate::tools::cli::login::LocationArgs;
use crate::tools::cli::{self, CommonArgs, Early, SPELLING_HELP, tables};

/// A command line of `rebuild`.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which postoffice.
    pub location: LocationArgs,
    /// `-f`: do not ask.
    pub force: bool,
    /// `--order`: what to sort by; as the list there is, where it is not given.
    pub order: Option<Order>,
    /// `--wait`: how long to try for a file that somebody holds.
    pub wait: Duration,
    /// `--if-wanted`: as the last step of T3, where the requestor may have said that it keeps no list.
    pub if_wanted: bool,
    /// `--dry-run`: read and sort, write nothing.
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
        let args: Args = cli::parse(&tables::REBUILD, arguments)?;
        Ok(Self {
            location: args.location,
            force: args.force,
            order: args.order.map(|order| match order {
                Word::Page => Order::Page,
                Word::C => Order::Bytes,
            }),
            wait: Duration::from_secs(args.wait),
            if_wanted: args.if_wanted,
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

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Word {
    /// By the letters of the postoffice's code page, whatever their accents and case
    Page,
    /// By the values of the bytes, as LC_ALL=C sort
    C,
}

/// Builds the global address list of a postoffice: GAL.NME, GALINDEX.GLB and GALNETPO.GLB, all three or none
#[derive(Debug, Parser)]
#[command(
    name = "rebuild",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = SPELLING_HELP
)]
struct Args {
    #[command(flatten)]
    location: LocationArgs,

    /// Do not ask for permission
    #[arg(short, long)]
    force: bool,

    /// What the names are sorted by; without it as in the list there is, by the page in a first one
    #[arg(long, value_name = "ORDER")]
    order: Option<Word>,

    /// Seconds to try again where another program holds one of the files
    #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE.as_secs())]
    wait: u64,

    /// Build nothing where the requestor option Rebuild is No, as nsda asks at T3
    #[arg(long)]
    if_wanted: bool,

    /// Read and sort everything, and write nothing
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
    fn the_published_lines_are_understood() {
        for (line, force) in [
            ("rebuild", false),
            ("rebuild -dn", false),
            ("rebuild -f -dn", true),
            ("rebuild -DN -F", true),
        ] {
            let options = options(line).expect(line);
            assert_eq!(options.force, force, "{line}");
            assert!(!options.if_wanted && !options.dry_run, "{line}");
            assert_eq!((options.order, options.wait), (None, PATIENCE), "{line}");
        }
    }

    #[test]
    fn orders_are_named_in_either_case_of_the_long_option() {
        let order = |word: &str| options(&format!("rebuild --order {word}")).map(|o| o.order);
        assert_eq!(order("page").expect("an order"), Some(Order::Page));
        assert_eq!(order("c").expect("an order"), Some(Order::Bytes));
        assert!(order("d").expect_err("no order").is_usage_error());
    }

    #[test]
    fn what_is_no_option_is_a_usage_error() {
        for line in [
            "rebuild admin",
            "rebuild -x",
            "rebuild --wait",
            "rebuild --wait -1",
        ] {
            assert!(options(line).expect_err(line).is_usage_error(), "{line}");
        }
    }
}
