//! Whether the files a batch would change can be changed, asked before anything is staged.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::messages::{Message, SRVTRANS_INACCESSIBLE};
use crate::postoffice::error::{AtPath, PostofficeError};
use crate::postoffice::layout::{self, Dir, File, Layout};

/// How long between two looks at a file that somebody holds.
const RETRY: Duration = Duration::from_millis(20);

/// Why a file cannot be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetFault {
    /// No write bit in its mode; root is no exception.
    ReadOnly,
    /// Another process holds it; its id where the kind of lock tells it.
    Held(Option<u32>),
    /// It is a symbolic link: renaming over it would not change what it points to.
    Symlink,
    /// It is a directory.
    Directory,
}

impl fmt::Display for TargetFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadOnly => f.write_str("read-only"),
            Self::Held(Some(process)) => write!(f, "held by process {process}"),
            Self::Held(None) => f.write_str("held by another process"),
            Self::Symlink => f.write_str("a symbolic link"),
            Self::Directory => f.write_str("a directory"),
        }
    }
}

/// A file that a batch would change cannot be changed; nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: cannot be changed: {fault}")]
pub struct TargetError {
    /// The file.
    pub file: File,
    /// Why not.
    pub fault: TargetFault,
}

impl TargetError {
    /// Returns the message the original gave for this file (`design.md` section 3, "Locks").
    ///
    /// 7 names the temporary that could not be renamed, as `M:USR\IMPORT.USR` (Q134228); `drive` is the letter of `-d`.
    #[must_use]
    pub fn message(&self, drive: char) -> Message {
        if self.file == layout::SRVTRANS {
            return Message::new(13, "").with_text(SRVTRANS_INACCESSIBLE);
        }
        if [layout::TID, layout::CONTROL].contains(&self.file) {
            return Message::new(39, "");
        }
        if [layout::GAL_NME, layout::GALINDEX, layout::GALNETPO].contains(&self.file) {
            return Message::new(203, "");
        }
        let name = match self.file.dir() {
            Dir::Usr => layout::IMPORT_USR,
            Dir::Inf => layout::IMPORT_INF,
            _ => self.file.clone(),
        };
        let path = name.to_string().replace('/', "\\");
        let number = match self.file.dir() {
            Dir::Xtn => 59,
            _ => 7,
        };
        Message::new(number, format!("{drive}:{path}"))
    }
}

/// Looks whether a file can be changed, for `patience` where somebody holds it; one that is not there can.
pub(super) fn check(
    layout: &Layout,
    file: &File,
    patience: Duration,
) -> Result<(), PostofficeError> {
    let path = layout.path(file)?;
    let start = Instant::now();
    loop {
        match fault(&path, file)? {
            None => return Ok(()),
            Some(TargetFault::Held(_)) if start.elapsed() < patience => thread::sleep(RETRY),
            Some(fault) => {
                return Err(PostofficeError::Target(TargetError {
                    file: file.clone(),
                    fault,
                }));
            }
        }
    }
}

fn fault(path: &Path, file: &File) -> Result<Option<TargetFault>, PostofficeError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e).reading(path),
    };
    if metadata.is_symlink() {
        return Ok(Some(TargetFault::Symlink));
    }
    if metadata.is_dir() {
        return Ok(Some(TargetFault::Directory));
    }
    // A message is taken out of a Maildir by changing the directory, whatever mode its mail system gave it.
    if metadata.permissions().mode() & 0o222 == 0 && !file.dir().is_case_sensitive() {
        return Ok(Some(TargetFault::ReadOnly));
    }
    if *file == layout::FLAG {
        return Ok(None); // held by this very pass
    }
    let open = match fs::File::open(path) {
        Ok(open) => open,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e).reading(path),
    };
    // Both kinds of lock: they do not see each other.
    match flock(&open, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Ok(Some(TargetFault::Held(None))),
        Err(e) => return Err(e).reading(path),
    }
    // At once, not when a child that is just being started has closed its copy.
    flock(&open, FlockOperation::Unlock).reading(path)?;
    let probe = Flock::from(FlockType::WriteLock);
    let holder = fcntl_getlk(&open, &probe).reading(path)?;
    Ok(holder.map(|lock| TargetFault::Held(lock.pid.map(|p| p.as_raw_nonzero().get() as u32))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::HexId;

    #[test]
    fn every_file_has_its_published_message() {
        let xtn = File::xtn(HexId(2));
        for (file, number, line) in [
            (
                layout::SRVTRANS,
                13,
                "Dirsync import error accessing srvtrans.glb",
            ),
            (
                layout::TID,
                39,
                "Error generating TID. Allocating unique ID.",
            ),
            (
                layout::CONTROL,
                39,
                "Error generating TID. Allocating unique ID.",
            ),
            (
                xtn,
                59,
                "Error autocreating postoffice: M:XTN\\00000002.XTN",
            ),
            (layout::GALNETPO, 203, "GAL Rebuild problem accessing files"),
            (
                File::usr(HexId(10)),
                7,
                "Error renaming file: M:USR\\IMPORT.USR",
            ),
            (
                File::inf(HexId(10)),
                7,
                "Error renaming file: M:INF\\IMPORT.INF",
            ),
            (
                layout::ADMIN_NME,
                7,
                "Error renaming file: M:NME\\ADMIN.NME",
            ),
        ] {
            let error = TargetError {
                file,
                fault: TargetFault::ReadOnly,
            };
            let message = error.message('M');
            assert_eq!(
                (message.number, message.to_string().as_str()),
                (number, line)
            );
        }
    }
}
