//! The entries of the export containers, read whole and sorted out (`spec/exchange.md` DX-13 to DX-17).

use std::collections::{HashMap, HashSet, hash_map};

use crate::directory::charset::Charset;
use crate::directory::difference::Found;
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::key::SyncKey;
use crate::directory::note::Note;
use crate::directory::outgoing::{Decision, ExportKinds, ExportRules, SentLine, decide};
use crate::directory::schema;
use crate::directory::template_map::TemplateMap;
use crate::directory::x400::X121Spelling;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::exit::ToolError;

use super::exporting::Wish;
use super::reading::ReadingDone;

/// The entries of the export containers, sorted out.
#[derive(Default)]
pub(in crate::tools::dxa) struct Source {
    pub(in crate::tools::dxa) found: Vec<Found>,
    pub(in crate::tools::dxa) skipped: Vec<(SyncKey, Note)>,
    pub(in crate::tools::dxa) notes: Vec<(Dn, Note)>,
    pub(in crate::tools::dxa) withheld: Vec<(Dn, Note)>,
    /// Entries that cannot go as they are.
    pub(in crate::tools::dxa) held: Vec<Held>,
    pub(in crate::tools::dxa) considered: u64,
    /// How each container was read.
    pub(in crate::tools::dxa) readings: Vec<ReadingDone>,
    /// The same entries counted another way, where that was done.
    pub(in crate::tools::dxa) recount: Option<Recount>,
    /// Names of the entries that were read, with the place of their container among all.
    seen: HashMap<String, usize>,
    /// Entries that only hold others.
    holders: HashSet<String>,
}

/// An entry that cannot go as it is.
pub(in crate::tools::dxa) struct Held {
    pub(in crate::tools::dxa) dn: Dn,
    pub(in crate::tools::dxa) container: Dn,
    pub(in crate::tools::dxa) key: SyncKey,
    pub(in crate::tools::dxa) lines: Vec<SentLine>,
    pub(in crate::tools::dxa) note: Note,
}

/// Entries counted by their names alone (NT-01).
#[derive(Debug, Clone, Default)]
pub(in crate::tools::dxa) struct Recount {
    /// How many there are.
    pub(in crate::tools::dxa) entries: u64,
    /// Names that only one of the two ways has seen.
    pub(in crate::tools::dxa) differing: Vec<String>,
}

impl Agent<'_> {
    /// Reads the export containers whole: whatever is missing of one would be taken for deleted (DX-13).
    pub(in crate::tools::dxa) fn source(
        &mut self,
        connection: &Connection,
        wish: &Wish,
        outgoing: Option<&TemplateMap>,
        owned: &[(String, String)],
    ) -> Result<Source, ToolError> {
        if connection.export.containers.is_empty() {
            let text = format!("connection {}: export-containers is empty", connection.name);
            return Err(ToolError::usage(text));
        }
        let rules = rules(connection, wish, outgoing, owned);
        self.knows_attributes(connection)?;
        let mut source = Source {
            recount: Some(Recount::default()),
            ..Source::default()
        };
        let export = &connection.export;
        for (place, container) in export.containers.iter().enumerate() {
            self.sees_export(container, outgoing, &export.conditions)?;
            let interrupt = self.interrupt.clone();
            let read = self.entries(container, &mut |entry| {
                source.take(entry, place, container, &rules);
                interrupt.check()
            });
            let reading = read.map_err(|error| {
                let text = format!(
                    "connection {}: export container {container}: {}",
                    connection.name, error.message
                );
                ToolError::new(error.exit, text)
            })?;
            if let Some(because) = reading.why_all().filter(|_| !self.dry_run) {
                let event = Event::new(Severity::Info, "the export container is read whole");
                let event = event.with("connection", &connection.name);
                let event = event.with("container", container);
                self.say(event.with("because", because));
            }
            match reading.why_all() {
                Some(_) if !self.dry_run => self.recount(&mut source, place, container)?,
                // What was not read is not counted: who reads changes only wants it to cost little.
                _ => source.recount = None,
            }
            source.readings.push(reading);
        }
        Ok(source)
    }

    /// Counts the entries of a container another way: all names, and nothing else. What a filter, a page or a fault of ours
    /// keeps from the one is in the other (NT-01).
    fn recount(
        &mut self,
        source: &mut Source,
        place: usize,
        container: &Dn,
    ) -> Result<(), ToolError> {
        let Some(mut recount) = source.recount.take() else {
            return Ok(());
        };
        let mut left: HashSet<&str> = HashSet::new();
        left.extend(
            source
                .seen
                .iter()
                .filter(|(_, of)| **of == place)
                .map(|(key, _)| &key[..]),
        );
        let mut fresh = HashSet::new();
        self.names_in(container, &mut |dn| {
            let key = dn.key();
            if source.holders.contains(&key) {
                return;
            }
            match source.seen.get(&key) {
                Some(of) if *of == place => recount.entries += u64::from(left.remove(&key[..])),
                Some(_) => {}
                None => {
                    if fresh.insert(key) {
                        recount.entries += 1;
                        recount.differing.push(dn.to_string());
                    }
                }
            }
        })?;
        let mut left: Vec<_> = left.into_iter().map(str::to_owned).collect();
        left.sort();
        recount.differing.extend(left);
        source.recount = Some(recount);
        Ok(())
    }
}

/// Returns what decides which entries leave.
pub(in crate::tools::dxa) fn rules<'r>(
    connection: &'r Connection,
    wish: &'r Wish,
    outgoing: Option<&'r TemplateMap>,
    owned: &'r [(String, String)],
) -> ExportRules<'r> {
    let export = &connection.export;
    ExportRules {
        own_source: &connection.import.owner,
        kinds: ExportKinds {
            people: true,
            groups: export.groups,
            remote: export.custom_recipients,
        },
        types: &wish.types,
        as_proxy: export.as_proxy,
        trust_limit: Some(export.trust),
        owned,
        relay: export.relay,
        templates: outgoing,
        charset: Charset::Page(connection.code_page),
        strict_charset: export.strict_charset,
        x121: X121Spelling::Plain,
        conditions: &export.conditions,
    }
}

impl Source {
    fn take(&mut self, entry: Entry, place: usize, container: &Dn, rules: &ExportRules<'_>) {
        let key = entry.dn.key();
        if schema::is_structure(&entry.attributes) {
            self.holders.insert(key);
            return;
        }
        match self.seen.entry(key) {
            hash_map::Entry::Occupied(_) => return,
            hash_map::Entry::Vacant(vacant) => vacant.insert(place),
        };
        self.considered += 1;
        match decide(&entry, rules) {
            Decision::Export(record, notes) => {
                let notes = notes.into_iter().map(|note| (entry.dn.clone(), note));
                self.notes.extend(notes);
                self.found.push(Found {
                    dn: entry.dn,
                    container: container.clone(),
                    record: *record,
                    is_held: false,
                });
            }
            Decision::Skip { key, note } => {
                if let Some(key) = key {
                    self.skipped.push((key, note.clone()));
                }
                self.withheld.push((entry.dn, note));
            }
            Decision::Hold { key, lines, note } => self.held.push(Held {
                dn: entry.dn,
                container: container.clone(),
                key,
                lines,
                note,
            }),
        }
    }
}
