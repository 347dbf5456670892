//! `dxa touch`: entries are sent again with the next exchange, and what became of those that were (`spec/exchange.md`
//! NT-03).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::io::Write;

use serde::Serialize;
use serde_json::json;

use crate::directory::address_text::TargetAddress;
use crate::directory::change::{Change, Modification, ModificationKind};
use crate::directory::dn::Dn;
use crate::directory::key::SyncKey;
use crate::directory::ldap::{Operation, Scope, Search};
use crate::directory::schema;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::agent::{Agent, unusable_ledger};
use crate::tools::dxa::config::{Config, Connection};
use crate::tools::dxa::connections::state::Known;
use crate::tools::dxa::containers::container::unread;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::exchange::answering::wish_now;
use crate::tools::dxa::exchange::outcome::Done;
use crate::tools::dxa::options::Options;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{ReportFile, put_line};
use crate::tools::side::recipient::Recipient;
use crate::tools::side::{self, Access, SideSpec};
use crate::transaction::Transaction;

use super::exporting::Outgoing;
use super::touched::{Touched, Touches};

/// What is to be sent again.
#[derive(Debug, Clone, Default)]
pub(in crate::tools::dxa) struct Order {
    /// Addresses, keys or names in the directory.
    pub(in crate::tools::dxa) entries: Vec<String>,
    /// The connection; all that send, unless given.
    pub(in crate::tools::dxa) connection: Option<String>,
    /// Everything that this side lacks.
    pub(in crate::tools::dxa) missing_at: Option<OsString>,
    /// Consent of each is written again as it is, so that the directory takes the entry for changed.
    pub(in crate::tools::dxa) rewrite: bool,
}

/// What becomes of one entry.
#[derive(Debug, Serialize)]
struct Line {
    connection: String,
    entry: String,
    #[serde(flatten)]
    touched: Touched,
    /// What became of its consent, where that was to be written again.
    #[serde(skip_serializing_if = "Option::is_none")]
    rewritten: Option<String>,
}

/// Marks what was ordered; without an order, shows what became of those before.
pub(in crate::tools::dxa) fn run(
    options: &Options,
    config: &Config,
    order: &Order,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let report = options.common.report.as_deref();
    let report = report.map(ReportFile::create).transpose()?;
    let (clock, interrupt) = (Clock::from_environment()?, Interrupt::install()?);
    let mut agent = Agent::open(config, "touch", clock, interrupt, options.dry_run)?;
    let chosen = match &order.connection {
        Some(name) => vec![config.named(name)?],
        None => config.connections.iter().collect(),
    };
    let chosen = chosen.into_iter().filter(|c| c.exchange.sends());
    let chosen: Vec<_> = chosen.collect();
    let touched = match order.entries.is_empty() && order.missing_at.is_none() {
        true => agent.touched(&chosen),
        false => agent.touch(&chosen, order),
    };
    agent.end(&touched)?;
    let lines = touched?;
    show(options, &lines, report, screen)
}

fn show(
    options: &Options,
    lines: &[Line],
    report: Option<ReportFile>,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let is_amiss = |line: &Line| matches!(line.touched, Touched::Missing | Touched::Refused { .. });
    let exit = match lines.iter().any(is_amiss) {
        true => ExitCode::Partial,
        false => ExitCode::Done,
    };
    let summary = json!({
        "program": "dxa",
        "dry_run": options.dry_run,
        "touched": lines,
        "exit": exit.number(),
    });
    if let Some(mut report) = report {
        lines.iter().try_for_each(|line| report.line(line))?;
        report.finish_with(&summary, exit)?;
    }
    if options.common.json {
        put_line(screen, &summary)?;
        return Ok(exit);
    }
    for Line {
        connection,
        entry,
        touched,
        rewritten,
    } in lines
    {
        write!(screen, "{connection}: {entry}: {touched}")?;
        match rewritten {
            Some(rewritten) => writeln!(screen, "; {rewritten}")?,
            None => writeln!(screen)?,
        }
    }
    if lines.is_empty() {
        writeln!(screen, "Nothing is touched.")?;
    } else if options.dry_run {
        writeln!(screen, "Dry run: nothing was written.")?;
    }
    Ok(exit)
}

