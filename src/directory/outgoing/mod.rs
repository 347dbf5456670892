//! What an entry is for one requestor: a record to send, or the reason why not (`spec/exchange.md` DX-12 to DX-17).

mod record;
#[cfg(test)]
mod tests;

use super::address_text::{PC_MAIL, TargetAddress};
use super::charset::Charset;
use super::conditions::Conditions;
use super::dn::Dn;
use super::entry::{Attributes, Entry};
use super::key::SyncKey;
use super::note::Note;
use super::schema;
use super::template_map::TemplateMap;
use super::x400::X121Spelling;
use crate::address::AddressType;
use crate::plan::outcome::Reason;
pub(super) use record::list_entry;
pub use record::{ContentHash, ExportKind, ExportRecord, SentLine};

/// Kinds of entries a requestor gets (DX-16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportKinds {
    /// People of this directory.
    pub people: bool,
    /// Groups and resources of this directory.
    pub groups: bool,
    /// Remote addresses: imported ones and those made by hand.
    pub remote: bool,
}

/// What one requestor gets. Every field decides what is sent, so that a change of any makes a difference.
#[derive(Debug, Clone)]
pub struct ExportRules<'a> {
    /// Owner of what was imported from this requestor; that is not sent back.
    pub own_source: &'a str,
    /// Kinds of entries.
    pub kinds: ExportKinds,
    /// Address types that it asked for.
    pub types: &'a [String],
    /// Whether an entry of another type goes out under its PC Mail proxy (`--as-proxy`).
    pub as_proxy: bool,
    /// Highest trust level it gets.
    pub trust_limit: Option<u8>,
    /// Postoffices that are ours, network and postoffice.
    pub owned: &'a [(String, String)],
    /// Whether what has another owner is passed on.
    pub relay: bool,
    /// Outgoing table; `None` where templates are not sent, or were not asked for (`TEMPLATE=NO`, Q118298).
    pub templates: Option<&'a TemplateMap>,
    /// What it can write.
    pub charset: Charset,
    /// Whether a character that it cannot write refuses the entry (`--strict-charset`).
    pub strict_charset: bool,
    /// How it calls the terminal number of X.400.
    pub x121: X121Spelling,
    /// What else an entry has to meet.
    pub conditions: &'a Conditions,
}

/// What becomes of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is to be at the requestor.
    Export(Box<ExportRecord>, Vec<Note>),
    /// It is not to be there; if the ledger has its key, it goes.
    Skip {
        /// Key of the address it would be sent under, as far as it has one.
        key: Option<SyncKey>,
        /// Why.
        note: Note,
    },
    /// It cannot go as it is, and nobody has said that it must not be there: what the requestor has of it stays.
    Hold {
        /// Key of its address.
        key: SyncKey,
        /// Template lines that it would go with.
        lines: Vec<SentLine>,
        /// Why.
        note: Note,
    },
}

/// Decides on one entry of an export container.
#[must_use]
pub fn decide(entry: &Entry, rules: &ExportRules<'_>) -> Decision {
    let kind = ExportKind::of(&entry.attributes);
    let chosen = choose_address(&entry.attributes, kind, rules);
    let key = chosen.as_ref().ok().map(SyncKey::of);
    let unclear = rules.conditions.unclear(&entry.attributes);
    let record = may_leave(&entry.attributes, kind, rules)
        .and_then(|trust| Ok((chosen?, trust)))
        .and_then(|(address, trust)| {
            check_authority(&entry.attributes, kind, &address, rules)?;
            make_record(entry, kind, address, trust, rules)
        });
    match record {
        Ok((record, notes)) => match unclear {
            None => Decision::Export(Box::new(record), notes),
            Some(note) => Decision::Hold {
                key: record.key,
                lines: record.lines,
                note,
            },
        },
        Err(note) => match key {
            Some(key) if is_failure(note.reason) => Decision::Hold {
                key,
                lines: Vec::new(),
                note: unclear.unwrap_or(note),
            },
            key => Decision::Skip { key, note },
        },
    }
}

/// Tells whether an entry could not be brought into the form of the other side. That is no wish that it be gone there
/// (Q274786).
fn is_failure(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::MissingAttribute | Reason::TooLong | Reason::MappingError | Reason::Charset
    )
}

