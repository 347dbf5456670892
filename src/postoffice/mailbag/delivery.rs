//! Delivery into the Maildirs of a postoffice by somebody who does not hold its lock.
//!
//! That is what a Maildir is for: a message is written in `tmp`, made durable, and gets its name in `new` by a rename; whoever
//! lists `new` sees it whole or not at all. So a pass that holds the postoffice and a delivery do not wait for each other.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::postoffice::batch::{sync_directory, sync_filesystem};
use crate::postoffice::error::{AtPath, PostofficeError};
use crate::postoffice::layout::{Dir, File, Layout, MailPart};

/// From this many messages on, one call that syncs the whole file system is cheaper than one for each.
const SYNCFS_FROM: usize = 8;

/// Mode of a message, before the process's mask.
const NEW_FILE_MODE: u32 = 0o666;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// It gets its name with [`Delivery::commit`].
    New,
    /// The same message is there under the same name: an interrupted run delivered it.
    AlreadyThere,
}

/// Messages on their way into one postoffice. Dropping it removes those that were not committed.
#[derive(Debug)]
#[must_use = "nothing is delivered before commit"]
pub struct Delivery<'a> {
    layout: &'a Layout,
    /// Ends the names in `tmp`, so that two who deliver do not write one file.
    sender: String,
    waiting: Vec<(PathBuf, PathBuf)>,
}

impl<'a> Delivery<'a> {
    /// Begins; `sender` tells those apart who may deliver here at the same time. It must be the same when an interrupted run
    /// is repeated, so that what is left in `tmp` is written over.
    pub fn new(layout: &'a Layout, sender: &str) -> Self {
        let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        Self {
            layout,
            sender: sender.chars().map(safe).take(32).collect(),
            waiting: Vec::new(),
        }
    }

    /// Writes a message into the Maildir that `maildir` holds, which is made where it is missing. `above` are header lines of
    /// ours for a message that `input` yields; they stand behind a `From ` line.
    ///
    /// # Errors
    /// The name is none; the Maildir cannot be made or has no write bit; reading or writing failed.
    pub fn add(
        &mut self,
        maildir: Dir,
        name: &str,
        above: &str,
        input: impl Read,
    ) -> Result<Delivered, PostofficeError> {
        let parts = maildir
            .maildir()
            .expect("only directories that hold a Maildir");
        let [tmp, new, _] = parts;
        debug_assert_eq!(new.mail_part(), Some(MailPart::New));
        for dir in parts {
            self.make(dir)?;
        }
        let target = self.layout.path(&File::named(new, name)?)?;
        let staged = self
            .layout
            .dir_path(tmp)?
            .join(format!("{name}.{}", self.sender));
        let result = write(&staged, above, input);
        if let Err(error) = result {
            let _ = fs::remove_file(&staged); // what is left does no harm
            return Err(error);
        }
        if target.exists() {
            if is_same(&staged, &target)? {
                fs::remove_file(&staged).writing(&staged)?;
                return Ok(Delivered::AlreadyThere);
            }
            let taken = io::Error::from(io::ErrorKind::AlreadyExists);
            let _ = fs::remove_file(&staged);
            return Err(taken).writing(&target);
        }
        self.waiting.push((staged, target));
        Ok(Delivered::New)
    }

    /// Makes the messages durable and gives them their names.
    ///
    /// # Errors
    /// It could not. Some messages may be in place; delivering all again is harmless.
    pub fn commit(mut self) -> Result<(), PostofficeError> {
        let Some((first, _)) = self.waiting.first() else {
            return Ok(());
        };
        if self.waiting.len() < SYNCFS_FROM || !sync_filesystem(first)? {
            for (staged, _) in &self.waiting {
                let file = fs::File::open(staged).writing(staged)?;
                file.sync_all().writing(staged)?;
            }
        }
        let mut directories = BTreeSet::new();
        for (staged, target) in self.waiting.drain(..) {
            fs::rename(&staged, &target).writing(&target)?;
            directories.extend(target.parent().map(Path::to_owned));
        }
        directories.iter().try_for_each(|path| sync_directory(path))
    }

    /// Makes a directory of a Maildir, and refuses one without write bit, for root as well.
    fn make(&self, dir: Dir) -> Result<(), PostofficeError> {
        let path = self.layout.dir_path(dir)?;
        match fs::metadata(&path) {
            Ok(found) if !found.is_dir() => {
                Err(io::Error::from(io::ErrorKind::NotADirectory)).writing(&path)
            }
            Ok(found) if found.permissions().mode() & 0o222 == 0 => {
                Err(io::Error::from(io::ErrorKind::PermissionDenied)).writing(&path)
            }
            Ok(_) => Ok(()),
            Err(_) => {
                // The directories that every postoffice has are not made here: without them it is none.
                let parent = dir.parent().filter(|parent| !Dir::TOP.contains(parent));
                if let Some(parent) = parent {
                    self.make(parent)?;
                }
                match fs::create_dir(&path) {
                    Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                    other => other.writing(&path)?,
                }
                self.layout.forget();
                path.parent().map_or(Ok(()), sync_directory)
            }
        }
    }
}

impl Drop for Delivery<'_> {
    fn drop(&mut self) {
        for (staged, _) in &self.waiting {
            // What cannot be removed is written over by the next try.
            let _ = fs::remove_file(staged);
        }
    }
}

fn write(path: &Path, above: &str, mut input: impl Read) -> Result<(), PostofficeError> {
    let file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(NEW_FILE_MODE)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(path)
        .writing(path)?;
    let mut output = io::BufWriter::new(file);
    copy_below(above.as_bytes(), &mut input, &mut output).writing(path)?;
    output.flush().writing(path)
}

/// Copies a message with header lines above its own ones, behind a `From ` line where it begins with one.
pub(super) fn copy_below(
    above: &[u8],
    input: &mut impl Read,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    let mut above = Some(above);
    loop {
        let mut piece = match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(len) => &buffer[..len],
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if let Some(lines) = above.take() {
            let end = piece.iter().position(|&b| b == b'\n');
            if let Some(end) = end.filter(|_| piece.starts_with(b"From ")) {
                output.write_all(&piece[..=end])?;
                piece = &piece[end + 1..];
            }
            output.write_all(lines)?;
        }
        output.write_all(piece)?;
    }
    output.write_all(above.unwrap_or_default())
}

fn is_same(a: &Path, b: &Path) -> Result<bool, PostofficeError> {
    let open = |path: &Path| fs::File::open(path).reading(path);
    let (mut first, mut second) = (open(a)?, open(b)?);
    let len = |file: &fs::File, path: &Path| file.metadata().reading(path).map(|found| found.len());
    if len(&first, a)? != len(&second, b)? {
        return Ok(false);
    }
    let (mut x, mut y) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let found = first.read(&mut x).reading(a)?;
        if found == 0 {
            return Ok(true);
        }
        match second.read_exact(&mut y[..found]) {
            Ok(()) if x[..found] == y[..found] => {}
            Ok(()) => return Ok(false),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(e) => return Err(e).reading(b),
        }
    }
}
