//! The files in the drop folder: which there are, and whether anybody still writes them.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{FlockOperation, flock};

use crate::tools::dxa::home::unusable;
use crate::tools::exit::ToolError;

/// How long a file must not change before it is taken.
const STEADY: Duration = Duration::from_millis(200);

/// A file that was last touched so long ago is not watched: nobody pauses that long in writing it. Well above what clocks
/// of file systems round to.
const OLD: Duration = Duration::from_secs(5);

/// A file, and what it was when it was found.
#[derive(Debug)]
pub(in crate::tools::dxa) struct Found {
    pub(in crate::tools::dxa) path: PathBuf,
    look: Look,
    at: Instant,
}

/// What changes when a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    len: u64,
    /// Seconds and nanoseconds of the last change of what is in it, and of the last change of anything about it.
    moments: [(i64, i64); 2],
}

/// Finds the files in a folder, if there is one, and below it, in order, with what they are now.
pub(in crate::tools::dxa) fn find(folder: &Path) -> Result<Vec<Found>, ToolError> {
    let mut found = Vec::new();
    for path in paths(folder)? {
        match fs::metadata(&path) {
            Ok(metadata) => found.push(Found {
                path,
                look: Look::of(&metadata),
                at: Instant::now(),
            }),
            // Somebody took it away meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unusable(&path, error)),
        }
    }
    Ok(found)
}

/// Finds the files in a folder, if there is one, and below it, in order. Names that end in `.tmp` or `.part`, and hidden
/// ones, are of those who write them.
pub(in crate::tools::dxa) fn paths(folder: &Path) -> Result<Vec<PathBuf>, ToolError> {
    let mut files = Vec::new();
    if folder.exists() {
        collect(folder, &mut files)?;
    }
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), ToolError> {
    for entry in fs::read_dir(folder).map_err(|error| unusable(folder, error))? {
        let entry = entry.map_err(|error| unusable(folder, error))?;
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        if name.starts_with('.') || name.ends_with(".tmp") || name.ends_with(".part") {
            continue;
        }
        let path = entry.path();
        let kind = entry.file_type().map_err(|error| unusable(&path, error))?;
        if kind.is_dir() {
            collect(&path, files)?;
        } else if kind.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

impl Found {
    /// Tells whether nobody writes the file any more: nobody has it locked, and it is as it was when it was found, at
    /// least a moment ago. A file that was last touched long before needs no waiting for.
    pub(in crate::tools::dxa) fn is_steady(&self) -> Result<bool, ToolError> {
        let file = File::open(&self.path).map_err(|error| unusable(&self.path, error))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Ok(false);
        }
        if !self.look.is_old(SystemTime::now()) {
            thread::sleep(STEADY.saturating_sub(self.at.elapsed()));
        }
        let metadata = fs::metadata(&self.path).map_err(|error| unusable(&self.path, error))?;
        Ok(Look::of(&metadata) == self.look)
    }
}

impl Look {
    fn of(metadata: &Metadata) -> Self {
        Self {
            len: metadata.len(),
            moments: [
                (metadata.mtime(), metadata.mtime_nsec()),
                (metadata.ctime(), metadata.ctime_nsec()),
            ],
        }
    }

    /// Tells whether both moments lie well in the past. One in the future is of another clock, which says nothing.
    fn is_old(&self, now: SystemTime) -> bool {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).ok();
        let now = now.and_then(|now| i64::try_from(now.as_secs()).ok());
        let old = i64::try_from(OLD.as_secs()).unwrap_or(i64::MAX);
        now.is_some_and(|now| {
            let mut moments = self.moments.iter();
            moments.all(|(seconds, _)| now.saturating_sub(*seconds) > old)
        })
    }
}

/// Returns a name in a folder that nothing has; what is there is never overwritten.
pub(in crate::tools::dxa) fn free(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.join(name);
    let mut number = 1;
    while path.exists() {
        number += 1;
        path = folder.join(format!("{name}.{number}"));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_that_both_clocks_say_is_old_needs_no_waiting_for() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let is_old = |mtime, ctime| {
            let moments = [(mtime, 0), (ctime, 999)];
            Look { len: 1, moments }.is_old(now)
        };
        assert!(is_old(10, 994));
        // A copy that keeps the time of what was copied is as young as its last write.
        assert!(!is_old(10, 999));
        assert!(!is_old(995, 10));
        assert!(!is_old(2000, 10));
    }

    #[test]
    fn files_are_found_in_order_and_those_of_their_writers_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("HQ")).expect("a folder");
        for name in ["b.ldif", "HQ/a.USR", ".hidden", "c.tmp", "d.PART"] {
            fs::write(path(name), "x").expect("written");
        }
        let found = find(folder.path()).expect("found");
        let paths: Vec<_> = found.iter().map(|found| found.path.clone()).collect();
        assert_eq!(paths, [path("HQ/a.USR"), path("b.ldif")]);
        assert!(find(&path("nothing")).expect("no folder").is_empty());

        fs::write(path("b.ldif"), "more").expect("written");
        let steady: Vec<_> = found
            .iter()
            .map(|found| found.is_steady().expect("read"))
            .collect();
        assert_eq!(steady, [true, false]);
        let locked = File::open(path("HQ/a.USR")).expect("open");
        flock(&locked, FlockOperation::LockExclusive).expect("locked");
        assert!(!found[0].is_steady().expect("read"));
    }
}
