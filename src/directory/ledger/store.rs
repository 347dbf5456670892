//! Opens, reads and changes the ledger. Everything that changes happens in a [`Transaction`]: all of it or nothing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::LedgerError;
use super::schema::KIND;
use crate::codec::timestamp::Timestamp;
use crate::directory::database::{self, Found};

/// How long another process may keep the ledger before this one gives up.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open ledger.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    database: Connection,
}

/// A ledger, and whether there was none before.
#[derive(Debug)]
pub struct Opened {
    /// The ledger.
    pub ledger: Ledger,
    /// It was made: nothing is known of what the connections have, so that each gets a full list (DX-12).
    pub is_new: bool,
}

/// A connection in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConnectionId(pub(super) i64);

/// A transaction that waits for its confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// ReqSync or SrvSync.
    pub number: u32,
    /// When it was made.
    pub stamp: Timestamp,
    /// Its text, as in a queue record.
    pub text: Vec<u8>,
}

/// A change of the ledger: nothing of it is there before [`Self::commit`].
#[derive(Debug)]
pub struct Transaction<'l> {
    path: &'l Path,
    inner: rusqlite::Transaction<'l>,
}

impl Ledger {
    /// Opens the ledger, and makes it where there is none.
    ///
    /// # Errors
    /// The file is no ledger, damaged, of another format, in use, or cannot be opened.
    pub fn open(path: &Path) -> Result<Opened, LedgerError> {
        let opened = Connection::open(path);
        Self::prepare(path, opened)
    }

    /// Makes a ledger that is gone with the value: for a dry run where there is none yet.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn in_memory() -> Result<Opened, LedgerError> {
        Self::prepare(Path::new(":memory:"), Connection::open_in_memory())
    }

    fn prepare(path: &Path, opened: rusqlite::Result<Connection>) -> Result<Opened, LedgerError> {
        let wrong = |error: rusqlite::Error| LedgerError::new(path, &error);
        let database = opened.map_err(wrong)?;
        database.busy_timeout(PATIENCE).map_err(wrong)?;
        database
            .execute_batch(
                "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;",
            )
            .map_err(wrong)?;
        let mut ledger = Self {
            path: path.to_owned(),
            database,
        };
        let is_new = ledger.make_tables()?;
        if !is_new {
            ledger.check()?;
        }
        Ok(Opened { ledger, is_new })
    }

    /// Makes the tables in an empty file, whole or not at all; returns whether it was empty.
    fn make_tables(&mut self) -> Result<bool, LedgerError> {
        let prepared = database::prepare(&mut self.database, KIND, |_| Ok(()));
        let path = self.path.clone();
        match prepared.map_err(|error| LedgerError::new(&path, &error))? {
            Found::New => Ok(true),
            Found::Known => Ok(false),
            Found::OtherFormat(found) => Err(LedgerError::Format {
                path,
                found,
                expected: KIND.format,
            }),
            Found::Foreign(id) => Err(LedgerError::Damaged {
                path,
                cause: format!("application id {id:#x}, expected {:#x}", KIND.id),
            }),
        }
    }

    /// Looks for damage: a page that does not fit must not become a deletion.
    fn check(&self) -> Result<(), LedgerError> {
        let found: String = self
            .database
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(|error| LedgerError::new(&self.path, &error))?;
        match found == "ok" {
            true => Ok(()),
            false => Err(LedgerError::Damaged {
                path: self.path.clone(),
                cause: on_one_line(&found),
            }),
        }
    }

    /// Begins to change the ledger; nobody else changes it meanwhile.
    ///
    /// # Errors
    /// Another process keeps it.
    pub fn begin(&mut self) -> Result<Transaction<'_>, LedgerError> {
        let path = &self.path;
        let begun = self
            .database
            .transaction_with_behavior(TransactionBehavior::Immediate);
        let inner = begun.map_err(|error| LedgerError::new(path, &error))?;
        Ok(Transaction { path, inner })
    }
}

