//! Date stamps.

use std::collections::HashSet;

use super::{Candidate, Columns};
use crate::probe::layout::Meaning;
use crate::probe::stamp::StampKind;
use crate::probe::value::{Code, Place};

/// Bits of evidence a date needs: how unlikely it is that other numbers are all dates, and near each other.
const MIN_BITS: f64 = 36.0;

/// Finds the dates. Where another number is known to be the sync number, one that rises by one is no date.
pub(super) fn stamps(columns: &Columns<'_>, has_sync: bool) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut still = Vec::new();
    for code in Code::ALL {
        let sizes: &[usize] = match code {
            Code::Decimal => &[9, 10],
            Code::Hex => &[8],
            _ => &StampKind::SIZES,
        };
        for &size in sizes {
            for place in columns.places(size, code) {
                for kind in StampKind::of_size(size, code) {
                    if let Some(candidate) = judge(columns, place, kind, has_sync) {
                        match candidate {
                            Ok(candidate) => found.push(candidate),
                            Err(candidate) => still.push(candidate),
                        }
                    }
                }
            }
        }
    }
    // The same date in every record is also just a constant.
    found.extend(still);
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found
}

/// Weighs one place; `Err` for a date that never changes.
fn judge(
    columns: &Columns<'_>,
    place: Place,
    kind: StampKind,
    has_sync: bool,
) -> Option<Result<Candidate, Candidate>> {
    if columns.cuts_digits(&place) {
        return None;
    }
    let mut dates = Vec::with_capacity(columns.rows.len());
    let mut misses = 0;
    // Parts of a date are never out of bounds but by damage; seconds may well be a stray number.
    let patience = if kind == StampKind::Unix { 33 } else { 150 };
    for (n, (_, record)) in columns.rows.iter().enumerate() {
        match kind.get(place.code, record.at(&place)?) {
            Some(date) => dates.push(date),
            None => misses += 1,
        }
        if n < 8 && misses > 0 && columns.rows.len() < 30
            || misses * patience > columns.rows.len().max(n)
        {
            return None;
        }
    }
    let distinct: HashSet<i64> = dates.iter().copied().collect();
    let spread = (dates.iter().max()? - dates.iter().min()?) as f64;
    let meaning = Meaning::Stamp(kind);
    if distinct.len() == 1 {
        let score = match kind {
            StampKind::Unix => -3.0,
            StampKind::Dos { .. } => -5.0,
            StampKind::Broken { width: 2, .. } => 2.0,
            StampKind::Broken { .. } => return None,
        };
        return Some(Err(Candidate {
            place,
            meaning,
            score,
        }));
    }
    // Bits of a date among all values of the field, for each that is new.
    let room = match kind {
        StampKind::Unix => 32.0,
        StampKind::Dos { .. } => 33.2,
        StampKind::Broken { .. } => 8.0 * place.size as f64,
    };
    let each = (room - (spread + 86_400.0).log2()).max(1.1);
    if each * dates.len() as f64 - 12.0 < MIN_BITS {
        return None;
    }
    let steps: Vec<i64> = dates.windows(2).map(|w| w[1] - w[0]).collect();
    let falling = steps.iter().filter(|&&s| s < 0).count() as f64 / steps.len().max(1) as f64;
    let by_one = steps.iter().filter(|&&s| s == 1).count() as f64 / steps.len().max(1) as f64;
    if by_one > 0.9 && kind == StampKind::Unix && !has_sync {
        return None;
    }
    // Coded from record to record, and the bytes beside it that it leaves unexplained.
    let cost: f64 = steps
        .iter()
        .map(|&s| {
            (1.0 + s.unsigned_abs() as f64)
                .log2()
                .min((spread + 1.0).log2())
        })
        .sum::<f64>()
        / steps.len().max(1) as f64;
    let low_is_still = {
        let at = match place.code {
            Code::Big => place.offset + place.size - 1,
            Code::Mixed => place.offset + 2,
            _ => place.offset,
        };
        let at = match kind {
            StampKind::Dos { date_first: true } if place.code == Code::Little => at + 2,
            StampKind::Dos { date_first: false } if place.code == Code::Big => at - 2,
            _ => at,
        };
        !matches!(kind, StampKind::Broken { .. }) && columns.cardinality(place.zone, at) == 1
    };
    let is_cut = kind == StampKind::Unix && lacks_its_low_byte(columns, &place, &dates);
    let mut score = 6.0 - 0.25 * cost - 6.0 * falling.min(0.5);
    if low_is_still || is_cut {
        score -= 4.0;
    }
    if by_one > 0.5 && !has_sync && kind == StampKind::Unix {
        score -= 3.0;
    }
    if matches!(kind, StampKind::Dos { .. }) {
        // Each time of day that is one makes seconds of another kind less likely.
        score += (0.12 * distinct.len() as f64).min(3.5) - 2.0;
    }
    // Words with a year, a month and so on are not chance, even where they hardly change.
    if matches!(kind, StampKind::Broken { width: 2, .. }) {
        score += 4.0;
    }
    Some(Ok(Candidate {
        place,
        meaning,
        score,
    }))
}

/// Tells whether the byte below a number goes on from it: while the number stays, the byte rises.
fn lacks_its_low_byte(columns: &Columns<'_>, place: &Place, dates: &[i64]) -> bool {
    let below = match place.code {
        Code::Little => place.offset.checked_sub(1),
        Code::Big => Some(place.offset + place.size),
        _ => None,
    };
    let Some(offset) = below else { return false };
    let byte = Place {
        offset,
        size: 1,
        ..*place
    };
    let values = columns.values(&byte);
    if values.len() != dates.len() || columns.cardinality(place.zone, offset) < 4 {
        return false;
    }
    let (mut same, mut rising) = (0, 0);
    for n in 1..dates.len() {
        if dates[n] == dates[n - 1] {
            same += 1;
            rising += usize::from(values[n] >= values[n - 1]);
        }
    }
    same >= 5 && rising * 100 >= same * 95
}
