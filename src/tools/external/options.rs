//! The command line of `external` (`spec/protocol.md` 8.1 and 8.4).

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, Parser, ValueEnum};
use serde::Deserialize;

use crate::protocol::mail::MailAddress;
use crate::tools::cli::data::DataLocation;
use crate::tools::cli::{self, CommonArgs, Early, SPELLING_HELP, tables, usage_error};

/// A value of `-d`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// One postoffice, which must be there.
    One(DataLocation),
    /// Drives from the first letter to the second; the first must be there.
    Range(char, char),
}

impl Data {
    /// Reads a value: two letters are a range of drives (Q96060, Q103447), all else is a drive or a path.
    fn parse(value: &OsStr) -> Result<Self, &'static str> {
        match value.as_encoded_bytes() {
            [] => Err("a drive letter, a range of two or a path is needed"),
            [first, last] if first.is_ascii_alphabetic() && last.is_ascii_alphabetic() => {
                let (first, last) = (first.to_ascii_uppercase(), last.to_ascii_uppercase());
                match first <= last {
                    true => Ok(Self::Range(first.into(), last.into())),
                    false => Err(
                        "a range begins with its first letter, as mp; a directory of two letters is ./pm",
                    ),
                }
            }
            _ => Ok(Self::One(DataLocation::from(value))),
        }
    }
}

/// Whether the way to the relay is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// No: a relay on this machine or in a network that is trusted.
    #[default]
    None,
    /// STARTTLS, and no mail without it.
    Starttls,
    /// TLS from the first byte.
    Tls,
}

/// The SMTP relay that takes what no postoffice can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// Name or address, for the certificate as well.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub tls: Tls,
    /// User name and the file with the password.
    pub login: Option<(String, PathBuf)>,
}

/// What takes the mail that no postoffice can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailSystem {
    /// A program that reads a message, as sendmail does.
    Sendmail(PathBuf),
    /// A relay.
    Smtp(Relay),
}

/// A command line of `external`.
#[derive(Clone, Debug)]
pub struct Options {
    /// `-d`: the postoffices; the first is the home postoffice.
    pub data: Vec<Data>,
    /// `--from-maildir`: a Maildir whose messages are sorted to the postoffices.
    pub from_maildir: Option<PathBuf>,
    /// `--sendmail` or `--smtp`.
    pub mail_system: Option<MailSystem>,
    /// `--mail-from`: the address that mail comes from.
    pub mail_from: Option<MailAddress>,
    /// `--retries`: tries in vain after which a message goes back.
    pub retries: u32,
    /// `-ms`: write SENT.LOG.
    pub sent_log: bool,
    /// `-mr`: write RECV.LOG.
    pub received_log: bool,
    /// `-l`: write a session log; a name says where.
    pub session_log: Option<Option<PathBuf>>,
    /// `--instance`: name in front of the lines of the session log.
    pub instance: Option<String>,
    /// `-v`: say what becomes of each message.
    pub verbose: bool,
    /// `--dry-run`.
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
        let args: Args = cli::parse(&tables::EXTERNAL, arguments)?;
        if !args.once {
            return Err(usage_error(
                &mut command(),
                ErrorKind::MissingRequiredArgument,
                "external makes one pass and ends: give -0, and let a timer repeat it",
            ));
        }
        let data = match args.data.is_empty() {
            true => vec![Data::One(DataLocation::default())],
            false => args.data,
        };
        let login = args.smtp_user.zip(args.smtp_password_file);
        let relay = args.smtp.map(|(host, port)| Relay {
            host,
            port,
            tls: args.smtp_tls,
            login,
        });
        Ok(Self {
            data,
            from_maildir: args.from_maildir,
            mail_system: relay
                .map(MailSystem::Smtp)
                .or(args.sendmail.map(MailSystem::Sendmail)),
            mail_from: args.mail_from,
            retries: args.retries,
            sent_log: args.sent_log,
            received_log: args.received_log,
            session_log: args.log,
            instance: args.instance,
            verbose: args.verbose,
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

/// Delivers the dir-sync mail of postoffices, once
#[derive(Debug, Parser)]
#[command(
    name = "external",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = SPELLING_HELP
)]
struct Args {
    /// Make one pass and end (the digit zero); there is no other way
    #[arg(short = '0', long)]
    once: bool,

