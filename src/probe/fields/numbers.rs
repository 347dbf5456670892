//! Lengths, sync numbers and offsets.

use super::{Candidate, Columns, Role, cost};
use crate::probe::geometry::{OFFSETS, mode};
use crate::probe::layout::{Meaning, Measure, Target};
use crate::probe::value::{Code, Place, Zone};

/// Share of the records a meaning must explain.
const LEAST: f64 = 0.97;

/// Every size and code of a number.
fn shapes() -> impl Iterator<Item = (usize, Code)> {
    let binary = [1, 2, 4]
        .into_iter()
        .flat_map(|s| [(s, Code::Little), (s, Code::Big)])
        .filter(|&shape| shape != (1, Code::Big));
    let digits = [Code::Decimal, Code::Blanks]
        .into_iter()
        .flat_map(|code| (2..=10).map(move |s| (s, code)));
    binary.chain([(4, Code::Mixed)]).chain(digits).chain([
        (2, Code::Hex),
        (4, Code::Hex),
        (6, Code::Hex),
        (8, Code::Hex),
        (10, Code::Digits),
        (8, Code::HexDigits),
    ])
}

/// Bits of a number of digits beside a digit that never changes: it is rather its first one.
fn cut_bits(columns: &Columns<'_>, place: &Place) -> f64 {
    if !matches!(place.code, Code::Decimal | Code::Blanks | Code::Hex) {
        return 0.0;
    }
    let is_digit = |offset: usize| {
        columns.is_digits(&Place {
            offset,
            size: 1,
            ..*place
        })
    };
    let before = place.offset.checked_sub(1).is_some_and(is_digit);
    if before || is_digit(place.offset + place.size) {
        4.0
    } else {
        0.0
    }
}

/// Bits of blanks before digits whose number never changes: they rather part the number from what is before it.
pub(super) fn blanks_bits(columns: &Columns<'_>, place: &Place) -> f64 {
    let numbers = columns.rows.iter().filter_map(|(_, r)| r.at(place));
    let mut blanks = numbers.map(|n| n.iter().take_while(|&&b| b == b' ').count());
    let first = blanks.next().unwrap_or(0);
    match place.code {
        Code::Blanks if first > 0 && blanks.all(|count| count == first) => 8.0,
        _ => 0.0,
    }
}

/// Bits of a size and code, apart from the byte order, for numbers that mostly have `usual` bytes.
fn shape_bits((size, code): (usize, Code), usual: usize) -> f64 {
    match code {
        Code::Decimal => 5.5,
        Code::Blanks => 6.0,
        Code::Hex => 6.5,
        Code::Digits | Code::HexDigits => 1.0,
        Code::Mixed => 10.0,
        _ if size == usual => 0.8,
        _ if size == 1 => 4.0,
        _ => 1.6,
    }
}

/// Bits of hexadecimal digits without a letter in any record: they are rather decimal.
fn letters_bits(columns: &Columns<'_>, place: &Place) -> f64 {
    let has_letter = |b: &[u8]| b.iter().any(u8::is_ascii_alphabetic);
    let mut numbers = columns.rows.iter().filter_map(|(_, r)| r.at(place));
    match place.code {
        Code::Hex | Code::HexDigits if !numbers.any(has_letter) => 6.0,
        _ => 0.0,
    }
}

/// Tells whether nearly all values are numbers, and of this way of writing.
fn is_number(columns: &Columns<'_>, place: &Place, values: &[Option<u64>]) -> bool {
    if values.iter().take(8).any(Option::is_none) {
        return false;
    }
    let misses = values.iter().filter(|v| v.is_none()).count();
    misses * 33 <= values.len() && (place.code.is_text() || !columns.cuts_digits(place))
}

