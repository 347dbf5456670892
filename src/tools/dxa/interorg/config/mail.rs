//! How mail comes and goes, and where the other sides are (`spec/exchange.md` IO-02).

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::protocol::mail::MailAddress;
use crate::tools::dxa::config::Fault;
use crate::tools::external::options::{MailSystem, Relay, Tls, relay_address};

/// Where another side is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this very agent.
    Local,
    /// Anywhere mail goes.
    Remote(MailAddress),
}

impl Place {
    /// Reads `local` or `USER@HOST`; a name of a directory is refused, where the original let mail pile up unread (Q265249).
    pub(super) fn check(setting: &str, text: &str, faults: &mut Vec<Fault>) -> Option<Self> {
        if text.eq_ignore_ascii_case("local") {
            return Some(Self::Local);
        }
        let read = MailAddress::parse(text).map(Self::Remote);
        let expected = "expected local, or USER@HOST: who is elsewhere is reached by SMTP";
        read.map_err(|_| faults.push(Fault::new(setting, format!("{text:?}, {expected}"))))
            .ok()
    }

    /// Returns the address; none for who is local.
    #[must_use]
    pub fn address(&self) -> Option<&MailAddress> {
        match self {
            Self::Local => None,
            Self::Remote(address) => Some(address),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Remote(address) => address.fmt(f),
        }
    }
}

/// How mail leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// Through a mail system.
    System(MailSystem),
    /// Into Maildirs, one for each address, below a folder.
    Folder(PathBuf),
}

/// How mail comes and goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The Maildir where mail for this agent arrives.
    pub maildir: PathBuf,
    /// How it leaves; none where everybody is local.
    pub way: Option<Way>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MailText {
    maildir: Option<PathBuf>,
    sendmail: Option<PathBuf>,
    smtp: Option<String>,
    #[serde(default)]
    smtp_tls: Tls,
    smtp_user: Option<String>,
    smtp_password_file: Option<PathBuf>,
    folder: Option<PathBuf>,
}

impl MailText {
    pub(super) fn check(
        self,
        base: &Path,
        data: &Path,
        is_needed: bool,
        faults: &mut Vec<Fault>,
    ) -> Mail {
        let user = self.smtp_user;
        let password = self.smtp_password_file.map(|path| base.join(path));
        if user.is_some() != password.is_some() {
            let text = "smtp-user and smtp-password-file belong together";
            faults.push(Fault::new("mail.smtp-user", text));
        }
        let relay = self.smtp.and_then(|text| {
            let read = relay_address(&text);
            let read = read.map_err(|error| {
                faults.push(Fault::new("mail.smtp", format!("{text:?}: {error}")))
            });
            read.ok()
        });
        let relay = relay.map(|(host, port)| Relay {
            host,
            port,
            tls: self.smtp_tls,
            login: user.zip(password),
        });
        let sendmail = self
            .sendmail
            .map(|path| MailSystem::Sendmail(base.join(path)));
        let ways = [
            sendmail.map(Way::System),
            relay.map(|relay| Way::System(MailSystem::Smtp(relay))),
            self.folder.map(|folder| Way::Folder(base.join(folder))),
        ];
        let mut ways = ways.into_iter().flatten();
        let way = ways.next();
        if ways.next().is_some() {
            faults.push(Fault::new(
                "mail",
                "expected one of sendmail, smtp and folder",
            ));
        }
        if is_needed
            && way.is_none()
            && faults
                .iter()
                .all(|fault| !fault.setting.starts_with("mail"))
        {
            faults.push(Fault::new(
                "mail",
                "expected sendmail, smtp or folder: the other side is not local",
            ));
        }
        Mail {
            maildir: self
                .maildir
                .map_or_else(|| data.join("mail"), |path| base.join(path)),
            way,
        }
    }
}
