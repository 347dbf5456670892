//! The entries of a connection that are not where they are to be, and the renames that bring them there.

use crate::directory::change::Change;
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::key::SyncKey;
use crate::directory::ldap::{Operation, Refusal};
use crate::directory::schema;
use crate::tools::exit::{ExitCode, ToolError};

use super::place::{Place, Sources};

/// An entry and the one that it is to lie right below.
pub(in crate::tools::dxa) struct Step {
    pub(in crate::tools::dxa) dn: Dn,
    pub(in crate::tools::dxa) key: SyncKey,
    pub(in crate::tools::dxa) above: Dn,
}

/// What was found in the containers to be left.
#[derive(Default)]
pub(in crate::tools::dxa) struct Found {
    pub(in crate::tools::dxa) steps: Vec<Step>,
    pub(in crate::tools::dxa) manual: u64,
    pub(in crate::tools::dxa) foreign: u64,
}

impl Found {
    /// Takes an entry of a container; one that is left counts where it stays there.
    pub(in crate::tools::dxa) fn take(&mut self, entry: &Entry, here: &Place, is_left: bool) {
        let attributes = &entry.attributes;
        if !entry.attributes.is_of_class(schema::REMOTE_ADDRESS) {
            let is_unit = entry.attributes.is_of_class("organizationalUnit");
            self.manual += u64::from(is_left && !is_unit);
            return;
        }
        let owner = attributes.text(schema::IMPORTED_FROM);
        let key = attributes.text(schema::KEY).map(SyncKey::stored);
        let is_own = owner.is_some_and(|owner| owner.eq_ignore_ascii_case(&here.owner));
        let Some(key) = key.filter(|_| is_own) else {
            match owner {
                Some(_) => self.foreign += u64::from(is_left),
                None => self.manual += u64::from(is_left),
            }
            return;
        };
        let above = key.parent(&here.container, here.layout);
        let above = above.unwrap_or_else(|| here.container.clone());
        if entry.dn.parent().is_none_or(|dn| !dn.is_same(&above)) {
            let dn = entry.dn.clone();
            self.steps.push(Step { dn, key, above });
        }
    }
}

impl Step {
    /// Returns what brings it there: under its own relative name, so that it stays the same entry.
    pub(in crate::tools::dxa) fn operation(&self) -> Operation {
        let change = Change::Rename {
            new_rdn: self.dn.own(),
            delete_old: false,
            new_superior: Some(self.above.clone()),
        };
        Operation::new(self.dn.clone(), change)
    }

    /// Returns its name there.
    pub(in crate::tools::dxa) fn target(&self) -> Dn {
        self.dn.own().below(&self.above)
    }
}

/// Tells whether an entry lies in the new container, where that lies in the old one.
pub(in crate::tools::dxa) fn is_inside(dn: &Dn, old: &Dn, new: &Dn) -> bool {
    new.is_within(old) && dn.is_within(new)
}

/// Returns the containers to look into, each once.
pub(in crate::tools::dxa) fn containers(here: &Place, sources: &Sources) -> Vec<Dn> {
    let before = sources.before.as_ref();
    let first = before.map_or(&here.container, |place| &place.container);
    let mut all = vec![first.clone()];
    let behind = sources.behind.iter();
    let behind = behind.chain(before.into_iter().flat_map(|place| &place.behind));
    for dn in behind {
        if !all.iter().any(|known| known.is_same(dn)) {
            all.push(dn.clone());
        }
    }
    all
}

/// Says that the agent may not move entries; the next one would be refused like this one.
pub(in crate::tools::dxa) fn no_right(step: &Step, refusal: &Refusal) -> ToolError {
    let text = format!(
        "DX133 dn={} {refusal}: the entries cannot be moved",
        step.dn
    );
    ToolError::new(ExitCode::BadLogin, text)
}
