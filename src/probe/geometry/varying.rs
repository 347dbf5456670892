//! Numbers of varying width before the texts: they are found from the text backwards, and filled up to one width, so that
//! the rest is as with any other header.

use std::collections::HashSet;

use super::{FIT, Geometry, Sample, mode};
use crate::probe::layout::Measure;
use crate::probe::scan::{MAX_NAME, Text, begins};
use crate::probe::value::{Code, Place, Zone};
use crate::probe::varying::{MAX_NUMBERS, MOST_DECIMAL, MOST_HEX, digits_before};

/// Bytes that may stand between a number and the next one, or the text.
const MAX_GAP: usize = 48;

/// A number before each text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    /// Bytes between it and the number behind it, or the text.
    pub(super) gap: usize,
    pub(super) code: Code,
    /// Its width is not the same everywhere.
    varies: bool,
}

impl Number {
    /// Makes a number whose width varies.
    pub(super) fn new(gap: usize, code: Code) -> Self {
        Self {
            gap,
            code,
            varies: true,
        }
    }

    /// Returns the digits that it may have.
    pub(super) fn most(&self) -> usize {
        most(self.code)
    }
}

fn most(code: Code) -> usize {
    match code {
        Code::HexDigits => MOST_HEX,
        _ => MOST_DECIMAL,
    }
}

/// Finds the parts of records with numbers of varying width in their headers, as they may be, each with a flag: they are
/// rather so than with a header of one length.
pub(super) fn varying(sample: &Sample<'_>) -> Vec<(Geometry, bool)> {
    let numbers = numbers(sample);
    if numbers.is_empty() {
        return Vec::new();
    }
    // Separators around numbers of one width would be of no use: those are of one width in this file only.
    let varies = numbers.iter().any(|n| n.varies);
    let chained = sample.chained.map(|geometry| (geometry.clone(), true));
    let even = by_distances(sample, &numbers).map(|geometry| (geometry, !varies));
    chained.into_iter().chain(even).collect()
}

/// Finds the parts of the records as if each number had its most digits.
fn by_distances(sample: &Sample<'_>, numbers: &[Number]) -> Option<Geometry> {
    let (bytes, texts, lacks) = widened(sample, numbers);
    let wide = Sample {
        bytes: &bytes,
        texts: &texts,
        ..*sample
    };
    let mut geometry = super::even(&wide, super::pairs(&wide), &lacks)
        .into_iter()
        .next()?;
    geometry.numbers = placed(geometry.header_len, numbers)?;
    // A length that is a part of such a number is all of it.
    if let Some((place, of, _)) = &mut geometry.length {
        if let Some(whole) = geometry.numbers.iter().find(|n| n.overlaps(place)) {
            *place = *whole;
        } else if *of == Measure::Previous {
            return None;
        }
    }
    Some(geometry)
}

/// Returns the places of the numbers in a header of some bytes, in their order.
pub(super) fn placed(header_len: usize, numbers: &[Number]) -> Option<Vec<Place>> {
    let mut end = header_len;
    let mut places = Vec::new();
    for number in numbers {
        let offset = end.checked_sub(number.gap + number.most())?;
        places.push(Place {
            zone: Zone::Header,
            offset,
            size: number.most(),
            code: number.code,
        });
        end = offset;
    }
    places.reverse();
    Some(places)
}

/// Finds the numbers, the one nearest to the text first.
pub(super) fn numbers(sample: &Sample<'_>) -> Vec<Number> {
    let texts = &sample.texts[..sample.texts.len().min(FIT)];
    let floors: Vec<usize> = std::iter::once(0)
        .chain(texts.iter().map(|t| t.start + 4))
        .collect();
    let mut ends: Vec<usize> = texts.iter().map(|t| t.start).collect();
    let mut found = Vec::new();
    while found.len() < MAX_NUMBERS {
        let next = (1..=MAX_GAP).find_map(|gap| {
            [Code::Digits, Code::HexDigits]
                .into_iter()
                .find_map(|code| number(sample.bytes, &ends, &floors, gap, code))
        });
        let Some(number) = next else { break };
        for (end, floor) in ends.iter_mut().zip(&floors) {
            *end = end.saturating_sub(number.gap).max(*floor);
            *end -= digits_before(&sample.bytes[*floor..*end], number.code, number.most());
        }
        found.push(number);
    }
    found
}

