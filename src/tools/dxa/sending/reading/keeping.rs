//! Keeping what is read.

use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::mirror::{Identity, Marked, Mirror, Update};

/// A mirror on its way; that it does not come about harms nobody.
pub(super) struct Keeping<'m> {
    update: Result<Update<'m>, String>,
    identity: Identity,
}

impl<'m> Keeping<'m> {
    pub(super) fn begin(mirror: &'m mut Mirror, container: &Dn, identity: Identity) -> Self {
        let update = mirror.update(container).and_then(|update| {
            update.clear()?;
            Ok(update)
        });
        Self {
            update: update.map_err(|error| error.to_string()),
            identity: Identity {
                newest: String::new(),
                ..identity
            },
        }
    }

    /// Keeps an entry, and returns it.
    pub(super) fn keep(&mut self, entry: Entry) -> Entry {
        let marked = match Marked::of(entry) {
            Ok(marked) => marked,
            Err(entry) => {
                self.update = Err("entries without entryUUID or entryCSN".to_owned());
                return entry;
            }
        };
        if let Ok(update) = &self.update {
            if let Err(error) = update.put(&marked) {
                self.update = Err(error.to_string());
            }
        }
        if marked.csn > self.identity.newest {
            self.identity.newest = marked.csn;
        }
        marked.entry
    }

    pub(super) fn end(self, now: i64) -> Result<(), String> {
        let update = self.update?;
        let kept = update.set_identity(&self.identity, Some(now));
        kept.and_then(|()| update.commit())
            .map_err(|error| error.to_string())
    }
}
