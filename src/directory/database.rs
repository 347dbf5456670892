//! Opening a file of ours that is an SQLite database: whose it is, of which version, and its tables where it is new.

use rusqlite::{Connection, Result, TransactionBehavior};

/// What a file is marked with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// `application_id`: for `file` and for us. No two kinds have the same.
    pub(crate) id: i64,
    /// `user_version`: version of the tables.
    pub(crate) format: i64,
    /// Makes the tables.
    pub(crate) tables: &'static str,
}

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Empty: it has its tables now.
    New,
    /// Of this kind and version.
    Known,
    /// Of this kind, but of this version.
    OtherFormat(i64),
    /// Of another kind, with this mark.
    Foreign(i64),
}

/// Looks what a file is, and makes the tables in an empty one with what else `fill` puts there: all of it or nothing.
pub(crate) fn prepare(
    database: &mut Connection,
    kind: Kind,
    fill: impl FnOnce(&Connection) -> Result<()>,
) -> Result<Found> {
    let begun = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let pragma = |name| begun.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables: i64 =
        begun.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let (id, format) = (pragma("application_id")?, pragma("user_version")?);
    if tables > 0 || id != 0 {
        return Ok(match (id, format) {
            (id, format) if (id, format) == (kind.id, kind.format) => Found::Known,
            (id, format) if id == kind.id => Found::OtherFormat(format),
            (id, _) => Found::Foreign(id),
        });
    }
    let Kind { id, format, tables } = kind;
    begun.execute_batch(&format!(
        "PRAGMA application_id = {id}; PRAGMA user_version = {format}; {tables}"
    ))?;
    fill(&begun)?;
    begun.commit()?;
    Ok(Found::New)
}
