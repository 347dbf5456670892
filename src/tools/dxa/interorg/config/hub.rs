//! The hub: who may ask, and where the master table is (`spec/exchange.md` IO-02, IO-03).

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Place;
use super::branch::check_name;
use crate::directory::ldap::Password;
use crate::protocol::mail::MailAddress;
use crate::tools::dxa::config::{Fault, secret};

/// Bytes of a key at least: fewer can be guessed.
pub(super) const MIN_KEY_LEN: usize = 16;

/// The hub.
#[derive(Debug, Clone)]
pub struct Hub {
    /// Where branches write to.
    pub address: MailAddress,
    /// Where the master table is.
    pub table: Table,
    /// Bytes of one encoded message; 0 is any number (IO-14).
    pub limit: u32,
    /// Who may ask.
    pub branches: Vec<Registered>,
}

/// Where the master table is.
#[derive(Debug, Clone)]
pub enum Table {
    /// One SQLite file.
    File(PathBuf),
    /// A PostgreSQL database, for hubs side by side.
    Postgres {
        /// `postgresql://USER@HOST/DATABASE`.
        url: String,
        /// Its password.
        password: Option<Password>,
    },
}

/// A branch that may ask.
#[derive(Debug, Clone)]
pub struct Registered {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// What its messages are signed with; none for the local one, whose messages nobody carries.
    pub key: Option<Password>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct HubText {
    address: String,
    store: Option<String>,
    store_password_file: Option<PathBuf>,
    store_password_env: Option<String>,
    #[serde(default)]
    limit: u32,
    #[serde(default, rename = "branch")]
    branches: Vec<RegisteredText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RegisteredText {
    name: String,
    address: String,
    key_file: Option<PathBuf>,
    key_env: Option<String>,
}

impl HubText {
    pub(super) fn check(self, base: &Path, data: &Path, faults: &mut Vec<Fault>) -> Option<Hub> {
        let address = check_address("hub.address", &self.address, faults);
        let setting = "hub.store-password-file";
        let password = secret::find(
            setting,
            self.store_password_file,
            self.store_password_env,
            base,
            faults,
        );
        let store = self.store.unwrap_or_else(|| "master.db".to_owned());
        let is_database = ["postgresql://", "postgres://"]
            .iter()
            .any(|scheme| store.starts_with(scheme));
        let table = match is_database {
            true => Table::Postgres {
                url: store,
                password,
            },
            false if store.contains("://") => {
                let text = format!("{store:?}, expected a file or postgresql://USER@HOST/DATABASE");
                faults.push(Fault::new("hub.store", text));
                Table::File(data.join("master.db"))
            }
            false => Table::File(data.join(store)),
        };
        check_limit("hub.limit", self.limit, faults);
        if self.branches.is_empty() {
            faults.push(Fault::new(
                "hub.branch",
                "expected one at least: only who is registered may ask",
            ));
        }
        let mut branches: Vec<Registered> = Vec::new();
        for text in self.branches {
            if let Some(branch) = text.check(base, &branches, faults) {
                branches.push(branch);
            }
        }
        Some(Hub {
            address: address?,
            table,
            limit: self.limit,
            branches,
        })
    }
}

impl RegisteredText {
    fn check(
        self,
        base: &Path,
        others: &[Registered],
        faults: &mut Vec<Fault>,
    ) -> Option<Registered> {
        let mut own = Vec::new();
        check_name("name", &self.name, &mut own);
        let place = Place::check("address", &self.address, &mut own);
        let key = check_key(place.as_ref(), self.key_file, self.key_env, base, &mut own);
        if others
            .iter()
            .any(|other| other.name.eq_ignore_ascii_case(&self.name))
        {
            own.push(Fault::new(
                "name",
                "requestor-twice: there is a branch of that name already",
            ));
        }
        let is_same = |other: &&Registered| {
            place
                .as_ref()
                .is_some_and(|place| is_same(place, &other.place))
        };
        if let Some(other) = others.iter().find(is_same) {
            own.push(Fault::new(
                "address",
                format!("requestor-twice: branch {} has it", other.name),
            ));
        }
        faults.extend(own.into_iter().map(|fault| Fault {
            setting: format!("hub.branch {}: {}", self.name, fault.setting),
            ..fault
        }));
        Some(Registered {
            name: self.name,
            place: place?,
            key,
        })
    }
}

fn is_same(a: &Place, b: &Place) -> bool {
    a.to_string().eq_ignore_ascii_case(&b.to_string())
}

pub(super) fn check_address(
    setting: &str,
    text: &str,
    faults: &mut Vec<Fault>,
) -> Option<MailAddress> {
    let read = MailAddress::parse(text);
    read.map_err(|error| faults.push(Fault::new(setting, error.to_string())))
        .ok()
}

/// Bytes of an encoded message at least: less would hold a head and no entry.
const MIN_LIMIT: u32 = 16 << 10;

/// Checks the bytes of an encoded message.
pub(super) fn check_limit(setting: &str, limit: u32, faults: &mut Vec<Fault>) {
    if (1..MIN_LIMIT).contains(&limit) {
        let text = format!("{limit}, expected 0 for any, or {MIN_LIMIT} bytes and more");
        faults.push(Fault::new(setting, text));
    }
}

/// Finds the key of messages between here and `place`: mail needs one, since a sender is a claim only (IO-02).
pub(super) fn check_key(
    place: Option<&Place>,
    file: Option<PathBuf>,
    variable: Option<String>,
    base: &Path,
    faults: &mut Vec<Fault>,
) -> Option<Password> {
    let is_given = file.is_some() || variable.is_some();
    let key = secret::find("key-file", file, variable, base, faults);
    match (place, &key) {
        (Some(Place::Remote(_)), None) if !is_given => {
            faults.push(Fault::new(
                "key-file",
                "missing, and there is no key-env: messages are signed with it",
            ));
        }
        (_, Some(key)) if key.reveal().len() < MIN_KEY_LEN => {
            let text = format!(
                "a key of {} bytes, expected {MIN_KEY_LEN} or more",
                key.reveal().len()
            );
            faults.push(Fault::new("key-file", text));
        }
        _ => {}
    }
    key
}
