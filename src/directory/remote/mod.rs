//! An entry for a remote address, from the transaction that brings it (`spec/exchange.md` LD-02, LD-04, DX-26).

mod lines;
#[cfg(test)]
mod tests;

use super::address_text::TargetAddress;
use super::entry::Attributes;
use super::key::SyncKey;
use super::note::Note;
use super::template_map::TemplateMap;
use super::{schema, syntax};
use crate::codec::codepage::CodePage;
use crate::plan::outcome::Reason;
use lines::Applied;

/// Bytes that the attributes of an entry mostly need.
const ROOM: usize = 256;

/// Characters an alias may have, as a mailbox.
const MAX_ALIAS_LEN: usize = 10;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecipientKind {
    /// A person: `inetOrgPerson`.
    #[default]
    Person,
    /// A group or a resource: `organizationalRole`, which needs no surname.
    Group,
}

/// What a transaction says of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Full name, in the code page of the connection; may be blank.
    pub name: &'a [u8],
    /// Address.
    pub address: &'a TargetAddress,
    /// Template lines without their hyphen ([`line_text`](super::template_map::line_text)).
    pub lines: &'a [String],
    /// What it is. Import text does not say, so that it is a person but for an entry without a name.
    pub kind: RecipientKind,
}

/// How a connection fills its container.
#[derive(Debug, Clone, Copy)]
pub struct ImportRules<'a> {
    /// Owner of the entries.
    pub owner: &'a str,
    /// Trust level that new entries get.
    pub trust: Option<u8>,
    /// Code page of the other side.
    pub page: CodePage,
    /// Incoming table; `None` where templates are not received.
    pub templates: Option<&'a TemplateMap>,
}

/// The entry as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its key.
    pub key: SyncKey,
    /// Its attributes, without the proxies ([`super::proxy`]).
    pub attributes: Attributes,
    /// What was altered or left out.
    pub notes: Vec<Note>,
}

/// Returns the entry that an `A` line asks for.
#[must_use]
pub fn added(received: Received<'_>, rules: ImportRules<'_>) -> Wanted {
    let mut notes = Vec::new();
    let name = name_of(received, rules.page, &mut notes);
    let class = class_of(received.kind, &name);
    let mut applied = Applied::of(received.lines, rules.templates, class, &mut notes);
    let key = SyncKey::of(received.address);
    let alias = alias_of(received.address, &mut notes);

    let mut attributes = Attributes::with_room(ROOM);
    attributes.set(
        schema::OBJECT_CLASS,
        [class.object_class(), schema::REMOTE_ADDRESS],
    );
    attributes.set_one(schema::KEY, key.as_str());
    attributes.set_one(schema::ADDRESS, received.address.to_string());
    attributes.set_one(schema::IMPORTED_FROM, rules.owner);
    attributes.set(schema::ORIGINAL_NAME, some(&name));
    if let Some(trust) = rules.trust {
        attributes.set_one(schema::TRUST_LEVEL, trust.to_string());
    }
    let shown = if name.is_empty() { &alias } else { &name };
    let mut put = |attribute: &str, derived: Option<&str>| match applied.take(attribute) {
        Some(values) => attributes.set(attribute, values),
        None => attributes.set(attribute, derived),
    };
    put(schema::CN, some(shown));
    if class == Class::Person {
        put(schema::SN, some(surname(shown)));
    }
    put(schema::DISPLAY_NAME, some(shown));
    put(schema::UID, some(&alias));
    match applied.take(schema::MAIL) {
        Some(mail) => attributes.set(schema::MAIL, mail),
        None => attributes.set(schema::MAIL, mail_of(received.address, &mut notes)),
    }
    applied.put(&mut attributes);
    Wanted {
        key,
        attributes,
        notes,
    }
}

/// Returns what an `M` line makes of the entry that is there: name, address and owner follow the line, of the template
/// attributes only those that it names (DX-19). Trust level and what others added stay.
#[must_use]
pub fn modified(present: &Attributes, received: Received<'_>, rules: ImportRules<'_>) -> Wanted {
    let mut notes = Vec::new();
    let name = name_of(received, rules.page, &mut notes);
    let class = if present.is_of_class("organizationalRole") {
        Class::Role
    } else {
        Class::Person
    };
    let mut applied = Applied::of(received.lines, rules.templates, class, &mut notes);
    let key = SyncKey::of(received.address);
    let alias = alias_of(received.address, &mut notes);
    let shown = if name.is_empty() { &alias } else { &name };

    let mut attributes = present.clone();
    attributes.set(schema::KEY, one(key.as_str()));
    attributes.set(schema::ADDRESS, one(&received.address.to_string()));
    attributes.set(schema::IMPORTED_FROM, one(rules.owner));
    attributes.set(schema::ORIGINAL_NAME, one(&name));

    // What was made from the old name or the old address follows; what somebody else put there stays.
    let old_address = present.text(schema::ADDRESS).map(TargetAddress::parse);
    let old_address = old_address.and_then(Result::ok);
    let old_alias = old_address.as_ref().map(|a| alias_of(a, &mut Vec::new()));
    let old_shown = present.text(schema::ORIGINAL_NAME).or(old_alias.as_deref());
    let old_mail = old_address.as_ref().map(|a| mail_of(a, &mut Vec::new()));
    let mut follow = |attribute: &str, old: Option<Vec<Vec<u8>>>, new: Vec<Vec<u8>>| {
        let is_mapped = applied.take(attribute);
        let is_ours = old == Some(attributes.values(attribute).to_vec());
        let is_missing = attributes.values(attribute).is_empty();
        match is_mapped {
            Some(values) => attributes.set(attribute, values),
            None if is_ours || is_missing || applied.clears(attribute) => {
                attributes.set(attribute, new);
            }
            None => {}
        }
    };
    follow(schema::CN, old_shown.map(one), one(shown));
    follow(schema::DISPLAY_NAME, old_shown.map(one), one(shown));
    if class == Class::Person {
        follow(
            schema::SN,
            old_shown.map(|n| one(surname(n))),
            one(surname(shown)),
        );
    }
    follow(schema::UID, old_alias.as_deref().map(one), one(&alias));
    let new_mail = mail_of(received.address, &mut notes);
    follow(schema::MAIL, old_mail, new_mail);
    applied.put_over(&mut attributes);
    Wanted {
        key,
        attributes,
        notes,
    }
}

