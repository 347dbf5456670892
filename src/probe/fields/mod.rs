//! What the bytes around the texts mean.
//!
//! Everything that a place may mean is listed with what it costs to say the records that way, and the cheapest way to cut
//! the whole header and trailer into fields is taken. So all hypotheses about the same bytes stand against each other,
//! and those that explain the file nearly as well as the one chosen are named as doubts.

mod alike;
mod columns;
mod cost;
mod counters;
mod kinds;
mod leftover;
mod numbers;
mod parse;
mod same;
mod stamps;
mod sums;

use columns::Columns;
pub(super) use columns::FIT;
pub(super) use cost::listed;
pub(super) use parse::NEAR;
pub use sums::checksum_search;

use crate::probe::checksum::Stop;
use crate::probe::geometry::{self, Geometry, Sample};
use crate::probe::layout::{Field, Layout, Meaning};
use crate::probe::value::{Code, Place, Zone};

/// Checksums of a record that are told from what only seems to be one.
const MAX_SUMS: usize = 4;

/// Kinds of fields of which a record mostly has one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Length,
    Sync,
    Stamp,
    Sum,
    Link,
    Kind,
    Counter,
}

impl Role {
    /// Returns a bit for those that are counted.
    pub(super) fn mark(self) -> usize {
        match self {
            Self::Length => 1,
            Self::Sync => 2,
            Self::Stamp => 4,
            Self::Sum | Self::Link | Self::Kind | Self::Counter => 0,
        }
    }
}

/// What a place may mean.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) place: Place,
    pub(super) meaning: Meaning,
    pub(super) role: Role,
    /// Bits it takes to say what it is and all its bytes: the fewer, the likelier.
    pub(super) bits: f64,
}

/// Finds what the bytes mean, and returns the whole framing with the bits that it takes to say the records by it.
#[must_use]
pub fn infer(sample: &Sample<'_>, geometry: &Geometry, effort: Effort) -> (Layout, f64) {
    // Bytes that are always like the padding may be padding or not: the reading of all bytes decides.
    let fronts = (0..=geometry.front_blank).map(|n| (n, 0, 0));
    let footers = (1..=geometry.footer_blank).map(|n| (0, n, 0));
    let moved = (1..=geometry.front_like).map(|n| (0, n, n));
    let mut ways: Vec<Way> = fronts
        .chain(footers)
        .chain(moved)
        .map(|more| way(sample, geometry, more, Effort::Quick))
        .collect();
    let most = ways.iter().map(|w| w.rows).max().unwrap_or(0);
    ways.retain(|w| w.rows == most);
    ways.sort_by(|a, b| a.bits.total_cmp(&b.bits));
    if effort == Effort::Full {
        ways.truncate(MAX_FULL);
        for found in &mut ways {
            *found = way(sample, geometry, found.more, Effort::Full);
        }
        ways.sort_by(|a, b| a.bits.total_cmp(&b.bits));
    }
    let mut best = ways.remove(0);
    for rival in ways.iter().filter(|w| w.bits < best.bits + parse::NEAR) {
        name_others(&mut best.layout, &rival.layout);
    }
    let least = best.bits;
    let near = ways.iter().filter(|w| w.bits < least + parse::NEAR);
    let blanks: Vec<usize> = near.map(|w| w.blank).chain([best.blank]).collect();
    let (few, many) = (blanks.iter().min(), blanks.iter().max());
    if let (Some(few), Some(many)) = (few, many) {
        if few < many {
            best.layout.doubts.push(format!(
                "{} bytes beside the padding are always {:#04x}: terminator or padding",
                many - few,
                geometry.pad
            ));
        }
    }
    let read = best.rows.clamp(1, FIT) as f64;
    let all = sample.texts.len().min(FIT) as f64;
    (best.layout, best.bits * all / read)
}

/// Names what another framing reads at the bytes that a field reads differently.
fn name_others(layout: &mut Layout, rival: &Layout) {
    // Offsets behind the text count from the end of the terminator.
    let shift = |place: &Place| match place.zone {
        Zone::Trailer => Place {
            offset: (place.offset + rival.terminator.len()).checked_sub(layout.terminator.len())?,
            ..*place
        }
        .into(),
        _ => Some(*place),
    };
    let is_plain = |m: &Meaning| matches!(m, Meaning::Constant(_) | Meaning::Unknown { .. });
    let readings: Vec<_> = rival
        .fields
        .iter()
        .filter(|f| !is_plain(&f.meaning))
        .filter_map(|f| Some((shift(&f.place)?, f.meaning.clone())))
        .collect();
    for reading in readings {
        let is_known = |f: &Field| (f.place, &f.meaning) == (reading.0, &reading.1);
        if layout.fields.iter().any(is_known) {
            continue;
        }
        let overlaps = |f: &&mut Field| f.place.overlaps(&reading.0);
        if let Some(field) = layout.fields.iter_mut().find(overlaps) {
            if !field.others.contains(&reading) {
                field.others.push(reading);
            }
        }
    }
}

/// How closely records are looked at: the search of checksums takes most of the time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effort {
    /// Without checksums.
    Quick,
    /// With them.
    Full,
}

/// Ways to part what is beside the padding that are looked at with checksums.
const MAX_FULL: usize = 3;

/// One way to part what stands behind the texts from the padding, with the bits it takes.
struct Way {
    /// Bytes that could be padding and are taken for something else.
    blank: usize,
    /// See [`way`].
    more: (usize, usize, usize),
    rows: usize,
    bits: f64,
    layout: Layout,
}

