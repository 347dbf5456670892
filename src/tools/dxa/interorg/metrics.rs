//! How a hub stands, for Prometheus (setting `metrics`), written at the end of every cycle.
//!
//! | metric | labels | what |
//! |---|---|---|
//! | `dxa_hub_last_usn` | | the last number of the hub |
//! | `dxa_hub_waiting_entries` | | entries that wait for an address |
//! | `dxa_branch_last_contact_timestamp_seconds` | `branch` | when it was last heard of; 0 never |
//! | `dxa_branch_confirmed_usn` | `branch` | how far it said that it is |
//! | `dxa_branch_behind` | `branch` | numbers between that and the last one |
//! | `dxa_interorg_messages` | `state` | `incoming`, `outgoing`, `quarantine` |

use super::config::Config;
use super::status;
use crate::tools::dxa::event::Event;
use crate::tools::dxa::standing::metrics::{Family, put};

/// Writes the file, if the configuration wants one; returns what is to be said where it cannot be written.
pub(super) fn write(config: &Config) -> Option<Event> {
    let path = config.metrics.as_deref()?;
    let status = match status::gather(config) {
        Ok(status) => status,
        Err(error) => return Some(Event::of_error(&error).with("file", path.display())),
    };
    let mut last = Family::new("dxa_hub_last_usn", "The last number of the hub.");
    let mut waiting = Family::new(
        "dxa_hub_waiting_entries",
        "Entries that wait for an address.",
    );
    let mut contact = Family::new(
        "dxa_branch_last_contact_timestamp_seconds",
        "When the branch was last heard of, 0 if never.",
    );
    let mut confirmed = Family::new(
        "dxa_branch_confirmed_usn",
        "How far the branch said that it is.",
    );
    let mut behind = Family::new(
        "dxa_branch_behind",
        "Numbers that the branch has not confirmed.",
    );
    let mut messages = Family::new("dxa_interorg_messages", "Messages, by where they are.");
    if let Some(hub) = &status.hub {
        last.add(&[], hub.last);
        waiting.add(&[], hub.waiting.len());
        for branch in &hub.branches {
            let of = [("branch", &branch.branch[..])];
            contact.add(&of, branch.last_contact.map_or(0, |at| at.as_second()));
            confirmed.add(&of, branch.confirmed);
            behind.add(&of, branch.behind);
        }
    }
    for (state, count) in [
        ("incoming", status.incoming),
        ("outgoing", status.queued),
        ("quarantine", status.quarantine),
    ] {
        messages.add(&[("state", state)], count);
    }
    let mut text = String::new();
    for family in [last, waiting, contact, confirmed, behind, messages] {
        family.write(&mut text).expect("a string takes everything");
    }
    let error = put(path, &text).err()?;
    Some(crate::tools::dxa::standing::metrics::unwritten(
        path, &error,
    ))
}
