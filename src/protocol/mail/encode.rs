//! Transfer encodings for streams: quoted-printable for text, base64 in lines for everything else (RFC 2045).

use std::io::{self, Write};

/// Characters of a line of encoded text; RFC 2045 allows 76.
const MAX_LINE_LEN: usize = 76;

/// Bytes gathered before they go to the output.
const BUFFER_LEN: usize = 8 << 10;

/// Encodes text as quoted-printable.
///
/// CR LF and LF are line ends; everything else comes back byte by byte. What mail systems are known to change is encoded:
/// blanks at the end of a line, `From ` and a dot at its beginning.
#[derive(Debug)]
pub(super) struct QuotedPrintable<W> {
    output: W,
    line: usize,
    /// A CR, blank or TAB that may stand at the end of a line.
    pending: Option<u8>,
    buffer: Vec<u8>,
}

impl<W: Write> QuotedPrintable<W> {
    pub(super) fn new(output: W) -> Self {
        Self {
            output,
            line: 0,
            pending: None,
            buffer: Vec::with_capacity(BUFFER_LEN + MAX_LINE_LEN),
        }
    }

    /// Ends the text with a line end, and returns the output.
    pub(super) fn finish(mut self) -> io::Result<W> {
        match self.pending.take() {
            Some(b'\r') | None => {}
            Some(blank) => self.push_encoded(blank),
        }
        if self.line > 0 {
            self.buffer.push(b'\n');
        }
        self.drain(0)?;
        Ok(self.output)
    }

    fn push(&mut self, byte: u8) {
        match (self.pending.take(), byte) {
            (Some(b'\r') | None, b'\n') => self.push_line_end(),
            (Some(blank), b'\n') => {
                self.push_encoded(blank);
                self.push_line_end();
            }
            (before, byte) => {
                match before {
                    Some(b'\r') => self.push_encoded(b'\r'),
                    // A blank before a CR may yet stand at the end of its line.
                    Some(blank) if byte == b'\r' => self.push_encoded(blank),
                    Some(blank) => self.push_plain(blank),
                    None => {}
                }
                match byte {
                    b'\r' | b' ' | b'\t' => self.pending = Some(byte),
                    b'F' | b'.' if self.line == 0 => self.push_encoded(byte),
                    b'!'..=b'~' if byte != b'=' => self.push_plain(byte),
                    _ => self.push_encoded(byte),
                }
            }
        }
    }

    fn push_plain(&mut self, byte: u8) {
        self.make_room(1);
        // A soft line end may have put it at the beginning of a line.
        if self.line == 0 && matches!(byte, b'F' | b'.' | b' ' | b'\t') {
            return self.push_encoded(byte);
        }
        self.buffer.push(byte);
        self.line += 1;
    }

    fn push_encoded(&mut self, byte: u8) {
        self.make_room(3);
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let digit = |n: u8| DIGITS[usize::from(n)];
        self.buffer
            .extend_from_slice(&[b'=', digit(byte >> 4), digit(byte & 15)]);
        self.line += 3;
    }

    fn push_line_end(&mut self) {
        self.buffer.push(b'\n');
        self.line = 0;
    }

    fn make_room(&mut self, len: usize) {
        if self.line + len > MAX_LINE_LEN - 1 {
            self.buffer.extend_from_slice(b"=\n");
            self.line = 0;
        }
    }

    fn drain(&mut self, limit: usize) -> io::Result<()> {
        if self.buffer.len() > limit {
            self.output.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}

impl<W: Write> Write for QuotedPrintable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for &byte in bytes {
            self.push(byte);
            self.drain(BUFFER_LEN)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.drain(0)?;
        self.output.flush()
    }
}

/// Breaks a stream without line ends into lines of 76 characters.
#[derive(Debug)]
pub(super) struct Wrapped<W> {
    output: W,
    line: usize,
    buffer: Vec<u8>,
}

impl<W: Write> Wrapped<W> {
    pub(super) fn new(output: W) -> Self {
        Self {
            output,
            line: 0,
            buffer: Vec::with_capacity(BUFFER_LEN + 2 * MAX_LINE_LEN),
        }
    }

    /// Ends the last line, and returns the output.
    pub(super) fn finish(mut self) -> io::Result<W> {
        if self.line > 0 {
            self.buffer.push(b'\n');
        }
        self.output.write_all(&self.buffer)?;
        Ok(self.output)
    }
}

impl<W: Write> Write for Wrapped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.len().min(MAX_LINE_LEN - self.line));
            self.buffer.extend_from_slice(piece);
            self.line += piece.len();
            if self.line == MAX_LINE_LEN {
                self.buffer.push(b'\n');
                self.line = 0;
            }
            if self.buffer.len() >= BUFFER_LEN {
                self.output.write_all(&self.buffer)?;
                self.buffer.clear();
            }
            rest = behind;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.write_all(&self.buffer)?;
        self.buffer.clear();
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &[u8]) -> String {
        let mut writer = QuotedPrintable::new(Vec::new());
        writer.write_all(text).unwrap();
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }

    #[test]
    fn what_mail_systems_change_is_encoded() {
        for (text, expected) in [
            (&b"[DIRSYNC]\r\nTASK=X"[..], "[DIRSYNC]\nTASK=3DX\n"),
            (b"From me\r\n.\r\n\r\n", "=46rom me\n=2E\n\n"),
            (b"a \r\nb\t\nc ", "a=20\nb=09\nc=20\n"),
            (b"a  b\x82\rc\r", "a  b=82=0Dc\n"),
            (b" \r\n\r\r\nx", "=20\n=0D\nx\n"),
            (b"a \rb", "a=20=0Db\n"),
            (b"", ""),
        ] {
            assert_eq!(encoded(text), expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn no_line_is_longer_than_76_and_everything_comes_back() {
        let mut text = Vec::new();
        for n in 0..4000_u32 {
            text.push((n * 7919 % 251) as u8);
            text.extend_from_slice(if n % 3 == 0 { b". F" } else { b"abc" });
        }
        for cut in (0..text.len()).step_by(97) {
            let mut writer = QuotedPrintable::new(Vec::new());
            writer.write_all(&text[..cut]).unwrap();
            writer.write_all(&text[cut..]).unwrap();
            let out = writer.finish().unwrap();
            for line in out.split(|b| *b == b'\n') {
                assert!(line.len() <= 76 && !line.ends_with(b" "));
                assert!(!line.starts_with(b".") && !line.starts_with(b"F"));
            }
            let back = mail_parser::decoders::quoted_printable::quoted_printable_decode(&out);
            let expected: Vec<u8> = text.clone();
            let mut back = back.unwrap();
            assert_eq!(back.pop(), Some(b'\n'));
            assert_eq!(back, expected);
        }
    }

    #[test]
    fn base64_lines_have_76_characters() {
        for len in [0, 1, 75, 76, 77, 152, 20_000] {
            let mut writer = Wrapped::new(Vec::new());
            for piece in vec![b'A'; len].chunks(1000) {
                writer.write_all(piece).unwrap();
            }
            let out = String::from_utf8(writer.finish().unwrap()).unwrap();
            assert!(out.lines().all(|line| line.len() <= 76));
            assert_eq!(out.lines().count(), len.div_ceil(76));
            assert!(len == 0 || out.ends_with('\n'));
            assert_eq!(out.replace('\n', "").len(), len);
        }
    }
}
