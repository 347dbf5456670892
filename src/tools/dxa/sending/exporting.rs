//! What a connection is to be sent: the export containers, read whole, against what the ledger says was sent
//! (`spec/exchange.md` DX-12 to DX-17, DX-23 to DX-26).

use std::collections::HashMap;

use crate::directory::charset::Charset;
use crate::directory::difference::{
    Absent, Cause, Change, Found, Sent, Wanted, difference, full, settled,
};
use crate::directory::dn::Dn;
use crate::directory::key::SyncKey;
use crate::directory::ledger::ConnectionId;
use crate::directory::names::NameRules;
use crate::directory::x400::X121Spelling;
use crate::plan::guard;
use crate::plan::outcome::Reason;
use crate::tools::dxa::agent::{Agent, templates, unusable_ledger};
use crate::tools::dxa::config::{Connection, Direction};
use crate::tools::dxa::connections::state::State;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::exchange::outcome::Sending;
use crate::tools::exit::{ExitCode, ToolError};

use super::exported::Exported;

/// Entries that are named one by one in the log; the report has all.
const MAX_NAMED: usize = 100;

/// What the other side asks for beside numbers.
#[derive(Debug, Clone)]
pub(in crate::tools::dxa) struct Wish {
    /// Address types.
    pub(in crate::tools::dxa) types: Vec<String>,
    /// Template lines.
    pub(in crate::tools::dxa) templates: bool,
}

impl Wish {
    /// What the configuration alone says.
    pub(in crate::tools::dxa) fn of(connection: &Connection) -> Self {
        let types = connection.export.types.iter();
        Self {
            types: types.map(|kind| kind.token().to_owned()).collect(),
            templates: connection.templates.sends(),
        }
    }
}

impl Agent<'_> {
    /// Decides what is sent: the difference, or a full list. Nothing is written.
    pub(in crate::tools::dxa) fn export(
        &mut self,
        connection: &Connection,
        id: ConnectionId,
        state: &State,
        wish: &Wish,
        is_full: bool,
        allowed: Option<u64>,
    ) -> Result<Exported, ToolError> {
        let outgoing = self.outgoing(connection, id, state, wish, allowed)?;
        let exported = outgoing.exported(connection, is_full);
        self.say_what_stays(connection, &exported.sending, state);
        Ok(exported)
    }

    /// Says what is not as it should be: each entry of which nobody knows whether it may leave, one whose address another has
    /// when that begins and when it ends (Q238447), and numbers that do not add up.
    pub(in crate::tools::dxa) fn say_what_stays(
        &mut self,
        connection: &Connection,
        sending: &Sending,
        state: &State,
    ) {
        let event =
            |severity, text: &str| Event::new(severity, text).with("connection", &connection.name);
        let considered = event(Severity::Info, "entries considered").id("NT41110");
        self.say(considered.with("count", sending.considered));
        for (entry, note) in sending.failed.iter().take(MAX_NAMED) {
            let text = "the entry cannot go as it is, the others do";
            let event = event(Severity::Error, text).id("NT64073");
            self.say(event.with("entry", entry).with("reason", note));
        }
        if let Some(further @ 1..) = sending.failed.len().checked_sub(MAX_NAMED) {
            let text = "further entries cannot go as they are";
            let event = event(Severity::Error, text).id("NT64073");
            self.say(event.with("count", further));
        }
        for (entry, note) in sending.unclear.iter().take(MAX_NAMED) {
            let text = "the entry is left as it is there: nobody knows whether it may leave";
            let event = event(Severity::Warn, text).with("entry", entry);
            self.say(event.with("reason", note));
        }
        let (before, now) = (&state.duplicates, &sending.duplicates);
        for (entry, detail) in now.iter().filter(|(entry, _)| !before.contains_key(*entry)) {
            let text = "the entry stays here: address-duplicate";
            let event = event(Severity::Warn, text).id("DI236");
            self.say(event.with("entry", entry).with("because", detail));
        }
        for (entry, detail) in before.iter().filter(|(entry, _)| !now.contains_key(*entry)) {
            let text = "the address of the entry is no duplicate any more";
            let event = event(Severity::Info, text).id("DI236");
            self.say(event.with("entry", entry).with("was", detail));
        }
        if sending.counts.is_partial() {
            let event = event(
                Severity::Warn,
                "PARTIAL: the entries do not all go where they should",
            );
            self.say(event.with("because", sending.counts.partial.join("; ")));
        }
    }

    /// Compares the export containers with what was sent. Nothing is written.
    pub(in crate::tools::dxa) fn outgoing(
        &mut self,
        connection: &Connection,
        id: ConnectionId,
        state: &State,
        wish: &Wish,
        allowed: Option<u64>,
    ) -> Result<Outgoing, ToolError> {
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
            unique: connection.export.unique_names,
            was: state.unique_names(),
            ..NameRules::new(Charset::Page(connection.code_page))
        };
        let mut sending = Sending {
            considered: source.considered,
            readings: source.readings,
            recount: source.recount,
            ..Sending::default()
        };
        let mut found = source.found;
        let known: HashMap<_, _> = before.iter().map(|sent| (&sent.key, sent)).collect();
        let mut held_at = HashMap::new();
        let mut why_not = HashMap::new();
        for held in source.held {
            let key = held.key.as_str().to_owned();
            why_not.insert(key.clone(), held.note.to_string());
            held_at.insert(key, held.dn.clone());
            let sent = known.get(&held.key);
            sending.hold(&held.dn, &held.note, sent.is_some());
            // Who never was there stays here.
            found.extend(sent.map(|sent| Found::held(held.dn, held.container, sent, held.lines)));
        }
        drop(known);
        let mut wanted = Wanted::new(found, &before, rules);
        let notes = std::mem::take(&mut wanted.notes);
        let absent = Absent {
            skipped: &source.skipped,
            containers: &connection.export.containers,
        };
        let changes = difference(&before, &wanted, absent);
        check(connection, before.len(), &changes, allowed)?;
        let changes = state.touched.put_into(changes, &wanted);
        let exports = wanted.exports.iter();
        sending.exported = exports.filter(|export| !export.found.is_held).count() as u64;
        for (dn, note) in &source.withheld {
            sending.skip(dn, note);
        }
        for (dn, note) in source.notes.iter().chain(&notes) {
            match note.reason {
                Reason::AddressDuplicate => sending.duplicate(dn, note),
                _ => sending.note(dn, note),
            }
        }
        let skipped = source.skipped.iter();
        why_not.extend(skipped.map(|(key, note)| (key.as_str().to_owned(), note.to_string())));
        // Whoever else has the address and stays, it goes out with the one that does.
        for export in wanted.exports.iter().filter(|e| !e.found.is_held) {
            why_not.remove(export.found.record.key.as_str());
        }
        Ok(Outgoing {
            why_not,
            held_at,
            before,
            owned,
            wanted,
            changes,
            sending,
        })
    }
}

