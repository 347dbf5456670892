//! Sorting more than memory holds: sorted runs go to temporary files, and are merged when they are read.
//!
//! ```text
//! push -> buffer -(full)-> sorted run ... run -> merged -> next
//! ```
//!
//! The sort is stable: what has the same key comes out in the order in which it was pushed. The files have no name, so
//! that nothing is left of them however the process ends.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Runs that are merged at a time. More of them become longer runs first, so that neither the files that are open nor
/// their buffers grow with what is sorted.
const FAN_IN: usize = 16;

/// Bytes of the buffer of one run.
const RUN_BUFFER_LEN: usize = 16 * 1024;

/// Least memory of a sort: what the buffers of a merge need.
pub(in crate::tools) const MIN_MEMORY: usize = FAN_IN * RUN_BUFFER_LEN;

/// Bytes of the two lengths in front of a record.
const HEAD_LEN: usize = 8;

/// Takes records, a key and a value each, in any order.
#[derive(Debug)]
pub(in crate::tools) struct Sorter {
    memory: usize,
    directory: Option<PathBuf>,
    buffer: Buffer,
    /// Runs by how often their records were merged; of one level the older ones first.
    levels: Vec<Vec<File>>,
    written: u64,
}

/// Gives the records back, by key.
#[derive(Debug)]
pub(in crate::tools) struct Sorted {
    source: Source,
    /// Bytes that went to temporary files.
    pub(in crate::tools) spilled: u64,
}

#[derive(Debug)]
enum Source {
    Memory { buffer: Buffer, next: usize },
    Runs(Merge),
}

impl Sorter {
    /// Makes a sort that holds about `memory` bytes; files go into `directory`, or into that of the system.
    pub(in crate::tools) fn new(memory: usize, directory: Option<&Path>) -> Self {
        Self {
            memory: memory.max(MIN_MEMORY),
            directory: directory.map(Path::to_owned),
            buffer: Buffer::default(),
            levels: Vec::new(),
            written: 0,
        }
    }

    /// Takes a record.
    ///
    /// # Errors
    /// A temporary file cannot be written.
    pub(in crate::tools) fn push(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        let more = HEAD_LEN + key.len() + value.len() + size_of::<Slot>();
        if !self.buffer.slots.is_empty() && self.buffer.len() + more > self.memory {
            self.spill()?;
        }
        self.buffer.push(key, value)
    }

    /// Ends the input.
    ///
    /// # Errors
    /// A temporary file cannot be written or read.
    pub(in crate::tools) fn finish(mut self) -> io::Result<Sorted> {
        if self.levels.is_empty() {
            self.buffer.sort();
            let buffer = self.buffer;
            return Ok(Sorted {
                source: Source::Memory { buffer, next: 0 },
                spilled: 0,
            });
        }
        if !self.buffer.slots.is_empty() {
            self.spill()?;
        }
        self.buffer = Buffer::default();
        // The highest level holds what was pushed first.
        let runs: Vec<_> = std::mem::take(&mut self.levels)
            .into_iter()
            .rev()
            .flatten()
            .collect();
        Ok(Sorted {
            source: Source::Runs(Merge::new(runs)?),
            spilled: self.written,
        })
    }

    fn spill(&mut self) -> io::Result<()> {
        self.buffer.sort();
        let mut output = self.new_run()?;
        for at in 0..self.buffer.slots.len() {
            let (key, value) = self.buffer.record(at);
            put(&mut output, key, value)?;
        }
        self.written += self.buffer.bytes.len() as u64;
        self.buffer.clear();
        let run = written(output)?;
        self.add_run(0, run)
    }

    /// Adds a run to its level; a full level becomes one run of the next.
    fn add_run(&mut self, level: usize, run: File) -> io::Result<()> {
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        self.levels[level].push(run);
        if self.levels[level].len() < FAN_IN {
            return Ok(());
        }
        let mut merge = Merge::new(std::mem::take(&mut self.levels[level]))?;
        let mut output = self.new_run()?;
        while let Some((key, value)) = merge.next()? {
            put(&mut output, key, value)?;
            self.written += (HEAD_LEN + key.len() + value.len()) as u64;
        }
        let run = written(output)?;
        self.add_run(level + 1, run)
    }

    fn new_run(&self) -> io::Result<BufWriter<File>> {
        let file = match &self.directory {
            Some(directory) => tempfile::tempfile_in(directory),
            None => tempfile::tempfile(),
        };
        Ok(BufWriter::with_capacity(RUN_BUFFER_LEN, file?))
    }
}

impl Sorted {
    /// Begins again with the first record.
    ///
    /// # Errors
    /// A temporary file cannot be read.
    #[cfg(any(feature = "ldap", test))]
    pub(in crate::tools) fn rewind(&mut self) -> io::Result<()> {
        match &mut self.source {
            Source::Memory { next, .. } => *next = 0,
            Source::Runs(merge) => {
                let runs = std::mem::take(&mut merge.runs);
                let files = runs.into_iter().map(|run| run.input.into_inner());
                *merge = Merge::new(files.collect())?;
            }
        }
        Ok(())
    }

    /// Returns the next record.
    ///
    /// # Errors
    /// A temporary file cannot be read.
    pub(in crate::tools) fn next(&mut self) -> io::Result<Option<(&[u8], &[u8])>> {
        match &mut self.source {
            Source::Runs(merge) => merge.next(),
            Source::Memory { buffer, next } => {
                if *next == buffer.slots.len() {
                    return Ok(None);
                }
                *next += 1;
                Ok(Some(buffer.record(*next - 1)))
            }
        }
    }
}

