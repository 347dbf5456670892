//! The details of the entries of one list.

use std::io::{self, Read, Write};
use std::ops::Range;

use crate::codec::input::{complete, fill};
use crate::codec::{CodecError, record_count};

use super::Template;

/// Where the values stand in a record of an `.INF`.
///
/// No header; one record per entry, in the order of the list file. All of it is ours: the original is encrypted and only
/// "the length follows from the `.TPL`" is published (Q105124, Q87432).
///
/// | Offset | Size | Meaning | Status |
/// |---:|---:|---|---|
/// | sum of the sizes before | width + 1 | value of field *i*, zeroes behind it | ours |
///
/// The bytes of a record are the value as they stand; nothing else is kept, so a record copied is the same record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InfLayout {
    fields: Vec<Range<usize>>,
}

impl InfLayout {
    /// Returns the bytes of one record; 0 for a template without fields.
    #[must_use]
    pub fn record_len(&self) -> usize {
        self.fields.last().map_or(0, |field| field.end)
    }

    /// Returns how many records a file of `len` bytes holds.
    ///
    /// # Errors
    /// The size fits no whole number of records.
    pub fn record_count(&self, len: u64) -> Result<u64, CodecError> {
        record_count(len, 0, self.record_len())
    }

    /// Makes a record without values.
    #[must_use]
    pub fn new_record(&self) -> Vec<u8> {
        vec![0; self.record_len()]
    }

    /// Returns a value up to its NUL; `None` where the template has no such field or the record is not whole.
    #[must_use]
    pub fn value<'a>(&self, record: &'a [u8], field: usize) -> Option<&'a [u8]> {
        let bytes = record.get(self.fields.get(field)?.clone())?;
        bytes.split(|&b| b == 0).next()
    }

    /// Returns all values of a record in the order of the fields; a record that is not whole ends early.
    pub fn values<'a>(&self, record: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        (0..self.fields.len()).map_while(move |field| self.value(record, field))
    }

    /// Writes a value into a record.
    ///
    /// # Errors
    /// There is no such field, or the record is not whole; the value is longer than the field or holds a NUL: nothing
    /// is ever cut here.
    pub fn set(&self, record: &mut [u8], field: usize, value: &[u8]) -> Result<(), CodecError> {
        let wrong = |offset, what, found: String, expected: String| {
            Err(CodecError::field(offset, what, found, expected))
        };
        let Some(range) = self.fields.get(field).cloned() else {
            let count = self.fields.len();
            return wrong(
                0,
                "field number",
                field.to_string(),
                format!("below {count}"),
            );
        };
        let (start, width) = (range.start, range.len() - 1);
        if value.len() > width || value.contains(&0) {
            let found = format!("{} bytes \"{}\"", value.len(), value.escape_ascii());
            let expected = format!("at most {width} bytes without NUL");
            return wrong(start, "value", found, expected);
        }
        let (have, need) = (record.len(), self.record_len());
        let Some(bytes) = record.get_mut(range) else {
            return complete(have, need, 0, "an INF record");
        };
        bytes.fill(0);
        bytes[..value.len()].copy_from_slice(value);
        Ok(())
    }
}

impl From<&Template> for InfLayout {
    fn from(template: &Template) -> Self {
        let mut end = 0;
        let fields = template.fields().iter().map(|field| {
            let start = end;
            end += usize::from(field.width) + 1;
            start..end
        });
        Self {
            fields: fields.collect(),
        }
    }
}

/// Reads records one by one from buffered input.
#[derive(Debug)]
pub struct InfReader<R> {
    input: R,
    record_len: usize,
    number: u64,
    offset: u64,
}

impl<R: Read> InfReader<R> {
    /// Makes a reader at the start of a file.
    pub fn new(input: R, layout: &InfLayout) -> Self {
        Self {
            input,
            record_len: layout.record_len(),
            number: 0,
            offset: 0,
        }
    }

    /// Reads the next record into `record`; `false` at the end.
    ///
    /// # Errors
    /// The file ends inside a record, or has bytes although the template has no fields; the error names record and byte.
    pub fn read(&mut self, record: &mut Vec<u8>) -> Result<bool, CodecError> {
        // Without fields, one byte too many must show.
        record.resize(self.record_len.max(1), 0);
        let have = fill(&mut self.input, record)?;
        if have == 0 {
            record.clear();
            return Ok(false);
        }
        self.number += 1;
        if self.record_len == 0 {
            let error = CodecError::field(0, "file", "bytes", "none: the template has no fields");
            return Err(error.in_record(self.number, self.offset));
        }
        complete(have, self.record_len, self.offset, "an INF record")
            .map_err(|e| e.in_record(self.number, self.offset))?;
        self.offset += self.record_len as u64;
        Ok(true)
    }
}

