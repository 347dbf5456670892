//! The parts of a record: where it begins, what stands behind the text, how it is padded.
//!
//! The texts alone decide it. What follows from the start of one text to the start of the next is the same in every record
//! but for text and padding; a number in the header that grows with that distance is the length.

use std::collections::HashMap;

use super::checksum::Record;
use super::layout::Measure;
use super::scan::{Text, is_text, joiner_len};
use super::value::{Code, Place, Zone};

/// Bytes before a text that are searched for its length.
const MAX_HEADER: usize = 128;
/// Records that are compared; the rest confirms.
const FIT: usize = 400;

/// The parts of a record.
#[derive(Clone, Debug, Default)]
pub struct Geometry {
    /// Bytes before the first record.
    pub lead: usize,
    /// Bytes before the text.
    pub header_len: usize,
    /// Bytes behind the text and before the padding, terminator included.
    pub front_len: usize,
    /// Bytes behind the padding.
    pub footer_len: usize,
    /// See [`super::layout::Layout::align`].
    pub align: usize,
    /// See [`super::layout::Layout::align_rest`].
    pub align_rest: usize,
    /// The byte of the padding.
    pub pad: u8,
    /// The length field that decided it, with what it counts.
    pub length: Option<(Place, Measure, i64)>,
    /// What the file does not decide.
    pub doubts: Vec<String>,
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
}

/// A number before each text that grows with the record.
#[derive(Clone, Copy, Debug)]
struct Length {
    /// Bytes before the text.
    back: usize,
    size: usize,
    code: Code,
    /// Measure and what is added to it.
    of: Measure,
    plus: i64,
    share: f64,
}

impl Length {
    fn value(&self, bytes: &[u8], text: usize) -> Option<i64> {
        value_at(bytes, text, self.back, self.size, self.code)
    }
}

fn value_at(bytes: &[u8], text: usize, back: usize, size: usize, code: Code) -> Option<i64> {
    let start = text.checked_sub(back)?;
    let value = code.get(bytes.get(start..start + size)?)?;
    i64::try_from(value).ok()
}

