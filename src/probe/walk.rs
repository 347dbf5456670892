//! Reading a whole file by a framing, in constant memory, whatever is damaged in it.

use std::io::{self, ErrorKind, Read};

use super::checksum::Record;
use super::geometry::is_clean;
use super::layout::{Field, Layout, Meaning, Measure, agrees};
use super::scan::{self, Text};
use super::tally::Tally;

/// Bytes that are read at once, and that a record may have.
const WINDOW: usize = 1 << 20;
/// Bytes in which the next text is looked for first: damage is mostly small.
const NEAR: usize = 4096;

/// A piece of a file.
#[derive(Debug)]
pub enum Piece<'a> {
    /// A record that fits the framing.
    Record {
        /// Its offset in the file.
        offset: u64,
        /// Its bytes.
        record: Record<'a>,
        /// Names of the fields that disagree.
        wrong: Vec<String>,
    },
    /// A transaction that was found by its text alone.
    Loose {
        /// Offset of the text in the file.
        offset: u64,
        /// The text.
        text: &'a [u8],
        /// Why the record around it does not fit.
        reason: String,
    },
    /// Bytes without a transaction.
    Gap {
        /// Their offset in the file.
        offset: u64,
        /// How many.
        len: u64,
        /// Why no record is there.
        reason: String,
    },
    /// Bytes before the first record or behind the last one, which the framing tells of.
    Aside {
        /// Their offset in the file.
        offset: u64,
        /// How many.
        len: u64,
    },
}

/// Goes through a file.
#[derive(Debug)]
pub struct Walk<R> {
    input: R,
    layout: Layout,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    is_ended: bool,
    lead: usize,
    /// Offset, length and number of the record before.
    previous: Option<(u64, u64, u64)>,
    message: Vec<u8>,
    tally: Tally,
}

/// What was decided about the bytes at the front, before they are handed out.
enum Step {
    Record(usize, Vec<String>),
    Loose {
        skip: usize,
        len: usize,
        reason: String,
    },
    Gap(usize, String),
    Aside(usize),
    End,
}

impl<R: Read> Walk<R> {
    /// Begins at the start of a file.
    pub fn new(input: R, layout: &Layout) -> Self {
        Self {
            input,
            layout: layout.clone(),
            buffer: vec![0; 4 * WINDOW],
            start: 0,
            end: 0,
            offset: 0,
            is_ended: false,
            lead: layout.lead,
            previous: None,
            message: Vec::new(),
            tally: Tally::new(layout),
        }
    }

    /// Puts what was counted into the fields, and takes out the other readings that the file has ruled out.
    pub fn judge(&self, layout: &mut Layout) {
        self.tally.judge(layout);
    }

