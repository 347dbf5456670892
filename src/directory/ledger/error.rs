//! What can be wrong with a ledger.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why the ledger cannot be used (event 249 of the original, which blamed the disk whatever it was).
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file is no ledger, or damaged.
    #[error(
        "the ledger {} is damaged: {cause}; move it away, and the next exchange is a full list for every connection",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        cause: String,
    },
    /// The file was written by a later version.
    #[error("the ledger {} has format {found}, expected {expected}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The format of this program.
        expected: i64,
    },
    /// Another process works with it.
    #[error("the ledger {} is in use by another process", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be opened, read or written; the disk may be full.
    #[error("the ledger {}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        cause: String,
    },
}

impl LedgerError {
    /// Sorts an error of SQLite by what can be done about it.
    pub(super) fn new(path: &std::path::Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        let cause = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { path, cause }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(_) => Self::Io { path, cause },
            // A value of another type than the tables have, or text that is none.
            None => Self::Damaged { path, cause },
        }
    }
}
