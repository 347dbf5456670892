//! Queues of another framing, for the programs that read queues: a profile that `probe` saved says how they lie in their
//! file, and they are read as if they were ours.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use crate::codec::queue::{Framing, QueueRecord, QueueWriter, RecordKind};
use crate::codec::timestamp::Timestamp;
use crate::probe::checksum::Record;
use crate::probe::layout::{Layout, Meaning};
use crate::probe::profile;
use crate::probe::scan::joiner_len;
use crate::probe::walk::{self, Piece, Walk};
use crate::tools::exit::{ExitCode, ToolError};

/// Bytes a profile may have.
const MAX_PROFILE: u64 = 1 << 20;

/// Reads a profile, if one is named.
///
/// # Errors
/// [`ExitCode::NotFound`], or [`ExitCode::Damaged`]: it cannot be read, or says nothing that can be used.
pub fn load(path: Option<&Path>) -> Result<Option<Layout>, ToolError> {
    let Some(path) = path else { return Ok(None) };
    let read = || -> io::Result<String> {
        let mut text = String::new();
        File::open(path)?
            .take(MAX_PROFILE)
            .read_to_string(&mut text)?;
        Ok(text)
    };
    let text = read().map_err(|error| {
        ToolError::new(ExitCode::NotFound, path.display().to_string()).caused_by(error)
    })?;
    let layout = profile::from_toml(&text).map_err(|error| {
        ToolError::new(ExitCode::Damaged, format!("{}: {error}", path.display()))
    })?;
    Ok(Some(layout))
}

/// Opens a queue file; one of another framing is read through, and what is returned has our framing.
///
/// Every record must fit the framing: a reader that takes part of a list for all of it does harm.
///
/// # Errors
/// It cannot be opened; a record does not fit ([`io::ErrorKind::InvalidData`], with its offset).
pub fn open(path: &Path, framing: Option<&Layout>) -> io::Result<File> {
    let file = File::open(path)?;
    match framing {
        Some(layout) => through(file, layout),
        None => Ok(file),
    }
}

/// Reads an open file of another framing through; see [`open`].
///
/// # Errors
/// As [`open`].
pub fn through(file: File, layout: &Layout) -> io::Result<File> {
    let mut output = tempfile::tempfile()?;
    let mut convert = Converter::new(BufWriter::new(&output), layout);
    let mut walk = Walk::new(BufReader::new(file), layout);
    while let Some(piece) = walk.next_piece()? {
        let number = convert.count() + 1;
        let (offset, reason) = match piece {
            Piece::Record {
                offset,
                record,
                wrong,
            } => match wrong.first() {
                None => {
                    convert.record(offset, &record)?;
                    continue;
                }
                Some(first) => (offset, wrong_field(layout, &record, offset, first)),
            },
            Piece::Aside { .. } => continue,
            Piece::Gap { offset, reason, .. } | Piece::Loose { offset, reason, .. } => {
                (offset, reason)
            }
        };
        return Err(misfit(number, offset, &reason));
    }
    convert.finish()?;
    output.rewind()?;
    Ok(output)
}

/// Says which field does not agree, at which byte of the file, and what stands there.
fn wrong_field(layout: &Layout, record: &Record<'_>, offset: u64, name: &str) -> String {
    let field = layout.fields.iter().find(|f| walk::name(f) == name);
    let place = field.map(|f| &f.place);
    match place.and_then(|place| Some((place, record.at(place)?))) {
        Some((place, bytes)) => {
            let at = offset + record.offset_of(place) as u64;
            format!(
                "wrong {name}: byte {at:#x} of the file has {}",
                profile::hex(bytes)
            )
        }
        None => format!("wrong {name}"),
    }
}

/// Says what is wrong with a file that [`open`] or [`through`] could not read.
#[must_use]
pub fn failed(path: &Path, error: io::Error) -> ToolError {
    let exit = match error.kind() {
        io::ErrorKind::InvalidData => ExitCode::Damaged,
        _ => ExitCode::NotFound,
    };
    ToolError::new(exit, path.display().to_string()).caused_by(error)
}

