//! The master table in one SQLite file: what a hub has where nothing else is set up.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params,
};

use super::super::card::{Card, SourceKey};
use super::super::master::{Master, MasterStore, Member, Row};
use super::super::number::{Epoch, Usn};
use super::value::{EntryText, MemberText, epoch, is_void, key, number, usn};
use super::{MasterChange, MasterTable, PATIENCE, StoreError};
use crate::directory::database::{self, Found, Kind};

/// "DXAH".
const KIND: Kind = Kind {
    id: 0x4458_4148,
    format: 1,
    tables: TABLES,
};

const TABLES: &str = "
CREATE TABLE head (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    epoch     TEXT    NOT NULL,
    last      INTEGER NOT NULL,
    forgotten INTEGER NOT NULL
) STRICT;

CREATE TABLE member (
    name        TEXT    NOT NULL PRIMARY KEY,
    taken_epoch TEXT,
    taken_usn   INTEGER,
    taken_by    TEXT,
    earlier     TEXT    NOT NULL, -- JSON
    confirmed   INTEGER NOT NULL,
    given       TEXT    NOT NULL  -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
    key     TEXT    NOT NULL PRIMARY KEY,
    branch  TEXT    NOT NULL,
    usn     INTEGER NOT NULL,
    shown   TEXT,             -- JSON, as the other branches see it
    waiting TEXT,             -- JSON, as its branch has it, where that has to wait
    reason  TEXT,
    detail  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_usn ON entry (usn);
CREATE INDEX entry_branch ON entry (branch);
CREATE INDEX entry_waiting ON entry (key) WHERE waiting IS NOT NULL;

CREATE TABLE claim (
    address TEXT NOT NULL PRIMARY KEY, -- lower case
    key     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_key ON claim (key);

CREATE TABLE seen (
    branch TEXT NOT NULL,
    id     TEXT NOT NULL,
    PRIMARY KEY (branch, id)
) STRICT, WITHOUT ROWID;
";

/// A master table in a file.
#[derive(Debug)]
pub struct SqliteTable {
    path: PathBuf,
    database: Connection,
}

/// Sorts an error of SQLite by what can be done about it.
fn wrong(path: &Path, error: &rusqlite::Error) -> StoreError {
    let (place, cause) = (path.display().to_string(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Busy { place, cause }
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) | None => {
            StoreError::Damaged { place, cause }
        }
        Some(_) => StoreError::Io { place, cause },
    }
}

impl SqliteTable {
    /// Opens the table, and makes it where there is none, with an epoch of its own.
    ///
    /// # Errors
    /// The file is none of ours, damaged, in use, or cannot be opened.
    pub fn open(path: &Path, fresh: impl FnOnce() -> Epoch) -> Result<Self, StoreError> {
        let wrong = |error: rusqlite::Error| wrong(path, &error);
        let mut database = Connection::open(path).map_err(wrong)?;
        database.busy_timeout(PATIENCE).map_err(wrong)?;
        database
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;")
            .map_err(wrong)?;
        let place = path.display().to_string();
        let prepared = database::prepare(&mut database, KIND, |begun| {
            let epoch = fresh();
            begun.execute("INSERT INTO head VALUES (1, ?1, 0, 0)", [epoch.as_str()])?;
            Ok(())
        });
        match prepared.map_err(wrong)? {
            Found::New | Found::Known => {}
            Found::OtherFormat(found) => {
                return Err(StoreError::Format {
                    place,
                    found,
                    expected: KIND.format,
                });
            }
            Found::Foreign(id) => {
                let cause = format!("application id {id:#x}, expected {:#x}", KIND.id);
                return Err(StoreError::Damaged { place, cause });
            }
        }
        Ok(Self {
            path: path.to_owned(),
            database,
        })
    }

    /// Waits so long for another hub.
    ///
    /// # Errors
    /// The database does not take it.
    pub fn patience(self, patience: Duration) -> Result<Self, StoreError> {
        let set = self.database.busy_timeout(patience);
        set.map_err(|error| wrong(&self.path, &error))?;
        Ok(self)
    }
}

impl MasterTable for SqliteTable {
    fn begin(&mut self) -> Result<Box<dyn MasterChange + '_>, StoreError> {
        let begun = self
            .database
            .transaction_with_behavior(TransactionBehavior::Immediate);
        Ok(Box::new(SqliteChange {
            inner: begun.map_err(|error| wrong(&self.path, &error))?,
            path: &self.path,
            is_broken: Cell::new(false),
        }))
    }
}

struct SqliteChange<'t> {
    path: &'t Path,
    inner: Transaction<'t>,
    /// A part of it failed: the rest alone is not to be there.
    is_broken: Cell<bool>,
}

