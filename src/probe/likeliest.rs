//! The choice between all ways to part the records of a file: the one that says them in the fewest bits.

use std::collections::{HashMap, HashSet};

use super::checksum::Record;
use super::fields::{self, Effort};
use super::geometry::{self, Geometry, Sample};
use super::layout::{Field, Layout, Meaning, bytes_at};
use super::scan;
use super::value::Zone;

/// Bits of a record that does not fit, and of a doubt about where records begin and end.
const MISS: f64 = 800.0;
/// See [`MISS`].
const UNSURE: f64 = 30.0;

/// Bits of saying that something stands before the first record: such files have no header (spec/files.md 4.15).
const LEAD: f64 = 30.0;
/// Bits of saying that something stands behind the last one.
const TAIL: f64 = 15.0;

/// Bits of padding with anything but zeros, blanks or 0xff.
const PAD: f64 = 30.0;

/// Bits that a number between separators has for itself: of one width, it would need none.
const PARTED: f64 = 8.0;

/// Bits of a byte of text, and of one that not every code page has in common.
const TEXT: f64 = 4.0;
/// See [`TEXT`].
const HIGH: f64 = 7.0;

/// Bytes behind a text that are looked at whether they are the rest of it.
const MAX_CUT: usize = 4;

/// Records whose lengths have a divisor in common, so many that it is not by chance.
const MIN_ALIGNED: usize = 8;

/// Other ways that are looked at with all effort.
const MAX_OTHERS: usize = 3;

/// Returns the framing that says all records in the fewest bits.
pub(super) fn likeliest(sample: &Sample<'_>) -> Option<Layout> {
    let ways = geometry::infer(sample);
    let (first, others) = ways.split_first()?;
    let mut others: Vec<_> = others
        .iter()
        .map(|geometry| (weigh(sample, geometry, Effort::Quick), geometry))
        .collect();
    others.sort_by(|a, b| a.0.bits.total_cmp(&b.0.bits));
    let mut seen = vec![weigh(sample, first, Effort::Full)];
    let mut least = seen[0].bits;
    for (quick, geometry) in others.into_iter().take(MAX_OTHERS) {
        // Were all its fields for nothing, it would still cost more.
        if quick.rest >= least + fields::NEAR {
            continue;
        }
        let full = weigh(sample, geometry, Effort::Full);
        least = least.min(full.bits);
        seen.push(full);
    }
    seen.sort_by(|a, b| a.bits.total_cmp(&b.bits));
    let mut best = seen.remove(0);
    let aside = |layout: &Layout| (layout.lead, layout.tail);
    let near = |other: &&Reading| {
        other.bits < best.bits + fields::NEAR && aside(&other.layout) != aside(&best.layout)
    };
    if let Some(other) = seen.iter().find(near) {
        let (lead, tail) = aside(&other.layout);
        best.layout.doubts.push(format!(
            "the first record may as well begin at byte {lead}, with {tail} bytes behind the last one"
        ));
    }
    Some(doubt_ends(sample, best.layout))
}

/// A reading of a sample, and what it costs to say all of it so.
struct Reading {
    layout: Layout,
    bits: f64,
    /// Those of everything but the fields.
    rest: f64,
}

/// Says where padding may have been taken for text: lengths of records are not all multiples of something by chance.
fn doubt_ends(sample: &Sample<'_>, mut layout: Layout) -> Layout {
    let rows = geometry::rows(sample, &layout, usize::MAX);
    let common = rows
        .iter()
        .fold(0, |common, (_, r)| geometry::gcd(common, r.bytes.len()));
    // What ends with a sign or the end of a line is not filled up.
    let is_filled = |(_, r): &(usize, Record<'_>)| {
        let last = r.bytes.last();
        last.is_some_and(|b| !b.is_ascii_graphic() && !b"\r\n\x1a".contains(b))
    };
    let may_be_padded = layout.align <= 1 && common > 1 && rows.iter().any(is_filled);
    if may_be_padded && rows.len() >= MIN_ALIGNED {
        layout.doubts.push(format!(
            "the lengths of all records are multiples of {common}: what ends their texts may be padding"
        ));
    }
    layout
}

