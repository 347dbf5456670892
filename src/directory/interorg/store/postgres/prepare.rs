//! Whose a schema is, of which version, and its tables where it is new.

use postgres::{Client, Transaction};

use super::super::super::number::Epoch;
use super::super::StoreError;
use super::fault::Fault;
use super::{PostgresSettings, start};

/// Version of the tables.
const FORMAT: i64 = 1;

/// What says whose a schema is: no format ever changes this table.
const APPLICATION: &str = "dirsync hub";

/// "DXAH", as the SQLite file has it.
const LOCK: i32 = 0x4458_4148;

/// Texts are compared byte by byte, whatever the language of the database. What may be of any length is found by its mark
/// (SHA-256), since an index has no room for it.
const TABLES: &str = "
CREATE TABLE mark (
    application TEXT   NOT NULL,
    format      BIGINT NOT NULL
);

CREATE TABLE head (
    id        INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    epoch     TEXT    NOT NULL,
    last      BIGINT  NOT NULL,
    forgotten BIGINT  NOT NULL
);

CREATE TABLE member (
    name        TEXT COLLATE \"C\" NOT NULL PRIMARY KEY,
    taken_epoch TEXT,
    taken_usn   BIGINT,
    taken_by    TEXT,
    earlier     TEXT   NOT NULL, -- JSON
    confirmed   BIGINT NOT NULL,
    given       TEXT   NOT NULL  -- JSON
);

CREATE TABLE entry (
    id      BYTEA NOT NULL PRIMARY KEY, -- mark of branch and uuid
    branch  TEXT COLLATE \"C\" NOT NULL,
    uuid    TEXT COLLATE \"C\" NOT NULL,
    usn     BIGINT NOT NULL,
    shown   TEXT,             -- JSON, as the other branches see it
    waiting TEXT,             -- JSON, as its branch has it, where that has to wait
    reason  TEXT,
    detail  TEXT
);
CREATE INDEX entry_usn ON entry (usn);
CREATE INDEX entry_branch ON entry (branch);
CREATE INDEX entry_waiting ON entry (id) WHERE waiting IS NOT NULL;

CREATE TABLE claim (
    address BYTEA NOT NULL PRIMARY KEY, -- mark of it in lower case
    entry   BYTEA NOT NULL
);
CREATE INDEX claim_entry ON claim (entry);

CREATE TABLE seen (
    branch TEXT COLLATE \"C\" NOT NULL,
    id     BYTEA NOT NULL, -- mark of it
    PRIMARY KEY (branch, id)
);
";

/// How many there are of: this schema, whatever in it, columns of a mark in it.
const LOOK: &str = "
SELECT (SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1),
       (SELECT count(*) FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1),
       (SELECT count(*) FROM pg_catalog.pg_attribute a
          JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relname = 'mark'
           AND a.attname IN ('application', 'format') AND NOT a.attisdropped),
       pg_catalog.current_setting('server_encoding')";

/// Looks what a schema is, and makes the tables in one that is empty or not there: all of it or nothing. Whoever comes at the
/// same time waits.
pub(super) fn prepare(
    client: &mut Client,
    settings: &PostgresSettings,
    fresh: impl FnOnce() -> Epoch,
) -> Result<(), StoreError> {
    let wrong = |fault: Fault| fault.at(settings.place());
    let mut begun = start(client, settings).map_err(wrong)?;
    let found = look(&mut begun, settings.schema()).map_err(wrong)?;
    match found {
        Found::Marked => check(&mut begun, settings)?,
        Found::Empty { is_there } => {
            make(&mut begun, settings.schema(), is_there, &fresh()).map_err(wrong)?;
        }
    }
    begun.commit().map_err(|error| wrong(error.into()))
}

enum Found {
    /// It has a mark.
    Marked,
    /// It has nothing, or is not even there.
    Empty { is_there: bool },
}

fn look(begun: &mut Transaction<'_>, schema: &str) -> Result<Found, Fault> {
    let sql = "SELECT pg_catalog.pg_advisory_xact_lock($1, pg_catalog.hashtext($2))";
    begun.query_one(sql, &[&LOCK, &schema])?;
    let row = begun.query_one(LOOK, &[&schema])?;
    let (schemas, things): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    let (columns, encoding): (i64, String) = (row.try_get(2)?, row.try_get(3)?);
    match (schemas, things, columns) {
        _ if encoding != "UTF8" => {
            Err(format!("the database has the encoding {encoding}, expected UTF8").into())
        }
        (_, _, 2) => Ok(Found::Marked),
        (_, 0, _) => Ok(Found::Empty {
            is_there: schemas > 0,
        }),
        _ => Err(format!("schema {schema} holds something else").into()),
    }
}

fn make(
    begun: &mut Transaction<'_>,
    schema: &str,
    is_there: bool,
    epoch: &Epoch,
) -> Result<(), Fault> {
    if !is_there {
        begun.batch_execute(&format!("CREATE SCHEMA \"{schema}\""))?;
    }
    begun.batch_execute(TABLES)?;
    let sql = "INSERT INTO mark VALUES ($1, $2)";
    begun.execute(sql, &[&APPLICATION, &FORMAT])?;
    let sql = "INSERT INTO head VALUES (1, $1, 0, 0)";
    begun.execute(sql, &[&epoch.as_str()])?;
    Ok(())
}

/// Looks whether the schema is of ours and of this version.
pub(super) fn check(
    begun: &mut Transaction<'_>,
    settings: &PostgresSettings,
) -> Result<(), StoreError> {
    let mut read = || {
        let row = begun.query_opt("SELECT application::text, format::text FROM mark", &[])?;
        let row = row.ok_or_else(|| "the mark is empty".to_owned())?;
        let (application, format): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        match (application.as_str(), format.parse()) {
            (APPLICATION, Ok(format)) => Ok::<i64, Fault>(format),
            _ => Err(format!("it is of {application:?}, expected {APPLICATION:?}").into()),
        }
    };
    match read().map_err(|fault| fault.at(settings.place()))? {
        FORMAT => Ok(()),
        found => Err(StoreError::Format {
            place: settings.place().to_owned(),
            found,
            expected: FORMAT,
        }),
    }
}
