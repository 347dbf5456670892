//! Checksums among the fields.

use std::collections::HashSet;

use super::{Candidate, Columns, FIT, Role, cost, leftover};
use crate::probe::checksum::{self, Algorithm, Found, Own, Record, Search, Start, Stop};
use crate::probe::geometry::{self, Sample};
use crate::probe::layout::{AlgorithmRef, Layout, Meaning, bytes_at};
use crate::probe::value::{Code, Place, Zone};

/// Bytes behind the text that are tried as its terminator.
const MAX_TERMINATOR: usize = 3;

pub(super) fn checksums(columns: &Columns<'_>) -> Vec<Candidate> {
    // The terminator is not parted from what follows the text yet: it may be any of the bytes that never change there.
    let steady = (0..columns.trailer_len.min(MAX_TERMINATOR))
        .take_while(|&at| leftover::steady(columns, &bytes_at(Zone::Trailer, at, 1)))
        .count();
    let Search { found, .. } = search_checksums(columns, steady);
    let mut candidates = Vec::new();
    let mut known = HashSet::new();
    for hit in found {
        // Ranges that hold the same bytes are one: where nothing follows the text, it ends with its record.
        let covered: Vec<_> = columns
            .rows
            .iter()
            .map(|(_, record)| {
                let mut message = Vec::new();
                hit.extent.message(record, &hit.place, &mut message);
                message
            })
            .collect();
        if !known.insert((hit.place, hit.algorithm.name(), covered)) {
            continue;
        }
        // A sum with its halves exchanged is the plain one in the other byte order.
        let place = hit.place;
        let same_bytes =
            |p: &Place| (p.zone, p.offset, p.size) == (place.zone, place.offset, place.size);
        if hit.algorithm.name().ends_with(", halves exchanged")
            && candidates.iter().any(|c: &Candidate| same_bytes(&c.place))
        {
            continue;
        }
        candidates.push(Candidate {
            place: hit.place,
            meaning: Meaning::Checksum {
                algorithm: AlgorithmRef(hit.algorithm),
                extent: hit.extent,
            },
            role: Role::Sum,
            bits: bits(&hit),
        });
    }
    candidates
}

/// Bits of a checksum: the usual ones and the plain ranges take few.
fn bits(hit: &Found) -> f64 {
    let behind = hit.place.offset + hit.place.size;
    let index = Algorithm::all()
        .iter()
        .position(|a| std::ptr::eq(a, hit.algorithm));
    let algorithm = 4.0 + (1.0 + index.unwrap_or(0) as f64).log2();
    let start = match hit.extent.start {
        Start::Text | Start::Header(0) => 1.5,
        Start::Header(at) if at == behind => 2.0,
        Start::Header(_) => 8.0,
    };
    let stop = match hit.extent.stop {
        Stop::Text => 1.5,
        Stop::Record => 1.7,
        Stop::Header | Stop::Terminator | Stop::Padding => 3.0,
        Stop::Behind(_) => 2.5,
    };
    let own = if hit.extent.own == Own::Zero {
        0.5
    } else {
        0.0
    };
    let misses = (hit.of - hit.agree) as f64;
    algorithm + start + stop + own + misses * cost::exception(hit.place.size, hit.of)
}

/// Searches the checksums of a file whose parts are known; returns what was found and how much was tried.
#[must_use]
pub fn checksum_search(sample: &Sample<'_>, layout: &Layout) -> Search {
    let columns = Columns {
        rows: geometry::rows(sample, layout, FIT),
        header_len: layout.header_len,
        trailer_len: layout.trailer_len,
        footer_len: layout.footer_len,
        numbers: layout.varying().copied().collect(),
    };
    search_checksums(&columns, 0)
}

/// Searches checksums; their ranges may end behind up to `behind` bytes that follow the text.
pub(super) fn search_checksums(columns: &Columns<'_>, behind: usize) -> Search {
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
        (8, Code::HexDigits),
        (10, Code::Digits),
    ] {
        let found = columns.places(size, code).into_iter();
        places.extend(found.filter(|p| busy(p)));
    }
    let part = &records[..records.len().min(120)];
    checksum::search(part, &places, columns.header_len, behind)
}
