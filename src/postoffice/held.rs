//! The files of a postoffice under its lock, in whatever state they are: what a diagnosis works on.

use std::path::Path;
use std::time::Duration;

use super::batch::{self, Batch, Recovery};
use super::error::PostofficeError;
use super::layout::{self, Layout};
use super::lock::{ExclusiveLock, FLAG_LEN, SharedLock};
use super::{Hold, Holder, log_recovery, missing_master};

/// A postoffice that may be damaged, locked until it is dropped.
///
/// Unlike [`Postoffice`](super::Postoffice) it opens when MASTER.GLB is damaged or lost, or when an interrupted run waits to
/// be completed.
#[derive(Debug)]
pub struct HeldLayout {
    layout: Layout,
    hold: Option<Hold>,
    recovery: Option<Recovery>,
    cut_flag: Option<u64>,
}

impl HeldLayout {
    /// Opens the files for reading; they do not change while they are open, and nothing is written.
    ///
    /// Where FLAG.GLB itself cannot be found out, such as in two spellings, the reader goes unlocked.
    ///
    /// # Errors
    /// There is no postoffice; a writer holds it ([`PostofficeError::Locked`]).
    pub fn open_read(path: &Path) -> Result<Self, PostofficeError> {
        let layout = find(path)?;
        let hold = match SharedLock::acquire(&layout, Duration::ZERO) {
            Ok(lock) => Some(Hold::Shared(lock)),
            Err(error @ PostofficeError::Locked(_)) => return Err(error),
            Err(_) => None,
        };
        Ok(Self {
            layout,
            hold,
            recovery: None,
            cut_flag: None,
        })
    }

    /// Opens the files for a repair: nobody else reads or writes them. What an interrupted run left is completed or
    /// discarded first ([`Self::recovery`]).
    ///
    /// # Errors
    /// There is no postoffice; somebody holds it; a whole journal cannot be carried out.
    pub fn open_write(path: &Path, holder: Holder) -> Result<Self, PostofficeError> {
        let layout = find(path)?;
        let flag_len = layout.len(&layout::FLAG)?;
        let lock = ExclusiveLock::acquire(&layout, holder, Duration::ZERO)?;
        let recovery = batch::recover(&layout, &lock)?;
        if let Some(recovery) = &recovery {
            log_recovery(&layout, lock.holder(), recovery)?;
        }
        Ok(Self {
            layout,
            hold: Some(Hold::Exclusive(lock)),
            recovery,
            cut_flag: flag_len.filter(|len| *len < FLAG_LEN as u64),
        })
    }

    /// Returns where the files are.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Returns what was found of an interrupted run when it was opened for a repair.
    #[must_use]
    pub fn recovery(&self) -> Option<&Recovery> {
        self.recovery.as_ref()
    }

    /// Returns how many bytes FLAG.GLB had where they were too few; taking the lock has given it its two.
    #[must_use]
    pub fn cut_flag(&self) -> Option<u64> {
        self.cut_flag
    }

    /// Tells whether it was opened for a repair.
    #[must_use]
    pub fn is_exclusive(&self) -> bool {
        matches!(self.hold, Some(Hold::Exclusive(_)))
    }

    /// Begins a batch.
    ///
    /// # Errors
    /// It was opened for reading; GLB cannot be read.
    ///
    /// # Panics
    /// Another batch is open.
    pub fn batch(&self) -> Result<Batch<'_>, PostofficeError> {
        match &self.hold {
            Some(Hold::Exclusive(lock)) => Batch::begin(&self.layout, lock),
            _ => Err(PostofficeError::ReadOnly {
                path: self.layout.root().to_owned(),
            }),
        }
    }
}

/// Finds the root. Any of the files that every postoffice has from its first day makes it one, so that a lost
/// MASTER.GLB is a finding and not the end.
fn find(path: &Path) -> Result<Layout, PostofficeError> {
    let layout = Layout::open(path)?;
    for file in [
        layout::MASTER,
        layout::ACCESS2,
        layout::NETWORK,
        layout::REQCONF,
    ] {
        match layout.exists(&file) {
            // Two spellings, or a link that leads out: there is something, and it is a finding too.
            Ok(true) | Err(PostofficeError::Ambiguous { .. } | PostofficeError::Outside { .. }) => {
                return Ok(layout);
            }
            Ok(false) => {}
            Err(error) => return Err(error),
        }
    }
    Err(missing_master(path))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::address::PostofficeName;
    use crate::codec::codepage::CodePage;
    use crate::postoffice::{Postoffice, setup};

    fn postoffice() -> (tempfile::TempDir, std::path::PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("PO");
        let name = PostofficeName::parse(b"NET/PO", CodePage::Cp850).unwrap();
        setup::create(&path, &name, CodePage::Cp850).unwrap();
        (root, path)
    }

    fn holder() -> Holder {
        let now = "2026-11-21T08:30:00[UTC]".parse().unwrap();
        Holder::new("podiag", "Admin", "Administrator", now)
    }

    #[test]
    fn a_damaged_or_lost_master_does_not_keep_the_diagnosis_out() {
        let (_root, path) = postoffice();
        let master = path.join("GLB/MASTER.GLB");
        fs::write(&master, "torn").unwrap();
        assert!(Postoffice::open_read(&path).is_err());
        assert!(HeldLayout::open_read(&path).is_ok());
        fs::remove_file(&master).unwrap();
        let held = HeldLayout::open_write(&path, holder()).unwrap();
        assert!(held.is_exclusive() && held.batch().is_ok());
    }

    #[test]
    fn a_directory_of_other_files_is_no_postoffice() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("GLB")).unwrap();
        let error = HeldLayout::open_read(root.path()).unwrap_err();
        assert_eq!(error.exit_code(), 66);
    }

    #[test]
    fn a_writer_keeps_the_diagnosis_out_and_a_reader_does_not() {
        let (_root, path) = postoffice();
        let writer = Postoffice::open_write(&path, holder()).unwrap();
        let error = HeldLayout::open_read(&path).unwrap_err();
        assert_eq!(error.exit_code(), 75);
        drop(writer);
        let reader = Postoffice::open_read(&path).unwrap();
        let held = HeldLayout::open_read(&path).unwrap();
        assert!(held.batch().is_err());
        drop(reader);
    }
}
