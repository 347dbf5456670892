//! What a writing open does with what an interrupted run left.

use std::fmt;
use std::fs;
use std::io::{self, Read};

use super::Warning;
use super::apply::{apply, verify};
use super::journal::{self, JournalFault};
use super::staging::{Staging, sync_directory};
use crate::postoffice::error::{AtPath, PostofficeError};
use crate::postoffice::layout::{DIRSYNC_JNL, Dir, Layout};
use crate::postoffice::lock::ExclusiveLock;

/// What was found and done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recovery {
    /// A run was interrupted after its commit point; its changes are in place now.
    Completed {
        /// Number of its steps.
        steps: usize,
        /// What did not go as planned.
        warnings: Vec<Warning>,
    },
    /// A journal was damaged, so nothing of it is committed; it was removed with what was staged.
    JournalDiscarded {
        /// What is wrong with it.
        reason: String,
    },
    /// A run was interrupted before its commit point; what it had staged was removed.
    StagingDiscarded {
        /// Number of staged files.
        files: usize,
    },
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed { steps, warnings } => {
                write!(f, "Completed an interrupted run: {steps} steps")?;
                warnings.iter().try_for_each(|w| write!(f, "; {w}"))
            }
            Self::JournalDiscarded { reason } => {
                write!(f, "Discarded a damaged journal, DIRSYNC.JNL: {reason}")
            }
            Self::StagingDiscarded { files } => {
                write!(f, "Discarded an interrupted run: {files} staged files")
            }
        }
    }
}

/// Tells whether an interrupted run waits to be completed.
///
/// # Errors
/// The directory cannot be read.
pub(in crate::postoffice) fn is_pending(layout: &Layout) -> Result<bool, PostofficeError> {
    layout.exists(&DIRSYNC_JNL)
}

/// Completes or discards what an interrupted run left; `None` when there is nothing.
///
/// # Errors
/// [`PostofficeError::Journal`] when a whole journal cannot be carried out: it is left as it is.
pub(in crate::postoffice) fn recover(
    layout: &Layout,
    lock: &ExclusiveLock,
) -> Result<Option<Recovery>, PostofficeError> {
    let staging = Staging::at(layout)?;
    let path = layout.path(&DIRSYNC_JNL)?;
    let bytes = match fs::File::open(&path) {
        Ok(file) => {
            let mut bytes = Vec::new();
            file.take(journal::MAX_LEN)
                .read_to_end(&mut bytes)
                .reading(&path)?;
            bytes
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let there = staging.path().exists();
            let files = staging.discard()?;
            return Ok(there.then_some(Recovery::StagingDiscarded { files }));
        }
        Err(e) => return Err(e).reading(&path),
    };
    let refused = |reason| PostofficeError::Journal {
        path: path.clone(),
        reason,
    };
    let found = match journal::decode(&bytes) {
        Ok(steps) => {
            if let Some(fault) = verify(layout, &staging, &steps)? {
                return Err(refused(fault));
            }
            let warnings = apply(layout, lock, &staging, &steps)?;
            Recovery::Completed {
                steps: steps.len(),
                warnings,
            }
        }
        Err(JournalFault::NotCommitted(reason)) => Recovery::JournalDiscarded { reason },
        Err(JournalFault::Refused(reason)) => return Err(refused(reason)),
    };
    clean_up(layout, &staging)?;
    Ok(Some(found))
}

/// Removes the journal of a batch that is carried out, then its staging area.
pub(super) fn clean_up(layout: &Layout, staging: &Staging) -> Result<(), PostofficeError> {
    let path = layout.path(&DIRSYNC_JNL)?;
    fs::remove_file(&path).writing(&path)?;
    // Staged bytes may go only once no journal can ask for them.
    sync_directory(&layout.dir_path(Dir::Glb)?)?;
    staging.discard()?;
    layout.forget();
    Ok(())
}
