//! The parts of a record: where it begins, what stands behind the text, how it is padded.
//!
//! The texts alone decide it. What follows from the start of one text to the start of the next is the same in every record
//! but for text and padding; a number in the header that grows with that distance is the length.

mod chained;
mod clean;
mod lengths;
mod padded;
mod padding;
mod unpadded;
mod varying;

use std::collections::{HashMap, HashSet};

pub(in crate::probe) use chained::chained;
pub(in crate::probe) use clean::is_clean;
pub(in crate::probe) use lengths::OFFSETS;
use lengths::lengths;

use crate::probe::checksum::Record;
use crate::probe::layout::{Field, Layout, Meaning, Measure, Target, bytes_at};
use crate::probe::one_size;
use crate::probe::scan::Text;
use crate::probe::value::{Place, Zone};

/// Bytes before the first record or behind the last one, or of a header, that are looked for.
pub(in crate::probe) const MAX_ASIDE: usize = 1024;

/// Bytes that a record may have besides text and padding: what stands further apart has no framing in common.
const MAX_AROUND: usize = 256;

/// Lengths of records that must differ before what is left over in all of them means anything.
const MIN_KINDS: usize = 4;

/// Records that are compared; the rest confirms.
const FIT: usize = 400;

/// The parts of a record.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Geometry {
    /// Bytes before the first record.
    pub lead: usize,
    /// Bytes behind the last record.
    pub tail: usize,
    /// Bytes before the text.
    pub header_len: usize,
    /// Bytes behind the text and before the padding, terminator included.
    pub front_len: usize,
    /// Those of them that never change, by their offset behind the text.
    pub behind: Vec<(usize, u8)>,
    /// Bytes behind those that are always like the padding: they belong before it or to it.
    pub front_blank: usize,
    /// The last bytes before the padding that are always like it: they belong there or behind it.
    pub front_like: usize,
    /// Bytes behind the padding.
    pub footer_len: usize,
    /// Bytes before those that are always like the padding.
    pub footer_blank: usize,
    /// See [`super::layout::Layout::align`].
    pub align: usize,
    /// See [`super::layout::Layout::align_rest`].
    pub align_rest: usize,
    /// See [`super::layout::Layout::size`].
    pub size: Option<usize>,
    /// The byte of the padding.
    pub pad: u8,
    /// The length field that decided it, with what it counts.
    pub length: Option<(Place, Measure, i64)>,
    /// The field with the offset of the next record that decided it, with what is added to it.
    pub next: Option<(Place, i64)>,
    /// Places of the numbers of varying width.
    pub numbers: Vec<Place>,
    /// What the file does not decide.
    pub doubts: Vec<String>,
}

impl Geometry {
    /// Returns the framing that says no more than this.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let mut layout = Layout {
            lead: self.lead,
            tail: self.tail,
            header_len: self.header_len,
            trailer_len: self.front_len,
            footer_len: self.footer_len,
            align: self.align.max(1),
            align_rest: self.align_rest,
            size: self.size,
            pad: self.pad,
            doubts: self.doubts.clone(),
            ..Layout::bare()
        };
        if let Some((place, of, plus)) = self.length {
            let meaning = Meaning::Length { of, plus };
            layout.fields.push(Field::new(place, meaning));
        }
        if let Some((place, plus)) = self.next {
            let to = Target::Next;
            let meaning = Meaning::Link { to, plus };
            layout.fields.push(Field::new(place, meaning));
        }
        for place in &self.numbers {
            if layout.fields.iter().all(|f| f.place != *place) {
                let meaning = Meaning::Unknown { values: 0 };
                layout.fields.push(Field::new(*place, meaning));
            }
        }
        // Where only the padding says where a text ends, these tell it from what looks like text.
        for &(offset, byte) in &self.behind {
            let place = bytes_at(Zone::Trailer, offset, 1);
            layout
                .fields
                .push(Field::new(place, Meaning::Constant(vec![byte])));
        }
        layout.fields.sort_by_key(|f| f.place);
        layout
    }
}

/// Some bytes of a file with the texts in them.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// The texts.
    pub texts: &'a [Text],
    /// The bytes are the end of the file.
    pub at_end: bool,
    /// The parts of the records, where each leads to the next one by a number of any width.
    pub chained: Option<&'a Geometry>,
}

/// Returns the most frequent value with its share.
pub(in crate::probe) fn mode<T: Copy + Eq + std::hash::Hash + Ord>(
    values: impl IntoIterator<Item = T>,
) -> Option<(T, f64)> {
    let mut counts = HashMap::new();
    let mut total = 0_usize;
    for value in values {
        *counts.entry(value).or_insert(0_usize) += 1;
        total += 1;
    }
    let best = counts
        .into_iter()
        .max_by_key(|&(v, n)| (n, std::cmp::Reverse(v)))?;
    Some((best.0, best.1 as f64 / total as f64))
}

/// Returns the value that nearly all have, if there is one.
fn steady<T: Copy + Eq + std::hash::Hash + Ord>(values: impl IntoIterator<Item = T>) -> Option<T> {
    mode(values)
        .filter(|(_, share)| *share >= 0.97)
        .map(|(value, _)| value)
}

/// Finds the parts of the records in a sample from the beginning of a file, in the ways that it can be read: with a header
/// of one length, and with one of varying length. Empty for fewer than three texts, or where nothing repeats.
#[must_use]
pub fn infer(sample: &Sample<'_>) -> Vec<Geometry> {
    if sample.texts.len() < 3 {
        return Vec::new();
    }
    let none = vec![0; sample.texts.len()];
    let mut all = even(sample, pairs(sample), &none);
    all.extend(with_last(sample, &none));
    for (geometry, is_rather) in varying::varying(sample) {
        let place = if is_rather { 0 } else { all.len() };
        all.insert(place, geometry);
    }
    let mut different = Vec::<Geometry>::new();
    for way in all {
        let is_near = way.header_len + way.front_len + way.footer_len <= MAX_AROUND;
        if is_near && !different.contains(&way) {
            different.push(way);
        }
    }
    different
}

