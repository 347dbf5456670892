//! What a branch keeps, in one SQLite file of the data folder: its numbers, what it said of its entries, what it took of the
//! others, and what it could not take. Losing it costs full lists both ways, and deletes nothing.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, params};

use crate::directory::database::{self, Found, Kind};
use crate::directory::interorg::{Branch, Card, Epoch, SourceKey};
use crate::directory::note::Note;
use crate::tools::exit::{ExitCode, ToolError};
use rows::HeadText;

pub(super) use rows::{Imported, Refused, SaidRow};

/// "DXAB".
const KIND: Kind = Kind {
    id: 0x4458_4142,
    format: 1,
    tables: TABLES,
};

/// How long another run may keep the ledger before this one gives up.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
CREATE TABLE branch (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    name            TEXT    NOT NULL,
    tree            TEXT    NOT NULL, -- which directory all of this is about; '' before it was looked at
    epoch           TEXT    NOT NULL,
    last            INTEGER NOT NULL,
    confirmed       INTEGER NOT NULL,
    applied_epoch   TEXT,
    applied_usn     INTEGER NOT NULL,
    applied_receipt TEXT,
    asked           TEXT    NOT NULL, -- JSON
    owes_all        INTEGER NOT NULL,
    settings        TEXT,             -- JSON, of the last request
    filled_for      TEXT,             -- what was wanted when the container was filled last
    filled_in       TEXT              -- which container that was
) STRICT;

CREATE TABLE said (             -- what the hub was told of an own entry
    key        TEXT    NOT NULL PRIMARY KEY,
    hash       BLOB,            -- none where it was told to be gone
    number     INTEGER NOT NULL,
    dn         TEXT    NOT NULL,
    claims     TEXT    NOT NULL, -- JSON: its SMTP addresses, lower case
    plain_name TEXT    NOT NULL, -- display name before it was made unique
    name       TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE imported (         -- entries of others that are in the directory
    key    TEXT NOT NULL PRIMARY KEY,
    dn     TEXT NOT NULL,       -- at its source
    claims TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE former (           -- names that somebody had before
    who TEXT NOT NULL,          -- key of who was renamed, or SMTP address of who is gone
    dn  TEXT NOT NULL,
    PRIMARY KEY (who, dn)
) STRICT, WITHOUT ROWID;

CREATE TABLE refused (          -- what could not be taken, and is tried again
    key    TEXT NOT NULL PRIMARY KEY,
    card   TEXT,                -- JSON; none for a removal
    reason TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

/// An open ledger.
#[derive(Debug)]
pub(super) struct Ledger {
    path: PathBuf,
    database: Connection,
    /// It was made now.
    pub(super) is_new: bool,
}

/// What there is once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// The numbers.
    pub(super) branch: Branch,
    /// Which tree all is about.
    pub(super) tree: String,
    /// The settings of the last request.
    pub(super) settings: Option<BTreeMap<String, String>>,
    /// What was wanted when the container was filled last; none before.
    pub(super) filled_for: Option<String>,
    /// The container that has the entries of others; none before.
    pub(super) filled_in: Option<String>,
}

impl Head {
    /// Begins.
    pub(super) fn new(name: &str, epoch: Epoch, tree: &str) -> Self {
        Self {
            branch: Branch::new(name, epoch),
            tree: tree.to_owned(),
            settings: None,
            filled_for: None,
            filled_in: None,
        }
    }
}

/// A change of the ledger: nothing of it is there before [`Self::commit`].
pub(super) struct Change<'l> {
    path: &'l Path,
    inner: Transaction<'l>,
}

impl Ledger {
    /// Opens the ledger, and makes it where there is none.
    pub(super) fn open(path: &Path, name: &str, epoch: Epoch) -> Result<Self, ToolError> {
        Self::prepare(path, Connection::open(path), name, epoch)
    }

    /// Makes a ledger that is gone with the value: for a dry run where there is none yet.
    pub(super) fn in_memory(name: &str, epoch: Epoch) -> Result<Self, ToolError> {
        let opened = Connection::open_in_memory();
        Self::prepare(Path::new(":memory:"), opened, name, epoch)
    }

    fn prepare(
        path: &Path,
        opened: rusqlite::Result<Connection>,
        name: &str,
        epoch: Epoch,
    ) -> Result<Self, ToolError> {
        let wrong = |error: rusqlite::Error| unusable(path, &error);
        let mut database = opened.map_err(wrong)?;
        database.busy_timeout(PATIENCE).map_err(wrong)?;
        let settings = "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;";
        database.execute_batch(settings).map_err(wrong)?;
        let head = Head::new(name, epoch, "");
        let found = database::prepare(&mut database, KIND, |database| {
            HeadText::of(&head).put(database)
        });
        let is_new = match found.map_err(wrong)? {
            Found::New => true,
            Found::Known => false,
            Found::OtherFormat(found) => {
                let cause = format!("format {found}, expected {}", KIND.format);
                return Err(damaged(path, &cause));
            }
            Found::Foreign(id) => {
                let cause = format!("application id {id:#x}, expected {:#x}", KIND.id);
                return Err(damaged(path, &cause));
            }
        };
        let check = "PRAGMA quick_check(1)";
        let state: String = database
            .query_row(check, [], |row| row.get(0))
            .map_err(wrong)?;
        if state != "ok" {
            return Err(damaged(path, &state));
        }
        Ok(Self {
            path: path.to_owned(),
            database,
            is_new,
        })
    }

    /// Begins a change.
    pub(super) fn begin(&mut self) -> Result<Change<'_>, ToolError> {
        let Self { path, database, .. } = self;
        let begun = database.transaction_with_behavior(TransactionBehavior::Immediate);
        Ok(Change {
            inner: begun.map_err(|error| unusable(path, &error))?,
            path,
        })
    }
}