/// Finds the numbers that grow with the record, and those that may count records that are all of one size.
pub(super) fn lengths(columns: &Columns<'_>) -> Vec<Candidate> {
    let measures = [Measure::Text, Measure::Record, Measure::Previous];
    let are_still = |lens: Vec<usize>| mode(lens).is_some_and(|(_, share)| share > 0.9);
    let one_size = are_still(columns.rows.iter().map(|(_, r)| r.bytes.len()).collect());
    let one_length = are_still(
        columns
            .rows
            .iter()
            .map(|(_, r)| r.text_end - r.text)
            .collect(),
    );
    let mut found = Vec::<Candidate>::new();
    let mut texts = Vec::<(Place, f64)>::new();
    for (size, code) in shapes() {
        for place in columns.places(size, code) {
            let values = columns.values(&place);
            let still = mode(values.iter().copied()).is_none_or(|(_, share)| share > 0.9);
            if !is_number(columns, &place, &values) {
                continue;
            }
            for of in measures {
                let counted = if of == Measure::Text {
                    one_length
                } else {
                    one_size
                };
                if still && !counted {
                    continue;
                }
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
                let is_said = |&(text, agree): &(Place, f64)| text == place && agree >= share;
                let twice = of == Measure::Record
                    && columns.numbers.is_empty()
                    && texts.iter().any(is_said);
                let behind = (size + place.offset) as i64;
                let header = columns.header_len as i64;
                let is_whole = match of {
                    Measure::Text => [0, header].contains(&plus),
                    _ => [0, -behind, -header].contains(&plus),
                };
                if share < LEAST || twice || plus.abs() >= 4096 || still && !is_whole {
                    continue;
                }
                if of == Measure::Text {
                    texts.push((place, share));
                }
                let misses = (1.0 - share) * count as f64;
                let bits = 2.0
                    + shape_bits((size, code), 2)
                    + cut_bits(columns, &place)
                    + letters_bits(columns, &place)
                    + blanks_bits(columns, &place)
                    + plus_bits(columns, &place, of, plus)
                    + if place.zone == Zone::Header { 0.0 } else { 2.0 }
                    + misses * cost::exception(size, count);
                found.push(Candidate {
                    place,
                    meaning: Meaning::Length { of, plus },
                    role: Role::Length,
                    bits,
                });
            }
        }
    }
    found
}

/// Bits of what a length counts: what one would think of takes few.
fn plus_bits(columns: &Columns<'_>, place: &Place, of: Measure, plus: i64) -> f64 {
    let behind = (place.offset + place.size) as i64;
    let header = columns.header_len as i64;
    let trailer = (columns.trailer_len + columns.footer_len) as i64;
    let far = 12.0 + 2.0 * (plus.unsigned_abs() as f64 + 1.0).log2();
    match of {
        Measure::Text => {
            // What is counted besides the text, and how much of what follows it.
            let bases = [(0, 1.5), (header, 3.0), (header - behind, 3.5)];
            let near = bases.into_iter().filter_map(|(base, bits)| {
                let more = plus - base;
                let few = if more == 0 || more == trailer {
                    0.0
                } else {
                    1.0
                };
                (0..=trailer).contains(&more).then_some(bits + few)
            });
            near.fold(far, f64::min)
        }
        Measure::Record if plus == 0 => 2.5,
        Measure::Record if plus == -behind || plus == -header => 3.5,
        Measure::Record if (-trailer..0).contains(&plus) && !columns.numbers.is_empty() => 4.0,
        Measure::Record => far,
        Measure::Previous if plus == 0 => 6.0,
        Measure::Previous => 5.0 + far,
    }
}

/// Finds numbers that are offsets of records in the file.
pub(super) fn links(columns: &Columns<'_>) -> Vec<Candidate> {
    let mut found = Vec::<Candidate>::new();
    let targets = [Target::This, Target::Next, Target::Previous];
    let free = [(10, Code::Digits), (8, Code::HexDigits)];
    for (size, code) in OFFSETS.into_iter().chain(free) {
        for place in columns.places(size, code) {
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
                let count = rows.clone().count();
                let probe = mode(rows.clone().take(12).filter_map(difference));
                if count < 4 || probe.is_none_or(|(_, share)| share < 0.7) {
                    continue;
                }
                let Some((plus, share)) = mode(rows.filter_map(difference)) else {
                    continue;
                };
                let limit = columns.header_len as i64 + 4;
                if share >= 0.95 && plus.abs() <= limit {
                    let plus_bits = match plus {
                        0 => 1.0,
                        _ => 5.0 + 2.0 * (plus.unsigned_abs() as f64).log2(),
                    };
                    let misses = (1.0 - share) * count as f64;
                    found.push(Candidate {
                        place,
                        meaning: Meaning::Link { to, plus },
                        role: Role::Link,
                        bits: 5.0
                            + shape_bits((size, code), 4)
                            + plus_bits
                            + letters_bits(columns, &place)
                            + blanks_bits(columns, &place)
                            + misses * cost::exception(size, count),
                    });
                }
            }
        }
    }
    found
}

