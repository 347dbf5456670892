//! Schedules as text files: what `-i` reads and `-x` writes.

use std::fmt;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use crate::protocol::schedule::{Entry, Line, parse};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::outfile::OutFile;

/// Bytes of a schedule file that are read; 21 entries are as many as can be in force.
const MAX_LEN: u64 = 1 << 20;

/// The file of `-i`, read.
#[derive(Debug)]
pub(super) struct Text {
    path: PathBuf,
    /// Its entries.
    pub(super) lines: Vec<Line>,
}

impl Text {
    /// Reads the file.
    ///
    /// # Errors
    /// There is none ([`ExitCode::NotFound`]), or it is no schedule ([`ExitCode::Damaged`]).
    pub(super) fn read(path: &Path) -> Result<Self, ToolError> {
        let mut text = Self {
            path: path.to_owned(),
            lines: Vec::new(),
        };
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_LEN + 1).read_to_end(&mut bytes))
            .map_err(|error| {
                let what = path.display().to_string();
                ToolError::new(ExitCode::NotFound, what).caused_by(error)
            })?;
        if bytes.len() as u64 > MAX_LEN {
            let why = format!("found more than {MAX_LEN} bytes, expected a schedule");
            return Err(text.damaged(&why));
        }
        // Nothing outside of ASCII belongs there; what stands for it in the view is refused with its place.
        let view = String::from_utf8_lossy(&bytes);
        text.lines = parse(&view).map_err(|error| text.damaged(&error))?;
        Ok(text)
    }

    /// Returns the error of a text that is no schedule.
    pub(super) fn damaged(&self, why: &dyn fmt::Display) -> ToolError {
        ToolError::new(ExitCode::Damaged, format!("{}: {why}", self.path.display()))
    }
}

/// Writes the file of `-x`: one entry per line in record order, by the clock of `zone`, lines ending as in MS-DOS.
///
/// # Errors
/// [`ExitCode::CannotWrite`]; the file is then as it was.
pub(super) fn write(path: &Path, entries: &[Entry], zone: &TimeZone) -> Result<(), ToolError> {
    OutFile::create(path)
        .and_then(|mut file| {
            for entry in entries {
                write!(file, "{} {}\r\n", entry.phase(), entry.wall_time(zone))?;
            }
            file.put_in_place()
        })
        .map_err(|error| {
            let what = path.display().to_string();
            ToolError::new(ExitCode::CannotWrite, what).caused_by(error)
        })
}
