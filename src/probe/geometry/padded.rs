//! Records that are padded, to a multiple of something or to one size.

use std::collections::{HashMap, HashSet};

use super::lengths::{Length, in_header};
use super::padding::{Told, may_pad, told};
use super::{FIT, Geometry, MAX_ASIDE, Sample, mode, steady};
use crate::probe::layout::Measure;
use crate::probe::scan::{MAX_NAME, Text, begins};

/// Bytes like the padding that are tried as part of what stands before it.
const MAX_BLANK: usize = 4;

/// Bytes of a header that are tried behind what begins the file.
const MAX_HEADER: usize = 160;

/// Ways to part the beginning of a file from its first record that are looked at closely.
const MAX_WAYS: usize = 6;

/// Records that are padded to a multiple of something, or all of one size, in the ways that the beginning of the file can be
/// parted from the first one.
pub(super) fn ways(
    sample: &Sample<'_>,
    pairs: &[(Text, usize)],
    lengths: &[Length],
    aligned: (usize, usize),
    size: Option<usize>,
) -> Vec<Geometry> {
    // What follows the last record is only known where the header before the first text is all that stands there.
    let is_within = |header: &usize| {
        pairs
            .last()
            .is_some_and(|(t, stride)| t.start + stride <= sample.bytes.len() + header)
    };
    let mut ways: Vec<Geometry> = headers(sample, aligned)
        .into_iter()
        .filter(is_within)
        .flat_map(|header| padded(sample, pairs, lengths, aligned, header))
        .map(|geometry| Geometry { size, ..geometry })
        .collect();
    // Most files begin with their first record. Otherwise, what stands around the texts takes the fewest bytes where
    // nothing of them is taken for it.
    for geometry in &mut ways {
        // Something may stand behind the last record, but not before the first one, too.
        let tail = tail(sample, geometry).filter(|&tail| tail == 0 || geometry.lead == 0);
        geometry.tail = tail.unwrap_or(usize::MAX);
    }
    let (mut ways, torn): (Vec<_>, Vec<_>) = ways.into_iter().partition(|g| g.tail <= MAX_ASIDE);
    ways.sort_by_key(|g| match g.lead {
        0 => 0,
        _ => g.header_len + g.front_len + g.footer_len,
    });
    let at_start = ways.iter().filter(|g| g.lead + g.tail == 0);
    let mut leads = HashSet::new();
    let behind = ways.iter().filter(|g| g.lead > 0 && leads.insert(g.lead));
    let before = ways.iter().filter(|g| g.tail > 0).take(1);
    let parted = at_start
        .take(MAX_WAYS / 2)
        .chain(behind.take(MAX_WAYS - MAX_WAYS / 2));
    let mut found: Vec<Geometry> = parted.chain(before).cloned().collect();
    // A file that is torn at its end tells no way from another.
    if let (true, Some(first)) = (found.is_empty(), torn.into_iter().find(|g| g.lead == 0)) {
        let doubt = "the file does not end with a whole record";
        found.push(Geometry { tail: 0, ..first });
        found[0].doubts.push(doubt.to_owned());
    }
    found
}

/// Records that are padded to a multiple of something, in the ways that the bytes which may be the padding tell it.
fn padded(
    sample: &Sample<'_>,
    pairs: &[(Text, usize)],
    lengths: &[Length],
    aligned: (usize, usize),
    header: usize,
) -> Vec<Geometry> {
    let is_first = header == first_text(sample, aligned);
    let mut told = told(sample, pairs, aligned, header, is_first);
    if told.is_empty() {
        told.push((pairs.to_vec(), lengths.to_vec()));
    }
    let ways = told.into_iter();
    ways.filter_map(|told| with_ends(sample, told, aligned, header))
        .collect()
}

/// Returns the parts of the records whose texts end so, with the lengths that agree.
fn with_ends(
    sample: &Sample<'_>,
    (pairs, mut found): Told,
    (align, rest): (usize, usize),
    header: usize,
) -> Option<Geometry> {
    let bytes = sample.bytes;
    let first = first_text(sample, (align, rest));
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
    let steady_len = |front: usize| {
        let is_steady =
            |byte: &dyn Fn(&(usize, usize)) -> u8| steady(good.iter().map(byte)).is_some();
        let before = (0..front).filter(|n| is_steady(&|(end, _)| bytes[end + n]));
        let behind =
            (1..=fixed - front).filter(|n| is_steady(&|(_, next)| bytes[next - header - n]));
        before.count() + behind.count()
    };
    let splits = (0..=fixed).filter_map(|front| Some((front, split(front)?)));
    let (mut front, pad) = splits.max_by_key(|&(front, _)| (steady_len(front), front))?;
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
        .filter_map(|n| Some((n, steady(good.iter().map(|(end, _)| bytes[end + n]))?)))
        .collect();
    geometry.footer_len = back;
    geometry.pad = pad;
    Some(geometry)
}

/// Returns how many bytes the header may have: all before the first text, or fewer behind what begins the file. Records
/// are multiples of something, and so is what lies between their beginning and the end of the file.
fn headers(sample: &Sample<'_>, (align, rest): (usize, usize)) -> Vec<usize> {
    let first = first_text(sample, (align, rest));
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
fn tail(sample: &Sample<'_>, geometry: &Geometry) -> Option<usize> {
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
fn first_text(sample: &Sample<'_>, (align, rest): (usize, usize)) -> usize {
    let first = sample.texts[0].start;
    let usual = mode(sample.texts.iter().take(FIT).map(|t| t.start % align));
    let Some((usual, _)) = usual.filter(|_| rest % align == 0) else {
        return first;
    };
    (first..=first + MAX_NAME)
        .find(|&at| at % align == usual && (at == first || begins(sample.bytes, at)))
        .unwrap_or(first)
}
