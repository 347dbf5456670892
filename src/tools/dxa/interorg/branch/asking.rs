//! Makes the request of a branch: what changed of its entries since the hub confirmed them, and how far it is with those of the
//! others (`spec/exchange.md` IO-03, IO-05, IO-13, IO-15, IO-20).

use std::collections::{BTreeMap, BTreeSet};

use super::cards::{DISPLAY_NAME, Rules};
use super::ledger::{Change, SaidRow};
use super::report::{Asked, Line, count};
use super::settings::{differences, hash, settings, wanted};
use super::source::Source;
use super::{BranchSide, unique};
use crate::directory::dn::Dn;
use crate::directory::interorg::branch::Said;
use crate::directory::interorg::{Request, SourceKey};
use crate::plan::guard;
use crate::plan::outcome::Outcome;
use crate::tools::dxa::interorg::config::Branch;
use crate::tools::exit::{ExitCode, ToolError};

/// What a cycle is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Ask for everything (IO-15).
    pub import_all: bool,
    /// Send everything.
    pub export_all: bool,
    /// Entries that may go without a question.
    pub allow_deletes: Option<u64>,
}

impl BranchSide<'_> {
    /// Makes the next request, and keeps what it says: one that is made and never sent is made good by the next one.
    ///
    /// # Errors
    /// The export containers could not be read whole, so many entries are gone that the guard asks, or the ledger cannot be
    /// used. Then nothing is kept.
    pub fn ask(&mut self, order: Wanted) -> Result<(Request, Asked), ToolError> {
        let rules = Rules {
            owner: &self.owner,
            export: &self.branch.export,
            no_smtp: self.branch.no_smtp,
        };
        let name = self.branch.name.to_uppercase();
        let page = self.settings.page_size;
        let mut source = Source::read(&mut self.directory, &name, rules, page, &self.interrupt)?;
        let mut asked = Asked {
            considered: source.considered,
            remarks: std::mem::take(&mut self.remarks),
            ..Asked::default()
        };
        let change = self.ledger.begin()?;
        let mut head = change.head()?;
        let before = change.said()?;
        source.settle(&before);
        source.name(&name, &before);
        source.limit(self.branch.limit);
        check(self.branch, &source, &before, order.allow_deletes)?;

        let now = settings(self.branch, self.settings);
        if let Some(known) = &head.settings {
            asked.changed_settings = differences(known, &now);
        }
        asked.settings = hash(&now);
        head.settings = Some(now);
        let is_filled_for_other = head
            .filled_for
            .as_ref()
            .is_some_and(|filled_for| *filled_for != wanted(self.branch));
        if is_filled_for_other {
            // What was passed over then has numbers below ours (IO-13).
            let text = "the container was filled for other settings: everything is asked for";
            asked.remarks.push(text.to_owned());
        }
        if order.import_all || is_filled_for_other {
            head.branch.import_all();
        }
        if order.export_all {
            head.branch.export_all();
        }
        for about in &source.withheld {
            count(&mut asked.skipped, about.note.reason);
            asked.lines.push(Line::new(about, Outcome::Refused));
        }
        for about in &source.skipped {
            count(&mut asked.skipped, about.note.reason);
            asked.lines.push(Line::new(about, Outcome::Ignored));
        }
        for about in &source.notes {
            asked.lines.push(Line::new(about, Outcome::Unchanged));
        }
        let mut said: BTreeMap<SourceKey, Said> = before
            .iter()
            .map(|(key, row)| (key.clone(), row.said))
            .collect();
        let id = format!("{name}-{}", unique());
        let withheld = std::mem::take(&mut source.withheld);
        let request = head.branch.ask(&id, &source.cards, withheld, &mut said);
        // What the hub knows to be gone need not be remembered.
        let confirmed = head.branch.confirmed;
        said.retain(|_, said| said.hash.is_some() || said.number > confirmed);
        let after = rows(&source, said, &before);
        remember_gone(&change, &before, &after)?;
        change.put_said(&before, &after)?;
        change.set_head(&head)?;
        asked.exported = source.cards.len() as u64;
        asked.is_full = request.is_full;
        asked.asks_for_all = request.applied.usn == Default::default();
        for sent in &request.changes {
            match sent.card {
                Some(_) => asked.sent += 1,
                None => asked.deleted += 1,
            }
        }
        if !self.dry_run {
            change.commit()?;
        }
        Ok((request, asked))
    }
}

