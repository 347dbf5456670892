//! Splits an input into lines without ever holding more than one.

use std::io::{self, BufRead, ErrorKind, Read};

use super::Diagnostic;
use super::line::{LineKind, classify};

/// Bytes of one line, and of one block, that are held. The original's limit was never published;
/// the longest line that means something is a few hundred bytes.
pub const MAX_LINE_LEN: usize = 1 << 20;

/// DOS end of text file.
const END_OF_FILE: u8 = 0x1a;

/// The current line of an input.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    /// The line as read, or the beginning of one that is too long.
    raw: Vec<u8>,
    /// Bytes of the line without its end and trailing blanks.
    text_len: usize,
    is_too_long: bool,
    number: u64,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R, lines_before: u64) -> Self {
        Self {
            input,
            raw: Vec::new(),
            text_len: 0,
            is_too_long: false,
            number: lines_before,
            ended: false,
        }
    }

    /// Reads the next line; false at the end.
    pub(crate) fn advance(&mut self) -> io::Result<bool> {
        self.raw.clear();
        self.text_len = 0;
        self.is_too_long = false;
        if self.ended {
            return Ok(false);
        }
        let limit = MAX_LINE_LEN as u64 + 1;
        (&mut self.input)
            .take(limit)
            .read_until(b'\n', &mut self.raw)?;
        // `contains` is much faster than `position` where there is nothing to find.
        if self.raw.contains(&END_OF_FILE) {
            let end = self.raw.iter().position(|&b| b == END_OF_FILE);
            self.raw.truncate(end.unwrap_or(self.raw.len()));
            self.ended = true;
        }
        if self.raw.is_empty() {
            self.ended = true;
            return Ok(false);
        }
        self.number += 1;
        if self.raw.len() > MAX_LINE_LEN && self.raw.last() != Some(&b'\n') {
            self.is_too_long = true;
            self.skip_line()?;
        }
        self.text_len = text_len(&self.raw);
        Ok(true)
    }

    /// Passes over the rest of a line.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                self.ended = true;
                return Ok(());
            }
            let len = available.len();
            let end = available
                .iter()
                .position(|&b| matches!(b, b'\n' | END_OF_FILE));
            let Some(at) = end else {
                self.input.consume(len);
                continue;
            };
            self.ended = available[at] == END_OF_FILE;
            self.input.consume(at + 1);
            return Ok(());
        }
    }

    /// Returns the number of the line, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Returns the line without its end and trailing blanks; of a line that is too long only the
    /// beginning.
    pub(crate) fn text(&self) -> &[u8] {
        &self.raw[..self.text_len]
    }

    /// Returns the line as read; nothing when it is too long.
    pub(super) fn raw(&self) -> &[u8] {
        if self.is_too_long { &[] } else { &self.raw }
    }

    pub(super) fn kind(&self) -> LineKind {
        match classify(self.text()) {
            LineKind::Blank if self.is_too_long => LineKind::Unknown,
            kind => kind,
        }
    }

    /// Returns message 21 if the line is too long.
    pub(crate) fn too_long(&self) -> Option<Diagnostic> {
        self.is_too_long.then(|| Diagnostic {
            number: 21,
            line: self.number,
            column: MAX_LINE_LEN as u32 + 1,
            found: "a longer line".into(),
            expected: "at most 1048576 bytes in a line",
        })
    }

    /// Returns the bytes that are held.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.raw.capacity()
    }

    /// Returns the input behind the current line.
    pub(crate) fn into_input(self) -> R {
        self.input
    }
}

/// Returns the bytes before the line end and the blanks before it. More than one CR is dropped:
/// a gateway of Exchange wrote them (Q159294).
pub(super) fn text_len(line: &[u8]) -> usize {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let len = |line: &[u8], dropped: fn(&u8) -> bool| {
        line.iter()
            .rposition(|b| !dropped(b))
            .map_or(0, |at| at + 1)
    };
    let line = &line[..len(line, |&b| b == b'\r')];
    len(line, |&b| matches!(b, b' ' | b'\t'))
}
