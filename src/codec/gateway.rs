//! `GLB/<gateway>.GLB`: the addresses behind a gateway list.

use std::io::{self, Read, Write};

use byteorder::{ByteOrder, LittleEndian};

use super::CodecError;
use super::input::{complete, fill, fill_all};

/// The longest address a gateway record holds, in bytes; ours.
pub const MAX_GATEWAY_ADDRESS: usize = 512;

/// Bytes of a record before its address.
const HEAD_LEN: usize = 6;

/// One address of a gateway list. Its NME entry points to it by byte offset.
///
/// | Offset | Size | Field | Meaning | Status |
/// |---:|---:|---|---|---|
/// | 0 | 4 | `tid` | tuple identifier of the entry | ours |
/// | 4 | 2 | | length of the address | ours |
/// | 6 | n | `address` | stored form, `import.md` 3.6: FAX with a CR behind each field | ours |
///
/// The file starts with 4 bytes, zero in an empty one (Q102300, Q119240).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GatewayRecord {
    /// Tuple identifier.
    pub tid: u32,
    /// Address without its type, in stored form, in the code page of the postoffice.
    pub address: Box<[u8]>,
}

/// The whole of a gateway file, held in memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GatewayFile {
    /// The header: 0 in every sample; kept as read.
    pub header: u32,
    offsets: Vec<u32>,
    records: Vec<GatewayRecord>,
}

impl GatewayFile {
    /// Bytes of the header: the size of an empty file.
    pub const HEADER_LEN: usize = 4;

    /// Reads a whole file from buffered input; memory is in proportion to the input.
    ///
    /// # Errors
    /// The input ends inside the header or a record; an address is longer than [`MAX_GATEWAY_ADDRESS`]; the file
    /// passes 4 GiB, so that nothing could point to its end.
    pub fn read_from<R: Read>(input: R) -> Result<Self, CodecError> {
        let mut reader = GatewayReader::new(input)?;
        let mut file = Self {
            header: reader.header,
            ..Self::default()
        };
        while let Some((offset, record)) = reader.read()? {
            file.offsets.push(offset);
            file.records.push(record);
        }
        Ok(file)
    }

    /// Writes the whole file.
    ///
    /// # Errors
    /// Writing failed.
    pub fn write_to<W: Write>(&self, mut output: W) -> io::Result<()> {
        output.write_all(&self.header.to_le_bytes())?;
        for record in &self.records {
            let mut head = [0; HEAD_LEN];
            LittleEndian::write_u32(&mut head, record.tid);
            let len = u16::try_from(record.address.len()).expect("checked when it was added");
            LittleEndian::write_u16(&mut head[4..], len);
            output.write_all(&head)?;
            output.write_all(&record.address)?;
        }
        output.flush()
    }

    /// Adds a record behind the last and returns its byte offset.
    ///
    /// # Errors
    /// The address is longer than [`MAX_GATEWAY_ADDRESS`]; the file would pass 4 GiB.
    pub fn push(&mut self, record: GatewayRecord) -> Result<u32, CodecError> {
        check_len(record.address.len())?;
        let offset = u32::try_from(self.end_offset())
            .map_err(|_| CodecError::field(0, "offset", self.end_offset(), "below 4 GiB"))?;
        self.offsets.push(offset);
        self.records.push(record);
        Ok(offset)
    }

    /// Returns the record that begins at a byte offset; `None` where none begins there.
    #[must_use]
    pub fn at(&self, offset: u32) -> Option<&GatewayRecord> {
        let index = self.offsets.binary_search(&offset).ok()?;
        self.records.get(index)
    }

    /// Returns the records in file order, each with its byte offset.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u32, &GatewayRecord)> {
        self.offsets.iter().copied().zip(&self.records)
    }

    /// Returns the number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Tells whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    fn end_offset(&self) -> u64 {
        match (self.offsets.last(), self.records.last()) {
            (Some(&offset), Some(record)) => {
                u64::from(offset) + (HEAD_LEN + record.address.len()) as u64
            }
            _ => Self::HEADER_LEN as u64,
        }
    }
}

