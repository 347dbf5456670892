//! What the bytes around the texts mean.
//!
//! The meanings that cannot be chance come first: checksums, offsets of records, dates. What is left of the header is then
//! shared between length and sync number, and the rest is constant or not explained. Where a number has only zeros above
//! it the file does not say how wide it is; the likelier width is taken, and the others are named.

mod leftover;
mod numbers;
mod stamps;
mod sums;

pub use sums::checksum_search;

use std::collections::HashSet;

use crate::probe::checksum::Record;
use crate::probe::geometry::{self, Geometry, Sample};
use crate::probe::layout::{Field, Layout, Meaning, bytes_at};
use crate::probe::value::{Code, Place, Zone};

/// Records that meanings are fitted on; the rest of the file confirms.
const FIT: usize = 300;

/// A record with its offset in the file.
pub(super) type Row<'a> = (usize, Record<'a>);

/// What can be said of a place before anything is chosen.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) place: Place,
    pub(super) meaning: Meaning,
    /// The higher, the likelier among those that agree equally.
    pub(super) score: f64,
}

/// Everything a choice depends on.
pub(super) struct Columns<'a> {
    pub(super) rows: Vec<Row<'a>>,
    pub(super) header_len: usize,
    pub(super) trailer_len: usize,
    pub(super) footer_len: usize,
}

