//! Files outside of a postoffice that a run writes: each is written completely or not at all.
//!
//! The text goes into a file beside the target, is made durable, and then takes the target's name in one rename, so
//! that neither an error nor a crash leaves a torn file. An append begins with a copy of what is there; whoever reads
//! the target sees the old file or the new one. What is no regular file (a device, a pipe) gets everything at the end.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Mode of a new file, before the process's mask.
const NEW_FILE_MODE: u32 = 0o666;

/// A file on its way to its place.
#[derive(Debug)]
#[must_use = "nothing is in place before put_in_place"]
pub struct OutFile {
    target: PathBuf,
    staged: BufWriter<NamedTempFile>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Gets its name by a rename.
    Regular,
    /// Gets its bytes by a copy.
    Stream,
}

impl OutFile {
    /// Begins a file that replaces the one of that name.
    ///
    /// # Errors
    /// The target is a directory or has no write bit in its mode; nothing can be written beside it.
    pub fn create(path: &Path) -> io::Result<Self> {
        Self::begin(path, false)
    }

    /// Begins a file that goes on where the one of that name ends; its last line is ended first.
    ///
    /// # Errors
    /// As [`Self::create`]; what is there cannot be read.
    pub fn append(path: &Path) -> io::Result<Self> {
        Self::begin(path, true)
    }

    fn begin(path: &Path, append: bool) -> io::Result<Self> {
        // Where a link leads, not the link, is what changes.
        let target = match fs::canonicalize(path) {
            Ok(target) => target,
            Err(e) if e.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(e) => return Err(e),
        };
        let old = match fs::metadata(&target) {
            Ok(old) => Some(old),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e),
        };
        let kind = match &old {
            Some(old) if old.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Some(old) if !old.is_file() => Kind::Stream,
            // Root is no exception, as in a postoffice.
            Some(old) if old.mode() & 0o222 == 0 => {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            _ => Kind::Regular,
        };
        let mode = old
            .as_ref()
            .filter(|_| kind == Kind::Regular)
            .map(|old| old.mode() & 0o7777);
        let mut builder = tempfile::Builder::new();
        let permissions = Permissions::from_mode(mode.unwrap_or(NEW_FILE_MODE));
        builder.prefix(".dirsync-").permissions(permissions);
        let staged = match kind {
            Kind::Regular => builder.tempfile_in(directory_of(&target))?,
            Kind::Stream => builder.tempfile()?,
        };
        if let (Some(old), Kind::Regular) = (&old, kind) {
            keep_owner(staged.as_file(), old)?;
        }
        let mut staged = BufWriter::with_capacity(1 << 16, staged);
        if append && kind == Kind::Regular && old.is_some() {
            copy_lines(&target, &mut staged)?;
        }
        Ok(Self {
            target,
            staged,
            kind,
        })
    }

    /// Makes what was written durable beside its place: from here on little can fail.
    ///
    /// # Errors
    /// The disk is full, or broken.
    pub fn seal(&mut self) -> io::Result<()> {
        self.staged.flush()?;
        self.staged.get_ref().as_file().sync_all()
    }

    /// Opens what was written so far, to be read from its beginning.
    ///
    /// # Errors
    /// The disk is full, or broken.
    pub fn reopen(&mut self) -> io::Result<File> {
        self.staged.flush()?;
        self.staged.get_ref().reopen()
    }

