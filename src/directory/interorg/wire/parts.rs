//! What is too big for one message goes in parts (`spec/exchange.md` IO-14).

use std::collections::{BTreeMap, BTreeSet};

use super::super::card::{Card, SourceKey};
use super::super::number::Usn;
use super::super::unit::{Change, Withheld};
use super::fault::WireFault;
use super::head::{Part, Unit};
use super::table::{write_changes, write_withheld};

/// Bytes of a message besides its tables: header, head, boundaries.
const AROUND: usize = 8 * 1024;

/// Cuts changes into parts that each fit into a message of `limit` bytes as it is encoded (base64); 0 is any size. What
/// alone is bigger than that has to be taken out before, see [`fits`]; here it gets a part of its own.
#[must_use]
pub fn cut(changes: Vec<Change>, limit: usize) -> Vec<Vec<Change>> {
    if limit == 0 || room(limit) >= write_changes(&changes).len() {
        return vec![changes];
    }
    let mut parts = Vec::new();
    let mut part: Vec<Change> = Vec::new();
    let mut size = Size::default();
    for change in changes {
        let mut more = size.clone();
        more.add(&change);
        if !part.is_empty() && more.len() > room(limit) {
            parts.push(std::mem::take(&mut part));
            more = Size::default();
            more.add(&change);
        }
        size = more;
        part.push(change);
    }
    parts.push(part);
    parts
}

/// Bytes of a table, as rows come to it: a column that one row has is an empty field of all others.
#[derive(Debug, Clone, Default)]
struct Size {
    /// Attributes that have a column.
    columns: BTreeSet<String>,
    /// Bytes of the header.
    header: usize,
    /// Bytes of the rows, as they are with the columns of their own.
    rows: usize,
    /// Empty fields that they have beside those.
    empty: usize,
    count: usize,
}

impl Size {
    fn add(&mut self, change: &Change) {
        let table = write_changes(std::slice::from_ref(change));
        let header = table
            .iter()
            .position(|&b| b == b'\n')
            .map_or(0, |at| at + 1);
        self.header = self.header.max(header);
        let own = change.card.iter().flat_map(|card| card.attributes.keys());
        let own: Vec<_> = own.collect();
        let before = self.columns.len();
        for name in &own {
            if !self.columns.contains(*name) {
                self.columns.insert((*name).clone());
                // With the quotes that it may need.
                self.header += 2 * name.len() + 3;
            }
        }
        let new = self.columns.len() - before;
        self.empty += self.count * new + self.columns.len() - own.len();
        self.rows += table.len() - header;
        self.count += 1;
    }

    fn len(&self) -> usize {
        self.header + self.rows + self.empty
    }
}

/// Tells whether a card fits into a message of `limit` bytes alone.
#[must_use]
pub fn fits(key: &SourceKey, card: &Card, limit: usize) -> bool {
    let change = Change {
        number: Usn(u64::MAX),
        key: key.clone(),
        card: Some(card.clone()),
    };
    limit == 0 || write_changes(&[change]).len() <= room(limit)
}

/// Bytes of a table that fit: base64 makes four of three, and a line break for each 57.
fn room(limit: usize) -> usize {
    limit.saturating_sub(AROUND) / 78 * 57
}

/// The parts of one message that are there.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    unit: Option<Unit>,
    of: usize,
    there: BTreeMap<usize, (Vec<Change>, Vec<Withheld>)>,
}

impl Parts {
    /// Adds a part with its tables; the same one again changes nothing.
    ///
    /// # Errors
    /// Its head differs from that of the parts before it, or its tables hold not what the head counts.
    pub fn add(
        &mut self,
        part: Part,
        changes: Vec<Change>,
        withheld: Vec<Withheld>,
    ) -> Result<(), WireFault> {
        for (table, found, expected) in [
            ("changes.csv", changes.len(), part.changes),
            ("withheld.csv", withheld.len(), part.withheld),
        ] {
            if found != expected {
                return Err(WireFault::Count {
                    table,
                    found,
                    expected,
                });
            }
        }
        match &self.unit {
            None => {
                self.unit = Some(part.unit);
                self.of = part.of;
            }
            Some(unit) if *unit == part.unit && self.of == part.of => {}
            Some(unit) => {
                return Err(WireFault::OtherPart {
                    id: unit.id().to_owned(),
                    part: part.number,
                });
            }
        }
        self.there.entry(part.number).or_insert((changes, withheld));
        Ok(())
    }

    /// Returns the parts that are missing.
    #[must_use]
    pub fn missing(&self) -> Vec<usize> {
        let all = 1..=self.of;
        all.filter(|number| !self.there.contains_key(number))
            .collect()
    }

    /// Returns the whole unit; none while a part is missing.
    #[must_use]
    pub fn join(self) -> Option<Unit> {
        if !self.missing().is_empty() {
            return None;
        }
        let mut unit = self.unit?;
        let (into, kept) = match &mut unit {
            Unit::Request(request) => (&mut request.changes, &mut request.withheld),
            Unit::Answer(answer) => (&mut answer.changes, &mut answer.refused),
        };
        for (changes, withheld) in self.there.into_values() {
            into.extend(changes);
            kept.extend(withheld);
        }
        Some(unit)
    }
}

impl Unit {
    /// Parts it for messages of `limit` bytes: each with its head and its tables. What was withheld goes with the first
    /// part, or in parts of its own where it is too much for that.
    #[must_use]
    pub fn into_parts(mut self, limit: usize) -> Vec<(Part, Vec<u8>, Vec<u8>)> {
        let (changes, withheld) = match &mut self {
            Self::Request(request) => (&mut request.changes, &mut request.withheld),
            Self::Answer(answer) => (&mut answer.changes, &mut answer.refused),
        };
        let (changes, withheld) = (std::mem::take(changes), std::mem::take(withheld));
        let mut parts: Vec<_> = cut(changes, limit)
            .into_iter()
            .map(|changes| (changes, Vec::new()))
            .collect();
        let first = &mut parts[0];
        let len = write_changes(&first.0).len() + write_withheld(&withheld).len();
        if limit == 0 || len <= room(limit) {
            first.1 = withheld;
        } else {
            let more = cut_withheld(withheld, limit).into_iter();
            parts.extend(more.map(|withheld| (Vec::new(), withheld)));
            // A part of nothing but its head is none.
            parts.retain(|(changes, withheld)| !changes.is_empty() || !withheld.is_empty());
        }
        let of = parts.len();
        parts
            .into_iter()
            .enumerate()
            .map(|(at, (changes, withheld))| {
                let part = Part {
                    unit: self.clone(),
                    number: at + 1,
                    of,
                    changes: changes.len(),
                    withheld: withheld.len(),
                };
                (part, write_changes(&changes), write_withheld(&withheld))
            })
            .collect()
    }
}

/// As [`cut`], for what was withheld.
fn cut_withheld(all: Vec<Withheld>, limit: usize) -> Vec<Vec<Withheld>> {
    let mut parts = Vec::new();
    let mut part: Vec<Withheld> = Vec::new();
    let mut len = 0;
    for withheld in all {
        let more = write_withheld(std::slice::from_ref(&withheld)).len();
        if !part.is_empty() && len + more > room(limit) {
            parts.push(std::mem::take(&mut part));
            len = 0;
        }
        len += more;
        part.push(withheld);
    }
    parts.push(part);
    parts
}
