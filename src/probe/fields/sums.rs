//! Checksums among the fields.

use std::collections::HashSet;

use super::{Candidate, Columns, Role, alike, cost, leftover};
use crate::probe::checksum::{self, Algorithm, Found, Own, Record, Search, Start, Stop};
use crate::probe::geometry::Sample;
use crate::probe::layout::{AlgorithmRef, Field, Layout, Meaning, bytes_at};
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

/// Parts the candidates by the checksums chosen that cover each other, or are covered by others that cover them: one part
/// for each that may be the checksum, without those that cannot be one beside it. `None` where there are no such.
pub(super) fn parted(
    columns: &Columns<'_>,
    candidates: &[Candidate],
    fields: &[Field],
) -> Option<Vec<Vec<Candidate>>> {
    let is_against = |place: &Place, meaning: &Meaning, c: &Candidate| {
        c.role == Role::Sum
            && alike::cover_each_other(columns, (place, meaning), (&c.place, &c.meaning))
    };
    let parts: Vec<Vec<Candidate>> = fields
        .iter()
        .filter(|f| matches!(f.meaning, Meaning::Checksum { .. }))
        .filter_map(|f| {
            let beside = candidates
                .iter()
                .filter(|c| !is_against(&f.place, &f.meaning, c));
            let part: Vec<Candidate> = beside.cloned().collect();
            (part.len() < candidates.len()).then_some(part)
        })
        .collect();
    (!parts.is_empty()).then_some(parts)
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
        Stop::Behind(_) | Stop::Own => 2.5,
    };
    let own = if hit.extent.own == Own::Zero {
        0.5
    } else {
        0.0
    };
    // Words are mostly summed in the order in which the sum is written.
    let has = |what: &str| hit.algorithm.name().contains(what);
    let is_crossed = match hit.place.code {
        Code::Little => has("big-endian"),
        Code::Big => has("little-endian"),
        _ => false,
    };
    // A part of a header is hardly summed: there, one number is the sum of another by chance.
    let is_part = hit.extent.stop == Stop::Header && hit.extent.start != Start::Header(0);
    let unusual = [
        (is_crossed || has("halves exchanged"), 6.0),
        (hit.place.offset % 2 == 1, 3.0),
        (is_part, 12.0),
    ];
    let odd: f64 = unusual
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, bits)| bits)
        .sum();
    let misses = (hit.of - hit.agree) as f64;
    algorithm + start + stop + own + odd + misses * cost::exception(hit.place.size, hit.of)
}

/// Searches the checksums of a file whose parts are known; returns what was found and how much was tried.
#[must_use]
pub fn checksum_search(sample: &Sample<'_>, layout: &Layout) -> Search {
    search_checksums(&Columns::new(sample, layout), 0)
}

/// Searches checksums; their ranges may end behind up to `behind` bytes that follow the text.
pub(super) fn search_checksums(columns: &Columns<'_>, behind: usize) -> Search {
    let rows = &columns.rows;
    let records: Vec<Record<'_>> = rows.iter().map(|r| r.1).collect();
    let busy = |place: &Place| {
        let values: HashSet<_> = records.iter().map(|r| r.value(place)).collect();
        // One value is fitted on, the others have to agree in so many bits.
        let needed = if place.code.bits(place.size) < 32 {
            3
        } else {
            2
        };
        let is_busy = values.len() * 3 >= records.len().min(60);
        is_busy && values.len() >= needed && !values.contains(&None)
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
