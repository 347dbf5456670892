//! Names that are unique where they are listed: the "001" rule (`spec/exchange.md` DX-23).

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;

use super::charset::Charset;
use super::key::SyncKey;
use super::note::Note;
use crate::plan::outcome::Reason;
use crate::transaction::MAX_NAME_LEN;

/// Where a name must be unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UniqueNames {
    /// Among the names of one postoffice, or of one type without postoffices.
    #[default]
    Postoffice,
    /// Among all names that a requestor gets.
    All,
    /// Nowhere.
    Off,
}

impl UniqueNames {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::Postoffice, Self::All, Self::Off];

    /// Returns the word of a configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Postoffice => "postoffice",
            Self::All => "all",
            Self::Off => "off",
        }
    }
}

/// How the names for one requestor are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameRules {
    /// Where they are unique.
    pub unique: UniqueNames,
    /// Where they were at the last exchange, if that was another setting: only then a number goes that nothing needs
    /// any more.
    pub was: Option<UniqueNames>,
    /// What the other side can write.
    pub charset: Charset,
    /// What it can hold.
    pub max_len: usize,
}

impl NameRules {
    /// Returns the rules for a postoffice, whose lists hold thirty bytes of a name.
    #[must_use]
    pub fn new(charset: Charset) -> Self {
        Self {
            unique: UniqueNames::default(),
            was: None,
            charset,
            max_len: MAX_NAME_LEN,
        }
    }
}

/// An entry of the batch as it will be: every one the requestor is to have, whether it changes or not.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Key of the address it is sent under.
    pub key: &'a SyncKey,
    /// List it is in ([`TargetAddress::list`](super::address_text::TargetAddress::list)).
    pub list: &'a str,
    /// Its name, in characters that the other side has.
    pub name: &'a str,
    /// Its name when it was last sent, before a number, and the name that was sent.
    pub sent: Option<(&'a str, &'a str)>,
}

/// A name to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignedName {
    /// The name.
    pub text: String,
    /// How it differs from that of the entry.
    pub notes: Vec<Note>,
}

/// Returns a name for each candidate, in their order.
///
/// Who was sent under a name keeps it, with or without a number; newcomers get the plain name if it is free, else the
/// lowest free number, in the order of their keys. The result depends on the set of candidates alone.
#[must_use]
pub fn assign(rules: NameRules, candidates: &[Candidate<'_>]) -> Vec<AssignedName> {
    let mut scopes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let scope = match rules.unique {
            UniqueNames::Postoffice => candidate.list,
            UniqueNames::All | UniqueNames::Off => "",
        };
        scopes.entry(scope).or_default().push(at);
    }
    let mut numbers = vec![0; candidates.len()];
    if rules.unique != UniqueNames::Off {
        for members in scopes.values_mut() {
            members.sort_by_key(|&at| (candidates[at].key, at));
            number_scope(rules, candidates, members, &mut numbers);
        }
    }
    let numbered = candidates.iter().zip(numbers);
    numbered
        .map(|(candidate, number)| named(rules, candidate, number))
        .collect()
}

fn number_scope(
    rules: NameRules,
    candidates: &[Candidate<'_>],
    members: &[usize],
    numbers: &mut [u32],
) {
    let is_changed = rules.was.is_some_and(|was| was != rules.unique);
    let mut taken = HashSet::with_capacity(members.len());
    let mut take = |at: usize, number: u32| {
        let name = compose(rules, candidates[at].name, number);
        taken.insert(fold(&name))
    };
    let mut numbered = Vec::new();
    let mut newcomers = Vec::new();
    for &at in members {
        match sent_number(rules, &candidates[at]) {
            Some(0) if take(at, 0) => numbers[at] = 0,
            Some(number) if number > 0 => numbered.push((at, number)),
            _ => newcomers.push(at),
        }
    }
    for (at, number) in numbered {
        if is_changed && take(at, 0) {
            numbers[at] = 0;
        } else if take(at, number) {
            numbers[at] = number;
        } else {
            newcomers.push(at);
        }
    }
    // Many of one name must not try each number again.
    let mut next: HashMap<String, u32> = HashMap::new();
    newcomers.sort_by_key(|&at| (candidates[at].key, at));
    for at in newcomers {
        let hint = next.entry(fold(candidates[at].name)).or_default();
        let number = (*hint..).find(|&number| take(at, number));
        // There are more numbers than entries.
        numbers[at] = number.unwrap_or(u32::MAX);
        *hint = numbers[at].saturating_add(1);
    }
}

/// Returns the number under which an entry was sent, 0 for none, if its name is still the same but for letter case.
fn sent_number(rules: NameRules, candidate: &Candidate<'_>) -> Option<u32> {
    let (original, sent) = candidate.sent?;
    if fold(original) != fold(candidate.name) {
        return None;
    }
    if compose(rules, original, 0) == sent {
        return Some(0);
    }
    let digits = sent.bytes().rev().take_while(u8::is_ascii_digit).count();
    (3..=digits.min(10)).find_map(|len| {
        let number: u32 = sent[sent.len() - len..].parse().ok()?;
        (number > 0 && compose(rules, original, number) == sent).then_some(number)
    })
}

/// Returns the name with a number; to fit, the name is shortened, never the number.
fn compose(rules: NameRules, name: &str, number: u32) -> String {
    let number = match number {
        0 => String::new(),
        number => format!("{number:03}"),
    };
    let room = rules.max_len.saturating_sub(number.len());
    let name = rules.charset.cut(name.trim(), room).trim_end();
    format!("{name}{number}")
}

fn named(rules: NameRules, candidate: &Candidate<'_>, number: u32) -> AssignedName {
    let text = compose(rules, candidate.name, number);
    let mut notes = Vec::new();
    let name = candidate.name.trim();
    if number > 0 {
        let detail = format!("{name:?} is {text:?} in {}", candidate.list);
        notes.push(Note::new(Reason::NameSuffixed, detail));
    }
    let len = rules.charset.len(&text) - if number > 0 { suffix_len(number) } else { 0 };
    if len < rules.charset.len(name) {
        let detail = format!("{name:?} is {text:?}: at most {}", rules.max_len);
        notes.push(Note::new(Reason::NameShortened, detail));
    }
    AssignedName { text, notes }
}

fn suffix_len(number: u32) -> usize {
    format!("{number:03}").len()
}

/// Returns what two names have in common that one list cannot hold both of.
pub(super) fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}
