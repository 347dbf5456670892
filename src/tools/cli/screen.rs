//! Standard output that outlives its reader.

use std::io::{self, BufWriter, Write};

/// A buffered writer that swallows what comes after a broken pipe.
///
/// `import ... | head` must neither abort the pass nor change its exit code, so nothing fails when the
/// reader goes away. A listing that has no other effect may stop at [`is_closed`](Self::is_closed).
#[derive(Debug)]
pub struct Screen<W: Write> {
    output: BufWriter<Piped<W>>,
    is_blank: bool,
}

impl Screen<io::StdoutLock<'static>> {
    /// Takes standard output.
    #[must_use]
    pub fn stdout() -> Self {
        Self::new(io::stdout().lock())
    }
}

impl<W: Write> Screen<W> {
    /// Writes to `output`.
    pub fn new(output: W) -> Self {
        Self {
            output: BufWriter::new(Piped {
                output,
                closed: false,
            }),
            is_blank: true,
        }
    }

    /// Returns whether nothing was written so far.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.is_blank
    }

    /// Returns whether the reader has gone away.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.output.get_ref().closed
    }
}

impl<W: Write> Write for Screen<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.is_blank &= buffer.is_empty();
        self.output.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// Sits below the buffer, which would keep what it could not write.
#[derive(Debug)]
struct Piped<W> {
    output: W,
    closed: bool,
}

impl<W: Write> Piped<W> {
    fn unless_closed<T>(
        &mut self,
        when_closed: T,
        write: impl FnOnce(&mut W) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.closed {
            return Ok(when_closed);
        }
        match write(&mut self.output) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(when_closed)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for Piped<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.unless_closed(buffer.len(), |output| output.write(buffer))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_closed((), Write::flush)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nothing_fails_after_the_reader_has_gone() {
        let mut screen = Screen::new(Failing(io::ErrorKind::BrokenPipe));
        writeln!(screen, "one").expect("buffered");
        assert!(!screen.is_closed());
        screen.flush().expect("a broken pipe is no failure");
        assert!(screen.is_closed());
        writeln!(screen, "two").expect("swallowed");
        screen.flush().expect("swallowed");
    }

    #[test]
    fn a_full_disk_is_a_failure() {
        let mut screen = Screen::new(Failing(io::ErrorKind::StorageFull));
        writeln!(screen, "one").expect("buffered");
        let error = screen.flush().expect_err("the disk is full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn what_is_written_arrives() {
        let mut output = Vec::new();
        let mut screen = Screen::new(&mut output);
        write!(screen, "a line").expect("memory");
        screen.flush().expect("memory");
        drop(screen);
        assert_eq!(output, b"a line");
    }
}
