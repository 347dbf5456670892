//! The entry of the import container that a card becomes (`spec/exchange.md` LD-02 to LD-04, IO-16).

use std::collections::{BTreeSet, HashMap};

use super::cards::{DISPLAY_NAME, X500};
use crate::directory::entry::{Attributes, Names};
use crate::directory::import::{Changed, Held, Mapping};
use crate::directory::interorg::{Card, CardKind, SourceKey};
use crate::directory::key::SyncKey;
use crate::directory::note::Note;
use crate::directory::remote::surname;
use crate::directory::{schema, syntax};
use crate::plan::outcome::Reason;

/// Bytes that the attributes of an entry mostly need.
const ROOM: usize = 512;

/// Attributes that a card decides whatever is carried.
const MANAGED: [&str; 9] = [
    schema::KEY,
    schema::ADDRESS,
    schema::IMPORTED_FROM,
    schema::PROXY_SECONDARY,
    schema::CN,
    schema::SN,
    schema::DISPLAY_NAME,
    schema::UID,
    schema::MAIL,
];

/// Returns the key of an entry in the directory.
pub(super) fn sync_key(key: &SourceKey) -> SyncKey {
    SyncKey::hub(key.branch(), key.uuid())
}

/// Returns the attributes that a card sets or removes; what else an entry has is not its business.
pub(super) fn managed(carried: &BTreeSet<String>) -> Names {
    let carried = carried.iter().map(|name| syntax::canonical(name));
    MANAGED.into_iter().chain(carried).collect()
}

/// Returns where mail to an entry goes, `TYPE:value`; none where nothing is known (IO-08).
pub(super) fn target(card: &Card) -> Option<String> {
    let mail = card.mail.as_ref().map(|mail| format!("SMTP:{mail}"));
    card.target.clone().or(mail)
}

/// Makes the entry of a card. `carried` are the attributes that are taken: what else a card brings is not looked at.
///
/// # Errors
/// `no-address` where mail cannot go anywhere: no entry is without one.
pub(super) fn attributes(
    key: &SourceKey,
    card: &Card,
    carried: &BTreeSet<String>,
) -> Result<(Attributes, Vec<Note>), Note> {
    let Some(target) = target(card) else {
        let detail = "neither an SMTP address nor one of another type";
        return Err(Note::new(Reason::NoAddress, detail));
    };
    let mut notes = Vec::new();
    let is_role = card.kind == CardKind::List;
    let class = if is_role {
        "organizationalRole"
    } else {
        "inetOrgPerson"
    };
    let mut attributes = Attributes::with_room(ROOM);
    attributes.set(schema::OBJECT_CLASS, [class, schema::REMOTE_ADDRESS]);
    attributes.set_one(schema::KEY, sync_key(key).as_str());
    attributes.set_one(schema::ADDRESS, target);
    attributes.set(schema::PROXY_SECONDARY, &card.secondary);
    attributes.set(schema::MAIL, card.mail.as_ref());
    for (name, values) in &card.attributes {
        if !carried.contains(name) {
            continue;
        }
        let name = syntax::canonical(name);
        if is_role && !syntax::is_of_role(name) {
            let detail = format!("{name}: not of class {class}");
            notes.push(Note::new(Reason::ValueDropped, detail));
            continue;
        }
        attributes.set(name, fitting(name, values, &mut notes));
    }
    let shown = shown(card);
    if attributes.values(schema::CN).is_empty() {
        attributes.set_one(schema::CN, shown.unwrap_or(key.uuid()));
    }
    if !is_role && attributes.values(schema::SN).is_empty() {
        let name = surname(shown.unwrap_or(key.uuid())).to_owned();
        attributes.set_one(schema::SN, name);
    }
    Ok((attributes, notes))
}

/// Returns the name of an entry for people.
fn shown(card: &Card) -> Option<&str> {
    let named = [DISPLAY_NAME, "cn", "uid"].into_iter();
    let mut named = named.filter_map(|name| card.attributes.get(name)?.first());
    let local = || card.mail.as_ref()?.split('@').next();
    let first = named.find(|name| !name.trim().is_empty());
    first.map(String::as_str).or_else(local)
}

/// Returns the values that a directory takes, each once.
fn fitting(name: &str, values: &[String], notes: &mut Vec<Note>) -> Vec<String> {
    let mut fitting: Vec<String> = Vec::new();
    for value in values.iter().filter(|value| !value.trim().is_empty()) {
        if fitting
            .iter()
            .any(|one| syntax::is_same_value(name, one, value))
        {
            continue;
        }
        if syntax::is_single(name) && !fitting.is_empty() {
            let detail = format!("{name}: holds one value only");
            notes.push(Note::new(Reason::ValueDropped, detail));
            break;
        }
        fitting.push(value.clone());
    }
    fitting
}

/// Returns the address that is a name of an entry.
pub(super) fn name_address(dn: &str) -> String {
    format!("{X500}:{dn}")
}

