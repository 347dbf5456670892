//! One connection: a dirsync server that the agent is a requestor of, or a requestor that it serves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::conditions::{Blank, ConditionsText};
use super::mapping::{Mapping, check_mappings};
use super::schedule::Schedule;
use super::secret;
use super::{Fault, page, place};
use crate::address::{AddressType, PostofficeName};
use crate::codec::codepage::CodePage;
use crate::directory::conditions::Conditions;
use crate::directory::dn::Dn;
use crate::directory::key::ContainerLayout;
use crate::directory::ldap::Password;
use crate::directory::names::UniqueNames;

/// What the agent is on a connection (DX-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A requestor: the other side is the dirsync server.
    Requestor,
    /// The dirsync server: the other side is a requestor.
    Server,
}

impl Role {
    /// Returns the word of the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Requestor => "requestor",
            Self::Server => "server",
        }
    }
}

/// Which way something goes: the numbers 0 to 3 of DXA-Exchange-Options and DXA-Template-Options (1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// 0.
    None,
    /// 1 for lists, 2 for templates: to the other side.
    #[serde(alias = "outgoing")]
    Send,
    /// 2 for lists, 1 for templates: from the other side.
    #[serde(alias = "incoming")]
    Receive,
    /// 3.
    #[default]
    Both,
}

impl Direction {
    /// Tells whether it goes to the other side.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Self::Send | Self::Both)
    }

    /// Tells whether it comes from the other side.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Self::Receive | Self::Both)
    }
}

/// One connection.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its name, for people and commands.
    pub name: String,
    /// What the agent is.
    pub role: Role,
    /// Network and postoffice of the other side.
    pub address: PostofficeName,
    /// Code page of the other side (DXA-Recipient-CP).
    pub code_page: CodePage,
    /// The registered password, where there is one.
    pub password: Option<Password>,
    /// Updates are sent, received, both or none (DXA-Exchange-Options).
    pub exchange: Direction,
    /// So are templates (DXA-Template-Options).
    pub templates: Direction,
    /// What comes in.
    pub import: Import,
    /// What goes out.
    pub export: Export,
    /// Prompts and attributes beside those of the default table.
    pub mappings: Vec<Mapping>,
    /// When updates are exchanged by the service.
    pub schedule: Schedule,
}

/// What becomes of what comes in.
#[derive(Debug, Clone)]
pub struct Import {
    /// Where the entries go; none where nothing is received.
    pub container: Option<Dn>,
    /// Where in it.
    pub layout: ContainerLayout,
    /// Value of `syncImportedFrom` (DX-18).
    pub owner: String,
    /// Further owners whose entries this connection may change (`Requestors Used To Import From`, Q155727).
    pub also_accept: Vec<String>,
    /// Trust level that new entries get (DX-14).
    pub trust: u8,
    /// That level replaces one that was changed here.
    pub force_trust: bool,
    /// Domain of SMTP addresses made for entries that have none.
    pub smtp_domain: Option<String>,
    /// File with a domain per network/postoffice (`AddressMappingFileName`, Q140951).
    pub address_map: Option<PathBuf>,
    /// A generated address that is taken is left out and not numbered.
    pub keep_original: bool,
}

