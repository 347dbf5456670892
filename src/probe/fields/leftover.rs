//! What no number explains: bytes that never change, and bytes of which nothing is known.

use std::collections::HashSet;

use super::{Columns, cost};
use crate::probe::geometry;
use crate::probe::layout::{Field, Meaning, bytes_at};
use crate::probe::value::{Place, Zone};

/// Bits of saying that nothing explains a byte.
const UNKNOWN: f64 = 6.0;

/// Bits of a byte that ends texts and lines.
const ENDING: f64 = 2.0;

/// Bits of a byte that stands for itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain {
    /// It never changes.
    pub(super) is_constant: bool,
    pub(super) bits: f64,
}

/// Weighs each byte of a part of the records as a constant, or as one that nothing explains.
pub(super) fn plain(columns: &Columns<'_>, zone: Zone, len: usize) -> Vec<Plain> {
    let letters: Vec<u8> = columns
        .rows
        .iter()
        .map(|(_, r)| r.bytes.get(r.text).copied().unwrap_or(0))
        .collect();
    let ending = ending(columns);
    let byte = |at: usize| {
        let place = bytes_at(zone, at, 1);
        // A number of varying width stands for all its digits.
        if let Some(number) = columns.numbers.iter().find(|n| n.overlaps(&place)) {
            let digits = columns
                .rows
                .iter()
                .filter_map(|(_, r)| Some(r.at(number)?.len() as f64 * 3.4));
            return Plain {
                is_constant: false,
                bits: digits.sum::<f64>() / number.size as f64,
            };
        }
        let contents: Vec<u8> = columns
            .rows
            .iter()
            .filter_map(|(_, r)| Some(r.at(&place)?[0]))
            .collect();
        let is_constant = steady(columns, &place);
        let common = geometry::mode(contents.iter().copied()).map_or(0, |(byte, _)| byte);
        let is_end = zone == Zone::Trailer && at < ending;
        let bits = if is_constant {
            let others = contents.iter().filter(|&&b| b != common).count();
            let constant = if is_end {
                ENDING
            } else {
                cost::constant(common)
            };
            constant + others as f64 * cost::exception(1, contents.len())
        } else {
            let before = [&[0], &contents[..contents.len().saturating_sub(1)]].concat();
            UNKNOWN + cost::unexplained(&contents, &[letters.clone(), before])
        };
        Plain { is_constant, bits }
    };
    (0..len).map(byte).collect()
}

/// Returns how many bytes behind the texts are what texts usually end with.
fn ending(columns: &Columns<'_>) -> usize {
    let usual = [b"\r\n".as_slice(), b"\0\0", b"\r", b"\n", b"\0", b"\x1a"];
    let is_there = |ending: &&[u8]| {
        let place = bytes_at(Zone::Trailer, 0, ending.len());
        ending.len() <= columns.trailer_len
            && steady(columns, &place)
            && columns
                .rows
                .iter()
                .any(|(_, r)| r.at(&place) == Some(*ending))
    };
    usual.into_iter().find(is_there).map_or(0, <[u8]>::len)
}

/// Fills what is left with constants and with what nothing explains.
pub(super) fn rest(columns: &Columns<'_>, fields: &mut Vec<Field>) {
    for number in &columns.numbers {
        if fields.iter().all(|f| !f.place.overlaps(number)) {
            let values: HashSet<_> = columns.values(number).into_iter().collect();
            let values = values.len();
            fields.push(Field::new(*number, Meaning::Unknown { values }));
        }
    }
    for (zone, len) in columns.zones() {
        let mut at = 0;
        while at < len {
            let byte = bytes_at(zone, at, 1);
            if fields.iter().any(|f| f.place.overlaps(&byte)) {
                at += 1;
                continue;
            }
            let is_constant = |at: usize| steady(columns, &bytes_at(zone, at, 1));
            let kind = is_constant(at);
            let mut end = at + 1;
            while end < len
                && is_constant(end) == kind
                && !fields
                    .iter()
                    .any(|f| f.place.overlaps(&bytes_at(zone, end, 1)))
            {
                end += 1;
            }
            let place = bytes_at(zone, at, end - at);
            let contents = columns.rows.iter().filter_map(|(_, r)| r.at(&place));
            let meaning = if kind {
                let common = geometry::mode(contents).map_or(&b""[..], |(bytes, _)| bytes);
                Meaning::Constant(common.to_vec())
            } else {
                let values: HashSet<_> = contents.collect();
                Meaning::Unknown {
                    values: values.len(),
                }
            };
            fields.push(Field::new(place, meaning));
            at = end;
        }
    }
}

/// Tells whether a place has the same bytes in nearly every record.
pub(super) fn steady(columns: &Columns<'_>, place: &Place) -> bool {
    let contents = columns.rows.iter().filter_map(|(_, r)| r.at(place));
    geometry::mode(contents).is_some_and(|(_, share)| share >= 0.97)
}
