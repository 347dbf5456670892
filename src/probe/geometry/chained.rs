//! Records that begin directly behind a text, with a number of any width: where nothing ends the text, nobody knows from
//! there whether its last digits are the number's first ones. A number that counts the text does: each record shows where
//! the next one begins, up to the end of the file.

use super::clean::is_clean;
use super::varying::{Number, numbers, placed};
use super::{Geometry, Sample, mode};
use crate::probe::layout::Measure;
use crate::probe::scan::{Text, begins};
use crate::probe::value::Code;
use crate::probe::varying::{digits_at, digits_before};

/// What the records are padded to multiples of.
const ALIGNS: [usize; 5] = [1, 2, 4, 8, 16];

/// Bytes behind a text that its length does not count.
const MAX_BEHIND: usize = 2;

/// Bytes before the first number that is known.
const MAX_HEAD: usize = 64;

/// Where a record begins and its text, and the length that is counted.
#[derive(Clone, Copy, Debug)]
struct Span {
    record: usize,
    text: usize,
    len: usize,
}

/// Finds the parts of records of which one of the numbers before the text, or one more, counts the text, and the texts to which
/// the records lead.
pub(in crate::probe) fn chained(sample: &Sample<'_>) -> Option<(Geometry, Vec<Text>)> {
    let (way, numbers, spans) = find(sample, &numbers(sample))?;
    let geometry = way.geometry(sample, &numbers, &spans)?;
    let text = |span: Span| Text {
        start: span.text,
        end: span.text + span.len,
        letter: sample.bytes[span.text],
        other: 0,
    };
    Some((geometry, spans.into_iter().map(text).collect()))
}

/// Finds a way to read all records from the first one on, with all numbers of their headers and their texts.
fn find(sample: &Sample<'_>, numbers: &[Number]) -> Option<(Way, Vec<Number>, Vec<Span>)> {
    let bytes = sample.bytes;
    let first = sample.texts.first()?.start;
    let mut known = first;
    for number in numbers {
        let end = known.checked_sub(number.gap)?;
        known = end - digits_before(&bytes[..end], number.code, number.most());
    }
    if numbers.is_empty() || known > MAX_HEAD {
        return None;
    }
    // What stands before the known numbers is the same many bytes everywhere, or begins with another number.
    let head = |code: Code| {
        let width = digits_at(bytes, code, known);
        let gap = known
            .checked_sub(width)
            .filter(|&gap| width > 0 && gap > 0)?;
        Some((0, [numbers, &[Number::new(gap, code)]].concat()))
    };
    let heads = [
        Some((known, numbers.to_vec())),
        head(Code::Digits),
        head(Code::HexDigits),
    ];
    for (fixed, numbers) in heads.into_iter().flatten() {
        for counts in 0..numbers.len() {
            for behind in 0..=MAX_BEHIND {
                for align in ALIGNS {
                    let way = Way {
                        fixed,
                        counts,
                        behind,
                        align,
                    };
                    let spans = way.spans(sample, &numbers);
                    if let Some(spans) = spans.filter(|s| s.len() >= sample.texts.len()) {
                        return Some((way, numbers, spans));
                    }
                }
            }
        }
    }
    None
}

/// One way to read the records from the first one on.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// Bytes before the first number.
    fixed: usize,
    /// Which number counts the text: the nearest one first.
    counts: usize,
    /// Bytes behind the text that it does not count.
    behind: usize,
    align: usize,
}

impl Way {
    /// Returns the texts, if each record leads to the next one and the last one to the end of the file.
    fn spans(&self, sample: &Sample<'_>, numbers: &[Number]) -> Option<Vec<Span>> {
        let bytes = sample.bytes;
        let mut start = 0;
        let mut spans = Vec::new();
        while start < bytes.len() {
            let mut at = start + self.fixed;
            let mut counted = None;
            for (n, number) in numbers.iter().enumerate().rev() {
                let width = digits_at(bytes.get(at..)?, number.code, number.most());
                if n == self.counts {
                    counted = number.code.get(&bytes[at..at + width]);
                }
                if width == 0
                    || bytes
                        .get(at + width)
                        .is_none_or(|&b| number.code.is_digit(b))
                {
                    return None;
                }
                at += width + number.gap;
            }
            let len = usize::try_from(counted?)
                .ok()
                .filter(|&len| len <= bytes.len())?;
            let end = at + len + self.behind;
            let next = start + (end - start).next_multiple_of(self.align);
            if !sample.at_end && next > bytes.len() {
                break;
            }
            let padding = bytes.get(end..next)?;
            if !begins(bytes, at) || padding.iter().any(|b| Some(b) != padding.first()) {
                return None;
            }
            spans.push(Span {
                record: start,
                text: at,
                len,
            });
            start = next;
        }
        Some(spans)
    }

    fn geometry(
        &self,
        sample: &Sample<'_>,
        numbers: &[Number],
        spans: &[Span],
    ) -> Option<Geometry> {
        let bytes = sample.bytes;
        let header_len = self.fixed + numbers.iter().map(|n| n.gap + n.most()).sum::<usize>();
        // The length may count what ends the texts.
        let is_ending = |back: &usize| {
            let byte = |s: &Span| Some(bytes[s.text + s.len.checked_sub(*back)?]);
            let first = spans.first().and_then(byte);
            first.is_some_and(|b| !b.is_ascii_graphic()) && spans.iter().all(|s| byte(s) == first)
        };
        let ending = (1..=MAX_BEHIND).take_while(is_ending).count();
        let is_text = |s: &Span| is_clean(&bytes[s.text..s.text + s.len - ending]);
        if !spans.iter().all(is_text) {
            return None;
        }
        let places = placed(header_len, numbers)?;
        let length = places[places.len() - 1 - self.counts];
        Some(Geometry {
            header_len,
            front_len: ending + self.behind,
            align: self.align,
            pad: self.pad(bytes, spans),
            length: Some((length, Measure::Text, ending as i64)),
            numbers: places,
            ..Geometry::default()
        })
    }

    /// Returns the byte that stands between records which are padded.
    fn pad(&self, bytes: &[u8], spans: &[Span]) -> u8 {
        let pad = |pair: &[Span]| {
            let end = pair[0].text + pair[0].len + self.behind;
            (end < pair[1].record).then(|| bytes[end])
        };
        mode(spans.windows(2).filter_map(pad)).map_or(0, |(pad, _)| pad)
    }
}