/// What the other side is to have against what it was sent.
#[derive(Debug)]
pub(in crate::tools::dxa) struct Outgoing {
    before: Vec<Sent>,
    /// The postoffices that the agent speaks for.
    owned: Vec<(String, String)>,
    pub(in crate::tools::dxa) wanted: Wanted,
    changes: Vec<Change>,
    /// Entries that must not leave, by key.
    pub(in crate::tools::dxa) why_not: HashMap<String, String>,
    /// Where those of them are that cannot go as they are, by key.
    pub(in crate::tools::dxa) held_at: HashMap<String, Dn>,
    sending: Sending,
}

impl Outgoing {
    /// Makes the transactions: the difference, or a full list.
    pub(in crate::tools::dxa) fn exported(
        &self,
        connection: &Connection,
        is_full: bool,
    ) -> Exported {
        let changes = match is_full {
            true => whole(&self.owned, &self.wanted, self.changes.clone()),
            false => self.changes.clone(),
        };
        let mut sending = Sending {
            is_full,
            ..self.sending.clone()
        };
        let mut why_not = self.why_not.clone();
        let mut kept = Vec::new();
        let mut transactions = Vec::new();
        for change in changes {
            match change.transaction(connection.code_page, X121Spelling::Plain) {
                Ok(transaction) => {
                    sending.count(&change);
                    transactions.push(transaction);
                    kept.push(change);
                }
                Err(note) => {
                    if let Some(key) = change.key() {
                        why_not.insert(key.as_str().to_owned(), note.to_string());
                    }
                    sending.refuse(&change, &note);
                }
            }
        }
        sending.count_out();
        let mut after = match is_full {
            true => settled(&[], &kept),
            false => settled(&self.before, &kept),
        };
        self.wanted.locate(&mut after);
        Exported {
            transactions,
            before: self.before.clone(),
            after,
            is_full,
            why_not,
            sending,
        }
    }
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

pub(in crate::tools::dxa) fn owned(connection: &Connection) -> Vec<(String, String)> {
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
