//! The log of `-l`: every failed transaction behind its message, as comments in a file that can be edited and
//! imported again (`spec/import.md` section 9).

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::importfile::Reader;
use crate::plan::Note;
use crate::plan::op::Position;
use crate::postoffice::Postoffice;
use crate::postoffice::log::Years;
use crate::tools::exit::{ExitCode, ToolError};

/// Takes one transaction of a source: the keys of its first and last line ([`key_of`]), and its bytes.
type Visit<'a> = dyn FnMut(u64, u64, &[u8]) + 'a;

/// Returns the key of a place in a source: the line of a text, or the record of a queue with its sync number, since
/// several queues may be read one after the other.
#[must_use]
pub fn key_of(at: Position) -> u64 {
    u64::from(at.sync) << 32 | u64::from(at.line)
}

/// Where failed transactions are written, opened before anything is done: a directory that does not exist is said
/// at once (Q102926).
#[derive(Debug)]
pub struct ImportLog {
    path: PathBuf,
    years: Years,
    zone: TimeZone,
}

impl ImportLog {
    /// Checks that the log can be written; nothing is written yet.
    ///
    /// # Errors
    /// [`ExitCode::CannotWrite`]: its directory is not there, or the file cannot be opened for appending.
    pub fn open(path: &Path, zone: &TimeZone, years: Years) -> Result<Self, ToolError> {
        let existed = path.exists();
        let opened = OpenOptions::new().create(true).append(true).open(path);
        let log = opened.map_err(|error| cannot_write(path, error))?;
        drop(log);
        if !existed {
            fs::remove_file(path).map_err(|error| cannot_write(path, error))?;
        }
        Ok(Self {
            path: path.to_owned(),
            years,
            zone: zone.clone(),
        })
    }

    /// Appends the messages with the transactions they are about, taken from the source as it stands.
    ///
    /// # Errors
    /// [`ExitCode::CannotWrite`].
    pub fn write(
        &self,
        po: &Postoffice,
        notes: &[Note],
        now: Timestamp,
        source: &mut dyn for<'a> FnMut(&'a mut Visit<'a>) -> io::Result<()>,
    ) -> Result<(), ToolError> {
        let mut by_line: BTreeMap<u64, Vec<&Note>> = BTreeMap::new();
        for note in notes {
            by_line.entry(key_of(note.at)).or_default().push(note);
        }
        let mut text = Vec::new();
        source(&mut |first, last, raw| {
            let lines: Vec<u64> = by_line.range(first..=last).map(|(&line, _)| line).collect();
            let mut found = false;
            for line in lines {
                for note in by_line.remove(&line).unwrap_or_default() {
                    text.extend(self.comment(po, note, now));
                    found = true;
                }
            }
            if found {
                push_without_passwords(&mut text, raw);
                if !text.ends_with(b"\n") {
                    text.extend_from_slice(b"\r\n");
                }
            }
        })
        .map_err(|error| cannot_write(&self.path, error))?;
        for note in by_line.into_values().flatten() {
            text.extend(self.comment(po, note, now));
        }
        let opened = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path);
        opened
            .and_then(|mut log| log.write_all(&text).and_then(|()| log.sync_all()))
            .map_err(|error| cannot_write(&self.path, error))
    }

    fn comment(&self, po: &Postoffice, note: &Note, now: Timestamp) -> Vec<u8> {
        let line = super::log_line(po, note).text_form(now, &self.zone, self.years);
        let text = format!("#{line} ({})\r\n", note.at.line);
        // The text came from bytes of the code page, so it goes back into them.
        po.code_page()
            .encode(&text)
            .unwrap_or_else(|_| text.into_bytes())
    }
}

/// Walks over the blocks of an import text: first line, last line, bytes.
///
/// # Errors
/// Those of the input.
pub fn walk_blocks(
    input: impl BufRead,
    po: &Postoffice,
    take: &mut dyn FnMut(u64, u64, &[u8]),
) -> io::Result<()> {
    let mut blocks = Reader::new(input, po.code_page()).peekable();
    while let Some(block) = blocks.next() {
        let block = block?;
        let last = match blocks.peek() {
            Some(Ok(next)) => next.line.saturating_sub(1),
            _ => u64::MAX,
        };
        take(block.line, last, &block.raw);
    }
    Ok(())
}

/// Repeats a transaction, but for the passwords of local users: no log holds one.
fn push_without_passwords(text: &mut Vec<u8>, raw: &[u8]) {
    const PASSWORD: &[u8] = b"&PASSWORD";
    for line in raw.split_inclusive(|&b| b == b'\n') {
        let start = line.get(..PASSWORD.len());
        if start.is_some_and(|start| start.eq_ignore_ascii_case(PASSWORD)) {
            text.extend_from_slice(b"#&PASSWORD was given, and is not repeated here\r\n");
        } else {
            text.extend_from_slice(line);
        }
    }
}

fn cannot_write(path: &Path, error: io::Error) -> ToolError {
    ToolError::new(ExitCode::CannotWrite, format!("log {}", path.display())).caused_by(error)
}