impl Columns<'_> {
    pub(super) fn zones(&self) -> [(Zone, usize); 3] {
        [
            (Zone::Header, self.header_len),
            (Zone::Trailer, self.trailer_len),
            (Zone::Footer, self.footer_len),
        ]
    }

    /// Returns every place of a size.
    pub(super) fn places(&self, size: usize, code: Code) -> impl Iterator<Item = Place> + use<> {
        self.zones().into_iter().flat_map(move |(zone, len)| {
            (0..(len + 1).saturating_sub(size)).map(move |offset| Place {
                zone,
                offset,
                size,
                code,
            })
        })
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
        if matches!(place.code, Code::Decimal | Code::Hex) {
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

    /// Tells whether a row follows the one before it directly.
    pub(super) fn follows(&self, n: usize) -> bool {
        n > 0 && self.rows[n - 1].0 + self.rows[n - 1].1.bytes.len() == self.rows[n].0
    }
}

/// Finds what the bytes mean, and returns the whole framing.
#[must_use]
pub fn infer(sample: &Sample<'_>, geometry: Geometry) -> Layout {
    let mut layout = Layout {
        lead: geometry.lead,
        header_len: geometry.header_len,
        trailer_len: geometry.front_len,
        terminator: Vec::new(),
        footer_len: geometry.footer_len,
        align: geometry.align.max(1),
        align_rest: geometry.align_rest,
        pad: geometry.pad,
        joiner: Vec::new(),
        fields: Vec::new(),
        doubts: geometry.doubts,
    };
    if let Some((place, of, plus)) = geometry.length {
        let meaning = Meaning::Length { of, plus };
        layout.fields.push(Field::new(place, meaning));
    }
    let columns = Columns {
        rows: geometry::rows(sample, &layout, FIT),
        header_len: layout.header_len,
        trailer_len: layout.trailer_len,
        footer_len: layout.footer_len,
    };
    if columns.rows.len() < 2 {
        layout.doubts.push("fewer than two records fit".to_owned());
        return layout;
    }
    layout.joiner = joiner(&columns);
    layout.fields = choose(&columns);
    take_terminator(&mut layout);
    layout
}

/// Takes the bytes that follow every text, where no field has them, for the terminator.
fn take_terminator(layout: &mut Layout) {
    let begins = |f: &Field| f.place.zone == Zone::Trailer && f.place.offset == 0;
    let first = layout.fields.iter().position(begins);
    let Some(index) = first else { return };
    let Meaning::Constant(bytes) = &layout.fields[index].meaning else {
        return;
    };
    layout.terminator = bytes.clone();
    layout.fields.remove(index);
    let len = layout.terminator.len();
    layout.trailer_len -= len;
    for field in &mut layout.fields {
        let others = field.others.iter_mut().map(|(place, _)| place);
        for place in others.chain([&mut field.place]) {
            if place.zone == Zone::Trailer {
                place.offset = place.offset.saturating_sub(len);
            }
        }
    }
}

/// Returns what the lines of the texts are joined by.
fn joiner(columns: &Columns<'_>) -> Vec<u8> {
    let joiners = columns.rows.iter().filter_map(|(_, r)| {
        let text = &r.bytes[r.text..r.text_end];
        let at = (0..text.len()).find(|&at| super::scan::joiner_len(text, at) > 0)?;
        Some(&text[at..at + super::scan::joiner_len(text, at)])
    });
    geometry::mode(joiners).map_or_else(|| b"\r\n".to_vec(), |(joiner, _)| joiner.to_vec())
}

fn choose(columns: &Columns<'_>) -> Vec<Field> {
    let mut fields = Vec::<Field>::new();
    for field in sums::checksums(columns) {
        push(&mut fields, field);
    }
    for field in numbers::links(columns) {
        push(&mut fields, field);
    }
    let free = |fields: &[Field], place: &Place| !fields.iter().any(|f| f.place.overlaps(place));
    let (all_syncs, all_lengths) = (numbers::syncs(columns), numbers::lengths(columns));
    let only_free = |list: &[Candidate]| -> Vec<Candidate> {
        list.iter()
            .filter(|c| free(&fields, &c.place))
            .cloned()
            .collect()
    };
    let (syncs, lengths) = (only_free(&all_syncs), only_free(&all_lengths));
    let by_one = syncs
        .iter()
        .any(|c| numbers::rises_by_one(columns, &c.place) > 0.9);
    let all_stamps = stamps::stamps(columns, by_one);
    let stamps = only_free(&all_stamps);
    let order = order(&fields, &stamps);
    let all = [all_stamps, all_syncs, all_lengths.clone()].concat();
    for chosen in together(columns, &syncs, &lengths, &stamps, order) {
        let mut field = with_others(&chosen, &all);
        if matches!(field.meaning, Meaning::Stamp(_)) && leftover::steady(columns, &field.place) {
            field.doubt = Some("the same in nearly every record".to_owned());
        }
        push(&mut fields, field);
    }
    // Further lengths, such as one of the text and one of the record.
    for candidate in all_lengths {
        let strong = candidate.place.size > 1 || candidate.place.zone == Zone::Header;
        if strong && fields.iter().all(|f| !f.place.overlaps(&candidate.place)) {
            let rivals: Vec<_> = lengths
                .iter()
                .filter(|c| fields.iter().all(|f| !f.place.overlaps(&c.place)))
                .cloned()
                .collect();
            let best = best(&rivals, order).unwrap_or(candidate);
            let field = with_others(&best, &rivals);
            push(&mut fields, field);
        }
    }
    leftover::rest(columns, &mut fields);
    leftover::name_still_lengths(columns, &mut fields);
    fields.sort_by_key(|f| f.place);
    fields
}

/// Adds a field where its bytes are free.
fn push(fields: &mut Vec<Field>, field: Field) {
    if fields.iter().all(|f| !f.place.overlaps(&field.place)) {
        fields.push(field);
    }
}

/// Returns the byte order that the certain fields have.
fn order(fields: &[Field], stamps: &[Candidate]) -> Option<Code> {
    let certain = fields
        .iter()
        .map(|f| f.place.code)
        .chain(stamps.first().map(|c| c.place.code));
    let mut votes = certain.filter(|c| matches!(c, Code::Little | Code::Big));
    let first = votes.next()?;
    votes.all(|c| c == first).then_some(first)
}

/// How likely a place is, apart from what stands in it.
fn prior(place: &Place, order: Option<Code>) -> f64 {
    let mut score = match (place.code, place.size) {
        (Code::Decimal | Code::Hex, size) => return 4.0 + 0.5 * size as f64,
        (_, 4) => 3.0,
        (_, 2) => 2.6,
        _ => return 1.0,
    };
    if place.size > 1 && place.offset % place.size.min(4) == 0 {
        score += 0.6;
    } else if place.offset % 2 == 0 {
        score += 0.3;
    }
    match order {
        _ if place.code == Code::Mixed => score += 0.3,
        Some(order) if place.code == order => score += 2.0,
        None if place.code == Code::Little => score += 0.5,
        _ => {}
    }
    score
}

fn best(candidates: &[Candidate], order: Option<Code>) -> Option<Candidate> {
    let key = |c: &Candidate| c.score + prior(&c.place, order);
    let mut best: Option<&Candidate> = None;
    for candidate in candidates {
        if best.is_none_or(|b| key(candidate) > key(b)) {
            best = Some(candidate);
        }
    }
    best.cloned()
}

/// Chooses sync number, length and stamp so that they do not share a byte.
fn together(
    columns: &Columns<'_>,
    syncs: &[Candidate],
    lengths: &[Candidate],
    stamps: &[Candidate],
    order: Option<Code>,
) -> Vec<Candidate> {
    let options = |list: &[Candidate]| -> Vec<Option<Candidate>> {
        list.iter()
            .take(24)
            .cloned()
            .map(Some)
            .chain([None])
            .collect()
    };
    let value = |c: &Option<Candidate>, order| {
        c.as_ref()
            .map_or(-6.0, |c| c.score + prior(&c.place, order))
    };
    let clash = |a: &Option<Candidate>, b: &Option<Candidate>| match (a, b) {
        (Some(a), Some(b)) => a.place.overlaps(&b.place),
        _ => false,
    };
    let (syncs_or, lengths_or, stamps_or) = (options(syncs), options(lengths), options(stamps));
    let mut best = (f64::MIN, [None, None, None]);
    for stamp in &stamps_or {
        let order = order.or(stamp.as_ref().map(|s| s.place.code));
        for sync in syncs_or.iter().filter(|s| !clash(s, stamp)) {
            for length in &lengths_or {
                if clash(length, stamp) || clash(length, sync) {
                    continue;
                }
                let mut sum = value(stamp, order) + value(sync, order) + value(length, order);
                if let (Some(s), Some(l)) = (sync, length) {
                    if s.place.code == l.place.code {
                        sum += 1.0;
                    }
                }
                sum += 2.2 * covered(columns, [stamp, sync, length]);
                if sum > best.0 {
                    best = (sum, [stamp.clone(), sync.clone(), length.clone()]);
                }
            }
        }
    }
    best.1.into_iter().flatten().collect()
}

/// Counts the bytes that change and that a candidate covers.
fn covered(columns: &Columns<'_>, chosen: [&Option<Candidate>; 3]) -> f64 {
    let covered: usize = chosen
        .into_iter()
        .flatten()
        .map(|c| {
            let bytes = c.place.offset..c.place.offset + c.place.size;
            bytes
                .filter(|&at| columns.cardinality(c.place.zone, at) > 1)
                .count()
        })
        .sum();
    // A byte that never changes is better the upper half of a number than a constant of its own.
    let all: usize = chosen.into_iter().flatten().map(|c| c.place.size).sum();
    covered as f64 + 0.15 * all as f64
}

/// Makes a field of a candidate, with its rivals: those that share a byte and agree as well.
fn with_others(chosen: &Candidate, rivals: &[Candidate]) -> Field {
    let mut field = Field::new(chosen.place, chosen.meaning.clone());
    field.others = rivals
        .iter()
        .filter(|r| r.place.overlaps(&chosen.place))
        .filter(|r| (r.place, &r.meaning) != (chosen.place, &chosen.meaning))
        .filter(|r| r.score >= chosen.score - 1.0)
        .map(|r| (r.place, r.meaning.clone()))
        .collect();
    field
}
