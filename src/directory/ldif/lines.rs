//! Splits an input into lines, unfolded and without comments, holding no more than a record may have.

use std::io::{self, BufRead, ErrorKind, Read};

use super::error::{LdifError, shown};

/// UTF-8 byte order mark.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'l> {
    /// A line with something on it, unfolded, and the number of its first line.
    Line(u64, &'l [u8]),
    /// An empty line.
    Empty,
    /// The end of the file.
    End,
}

/// The lines of an input.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    /// The current line, unfolded.
    text: Vec<u8>,
    /// Number of the last physical line that was begun.
    number: u64,
    /// Bytes that the record may have, and how many are left of them.
    record_limit: usize,
    left: usize,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R, record_limit: usize) -> Self {
        Self {
            input,
            text: Vec::new(),
            number: 0,
            record_limit,
            left: record_limit,
        }
    }

    /// Lets the next line begin a record.
    pub(super) fn begin_record(&mut self) {
        self.left = self.record_limit;
    }

    pub(super) fn set_record_limit(&mut self, limit: usize) {
        self.record_limit = limit;
        self.left = limit;
    }

    /// Returns the number of the last line read.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Reads on to the next line that is no comment.
    pub(super) fn next(&mut self) -> Result<Next<'_>, LdifError> {
        if self.number == 0 {
            self.skip_mark()?;
        }
        while self.peek()? == Some(b'#') {
            self.skip_line()?;
            while self.peek()? == Some(b' ') {
                self.skip_line()?;
            }
        }
        self.text.clear();
        match self.peek()? {
            None => return Ok(Next::End),
            Some(b' ') => {
                let line = self.number + 1;
                let expected = "a line that this one continues";
                return Err(LdifError::damaged(
                    line,
                    "a blank at the beginning",
                    expected,
                ));
            }
            Some(_) => self.take_line()?,
        }
        if self.text.is_empty() {
            return Ok(Next::Empty);
        }
        let first = self.number;
        while self.peek()? == Some(b' ') {
            let joint = self.text.len();
            self.take_line()?;
            self.text.remove(joint);
        }
        Ok(Next::Line(first, &self.text))
    }

    /// Appends the next physical line to the text, without its end.
    fn take_line(&mut self) -> Result<(), LdifError> {
        self.number += 1;
        let begin = self.text.len();
        let limit = self.left as u64 + 1;
        let read = (&mut self.input)
            .take(limit)
            .read_until(b'\n', &mut self.text);
        let len = read.map_err(|source| self.failed(source))?;
        if len > self.left {
            let expected = format!("at most {} bytes in a record", self.record_limit);
            return Err(LdifError::damaged(self.number, "a longer record", expected));
        }
        self.left -= len;
        if self.text.last() != Some(&b'\n') {
            let found = format!("the end of the file behind {}", shown(&self.text[begin..]));
            let expected = "the end of the line";
            return Err(LdifError::incomplete(self.number, found, expected));
        }
        let line = &self.text[begin..self.text.len() - 1];
        let kept = line.iter().rposition(|&b| b != b'\r');
        self.text.truncate(begin + kept.map_or(0, |at| at + 1));
        Ok(())
    }

    /// Passes over the next physical line without holding it.
    fn skip_line(&mut self) -> Result<(), LdifError> {
        self.number += 1;
        loop {
            let available = self.available()?;
            if available.is_empty() {
                return Ok(());
            }
            let end = available.iter().position(|&b| b == b'\n');
            let len = end.map_or(available.len(), |at| at + 1);
            self.input.consume(len);
            if end.is_some() {
                return Ok(());
            }
        }
    }

    /// Passes over a byte order mark. An input may hand out its first bytes one by one.
    fn skip_mark(&mut self) -> Result<(), LdifError> {
        if self.peek()? != Some(BYTE_ORDER_MARK[0]) {
            return Ok(());
        }
        for &expected in BYTE_ORDER_MARK {
            match self.peek()? {
                Some(found) if found == expected => self.input.consume(1),
                Some(found) => {
                    let expected = "a byte order mark of UTF-8";
                    return Err(LdifError::damaged(1, shown(&[found]), expected));
                }
                None => return Err(LdifError::end(1, "a byte order mark of UTF-8")),
            }
        }
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<u8>, LdifError> {
        Ok(self.available()?.first().copied())
    }

    fn available(&mut self) -> Result<&[u8], LdifError> {
        while let Err(source) = self.input.fill_buf() {
            if source.kind() != ErrorKind::Interrupted {
                return Err(self.failed(source));
            }
        }
        let line = self.number + 1;
        self.input
            .fill_buf()
            .map_err(|source| LdifError::Read { line, source })
    }

    fn failed(&self, source: io::Error) -> LdifError {
        let line = self.number.max(1);
        LdifError::Read { line, source }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor, repeat};

    use super::*;

    fn all(bytes: &[u8]) -> Vec<(u64, String)> {
        // A buffer of one byte: nothing may depend on where the input is cut.
        let mut lines = Lines::new(BufReader::with_capacity(1, bytes), 1 << 10);
        let mut found = Vec::new();
        loop {
            match lines.next().unwrap_or_else(|e| panic!("{e}")) {
                Next::Line(number, text) => {
                    found.push((number, String::from_utf8_lossy(text).into_owned()));
                }
                Next::Empty => found.push((0, String::new())),
                Next::End => return found,
            }
        }
    }

    fn line(number: u64, text: &str) -> (u64, String) {
        (number, text.to_owned())
    }

    #[test]
    fn a_continuation_loses_exactly_one_blank_and_comments_are_folded_too() {
        let text = "a: 1\n  2\n 3\n# no\n  meaning\nb: 4\n\nc: 5\n";
        let expected = [
            line(1, "a: 1 23"),
            line(6, "b: 4"),
            line(0, ""),
            line(8, "c: 5"),
        ];
        assert_eq!(all(text.as_bytes()), expected);
        let dos = text.replace('\n', "\r\n");
        assert_eq!(all(dos.as_bytes()), expected);
        let gateway = text.replace('\n', "\r\r\n");
        assert_eq!(all(gateway.as_bytes()), expected);
        let marked = format!("\u{feff}{text}");
        assert_eq!(all(marked.as_bytes()), expected);
    }

    #[test]
    fn a_blank_continues_nothing_behind_an_empty_line() {
        for (text, at) in [(" a: 1\n", 1), ("a: 1\n\n b\n", 3)] {
            let mut lines = Lines::new(text.as_bytes(), 1 << 10);
            let error = loop {
                if let Err(error) = lines.next() {
                    break error.to_string();
                }
            };
            let message = "a blank at the beginning, expected a line that this one continues";
            assert_eq!(error, format!("line {at}: {message}"));
        }
    }

    #[test]
    fn a_line_without_end_is_not_taken_and_a_comment_without_end_means_nothing() {
        let mut lines = Lines::new(&b"a: 1\r"[..], 1 << 10);
        assert_eq!(
            lines.next().unwrap_err().to_string(),
            "line 1: the end of the file behind \"a: 1\\r\", expected the end of the line"
        );
        assert_eq!(all(b"a: 1\n# cut of"), [line(1, "a: 1")]);
    }

    #[test]
    fn a_record_is_held_up_to_its_limit_and_a_comment_not_at_all() {
        let endless = BufReader::new(Cursor::new(b"a: ").chain(repeat(b'x')));
        let mut lines = Lines::new(endless, 100);
        assert_eq!(
            lines.next().unwrap_err().to_string(),
            "line 1: a longer record, expected at most 100 bytes in a record"
        );
        assert!(lines.text.capacity() < 1000);

        let comment = Cursor::new(b"#").chain(repeat(b'x').take(1 << 22));
        let rest = Cursor::new(b"\n x\na: 1\n");
        let mut lines = Lines::new(BufReader::new(comment.chain(rest)), 100);
        assert_eq!(lines.next().expect("a line"), Next::Line(3, b"a: 1"));
        assert!(lines.text.capacity() < 1000);
    }

    #[test]
    fn an_input_that_fails_says_the_line() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let input = BufReader::new(Cursor::new(b"a: 1\nb: ").chain(Broken));
        let mut lines = Lines::new(input, 100);
        lines.next().expect("the first line");
        let error = lines.next().unwrap_err();
        assert!(matches!(error, LdifError::Read { line: 2, .. }), "{error}");
    }
}
