//! What the other side was sent of an entry, as a row.

use rusqlite::types::Type;
use rusqlite::{Error, Row};

use crate::directory::address_text::TargetAddress;
use crate::directory::difference::Sent;
use crate::directory::dn::Dn;
use crate::directory::key::SyncKey;
use crate::directory::outgoing::ContentHash;

/// The columns, in their order; a prompt is a line of `prompts`.
pub(super) const COLUMNS: &str = "key, address, plain_name, name, hash, prompts, container";

/// Reads a row.
pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Sent> {
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
pub(super) fn prompts(sent: &Sent) -> String {
    sent.prompts.join("\n")
}