/// A gateway file looked at where its bytes lie: nothing of it is copied.
#[derive(Debug, Clone)]
pub struct GatewayView<'a> {
    bytes: &'a [u8],
    offsets: Vec<u32>,
}

impl<'a> GatewayView<'a> {
    /// Finds the records in the bytes of a whole file.
    ///
    /// # Errors
    /// As [`GatewayFile::read_from`].
    pub fn new(bytes: &'a [u8]) -> Result<Self, CodecError> {
        complete(bytes.len().min(4), GatewayFile::HEADER_LEN, 0, "the header")?;
        let mut offsets = Vec::new();
        let mut at = GatewayFile::HEADER_LEN;
        while at < bytes.len() {
            let number = offsets.len() as u64 + 1;
            let end = record_end(bytes, at).map_err(|e| e.in_record(number, at as u64))?;
            let offset =
                u32::try_from(at).map_err(|_| CodecError::field(0, "offset", at, "below 4 GiB"))?;
            offsets.push(offset);
            at = end;
        }
        Ok(Self { bytes, offsets })
    }

    /// Returns the number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Tells whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Returns the number, from 0, of the record that begins at a byte offset.
    #[must_use]
    pub fn index_at(&self, offset: u32) -> Option<usize> {
        self.offsets.binary_search(&offset).ok()
    }

    /// Returns the TID and the address of a record by its number.
    ///
    /// # Panics
    /// There are not so many.
    #[must_use]
    pub fn get(&self, index: usize) -> (u32, &'a [u8]) {
        let (head, rest) = self.bytes[self.offsets[index] as usize..].split_at(HEAD_LEN);
        let len = usize::from(LittleEndian::read_u16(&head[4..]));
        (LittleEndian::read_u32(head), &rest[..len])
    }
}

/// Returns where the record ends that begins at a byte offset inside of the file.
fn record_end(bytes: &[u8], at: usize) -> Result<usize, CodecError> {
    let rest = &bytes[at..];
    complete(
        rest.len().min(HEAD_LEN),
        HEAD_LEN,
        at as u64,
        "a gateway record",
    )?;
    let len = usize::from(LittleEndian::read_u16(&rest[4..]));
    check_len(len)?;
    let have = (rest.len() - HEAD_LEN).min(len);
    complete(have, len, (at + HEAD_LEN) as u64, "an address")?;
    Ok(at + HEAD_LEN + len)
}

/// Reads the addresses of a gateway file one by one.
#[derive(Debug)]
pub struct GatewayReader<R> {
    input: R,
    header: u32,
    number: u64,
    offset: u64,
}

impl<R: Read> GatewayReader<R> {
    /// Reads the header from buffered input.
    ///
    /// # Errors
    /// The input ends inside it.
    pub fn new(mut input: R) -> Result<Self, CodecError> {
        let mut header = [0; GatewayFile::HEADER_LEN];
        fill_all(&mut input, &mut header, 0, "the header")?;
        Ok(Self {
            input,
            header: LittleEndian::read_u32(&header),
            number: 0,
            offset: GatewayFile::HEADER_LEN as u64,
        })
    }

    /// Reads the next record with its byte offset; none at the end.
    ///
    /// # Errors
    /// The input ends inside the record; its address is longer than [`MAX_GATEWAY_ADDRESS`]; it begins beyond 4 GiB, so
    /// that nothing could point to it.
    pub fn read(&mut self) -> Result<Option<(u32, GatewayRecord)>, CodecError> {
        let (number, offset) = (self.number + 1, self.offset);
        let read = read_record(&mut self.input, offset);
        let Some(record) = read.map_err(|e| e.in_record(number, offset))? else {
            return Ok(None);
        };
        let start = u32::try_from(offset).map_err(|_| {
            CodecError::field(0, "offset", offset, "below 4 GiB").in_record(number, offset)
        })?;
        self.number = number;
        self.offset += (HEAD_LEN + record.address.len()) as u64;
        Ok(Some((start, record)))
    }
}

fn check_len(len: usize) -> Result<(), CodecError> {
    if len > MAX_GATEWAY_ADDRESS {
        let expected = format_args!("at most {MAX_GATEWAY_ADDRESS}").to_string();
        return Err(CodecError::field(4, "address length", len, expected));
    }
    Ok(())
}

