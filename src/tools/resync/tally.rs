//! What is counted while transactions are shown: by list, by outcome, and in the report. Nothing is applied, so what can be
//! read counts as unchanged.

use std::collections::HashMap;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use crate::codec::codepage::CodePage;
use crate::plan::outcome::{Action, Counts, EntryOutcome, Outcome, OutcomeSink};
use crate::tools::pass::Report;
use crate::transaction::{ListName, Transaction};

/// What there is of one list.
#[derive(Debug, Clone, Serialize)]
struct ListCounts {
    /// `PCM:NET/PO` or `SMTP:`.
    list: String,
    /// An R empties it first.
    replace: bool,
    /// Fields of its template, 0 without one.
    template_fields: usize,
    /// A, D and M.
    entries: u64,
}

/// The lists in the order in which they come.
#[derive(Debug, Clone, Default)]
pub(super) struct Lists {
    all: Vec<ListCounts>,
    places: HashMap<ListName, usize>,
}

/// As JSON, the lists alone.
impl Serialize for Lists {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.all.serialize(serializer)
    }
}

impl Lists {
    /// Counts a transaction.
    pub(super) fn count(&mut self, transaction: &Transaction, page: CodePage) {
        let list = transaction.list();
        let at = *self.places.entry(list.folded(page)).or_insert_with(|| {
            self.all.push(ListCounts {
                list: list.view(page),
                replace: false,
                template_fields: 0,
                entries: 0,
            });
            self.all.len() - 1
        });
        let counts = &mut self.all[at];
        match transaction {
            Transaction::Replace { .. } => counts.replace = true,
            Transaction::Template { fields, .. } => counts.template_fields = fields.len(),
            _ => counts.entries += 1,
        }
    }

    /// Prints a line for each list.
    pub(super) fn print(&self, screen: &mut impl Write) -> io::Result<()> {
        for list in &self.all {
            let replace = if list.replace { "R" } else { " " };
            write!(screen, "{replace} {:<30}{:>10}", list.list, list.entries)?;
            match list.template_fields {
                0 => writeln!(screen)?,
                fields => writeln!(screen, "  template of {fields} fields")?,
            }
        }
        Ok(())
    }
}

/// Counts a transaction by its outcome, and puts it into the report.
pub(super) fn take(
    transaction: &Transaction,
    sync: Option<u32>,
    page: CodePage,
    counts: &mut Counts,
    report: &mut Report,
) -> io::Result<()> {
    let entry = transaction.entry();
    let outcome = match entry {
        Some(_) => Outcome::Unchanged,
        None => Outcome::Command,
    };
    counts.read += u64::from(entry.is_some());
    counts.count(outcome, None);
    if !report.wants_details() {
        return Ok(());
    }
    let address = entry.map_or_else(String::new, |entry| entry.address().view(page));
    let name = entry.map_or_else(String::new, |entry| page.decode(entry.name()));
    let list = transaction.list().view(page);
    let mut line = EntryOutcome::new(address, name, list, Action::of(transaction), outcome);
    line.sync = sync;
    report.take(line)
}
