//! Which messages were taken already, so that a second copy is a plain duplicate: `GLB/DIRSYNC.IDS`.

use std::collections::HashSet;

use crate::codec::timestamp::Timestamp;
use crate::codec::{Fingerprint, IdsFile, TakenMail};
use crate::postoffice::batch::Batch;
use crate::postoffice::error::PostofficeError;
use crate::postoffice::{Postoffice, layout};

/// Share of the file that may be superfluous before it is written anew: a quarter.
const SLACK: usize = 4;

/// The messages taken, on disk and in this pass.
///
/// Only messages that were accepted belong here: one that was refused may come again, mended or from the true sender.
#[derive(Debug)]
pub struct Seen {
    file: IdsFile,
    known: HashSet<Fingerprint>,
    added: Vec<TakenMail>,
    is_there: bool,
}

impl Seen {
    /// Reads the file; none is an empty one, and damage costs only what it hits ([`Self::damage`]).
    ///
    /// # Errors
    /// It cannot be read, or is of a later version.
    pub fn load(po: &Postoffice) -> Result<Self, PostofficeError> {
        let bytes = po.read_optional(&layout::DIRSYNC_IDS)?;
        let file = match &bytes {
            Some(bytes) => {
                IdsFile::decode(bytes).map_err(|e| po.damaged(&layout::DIRSYNC_IDS, e))?
            }
            None => IdsFile::default(),
        };
        Ok(Self {
            known: file.records.iter().map(|r| r.fingerprint).collect(),
            file,
            added: Vec::new(),
            is_there: bytes.is_some(),
        })
    }

    /// Tells whether a message was taken before.
    #[must_use]
    pub fn contains(&self, fingerprint: &Fingerprint) -> bool {
        self.known.contains(fingerprint)
    }

    /// Remembers a message; false where it was known already.
    pub fn remember(&mut self, fingerprint: Fingerprint, taken: Timestamp) -> bool {
        let is_new = self.known.insert(fingerprint);
        if is_new {
            self.added.push(TakenMail { fingerprint, taken });
        }
        is_new
    }

    /// Says what is damaged in the file, for a warning; the next change mends it.
    #[must_use]
    pub fn damage(&self) -> Option<String> {
        self.file.is_damaged().then(|| {
            let header = if self.file.is_header_damaged {
                "its header and "
            } else {
                ""
            };
            format!(
                "DIRSYNC.IDS: {header}{} records are damaged, {} are whole",
                self.file.damaged_count,
                self.file.records.len()
            )
        })
    }

    /// Puts what was remembered into a batch: appended, or the file written anew where much in it is old or damaged.
    ///
    /// # Errors
    /// The staging area cannot be written.
    pub fn stage(&mut self, batch: &Batch<'_>, now: Timestamp) -> Result<(), PostofficeError> {
        if self.added.is_empty() {
            return Ok(());
        }
        let added = std::mem::take(&mut self.added);
        let before = self.file.records.len();
        self.file.records.extend_from_slice(&added);
        let superfluous = self.file.superfluous_count(now);
        if !self.is_there || self.file.is_damaged() || superfluous > before / SLACK {
            self.file.prune(now);
            self.file.damaged_count = 0;
            self.file.is_header_damaged = false;
            let mut staged = batch.replace(&layout::DIRSYNC_IDS)?;
            let mut bytes = Vec::new();
            self.file
                .write_to(&mut bytes)
                .expect("a vector takes everything");
            staged.put(&bytes)?;
            staged.finish()?;
            self.is_there = true;
            return Ok(());
        }
        let bytes: Vec<u8> = added.iter().flat_map(|mail| mail.encode()).collect();
        batch.append(&layout::DIRSYNC_IDS, &bytes)
    }
}
