//! Records that are written once and read from the front, more often than once if need be.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

/// Bytes of a buffer.
const BUFFER_LEN: usize = 64 * 1024;

/// A file without a name that takes records.
#[derive(Debug)]
pub(super) struct Spool {
    output: BufWriter<File>,
    count: u64,
}

impl Spool {
    /// Makes an empty one.
    ///
    /// # Errors
    /// There can be no temporary file.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            output: BufWriter::with_capacity(BUFFER_LEN, tempfile::tempfile()?),
            count: 0,
        })
    }

    /// Adds a record of two parts.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn put(&mut self, head: &[u8], tail: &[u8]) -> io::Result<()> {
        let len = u32::try_from(head.len() + tail.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a record of over 4 GiB"))?;
        self.count += 1;
        self.output.write_all(&len.to_le_bytes())?;
        self.output.write_all(head)?;
        self.output.write_all(tail)
    }

    /// Returns how many there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Hands every record to `take`, in their order.
    ///
    /// # Errors
    /// They cannot be read; `take` failed.
    pub(super) fn read<E: From<io::Error>>(
        &mut self,
        take: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.output.flush()?;
        let file = self.output.get_mut();
        file.rewind()?;
        let mut input = BufReader::with_capacity(BUFFER_LEN, &*file);
        let mut record = Vec::new();
        for _ in 0..self.count {
            let mut len = [0; 4];
            input.read_exact(&mut len)?;
            record.resize(u32::from_le_bytes(len) as usize, 0);
            input.read_exact(&mut record)?;
            take(&record)?;
        }
        // What comes later goes behind what is there.
        file.seek(io::SeekFrom::End(0))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_often_as_they_are_wanted_and_more_may_follow() {
        let mut spool = Spool::new().expect("a file");
        let mut written = Vec::new();
        for round in 0..3_u32 {
            for n in 0..20_000_u32 {
                let record = [round.to_le_bytes(), n.to_le_bytes()].concat();
                let record = &record[..(n % 9) as usize];
                spool
                    .put(
                        &record[..record.len().min(1)],
                        &record[record.len().min(1)..],
                    )
                    .expect("written");
                written.push(record.to_vec());
            }
            let mut read = Vec::new();
            spool
                .read(&mut |record| {
                    read.push(record.to_vec());
                    Ok::<_, io::Error>(())
                })
                .expect("read");
            assert!(read == written, "round {round}");
        }
        assert_eq!(spool.count(), 60_000);
    }
}
