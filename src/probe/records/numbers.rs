//! What stands between the texts of a record: numbers, flags and constants.

use std::collections::HashSet;
use std::ops::Range;

use super::column::{Column, Kind, little};
use super::{Body, MIN_BITS};

/// Values that a flag takes at most.
const MAX_FLAGS: usize = 8;
/// Bits from which on it is no chance that numbers differ in all records.
const MIN_DISTINCT_BITS: f64 = 16.0;
/// The step of numbers that are offsets, at least.
const MIN_STEP: u32 = 16;

/// Parts some bytes of the record into numbers, flags and constants.
pub(super) fn part(
    body: Body<'_>,
    rows: &[&[u8]],
    bytes: Range<usize>,
    link: Option<usize>,
    columns: &mut Vec<Column>,
) {
    let mut at = bytes.start;
    while at < bytes.end {
        // A field does not go on into a link that is known.
        let end = match link {
            Some(link) if at < link => bytes.end.min(link),
            _ => bytes.end,
        };
        let column = if link == Some(at) && at + 4 <= bytes.end {
            Column::new(at, 4, Kind::Link, rows.len(), rows.len())
        } else {
            linked(body, rows, at..end)
                .or_else(|| constant(rows, at))
                .or_else(|| flag(rows, at..end))
                .unwrap_or_else(|| number(rows, at..end))
        };
        at += column.size;
        columns.push(column);
    }
}

/// Four bytes that are the offset of a record of the file wherever they are not empty.
fn linked(body: Body<'_>, rows: &[&[u8]], bytes: Range<usize>) -> Option<Column> {
    if bytes.len() < 4 {
        return None;
    }
    let at = bytes.start;
    let mut seen = HashSet::new();
    for row in rows {
        let value = little(&row[at..at + 4]);
        if matches!(value, 0 | u32::MAX) {
            continue;
        }
        body.number_at(value)?;
        seen.insert(value);
    }
    let bits = seen.len() as f64 * (body.record_len as f64).log2();
    (bits >= MIN_BITS).then(|| Column::new(at, 4, Kind::Link, rows.len(), rows.len()))
}

fn constant(rows: &[&[u8]], at: usize) -> Option<Column> {
    let first = rows[0][at];
    let is_same = rows.iter().all(|r| r[at] == first);
    is_same.then(|| Column::new(at, 1, Kind::Constant(first), rows.len(), rows.len()))
}

/// One of a few values.
fn flag(rows: &[&[u8]], bytes: Range<usize>) -> Option<Column> {
    let at = bytes.start;
    let values: HashSet<u8> = rows.iter().map(|r| r[at]).collect();
    let is_flag = values.len() <= MAX_FLAGS && rows.len() >= 2 * values.len();
    if !is_flag || counts(rows, at, 4.min(bytes.len())) {
        return None;
    }
    let mut sorted: Vec<u8> = values.into_iter().collect();
    sorted.sort_unstable();
    let column = Column::new(at, 1, Kind::Flag(sorted), rows.len(), rows.len());
    let goes_on = at + 1 < bytes.end && rows.iter().all(|r| r[at + 1] == 0);
    Some(match goes_on {
        true => column.doubted("with the zeros behind it, it may be a small number"),
        false => column,
    })
}

/// Tells whether the numbers that are not 0 rise from record to record.
fn rises(rows: &[&[u8]], at: usize, size: usize) -> bool {
    let mut values = rows
        .iter()
        .map(|r| little(&r[at..at + size]))
        .filter(|&v| v != 0);
    let Some(mut last) = values.next() else {
        return false;
    };
    let mut count = 0;
    for value in values {
        if value <= last {
            return false;
        }
        last = value;
        count += 1;
    }
    // So many in order by chance: one of 8! at least.
    count >= 7 && count * 2 >= rows.len()
}

/// Tells whether the numbers rise, and would not without their lowest byte.
fn counts(rows: &[&[u8]], at: usize, size: usize) -> bool {
    rises(rows, at, size) && (size == 1 || !rises(rows, at + 1, size - 1))
}