/// Says that an entry lies in no export container any more (DX-13).
#[must_use]
pub fn outside(dn: &Dn) -> Note {
    Note::new(Reason::OutsideContainers, dn.to_string())
}

/// Checks what the entry itself decides, and returns its trust level.
fn may_leave(
    attributes: &Attributes,
    kind: ExportKind,
    rules: &ExportRules<'_>,
) -> Result<Option<i64>, Note> {
    let skip = |reason, detail: String| Err(Note::new(reason, detail));
    let is = |name: &str, value: &str| {
        attributes
            .text(name)
            .is_some_and(|text| text.trim().eq_ignore_ascii_case(value))
    };
    if is(schema::HIDDEN, "TRUE") {
        return skip(Reason::Hidden, "syncHidden is TRUE".to_owned());
    }
    if is(schema::IMPORTED_FROM, rules.own_source) {
        let detail = format!("came from {}", rules.own_source);
        return skip(Reason::OwnImport, detail);
    }
    let is_selected = match kind {
        ExportKind::Person => rules.kinds.people,
        ExportKind::Group => rules.kinds.groups,
        ExportKind::Remote => rules.kinds.remote,
    };
    if !is_selected {
        return skip(Reason::KindOff, format!("{kind} not selected"));
    }
    if is(schema::EXPORT, "FALSE") {
        return skip(Reason::ConsentNo, "syncExport is FALSE".to_owned());
    }
    if let Some(note) = rules.conditions.exclude(attributes) {
        return Err(note);
    }
    let Some(text) = attributes.text(schema::TRUST_LEVEL) else {
        return Ok(None);
    };
    let Ok(level) = text.trim().parse::<i64>() else {
        return skip(Reason::Trust, format!("level {text:?} is no number"));
    };
    match rules.trust_limit {
        Some(limit) if level > i64::from(limit) => {
            skip(Reason::Trust, format!("level {level}, limit {limit}"))
        }
        _ => Ok(Some(level)),
    }
}

/// Returns the address that the requestor gets. Of the proxies only a primary counts: the prefix is part of the
/// attribute, never compared by case (Q152924).
fn choose_address(
    attributes: &Attributes,
    kind: ExportKind,
    rules: &ExportRules<'_>,
) -> Result<TargetAddress, Note> {
    let is_wanted = |address: &TargetAddress| {
        rules
            .types
            .iter()
            .any(|kind| TargetAddress::new(kind, "x").kind() == address.kind())
    };
    let proxy = || {
        let proxies = attributes.values(schema::PROXY_PRIMARY).iter();
        let proxies =
            proxies.filter_map(|v| TargetAddress::parse(&String::from_utf8_lossy(v)).ok());
        // Of several the same one each time, in whatever order a server returns them, and one of ours before others.
        proxies
            .filter(TargetAddress::is_pc_mail)
            .min_by_key(|address| (!is_owned(address, rules.owned), SyncKey::of(address)))
    };
    if kind != ExportKind::Remote {
        let address = proxy().ok_or_else(|| {
            Note::new(
                Reason::NoAddress,
                format!("no {PC_MAIL} address in syncProxyPrimary"),
            )
        })?;
        return match is_wanted(&address) {
            true => Ok(address),
            false => Err(Note::new(
                Reason::AddressType,
                format!("{PC_MAIL} not asked for"),
            )),
        };
    }
    let text = attributes.text(schema::ADDRESS);
    let text = text.ok_or_else(|| Note::new(Reason::NoAddress, "no syncAddress"))?;
    let address = TargetAddress::parse(text)?;
    if is_wanted(&address) {
        return Ok(address);
    }
    let proxy = proxy().filter(|proxy| rules.as_proxy && is_wanted(proxy));
    proxy.ok_or_else(|| {
        Note::new(
            Reason::AddressType,
            format!("{} not asked for", address.kind()),
        )
    })
}

/// Checks that the address is ours to announce: of a postoffice of ours, or of an owner whose entries are passed on.
/// What was made by hand for somebody else's postoffice stays here, whatever its type (Q156996).
fn check_authority(
    attributes: &Attributes,
    kind: ExportKind,
    address: &TargetAddress,
    rules: &ExportRules<'_>,
) -> Result<(), Note> {
    if is_owned(address, rules.owned) {
        return Ok(());
    }
    let owner = attributes.text(schema::IMPORTED_FROM).map(str::trim);
    let owner = owner.filter(|owner| !owner.is_empty());
    let why = match owner {
        _ if kind != ExportKind::Remote => "not of a postoffice of ours",
        None => "made by hand, and not of a postoffice of ours",
        Some(_) if !rules.relay => "of another owner, and nothing is passed on",
        Some(_) => return Ok(()),
    };
    Err(Note::new(
        Reason::NotAuthoritative,
        format!("{address}: {why}"),
    ))
}

