//! Reading an export container: whole, or what has changed since the last time beside what was read then (`spec/exchange.md`
//! DX-12, LD-09, LD-10).
//!
//! Both ways give the same entries. What only a whole read sees, since no entry changes with it, is another access rule; that
//! is why there is one in a while, whatever is known.

mod asking;
mod keeping;
mod look;

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;

use serde::Serialize;

use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::ldap::{Incomplete, LdapError, Scope, Search};
use crate::directory::mirror::{self, Identity, Known, Marked, Mirror, MirrorError};
use crate::directory::schema;
use crate::directory::template_map::TemplateRule;
use crate::tools::dxa::agent::{Agent, templates};
use crate::tools::dxa::config::Direction;
use crate::tools::dxa::containers::container::unread;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::exit::{ExitCode, ToolError};

use asking::Asking;
use keeping::Keeping;

/// Last change of each server of a tree (the server's own note of it).
const CONTEXT_CSN: &str = "contextCSN";

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
pub(in crate::tools::dxa) struct ReadingDone {
    container: String,
    /// Entries that were read whole.
    entries: usize,
    /// Why all were; none where only changes were.
    all_because: Option<String>,
}

impl ReadingDone {
    /// Returns why all entries were read; none where only changes were.
    pub(in crate::tools::dxa) fn why_all(&self) -> Option<&str> {
        self.all_because.as_deref()
    }
}

/// Why a container was not read with the help of what is known.
enum Failed {
    /// That cannot be used.
    Mirror(MirrorError),
    /// The run ends.
    Run(ToolError),
}

impl From<MirrorError> for Failed {
    fn from(error: MirrorError) -> Self {
        Self::Mirror(error)
    }
}

impl From<ToolError> for Failed {
    fn from(error: ToolError) -> Self {
        Self::Run(error)
    }
}

/// What becomes of each entry; the reading ends early with an error.
pub(in crate::tools::dxa) type Sink<'a> = dyn FnMut(Entry) -> Result<(), ToolError> + 'a;

impl Agent<'_> {
    /// Hands every entry of a container over.
    pub(in crate::tools::dxa) fn entries(
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
        match self.entries_by_mirror(container, &attributes, sink) {
            Ok(done) => Ok(done),
            Err(Failed::Run(error)) => Err(error),
            Err(Failed::Mirror(error)) => {
                let because = "what was read before cannot be used";
                let event = Event::new(Severity::Warn, because);
                self.say(event.with("because", error));
                let _gone = fs::remove_file(self.home.mirror());
                self.read_whole(container, &attributes, None, because, sink)
            }
        }
    }

    /// The same with the help of what is known. That this cannot be used shows before any entry is handed over.
    fn entries_by_mirror(
        &mut self,
        container: &Dn,
        attributes: &[String],
        sink: &mut Sink<'_>,
    ) -> Result<ReadingDone, Failed> {
        let mut mirror = Mirror::open(&self.home.mirror())?;
        let mut read = 0;
        if !self.fresh.contains(&container.key()) {
            let known = mirror.known(container)?;
            let identity = self.identity(attributes)?;
            let looked = match (known, &identity) {
                (_, None) => Err("the directory does not say which it is".to_owned()),
                (None, Some(_)) => Err("it was not read before".to_owned()),
                (Some(known), Some(identity)) => match self.doubt(&known, identity) {
                    Some(because) => Err(because),
                    None => {
                        self.look_for_changes(container, attributes, known, identity.clone())?
                    }
                },
            };
            let changes = match looked {
                Ok(changes) => changes,
                Err(because) => {
                    let kept = identity.map(|identity| (&mut mirror, identity));
                    return Ok(self.read_whole(container, attributes, kept, &because, sink)?);
                }
            };
            read = changes.changed.len();
            changes.put(&mut mirror, container)?;
            self.fresh.insert(container.key());
        }
        mirror.check(container)?;
        let mut stopped = None;
        let handed = mirror.entries(container, |entry| match sink(entry) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                stopped = Some(error);
                ControlFlow::Break(())
            }
        });
        if let Some(error) = stopped {
            return Err(error.into());
        }
        // It was whole a moment ago.
        handed.map_err(|error| ToolError::new(ExitCode::Busy, error.to_string()))?;
        Ok(ReadingDone {
            container: container.to_string(),
            entries: read,
            all_because: None,
        })
    }

    /// Says why what is known is not relied on.
    fn doubt(&self, known: &Known, identity: &Identity) -> Option<String> {
        if let Some(doubt) = known.identity.doubt(identity) {
            return Some(doubt.to_string());
        }
        let age = self.clock.now().as_second().abs_diff(known.read_at) / 3600;
        (age >= self.config.directory.full_read_hours).then(|| format!("that was {age} hours ago"))
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
        let mut search = self.search_in(container, attributes);
        search
            .attributes
            .extend([mirror::UUID, mirror::CSN].map(String::from));
        let mut keeping =
            kept.map(|(mirror, identity)| Keeping::begin(mirror, container, identity));
        let mut hand_over = |entry| {
            sink(match &mut keeping {
                Some(keeping) => keeping.keep(entry),
                None => match Marked::of(entry) {
                    Ok(marked) => marked.entry,
                    Err(entry) => entry,
                },
            })
        };
        let mut asking = Asking::new(self.config);
        let take = |entry| asking.take(entry, &mut hand_over);
        let entries = self.directory.for_each(&search, take)?.map_err(unread)?;
        asking.finish(&mut hand_over)?;
        match keeping.map(|keeping| keeping.end(now)) {
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

    /// Hands over the names of all entries of a container: read another time, with nothing that could hold one back.
    pub(in crate::tools::dxa) fn names_in(
        &mut self,
        container: &Dn,
        take: &mut dyn FnMut(Dn),
    ) -> Result<(), ToolError> {
        let search = self.search_in(container, &[mirror::UUID.to_owned()]);
        let interrupt = self.interrupt.clone();
        let read = self.directory.for_each(&search, |entry| {
            take(entry.dn);
            interrupt.check()
        })?;
        read.map(|_| ()).map_err(unread)
    }

    fn search_in(&self, container: &Dn, attributes: &[String]) -> Search {
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
            wanted.extend(rules.flat_map(TemplateRule::attributes).map(str::to_owned));
            let conditions = connection.export.conditions.attributes().into_iter();
            wanted.extend(conditions.map(|named| named.attribute));
        }
        Ok(wanted.into_iter().collect())
    }

    /// Finds out which directory this is; none where it does not say.
    fn identity(&mut self, attributes: &[String]) -> Result<Option<Identity>, ToolError> {
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
            attributes: [attributes, &Asking::new(self.config).asked()].concat(),
            ..Identity::default()
        };
        let servers = root.attributes.values(CONTEXT_CSN).iter();
        identity.put_servers(servers.filter_map(|csn| std::str::from_utf8(csn).ok()));
        Ok(Some(identity))
    }
}
