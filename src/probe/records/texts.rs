//! The texts of a record: where columns hold text or padding and nothing else, and where in them the next text begins.

use std::collections::HashSet;
use std::ops::Range;

use super::column::{Column, Kind, Padding, is_text};

/// First letters that are so few that they may be something else.
const MAX_ODD: usize = 6;

/// Finds the texts, by offset. The four bytes at `link` are none.
pub(super) fn find(rows: &[&[u8]], record_len: usize, link: Option<usize>) -> Vec<Column> {
    let is_link = |at: usize| link.is_some_and(|link| (link..link + 4).contains(&at));
    let mut found = Vec::<Column>::new();
    let mut from = 0;
    while from < record_len {
        if is_link(from) || !holds_text(rows, from) {
            from += 1;
            continue;
        }
        let mut to = from + 1;
        while to < record_len && !is_link(to) && holds_text(rows, to) {
            to += 1;
        }
        let floor = found.last().map_or(0, |last| last.offset + last.size);
        run(rows, from..to, floor, &mut found);
        from = to;
    }
    found
}

/// Tells whether nearly all records have text or padding in a column. The same letter with an accent in all of them is no
/// text.
fn holds_text(rows: &[&[u8]], at: usize) -> bool {
    if rows[0][at] >= 0x80 && rows.iter().all(|r| r[at] == rows[0][at]) {
        return false;
    }
    let other = rows
        .iter()
        .filter(|r| r[at] != 0 && !is_text(r[at]))
        .count();
    other * 50 <= rows.len()
}

/// Returns the bytes of one letter at the beginning of a text, and of padding behind it, that are the same in all records.
fn fixed_letter(rows: &[&[u8]], range: Range<usize>) -> usize {
    let first = rows[0];
    let len = range
        .clone()
        .take_while(|&at| rows.iter().all(|r| r[at] == first[at]))
        .count();
    let behind = range.start + 1..range.start + len.max(1);
    match first[behind].iter().all(|&b| is_pad(b)) {
        true => len,
        false => 0,
    }
}

fn is_pad(byte: u8) -> bool {
    matches!(byte, 0 | b' ')
}

/// Parts columns that hold text into texts.
fn run(rows: &[&[u8]], columns: Range<usize>, floor: usize, found: &mut Vec<Column>) {
    let mut starts = Vec::new();
    // No text stands directly before: the next one needs no padding before it.
    let mut is_free = true;
    let mut at = columns.start;
    while at < columns.end {
        if is_hex_id(rows, at, &columns) {
            starts.push((at, true));
            is_free = true;
            at += 8;
        } else {
            if begins(rows, at, &columns, is_free) {
                starts.push((at, false));
                is_free = false;
            }
            at += 1;
        }
    }
    let mut floor = floor;
    for (index, &(start, is_hex)) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(columns.end, |next| next.0);
        let text = match is_hex {
            true => Some(hex_id(rows, start, end)),
            false => match fixed_letter(rows, start..end) {
                // The upper byte of a number before it may look like a letter.
                len if len > 0 && start == columns.start && start > floor => {
                    let doubt = "what stands before it, the same in all records, may belong to it";
                    text(rows, start + len..end, floor).map(|text| text.doubted(doubt))
                }
                _ => {
                    let text = text(rows, start..end, floor);
                    let firsts: HashSet<u8> = rows.iter().map(|r| r[start]).collect();
                    let is_odd = start == columns.start && start > floor && firsts.len() <= MAX_ODD;
                    match text {
                        Some(text) if is_odd && text.offset == start => {
                            Some(text.doubted("its first byte may belong to what stands before it"))
                        }
                        text => text,
                    }
                }
            },
        };
        if let Some(text) = text {
            floor = text.offset + text.size;
            found.push(text);
        }
    }
}

/// Tells whether a text begins in a column: there is something in it, and padding of another text before it.
fn begins(rows: &[&[u8]], at: usize, columns: &Range<usize>, is_free: bool) -> bool {
    let filled = rows.iter().filter(|r| !is_pad(r[at]));
    let count = filled.clone().count();
    if count < 2 || count * 4 < rows.len() {
        return false;
    }
    // A text does not begin with padding.
    let late = rows
        .iter()
        .filter(|r| is_pad(r[at]) && at + 1 < columns.end && !is_pad(r[at + 1]));
    if late.count() * 50 > rows.len() {
        return false;
    }
    if is_free {
        return true;
    }
    let least = (count / 20).max(2);
    if filled.clone().filter(|r| r[at - 1] == 0).count() >= least {
        return true;
    }
    // Blanks may stand inside of a text, too: a single one at the same place in all of them is no padding.
    let blanks = |r: &&&[u8]| {
        let before = &r[columns.start..at];
        before.iter().rev().take_while(|&&b| is_pad(b)).count()
    };
    let padded: Vec<usize> = filled.map(|r| blanks(&r)).filter(|&n| n > 0).collect();
    let distinct: HashSet<&usize> = padded.iter().collect();
    padded.len() >= least && (distinct.len() > 1 || padded[0] > 1)
}