fn weigh(sample: &Sample<'_>, geometry: &Geometry, effort: Effort) -> Reading {
    let (layout, bits) = fields::infer(sample, geometry, effort);
    let count = sample.texts.len();
    let rows = geometry::rows(sample, &layout, usize::MAX);
    let misses = count - rows.len().min(count);
    let doubts = geometry.doubts.len();
    // The texts themselves have to be said as well: what is around them is not to be taken for text.
    let texts =
        text_bits(&rows) + 2.0 * TEXT * (rows.len() * cut_len(sample, &layout, &rows)) as f64;
    let fields = bits * rows.len() as f64 / count.min(fields::FIT) as f64;
    let unusual = [
        (geometry.lead > 0, LEAD),
        (geometry.tail > 0, TAIL),
        (
            layout.align > 1 && !matches!(layout.pad, 0 | b' ' | 0xff),
            PAD,
        ),
    ];
    let unusual = unusual.iter().filter(|(is, _)| *is).map(|(_, bits)| bits);
    let rest = texts + MISS * misses as f64 + UNSURE * doubts as f64 + unusual.sum::<f64>()
        - PARTED * geometry.numbers.len() as f64;
    // What no record fits is no reading, whatever it costs.
    let bits = match rows.len() {
        0 | 1 => f64::INFINITY,
        _ => fields + rest,
    };
    Reading { layout, bits, rest }
}

/// Returns the bits of the texts: each byte is foretold by the two before it, and so is the end. What all have in common, as
/// addresses of one place do, costs hardly more than once, and nothing is won by taking it for something else.
fn text_bits(rows: &[(usize, Record<'_>)]) -> f64 {
    const END: u8 = 0;
    let texts = rows
        .iter()
        .take(fields::FIT)
        .map(|(_, r)| &r.bytes[r.text..r.text_end]);
    let mut groups = HashMap::<[u8; 2], Vec<u8>>::new();
    for text in texts {
        let mut before = [END; 2];
        for &byte in text.iter().chain([&END]) {
            groups.entry(before).or_default().push(byte);
            before = [before[1], byte];
        }
    }
    let plain = |byte: &u8| if *byte < 0x80 { TEXT } else { HIGH };
    let bits: f64 = groups
        .into_values()
        .map(|bytes| {
            let alone: f64 = bytes.iter().map(plain).sum();
            fields::listed(bytes, plain).min(alone)
        })
        .sum();
    bits * rows.len() as f64 / rows.len().clamp(1, fields::FIT) as f64
}

/// Returns how many bytes behind the texts look like the rest of them: letters and digits of many kinds in a binary field, or
/// of some kinds where others have what ends or pads a text.
fn cut_len(sample: &Sample<'_>, layout: &Layout, rows: &[(usize, Record<'_>)]) -> usize {
    if !layout.terminator.is_empty() {
        return 0;
    }
    // What stands so far behind the text of most records, be it trailer, padding, footer or the next header.
    let place_at = |at: usize| {
        let places = rows.iter().map(|(_, r)| {
            let trailer_end = r.terminator_end + layout.trailer_len;
            match r.text_end + at {
                at if at < trailer_end => Some((Zone::Trailer, at - r.terminator_end)),
                at if at < r.footer => None,
                at if at < r.bytes.len() => Some((Zone::Footer, at - r.footer)),
                at => Some((Zone::Header, at - r.bytes.len())),
            }
        });
        geometry::mode(places).and_then(|(place, _)| place)
    };
    // Of a number with bytes that no text has, one may look like a letter.
    let is_binary = |field: &Field| {
        let found = rows.iter().filter_map(|(_, r)| r.at(&field.place));
        let (binary, text): (Vec<&[u8]>, Vec<&[u8]>) =
            found.partition(|bytes| bytes.iter().any(|&b| !scan::is_text(b)));
        binary.len() > text.len()
    };
    let is_rest = |at: &usize| {
        // Padding is none.
        let Some((zone, offset)) = place_at(*at) else {
            return false;
        };
        let byte = bytes_at(zone, offset, 1);
        let field = layout.fields.iter().find(|f| f.place.overlaps(&byte));
        let is_explained = field.is_some_and(|field| match field.meaning {
            Meaning::Constant(_) => true,
            Meaning::Sync | Meaning::Length { .. } | Meaning::Link { .. } => {
                field.place.code.is_text() || is_binary(field)
            }
            _ => field.place.code.is_text(),
        });
        let next = rows.iter().map(|(start, r)| start + r.text_end + at);
        let bytes: Vec<u8> = next
            .filter_map(|at| sample.bytes.get(at))
            .copied()
            .collect();
        let graphic = bytes.iter().filter(|b| b.is_ascii_graphic()).count();
        let kinds: HashSet<&u8> = bytes.iter().collect();
        let ends: HashSet<&u8> = bytes.iter().filter(|&&b| !scan::is_text(b)).collect();
        // A date may have a few letters for its highest byte, and nothing else there.
        let is_unknown = field.is_none_or(|f| matches!(f.meaning, Meaning::Unknown { .. }));
        let is_mixed = zone == Zone::Trailer && !ends.is_empty();
        let least = if is_unknown || is_mixed { 3 } else { 10 };
        !is_explained
            && ends.len() <= 2
            && graphic * 10 >= rows.len()
            && kinds.len() + ends.len() >= rows.len().min(least)
    };
    (0..MAX_CUT).take_while(is_rest).count()
}
