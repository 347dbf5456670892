//! Which entries were made by hand: `GLB/DIRSYNC.OWN` and its generation in REQCONF (design, section 3).

use std::collections::BTreeSet;

use super::batch::Batch;
use super::layout;
use super::{Postoffice, PostofficeError};
use crate::codec::OwnFile;
use crate::codec::reqconf::ReqConf;
use crate::list::ListId;

/// What is known about entries made by hand.
#[derive(Debug)]
pub struct Ownership {
    file: OwnFile,
    lost: Option<String>,
    changed: bool,
}

impl Ownership {
    /// Reads the marks.
    ///
    /// A postoffice that never had the file has no marks: every entry is dir-sync's. A file that is missing,
    /// damaged or of another generation than REQCONF says is [lost](Self::lost).
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn load(po: &Postoffice, config: &ReqConf) -> Result<Self, PostofficeError> {
        let expected = config.own_generation;
        let (file, lost) = match po.read_optional(&layout::DIRSYNC_OWN)? {
            None if expected == 0 => (OwnFile::default(), None),
            None => (
                OwnFile::default(),
                Some("DIRSYNC.OWN is missing".to_owned()),
            ),
            Some(bytes) => match OwnFile::read_from(&bytes[..]) {
                Ok(file) if file.generation == expected => (file, None),
                Ok(file) => {
                    let found = file.generation;
                    let text = format!(
                        "DIRSYNC.OWN is of generation {found}, REQCONF.GLB expects {expected}"
                    );
                    (OwnFile::default(), Some(text))
                }
                Err(e) => (OwnFile::default(), Some(format!("DIRSYNC.OWN: {e}"))),
            },
        };
        Ok(Self {
            file,
            lost,
            changed: false,
        })
    }

    /// Returns why the marks cannot be trusted; nothing may then be removed by absence.
    #[must_use]
    pub fn lost(&self) -> Option<&str> {
        self.lost.as_deref()
    }

    /// Returns the folded names of the entries of a list that were made by hand.
    #[must_use]
    pub fn marks(&self, list: &ListId) -> BTreeSet<Vec<u8>> {
        self.file
            .marks
            .get(&list.to_bytes())
            .cloned()
            .unwrap_or_default()
    }

    /// Replaces the marks of a list.
    pub fn set(&mut self, list: &ListId, marks: BTreeSet<Vec<u8>>) {
        let key = list.to_bytes();
        if marks.is_empty() {
            self.file.marks.remove(&key);
        } else {
            self.file.marks.insert(key, marks);
        }
        self.changed = true;
    }

    /// Starts the marks anew after a run that dropped them all (`--replace`).
    pub fn start_anew(&mut self) {
        self.changed |= self.lost.take().is_some();
    }

    /// Stages the file under a new generation and sets it in `config`, if anything changed. Lost marks stay
    /// lost: a new file would hide that entries made by hand are no longer known.
    ///
    /// # Errors
    /// Staging failed.
    pub fn stage(
        &mut self,
        batch: &Batch<'_>,
        config: &mut ReqConf,
    ) -> Result<(), PostofficeError> {
        if !self.changed || self.lost.is_some() {
            return Ok(());
        }
        self.file.generation = config.own_generation.checked_add(1).unwrap_or(1);
        let mut staged = batch.replace(&layout::DIRSYNC_OWN)?;
        self.file
            .write_to(&mut staged)
            .map_err(|e| PostofficeError::Unstorable(e.to_string()))?;
        staged.finish()?;
        config.own_generation = self.file.generation;
        Ok(())
    }
}
