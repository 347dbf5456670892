//! The `-f` file as a stream of lines in the code page of the postoffice.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::codec::codepage::CodePage;
use crate::importfile::MAX_LINE_LEN;
use crate::messages::Message;
use crate::tools::exit::{ExitCode, ToolError};

/// Opens an input file; one in another code page is converted line by line.
///
/// # Errors
/// Message 56: the file is not there or cannot be opened.
pub(super) fn open(
    path: &Path,
    from: Option<CodePage>,
    to: CodePage,
) -> Result<Box<dyn BufRead>, ToolError> {
    let input = File::open(path).map_err(|error| unreadable(path, error))?;
    let input = BufReader::new(input);
    Ok(match from.filter(|from| *from != to) {
        None => Box::new(input),
        Some(from) => Box::new(BufReader::new(Converter {
            input,
            from,
            to,
            line: 0,
            ready: Vec::new(),
            taken: 0,
        })),
    })
}

/// Says that an input file cannot be read (message 56).
pub(super) fn unreadable(path: &Path, error: io::Error) -> ToolError {
    let exit = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::IsADirectory => {
            ExitCode::NotFound
        }
        _ => ExitCode::Damaged,
    };
    let message = Message::new(56, path.display().to_string());
    ToolError::new(exit, message.to_string())
        .with_message(message)
        .caused_by(error)
}

/// Converts text between code pages. A character that does not fit is an error that names its place: nothing is
/// replaced or dropped.
struct Converter<R> {
    input: R,
    from: CodePage,
    to: CodePage,
    line: u64,
    ready: Vec<u8>,
    taken: usize,
}

impl<R: BufRead> Converter<R> {
    fn fill(&mut self) -> io::Result<()> {
        let mut line = Vec::new();
        let limit = MAX_LINE_LEN as u64 + 1;
        self.input
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut line)?;
        self.line += u64::from(!line.is_empty());
        self.taken = 0;
        self.ready = self.to.encode(&self.from.decode(&line)).map_err(|error| {
            let text = format!("line {}: {error}", self.line);
            io::Error::new(io::ErrorKind::InvalidData, text)
        })?;
        Ok(())
    }
}

impl<R: BufRead> Read for Converter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.ready.len() {
            self.fill()?;
        }
        let ready = &self.ready[self.taken..];
        let len = ready.len().min(buffer.len());
        buffer[..len].copy_from_slice(&ready[..len]);
        self.taken += len;
        Ok(len)
    }
}
