//! The data folder of an agent between organizations, held while a command works in it.

use std::fs;

use super::config::Config;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::home::{Home, Lock, unusable};
use crate::tools::exit::ToolError;

/// Makes the data folder where it is missing.
pub(super) fn make(config: &Config) -> Result<(), ToolError> {
    fs::create_dir_all(&config.data).map_err(|error| unusable(&config.data, error))
}

/// Holds the data folder for a command, and makes it where it is missing; a dry run does neither.
pub(super) fn hold(
    config: &Config,
    command: &str,
    dry_run: bool,
    interrupt: &Interrupt,
) -> Result<(Home, Option<Lock>), ToolError> {
    let home = Home::at(&config.data);
    if dry_run {
        return Ok((home, None));
    }
    make(config)?;
    let lock = home.lock(command, interrupt)?;
    Ok((home, Some(lock)))
}
