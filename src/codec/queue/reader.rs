use std::io::{self, ErrorKind, Read};

use super::framing::find;
use super::{Framed, Framing, MAX_TEXT_LEN, QueueError, QueueFault};

const BUFFER_LEN: usize = 128 * 1024;

/// Reads the records of a queue one by one, in constant memory; `input` needs no buffer of its own.
///
/// A wrong checksum is no error, for the framing still stands: ask [`Framed::is_intact`]. A length that
/// leaves the file, an impossible length and a torn tail are errors; the reader then stays where it
/// is, and reading again gives the same error.
#[derive(Debug)]
pub struct QueueReader<R> {
    input: R,
    framing: Framing,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    last_len: usize,
    number: u64,
    offset: u64,
    is_checked: bool,
    has_failed: bool,
}

impl<R: Read> QueueReader<R> {
    /// Makes a reader of a file from its beginning.
    pub fn new(input: R, framing: &Framing) -> Self {
        Self::new_at(input, framing, 0, 0)
    }

    /// Makes a reader that goes on behind `number` records of `offset` bytes, where `input` stands.
    pub fn new_at(input: R, framing: &Framing, number: u64, offset: u64) -> Self {
        Self {
            input,
            framing: framing.clone(),
            buffer: vec![0; BUFFER_LEN],
            start: 0,
            end: 0,
            last_len: 0,
            number,
            offset,
            is_checked: false,
            has_failed: false,
        }
    }

    /// Reads the next record into `framed`, whose memory is used again; returns whether there was one.
    ///
    /// # Errors
    /// The record is torn or has an impossible length ([`QueueError::Record`] names number and byte), the
    /// framing contradicts itself, or reading failed.
    pub fn read(&mut self, framed: &mut Framed) -> Result<bool, QueueError> {
        if !self.is_checked {
            self.framing.check()?;
            self.is_checked = true;
        }
        let header_len = self.framing.header_len;
        if !self.fill(header_len.max(1))? {
            return match self.end - self.start {
                0 => Ok(false),
                have => Err(self.fault(QueueFault::TornHeader {
                    have,
                    need: header_len,
                })),
            };
        }
        let len = match self.framing.length {
            Some(spec) => self
                .framing
                .text_len(spec, &self.buffer[self.start..])
                .map_err(|fault| self.fault(fault))?,
            None => self.find_terminator()?,
        };
        let text_end = header_len + len;
        let whole = text_end + self.framing.terminator.len();
        if !self.fill(whole)? {
            let left = self.end - self.start - header_len;
            return Err(self.fault(QueueFault::TextLeavesFile { len, left }));
        }
        let bytes = &self.buffer[self.start..self.start + whole];
        // Without a terminator nothing is compared: two slices that point nowhere would be, slowly.
        if whole > text_end && bytes[text_end..] != *self.framing.terminator {
            return Err(self.fault(QueueFault::WrongTerminator {
                found: bytes[text_end..].to_vec(),
                expected: self.framing.terminator.to_vec(),
            }));
        }
        self.framing.decode(&bytes[..text_end], framed);
        framed.offset = self.offset;
        self.start += whole;
        self.last_len = whole;
        self.offset += whole as u64;
        self.number += 1;
        framed.number = self.number;
        Ok(true)
    }

    /// Returns the offset of the next record: the bytes of whole records so far, where a torn tail begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the number of the last record read, which is how many there were so far.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns the bytes of the record just read; only until the next call of [`Self::read`].
    pub(in crate::codec) fn last_bytes(&self) -> &[u8] {
        &self.buffer[self.start - self.last_len..self.start]
    }

    fn fault(&self, fault: QueueFault) -> QueueError {
        fault.at(self.number + 1, self.offset)
    }

    fn find_terminator(&mut self) -> Result<usize, QueueError> {
        let header_len = self.framing.header_len;
        let terminator_len = self.framing.terminator.len();
        let mut from = header_len;
        loop {
            let bytes = &self.buffer[self.start..self.end];
            if let Some(at) = find(&bytes[from..], &self.framing.terminator) {
                return match from + at - header_len {
                    len if len <= MAX_TEXT_LEN => Ok(len),
                    len => Err(self.fault(QueueFault::TextTooLong { len: len as u64 })),
                };
            }
            let have = bytes.len();
            let looked_at = have - header_len;
            from = from.max((have + 1).saturating_sub(terminator_len));
            if looked_at > MAX_TEXT_LEN + terminator_len || !self.fill(have + 1)? {
                return Err(self.fault(QueueFault::NoTerminator { have: looked_at }));
            }
        }
    }

    /// Makes `need` bytes stand in the buffer; false where the input ends before.
    fn fill(&mut self, need: usize) -> io::Result<bool> {
        if self.end - self.start >= need {
            return Ok(true);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        self.last_len = 0;
        if self.buffer.len() < need {
            self.buffer.resize(need.next_power_of_two(), 0);
        }
        while self.end < need {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Ok(false),
                Ok(n) => self.end += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }
}

/// Allocates each record; ends behind the first error.
impl<R: Read> Iterator for QueueReader<R> {
    type Item = Result<Framed, QueueError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let mut framed = Framed::default();
        match self.read(&mut framed) {
            Ok(true) => Some(Ok(framed)),
            Ok(false) => None,
            Err(e) => {
                self.has_failed = true;
                Some(Err(e))
            }
        }
    }
}
