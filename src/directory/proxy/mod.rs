//! Proxy addresses (`spec/exchange.md` DX-27, LD-05): the target address as received, generated ones that the tool may
//! replace, and added ones that it never touches.

#[cfg(test)]
mod tests;

use super::address_map::AddressMap;
use super::address_text::TargetAddress;
use super::entry::Attributes;
use super::key::SyncKey;
use super::note::Note;
use super::remote::alias_of;
use super::schema;
use crate::plan::outcome::Reason;

/// What becomes of a generated address that another entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenTaken {
    /// It is numbered: 2, 3 and so on.
    #[default]
    Number,
    /// It is left out (`--keep-original`).
    LeaveOut,
}

/// How addresses of one type are made.
///
/// The pattern has these fields: `{alias}`, `{given}`, `{surname}`, `{initials}`, `{network}`, `{postoffice}`,
/// `{domain}` of the address map, and `{n}` where a number goes; without it, it goes before the `@`, or to the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyRule {
    /// Type.
    pub kind: String,
    /// Pattern of the value.
    pub pattern: String,
}

/// How the addresses of a container are made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProxyRules {
    /// One rule for each type.
    pub rules: Vec<ProxyRule>,
    /// Domains of postoffices.
    pub map: AddressMap,
    /// What becomes of an address that is taken.
    pub when_taken: WhenTaken,
}

/// The proxies of an entry as they are to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proxies {
    /// One address of each type.
    pub primary: Vec<TargetAddress>,
    /// The rest.
    pub secondary: Vec<TargetAddress>,
    /// Those that were generated: to be remembered, since the entry does not say.
    pub generated: Vec<TargetAddress>,
    /// What was numbered or left out.
    pub notes: Vec<Note>,
}

impl ProxyRules {
    /// Returns the proxies of an entry: those it has, without what was generated `before`, and what is generated now.
    ///
    /// An address that was generated before and still fits, whatever its number, stays. `holder` names the entry, other
    /// than this one, that has an address at the end of the batch.
    #[must_use]
    pub fn plan(
        &self,
        entry: &Attributes,
        before: &[TargetAddress],
        holder: &dyn Fn(&TargetAddress) -> Option<String>,
    ) -> Proxies {
        let was_generated = |address: &TargetAddress| contains(before, address);
        let mut planned = Proxies {
            primary: addresses(entry, schema::PROXY_PRIMARY),
            secondary: addresses(entry, schema::PROXY_SECONDARY),
            ..Proxies::default()
        };
        planned.primary.retain(|address| !was_generated(address));
        planned.secondary.retain(|address| !was_generated(address));
        let facts = Facts::of(entry, &self.map);
        for rule in &self.rules {
            let Some(address) = self.generate(rule, &facts, before, holder, &mut planned.notes)
            else {
                continue;
            };
            // Somebody added the very address: it is theirs.
            if contains(&planned.primary, &address) || contains(&planned.secondary, &address) {
                continue;
            }
            let has_primary = planned.primary.iter().any(|p| p.kind() == address.kind());
            match has_primary {
                true => planned.secondary.push(address.clone()),
                false => planned.primary.push(address.clone()),
            }
            planned.generated.push(address);
        }
        planned
    }

    /// Tells whether an entry has no proxies and gets none.
    #[must_use]
    pub fn has_none(&self, entry: &Attributes) -> bool {
        let is_without = |name| entry.values(name).is_empty();
        self.rules.is_empty()
            && is_without(schema::PROXY_PRIMARY)
            && is_without(schema::PROXY_SECONDARY)
    }

    /// Returns the types of the addresses that are made.
    #[must_use]
    pub fn kinds(&self) -> Vec<String> {
        let kind = |rule: &ProxyRule| TargetAddress::new(&rule.kind, "").kind().to_owned();
        self.rules.iter().map(kind).collect()
    }

    /// Returns which proxies of an entry the rules made, for an entry whose record is lost: exactly what they make, and
    /// among the primaries also a numbered form of it.
    #[must_use]
    pub fn recognise(&self, entry: &Attributes) -> Vec<TargetAddress> {
        let facts = Facts::of(entry, &self.map);
        let is_made = |address: &TargetAddress, with_number: bool| {
            self.rules.iter().any(|rule| {
                let base = rule.make(&facts, None);
                let is_base = base.as_ref().is_some_and(|b| is_same(b, address));
                is_base || (with_number && rule.number_of(&facts, address).is_some())
            })
        };
        let mut made = addresses(entry, schema::PROXY_PRIMARY);
        made.retain(|address| is_made(address, true));
        let mut secondary = addresses(entry, schema::PROXY_SECONDARY);
        secondary.retain(|address| is_made(address, false));
        made.extend(secondary);
        made
    }

    fn generate(
        &self,
        rule: &ProxyRule,
        facts: &Facts,
        before: &[TargetAddress],
        holder: &dyn Fn(&TargetAddress) -> Option<String>,
        notes: &mut Vec<Note>,
    ) -> Option<TargetAddress> {
        let base = rule.make(facts, None)?;
        let fits = |address: &&TargetAddress| {
            is_same(&base, address) || rule.number_of(facts, address).is_some()
        };
        if let Some(kept) = before.iter().find(fits).filter(|a| holder(a).is_none()) {
            // A letter that changed its case follows, the number stays.
            let number = rule.number_of(facts, kept);
            return rule.make(facts, number);
        }
        let Some(taken_by) = holder(&base) else {
            return Some(base);
        };
        if self.when_taken == WhenTaken::LeaveOut {
            let detail = format!("{base} is held by {taken_by}");
            notes.push(Note::new(Reason::ProxyDropped, detail));
            return None;
        }
        let mut numbered = (2..).filter_map(|number| rule.make(facts, Some(number)));
        let free = numbered.find(|address| holder(address).is_none())?;
        let detail = format!("{free}, since {base} is held by {taken_by}");
        notes.push(Note::new(Reason::ProxyNumbered, detail));
        Some(free)
    }
}

