//! What a branch knows of one entry, from its ledger alone.

use serde::Serialize;

use super::{Config, ledger_path, of, open_ledger};
use crate::tools::dxa::interorg::explain::Query;
use crate::tools::exit::ToolError;

/// An entry at a branch.
#[derive(Debug, Serialize)]
pub struct OfBranch {
    /// `BRANCH:entryUUID`.
    pub entry: String,
    /// Its name at the source.
    pub dn: String,
    /// What is known of it.
    pub lines: Vec<String>,
}

/// Returns what is known of an entry: own ones that the hub was told of, and those of others.
///
/// # Errors
/// There is no branch, or its ledger cannot be used.
pub(in crate::tools::dxa::interorg) fn explain(
    config: &Config,
    query: &Query,
) -> Result<Vec<OfBranch>, ToolError> {
    let (branch, _) = of(config)?;
    if !ledger_path(&config.data).exists() {
        return Ok(Vec::new());
    }
    let mut ledger = open_ledger(config, branch, true)?;
    let change = ledger.begin()?;
    let head = change.head()?;
    let mut found = Vec::new();
    for (key, row) in change.said()? {
        let is_claimed = row.claims.iter().any(|claim| query.has(claim));
        let is_named = query.has(&row.name) || query.has(&row.plain_name);
        if !(query.is_it(&key, &row.dn) || is_claimed || is_named) {
            continue;
        }
        let what = match row.said.hash {
            Some(_) => format!(
                "told to the hub as {:?} under number {}",
                row.name, row.said.number
            ),
            None => format!(
                "told to the hub to be gone under number {}",
                row.said.number
            ),
        };
        let next = match row.said.number <= head.branch.confirmed {
            true => "next: nothing, unless it changes: the hub has it".to_owned(),
            false => format!(
                "next: goes with the next request again: the hub has confirmed up to {}",
                head.branch.confirmed
            ),
        };
        found.push(OfBranch {
            entry: key.to_string(),
            dn: row.dn,
            lines: vec![what, next],
        });
    }
    let refused = change.refused()?;
    let applied = head.branch.applied.usn;
    for (key, row) in change.imported()? {
        let is_claimed = row.claims.iter().any(|claim| query.has(claim));
        if query.is_it(&key, &row.dn) || is_claimed {
            let mut lines = vec![format!(
                "is in the import container; applied is USN {applied}"
            )];
            lines.extend(
                refused
                    .get(&key)
                    .map(|refused| format!("refused as it is now: {}", refused.note)),
            );
            found.push(OfBranch {
                entry: key.to_string(),
                dn: row.dn,
                lines,
            });
        }
    }
    for (key, row) in &refused {
        let card = row.card.as_ref();
        let dn = card.map(|card| card.dn.clone()).unwrap_or_default();
        let is_claimed = card.is_some_and(|card| card.claims().any(|claim| query.has(&claim)));
        let is_known = found.iter().any(|found| found.entry == key.to_string());
        if !is_known && (query.is_it(key, &dn) || is_claimed) {
            found.push(OfBranch {
                entry: key.to_string(),
                dn,
                lines: vec![
                    format!("refused: {}", row.note),
                    "next: tried again with every cycle, without being sent again".to_owned(),
                ],
            });
        }
    }
    Ok(found)
}
