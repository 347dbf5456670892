//! Numbers before the texts that grow with the records: candidates for their length.

use std::collections::HashSet;

use super::{MAX_AROUND, Sample, mode};
use crate::probe::layout::Measure;
use crate::probe::scan::Text;
use crate::probe::value::{Code, Place, Zone};

/// Bytes before a text that are searched for its length.
const MAX_HEADER: usize = 128;

/// Distances of texts that must differ before any number which grows with them is believed.
const MIN_DISTANCES: usize = 3;

/// Sizes and codes of offsets in the file, of one width.
pub(in crate::probe) const OFFSETS: [(usize, Code); 10] = [
    (4, Code::Little),
    (4, Code::Big),
    (4, Code::Mixed),
    (2, Code::Little),
    (2, Code::Big),
    (10, Code::Decimal),
    (8, Code::Decimal),
    (10, Code::Blanks),
    (8, Code::Blanks),
    (8, Code::Hex),
];

/// A number before each text that grows with the record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    /// Bytes before the text.
    pub(super) back: usize,
    pub(super) size: usize,
    pub(super) code: Code,
    /// Measure and what is added to it.
    pub(super) of: Measure,
    pub(super) plus: i64,
    pub(super) share: f64,
    /// It is no length, but the offset of the next record.
    pub(super) is_link: bool,
    /// It counts the record as it is in the file, with numbers of varying width before the text.
    pub(super) is_raw: bool,
}

impl Length {
    pub(super) fn value(&self, bytes: &[u8], text: usize) -> Option<i64> {
        let value = value_at(bytes, text, self.back, self.size, self.code)?;
        // What an offset grows by is what a length would count.
        Some(if self.is_link {
            value - text as i64
        } else {
            value
        })
    }
}

pub(super) fn value_at(
    bytes: &[u8],
    text: usize,
    back: usize,
    size: usize,
    code: Code,
) -> Option<i64> {
    let start = text.checked_sub(back)?;
    let value = code.get(bytes.get(start..start + size)?)?;
    i64::try_from(value).ok()
}

/// Finds the numbers before the texts that grow with them; `lacks` is what each header lacks in the file.
pub(super) fn lengths(
    sample: &Sample<'_>,
    pairs: &[(Text, usize)],
    align: usize,
    lacks: &[usize],
) -> Vec<Length> {
    let bytes = sample.bytes;
    let probe = &pairs[..pairs.len().min(24)];
    let is_varying = lacks.iter().any(|&n| n > 0);
    let limit = if sample.texts[0].start <= MAX_HEADER && !is_varying {
        sample.texts[0].start.max(4)
    } else {
        MAX_HEADER
    };
    let mut found = Vec::new();
    let strides = pairs.iter().map(|p| p.1).collect::<HashSet<_>>().len();
    let varied = strides >= MIN_DISTANCES.min(pairs.len());
    // Any number that hardly changes would count texts that are all of one length.
    let texts_differ = mode(pairs.iter().map(|(t, _)| t.end - t.start.min(t.end)))
        .is_some_and(|(_, share)| share < 0.9);
    for back in 1..=limit {
        for (size, code) in codes() {
            if size > back {
                continue;
            }
            for (of, is_raw) in [
                (Measure::Record, false),
                (Measure::Record, true),
                (Measure::Text, false),
            ] {
                if is_raw && !is_varying {
                    continue;
                }
                // What is no number everywhere is none, however well a few agree.
                let differences = |pairs: &[(Text, usize)]| {
                    let values = pairs
                        .iter()
                        .zip(lacks)
                        .filter_map(|(&(text, stride), lacks)| {
                            let value = value_at(bytes, text.start, back, size, code)?;
                            let counted = match of {
                                Measure::Record if is_raw => stride.saturating_sub(*lacks),
                                Measure::Record => stride,
                                _ => text.end.saturating_sub(text.start),
                            };
                            Some(value - counted as i64)
                        });
                    let known = values.clone().count() as f64 / pairs.len().max(1) as f64;
                    mode(values).map(|(plus, share)| (plus, share * known))
                };
                let is_idle = match of {
                    Measure::Record => strides < 2,
                    _ => align == 1 || !texts_differ,
                };
                if is_idle {
                    continue;
                }
                let least = if of == Measure::Record { 0.8 } else { 0.4 };
                if !differences(probe).is_some_and(|(_, share)| share >= least * 0.75) {
                    continue;
                }
                if let Some((plus, share)) = differences(pairs) {
                    // A number that does not change is no length of texts that do.
                    let values = pairs
                        .iter()
                        .filter_map(|p| value_at(bytes, p.0.start, back, size, code));
                    let steady = mode(values).is_none_or(|(_, share)| share > 0.9);
                    // Two lengths are told apart by many a byte, but not by one that counts them.
                    let counts = of != Measure::Record || varied || is_count(plus);
                    if share >= least && !steady && plus.abs() <= 4096 && counts {
                        found.push(Length {
                            back,
                            size,
                            code,
                            of,
                            plus,
                            share,
                            is_link: false,
                            is_raw,
                        });
                    }
                }
            }
        }
    }
    // What is longer than the record counts no text.
    let most = pairs
        .iter()
        .map(|(t, stride)| t.start + stride - t.end.min(t.start + stride));
    let most = most.max().unwrap_or(0) as i64;
    found.retain(|l| l.of == Measure::Record || l.plus <= most);
    // What counts the whole record agrees with many a text, too, where there is little padding.
    let wholes: Vec<Length> = found
        .iter()
        .filter(|l| l.of == Measure::Record && l.share >= 0.95)
        .copied()
        .collect();
    found.retain(|l| {
        let overlaps = |w: &&Length| l.back > w.back - w.size && w.back > l.back - l.size;
        l.of == Measure::Record || !wholes.iter().any(|w| overlaps(&w) && w.share >= l.share)
    });
    if found.is_empty() && !is_varying {
        found.extend(links(sample, pairs, limit));
    }
    // Text before record: it says where the padding begins. Then the most agreeing.
    found.sort_by(|a, b| {
        let key = |l: &Length| (l.of == Measure::Record, (-1000.0 * l.share) as i64, l.size);
        key(a).cmp(&key(b))
    });
    found
}