fn put(output: &mut impl Write, key: &[u8], value: &[u8]) -> io::Result<()> {
    output.write_all(&head(key, value)?)?;
    output.write_all(key)?;
    output.write_all(value)
}

fn head(key: &[u8], value: &[u8]) -> io::Result<[u8; HEAD_LEN]> {
    let len = |bytes: &[u8]| {
        let too_long = |_| io::Error::new(io::ErrorKind::InvalidInput, "a record of over 4 GiB");
        u32::try_from(bytes.len()).map_err(too_long)
    };
    let mut head = [0; HEAD_LEN];
    head[..4].copy_from_slice(&len(key)?.to_le_bytes());
    head[4..].copy_from_slice(&len(value)?.to_le_bytes());
    Ok(head)
}

fn lengths(head: &[u8]) -> (usize, usize) {
    let len = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    (len(0) as usize, len(4) as usize)
}

fn written(output: BufWriter<File>) -> io::Result<File> {
    output.into_inner().map_err(|error| error.into_error())
}

/// Records in memory.
#[derive(Debug, Default)]
struct Buffer {
    bytes: Vec<u8>,
    slots: Vec<Slot>,
}

/// Where a record stands, and eight bytes of its key behind what all keys begin with: most comparisons end there.
#[derive(Debug, Clone, Copy)]
struct Slot {
    prefix: u64,
    at: usize,
}

impl Buffer {
    fn push(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&head(key, value)?);
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.slots.push(Slot { prefix: 0, at });
        Ok(())
    }

    fn len(&self) -> usize {
        self.bytes.len() + self.slots.len() * size_of::<Slot>()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.slots.clear();
    }

    fn sort(&mut self) {
        let common = self.common_len();
        for at in 0..self.slots.len() {
            let key = &self.record(at).0[common..];
            let mut prefix = [0; 8];
            let len = key.len().min(8);
            prefix[..len].copy_from_slice(&key[..len]);
            self.slots[at].prefix = u64::from_be_bytes(prefix);
        }
        let bytes = &self.bytes;
        self.slots.sort_by(|a, b| {
            let by_prefix = a.prefix.cmp(&b.prefix);
            by_prefix.then_with(|| record(bytes, a.at).0.cmp(record(bytes, b.at).0))
        });
    }

    /// Returns how many bytes all keys begin with.
    fn common_len(&self) -> usize {
        let Some(first) = self.slots.first() else {
            return 0;
        };
        let first = record(&self.bytes, first.at).0;
        self.slots.iter().fold(first.len(), |len, slot| {
            let key = record(&self.bytes, slot.at).0;
            let alike = first[..len].iter().zip(key).take_while(|(a, b)| a == b);
            alike.count()
        })
    }

    fn record(&self, at: usize) -> (&[u8], &[u8]) {
        record(&self.bytes, self.slots[at].at)
    }
}

fn record(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    let (key_len, value_len) = lengths(&bytes[at..at + HEAD_LEN]);
    let key = at + HEAD_LEN;
    let value = key + key_len;
    (&bytes[key..value], &bytes[value..value + value_len])
}

/// Merges runs.
#[derive(Debug)]
struct Merge {
    runs: Vec<Run>,
    /// Runs that still have a record, the one with the smallest key first.
    order: Vec<usize>,
    /// The first of `order` was handed out.
    is_taken: bool,
}

#[derive(Debug)]
struct Run {
    input: BufReader<File>,
    bytes: Vec<u8>,
    key_len: usize,
}

impl Merge {
    fn new(mut files: Vec<File>) -> io::Result<Self> {
        for file in &mut files {
            file.rewind()?;
        }
        let runs = files.into_iter().map(|file| Run {
            input: BufReader::with_capacity(RUN_BUFFER_LEN, file),
            bytes: Vec::new(),
            key_len: 0,
        });
        let mut merge = Self {
            runs: runs.collect(),
            order: Vec::new(),
            is_taken: false,
        };
        for number in 0..merge.runs.len() {
            if merge.runs[number].read()? {
                merge.insert(number);
            }
        }
        Ok(merge)
    }

    fn next(&mut self) -> io::Result<Option<(&[u8], &[u8])>> {
        if std::mem::take(&mut self.is_taken) {
            let number = self.order.remove(0);
            if self.runs[number].read()? {
                self.insert(number);
            }
        }
        let Some(&first) = self.order.first() else {
            return Ok(None);
        };
        self.is_taken = true;
        let run = &self.runs[first];
        Ok(Some(run.bytes.split_at(run.key_len)))
    }

    /// Puts a run where its record belongs; of equal keys that of the older run comes first.
    fn insert(&mut self, number: usize) {
        let key = self.runs[number].key();
        let at = self.order.partition_point(|&other| {
            let by_key = self.runs[other].key().cmp(key);
            by_key.then(other.cmp(&number)) == Ordering::Less
        });
        self.order.insert(at, number);
    }
}

impl Run {
    fn key(&self) -> &[u8] {
        &self.bytes[..self.key_len]
    }

    fn read(&mut self) -> io::Result<bool> {
        let mut head = [0; HEAD_LEN];
        let mut filled = 0;
        while filled < HEAD_LEN {
            match self.input.read(&mut head[filled..])? {
                0 if filled == 0 => return Ok(false),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                len => filled += len,
            }
        }
        let (key_len, value_len) = lengths(&head);
        self.key_len = key_len;
        self.bytes.resize(key_len + value_len, 0);
        self.input.read_exact(&mut self.bytes)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
