//! One connection: a dirsync server that the agent is a requestor of, or a requestor that it serves.

use std::path::PathBuf;

use serde::Deserialize;

use super::conditions::ConditionsText;
use super::mapping::Mapping;
use super::schedule::Schedule;
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

/// Highest trust level (DX-14).
pub(in crate::tools::dxa) const MAX_TRUST: u8 = 100;
