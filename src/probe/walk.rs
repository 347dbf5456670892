//! Reading a whole file by a framing, in constant memory, whatever is damaged in it.

use std::io::{self, ErrorKind, Read};

use super::checksum::Record;
use super::geometry::is_clean;
use super::layout::{Field, Layout, Meaning, agrees};
use super::scan::{self, Text};

/// Bytes that are read at once, and that a record may have.
const WINDOW: usize = 1 << 20;

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
    tally: Vec<(u64, u64)>,
    rivals: Vec<Rival>,
}

/// Another reading of a field, which the rest of the file may rule out.
#[derive(Debug)]
struct Rival {
    index: usize,
    field: Field,
    agree: u64,
    of: u64,
    last: u64,
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
            tally: vec![(0, 0); layout.fields.len()],
            rivals: (0..)
                .zip(&layout.fields)
                .flat_map(|(index, field)| {
                    field.others.iter().map(move |(place, meaning)| Rival {
                        index,
                        field: Field::new(*place, meaning.clone()),
                        agree: 0,
                        of: 0,
                        last: 0,
                    })
                })
                .collect(),
        }
    }

    /// Returns how many records agreed with each field, of how many.
    pub fn tally(&self) -> &[(u64, u64)] {
        &self.tally
    }

    /// Puts what was counted into the fields, and takes out the other readings that the file has ruled out: those that
    /// agree with fewer records than the reading chosen.
    pub fn judge(&self, layout: &mut Layout) {
        for (index, field) in layout.fields.iter_mut().enumerate() {
            let Some(&(agree, of)) = self.tally.get(index) else {
                continue;
            };
            (field.agree, field.of) = (agree, of);
            let mut rivals = self.rivals.iter().filter(|r| r.index == index);
            field.others.retain(|_| {
                rivals
                    .next()
                    .is_none_or(|r| r.of == 0 || r.agree * of >= agree * r.of)
            });
        }
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
                    .record(&self.buffer[from..self.end])
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
            return Step::Gap(lead, "before the first record".to_owned());
        }
        let reason = match self.layout.record(bytes) {
            Ok(record) => {
                let len = record.bytes.len();
                let previous = self.previous;
                let (wrong, checked) =
                    disagreeing(&self.layout, &record, offset, previous, &mut self.message);
                if checked || self.is_plausible(bytes, &record) {
                    let text = record;
                    for (field, tally) in self.layout.fields.iter().zip(&mut self.tally) {
                        let agrees = agrees(field, &text, offset, previous, &mut self.message);
                        tally.0 += u64::from(agrees == Some(true));
                        tally.1 += u64::from(agrees.is_some());
                    }
                    for rival in &mut self.rivals {
                        let before = previous.map(|(at, len, _)| (at, len, rival.last));
                        let agrees = agrees(&rival.field, &text, offset, before, &mut self.message);
                        rival.agree += u64::from(agrees == Some(true));
                        rival.of += u64::from(agrees.is_some());
                        rival.last = text.value(&rival.field.place).unwrap_or(0);
                    }
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
        let follows = match self.layout.record(&bytes[len..]) {
            Ok(next) => {
                let text = &next.bytes[next.text..next.text_end];
                looks_like_text(text) && is_clean(text)
            }
            Err(_) => bytes.len() == len,
        };
        constants && follows && (looks_like_text(text) || self.layout.length().is_some())
    }

    /// Finds where to go on.
    fn resume(&self, bytes: &[u8], reason: String) -> Step {
        let window = &bytes[..bytes.len().min(WINDOW)];
        // First only near: damage is mostly small.
        let near = &window[..window.len().min(4096)];
        let mut found = first_text(near, near.len() < window.len());
        if found.is_none() {
            found = first_text(window, !self.is_ended || window.len() < bytes.len());
        }
        let Some(text) = found else {
            let len = if self.is_ended && window.len() == bytes.len() {
                bytes.len()
            } else {
                window.len() / 2
            };
            return Step::Gap(len, reason);
        };
        if let Some(start) = self.layout.start_of(bytes, text.start).filter(|&s| s > 0) {
            if self.layout.record(&bytes[start..]).is_ok_and(|r| {
                let text = &r.bytes[r.text..r.text_end];
                looks_like_text(text) && is_clean(text)
            }) {
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

/// Returns the first text, unless it may go on behind the bytes given.
fn first_text(bytes: &[u8], is_cut: bool) -> Option<Text> {
    let text = *scan::scan(bytes).first()?;
    (!is_cut || text.end + 1 < bytes.len()).then_some(text)
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
    previous: Option<(u64, u64, u64)>,
    message: &mut Vec<u8>,
) -> (Vec<String>, bool) {
    let mut wrong = Vec::new();
    let mut checked = false;
    for field in &layout.fields {
        let agrees = agrees(field, record, offset, previous, message);
        let is_checksum = matches!(field.meaning, Meaning::Checksum { .. });
        checked |= is_checksum && agrees == Some(true);
        if agrees == Some(false) {
            wrong.push(name(field));
        }
    }
    (wrong, checked)
}

/// Says which field it is.
fn name(field: &Field) -> String {
    let place = field.place;
    format!(
        "{} at {} byte {}",
        field.meaning.word(),
        place.zone.word(),
        place.offset
    )
}