/// Finds the number before the texts that counts records of one length: the whole of it, or what is left without as many
/// bytes as stand before the first text, and without what pads or ends it.
pub(super) fn still(sample: &Sample<'_>, pairs: &[(Text, usize)]) -> Option<Length> {
    let first = sample.texts[0].start;
    let stride = pairs.first()?.1;
    if pairs.iter().any(|p| p.1 != stride) || first > MAX_HEADER {
        return None;
    }
    // Behind what is left, the same ends or pads all texts.
    let behind = |end: usize, (t, _): &(Text, usize)| {
        let next = t.start + stride.checked_sub(first)?;
        sample.bytes.get(next.checked_sub(end)?..next)
    };
    let is_end = |end: i64| {
        usize::try_from(end).is_ok_and(|end| {
            let same = behind(end, &pairs[0]);
            let is_no_text = same.is_some_and(|s| !s.iter().any(u8::is_ascii_graphic));
            is_no_text && pairs.iter().all(|pair| behind(end, pair) == same)
        })
    };
    let counts = |plus: i64| plus == 0 || is_end(-plus - first as i64);
    let numbers = (1..=first).flat_map(|back| codes().map(move |(size, code)| (back, size, code)));
    let length = |(back, size, code)| {
        let value_of = |&(t, _): &(Text, usize)| value_at(sample.bytes, t.start, back, size, code);
        let value = value_of(pairs.first()?)?;
        let plus = value - stride as i64;
        let is_still = pairs.iter().all(|pair| value_of(pair) == Some(value));
        (is_still && counts(plus)).then_some(Length {
            back,
            size,
            code,
            of: Measure::Record,
            plus,
            share: 1.0,
            is_link: false,
            is_raw: false,
        })
    };
    let mut within = numbers.filter(|&(back, size, _)| size <= back);
    within.find_map(length)
}

/// Tells whether what a number counts besides the record leaves a part of one.
fn is_count(plus: i64) -> bool {
    (-(MAX_AROUND as i64)..=0).contains(&plus)
}

/// Finds the numbers before the texts that are the offset of the next record, of a file in which no number counts.
fn links(sample: &Sample<'_>, pairs: &[(Text, usize)], limit: usize) -> Vec<Length> {
    let mut found: Vec<Length> = (2..=limit)
        .flat_map(|back| OFFSETS.map(move |(size, code)| (back, size, code)))
        .filter(|&(back, size, _)| size <= back)
        .filter_map(|(back, size, code)| {
            let link = Length {
                back,
                size,
                code,
                of: Measure::Record,
                plus: 0,
                share: 0.0,
                is_link: true,
                is_raw: false,
            };
            let difference = |&(text, stride): &(Text, usize)| {
                Some(link.value(sample.bytes, text.start)? - stride as i64)
            };
            let known = pairs.iter().filter_map(difference);
            let (plus, share) = mode(known)?;
            let is_near = (-(MAX_HEADER as i64)..=0).contains(&plus);
            (share >= 0.8 && is_near).then_some(Length {
                plus,
                share,
                ..link
            })
        })
        .collect();
    found.sort_by(|a, b| b.share.total_cmp(&a.share));
    found
}

/// Sizes and codes of lengths.
pub(super) fn codes() -> impl Iterator<Item = (usize, Code)> {
    let binary = [1, 2, 4]
        .into_iter()
        .flat_map(|s| [(s, Code::Little), (s, Code::Big)]);
    let decimal = [Code::Decimal, Code::Blanks]
        .into_iter()
        .flat_map(|code| (2..=8).map(move |s| (s, code)));
    binary
        .chain(decimal)
        .chain([(4, Code::Hex), (8, Code::Hex), (2, Code::Hex)])
}

/// Turns a length field, which was found from the text backwards, into a place of the header.
pub(super) fn in_header(header_len: usize, back: usize, size: usize, code: Code) -> Option<Place> {
    Some(Place {
        zone: Zone::Header,
        offset: header_len.checked_sub(back)?,
        size,
        code,
    })
}
