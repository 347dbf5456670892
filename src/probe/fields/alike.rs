//! Checksums that are one in a framing: of records with other texts as well they would say the same.
//!
//! A sum does not care for zeros, nor where its own bytes are left out or zero; bytes that never change are as good as
//! another beginning value; one's complement sums have both byte orders at once. Instead of a list of such reasons, both
//! are computed over records made up for it.

use super::{Columns, leftover};
use crate::probe::checksum::Record;
use crate::probe::layout::{Meaning, bytes_at};
use crate::probe::value::{Place, Zone};

/// Records made up to compare two checksums: two that differ agree in all of them by chance once in 2^128.
const TRIALS: usize = 8;

/// Tells whether two checksums of the same bytes are one in every record of this framing, or of bytes of which one has more,
/// that are always zero.
pub(super) fn is_same_sum(
    columns: &Columns<'_>,
    one: (&Place, &Meaning),
    other: (&Place, &Meaning),
) -> bool {
    let is_zero = |at: usize| {
        let byte = bytes_at(one.0.zone, at, 1);
        let mut rows = columns.rows.iter();
        rows.all(|(_, r)| r.value(&byte) == Some(0))
    };
    let inside = |place: &Place, at: usize| (place.offset..place.offset + place.size).contains(&at);
    let from = one.0.offset.min(other.0.offset);
    let to = (one.0.offset + one.0.size).max(other.0.offset + other.0.size);
    let mut beside = (from..to).filter(|&at| !inside(one.0, at) || !inside(other.0, at));
    if !one.0.overlaps(other.0) || columns.rows.is_empty() || !beside.all(is_zero) {
        return false;
    }
    let mut random = 0x9e37_79b9_7f4a_7c15;
    (0..TRIALS).all(|trial| {
        let row = &columns.rows[trial * columns.rows.len() / TRIALS].1;
        let made = make(columns, row, &mut random);
        let record = Record {
            bytes: &made.bytes,
            text: row.text,
            text_end: made.text_end,
            terminator_end: made.text_end + (row.terminator_end - row.text_end),
            footer: made.footer,
            lacks: row.lacks,
        };
        // All bytes that either has, as each of them would leave them.
        let left = |sum: (&Place, &Meaning)| {
            let written = written(&record, sum)?;
            let mut bytes = vec![0; to - from];
            let at = sum.0.offset - from;
            bytes
                .get_mut(at..at + written.len())?
                .copy_from_slice(&written);
            Some(bytes)
        };
        let sum = left(one);
        sum.is_some() && sum == left(other)
    })
}

/// Tells whether each of two checksums covers the other: no record could have both.
pub(super) fn cover_each_other(
    columns: &Columns<'_>,
    one: (&Place, &Meaning),
    other: (&Place, &Meaning),
) -> bool {
    let Some((_, row)) = columns.rows.first() else {
        return false;
    };
    let covers = |(place, meaning): (&Place, &Meaning), of: &Place| {
        let Meaning::Checksum { extent, .. } = meaning else {
            return false;
        };
        let from = row.offset_of(of);
        let to = from + row.lacks.size_of(of).unwrap_or(0);
        let bounds = extent.bounds(row, place);
        bounds.is_some_and(|(start, stop)| from < stop && start < to)
    };
    !one.0.overlaps(other.0) && covers(one, other.0) && covers(other, one.0)
}

/// Returns the bytes that a checksum would have in a record.
fn written(record: &Record<'_>, (place, meaning): (&Place, &Meaning)) -> Option<Vec<u8>> {
    let Meaning::Checksum { algorithm, extent } = meaning else {
        return None;
    };
    let mut message = Vec::new();
    extent.message(record, place, &mut message)?;
    let mut bytes = vec![0; record.lacks.size_of(place)?];
    let sum = algorithm.0.compute(&message).into();
    if place.code.is_varying() {
        return Some(place.code.digits(sum).into_bytes());
    }
    place.code.put(sum, &mut bytes).then_some(bytes)
}

/// A record made up.
struct Made {
    bytes: Vec<u8>,
    text_end: usize,
    footer: usize,
}

/// Makes a record with another text, and other bytes wherever they change.
fn make(columns: &Columns<'_>, row: &Record<'_>, random: &mut u64) -> Made {
    let mut next = || {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        (*random >> 24) as usize
    };
    let part = |zone: Zone, bytes: &[u8], next: &mut dyn FnMut() -> usize| -> Vec<u8> {
        let byte = |(n, &old): (usize, &u8)| match leftover::steady(columns, &bytes_at(zone, n, 1))
        {
            true => old,
            false => next() as u8,
        };
        bytes.iter().enumerate().map(byte).collect()
    };
    let header = &row.bytes[..row.text];
    let mut bytes = match row.lacks.total() {
        0 => part(Zone::Header, header, &mut next),
        // Digits stay digits.
        _ => header.to_vec(),
    };
    let lens = columns.rows.iter().map(|(_, r)| r.text_end - r.text);
    let text_len = 1 + next() % lens.max().unwrap_or(0).max(1);
    bytes.extend((0..text_len).map(|_| b' ' + (next() % 95) as u8));
    let text_end = bytes.len();
    bytes.extend_from_slice(&row.bytes[row.text_end..row.terminator_end]);
    let trailer = row.terminator_end..row.terminator_end + columns.trailer_len;
    bytes.extend(part(Zone::Trailer, &row.bytes[trailer], &mut next));
    let padding = columns.layout.padding(row.text, text_len);
    bytes.resize(bytes.len() + padding, columns.layout.pad);
    let footer = bytes.len();
    bytes.extend(part(Zone::Footer, &row.bytes[row.footer..], &mut next));
    Made {
        bytes,
        text_end,
        footer,
    }
}