impl Agent<'_> {
    /// Returns what is known of the entries that were touched.
    fn touched(&mut self, chosen: &[&Connection]) -> Result<Vec<Line>, ToolError> {
        let mut lines = Vec::new();
        for connection in chosen {
            let known = self.known(connection)?;
            lines.extend(lines_of(connection, &known.state.touched, |_| true));
        }
        Ok(lines)
    }

    /// Marks entries. One that is nowhere is an error, and nothing is marked then.
    fn touch(&mut self, chosen: &[&Connection], order: &Order) -> Result<Vec<Line>, ToolError> {
        let there = match &order.missing_at {
            Some(name) => Some(self.keys_at(name)?),
            None => None,
        };
        let mut found = HashSet::new();
        let mut marked = Vec::new();
        for connection in chosen {
            let mut known = self.known(connection)?;
            let outgoing = self.would_send(connection, &known)?;
            known.state.touched.begin();
            let mut keys = BTreeSet::new();
            for text in &order.entries {
                let matching = matching(text, &outgoing);
                found.extend((!matching.is_empty()).then_some(text));
                keys.extend(matching);
            }
            if let Some(there) = &there {
                let exports = outgoing.wanted.exports.iter();
                let wanted = exports.map(|export| export.found.record.key.clone());
                keys.extend(wanted.filter(|key| !there.contains(key)));
            }
            for key in &keys {
                let touched = match outgoing.why_not.get(key.as_str()) {
                    Some(why) => Touched::Refused { why: why.clone() },
                    None => Touched::Marked,
                };
                known.state.touched.set(key, touched);
            }
            let exports = outgoing.wanted.exports.iter().map(|export| &export.found);
            let places =
                exports.map(|found| (found.record.key.as_str().to_owned(), found.dn.clone()));
            let places: HashMap<_, _> = outgoing.held_at.into_iter().chain(places).collect();
            marked.push((*connection, known, keys, places));
        }
        if let Some(text) = order.entries.iter().find(|text| !found.contains(text)) {
            let text = format!("no entry {text} in the export containers");
            return Err(ToolError::new(ExitCode::NotFound, text));
        }
        let mut lines = Vec::new();
        for (connection, known, keys, places) in marked {
            let is_asked = |key: &str| keys.contains(&SyncKey::stored(key));
            let mut own = lines_of(connection, &known.state.touched, is_asked);
            if order.rewrite {
                for line in &mut own {
                    line.rewritten = Some(self.rewrite(connection, places.get(&line.entry))?);
                }
            }
            lines.extend(own);
            self.remember_touched(connection, known)?;
        }
        Ok(lines)
    }

    /// Writes the consent of an entry again as it is: nothing changes but when the entry was changed last. Returns what became
    /// of it.
    fn rewrite(&mut self, connection: &Connection, dn: Option<&Dn>) -> Result<String, ToolError> {
        let consent = connection.export.conditions.consent.as_ref();
        let (Some(consent), Some(dn)) = (consent, dn) else {
            return Ok(match consent {
                None => "consent not rewritten: consent-attribute is not set".to_owned(),
                Some(_) => "consent not rewritten: the entry was not found".to_owned(),
            });
        };
        let attribute = consent.attribute.as_str();
        let mut search = Search::new(dn.clone()).attributes(&[attribute]);
        search.scope = Scope::Base;
        search.page = None;
        let found = self.directory.find(&search).map_err(unread)?;
        let values = found
            .first()
            .map(|entry| entry.attributes.values(attribute).to_vec());
        let values = values.filter(|values| !values.is_empty());
        let Some(values) = values else {
            return Ok(format!(
                "consent not rewritten: {attribute} is empty, or may not be read"
            ));
        };
        if self.dry_run {
            return Ok(format!("{attribute} would be rewritten"));
        }
        let modification = Modification {
            kind: ModificationKind::Replace,
            attribute: attribute.to_owned(),
            values,
        };
        let operation = Operation::new(dn.clone(), Change::Modify(vec![modification]));
        let outcome = self.directory.apply(&operation).map_err(unread)?;
        // Another run reads it anew.
        self.fresh.clear();
        Ok(match outcome {
            Ok(()) => format!("{attribute} rewritten"),
            Err(refusal) => format!("consent not rewritten: {refusal}"),
        })
    }

    fn remember_touched(
        &mut self,
        connection: &Connection,
        mut known: Known,
    ) -> Result<(), ToolError> {
        if self.dry_run {
            return Ok(());
        }
        let change = self.ledger.begin().map_err(unusable_ledger)?;
        known.id = change
            .connection(&connection.name)
            .map_err(unusable_ledger)?;
        known.put(&change).map_err(unusable_ledger)?;
        change.commit().map_err(unusable_ledger)
    }

    /// Reads what the next exchange would look at; no deletion in it stops a touch.
    fn would_send(
        &mut self,
        connection: &Connection,
        known: &Known,
    ) -> Result<Outgoing, ToolError> {
        let wish = wish_now(connection, &known.numbers);
        self.outgoing(connection, known.id, &known.state, &wish, Some(u64::MAX))
    }

    /// Returns the keys of the entries that a side has. One that is not whole says nothing of what it lacks.
    fn keys_at(&self, name: &OsString) -> Result<HashSet<SyncKey>, ToolError> {
        let spec = SideSpec::recognise(name)?;
        let page = self.config.agent.code_page;
        let access = Access {
            page,
            ..Access::default()
        };
        let mut keys = HashSet::new();
        let about = side::read(&spec, &access, &self.interrupt, &mut |event| {
            let address = match event {
                side::Event::Transaction {
                    transaction: Transaction::Add { entry, .. },
                    ..
                } => TargetAddress::of(entry.address(), page).ok(),
                side::Event::Entry { attributes, .. } => match attributes.text(schema::KEY) {
                    Some(key) => {
                        keys.insert(SyncKey::stored(key));
                        None
                    }
                    None => Recipient::of(&attributes, None).address.ok(),
                },
                _ => None,
            };
            keys.extend(address.map(|address| SyncKey::of(&address)));
            Ok(())
        })?;
        match about.incomplete {
            None => Ok(keys),
            Some(why) => {
                let text = format!(
                    "{}: it is not whole, so that nothing is known to be missing there: {why}",
                    spec.title()
                );
                Err(ToolError::new(ExitCode::Damaged, text))
            }
        }
    }

    /// Says what became of touched entries.
    pub(in crate::tools::dxa) fn say_touched(
        &mut self,
        connection: &Connection,
        before: &Touches,
        now: &Touches,
        done: &mut Done,
    ) {
        for (key, touched) in now.news(before) {
            let severity = match touched {
                Touched::Missing | Touched::Refused { .. } => {
                    done.worsen(ExitCode::Partial);
                    Severity::Warn
                }
                _ => Severity::Info,
            };
            let event = Event::new(severity, format!("touched entry: {touched}"));
            self.say(
                event
                    .with("connection", &connection.name)
                    .with("entry", key),
            );
        }
    }
}

