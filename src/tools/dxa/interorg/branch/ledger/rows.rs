//! Rows of the ledger.

use std::error::Error;

use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};
use serde::de::DeserializeOwned;

use super::{Head, json, number};
use crate::directory::interorg::branch::{Asked, Said};
use crate::directory::interorg::{Applied, Branch, Card, CardHash, Epoch, Receipt, SourceKey, Usn};
use crate::directory::note::Note;
use crate::plan::outcome::Reason;

/// What the hub was told of an own entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tools::dxa::interorg::branch) struct SaidRow {
    pub(in crate::tools::dxa::interorg::branch) said: Said,
    /// Its name in the directory then.
    pub(in crate::tools::dxa::interorg::branch) dn: String,
    /// Its SMTP addresses, lower case.
    pub(in crate::tools::dxa::interorg::branch) claims: Vec<String>,
    /// Its display name before it was made unique.
    pub(in crate::tools::dxa::interorg::branch) plain_name: String,
    /// Its display name.
    pub(in crate::tools::dxa::interorg::branch) name: String,
}

/// An entry of others that is in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tools::dxa::interorg::branch) struct Imported {
    /// Its name at the source.
    pub(in crate::tools::dxa::interorg::branch) dn: String,
    /// Its SMTP addresses, lower case.
    pub(in crate::tools::dxa::interorg::branch) claims: Vec<String>,
}

/// What could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tools::dxa::interorg::branch) struct Refused {
    /// What the entry is to be; none where it is to go.
    pub(in crate::tools::dxa::interorg::branch) card: Option<Card>,
    /// Why it is not.
    pub(in crate::tools::dxa::interorg::branch) note: Note,
}

fn wrong(column: usize, cause: impl Into<Box<dyn Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, cause.into())
}

fn key(row: &Row<'_>) -> rusqlite::Result<SourceKey> {
    let text: String = row.get(0)?;
    SourceKey::parse(&text).ok_or_else(|| wrong(0, format!("key {text:?}")))
}

fn read_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| wrong(column, error))
}

impl SaidRow {
    pub(super) const SQL: &str = "SELECT key, hash, number, dn, claims, plain_name, name FROM said";

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<(SourceKey, Self)> {
        let said = Self {
            said: Said {
                hash: row.get::<_, Option<[u8; 32]>>(1)?.map(CardHash),
                number: usn(row.get(2)?).map_err(|cause| wrong(2, cause))?,
            },
            dn: row.get(3)?,
            claims: read_json(row, 4)?,
            plain_name: row.get(5)?,
            name: row.get(6)?,
        };
        Ok((key(row)?, said))
    }
}

impl Imported {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<(SourceKey, Self)> {
        let imported = Self {
            dn: row.get(1)?,
            claims: read_json(row, 2)?,
        };
        Ok((key(row)?, imported))
    }
}

impl Refused {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<(SourceKey, Self)> {
        let card = match row.get::<_, Option<String>>(1)? {
            None => None,
            Some(_) => Some(read_json(row, 1)?),
        };
        let code: String = row.get(2)?;
        let reason = Reason::parse(&code).ok_or_else(|| wrong(2, format!("reason {code:?}")))?;
        let note = Note::new(reason, row.get::<_, String>(3)?);
        Ok((key(row)?, Self { card, note }))
    }
}

fn usn(number: i64) -> Result<Usn, String> {
    u64::try_from(number)
        .map(Usn)
        .map_err(|_| format!("number {number}, expected 0 or more"))
}

/// The head as SQL has it.
pub(super) struct HeadText {
    name: String,
    tree: String,
    epoch: String,
    last: i64,
    confirmed: i64,
    applied_epoch: Option<String>,
    applied_usn: i64,
    applied_receipt: Option<String>,
    asked: String,
    owes_all: bool,
    settings: Option<String>,
    filled_for: Option<String>,
    filled_in: Option<String>,
}

impl HeadText {
    pub(super) fn of(head: &Head) -> Self {
        let Branch {
            name,
            epoch,
            last,
            confirmed,
            applied,
            asked,
            owes_all,
        } = &head.branch;
        let asked: Vec<_> = asked.iter().map(|a| (&a.id, a.is_full)).collect();
        Self {
            name: name.clone(),
            tree: head.tree.clone(),
            epoch: epoch.to_string(),
            last: number(last.0),
            confirmed: number(confirmed.0),
            applied_epoch: applied.epoch.as_ref().map(ToString::to_string),
            applied_usn: number(applied.usn.0),
            applied_receipt: applied.receipt.as_ref().map(ToString::to_string),
            asked: json(&asked),
            owes_all: *owes_all,
            settings: head.settings.as_ref().map(json),
            filled_for: head.filled_for.clone(),
            filled_in: head.filled_in.clone(),
        }
    }

    pub(super) fn get(database: &Connection) -> rusqlite::Result<Self> {
        let sql = "SELECT name, tree, epoch, last, confirmed, applied_epoch, applied_usn, applied_receipt, asked, \
                   owes_all, settings, filled_for, filled_in FROM branch";
        database.query_row(sql, [], |row| {
            Ok(Self {
                name: row.get(0)?,
                tree: row.get(1)?,
                epoch: row.get(2)?,
                last: row.get(3)?,
                confirmed: row.get(4)?,
                applied_epoch: row.get(5)?,
                applied_usn: row.get(6)?,
                applied_receipt: row.get(7)?,
                asked: row.get(8)?,
                owes_all: row.get(9)?,
                settings: row.get(10)?,
                filled_for: row.get(11)?,
                filled_in: row.get(12)?,
            })
        })
    }

    pub(super) fn put(&self, database: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT OR REPLACE INTO branch VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        database.execute(
            sql,
            params![
                self.name,
                self.tree,
                self.epoch,
                self.last,
                self.confirmed,
                self.applied_epoch,
                self.applied_usn,
                self.applied_receipt,
                self.asked,
                self.owes_all,
                self.settings,
                self.filled_for,
                self.filled_in
            ],
        )?;
        Ok(())
    }

    pub(super) fn to_head(&self) -> Result<Head, String> {
        let epoch = |text: &String| Epoch::new(text).ok_or_else(|| format!("epoch {text:?}"));
        let asked: Vec<(String, bool)> =
            serde_json::from_str(&self.asked).map_err(|error| format!("asked: {error}"))?;
        let settings = self.settings.as_deref().map(serde_json::from_str);
        Ok(Head {
            branch: Branch {
                name: self.name.clone(),
                epoch: epoch(&self.epoch)?,
                last: usn(self.last)?,
                confirmed: usn(self.confirmed)?,
                applied: Applied {
                    epoch: self.applied_epoch.as_ref().map(epoch).transpose()?,
                    usn: usn(self.applied_usn)?,
                    receipt: self.applied_receipt.clone().map(Receipt),
                },
                asked: asked
                    .into_iter()
                    .map(|(id, is_full)| Asked { id, is_full })
                    .collect(),
                owes_all: self.owes_all,
            },
            tree: self.tree.clone(),
            settings: settings
                .transpose()
                .map_err(|error| format!("settings: {error}"))?,
            filled_for: self.filled_for.clone(),
            filled_in: self.filled_in.clone(),
        })
    }
}
