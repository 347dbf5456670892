//! What is too big for one message goes in parts (`spec/exchange.md` IO-14).

use std::collections::BTreeMap;

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
    let mut len = 0;
    for change in changes {
        // The columns of a row count with each row: a little more than it will be.
        let more = write_changes(std::slice::from_ref(&change)).len();
        if !part.is_empty() && len + more > room(limit) {
            parts.push(std::mem::take(&mut part));
            len = 0;
        }
        len += more;
        part.push(change);
    }
    parts.push(part);
    parts
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
    /// part.
    #[must_use]
    pub fn into_parts(mut self, limit: usize) -> Vec<(Part, Vec<u8>, Vec<u8>)> {
        let (changes, withheld) = match &mut self {
            Self::Request(request) => (&mut request.changes, &mut request.withheld),
            Self::Answer(answer) => (&mut answer.changes, &mut answer.refused),
        };
        let (changes, mut withheld) = (std::mem::take(changes), std::mem::take(withheld));
        let parts = cut(changes, limit);
        let of = parts.len();
        parts
            .into_iter()
            .enumerate()
            .map(|(at, changes)| {
                let withheld = std::mem::take(&mut withheld);
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