fn read_record<R: Read>(input: &mut R, offset: u64) -> Result<Option<GatewayRecord>, CodecError> {
    let mut head = [0; HEAD_LEN];
    let have = fill(input, &mut head)?;
    if have == 0 {
        return Ok(None);
    }
    complete(have, HEAD_LEN, offset, "a gateway record")?;
    let len = usize::from(LittleEndian::read_u16(&head[4..]));
    check_len(len)?;
    let mut address = vec![0; len].into_boxed_slice();
    fill_all(input, &mut address, offset + HEAD_LEN as u64, "an address")?;
    let tid = LittleEndian::read_u32(&head);
    Ok(Some(GatewayRecord { tid, address }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: [u8; 19] = [
        0, 0, 0, 0, // header
        1, 0, 0, 0, 3, 0, b'a', b'\r', b'b', // TID 1 at 4
        2, 1, 0, 0, 0, 0, // TID 0x102 at 13, empty address
    ];

    #[test]
    fn records_are_found_by_their_offset() {
        let file = GatewayFile::read_from(&BYTES[..]).unwrap();
        assert_eq!(file.at(4).unwrap().address[..], *b"a\rb");
        assert_eq!(file.at(13).unwrap().tid, 0x102);
        assert_eq!((file.at(0), file.at(5), file.at(19)), (None, None, None));
        let mut again = Vec::new();
        file.write_to(&mut again).unwrap();
        assert_eq!(again, BYTES);
    }

    #[test]
    fn a_view_finds_the_same_records_and_the_same_damage() {
        let view = GatewayView::new(&BYTES).unwrap();
        let file = GatewayFile::read_from(&BYTES[..]).unwrap();
        assert_eq!((view.len(), view.is_empty()), (2, false));
        for (n, (offset, record)) in file.iter().enumerate() {
            assert_eq!(view.index_at(offset), Some(n));
            assert_eq!(view.get(n), (record.tid, &record.address[..]));
        }
        assert_eq!((view.index_at(0), view.index_at(5)), (None, None));
        let mut long = BYTES;
        long[9] = 0x02;
        for damaged in (0..BYTES.len()).map(|len| &BYTES[..len]).chain([&long[..]]) {
            let expected = GatewayFile::read_from(damaged).map_err(|e| e.to_string());
            let found = GatewayView::new(damaged).map_err(|e| e.to_string());
            assert_eq!(found.map(|v| v.len()), expected.map(|f| f.len()));
        }
    }

    #[test]
    fn a_file_of_four_bytes_is_empty() {
        let file = GatewayFile::read_from(&[0; 4][..]).unwrap();
        assert!(file.is_empty());
        assert_eq!(file, GatewayFile::default());
    }

    #[test]
    fn new_records_go_where_reading_finds_them() {
        let mut file = GatewayFile::default();
        let first = GatewayRecord {
            tid: 1,
            address: (*b"a\rb").into(),
        };
        let second = GatewayRecord {
            tid: 0x102,
            ..GatewayRecord::default()
        };
        assert_eq!(file.push(first).unwrap(), 4);
        assert_eq!(file.push(second).unwrap(), 13);
        assert_eq!(file, GatewayFile::read_from(&BYTES[..]).unwrap());
    }

    #[test]
    fn an_error_names_record_and_byte() {
        let error = |bytes: &[u8]| GatewayFile::read_from(bytes).unwrap_err().to_string();
        assert_eq!(
            error(&BYTES[..2]),
            "byte 0x0: file ends inside the header: 2 of 4 bytes"
        );
        assert_eq!(
            error(&BYTES[..18]),
            "record 2 at byte 0xd: byte 0xd: file ends inside a gateway record: 5 of 6 bytes"
        );
        assert_eq!(
            error(&BYTES[..12]),
            "record 1 at byte 0x4: byte 0xa: file ends inside an address: 2 of 3 bytes"
        );
        let mut long = BYTES;
        long[9] = 0x02;
        assert_eq!(
            error(&long),
            "record 1 at byte 0x4: byte 0x4: address length: found 515, expected at most 512"
        );
    }
}