impl Proxies {
    /// Puts the proxies into an entry. `mail` follows the primary SMTP address unless it is another's: a mapped one, the
    /// target address, or what an administrator set.
    pub fn put(&self, before: &[TargetAddress], entry: &mut Attributes) {
        entry.set(
            schema::PROXY_PRIMARY,
            self.primary.iter().map(ToString::to_string),
        );
        entry.set(
            schema::PROXY_SECONDARY,
            self.secondary.iter().map(ToString::to_string),
        );
        let mail = entry
            .text(schema::MAIL)
            .map(|mail| TargetAddress::new("SMTP", mail));
        if mail.is_none_or(|mail| contains(before, &mail)) {
            let smtp = self.primary.iter().find(|address| address.kind() == "SMTP");
            let smtp = smtp.filter(|address| address.value().is_ascii());
            entry.set(schema::MAIL, smtp.map(TargetAddress::value));
        }
    }
}

/// What addresses are made of.
struct Facts {
    fields: Vec<(&'static str, Option<String>)>,
}

impl Facts {
    fn of(entry: &Attributes, map: &AddressMap) -> Self {
        let text = |name: &str| entry.text(name).map(str::to_owned);
        let target = entry.text(schema::ADDRESS).map(TargetAddress::parse);
        let target = target.and_then(Result::ok);
        let parts = target.as_ref().filter(|t| t.is_pc_mail());
        let parts = parts.and_then(TargetAddress::three_parts);
        let alias = target.as_ref().map(|t| alias_of(t, &mut Vec::new()));
        let domain = parts.and_then(|[network, postoffice, _]| map.domain(network, postoffice));
        let part = |number: usize| parts.map(|parts| parts[number].to_owned());
        Self {
            fields: vec![
                ("alias", text(schema::UID).or(alias)),
                ("given", text("givenName")),
                ("surname", text(schema::SN)),
                ("initials", text("initials")),
                ("network", part(0)),
                ("postoffice", part(1)),
                ("domain", domain.map(str::to_owned)),
            ],
        }
    }
}

impl ProxyRule {
    /// Returns the address with a number, or `None` where the entry lacks a field of the pattern.
    fn make(&self, facts: &Facts, number: Option<u32>) -> Option<TargetAddress> {
        let number = number.map_or_else(String::new, |number| number.to_string());
        let value = self.expand(facts, &number)?;
        Some(TargetAddress::new(&self.kind, &value))
    }

    /// Returns the number that an address has more than the pattern gives; `None` if it is not of the pattern.
    fn number_of(&self, facts: &Facts, address: &TargetAddress) -> Option<u32> {
        // Not a digit, so that its place is found whatever the fields hold.
        const MARK: &str = "\u{1}";
        let template = self.expand(facts, MARK)?;
        let (head, tail) = template.split_once(MARK)?;
        let value = address.value();
        let digits = value.len().checked_sub(head.len() + tail.len())?;
        let number = value.get(head.len()..head.len() + digits)?;
        let number: u32 = number.parse().ok().filter(|number| *number >= 2)?;
        let made = self.make(facts, Some(number))?;
        is_same(&made, address).then_some(number)
    }

    fn expand(&self, facts: &Facts, number: &str) -> Option<String> {
        let is_smtp = self.kind.eq_ignore_ascii_case("SMTP");
        let pattern = match self.pattern.rfind('@') {
            _ if self.pattern.contains("{n}") => self.pattern.clone(),
            Some(at) if is_smtp => format!("{}{{n}}{}", &self.pattern[..at], &self.pattern[at..]),
            _ => format!("{}{{n}}", self.pattern),
        };
        let mut out = String::new();
        let mut rest = &pattern[..];
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            let close = open + rest[open..].find('}')?;
            let field = &rest[open + 1..close];
            match facts.fields.iter().find(|(name, _)| *name == field) {
                Some((_, value)) => out.push_str(&clean(value.as_deref()?, is_smtp)?),
                None if field == "n" => out.push_str(number),
                None => return None,
            }
            rest = &rest[close + 1..];
        }
        out.push_str(rest);
        Some(out)
    }
}

/// Returns a field as it may stand in an address; generated names are cleaned, received ones never (DX-21).
fn clean(text: &str, is_smtp: bool) -> Option<String> {
    let is_kept = |c: &char| match is_smtp {
        true => c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'),
        false => !c.is_control() && !matches!(c, ';' | '/' | '='),
    };
    let cleaned: String = text.chars().filter(is_kept).collect();
    let cleaned = match is_smtp {
        true => cleaned.trim_matches('.').to_lowercase(),
        false => cleaned,
    };
    Some(cleaned).filter(|cleaned| !cleaned.is_empty())
}

fn addresses(entry: &Attributes, attribute: &str) -> Vec<TargetAddress> {
    let values = entry.values(attribute).iter();
    values
        .filter_map(|value| TargetAddress::parse(&String::from_utf8_lossy(value)).ok())
        .collect()
}

fn is_same(one: &TargetAddress, other: &TargetAddress) -> bool {
    SyncKey::of(one) == SyncKey::of(other)
}

fn contains(list: &[TargetAddress], address: &TargetAddress) -> bool {
    list.iter().any(|a| is_same(a, address))
}
