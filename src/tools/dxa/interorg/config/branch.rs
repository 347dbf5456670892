//! A branch: what it sends of its directory and what it takes (`spec/exchange.md` IO-05, IO-06, IO-08 to IO-16).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Place;
use super::hub::{check_address, check_key, check_limit};
use crate::directory::dn::Dn;
use crate::directory::interorg::{Card, CardKind};
use crate::directory::ldap::Password;
use crate::directory::syntax;
use crate::protocol::mail::MailAddress;
use crate::tools::dxa::config::{Fault, MAX_TRUST, Schedule, check_dn};

/// A branch.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Its name: the owner of its entries everywhere, so that it stays as it is.
    pub name: String,
    /// Where it is.
    pub address: MailAddress,
    /// Where the hub is.
    pub hub: Place,
    /// What messages are signed with; none where the hub is local.
    pub key: Option<Password>,
    /// Where entries of the others go: exactly one container (IO-06).
    pub container: Dn,
    /// Whose entries are wanted (IO-13).
    pub domains: Domains,
    /// What becomes of entries without SMTP address (IO-08).
    pub no_smtp: NoSmtp,
    /// What goes out.
    pub export: Export,
    /// Bytes of one encoded message; 0 is any number (IO-14).
    pub limit: u32,
    /// When it asks by itself.
    pub schedule: Schedule,
}

/// What goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The containers.
    pub containers: Vec<ExportContainer>,
    /// Attributes that are carried, in lower case (IO-16).
    pub attributes: BTreeSet<String>,
    /// Put behind each display name (IO-10).
    pub append: Option<String>,
    /// Domains that others see instead of the own ones (IO-11).
    pub rewrite: Vec<Rewrite>,
    /// Highest trust level that goes out (IO-12).
    pub trust: u8,
    /// Entries that another connection brought go out too (NT-20).
    pub relay: bool,
}

/// A container, and what of it goes out (IO-05).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportContainer {
    /// Its name.
    pub dn: Dn,
    /// What of it goes out.
    pub kinds: BTreeSet<CardKind>,
}

/// A domain, and what others see instead of it (IO-11).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// The own domain.
    pub from: String,
    /// What others see.
    pub to: String,
}

/// What becomes of entries without SMTP address (IO-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum NoSmtp {
    /// They stay out, with the reason `no-smtp` at both sides.
    #[default]
    Skip,
    /// They go and come without mail.
    ImportWithoutMail,
}

/// Domains whose entries are wanted (IO-13); none named is all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Domains(Vec<String>);

impl Domains {
    /// Takes names: `org2.example` is that one, `.org2.example` and `*.org2.example` those below it.
    #[must_use]
    pub fn new(names: &[String]) -> Self {
        let names = names.iter().map(|name| {
            let name = name.trim().to_lowercase();
            name.strip_prefix('*')
                .filter(|rest| rest.starts_with('.'))
                .map_or(name.clone(), str::to_owned)
        });
        let mut names: Vec<_> = names.collect();
        match names.iter().any(|name| name == "*") {
            true => names.clear(),
            false => {
                names.sort();
                names.dedup();
            }
        }
        Self(names)
    }

    /// Tells whether all are wanted.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether an address is wanted.
    #[must_use]
    pub fn has(&self, mail: &str) -> bool {
        let domain = mail
            .rsplit_once('@')
            .map_or("", |(_, domain)| domain)
            .to_lowercase();
        self.is_all()
            || self.0.iter().any(|name| match name.starts_with('.') {
                true => domain.len() > name.len() && domain.ends_with(name.as_str()),
                false => domain == *name,
            })
    }

    /// Returns them as they are kept: sorted, a leading dot for those below.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct BranchText {
    name: String,
    address: String,
    hub: String,
    key_file: Option<PathBuf>,
    key_env: Option<String>,
    import_container: String,
    #[serde(default)]
    domains: Vec<String>,
    #[serde(default)]
    no_smtp: NoSmtp,
    append: Option<String>,
    #[serde(default)]
    rewrite: Vec<Rewrite>,
    #[serde(default = "all_trust")]
    trust: u8,
    attributes: Option<Vec<String>>,
    #[serde(default)]
    relay: bool,
    #[serde(default)]
    limit: u32,
    every: Option<u64>,
    #[serde(default)]
    at: Vec<String>,
    #[serde(default, rename = "export")]
    exports: Vec<ExportText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ExportText {
    container: String,
    kinds: Option<BTreeSet<CardKind>>,
}

fn all_trust() -> u8 {
    MAX_TRUST
}

impl BranchText {
    pub(super) fn check(self, base: &Path, faults: &mut Vec<Fault>) -> Option<Branch> {
        let mut own = Vec::new();
        let checked = self.check_settings(base, &mut own);
        faults.extend(own.into_iter().map(|fault| Fault {
            setting: format!("branch.{}", fault.setting),
            ..fault
        }));
        checked
    }