/// What goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Where the entries come from (DX-13).
    pub containers: Vec<Dn>,
    /// The postoffices that the agent speaks for: R, and entries without owner (DX-17).
    pub owned: Vec<PostofficeName>,
    /// Entries of other owners are passed on.
    pub relay: bool,
    /// Highest trust level that goes out (DX-14).
    pub trust: u8,
    /// Addresses of other systems go out (DX-16).
    pub custom_recipients: bool,
    /// Groups go out.
    pub groups: bool,
    /// Types that the other side takes.
    pub types: Vec<AddressType>,
    /// Entries of other types go out under their address of ours (DX-16).
    pub as_proxy: bool,
    /// Which display names must differ (DX-23).
    pub unique_names: UniqueNames,
    /// An entry with a character that the other side does not have stays here (DX-28).
    pub strict_charset: bool,
    /// Bytes of one message; 0 is any number (DX-39).
    pub limit: u32,
    /// What else an entry has to meet.
    pub conditions: Conditions,
    /// The same as it stands in the configuration.
    pub conditions_text: ConditionsText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ConnectionText {
    name: String,
    role: Role,
    address: String,
    code_page: Option<u16>,
    password_file: Option<PathBuf>,
    password_env: Option<String>,
    #[serde(default)]
    exchange_options: Direction,
    #[serde(default)]
    template_options: Direction,
    import_container: Option<String>,
    #[serde(default)]
    layout: ContainerLayout,
    owner: Option<String>,
    #[serde(default)]
    also_accept: Vec<String>,
    #[serde(default = "all_trust")]
    import_trust: u8,
    #[serde(default)]
    force_trust: bool,
    smtp_domain: Option<String>,
    address_map: Option<PathBuf>,
    #[serde(default)]
    keep_original: bool,
    #[serde(default)]
    export_containers: Vec<String>,
    owned: Option<Vec<String>>,
    #[serde(default)]
    relay: bool,
    #[serde(default = "all_trust")]
    trust: u8,
    #[serde(default)]
    custom_recipients: bool,
    #[serde(default = "yes")]
    groups: bool,
    types: Option<Vec<String>>,
    #[serde(default)]
    as_proxy: bool,
    #[serde(default)]
    unique_names: UniqueNames,
    #[serde(default)]
    strict_charset: bool,
    #[serde(default)]
    limit: u32,
    consent_attribute: Option<String>,
    consent_blank: Option<Blank>,
    #[serde(default)]
    filters: Vec<String>,
    #[serde(default)]
    required: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    limits: BTreeMap<String, usize>,
    #[serde(default, rename = "mapping")]
    mappings: Vec<Mapping>,
    every: Option<u64>,
    #[serde(default)]
    at: Vec<String>,
}

/// Highest trust level (DX-14).
pub(in crate::tools::dxa) const MAX_TRUST: u8 = 100;

fn all_trust() -> u8 {
    MAX_TRUST
}

fn yes() -> bool {
    true
}

/// Checks all connections, and that none of them is there twice (DX-01, Q187779, Q201084).
pub(super) fn check_all(
    texts: Vec<ConnectionText>,
    agent: Option<(&PostofficeName, CodePage)>,
    base: &Path,
    faults: &mut Vec<Fault>,
) -> Vec<Connection> {
    let mut checked: Vec<Connection> = Vec::new();
    for text in texts {
        let name = text.name.clone();
        let mut own = Vec::new();
        let connection = text.check(agent, base, &mut own);
        if let Some(connection) = &connection {
            find_twins(connection, &checked, agent, &mut own);
        }
        faults.extend(own.into_iter().map(|fault| Fault {
            setting: format!("connection {name}: {}", fault.setting),
            ..fault
        }));
        checked.extend(connection);
    }
    checked
}

fn find_twins(
    connection: &Connection,
    others: &[Connection],
    agent: Option<(&PostofficeName, CodePage)>,
    faults: &mut Vec<Fault>,
) {
    let page = connection.code_page;
    if let Some(other) = others
        .iter()
        .find(|o| o.name.eq_ignore_ascii_case(&connection.name))
    {
        let text = format!(
            "requestor-twice: there is a connection {} already",
            other.name
        );
        faults.push(Fault::new("name", text));
    }
    if let Some(other) = others
        .iter()
        .find(|o| o.address.is_same(&connection.address, page))
    {
        let text = format!(
            "requestor-twice: {} is the address of connection {}",
            connection.address.view(page),
            other.name
        );
        faults.push(Fault::new("address", text));
    }
    if agent.is_some_and(|(own, _)| own.is_same(&connection.address, page)) {
        let text = "requestor-twice: that is the address of the agent itself";
        faults.push(Fault::new("address", text));
    }
    let container = connection.import.container.as_ref();
    let shared = others.iter().find(|other| {
        let theirs = other.import.container.as_ref();
        theirs.zip(container).is_some_and(|(a, b)| a.is_same(b))
    });
    if let Some(other) = shared {
        let text = format!(
            "connection {} has it, expected one of its own (LD-01)",
            other.name
        );
        faults.push(Fault::new("import-container", text));
    }
    if let Some(other) = others.iter().find(|o| {
        o.import
            .owner
            .eq_ignore_ascii_case(&connection.import.owner)
    }) {
        let text = format!("connection {} has it, expected one of its own", other.name);
        faults.push(Fault::new("owner", text));
    }
}

