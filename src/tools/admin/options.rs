//! The command line of `admin`: where the postoffice is, who asks, and the words (`design.md` section 6).

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};

use super::words::Words;
use crate::tools::cli::login::LoginArgs;
use crate::tools::cli::{self, CommonArgs, Early, SPELLING_HELP, tables};

/// A command line of `admin`, understood.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who, and on which postoffice.
    pub login: LoginArgs,
    /// `-y`: do not ask for permission.
    pub yes: bool,
    /// `--dry-run`: decide everything, write nothing.
    pub dry_run: bool,
    /// `--json` and `--report`.
    pub common: CommonArgs,
    /// What to do.
    pub words: Words,
}

impl Options {
    /// Reads a command line, the first token of which is the program itself.
    ///
    /// # Errors
    ///
    /// There is nothing to do, or the command line is wrong.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Early> {
        let args: Args = cli::parse(&tables::ADMIN, before_the_words(arguments))?;
        let Some(words) = args.words else {
            let what = "what is to be done? See --help for the words";
            return Err(cli::usage_error(
                &mut command(),
                ErrorKind::MissingSubcommand,
                what,
            ));
        };
        Ok(Self {
            login: args.login,
            yes: args.yes,
            dry_run: args.dry_run,
            common: args.common,
            words,
        })
    }
}

/// Returns the definition that help, completions and the manual page are made from.
#[must_use]
pub fn command() -> clap::Command {
    Args::command()
}

/// Administrates a postoffice: users, groups, gateways, other postoffices, and directory synchronization
///
/// The words are those of the original's menus. Every change is made whole or not at all, and stands in
/// LOG/DIRSYNC.LOG.
#[derive(Debug, Parser)]
#[command(
    name = "admin",
    version,
    propagate_version = true,
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true,
    after_help = format!("{WITHOUT_ADMIN}\n{SPELLING_HELP}")
)]
struct Args {
    #[command(flatten)]
    login: LoginArgs,

    /// Do not ask for permission
    #[arg(short, long)]
    yes: bool,

    /// Decide everything and write nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    common: CommonArgs,

    #[command(subcommand)]
    words: Option<Words>,
}

const WITHOUT_ADMIN: &str = "\
Where no ADMIN is named, the first account with administrator rights is meant; its password is asked
for all the same.";

/// Yes or no, as in the original's menus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    /// Yes.
    Yes,
    /// No.
    No,
}

impl YesNo {
    /// Returns whether it is yes.
    #[must_use]
    pub fn is_yes(self) -> bool {
        self == Self::Yes
    }

    /// Returns the value of a token of a local user.
    #[must_use]
    pub fn token(self) -> &'static [u8] {
        match self {
            Self::Yes => b"YES",
            Self::No => b"NO",
        }
    }
}

/// Where a new password comes from; the environment (`DIRSYNC_NEW_PASSWORD`) and the terminal follow.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct NewPasswordArgs {
    /// Read the new password from the first line of this file, not from DIRSYNC_NEW_PASSWORD or the terminal
    #[arg(long, value_name = "FILE")]
    pub new_password_file: Option<PathBuf>,
}

/// Brings what concerns the whole program before the words, which may stand anywhere (`-dM` behind the words
/// too); a long `--password` behind them belongs to its word.
fn before_the_words(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments = arguments.into_iter();
    let mut first: Vec<OsString> = arguments.next().into_iter().collect();
    let mut rest = Vec::new();
    while let Some(token) = arguments.next() {
        if token == "--" {
            rest.push(token);
            break;
        }
        match place_of(&token) {
            Place::Word => rest.push(token),
            Place::Program => first.push(token),
            Place::ProgramWithValue => {
                first.push(token);
                first.extend(arguments.next());
            }
        }
    }
    rest.extend(arguments);
    first.append(&mut rest);
    first
}

enum Place {
    Word,
    Program,
    ProgramWithValue,
}

fn place_of(token: &OsStr) -> Place {
    const FLAGS: [&str; 3] = ["--json", "--dry-run", "--yes"];
    const VALUES: [&str; 3] = ["--report", "--data", "--password-file"];
    let Some(text) = token.to_str() else {
        // A path that is no Unicode can only be attached to -d.
        return match token.as_encoded_bytes() {
            [b'-', b'd' | b'D', ..] => Place::Program,
            _ => Place::Word,
        };
    };
    if FLAGS.contains(&text) || text.eq_ignore_ascii_case("-y") {
        return Place::Program;
    }
    if VALUES.contains(&text) {
        return Place::ProgramWithValue;
    }
    let attached = text.split_once('=').map_or("", |(name, _)| name);
    let is_letter = matches!(text.as_bytes(), [b'-', b'd' | b'D' | b'p' | b'P', ..]);
    if is_letter || VALUES.contains(&attached) {
        Place::Program
    } else {
        Place::Word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(line: &str) -> String {
        let moved = before_the_words(line.split(' ').map(OsString::from));
        let words: Vec<_> = moved.iter().filter_map(|word| word.to_str()).collect();
        words.join(" ")
    }

    #[test]
    fn what_concerns_the_program_may_stand_behind_the_words() {
        assert_eq!(
            moved("admin admin local list -dM -pSecret --json"),
            "admin -dM -pSecret --json admin local list"
        );
        assert_eq!(
            moved("admin passwd --report r.txt jane -Y"),
            "admin --report r.txt -Y passwd jane"
        );
        assert_eq!(
            moved("admin -dM requestors create N/P --password x"),
            "admin -dM requestors create N/P --password x"
        );
        assert_eq!(moved("admin local -- -dM"), "admin local -- -dM");
    }

    #[test]
    fn the_words_may_follow_the_administrator_or_not() {
        let parse = |line: &str| Options::parse(line.split(' ').map(OsString::from));
        let options = parse("admin -dpo ADMIN -pX local list").expect("valid");
        assert_eq!(options.login.administrator.as_deref(), Some("ADMIN"));
        let options = parse("admin -dpo setup NET/PO1").expect("valid");
        assert_eq!(options.login.administrator, None);
        for wrong in ["admin", "admin -dpo admin", "admin config", "admin -x"] {
            assert!(parse(wrong).expect_err(wrong).is_usage_error(), "{wrong}");
        }
    }
}
