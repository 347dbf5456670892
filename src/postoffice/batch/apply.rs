//! Carrying out a journal. Every step may be done twice, so that a run that was killed is simply repeated.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use super::Warning;
use super::journal::{Staged, Step};
use super::staging::{NEW_FILE_MODE, Staging, sync_directories};
use crate::codec::checksum::Crc32;
use crate::postoffice::error::{AtPath, PostofficeError};
use crate::postoffice::layout::Layout;
use crate::postoffice::lock::ExclusiveLock;

/// How far behind its old end a log is searched for lines that are perhaps there already.
const LOG_SEARCH_LEN: u64 = 1 << 20;

/// How long to wait for a log: others hold one only while they write a line.
const LOG_PATIENCE: Duration = Duration::from_secs(10);

/// Carries out steps and makes them durable.
pub(super) fn apply(
    layout: &Layout,
    lock: &ExclusiveLock,
    staging: &Staging,
    steps: &[Step],
) -> Result<Vec<Warning>, PostofficeError> {
    let mut pass = Pass {
        layout,
        staging,
        touched: BTreeSet::new(),
        warnings: Vec::new(),
    };
    let mut flag = None;
    for step in steps {
        match step {
            Step::Flag(value) => flag = Some(*value),
            other => pass.carry_out(other)?,
        }
    }
    sync_directories(pass.touched.iter(), layout.root())?;
    // Last: who polls the flag must find what it announces.
    if let Some(value) = flag {
        lock.set_flag(value)?;
    }
    Ok(pass.warnings)
}

struct Pass<'a> {
    layout: &'a Layout,
    staging: &'a Staging,
    /// Directories with a changed name in them.
    touched: BTreeSet<PathBuf>,
    warnings: Vec<Warning>,
}

impl Pass<'_> {
    fn carry_out(&mut self, step: &Step) -> Result<(), PostofficeError> {
        match step {
            Step::MakeDir(path) => {
                let path = self.place(path)?;
                match fs::create_dir(&path) {
                    Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                    other => other.writing(&path),
                }
            }
            Step::Replace { staged, target } => {
                let path = self.place(target)?;
                match fs::rename(self.staging.file(staged.number), &path) {
                    // Renamed before; `verify` saw that it is so.
                    Err(e) if e.kind() == io::ErrorKind::NotFound && path.exists() => Ok(()),
                    Err(e) if e.kind() == io::ErrorKind::NotFound && step.is_delivery() => {
                        self.warnings.push(Warning::Taken(target.clone()));
                        Ok(())
                    }
                    other => other.writing(&path),
                }
            }
            Step::Append {
                staged,
                old_len,
                target,
                ..
            } => {
                let target = self.place(target)?;
                append(&target, &self.staging.file(staged.number), *old_len)
            }
            Step::Log {
                staged,
                old_len,
                target,
            } => {
                let target = self.place(target)?;
                let path = self.staging.file(staged.number);
                let lines = fs::read(&path).reading(&path)?;
                append_lines(&target, &lines, Some(*old_len))
            }
            Step::Remove(path) => {
                let path = self.place(path)?;
                match fs::remove_file(&path) {
                    Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
                    other => other.writing(&path),
                }
            }
            Step::Move { from, to } => self.move_file(from, to),
            Step::RemoveDir(path) => self.remove_dir(path),
            Step::Flag(_) => Ok(()),
        }
    }

    fn move_file(&mut self, from: &str, to: &str) -> Result<(), PostofficeError> {
        let (from_path, to_path) = (self.place(from)?, self.place(to)?);
        match fs::rename(&from_path, &to_path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && !from_path.exists() => {
                if !to_path.exists() {
                    self.warnings.push(Warning::Gone(from.to_owned()));
                }
                Ok(())
            }
            other => other.writing(&to_path),
        }
    }

    fn remove_dir(&mut self, relative: &str) -> Result<(), PostofficeError> {
        let path = self.place(relative)?;
        match fs::remove_dir(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::DirectoryNotEmpty => {
                self.warnings.push(Warning::NotEmpty(relative.to_owned()));
                Ok(())
            }
            other => other.writing(&path),
        }
    }

    fn place(&mut self, relative: &str) -> Result<PathBuf, PostofficeError> {
        let path = self.layout.absolute(relative)?;
        if let Some(directory) = path.parent() {
            self.touched.insert(directory.to_owned());
        }
        Ok(path)
    }
}

