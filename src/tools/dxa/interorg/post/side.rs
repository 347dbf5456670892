//! Who speaks to whom, and with which key.

use std::fmt;

use crate::directory::interorg::wire::Unit;
use crate::directory::ldap::Password;
use crate::protocol::mail::{MailAddress, SignatureKey};
use crate::tools::dxa::interorg::config::{Config, Place};

/// One end of a message: `BRANCH:ORG1`, `HUB:dirsync@hub.example`. A hub has no name but its address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::tools::dxa::interorg) enum Side {
    /// A branch, upper case.
    Branch(String),
    /// A hub, lower case.
    Hub(String),
}

impl Side {
    pub(in crate::tools::dxa::interorg) fn branch(name: &str) -> Self {
        Self::Branch(name.to_uppercase())
    }

    fn hub(address: &MailAddress) -> Self {
        Self::Hub(address.as_str().to_lowercase())
    }

    /// Reads the value of a header.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (kind, name) = value.trim().split_once(':')?;
        let is_fine = |c: char| c.is_ascii_graphic();
        if name.is_empty() || name.len() > 320 || !name.chars().all(is_fine) {
            return None;
        }
        match kind.to_ascii_uppercase().as_str() {
            "BRANCH" => Some(Self::branch(name)),
            "HUB" => Some(Self::Hub(name.to_lowercase())),
            _ => None,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch(name) => write!(f, "BRANCH:{name}"),
            Self::Hub(address) => write!(f, "HUB:{address}"),
        }
    }
}

/// Somebody that messages are exchanged with.
#[derive(Debug, Clone)]
pub(in crate::tools::dxa::interorg) struct Link {
    /// This side.
    pub(in crate::tools::dxa::interorg) own: Side,
    /// The other one.
    pub(in crate::tools::dxa::interorg) other: Side,
    /// Where mail comes from.
    pub(in crate::tools::dxa::interorg) own_address: MailAddress,
    /// Where it goes.
    pub(in crate::tools::dxa::interorg) other_address: MailAddress,
    /// What both sign with.
    pub(super) key: SignatureKey,
    /// The setting `limit` of this side.
    pub(super) limit: u32,
}

impl Link {
    /// Finds everybody whom a configuration names, except who is local.
    pub(in crate::tools::dxa::interorg) fn all(config: &Config) -> Vec<Self> {
        let mut all = Vec::new();
        if let Some(hub) = &config.hub {
            for branch in &hub.branches {
                if let (Some(address), Some(key)) = (branch.place.address(), &branch.key) {
                    all.push(Self {
                        own: Side::hub(&hub.address),
                        other: Side::branch(&branch.name),
                        own_address: hub.address.clone(),
                        other_address: address.clone(),
                        key: whole(key),
                        limit: hub.limit,
                    });
                }
            }
        }
        if let Some((branch, _)) = &config.branch {
            if let (Place::Remote(hub), Some(key)) = (&branch.hub, &branch.key) {
                all.push(Self {
                    own: Side::branch(&branch.name),
                    other: Side::hub(hub),
                    own_address: branch.address.clone(),
                    other_address: hub.clone(),
                    key: whole(key),
                    limit: branch.limit,
                });
            }
        }
        all
    }

    /// Returns the branch of the two.
    pub(in crate::tools::dxa::interorg) fn branch(&self) -> &str {
        match (&self.own, &self.other) {
            (Side::Branch(name), _) | (_, Side::Branch(name)) => name,
            (Side::Hub(_), Side::Hub(_)) => "",
        }
    }

    /// Returns the setting `limit` of this side.
    pub(in crate::tools::dxa::interorg) fn limit(&self) -> u32 {
        self.limit
    }

    /// Tells whether requests come from there: this side is the hub.
    pub(in crate::tools::dxa::interorg) fn is_hub(&self) -> bool {
        matches!(self.own, Side::Hub(_))
    }
}

fn whole(key: &Password) -> SignatureKey {
    SignatureKey::whole(key.reveal().as_bytes())
}

/// The word for what a unit is.
pub(in crate::tools::dxa::interorg) fn task(unit: &Unit) -> &'static str {
    match unit {
        Unit::Request(_) => "REQUEST",
        Unit::Answer(_) => "ANSWER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_read_back_in_any_case_and_nothing_else_is_one() {
        for text in ["BRANCH:ORG1", "HUB:dirsync@hub.example"] {
            assert_eq!(Side::parse(text).expect("a side").to_string(), text);
        }
        assert_eq!(Side::parse("branch:org1"), Some(Side::branch("ORG1")));
        assert_eq!(
            Side::parse(" Hub:DirSync@Hub.example"),
            Side::parse("HUB:dirsync@hub.example")
        );
        for text in [
            "",
            "ORG1",
            "BRANCH:",
            "PCM:NET/PO",
            "BRANCH:a b",
            "HUB:\u{e9}",
        ] {
            assert_eq!(Side::parse(text), None, "{text:?}");
        }
    }
}