fn misfit(number: u64, offset: u64, reason: &str) -> io::Error {
    let what = format!("record {number} at byte {offset:#x} does not fit the framing: {reason}");
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Writes the records of another framing in ours.
#[derive(Debug)]
pub struct Converter<'l, W: Write> {
    layout: &'l Layout,
    output: QueueWriter<W>,
    sync: u32,
    count: u64,
}

impl<'l, W: Write> Converter<'l, W> {
    /// Makes one that has written nothing.
    pub fn new(output: W, layout: &'l Layout) -> Self {
        Self {
            layout,
            output: QueueWriter::new(output, &Framing::OURS),
            sync: 0,
            count: 0,
        }
    }

    /// Returns the records written.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Writes one record.
    ///
    /// # Errors
    /// It does not fit ours, or writing failed.
    pub fn record(&mut self, offset: u64, record: &Record<'_>) -> io::Result<()> {
        let values = values(self.layout, record);
        self.sync = match values.sync {
            Some(sync) => u32::try_from(sync).map_err(|_| {
                let reason = format!("sync number {sync} has more than 32 bits");
                misfit(self.count + 1, offset, &reason)
            })?,
            None => self.sync.saturating_add(1),
        };
        let text = &record.bytes[record.text..record.text_end];
        self.write(text, values.stamp)
    }

    /// Writes a text that was found without its record.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub fn loose(&mut self, text: &[u8]) -> io::Result<()> {
        self.sync = self.sync.saturating_add(1);
        self.write(text, None)
    }

    fn write(&mut self, text: &[u8], stamp: Option<i64>) -> io::Result<()> {
        let text = joined(text).into_owned();
        let kind = kind(&text);
        let stamp = Timestamp(stamp.and_then(|s| u32::try_from(s).ok()).unwrap_or(0));
        let record = QueueRecord {
            kind,
            ..QueueRecord::transaction(stamp, self.sync, 0, text)
        };
        self.output.write(&record).map_err(io::Error::other)?;
        self.count += 1;
        Ok(())
    }

    /// Hands everything to the output.
    ///
    /// # Errors
    /// Writing failed.
    pub fn finish(self) -> io::Result<W> {
        Ok(self.output.finish()?.0)
    }
}

/// Returns what a record is, which another framing says by its text alone.
#[must_use]
pub fn kind(text: &[u8]) -> RecordKind {
    match text {
        [b'#', ..] if text.starts_with(b"# RESYNC ") => RecordKind::ResyncHeader,
        [b'#', ..] => RecordKind::Dummy,
        _ => RecordKind::Transaction,
    }
}

/// The numbers of a record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Values {
    /// Its sync number.
    pub sync: Option<u64>,
    /// Its date stamp, in seconds since 1970.
    pub stamp: Option<i64>,
    /// Its checksum.
    pub checksum: Option<u64>,
}

/// Reads the numbers of a record.
#[must_use]
pub fn values(layout: &Layout, record: &Record<'_>) -> Values {
    let mut values = Values::default();
    for field in &layout.fields {
        let place = &field.place;
        match &field.meaning {
            Meaning::Sync => values.sync = record.value(place),
            Meaning::Checksum { .. } => values.checksum = record.value(place),
            Meaning::Stamp(kind) => {
                values.stamp = record.at(place).and_then(|b| kind.get(place.code, b));
            }
            _ => {}
        }
    }
    values
}

/// Returns a text with its lines joined by CR LF.
#[must_use]
pub fn joined(text: &[u8]) -> Cow<'_, [u8]> {
    let text = match text.iter().rposition(|&b| b != 0) {
        Some(at) => &text[..=at],
        None => text,
    };
    if !text.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + 8);
    let mut at = 0;
    while at < text.len() {
        match joiner_len(text, at) {
            0 => {
                out.push(text[at]);
                at += 1;
            }
            len => {
                out.extend_from_slice(b"\r\n");
                at += len;
            }
        }
    }
    Cow::Owned(out)
}
