//! Lengths, sync numbers and offsets.

use super::{Candidate, Columns};
use crate::probe::geometry::mode;
use crate::probe::layout::{Field, Meaning, Measure, Target};
use crate::probe::value::{Code, Place, Zone};

/// Share of the records a meaning must explain.
const LEAST: f64 = 0.97;

/// Every size and code of a number.
fn shapes() -> impl Iterator<Item = (usize, Code)> {
    let binary = [1, 2, 4]
        .into_iter()
        .flat_map(|s| [(s, Code::Little), (s, Code::Big)])
        .filter(|&shape| shape != (1, Code::Big));
    let digits = (2..=10).map(|s| (s, Code::Decimal));
    binary.chain([(4, Code::Mixed)]).chain(digits).chain([
        (2, Code::Hex),
        (4, Code::Hex),
        (8, Code::Hex),
    ])
}

/// A number of hexadecimal digits that is as well one of decimal digits is the latter, but for its letters.
fn is_plain(columns: &Columns<'_>, place: &Place) -> bool {
    place.code != Code::Hex
        || columns.rows.iter().any(|(_, r)| {
            r.at(place)
                .is_some_and(|b| b.iter().any(u8::is_ascii_alphabetic))
        })
}

/// Tells whether nearly all values are numbers, and of this way of writing.
fn is_number(columns: &Columns<'_>, place: &Place, values: &[Option<u64>]) -> bool {
    if values.iter().take(8).any(Option::is_none) {
        return false;
    }
    let misses = values.iter().filter(|v| v.is_none()).count();
    let is_binary = !matches!(place.code, Code::Decimal | Code::Hex);
    misses * 33 <= values.len()
        && is_plain(columns, place)
        && !(is_binary && columns.cuts_digits(place))
}

/// Finds the numbers that grow with the record.
pub(super) fn lengths(columns: &Columns<'_>) -> Vec<Candidate> {
    let measures = [Measure::Text, Measure::Record, Measure::Previous];
    let mut found = Vec::new();
    for (size, code) in shapes() {
        for place in columns.places(size, code) {
            let values = columns.values(&place);
            if !is_number(columns, &place, &values) {
                continue;
            }
            if mode(values.iter().copied()).is_none_or(|(_, share)| share > 0.9) {
                continue;
            }
            for of in measures {
                let of_row = |n: usize| -> Option<i64> {
                    let record = &columns.rows[n].1;
                    Some(match of {
                        Measure::Text => record.text_end - record.text,
                        Measure::Record => record.bytes.len(),
                        Measure::Previous if columns.follows(n) => {
                            columns.rows[n - 1].1.bytes.len()
                        }
                        Measure::Previous => return None,
                    } as i64)
                };
                let difference = |n: usize| Some(i64::try_from(values[n]?).ok()? - of_row(n)?);
                let rows = (0..columns.rows.len()).filter(|&n| of_row(n).is_some());
                let count = rows.clone().count();
                let probe = mode(rows.clone().take(12).filter_map(difference));
                if count < 2 || probe.is_none_or(|(_, share)| share < 0.7) {
                    continue;
                }
                let Some((plus, share)) = mode(rows.filter_map(difference)) else {
                    continue;
                };
                // Where nothing is padded, both measures say the same: take the text.
                let twice = of == Measure::Record
                    && found.iter().any(|c: &Candidate| {
                        c.place == place
                            && matches!(
                                c.meaning,
                                Meaning::Length {
                                    of: Measure::Text,
                                    ..
                                }
                            )
                    });
                if share >= LEAST && !twice && plus.abs() < 4096 {
                    let natural = natural(columns, &place, of, plus);
                    found.push(Candidate {
                        place,
                        meaning: Meaning::Length { of, plus },
                        score: 4.0 + if natural { 0.5 } else { 0.0 }
                            - if of == Measure::Previous { 1.0 } else { 0.0 },
                    });
                }
            }
        }
    }
    found
}

/// Tells whether a length counts what one would think of.
fn natural(columns: &Columns<'_>, place: &Place, of: Measure, plus: i64) -> bool {
    let behind = (place.offset + place.size) as i64;
    match of {
        Measure::Text => {
            let header = columns.header_len as i64;
            [0, header, header - behind].contains(&plus) || plus > 0
        }
        _ => [0, -behind, -(columns.header_len as i64)].contains(&plus),
    }
}

