//! Files of records of one size whose inside was never published (USR, NETPO, ACCESS2 and others): fields by column
//! statistics.
//!
//! The record length is given. A column is one byte of the record over all records; a text begins where records have a
//! printable byte behind a column that has none, and ends with a NUL.

use std::collections::HashSet;

/// Records the columns are compared over.
const FIT: usize = 5000;
/// Bytes a text may have.
const MAX_TEXT: usize = 80;

/// What a field of a record seems to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Eight hexadecimal digits.
    HexId,
    /// Short words without blanks: mailboxes, networks, postoffices.
    Word,
    /// Text with blanks or in mixed case: full names, comments.
    Name,
    /// A little-endian number that differs in every record.
    Id,
    /// A little-endian number that rises from record to record.
    Counter,
    /// A little-endian number.
    Number,
    /// One of a few values, such as a type.
    Flag(Vec<u8>),
    /// 1 in records that are in use, 0 in deleted ones.
    Deleted,
    /// The same in every record.
    Constant(u8),
    /// Nothing of these.
    Unknown,
}

/// A field with its evidence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// Offset in the record.
    pub offset: usize,
    /// Bytes of it.
    pub size: usize,
    /// What it seems to be.
    pub kind: Kind,
    /// Records that agree.
    pub agree: usize,
    /// Records looked at.
    pub of: usize,
    /// No text fills it, so that it may end earlier than the next field begins.
    pub is_open: bool,
}

/// The layout that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Columns {
    /// The fields, by offset.
    pub columns: Vec<Column>,
    /// Records in the file.
    pub count: usize,
    /// Bytes behind the last whole record.
    pub left_over: usize,
}

/// Returns header and record length that were published for a file of this name (`spec/files.md` section 3).
#[must_use]
pub fn published(name: &str) -> Option<(usize, usize)> {
    let name = name.to_ascii_uppercase();
    let (stem, extension) = name.rsplit_once('.')?;
    Some(match (stem, extension) {
        ("ACCESS", "GLB") => (0, 586),
        ("ACCESS2", "GLB") => (0, 69),
        ("ACCESS3", "GLB") => (0, 512),
        ("NETWORK", "GLB") => (0, 122),
        ("NETPO" | "GALNETPO", "GLB") => (4, 43),
        ("GROUP", "GLB") => (4, 51),
        ("GRPMEM", "GLB") => (4, 128),
        ("PROCESS", "GLB") => (512, 197),
        ("SERVER", "GLB") => (0, 181),
        ("SRVCONF", "GLB") => (1024, 1024),
        (_, "USR") => (0, 53),
        (_, "NME") => (0, 45),
        (_, "XTN") => (0, 698),
        (_, "MBG") => (0, 116),
        (_, "MEM") => (0, 4),
        (_, "GRP") => (8, 8),
        (_, "IDX") => (100, 158),
        _ => return None,
    })
}

/// Finds the fields of records of a known length behind a header; `None` for fewer than three records.
#[must_use]
pub fn infer(bytes: &[u8], header_len: usize, record_len: usize) -> Option<Columns> {
    let body = bytes.get(header_len..)?;
    if record_len == 0 || body.len() / record_len < 3 {
        return None;
    }
    let rows: Vec<&[u8]> = body.chunks_exact(record_len).take(FIT).collect();
    let mut columns = Vec::new();
    let mut at = 0;
    while at < record_len {
        let column = text(&rows, at, record_len)
            .or_else(|| number(&rows, at, record_len))
            .unwrap_or_else(|| byte(&rows, at));
        at += column.size;
        columns.push(column);
    }
    Some(Columns {
        columns,
        count: body.len() / record_len,
        left_over: body.len() % record_len,
    })
}

/// Returns the text at an offset of a record; none where it is no text.
#[must_use]
pub fn text_at(record: &[u8], offset: usize, size: usize) -> Option<&[u8]> {
    let field = record.get(offset..offset + size)?;
    let len = field.iter().position(|&b| b == 0)?;
    let text = &field[..len];
    let is_text = text.iter().all(|&b| b >= 0x20 && b != 0x7f);
    (is_text && len > 0).then_some(text)
}

