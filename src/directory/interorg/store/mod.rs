//! Where a hub keeps its master table: one SQLite file, or PostgreSQL where the organization outgrows one machine. Both do
//! the same, and the same tests run over both.
//!
//! | table | what |
//! |---|---|
//! | `head` | epoch, last USN, highest forgotten deletion |
//! | `member` | how far each branch is, the answers that it was given |
//! | `entry` | one row for each entry: as the others see it, and as its branch has it where that has to wait |
//! | `claim` | who is seen to have which SMTP address |
//! | `seen` | ids of messages that were taken: the same one again is refused |

mod error;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;
mod value;

use std::time::Duration;

pub use error::StoreError;
#[cfg(feature = "postgres")]
pub use postgres::{PostgresSettings, PostgresTable};
pub use sqlite::SqliteTable;

use super::master::MasterStore;

/// How long another hub may keep the table before this one gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A master table that is kept somewhere.
pub trait MasterTable {
    /// Begins a change. Whoever begins one waits for the others: two hubs may work beside each other.
    ///
    /// # Errors
    /// The table cannot be reached, or another hub keeps it too long.
    fn begin(&mut self) -> Result<Box<dyn MasterChange + '_>, StoreError>;
}

/// A change of a master table: nothing of it is there before [`Self::commit`].
pub trait MasterChange: MasterStore<Error = StoreError> {
    /// Notes that a message was taken; `false` where it was before.
    ///
    /// # Errors
    /// It cannot be written.
    fn see(&mut self, branch: &str, id: &str) -> Result<bool, StoreError>;

    /// Makes everything of the change be there.
    ///
    /// # Errors
    /// Nothing of it is there, above all where a part of it failed before. Only a connection that breaks just then leaves
    /// open whether the server has done it: nothing, or all.
    fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
