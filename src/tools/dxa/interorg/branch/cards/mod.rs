//! What an entry of an export container is for the others: a card, or the reason why not (`spec/exchange.md` IO-05, IO-06,
//! IO-08, IO-10 to IO-12, IO-16). Decided on values.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::address_text::TargetAddress;
use crate::directory::entry::{Attributes, Entry};
use crate::directory::interorg::{Card, CardKind};
use crate::directory::mirror;
use crate::directory::note::Note;
use crate::directory::outgoing::ExportKind;
use crate::directory::schema;
use crate::plan::outcome::Reason;
use crate::tools::dxa::interorg::config::{Export, NoSmtp};

/// Types of further addresses that another organization can use: mail reaches them, or replies name them.
const CARRIED: [&str; 3] = ["SMTP", "X400", X500];

/// Type of the address that is the name of an entry.
pub(super) const X500: &str = "X500";

/// What every export depends on, whatever is carried.
const NEEDED: [&str; 12] = [
    schema::OBJECT_CLASS,
    mirror::UUID,
    schema::HIDDEN,
    schema::EXPORT,
    schema::TRUST_LEVEL,
    schema::IMPORTED_FROM,
    schema::ADDRESS,
    schema::PROXY_PRIMARY,
    schema::PROXY_SECONDARY,
    schema::MAIL,
    schema::DISPLAY_NAME,
    schema::CN,
];

/// The display name as cards have it.
pub(super) const DISPLAY_NAME: &str = "displayname";

/// What decides about an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    /// Owner of what came from the hub.
    pub(super) owner: &'a str,
    /// What goes out.
    pub(super) export: &'a Export,
    /// What becomes of an entry without SMTP address.
    pub(super) no_smtp: NoSmtp,
}

impl Rules<'_> {
    /// Returns the attributes that are asked for, and no others (IO-16).
    pub(super) fn attributes(&self) -> Vec<String> {
        let mut wanted: BTreeSet<String> = self.export.attributes.clone();
        let has = |name: &str| self.export.attributes.contains(&name.to_lowercase());
        let needed = NEEDED.into_iter().filter(|name| !has(name));
        wanted.extend(needed.map(str::to_owned));
        wanted.into_iter().collect()
    }
}

/// What an entry comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The others are to have this of it.
    Card(Box<Card>),
    /// It should go and cannot: the hub is told.
    Withheld(Note),
    /// It is not meant to go.
    Skipped(Note),
}

/// Decides about an entry of a container of which these kinds go out.
pub(super) fn judge(entry: &Entry, kinds: &BTreeSet<CardKind>, rules: Rules<'_>) -> Verdict {
    let attributes = &entry.attributes;
    let kind = kind_of(attributes);
    if let Err(note) = may_leave(attributes, kind, kinds, rules) {
        return Verdict::Skipped(note);
    }
    match Addresses::of(attributes, kind, rules) {
        Err(note) => Verdict::Withheld(note),
        Ok(addresses) => Verdict::Card(Box::new(Card {
            kind,
            dn: entry.dn.to_string(),
            mail: addresses.mail,
            target: addresses.target,
            secondary: addresses.secondary,
            attributes: carried(attributes, rules.export),
        })),
    }
}

fn kind_of(attributes: &Attributes) -> CardKind {
    match ExportKind::of(attributes) {
        ExportKind::Person => CardKind::Mailbox,
        ExportKind::Group => CardKind::List,
        ExportKind::Remote => CardKind::Recipient,
    }
}

/// Checks what the entry itself decides. What came from the hub never goes back, wherever it lies (IO-06).
fn may_leave(
    attributes: &Attributes,
    kind: CardKind,
    kinds: &BTreeSet<CardKind>,
    rules: Rules<'_>,
) -> Result<(), Note> {
    let skip = |reason, detail: String| Err(Note::new(reason, detail));
    let text = |name: &str| attributes.text(name).map_or("", str::trim);
    let owner = text(schema::IMPORTED_FROM);
    if owner.eq_ignore_ascii_case(rules.owner) {
        return skip(Reason::OwnImport, format!("came from {}", rules.owner));
    }
    if text(schema::HIDDEN).eq_ignore_ascii_case("TRUE") {
        return skip(Reason::Hidden, "syncHidden is TRUE".to_owned());
    }
    if !kinds.contains(&kind) {
        return skip(Reason::KindOff, format!("{} not selected", kind.word()));
    }
    if text(schema::EXPORT).eq_ignore_ascii_case("FALSE") {
        return skip(Reason::ConsentNo, "syncExport is FALSE".to_owned());
    }
    if !owner.is_empty() && !rules.export.relay {
        let detail = format!("of another owner, {owner}, and nothing is passed on");
        return skip(Reason::NotAuthoritative, detail);
    }
    let level = text(schema::TRUST_LEVEL);
    if level.is_empty() {
        return Ok(());
    }
    match level.parse::<i64>() {
        Err(_) => skip(Reason::Trust, format!("level {level:?} is no number")),
        Ok(level) if level > i64::from(rules.export.trust) => skip(
            Reason::Trust,
            format!("level {level}, limit {}", rules.export.trust),
        ),
        Ok(_) => Ok(()),
    }
}