/// Weighs whether a number ends so many bytes before each of some ends.
fn number(
    bytes: &[u8],
    ends: &[usize],
    floors: &[usize],
    gap: usize,
    code: Code,
) -> Option<Number> {
    let mut widths = Vec::new();
    let mut last = HashSet::new();
    let mut separators = Vec::new();
    let mut befores = Vec::new();
    let mut has_letters = false;
    let (mut filled, mut blanks) = (0, 0);
    for (n, (&end, &floor)) in ends.iter().zip(floors).enumerate() {
        let digits = end
            .checked_sub(gap)
            .filter(|&at| at > floor)
            .map_or(&[][..], |at| &bytes[floor..at]);
        let width = digits_before(digits, code, most(code) + 1);
        let number = &digits[digits.len() - width..];
        // As many digits as it has: none begins with nought. A separator parts it from what follows.
        filled += usize::from(matches!(number, [b'0', _, ..]));
        let is_number = match number {
            [] => false,
            [b'0', _, ..] => false,
            _ => width <= most(code) && !code.is_digit(bytes[end - gap]),
        };
        if is_number {
            has_letters |= number.iter().any(u8::is_ascii_alphabetic);
            last.extend(number.last().copied());
            widths.push(width);
            separators.push(bytes[end - gap]);
            let before = |back| (end - gap - width).checked_sub(back).map(|at| bytes[at]);
            befores.push(before(1));
            blanks += usize::from(before(1) == Some(b' ') && before(2) == Some(b' '));
        }
        if (n + 1 - widths.len()) * 20 > ends.len() {
            return None;
        }
    }
    let (separator, share) = mode(separators.iter().copied())?;
    // The first record may begin with its number, and so with the file.
    let (_, share_before) = mode(befores.iter().skip(1).copied())?;
    // Directly behind the text, nobody knows from here which digits are still part of it.
    let graphic = befores.iter().flatten().filter(|b| b.is_ascii_graphic());
    let is_behind_text = share_before <= 0.97 && graphic.count() * 10 > befores.len() * 6;
    let (usual, _) = mode(widths.iter().copied())?;
    let others = widths.iter().filter(|&&w| w != usual).count();
    // A number that never changes its width is one of any width only where signs part it from the rest.
    let is_sign = matches!(separator, b'\t' | b'\r' | b'\n' | b' '..=b'~');
    // Behind blanks it is rather filled up with them.
    let is_parted = is_sign
        && !separator.is_ascii_alphanumeric()
        && share_before > 0.97
        && blanks * 2 < widths.len();
    let fits = (others > 0 || is_parted)
        && !is_behind_text
        && filled * 100 <= ends.len()
        && share > 0.97
        && last.len() >= 3
        && (code == Code::Digits || has_letters);
    fits.then_some(Number {
        gap,
        code,
        varies: others > 0,
    })
}

/// Fills the numbers up with zeros at their left; returns the bytes, the texts in them, and what each header lacked.
fn widened(sample: &Sample<'_>, numbers: &[Number]) -> (Vec<u8>, Vec<Text>, Vec<usize>) {
    let mut bytes = Vec::with_capacity(sample.bytes.len() * 5 / 4);
    let mut texts = Vec::with_capacity(sample.texts.len());
    let mut lacks = Vec::with_capacity(sample.texts.len());
    let mut from = 0;
    let mut floor = 0;
    for text in sample.texts {
        // The end of a header may look like the beginning of its text.
        let starts = (text.start..=text.start + MAX_NAME)
            .filter(|&at| at == text.start || begins(sample.bytes, at) && at < text.end);
        let found = starts
            .filter_map(|at| Some((at, inserts(sample.bytes, at, floor, numbers)?)))
            .next();
        let (text_start, inserts) = found.unwrap_or((text.start, Vec::new()));
        for &(at, count) in inserts.iter().rev() {
            bytes.extend_from_slice(&sample.bytes[from..at]);
            bytes.resize(bytes.len() + count, b'0');
            from = at;
        }
        lacks.push(inserts.iter().map(|(_, count)| count).sum());
        bytes.extend_from_slice(&sample.bytes[from..text_start]);
        from = text_start;
        floor = text_start + 4;
        let start = bytes.len();
        texts.push(Text {
            start,
            end: start + text.end.saturating_sub(text_start),
            ..*text
        });
    }
    bytes.extend_from_slice(&sample.bytes[from..]);
    // A text that seemed to go on into the next header ends with it at the latest.
    for n in 1..texts.len() {
        texts[n - 1].end = texts[n - 1].end.min(texts[n].start);
    }
    (bytes, texts, lacks)
}

/// Returns where zeros go before a text, from it backwards, and how many; `None` where the numbers are not there.
fn inserts(
    bytes: &[u8],
    start: usize,
    floor: usize,
    numbers: &[Number],
) -> Option<Vec<(usize, usize)>> {
    let mut end = start;
    let insert = |number: &Number| {
        let at = end.checked_sub(number.gap).filter(|&at| at > floor)?;
        let width = digits_before(&bytes[floor..at], number.code, number.most());
        end = at - width;
        (width > 0).then_some((end, number.most() - width))
    };
    numbers.iter().map(insert).collect()
}
