//! What can be wrong with a master table.

use thiserror::Error;

/// Why the master table cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// It is not said in a way that is understood where the table is.
    #[error("the address of the master table: {cause}")]
    Address {
        /// What is expected. The address itself is not repeated: a password may stand in it.
        cause: String,
    },
    /// It is none of ours, or damaged.
    #[error("the master table {place} is damaged: {cause}")]
    Damaged {
        /// File or database.
        place: String,
        /// What was found.
        cause: String,
    },
    /// It was written by a later version.
    #[error("the master table {place} has format {found}, expected {expected}")]
    Format {
        /// File or database.
        place: String,
        /// Its format.
        found: i64,
        /// The format of this program.
        expected: i64,
    },
    /// Another hub works with it.
    #[error("the master table {place} is in use: {cause}")]
    Busy {
        /// File or database.
        place: String,
        /// What the database says.
        cause: String,
    },
    /// It cannot be opened, read or written.
    #[error("the master table {place}: {cause}")]
    Io {
        /// File or database.
        place: String,
        /// What the database says.
        cause: String,
    },
}

impl StoreError {
    /// A change of which a part failed is not to be there in part.
    pub(super) fn half_done(place: &str) -> Self {
        Self::Io {
            place: place.to_owned(),
            cause: "a part of the change failed, so nothing of it is kept".to_owned(),
        }
    }
}
