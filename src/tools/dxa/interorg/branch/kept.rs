//! The numbers that a branch keeps, for who looks.

use serde::Serialize;

use super::{ledger_path, of, open_ledger};
use crate::tools::dxa::interorg::config::Config;
use crate::tools::exit::ToolError;

/// What a branch keeps of its numbers.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// Its name.
    pub branch: String,
    /// None before the first request.
    pub numbers: Option<KeptNumbers>,
}

/// The numbers of a branch.
#[derive(Debug, Clone, Serialize)]
pub struct KeptNumbers {
    /// Whose numbers its changes have.
    pub epoch: String,
    /// The last one given.
    pub usn: u64,
    /// How far the hub has its changes.
    pub confirmed: u64,
    /// Whose numbers those of the hub are; none where nothing was applied.
    pub hub_epoch: Option<String>,
    /// How far it has applied the hub's changes.
    pub hub_usn: u64,
    /// The next request carries everything.
    pub owes_all: bool,
}

/// Reads the numbers of the branch.
///
/// # Errors
/// There is no branch, or its ledger cannot be used.
pub fn kept(config: &Config) -> Result<Kept, ToolError> {
    let (branch, _) = of(config)?;
    let mut kept = Kept {
        branch: branch.name.clone(),
        numbers: None,
    };
    if ledger_path(&config.data).exists() {
        let mut ledger = open_ledger(config, branch, true)?;
        let head = ledger.begin()?.head()?.branch;
        kept.numbers = Some(KeptNumbers {
            epoch: head.epoch.to_string(),
            usn: head.last.0,
            confirmed: head.confirmed.0,
            hub_epoch: head.applied.epoch.map(|epoch| epoch.to_string()),
            hub_usn: head.applied.usn.0,
            owes_all: head.owes_all,
        });
    }
    Ok(kept)
}
