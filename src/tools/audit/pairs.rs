//! People who stand under two keys: the same mail address or the same name here under one and there under another
//! (`spec/exchange.md` DX-40). They are reported and nothing is merged, since two people may have one name.
//!
//! Everybody with a mail address is compared. By name only those are paired of whom one is on one side alone: two of
//! one name that both sides have are two people to both of them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use serde::{Deserialize, Serialize};

use super::exact;
use super::finding::{Finding, Outcome, PairOf};
use super::item::{Encoded, Item};
use crate::tools::sorted::Sorter;
use crate::tools::spool::Spool;

/// Entries of one name or mail address that are paired with each other.
const MAX_ALIKE: usize = 64;

const MAIL: u8 = b'm';
const NAME: u8 = b'n';

/// Sides that an entry is on.
const IN_A: u8 = 1;
const IN_B: u8 = 2;

/// Takes entries.
pub(super) struct Pairs {
    memory: usize,
    alike: Sorter,
    /// Entries that are on both sides: their names matter only if somebody else has them.
    matched: Spool,
    /// Names of entries that are on one side alone.
    wanted: Names,
}

/// Somebody of a mail address or a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Alike {
    sides: u8,
    is_matched: bool,
    folded: String,
    key: String,
    name: String,
    place: String,
}

impl Alike {
    fn of(item: &Item, sides: u8, is_matched: bool) -> Self {
        let key = item.key();
        Self {
            sides,
            is_matched,
            folded: key.folded().to_owned(),
            key: key.as_str().to_owned(),
            name: item.name.clone(),
            place: item.place.to_string(),
        }
    }
}

impl Pairs {
    /// Begins, with about `memory` bytes for each sort.
    pub(super) fn new(memory: usize) -> Self {
        Self {
            memory,
            alike: Sorter::new(memory, None),
            matched: Spool::new(None),
            wanted: Names::new(memory / 8),
        }
    }

    /// Takes an entry of A, of B, or one of each that have one key.
    ///
    /// # Errors
    /// A temporary file cannot be written.
    pub(super) fn take(&mut self, a: Option<&Item>, b: Option<&Item>) -> io::Result<()> {
        match (a, b) {
            (Some(a), Some(b)) if a.name == b.name && a.details == b.details => {
                self.add(a, IN_A | IN_B, true)
            }
            _ => {
                let is_matched = a.is_some() && b.is_some();
                a.map_or(Ok(()), |a| self.add(a, IN_A, is_matched))?;
                b.map_or(Ok(()), |b| self.add(b, IN_B, is_matched))
            }
        }
    }

    /// Takes an entry without mail address that both sides have alike, as it was encoded.
    ///
    /// # Errors
    /// A temporary file cannot be written.
    pub(super) fn take_equal(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.matched
            .push_parts(&[&[IN_A | IN_B], bytes])
            .map(|_| ())
    }

    fn add(&mut self, item: &Item, sides: u8, is_matched: bool) -> io::Result<()> {
        let mails = item.mails();
        if !mails.is_empty() || !is_matched {
            let record = serde_json::to_vec(&Alike::of(item, sides, is_matched))?;
            for mail in &mails {
                self.alike.push(&sort_key(MAIL, mail), &record)?;
            }
            if !is_matched {
                let name = folded(&item.name);
                self.wanted.add(&name);
                return self.alike.push(&sort_key(NAME, &name), &record);
            }
        }
        self.matched
            .push_parts(&[&[sides], &item.encode()])
            .map(|_| ())
    }