/// Returns the entry under another table: lines that were kept and now have an attribute, and the other way round.
#[must_use]
pub fn remapped(
    present: &Attributes,
    old: &TemplateMap,
    new: &TemplateMap,
) -> (Attributes, Vec<Note>) {
    // These are there with and without a table.
    let is_standing = |attribute: &str| {
        [
            schema::CN,
            schema::SN,
            schema::DISPLAY_NAME,
            schema::UID,
            schema::MAIL,
        ]
        .contains(&attribute)
    };
    let mut lines = old.lines(present);
    lines.retain(|line| {
        let attribute = old.split(line).and_then(|split| split.attribute);
        !attribute.is_some_and(is_standing)
    });
    let mut attributes = present.clone();
    for rule in old.rules() {
        let attribute = rule.attribute.as_deref();
        if let Some(attribute) = attribute.filter(|a| !is_standing(a)) {
            attributes.remove(attribute);
        }
    }
    attributes.remove(schema::TEMPLATE);
    let class = if present.is_of_class("organizationalRole") {
        Class::Role
    } else {
        Class::Person
    };
    let mut notes = Vec::new();
    Applied::of(&lines, Some(new), class, &mut notes).put_over(&mut attributes);
    (attributes, notes)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Person,
    Role,
}

impl Class {
    fn object_class(self) -> &'static str {
        match self {
            Self::Person => "inetOrgPerson",
            Self::Role => "organizationalRole",
        }
    }

    pub(super) fn allows(self, attribute: &str) -> bool {
        self == Self::Person || syntax::is_of_role(attribute)
    }
}

fn class_of(kind: RecipientKind, name: &str) -> Class {
    match kind {
        RecipientKind::Person if !name.is_empty() => Class::Person,
        _ => Class::Role,
    }
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn one(text: &str) -> Vec<Vec<u8>> {
    some(text)
        .map(|text| text.as_bytes().to_vec())
        .into_iter()
        .collect()
}

/// Returns the name in Unicode. A byte that the code page has no character for never costs the entry (DX-28).
fn name_of(received: Received<'_>, page: CodePage, notes: &mut Vec<Note>) -> String {
    let mut name = page.decode(received.name);
    let is_bad = |c: char| c == char::REPLACEMENT_CHARACTER || c.is_control();
    if name.contains(is_bad) {
        let detail = format!("name {name:?} has a byte that is no character of code page {page}");
        notes.push(Note::new(Reason::Charset, detail));
        name = name.replace(is_bad, "?");
    }
    name.trim().to_owned()
}

/// Returns the surname of a full name: the text before the first comma, the last word, or all of it.
#[must_use]
pub fn surname(name: &str) -> &str {
    let before_comma = name.split_once(',').map(|(before, _)| before.trim());
    let last_word = name.split_whitespace().next_back();
    before_comma
        .filter(|text| !text.is_empty())
        .or(last_word)
        .unwrap_or(name)
}

/// Returns a name of at most ten letters and digits for an address. It may repeat: identity is the key.
pub(super) fn alias_of(address: &TargetAddress, notes: &mut Vec<Note>) -> String {
    let value = address.value();
    let x400 = || {
        let parts = super::x400::parts(value).ok()?;
        let part = |name: &str| {
            parts
                .iter()
                .find(|part| part.name.eq_ignore_ascii_case(name))
        };
        part("S").or_else(|| part("CN")).map(|part| part.value)
    };
    let source = match address.kind() {
        "X400" => x400().unwrap_or(value),
        "FAX" => value.split('~').next().unwrap_or(value),
        _ => {
            let last = value.rsplit('/').next().unwrap_or(value);
            last.split('@').next().unwrap_or(last)
        }
    };
    let clean = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.take(MAX_ALIAS_LEN).collect()
    };
    let alias = Some(clean(source)).filter(|alias| !alias.is_empty());
    let alias = alias.or_else(|| Some(clean(value)).filter(|alias| !alias.is_empty()));
    let alias = alias.unwrap_or_else(|| "unnamed".to_owned());
    if alias != source {
        let detail = format!("{alias:?} for {source:?} of {address}");
        notes.push(Note::new(Reason::AliasShortened, detail));
    }
    alias
}

fn mail_of(address: &TargetAddress, notes: &mut Vec<Note>) -> Vec<Vec<u8>> {
    if address.kind() != "SMTP" {
        return Vec::new();
    }
    match syntax::store(schema::MAIL, address.value()) {
        Ok(mail) => one(&mail),
        Err(why) => {
            notes.push(Note::new(Reason::ValueDropped, why));
            Vec::new()
        }
    }
}
