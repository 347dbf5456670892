//! Reading an export container: whole, or what has changed since the last time beside what was read then (`spec/exchange.md`
//! DX-12, LD-09, LD-10).
//!
//! Both ways give the same entries. What only a whole read sees, since no entry changes with it, is another access rule; that
//! is why there is one in a while, whatever is known.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::ops::ControlFlow;

use serde::Serialize;

use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::filter::Filter;
use crate::directory::ldap::{Incomplete, LdapError, Scope, Search};
use crate::directory::mirror::{self, Identity, Known, Marked, Mirror, MirrorError, Uuid};
use crate::directory::schema;
use crate::tools::exit::{ExitCode, ToolError};

use super::agent::{Agent, templates};
use super::config::Direction;
use super::container::unread;
use super::event::{Event, Severity};

/// Last change of each server of a tree (the server's own note of it).
const CONTEXT_CSN: &str = "contextCSN";

/// What is read beside entries that have changed: a filter by time brings others along.
const BESIDE: usize = 1_000;

/// What every export depends on, beside what lines go out.
const ATTRIBUTES: [&str; 10] = [
    schema::OBJECT_CLASS,
    schema::HIDDEN,
    schema::EXPORT,
    schema::TRUST_LEVEL,
    schema::IMPORTED_FROM,
    schema::ADDRESS,
    schema::PROXY_PRIMARY,
    schema::DISPLAY_NAME,
    schema::CN,
    schema::TEMPLATE,
];

/// How a container was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ReadingDone {
    container: String,
    /// Entries that were read whole.
    entries: usize,
    /// Why all were; none where only changes were.
    all_because: Option<String>,
}

impl ReadingDone {
    /// Returns why all entries were read; none where only changes were.
    pub(super) fn why_all(&self) -> Option<&str> {
        self.all_because.as_deref()
    }
}

/// What becomes of each entry; the reading ends early with an error.
pub(super) type Sink<'a> = dyn FnMut(Entry) -> Result<(), ToolError> + 'a;