/// Stops what looks like a directory that was emptied, or read without the right to see it. What was taken out of the
/// configuration, or says itself that it is not to go out, is no accident.
fn check(
    branch: &Branch,
    source: &Source,
    before: &BTreeMap<SourceKey, SaidRow>,
    allowed: Option<u64>,
) -> Result<(), ToolError> {
    let kept = source.withheld.iter().chain(&source.skipped);
    let kept: BTreeSet<_> = kept.map(|about| &about.key).collect();
    let there = || before.iter().filter(|(_, row)| row.said.hash.is_some());
    let is_exported = |row: &SaidRow| {
        let dn = Dn::parse(&row.dn);
        let mut containers = branch.export.containers.iter();
        dn.is_ok_and(|dn| containers.any(|container| dn.is_within(&container.dn)))
    };
    let gone = there().filter(|(key, row)| {
        !source.cards.contains_key(*key) && !kept.contains(*key) && is_exported(row)
    });
    let (gone, known) = (gone.count() as u64, there().count() as u64);
    if allowed.is_some_and(|allowed| gone <= allowed) {
        return Ok(());
    }
    match guard::limit(known, gone, false) {
        None => Ok(()),
        Some(limit) => {
            let text = format!(
                "{gone} of {known} entries that the hub has are gone, at most {limit} may: --allow-deletes {gone}"
            );
            Err(ToolError::new(ExitCode::Guard, text))
        }
    }
}

/// Notes what own entries were called that are gone: whoever brings one of their addresses back may be the same person
/// (IO-22). Who has the address already is another one.
fn remember_gone(
    change: &Change<'_>,
    before: &BTreeMap<SourceKey, SaidRow>,
    after: &BTreeMap<SourceKey, SaidRow>,
) -> Result<(), ToolError> {
    let is_there = |row: &SaidRow| row.said.hash.is_some();
    let gone = before.iter().filter(|(_, row)| is_there(row));
    let gone: Vec<_> = gone
        .filter(|(key, _)| !after.get(*key).is_some_and(is_there))
        .collect();
    if gone.is_empty() {
        return Ok(());
    }
    let imported = change.imported()?;
    let taken: BTreeSet<_> = imported.values().flat_map(|row| &row.claims).collect();
    for (key, row) in gone {
        let claims = row.claims.iter().filter(|claim| !taken.contains(claim));
        let claims: Vec<_> = claims.cloned().collect();
        change.put_gone(key, &claims, &row.dn)?;
    }
    Ok(())
}

/// Returns what is kept of what was said.
fn rows(
    source: &Source,
    said: BTreeMap<SourceKey, Said>,
    before: &BTreeMap<SourceKey, SaidRow>,
) -> BTreeMap<SourceKey, SaidRow> {
    let row = |key: &SourceKey, said: Said| match (source.cards.get(key), before.get(key)) {
        (Some(card), _) => {
            let name = card.attributes.get(DISPLAY_NAME);
            SaidRow {
                said,
                dn: card.dn.clone(),
                claims: card.claims().collect(),
                plain_name: source.plain_names.get(key).cloned().unwrap_or_default(),
                name: name
                    .and_then(|name| name.first())
                    .cloned()
                    .unwrap_or_default(),
            }
        }
        (None, Some(before)) => SaidRow {
            said,
            ..before.clone()
        },
        (None, None) => SaidRow {
            said,
            dn: String::new(),
            claims: Vec::new(),
            plain_name: String::new(),
            name: String::new(),
        },
    };
    said.into_iter()
        .map(|(key, said)| {
            let row = row(&key, said);
            (key, row)
        })
        .collect()
}
