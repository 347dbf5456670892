//! Finding the transactions in a file by their text alone, whatever surrounds them.
//!
//! Every transaction but a comment has an address or a list, `TYPE:...`, behind a TAB, a column or the letter R or T. So
//! each colon is looked at, and the letter is sought before it.

/// Bytes a name may have, and a few more: what was cut elsewhere is still a name here.
pub(super) const MAX_NAME: usize = 34;
/// Bytes from the letter to the address of a line in columns (`spec/import.md` 3.2).
const ADDRESS_COLUMN: usize = 33;
/// Bytes of text a comment has at least, so that chance does not make one.
const MIN_COMMENT: usize = 6;

/// A transaction that was found by its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Text {
    /// Offset of the letter.
    pub start: usize,
    /// Offset behind the last byte that can belong to the text. Header bytes of the next record that look like text are
    /// inside: only the framing knows better.
    pub end: usize,
    /// The letter.
    pub letter: u8,
    /// Bytes from it to another letter that could begin the text as well; 0 where there is none.
    pub other: usize,
}

/// Finds the transactions in some bytes, in their order.
#[must_use]
pub fn scan(bytes: &[u8]) -> Vec<Text> {
    let mut found = Vec::<Text>::new();
    let mut from = 0;
    while let Some(step) = bytes[from..].iter().position(|&b| b == b':') {
        let colon = from + step;
        from = colon + 1;
        let floor = found.last().map_or(0, |t| t.start + 4);
        let Some(token) = type_start(bytes, colon, floor) else {
            continue;
        };
        match anchor(bytes, token, floor, found.last()) {
            Some(Anchor::Start(start, other)) => {
                if let Some(last) = found.last_mut() {
                    last.end = last.end.min(start);
                }
                let letter = bytes[start];
                let end = text_end(bytes, colon + 1, letter);
                found.push(Text {
                    start,
                    end,
                    letter,
                    other,
                });
            }
            Some(Anchor::SecondLine) => {
                let end = text_end(bytes, colon + 1, b'M');
                if let Some(last) = found.last_mut() {
                    last.end = end;
                }
            }
            None => {}
        }
    }
    for n in 0..found.len() {
        let limit = found.get(n + 1).map_or(bytes.len(), |next| next.start);
        found[n].end = with_lines(bytes, found[n].end, limit);
    }
    with_comments(bytes, found)
}

/// Returns the end of a text with the lines behind it that begin with a blank, up to the next text: a line in which that
/// begins is rather its header.
fn with_lines(bytes: &[u8], mut end: usize, limit: usize) -> usize {
    loop {
        let start = end + joiner_len(bytes, end);
        let stop = line_end(bytes, start);
        // A NUL ends a text far more often than a line, and a header may begin with a blank.
        let is_nul = bytes.get(end) == Some(&0);
        if is_nul || start == end || stop >= limit || !goes_on(&bytes[start..stop]) {
            return end;
        }
        end = stop;
    }
}

/// Returns where the text at the beginning of some bytes may end: behind its line, and behind each that can only belong to
/// it. Lines are joined by `joiner`, or by anything.
#[must_use]
pub fn ends(bytes: &[u8], joiner: Option<&[u8]>) -> Vec<usize> {
    let letter = bytes.first().copied().unwrap_or(0);
    let mut ends = vec![line_end(bytes, 0)];
    while let Some(&end) = ends.last() {
        let len = match joiner {
            Some(joiner) if bytes[end..].starts_with(joiner) => joiner.len(),
            Some(_) => 0,
            None => joiner_len(bytes, end),
        };
        let start = end + len;
        let stop = line_end(bytes, start);
        let line = &bytes[start.min(stop)..stop];
        // The second line of M has an address, too.
        let is_second = ends.len() == 1
            && letter == b'M'
            && line.starts_with(b"  ")
            && line.contains(&b':')
            && (line.contains(&b'\t') || line.len() > ADDRESS_COLUMN);
        if len == 0 || !(is_second || belongs(line, letter) || goes_on(line)) || ends.len() > 64 {
            break;
        }
        ends.push(stop);
    }
    ends
}

/// Tells whether a transaction may begin at an offset.
#[must_use]
pub fn begins(bytes: &[u8], at: usize) -> bool {
    matches!(
        bytes.get(at..at + 2),
        Some([b'A' | b'D' | b'M' | b'R' | b'T' | b'#', b' ' | b'\t'])
    )
}

enum Anchor {
    /// Where it begins, and how much later it could begin.
    Start(usize, usize),
    SecondLine,
}

