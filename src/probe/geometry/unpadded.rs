//! Records without padding.

use std::collections::{HashMap, HashSet};

use super::clean::{is_clean, same_last};
use super::lengths::{Length, in_header, still};
use super::{Geometry, MAX_ASIDE, Sample, steady};
use crate::probe::layout::Measure;
use crate::probe::scan::{MAX_NAME, Text, begins};

/// Bytes aside that are parted in every way between both.
const MAX_BOTH: usize = 16;

/// Share of the records that shows how many bytes stand between texts, where most seem to have fewer.
const RARE: f64 = 0.03;

/// Records without padding, in the ways that what stands before the first and behind the last one can be parted from them.
pub(super) fn unpadded(
    sample: &Sample<'_>,
    pairs: &[(Text, usize)],
    lengths: &[Length],
    lacks: &[usize],
) -> Vec<Geometry> {
    let counted = lengths.iter().find(|l| l.of == Measure::Record).copied();
    // What counts every record needs no other way.
    if let Some(length) = counted.filter(|l| l.share >= 1.0) {
        return by_length(sample, pairs, &length, lacks);
    }
    let still = still(sample, pairs).filter(|_| lacks.iter().all(|&n| n == 0));
    let lengths = counted.into_iter().chain(still);
    let mut found: Vec<Geometry> = lengths
        .flat_map(|length| by_length(sample, pairs, &length, lacks))
        .collect();
    found.extend(by_texts(sample, pairs));
    found
}

/// Records that a number of the header counts.
fn by_length(
    sample: &Sample<'_>,
    pairs: &[(Text, usize)],
    length: &Length,
    lacks: &[usize],
) -> Vec<Geometry> {
    let texts = sample.texts;
    let Some(last) = texts.last() else {
        return Vec::new();
    };
    let lacking = |n: usize| match length.is_raw {
        true => lacks.get(n).copied().unwrap_or(0) as i64,
        false => 0,
    };
    let good: Vec<_> = (0..)
        .zip(pairs)
        .filter(|&(n, (t, stride))| {
            let counted = *stride as i64 - lacking(n);
            length.value(sample.bytes, t.start) == Some(counted + length.plus)
        })
        .map(|(_, pair)| *pair)
        .collect();
    let last_len = length.value(sample.bytes, last.start);
    // The last record may name no next one.
    let last_len = last_len.filter(|&v| !length.is_link || v > 0);
    let len = sample.bytes.len() as i64;
    let from_end = last_len
        .map(|v| v - length.plus + lacking(texts.len() - 1) + last.start as i64 - len)
        .filter(|_| sample.at_end);
    let clean = (0..256)
        .find(|&c| {
            let is_clean = |(t, stride): &&(Text, usize)| {
                let text_len = stride.checked_sub(c);
                let text = text_len.and_then(|len| sample.bytes.get(t.start..t.start + len));
                text.is_some_and(is_clean)
            };
            good.iter().filter(is_clean).count() * 100 >= good.len() * 97
        })
        .unwrap_or(0);
    let geometry = |(header_len, tail, doubt): Split, overhead: usize| {
        let place = in_header(header_len, length.back, length.size, length.code);
        Geometry {
            next: place
                .filter(|_| length.is_link)
                .map(|place| (place, length.plus + header_len as i64)),
            length: place
                .filter(|_| !length.is_link)
                .map(|place| match length.is_raw {
                    true => (place, Measure::Record, length.plus),
                    false => (place, Measure::Text, length.plus + overhead as i64),
                }),
            doubts: doubt.into_iter().collect(),
            ..parts(sample, header_len, overhead, tail)
        }
    };
    let mut ends = ends(sample, from_end, length.back);
    // A header of more bytes would begin within the text before it, unless it looks like text.
    ends.sort_by_key(|(header_len, ..)| *header_len > clean);
    let mut found = Vec::new();
    for split in ends {
        let header_len = split.0;
        let mut overhead = clean.max(header_len);
        while good.len() >= 8 && same_last(sample.bytes, &good, overhead) {
            overhead += 1;
        }
        // Nothing counts less than the text: then the text is shorter, and what follows it looks like text.
        let short = -(overhead as i64 + length.plus);
        if (1..=16).contains(&short) && !length.is_link {
            overhead += short as usize;
        }
        found.push(geometry(split.clone(), overhead));
        // So it may be where header and text are counted.
        let more = usize::try_from(header_len as i64 - length.plus).unwrap_or(0);
        let is_same = |n: usize| {
            let byte = |&(t, stride): &(Text, usize)| {
                let at = t.start + stride.checked_sub(n + 1)?;
                sample.bytes.get(at).copied()
            };
            steady(good.iter().filter_map(byte)).is_some_and(|byte| !byte.is_ascii_alphanumeric())
        };
        if (1..=MAX_BOTH).contains(&more.saturating_sub(overhead)) && (overhead..more).all(is_same)
        {
            found.push(geometry(split, more));
        }
    }
    found
}

