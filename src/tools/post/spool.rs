//! Bytes that wait for the batch of their run.

use std::io::{self, Read, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

/// Bytes that are kept in memory; more goes into a temporary file without a name.
const MEMORY_LEN: usize = 1 << 20;

/// A place for bytes of any number: in memory while they are few.
#[derive(Debug)]
pub struct Spool(SpooledTempFile);

impl Spool {
    /// Makes an empty one.
    #[must_use]
    pub fn new() -> Self {
        Self(SpooledTempFile::new(MEMORY_LEN))
    }

    /// Copies everything written; may be done again.
    ///
    /// # Errors
    /// Reading or writing failed.
    pub fn copy_to(&mut self, output: &mut impl Write) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(0))?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            match self.0.read(&mut buffer)? {
                0 => return Ok(()),
                len => output.write_all(&buffer[..len])?,
            }
        }
    }
}

impl Default for Spool {
    fn default() -> Self {
        Self::new()
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
