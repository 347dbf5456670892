//! The staging area of a batch, `GLB/DIRSYNC.TMP`.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::changes::{Changes, Purpose};
use super::journal::Staged;
use crate::codec::checksum::Crc32;
use crate::postoffice::error::{AtPath, PostofficeError};
use crate::postoffice::layout::{Dir, File, Layout};

/// From so many files on, one `syncfs` is cheaper than one sync each: it also waits for what other
/// programs wrote, so that it is not worth it for a few.
const SYNCFS_FROM: usize = 32;

/// Mode of files that did not exist; those that did keep theirs.
pub(super) const NEW_FILE_MODE: u32 = 0o644;

/// Name of the journal until it is whole.
const JOURNAL_NUMBER: u32 = 0;

/// The directory itself.
#[derive(Debug)]
pub(super) struct Staging {
    path: PathBuf,
    glb: PathBuf,
}

impl Staging {
    /// Makes the directory, empty.
    pub(super) fn create(layout: &Layout) -> Result<Self, PostofficeError> {
        let staging = Self::at(layout)?;
        staging.discard()?;
        fs::create_dir(&staging.path).writing(&staging.path)?;
        Ok(staging)
    }

    /// Names the directory, whether it is there or not.
    pub(super) fn at(layout: &Layout) -> Result<Self, PostofficeError> {
        let path = layout.dir_path(Dir::Staging)?;
        let glb = layout.dir_path(Dir::Glb)?;
        if path.is_symlink() {
            return Err(PostofficeError::Outside {
                path,
                root: layout.root().to_owned(),
            });
        }
        Ok(Self { path, glb })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self, number: u32) -> PathBuf {
        self.path.join(File::staged(number).name())
    }

    pub(super) fn device(&self) -> Result<u64, PostofficeError> {
        Ok(fs::metadata(&self.path).reading(&self.path)?.dev())
    }

    /// Makes everything staged durable, with the directory it is in.
    pub(super) fn sync(&self, numbers: &[u32]) -> Result<(), PostofficeError> {
        if numbers.len() < SYNCFS_FROM || !sync_filesystem(&self.path)? {
            for &number in numbers {
                let path = self.file(number);
                let file = fs::File::open(&path).writing(&path)?;
                file.sync_all().writing(&path)?;
            }
        }
        sync_directory(&self.path)
    }

    /// Writes the journal and puts it in its place: when this returns, the batch is committed.
    pub(super) fn commit(&self, journal: &[u8], place: &Path) -> Result<(), PostofficeError> {
        let path = self.file(JOURNAL_NUMBER);
        let mut file = create(&path, NEW_FILE_MODE).writing(&path)?;
        file.write_all(journal).writing(&path)?;
        file.sync_all().writing(&path)?;
        // The staging directory must be found after a crash, before a journal speaks of it.
        sync_directory(&self.glb)?;
        fs::rename(&path, place).writing(place)?;
        if let Err(error) = sync_directory(&self.glb) {
            // Whether the name is on the disk is unknown. Either way all files change or none.
            fs::remove_file(place).writing(place)?;
            sync_directory(&self.glb)?;
            return Err(error);
        }
        Ok(())
    }

    /// Removes the directory with whatever is in it; says how many files there were.
    pub(super) fn discard(&self) -> Result<usize, PostofficeError> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(e) => return Err(e).reading(&self.path),
        };
        let mut count = 0;
        for entry in entries {
            let path = entry.reading(&self.path)?.path();
            fs::remove_file(&path).writing(&path)?;
            count += 1;
        }
        fs::remove_dir(&self.path).writing(&self.path)?;
        Ok(count)
    }
}

fn create(path: &Path, mode: u32) -> io::Result<fs::File> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
}

/// Makes a directory durable: the names in it.
pub(in crate::postoffice) fn sync_directory(path: &Path) -> Result<(), PostofficeError> {
    let directory = fs::File::open(path).writing(path)?;
    directory.sync_all().writing(path)
}

