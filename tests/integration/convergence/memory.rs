//! What each postoffice has seen of each entry: while nothing but mail goes wrong, nothing goes back.

use std::collections::BTreeMap;

use super::list::{Change, Entry, Op};
use super::world::World;

/// The newest value of each entry that a postoffice has seen, by list and name; a deletion has one too.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    seen: Vec<BTreeMap<(u8, u8), u32>>,
    /// The server has lost transactions that its own lists lacked.
    pub(super) server_lost: bool,
    /// The list of the server's own users was given ahead of its transactions: until the export comes, a name that it has
    /// dropped may be seen again.
    pub(super) own_is_ahead: bool,
}

impl Memory {
    pub(super) fn new(count: usize) -> Self {
        Self {
            seen: vec![BTreeMap::new(); count],
            server_lost: false,
            own_is_ahead: false,
        }
    }

    /// Takes note of what a postoffice has imported; the error is an entry that came back.
    pub(super) fn imported(&mut self, world: &World, at: usize, ops: &[Op]) -> Result<(), String> {
        let seen = &mut self.seen[at];
        for op in ops {
            let (name, entry) = match op.change {
                Change::Delete(name, entry) => (name, entry),
                Change::Modify { from, to, entry } if from != to => (from, entry),
                _ => continue,
            };
            let newest = seen.entry((op.list, name)).or_default();
            *newest = (*newest).max(entry.value);
        }
        let disturbed = &world.ghost.disturbed;
        let is_calm = !disturbed[0] && !disturbed[at] && !self.server_lost;
        let mut result = Ok(());
        for (owner, list) in (0u8..).zip(&world.offices[at].lists) {
            let owner_is_calm = match disturbed.get(usize::from(owner)) {
                Some(&disturbed) => !disturbed,
                None => !disturbed.contains(&true),
            };
            for (&name, &Entry { value, .. }) in list {
                let newest = seen.entry((owner, name)).or_default();
                let is_exempt = owner == 0 && self.own_is_ahead;
                if value < *newest && is_calm && owner_is_calm && !is_exempt {
                    result = Err(format!(
                        "entry {name} of {owner} is back at {at}: {value} after {newest}"
                    ));
                }
                *newest = (*newest).max(value);
            }
        }
        result
    }
}
