//! Records that wait in a temporary file, each found by where it was put.
//!
//! The file has no name, so that nothing is left of it however the process ends, and there is none as long as the records
//! are few.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes that are written, or read ahead, at a time.
const BLOCK_LEN: usize = 64 * 1024;

/// Bytes of the length in front of a record.
const HEAD_LEN: usize = 4;

/// Records in the order in which they were put.
#[derive(Debug)]
pub(in crate::tools) struct Spool {
    folder: Option<PathBuf>,
    file: Option<File>,
    /// Bytes of the file.
    written: u64,
    count: u64,
    /// What is not in the file yet.
    tail: Vec<u8>,
    /// What was read of the file last, and where it begins there.
    ahead: Vec<u8>,
    ahead_at: u64,
}

impl Spool {
    /// Makes one whose file would lie in `folder`, or in that of the system.
    pub(in crate::tools) fn new(folder: Option<&Path>) -> Self {
        Self {
            folder: folder.map(Path::to_owned),
            file: None,
            written: 0,
            count: 0,
            tail: Vec::new(),
            ahead: Vec::new(),
            ahead_at: 0,
        }
    }

    /// Returns where the next record will be: behind all others.
    pub(in crate::tools) fn end(&self) -> u64 {
        self.written + self.tail.len() as u64
    }

    /// Puts a record behind the others and returns where it is.
    ///
    /// # Errors
    /// The temporary file cannot be made or written.
    pub(in crate::tools) fn push(&mut self, record: &[u8]) -> io::Result<u64> {
        self.push_parts(&[record])
    }

    /// As [`Self::push`], a record of several parts.
    ///
    /// # Errors
    /// The temporary file cannot be made or written.
    pub(in crate::tools) fn push_parts(&mut self, parts: &[&[u8]]) -> io::Result<u64> {
        let at = self.end();
        let len = u32::try_from(parts.iter().map(|part| part.len()).sum::<usize>());
        let too_long = |_| io::Error::new(io::ErrorKind::InvalidInput, "a record of over 4 GiB");
        let len = len.map_err(too_long)?;
        self.tail.extend_from_slice(&len.to_le_bytes());
        for part in parts {
            self.tail.extend_from_slice(part);
        }
        self.count += 1;
        if self.tail.len() >= BLOCK_LEN {
            self.write()?;
        }
        Ok(at)
    }

    fn write(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            let file = match &self.folder {
                Some(folder) => tempfile::tempfile_in(folder),
                None => tempfile::tempfile(),
            };
            self.file = Some(file?);
        }
        if let Some(file) = &mut self.file {
            file.write_all(&self.tail)?;
        }
        self.written += self.tail.len() as u64;
        self.tail.clear();
        Ok(())
    }

    /// Returns how many records there are.
    pub(in crate::tools) fn count(&self) -> u64 {
        self.count
    }

    /// Hands on every record, in order.
    ///
    /// # Errors
    /// They cannot be read; `take` failed.
    pub(in crate::tools) fn each(
        &mut self,
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut at = 0;
        while let Some((record, next)) = self.next(at)? {
            take(record)?;
            at = next;
        }
        Ok(())
    }

    /// Returns the record at a place that [`Self::push`] returned.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub(in crate::tools) fn get(&mut self, at: u64) -> io::Result<&[u8]> {
        let head = self.bytes(at, HEAD_LEN)?;
        let len = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        self.bytes(at + HEAD_LEN as u64, len)
    }

    /// Returns the record at a place and where the next one is; none at the end. The first is at 0.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(in crate::tools) fn next(&mut self, at: u64) -> io::Result<Option<(&[u8], u64)>> {
        if at >= self.end() {
            return Ok(None);
        }
        let record = self.get(at)?;
        let behind = at + (HEAD_LEN + record.len()) as u64;
        Ok(Some((record, behind)))
    }

    fn bytes(&mut self, at: u64, len: usize) -> io::Result<&[u8]> {
        if let Some(at) = at.checked_sub(self.written) {
            let bytes = usize::try_from(at).ok().and_then(|at| self.tail.get(at..));
            let bytes = bytes.and_then(|bytes| bytes.get(..len));
            return bytes.ok_or_else(|| io::ErrorKind::UnexpectedEof.into());
        }
        let is_ahead = |this: &Self| {
            let from = at.checked_sub(this.ahead_at)?;
            let from = usize::try_from(from).ok()?;
            let to = from.checked_add(len)?;
            (to <= this.ahead.len()).then_some((from, to))
        };
        if is_ahead(self).is_none() {
            self.read(at, len)?;
        }
        let (from, to) = is_ahead(self).ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(&self.ahead[from..to])
    }

    /// Reads a block, or as much as is wanted. What is far from what was read last is hardly the beginning of a pass: then as
    /// little as that is read.
    fn read(&mut self, at: u64, len: usize) -> io::Result<()> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::UnexpectedEof)?;
        let last = self.ahead_at..=self.ahead_at + self.ahead.len() as u64;
        let most = match last.contains(&at) || at == 0 {
            true => BLOCK_LEN,
            false => 512,
        };
        let left = usize::try_from(self.written - at).unwrap_or(usize::MAX);
        self.ahead.resize(most.max(len).min(left), 0);
        self.ahead_at = at;
        file.read_exact_at(&mut self.ahead, at).inspect_err(|_| {
            self.ahead.clear();
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_where_they_were_put_in_any_order() {
        let mut spool = Spool::new(None);
        let record = |number: usize| vec![number as u8; number % 700];
        let places: Vec<_> = (0..2000)
            .map(|number| spool.push(&record(number)).expect("written"))
            .collect();
        assert!(spool.file.is_some(), "some of it is in the file");
        assert!(!spool.tail.is_empty(), "and some is not");
        for number in (0..2000).chain((0..2000).rev()).step_by(7) {
            let found = spool.get(places[number]).expect("read");
            assert_eq!(found, record(number), "{number}");
        }
        let (mut at, mut count) = (0, 0);
        while let Some((found, next)) = spool.next(at).expect("read") {
            assert_eq!(found, record(count));
            (at, count) = (next, count + 1);
        }
        assert_eq!((count, at), (2000, spool.end()));
        assert_eq!(spool.count(), 2000);
        let mut parts = Vec::new();
        let last = spool.push_parts(&[b"a", b"", b"bc"]).expect("written");
        spool
            .each(&mut |record| {
                parts = record.to_vec();
                Ok(())
            })
            .expect("read");
        assert_eq!((&parts[..], last), (&b"abc"[..], at));
        let at = spool.end();
        assert!(spool.get(at).is_err(), "nothing is behind the end");
    }

    #[test]
    fn a_few_records_take_no_file() {
        let mut spool = Spool::new(Some(Path::new("/nowhere")));
        let at = spool.push(b"one").expect("no file is needed");
        assert_eq!(spool.get(at).expect("there"), b"one");
        let many = vec![0; BLOCK_LEN];
        assert!(spool.push(&many).is_err());
    }
}