/// Returns the most frequent value with its share.
pub(super) fn mode<T: Copy + Eq + std::hash::Hash + Ord>(
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

/// Finds the parts of the records in a sample from the beginning of a file; `None` for fewer than three texts, or where
/// nothing repeats.
#[must_use]
pub fn infer(sample: &Sample<'_>) -> Option<Geometry> {
    let texts = sample.texts;
    if texts.len() < 3 {
        return None;
    }
    let pairs: Vec<(Text, usize)> = texts
        .windows(2)
        .take(FIT)
        .map(|w| (w[0], w[1].start - w[0].start))
        .collect();
    let (align, rest) = alignment(&pairs);
    let lengths = lengths(sample, &pairs, align);
    let mut found = None;
    if align > 1 {
        found = padded(sample, &pairs, &lengths, align, rest);
    }
    match found {
        Some(geometry) => Some(geometry),
        None => unpadded(sample, &pairs, &lengths),
    }
}

/// Returns the largest number whose multiples part all texts, with what is left over.
fn alignment(pairs: &[(Text, usize)]) -> (usize, usize) {
    let strides: Vec<usize> = pairs.iter().map(|p| p.1).collect();
    if let Some((stride, share)) = mode(strides.iter().copied()) {
        let texts = mode(pairs.iter().map(|p| p.0.end - p.0.start));
        let differ = texts.is_some_and(|(_, share)| share < 0.9);
        if share >= 0.9 && differ && strides.len() >= 4 {
            return (stride, 0);
        }
    }
    let usual = mode(strides.iter().copied()).map(|(stride, _)| stride);
    let candidates = (2..=32)
        .chain([48, 64, 128, 256, 512, 1024])
        .chain(usual.filter(|&s| s > 32));
    let mut best = (1, 0);
    for align in candidates {
        if let Some((rest, share)) = mode(strides.iter().map(|s| s % align)) {
            if share >= 0.9
                && strides.iter().any(|&s| s >= align)
                && (strides.len() >= 6 || align >= 4)
            {
                best = if align > best.0 { (align, rest) } else { best };
            }
        }
    }
    best
}

/// Finds the numbers before the texts that grow with them.
fn lengths(sample: &Sample<'_>, pairs: &[(Text, usize)], align: usize) -> Vec<Length> {
    let bytes = sample.bytes;
    let probe = &pairs[..pairs.len().min(24)];
    let limit = if sample.texts[0].start <= MAX_HEADER {
        sample.texts[0].start.max(4)
    } else {
        MAX_HEADER
    };
    let mut found = Vec::new();
    let varied = {
        let mut strides: Vec<_> = pairs.iter().map(|p| p.1).collect();
        strides.sort_unstable();
        strides.dedup();
        strides.len() >= 3.min(pairs.len())
    };
    for back in 1..=limit {
        for (size, code) in codes() {
            if size > back {
                continue;
            }
            for of in [Measure::Record, Measure::Text] {
                let differences = |pairs: &[(Text, usize)]| {
                    mode(pairs.iter().filter_map(|&(text, stride)| {
                        let value = value_at(bytes, text.start, back, size, code)?;
                        let counted = match of {
                            Measure::Record => stride,
                            _ => text.end - text.start,
                        };
                        Some(value - counted as i64)
                    }))
                };
                if of == Measure::Record && !varied || of == Measure::Text && align == 1 {
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
                    if share >= least && !steady && plus.abs() <= 4096 {
                        found.push(Length {
                            back,
                            size,
                            code,
                            of,
                            plus,
                            share,
                        });
                    }
                }
            }
        }
    }
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
    // Text before record: it says where the padding begins. Then the most agreeing.
    found.sort_by(|a, b| {
        let key = |l: &Length| (l.of == Measure::Record, (-1000.0 * l.share) as i64, l.size);
        key(a).cmp(&key(b))
    });
    found
}

/// Sizes and codes of lengths.
fn codes() -> impl Iterator<Item = (usize, Code)> {
    let binary = [1, 2, 4]
        .into_iter()
        .flat_map(|s| [(s, Code::Little), (s, Code::Big)]);
    let decimal = (2..=8).map(|s| (s, Code::Decimal));
    binary
        .chain(decimal)
        .chain([(4, Code::Hex), (8, Code::Hex), (2, Code::Hex)])
}

/// Records without padding.
fn unpadded(sample: &Sample<'_>, pairs: &[(Text, usize)], lengths: &[Length]) -> Option<Geometry> {
    let texts = sample.texts;
    let (first, last) = (texts[0].start, *texts.last()?);
    let len = sample.bytes.len();
    let mut geometry = Geometry {
        align: 1,
        ..Geometry::default()
    };
    let length = lengths.iter().find(|l| l.of == Measure::Record);
    let overhead;
    if let Some(length) = length {
        let good: Vec<_> = pairs
            .iter()
            .filter(|(t, stride)| {
                length.value(sample.bytes, t.start) == Some(*stride as i64 + length.plus)
            })
            .copied()
            .collect();
        // The record of the last text ends the file, or the first begins it.
        let from_end = (length.value(sample.bytes, last.start))
            .map(|v| v - length.plus + last.start as i64 - len as i64)
            .filter(|h| sample.at_end && (1..=1024).contains(h))
            .map(|h| h as usize);
        geometry.header_len = header_len(first, from_end, length.back, &mut geometry.doubts);
        let clean = (0..256)
            .find(|&c| {
                let is_clean = |(t, stride): &&(Text, usize)| {
                    stride.checked_sub(c).is_some_and(|text_len| {
                        is_clean(&sample.bytes[t.start..t.start + text_len])
                    })
                };
                good.iter().filter(is_clean).count() * 100 >= good.len() * 97
            })
            .unwrap_or(0);
        let mut c = clean.max(geometry.header_len);
        while good.len() >= 8 && same_last(sample.bytes, &good, c) {
            c += 1;
        }
        // Nothing counts less than the text: then the text is shorter, and what follows it looks like text.
        let short = -(c as i64 + length.plus);
        if (1..=16).contains(&short) {
            c += short as usize;
        }
        overhead = c;
    } else {
        let gaps = pairs
            .iter()
            .map(|(t, stride)| t.start + stride - t.end.min(t.start + stride));
        let (gap, share) = mode(gaps)?;
        if share < 0.3 || gap == 0 {
            return None;
        }
        overhead = gap;
        let from_end = sample
            .at_end
            .then(|| (overhead + last.end).checked_sub(len))
            .flatten();
        geometry.header_len = header_len(first, from_end, 0, &mut geometry.doubts);
        if geometry.header_len > overhead {
            geometry.doubts.push(format!(
                "the first text begins at byte {first}, with {overhead} bytes between texts"
            ));
            geometry.header_len = overhead;
        }
    }
    geometry.lead = first.saturating_sub(geometry.header_len);
    geometry.front_len = overhead - geometry.header_len;
    geometry.length = length.and_then(|l| {
        let place = in_header(geometry.header_len, l.back, l.size, l.code)?;
        Some((place, Measure::Text, l.plus + overhead as i64))
    });
    Some(geometry)
}

/// Weighs where the first record begins against where the last one ends.
fn header_len(
    first: usize,
    from_end: Option<usize>,
    least: usize,
    doubts: &mut Vec<String>,
) -> usize {
    match from_end {
        Some(h) if h == first => h,
        Some(h) if h < first && h >= least => {
            doubts.push(format!(
                "the first record begins at byte {} if the file ends with a whole record, else the header has more than {h} bytes",
                first - h
            ));
            h
        }
        _ => {
            if from_end.is_some() || first > 1024 {
                doubts.push("the file does not end with a whole record".to_owned());
            }
            if first > 1024 { least } else { first }
        }
    }
}

/// Tells whether bytes are nothing but lines of text.
pub(super) fn is_clean(text: &[u8]) -> bool {
    if text.len() < 3 || !text.last().is_some_and(|&b| is_text(b) && b != b' ') {
        return false;
    }
    let mut at = 0;
    while at < text.len() {
        let joiner = joiner_len(text, at);
        if joiner > 0 {
            let line = text.get(at + joiner..).unwrap_or_default();
            let len = line.iter().position(|&b| !is_text(b) && b != b'\t');
            let line = &line[..len.unwrap_or(line.len())];
            let goes_on = match line {
                [b' ', ..] => line.trim_ascii().len() >= 2,
                [b'-', rest @ ..] => rest.contains(&b'/'),
                [b'&', rest @ ..] => rest.contains(&b'='),
                _ => false,
            };
            if !goes_on {
                return false;
            }
            at += joiner;
        } else if is_text(text[at]) || text[at] == b'\t' {
            at += 1;
        } else {
            return false;
        }
    }
    true
}

/// Tells whether all texts would end with the same byte: then it is no part of them.
fn same_last(bytes: &[u8], good: &[(Text, usize)], overhead: usize) -> bool {
    let last =
        |&(t, stride): &(Text, usize)| Some(bytes[t.start + stride.checked_sub(overhead + 1)?]);
    let first = good.first().and_then(last);
    first.is_some_and(|b| !b.is_ascii_alphanumeric() || good.len() >= 20)
        && good.iter().all(|p| last(p) == first)
}

/// Records that are padded to a multiple of something.
fn padded(
    sample: &Sample<'_>,
    pairs: &[(Text, usize)],
    lengths: &[Length],
    align: usize,
    rest: usize,
) -> Option<Geometry> {
    let bytes = sample.bytes;
    let first = sample.texts[0].start;
    let by_padding = ends_by_padding(
        bytes,
        pairs,
        if first <= 1024 { first } else { 0 },
        (align, rest),
    );
    let mut pairs = pairs.to_vec();
    let mut found = lengths.to_vec();
    if !by_padding.is_empty() {
        for (pair, end) in pairs.iter_mut().zip(by_padding) {
            pair.0.end = end;
        }
        found = self::lengths(sample, &pairs, align);
        found.retain(|l| l.share >= 0.9);
    }
    // Nothing counts less than the text: where it seems so, what follows the text looks like text.
    for length in &mut found {
        if length.of == Measure::Text && (-16..0).contains(&length.plus) {
            length.plus = 0;
        }
    }
    let lengths = found;
    let length = lengths.iter().find(|l| l.of == Measure::Text);
    let text_end = |t: &Text| {
        let counted = length.and_then(|l| usize::try_from(l.value(bytes, t.start)? - l.plus).ok());
        counted.map_or(t.end, |len| t.start + len)
    };
    let gaps: Vec<(usize, usize)> = pairs
        .iter()
        .filter_map(|(t, stride)| {
            let next = t.start + stride;
            (stride % align == rest || *stride == align)
                .then(|| (text_end(t), next))
                .filter(|(end, next)| end <= next)
        })
        .collect();
    let sizes = gaps.iter().map(|(end, next)| next - end);
    let smallest = sizes.clone().min()?;
    // A few wrong ends must not decide: the window with nearly all of them.
    let counts = {
        let mut counts = HashMap::<usize, usize>::new();
        sizes
            .clone()
            .for_each(|s| *counts.entry(s).or_default() += 1);
        counts
    };
    let largest = sizes.clone().max()?;
    let within = |low: usize| -> usize { (low..low + align).filter_map(|s| counts.get(&s)).sum() };
    let low = (smallest..=largest).max_by_key(|&low| (within(low), std::cmp::Reverse(low)))?;
    // The text may never fill the record: then the padding begins later than the smallest gap says.
    if within(low) * 10 < gaps.len() * 8 || counts.len() < 2 {
        return None;
    }
    let mut geometry = Geometry {
        align,
        align_rest: rest % align,
        ..Geometry::default()
    };
    geometry.header_len = if first <= 1024 { first.min(low) } else { low };
    geometry.lead = first.saturating_sub(geometry.header_len);
    let fixed = low - geometry.header_len;
    let good: Vec<_> = gaps
        .iter()
        .filter(|(end, next)| (low..low + align).contains(&(next - end)))
        .copied()
        .collect();
    let header = geometry.header_len;
    let split = |front: usize| {
        let back = fixed - front;
        let padding = |&(end, next): &(usize, usize)| &bytes[end + front..next - header - back];
        let byte = good
            .iter()
            .find_map(|g| padding(g).first().copied())
            .unwrap_or(0);
        let agree = good
            .iter()
            .filter(|g| padding(g).iter().all(|&b| b == byte));
        (agree.count() * 10 >= good.len() * 9).then_some(byte)
    };
    let (mut front, pad) = (0..=fixed).rev().find_map(|f| Some((f, split(f)?)))?;
    let mut back = fixed - front;
    // Where no text fills its record, nobody knows where the padding ends: what equals it is taken for padding.
    let is_full = good.iter().any(|(end, next)| next - end == low + align - 1);
    if !is_full {
        let nearly_all = |count: usize| count * 100 >= good.len() * 97;
        let before = front;
        let is_pad = |n: usize| good.iter().filter(|g| bytes[g.0 + n] == pad).count();
        while front > 0 && nearly_all(is_pad(front - 1)) {
            front -= 1;
        }
        let is_pad = |n: usize| {
            good.iter()
                .filter(|g| bytes[g.1 - header - n] == pad)
                .count()
        };
        while back > 0 && nearly_all(is_pad(back)) {
            back -= 1;
        }
        if before > front {
            geometry.doubts.push(format!(
                "{} bytes behind the text are always {pad:#04x}: terminator or padding",
                before - front
            ));
        }
    }
    geometry.length = lengths.first().and_then(|l| {
        let place = in_header(header, l.back, l.size, l.code)?;
        Some((place, l.of, l.plus))
    });
    geometry.front_len = front;
    geometry.footer_len = back;
    geometry.pad = pad;
    Some(geometry)
}

/// Returns the ends of the texts as the padding tells them: what stands before the next record is stripped of one byte, and
/// of as much more as keeps the texts from being text. Empty where no byte gives the padding that the alignment asks for.
fn ends_by_padding(
    bytes: &[u8],
    pairs: &[(Text, usize)],
    header: usize,
    (align, rest): (usize, usize),
) -> Vec<usize> {
    let next = |&(t, stride): &(Text, usize)| t.start + stride - header.min(stride);
    let mut counts = HashMap::<u8, usize>::new();
    for pair in pairs {
        if let Some(&last) = next(pair).checked_sub(1).and_then(|at| bytes.get(at)) {
            *counts.entry(last).or_default() += 1;
        }
    }
    let mut pads: Vec<(usize, u8)> = counts.into_iter().map(|(b, n)| (n, b)).collect();
    pads.sort_unstable_by(|a, b| b.cmp(a));
    let mut best: Option<(usize, Vec<usize>)> = None;
    for &(_, pad) in pads.iter().take(3) {
        let stripped: Vec<usize> = pairs
            .iter()
            .map(|pair| {
                let (from, to) = (pair.0.start + 4, next(pair));
                (from..to)
                    .rev()
                    .find(|&at| bytes[at] != pad)
                    .map_or(from, |at| at + 1)
            })
            .collect();
        let clean = |front: usize| {
            let ends = stripped.iter().zip(pairs);
            ends.filter(|(end, (t, _))| {
                is_clean(&bytes[t.start..t.start.max(end.saturating_sub(front))])
            })
            .count()
        };
        let Some(front) = (0..48).find(|&f| clean(f) * 100 >= pairs.len() * 97) else {
            continue;
        };
        let mut padding: Vec<usize> = stripped
            .iter()
            .zip(pairs)
            .map(|(end, p)| next(p).saturating_sub(*end))
            .collect();
        padding.sort_unstable();
        let most = padding[(padding.len() - 1) * 98 / 100];
        let extra = (most + 1).saturating_sub(align);
        let agree = stripped.iter().zip(pairs).filter(|(end, pair)| {
            let behind = next(pair).saturating_sub(**end);
            let len = (pair.1 + extra).saturating_sub(behind);
            behind == extra + (align + rest - len % align) % align
        });
        if agree.count() * 100 < pairs.len() * 95 {
            continue;
        }
        if best.as_ref().is_none_or(|(least, _)| front < *least) {
            best = Some((
                front,
                stripped
                    .iter()
                    .map(|end| end.saturating_sub(front))
                    .collect(),
            ));
        }
    }
    best.map(|(_, ends)| ends).unwrap_or_default()
}

/// Cuts a sample into records that fit, with their offsets.
#[must_use]
pub fn rows<'a>(
    sample: &Sample<'a>,
    layout: &super::layout::Layout,
    limit: usize,
) -> Vec<(usize, Record<'a>)> {
    let header = layout.header_len;
    let starts: Vec<usize> = sample
        .texts
        .iter()
        .filter_map(|t| t.start.checked_sub(header))
        .collect();
    let mut rows = Vec::new();
    for (n, &start) in starts.iter().enumerate() {
        if rows.len() == limit {
            break;
        }
        let Ok(record) = layout.record(&sample.bytes[start..]) else {
            continue;
        };
        let end = start + record.bytes.len();
        let fits = match starts.get(n + 1) {
            Some(&next) => end == next,
            None => sample.at_end && end == sample.bytes.len(),
        };
        if fits {
            rows.push((start, record));
        }
    }
    rows
}

/// Turns a length field, which was found from the text backwards, into a place of the header.
fn in_header(header_len: usize, back: usize, size: usize, code: Code) -> Option<Place> {
    Some(Place {
        zone: Zone::Header,
        offset: header_len.checked_sub(back)?,
        size,
        code,
    })
}