/// Puts staged bytes at `old_len` of a file that this pass alone appends to.
fn append(target: &Path, staged: &Path, old_len: u64) -> Result<(), PostofficeError> {
    let mut input = fs::File::open(staged).reading(staged)?;
    let mut output = open_for_appending(target)?;
    let len = output.metadata().writing(target)?.len();
    if len > old_len {
        output.set_len(old_len).writing(target)?;
    }
    output.seek(SeekFrom::Start(old_len)).writing(target)?;
    io::copy(&mut input, &mut output).writing(target)?;
    output.sync_data().writing(target)
}

/// Appends whole lines to a log that others append to without the lock of the postoffice.
///
/// With `old_len`, lines that stand behind it already are not written again. A torn last line is ended first.
pub(in crate::postoffice) fn append_lines(
    target: &Path,
    lines: &[u8],
    old_len: Option<u64>,
) -> Result<(), PostofficeError> {
    let mut file = open_for_appending(target)?;
    wait_for(&file, target)?;
    let len = file.metadata().writing(target)?.len();
    if let Some(old_len) = old_len.filter(|&old_len| old_len < len) {
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(old_len)).reading(target)?;
        (&mut file)
            .take(lines.len() as u64 + LOG_SEARCH_LEN)
            .read_to_end(&mut tail)
            .reading(target)?;
        if lines.is_empty() || tail.windows(lines.len()).any(|window| window == lines) {
            return file.sync_data().writing(target);
        }
    }
    let mut last = [b'\n'];
    if len > 0 {
        file.seek(SeekFrom::Start(len - 1)).reading(target)?;
        file.read_exact(&mut last).reading(target)?;
    }
    file.seek(SeekFrom::Start(len)).writing(target)?;
    if last != *b"\n" {
        file.write_all(b"\r\n").writing(target)?;
    }
    file.write_all(lines).writing(target)?;
    file.sync_data().writing(target)
}

/// Takes a log for the moment of writing.
fn wait_for(file: &fs::File, path: &Path) -> Result<(), PostofficeError> {
    let start = Instant::now();
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK | Errno::INTR) if start.elapsed() < LOG_PATIENCE => {
                thread::sleep(Duration::from_millis(5));
            }
            other => return other.writing(path),
        }
    }
}

fn open_for_appending(target: &Path) -> Result<fs::File, PostofficeError> {
    fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(NEW_FILE_MODE)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(target)
        .writing(target)
}

/// Looks, before a journal found on the disk is carried out, whether everything it needs is there.
///
/// Returns what does not fit.
pub(super) fn verify(
    layout: &Layout,
    staging: &Staging,
    steps: &[Step],
) -> Result<Option<String>, PostofficeError> {
    for step in steps {
        let Some(staged) = step.staged() else {
            continue;
        };
        let path = staging.file(staged.number);
        let there = matches(&path, staged)?;
        let fault = match step {
            // Already renamed; more may have been appended since.
            Step::Replace { target, .. } if there.is_none() => {
                match matches(&layout.absolute(target)?, staged)? {
                    Some(true) => None,
                    // Staged bytes were durable before the journal was: that they are gone says that they were sent.
                    None if step.is_delivery() => None,
                    _ => Some(format!("{target} is neither staged nor in place")),
                }
            }
            _ if there != Some(true) => Some(format!(
                "staged file {:08X} is not the {} bytes it was",
                staged.number, staged.len
            )),
            Step::Append {
                old_len,
                final_len,
                target,
                ..
            } => {
                let len = match fs::metadata(layout.absolute(target)?) {
                    Ok(metadata) => metadata.len(),
                    Err(_) => 0,
                };
                (len > *final_len).then(|| {
                    format!("{target} has {len} bytes, between {old_len} and {final_len} expected")
                })
            }
            _ => None,
        };
        if fault.is_some() {
            return Ok(fault);
        }
    }
    Ok(None)
}

/// Compares the beginning of a file with what was staged; `None` when there is no file.
fn matches(path: &Path, staged: Staged) -> Result<Option<bool>, PostofficeError> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e).reading(path),
    };
    let mut input = file.take(staged.len);
    let mut crc = Crc32::new();
    let mut buffer = vec![0; 1 << 16];
    let mut len = 0;
    loop {
        match input.read(&mut buffer).reading(path)? {
            0 => break,
            n => {
                crc.update(&buffer[..n]);
                len += n as u64;
            }
        }
    }
    Ok(Some((len, crc.value()) == (staged.len, staged.crc)))
}
