//! Checksums among the fields.

use std::collections::HashSet;

use super::{Columns, FIT};
use crate::probe::checksum::{self, Record, Search};
use crate::probe::geometry::{self, Sample};
use crate::probe::layout::{AlgorithmRef, Field, Layout, Meaning};
use crate::probe::value::{Code, Place};

pub(super) fn checksums(columns: &Columns<'_>) -> Vec<Field> {
    let Search { found, .. } = search_checksums(columns);
    let mut fields = Vec::<Field>::new();
    let mut known = HashSet::new();
    for hit in found {
        // Ranges that hold the same bytes are one: where nothing follows the text, it ends with its record.
        let mut covered = Vec::new();
        for (_, record) in columns.rows.iter().take(12) {
            let mut message = Vec::new();
            hit.extent.message(record, &hit.place, &mut message);
            covered.push(message);
        }
        if !known.insert((hit.place, hit.algorithm.name(), covered)) {
            continue;
        }
        let meaning = Meaning::Checksum {
            algorithm: AlgorithmRef(hit.algorithm),
            extent: hit.extent,
        };
        match fields.iter_mut().find(|f| f.place.overlaps(&hit.place)) {
            // Half of a wider sum, or the other way round.
            Some(field) => field.others.push((hit.place, meaning)),
            None => fields.push(Field::new(hit.place, meaning)),
        }
    }
    fields
}

/// Searches the checksums of a file whose parts are known; returns what was found and how much was tried.
#[must_use]
pub fn checksum_search(sample: &Sample<'_>, layout: &Layout) -> Search {
    search_checksums(&Columns {
        rows: geometry::rows(sample, layout, FIT),
        header_len: layout.header_len,
        trailer_len: layout.trailer_len,
        footer_len: layout.footer_len,
    })
}

pub(super) fn search_checksums(columns: &Columns<'_>) -> Search {
    let rows = &columns.rows;
    let records: Vec<Record<'_>> = rows.iter().map(|r| r.1).collect();
    let busy = |place: &Place| {
        let values: HashSet<_> = records.iter().map(|r| r.value(place)).collect();
        values.len() * 3 >= records.len().min(60) && !values.contains(&None)
    };
    let mut places: Vec<Place> = Vec::new();
    for (size, code) in [
        (2, Code::Little),
        (2, Code::Big),
        (4, Code::Little),
        (4, Code::Big),
        (4, Code::Hex),
        (8, Code::Hex),
    ] {
        places.extend(columns.places(size, code).filter(|p| busy(p)));
    }
    let part = &records[..records.len().min(120)];
    checksum::search(part, &places, columns.header_len)
}
