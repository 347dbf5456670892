//! The configuration of the directory agent: one TOML file, read whole and checked before anything happens
//! (`spec/exchange.md` DX-01, DX-38). Settings that the original had keep their meaning; the table of section 3 there
//! names them.

mod checked;
mod conditions;
mod connection;
mod connections;
mod consume;
mod difference;
mod fault;
mod mapping;
mod schedule;
pub(super) mod secret;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::directory::ldap::Password;
use crate::tools::exit::{ExitCode, ToolError};
pub(super) use checked::check_dn;
pub use conditions::{Blank, ConditionsText};
pub(super) use connection::MAX_TRUST;
pub use connection::{Connection, Direction, Export, Role};
pub(super) use consume::Consumed;
pub(super) use difference::{Changed, difference, fingerprint};
pub(super) use fault::near;
pub use fault::{ConfigError, Fault};
pub use mapping::Mapping;
pub use schedule::Schedule;

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it was read.
    pub path: PathBuf,
    /// The agent itself.
    pub agent: Agent,
    /// The directory.
    pub directory: Directory,
    /// The connections, in order of the file.
    pub connections: Vec<Connection>,
    /// `resync-connections`: lists to be made once (`ResyncConnectionRDNs`, Q150976).
    pub resync_connections: Vec<String>,
}

/// The agent itself.
#[derive(Debug, Clone)]
pub struct Agent {
    /// Its network and postoffice; mail goes to `$SYSTEM` there (DX-01).
    pub address: PostofficeName,
    /// Its data folder (`DXADataPath`, Q185504).
    pub data: PathBuf,
    /// Code page of its own files.
    pub code_page: CodePage,
    /// Where copies of all messages go, if they are wanted (DX-33).
    pub copies: Option<Copies>,
    /// Seconds between two looks of the service at mail and lists.
    pub poll: u32,
    /// Where metrics are written; none where nobody wants them.
    pub metrics: Option<PathBuf>,
}

/// Copies of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copies {
    /// The folder.
    pub folder: PathBuf,
    /// How many are kept.
    pub keep: u32,
}

/// The directory.
#[derive(Debug, Clone)]
pub struct Directory {
    /// `ldap://`, `ldaps://`.
    pub url: String,
    /// Begin TLS on `ldap://`.
    pub start_tls: bool,
    /// Certificates to trust beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// Who the agent is; none binds anonymously.
    pub bind_dn: Option<String>,
    /// Its password.
    pub password: Option<Password>,
    /// Entries of one page.
    pub page_size: u32,
    /// Seconds that an operation may take.
    pub timeout: u64,
    /// Hours after which an export container is read whole again, whatever is known of it; 0 is always.
    pub full_read_hours: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FileText {
    agent: AgentText,
    directory: DirectoryText,
    #[serde(default, rename = "connection")]
    connections: Vec<checked::ConnectionText>,
    #[serde(default)]
    resync_connections: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AgentText {
    address: String,
    data: PathBuf,
    #[serde(default = "default_code_page")]
    code_page: u16,
    copies: Option<PathBuf>,
    copies_keep: Option<u32>,
    #[serde(default = "default_poll")]
    poll: u32,
    metrics: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DirectoryText {
    url: String,
    #[serde(default)]
    start_tls: bool,
    ca_file: Option<PathBuf>,
    bind_dn: Option<String>,
    password_file: Option<PathBuf>,
    password_env: Option<String>,
    #[serde(default = "default_page_size")]
    page_size: u32,
    #[serde(default = "default_timeout")]
    timeout: u64,
    #[serde(default = "default_full_read_hours")]
    full_read_hours: u64,
}

fn default_code_page() -> u16 {
    CodePage::Cp850.id()
}

/// Copies that are kept.
const DEFAULT_COPIES: u32 = 200;

pub(super) fn default_poll() -> u32 {
    60
}

fn default_page_size() -> u32 {
    500
}

fn default_timeout() -> u64 {
    60
}

fn default_full_read_hours() -> u64 {
    24
}

impl Config {
    /// Reads a configuration. Paths in it are relative to the file.
    ///
    /// # Errors
    /// The file cannot be read or is no TOML, or settings are wrong: all of them are named at once.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|error| ConfigError::Read {
            path: path.to_owned(),
            error,
        })?;
        Self::parse(&text, path)
    }

    /// Reads the text of a configuration that stands in `path`.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let read: FileText = toml::from_str(text).map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            error: Box::new(error),
        })?;
        let mut faults = Vec::new();
        let base = path.parent().unwrap_or(Path::new(""));
        let agent = read.agent.check(base, &mut faults);
        let directory = read.directory.check(base, &mut faults);
        let connections = connections::check_all(
            read.connections,
            agent
                .as_ref()
                .map(|agent| (&agent.address, agent.code_page)),
            base,
            &mut faults,
        );
        let known = |name: &str| {
            connections
                .iter()
                .any(|c| c.name.eq_ignore_ascii_case(name))
        };
        for name in read.resync_connections.iter().filter(|name| !known(name)) {
            faults.push(Fault::new(
                "resync-connections",
                format!("no connection {name:?}"),
            ));
        }
        match (agent, faults.is_empty()) {
            (Some(agent), true) => Ok(Self {
                path: path.to_owned(),
                agent,
                directory,
                connections,
                resync_connections: read.resync_connections,
            }),
            _ => Err(ConfigError::Settings {
                path: path.to_owned(),
                faults,
            }),
        }
    }

    /// Finds a connection by its name, without case.
    #[must_use]
    pub fn connection(&self, name: &str) -> Option<&Connection> {
        self.connections
            .iter()
            .find(|c| c.name.eq_ignore_ascii_case(name))
    }

    /// Finds a connection that has to be there.
    ///
    /// # Errors
    /// None has the name.
    pub fn named(&self, name: &str) -> Result<&Connection, ToolError> {
        self.connection(name).ok_or_else(|| {
            let near = self.near(name).join(", ");
            let text = format!("no connection {name}; near it: {near}");
            ToolError::new(ExitCode::NotFound, text)
        })
    }

    /// Returns what else may be meant by a name that no connection has.
    #[must_use]
    pub fn near(&self, name: &str) -> Vec<&str> {
        let names = self.connections.iter().map(|c| &c.name[..]);
        fault::near(name, names)
    }
}

