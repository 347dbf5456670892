//! Records without padding.

use super::clean::{is_clean, same_last};
use super::lengths::{Length, in_header};
use super::{Geometry, MAX_ASIDE, Sample, mode};
use crate::probe::layout::Measure;
use crate::probe::scan::{MAX_NAME, Text, begins};

/// Bytes aside that are parted in every way between both.
const MAX_BOTH: usize = 16;

/// Records without padding, in the ways that what stands before the first and behind the last one can be parted from them.
pub(super) fn unpadded(
    sample: &Sample<'_>,
    pairs: &[(Text, usize)],
    lengths: &[Length],
    lacks: &[usize],
) -> Vec<Geometry> {
    let texts = sample.texts;
    let (first, Some(&last)) = (texts[0].start, texts.last()) else {
        return Vec::new();
    };
    let len = sample.bytes.len() as i64;
    let length = lengths.iter().find(|l| l.of == Measure::Record);
    // Bytes before the text, if the record of the last text ends the file.
    let from_end = |header: i64| Some(header).filter(|_| sample.at_end);
    if let Some(length) = length {
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
        let from_end = last_len
            .map(|v| v - length.plus + lacking(texts.len() - 1) + last.start as i64 - len)
            .and_then(from_end);
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
        let geometry = |(header_len, tail, doubt): Split| {
            let mut overhead = clean.max(header_len);
            while good.len() >= 8 && same_last(sample.bytes, &good, overhead) {
                overhead += 1;
            }
            // Nothing counts less than the text: then the text is shorter, and what follows it looks like text.
            let short = -(overhead as i64 + length.plus);
            if (1..=16).contains(&short) && !length.is_link {
                overhead += short as usize;
            }
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
        return ends.into_iter().map(geometry).collect();
    }
    let gaps = pairs
        .iter()
        .map(|(t, stride)| t.start + stride - t.end.min(t.start + stride));
    let Some((overhead, _)) = mode(gaps).filter(|&(gap, share)| share >= 0.3 && gap > 0) else {
        return Vec::new();
    };
    let geometry = |(header_len, tail, doubt): Split| {
        let mut doubts: Vec<String> = doubt.into_iter().collect();
        if header_len > overhead {
            doubts.push(format!(
                "the first text begins at byte {first}, with {overhead} bytes between texts"
            ));
        }
        let header_len = header_len.min(overhead);
        Geometry {
            doubts,
            ..parts(sample, header_len, overhead, tail)
        }
    };
    let from_end = from_end((overhead + last.end) as i64 - len);
    let mut found: Vec<Geometry> = ends(sample, from_end, 0)
        .into_iter()
        .map(geometry)
        .collect();
    found.dedup();
    found
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