/// A number of one, two or four bytes.
fn number(rows: &[&[u8]], bytes: Range<usize>) -> Column {
    let at = bytes.start;
    let of = rows.len();
    let sizes_in = |room: usize| [1, 2, 4].into_iter().filter(move |&size| size <= room);
    // A number that shows itself behind this one bounds it.
    let shows = |at: usize| {
        let room = bytes.end - at;
        let varies = rows.iter().any(|r| r[at] != rows[0][at]);
        varies
            && sizes_in(room).any(|size| counts(rows, at, size) || step(rows, at, size).is_some())
    };
    let is_shown = shows(at);
    let next = (at + 1..bytes.end.min(at + 4)).find(|&next| !is_shown && shows(next));
    let room = next.unwrap_or(bytes.end) - at;
    let sizes = || [1, 2, 4].into_iter().filter(move |&size| size <= room);
    let is_zero = |range: Range<usize>| {
        rows.iter()
            .all(|r| r[range.clone()].iter().all(|&b| b == 0))
    };
    // Zeros behind it may be its upper bytes, and what is the same everywhere behind a single one.
    let with_zeros = |size: usize| {
        let from = match size {
            1 if room > 1 && rows.iter().all(|r| r[at + 1] == rows[0][at + 1]) => at + 2,
            _ => at + size,
        };
        let wide = sizes().filter(|&wide| wide > size && is_zero(from..(at + wide).max(from)));
        wide.max().unwrap_or(size)
    };
    let upper = "its upper bytes are always the same: it may have fewer";
    if let Some(size) = sizes().find(|&size| counts(rows, at, size)) {
        let wide = with_zeros(size);
        let column = Column::new(at, wide, Kind::Counter, of, of);
        // A carry into the next byte shows that it belongs to it.
        return if wide > size {
            column.doubted(upper)
        } else if size == 1 {
            column.doubted("no carry shows how many bytes it has")
        } else {
            column
        };
    }
    for size in sizes().filter(|&size| size > 1) {
        if let Some(step) = step(rows, at, size) {
            let wide = with_zeros(size);
            let mut column = Column::new(at, wide, Kind::Number, of, of);
            column.note = Some(format!("in steps of {step}, as offsets in a file are"));
            return match wide > size {
                true => column.doubted(upper),
                false => column,
            };
        }
    }
    let size = plain_size(rows, at, room);
    let wide = with_zeros(size);
    let (is_distinct, bits) = distinct(rows, at, size);
    let kind = if is_distinct { Kind::Id } else { Kind::Number };
    let column = Column::new(at, wide, kind, of, of);
    if wide > size {
        column.doubted(upper)
    } else if bits >= MIN_DISTINCT_BITS {
        column
    } else {
        column.doubted("nothing shows that it is one number, or which bytes it has")
    }
}

/// How many bytes the number may have by its statistics: a byte goes on with the one before where that takes all values.
fn plain_size(rows: &[&[u8]], at: usize, room: usize) -> usize {
    let values = |at: usize| rows.iter().map(|r| r[at]).collect::<HashSet<u8>>().len();
    let expected = 256.0 * (1.0 - (-(rows.len() as f64) / 256.0).exp());
    let is_full = |at: usize| values(at) as f64 >= 0.6 * expected;
    let mut size = 1;
    while size < 4 && size < room && is_full(at + size - 1) && values(at + size) > 1 {
        size += 1;
    }
    match size {
        3 if room > 3 && rows.iter().all(|r| r[at + 3] == rows[0][at + 3]) => 4,
        3 => 2,
        size => size,
    }
}

/// Returns the step that the numbers keep, where that is no chance.
fn step(rows: &[&[u8]], at: usize, size: usize) -> Option<u32> {
    let values: HashSet<u32> = rows
        .iter()
        .map(|r| little(&r[at..at + size]))
        .filter(|&v| v != 0)
        .collect();
    let least = *values.iter().min()?;
    let step = values.iter().fold(0, |step, &v| gcd(step, v - least));
    let bits = (values.len() - 1) as f64 * f64::from(step.max(1)).log2();
    (step >= MIN_STEP && bits >= MIN_BITS).then_some(step)
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Tells whether the numbers that are not 0 differ in all records, and how many bits say that this is no chance, were the
/// highest byte none of theirs.
fn distinct(rows: &[&[u8]], at: usize, size: usize) -> (bool, f64) {
    let values: Vec<u32> = rows
        .iter()
        .map(|r| little(&r[at..at + size]))
        .filter(|&v| v != 0)
        .collect();
    let all: HashSet<u32> = values.iter().copied().collect();
    if all.len() < values.len() || values.len() * 2 < rows.len() {
        return (false, 0.0);
    }
    if size == 1 {
        return (true, 0.0);
    }
    let shift = 8 * (size as u32 - 1);
    let tops: HashSet<u32> = values.iter().map(|v| v >> shift).collect();
    let mut lows = std::collections::HashMap::<u32, u32>::new();
    for value in &values {
        *lows.entry(value & ((1 << shift) - 1)).or_default() += 1;
    }
    let pairs: u32 = lows.values().map(|n| n * (n - 1) / 2).sum();
    let bits = f64::from(pairs) * -(1.0 - 1.0 / tops.len() as f64).log2();
    (true, bits)
}

/// Compares the numbers with the identifiers written as digits: the same value twice proves both.
pub(super) fn compare(rows: &[&[u8]], columns: &mut [Column]) {
    let texts: Vec<Column> = columns
        .iter()
        .filter(|c| c.kind == Kind::HexId)
        .cloned()
        .collect();
    for number in columns.iter_mut().filter(|c| c.is_number()) {
        for text in &texts {
            let value = |row: &&[u8]| {
                let digits = std::str::from_utf8(text.text(row)?).ok()?;
                u32::from_str_radix(digits, 16).ok()
            };
            let pairs = rows.iter().map(|row| (value(row), number.number(row)));
            let agree = pairs.filter(|(a, b)| a.is_some() && a == b).count();
            if agree * 20 >= rows.len() * 19 {
                number.agree = agree;
                number.note = Some(format!("the same as the digits at {}", text.offset));
                if number.size == 4 {
                    number.doubt = None;
                }
            }
        }
    }
}
