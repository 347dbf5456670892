//! A small file of fixed records behind a header, held in memory.

use std::fmt;
use std::io::{self, Read, Write};

use super::input::fill_all;
use super::{CodecError, Record, RecordReader, RecordWriter};

/// A header of `BASE` bytes and records of type `T`: NETPO, GALNETPO, GROUP, GRPMEM, ADMIN.GRP and their like.
///
/// Other files point into such a file by byte offset ([`Self::offset_of`], [`Self::index_at`]); so records
/// keep their places, and deleted ones stay.
#[derive(Clone, PartialEq, Eq)]
pub struct Table<const BASE: usize, T> {
    /// The header as it stands in the file; zero in an empty one.
    pub header: [u8; BASE],
    /// The records in file order, deleted ones too.
    pub records: Vec<T>,
}

impl<const BASE: usize, T: Record> Table<BASE, T> {
    /// Reads a whole file; memory is in proportion to the input.
    ///
    /// # Errors
    /// The input ends inside the header or a record; a record cannot be decoded.
    pub fn read_from<R: Read>(mut input: R) -> Result<Self, CodecError> {
        let mut header = [0; BASE];
        fill_all(&mut input, &mut header, 0, "the header")?;
        let records = RecordReader::new(input, BASE as u64).collect::<Result<_, _>>()?;
        Ok(Self { header, records })
    }

    /// Writes the whole file.
    ///
    /// # Errors
    /// Writing failed.
    pub fn write_to<W: Write>(&self, mut output: W) -> io::Result<()> {
        output.write_all(&self.header)?;
        let mut writer = RecordWriter::new(output);
        self.records.iter().try_for_each(|r| writer.write(r))?;
        writer.finish().0.flush()
    }

    /// Returns the byte offset of a record, as pointers in other files hold it; `None` beyond 4 GiB.
    #[must_use]
    pub fn offset_of(index: usize) -> Option<u32> {
        let offset = (index as u64)
            .checked_mul(T::LEN as u64)?
            .checked_add(BASE as u64)?;
        offset.try_into().ok()
    }

    /// Returns the index of the record that begins at a byte offset; `None` where none begins there.
    #[must_use]
    pub fn index_at(&self, offset: u32) -> Option<usize> {
        let index = record_index(offset, BASE, T::LEN)?;
        (index < self.records.len()).then_some(index)
    }

    /// Returns the record that begins at a byte offset.
    #[must_use]
    pub fn at(&self, offset: u32) -> Option<&T> {
        self.records.get(self.index_at(offset)?)
    }
}

/// Returns the number, from 0, of the record that begins at `offset` behind a header of `base` bytes.
pub(crate) fn record_index(offset: u32, base: usize, record: usize) -> Option<usize> {
    let body = (offset as usize).checked_sub(base)?;
    (body % record == 0).then_some(body / record)
}

impl<const BASE: usize, T> Default for Table<BASE, T> {
    /// The empty file: a header of zeroes.
    fn default() -> Self {
        Self {
            header: [0; BASE],
            records: Vec::new(),
        }
    }
}

impl<const BASE: usize, T: fmt::Debug> fmt::Debug for Table<BASE, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("header", &self.header)
            .field("records", &self.records)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::super::GroupTable;

    #[test]
    fn pointers_are_byte_offsets() {
        assert_eq!(GroupTable::offset_of(0), Some(4));
        assert_eq!(GroupTable::offset_of(2), Some(4 + 2 * 51));
        assert_eq!(GroupTable::offset_of(usize::MAX), None);
        let table = GroupTable::read_from(&[0; 4 + 51][..]).unwrap();
        assert_eq!(table.index_at(4), Some(0));
        for offset in [0, 3, 5, 55, u32::MAX] {
            assert_eq!(table.index_at(offset), None, "{offset}");
        }
    }

    #[test]
    fn a_torn_header_says_so() {
        let error = GroupTable::read_from(&[0; 3][..]).unwrap_err().to_string();
        assert_eq!(error, "byte 0x0: file ends inside the header: 3 of 4 bytes");
    }
}
