//! Files of fixed-length records behind a header of fixed length.

use std::io::{self, Read, Write};
use std::marker::PhantomData;

use super::CodecError;

/// A structure of fixed length.
pub trait Record: Sized {
    /// Bytes of one record.
    const LEN: usize;

    /// Reads a record from exactly [`Self::LEN`] bytes; every byte it does not understand is kept.
    ///
    /// # Errors
    /// A field holds what it cannot hold.
    fn decode(bytes: &[u8]) -> Result<Self, CodecError>;

    /// Writes the record over exactly [`Self::LEN`] bytes.
    fn encode(&self, bytes: &mut [u8]);

    /// Reads one record.
    ///
    /// # Errors
    /// As [`Self::decode`]; the input ends early.
    fn read_from<R: Read>(input: &mut R) -> Result<Self, CodecError> {
        let mut bytes = vec![0; Self::LEN];
        input.read_exact(&mut bytes)?;
        Self::decode(&bytes)
    }

    /// Writes one record.
    ///
    /// # Errors
    /// Writing failed.
    fn write_to<W: Write>(&self, output: &mut W) -> Result<(), CodecError> {
        let mut bytes = vec![0; Self::LEN];
        self.encode(&mut bytes);
        output.write_all(&bytes)?;
        Ok(())
    }
}

/// Returns how many records of `record` bytes stand behind `base` bytes in a file of `len` bytes.
///
/// # Errors
/// The size fits no whole number of records.
pub fn record_count(len: u64, base: usize, record: usize) -> Result<u64, CodecError> {
    let (base, record) = (base as u64, record as u64);
    let wrong = CodecError::Size { len, base, record };
    let body = len.checked_sub(base).ok_or(wrong)?;
    match body.checked_rem(record) {
        Some(0) => Ok(body / record),
        None if body == 0 => Ok(0),
        _ => Err(CodecError::Size { len, base, record }),
    }
}

/// Reads records one by one from buffered input; an error names the record and its byte.
#[derive(Debug)]
pub struct RecordReader<R, T> {
    input: R,
    buffer: Vec<u8>,
    number: u64,
    offset: u64,
    failed: bool,
    kind: PhantomData<T>,
}

impl<R: Read, T: Record> RecordReader<R, T> {
    /// Makes a reader; `offset` is where `input` stands in its file.
    pub fn new(input: R, offset: u64) -> Self {
        Self {
            input,
            buffer: vec![0; T::LEN],
            number: 0,
            offset,
            failed: false,
            kind: PhantomData,
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut have = 0;
        while have < self.buffer.len() {
            match self.input.read(&mut self.buffer[have..]) {
                Ok(0) => break,
                Ok(n) => have += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(have)
    }
}

impl<R: Read, T: Record> Iterator for RecordReader<R, T> {
    type Item = Result<T, CodecError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let have = match self.fill() {
            Ok(0) => return None,
            Ok(have) => have,
            Err(e) => {
                self.failed = true;
                return Some(Err(e.into()));
            }
        };
        self.number += 1;
        let offset = self.offset;
        if have < T::LEN {
            self.failed = true;
            return Some(Err(CodecError::Truncated {
                offset,
                what: "a record",
                have: have as u64,
                need: T::LEN as u64,
            }
            .in_record(self.number, offset)));
        }
        self.offset += T::LEN as u64;
        Some(T::decode(&self.buffer).map_err(|e| e.in_record(self.number, offset)))
    }
}

/// Writes records one by one.
#[derive(Debug)]
pub struct RecordWriter<W, T> {
    output: W,
    buffer: Vec<u8>,
    count: u64,
    kind: PhantomData<T>,
}

impl<W: Write, T: Record> RecordWriter<W, T> {
    /// Makes a writer over buffered output that stands behind the header.
    pub fn new(output: W) -> Self {
        Self {
            output,
            buffer: vec![0; T::LEN],
            count: 0,
            kind: PhantomData,
        }
    }

    /// Writes one record.
    ///
    /// # Errors
    /// Writing failed.
    pub fn write(&mut self, record: &T) -> io::Result<()> {
        record.encode(&mut self.buffer);
        self.output.write_all(&self.buffer)?;
        self.count += 1;
        Ok(())
    }

    /// Returns the output and the number of records written.
    pub fn finish(self) -> (W, u64) {
        (self.output, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pair(u8, u8);

    impl Record for Pair {
        const LEN: usize = 2;
        fn decode(b: &[u8]) -> Result<Self, CodecError> {
            if b[0] == 0xff {
                return Err(CodecError::field(0, "first", b[0], "below 255"));
            }
            Ok(Self(b[0], b[1]))
        }
        fn encode(&self, b: &mut [u8]) {
            b.copy_from_slice(&[self.0, self.1]);
        }
    }

    #[test]
    fn count_follows_from_the_size() {
        assert_eq!(record_count(4 + 51 * 3, 4, 51).unwrap(), 3);
        assert_eq!(record_count(512, 512, 0).unwrap(), 0);
        for (len, base, record) in [(3, 4, 51), (3015, 0, 698), (511, 512, 0), (513, 512, 0)] {
            assert!(
                record_count(len, base, record).is_err(),
                "{len} {base} {record}"
            );
        }
    }

    #[test]
    fn an_error_names_record_and_byte() {
        let all: Vec<_> = RecordReader::<_, Pair>::new(&[1, 2, 0xff, 0, 5, 6, 7][..], 4).collect();
        let text: Vec<_> = all
            .iter()
            .filter_map(|r| Some(r.as_ref().err()?.to_string()))
            .collect();
        assert_eq!(
            text,
            [
                "record 2 at byte 0x6: byte 0x0: first: found 255, expected below 255",
                "record 4 at byte 0xa: byte 0xa: file ends inside a record: 1 of 2 bytes"
            ]
        );
        assert_eq!(all.len(), 4);
    }
}
