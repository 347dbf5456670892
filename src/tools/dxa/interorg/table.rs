//! The master table of a configuration, wherever it is.

use std::path::Path;

use super::config::Table;
use super::fresh;
use crate::directory::interorg::store::{MasterTable, SqliteTable, StoreError};
use crate::directory::ldap::Password;
use crate::tools::exit::{ExitCode, ToolError};

/// Opens the master table, and makes it where there is none. A dry run makes none: it works on an empty one then.
pub(super) fn open(table: &Table, dry_run: bool) -> Result<Box<dyn MasterTable>, ToolError> {
    match table {
        Table::File(path) => {
            let nowhere = Path::new(":memory:");
            let path = if dry_run && !path.exists() {
                nowhere
            } else {
                path
            };
            let opened = SqliteTable::open(path, fresh::epoch).map_err(wrong)?;
            Ok(Box::new(opened))
        }
        Table::Postgres { url, password } => postgres(url, password.as_ref()),
    }
}

#[cfg(feature = "postgres")]
fn postgres(url: &str, password: Option<&Password>) -> Result<Box<dyn MasterTable>, ToolError> {
    use crate::directory::interorg::store::{PostgresSettings, PostgresTable};
    let mut settings = PostgresSettings::parse(url).map_err(wrong)?;
    if let Some(password) = password {
        settings = settings.password(password.reveal());
    }
    let opened = PostgresTable::open(&settings, fresh::epoch).map_err(wrong)?;
    Ok(Box::new(opened))
}

/// Without what may be a password.
#[cfg(feature = "postgres")]
fn postgres_place(url: &str) -> String {
    let settings = crate::directory::interorg::store::PostgresSettings::parse(url);
    settings.map_or_else(
        |error| error.to_string(),
        |settings| settings.place().to_owned(),
    )
}

#[cfg(not(feature = "postgres"))]
fn postgres_place(_url: &str) -> String {
    "PostgreSQL".to_owned()
}

#[cfg(not(feature = "postgres"))]
fn postgres(_url: &str, _password: Option<&Password>) -> Result<Box<dyn MasterTable>, ToolError> {
    let text = "hub.store: this program was built without PostgreSQL";
    Err(ToolError::new(ExitCode::NotHere, text))
}

/// Returns where it is, for people.
pub(super) fn shown(table: &Table) -> String {
    match table {
        Table::File(path) => path.display().to_string(),
        Table::Postgres { url, .. } => postgres_place(url),
    }
}

/// Says how a run ends that the table stopped.
pub(super) fn wrong(error: StoreError) -> ToolError {
    let exit = match &error {
        StoreError::Address { .. } => ExitCode::Usage,
        StoreError::Busy { .. } => ExitCode::Busy,
        StoreError::Damaged { .. } | StoreError::Format { .. } => ExitCode::Damaged,
        StoreError::Io { .. } => ExitCode::CannotWrite,
    };
    ToolError::new(exit, error.to_string())
}