impl Transaction<'_> {
    fn wrong(&self, error: rusqlite::Error) -> LedgerError {
        LedgerError::new(self.path, &error)
    }

    /// Makes the change.
    ///
    /// # Errors
    /// It could not be written: nothing changed.
    pub fn commit(self) -> Result<(), LedgerError> {
        let path = self.path;
        self.inner
            .commit()
            .map_err(|error| LedgerError::new(path, &error))
    }

    /// Returns what is kept of the agent itself under a name.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn agent(&self, name: &str) -> Result<Option<String>, LedgerError> {
        let query = "SELECT value FROM agent WHERE name = ?1";
        let found = self.inner.query_row(query, [name], |row| row.get(0));
        found.optional().map_err(|error| self.wrong(error))
    }

    /// Keeps something of the agent itself.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn set_agent(&self, name: &str, value: &str) -> Result<(), LedgerError> {
        let command =
            "INSERT INTO agent VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
        self.run(command, params![name, value])
    }

    /// Forgets something of the agent itself.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn remove_agent(&self, name: &str) -> Result<(), LedgerError> {
        self.run("DELETE FROM agent WHERE name = ?1", [name])
    }

    /// Finds a connection by its name, without case.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<ConnectionId>, LedgerError> {
        let query = "SELECT id FROM connection WHERE name = ?1";
        let found = self
            .inner
            .query_row(query, [name], |row| row.get(0).map(ConnectionId));
        found.optional().map_err(|error| self.wrong(error))
    }

    /// Finds a connection, and makes it where there is none: without numbers, which means that nothing is known.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn connection(&self, name: &str) -> Result<ConnectionId, LedgerError> {
        self.run(
            "INSERT INTO connection (name) VALUES (?1) ON CONFLICT DO NOTHING",
            [name],
        )?;
        let found = self.find(name)?;
        found.ok_or_else(|| self.wrong(rusqlite::Error::QueryReturnedNoRows))
    }

    /// Returns the names of all connections.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn connections(&self) -> Result<Vec<String>, LedgerError> {
        let mut names = Vec::new();
        self.each("SELECT name FROM connection ORDER BY name", [], |row| {
            names.push(row.get(0)?);
            Ok(())
        })?;
        Ok(names)
    }

    /// Forgets a connection with all that was kept of it.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn forget(&self, id: ConnectionId) -> Result<(), LedgerError> {
        self.run("DELETE FROM connection WHERE id = ?1", [id.0])
    }

    /// Returns the numbers of a connection; none where nothing is known.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn numbers(&self, id: ConnectionId) -> Result<Option<Vec<u8>>, LedgerError> {
        let query = "SELECT numbers FROM connection WHERE id = ?1";
        let found = self.inner.query_row(query, [id.0], |row| row.get(0));
        found.map_err(|error| self.wrong(error))
    }

    /// Keeps the numbers of a connection.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn set_numbers(&self, id: ConnectionId, numbers: &[u8]) -> Result<(), LedgerError> {
        let command = "UPDATE connection SET numbers = ?2 WHERE id = ?1";
        self.run(command, params![id.0, numbers])
    }

    /// Returns the settings and times of a connection, as JSON.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn state(&self, id: ConnectionId) -> Result<String, LedgerError> {
        let query = "SELECT state FROM connection WHERE id = ?1";
        let found = self.inner.query_row(query, [id.0], |row| row.get(0));
        found.map_err(|error| self.wrong(error))
    }

    /// Keeps the settings and times of a connection.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn set_state(&self, id: ConnectionId, state: &str) -> Result<(), LedgerError> {
        let command = "UPDATE connection SET state = ?2 WHERE id = ?1";
        self.run(command, params![id.0, state])
    }

    /// Puts a transaction behind those that wait.
    ///
    /// # Errors
    /// The ledger cannot be written; there is one of that number.
    pub fn push(&self, id: ConnectionId, queued: &Queued) -> Result<(), LedgerError> {
        let command = "INSERT INTO queue VALUES (?1, ?2, ?3, ?4)";
        let stamp = queued.stamp.0;
        self.run(command, params![id.0, queued.number, stamp, queued.text])
    }

    /// Hands over the transactions above a number, in order.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn waiting(
        &self,
        id: ConnectionId,
        above: u32,
        mut take: impl FnMut(Queued),
    ) -> Result<(), LedgerError> {
        let query = "SELECT number, stamp, text FROM queue WHERE connection = ?1 AND number > ?2 ORDER BY number";
        self.each(query, params![id.0, above], |row| {
            take(Queued {
                number: row.get(0)?,
                stamp: Timestamp(row.get(1)?),
                text: row.get(2)?,
            });
            Ok(())
        })
    }

    /// Returns how many transactions wait.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn backlog(&self, id: ConnectionId) -> Result<u64, LedgerError> {
        let query = "SELECT count(*) FROM queue WHERE connection = ?1";
        let found = self.inner.query_row(query, [id.0], |row| row.get(0));
        found.map_err(|error| self.wrong(error))
    }

    /// Returns the number of the first and of the last transaction that waits.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn ends(&self, id: ConnectionId) -> Result<Option<(u32, u32)>, LedgerError> {
        let query = "SELECT min(number), max(number) FROM queue WHERE connection = ?1";
        let found = self.inner.query_row(query, [id.0], |row| {
            Ok(row
                .get::<_, Option<u32>>(0)?
                .zip(row.get::<_, Option<u32>>(1)?))
        });
        found.map_err(|error| self.wrong(error))
    }

    /// Removes the transactions up to a number: they are confirmed.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn discard(&self, id: ConnectionId, through: u32) -> Result<(), LedgerError> {
        let command = "DELETE FROM queue WHERE connection = ?1 AND number <= ?2";
        self.run(command, params![id.0, through])
    }

    /// Gives the transactions that wait numbers above another one, in order (DX-10).
    ///
    /// # Errors
    /// The ledger cannot be written; there are not so many numbers.
    pub fn renumber(&self, id: ConnectionId, above: u32) -> Result<(), LedgerError> {
        let mut numbers = Vec::new();
        self.waiting(id, 0, |queued| numbers.push(queued.number))?;
        if numbers.is_empty() {
            return Ok(());
        }
        let count = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        if above.checked_add(count).is_none() {
            return Err(LedgerError::Io {
                path: self.path.to_owned(),
                cause: format!(
                    "{count} transactions wait, and there are not so many numbers above {above}"
                ),
            });
        }
        // No two are the same on the way: those that rise go from the last one, those that fall from the first one, and
        // who rises stands before who falls.
        let moves = numbers.into_iter().zip(above + 1..=above + count);
        let (mut moves, fall): (Vec<_>, Vec<_>) = moves.partition(|(old, new)| new > old);
        moves.reverse();
        moves.extend(fall);
        for (old, new) in moves {
            let command = "UPDATE queue SET number = ?3 WHERE connection = ?1 AND number = ?2";
            self.run(command, params![id.0, old, new])?;
        }
        Ok(())
    }

    pub(super) fn run(
        &self,
        command: &str,
        values: impl rusqlite::Params,
    ) -> Result<(), LedgerError> {
        let ran = self.inner.prepare_cached(command);
        let ran = ran.and_then(|mut statement| statement.execute(values));
        ran.map(|_| ()).map_err(|error| self.wrong(error))
    }

    pub(super) fn each(
        &self,
        query: &str,
        values: impl rusqlite::Params,
        mut take: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), LedgerError> {
        let read = || {
            let mut statement = self.inner.prepare_cached(query)?;
            let mut rows = statement.query(values)?;
            while let Some(row) = rows.next()? {
                take(row)?;
            }
            Ok(())
        };
        read().map_err(|error| self.wrong(error))
    }
}

/// What SQLite found, without the heading that it has above that.
fn on_one_line(found: &str) -> String {
    let lines = found.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("***"));
    lines.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
