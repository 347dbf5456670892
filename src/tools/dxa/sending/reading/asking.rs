//! Asking what a search does not show: whether an attribute that decides on the consent of an entry, or that a filter rule is
//! about, is missing or hidden (`spec/exchange.md` NT-02, LD-12).
//!
//! A question costs a comparison. They are asked only of entries that have no such attribute, when these are read whole: once
//! for each change of them and once for each whole reading, many on their way at a time. What is hidden is kept with the
//! entry.

use std::thread;

use crate::directory::consent::UNREADABLE;
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::ldap::{Comparison, Connection as Link};
use crate::directory::schema;
use crate::tools::dxa::agent::connect;
use crate::tools::dxa::config::{Config, Directory};
use crate::tools::dxa::containers::container::unread;
use crate::tools::exit::ToolError;

/// Entries that are held back for one round of questions.
const ROUND: usize = 500;

/// Questions that are on their way at a time.
const WINDOW: usize = 64;

/// Who asks, over a connection of its own: on that of a search nothing can be asked while it goes on.
pub(super) struct Asking<'c> {
    directory: &'c Directory,
    attributes: Vec<&'c str>,
    link: Option<Link>,
    held: Vec<Entry>,
}

impl<'c> Asking<'c> {
    pub(super) fn new(config: &'c Config) -> Self {
        let connections = config.connections.iter();
        let mut attributes: Vec<_> = connections
            .flat_map(|connection| connection.export.conditions.asked())
            .collect();
        attributes.sort_unstable();
        attributes.dedup();
        Self {
            directory: &config.directory,
            attributes,
            link: None,
            held: Vec::new(),
        }
    }

    /// Returns what is asked for: what was read without being asked about is not what is wanted.
    pub(super) fn asked(&self) -> Vec<String> {
        let asked = self.attributes.iter();
        asked.map(|name| format!("{UNREADABLE} {name}")).collect()
    }

    /// Hands an entry over, or holds it back until enough of them are to be asked about.
    pub(super) fn take(
        &mut self,
        entry: Entry,
        hand_over: &mut impl FnMut(Entry) -> Result<(), ToolError>,
    ) -> Result<(), ToolError> {
        if self.missing(&entry).next().is_none() {
            return hand_over(entry);
        }
        self.held.push(entry);
        match self.held.len() < ROUND {
            true => Ok(()),
            false => self.finish(hand_over),
        }
    }

    /// Asks about the entries that were held back, and hands them over.
    pub(super) fn finish(
        &mut self,
        hand_over: &mut impl FnMut(Entry) -> Result<(), ToolError>,
    ) -> Result<(), ToolError> {
        let mut held = std::mem::take(&mut self.held);
        self.mark(&mut held)?;
        held.into_iter().try_for_each(hand_over)
    }

    /// Notes in entries what is hidden of them. What cannot be asked counts as hidden: that leaves the other side as it is.
    pub(super) fn mark(&mut self, entries: &mut [Entry]) -> Result<(), ToolError> {
        let mut questions: Vec<(usize, &str)> = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            questions.extend(self.missing(entry).map(|attribute| (at, attribute)));
        }
        if questions.is_empty() {
            return Ok(());
        }
        let (directory, link) = (self.directory, &mut self.link);
        let asked: Vec<(&Dn, &str)> = questions
            .iter()
            .map(|&(at, attribute)| (&entries[at].dn, attribute))
            .collect();
        // The search that shows the entries may wait in this thread.
        let answers = thread::scope(|scope| {
            let asking = scope.spawn(|| {
                let link = match link {
                    Some(link) => link,
                    None => link.insert(connect(directory)?),
                };
                link.presences(&asked, WINDOW).map_err(unread)
            });
            asking.join().expect("no panic")
        })?;
        for ((at, attribute), answer) in questions.into_iter().zip(answers) {
            if !matches!(answer, Ok(Comparison::Absent)) {
                entries[at].attributes.add(UNREADABLE, attribute);
            }
        }
        Ok(())
    }

    fn missing<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'c str> + use<'a, 'c> {
        let is_holder = !self.attributes.is_empty() && schema::is_structure(&entry.attributes);
        let attributes = self.attributes.iter().copied();
        attributes.filter(move |name| !is_holder && entry.attributes.values(name).is_empty())
    }
}
