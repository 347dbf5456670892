//! Where the texts begin that were found: a header may end with what looks like the beginning of one, and the other headers
//! show it.

use super::geometry::mode;
use super::scan::{MAX_NAME, Text, begins};

/// Bytes before a text that are compared with those before the others.
const COMPARED: usize = 16;
/// As many more of them agree where a text rather begins.
const CLEARLY: usize = 3;

/// Moves the starts of the texts where many could begin later by the same number of bytes: a header may end with
/// bytes that look like the beginning of a transaction, names do not all begin so.
pub(super) fn settle(texts: &mut [Text]) {
    let named = texts
        .iter()
        .filter(|t| matches!(t.letter, b'A' | b'D' | b'M'));
    let count = named.clone().count();
    let others = named.map(|t| t.other).filter(|&o| o > 0);
    let Some((other, _)) = mode(others.clone()) else {
        return;
    };
    // Lines in columns have their place anyway, and the last byte of the header may change.
    if count >= 8 && others.filter(|&o| o == other).count() * 4 >= count {
        for text in texts.iter_mut().filter(|t| t.other == other) {
            text.start += other;
            text.other = 0;
        }
    }
}

/// Moves the starts of single texts: where bytes before the texts are the same nearly everywhere, and not before this one,
/// but so before a later place where it could begin, its header ended with what looked like the beginning of a text.
pub(super) fn align(bytes: &[u8], texts: &mut [Text]) {
    if texts.len() < 8 {
        return;
    }
    let before = |start: usize, back: usize| start.checked_sub(back).map(|at| bytes[at]);
    let usual: Vec<(usize, u8)> = (1..=COMPARED)
        .filter_map(|back| {
            let (byte, share) = mode(texts.iter().filter_map(|t| before(t.start, back)))?;
            (share >= 0.75).then_some((back, byte))
        })
        .collect();
    let agreeing = |start: usize| {
        let agree = |&&(back, byte): &&(usize, u8)| before(start, back) == Some(byte);
        usual.iter().filter(agree).count()
    };
    for text in texts.iter_mut() {
        let found = agreeing(text.start);
        if found == usual.len() {
            continue;
        }
        // Of many bytes, a few may differ where the text begins as well.
        let fits = |at: usize| {
            let agreed = agreeing(at);
            agreed == usual.len() || agreed >= found + CLEARLY && agreed * 4 >= usual.len() * 3
        };
        let later = (text.start + 1..text.end.min(text.start + MAX_NAME))
            .find(|&at| begins(bytes, at) && fits(at));
        if let Some(start) = later {
            text.start = start;
            text.letter = bytes[start];
            text.other = 0;
        }
    }
}
