//! What can be wrong with a mirror.

use std::path::{Path, PathBuf};

/// Why a mirror cannot be used: whatever it is, all is read again.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub struct MirrorError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub cause: String,
}

impl MirrorError {
    pub(super) fn new(path: &Path, cause: impl ToString) -> Self {
        Self {
            path: path.to_owned(),
            cause: cause.to_string(),
        }
    }
}