impl Change<'_> {
    fn wrong(&self, error: &rusqlite::Error) -> ToolError {
        unusable(self.path, error)
    }

    fn run(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), ToolError> {
        let statement = self.inner.prepare_cached(sql);
        let done = statement.and_then(|mut statement| statement.execute(values));
        done.map(|_| ()).map_err(|error| self.wrong(&error))
    }

    fn rows<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, ToolError> {
        let wrong = |error: rusqlite::Error| self.wrong(&error);
        let mut statement = self.inner.prepare_cached(sql).map_err(wrong)?;
        let rows = statement.query_map(values, read).map_err(wrong)?;
        rows.collect::<Result<_, _>>().map_err(wrong)
    }

    /// Returns what there is once.
    pub(super) fn head(&self) -> Result<Head, ToolError> {
        let text = HeadText::get(&self.inner).map_err(|error| self.wrong(&error))?;
        text.to_head().map_err(|cause| damaged(self.path, &cause))
    }

    /// Writes it.
    pub(super) fn set_head(&self, head: &Head) -> Result<(), ToolError> {
        HeadText::of(head)
            .put(&self.inner)
            .map_err(|error| self.wrong(&error))
    }

    /// Forgets everything but the head, which is to be this.
    pub(super) fn begin_anew(&self, head: &Head) -> Result<(), ToolError> {
        for table in ["said", "imported", "former", "refused"] {
            self.run(&format!("DELETE FROM {table}"), [])?;
        }
        self.set_head(head)
    }

    /// Returns what the hub was told of the own entries.
    pub(super) fn said(&self) -> Result<BTreeMap<SourceKey, SaidRow>, ToolError> {
        let rows = self.rows(SaidRow::SQL, [], SaidRow::read)?;
        Ok(rows.into_iter().collect())
    }

    /// Writes what differs from what there was.
    pub(super) fn put_said(
        &self,
        before: &BTreeMap<SourceKey, SaidRow>,
        after: &BTreeMap<SourceKey, SaidRow>,
    ) -> Result<(), ToolError> {
        for (key, row) in after
            .iter()
            .filter(|(key, row)| before.get(key) != Some(row))
        {
            let sql = "INSERT OR REPLACE INTO said VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let hash = row.said.hash.map(|hash| hash.0);
            let number = number(row.said.number.0);
            let claims = json(&row.claims);
            let values = params![
                key.to_string(),
                hash,
                number,
                row.dn,
                claims,
                row.plain_name,
                row.name
            ];
            self.run(sql, values)?;
        }
        for key in before.keys().filter(|key| !after.contains_key(key)) {
            self.run("DELETE FROM said WHERE key = ?1", [key.to_string()])?;
        }
        Ok(())
    }

    /// Returns the entries of others that are in the directory.
    pub(super) fn imported(&self) -> Result<BTreeMap<SourceKey, Imported>, ToolError> {
        let sql = "SELECT key, dn, claims FROM imported";
        Ok(self.rows(sql, [], Imported::read)?.into_iter().collect())
    }

    /// Returns those of these entries of others that are in the directory.
    pub(super) fn imported_of<'k>(
        &self,
        keys: impl Iterator<Item = &'k SourceKey>,
    ) -> Result<BTreeMap<SourceKey, Imported>, ToolError> {
        let sql = "SELECT key, dn, claims FROM imported WHERE key = ?1";
        let mut found = BTreeMap::new();
        for key in keys {
            found.extend(self.rows(sql, [key.to_string()], Imported::read)?);
        }
        Ok(found)
    }

    /// Returns how many entries of others are in the directory.
    pub(super) fn imported_count(&self) -> Result<u64, ToolError> {
        let counted = self.rows("SELECT count(*) FROM imported", [], |row| {
            row.get::<_, i64>(0)
        })?;
        Ok(u64::try_from(counted[0]).unwrap_or_default())
    }

    /// Notes that an entry of others is in the directory.
    pub(super) fn put_imported(&self, key: &SourceKey, row: &Imported) -> Result<(), ToolError> {
        let sql = "INSERT OR REPLACE INTO imported VALUES (?1, ?2, ?3)";
        self.run(sql, params![key.to_string(), row.dn, json(&row.claims)])
    }

    /// Notes that it is not.
    pub(super) fn remove_imported(&self, key: &SourceKey) -> Result<(), ToolError> {
        self.run("DELETE FROM imported WHERE key = ?1", [key.to_string()])
    }

    /// Notes that an entry had this name before it was renamed.
    pub(super) fn put_renamed(&self, key: &SourceKey, dn: &str) -> Result<(), ToolError> {
        let sql = "INSERT OR IGNORE INTO former VALUES (?1, ?2)";
        self.run(sql, [&key.to_string(), dn])
    }

    /// Notes that an entry is gone: whoever has one of its addresses from now on may be the same person.
    pub(super) fn put_gone(
        &self,
        key: &SourceKey,
        claims: &[String],
        dn: &str,
    ) -> Result<(), ToolError> {
        for address in claims {
            self.run(
                "INSERT OR IGNORE INTO former VALUES (?1, ?2)",
                [address, dn],
            )?;
            let sql = "INSERT OR IGNORE INTO former SELECT ?1, dn FROM former WHERE who = ?2";
            self.run(sql, [address, &key.to_string()])?;
        }
        Ok(())
    }

    /// Returns the names that an entry had, or whoever had one of its addresses.
    pub(super) fn former(
        &self,
        key: &SourceKey,
        claims: impl Iterator<Item = String>,
    ) -> Result<BTreeSet<String>, ToolError> {
        let sql = "SELECT dn FROM former WHERE who = ?1";
        let mut found = BTreeSet::new();
        for who in claims.chain([key.to_string()]) {
            found.extend(self.rows(sql, [who], |row| row.get::<_, String>(0))?);
        }
        Ok(found)
    }

    /// Returns what could not be taken.
    pub(super) fn refused(&self) -> Result<BTreeMap<SourceKey, Refused>, ToolError> {
        let sql = "SELECT key, card, reason, detail FROM refused";
        Ok(self.rows(sql, [], Refused::read)?.into_iter().collect())
    }

    /// Notes what could not be taken, and nothing else.
    pub(super) fn set_refused(
        &self,
        refused: &BTreeMap<SourceKey, Refused>,
    ) -> Result<(), ToolError> {
        self.run("DELETE FROM refused", [])?;
        for (key, Refused { card, note }) in refused {
            let Note { reason, detail } = note;
            let card = card.as_ref().map(json::<Card>);
            let sql = "INSERT INTO refused VALUES (?1, ?2, ?3, ?4)";
            let values = params![key.to_string(), card, reason.to_string(), detail];
            self.run(sql, values)?;
        }
        Ok(())
    }

    /// Makes everything of the change be there.
    pub(super) fn commit(self) -> Result<(), ToolError> {
        let Self { path, inner } = self;
        inner.commit().map_err(|error| unusable(path, &error))
    }
}

/// A value as it is kept.
fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("it is text")
}

/// A number as SQL has it: nobody gets to 2^63.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn damaged(path: &Path, cause: &str) -> ToolError {
    let text = format!(
        "the ledger {} is damaged: {cause}; move it away, and full lists go both ways",
        path.display()
    );
    ToolError::new(ExitCode::Damaged, text)
}

fn unusable(path: &Path, error: &rusqlite::Error) -> ToolError {
    let exit = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ExitCode::Busy,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) | None => {
            return damaged(path, &error.to_string());
        }
        Some(_) => ExitCode::CannotWrite,
    };
    ToolError::new(exit, format!("the ledger {}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
