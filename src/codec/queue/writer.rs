use std::io::{self, Write};

use super::{Framing, QueueError, QueueRecord};

const BUFFER_LEN: usize = 128 * 1024;

/// Writes records to a queue; `output` needs no buffer of its own.
///
/// What was written is in `output` only after [`QueueWriter::finish`].
#[derive(Debug)]
#[must_use = "records reach the output only in finish()"]
pub struct QueueWriter<W> {
    output: W,
    framing: Framing,
    buffer: Vec<u8>,
    count: u64,
    offset: u64,
    is_checked: bool,
}

impl<W: Write> QueueWriter<W> {
    /// Makes a writer; offsets in errors count from here.
    pub fn new(output: W, framing: &Framing) -> Self {
        Self {
            output,
            framing: framing.clone(),
            buffer: Vec::with_capacity(BUFFER_LEN),
            count: 0,
            offset: 0,
            is_checked: false,
        }
    }

    /// Writes one record.
    ///
    /// # Errors
    /// The record does not fit the framing: nothing of it is written, and the writer goes on. Or writing failed.
    pub fn write(&mut self, record: &QueueRecord) -> Result<(), QueueError> {
        if !self.is_checked {
            self.framing.check()?;
            self.is_checked = true;
        }
        let before = self.buffer.len();
        self.framing
            .encode(record, &mut self.buffer)
            .map_err(|fault| fault.at(self.count + 1, self.offset))?;
        self.count += 1;
        self.offset += (self.buffer.len() - before) as u64;
        if self.buffer.len() >= BUFFER_LEN {
            self.flush()?;
        }
        Ok(())
    }

    /// Returns the number of records written so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the number of bytes written so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Hands everything to the output, and returns it with the number of records.
    ///
    /// # Errors
    /// Writing failed.
    pub fn finish(mut self) -> io::Result<(W, u64)> {
        self.flush()?;
        self.output.flush()?;
        Ok((self.output, self.count))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}