/// Returns the texts but the last one, each with its distance from the next one.
fn pairs(sample: &Sample<'_>) -> Vec<(Text, usize)> {
    let pairs = sample.texts.windows(2).take(FIT);
    pairs.map(|w| (w[0], w[1].start - w[0].start)).collect()
}

/// Finds the parts of the records where the last one may be the only one of another length: a header as long as the first
/// one, at the beginning of the file, would follow the end of it.
fn with_last(sample: &Sample<'_>, lacks: &[usize]) -> Vec<Geometry> {
    let (Some(first), Some(last)) = (sample.texts.first(), sample.texts.last()) else {
        return Vec::new();
    };
    if !sample.at_end || sample.texts.len() > FIT || first.start > MAX_AROUND {
        return Vec::new();
    }
    let mut pairs = pairs(sample);
    pairs.push((*last, sample.bytes.len() + first.start - last.start));
    even(sample, pairs, lacks)
}

/// Finds the parts of records whose header has one length, as they may be; `lacks` is what each lacks of it in the file.
fn even(sample: &Sample<'_>, pairs: Vec<(Text, usize)>, lacks: &[usize]) -> Vec<Geometry> {
    // Padding is counted in the file, not in what was made of it.
    let is_varying = lacks.iter().any(|&n| n > 0);
    let size = one_size::size(sample.texts).filter(|_| !is_varying);
    let (align, rest) = match size {
        Some(size) => (size, 0),
        None if is_varying => (1, 0),
        None => match (alignment(&pairs), pairs.last()) {
            // The last record alone may not be a multiple of what all others are by chance.
            ((align, 0), Some((_, last))) if pairs.len() == sample.texts.len() => {
                (gcd(align, *last), 0)
            }
            (found, _) => found,
        },
    };
    // Multiples of what all have are what all have.
    let size = size.or_else(|| Some(align).filter(|_| pairs.iter().all(|p| p.1 == align)));
    let lengths = lengths(sample, &pairs, align, lacks);
    let mut found = match align {
        1 => Vec::new(),
        _ => padded::ways(sample, &pairs, &lengths, (align, rest), size),
    };
    found.extend(unpadded::unpadded(sample, &pairs, &lengths, lacks));
    found
}

/// Returns the largest number that divides both.
pub(in crate::probe) fn gcd(a: usize, b: usize) -> usize {
    match b {
        0 => a,
        _ => gcd(b, a % b),
    }
}

/// Returns the largest number whose multiples part all texts, with what is left over.
fn alignment(pairs: &[(Text, usize)]) -> (usize, usize) {
    let strides: Vec<usize> = pairs.iter().map(|p| p.1).collect();
    let usual = mode(strides.iter().copied()).map(|(stride, _)| stride);
    let candidates = (2..=32)
        .chain([48, 64, 128, 256, 512, 1024])
        .chain(usual.filter(|&s| s > 32));
    let shares: Vec<(usize, usize, f64)> = candidates
        .filter(|&align| strides.len() >= 6 || align >= 4)
        .filter(|&align| strides.iter().any(|&s| s >= align))
        .filter_map(|align| {
            let (rest, share) = mode(strides.iter().map(|s| s % align))?;
            Some((align, rest, share))
        })
        .collect();
    // Where most texts have one length, most records are multiples of more than they are padded to: some are not.
    let most = shares.iter().map(|s| s.2).fold(0.9, f64::max) - 0.005;
    let fits = shares.iter().filter(|s| s.2 >= most);
    // What is left over is seen by chance where most records are short.
    let even = fits.clone().filter(|s| s.1 == 0).max_by_key(|s| s.0);
    // Of few lengths, what is between them is no evidence.
    let kinds = strides.iter().collect::<HashSet<_>>().len();
    let odd = fits
        .filter(|s| s.2 >= 1.0 && kinds >= MIN_KINDS)
        .max_by_key(|s| s.0);
    let best = [even, odd].into_iter().flatten().max_by_key(|s| s.0);
    best.map_or((1, 0), |&(align, rest, _)| (align, rest))
}

/// Cuts a sample into records that fit, with their offsets.
#[must_use]
pub fn rows<'a>(sample: &Sample<'a>, layout: &Layout, limit: usize) -> Vec<(usize, Record<'a>)> {
    let bytes = sample.bytes;
    let text_at = |start: usize| Some(start + layout.text_of(bytes.get(start..)?)?);
    let mut rows = Vec::new();
    // A record begins where the one before ends. Behind one that does not fit, only its text shows where.
    let mut expected = Some(layout.lead);
    for (n, text) in sample.texts.iter().enumerate() {
        if rows.len() == limit {
            break;
        }
        let follows = expected
            .take()
            .filter(|&at| text_at(at) == Some(text.start));
        let start = follows.or_else(|| layout.start_of(bytes, text.start));
        let Some((start, record)) =
            start.and_then(|at| Some((at, layout.record(&bytes[at..], at as u64).ok()?)))
        else {
            continue;
        };
        let end = start + record.bytes.len();
        let fits = match sample.texts.get(n + 1) {
            Some(next) => text_at(end) == Some(next.start),
            None => sample.at_end && end + layout.tail == bytes.len(),
        };
        if fits {
            expected = Some(end);
            rows.push((start, record));
        }
    }
    rows
}
