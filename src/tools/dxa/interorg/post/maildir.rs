//! Maildirs outside of a postoffice: what others write there is listed and read within bounds, what is put there is durable
//! before it has its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::OFlags;

use crate::postoffice::mailbag;
use crate::tools::exit::{ExitCode, ToolError};

/// Files of a Maildir that are looked at in one run; those behind them are looked at once these are gone.
const MAX_FILES: usize = 100_000;

/// Mode of a message, before the process's mask: it holds names and addresses.
const MODE: u32 = 0o660;

/// A message that lies in a Maildir.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tools::dxa::interorg) struct Lying {
    pub(in crate::tools::dxa::interorg) path: PathBuf,
    pub(super) len: u64,
    pub(super) arrived: SystemTime,
}

impl Lying {
    /// Returns its name.
    pub(in crate::tools::dxa::interorg) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

/// What a Maildir holds.
#[derive(Debug, Default)]
pub(in crate::tools::dxa::interorg) struct Listing {
    /// Messages, in order of arrival.
    pub(super) mails: Vec<Lying>,
    /// What is no message: name and why.
    pub(super) skipped: Vec<(String, String)>,
    /// There are more than are looked at.
    pub(super) is_more: bool,
}

impl Listing {
    /// Returns the names of the messages.
    pub(in crate::tools::dxa::interorg) fn names(&self) -> impl Iterator<Item = String> {
        self.mails.iter().map(Lying::name)
    }

    /// Counts the messages.
    pub(in crate::tools::dxa::interorg) fn count(&self) -> u64 {
        self.mails.len() as u64
    }
}

/// Lists `new` and `cur`; nothing where there is no Maildir.
pub(in crate::tools::dxa::interorg) fn list(root: &Path) -> Result<Listing, ToolError> {
    let mut listing = Listing::default();
    for part in ["new", "cur"] {
        let folder = root.join(part);
        let room = MAX_FILES.saturating_sub(listing.mails.len());
        let found = mailbag::list_files_upto(&folder, room)?;
        listing.is_more |= found.is_more;
        for skipped in found.skipped {
            let name = format!("{part}/{}", skipped.name);
            listing.skipped.push((name, skipped.reason));
        }
        let lying = found.files.into_iter().map(|(name, metadata)| Lying {
            path: folder.join(name),
            len: metadata.len(),
            arrived: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        });
        listing.mails.extend(lying);
    }
    let key = |mail: &Lying| (mail.arrived, mail.path.clone());
    listing.mails.sort_by_cached_key(key);
    Ok(listing)
}

/// Opens a message; none where somebody took it away.
pub(super) fn open(path: &Path) -> Result<Option<File>, ToolError> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path);
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, error)),
    }
}

/// Reads a message, so many bytes at most; none where it has more.
pub(super) fn read(file: File, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, ToolError> {
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, error))?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// Makes what is missing of a Maildir.
pub(in crate::tools::dxa::interorg) fn make(root: &Path) -> Result<(), ToolError> {
    for part in ["tmp", "new", "cur"] {
        let path = root.join(part);
        if !path.is_dir() {
            fs::create_dir_all(&path).map_err(|error| unwritable(&path, error))?;
        }
    }
    Ok(())
}

/// Writes a message into `tmp`, durably but for its name.
pub(super) fn stage(root: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(MODE)
        .custom_flags(OFlags::NOFOLLOW.bits() as i32)
        .open(root.join("tmp").join(name))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Moves a message from `tmp` to `new`. Its name is durable with [`sync`] of that.
pub(super) fn publish(root: &Path, name: &str) -> io::Result<()> {
    fs::rename(root.join("tmp").join(name), root.join("new").join(name))
}

/// Makes the names in a folder durable.
pub(in crate::tools::dxa::interorg) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes a message; one that is gone already is no error.
pub(in crate::tools::dxa::interorg) fn remove(path: &Path) -> Result<(), ToolError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(path, error)),
        _ => Ok(()),
    }
}

pub(in crate::tools::dxa::interorg) fn unwritable(path: &Path, error: io::Error) -> ToolError {
    ToolError::new(ExitCode::CannotWrite, path.display().to_string()).caused_by(error)
}

fn unreadable(path: &Path, error: io::Error) -> ToolError {
    let text = format!("{} cannot be read", path.display());
    ToolError::new(ExitCode::Busy, text).caused_by(error)
}
