//! What is carried of an entry from one organization to the others (`spec/exchange.md` IO-07, IO-11, IO-16).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Whose entry it is: the branch that has it, and its entryUUID there. Neither alias nor name nor mail is part of it
/// (IO-07), so that a move or a rename keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceKey {
    /// Name of the branch, upper case.
    branch: String,
    /// entryUUID at the source, lower case.
    uuid: String,
}

impl SourceKey {
    /// Makes the key of an entry of a branch.
    #[must_use]
    pub fn new(branch: &str, uuid: &str) -> Self {
        Self {
            branch: branch.to_uppercase(),
            uuid: uuid.to_lowercase(),
        }
    }

    /// Reads `BRANCH:uuid`; `None` where a part is missing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (branch, uuid) = text.split_once(':')?;
        (!branch.is_empty() && !uuid.is_empty()).then(|| Self::new(branch, uuid))
    }

    /// Returns the branch, in upper case.
    #[must_use]
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// Returns the entryUUID at the source.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }
}

impl fmt::Display for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.branch, self.uuid)
    }
}

/// What an entry is (IO-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardKind {
    /// A person of that organization.
    Mailbox,
    /// A distribution list.
    List,
    /// A custom recipient: an address of another system.
    Recipient,
}

impl CardKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mailbox, Self::List, Self::Recipient];

    /// Returns the word that stands for it in messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Mailbox => "mailbox",
            Self::List => "list",
            Self::Recipient => "recipient",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.word().eq_ignore_ascii_case(word))
    }
}

/// What is carried of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// What it is.
    pub kind: CardKind,
    /// Its name at the source: for reports and replies to old mail (IO-22), never its identity.
    pub dn: String,
    /// Its primary SMTP address, behind the domain rewrite (IO-11).
    pub mail: Option<String>,
    /// Where mail for it goes, `TYPE:value`: the address before the rewrite.
    pub target: Option<String>,
    /// Further addresses, `TYPE:value`, without doubles, sorted.
    pub secondary: Vec<String>,
    /// The attributes of the list that both sides know (IO-16), names in lower case, values in the order of the source.
    pub attributes: BTreeMap<String, Vec<String>>,
}

impl Card {
    /// Attributes that are carried where nothing else is configured: the General page (IO-16).
    pub const GENERAL: [&'static str; 16] = [
        "cn",
        "displayname",
        "givenname",
        "initials",
        "sn",
        "uid",
        "street",
        "l",
        "st",
        "postalcode",
        "c",
        "title",
        "o",
        "departmentnumber",
        "physicaldeliveryofficename",
        "telephonenumber",
    ];

    /// Returns the SMTP addresses that it claims, in lower case: two entries never have the same one (IO-09).
    pub fn claims(&self) -> impl Iterator<Item = String> + '_ {
        let typed = self.target.iter().chain(&self.secondary);
        let smtp = typed.filter_map(|address| {
            let (kind, value) = address.split_once(':')?;
            kind.eq_ignore_ascii_case("SMTP")
                .then(|| value.to_lowercase())
        });
        self.mail.iter().map(|mail| mail.to_lowercase()).chain(smtp)
    }

    /// Returns the hash by which two states of an entry are told apart.
    #[must_use]
    pub fn hash(&self) -> CardHash {
        let text = serde_json::to_vec(self).expect("a card is text");
        CardHash(Sha256::digest(text).into())
    }
}

/// SHA-256 of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CardHash(pub [u8; 32]);

impl CardHash {
    /// That of no card.
    pub const UNKNOWN: Self = Self([0; 32]);
}

impl fmt::Display for CardHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_branch_and_uuid_without_case() {
        let key = SourceKey::parse("Org1:6F9A-b").expect("a key");
        assert_eq!(key.to_string(), "ORG1:6f9a-b");
        assert_eq!((key.branch(), key.uuid()), ("ORG1", "6f9a-b"));
        assert_eq!(SourceKey::parse("6f9a"), None);
        assert_eq!(SourceKey::parse(":x"), None);
    }

    #[test]
    fn an_address_is_claimed_whatever_its_case_and_place() {
        let card = Card {
            kind: CardKind::Mailbox,
            dn: "cn=Ann,o=Org1".to_owned(),
            mail: Some("Ann@Company.example".to_owned()),
            target: Some("SMTP:ann@org1.company.example".to_owned()),
            secondary: vec!["smtp:A@x.example".to_owned(), "X400:c=US".to_owned()],
            attributes: BTreeMap::new(),
        };
        let claims: Vec<_> = card.claims().collect();
        assert_eq!(
            claims,
            [
                "ann@company.example",
                "ann@org1.company.example",
                "a@x.example"
            ]
        );
    }

    #[test]
    fn the_hash_says_whether_anything_that_is_carried_changed() {
        let card = |uid: &str| Card {
            kind: CardKind::Mailbox,
            dn: "cn=Ann,o=Org1".to_owned(),
            mail: None,
            target: None,
            secondary: Vec::new(),
            attributes: BTreeMap::from([("uid".to_owned(), vec![uid.to_owned()])]),
        };
        assert_eq!(card("ann").hash(), card("ann").hash());
        assert_ne!(card("ann").hash(), card("Ann").hash());
    }
}
