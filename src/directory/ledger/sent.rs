//! What the other side was sent of each entry, a row each.

use rusqlite::types::Type;
use rusqlite::{Error, Row, params};

use super::LedgerError;
use super::store::{ConnectionId, Transaction};
use crate::directory::address_text::TargetAddress;
use crate::directory::difference::Sent;
use crate::directory::dn::Dn;
use crate::directory::key::SyncKey;
use crate::directory::outgoing::ContentHash;

/// The columns, in their order; a prompt is a line of `prompts`.
const COLUMNS: &str = "key, address, plain_name, name, hash, prompts, container";

/// Reads a row.
fn from_row(row: &Row<'_>) -> rusqlite::Result<Sent> {
    let wrong = |column: usize, error: String| {
        Error::FromSqlConversionFailure(column, Type::Text, error.into())
    };
    let address: String = row.get(1)?;
    let container: String = row.get(6)?;
    let prompts: String = row.get(5)?;
    Ok(Sent {
        key: SyncKey::stored(&row.get::<_, String>(0)?),
        address: TargetAddress::parse(&address).map_err(|note| wrong(1, note.to_string()))?,
        plain_name: row.get(2)?,
        name: row.get(3)?,
        hash: ContentHash(row.get(4)?),
        prompts: prompts.lines().map(str::to_owned).collect(),
        container: Dn::parse(&container).map_err(|error| wrong(6, error.to_string()))?,
    })
}

/// Returns the prompts as they are kept.
fn prompts(sent: &Sent) -> String {
    sent.prompts.join("\n")
}

impl Transaction<'_> {
    /// Hands over what was sent, by key.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn sent(&self, id: ConnectionId, mut take: impl FnMut(Sent)) -> Result<(), LedgerError> {
        let query = format!(
            "SELECT {} FROM sent WHERE connection = ?1 ORDER BY key",
            COLUMNS
        );
        self.each(&query, [id.0], |row| {
            take(from_row(row)?);
            Ok(())
        })
    }

    /// Keeps what was sent of an entry.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn put_sent(&self, id: ConnectionId, sent: &Sent) -> Result<(), LedgerError> {
        let command = format!(
            "INSERT OR REPLACE INTO sent (connection, {}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            COLUMNS
        );
        let values = params![
            id.0,
            sent.key.as_str(),
            sent.address.to_string(),
            sent.plain_name,
            sent.name,
            sent.hash.0,
            prompts(sent),
            sent.container.to_string(),
        ];
        self.run(&command, values)
    }

    /// Forgets what was sent of an entry: the other side has been told to delete it.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn remove_sent(&self, id: ConnectionId, key: &SyncKey) -> Result<(), LedgerError> {
        let command = "DELETE FROM sent WHERE connection = ?1 AND key = ?2";
        self.run(command, params![id.0, key.as_str()])
    }

    /// Forgets everything that was sent: a full list follows.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn clear_sent(&self, id: ConnectionId) -> Result<(), LedgerError> {
        self.run("DELETE FROM sent WHERE connection = ?1", [id.0])
    }
}
