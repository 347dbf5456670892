//! Outgoing mail: the Maildir in `P1`, which stands for the INQUEUE pair.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::codec::timestamp::Timestamp;
use crate::postoffice::batch::{Batch, StagedFile};
use crate::postoffice::error::PostofficeError;
use crate::postoffice::layout::{Dir, File, Layout, MailPart};

/// Looks whether mail can be sent: `P1` is there, and neither it nor the Maildir in it lacks its write bit, for root as well.
///
/// # Errors
/// [`PostofficeError::NoOutgoing`]: what a missing INQUEUE pair was (113, 159 and Notice 40).
pub fn check_outgoing(layout: &Layout) -> Result<(), PostofficeError> {
    let parts = Dir::P1.maildir().into_iter().flatten();
    for dir in [Dir::P1].into_iter().chain(parts) {
        let path = layout.dir_path(dir)?;
        let reason = match fs::metadata(&path) {
            Err(_) if dir != Dir::P1 => continue, // made when it is needed
            Err(_) => "no such directory",
            Ok(found) if !found.is_dir() => "it is no directory",
            Ok(found) if found.permissions().mode() & 0o222 == 0 => "it is read-only",
            Ok(_) => continue,
        };
        return Err(PostofficeError::NoOutgoing { path, reason });
    }
    Ok(())
}

/// The messages that a pass sends. They are in `P1/new` when its batch has committed.
#[derive(Debug)]
pub struct Outbox<'a, 'b> {
    batch: &'a Batch<'b>,
    date: Timestamp,
    files: RefCell<Vec<File>>,
}

impl<'a, 'b> Outbox<'a, 'b> {
    /// Begins; `date` is the time of the pass.
    ///
    /// # Errors
    /// As [`check_outgoing`].
    pub fn open(
        layout: &Layout,
        batch: &'a Batch<'b>,
        date: Timestamp,
    ) -> Result<Self, PostofficeError> {
        check_outgoing(layout)?;
        Ok(Self {
            batch,
            date,
            files: RefCell::default(),
        })
    }

    /// Stages a message. Its file is named after the pass, its place in it, and its Message-ID (`short`: the digits that stand
    /// for it), so that a pass that is repeated writes the same file, and a list by name has the order of sending.
    ///
    /// # Errors
    /// `short` cannot stand in a file name; the staging area cannot be written.
    pub fn post(&self, short: &str) -> Result<StagedFile, PostofficeError> {
        let number = self.count() + 1;
        let name = format!("{}.{number:06}.{short}", self.date.0);
        let file = File::named(Dir::MailOut(MailPart::New), &name)?;
        super::make(self.batch, Dir::P1);
        let staged = self.batch.replace(&file);
        self.files.borrow_mut().push(file);
        staged
    }

    /// Returns how many messages were staged.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.files.borrow().len()).unwrap_or(u32::MAX)
    }

    /// Returns the files of the messages, which are there once the batch has committed.
    #[must_use]
    pub fn into_files(self) -> Vec<File> {
        self.files.into_inner()
    }
}
