//! Records that are padded, to a multiple of something or to one size.

use std::collections::HashMap;

use super::clean::{is_clean, is_no_text};
use super::lengths::{Length, in_header, lengths as find_lengths};
use super::{FIT, Geometry, MAX_ASIDE, Sample, mode};
use crate::probe::layout::Measure;
use crate::probe::scan::{MAX_NAME, Text, begins};

/// Bytes like the padding that are tried as part of what stands before it.
const MAX_BLANK: usize = 4;

/// Bytes of a header that are tried behind what begins the file.
const MAX_HEADER: usize = 160;

/// Where texts end as one byte of padding tells it.
pub(super) struct Ends {
    /// Bytes between text and padding that change.
    changing: usize,
    /// Bytes around the padding that are no part of text or header.
    beside: usize,
    ends: Vec<usize>,
}

/// Texts with their ends as one byte of padding tells them, and the lengths that agree with those.
type Told = (Vec<(Text, usize)>, Vec<Length>);

/// Bytes that are tried as the padding.
const MAX_PADS: usize = 3;

/// Share of the records that may have the same padding, where others have more or less.
const OFTEN: f64 = 0.85;

/// Bytes behind the padding that are looked for.
const MAX_FOOTER: usize = 12;

/// Bytes around the padding that need no better explanation.
const MAX_BESIDE: usize = 24;

/// Records that are padded to a multiple of something, in the ways that the bytes which may be the padding tell it.
pub(super) fn padded(
    sample: &Sample<'_>,
    pairs: &[(Text, usize)],
    lengths: &[Length],
    aligned: (usize, usize),
    header: usize,
) -> Vec<Geometry> {
    let mut told = told(sample, pairs, aligned, header);
    if told.is_empty() {
        told.push((pairs.to_vec(), lengths.to_vec()));
    }
    let ways = told.into_iter().take(MAX_PADS);
    ways.filter_map(|told| with_ends(sample, told, aligned, header))
        .collect()
}

/// Returns the ends of the texts as the bytes that may be the padding tell them, the likeliest first.
fn told(
    sample: &Sample<'_>,
    pairs: &[(Text, usize)],
    (align, rest): (usize, usize),
    header: usize,
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
    let is_first = header == first_text(sample, align, rest);
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
        let mut found = find_lengths(sample, &pairs, align, &vec![0; pairs.len()]);
        found.retain(|l| l.share >= 0.9);
        (pairs, found)
    });
    // Of several bytes that could be the padding, first the one that agrees with a number of the header.
    let mut told: Vec<Told> = told.collect();
    told.sort_by_key(|(_, found)| !found.iter().any(|l| l.of == Measure::Text));
    told
}

/// Returns the parts of the records whose texts end so, with the lengths that agree.
fn with_ends(
    sample: &Sample<'_>,
    (pairs, mut found): Told,
    (align, rest): (usize, usize),
    header: usize,
) -> Option<Geometry> {
    let bytes = sample.bytes;
    let first = first_text(sample, align, rest);
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
    geometry.header_len = header.min(low);
    geometry.lead = first.saturating_sub(geometry.header_len);
    let fixed = low - geometry.header_len;
    let good: Vec<_> = gaps
        .iter()
        .filter(|(end, next)| (low..low + align).contains(&(next - end)))
        .copied()
        .collect();
    let header = geometry.header_len;
    // The end of the last record is only known where the first one begins the file.
    if good.iter().any(|(_, next)| next - header > bytes.len()) {
        return None;
    }
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
        (agree.count() * 100 >= good.len() * 85 && may_pad(byte)).then_some(byte)
    };
    // Of several places where the padding could be, the one beside which the fewest bytes change.
    let steady = |front: usize| {
        let share = |byte: &dyn Fn(&(usize, usize)) -> u8| {
            mode(good.iter().map(byte)).is_some_and(|(_, share)| share >= 0.97)
        };
        let before = (0..front).filter(|n| share(&|(end, _)| bytes[end + n]));
        let behind = (1..=fixed - front).filter(|n| share(&|(_, next)| bytes[next - header - n]));
        before.count() + behind.count()
    };
    let splits = (0..=fixed).filter_map(|front| Some((front, split(front)?)));
    let (mut front, pad) = splits.max_by_key(|&(front, _)| (steady(front), front))?;
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
        let footer = back;
        while back > 0 && nearly_all(is_pad(back)) {
            back -= 1;
        }
        geometry.footer_blank = (footer - back).min(MAX_BLANK);
        geometry.front_blank = (before - front).min(MAX_BLANK);
    }
    if back > 0 {
        let is_like = |n: usize| {
            let mut all = good.iter();
            n <= front && all.all(|(end, _)| bytes[end + front - n] == pad)
        };
        geometry.front_like = (1..=MAX_BLANK).take_while(|&n| is_like(n)).count();
    }
    let length = lengths.first();
    let place = length.and_then(|l| in_header(header, l.back, l.size, l.code));
    match length.zip(place) {
        Some((l, place)) if l.is_link => geometry.next = Some((place, l.plus + header as i64)),
        found => geometry.length = found.map(|(l, place)| (place, l.of, l.plus)),
    }
    geometry.front_len = front;
    geometry.behind = (0..front)
        .filter_map(|n| Some((n, mode(good.iter().map(|(end, _)| bytes[end + n]))?)))
        .filter(|(_, (_, share))| *share >= 0.97)
        .map(|(n, (byte, _))| (n, byte))
        .collect();
    geometry.footer_len = back;
    geometry.pad = pad;
    Some(geometry)
}

