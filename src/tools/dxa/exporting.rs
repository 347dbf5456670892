//! What a connection is to be sent: the export containers, read whole, against what the ledger says was sent
//! (`spec/exchange.md` DX-12 to DX-17, DX-23 to DX-26).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

use crate::codec::timestamp::Timestamp;
use crate::directory::charset::Charset;
use crate::directory::difference::{
    Absent, Cause, Change, Found, Sent, Wanted, difference, full, settled,
};
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::key::SyncKey;
use crate::directory::ldap::Search;
use crate::directory::ledger::{ConnectionId, LedgerError, Queued, Transaction as LedgerChange};
use crate::directory::names::{self, NameRules};
use crate::directory::note::Note;
use crate::directory::outgoing::{Decision, ExportKinds, ExportRules, decide};
use crate::directory::template_map::TemplateMap;
use crate::directory::x400::X121Spelling;
use crate::plan::guard;
use crate::tools::exit::{ExitCode, ToolError};
use crate::transaction::Transaction;

use super::agent::{Agent, templates, unusable_ledger};
use super::config::{Connection, Direction, UniqueNames};
use super::container::unread;
use super::outcome::Sending;
use super::state::State;

/// What the other side asks for beside numbers.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// Address types.
    pub(super) types: Vec<String>,
    /// Template lines.
    pub(super) templates: bool,
}

impl Wish {
    /// What the configuration alone says.
    pub(super) fn of(connection: &Connection) -> Self {
        let types = connection.export.types.iter();
        Self {
            types: types.map(|kind| kind.token().to_owned()).collect(),
            templates: connection.templates.sends(),
        }
    }
}

/// What is sent, and what is known afterwards.
#[derive(Debug)]
pub(super) struct Exported {
    /// The transactions, in the order in which they must be applied.
    transactions: Vec<Transaction>,
    /// What was sent before.
    before: Vec<Sent>,
    /// What the other side has with them.
    after: Vec<Sent>,
    /// They are a full list.
    is_full: bool,
    /// What is said of them.
    pub(super) sending: Sending,
}

impl Exported {
    /// Nothing, for a connection that is sent nothing.
    pub(super) fn nothing() -> Self {
        Self {
            transactions: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            is_full: false,
            sending: Sending::default(),
        }
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.transactions.len()).unwrap_or(u32::MAX)
    }

    /// Remembers how it was made, once it is sent.
    pub(super) fn settle(&self, connection: &Connection, state: &mut State) {
        state.has_sent_list |= self.is_full;
        state.unique_names = Some(connection.export.unique_names.word().to_owned());
    }

    /// Puts the transactions behind what waits, and what is known of them beside; returns the last number.
    pub(super) fn put(
        &self,
        change: &LedgerChange<'_>,
        id: ConnectionId,
        above: u32,
        stamp: Timestamp,
    ) -> Result<u32, LedgerError> {
        let mut number = above;
        for transaction in &self.transactions {
            number += 1;
            let text = transaction.encode_queue_text();
            change.push(
                id,
                &Queued {
                    number,
                    stamp,
                    text,
                },
            )?;
        }
        if self.is_full {
            change.clear_sent(id)?;
        }
        let before: HashMap<_, _> = self.before.iter().map(|sent| (&sent.key, sent)).collect();
        let after: HashSet<_> = self.after.iter().map(|sent| &sent.key).collect();
        for sent in &self.after {
            if self.is_full || before.get(&sent.key) != Some(&sent) {
                change.put_sent(id, sent)?;
            }
        }
        for sent in self.before.iter().filter(|sent| !after.contains(&sent.key)) {
            change.remove_sent(id, &sent.key)?;
        }
        Ok(number)
    }
}

/// The entries of the export containers, sorted out.
#[derive(Default)]
struct Source {
    found: Vec<Found>,
    skipped: Vec<(SyncKey, Note)>,
    notes: Vec<(Dn, Note)>,
    withheld: Vec<(Dn, Note)>,
    considered: u64,
    seen: HashSet<String>,
}

