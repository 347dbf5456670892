//! What a run removes is kept first, as LDIF that `ldapadd` takes back (`spec/exchange.md` NT-07; design, section 5).

use std::io;
use std::path::{Path, PathBuf};

use crate::directory::entry::Entry;
use crate::directory::import::{Change, Fate, Snapshot, Write};
use crate::directory::ldif::{VersionLine, Writer};
use crate::plan::outcome::Outcome;
use crate::tools::cli::clock::Clock;
use crate::tools::exit::ToolError;
use crate::tools::outfile::OutFile;

use super::agent::Agent;
use super::config::Connection;
use super::container;
use super::event::{Event, Severity};
use super::home::unusable;
use super::importing::container_of;

impl Agent<'_> {
    /// Writes the entries that go because a list lacks them into a file of `removed/`, durably, before the first of them
    /// goes.
    pub(super) fn keep_removed(
        &mut self,
        connection: &Connection,
        snapshot: &Snapshot,
        fates: &[Fate],
        writes: &[Write],
    ) -> Result<(), ToolError> {
        let is_swept = |write: &&Write| {
            let fate = fates.get(write.fate);
            matches!(write.change, Change::Delete { .. })
                && fate.is_some_and(|fate| fate.outcome == Outcome::Swept)
        };
        let swept = writes.iter().filter(is_swept);
        let held = swept.filter_map(|write| snapshot.get(&write.key));
        let names: Vec<_> = held.map(|held| held.dn.clone()).collect();
        let container = container_of(connection)?;
        let page = self.config.directory.page_size;
        let entries = container::read_entries(&mut self.directory, container, &names, page)?;
        if entries.is_empty() {
            return Ok(());
        }
        let path = self.write_removed(&connection.name, &entries)?;
        let event = Event::new(Severity::Info, "what the list lacks is kept before it goes");
        let event = event.with("connection", &connection.name);
        let event = event.with("entries", entries.len());
        self.say(event.with("file", path.display()));
        Ok(())
    }

    /// Writes entries into a new file of `removed/`, durably; those that hold others come first.
    pub(super) fn write_removed(
        &self,
        name: &str,
        entries: &[Entry],
    ) -> Result<PathBuf, ToolError> {
        keep(&self.home.removed(), &self.clock, name, entries)
    }
}

/// Writes entries into a new file of a folder, durably.
pub(super) fn keep(
    folder: &Path,
    clock: &Clock,
    name: &str,
    entries: &[Entry],
) -> Result<PathBuf, ToolError> {
    let moment = clock.now().strftime("%Y%m%dT%H%M%SZ");
    let path = free(folder, &format!("{moment}-{name}"));
    write(&path, entries).map_err(|error| unusable(&path, error))?;
    Ok(path)
}

fn write(path: &Path, entries: &[Entry]) -> io::Result<()> {
    let mut writer = Writer::new(OutFile::create(path)?, VersionLine::Written);
    for entry in entries {
        writer.entry(entry)?;
    }
    writer.finish()?.put_in_place()
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
