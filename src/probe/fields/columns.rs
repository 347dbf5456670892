//! The records with their parts: everything that a choice of meanings depends on.

use std::collections::HashSet;

use crate::probe::checksum::Record;
use crate::probe::geometry::{self, Sample};
use crate::probe::layout::{Layout, bytes_at};
use crate::probe::value::{Code, Place, Zone};

/// Records that meanings are fitted on; the rest of the file confirms.
pub(in crate::probe) const FIT: usize = 300;

/// A record with its offset in the file.
pub(super) type Row<'a> = (usize, Record<'a>);

/// Everything a choice depends on.
pub(super) struct Columns<'a> {
    pub(super) rows: Vec<Row<'a>>,
    pub(super) header_len: usize,
    pub(super) trailer_len: usize,
    pub(super) footer_len: usize,
    /// The parts of a record; its fields are what is looked for.
    pub(super) layout: Layout,
    /// Places of the numbers of varying width.
    pub(super) numbers: Vec<Place>,
}

impl<'a> Columns<'a> {
    /// Cuts a sample into the records that meanings are fitted on.
    pub(super) fn new(sample: &Sample<'a>, layout: &Layout) -> Self {
        Self {
            rows: geometry::rows(sample, layout, FIT),
            header_len: layout.header_len,
            trailer_len: layout.trailer_len,
            footer_len: layout.footer_len,
            layout: layout.clone(),
            numbers: layout.varying().copied().collect(),
        }
    }

    pub(super) fn zones(&self) -> [(Zone, usize); 3] {
        [
            (Zone::Header, self.header_len),
            (Zone::Trailer, self.trailer_len),
            (Zone::Footer, self.footer_len),
        ]
    }

    /// Returns every place of a size. Numbers of varying width have their places, and nothing else stands in them.
    pub(super) fn places(&self, size: usize, code: Code) -> Vec<Place> {
        if code.is_varying() {
            let of_code = self.numbers.iter().filter(|n| n.code == code);
            return of_code.copied().collect();
        }
        let mut places = Vec::new();
        for (zone, len) in self.zones() {
            places.extend((0..(len + 1).saturating_sub(size)).map(|offset| Place {
                zone,
                offset,
                size,
                code,
            }));
        }
        places.retain(|p| self.numbers.iter().all(|n| !n.overlaps(p)));
        places
    }

    pub(super) fn values(&self, place: &Place) -> Vec<Option<u64>> {
        self.rows.iter().map(|(_, r)| r.value(place)).collect()
    }

    /// Returns how many values a single byte takes.
    pub(super) fn cardinality(&self, zone: Zone, offset: usize) -> usize {
        let place = bytes_at(zone, offset, 1);
        let values: HashSet<_> = self.rows.iter().map(|(_, r)| r.value(&place)).collect();
        values.len()
    }

    /// Tells whether a place holds digits in every row: binary numbers would be chance.
    pub(super) fn is_digits(&self, place: &Place) -> bool {
        self.rows.iter().all(|(_, r)| {
            r.at(place)
                .is_some_and(|b| b.iter().all(u8::is_ascii_digit))
        })
    }

    /// Tells whether a binary number would lie in a run of digits that change.
    pub(super) fn cuts_digits(&self, place: &Place) -> bool {
        if place.code.is_text() {
            return false;
        }
        let from = place.offset.saturating_sub(3);
        (from..place.offset + place.size).any(|at| {
            let run = bytes_at(place.zone, at, 4);
            let changes = |at| self.cardinality(place.zone, at) > 1;
            let shared = (at + 4)
                .min(place.offset + place.size)
                .saturating_sub(at.max(place.offset));
            // One byte may look like a digit by chance.
            shared >= place.size.min(2) && self.is_digits(&run) && (at..at + 4).any(changes)
        })
    }

    /// Returns the steps of numbers, given by row, from each record to the one behind it, and the bits of the steps over
    /// records that are not among the rows.
    pub(super) fn steps(&self, numbers: &[(usize, i64)]) -> (Vec<i64>, f64) {
        let (mut steps, mut bits) = (Vec::new(), 0.0);
        for pair in numbers.windows(2) {
            let step = pair[1].1 - pair[0].1;
            if self.follows(pair[1].0) {
                steps.push(step);
            } else {
                bits += 2.0 * (step.unsigned_abs() as f64 + 1.0).log2() + 1.0;
            }
        }
        (steps, bits)
    }

    /// Tells whether a row follows the one before it directly.
    pub(super) fn follows(&self, n: usize) -> bool {
        n > 0 && self.rows[n - 1].0 + self.rows[n - 1].1.bytes.len() == self.rows[n].0
    }
}
