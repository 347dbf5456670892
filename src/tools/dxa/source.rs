//! The entries of the export containers, read whole and sorted out (`spec/exchange.md` DX-13 to DX-17).

use std::collections::HashSet;

use crate::directory::charset::Charset;
use crate::directory::difference::Found;
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::key::SyncKey;
use crate::directory::note::Note;
use crate::directory::outgoing::{Decision, ExportKinds, ExportRules, decide};
use crate::directory::schema;
use crate::directory::template_map::TemplateMap;
use crate::directory::x400::X121Spelling;
use crate::tools::exit::ToolError;

use super::agent::Agent;
use super::config::Connection;
use super::event::{Event, Severity};
use super::exporting::Wish;
use super::reading::ReadingDone;

/// The entries of the export containers, sorted out.
#[derive(Default)]
pub(super) struct Source {
    pub(super) found: Vec<Found>,
    pub(super) skipped: Vec<(SyncKey, Note)>,
    pub(super) notes: Vec<(Dn, Note)>,
    pub(super) withheld: Vec<(Dn, Note)>,
    pub(super) considered: u64,
    /// How each container was read.
    pub(super) readings: Vec<ReadingDone>,
    seen: HashSet<String>,
}

impl Agent<'_> {
    /// Reads the export containers whole: whatever is missing of one would be taken for deleted (DX-13).
    pub(super) fn source(
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
        let mut source = Source::default();
        for container in &connection.export.containers {
            self.sees_export(container, outgoing)?;
            let interrupt = self.interrupt.clone();
            let read = self.entries(container, &mut |entry| {
                source.take(entry, container, &rules);
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
            source.readings.push(reading);
        }
        Ok(source)
    }
}

/// Returns what decides which entries leave.
pub(super) fn rules<'r>(
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
    }
}

impl Source {
    fn take(&mut self, entry: Entry, container: &Dn, rules: &ExportRules<'_>) {
        if schema::is_structure(&entry.attributes) || !self.seen.insert(entry.dn.key()) {
            return;
        }
        self.considered += 1;
        match decide(&entry, rules) {
            Decision::Export(record, notes) => {
                let notes = notes.into_iter().map(|note| (entry.dn.clone(), note));
                self.notes.extend(notes);
                self.found.push(Found {
                    dn: entry.dn,
                    container: container.clone(),
                    record: *record,
                });
            }
            Decision::Skip { key, note } => {
                if let Some(key) = key {
                    self.skipped.push((key, note.clone()));
                }
                self.withheld.push((entry.dn, note));
            }
        }
    }
}