    /// Returns the next piece; `None` at the end of the file.
    ///
    /// # Errors
    /// Reading failed.
    pub fn next_piece(&mut self) -> io::Result<Option<Piece<'_>>> {
        self.fill()?;
        let offset = self.offset;
        let step = self.step(offset);
        let from = self.start;
        Ok(Some(match step {
            Step::End => return Ok(None),
            Step::Record(len, wrong) => {
                self.take(len);
                let record = self
                    .layout
                    .record(&self.buffer[from..self.end], offset)
                    .expect("it was read a moment ago");
                Piece::Record {
                    offset,
                    record,
                    wrong,
                }
            }
            Step::Loose { skip, len, reason } => {
                self.take(skip + len);
                Piece::Loose {
                    offset: offset + skip as u64,
                    text: &self.buffer[from + skip..from + skip + len],
                    reason,
                }
            }
            Step::Gap(len, reason) => {
                self.take(len);
                Piece::Gap {
                    offset,
                    len: len as u64,
                    reason,
                }
            }
            Step::Aside(len) => {
                self.take(len);
                Piece::Aside {
                    offset,
                    len: len as u64,
                }
            }
        }))
    }

    fn take(&mut self, len: usize) {
        self.start += len;
        self.offset += len as u64;
    }

    /// Makes a whole window stand in the buffer, or the rest of the file.
    fn fill(&mut self) -> io::Result<()> {
        if self.is_ended || self.end - self.start >= WINDOW {
            return Ok(());
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < self.buffer.len() {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.is_ended = true;
                    break;
                }
                Ok(n) => self.end += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn step(&mut self, offset: u64) -> Step {
        let bytes = &self.buffer[self.start..self.end];
        if bytes.is_empty() {
            return Step::End;
        }
        if self.lead > 0 {
            let lead = std::mem::take(&mut self.lead).min(bytes.len());
            return Step::Aside(lead);
        }
        let reason = match self.layout.record(bytes, offset) {
            Ok(record) => {
                let len = record.bytes.len();
                let previous = self.previous;
                let (mut wrong, checked) = disagreeing(
                    &self.layout,
                    &record,
                    offset,
                    (previous, self.tally.lasts()),
                    &mut self.message,
                );
                let text = &record.bytes[record.text..record.text_end];
                // The checksum of nothing agrees with zeros.
                let is_checked = checked && !text.is_empty();
                if is_checked || self.is_plausible(bytes, &record) {
                    if !(is_checked || looks_like_text(text) && is_clean(text)) {
                        if let Some(len) = self.readable(&record) {
                            let skip = record.text;
                            self.previous = None;
                            return Step::Loose {
                                skip,
                                len,
                                reason: "what follows the text is no end of a record".to_owned(),
                            };
                        }
                        wrong.push("text".to_owned());
                    }
                    self.tally
                        .count(&self.layout, &record, offset, previous, &mut self.message);
                    let sync = self.layout.field(|m| *m == Meaning::Sync);
                    let number = sync.and_then(|f| record.value(&f.place));
                    self.previous = Some((offset, len as u64, number.unwrap_or(0)));
                    return Step::Record(len, wrong);
                }
                "no transaction where the framing expects one".to_owned()
            }
            Err(reason) => reason,
        };
        self.previous = None;
        let is_tail = self.is_ended && bytes.len() == self.layout.tail;
        if is_tail && scan::scan(bytes).is_empty() {
            return Step::Aside(bytes.len());
        }
        self.resume(bytes, reason)
    }

    /// Tells whether a record is one: its text is a transaction, or another follows it.
    fn is_plausible(&self, bytes: &[u8], record: &Record<'_>) -> bool {
        let text = &record.bytes[record.text..record.text_end];
        if looks_like_text(text) && is_clean(text) {
            return true;
        }
        let len = record.bytes.len();
        if text.is_empty() {
            return false;
        }
        let constants = self.layout.fields.iter().all(|f| {
            !matches!(f.meaning, Meaning::Constant(_))
                || agrees(f, record, 0, None, &mut Vec::new()) == Some(true)
        });
        let follows = match self.layout.record(&bytes[len..], self.offset + len as u64) {
            Ok(next) => {
                let text = &next.bytes[next.text..next.text_end];
                looks_like_text(text) && is_clean(text)
            }
            Err(_) => bytes.len() == len,
        };
        let may_be = looks_like_text(text) || self.layout.length().is_some();
        // A length in rubbish, or a terminator behind it, may lead to a record over others.
        constants && follows && may_be && scan::scan(text).iter().all(|text| text.start == 0)
    }

    /// Returns how much of a record is a text, where that is not all and no length says that it is.
    fn readable(&self, record: &Record<'_>) -> Option<usize> {
        if matches!(self.layout.length(), Some((_, Measure::Text, _))) {
            return None;
        }
        let text = &record.bytes[record.text..record.text_end];
        let first = *scan::scan(&text[..text.len().min(NEAR)]).first()?;
        // NULs at its end are part of a text, or harmless.
        let is_cut = text[first.end..].iter().any(|&b| b != 0);
        (first.start == 0 && is_cut).then(|| self.unpadded(&text[..first.end]))
    }

    /// Tells whether a record begins so many bytes further on, by its framing and by its text.
    fn is_record(&self, bytes: &[u8], at: usize) -> bool {
        let record = self.layout.record(&bytes[at..], self.offset + at as u64);
        record.is_ok_and(|record| {
            let text = &record.bytes[record.text..record.text_end];
            looks_like_text(text) && is_clean(text)
        })
    }

    /// Returns the first text, unless it may go on behind the bytes given. The header of the next record may look like
    /// more of it.
    fn first_text(&self, bytes: &[u8], is_cut: bool) -> Option<Text> {
        let texts = scan::scan(bytes);
        let mut text = *texts.first()?;
        let next = texts
            .get(1)
            .and_then(|next| self.layout.start_of(bytes, next.start));
        if let Some(next) = next.filter(|next| (text.start + 4..text.end).contains(next)) {
            if self.is_record(bytes, next) {
                text.end = next;
            }
        }
        let is_whole = !is_cut || text.end + 1 < bytes.len();
        text.end = text.start + self.unpadded(&bytes[text.start..text.end]);
        is_whole.then_some(text)
    }

    /// Returns the length of a text without the padding that may look like more of it.
    fn unpadded(&self, text: &[u8]) -> usize {
        let is_pad = |b: &u8| self.layout.align > 1 && *b == self.layout.pad;
        text.iter()
            .rposition(|b| !is_pad(b))
            .map_or(text.len(), |at| at + 1)
    }

    /// Finds where to go on.
    fn resume(&self, bytes: &[u8], reason: String) -> Step {
        let window = &bytes[..bytes.len().min(WINDOW)];
        let near = &window[..window.len().min(NEAR)];
        let mut found = self.first_text(near, near.len() < window.len());
        if found.is_none() {
            found = self.first_text(window, !self.is_ended || window.len() < bytes.len());
        }
        let Some(text) = found else {
            let len = if self.is_ended && window.len() == bytes.len() {
                bytes.len()
            } else {
                window.len() / 2
            };
            return Step::Gap(len, reason);
        };
        let start = self.layout.start_of(bytes, text.start);
        if let Some(start) = start.filter(|&start| start > 0) {
            if self.is_record(bytes, start) {
                return Step::Gap(start, reason);
            }
        }
        Step::Loose {
            skip: text.start,
            len: text.end - text.start,
            reason,
        }
    }
}

/// Tells whether bytes begin as a transaction does.
fn looks_like_text(text: &[u8]) -> bool {
    matches!(
        text,
        [b'A' | b'D' | b'M' | b'R' | b'T' | b'#', b' ' | b'\t', ..]
    )
}

/// Returns the names of the fields that do not agree, and whether a checksum does.
fn disagreeing(
    layout: &Layout,
    record: &Record<'_>,
    offset: u64,
    (previous, lasts): (Option<(u64, u64, u64)>, &[u64]),
    message: &mut Vec<u8>,
) -> (Vec<String>, bool) {
    let mut wrong = Vec::new();
    let mut checked = false;
    for (field, last) in layout.fields.iter().zip(lasts) {
        let before = previous.map(|(at, len, _)| (at, len, *last));
        let agrees = agrees(field, record, offset, before, message);
        let is_checksum = matches!(field.meaning, Meaning::Checksum { .. });
        checked |= is_checksum && agrees == Some(true);
        if agrees == Some(false) {
            wrong.push(name(field));
        }
    }
    (wrong, checked)
}

/// Says which field it is.
#[must_use]
pub fn name(field: &Field) -> String {
    let place = field.place;
    format!(
        "{} at {} byte {}",
        field.meaning.word(),
        place.zone.word(),
        place.offset
    )
}