/// How cards fill a container. Further addresses are those of the card, and the names that the entry had before: replies to
/// old mail still resolve (IO-22).
pub(super) struct Filling {
    /// Further addresses of the entries that are put, by key.
    pub(super) secondary: HashMap<SyncKey, Vec<String>>,
}

impl Filling {
    /// Returns the further addresses of an entry that is to be; none where nothing is said of it.
    fn addresses(&self, key: &SyncKey, there: &Attributes) -> Option<Vec<Vec<u8>>> {
        let wanted = self.secondary.get(key)?;
        let is_new = |value: &&[u8]| {
            let mut wanted = wanted.iter();
            !wanted.any(|one| one.as_bytes().eq_ignore_ascii_case(value))
        };
        let is_name = |value: &&[u8]| {
            let kind = value.get(..=X500.len());
            kind.is_some_and(|kind| kind.eq_ignore_ascii_case(b"X500:"))
        };
        let names = there.values(schema::PROXY_SECONDARY);
        let names = names.filter(|value| is_name(value) && is_new(value));
        let wanted = wanted.iter().map(String::as_bytes);
        Some(wanted.chain(names).map(<[u8]>::to_vec).collect())
    }
}

impl Mapping for Filling {
    fn modify(&self, present: &Attributes, _: &Changed) -> (Attributes, Vec<Note>) {
        // Cards are whole: nothing is asked by parts.
        (present.clone(), Vec::new())
    }

    fn finish(&mut self, key: &SyncKey, _: Option<&Held>, wanted: &mut Attributes) -> Vec<Note> {
        if let Some(addresses) = self.addresses(key, wanted) {
            wanted.set(schema::PROXY_SECONDARY, addresses);
        }
        Vec::new()
    }

    fn leaves(&self, present: &Attributes) -> bool {
        let key = present.text(schema::KEY).map(SyncKey::stored);
        let wanted = key.and_then(|key| self.addresses(&key, present));
        let Some(mut wanted) = wanted else {
            return true;
        };
        let mut there = present.values(schema::PROXY_SECONDARY).to_vec();
        there.sort();
        wanted.sort();
        there == wanted
    }

    fn free(&mut self, _: &SyncKey, _: &Held) {}
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn card(kind: CardKind, pairs: &[(&str, &str)]) -> Card {
        let mut attributes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in pairs {
            let values = attributes.entry((*name).to_owned()).or_default();
            values.push((*value).to_owned());
        }
        Card {
            kind,
            dn: "cn=x,o=Org2".to_owned(),
            mail: Some("bob@o".to_owned()),
            target: None,
            secondary: vec!["SMTP:b@o".to_owned()],
            attributes,
        }
    }

    fn made(card: &Card) -> (Attributes, Vec<Note>) {
        let carried = Card::GENERAL.into_iter().map(str::to_owned).collect();
        let key = SourceKey::new("ORG2", "7d1f");
        attributes(&key, card, &carried).expect("an entry")
    }

    #[test]
    fn only_what_both_sides_know_is_taken_and_what_is_needed_is_made() {
        let card = card(
            CardKind::Mailbox,
            &[
                ("displayname", "Bob Smith"),
                ("title", "Clerk"),
                ("title", "clerk "),
                ("userpassword", "secret"),
                ("syncimportedfrom", "me"),
            ],
        );
        let (entry, notes) = made(&card);
        let text = |name: &str| entry.text(name).unwrap_or("-");
        assert_eq!(text("syncKey"), "ORG2:7d1f");
        assert_eq!(text("syncAddress"), "SMTP:bob@o");
        assert_eq!((text("cn"), text("sn")), ("Bob Smith", "Smith"));
        assert_eq!(entry.values("title").len(), 1);
        assert_eq!(text("userPassword"), "-");
        assert_eq!(text("syncImportedFrom"), "-");
        assert_eq!(notes, []);
    }

    #[test]
    fn a_list_is_no_person() {
        let (entry, notes) = made(&card(CardKind::List, &[("cn", "All"), ("title", "x")]));
        assert!(entry.is_of_class("organizationalRole"));
        assert!(entry.values("sn").is_empty() && entry.values("title").is_empty());
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn ioc_040_names_from_before_stay_and_other_addresses_go() {
        let key = SyncKey::stored("ORG2:7d1f");
        let mut filling = Filling {
            secondary: HashMap::from([(key.clone(), vec!["SMTP:b@o".to_owned()])]),
        };
        let present = Attributes::from_iter([
            ("syncKey", "org2:7D1F"),
            ("syncProxySecondary", "SMTP:old@o"),
            ("syncProxySecondary", "x500:cn=Bob,o=Org1"),
            ("syncProxySecondary", "SMTP:b@o"),
        ]);
        assert!(!filling.leaves(&present));
        let mut wanted = present.clone();
        filling.finish(&key, None, &mut wanted);
        let there = wanted.values("syncProxySecondary");
        assert_eq!(there, ["SMTP:b@o", "x500:cn=Bob,o=Org1"]);
        assert!(filling.leaves(&wanted));
    }
}