impl Agent<'_> {
    /// Decides what is sent: the difference, or a full list. Nothing is written.
    pub(super) fn export(
        &mut self,
        connection: &Connection,
        id: ConnectionId,
        state: &State,
        wish: &Wish,
        is_full: bool,
        allowed: Option<u64>,
    ) -> Result<Exported, ToolError> {
        let mut before = Vec::new();
        let change = self.ledger.begin().map_err(unusable_ledger)?;
        change
            .sent(id, |sent| before.push(sent))
            .map_err(unusable_ledger)?;
        drop(change);
        let outgoing = match wish.templates {
            true => templates(connection, Direction::sends)?,
            false => None,
        };
        let owned = owned(connection);
        let source = self.source(connection, wish, outgoing.as_ref(), &owned)?;
        let rules = NameRules {
            unique: scope(connection.export.unique_names),
            was: state.unique_names().map(scope),
            ..NameRules::new(Charset::Page(connection.code_page))
        };
        let mut wanted = Wanted::new(source.found, &before, rules);
        let notes = std::mem::take(&mut wanted.notes);
        let absent = Absent {
            skipped: &source.skipped,
            containers: &connection.export.containers,
        };
        let changes = difference(&before, &wanted, absent);
        check(connection, before.len(), &changes, allowed)?;
        let changes = match is_full {
            true => whole(&owned, &wanted, changes),
            false => changes,
        };
        let mut sending = Sending {
            considered: source.considered,
            exported: wanted.exports.len() as u64,
            is_full,
            ..Sending::default()
        };
        for (dn, note) in &source.withheld {
            sending.skip(dn, note);
        }
        for (dn, note) in source.notes.iter().chain(&notes) {
            sending.note(dn, note);
        }
        let mut kept = Vec::new();
        let mut transactions = Vec::new();
        for change in changes {
            match change.transaction(connection.code_page, X121Spelling::Plain) {
                Ok(transaction) => {
                    sending.count(&change);
                    transactions.push(transaction);
                    kept.push(change);
                }
                Err(note) => sending.refuse(&change, &note),
            }
        }
        let after = match is_full {
            true => settled(&[], &kept),
            false => settled(&before, &kept),
        };
        Ok(Exported {
            transactions,
            before,
            after,
            is_full,
            sending,
        })
    }

    /// Reads the export containers whole: whatever is missing of one would be taken for deleted (DX-13).
    fn source(
        &mut self,
        connection: &Connection,
        wish: &Wish,
        outgoing: Option<&TemplateMap>,
        owned: &[(String, String)],
    ) -> Result<Source, ToolError> {
        let export = &connection.export;
        if export.containers.is_empty() {
            let text = format!("connection {}: export-containers is empty", connection.name);
            return Err(ToolError::usage(text));
        }
        let rules = ExportRules {
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
        };
        let mut source = Source::default();
        for container in &export.containers {
            let mut search = Search::new(container.clone());
            search.page = Some(self.config.directory.page_size);
            let interrupt = self.interrupt.clone();
            let mut stopped = None;
            self.directory
                .search(&search, |entry| {
                    source.take(entry, container, &rules);
                    match interrupt.check() {
                        Ok(()) => ControlFlow::Continue(()),
                        Err(error) => {
                            stopped = Some(error);
                            ControlFlow::Break(())
                        }
                    }
                })
                .map_err(|error| {
                    let error = unread(error);
                    let text = format!(
                        "connection {}: export container {container}: {}",
                        connection.name, error.message
                    );
                    ToolError::new(error.exit, text)
                })?;
            if let Some(error) = stopped {
                return Err(error);
            }
        }
        Ok(source)
    }
}

impl Source {
    fn take(&mut self, entry: Entry, container: &Dn, rules: &ExportRules<'_>) {
        if is_structure(&entry) || !self.seen.insert(entry.dn.key()) {
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

/// Tells whether an entry only holds others: it is nobody's address.
fn is_structure(entry: &Entry) -> bool {
    const HOLDERS: [&str; 6] = [
        "organizationalUnit",
        "organization",
        "domain",
        "dcObject",
        "country",
        "locality",
    ];
    let classes = entry.attributes.values("objectClass");
    let has = |wanted: &str| {
        classes
            .iter()
            .any(|class| class.eq_ignore_ascii_case(wanted.as_bytes()))
    };
    HOLDERS.iter().any(|class| has(class))
        && !has("syncLocalRecipient")
        && !has("syncRemoteAddress")
}

/// Returns a full list. What is passed on has no `R`, so that what is gone of it is named.
fn whole(owned: &[(String, String)], wanted: &Wanted, difference: Vec<Change>) -> Vec<Change> {
    let is_ours = |key: &SyncKey| {
        key.postoffice().is_some_and(|(network, postoffice)| {
            owned.iter().any(|(n, p)| {
                n.to_uppercase() == network.to_uppercase()
                    && p.to_uppercase() == postoffice.to_uppercase()
            })
        })
    };
    let gone = difference.into_iter().filter(|change| match change {
        Change::Delete { sent, .. } => !is_ours(&sent.key),
        _ => false,
    });
    gone.chain(full(owned, wanted)).collect()
}

/// Stops what looks like a directory that was emptied, or read without the right to see it.
fn check(
    connection: &Connection,
    known: usize,
    changes: &[Change],
    allowed: Option<u64>,
) -> Result<(), ToolError> {
    let is_gone = |change: &&Change| {
        matches!(
            change,
            Change::Delete {
                cause: Cause::Gone,
                ..
            }
        )
    };
    let gone = changes.iter().filter(is_gone).count() as u64;
    if allowed.is_some_and(|allowed| gone <= allowed) {
        return Ok(());
    }
    match guard::limit(known as u64, gone, false) {
        None => Ok(()),
        Some(limit) => {
            let text = format!(
                "connection {}: {gone} of {known} entries that were sent are gone, at most {limit} may: --allow-deletes {gone}",
                connection.name
            );
            Err(ToolError::new(ExitCode::Guard, text))
        }
    }
}

fn owned(connection: &Connection) -> Vec<(String, String)> {
    let page = connection.code_page;
    let places = connection.export.owned.iter();
    places
        .map(|place| {
            (
                page.decode(place.network()),
                page.decode(place.postoffice()),
            )
        })
        .collect()
}

fn scope(unique: UniqueNames) -> names::UniqueNames {
    match unique {
        UniqueNames::Postoffice => names::UniqueNames::Postoffice,
        UniqueNames::All => names::UniqueNames::All,
        UniqueNames::Off => names::UniqueNames::Off,
    }
}

/// How many of each.
pub(super) type Reasons = BTreeMap<String, u64>;