/// Tells whether a byte can stand in a text: no control character.
#[must_use]
pub fn is_text(byte: u8) -> bool {
    byte >= 0x20 && byte != 0x7f
}

/// Returns the bytes of the line break at an offset: CR LF, CR, LF or NUL; 0 where there is none.
#[must_use]
pub fn joiner_len(bytes: &[u8], at: usize) -> usize {
    match (bytes.get(at), bytes.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => 2,
        (Some(b'\r' | b'\n' | 0), _) => 1,
        _ => 0,
    }
}

/// Returns where the type before a colon begins, if there is one and something that parts it from what is before.
fn type_start(bytes: &[u8], colon: usize, floor: usize) -> Option<usize> {
    let least = colon.saturating_sub(8).max(floor.saturating_sub(4));
    let mut at = colon;
    while at > least && bytes[at - 1].is_ascii_alphanumeric() {
        at -= 1;
    }
    let token = &bytes[at..colon];
    // Exchange writes types in lower case (spec/import.md 5.2).
    let is_one_case = is_lower(token) || !token.iter().any(u8::is_ascii_lowercase);
    let is_type = token.len() >= 2 && token[0].is_ascii_alphabetic() && is_one_case;
    (is_type && at >= 2 && matches!(bytes[at - 1], b' ' | b'\t')).then_some(at)
}

fn is_lower(token: &[u8]) -> bool {
    !token.iter().any(u8::is_ascii_uppercase)
}

fn anchor(bytes: &[u8], token: usize, floor: usize, last: Option<&Text>) -> Option<Anchor> {
    let tab = bytes[token - 1] == b'\t';
    if !tab {
        if let Some(start) = token.checked_sub(ADDRESS_COLUMN).filter(|&s| s >= floor) {
            let line = &bytes[start..token];
            if line.iter().all(|&b| is_text(b)) && line[1] == b' ' && line[2] != b' ' {
                if matches!(line[0], b'A' | b'D' | b'M') {
                    return Some(Anchor::Start(start, 0));
                }
                if line[0] == b' ' && continues(bytes, start, last) {
                    return Some(Anchor::SecondLine);
                }
            }
        }
        // In lower case, the letter may be the end of a word before another one.
        let is_word = is_lower(&bytes[token..token + 2])
            && token >= 3
            && bytes[token - 3].is_ascii_alphabetic();
        if matches!(bytes[token - 2], b'R' | b'T') && token - 2 >= floor && !is_word {
            return Some(Anchor::Start(token - 2, 0));
        }
        if bytes[token - 2] != b' ' {
            return None;
        }
    }
    // Blanks between name and address, or one TAB.
    let mut name_end = token - 1;
    while !tab && name_end > floor && bytes[name_end - 1] == b' ' {
        name_end -= 1;
    }
    let least = floor.max(name_end.saturating_sub(MAX_NAME + 2));
    let mut run = name_end;
    while run > least && is_text(bytes[run - 1]) {
        run -= 1;
    }
    if bytes[run..name_end].starts_with(b"  ") && continues(bytes, run, last) {
        return Some(Anchor::SecondLine);
    }
    // The first letter that can begin it: "Maria A Smith" is one name.
    let mut starts = (run..name_end.saturating_sub(2)).filter(|&k| {
        matches!(bytes[k], b'A' | b'D' | b'M') && bytes[k + 1] == b' ' && bytes[k + 2] != b' '
    });
    let start = starts.next()?;
    Some(Anchor::Start(
        start,
        starts.next().map_or(0, |other| other - start),
    ))
}

/// Tells whether a line that begins at an offset follows an M directly.
fn continues(bytes: &[u8], start: usize, last: Option<&Text>) -> bool {
    last.is_some_and(|last| {
        let joiner = joiner_len(bytes, last.end);
        last.letter == b'M' && joiner > 0 && last.end + joiner == start
    })
}

/// Returns the end of the text whose address begins at an offset, with the lines that can only belong to it.
fn text_end(bytes: &[u8], from: usize, letter: u8) -> usize {
    let mut end = line_end(bytes, from);
    loop {
        let joiner = joiner_len(bytes, end);
        let start = end + joiner;
        let stop = line_end(bytes, start);
        let line = &bytes[start.min(stop)..stop];
        if joiner == 0 || !belongs(line, letter) {
            break;
        }
        end = stop;
    }
    // It looks like a letter, but pads far more often.
    let text = &bytes[from..end];
    from + text
        .iter()
        .rposition(|&b| b != 0xff)
        .map_or(text.len(), |at| at + 1)
}

