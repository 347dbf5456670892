//! The master table in PostgreSQL: where several hubs work with one, or an organization has a database already.
//!
//! It has a schema of its own. What works with it locks the row of the head first, so that changes come one behind the
//! other, and each sees all that those before it did.

mod change;
mod fault;
mod prepare;
mod settings;
mod text;

use std::fmt;
use std::time::Duration;

use postgres::{Client, IsolationLevel, Transaction};

use self::change::PostgresChange;
use self::fault::Fault;
use super::super::number::Epoch;
use super::{MasterChange, MasterTable, StoreError};

pub use self::settings::PostgresSettings;

/// How long a connection that was there may take to show that it still is.
const PULSE: Duration = Duration::from_secs(10);

/// A master table in a schema of a database.
pub struct PostgresTable {
    settings: PostgresSettings,
    client: Client,
}

impl fmt::Debug for PostgresTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("PostgresTable");
        shown.field("place", &self.settings.place()).finish()
    }
}

impl PostgresTable {
    /// Opens the table, and makes it where there is none, with an epoch of its own.
    ///
    /// # Errors
    /// The server cannot be reached, or what is there is none of ours, of a later version, or in use.
    pub fn open(
        settings: &PostgresSettings,
        fresh: impl FnOnce() -> Epoch,
    ) -> Result<Self, StoreError> {
        let settings = settings.clone();
        let mut client = settings.connect()?;
        prepare::prepare(&mut client, &settings, fresh)?;
        Ok(Self { settings, client })
    }
}

impl MasterTable for PostgresTable {
    fn begin(&mut self) -> Result<Box<dyn MasterChange + '_>, StoreError> {
        let Self { settings, client } = self;
        // It may have gone while nobody used it, with the server for instance. Nothing has happened yet.
        if client.is_valid(PULSE).is_err() {
            *client = settings.connect()?;
        }
        let begun = start(client, settings).and_then(|mut begun| {
            let sql = "SELECT id FROM head FOR UPDATE";
            match begun.query(sql, &[])?.len() {
                1 => Ok(begun),
                heads => Err(format!("{heads} heads, expected 1").into()),
            }
        });
        let mut begun = begun.map_err(|fault| fault.at(settings.place()))?;
        // Another hub may have been of a later version.
        prepare::check(&mut begun, settings)?;
        Ok(Box::new(PostgresChange::new(begun, settings.place())))
    }
}

/// Begins a transaction that sees what others did whenever it waited for them, whatever the server does by itself.
fn start<'c>(
    client: &'c mut Client,
    settings: &PostgresSettings,
) -> Result<Transaction<'c>, Fault> {
    let begin = client.build_transaction();
    let begin = begin.isolation_level(IsolationLevel::ReadCommitted);
    let mut begun = begin.read_only(false).start()?;
    begun.batch_execute(&settings.for_transaction())?;
    Ok(begun)
}
