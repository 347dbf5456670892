//! The records of a file of another framing, as they stand in it.

use std::io::{self, Read};

use super::record::{Checksum, Listed};
use crate::codec::timestamp::Timestamp;
use crate::probe::checksum::Record;
use crate::probe::layout::{Field, Layout, Meaning};
use crate::probe::value::{Code, Place};
use crate::probe::walk::{Piece, Walk, name};
use crate::tools::framed::{self, Values};

/// Values that a field takes at least, to be shown as a checksum that is not explained.
const MIN_VALUES: usize = 8;

/// Reads a file by a profile of `probe --save`.
#[derive(Debug)]
pub(super) struct Foreign<R> {
    walk: Walk<R>,
    layout: Layout,
    /// The field that the column of checksums shows.
    sum: Option<Field>,
    number: u64,
    text: Vec<u8>,
    faults: Vec<String>,
    message: Vec<u8>,
}

impl<R: Read> Foreign<R> {
    pub(super) fn new(input: R, layout: Layout) -> Self {
        Self {
            walk: Walk::new(input, &layout),
            sum: sum_field(&layout).cloned(),
            layout,
            number: 0,
            text: Vec::new(),
            faults: Vec::new(),
            message: Vec::new(),
        }
    }

    /// Returns the digits of a checksum in the file.
    pub(super) fn digits(&self) -> usize {
        match self.sum.as_ref().map(|field| field.place) {
            Some(Place {
                size,
                code: Code::Hex,
                ..
            }) => size,
            // Decimal digits hold about as many hexadecimal ones.
            Some(place) => (place.code.bits(place.size) as usize).div_ceil(4),
            None => 4,
        }
    }

    /// Reads the next record; each place where none is goes to `misfit`.
    pub(super) fn read(
        &mut self,
        misfit: &mut dyn FnMut(String),
    ) -> io::Result<Option<Listed<'_>>> {
        loop {
            let Some(piece) = self.walk.next_piece()? else {
                return Ok(None);
            };
            let (offset, record, wrong) = match piece {
                Piece::Record {
                    offset,
                    record,
                    wrong,
                } => (offset, record, wrong),
                Piece::Loose { offset, reason, .. } => {
                    misfit(format!(
                        "byte {offset:#x}: a transaction without its record ({reason})"
                    ));
                    continue;
                }
                Piece::Aside { .. } => continue,
                Piece::Gap {
                    offset,
                    len,
                    reason,
                } => {
                    misfit(format!("byte {offset:#x}, {len} bytes: {reason}"));
                    continue;
                }
            };
            self.number += 1;
            self.text.clear();
            let text = &record.bytes[record.text..record.text_end];
            self.text.extend_from_slice(&framed::joined(text));
            let checksum = match &self.sum {
                Some(field) => checksum(field, &record, &mut self.message),
                None => Checksum::None,
            };
            self.faults.clear();
            let shown = self.sum.as_ref().map(name);
            let others = wrong.into_iter().filter(|w| Some(w) != shown.as_ref());
            self.faults
                .extend(others.map(|field| format!("wrong {field}")));
            let Values { sync, stamp, .. } = framed::values(&self.layout, &record);
            return Ok(Some(Listed {
                number: self.number,
                offset,
                kind: framed::kind(&self.text),
                sync,
                stamp: stamp.and_then(|s| u32::try_from(s).ok()).map(Timestamp),
                origin: None,
                checksum,
                text: &self.text,
                faults: &self.faults,
            }));
        }
    }
}

/// Returns the checksum; or the only field that may be one, for nothing else explains it.
fn sum_field(layout: &Layout) -> Option<&Field> {
    let explained = layout.field(|m| matches!(m, Meaning::Checksum { .. }));
    if explained.is_some() {
        return explained;
    }
    let mut candidates = layout.fields.iter().filter(|f| match f.meaning {
        Meaning::Unknown { values } => values >= MIN_VALUES && matches!(f.place.size, 2 | 4),
        _ => false,
    });
    let first = candidates.next();
    first.filter(|_| candidates.next().is_none())
}

fn checksum(field: &Field, record: &Record<'_>, message: &mut Vec<u8>) -> Checksum {
    let place = &field.place;
    let Meaning::Checksum { algorithm, extent } = &field.meaning else {
        // Its byte order is not known either.
        let bytes = record.at(place).and_then(|bytes| Code::Big.get(bytes));
        return bytes.map_or(Checksum::None, Checksum::NotExplained);
    };
    let (Some(stored), Some(_)) = (record.value(place), extent.message(record, place, message))
    else {
        return Checksum::None;
    };
    match u64::from(algorithm.0.compute(message)) {
        computed if computed == stored => Checksum::Verified(stored),
        computed => Checksum::Wrong { stored, computed },
    }
}