impl SqliteChange<'_> {
    fn wrong(&self, error: &rusqlite::Error) -> StoreError {
        self.is_broken.set(true);
        wrong(self.path, error)
    }

    fn damaged(&self, cause: String) -> StoreError {
        self.is_broken.set(true);
        StoreError::Damaged {
            place: self.path.display().to_string(),
            cause,
        }
    }

    fn run(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize, StoreError> {
        let statement = self.inner.prepare_cached(sql);
        let done = statement.and_then(|mut statement| statement.execute(values));
        done.map_err(|error| self.wrong(&error))
    }

    fn texts(&self, sql: &str, values: impl rusqlite::Params) -> Result<Vec<String>, StoreError> {
        let wrong = |error: rusqlite::Error| self.wrong(&error);
        let mut statement = self.inner.prepare_cached(sql).map_err(wrong)?;
        let rows = statement.query_map(values, |row| row.get(0));
        rows.and_then(Iterator::collect).map_err(wrong)
    }

    /// Goes through the entries that a condition takes.
    fn entries(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
        take: &mut dyn FnMut(Row),
    ) -> Result<(), StoreError> {
        let wrong = |error: rusqlite::Error| self.wrong(&error);
        let sql =
            format!("SELECT key, usn, shown, waiting, reason, detail FROM entry WHERE {condition}");
        let mut statement = self.inner.prepare_cached(&sql).map_err(wrong)?;
        let mut rows = statement.query(values).map_err(wrong)?;
        while let Some(row) = rows.next().map_err(wrong)? {
            let text = EntryText {
                shown: row.get(2).map_err(wrong)?,
                waiting: row.get(3).map_err(wrong)?,
                reason: row.get(4).map_err(wrong)?,
                detail: row.get(5).map_err(wrong)?,
            };
            let (found, number): (String, i64) =
                (row.get(0).map_err(wrong)?, row.get(1).map_err(wrong)?);
            let row = key(&found).and_then(|key| text.to_row(key, number));
            take(row.map_err(|cause| self.damaged(cause))?);
        }
        Ok(())
    }
}