/// Reads the records with more bytes before the padding, and behind it, and fewer before it.
fn way(
    sample: &Sample<'_>,
    geometry: &Geometry,
    more: (usize, usize, usize),
    effort: Effort,
) -> Way {
    let (front, back, less) = more;
    let mut layout = geometry.layout();
    layout.trailer_len = layout.trailer_len + front - less;
    layout.footer_len += back;
    let needs_length = geometry.length.is_some();
    let columns = Columns::new(sample, &layout);
    let rows = columns.rows.len();
    if rows < 2 {
        layout.doubts.push("fewer than two records fit".to_owned());
        return Way {
            blank: front + back - less,
            more,
            rows,
            bits: f64::MAX,
            layout,
        };
    }
    layout.joiner = joiner(&columns);
    let (fields, mut bits) = choose(&columns, needs_length, effort);
    layout.fields = fields;
    name_still_widths(&columns, &mut layout.fields);
    // Where nothing counts the text, something ends it.
    if layout.trailer_len == 0 && layout.align > 1 && layout.length().is_none() {
        bits += 6.0;
    }
    take_terminator(&mut layout);
    Way {
        blank: front + back - less,
        more,
        rows,
        bits,
        layout,
    }
}

/// Names the numbers of any width that have one width throughout, but for dates, which have it anyway: they may be of that
/// width. Beside others that vary, that is no doubt.
fn name_still_widths(columns: &Columns<'_>, fields: &mut [Field]) {
    let width = |place: &Place| {
        let mut widths = columns
            .rows
            .iter()
            .filter_map(|(_, r)| Some(r.at(place)?.len()));
        let first = widths.next()?;
        widths.all(|width| width == first).then_some(first)
    };
    let varies = |f: &Field| f.place.code.is_varying() && width(&f.place).is_none();
    let is_usual = fields.iter().any(varies);
    for field in fields {
        let is_number = !matches!(field.meaning, Meaning::Stamp(_) | Meaning::Unknown { .. });
        if !field.place.code.is_varying() || !is_number {
            continue;
        }
        let Some(size) = width(&field.place) else {
            continue;
        };
        if is_usual {
            let code = match field.place.code {
                Code::HexDigits => Code::Hex,
                _ => Code::Decimal,
            };
            let still = Place {
                size,
                code,
                ..field.place
            };
            field.same.push((still, field.meaning.clone()));
        } else {
            field.doubt = Some(format!(
                "always of {size} digits here: of that width, or of any"
            ));
        }
    }
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
    let mut field = layout.fields.remove(index);
    // A checksum may say how much of it belongs to the record's text.
    let behind = layout.fields.iter().find_map(|f| match &f.meaning {
        Meaning::Checksum { extent, .. } => extent.stop.behind(),
        _ => None,
    });
    if let Some(n) = behind.filter(|&n| n < layout.terminator.len()) {
        let rest = layout.terminator.split_off(n);
        field.place.offset = n;
        field.place.size = rest.len();
        field.meaning = Meaning::Constant(rest);
        layout.fields.insert(index, field);
    }
    let len = layout.terminator.len();
    for field in &mut layout.fields {
        let others = field.others.iter_mut().map(|(_, meaning)| meaning);
        for meaning in others.chain([&mut field.meaning]) {
            if let Meaning::Checksum { extent, .. } = meaning {
                if extent.stop.behind() == Some(len) {
                    extent.stop = Stop::Terminator;
                }
            }
        }
        let is_said = |(_, meaning): &(Place, Meaning)| match meaning {
            Meaning::Checksum { extent, .. } => extent.stop.behind().is_none(),
            _ => true,
        };
        field.others.retain(is_said);
    }
    layout.trailer_len -= len;
    for field in &mut layout.fields {
        let others = field.others.iter_mut().chain(&mut field.same);
        let others = others.map(|(place, _)| place);
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

fn choose(columns: &Columns<'_>, needs_length: bool, effort: Effort) -> (Vec<Field>, f64) {
    let mut candidates = [
        numbers::lengths(columns),
        numbers::syncs(columns),
        stamps::stamps(columns),
        numbers::links(columns),
        kinds::kinds(columns),
        counters::counters(columns),
        match effort {
            Effort::Quick => Vec::new(),
            Effort::Full => sums::checksums(columns),
        },
    ]
    .concat();
    let (mut fields, mut bits) = parse::parse(columns, &candidates, needs_length);
    // Where the terminator is another than a range was fitted on, that range cannot be said.
    let behind = |c: &Candidate| match &c.meaning {
        Meaning::Checksum { extent, .. } => extent.stop.behind(),
        _ => None,
    };
    let constant = fields.iter().find_map(|f| match &f.meaning {
        Meaning::Constant(bytes) if f.place.zone == Zone::Trailer && f.place.offset == 0 => {
            Some(bytes.len())
        }
        _ => None,
    });
    let chosen = fields.iter().find_map(|f| match &f.meaning {
        Meaning::Checksum { extent, .. } => extent.stop.behind(),
        _ => None,
    });
    let keep = chosen.filter(|n| *n <= constant.unwrap_or(0));
    let count = candidates.len();
    candidates.retain(|c| behind(c).is_none() || behind(c) == keep);
    if candidates.len() < count {
        (fields, bits) = parse::parse(columns, &candidates, needs_length);
    }
    // The sum of all words of a record being the same, each of them seems to be the checksum of the rest: one is.
    for _ in 0..MAX_SUMS {
        let Some(parted) = sums::parted(columns, &candidates, &fields) else {
            break;
        };
        let ways = parted
            .into_iter()
            .map(|part| (parse::parse(columns, &part, needs_length), part));
        if let Some((parsed, part)) = ways.min_by(|a, b| a.0.1.total_cmp(&b.0.1)) {
            (fields, bits) = parsed;
            candidates = part;
        }
    }
    same::part(columns, &mut fields);
    (fields, bits)
}