/// Finds numbers that are offsets of records in the file.
pub(super) fn links(columns: &Columns<'_>) -> Vec<Field> {
    let mut found = Vec::<Field>::new();
    let targets = [Target::This, Target::Next, Target::Previous];
    for (size, code) in [
        (4, Code::Little),
        (4, Code::Big),
        (4, Code::Mixed),
        (2, Code::Little),
        (2, Code::Big),
        (10, Code::Decimal),
        (8, Code::Decimal),
        (8, Code::Hex),
    ] {
        for place in columns.places(size, code) {
            if found.iter().any(|f| f.place.overlaps(&place)) {
                continue;
            }
            let values = columns.values(&place);
            for to in targets {
                let offset = |n: usize| -> Option<i64> {
                    let (at, record) = &columns.rows[n];
                    Some(match to {
                        Target::This => *at,
                        Target::Next => at + record.bytes.len(),
                        Target::Previous if columns.follows(n) => columns.rows[n - 1].0,
                        Target::Previous => return None,
                    } as i64)
                };
                let rows = (0..columns.rows.len()).filter(|&n| offset(n).is_some());
                let difference = |n: usize| Some(i64::try_from(values[n]?).ok()? - offset(n)?);
                if rows.clone().count() < 4 {
                    continue;
                }
                let Some((plus, share)) = mode(rows.filter_map(difference)) else {
                    continue;
                };
                let limit = columns.header_len as i64 + 4;
                if share >= 0.95 && plus.abs() <= limit {
                    // The same number seen from another record is not another meaning: take the plainest.
                    let better = found.iter_mut().find(|f| f.place == place);
                    match better {
                        Some(field) => field.others.push((place, Meaning::Link { to, plus })),
                        None => found.push(Field::new(place, Meaning::Link { to, plus })),
                    }
                }
            }
        }
    }
    found
}

/// Returns the share of directly following records whose number is one higher.
pub(super) fn rises_by_one(columns: &Columns<'_>, place: &Place) -> f64 {
    let values = columns.values(place);
    let pairs = (1..values.len()).filter(|&n| columns.follows(n));
    let total = pairs.clone().count().max(1);
    let rising = pairs.filter(|&n| match (values[n - 1], values[n]) {
        (Some(a), Some(b)) => b == a + 1,
        _ => false,
    });
    rising.count() as f64 / total as f64
}

/// Finds the numbers that rise from record to record.
pub(super) fn syncs(columns: &Columns<'_>) -> Vec<Candidate> {
    let mut found = Vec::<(Place, f64, f64, f64)>::new();
    for (size, code) in shapes().filter(|s| s.0 >= 2) {
        for place in columns.places(size, code) {
            let values = columns.values(&place);
            if !is_number(columns, &place, &values) {
                continue;
            }
            let steps: Vec<i128> = (1..values.len())
                .filter_map(|n| Some(i128::from(values[n]?) - i128::from(values[n - 1]?)))
                .collect();
            let rising = steps.iter().filter(|&&s| s > 0).count();
            if steps.len() < 2 || (rising as f64) < LEAST * steps.len() as f64 {
                continue;
            }
            let by_one = rises_by_one(columns, &place);
            if steps.len() < 9 && by_one < 0.6 {
                continue;
            }
            let mut sorted = steps;
            sorted.sort_unstable();
            let middle = sorted[sorted.len() / 2] as f64;
            let falls = sorted.iter().filter(|s| **s <= 0).count() as f64 / sorted.len() as f64;
            found.push((place, middle.max(1.0), by_one, falls));
        }
    }
    let Some(smallest) = found.iter().map(|f| f.1).min_by(f64::total_cmp) else {
        return Vec::new();
    };
    let mut list: Vec<Candidate> = found
        .iter()
        .map(|&(place, step, by_one, falls)| Candidate {
            place,
            meaning: Meaning::Sync,
            // Each byte of rubbish below the number makes its steps 256 times as large.
            score: 3.0 + 3.0 * by_one
                - (step / smallest).log2().max(0.0)
                - (100.0 * falls).min(2.5)
                - if place.zone == Zone::Header { 0.0 } else { 0.5 },
        })
        .collect();
    list.sort_by(|a, b| b.score.total_cmp(&a.score));
    list.retain(|c| c.score > 1.0);
    list
}
