//! The configuration of an agent between organizations: `[hub]`, `[branch]`, or both, since the hub's organization has a
//! branch of its own (`spec/exchange.md` IO-01). Read whole and checked before anything happens.

mod branch;
mod hub;
mod mail;

use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use branch::{Branch, Domains, Export, ExportContainer, NoSmtp, Rewrite};
pub use hub::{Hub, Registered, Table};
pub use mail::{Mail, Place, Way};

use crate::tools::dxa::config::{
    ConfigError, Copies, Directory, DirectoryText, Fault, check_copies, check_poll, default_poll,
};

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it was read.
    pub path: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// Where copies of all messages go, if they are wanted (IO-19).
    pub copies: Option<Copies>,
    /// Seconds between two looks of the service at mail.
    pub poll: u32,
    /// Where metrics are written; none where nobody wants them.
    pub metrics: Option<PathBuf>,
    /// How mail comes and goes.
    pub mail: Mail,
    /// The hub, where this agent is it.
    pub hub: Option<Hub>,
    /// The branch, where this agent is one, and the directory that it is a branch of.
    pub branch: Option<(Branch, Directory)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    agent: AgentText,
    directory: Option<DirectoryText>,
    #[serde(default)]
    mail: mail::MailText,
    hub: Option<hub::HubText>,
    branch: Option<branch::BranchText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AgentText {
    data: PathBuf,
    copies: Option<PathBuf>,
    copies_keep: Option<u32>,
    #[serde(default = "default_poll")]
    poll: u32,
    metrics: Option<PathBuf>,
}

/// Tells whether a configuration is one between organizations: it has a hub or a branch.
#[must_use]
pub fn is_meant(text: &str) -> bool {
    let read: Result<toml::Table, _> = toml::from_str(text);
    read.is_ok_and(|table| table.contains_key("hub") || table.contains_key("branch"))
}

impl Config {
    /// Reads the text of a configuration that stands in `path`; paths in it are relative to that.
    ///
    /// # Errors
    /// It is no TOML, has unknown settings, or settings are wrong: all of them are named at once.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let syntax = |error| ConfigError::Syntax {
            path: path.to_owned(),
            error: Box::new(error),
        };
        let mut faults = Vec::new();
        let table: toml::Table = toml::from_str(text).map_err(syntax)?;
        for other in ["connection", "resync-connections"] {
            if table.contains_key(other) {
                let text = "there is [hub] or [branch]: one file is towards postoffices or between organizations";
                faults.push(Fault::new(other, text));
            }
        }
        if !faults.is_empty() {
            return Err(ConfigError::Settings {
                path: path.to_owned(),
                faults,
            });
        }
        let read: FileText = toml::from_str(text).map_err(syntax)?;
        let base = path.parent().unwrap_or(Path::new(""));
        let config = read.check(path, base, &mut faults);
        match faults.is_empty() {
            true => Ok(config),
            false => Err(ConfigError::Settings {
                path: path.to_owned(),
                faults,
            }),
        }
    }
}

impl FileText {
    fn check(self, path: &Path, base: &Path, faults: &mut Vec<Fault>) -> Config {
        let agent = self.agent;
        let data = base.join(agent.data);
        let hub = self.hub.and_then(|hub| hub.check(base, &data, faults));
        let branch = self.branch.and_then(|branch| branch.check(base, faults));
        let directory = self.directory.map(|text| text.check(base, faults));
        let branch = match (branch, directory) {
            (Some(branch), Some(directory)) => Some((branch, directory)),
            (Some(_), None) => {
                let text = "missing, but there is a [branch], which is one of a directory";
                faults.push(Fault::new("directory", text));
                None
            }
            (None, _) => None,
        };
        check_local(
            hub.as_ref(),
            branch.as_ref().map(|(branch, _)| branch),
            faults,
        );
        let needs_mail = hub
            .iter()
            .any(|hub| hub.branches.iter().any(|b| b.place.address().is_some()))
            || branch
                .iter()
                .any(|(branch, _)| branch.hub.address().is_some());
        let copies = check_copies(agent.copies, agent.copies_keep, &data, base, faults);
        let mail = self.mail.check(base, &data, needs_mail, faults);
        if let Some(copies) = copies
            .as_ref()
            .filter(|c| c.folder.starts_with(&mail.maildir))
        {
            let text = format!(
                "{}: in the Maildir, where a copy is taken for a message",
                copies.folder.display()
            );
            faults.push(Fault::new("agent.copies", text));
        }
        Config {
            path: path.to_owned(),
            copies,
            poll: check_poll(agent.poll, faults),
            metrics: agent.metrics.map(|path| base.join(path)),
            mail,
            data,
            hub,
            branch,
        }
    }
}

/// A branch and a hub in one file speak with each other without mail, and both know it.
fn check_local(hub: Option<&Hub>, branch: Option<&Branch>, faults: &mut Vec<Fault>) {
    let registered = hub.and_then(|hub| hub.branches.iter().find(|b| b.place == Place::Local));
    let is_local = branch.is_some_and(|branch| branch.hub == Place::Local);
    match (registered, branch) {
        (Some(registered), _) if !is_local => {
            let text = "local, expected a [branch] with hub = \"local\" in this file";
            let setting = format!("hub.branch {}: address", registered.name);
            faults.push(Fault::new(setting, text));
        }
        (Some(registered), Some(branch)) if !registered.name.eq_ignore_ascii_case(&branch.name) => {
            let text = format!(
                "{}, and the local branch of the hub is {}",
                branch.name, registered.name
            );
            faults.push(Fault::new("branch.name", text));
        }
        (None, Some(_)) if is_local => {
            let text =
                "local, expected a [hub] in this file with a branch whose address is \"local\"";
            faults.push(Fault::new("branch.hub", text));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