/// Finds the numbers that rise from record to record.
pub(super) fn syncs(columns: &Columns<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for shape in shapes().filter(|s| s.0 >= 2) {
        let (size, code) = shape;
        for place in columns.places(size, code) {
            let values = columns.values(&place);
            if is_number(columns, &place, &values) {
                found.extend(sync(columns, place, &values));
            }
        }
    }
    let wide: Vec<Place> = found
        .iter()
        .map(|c| c.place)
        .filter(|p| p.size == 4)
        .collect();
    for narrow in &mut found {
        if wide
            .iter()
            .any(|w| is_upper_part(columns, &narrow.place, w))
        {
            narrow.bits += CUT;
        }
    }
    found
}

/// Bits of a number whose lower byte goes its own way.
const JOINED: f64 = 60.0;
/// Bits of a sync number beside a byte that never changes, and could be its higher one.
const CUT: f64 = 6.0;

/// Tells whether a number of four bytes has a narrower one as its lower half, while its upper half never changes, is not
/// zero, and leaves it below 2^24: constants are mostly not so small, and numbers are.
fn is_upper_part(columns: &Columns<'_>, narrow: &Place, wide: &Place) -> bool {
    if narrow.size != 2 || narrow.code != wide.code || narrow.zone != wide.zone {
        return false;
    }
    let is_lower = match narrow.code {
        Code::Little => narrow.offset == wide.offset,
        Code::Big => narrow.offset == wide.offset + 2,
        _ => false,
    };
    is_lower
        && mode(columns.values(wide).into_iter().map(|v| v.map(|v| v >> 16))).is_some_and(
            |(upper, share)| share >= LEAST && upper.is_some_and(|u| (1..256).contains(&u)),
        )
}

/// Weighs a number that may rise; `None` where it does not.
fn sync(columns: &Columns<'_>, place: Place, values: &[Option<u64>]) -> Option<Candidate> {
    let count = values.len();
    let known: Vec<(usize, u64)> = (0..)
        .zip(values)
        .filter_map(|(n, v)| Some((n, (*v)?)))
        .collect();
    let (mut steps, mut bits, mut wrong) = (Vec::new(), 0.0, count - known.len());
    // Sixteen bits begin anew where they are full.
    let turn = match (place.code, place.size) {
        (Code::Little | Code::Big, 2) => Some(0x1_0000_i64),
        _ => None,
    };
    for pair in known.windows(2) {
        let step = pair[1].1 as i64 - pair[0].1 as i64;
        let turned = turn
            .map(|turn| step + turn)
            .filter(|t| (1..256).contains(t));
        if !columns.follows(pair[1].0) {
            let dear = if step > 0 { 1.0 } else { 16.0 };
            bits += dear + 2.0 * (step.unsigned_abs() as f64 + 1.0).log2();
        } else if step > 0 {
            steps.push(step);
        } else if let Some(turned) = turned {
            steps.push(turned);
            bits += 4.0;
        } else {
            wrong += 1;
        }
    }
    if steps.len() < 2 || wrong as f64 > (1.0 - LEAST) * steps.len() as f64 {
        return None;
    }
    let by_one = steps.iter().filter(|&&s| s == 1).count() as f64 / steps.len() as f64;
    if steps.len() < 9 && by_one < 0.6 {
        return None;
    }
    let mut sorted = steps.clone();
    sorted.sort_unstable();
    let middle = sorted[sorted.len() / 2] as f64;
    bits += 2.0 + shape_bits((place.size, place.code), 4);
    bits += cut_bits(columns, &place) + letters_bits(columns, &place);
    bits += blanks_bits(columns, &place);
    bits += cost::number(known.first()?.1).min(8.0 * place.size as f64 + 14.0);
    // Numbers are given one after the other, a few may be left out.
    bits += 2.0 * middle.log2() + cost::steps(&steps);
    bits += wrong as f64 * cost::exception(place.size, count);
    bits += if place.zone == Zone::Header { 0.0 } else { 2.0 };
    // Steps that are the same in their lowest byte alone are those of two numbers beside each other.
    let is_joined = steps.iter().any(|&s| s > 255)
        && steps.iter().all(|s| s & 0xff == steps[0] & 0xff)
        && steps.iter().any(|&s| s != steps[0]);
    bits += if is_joined { JOINED } else { 0.0 };
    Some(Candidate {
        place,
        meaning: Meaning::Sync,
        role: Role::Sync,
        bits,
    })
}
