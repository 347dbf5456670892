//! Entries that are sent again though nothing of them has changed (`spec/exchange.md` NT-03).

use super::change::{Cause, Change};
use super::{Export, Wanted};
use crate::directory::key::SyncKey;

/// Puts an `A` and an `M` of each touched entry behind what is sent anyway: whoever has the entry refuses the one and takes
/// the other, whoever lacks it takes both (Q241086). A rename goes before them as it is.
#[must_use]
pub fn touch(
    changes: Vec<Change>,
    wanted: &Wanted,
    is_touched: impl Fn(&SyncKey) -> bool,
) -> Vec<Change> {
    let is_said_anew = |change: &Change| match change {
        Change::Add { export, .. } => is_touched(&export.found.record.key),
        Change::Modify { export, cause, .. } => {
            *cause == Cause::Content && is_touched(&export.found.record.key)
        }
        Change::Replace { .. } | Change::Delete { .. } => false,
    };
    // What cannot go as it is does not go by this either.
    let touched = |export: &&Export| !export.found.is_held && is_touched(&export.found.record.key);
    let again: Vec<_> = wanted.exports.iter().filter(touched).collect();
    let added = again
        .iter()
        .map(|export| Change::add(export, Cause::Touched));
    let modified = again.iter().map(|export| {
        // It is to become what it was added as, and lines that were sent once are cleared by it.
        let mut known = export.as_sent();
        known.prompts.extend(prompts(&changes, &known.key));
        Change::modify(&known, export, Cause::Touched)
    });
    let modified: Vec<_> = modified.collect();
    let kept = changes.into_iter().filter(|change| !is_said_anew(change));
    kept.chain(added).chain(modified).collect()
}

/// Returns the prompts of the lines that were sent before.
fn prompts(changes: &[Change], key: &SyncKey) -> Vec<String> {
    let mut found = changes.iter().filter_map(|change| match change {
        Change::Modify { sent, .. } if sent.key == *key => Some(sent.prompts.clone()),
        _ => None,
    });
    found.next().unwrap_or_default()
}