    /// Gives the file its name, and makes the name durable.
    ///
    /// # Errors
    /// It could not; the target is as it was, or complete.
    pub fn put_in_place(mut self) -> io::Result<()> {
        self.seal()?;
        let staged = self
            .staged
            .into_inner()
            .map_err(|error| error.into_error())?;
        match self.kind {
            Kind::Regular => {
                staged.persist(&self.target).map_err(|error| error.error)?;
                File::open(directory_of(&self.target))?.sync_all()
            }
            Kind::Stream => {
                let mut output = fs::OpenOptions::new().append(true).open(&self.target)?;
                io::copy(&mut staged.reopen()?, &mut output)?;
                output.flush()
            }
        }
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.staged.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.staged.flush()
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The file then belongs to who changed it, where we may not give it away, as with any editor.
fn keep_owner(staged: &File, old: &fs::Metadata) -> io::Result<()> {
    let new = staged.metadata()?;
    if (new.uid(), new.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    match fchown(staged, Some(old.uid()), Some(old.gid())) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        other => other,
    }
}

/// Copies a text; a last line without end gets one, so that what follows begins in column 1.
fn copy_lines(path: &Path, staged: &mut BufWriter<NamedTempFile>) -> io::Result<()> {
    let mut last = LastByte {
        output: staged,
        byte: b'\n',
    };
    io::copy(&mut File::open(path)?, &mut last)?;
    if last.byte != b'\n' {
        staged.write_all(b"\r\n")?;
    }
    Ok(())
}

/// Remembers the last byte that passed.
struct LastByte<'a, W> {
    output: &'a mut W,
    byte: u8,
}

impl<W: Write> Write for LastByte<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.output.write(bytes)?;
        if let Some(&byte) = bytes[..len].last() {
            self.byte = byte;
        }
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("readable");
        let mut names: Vec<_> = entries
            .map(|entry| {
                entry
                    .expect("readable")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_is_in_place_before_the_end_and_nothing_stays_beside_it() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("out.txt");
        fs::write(&path, "R SMTP:\r\n").expect("writable");

        let mut file = OutFile::append(&path).expect("writable");
        file.write_all(b"A x\r\n").expect("writable");
        file.seal().expect("writable");
        drop(file);
        assert_eq!(fs::read(&path).expect("readable"), b"R SMTP:\r\n");
        assert_eq!(names(directory.path()), ["out.txt"]);

        let mut file = OutFile::append(&path).expect("writable");
        file.write_all(b"A x\r\n").expect("writable");
        file.put_in_place().expect("writable");
        assert_eq!(fs::read(&path).expect("readable"), b"R SMTP:\r\nA x\r\n");
        assert_eq!(names(directory.path()), ["out.txt"]);

        let mut file = OutFile::create(&path).expect("writable");
        file.write_all(b"new").expect("writable");
        file.put_in_place().expect("writable");
        assert_eq!(fs::read(&path).expect("readable"), b"new");
    }

    #[test]
    fn a_last_line_without_end_is_ended_first() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("out.txt");
        fs::write(&path, "R SMTP:").expect("writable");
        let mut file = OutFile::append(&path).expect("writable");
        file.write_all(b"A x\r\n").expect("writable");
        file.put_in_place().expect("writable");
        assert_eq!(fs::read(&path).expect("readable"), b"R SMTP:\r\nA x\r\n");
    }

    #[test]
    fn links_are_followed_and_modes_kept() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (path, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&path, "a\n").expect("writable");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("ours");
        std::os::unix::fs::symlink(&path, &link).expect("writable");
        let mut file = OutFile::append(&link).expect("writable");
        file.write_all(b"b\n").expect("writable");
        file.put_in_place().expect("writable");
        assert!(link.is_symlink());
        assert_eq!(fs::read(&path).expect("readable"), b"a\nb\n");
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o640);
    }

    #[test]
    fn what_may_not_be_written_is_refused_at_once() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let kind = |path: &Path| OutFile::create(path).expect_err("refused").kind();
        assert_eq!(kind(directory.path()), io::ErrorKind::IsADirectory);
        let missing = directory.path().join("no").join("file");
        assert_eq!(kind(&missing), io::ErrorKind::NotFound);
        let path = directory.path().join("file");
        fs::write(&path, "a").expect("writable");
        fs::set_permissions(&path, Permissions::from_mode(0o444)).expect("ours");
        assert_eq!(kind(&path), io::ErrorKind::PermissionDenied);
    }
}
