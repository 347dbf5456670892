//! Reading a queue to its end, whatever is wrong in it.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::foreign::Foreign;
use super::options::QueueFile;
use super::record::{Checksum, Listed, RecordLine};
use crate::codec::codepage::CodePage;
use crate::codec::queue::{Framed, Framing, QueueError, QueueReader};
use crate::postoffice::{Dir, File, Postoffice, PostofficeError};
use crate::probe::layout::Layout;
use crate::tools::exit::{ExitCode, ToolError};
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

fn unreadable(path: PathBuf, source: io::Error) -> ToolError {
    PostofficeError::Read { path, source }.into()
}

/// The records of a queue one after the other, and what was found on the way.
#[derive(Debug)]
pub struct Walk {
    path: PathBuf,
    input: Input,
    read: u64,
    page: CodePage,
    report: Option<ReportFile>,
    wrong_checksums: Faults,
    misfits: Faults,
    stopped: Option<ToolError>,
}

/// How the records lie in the file.
#[derive(Debug)]
enum Input {
    Ours(Box<QueueReader<io::Take<fs::File>>>, Framed),
    Other(Box<Foreign<io::Take<fs::File>>>),
}

/// Something that is wrong in several places; the first is told.
#[derive(Debug, Default)]
struct Faults {
    count: u64,
    first: Option<String>,
}

impl Faults {
    fn add(&mut self, what: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(what);
    }
}

impl Walk {
    /// Begins at the first record. Each record read is also a line of `report`.
    #[must_use]
    pub fn new(
        source: Source,
        layout: Option<Layout>,
        page: CodePage,
        report: Option<ReportFile>,
    ) -> Self {
        Self {
            path: source.path,
            input: match layout {
                None => Input::Ours(
                    Box::new(QueueReader::new(source.input, &Framing::OURS)),
                    Framed::default(),
                ),
                Some(layout) => Input::Other(Box::new(Foreign::new(source.input, layout))),
            },
            read: 0,
            page,
            report,
            wrong_checksums: Faults::default(),
            misfits: Faults::default(),
            stopped: None,
        }
    }

    /// Returns the digits that a checksum is shown with.
    pub fn digits(&self) -> usize {
        match &self.input {
            Input::Ours(..) => 4,
            Input::Other(foreign) => foreign.digits(),
        }
    }

    /// Reads the next record; none at the end, and where nothing more can be read.
    pub fn read(&mut self) -> Option<Listed<'_>> {
        if self.stopped.is_some() {
            return None;
        }
        let digits = self.digits();
        let path = &self.path;
        let listed = match &mut self.input {
            Input::Ours(queue, framed) => match queue.read(framed) {
                Ok(true) => Ok(Some(Listed::of(framed))),
                Ok(false) => Ok(None),
                Err(error) => Err(locate(path, error)),
            },
            Input::Other(foreign) => foreign
                .read(&mut |misfit| self.misfits.add(|| format!("{}: {misfit}", path.display())))
                .map_err(|error| unreadable(path.clone(), error)),
        };
        let listed = match listed {
            Ok(listed) => listed?,
            Err(error) => {
                self.stopped = Some(error);
                return None;
            }
        };
        self.read += 1;
        let place = || {
            let Listed { number, offset, .. } = listed;
            format!(
                "{}: transaction {number} at byte {offset:#x}",
                path.display()
            )
        };
        if let Checksum::Wrong { stored, computed } = listed.checksum {
            let what = || {
                format!(
                    "{}: stored checksum {stored:#06x}, computed {computed:#06x}",
                    place()
                )
            };
            self.wrong_checksums.add(what);
        }
        for fault in listed.faults {
            self.misfits.add(|| format!("{}: {fault}", place()));
        }
        if let Some(report) = &mut self.report {
            if let Err(error) = report.line(&RecordLine::new(&listed, digits, self.page)) {
                self.stopped = Some(error);
                return None;
            }
        }
        Some(listed)
    }

    /// Tells whether the records also go into a report.
    pub fn has_report(&self) -> bool {
        self.report.is_some()
    }

    /// Ends the walk and says how it was.
    pub fn finish(&mut self) -> Ended {
        let read = self.read;
        let mut said = Vec::new();
        let wrong = std::mem::take(&mut self.wrong_checksums);
        if let Some(first) = wrong.first {
            said.push(match wrong.count {
                1 => format!("1 of {read} transactions has a wrong checksum: {first}"),
                count => format!(
                    "{count} of {read} transactions have a wrong checksum, the first: {first}"
                ),
            });
        }
        let misfits = std::mem::take(&mut self.misfits);
        if let Some(first) = misfits.first {
            said.push(match misfits.count {
                1 => format!("1 place does not fit the framing: {first}"),
                count => format!("{count} places do not fit the framing, the first: {first}"),
            });
        }
        let damaged = (!said.is_empty()).then(|| said.join("; "));
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
            wrong_checksums: wrong.count,
            report: self.report.take(),
            error,
        }
    }
}

fn locate(path: &Path, error: QueueError) -> ToolError {
    let path = path.to_owned();
    match error {
        QueueError::Io(source) => unreadable(path, source),
        error => PostofficeError::Queue {
            path,
            source: Box::new(error),
        }
        .into(),
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
