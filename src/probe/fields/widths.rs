//! Widths of a number that a file cannot tell apart: what one has more than the other is always zero.

use super::Columns;
use crate::probe::layout::{Field, Meaning, bytes_at};
use crate::probe::value::{Code, Place};

/// Parts the other readings that say the same of every byte of every record from those that are in doubt: of a number beside
/// zeros, the width that numbers mostly have is taken.
pub(super) fn part(columns: &Columns<'_>, fields: &mut [Field]) {
    // Another number tells the byte order, where this one has but one byte that is not zero.
    let order = |code: Code, fields: &[Field], but: usize| {
        fields.iter().enumerate().any(|(n, f)| {
            let is_number = !matches!(f.meaning, Meaning::Constant(_) | Meaning::Unknown { .. });
            n != but && is_number && f.place.code == code && busy(columns, &f.place) > 1
        })
    };
    for n in 0..fields.len() {
        let place = fields[n].place;
        let meaning = fields[n].meaning.clone();
        if !matches!(
            meaning,
            Meaning::Length { .. } | Meaning::Sync | Meaning::Kind { .. }
        ) {
            continue;
        }
        let told = place.size > 1 && order(place.code, fields, n);
        let is_same = |(other, of): &(Place, Meaning)| {
            let same_order = other.code == place.code || other.size == 1 || told;
            *of == meaning && same_order && is_beside_zeros(columns, &place, other)
        };
        let others = std::mem::take(&mut fields[n].others);
        let (same, others) = others.into_iter().partition(is_same);
        fields[n].same = same;
        fields[n].others = others;
    }
}

/// Returns how many bytes of a place are not zero everywhere.
fn busy(columns: &Columns<'_>, place: &Place) -> usize {
    let bytes = (place.offset..place.offset + place.size).map(|at| bytes_at(place.zone, at, 1));
    bytes.filter(|byte| !is_zero(columns, byte)).count()
}

fn is_zero(columns: &Columns<'_>, byte: &Place) -> bool {
    let values = columns.rows.iter().map(|(_, r)| r.value(byte));
    let zeros = values.filter(|v| *v == Some(0)).count();
    zeros * 100 >= columns.rows.len() * 97
}

/// Tells whether two places hold the same binary numbers, and only zeros where they differ.
fn is_beside_zeros(columns: &Columns<'_>, one: &Place, other: &Place) -> bool {
    if one.code.is_text() || other.code.is_text() || !one.overlaps(other) {
        return false;
    }
    let inside = |at: usize, p: &Place| (p.offset..p.offset + p.size).contains(&at);
    let from = one.offset.min(other.offset);
    let to = (one.offset + one.size).max(other.offset + other.size);
    let zeros = (from..to)
        .filter(|&at| inside(at, one) != inside(at, other))
        .all(|at| is_zero(columns, &bytes_at(one.zone, at, 1)));
    let mut pairs = columns.rows.iter();
    let equal = pairs
        .by_ref()
        .filter(|(_, r)| r.value(one) == r.value(other))
        .count();
    zeros && equal * 100 >= columns.rows.len() * 97
}
