//! Files of records of one size whose inside was never published (USR, NETPO, ACCESS2 and others): fields by column
//! statistics.
//!
//! The record length is given. A column is one byte of the record over all records. In this order:
//!
//! - `texts` finds what can be read: columns that hold text or padding and nothing else.
//! - `numbers` parts the bytes between them into numbers, flags and constants.
//! - `deleted` tells deleted records apart: by the chain that the header begins, or by a flag that something confirms.
//!   The fields are then looked for once more, in the records in use alone.
//! - `order` says by which text the records are sorted.
//!
//! Numbers are little-endian, as in all files of that system whose inside is published.

mod column;
mod deleted;
mod numbers;
mod order;
mod texts;

pub use column::{Column, Kind, Padding};
pub use deleted::Deleted;
pub use order::Order;

/// Records the columns are compared over.
const FIT: usize = 5000;

/// Records there are at least, for anything to be said.
const MIN_RECORDS: usize = 3;

/// Bits of agreement from which on a claim is not left to chance.
const MIN_BITS: f64 = 32.0;

/// The layout that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Columns {
    /// The fields, by offset.
    pub columns: Vec<Column>,
    /// Records in the file.
    pub count: usize,
    /// Bytes behind the last whole record.
    pub left_over: usize,
    /// How deleted records are told apart, if they are.
    pub deleted: Option<Deleted>,
    /// What the records are sorted by, if they are.
    pub order: Option<Order>,
}

impl Columns {
    /// Tells whether a record, by its number from 0, is deleted.
    #[must_use]
    pub fn is_deleted(&self, number: usize, record: &[u8]) -> bool {
        self.deleted
            .as_ref()
            .is_some_and(|deleted| deleted.holds(number, record))
    }
}

/// The file as it is looked at.
#[derive(Clone, Copy)]
struct Body<'a> {
    /// All of it.
    bytes: &'a [u8],
    header_len: usize,
    record_len: usize,
}

impl<'a> Body<'a> {
    fn records(self) -> std::slice::ChunksExact<'a, u8> {
        self.bytes[self.header_len..].chunks_exact(self.record_len)
    }

    /// Returns the number of the record at an offset of the file.
    fn number_at(self, offset: u32) -> Option<usize> {
        let at = (offset as usize).checked_sub(self.header_len)?;
        let count = (self.bytes.len() - self.header_len) / self.record_len;
        (at % self.record_len == 0 && at / self.record_len < count).then(|| at / self.record_len)
    }
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
    let behind = bytes.len().checked_sub(header_len)?;
    if record_len == 0 || behind / record_len < MIN_RECORDS {
        return None;
    }
    let body = Body {
        bytes,
        header_len,
        record_len,
    };
    let rows: Vec<&[u8]> = body.records().take(FIT).collect();
    let columns = fields(body, &rows, None);
    let found = deleted::find(body, &rows, &columns);
    let columns = match &found {
        Some(found) => {
            let in_use: Vec<&[u8]> = (0..)
                .zip(&rows)
                .filter(|(number, row)| !found.deleted.holds(*number, row))
                .map(|(_, row)| *row)
                .collect();
            let columns = match in_use.len() >= MIN_RECORDS {
                true => fields(body, &in_use, found.link),
                false => columns,
            };
            found.named(columns, rows.len())
        }
        None => columns,
    };
    let deleted = found.map(|found| found.deleted);
    let is_used = |(number, row): &(usize, &&[u8])| {
        !deleted
            .as_ref()
            .is_some_and(|deleted| deleted.holds(*number, row))
    };
    let in_use: Vec<&[u8]> = (0..)
        .zip(&rows)
        .filter(is_used)
        .map(|(_, row)| *row)
        .collect();
    Some(Columns {
        order: order::find(&in_use, &columns),
        columns,
        count: behind / record_len,
        left_over: behind % record_len,
        deleted,
    })
}

/// Parts the record into fields. Four bytes at `link` are known to be the offset of a record.
fn fields(body: Body<'_>, rows: &[&[u8]], link: Option<usize>) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut from = 0;
    for text in texts::find(rows, body.record_len, link) {
        numbers::part(body, rows, from..text.offset, link, &mut columns);
        from = text.offset + text.size;
        columns.push(text);
    }
    numbers::part(body, rows, from..body.record_len, link, &mut columns);
    numbers::compare(rows, &mut columns);
    columns
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
                (0, 1, Kind::Deleted(0)),
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
        assert_eq!(infer(&bytes[..3], 4, 57), None);
        assert_eq!(infer(&bytes, 4, 0), None);
    }
}