/// Tells whether eight hexadecimal digits stand in the columns from one on, and neither before nor behind them.
fn is_hex_id(rows: &[&[u8]], at: usize, columns: &Range<usize>) -> bool {
    if at + 8 > columns.end {
        return false;
    }
    let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'A'..=b'F');
    let is_whole = |r: &&&[u8]| r[at..at + 8].iter().all(|&b| is_digit(b));
    let whole = rows.iter().filter(is_whole).count();
    let empty = rows
        .iter()
        .filter(|r| r[at..at + 8].iter().all(|&b| is_pad(b)));
    let ends = |column: usize| {
        !columns.contains(&column) || {
            let digits = rows.iter().filter(|r| is_digit(r[column])).count();
            digits * 10 < rows.len() * 9
        }
    };
    let distinct: HashSet<&[u8]> = rows.iter().map(|r| &r[at..at + 8]).collect();
    whole * 4 >= rows.len()
        && (whole + empty.count()) * 50 >= rows.len() * 49
        && distinct.len() > 1
        && (at == columns.start || ends(at - 1))
        && ends(at + 8)
}

fn hex_id(rows: &[&[u8]], start: usize, end: usize) -> Column {
    let has_nul = start + 8 < end && rows.iter().all(|r| r[start + 8] == 0);
    let size = if has_nul { 9 } else { 8 };
    let agree = rows.iter().filter(|r| r[start] != 0).count();
    let column = Column::new(start, size, Kind::HexId, agree, rows.len());
    match has_nul {
        true => column.doubted("the NUL behind it may be another field"),
        false => column,
    }
}

/// Returns the text that fills a range from its beginning, if there is one.
fn text(rows: &[&[u8]], range: Range<usize>, floor: usize) -> Option<Column> {
    let start = range.start;
    let trimmed = |row: &'_ [u8]| {
        let field = &row[range.clone()];
        let nul = field.iter().position(|&b| b == 0).unwrap_or(field.len());
        let text = &field[..nul];
        text.iter().rposition(|&b| b != b' ').map_or(0, |at| at + 1)
    };
    let lens: Vec<usize> = rows.iter().map(|row| trimmed(row)).collect();
    let longest = *lens.iter().max()?;
    let texts = || {
        rows.iter()
            .zip(&lens)
            .map(|(row, len)| &row[start..start + len])
    };
    let filled = || texts().filter(|t| !t.is_empty());
    let count = filled().count();
    let letters = filled()
        .filter(|t| t.iter().any(u8::is_ascii_alphanumeric))
        .count();
    // Behind the text there is nothing, as far as others go.
    let is_clean = |(row, len): &(&&[u8], &usize)| {
        let (text, behind) = row[start..start + longest].split_at(**len);
        text.iter().all(|&b| is_text(b)) && behind.iter().all(|&b| is_pad(b))
    };
    let clean = rows.iter().zip(&lens).filter(is_clean).count();
    let distinct: HashSet<&[u8]> = texts().collect();
    let is_text = longest >= 2
        && distinct.len() > 1
        && letters * 10 >= count * 9
        && clean * 10 >= rows.len() * 9;
    if !is_text {
        return None;
    }
    let short = || rows.iter().zip(&lens).filter(|(_, len)| **len < longest);
    let blanks = short()
        .filter(|(row, len)| row[start + **len] == b' ')
        .count();
    let is_blank = blanks * 2 > short().count();
    let is_word = filled().all(|t| !t.contains(&b' ')) && longest <= 10;
    let kind = if is_word { Kind::Word } else { Kind::Name };
    let mut column = Column::new(start, longest, kind, clean, rows.len());
    let pad = if is_blank { b' ' } else { 0 };
    let mut end = start + longest;
    while end < range.end && rows.iter().all(|r| r[end] == pad) {
        end += 1;
    }
    let distinct: HashSet<&usize> = lens.iter().collect();
    let counts = |(row, len): &(&&[u8], &usize)| usize::from(row[start - 1]) == **len;
    let is_counted = start > floor
        && distinct.len() > 1
        && rows.iter().zip(&lens).filter(counts).count() * 20 >= rows.len() * 19;
    if is_counted {
        column.agree = rows.iter().zip(&lens).filter(counts).count();
        let counted = rows.iter().map(|row| usize::from(row[start - 1])).max();
        column.size = counted.map_or(longest, |max| max.min(longest));
    }
    // Others have room for the published maxima, 10 and 30 characters, and mostly for a NUL.
    let (used, room) = (column.size, end - start);
    let usual = if is_word { 10 } else { 30 } + usize::from(!is_counted);
    if is_blank && !is_counted {
        column.padding = Padding::Blank;
        column.size = room;
        if texts().any(|t| t.windows(2).any(|pair| pair == b"  ")) {
            column.doubt = Some("what stands behind blanks may be another field".to_owned());
        }
    } else if room > used {
        column.size = room.min(usual.max(used + usize::from(!is_counted)));
        column.doubt = Some(match room - used {
            1 => "the byte behind the longest may be another field".to_owned(),
            _ => format!("no text fills it: {used} bytes are used"),
        });
    }
    if is_counted {
        column.padding = Padding::Counted;
        column.offset -= 1;
        column.size += 1;
    }
    Some(column)
}
