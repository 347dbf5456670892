//! Where the texts end as the padding behind them tells it.

use std::collections::HashMap;

use super::clean::{is_clean, is_no_text};
use super::lengths::{Length, lengths};
use super::{Sample, mode, steady};
use crate::probe::layout::Measure;
use crate::probe::scan::Text;

/// Where texts end as one byte of padding tells it.
struct Ends {
    /// Bytes between text and padding that change.
    changing: usize,
    /// Bytes around the padding that are no part of text or header.
    beside: usize,
    ends: Vec<usize>,
}

/// Texts with their ends as one byte of padding tells them, and the lengths that agree with those.
pub(super) type Told = (Vec<(Text, usize)>, Vec<Length>);

/// Bytes that are tried as the padding.
const MAX_PADS: usize = 3;

/// Share of the records that may have the same padding, where others have more or less.
const OFTEN: f64 = 0.85;

/// Bytes behind the padding that are looked for.
const MAX_FOOTER: usize = 12;

/// Bytes around the padding that need no better explanation.
const MAX_BESIDE: usize = 24;

/// Returns the ends of the texts as the bytes that may be the padding tell them, the likeliest first; `is_first` says that the
/// first record begins the file.
pub(super) fn told(
    sample: &Sample<'_>,
    pairs: &[(Text, usize)],
    (align, rest): (usize, usize),
    header: usize,
    is_first: bool,
) -> Vec<Told> {
    // The padding may be followed by a footer.
    let told = |most: f64| {
        let bytes = sample.bytes;
        let told = move |back| ends_by_padding(bytes, pairs, (header, back), (align, rest), most);
        (0..=MAX_FOOTER).map(told).filter(|told| !told.is_empty())
    };
    // Where hardly a record is padded, anything that some of them end with may seem to pad them: that is looked at last, and
    // only if the first record begins the file.
    let mut often = told(OFTEN).peekable();
    let mut seldom = is_first.then(|| told(1.0)).into_iter().flatten();
    let told: &mut dyn Iterator<Item = Vec<Ends>> = match often.peek() {
        Some(_) => &mut often,
        None => &mut seldom,
    };
    let mut by_padding = told.next().unwrap_or_default();
    // Where all but the last bytes of a record would stand between text and padding, it is rather those that pad.
    if by_padding.iter().map(|ends| ends.beside).min() > Some(MAX_BESIDE) {
        by_padding.extend(told.flatten());
        by_padding.sort_by_key(|ends| (ends.changing, ends.beside));
        by_padding.truncate(MAX_PADS);
    }
    let told = by_padding.into_iter().map(|Ends { ends, .. }| {
        let mut pairs = pairs.to_vec();
        for (pair, end) in pairs.iter_mut().zip(ends) {
            pair.0.end = end.max(pair.0.start);
        }
        let mut found = lengths(sample, &pairs, align, &vec![0; pairs.len()]);
        found.retain(|l| l.share >= 0.9);
        (pairs, found)
    });
    // Of several bytes that could be the padding, first the one that agrees with a number of the header.
    let mut told: Vec<Told> = told.collect();
    told.sort_by_key(|(_, found)| !found.iter().any(|l| l.of == Measure::Text));
    told
}

/// Tells whether a byte may be the padding: nobody fills up with what texts are made of.
pub(super) fn may_pad(byte: u8) -> bool {
    !byte.is_ascii_graphic() && !b"\t\r\n".contains(&byte)
}

/// Returns the ends of the texts as the padding tells them: what stands before the next record is stripped of one byte, and
/// of as much more as keeps the texts from being text. One list for each byte that gives the padding that the alignment asks
/// for, and not the same to more than a share of the records.
fn ends_by_padding(
    bytes: &[u8],
    pairs: &[(Text, usize)],
    (header, back): (usize, usize),
    (align, rest): (usize, usize),
    most: f64,
) -> Vec<Ends> {
    let next = |&(t, stride): &(Text, usize)| t.start + stride - (header + back).min(stride);
    let mut counts = HashMap::<u8, usize>::new();
    for pair in pairs {
        if let Some(&last) = next(pair).checked_sub(1).and_then(|at| bytes.get(at)) {
            *counts.entry(last).or_default() += 1;
        }
    }
    let mut pads: Vec<(usize, u8)> = counts.into_iter().map(|(b, n)| (n, b)).collect();
    pads.sort_unstable_by(|a, b| b.cmp(a));
    pads.retain(|&(_, pad)| may_pad(pad));
    let mut told = Vec::new();
    for &(_, pad) in pads.iter().take(MAX_PADS) {
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
        let Some(mut front) = (0..48).find(|&f| clean(f) * 100 >= pairs.len() * 88) else {
            continue;
        };
        // What ends every text alike is no part of them, though it may look like text.
        let same_last = |front: usize| {
            let last = |(end, (t, _)): (&usize, &(Text, usize))| {
                let at = end.checked_sub(front + 1).filter(|&at| at > t.start + 4)?;
                Some(bytes[at])
            };
            let byte = steady(stripped.iter().zip(pairs).map(last)).flatten();
            byte.is_some_and(|byte| is_no_text(byte, pairs))
        };
        while pairs.len() >= 8 && front < 48 && same_last(front) {
            front += 1;
        }
        let mut padding: Vec<usize> = stripped
            .iter()
            .zip(pairs)
            .map(|(end, p)| next(p).saturating_sub(*end))
            .collect();
        padding.sort_unstable();
        let largest = padding[(padding.len() - 1) * 98 / 100];
        // Padding makes texts of different lengths records of equal ones: it is not the same everywhere.
        let usual = mode(padding.iter().copied()).map_or(1.0, |(_, share)| share);
        if pairs.len() >= 8 && (usual > most || usual >= 1.0) {
            continue;
        }
        let extra = (largest + 1).saturating_sub(align);
        let agree = stripped.iter().zip(pairs).filter(|(end, pair)| {
            let behind = next(pair).saturating_sub(**end);
            let len = (pair.1 + extra).saturating_sub(behind);
            behind == extra + (align + rest - len % align) % align
        });
        if agree.count() * 100 < pairs.len() * 88 {
            continue;
        }
        let ends: Vec<usize> = stripped
            .iter()
            .map(|end| end.saturating_sub(front))
            .collect();
        // What is taken for the padding may be what stands before it: then that changes.
        let changing =
            (0..front).filter(|n| steady(ends.iter().map(|end| bytes.get(end + n))).is_none());
        told.push(Ends {
            changing: changing.count(),
            beside: front + back,
            ends,
        });
    }
    told
}