/// Makes every directory durable.
pub(super) fn sync_directories<'p>(
    paths: impl ExactSizeIterator<Item = &'p PathBuf>,
    root: &Path,
) -> Result<(), PostofficeError> {
    if paths.len() >= SYNCFS_FROM && sync_filesystem(root)? {
        return Ok(());
    }
    for path in paths {
        match sync_directory(path) {
            // Removed by a later step; then its parent is among the others.
            Err(_) if !path.exists() => {}
            other => other?,
        }
    }
    Ok(())
}

/// Makes everything on the file system of a path durable; false where the system has no such call.
#[cfg(target_os = "linux")]
pub(in crate::postoffice) fn sync_filesystem(path: &Path) -> Result<bool, PostofficeError> {
    let directory = fs::File::open(path).writing(path)?;
    rustix::fs::syncfs(&directory).writing(path)?;
    Ok(true)
}

/// Makes everything on the file system of a path durable; false where the system has no such call.
#[cfg(not(target_os = "linux"))]
pub(in crate::postoffice) fn sync_filesystem(_: &Path) -> Result<bool, PostofficeError> {
    Ok(false)
}

/// A file, or bytes for the end of one, on the way into a batch.
///
/// Nothing of it reaches its place before the batch commits. It must be ended with [`Self::finish`] or
/// [`Self::cancel`]; a batch with one that was only dropped refuses to commit, since what is in it is
/// not whole.
#[derive(Debug)]
#[must_use = "a staged file counts once it is finished"]
pub struct StagedFile {
    file: File,
    purpose: Purpose,
    number: u32,
    path: PathBuf,
    output: BufWriter<fs::File>,
    len: u64,
    crc: Crc32,
    changes: Arc<Mutex<Changes>>,
}

impl StagedFile {
    pub(super) fn create(
        staging: &Staging,
        changes: &Arc<Mutex<Changes>>,
        file: &File,
        purpose: Purpose,
        mode: u32,
    ) -> Result<Self, PostofficeError> {
        let number = lock(changes).begin(file);
        let path = staging.file(number);
        let open = create(&path, mode).writing(&path)?;
        Ok(Self {
            file: file.clone(),
            purpose,
            number,
            path,
            output: BufWriter::with_capacity(1 << 16, open),
            len: 0,
            crc: Crc32::new(),
            changes: Arc::clone(changes),
        })
    }

    /// Returns the file it is for.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Returns the bytes written so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Tells whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the CRC-32/ISO-HDLC of the bytes written so far.
    #[must_use]
    pub fn crc32(&self) -> u32 {
        self.crc.value()
    }

    /// Ends it and makes it part of the batch.
    ///
    /// # Errors
    /// The last bytes cannot be written.
    pub fn finish(mut self) -> Result<(), PostofficeError> {
        self.output.flush().writing(&self.path)?;
        let staged = Staged {
            number: self.number,
            len: self.len,
            crc: self.crc.value(),
        };
        let superseded = lock(&self.changes).finish(&self.file, self.purpose, staged);
        discard_staged(&self.path, &superseded)
    }

    /// Gives it up; the batch goes on without it.
    ///
    /// # Errors
    /// The staged bytes cannot be removed.
    pub fn cancel(self) -> Result<(), PostofficeError> {
        lock(&self.changes).cancel(self.number);
        fs::remove_file(&self.path).writing(&self.path)
    }

    /// Writes bytes; an error names the staged file.
    ///
    /// # Errors
    /// Writing failed: the disk is full, or broken.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), PostofficeError> {
        self.write_all(bytes).writing(&self.path)
    }
}

impl Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.crc.update(&bytes[..written]);
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

pub(super) fn lock(changes: &Mutex<Changes>) -> MutexGuard<'_, Changes> {
    // Changes are plain values, each complete before the guard is let go.
    changes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes staged files that a later change made superfluous; `sibling` is any path in the staging area.
pub(super) fn discard_staged(sibling: &Path, numbers: &[u32]) -> Result<(), PostofficeError> {
    for &number in numbers {
        let path = sibling.with_file_name(File::staged(number).name());
        fs::remove_file(&path).writing(&path)?;
    }
    Ok(())
}
