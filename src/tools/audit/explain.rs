//! `audit explain ADDRESS A B`: one entry on both sides, everything that is said of it there, and what would mend it.

use std::cell::RefCell;
use std::io::Write;

use serde::Serialize;

use super::exact;
use super::finding::{Finding, Outcome, Which};
use super::report::{Sides, print_finding, unwritable};
use crate::codec::codepage::CodePage;
use crate::directory::address_text::TargetAddress;
use crate::directory::entry::Attributes;
use crate::directory::key::SyncKey;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::side::recipient::Recipient;
use crate::tools::side::{Event, Place, Refusal};
use crate::transaction::{Entry, Transaction};

/// Who is asked about: an address, or the name of an entry.
#[derive(Debug)]
pub(super) struct Query {
    text: String,
    keys: Vec<SyncKey>,
}

impl Query {
    /// Takes an address, with or without its type, or a name.
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            keys: SyncKey::meant_by(text),
        }
    }

    /// Tells whether an entry is meant.
    fn is_it(&self, key: &SyncKey, name: &str) -> bool {
        self.keys.contains(key) || name.to_lowercase() == self.text.to_lowercase()
    }

    fn is_text(&self, address: &str, name: &str) -> bool {
        let key = TargetAddress::parse(address)
            .map_or_else(|_| SyncKey::stored(address), |a| SyncKey::of(&a));
        self.is_it(&key, name)
    }

    /// Tells whether a finding is about the entry, alone or as one of a pair.
    fn has(&self, finding: &Finding) -> bool {
        let pair = finding
            .pair
            .iter()
            .any(|one| self.is_text(&one.key, &one.name));
        pair || self.is_text(&finding.entry, &finding.name)
    }
}

/// Something that a side says of the entry.
#[derive(Debug, Clone, Serialize)]
struct Seen {
    side: Which,
    place: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync: Option<u32>,
    text: String,
}

/// What was found about the entry.
#[derive(Debug)]
pub(super) struct Explained {
    query: Query,
    seen: RefCell<Vec<Seen>>,
    findings: RefCell<Vec<Finding>>,
}

/// All of it, as one JSON object.
#[derive(Serialize)]
struct Told<'e> {
    program: &'static str,
    entry: &'e str,
    sides: &'e Sides,
    seen: &'e [Seen],
    findings: &'e [Finding],
    next: &'static str,
    exit: ExitCode,
}

impl Explained {
    /// Begins.
    pub(super) fn new(text: &str) -> Self {
        Self {
            query: Query::new(text),
            seen: RefCell::default(),
            findings: RefCell::default(),
        }
    }

    /// Looks at what a side holds.
    pub(super) fn see(&self, side: Which, event: &Event<'_>, page: CodePage) {
        let (place, sync, text) = match event {
            Event::Transaction {
                transaction,
                place,
                sync,
                ..
            } => match self.transaction(transaction, page) {
                Some(text) => (place, *sync, text),
                None => return,
            },
            Event::Entry {
                attributes, place, ..
            } => match self.entry(attributes) {
                Some(text) => (place, None, text),
                None => return,
            },
            Event::Refused(refusal) | Event::Excluded(refusal) | Event::LineRefused(refusal) => {
                match self.refusal(refusal) {
                    Some(text) => (&refusal.place, None, text),
                    None => return,
                }
            }
            Event::Gap { .. } | Event::Backwards { .. } => return,
        };
        self.seen.borrow_mut().push(Seen {
            side,
            place: place.clone(),
            sync,
            text,
        });
    }

    fn transaction(&self, transaction: &Transaction, page: CodePage) -> Option<String> {
        let entries = match transaction {
            Transaction::Modify { entry, new, .. } => [Some(entry), new.as_ref()],
            other => [other.entry(), None],
        };
        let is_it = |entry: &&Entry| {
            let (name, address) = parts(entry, page);
            self.query.is_it(&SyncKey::of(&address), &name)
        };
        entries.iter().flatten().find(|entry| is_it(entry))?;
        let text = exact::decode(page, &transaction.encode_queue_text());
        let lines = text
            .lines()
            .map(|line| exact::shown(&line.trim().replace('\t', " ")));
        Some(lines.collect::<Vec<_>>().join(" | "))
    }