impl MasterStore for SqliteChange<'_> {
    type Error = StoreError;

    fn head(&mut self) -> Result<Master, StoreError> {
        let sql = "SELECT epoch, last, forgotten FROM head";
        let read = self.inner.query_row(sql, [], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))
        });
        let (text, last, forgotten) = read.map_err(|error| self.wrong(&error))?;
        let head = || {
            Ok(Master {
                epoch: epoch(&text)?,
                last: usn(last)?,
                forgotten: usn(forgotten)?,
            })
        };
        head().map_err(|cause| self.damaged(cause))
    }

    fn set_head(&mut self, head: &Master) -> Result<(), StoreError> {
        let numbers = number(head.last).and_then(|last| Ok((last, number(head.forgotten)?)));
        let (last, forgotten) = numbers.map_err(|cause| self.damaged(cause))?;
        let sql = "UPDATE head SET epoch = ?1, last = ?2, forgotten = ?3";
        self.run(sql, params![head.epoch.as_str(), last, forgotten])?;
        Ok(())
    }

    fn member(&mut self, name: &str) -> Result<Member, StoreError> {
        let name = name.to_uppercase();
        let sql = "SELECT taken_epoch, taken_usn, taken_by, earlier, confirmed, given \
                   FROM member WHERE name = ?1";
        let read = self.inner.query_row(sql, [&name], |row| {
            Ok(MemberText {
                taken_epoch: row.get(0)?,
                taken_usn: row.get(1)?,
                taken_by: row.get(2)?,
                earlier: row.get(3)?,
                confirmed: row.get(4)?,
                given: row.get(5)?,
            })
        });
        let read = read.optional().map_err(|error| self.wrong(&error))?;
        match read {
            None => Ok(Member::new(&name)),
            Some(text) => text.to_member(&name).map_err(|cause| self.damaged(cause)),
        }
    }

    fn set_member(&mut self, member: &Member) -> Result<(), StoreError> {
        let text = MemberText::of(member).map_err(|cause| self.damaged(cause))?;
        let sql = "INSERT OR REPLACE INTO member VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let values = params![
            member.name,
            text.taken_epoch,
            text.taken_usn,
            text.taken_by,
            text.earlier,
            text.confirmed,
            text.given
        ];
        self.run(sql, values)?;
        Ok(())
    }

    fn members(&mut self) -> Result<Vec<String>, StoreError> {
        self.texts("SELECT name FROM member ORDER BY name", [])
    }

    fn remove_member(&mut self, name: &str) -> Result<(), StoreError> {
        let name = name.to_uppercase();
        self.run("DELETE FROM member WHERE name = ?1", [&name])?;
        self.run("DELETE FROM seen WHERE branch = ?1", [&name])?;
        Ok(())
    }

    fn rows(&mut self, keys: &BTreeSet<SourceKey>) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        for key in keys {
            self.entries("key = ?1", [key.to_string()], &mut |row| rows.push(row))?;
        }
        Ok(rows)
    }

    fn put(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        for row in rows {
            self.run("DELETE FROM claim WHERE key = ?1", [row.key.to_string()])?;
        }
        for row in rows {
            let key = row.key.to_string();
            if is_void(row) {
                self.run("DELETE FROM entry WHERE key = ?1", [&key])?;
                continue;
            }
            let text = EntryText::of(row);
            let number = number(row.usn).map_err(|cause| self.damaged(cause))?;
            let sql = "INSERT OR REPLACE INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let branch = row.key.branch();
            let values = params![
                key,
                branch,
                number,
                text.shown,
                text.waiting,
                text.reason,
                text.detail
            ];
            self.run(sql, values)?;
            let claims: BTreeSet<_> = row.shown.iter().flat_map(Card::claims).collect();
            for address in claims {
                // Two that claim one address would be a fault of the decision: the database refuses it.
                self.run("INSERT INTO claim VALUES (?1, ?2)", [&address, &key])?;
            }
        }
        Ok(())
    }

    fn holders(
        &mut self,
        addresses: &BTreeSet<String>,
    ) -> Result<HashMap<String, SourceKey>, StoreError> {
        let mut holders = HashMap::new();
        for address in addresses {
            for found in self.texts("SELECT key FROM claim WHERE address = ?1", [address])? {
                let key = key(&found).map_err(|cause| self.damaged(cause))?;
                holders.insert(address.clone(), key);
            }
        }
        Ok(holders)
    }

    fn waiting(&mut self) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        let condition = "waiting IS NOT NULL ORDER BY branch, key";
        self.entries(condition, [], &mut |row| rows.push(row))?;
        Ok(rows)
    }

    fn keys_of(&mut self, branch: &str) -> Result<BTreeSet<SourceKey>, StoreError> {
        let sql = "SELECT key FROM entry \
                   WHERE branch = ?1 AND (shown IS NOT NULL OR waiting IS NOT NULL)";
        let texts = self.texts(sql, [branch.to_uppercase()])?;
        let keys = texts.iter().map(|text| key(text));
        keys.collect::<Result<_, _>>()
            .map_err(|cause| self.damaged(cause))
    }

    fn above(
        &mut self,
        beyond: Usn,
        except: &str,
        take: &mut dyn FnMut(Row),
    ) -> Result<(), StoreError> {
        let number = number(beyond).map_err(|cause| self.damaged(cause))?;
        let condition = "usn > ?1 AND branch <> ?2 ORDER BY usn";
        self.entries(condition, params![number, except.to_uppercase()], take)
    }

    fn forget(&mut self, upto: Usn) -> Result<Option<Usn>, StoreError> {
        let number = number(upto).map_err(|cause| self.damaged(cause))?;
        let gone = "shown IS NULL AND waiting IS NULL AND usn <= ?1";
        let sql = format!("SELECT max(usn) FROM entry WHERE {gone}");
        let highest: Option<i64> = self
            .inner
            .query_row(&sql, [number], |row| row.get(0))
            .map_err(|error| self.wrong(&error))?;
        self.run(&format!("DELETE FROM entry WHERE {gone}"), [number])?;
        let highest = highest.map(usn).transpose();
        highest.map_err(|cause| self.damaged(cause))
    }
}

impl MasterChange for SqliteChange<'_> {
    fn see(&mut self, branch: &str, id: &str) -> Result<bool, StoreError> {
        let branch = branch.to_uppercase();
        let new = self.run("INSERT OR IGNORE INTO seen VALUES (?1, ?2)", [&branch, id])?;
        Ok(new > 0)
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let path = self.path;
        if self.is_broken.get() {
            return Err(StoreError::half_done(&path.display().to_string()));
        }
        self.inner.commit().map_err(|error| wrong(path, &error))
    }
}