/// Tells whether a byte may be the padding: nobody fills up with what texts are made of.
fn may_pad(byte: u8) -> bool {
    !byte.is_ascii_graphic() && !b"\t\r\n".contains(&byte)
}

/// Returns how many bytes the header may have: all before the first text, or fewer behind what begins the file. Records
/// are multiples of something, and so is what lies between their beginning and the end of the file.
pub(super) fn headers(sample: &Sample<'_>, (align, rest): (usize, usize)) -> Vec<usize> {
    let first = first_text(sample, align, rest);
    let all = if first <= MAX_ASIDE { first } else { 0 };
    let tail = sample
        .texts
        .last()
        .map_or(0, |t| sample.bytes.len() - t.start);
    if !sample.at_end || rest % align != 0 {
        return vec![all];
    }
    let over = (align - tail % align) % align;
    let mut fewer: Vec<usize> = (over..=first.min(MAX_HEADER)).step_by(align).collect();
    fewer.reverse();
    // A file that is torn at its end says nothing.
    fewer.retain(|&h| h != all);
    fewer.insert(0, all);
    fewer
}

/// Returns how many bytes stand behind the last record; `None` where it is not whole.
pub(super) fn tail(sample: &Sample<'_>, geometry: &Geometry) -> Option<usize> {
    if !sample.at_end {
        return Some(0);
    }
    let last = sample.texts.last()?;
    let start = last.start.checked_sub(geometry.header_len)?;
    let bytes = &sample.bytes[start..];
    // What is like the padding may stand before it.
    let tails = (0..=geometry.front_blank).filter_map(|more| {
        let mut layout = geometry.layout();
        layout.trailer_len += more;
        let record = layout.record(bytes, start as u64).ok()?;
        bytes.len().checked_sub(record.bytes.len())
    });
    tails.min()
}

/// Returns where the first text begins. Where records are multiples of something, so are the distances of their texts; the
/// end of a header that looks like the beginning of a text does not agree with them.
fn first_text(sample: &Sample<'_>, align: usize, rest: usize) -> usize {
    let first = sample.texts[0].start;
    let usual = mode(sample.texts.iter().take(FIT).map(|t| t.start % align));
    let Some((usual, _)) = usual.filter(|_| rest % align == 0) else {
        return first;
    };
    (first..=first + MAX_NAME)
        .find(|&at| at % align == usual && (at == first || begins(sample.bytes, at)))
        .unwrap_or(first)
}

/// Returns the ends of the texts as the padding tells them: what stands before the next record is stripped of one byte, and
/// of as much more as keeps the texts from being text. One list for each byte that gives the padding that the alignment asks
/// for, and not the same to more than a share of the records.
pub(super) fn ends_by_padding(
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
    let mut told = Vec::new();
    pads.retain(|&(_, pad)| may_pad(pad));
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
            mode(stripped.iter().zip(pairs).map(last)).is_some_and(|(byte, share)| {
                share >= 0.97 && byte.is_some_and(|b| is_no_text(b, pairs))
            })
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
        let changing = (0..front).filter(|n| {
            let found = ends.iter().map(|end| bytes.get(end + n));
            mode(found).is_none_or(|(_, share)| share < 0.97)
        });
        told.push(Ends {
            changing: changing.count(),
            beside: front + back,
            ends,
        });
    }
    told
}