    /// Pairs everybody, hands the pairs over in the order of their keys, and returns the bytes that went through
    /// temporary files.
    ///
    /// # Errors
    /// A temporary file cannot be read or written; `take` failed.
    pub(super) fn finish<E: From<io::Error>>(
        mut self,
        take: &mut dyn FnMut(&Finding) -> Result<(), E>,
    ) -> Result<u64, E> {
        self.add_matched()?;
        let mut pairs = Sorter::new(self.memory, None);
        let mut sorted = self.alike.finish()?;
        let mut spilled = sorted.spilled;
        let mut of = Vec::new();
        let mut group = Vec::new();
        while let Some((key, record)) = sorted.next()? {
            if of != key {
                pair(&of, &group, &mut pairs)?;
                group.clear();
                of = key.to_vec();
            }
            if group.len() < MAX_ALIKE {
                let alike: Alike = serde_json::from_slice(record).map_err(io::Error::from)?;
                group.push(alike);
            }
        }
        pair(&of, &group, &mut pairs)?;
        let mut sorted = pairs.finish()?;
        spilled += sorted.spilled;
        let mut last: Option<(Vec<u8>, Found)> = None;
        while let Some((key, value)) = sorted.next()? {
            let next: Found = serde_json::from_slice(value).map_err(io::Error::from)?;
            match &mut last {
                Some((known, found)) if *known == key => found.join(&next),
                _ => {
                    if let Some((_, found)) = last.replace((key.to_vec(), next)) {
                        take(&found.finding())?;
                    }
                }
            }
        }
        if let Some((_, found)) = last {
            take(&found.finding())?;
        }
        Ok(spilled)
    }

    /// Adds the entries of both sides that have the name of somebody who is on one side alone.
    fn add_matched(&mut self) -> io::Result<()> {
        let (wanted, alike) = (&self.wanted, &mut self.alike);
        if wanted.is_empty {
            return Ok(());
        }
        self.matched.each(&mut |record| {
            let Some((sides, bytes)) = record.split_first() else {
                return Ok(());
            };
            let name = folded(Encoded(bytes).name()?);
            if !wanted.may_have(&name) {
                return Ok(());
            }
            let known = Alike::of(&Item::decode(bytes)?, *sides, true);
            alike.push(&sort_key(NAME, &name), &serde_json::to_vec(&known)?)
        })
    }
}

fn sort_key(what: u8, text: &str) -> Vec<u8> {
    [&[what], text.as_bytes()].concat()
}

