//! What went wrong, sorted by what can be done about it.

use std::error::Error as _;
use std::fmt::Write as _;

use postgres::error::SqlState;
use postgres::types::{WasNull, WrongType};

use super::super::StoreError;

/// What a statement fails with.
#[derive(Debug)]
pub(super) enum Fault {
    /// The database says so.
    Sql(postgres::Error),
    /// It has what is none of ours.
    Text(String),
}

impl From<postgres::Error> for Fault {
    fn from(error: postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<String> for Fault {
    fn from(cause: String) -> Self {
        Self::Text(cause)
    }
}

impl Fault {
    pub(super) fn at(self, place: &str) -> StoreError {
        let place = place.to_owned();
        let error = match self {
            Self::Text(cause) => return StoreError::Damaged { place, cause },
            Self::Sql(error) => error,
        };
        let cause = explain(&error);
        match error.code() {
            Some(
                &SqlState::LOCK_NOT_AVAILABLE
                | &SqlState::T_R_SERIALIZATION_FAILURE
                | &SqlState::T_R_DEADLOCK_DETECTED,
            ) => StoreError::Busy { place, cause },
            Some(
                &SqlState::UNDEFINED_TABLE
                | &SqlState::UNDEFINED_COLUMN
                | &SqlState::DATATYPE_MISMATCH
                | &SqlState::DATA_CORRUPTED
                | &SqlState::INDEX_CORRUPTED,
            ) => StoreError::Damaged { place, cause },
            None if is_of_another_type(&error) => StoreError::Damaged { place, cause },
            _ => StoreError::Io { place, cause },
        }
    }
}

/// Tells whether a column holds something else than ours do.
fn is_of_another_type(error: &postgres::Error) -> bool {
    let source = error.source();
    source.is_some_and(|source| source.is::<WrongType>() || source.is::<WasNull>())
}

/// Says all that an error knows, in one line.
pub(super) fn explain(error: &postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        let mut text = said.message().to_owned();
        for more in [said.detail(), said.hint()].into_iter().flatten() {
            let _ = write!(text, ". {}", more.trim_end_matches('.'));
        }
        return text;
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