fn is_owned(address: &TargetAddress, owned: &[(String, String)]) -> bool {
    let Some([network, postoffice, _]) = address.three_parts().filter(|_| address.is_pc_mail())
    else {
        return false;
    };
    let is_same = |one: &str, other: &str| one.to_uppercase() == other.to_uppercase();
    owned
        .iter()
        .any(|(n, p)| is_same(n, network) && is_same(p, postoffice))
}

fn make_record(
    entry: &Entry,
    kind: ExportKind,
    address: TargetAddress,
    trust: Option<i64>,
    rules: &ExportRules<'_>,
) -> Result<(ExportRecord, Vec<Note>), Note> {
    let address = match rules.charset {
        // A postoffice takes it or not; the form that is sent is the form that is remembered.
        Charset::Page(page) => {
            let sent = address.to_address(page, rules.x121)?;
            TargetAddress::new(sent.kind().token(), &page.decode(sent.text()))
        }
        Charset::Utf8 => address,
    };
    let mut attributes = &entry.attributes;
    let mut notes = Vec::new();
    let demands = &rules.conditions.demands;
    let demanded;
    if !demands.is_empty() {
        let alias = address.three_parts().map_or("", |parts| parts[2]);
        demanded = demands.check(attributes, kind, alias, rules.charset)?;
        attributes = &demanded.attributes;
        notes.extend(demanded.notes.iter().cloned());
    }
    let original = attributes
        .text(schema::DISPLAY_NAME)
        .or(attributes.text(schema::CN))
        .unwrap_or("")
        .trim();
    let original = match original {
        "" => address
            .three_parts()
            .map_or(address.value(), |parts| parts[2]),
        name => name,
    };
    let original = original.to_owned();
    let name = fit("name", &original, rules, &mut notes)?;
    let mut lines = Vec::new();
    if let Some(map) = rules.templates {
        for line in map.lines_noting(attributes, &mut notes) {
            let line = fit("template line", &line, rules, &mut notes)?;
            // Without a slash it is no line that could be read again.
            lines.extend(
                map.split(&line)
                    .map(|split| SentLine::new(split.prompt, split.value)),
            );
        }
    }
    // A postoffice has no template for such an address, and refuses each line (24).
    let kind_of_address = AddressType::from_token(address.kind().as_bytes());
    let has_templates = kind_of_address.is_none_or(AddressType::has_templates);
    if matches!(rules.charset, Charset::Page(_)) && !has_templates && !lines.is_empty() {
        let detail = format!("{address} is of a type without template information");
        notes.push(Note::new(Reason::ValueDropped, detail));
        lines.clear();
    }
    Ok((
        ExportRecord::new(address, original, name, lines, kind, trust),
        notes,
    ))
}

/// Returns a text in characters that the requestor has; none costs the entry unless asked for (DX-28).
fn fit(
    what: &str,
    text: &str,
    rules: &ExportRules<'_>,
    notes: &mut Vec<Note>,
) -> Result<String, Note> {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let (fitted, missing) = rules.charset.fit(&text);
    let Some(first) = missing.first() else {
        return Ok(fitted);
    };
    let page = rules.charset.name();
    let detail = format!("{what} {text:?}: {first:?} is not in {page}");
    let note = Note::new(Reason::Charset, detail);
    if rules.strict_charset {
        return Err(note);
    }
    notes.push(note);
    Ok(fitted)
}

impl ExportKind {
    /// Tells what an entry is by its classes.
    #[must_use]
    pub fn of(attributes: &Attributes) -> Self {
        const GROUPS: [&str; 5] = [
            "groupOfNames",
            "groupOfUniqueNames",
            "groupOfURLs",
            "posixGroup",
            "organizationalRole",
        ];
        if attributes.is_of_class(schema::REMOTE_ADDRESS) {
            Self::Remote
        } else if GROUPS.iter().any(|class| attributes.is_of_class(class)) {
            Self::Group
        } else {
            Self::Person
        }
    }
}
