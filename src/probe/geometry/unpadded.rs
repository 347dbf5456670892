//! Records without padding.

use super::clean::{is_clean, same_last};
use super::lengths::{Length, in_header};
use super::{Geometry, Sample, mode};
use crate::probe::layout::Measure;
use crate::probe::scan::{MAX_NAME, Text, begins};

/// Records without padding.
pub(super) fn unpadded(
    sample: &Sample<'_>,
    pairs: &[(Text, usize)],
    lengths: &[Length],
    lacks: &[usize],
) -> Option<Geometry> {
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
        // The record of the last text ends the file, or the first begins it.
        let from_end = (length.value(sample.bytes, last.start))
            .map(|v| v - length.plus + lacking(texts.len() - 1) + last.start as i64 - len as i64)
            .filter(|h| sample.at_end && (1..=1024).contains(h))
            .map(|h| h as usize);
        geometry.header_len = header_len(sample, from_end, length.back, &mut geometry.doubts);
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
        geometry.header_len = header_len(sample, from_end, 0, &mut geometry.doubts);
        if geometry.header_len > overhead {
            geometry.doubts.push(format!(
                "the first text begins at byte {first}, with {overhead} bytes between texts"
            ));
            geometry.header_len = overhead;
        }
    }
    geometry.lead = first.saturating_sub(geometry.header_len);
    geometry.front_len = overhead - geometry.header_len;
    doubt_lead(sample, pairs, &mut geometry);
    geometry.length = length.and_then(|l| {
        let place = in_header(geometry.header_len, l.back, l.size, l.code)?;
        Some(match l.is_raw {
            true => (place, Measure::Record, l.plus),
            false => (place, Measure::Text, l.plus + overhead as i64),
        })
    });
    Some(geometry)
}

/// Says so where what stands before the first record may be the beginning of its header: if the file ended within a record,
/// what ends the others would begin them.
fn doubt_lead(sample: &Sample<'_>, pairs: &[(Text, usize)], geometry: &mut Geometry) {
    let (lead, header, behind) = (geometry.lead, geometry.header_len, geometry.front_len);
    if lead == 0 || lead > behind || !geometry.doubts.is_empty() {
        return;
    }
    let looks_like_an_end = (1..=lead).all(|back| {
        let before = |start: usize| sample.bytes.get(start.checked_sub(header + back)?);
        let ends = pairs.iter().map(|(t, stride)| before(t.start + stride));
        mode(ends).is_none_or(|(byte, share)| share < 0.97 || byte == before(header + lead))
    });
    if looks_like_an_end {
        geometry.doubts.push(format!(
            "the first record begins at byte {lead} if the file ends with a whole record, else the header has {} bytes",
            header + lead
        ));
    }
}

/// Weighs where the first record begins against where the last one ends.
pub(super) fn header_len(
    sample: &Sample<'_>,
    from_end: Option<usize>,
    least: usize,
    doubts: &mut Vec<String>,
) -> usize {
    let first = sample.texts[0].start;
    match from_end {
        Some(h) if h == first => h,
        // The header of the first record ended with what looked like the beginning of its text.
        Some(h) if h > first && h - first <= MAX_NAME && begins(sample.bytes, h) => h,
        // Something stands before the first record.
        Some(h) if h < first && h >= least => h,
        _ => {
            if from_end.is_some() || first > 1024 {
                doubts.push("the file does not end with a whole record".to_owned());
            }
            if first > 1024 { least } else { first }
        }
    }
}
