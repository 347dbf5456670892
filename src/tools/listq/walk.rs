//! Reading a queue to its end, whatever is wrong in it.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use serde::Serialize;

use super::options::QueueFile;
use crate::codec::codepage::CodePage;
use crate::codec::queue::{Framed, Framing, QueueError, QueueReader, RecordKind};
use crate::postoffice::{Dir, File, Postoffice, PostofficeError};
use crate::probe::layout::Layout;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::framed;
use crate::tools::report::ReportFile;

/// A queue file that is open.
#[derive(Debug)]
pub struct Source {
    /// How the screen calls it: the stem of a postoffice's file, else the path as given.
    pub title: String,
    path: PathBuf,
    input: io::Take<fs::File>,
}

impl Source {
    /// Opens the file of a command line.
    ///
    /// Only what is in it now will be read. A batch replaces a file by a new one or appends to it, so that needs no
    /// lock: a listing that stands in a pager does not keep the postoffice from its mail.
    ///
    /// # Errors
    /// There is no such file, or it cannot be read.
    pub fn open(po: &Postoffice, file: &QueueFile) -> Result<Self, ToolError> {
        let (title, path, input) = match file {
            QueueFile::OfPostoffice(stem) => {
                let file =
                    File::named(Dir::Glb, &format!("{stem}.GLB")).map_err(PostofficeError::from)?;
                let input = po.layout().open_file(&file)?;
                (stem.clone(), po.layout().path(&file)?, input)
            }
            QueueFile::Path(path) => {
                let input = match fs::File::open(path) {
                    Ok(input) => Some(input),
                    Err(e) if e.kind() == io::ErrorKind::NotFound => None,
                    Err(e) => return Err(unreadable(path.clone(), e)),
                };
                (path.display().to_string(), path.clone(), input)
            }
        };
        let Some(input) = input else {
            return Err(PostofficeError::Missing { path }.into());
        };
        match input.metadata() {
            Ok(found) if found.is_dir() => Err(ToolError::new(
                ExitCode::NotFound,
                format!("{}: a directory, expected a queue", path.display()),
            )),
            Ok(found) => {
                // The length of a pipe is not known.
                let len = if found.is_file() {
                    found.len()
                } else {
                    u64::MAX
                };
                let input = input.take(len);
                Ok(Self { title, path, input })
            }
            Err(e) => Err(unreadable(path, e)),
        }
    }
}

impl Source {
    /// Reads a file of another framing as if it were ours.
    ///
    /// # Errors
    /// It cannot be read, or a record does not fit the framing.
    pub fn framed_by(self, layout: &Layout) -> Result<Self, ToolError> {
        let file = self.input.into_inner();
        let file =
            framed::through(file, layout).map_err(|error| framed::failed(&self.path, error))?;
        Ok(Self {
            title: self.title,
            path: self.path,
            input: file.take(u64::MAX),
        })
    }
}

fn unreadable(path: PathBuf, source: io::Error) -> ToolError {
    PostofficeError::Read { path, source }.into()
}

/// The records of a queue one after the other, and what was found on the way.
#[derive(Debug)]
pub struct Walk<R = io::Take<fs::File>> {
    path: PathBuf,
    queue: QueueReader<R>,
    framed: Framed,
    page: CodePage,
    report: Option<ReportFile>,
    damaged: Option<(u64, QueueError)>,
    stopped: Option<ToolError>,
}

impl Walk {
    /// Begins at the first record. Each record read is also a line of `report`.
    #[must_use]
    pub fn new(source: Source, page: CodePage, report: Option<ReportFile>) -> Self {
        Self {
            path: source.path,
            queue: QueueReader::new(source.input, &Framing::OURS),
            framed: Framed::default(),
            page,
            report,
            damaged: None,
            stopped: None,
        }
    }
}

impl<R: Read> Walk<R> {
    /// Reads the next record; none at the end, and where nothing more can be read.
    pub fn read(&mut self) -> Option<&Framed> {
        if self.stopped.is_some() {
            return None;
        }
        match self.queue.read(&mut self.framed) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => {
                self.stopped = Some(self.locate(error));
                return None;
            }
        }
        if let Some(error) = self.framed.checksum_error() {
            let (count, _) = self.damaged.get_or_insert((0, error));
            *count += 1;
        }
        if let Some(report) = &mut self.report {
            if let Err(error) = report.line(&RecordLine::new(&self.framed, self.page)) {
                self.stopped = Some(error);
                return None;
            }
        }
        Some(&self.framed)
    }

    /// Tells whether the records also go into a report.
    pub fn has_report(&self) -> bool {
        self.report.is_some()
    }

    /// Ends the walk and says how it was.
    pub fn finish(&mut self) -> Ended {
        let (read, wrong_checksums) = (
            self.queue.number(),
            self.damaged.as_ref().map_or(0, |(count, _)| *count),
        );
        let damaged = self.damaged.take().map(|(count, first)| {
            let first = self.locate(first);
            match count {
                1 => format!("1 of {read} transactions has a wrong checksum: {first}"),
                _ => format!(
                    "{count} of {read} transactions have a wrong checksum, the first: {first}"
                ),
            }
        });
        let error = match (self.stopped.take(), damaged) {
            (None, damaged) => damaged.map(|text| ToolError::new(ExitCode::Damaged, text)),
            (stopped, None) => stopped,
            (Some(stopped), Some(damaged)) => {
                let exit = stopped.exit.worst(ExitCode::Damaged);
                Some(ToolError::new(exit, format!("{stopped}; {damaged}")))
            }
        };
        Ended {
            read,
            wrong_checksums,
            report: self.report.take(),
            error,
        }
    }

    fn locate(&self, error: QueueError) -> ToolError {
        let path = self.path.clone();
        match error {
            QueueError::Io(source) => unreadable(path, source),
            error => PostofficeError::Queue {
                path,
                source: Box::new(error),
            }
            .into(),
        }
    }
}

/// How a walk ended.
#[derive(Debug)]
pub struct Ended {
    /// Records read.
    pub read: u64,
    /// Those whose checksum is wrong.
    pub wrong_checksums: u64,
    /// The report, for its last line.
    pub report: Option<ReportFile>,
    /// What stopped the walk, or was wrong with a record.
    pub error: Option<ToolError>,
}

/// One record in `--json` and `--report`.
#[derive(Debug, Serialize)]
pub struct RecordLine {
    number: u64,
    offset: u64,
    kind: &'static str,
    sync: u32,
    stamp: String,
    origin: u32,
    checksum: Option<String>,
    intact: bool,
    text: String,
}

impl RecordLine {
    /// Describes a record; its text is a view by the code page.
    #[must_use]
    pub fn new(framed: &Framed, page: CodePage) -> Self {
        let record = &framed.record;
        Self {
            number: framed.number,
            offset: framed.offset,
            kind: match record.kind {
                RecordKind::Transaction => "transaction",
                RecordKind::Dummy => "dummy",
                RecordKind::ResyncHeader => "resync-header",
                RecordKind::EndMark => "end-mark",
                RecordKind::Other(_) => "unknown",
            },
            sync: record.sync,
            stamp: record.stamp.to_jiff().to_string(),
            origin: record.origin,
            checksum: framed.stored_checksum.map(|stored| format!("{stored:04X}")),
            intact: framed.is_intact(),
            text: page.decode(&record.text),
        }
    }
}
