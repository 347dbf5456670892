//! What no number explains: bytes that never change, and bytes of which nothing is known.

use std::collections::HashSet;

use super::Columns;
use crate::probe::geometry;
use crate::probe::layout::{Field, Meaning, Measure, bytes_at};
use crate::probe::value::{Code, Place};

/// Fills what is left with constants and with what nothing explains.
pub(super) fn rest(columns: &Columns<'_>, fields: &mut Vec<Field>) {
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

/// Names the constants that may be the length of records that are all of one size.
pub(super) fn name_still_lengths(columns: &Columns<'_>, fields: &mut [Field]) {
    let len = columns.rows[0].1.bytes.len() as i64;
    if columns
        .rows
        .iter()
        .any(|(_, r)| r.bytes.len() as i64 != len)
    {
        return;
    }
    for field in fields {
        let Meaning::Constant(bytes) = field.meaning.clone() else {
            continue;
        };
        let shapes = [2, 4]
            .into_iter()
            .flat_map(|size| [Code::Little, Code::Big, Code::Decimal].map(|code| (size, code)));
        for (size, code) in shapes {
            for at in 0..(bytes.len() + 1).saturating_sub(size) {
                let place = Place {
                    offset: field.place.offset + at,
                    size,
                    code,
                    ..field.place
                };
                let value = code.get(&bytes[at..at + size]).map_or(-1, |v| v as i64);
                let behind = (place.offset + size) as i64;
                for plus in [0, -behind, -(columns.header_len as i64)] {
                    if value == len + plus {
                        let of = Measure::Record;
                        field.others.push((place, Meaning::Length { of, plus }));
                    }
                }
            }
        }
    }
}

/// Tells whether a place has the same bytes in nearly every record.
pub(super) fn steady(columns: &Columns<'_>, place: &Place) -> bool {
    let contents = columns.rows.iter().filter_map(|(_, r)| r.at(place));
    geometry::mode(contents).is_some_and(|(_, share)| share >= 0.97)
}
