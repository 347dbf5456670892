//! Readings that say the same of every byte of every record: numbers with zeros beside them, checksums that are one in this
//! framing, dates that are one as long as the file goes.

use super::{Columns, alike};
use crate::probe::checksum::Record;
use crate::probe::layout::{Field, Meaning, bytes_at};
use crate::probe::stamp::StampKind;
use crate::probe::value::{Code, Place};

/// Parts the other readings that say the same of every byte of every record from those that are in doubt: of a number beside
/// zeros, the width that numbers mostly have is taken.
pub(super) fn part(columns: &Columns<'_>, fields: &mut [Field]) {
    let chosen: Vec<(Place, Meaning)> = fields
        .iter()
        .map(|f| (f.place, f.meaning.clone()))
        .collect();
    // Another number tells the byte order, where one has but one byte that is not zero.
    let tells = |n: usize| {
        let is_number = |m: &Meaning| !matches!(m, Meaning::Constant(_) | Meaning::Unknown { .. });
        chosen.iter().enumerate().any(|(of, (place, meaning))| {
            let is_other = of != n && place.code == chosen[n].0.code;
            is_other && is_number(meaning) && busy(columns, place) > 1
        })
    };
    let told: Vec<bool> = (0..chosen.len())
        .map(|n| chosen[n].0.size > 1 && tells(n))
        .collect();
    let mut sizes = columns.rows.iter().map(|(_, r)| r.bytes.len());
    let first = sizes.next();
    let one_size = sizes.all(|size| Some(size) == first);
    let is_same = |n: usize, (other, of): &(Place, Meaning)| {
        let (place, meaning) = &chosen[n];
        let is_byte = other.size == 1 || place.size == 1;
        let same_order = other.code == place.code || is_byte || told[n] || place.code.is_text();
        match meaning {
            Meaning::Stamp(kind) if other == place => {
                matches!(of, Meaning::Stamp(as_well) if is_same_date(columns, place, *kind, *as_well))
            }
            // Where all records have one size, nothing depends on which of them counts it.
            Meaning::Length { .. } if other == place && one_size => {
                matches!(of, Meaning::Length { .. })
            }
            Meaning::Length { .. }
            | Meaning::Sync
            | Meaning::Stamp(_)
            | Meaning::Kind { .. }
            | Meaning::Link { .. } => {
                of == meaning && same_order && is_beside_zeros(columns, place, other)
            }
            Meaning::Checksum { .. } => alike::is_same_sum(columns, (place, meaning), (other, of)),
            _ => false,
        }
    };
    for n in 0..fields.len() {
        for other in std::mem::take(&mut fields[n].others) {
            // It may be another reading of the field beside it.
            match (0..chosen.len()).find(|&of| is_same(of, &other)) {
                Some(of) => fields[of].same.push(other),
                None => fields[n].others.push(other),
            }
        }
    }
    // Where a number may be wider, the bytes beside it that never change are in doubt with it.
    let others: Vec<Place> = fields
        .iter()
        .flat_map(|f| f.others.iter().map(|(place, _)| *place))
        .collect();
    for field in fields {
        if let Meaning::Constant(bytes) = &field.meaning {
            let zone = field.place.zone;
            let is_taken = (0..).zip(bytes).any(|(n, byte)| {
                let at = bytes_at(zone, field.place.offset + n, 1);
                *byte != 0 && others.iter().any(|other| other.overlaps(&at))
            });
            if is_taken && field.doubt.is_none() {
                field.doubt = Some("or some of it is part of a number beside it".to_owned());
            }
        }
    }
}

/// Tells whether two ways to write a date are one as long as the file goes: a year of two digits and one counted from 1900.
fn is_same_date(columns: &Columns<'_>, place: &Place, one: StampKind, other: StampKind) -> bool {
    let get = |kind: StampKind, r: &Record<'_>| r.at(place).and_then(|b| kind.get(place.code, b));
    let mut rows = columns.rows.iter();
    rows.all(|(_, r)| get(one, r) == get(other, r))
}

/// Returns how many bytes of a place are not zero everywhere.
fn busy(columns: &Columns<'_>, place: &Place) -> usize {
    let bytes = (place.offset..place.offset + place.size).map(|at| bytes_at(place.zone, at, 1));
    bytes.filter(|byte| !is_zero(columns, byte)).count()
}

fn is_zero(columns: &Columns<'_>, byte: &Place) -> bool {
    is_always(columns, byte, 0)
}

fn is_always(columns: &Columns<'_>, byte: &Place, value: u8) -> bool {
    let values = columns.rows.iter().map(|(_, r)| r.value(byte));
    let count = values.filter(|v| *v == Some(value.into())).count();
    count * 100 >= columns.rows.len() * 97
}

/// Tells whether two places hold the same numbers, and only what fills numbers up where they differ: zeros, or the digit or
/// blank for it.
fn is_beside_zeros(columns: &Columns<'_>, one: &Place, other: &Place) -> bool {
    let is_decimal = |place: &Place| matches!(place.code, Code::Decimal | Code::Blanks);
    let is_alike = match one.code.is_text() {
        true => is_decimal(one) && is_decimal(other) || one.code == other.code,
        false => !other.code.is_text(),
    };
    if !is_alike || one.code.is_varying() || !one.overlaps(other) {
        return false;
    }
    let is_filler = |at: usize| {
        let byte = bytes_at(one.zone, at, 1);
        let is = |filler: u8| is_always(columns, &byte, filler);
        match one.code.is_text() {
            true => is(b'0') || is_decimal(one) && is(b' '),
            false => is(0),
        }
    };
    let inside = |at: usize, p: &Place| (p.offset..p.offset + p.size).contains(&at);
    let from = one.offset.min(other.offset);
    let to = (one.offset + one.size).max(other.offset + other.size);
    let filled = (from..to)
        .filter(|&at| inside(at, one) != inside(at, other))
        .all(is_filler);
    let equal = columns
        .rows
        .iter()
        .filter(|(_, r)| r.value(one).is_some() && r.value(one) == r.value(other))
        .count();
    filled && equal * 100 >= columns.rows.len() * 97
}
