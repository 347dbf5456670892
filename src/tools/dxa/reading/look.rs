//! Looking which entries of a container have changed.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::filter::Filter;
use crate::directory::ldap::{Incomplete, LdapError};
use crate::directory::mirror::{self, Identity, Known, Mark, Marked, Mirror, MirrorError, Uuid};
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::container::unread;
use crate::tools::exit::ToolError;

/// What is read beside entries that have changed: a filter by time brings others along.
const BESIDE: usize = 1_000;

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
            newest: String::new(),
            is_marked: true,
        };
        let names = [mirror::UUID, mirror::CSN].map(String::from);
        let search = self.search_in(container, &names);
        let interrupt = self.interrupt.clone();
        let mut stopped = None;
        let read = self.directory.search(&search, |entry| {
            looking.take(entry);
            match interrupt.check() {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    stopped = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        if let Some(error) = stopped {
            return Err(error);
        }
        read.map_err(unread)?;
        if !looking.is_marked {
            return Ok(Err("entries without entryUUID or entryCSN".to_owned()));
        }
        if known.identity.is_set_back(&looking.newest) {
            return Ok(Err("its newest entry is gone or was set back".to_owned()));
        }
        if looking.changed.len() > all / 2 {
            return Ok(Err("most of it has changed".to_owned()));
        }
        let changed = match self.read_changed(container, attributes, &looking.changed)? {
            Ok(changed) => changed,
            Err(why) => return Ok(Err(why)),
        };
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
        let mut is_marked = true;
        let read = self.directory.search(&search, |entry| {
            match Marked::of(entry) {
                Ok(marked) => found.push(marked),
                Err(_) => is_marked = false,
            }
            match is_marked && found.len() <= limit {
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
        let read: HashSet<_> = found.iter().map(|marked| marked.uuid).collect();
        match changed.keys().all(|uuid| read.contains(uuid)) {
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
    newest: String,
    is_marked: bool,
}

impl Looking {
    fn take(&mut self, entry: Entry) {
        let Ok(marked) = Marked::of(entry) else {
            self.is_marked = false;
            return;
        };
        if self.left.remove(&marked.uuid) != Some(marked.mark) {
            self.changed.insert(marked.uuid, marked.csn.clone());
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
