//! The never-reused name of one remote address (`spec/exchange.md` LD-03, DX-35, DX-36).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::address_text::{PC_MAIL, TargetAddress};
use serde::{Deserialize, Serialize};

use super::dn::Dn;
use super::schema;
use super::x400::{self, X121Spelling};

/// Where an entry of a container lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerLayout {
    /// All entries directly below the container.
    #[default]
    Flat,
    /// PC Mail entries below `ou=PO,ou=NET` of the container (DX-36).
    PerPostoffice,
}

/// A key. Two are equal when the directory takes them for one value (`caseIgnoreMatch`), so that an equal key always
/// is one entry, and an entry always one key. The order is that of the folded bytes, whatever the locale (DX-12).
///
/// A copy costs nothing: asks, entries, and what became of them all name one another by their keys.
#[derive(Clone)]
pub struct SyncKey {
    /// The key as it is stored, then as it is compared.
    both: Arc<str>,
    len: usize,
}

impl SyncKey {
    /// Returns the key of an address: `MS:NET/PO/MAILBOX` in upper case, other types as they are.
    #[must_use]
    pub fn of(address: &TargetAddress) -> Self {
        let value = match address.kind() {
            PC_MAIL => upper(address.value()).into(),
            // One mailbox, whichever way its sender spells the name of the number.
            "X400" => x400::spell_x121(address.value(), X121Spelling::Plain).into(),
            _ => Cow::Borrowed(address.value()),
        };
        Self::stored(&[address.kind(), &value].join(":"))
    }

    /// Returns the key of an entry of another organization: what its own directory calls it (IO-07).
    #[must_use]
    pub fn hub(requestor: &str, uuid: &str) -> Self {
        Self::stored(&format!("{requestor}:{uuid}"))
    }

    /// Returns a key as an entry holds it.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        let mut both = String::with_capacity(2 * text.len());
        both.push_str(text);
        if text.is_ascii() && !text.bytes().any(|b| b.is_ascii_whitespace()) {
            both.push_str(text);
            both[text.len()..].make_ascii_lowercase();
        } else {
            let folded = text.to_lowercase();
            for (number, word) in folded.split_ascii_whitespace().enumerate() {
                both.extend((number > 0).then_some(' '));
                both.push_str(word);
            }
        }
        Self {
            both: both.into(),
            len: text.len(),
        }
    }

    /// Returns which keys somebody may mean by a text: that of the address, of one of PC Mail where no type is said, then the
    /// text as a key.
    #[must_use]
    pub fn meant_by(text: &str) -> Vec<Self> {
        let addresses = [text.to_owned(), format!("{PC_MAIL}:{text}")];
        let parsed = addresses
            .iter()
            .filter_map(|text| TargetAddress::parse(text).ok());
        let mut keys: Vec<_> = parsed.map(|address| Self::of(&address)).collect();
        keys.push(Self::stored(text));
        keys.dedup();
        keys
    }

    /// Returns the key as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.both[..self.len]
    }

    /// Returns the text that equal keys have in common, and that keys are ordered by.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.both[self.len..]
    }

    /// Returns network and postoffice of a PC Mail key.
    #[must_use]
    pub fn postoffice(&self) -> Option<(&str, &str)> {
        let value = self.as_str().strip_prefix(PC_MAIL)?.strip_prefix(':')?;
        let mut parts = value.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(network), Some(postoffice), Some(_), None) => Some((network, postoffice)),
            _ => None,
        }
    }

    /// Returns the name of the entry in a container.
    #[must_use]
    pub fn dn(&self, container: &Dn, layout: ContainerLayout) -> Dn {
        match self.parent(container, layout) {
            Some(postoffice) => postoffice.child(schema::KEY, self.as_str().as_bytes()),
            None => container.child(schema::KEY, self.as_str().as_bytes()),
        }
    }

    /// Returns the name of the sub-container that the entry needs, if the layout has one for it.
    #[must_use]
    pub fn parent(&self, container: &Dn, layout: ContainerLayout) -> Option<Dn> {
        let (network, postoffice) = match layout {
            ContainerLayout::Flat => None,
            ContainerLayout::PerPostoffice => self.postoffice(),
        }?;
        let network = container.child("ou", network.as_bytes());
        Some(network.child("ou", postoffice.as_bytes()))
    }
}