/// Returns the attributes that are carried, with the display name as others are to see it, before it is made unique.
fn carried(attributes: &Attributes, export: &Export) -> BTreeMap<String, Vec<String>> {
    let values = |name: &str| {
        let values = attributes.values(name);
        let texts = values.filter_map(|value| std::str::from_utf8(value).ok());
        let texts = texts.filter(|text| !text.trim().is_empty());
        texts.map(str::to_owned).collect::<Vec<_>>()
    };
    let mut carried: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in &export.attributes {
        let found = values(name);
        if !found.is_empty() {
            carried.insert(name.clone(), found);
        }
    }
    if export.attributes.contains(DISPLAY_NAME) {
        let name = values(schema::DISPLAY_NAME).into_iter().next();
        let name = name.or_else(|| values(schema::CN).into_iter().next());
        if let Some(name) = name {
            let name = appended(name.trim(), export.append.as_deref());
            carried.insert(DISPLAY_NAME.to_owned(), vec![name]);
        }
    }
    carried
}

/// Puts a text behind a name, once (IO-10).
fn appended(name: &str, append: Option<&str>) -> String {
    match append {
        Some(append) if !name.ends_with(append.trim_end()) => format!("{name}{append}"),
        _ => name.to_owned(),
    }
}

/// Where mail to an entry goes.
struct Addresses {
    mail: Option<String>,
    target: Option<String>,
    secondary: Vec<String>,
}

impl Addresses {
    fn of(attributes: &Attributes, kind: CardKind, rules: Rules<'_>) -> Result<Self, Note> {
        let own = attributes.text(schema::ADDRESS);
        let own = own.filter(|_| kind == CardKind::Recipient);
        let own = own.and_then(|text| TargetAddress::parse(text).ok());
        let primary = typed(attributes, schema::PROXY_PRIMARY);
        let mails = attributes.values(schema::MAIL);
        let mails = mails.filter_map(|value| std::str::from_utf8(value).ok());
        let mails: Vec<_> = mails
            .filter(|mail| !mail.trim().is_empty())
            .map(|mail| TargetAddress::new("SMTP", mail))
            .collect();
        let all: Vec<_> = mails
            .iter()
            .chain(&primary)
            .chain(&own)
            .cloned()
            .chain(typed(attributes, schema::PROXY_SECONDARY))
            .collect();
        // Of several, the one that the entry itself calls its primary one.
        let is_primary = |mail: &&TargetAddress| primary.iter().any(|one| is_same(one, mail));
        let is_smtp = |address: &&TargetAddress| address.kind() == "SMTP";
        let mail = mails.iter().find(is_primary).or(mails.first());
        let mail = mail.or_else(|| primary.iter().find(is_smtp));
        let mail = mail.or_else(|| own.as_ref().filter(is_smtp));
        let Some(mail) = mail else {
            let other = own.or_else(|| primary.into_iter().next());
            return Self::without_mail(other, &all, rules);
        };
        let Some((local, domain)) = mail.value().rsplit_once('@') else {
            let detail = format!("{mail} has no domain");
            return Err(Note::new(Reason::AddressSyntax, detail));
        };
        let mut rewrites = rules.export.rewrite.iter();
        let rewrite = rewrites.find(|rewrite| rewrite.from.eq_ignore_ascii_case(domain));
        let (shown, target) = match rewrite {
            Some(rewrite) => (
                TargetAddress::new("SMTP", &format!("{local}@{}", rewrite.to)),
                Some(mail.to_string()),
            ),
            None => (mail.clone(), None),
        };
        Ok(Self {
            secondary: secondary(&all, &shown),
            mail: Some(shown.value().to_owned()),
            target,
        })
    }

    /// Policy for an entry without SMTP address (IO-08).
    fn without_mail(
        other: Option<TargetAddress>,
        all: &[TargetAddress],
        rules: Rules<'_>,
    ) -> Result<Self, Note> {
        if rules.no_smtp == NoSmtp::Skip {
            return Err(Note::new(Reason::NoSmtp, "no SMTP address"));
        }
        let Some(target) = other else {
            let detail = "neither an SMTP address nor one of another type";
            return Err(Note::new(Reason::NoAddress, detail));
        };
        Ok(Self {
            mail: None,
            secondary: secondary(all, &target),
            target: Some(target.to_string()),
        })
    }
}

fn typed(attributes: &Attributes, name: &str) -> Vec<TargetAddress> {
    let values = attributes.values(name);
    let texts = values.filter_map(|value| std::str::from_utf8(value).ok());
    texts
        .filter_map(|text| TargetAddress::parse(text).ok())
        .collect()
}

fn is_same(one: &TargetAddress, other: &TargetAddress) -> bool {
    one.kind() == other.kind() && one.value().to_lowercase() == other.value().to_lowercase()
}

/// Returns the addresses that go beside the first one, sorted, each once whatever its letter case.
fn secondary(all: &[TargetAddress], first: &TargetAddress) -> Vec<String> {
    let carried = all
        .iter()
        .filter(|address| CARRIED.contains(&address.kind()) && !is_same(address, first));
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for address in carried {
        let text = address.to_string();
        found.entry(text.to_lowercase()).or_insert(text);
    }
    let mut found: Vec<_> = found.into_values().collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests;