fn folded(name: &str) -> String {
    // Mostly there is nothing to squeeze.
    if name.is_ascii() && !name.contains("  ") && name.trim().len() == name.len() {
        return name.to_ascii_lowercase();
    }
    let words: Vec<_> = name.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// Two who may be one, and what they share.
#[derive(Debug, Serialize, Deserialize)]
struct Found {
    a: Alike,
    b: Alike,
    by_mail: bool,
    by_name: bool,
}

impl Found {
    fn join(&mut self, other: &Self) {
        self.by_mail |= other.by_mail;
        self.by_name |= other.by_name;
    }

    fn finding(&self) -> Finding {
        let by = match (self.by_mail, self.by_name) {
            (true, true) => "same mail and same name",
            (true, false) => "same mail",
            _ => "same name",
        };
        let of = |alike: &Alike| PairOf {
            key: exact::shown(&alike.key),
            name: exact::shown(&alike.name),
            place: alike.place.clone(),
        };
        let pair = [of(&self.a), of(&self.b)];
        let mut finding = Finding::new(Outcome::Pair).detail(by);
        finding.entry.clone_from(&pair[0].key);
        finding.name.clone_from(&pair[0].name);
        finding.pair = pair.to_vec();
        finding
    }
}

/// Pairs everybody of one mail address or name: one of A with one of B under another key, each two once.
fn pair(of: &[u8], group: &[Alike], pairs: &mut Sorter) -> io::Result<()> {
    let Some(&what) = of.first().filter(|_| of.len() > 1) else {
        return Ok(());
    };
    for (number, one) in group.iter().enumerate() {
        for other in &group[number + 1..] {
            let is_alone = !(one.is_matched && other.is_matched);
            if one.folded == other.folded || !(is_alone || what == MAIL) {
                continue;
            }
            let across = |a: &Alike, b: &Alike| a.sides & IN_A != 0 && b.sides & IN_B != 0;
            // Where either may be the one of A, the lower key is.
            let is_turned = match (across(one, other), across(other, one)) {
                (true, true) => other.folded < one.folded,
                (true, false) => false,
                (false, true) => true,
                (false, false) => continue,
            };
            let (a, b) = if is_turned {
                (other, one)
            } else {
                (one, other)
            };
            let found = Found {
                a: a.clone(),
                b: b.clone(),
                by_mail: what == MAIL,
                by_name: what == NAME,
            };
            let mut ends = [&*a.folded, &*b.folded];
            ends.sort_unstable();
            let key = ends.join("\0");
            pairs.push(key.as_bytes(), &serde_json::to_vec(&found)?)?;
        }
    }
    Ok(())
}

/// Names, as far as bits tell: one that was added is always known, another one rarely.
#[derive(Debug)]
struct Names {
    bits: Vec<u64>,
    is_empty: bool,
}

impl Names {
    fn new(memory: usize) -> Self {
        let words = (memory / 8).max(1024).next_power_of_two();
        Self {
            bits: vec![0; words],
            is_empty: true,
        }
    }

    fn add(&mut self, name: &str) {
        self.is_empty = false;
        for (word, bit) in self.places(name) {
            self.bits[word] |= bit;
        }
    }

    fn may_have(&self, name: &str) -> bool {
        let mut places = self.places(name).into_iter();
        places.all(|(word, bit)| self.bits[word] & bit != 0)
    }

    fn places(&self, name: &str) -> [(usize, u64); 2] {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let hash = hasher.finish();
        let bit_count = self.bits.len() as u64 * 64;
        [hash, hash.rotate_left(32)].map(|hash| {
            let bit = hash % bit_count;
            ((bit / 64) as usize, 1 << (bit % 64))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::address_text::TargetAddress;
    use crate::tools::side::Place;

    fn item(address: &str, name: &str, mail: &str) -> Item {
        let address = TargetAddress::parse(address).expect("an address");
        let mut item = Item::new(address, name.to_owned(), Place::Line(1));
        if !mail.is_empty() {
            item.details = vec![("mail".to_owned(), vec![mail.as_bytes().to_vec()])];
        }
        item
    }

    fn paired(entries: &[(Option<&Item>, Option<&Item>)]) -> Vec<String> {
        let mut pairs = Pairs::new(1 << 20);
        for (a, b) in entries {
            pairs.take(*a, *b).expect("written");
        }
        let mut found = Vec::new();
        let mut take = |finding: &Finding| {
            let [a, b] = &finding.pair[..] else {
                panic!("{finding:?}");
            };
            let by = finding.detail.as_deref().unwrap_or_default();
            found.push(format!("{} {} {by}", a.key, b.key));
            Ok::<_, io::Error>(())
        };
        pairs.finish(&mut take).expect("read");
        found
    }

    #[test]
    fn dx40_one_mail_address_under_two_keys_is_a_pair_once() {
        let here = item("MS:N/P/BOB", "Bob Smith", "Bob@x");
        let there = item("SMTP:bob@x", "Smith, Bob", "");
        assert_eq!(
            paired(&[(Some(&here), None), (None, Some(&there))]),
            ["MS:N/P/BOB SMTP:bob@x same mail"]
        );
        // Both on both sides: he appears twice on each.
        assert_eq!(
            paired(&[(Some(&here), Some(&here)), (Some(&there), Some(&there))]),
            ["MS:N/P/BOB SMTP:bob@x same mail"]
        );
        // On one side alone nothing is across.
        assert!(paired(&[(Some(&here), None), (Some(&there), None)]).is_empty());
    }

    #[test]
    fn dx40_one_name_is_a_pair_where_one_of_them_is_on_one_side_alone() {
        let one = item("MS:N/P/BOB", "Bob  Smith", "");
        let other = item("MS:N/Q/BOB", "bob smith", "");
        let pair = ["MS:N/P/BOB MS:N/Q/BOB same name"];
        assert_eq!(paired(&[(Some(&one), None), (None, Some(&other))]), pair);
        assert_eq!(
            paired(&[(Some(&one), Some(&one)), (None, Some(&other))]),
            pair
        );
        let both = [(Some(&one), Some(&one)), (Some(&other), Some(&other))];
        assert!(paired(&both).is_empty(), "two people to both sides");
    }

    #[test]
    fn a_pair_by_mail_and_by_name_is_one_finding() {
        let here = item("MS:N/P/BOB", "Bob", "bob@x");
        let there = item("MS:N/Q/BOB", "Bob", "BOB@x");
        assert_eq!(
            paired(&[(Some(&here), None), (None, Some(&there))]),
            ["MS:N/P/BOB MS:N/Q/BOB same mail and same name"]
        );
    }
}