impl AgentText {
    fn check(self, base: &Path, faults: &mut Vec<Fault>) -> Option<Agent> {
        let page = page("agent.code-page", self.code_page, faults);
        let address = place("agent.address", &self.address, page, faults);
        let data = base.join(self.data);
        let copies = check_copies(self.copies, self.copies_keep, &data, base, faults);
        Some(Agent {
            address: address?,
            data,
            code_page: page,
            copies,
            poll: check_poll(self.poll, faults),
            metrics: self.metrics.map(|path| base.join(path)),
        })
    }
}

/// Checks how often the service looks.
pub(super) fn check_poll(poll: u32, faults: &mut Vec<Fault>) -> u32 {
    if !(1..=86_400).contains(&poll) {
        let text = format!("{poll}, expected 1 to 86400 seconds");
        faults.push(Fault::new("agent.poll", text));
    }
    poll
}

/// Copies that were asked for need a place of their own (Q174741).
pub(super) fn check_copies(
    folder: Option<PathBuf>,
    keep: Option<u32>,
    data: &Path,
    base: &Path,
    faults: &mut Vec<Fault>,
) -> Option<Copies> {
    let setting = "agent.copies";
    let Some(folder) = folder else {
        if keep.is_some() {
            let text = "missing, but copies-keep is set: copies of messages need a folder";
            faults.push(Fault::new(setting, text));
        }
        return None;
    };
    if folder.as_os_str().is_empty() {
        faults.push(Fault::new(setting, "empty, expected a folder"));
    }
    let folder = base.join(folder);
    if is_worked_in(&folder, data) {
        let text = format!(
            "{}: the agent works in it, expected a folder of its own",
            folder.display()
        );
        faults.push(Fault::new(setting, text));
    }
    let keep = keep.unwrap_or(DEFAULT_COPIES);
    if keep == 0 {
        let text = "0, expected how many copies are kept";
        faults.push(Fault::new("agent.copies-keep", text));
    }
    Some(Copies { folder, keep })
}

/// Tells whether the agent reads from a folder, or has files of its own there.
fn is_worked_in(folder: &Path, data: &Path) -> bool {
    const FOLDERS: [&str; 9] = [
        "in",
        "out",
        "done",
        "bad",
        "removed",
        "postoffice",
        "mail",
        "mail-out",
        "quarantine",
    ];
    let is_within = |other: PathBuf| folder.starts_with(other);
    folder == data || FOLDERS.iter().any(|name| is_within(data.join(name)))
}

impl DirectoryText {
    pub(super) fn check(self, base: &Path, faults: &mut Vec<Fault>) -> Directory {
        let is_plain = self.url.starts_with("ldap://");
        if !is_plain && !self.url.starts_with("ldaps://") {
            let text = format!("{:?}, expected ldap://HOST or ldaps://HOST", self.url);
            faults.push(Fault::new("directory.url", text));
        }
        if self.start_tls && !is_plain {
            let text = "ldaps:// is encrypted from the start, expected ldap://";
            faults.push(Fault::new("directory.start-tls", text));
        }
        if !(1..=100_000).contains(&self.page_size) {
            faults.push(Fault::new("directory.page-size", "expected 1 to 100000"));
        }
        if self.timeout == 0 {
            faults.push(Fault::new(
                "directory.timeout",
                "expected a number of seconds above 0",
            ));
        }
        let setting = "directory.password-file";
        let password = secret::find(setting, self.password_file, self.password_env, base, faults);
        if let Some(dn) = &self.bind_dn {
            check_dn("directory.bind-dn", dn, faults);
            if password.is_none() {
                let text = "missing, and there is no password-env, but bind-dn is set";
                faults.push(Fault::new(setting, text));
            }
        }
        Directory {
            url: self.url,
            start_tls: self.start_tls,
            ca_file: self.ca_file.map(|path| base.join(path)),
            bind_dn: self.bind_dn,
            password,
            page_size: self.page_size,
            timeout: self.timeout,
            full_read_hours: self.full_read_hours,
        }
    }
}

/// Finds a code page; 850 where there is none of that number, so that the rest can be checked.
fn page(setting: &str, id: u16, faults: &mut Vec<Fault>) -> CodePage {
    CodePage::from_id(id).unwrap_or_else(|| {
        let known = CodePage::ALL.map(|page| page.id().to_string()).join(", ");
        faults.push(Fault::new(
            setting,
            format!("{id}, expected one of {known}"),
        ));
        CodePage::Cp850
    })
}

/// Reads `NET/PO`.
fn place(
    setting: &str,
    text: &str,
    code_page: CodePage,
    faults: &mut Vec<Fault>,
) -> Option<PostofficeName> {
    let bytes = code_page.encode(text).map_err(|e| e.to_string());
    let read = bytes.and_then(|bytes| {
        PostofficeName::parse(&bytes, code_page).map_err(|error| error.to_string())
    });
    read.map_err(|error| faults.push(Fault::new(setting, format!("{text:?}: {error}"))))
        .ok()
}

#[cfg(test)]
mod tests;
