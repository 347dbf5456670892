//! Whether bytes are text and nothing else.

use crate::probe::scan::{Text, goes_on, is_text, joiner_len};

/// Tells whether bytes are nothing but lines of text.
pub(in crate::probe) fn is_clean(text: &[u8]) -> bool {
    if text.len() < 3 || !text.last().is_some_and(|&b| is_text(b) && b != b' ') {
        return false;
    }
    let mut at = 0;
    while at < text.len() {
        let joiner = joiner_len(text, at);
        if joiner > 0 {
            let line = text.get(at + joiner..).unwrap_or_default();
            let len = line.iter().position(|&b| !is_text(b) && b != b'\t');
            let line = &line[..len.unwrap_or(line.len())];
            let goes_on = match line {
                [b'-', rest @ ..] => rest.contains(&b'/'),
                [b'&', rest @ ..] => rest.contains(&b'='),
                _ => goes_on(line),
            };
            if !goes_on {
                return false;
            }
            at += joiner;
        } else if is_text(text[at]) || text[at] == b'\t' {
            at += 1;
        } else {
            return false;
        }
    }
    true
}

/// Texts that do not all end with the same letter or sign by chance.
const MANY: usize = 20;

/// Tells whether a byte that all these texts would end with is no part of them. Addresses of one place may all end alike, and
/// those of X.400 with a semicolon; requests and comments have no address.
pub(super) fn is_no_text(byte: u8, texts: &[(Text, usize)]) -> bool {
    let count = |is: fn(u8) -> bool| texts.iter().filter(|(t, _)| is(t.letter)).count();
    let addresses = count(|letter| matches!(letter, b'A' | b'D' | b'M'));
    let are_mixed = addresses > 1 && texts.len() - addresses > 1;
    !byte.is_ascii_graphic() || texts.len() >= MANY && are_mixed
}

/// Tells whether all texts would end with the same byte, which is no part of them.
pub(super) fn same_last(bytes: &[u8], good: &[(Text, usize)], overhead: usize) -> bool {
    let last = |&(t, stride): &(Text, usize)| {
        let at = t.start + stride.checked_sub(overhead + 1)?;
        bytes.get(at).copied()
    };
    let first = good.first().and_then(last);
    first.is_some_and(|b| is_no_text(b, good)) && good.iter().all(|p| last(p) == first)
}
