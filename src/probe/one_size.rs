//! Files whose records all have one size: their texts stand at equal distances.

use super::geometry::mode;
use super::scan::{Text, begins};

/// Distances that must be seen before they mean anything.
const MIN_STRIDES: usize = 4;

/// Returns the size of the records, if all seem to have one; a text that was not found makes a distance of two of them.
pub(super) fn size(texts: &[Text]) -> Option<usize> {
    let strides: Vec<usize> = texts.windows(2).map(|w| w[1].start - w[0].start).collect();
    let (size, share) = mode(strides.iter().copied())?;
    // Without texts of different lengths, any framing makes records of one size.
    let lengths = mode(texts.iter().map(|t| t.end - t.start));
    let differ = lengths.is_some_and(|(_, share)| share < 0.9);
    // A single text may seem to begin elsewhere. Two of them one after the other are records of another size.
    let (place, _) = mode(texts.iter().map(|t| t.start % size))?;
    let is_off = |text: &Text| text.start % size != place;
    let off = texts.iter().filter(|t| is_off(t)).count();
    let are_single = !texts.windows(2).any(|w| is_off(&w[0]) && is_off(&w[1]));
    let is_one = strides.len() >= MIN_STRIDES && share >= 0.6 && differ;
    (is_one && are_single && off * 20 <= texts.len()).then_some(size)
}

/// Adds the texts that were taken for a part of the one before, where records have one size: what pads a text may lead from
/// it into the next record.
pub(super) fn fill(bytes: &[u8], texts: &mut Vec<Text>) {
    let Some(size) = size(texts) else { return };
    let mut filled = Vec::with_capacity(texts.len());
    let ends: Vec<usize> = texts.iter().skip(1).map(|t| t.start).collect();
    for (n, text) in texts.iter().enumerate() {
        // Behind the last one found, another may stand as well.
        let stop = ends.get(n).copied().unwrap_or(bytes.len());
        filled.push(*text);
        let missing = (text.start + size..stop).step_by(size);
        for start in missing.take_while(|&at| begins(bytes, at)) {
            if let Some(before) = filled.last_mut() {
                before.end = before.end.min(start);
            }
            filled.push(Text {
                start,
                end: text.end.max(start + 4).min(stop),
                letter: bytes[start],
                other: 0,
            });
        }
    }
    *texts = filled;
}

#[cfg(test)]
mod tests {
    use super::super::scan;
    use super::*;

    #[test]
    fn a_comment_behind_blanks_is_found_by_its_place() {
        let mut bytes = Vec::new();
        for n in 0..9 {
            let text = match n {
                4 => "# list of NET follows".to_owned(),
                _ => format!("A {}\tPCM:N/P/U{n}", "Name".repeat(1 + n % 3)),
            };
            bytes.extend(format!("{n:04} {text:40}").bytes());
        }
        let mut texts = scan::scan(&bytes);
        assert_eq!(texts.len(), 8);
        assert_eq!(size(&texts), Some(45));
        fill(&bytes, &mut texts);
        let starts: Vec<usize> = texts.iter().map(|t| t.start).collect();
        assert_eq!(starts, (0..9).map(|n| 5 + 45 * n).collect::<Vec<_>>());
        assert_eq!(texts[4].letter, b'#');
    }
}