    /// Where the mail data files are: a drive letter, two for a range (-dmp), or a path; may be repeated [default: M]
    #[arg(
        short,
        long,
        value_name = "DRIVES|PATH",
        action = ArgAction::Append,
        value_parser = OsStringValueParser::new().try_map(|value| Data::parse(&value))
    )]
    data: Vec<Data>,

    /// Sort the messages of this Maildir to the postoffices given, by their DirSync-To
    #[arg(long, value_name = "DIR")]
    from_maildir: Option<PathBuf>,

    /// Hand what no postoffice can take to this program
    #[arg(
        long,
        value_name = "PATH",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "/usr/sbin/sendmail",
        conflicts_with = "smtp"
    )]
    sendmail: Option<PathBuf>,

    /// Hand what no postoffice can take to this SMTP relay
    #[arg(long, value_name = "HOST:PORT", value_parser = relay_address)]
    smtp: Option<(String, u16)>,

    /// Whether the way to the relay is encrypted
    #[arg(long, value_name = "MODE", default_value = "none", requires = "smtp")]
    smtp_tls: Tls,

    /// Log in at the relay under this name
    #[arg(long, value_name = "NAME", requires_all = ["smtp", "smtp_password_file"])]
    smtp_user: Option<String>,

    /// Read the password for the relay from the first line of this file
    #[arg(long, value_name = "FILE", requires = "smtp_user")]
    smtp_password_file: Option<PathBuf>,

    /// Address that mail comes from and reports go to; else a mail route to the sender that one of the postoffices knows
    #[arg(long, value_name = "USER@HOST", value_parser = MailAddress::parse)]
    mail_from: Option<MailAddress>,

    /// Tries in vain after which a message goes back to its sender
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    retries: u32,

    /// Use no modem; there is none
    #[arg(short = 'a', long)]
    no_modem: bool,

    /// Log what is sent in SENT.LOG (-ms)
    #[arg(long = "ms")]
    sent_log: bool,

    /// Log what is received in RECV.LOG (-mr)
    #[arg(long = "mr")]
    received_log: bool,

    /// Log the session in SESSION.LOG of the first postoffice, or in this file
    #[arg(short, long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    log: Option<Option<PathBuf>>,

    /// Name in front of the lines of the session log
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,

    /// Say what becomes of each message
    #[arg(short, long)]
    verbose: bool,

    /// Accepted and without effect, as nothing is known of it (-q1)
    #[arg(short = 'q', long = "q", value_name = "N")]
    unknown_q: Option<String>,

    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    common: CommonArgs,
}

/// Reads `HOST:PORT`; an IPv6 address stands in brackets.
pub(in crate::tools) fn relay_address(text: &str) -> Result<(String, u16), String> {
    let wrong = || format!("'{text}': expected HOST:PORT");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port: u16 = port.parse().map_err(|_| wrong())?;
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let host = match bare {
        Some(host) => host,
        None if host.contains(':') => return Err(wrong()),
        None => host,
    };
    let safe = |c: char| c.is_ascii_alphanumeric() || "-._:%".contains(c);
    match host.is_empty() || port == 0 || !host.chars().all(safe) {
        true => Err(wrong()),
        false => Ok((host.to_owned(), port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, Early> {
        Options::parse(line.split_whitespace().map(OsString::from))
    }

    fn drive(letter: char) -> Data {
        Data::One(DataLocation::Drive(letter))
    }

    #[test]
    fn the_published_lines_are_read() {
        let found = options("external -0 -dmp -a -MS -mr -v -L -q1").expect("as published");
        assert_eq!(found.data, [Data::Range('M', 'P')]);
        assert!(found.sent_log && found.received_log && found.verbose);
        assert_eq!(found.session_log, Some(None));
        assert_eq!(found.retries, 3);
        // DS-C030
        let found = options("external -0 -dm -a").expect("as published");
        assert_eq!(found.data, [drive('M')]);
        assert!(found.mail_system.is_none() && !found.sent_log && found.session_log.is_none());
    }

    #[test]
    fn a_value_of_d_is_a_drive_a_range_or_a_path() {
        let data = |line: &str| options(&format!("external -0 {line}")).map(|found| found.data);
        let path = |text: &str| Data::One(DataLocation::Path(text.into()));
        for (line, expected) in [
            ("", vec![drive('M')]),
            ("-dN", vec![drive('N')]),
            ("-dn:", vec![drive('N')]),
            ("-dMM", vec![Data::Range('M', 'M')]),
            (
                "-dmn -dp -d/srv/po",
                vec![Data::Range('M', 'N'), drive('P'), path("/srv/po")],
            ),
            ("-dmno", vec![path("mno")]),
            ("-d./mp -d..", vec![path("./mp"), path("..")]),
        ] {
            assert_eq!(data(line).expect(line), expected, "{line}");
        }
        for line in ["-dpm", "-d"] {
            assert!(data(line).expect_err(line).is_usage_error(), "{line}");
        }
    }

    #[test]
    fn what_takes_the_rest_is_said_once() {
        let system =
            |line: &str| options(&format!("external -0 -dm {line}")).map(|o| o.mail_system);
        let sendmail = |path: &str| Some(MailSystem::Sendmail(path.into()));
        assert_eq!(
            system("--sendmail").expect("default"),
            sendmail("/usr/sbin/sendmail")
        );
        assert_eq!(system("--sendmail=/x/y").expect("a path"), sendmail("/x/y"));
        let found =
            system("--smtp [::1]:2525 --smtp-tls starttls --smtp-user u --smtp-password-file f");
        let expected = Relay {
            host: "::1".into(),
            port: 2525,
            tls: Tls::Starttls,
            login: Some(("u".into(), "f".into())),
        };
        assert_eq!(found.expect("a relay"), Some(MailSystem::Smtp(expected)));
        for line in [
            "--smtp localhost",
            "--smtp :25",
            "--smtp ::1:25",
            "--smtp h:0",
            "--smtp h:25 --sendmail",
            "--smtp-tls tls",
            "--smtp h:25 --smtp-user u",
            "--mail-from nobody",
            "--mail-from -oQ@x",
            "--retries 0",
        ] {
            assert!(system(line).expect_err(line).is_usage_error(), "{line}");
        }
    }

    #[test]
    fn one_pass_must_be_asked_for() {
        assert!(options("external -dm").expect_err("no -0").is_usage_error());
    }
}
