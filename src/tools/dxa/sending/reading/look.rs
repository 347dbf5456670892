//! Looking which entries of a container have changed.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::asking::Asking;
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::filter::Filter;
use crate::directory::ldap::{Incomplete, LdapError};
use crate::directory::mirror::{self, Identity, Known, Mark, Marked, Mirror, MirrorError, Uuid};
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::containers::container::unread;
use crate::tools::exit::ToolError;

/// What is read beside entries that have changed: a filter by time brings others along.
const BESIDE: usize = 1_000;

/// Entries that one search names.
const TOGETHER: usize = 100;

impl Agent<'_> {
    /// Looks which entries have changed, and reads them. The text says why all must be read.
    pub(super) fn look_for_changes(
        &mut self,
        container: &Dn,
        attributes: &[String],
        known: Known,
        identity: Identity,
    ) -> Result<Result<Changes, String>, ToolError> {
        let all = known.marks.len();
        let mut looking = Looking {
            left: known.marks,
            changed: HashMap::new(),
            unsure: Vec::new(),
            newest: String::new(),
            is_marked: true,
        };
        let names = [mirror::UUID, mirror::CSN].map(String::from);
        let search = self.search_in(container, &names);
        let interrupt = self.interrupt.clone();
        let read = self.directory.for_each(&search, |entry| {
            looking.take(entry);
            interrupt.check()
        })?;
        read.map_err(unread)?;
        if !looking.is_marked {
            return Ok(Err("entries without entryUUID or entryCSN".to_owned()));
        }
        if known.identity.is_set_back(&looking.newest) {
            return Ok(Err("its newest entry is gone or was set back".to_owned()));
        }
        if looking.changed.len() + looking.unsure.len() > all / 2 {
            return Ok(Err("most of it has changed".to_owned()));
        }
        let mut changed = match self.read_changed(container, attributes, &looking.changed)? {
            Ok(changed) => changed,
            Err(why) => return Ok(Err(why)),
        };
        match self.read_unsure(container, attributes, &looking.unsure)? {
            Ok(unsure) => changed.extend(unsure),
            Err(why) => return Ok(Err(why)),
        }
        Ok(Ok(Changes {
            changed,
            gone: looking.left.into_keys().collect(),
            identity: Identity {
                newest: looking.newest,
                ..identity
            },
        }))
    }

    /// Reads entries that have changed, and those that have changed since the first of them did: the server finds them by
    /// that (LD-09).
    fn read_changed(
        &mut self,
        container: &Dn,
        attributes: &[String],
        changed: &HashMap<Uuid, String>,
    ) -> Result<Result<Vec<Marked>, String>, ToolError> {
        let Some(first) = changed.values().min() else {
            return Ok(Ok(Vec::new()));
        };
        let mut search = self.search_in(container, attributes);
        search
            .attributes
            .extend([mirror::UUID, mirror::CSN].map(String::from));
        search.filter = Filter::at_least(mirror::CSN, first.clone());
        let limit = changed.len() * 4 + BESIDE;
        let mut found = Vec::new();
        let read = self.directory.search(&search, |entry| {
            found.push(entry);
            match found.len() <= limit {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        });
        match read {
            Ok(_) => {}
            Err(LdapError::Incomplete {
                cause: Incomplete::Stopped,
                ..
            }) => return Ok(Err("too much has changed since".to_owned())),
            Err(error) => return Err(unread(error)),
        }
        self.marked(found, changed.keys())
    }

    /// Reads entries of which something was hidden: that may have changed, though they have not.
    fn read_unsure(
        &mut self,
        container: &Dn,
        attributes: &[String],
        unsure: &[Uuid],
    ) -> Result<Result<Vec<Marked>, String>, ToolError> {
        let mut found = Vec::new();
        for some in unsure.chunks(TOGETHER) {
            let mut search = self.search_in(container, attributes);
            search
                .attributes
                .extend([mirror::UUID, mirror::CSN].map(String::from));
            let named = some.iter().map(|uuid| {
                let uuid = uuid.to_string();
                Filter::equal(mirror::UUID, uuid)
            });
            search.filter = Filter::Or(named.collect());
            found.extend(self.directory.find(&search).map_err(unread)?);
        }
        self.marked(found, unsure.iter())
    }

    /// Asks what is hidden of entries, and makes sure that those are there which were looked for.
    fn marked<'u>(
        &mut self,
        mut found: Vec<Entry>,
        mut wanted: impl Iterator<Item = &'u Uuid>,
    ) -> Result<Result<Vec<Marked>, String>, ToolError> {
        Asking::new(self.config).mark(&mut found)?;
        let found: Result<Vec<_>, _> = found.into_iter().map(Marked::of).collect();
        let Ok(found) = found else {
            return Ok(Err("entries without entryUUID or entryCSN".to_owned()));
        };
        let read: HashSet<_> = found.iter().map(|marked| marked.uuid).collect();
        match wanted.all(|uuid| read.contains(uuid)) {
            true => Ok(Ok(found)),
            false => Ok(Err("it changes while it is read".to_owned())),
        }
    }
}

/// What a look at all names shows.
struct Looking {
    /// Known entries that were not seen.
    left: HashMap<Uuid, Mark>,
    /// Entries that are new or other than known, each with its change.
    changed: HashMap<Uuid, String>,
    /// Entries of which something was hidden.
    unsure: Vec<Uuid>,
    newest: String,
    is_marked: bool,
}

impl Looking {
    fn take(&mut self, entry: Entry) {
        let Ok(marked) = Marked::of(entry) else {
            self.is_marked = false;
            return;
        };
        match self.left.remove(&marked.uuid) {
            Some(Mark::UNSURE) => self.unsure.push(marked.uuid),
            Some(mark) if mark == marked.mark => {}
            _ => {
                self.changed.insert(marked.uuid, marked.csn.clone());
            }
        }
        if marked.csn > self.newest {
            self.newest = marked.csn;
        }
    }
}

/// What has changed since the last time.
pub(super) struct Changes {
    pub(super) changed: Vec<Marked>,
    gone: Vec<Uuid>,
    identity: Identity,
}

impl Changes {
    pub(super) fn put(mut self, mirror: &mut Mirror, container: &Dn) -> Result<(), MirrorError> {
        let update = mirror.update(container)?;
        for uuid in self.gone {
            update.remove(uuid)?;
        }
        for marked in &self.changed {
            update.put(marked)?;
            if marked.csn > self.identity.newest {
                self.identity.newest.clone_from(&marked.csn);
            }
        }
        update.set_identity(&self.identity, None)?;
        update.commit()
    }
}