    fn check_settings(self, base: &Path, faults: &mut Vec<Fault>) -> Option<Branch> {
        check_name("name", &self.name, faults);
        let address = check_address("address", &self.address, faults);
        let hub = Place::check("hub", &self.hub, faults);
        let key = check_key(hub.as_ref(), self.key_file, self.key_env, base, faults);
        let container = check_dn("import-container", &self.import_container, faults);
        let mut containers: Vec<ExportContainer> = Vec::new();
        for text in self.exports {
            let Some(dn) = check_dn("export.container", &text.container, faults) else {
                continue;
            };
            if let Some(import) = &container {
                check_apart(&dn, import, faults);
            }
            if containers.iter().any(|other| other.dn.is_same(&dn)) {
                faults.push(Fault::new(
                    "export.container",
                    format!("{dn} is there twice"),
                ));
            }
            let kinds = text.kinds.unwrap_or_else(|| CardKind::ALL.into());
            if kinds.is_empty() {
                faults.push(Fault::new(
                    "export.kinds",
                    format!("empty for {dn}, expected one at least"),
                ));
            }
            containers.push(ExportContainer { dn, kinds });
        }
        check_limit("limit", self.limit, faults);
        if self.trust > MAX_TRUST {
            let text = format!("{}, expected 0 to {MAX_TRUST}", self.trust);
            faults.push(Fault::new("trust", text));
        }
        for name in &self.domains {
            check_domain("domains", name, faults);
        }
        for Rewrite { from, to } in &self.rewrite {
            check_host("rewrite", from, faults);
            check_host("rewrite", to, faults);
        }
        let attributes = match self.attributes {
            // Entries have them by one name, whichever is written here.
            Some(names) => names
                .iter()
                .map(|name| syntax::canonical_name(name).to_lowercase())
                .collect(),
            None => Card::GENERAL.into_iter().map(str::to_owned).collect(),
        };
        check_attributes(&attributes, faults);
        Some(Branch {
            name: self.name,
            address: address?,
            hub: hub?,
            key,
            container: container?,
            domains: Domains::new(&self.domains),
            no_smtp: self.no_smtp,
            export: Export {
                containers,
                attributes,
                append: self.append.filter(|text| !text.is_empty()),
                rewrite: self.rewrite,
                trust: self.trust,
                relay: self.relay,
            },
            limit: self.limit,
            schedule: Schedule::check(self.every, &self.at, faults),
        })
    }
}

/// A name of a branch stands in files, keys and messages.
pub(super) fn check_name(setting: &str, name: &str, faults: &mut Vec<Fault>) {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(is_fine) {
        let text = format!("{name:?}, expected up to 64 letters, digits, - _ and .");
        faults.push(Fault::new(setting, text));
    }
}

/// Neither the import container nor an export container may be in the other (IO-06).
fn check_apart(export: &Dn, import: &Dn, faults: &mut Vec<Fault>) {
    if export.is_within(import) || import.is_within(export) {
        let text = format!("{import} and the export container {export}: one contains the other");
        faults.push(Fault::new("import-container", text));
    }
}

fn check_domain(setting: &str, name: &str, faults: &mut Vec<Fault>) {
    let rest = name.strip_prefix('*').unwrap_or(name);
    let host = rest.strip_prefix('.').unwrap_or(rest);
    if name != "*" && (name.starts_with('*') && !rest.starts_with('.') || !is_host(host)) {
        let text = format!("{name:?}, expected a domain, .DOMAIN for those below it, or *");
        faults.push(Fault::new(setting, text));
    }
}

fn check_host(setting: &str, name: &str, faults: &mut Vec<Fault>) {
    if !is_host(name) {
        faults.push(Fault::new(setting, format!("{name:?}, expected a domain")));
    }
}

fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || "-_".contains(c))
    };
    name.split('.').all(is_label)
}

/// Tells whether a name is that of an attribute, whatever options it has.
fn is_base(name: &str, attribute: &str) -> bool {
    name.split(';').next() == Some(attribute)
}

fn check_attributes(attributes: &BTreeSet<String>, faults: &mut Vec<Fault>) {
    /// What the agent says in another way, or that nobody gives away.
    const OURS: [&str; 3] = ["mail", "objectclass", "userpassword"];
    for name in attributes {
        let is_fine = |c: char| c.is_ascii_alphanumeric() || "-;.".contains(c);
        if name.is_empty() || !name.chars().all(is_fine) {
            faults.push(Fault::new(
                "attributes",
                format!("{name:?} is no name of an attribute"),
            ));
        } else if name.starts_with("sync") || OURS.iter().any(|ours| is_base(name, ours)) {
            faults.push(Fault::new(
                "attributes",
                format!("{name} cannot be carried as it is"),
            ));
        }
    }
}
