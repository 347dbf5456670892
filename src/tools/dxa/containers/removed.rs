//! What a run removes is kept first, as LDIF that `ldapadd` takes back (`spec/exchange.md` NT-07; design, section 5).

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};

use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::ldif::{VersionLine, Writer};
use crate::tools::cli::clock::Clock;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::home::unusable;
use crate::tools::exit::ToolError;
use crate::tools::outfile::OutFile;

use super::container;
use super::importing::{Plan, container_of};

impl Agent<'_> {
    /// Writes the entries that go because a list lacks them into a file of `removed/`, durably, before the first of them
    /// goes.
    pub(in crate::tools::dxa) fn keep_removed(
        &mut self,
        connection: &Connection,
        plan: &mut Plan,
    ) -> Result<(), ToolError> {
        if plan.swept() == 0 {
            return Ok(());
        }
        let container = container_of(connection)?;
        let mut keeper = Keeper::new(&self.home.removed(), &self.clock, &connection.name);
        let directory = &mut self.directory;
        let mut take = |entry: Entry| keeper.keep(&entry);
        if plan.swept() <= container::FEW {
            plan.each_swept(|dn| container::visit_entry(directory, &dn, &mut take))?;
        } else {
            let hashing = [RandomState::new(), RandomState::new()];
            let of = |dn: &Dn| {
                let key = dn.key();
                hashing.each_ref().map(|hashing| hashing.hash_one(&key))
            };
            let mut wanted = HashSet::with_capacity(plan.swept());
            plan.each_swept(|dn| {
                wanted.insert(of(&dn));
                Ok(())
            })?;
            let is_wanted = |dn: &Dn| wanted.contains(&of(dn));
            let page = self.config.directory.page_size;
            container::visit_entries(directory, container, &is_wanted, page, &mut take)?;
        }
        let Some((path, count)) = keeper.finish()? else {
            return Ok(());
        };
        let event = Event::new(Severity::Info, "what the list lacks is kept before it goes");
        let event = event.with("connection", &connection.name);
        let event = event.with("entries", count);
        self.say(event.with("file", path.display()));
        Ok(())
    }

    /// Writes entries into a new file of `removed/`, durably; those that hold others come first.
    pub(in crate::tools::dxa) fn write_removed(
        &self,
        name: &str,
        entries: &[Entry],
    ) -> Result<PathBuf, ToolError> {
        keep(&self.home.removed(), &self.clock, name, entries)
    }
}

/// Writes entries into a new file of a folder, durably.
pub(in crate::tools::dxa) fn keep(
    folder: &Path,
    clock: &Clock,
    name: &str,
    entries: &[Entry],
) -> Result<PathBuf, ToolError> {
    let mut keeper = Keeper::new(folder, clock, name);
    keeper.begin()?;
    entries.iter().try_for_each(|entry| keeper.keep(entry))?;
    let path = keeper.path.clone();
    keeper.finish()?;
    Ok(path)
}

/// A new file that entries go into one by one; there is none as long as there is no entry.
struct Keeper {
    path: PathBuf,
    writer: Option<Writer<OutFile>>,
    count: usize,
}

impl Keeper {
    fn new(folder: &Path, clock: &Clock, name: &str) -> Self {
        let moment = clock.now().strftime("%Y%m%dT%H%M%SZ");
        Self {
            path: free(folder, &format!("{moment}-{name}")),
            writer: None,
            count: 0,
        }
    }

    fn begin(&mut self) -> Result<&mut Writer<OutFile>, ToolError> {
        if self.writer.is_none() {
            let file = OutFile::create(&self.path).map_err(|error| unusable(&self.path, error))?;
            self.writer = Some(Writer::new(file, VersionLine::Written));
        }
        Ok(self.writer.as_mut().expect("just put there"))
    }

    fn keep(&mut self, entry: &Entry) -> Result<(), ToolError> {
        let written = self.begin()?.entry(entry);
        self.count += 1;
        written.map_err(|error| unusable(&self.path, error))
    }

    /// Puts the file in its place; returns its path, and how many entries it has.
    fn finish(self) -> Result<Option<(PathBuf, usize)>, ToolError> {
        let Some(writer) = self.writer else {
            return Ok(None);
        };
        let written = writer.finish().and_then(OutFile::put_in_place);
        written.map_err(|error| unusable(&self.path, error))?;
        Ok(Some((self.path, self.count)))
    }
}

/// Returns a name that nothing has. Only the run that has the folder makes files there.
fn free(folder: &Path, name: &str) -> PathBuf {
    let first = folder.join(format!("{name}.ldif"));
    let more = (2..).map(|number| folder.join(format!("{name}-{number}.ldif")));
    let mut names = std::iter::once(first).chain(more);
    names
        .find(|path| !path.exists())
        .expect("numbers do not end before names do")
}