fn lines_of(
    connection: &Connection,
    touches: &Touches,
    is_asked: impl Fn(&str) -> bool,
) -> Vec<Line> {
    let asked = touches.iter().filter(|(key, _)| is_asked(key));
    asked
        .map(|(key, touched)| Line {
            connection: connection.name.clone(),
            entry: key.to_owned(),
            touched: touched.clone(),
            rewritten: None,
        })
        .collect()
}

/// Finds who is meant: by the name in the directory, by the key, or by the address.
fn matching(text: &str, outgoing: &Outgoing) -> Vec<SyncKey> {
    let exports = || outgoing.wanted.exports.iter();
    let by_name = Dn::parse(text).ok().filter(|dn| !dn.is_root());
    if let Some(dn) = by_name {
        let named = exports().filter(|export| export.found.dn.is_same(&dn));
        let named: Vec<_> = named
            .map(|export| export.found.record.key.clone())
            .collect();
        if !named.is_empty() {
            return named;
        }
    }
    let keys = SyncKey::meant_by(text);
    let of_exports = exports().map(|export| &export.found.record.key);
    let mut known: Vec<_> = of_exports
        .filter(|key| keys.contains(key))
        .cloned()
        .collect();
    let refused = outgoing.why_not.keys().map(|key| SyncKey::stored(key));
    known.extend(refused.filter(|key| keys.contains(key)));
    known.dedup();
    known
}
