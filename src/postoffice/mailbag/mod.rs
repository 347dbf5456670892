//! The Maildirs of a postoffice (`design.md` section 3, Mail): incoming, outgoing, quarantine, and those of its users.
//!
//! Any mail system may put messages into `MBG/SYSTEM/new` while a pass is at work: delivery into a Maildir needs no lock. What
//! leaves one, or is sent, goes through a [`Batch`], together with everything else that the pass changes.

mod delivery;
mod outbox;
mod quarantine;
mod seen;
mod tries;

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

pub use delivery::{Delivered, Delivery};
pub use outbox::{Outbox, check_outgoing};
pub use quarantine::quarantine;
pub use seen::Seen;
pub use tries::Tries;

use super::batch::Batch;
use super::error::{AtPath, PostofficeError};
use super::layout::{Dir, File, Layout, MailPart};

/// Bytes of a message that is read: more than any reply has, since the queues in it are limited to less.
pub const MAX_MAIL_LEN: u64 = 1 << 30;

/// A message in a Maildir.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its file, in `new` or `cur`.
    pub file: File,
    /// Its bytes.
    pub len: u64,
    /// When it arrived: the time of its file.
    pub arrived: SystemTime,
}

/// Something in a Maildir that is no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its name as far as it can be shown, behind the directory.
    pub name: String,
    /// Why it is passed over.
    pub reason: String,
}

/// What a Maildir holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mailbag {
    /// The messages, the one that arrived first in front.
    pub mails: Vec<Waiting>,
    /// What is no message.
    pub skipped: Vec<Skipped>,
}

/// The bytes of a message, as far as they can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailBytes {
    /// All of them.
    Whole(Vec<u8>),
    /// It has more than the limit.
    TooLarge,
    /// Somebody took it away meanwhile.
    Gone,
}

/// Lists the incoming dir-sync mail, `new` and `cur`; none where there is no Maildir.
///
/// # Errors
/// A directory cannot be read.
pub fn incoming(layout: &Layout) -> Result<Mailbag, PostofficeError> {
    list(layout, Dir::System)
}

/// Lists a Maildir, `new` and `cur`, in the order of arrival: by the time of the file, then by name.
///
/// # Errors
/// A directory cannot be read.
pub fn list(layout: &Layout, maildir: Dir) -> Result<Mailbag, PostofficeError> {
    let mut bag = Mailbag::default();
    for dir in maildir.maildir().into_iter().flatten() {
        if dir.mail_part() != Some(MailPart::Tmp) {
            list_part(layout, dir, &mut bag)?;
        }
    }
    bag.mails.sort_by(|a, b| {
        let key = |mail: &Waiting| (mail.arrived, mail.file.name().to_owned());
        key(a).cmp(&key(b))
    });
    bag.skipped.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(bag)
}

fn list_part(layout: &Layout, dir: Dir, bag: &mut Mailbag) -> Result<(), PostofficeError> {
    let found = list_files(&layout.dir_path(dir)?)?;
    for mut skipped in found.skipped {
        skipped.name = format!("{dir}/{}", skipped.name);
        bag.skipped.push(skipped);
    }
    for (name, metadata) in found.files {
        match File::named(dir, &name) {
            Ok(file) => bag.mails.push(Waiting {
                file,
                len: metadata.len(),
                arrived: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            }),
            Err(e) => bag.skipped.push(Skipped {
                name: format!("{dir}/{}", e.name.escape_default()),
                reason: e.reason.to_owned(),
            }),
        }
    }
    Ok(())
}

/// The files of one directory of a Maildir, wherever it is.
#[derive(Debug, Default)]
pub struct MailFiles {
    /// Names, and what the system says of each.
    pub files: Vec<(String, fs::Metadata)>,
    /// What is no message.
    pub skipped: Vec<Skipped>,
    /// There is more than was to be listed.
    pub is_more: bool,
}

/// Lists one directory of a Maildir, in no order; none where it is not there. Hidden names are no messages.
///
/// # Errors
/// It cannot be read.
pub fn list_files(path: &Path) -> Result<MailFiles, PostofficeError> {
    list_files_upto(path, usize::MAX)
}

/// As [`list_files`], so many at most: a place where anybody may put files can have any number of them.
///
/// # Errors
/// It cannot be read.
pub fn list_files_upto(path: &Path, max: usize) -> Result<MailFiles, PostofficeError> {
    let mut found = MailFiles::default();
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(e) => return Err(e).reading(path),
    };
    for entry in entries {
        let entry = entry.reading(path)?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if found.files.len() + found.skipped.len() >= max {
            found.is_more = true;
            break;
        }
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue, // taken meanwhile
            Err(e) => return Err(e).reading(&entry.path()),
        };
        let reason = match name.to_str() {
            _ if !metadata.is_file() => "it is no file",
            None => "its name is not text",
            Some(name) => {
                found.files.push((name.to_owned(), metadata));
                continue;
            }
        };
        found.skipped.push(Skipped {
            name: name.to_string_lossy().escape_default().to_string(),
            reason: reason.to_owned(),
        });
    }
    Ok(found)
}

/// Reads the beginning of a message: to the end of its header, `limit` bytes at most.
///
/// # Errors
/// It cannot be read.
pub fn read_head(mut input: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut searched = 0;
    while head.len() < limit {
        let piece = 4096.min(limit - head.len()) as u64;
        if (&mut input).take(piece).read_to_end(&mut head)? == 0 {
            break;
        }
        let is_end = |window: &[u8]| window.starts_with(b"\n\n") || window.starts_with(b"\n\r\n");
        if (searched..head.len()).any(|at| is_end(&head[at..])) || head.starts_with(b"\n") {
            break;
        }
        searched = head.len().saturating_sub(2);
    }
    Ok(head)
}

/// Reads a message of at most `limit` bytes.
///
/// # Errors
/// It cannot be read.
pub fn read(layout: &Layout, mail: &Waiting, limit: u64) -> Result<MailBytes, PostofficeError> {
    let Some(file) = layout.open_file(&mail.file)? else {
        return Ok(MailBytes::Gone);
    };
    let mut bytes = Vec::new();
    let path = layout.path(&mail.file)?;
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .reading(&path)?;
    Ok(match bytes.len() as u64 > limit {
        true => MailBytes::TooLarge,
        false => MailBytes::Whole(bytes),
    })
}

/// Decides that a message leaves its Maildir.
///
/// # Errors
/// As [`Batch::remove`].
pub fn take(batch: &Batch<'_>, mail: &Waiting) -> Result<(), PostofficeError> {
    batch.remove(&mail.file)
}

/// Decides that a Maildir is there, with its three directories.
pub fn make(batch: &Batch<'_>, maildir: Dir) {
    for dir in maildir.maildir().into_iter().flatten() {
        batch.create_dir(dir);
    }
}

#[cfg(test)]
mod tests;
