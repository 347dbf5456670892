//! The file that is looked at.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::probe::layout::Layout;
use crate::probe::{self, scan};
use crate::tools::exit::{ExitCode, ToolError};

/// Bytes a framing is inferred from; the rest of the file confirms it.
const SAMPLE: usize = 2 << 20;

/// A file to be read several times.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    /// Its first bytes.
    pub(super) sample: Vec<u8>,
    /// The sample is the whole file.
    pub(super) is_whole: bool,
}

impl Source {
    pub(super) fn new(path: &Path) -> Result<Self, ToolError> {
        let read = || -> io::Result<(Vec<u8>, bool)> {
            let mut sample = Vec::new();
            let mut file = File::open(path)?;
            (&mut file).take(SAMPLE as u64).read_to_end(&mut sample)?;
            let is_whole = file.read(&mut [0])? == 0;
            Ok((sample, is_whole))
        };
        let (sample, is_whole) = read().map_err(|error| {
            ToolError::new(ExitCode::NotFound, path.display().to_string()).caused_by(error)
        })?;
        Ok(Self {
            path: path.into(),
            sample,
            is_whole,
        })
    }

    pub(super) fn open(&self) -> Result<File, ToolError> {
        File::open(&self.path).map_err(|error| self.unreadable(error))
    }

    pub(super) fn unreadable(&self, error: io::Error) -> ToolError {
        ToolError::new(ExitCode::NotFound, self.path.display().to_string()).caused_by(error)
    }

    pub(super) fn not_a_queue(&self, reason: &str) -> ToolError {
        let what = format!("{}: not a queue file: {reason}", self.path.display());
        ToolError::new(ExitCode::Damaged, what)
    }

    /// Returns the framing given, or infers one; none where the texts can be had and their framing not.
    pub(super) fn layout(
        &self,
        given: Option<Layout>,
        salvage: bool,
    ) -> Result<Option<Layout>, ToolError> {
        if given.is_some() {
            return Ok(given);
        }
        if self.sample.is_empty() {
            return Err(self.not_a_queue("it is empty, as an idle queue is"));
        }
        let texts = scan::scan(&self.sample);
        let found = probe::infer(&self.sample, self.is_whole).filter(|layout| {
            let rows = probe::fitting(&self.sample, self.is_whole, layout);
            rows * 2 >= texts.len() && rows > 1
        });
        if let Some(layout) = &found {
            let is_bare =
                layout.header_len == 0 && layout.trailer_len == 0 && layout.footer_len == 0;
            if is_bare && layout.fields.is_empty() {
                return Err(self.not_a_queue("text without any framing; import -f reads it"));
            }
            return Ok(found);
        }
        if texts.is_empty() {
            // The beginning may be destroyed; what is behind it is looked at by salvage alone.
            return match salvage && !self.is_whole {
                true => Ok(None),
                false => Err(self.not_a_queue("no transaction in it")),
            };
        }
        let covered: usize = texts.iter().map(|t| t.end - t.start).sum();
        if !salvage && covered * 4 < self.sample.len() {
            let reason = format!(
                "{} texts that look like transactions, and no framing around them; --salvage takes them out",
                texts.len()
            );
            return Err(self.not_a_queue(&reason));
        }
        let lines = texts.windows(2).all(|w| {
            let between = &self.sample[w[0].end..w[1].start];
            between.iter().all(u8::is_ascii_whitespace)
        });
        if lines && texts[0].start == 0 && self.sample.last().is_some_and(u8::is_ascii_whitespace) {
            return Err(self.not_a_queue("text without any framing; import -f reads it"));
        }
        Ok(None)
    }
}