impl Agent<'_> {
    /// Hands every entry of a container over.
    pub(super) fn entries(
        &mut self,
        container: &Dn,
        sink: &mut Sink<'_>,
    ) -> Result<ReadingDone, ToolError> {
        let attributes = self.wanted_attributes()?;
        let hours = self.config.directory.full_read_hours;
        // A dry run leaves every byte as it is.
        if self.dry_run || hours == 0 {
            let because = match self.dry_run {
                true => "it is a dry run",
                false => "full-read-hours is 0",
            };
            return self.read_whole(container, &attributes, None, because, sink);
        }
        let path = self.home.mirror();
        match self.entries_by_mirror(container, attributes.clone(), sink)? {
            Ok(done) => Ok(done),
            Err(error) => {
                let event = Event::new(Severity::Warn, "what was read before cannot be used");
                self.say(event.with("because", &error));
                let _gone = fs::remove_file(&path);
                let because = "what was read before cannot be used";
                self.read_whole(container, &attributes, None, because, sink)
            }
        }
    }

    /// The same with the help of what is known; an inner error is one of that, before any entry was handed over.
    fn entries_by_mirror(
        &mut self,
        container: &Dn,
        attributes: Vec<String>,
        sink: &mut Sink<'_>,
    ) -> Result<Result<ReadingDone, MirrorError>, ToolError> {
        macro_rules! or_whole {
            ($known:expr) => {
                match $known {
                    Ok(known) => known,
                    Err(error) => return Ok(Err(error)),
                }
            };
        }
        let mut mirror = or_whole!(Mirror::open(&self.home.mirror()));
        let mut read = 0;
        if !self.fresh.contains(&container.key()) {
            let known = or_whole!(mirror.known(container));
            let identity = self.identity(attributes.clone())?;
            let now = self.clock.now().as_second();
            let because = match (&identity, &known) {
                (None, _) => Some("the directory does not say which it is".to_owned()),
                (Some(_), None) => Some("it was not read before".to_owned()),
                (Some(identity), Some(known)) => {
                    let age = now.abs_diff(known.read_at) / 3600;
                    let is_old = age >= self.config.directory.full_read_hours;
                    let doubt = known.identity.doubt(identity);
                    let doubt = doubt.map(|doubt| doubt.to_string());
                    doubt.or_else(|| is_old.then(|| format!("that was {age} hours ago")))
                }
            };
            let looked = match (because, known, identity.clone()) {
                (None, Some(known), Some(identity)) => {
                    self.look_for_changes(container, &attributes, known, identity)?
                }
                (because, ..) => Err(because.unwrap_or_default()),
            };
            let changes = match looked {
                Ok(changes) => changes,
                Err(because) => {
                    let kept = identity.map(|identity| (&mut mirror, identity));
                    let done = self.read_whole(container, &attributes, kept, &because, sink)?;
                    return Ok(Ok(done));
                }
            };
            read = changes.changed.len();
            or_whole!(changes.put(&mut mirror, container));
            self.fresh.insert(container.key());
        }
        // Before any is handed over: damage must not show half way.
        or_whole!(mirror.check(container));
        let mut stopped = None;
        let handed = mirror.entries(container, |entry| match sink(entry) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                stopped = Some(error);
                ControlFlow::Break(())
            }
        });
        if let Some(error) = stopped {
            return Err(error);
        }
        handed.map_err(|error| ToolError::new(ExitCode::Busy, error.to_string()))?;
        Ok(Ok(ReadingDone {
            container: container.to_string(),
            entries: read,
            all_because: None,
        }))
    }

    /// Reads every entry, and keeps what is read where that is wanted and can be.
    fn read_whole(
        &mut self,
        container: &Dn,
        attributes: &[String],
        kept: Option<(&mut Mirror, Identity)>,
        because: &str,
        sink: &mut Sink<'_>,
    ) -> Result<ReadingDone, ToolError> {
        let now = self.clock.now().as_second();
        let mut search = self.search(container, attributes);
        search
            .attributes
            .extend([mirror::UUID, mirror::CSN].map(String::from));
        let mut copy = kept.map(|(mirror, identity)| Copy::begin(mirror, container, identity));
        let mut stopped = None;
        let read = self.directory.search(&search, |entry| {
            let entry = match &mut copy {
                Some(copy) => copy.keep(entry),
                None => match Marked::of(entry) {
                    Ok(marked) => marked.entry,
                    Err(entry) => entry,
                },
            };
            match sink(entry) {
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
        let entries = read.map_err(unread)?;
        match copy.map(|copy| copy.end(now)) {
            Some(Ok(())) => {
                self.fresh.insert(container.key());
            }
            Some(Err(why)) => {
                let event = Event::new(Severity::Info, "what was read cannot be kept");
                let event = event.with("container", container);
                self.say(event.with("because", why));
            }
            None => {}
        }
        Ok(ReadingDone {
            container: container.to_string(),
            entries,
            all_because: Some(because.to_owned()),
        })
    }

    /// Looks which entries have changed, and reads them. The text says why all must be read.
    fn look_for_changes(
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
        let search = self.search(container, &names);
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
        let mut search = self.search(container, attributes);
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

    fn search(&self, container: &Dn, attributes: &[String]) -> Search {
        let mut search = Search::new(container.clone());
        search.attributes = attributes.to_vec();
        search.page = Some(self.config.directory.page_size);
        search
    }

    /// Returns the attributes that any connection needs, so that one reading does for all.
    fn wanted_attributes(&self) -> Result<Vec<String>, ToolError> {
        let mut wanted: BTreeSet<String> = ATTRIBUTES.map(String::from).into();
        for connection in &self.config.connections {
            let map = templates(connection, Direction::sends)?;
            let rules = map.iter().flat_map(|map| map.rules());
            wanted.extend(rules.filter_map(|rule| rule.attribute.clone()));
        }
        Ok(wanted.into_iter().collect())
    }

    /// Finds out which directory this is; none where it does not say.
    fn identity(&mut self, attributes: Vec<String>) -> Result<Option<Identity>, ToolError> {
        let mut search = Search::new(self.suffix.clone());
        search.scope = Scope::Base;
        search.attributes = [mirror::UUID, CONTEXT_CSN].map(String::from).to_vec();
        let root = match self.directory.find(&search) {
            Ok(found) => found.into_iter().next(),
            // One may read the containers and not the root.
            Err(LdapError::Incomplete {
                cause: Incomplete::Result(_),
                ..
            }) => None,
            Err(error) => return Err(unread(error)),
        };
        let Some(root) = root else { return Ok(None) };
        let Some(epoch) = root.attributes.text(mirror::UUID) else {
            return Ok(None);
        };
        let mut identity = Identity {
            suffix: self.suffix.key(),
            epoch: epoch.to_owned(),
            reader: self.config.directory.bind_dn.clone(),
            attributes,
            ..Identity::default()
        };
        let servers = root.attributes.values(CONTEXT_CSN).iter();
        identity.put_servers(servers.filter_map(|csn| std::str::from_utf8(csn).ok()));
        Ok(Some(identity))
    }
}

/// What a look at all names shows.
struct Looking {
    /// Known entries that were not seen.
    left: HashMap<Uuid, mirror::Mark>,
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
struct Changes {
    changed: Vec<Marked>,
    gone: Vec<Uuid>,
    identity: Identity,
}

impl Changes {
    fn put(mut self, mirror: &mut Mirror, container: &Dn) -> Result<(), MirrorError> {
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

/// A mirror on its way; that it does not come about harms nobody.
struct Copy<'m> {
    update: Result<mirror::Update<'m>, String>,
    identity: Identity,
}

impl<'m> Copy<'m> {
    fn begin(mirror: &'m mut Mirror, container: &Dn, identity: Identity) -> Self {
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
    fn keep(&mut self, entry: Entry) -> Entry {
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

    fn end(self, now: i64) -> Result<(), String> {
        let update = self.update?;
        let kept = update.set_identity(&self.identity, Some(now));
        kept.and_then(|()| update.commit())
            .map_err(|error| error.to_string())
    }
}