/// Records that nothing counts.
fn by_texts(sample: &Sample<'_>, pairs: &[(Text, usize)]) -> Vec<Geometry> {
    let last_end = sample.texts.last().map_or(0, |t| t.end);
    let mut found = Vec::new();
    for overhead in overheads(sample.bytes, pairs) {
        // Bytes before the text, if the record of the last text ends the file.
        let header = (overhead + last_end) as i64 - sample.bytes.len() as i64;
        let splits = ends(sample, Some(header).filter(|_| sample.at_end), 0);
        found.extend(
            splits
                .into_iter()
                .map(|split| with_overhead(sample, pairs, overhead, split)),
        );
    }
    found
}

/// Returns how many bytes may stand between the texts, which nothing counts: as many as mostly do, or, where the bytes
/// behind a text often look like more of it, as many as sometimes do. What stands behind all texts alike is added to them.
fn overheads(bytes: &[u8], pairs: &[(Text, usize)]) -> Vec<usize> {
    let mut counts = HashMap::<usize, usize>::new();
    for (t, stride) in pairs {
        let next = t.start + stride;
        *counts.entry(next - t.end.min(next)).or_default() += 1;
    }
    let share = |gap: usize| counts.get(&gap).copied().unwrap_or(0) as f64 / pairs.len() as f64;
    let usual = counts
        .keys()
        .copied()
        .max_by(|&a, &b| share(a).total_cmp(&share(b)).then(b.cmp(&a)));
    let usual = usual.filter(|&gap| share(gap) >= 0.3);
    let largest = counts
        .keys()
        .copied()
        .filter(|&gap| share(gap) >= RARE)
        .max();
    let mut found: Vec<usize> = [usual, largest]
        .into_iter()
        .flatten()
        .filter(|&gap| gap > 0)
        .collect();
    for n in 0..found.len() {
        let mut overhead = found[n];
        while same_last(bytes, pairs, overhead) {
            overhead += 1;
        }
        found.push(overhead);
    }
    let mut seen = HashSet::new();
    found.retain(|&overhead| seen.insert(overhead));
    found
}

/// Returns the parts of a record with so many bytes between the texts.
fn with_overhead(
    sample: &Sample<'_>,
    pairs: &[(Text, usize)],
    overhead: usize,
    (header_len, tail, doubt): Split,
) -> Geometry {
    let first = sample.texts[0].start;
    let mut doubts: Vec<String> = doubt.into_iter().collect();
    if header_len > overhead {
        doubts.push(format!(
            "the first text begins at byte {first}, with {overhead} bytes between texts"
        ));
    }
    let header_len = header_len.min(overhead);
    Geometry {
        doubts,
        behind: behind(sample.bytes, pairs, header_len, overhead),
        ..parts(sample, header_len, overhead, tail)
    }
}

/// Returns the bytes behind the texts that never change, though they may look like text.
fn behind(
    bytes: &[u8],
    pairs: &[(Text, usize)],
    header_len: usize,
    overhead: usize,
) -> Vec<(usize, u8)> {
    let at = |n: usize| {
        move |&(t, stride): &(Text, usize)| {
            let end = t.start + stride.checked_sub(overhead)?;
            bytes.get(end + n).copied()
        }
    };
    (0..overhead - header_len)
        .map_while(|n| Some((n, steady(pairs.iter().filter_map(at(n)))?)))
        .collect()
}

/// Returns the parts of a record with so many bytes around its text, those of its header among them.
fn parts(sample: &Sample<'_>, header_len: usize, overhead: usize, tail: usize) -> Geometry {
    Geometry {
        align: 1,
        lead: sample.texts[0].start.saturating_sub(header_len),
        tail,
        header_len,
        front_len: overhead - header_len,
        ..Geometry::default()
    }
}

/// Bytes of the header, bytes behind the last record, and a doubt.
type Split = (usize, usize, Option<String>);

/// Weighs where the first record begins against where the last one ends: what the file has more than records stands before
/// the first or behind the last one. `from_end` are the bytes of the header if it stands before the first.
fn ends(sample: &Sample<'_>, from_end: Option<i64>, least: usize) -> Vec<Split> {
    let first = sample.texts[0].start;
    let torn = || Some("the file does not end with a whole record".to_owned());
    let Some(more) = from_end.map(|header| first as i64 - header) else {
        return match first {
            0..=MAX_ASIDE => vec![(first, 0, None)],
            _ => vec![(least, 0, torn())],
        };
    };
    match usize::try_from(more) {
        Ok(0) => vec![(first, 0, None)],
        // The header of the first record ended with what looked like the beginning of its text.
        Err(_)
            if -more <= MAX_NAME as i64 && begins(sample.bytes, (first as i64 - more) as usize) =>
        {
            vec![((first as i64 - more) as usize, 0, None)]
        }
        Ok(more) if more <= MAX_ASIDE => {
            let near = 1..more.min(MAX_BOTH);
            let far = near
                .clone()
                .map(|tail| more - tail)
                .filter(|lead| *lead >= MAX_BOTH);
            let leads = [more, 0].into_iter().chain(near).chain(far);
            leads
                .filter_map(|lead| Some((first.checked_sub(lead)?, more - lead)))
                .filter(|&(header, _)| header >= least && header <= MAX_ASIDE)
                .map(|(header, tail)| (header, tail, None))
                .collect()
        }
        _ if first > MAX_ASIDE => vec![(least, 0, torn())],
        _ => vec![(first, 0, torn())],
    }
}
