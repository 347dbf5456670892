//! The master table of a configuration, wherever it is.

use std::path::Path;

use super::config::Table;
use super::fresh;
use crate::directory::interorg::store::{MasterTable, SqliteTable, StoreError};
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
        Table::Postgres { url, .. } => {
            let shown = url.split(['?', '#']).next().unwrap_or_default();
            let text = format!("hub.store: {shown}: a master table in PostgreSQL is not built");
            Err(ToolError::new(ExitCode::NotHere, text))
        }
    }
}

/// Returns where it is, for people.
pub(super) fn shown(table: &Table) -> String {
    match table {
        Table::File(path) => path.display().to_string(),
        Table::Postgres { url, .. } => url.split(['?', '#']).next().unwrap_or_default().to_owned(),
    }
}

/// Says how a run ends that the table stopped.
pub(super) fn wrong(error: StoreError) -> ToolError {
    let exit = match &error {
        StoreError::Busy { .. } => ExitCode::Busy,
        StoreError::Damaged { .. } | StoreError::Format { .. } => ExitCode::Damaged,
        StoreError::Io { .. } => ExitCode::CannotWrite,
    };
    ToolError::new(exit, error.to_string())
}
