//! The choice between all ways to part the records of a file: the one that says them in the fewest bits.

use std::collections::HashSet;

use super::checksum::Record;
use super::fields::{self, Effort};
use super::geometry::{self, Breadth, Geometry, Sample};
use super::layout::{Layout, Meaning, bytes_at};
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

/// Bits of a byte of text.
const TEXT: f64 = 4.0;

/// Bytes behind a text that are looked at whether they are the rest of it.
const MAX_CUT: usize = 4;

/// Bytes of a record that may stay unexplained before another way to part the records is looked for.
const FEW: usize = 1;

/// Records whose lengths have a divisor in common, so many that it is not by chance.
const MIN_ALIGNED: usize = 8;

/// Other ways that are looked at with all effort.
const MAX_OTHERS: usize = 3;

/// Returns the framing that says all records in the fewest bits.
pub(super) fn likeliest(sample: &Sample<'_>) -> Option<Layout> {
    // Of all ways to part the records, the one that says them in the fewest bits.
    let likeliest = geometry::infer(sample, Breadth::First).into_iter().next();
    let any = || geometry::infer(sample, Breadth::All).into_iter().next();
    let first = likeliest.or_else(any)?;
    let best = weigh(sample, &first, Effort::Full);
    if best.explains_all && first.lead + first.tail == 0 {
        return Some(doubt_ends(sample, best.layout));
    }
    let quick = |geometry| (weigh(sample, geometry, Effort::Quick).bits, geometry);
    let ways = geometry::infer(sample, Breadth::All);
    let mut others: Vec<_> = ways.iter().filter(|g| **g != first).map(quick).collect();
    others.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut seen = vec![best];
    for (_, geometry) in others.into_iter().take(MAX_OTHERS) {
        seen.push(weigh(sample, geometry, Effort::Full));
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
    /// Every record fits, and hardly a byte is left unexplained.
    explains_all: bool,
}

/// Says where padding may have been taken for text: lengths of records are not all multiples of something by chance.
fn doubt_ends(sample: &Sample<'_>, mut layout: Layout) -> Layout {
    let rows = geometry::rows(sample, &layout, usize::MAX);
    let common = rows
        .iter()
        .fold(0, |common, (_, r)| gcd(common, r.bytes.len()));
    if layout.align <= 1 && common > 1 && rows.len() >= MIN_ALIGNED {
        layout.doubts.push(format!(
            "the lengths of all records are multiples of {common}: what ends their texts may be padding"
        ));
    }
    layout
}

fn gcd(a: usize, b: usize) -> usize {
    match b {
        0 => a,
        _ => gcd(b, a % b),
    }
}

fn weigh(sample: &Sample<'_>, geometry: &Geometry, effort: Effort) -> Reading {
    let (layout, bits) = fields::infer(sample, geometry, effort);
    let count = sample.texts.len();
    let rows = geometry::rows(sample, &layout, usize::MAX);
    let misses = count - rows.len().min(count);
    let doubts = geometry.doubts.len();
    // The texts themselves have to be said as well: what is around them is not to be taken for text.
    let texts: usize = rows.iter().map(|(_, r)| r.text_end - r.text).sum();
    let texts = texts + 2 * rows.len() * cut_len(sample, &layout, &rows);
    let bits = bits * rows.len() as f64 / count.min(fields::FIT) as f64
        + TEXT * texts as f64
        + MISS * misses as f64
        + UNSURE * doubts as f64
        + if geometry.lead > 0 { LEAD } else { 0.0 }
        + if geometry.tail > 0 { TAIL } else { 0.0 }
        + if layout.align > 1 && !matches!(layout.pad, 0 | b' ' | 0xff) {
            PAD
        } else {
            0.0
        }
        - PARTED * geometry.numbers.len() as f64;
    // What no record fits is no reading, whatever it costs.
    let bits = if rows.len() < 2 { f64::INFINITY } else { bits };
    Reading {
        explains_all: misses + doubts == 0 && layout.unexplained_len() <= FEW,
        layout,
        bits,
    }
}

/// Returns how many bytes behind the texts look like the rest of them: letters and digits of many kinds in a binary field.
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
    let is_rest = |at: &usize| {
        let place = place_at(*at).map(|(zone, offset)| bytes_at(zone, offset, 1));
        let field = place.and_then(|byte| layout.fields.iter().find(|f| f.place.overlaps(&byte)));
        // A date may have a few letters for its highest byte.
        let least = match field.map(|f| (&f.meaning, f.place.code.is_text())) {
            Some((Meaning::Constant(_), _) | (_, true)) => return false,
            None | Some((Meaning::Unknown { .. }, _)) => 3,
            Some(_) => 10,
        };
        let next = rows.iter().map(|(start, r)| start + r.text_end + at);
        let bytes: Vec<u8> = next
            .filter_map(|at| sample.bytes.get(at))
            .copied()
            .collect();
        let share = |is: &dyn Fn(u8) -> bool| bytes.iter().filter(|&&b| is(b)).count() * 100;
        let kinds: HashSet<&u8> = bytes.iter().collect();
        share(&scan::is_text) >= rows.len() * 97
            && share(&|b| b.is_ascii_graphic()) >= rows.len() * 75
            && kinds.len() >= rows.len().min(least)
    };
    (0..MAX_CUT).take_while(is_rest).count()
}
