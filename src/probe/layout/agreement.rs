//! Whether a field means in a record what it is taken for.

use super::{Field, Meaning, Measure, Target};
use crate::probe::checksum::Record;
use crate::probe::value::Place;

/// Returns whether a field agrees with a record at an offset of the file; `None` where it says nothing about it.
#[must_use]
pub fn agrees(
    field: &Field,
    record: &Record<'_>,
    offset: u64,
    previous: Option<(u64, u64, u64)>,
    message: &mut Vec<u8>,
) -> Option<bool> {
    let place = &field.place;
    let bytes = record.at(place)?;
    let value = place.code.get(bytes).and_then(|v| i64::try_from(v).ok());
    match &field.meaning {
        Meaning::Length { of, plus } => {
            let counted = match of {
                Measure::Text => record.text_end - record.text,
                Measure::Record => record.bytes.len(),
                Measure::Previous => previous?.1 as usize,
            };
            Some(value == Some(counted as i64 + plus))
        }
        Meaning::Sync => {
            let before = previous?.2;
            Some(value.is_some_and(|v| v as u64 > before || begins_anew(place, before, v as u64)))
        }
        Meaning::Stamp(kind) => Some(kind.get(place.code, bytes).is_some()),
        Meaning::Constant(expected) => Some(bytes == *expected),
        Meaning::Link { to, plus } => {
            let expected = match to {
                Target::This => offset,
                Target::Next => offset + record.bytes.len() as u64,
                Target::Previous => previous?.0,
            } as i64
                + plus;
            Some(value == Some(expected))
        }
        Meaning::Checksum { algorithm, extent } => {
            extent.message(record, place, message)?;
            Some(value == Some(algorithm.0.compute(message).into()))
        }
        // A letter that the table has not says nothing.
        Meaning::Kind { table } => {
            let letter = *record.bytes.get(record.text)?;
            let (_, number) = table.iter().find(|(l, _)| *l == letter)?;
            Some(place.code.get(bytes) == Some(*number))
        }
        Meaning::Unknown { .. } => None,
    }
}

/// Tells whether a sync number of sixteen bits went over its end.
fn begins_anew(place: &Place, before: u64, value: u64) -> bool {
    let is_short = place.size == 2 && !place.code.is_text();
    is_short && value < before && (1..256).contains(&(value + 0x1_0000 - before))
}