/// Writes records one by one to buffered output.
#[derive(Debug)]
pub struct InfWriter<W> {
    output: W,
    record_len: usize,
    count: u64,
}

impl<W: Write> InfWriter<W> {
    /// Makes a writer at the start of a file.
    pub fn new(output: W, layout: &InfLayout) -> Self {
        Self {
            output,
            record_len: layout.record_len(),
            count: 0,
        }
    }

    /// Writes a record.
    ///
    /// # Errors
    /// It is not one of this layout; writing failed.
    pub fn write(&mut self, record: &[u8]) -> Result<(), CodecError> {
        if record.len() != self.record_len {
            return Err(CodecError::Size {
                len: record.len() as u64,
                base: self.record_len as u64,
                record: 0,
            });
        }
        self.output.write_all(record)?;
        self.count += 1;
        Ok(())
    }

    /// Returns the output and the number of records written.
    ///
    /// # Errors
    /// Flushing failed.
    pub fn finish(mut self) -> io::Result<(W, u64)> {
        self.output.flush()?;
        Ok((self.output, self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::codepage::CodePage;

    fn layout(lines: &[u8]) -> InfLayout {
        InfLayout::from(&Template::decode(lines, CodePage::Cp850).unwrap())
    }

    #[test]
    fn values_stand_one_behind_the_other() {
        let layout = layout(b"A:~1~3~A~~\rB:~1~1~A~~\rC:~1~2~A~~\r");
        assert_eq!(layout.record_len(), 4 + 2 + 3);
        let record = b"abc\0\0\0x\0y";
        let values: Vec<_> = layout.values(record).collect();
        assert_eq!(values, [&b"abc"[..], b"", b"x"]);
        assert_eq!(layout.value(record, 3), None);
        assert_eq!(layout.value(&record[..8], 2), None);
        let mut made = layout.new_record();
        layout.set(&mut made, 0, b"abc").unwrap();
        layout.set(&mut made, 2, b"yy").unwrap();
        layout.set(&mut made, 2, b"x").unwrap();
        assert_eq!(made, b"abc\0\0\0x\0\0");
    }

    #[test]
    fn a_value_is_never_cut() {
        let layout = layout(b"A:~1~3~A~~\r");
        let mut record = layout.new_record();
        let error = |e: Result<(), CodecError>| e.unwrap_err().to_string();
        assert_eq!(
            error(layout.set(&mut record, 0, b"abcd")),
            "byte 0x0: value: found 4 bytes \"abcd\", expected at most 3 bytes without NUL"
        );
        assert_eq!(
            error(layout.set(&mut record, 0, b"a\0")),
            "byte 0x0: value: found 2 bytes \"a\\x00\", expected at most 3 bytes without NUL"
        );
        assert_eq!(
            error(layout.set(&mut record, 1, b"")),
            "byte 0x0: field number: found 1, expected below 1"
        );
        assert_eq!(
            error(layout.set(&mut record[..3], 0, b"")),
            "byte 0x0: file ends inside an INF record: 3 of 4 bytes"
        );
        assert_eq!(record, [0; 4]);
    }

    #[test]
    fn records_come_back_in_order() {
        let layout = layout(b"A:~1~2~A~~\r");
        let mut writer = InfWriter::new(Vec::new(), &layout);
        writer.write(b"ab\0").unwrap();
        writer.write(b"c\0\0").unwrap();
        assert!(writer.write(b"toolong").is_err());
        let (bytes, count) = writer.finish().unwrap();
        assert_eq!((count, layout.record_count(6).unwrap()), (2, 2));
        let mut reader = InfReader::new(&bytes[..], &layout);
        let mut record = Vec::new();
        assert!(reader.read(&mut record).unwrap());
        assert_eq!(record, b"ab\0");
        assert!(reader.read(&mut record).unwrap());
        assert_eq!(record, b"c\0\0");
        assert!(!reader.read(&mut record).unwrap());
    }

    #[test]
    fn an_error_names_record_and_byte() {
        let layout = layout(b"A:~1~2~A~~\r");
        let mut reader = InfReader::new(&b"ab\0c"[..], &layout);
        let mut record = Vec::new();
        assert!(reader.read(&mut record).unwrap());
        assert_eq!(
            reader.read(&mut record).unwrap_err().to_string(),
            "record 2 at byte 0x3: byte 0x3: file ends inside an INF record: 1 of 3 bytes"
        );
        let none = InfLayout::default();
        assert!(!InfReader::new(&b""[..], &none).read(&mut record).unwrap());
        assert_eq!(
            InfReader::new(&b"x"[..], &none)
                .read(&mut record)
                .unwrap_err()
                .to_string(),
            "record 1 at byte 0x0: byte 0x0: file: found bytes, expected none: the template has no fields"
        );
    }
}