    fn entry(&self, attributes: &Attributes) -> Option<String> {
        let Recipient { address, name } = Recipient::of(attributes, None);
        let address = address.ok();
        let is_it = match &address {
            Some(address) => self.query.is_it(&SyncKey::of(address), &name),
            None => self.query.is_text("", &name),
        };
        is_it.then(|| {
            let address =
                address.map_or_else(|| "no address".to_owned(), |address| address.to_string());
            format!("entry {} {address}", exact::shown(&name))
        })
    }

    fn refusal(&self, refusal: &Refusal) -> Option<String> {
        let Refusal {
            address,
            name,
            reason,
            detail,
            ..
        } = refusal;
        let is_it = self.query.is_text(address, name);
        is_it.then(|| format!("{name} {address}: {reason}: {detail}"))
    }

    /// Takes a finding, if it is about the entry.
    pub(super) fn take(&self, finding: &Finding) {
        if self.query.has(finding) {
            self.findings.borrow_mut().push(finding.clone());
        }
    }

    /// Tells it all; returns how the run ends.
    pub(super) fn finish(
        &self,
        sides: &Sides,
        json: bool,
        screen: &mut dyn Write,
    ) -> Result<ExitCode, ToolError> {
        let (seen, findings) = (self.seen.borrow(), self.findings.borrow());
        let outcome = findings
            .iter()
            .map(|finding| finding.outcome)
            .find(|outcome| next(*outcome).is_some());
        let exit = match (outcome, seen.is_empty()) {
            (Some(Outcome::Equal | Outcome::Excluded), _) => ExitCode::Done,
            (None, true) => ExitCode::NotFound,
            (Some(Outcome::Kept | Outcome::Withheld | Outcome::Refused), _) => ExitCode::Partial,
            (Some(_), _) => ExitCode::Differences,
            (None, false) => ExitCode::Done,
        };
        let next = match outcome {
            Some(outcome) => next(outcome).unwrap_or_default(),
            None if seen.is_empty() => "nothing: neither side knows it",
            None => "nothing: what was said of it has made nothing of it",
        };
        let entry = &self.query.text;
        if json {
            let told = Told {
                program: "audit",
                entry,
                sides,
                seen: &seen,
                findings: &findings,
                next,
                exit,
            };
            let text = serde_json::to_string(&told).expect("plain values");
            writeln!(screen, "{text}").map_err(unwritable)?;
            return Ok(exit);
        }
        for side in [Which::A, Which::B] {
            let letter = side.letter();
            let mut count = 0;
            for Seen {
                place, sync, text, ..
            } in seen.iter().filter(|seen| seen.side == side)
            {
                count += 1;
                let number = sync
                    .map(|sync| format!(", number {sync}"))
                    .unwrap_or_default();
                writeln!(screen, "{letter}: {place}{number}: {text}").map_err(unwritable)?;
            }
            if count == 0 {
                writeln!(screen, "{letter}: nothing about {entry}").map_err(unwritable)?;
            }
        }
        writeln!(screen, "{sides}").map_err(unwritable)?;
        for finding in findings.iter() {
            print_finding(finding, screen).map_err(unwritable)?;
        }
        writeln!(screen, "next: {next}").map_err(unwritable)?;
        Ok(exit)
    }
}

fn parts(entry: &Entry, page: CodePage) -> (String, TargetAddress) {
    let address = entry.address();
    let text = exact::decode(page, address.text());
    let address = TargetAddress::new(address.kind().token(), &text);
    (exact::decode(page, entry.name()), address)
}

/// Says what would mend it; none of what is no state of an entry.
fn next(outcome: Outcome) -> Option<&'static str> {
    Some(match outcome {
        Outcome::Equal => "nothing: both sides have the same",
        Outcome::Altered => "an M at B makes it what A has: --repair FILE writes it",
        Outcome::Missing => "an A at B brings it: --repair FILE writes it",
        Outcome::Extra => "a D at B takes it away: --repair FILE writes it",
        Outcome::Excluded => "nothing: A keeps it to itself",
        Outcome::Kept | Outcome::Withheld => "nothing, until A says whether it may be at B",
        Outcome::Refused => "what cannot be read has to be mended in its side first",
        Outcome::Duplicated => "one of the two has to go: no transaction tells them apart",
        Outcome::Stale
        | Outcome::Gap
        | Outcome::Pair
        | Outcome::LineRefused
        | Outcome::Template => return None,
    })
}