/// Raises letters one for one. A letter whose capital would not come back, or is another letter of ASCII (`ß`, `ı`),
/// stays: better two keys than one of two people.
fn upper(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    let raise = |c: char| {
        let mut capital = c.to_uppercase();
        match (capital.next(), capital.next()) {
            (Some(capital), None) if capital.to_lowercase().eq([c]) => capital,
            _ => c,
        }
    };
    text.chars().map(raise).collect()
}

impl fmt::Debug for SyncKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SyncKey({:?})", self.as_str())
    }
}

impl fmt::Display for SyncKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq for SyncKey {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for SyncKey {}

impl Hash for SyncKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}

impl PartialOrd for SyncKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SyncKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> SyncKey {
        SyncKey::of(&TargetAddress::parse(text).unwrap_or_else(|e| panic!("{e}")))
    }

    #[test]
    fn pc_mail_is_upper_case_and_other_types_stay() {
        for (address, expected) in [
            ("pcm:Net1/Po1/bob", "MS:NET1/PO1/BOB"),
            ("MS:net/po/jörg", "MS:NET/PO/JÖRG"),
            ("MS:net/po/straße", "MS:NET/PO/STRAßE"),
            ("smtp:Pat+News@a.example", "SMTP:Pat+News@a.example"),
            ("PROFS:Gate/Node/Bob", "PROFS:Gate/Node/Bob"),
            ("X400:c=US;X.121=1", "X400:c=US;X121=1"),
        ] {
            assert_eq!(key(address).as_str(), expected);
        }
        assert_eq!(SyncKey::hub("ORG1", "7d1f").as_str(), "ORG1:7d1f");
        assert_ne!(key("MS:N/P/ı"), key("MS:N/P/i"));
        let spaced = SyncKey::stored(" ms:n/p/Jo  SMITH ");
        assert_eq!(spaced, SyncKey::stored("MS:N/P/JO Smith"));
        assert_eq!(spaced.as_str(), " ms:n/p/Jo  SMITH ");
    }

    #[test]
    fn ldc_014_the_value_stays_plain_and_only_the_name_is_escaped() {
        let container = Dn::parse("ou=Imported,o=Org").unwrap();
        let key = key(r"SMTP:a=b+c\d,e@x");
        let dn = key.dn(&container, ContainerLayout::Flat);
        assert_eq!(
            dn.own_value(schema::KEY).as_deref(),
            Some(&br"SMTP:a=b+c\d,e@x"[..])
        );
        let as_slapd_writes_it = Dn::parse(r"syncKey=SMTP:a\3Db\2Bc\5Cd\2Ce@x,ou=Imported,o=Org");
        assert!(dn.is_same(&as_slapd_writes_it.unwrap()));
    }

    #[test]
    fn dx36_a_postoffice_may_have_a_container_of_its_own() {
        let container = Dn::parse("ou=Imported,o=Org").unwrap();
        let dn = |text| key(text).dn(&container, ContainerLayout::PerPostoffice);
        assert_eq!(
            dn("PCM:Net1/Po1/bob").to_string(),
            "syncKey=MS:NET1/PO1/BOB,ou=PO1,ou=NET1,ou=Imported,o=Org"
        );
        assert_eq!(
            dn("SMTP:a@b").to_string(),
            "syncKey=SMTP:a@b,ou=Imported,o=Org"
        );
    }

    proptest! {
        #[test]
        fn a_key_is_folded_as_its_words_are(text in "[a-cA-C \\tßÄ:]{0,8}") {
            let folded = text.to_lowercase();
            let words: Vec<_> = folded.split_ascii_whitespace().collect();
            let key = SyncKey::stored(&text);
            prop_assert_eq!(key.folded(), words.join(" "));
        }

        #[test]
        fn dx35_an_equal_key_is_an_equal_name(one in "[a-bA-B@ß ]{1,4}", other in "[a-bA-B@ß ]{1,4}") {
            let container = Dn::parse("o=Org").unwrap();
            let keys = [&one, &other].map(|text| SyncKey::stored(&format!("SMTP:{text}")));
            let [a, b] = [&keys[0], &keys[1]].map(|key| key.dn(&container, ContainerLayout::Flat));
            prop_assert_eq!(keys[0] == keys[1], a.is_same(&b));
        }
    }
}