impl ConnectionText {
    fn check(
        self,
        agent: Option<(&PostofficeName, CodePage)>,
        base: &Path,
        faults: &mut Vec<Fault>,
    ) -> Option<Connection> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.name.is_empty() || !self.name.chars().all(is_name) || self.name.starts_with('.') {
            // It names files.
            let text = format!("{:?}, expected letters, digits, - _ and .", self.name);
            faults.push(Fault::new("name", text));
        }
        let agent_page = agent.map_or(CodePage::Cp850, |(_, page)| page);
        let code_page = self
            .code_page
            .map_or(agent_page, |id| page("code-page", id, faults));
        let address = place("address", &self.address, code_page, faults);
        let setting = "password-file";
        let password = secret::find(setting, self.password_file, self.password_env, base, faults);
        let container = self.import_container.as_deref();
        let container = container.and_then(|dn| check_dn("import-container", dn, faults));
        if self.import_container.is_none() && self.exchange_options.receives() {
            let text = "missing, but updates are received (exchange-options)";
            faults.push(Fault::new("import-container", text));
        }
        if self.export_containers.is_empty() && self.exchange_options.sends() {
            let text = "empty, but updates are sent (exchange-options); nothing is deleted elsewhere by this";
            faults.push(Fault::new("export-containers", text));
        }
        for (setting, trust) in [("trust", self.trust), ("import-trust", self.import_trust)] {
            if trust > MAX_TRUST {
                faults.push(Fault::new(
                    setting,
                    format!("{trust}, expected 0 to {MAX_TRUST}"),
                ));
            }
        }
        let containers = self.export_containers.iter();
        let containers = containers.filter_map(|dn| check_dn("export-containers", dn, faults));
        let containers = containers.collect();
        let owned = match (self.owned, agent) {
            (Some(owned), _) => {
                let owned = owned.iter();
                owned
                    .filter_map(|name| place("owned", name, code_page, faults))
                    .collect()
            }
            (None, Some((own, _))) => vec![own.clone()],
            (None, None) => Vec::new(),
        };
        let types = self.types.map_or(vec![AddressType::Pcm], |types| {
            let types = types.iter();
            types
                .filter_map(|word| address_type(word, faults))
                .collect()
        });
        if types.is_empty() && self.exchange_options.sends() {
            let text = "empty, but updates are sent (exchange-options); nothing is deleted elsewhere by this";
            faults.push(Fault::new("types", text));
        }
        check_mappings(&self.mappings, faults);
        let conditions_text = ConditionsText {
            consent_attribute: self.consent_attribute,
            consent_blank: self.consent_blank,
            filters: self.filters,
            required: self.required,
            limits: self.limits,
        };
        let conditions = conditions_text.check(faults);
        let owner = self
            .owner
            .unwrap_or_else(|| format!("{}/{}", self.name, self.address));
        Some(Connection {
            name: self.name,
            role: self.role,
            address: address?,
            code_page,
            password,
            exchange: self.exchange_options,
            templates: self.template_options,
            import: Import {
                container,
                layout: self.layout,
                owner,
                also_accept: self.also_accept,
                trust: self.import_trust,
                force_trust: self.force_trust,
                smtp_domain: self.smtp_domain,
                address_map: self.address_map.map(|path| base.join(path)),
                keep_original: self.keep_original,
            },
            export: Export {
                containers,
                owned,
                relay: self.relay,
                trust: self.trust,
                custom_recipients: self.custom_recipients,
                groups: self.groups,
                types,
                as_proxy: self.as_proxy,
                unique_names: self.unique_names,
                strict_charset: self.strict_charset,
                limit: self.limit,
                conditions,
                conditions_text,
            },
            mappings: self.mappings,
            schedule: Schedule::check(self.every, &self.at, faults),
        })
    }
}

fn address_type(word: &str, faults: &mut Vec<Fault>) -> Option<AddressType> {
    let kind = AddressType::from_token(word.as_bytes());
    if kind.is_none() {
        faults.push(Fault::new("types", format!("{word:?} is no address type")));
    }
    kind
}

pub(in crate::tools::dxa) fn check_dn(
    setting: &str,
    text: &str,
    faults: &mut Vec<Fault>,
) -> Option<Dn> {
    let dn = Dn::parse(text).map_err(|error| error.to_string());
    let dn = dn.and_then(|dn| match dn.is_root() {
        true => Err("empty, expected the name of an entry".to_owned()),
        false => Ok(dn),
    });
    dn.map_err(|error| faults.push(Fault::new(setting, error)))
        .ok()
}
