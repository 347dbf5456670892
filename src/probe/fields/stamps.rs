//! Date stamps.

use super::numbers::blanks_bits;
use super::{Candidate, Columns, Role, cost};
use crate::probe::layout::Meaning;
use crate::probe::stamp::{Rarity, StampKind};
use crate::probe::value::{Code, Place};

/// Bits of any moment in the years that a stamp may lie in.
const ANY_SECOND: f64 = 30.84;

/// Finds the numbers that are dates in nearly every record.
pub(super) fn stamps(columns: &Columns<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for code in Code::ALL {
        for size in StampKind::sizes(code) {
            let kinds = StampKind::of_size(size, code);
            for place in columns.places(size, code) {
                found.extend(kinds.iter().filter_map(|&kind| judge(columns, place, kind)));
            }
        }
    }
    found
}

/// Weighs one place.
fn judge(columns: &Columns<'_>, place: Place, kind: StampKind) -> Option<Candidate> {
    let count = columns.rows.len();
    let mut dates = Vec::with_capacity(count);
    for (n, (_, record)) in columns.rows.iter().enumerate() {
        if let Some(date) = kind.get(place.code, record.at(&place)?) {
            dates.push((n, date));
        }
        // Few are no dates, and none of the first.
        let misses = n + 1 - dates.len();
        if misses * 33 > n.max(count) || misses > 0 && n < 8 && count < 30 {
            return None;
        }
    }
    if columns.cuts_digits(&place) {
        return None;
    }
    let unit = kind.resolution();
    let units: Vec<(usize, i64)> = dates.iter().map(|(n, date)| (*n, date / unit)).collect();
    let (steps, mut bits) = columns.steps(&units);
    bits += ANY_SECOND - (unit as f64).log2() + kind_bits(kind);
    bits += match place.code {
        Code::Mixed => 4.0,
        Code::Decimal | Code::Blanks | Code::Hex => 5.0,
        Code::Digits | Code::HexDigits => 1.0,
        _ => 0.0,
    };
    bits += blanks_bits(columns, &place);
    bits += cost::steps(&steps) + fraction_bits(columns, &place, kind);
    // Weeks between records that follow each other are less likely than minutes.
    let mean =
        steps.iter().map(|s| s.unsigned_abs() as f64).sum::<f64>() / steps.len().max(1) as f64;
    bits += 3.0 * (mean * unit as f64 / 86_400.0).max(1.0).log2();
    bits += (count - dates.len()) as f64 * cost::exception(place.size, count);
    // Clocks go on: a second that stays for the whole file is rather something else.
    if unit < 60 && steps.iter().all(|&s| s == 0) {
        bits += 5.0;
    }
    Some(Candidate {
        place,
        meaning: Meaning::Stamp(kind),
        role: Role::Stamp,
        bits,
    })
}

/// Bits of the way a moment is written.
fn kind_bits(kind: StampKind) -> f64 {
    match kind {
        StampKind::Unix => 2.5,
        StampKind::Dos { .. } => 5.0,
        StampKind::Parts(form) => match form.rarity() {
            Rarity::Usual => 5.5,
            Rarity::Rare => 8.5,
            Rarity::Odd => 18.0,
        },
    }
}

/// Bits of the parts of seconds, which nothing tells.
fn fraction_bits(columns: &Columns<'_>, place: &Place, kind: StampKind) -> f64 {
    let StampKind::Parts(form) = kind else {
        return 0.0;
    };
    let numbers = columns.rows.iter().filter_map(|(_, r)| r.at(place));
    let fractions = numbers.filter_map(|bytes| form.fraction(place.code, bytes));
    cost::listed(fractions, |(_, of)| (*of as f64).log2())
}
