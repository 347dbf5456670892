//! The tables of the ledger.

use crate::directory::database::Kind;

/// "DXAL".
pub(super) const KIND: Kind = Kind {
    id: 0x4458_414C,
    format: 1,
    tables: TABLES,
};

/// Numbers of transactions are of the outgoing side: ReqSync of a requestor, SrvSync of a server. `sent` is what the other
/// side has once it has taken what waits.
const TABLES: &str = "
CREATE TABLE agent (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE connection (
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE COLLATE NOCASE,
    numbers BLOB,           -- REQCONF.GLB, or SRVCONF.GLB with one requestor
    state   TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE TABLE queue (        -- transactions that wait for their confirmation
    connection INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    stamp      INTEGER NOT NULL, -- seconds since 1970 UTC
    text       BLOB    NOT NULL, -- as in a queue record
    PRIMARY KEY (connection, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE sent (         -- what the other side has of an entry, or gets with what waits
    connection INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    key        TEXT    NOT NULL COLLATE BINARY,
    address    TEXT    NOT NULL, -- as sent
    plain_name TEXT    NOT NULL, -- before it was made unique
    name       TEXT    NOT NULL, -- as sent
    hash       BLOB    NOT NULL, -- of all that was sent
    prompts    TEXT    NOT NULL, -- of the template lines that were sent, one a line
    container  TEXT    NOT NULL, -- export container
    PRIMARY KEY (connection, key)
) STRICT, WITHOUT ROWID;
";