/// Tells whether a line can only continue a transaction of this letter.
fn belongs(line: &[u8], letter: u8) -> bool {
    let has = |rest: &[u8], mark: u8| {
        matches!(letter, b'A' | b'M') && rest.iter().skip(1).any(|&b| b == mark)
    };
    match line {
        [b'-', rest @ ..] => has(rest, b'/'),
        [b'&', rest @ ..] => has(rest, b'='),
        [b' ', rest @ ..] => letter == b'T' && rest.len() > 2,
        _ => false,
    }
}

/// Tells whether a line begins as those do that go on from the one before: with a blank, and text behind it. So may a
/// header, where the end of a record is the same as the end of a line.
pub(super) fn goes_on(line: &[u8]) -> bool {
    matches!(line, [b' ', ..]) && line.trim_ascii().len() >= 2
}

/// Returns the end of a line, without the blanks that may pad it.
fn line_end(bytes: &[u8], from: usize) -> usize {
    let mut end = from;
    while end < bytes.len() && (is_text(bytes[end]) || bytes[end] == b'\t') {
        end += 1;
    }
    while end > from && bytes[end - 1] == b' ' {
        end -= 1;
    }
    end
}

/// Adds the comments that stand between the other texts.
fn with_comments(bytes: &[u8], found: Vec<Text>) -> Vec<Text> {
    let mut all = Vec::with_capacity(found.len());
    let mut from = 0;
    let end = Text {
        start: bytes.len(),
        end: bytes.len(),
        letter: 0,
        other: 0,
    };
    for text in found.into_iter().chain([end]) {
        while let Some(comment) = comment(bytes, from, text.start) {
            from = comment.end;
            all.push(comment);
        }
        from = text.end;
        if text.letter != 0 {
            all.push(text);
        }
    }
    all
}

fn comment(bytes: &[u8], from: usize, to: usize) -> Option<Text> {
    let mut at = from;
    loop {
        let start = at + bytes.get(at..to)?.windows(2).position(|w| w == b"# ")?;
        let mut end = start;
        while end < to && matches!(bytes[end], 0x20..=0x7e) {
            end += 1;
        }
        let text = bytes[start..end].trim_ascii_end();
        if text.len() >= MIN_COMMENT {
            return Some(Text {
                start,
                end: start + text.len(),
                letter: b'#',
                other: 0,
            });
        }
        at = start + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> Vec<String> {
        let text = |t: &Text| bytes[t.start..t.end].escape_ascii().to_string();
        scan(bytes).iter().map(text).collect()
    }

    #[test]
    fn transactions_are_found_between_any_bytes() {
        let columns = b"A User One                       PCM:N/P/one";
        let bytes = [
            b"\x01\x02A Ann A Smith\tPCM:N/P/ann\0\0\x07".as_slice(),
            columns,
            b"\x1f\x00R PCM:N/P\x01\x01M Bo\tSMTP:bo@x.org\r\n  Bob\tSMTP:bob@x.org\x03",
            b"T PROFS:G/N\n Phone,12\n Room,3\0# Last confirmed.\0D \x8a\xe4 K\tMS:N/P/k",
            b"\x05R pcm:N/P\x04\x03A Cy\tsmtp:cy@x.org",
        ]
        .concat();
        assert_eq!(
            texts(&bytes),
            [
                "A Ann A Smith\\tPCM:N/P/ann",
                "A User One                       PCM:N/P/one",
                "R PCM:N/P",
                "M Bo\\tSMTP:bo@x.org\\r\\n  Bob\\tSMTP:bob@x.org",
                "T PROFS:G/N\\n Phone,12\\n Room,3",
                "# Last confirmed.",
                "D \\x8a\\xe4 K\\tMS:N/P/k",
                "R pcm:N/P",
                "A Cy\\tsmtp:cy@x.org",
            ]
        );
    }

    #[test]
    fn lines_may_be_joined_by_anything() {
        for joiner in ["\r\n", "\r", "\n", "\0"] {
            let text =
                format!("M a\tPCM:N/P/a{joiner}  b\tPCM:N/P/b{joiner}- Room/12{joiner}\u{1}");
            let found = scan(text.as_bytes());
            assert_eq!(found.len(), 1, "{joiner:?}");
            assert_eq!(found[0].end, text.len() - 1 - joiner.len(), "{joiner:?}");
        }
    }

    #[test]
    fn a_printable_header_does_not_hide_the_next_text() {
        let bytes = b"000001A a\tPCM:N/P/a000002A b\tPCM:N/P/b";
        assert_eq!(texts(bytes), ["A a\\tPCM:N/P/a000002", "A b\\tPCM:N/P/b"]);
    }
}
