//! A connection as it stands in the configuration, checked setting by setting.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::conditions::{Blank, ConditionsText};
use super::connection::{Connection, Direction, Export, Import, MAX_TRUST, Role};
use super::mapping::{Mapping, check_mappings};
use super::schedule::Schedule;
use super::secret;
use super::{Fault, page, place};
use crate::address::{AddressType, PostofficeName};
use crate::codec::codepage::CodePage;
use crate::directory::dn::Dn;
use crate::directory::key::ContainerLayout;
use crate::directory::names::UniqueNames;

/// The settings of one connection.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ConnectionText {
    pub(super) name: String,
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

fn all_trust() -> u8 {
    MAX_TRUST
}

fn yes() -> bool {
    true
}

impl ConnectionText {
    pub(super) fn check(
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