fn text(rows: &[&[u8]], at: usize, record_len: usize) -> Option<Column> {
    let room = MAX_TEXT.min(record_len - at);
    let texts: Vec<&[u8]> = rows.iter().filter_map(|r| text_at(r, at, room)).collect();
    let empty = rows.iter().filter(|r| r[at] == 0).count();
    let letters = texts
        .iter()
        .filter(|t| t.iter().any(u8::is_ascii_alphanumeric))
        .count();
    let distinct: HashSet<_> = texts.iter().collect();
    let longest = texts.iter().map(|t| t.len()).max()?;
    // A text is there in most records, or is left out in them; more than a byte, and not the same throughout.
    let is_text = texts.len() + empty >= rows.len() * 9 / 10
        && texts.len() * 4 >= rows.len()
        && letters * 10 >= texts.len() * 9
        && longest >= 3
        && distinct.len() > 1;
    if !is_text {
        return None;
    }
    // What follows its NUL is zero, up to the next field.
    let used = longest + 1;
    let is_zero = |col: usize| rows.iter().all(|r| r[col] == 0);
    let mut end = at + used;
    while end < record_len && is_zero(end) {
        end += 1;
    }
    let all =
        |is: fn(&[u8]) -> bool| texts.iter().filter(|t| is(t)).count() * 10 >= texts.len() * 9;
    let kind = if all(|t| t.len() == 8 && t.iter().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')))
    {
        Kind::HexId
    } else if all(|t| !t.contains(&b' ')) && longest <= 10 {
        Kind::Word
    } else {
        Kind::Name
    };
    // The published maxima and a NUL: 8, 10 and 30 characters.
    let size = match kind {
        Kind::HexId => 9,
        Kind::Word if used <= 11 => 11,
        Kind::Name if used <= 31 => 31,
        _ => used,
    };
    let size = size.min(end - at).max(used);
    Some(Column {
        offset: at,
        size,
        is_open: used < size,
        kind,
        agree: texts.len() + empty,
        of: rows.len(),
    })
}

fn number(rows: &[&[u8]], at: usize, record_len: usize) -> Option<Column> {
    if at + 4 > record_len {
        return None;
    }
    let value = |r: &&[u8]| u32::from_le_bytes([r[at], r[at + 1], r[at + 2], r[at + 3]]);
    let values: Vec<u32> = rows.iter().map(value).filter(|&v| v != 0).collect();
    let changes = |col: usize| rows.iter().any(|r| r[col] != rows[0][col]);
    if values.len() * 2 < rows.len() || !changes(at) {
        return None;
    }
    let distinct: HashSet<u32> = values.iter().copied().collect();
    let top = rows.iter().filter(|r| r[at + 3] == rows[0][at + 3]).count();
    // The highest byte hardly changes, the lowest takes many values.
    let lows: HashSet<u8> = rows.iter().map(|r| r[at]).collect();
    if lows.len() * 3 < rows.len().min(128) || top * 10 < rows.len() * 9 {
        return None;
    }
    let rising = values.windows(2).filter(|w| w[1] > w[0]).count();
    let kind = if rising + 1 == values.len() {
        Kind::Counter
    } else if distinct.len() == values.len() {
        Kind::Id
    } else {
        Kind::Number
    };
    Some(Column {
        offset: at,
        size: 4,
        kind,
        agree: values.len(),
        of: rows.len(),
        is_open: false,
    })
}

fn byte(rows: &[&[u8]], at: usize) -> Column {
    let values: HashSet<u8> = rows.iter().map(|r| r[at]).collect();
    let mut sorted: Vec<u8> = values.into_iter().collect();
    sorted.sort_unstable();
    let kind = match sorted[..] {
        [only] => Kind::Constant(only),
        // The delete byte is the first one wherever there is one (`spec/files.md` section 1).
        [0, 1] if at == 0 => Kind::Deleted,
        _ if sorted.len() <= 8 => Kind::Flag(sorted),
        _ => Kind::Unknown,
    };
    Column {
        offset: at,
        size: 1,
        kind,
        agree: rows.len(),
        of: rows.len(),
        is_open: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(count: u32) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        for n in 0..count {
            let mut record = vec![u8::from(n % 7 != 3)];
            let field = |text: String, size: usize| {
                let mut field = text.into_bytes();
                field.resize(size, 0);
                field
            };
            record.extend(field(format!("NET{}", n % 3), 11));
            record.extend(field(format!("User Number {n}"), 31));
            record.extend(field(format!("{:08X}", n * 77 + 5), 9));
            record.extend((n + 1000).to_le_bytes());
            record.push([2, 4, 2][n as usize % 3]);
            bytes.extend(record);
        }
        bytes
    }

    #[test]
    fn fields_are_found_by_their_columns() {
        let found = infer(&file(60), 4, 57).expect("a layout");
        let kinds: Vec<_> = found
            .columns
            .iter()
            .map(|c| (c.offset, c.size, c.kind.clone()))
            .collect();
        assert_eq!(
            kinds,
            [
                (0, 1, Kind::Deleted),
                (1, 11, Kind::Word),
                (12, 31, Kind::Name),
                (43, 9, Kind::HexId),
                (52, 4, Kind::Counter),
                (56, 1, Kind::Flag(vec![2, 4])),
            ]
        );
        assert_eq!((found.count, found.left_over), (60, 0));
    }

    #[test]
    fn a_partial_record_is_counted_and_too_few_say_nothing() {
        let mut bytes = file(10);
        bytes.truncate(bytes.len() - 7);
        assert_eq!(
            infer(&bytes, 4, 57).map(|c| (c.count, c.left_over)),
            Some((9, 50))
        );
        assert_eq!(infer(&bytes[..100], 4, 57), None);
    }
}
