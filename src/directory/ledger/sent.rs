//! What the other side was sent of an entry.

use rusqlite::Row;

/// Bytes of a content hash (SHA-256).
pub(super) const HASH_LEN: usize = 32;

/// What the other side was sent of an entry (DX-12).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sent {
    /// Stable key of the address.
    pub key: String,
    /// entryUUID, so that an entry that vanished can be told (LD-10).
    pub uuid: String,
    /// Its name when it was sent.
    pub dn: String,
    /// The export container that it came from (DX-13).
    pub container: String,
    /// Display name in the directory, without a number that made it unique (DX-23).
    pub shown: String,
    /// Display name as sent, in the code page of the connection.
    pub name: Vec<u8>,
    /// Address as sent.
    pub address: Vec<u8>,
    /// Of everything that was sent: an entry goes again only if this differs.
    pub hash: [u8; HASH_LEN],
    /// entryCSN, a hint only.
    pub csn: String,
    /// Number of the transaction that said so last.
    pub number: u32,
}

impl Sent {
    pub(super) const COLUMNS: &'static str =
        "key, uuid, dn, container, shown, name, address, hash, csn, number";

    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            uuid: row.get(1)?,
            dn: row.get(2)?,
            container: row.get(3)?,
            shown: row.get(4)?,
            name: row.get(5)?,
            address: row.get(6)?,
            hash: row.get(7)?,
            csn: row.get(8)?,
            number: row.get(9)?,
        })
    }
}
