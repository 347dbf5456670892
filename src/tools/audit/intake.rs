//! Takes a side in: its entries, sorted by key.
//!
//! What a postoffice and the files around it hold are transactions by name, so these are sorted by list and name first
//! and worked in ([`super::replay`]); entries of a directory have their key.

use std::collections::HashSet;

use super::finding::{Finding, Outcome, SideCounts, Which};
use super::item::{Details, Item, State};
use super::judge::Known;
use super::replay::{Begun, Replay, Templates, Worked};
use super::report::Reporter;
use crate::codec::codepage::CodePage;
use crate::directory::address_text::TargetAddress;
use crate::directory::consent::{self, Consent, ConsentRules};
use crate::directory::entry::Attributes;
use crate::directory::{schema, syntax};
use crate::plan::outcome::Reason;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::side::recipient::Recipient;
use crate::tools::side::{About, Event, Place, Refusal};
use crate::tools::sorted::{Sorted, Sorter};

/// Names on refused lines that are kept. A side with more of them is not whole.
const MAX_PROTECTED: usize = 100_000;

/// What is taken from a side, and how.
#[derive(Debug, Clone)]
pub(super) struct Wishes {
    /// Memory of one sort.
    pub(super) memory: usize,
    /// Lists that are compared, as [`TargetAddress::list`] names them; all where there is none.
    pub(super) lists: Vec<String>,
    /// Column or attribute that holds the address.
    pub(super) address: Option<String>,
    /// Who consents to leave A, where that is asked for.
    pub(super) consent: Option<ConsentRules>,
}

impl Wishes {
    /// Tells whether a list is compared.
    pub(super) fn wants(&self, list: &str) -> bool {
        let kind = list.split_once(':').map_or(list, |(kind, _)| kind);
        let is_it = |wanted: &String| wanted == list || wanted.strip_suffix(':') == Some(kind);
        self.lists.is_empty() || self.lists.iter().any(is_it)
    }
}

/// A side while it is taken in.
pub(super) struct Intake<'i, 'r> {
    which: Which,
    wishes: &'i Wishes,
    reporter: &'i mut Reporter<'r>,
    replay: Replay,
    keys: Sorter,
    protected: HashSet<String>,
    left_out_count: u64,
    /// Holes in the numbers, and numbers that go back.
    gaps: [u64; 2],
}

/// A side that was taken in.
pub(super) struct Taken {
    /// What it is.
    pub(super) about: About,
    /// Its entries by key.
    pub(super) sorted: Sorted,
    /// Names of what could not be read, in lower case: they count as present (design, section 5).
    pub(super) protected: HashSet<String>,
    /// Lists that its records began anew, so that what they do not name is not there.
    pub(super) begun: Begun,
    /// The templates of its lists.
    pub(super) templates: Templates,
    /// Bytes that went through temporary files before.
    pub(super) spilled: u64,
}

impl Taken {
    /// Parts the entries from what is known of them.
    pub(super) fn apart(self) -> (Sorted, Known) {
        let known = Known {
            about: self.about,
            protected: self.protected,
            begun: self.begun,
            templates: self.templates,
        };
        (self.sorted, known)
    }
}

impl<'i, 'r> Intake<'i, 'r> {
    /// Begins. `is_list` says that the side names every entry once; its text is in `page`.
    pub(super) fn new(
        which: Which,
        is_list: bool,
        page: CodePage,
        wishes: &'i Wishes,
        reporter: &'i mut Reporter<'r>,
    ) -> Self {
        Self {
            which,
            wishes,
            reporter,
            replay: Replay::new(wishes.memory, page, is_list),
            keys: Sorter::new(wishes.memory, None),
            protected: HashSet::new(),
            left_out_count: 0,
            gaps: [0; 2],
        }
    }

    /// Takes what a side holds.
    ///
    /// # Errors
    /// A temporary file or the report cannot be written.
    pub(super) fn take(&mut self, event: Event<'_>) -> Result<(), ToolError> {
        match event {
            Event::Transaction {
                transaction,
                place,
                sync,
                stamp,
            } => {
                let is_all = self.wishes.lists.is_empty();
                if let Some(entry) = transaction.entry().filter(|_| !is_all) {
                    let item = Item::of_entry(entry, &[], place.clone(), self.replay.page());
                    if !self.is_wanted(&item.address) {
                        return self.filter(&item);
                    }
                }
                self.replay.take(&transaction, &place, sync, stamp)
            }
            Event::Entry {
                attributes,
                unreadable,
                place,
            } => self.entry(&attributes, unreadable, place),
            Event::LineRefused(refusal) => {
                let finding = Finding::of_refusal(Outcome::LineRefused, self.which, &refusal);
                self.reporter.tally.lines_refused += 1;
                self.reporter.take(&finding)
            }
            Event::Refused(refusal) => self.refused(&refusal),
            Event::Excluded(refusal) => self.excluded(&refusal),
            Event::Gap { from, to, place } => {
                self.gaps[0] += 1;
                let mut finding = Finding::new(Outcome::Gap).on(self.which);
                finding = finding
                    .because(Reason::SequenceGap)
                    .detail(match to - from {
                        0 => format!("number {from} is missing"),
                        _ => format!("numbers {from} to {to} are missing"),
                    });
                self.out_of_sequence(finding, place)
            }
            Event::Backwards {
                before,
                number,
                place,
            } => {
                self.gaps[1] += 1;
                let finding = Finding::new(Outcome::Gap).on(self.which);
                let detail = format!("number {number} behind {before}");
                self.out_of_sequence(finding.because(Reason::SequenceOld).detail(detail), place)
            }
        }
    }

    fn out_of_sequence(&mut self, mut finding: Finding, place: Place) -> Result<(), ToolError> {
        finding.places = vec![place];
        self.reporter.tally.gap += 1;
        self.reporter.take(&finding)
    }

    fn is_wanted(&self, address: &TargetAddress) -> bool {
        self.wishes.lists.is_empty() || self.wishes.wants(&address.list())
    }

    fn filter(&mut self, item: &Item) -> Result<(), ToolError> {
        let counts = self.reporter.tally.side(self.which);
        SideCounts::add(&mut counts.excluded, Reason::Filtered);
        self.left_out_count += 1;
        if !self.reporter.wants_equal() {
            return Ok(());
        }
        let finding = Finding::about(Outcome::Excluded, Some(item), None).on(self.which);
        let finding = finding.because(Reason::Filtered).detail("--list");
        self.reporter.take(&finding)
    }

    fn entry(
        &mut self,
        attributes: &Attributes,
        unreadable: &[&str],
        place: Place,
    ) -> Result<(), ToolError> {
        let Recipient { address, name } = Recipient::of(attributes, self.wishes.address.as_deref());
        let address = match address {
            Ok(address) => address,
            Err(note) => {
                return self.refused(&Refusal {
                    address: String::new(),
                    name,
                    place,
                    reason: note.reason,
                    message: None,
                    detail: note.detail,
                });
            }
        };
        let mut item = Item::new(address, name, place);
        item.details = details(attributes);
        item.sync = attributes
            .text(schema::SOURCE_SEQ)
            .and_then(|text| text.parse().ok());
        if !self.is_wanted(&item.address) {
            return self.filter(&item);
        }
        let rules = self
            .wishes
            .consent
            .as_ref()
            .filter(|_| self.which == Which::A);
        if let Some(rules) = rules {
            let attribute = name_in(attributes, &rules.attribute);
            let consent = Consent::of(attributes, &attribute, unreadable);
            let compared = syntax::canonical_name(&attribute);
            item.details
                .retain(|(name, _)| !name.eq_ignore_ascii_case(&compared));
            if let Some(note) = rules.judge(&consent) {
                let state = match consent::is_unclear(note.reason) {
                    true => State::Withheld(note.reason),
                    false => State::Excluded(note.reason),
                };
                return self.without_consent(item, state, &note.detail);
            }
        }
        self.push(&item)
    }

    fn without_consent(
        &mut self,
        mut item: Item,
        state: State,
        detail: &str,
    ) -> Result<(), ToolError> {
        item.state = state;
        self.left_out_count += 1;
        let counts = self.reporter.tally.side(self.which);
        let (outcome, reason) = match state {
            State::Withheld(reason) => {
                SideCounts::add(&mut counts.withheld, reason);
                (Outcome::Withheld, reason)
            }
            State::Excluded(reason) => {
                SideCounts::add(&mut counts.excluded, reason);
                (Outcome::Excluded, reason)
            }
            State::Present | State::Removed => return self.push(&item),
        };
        let finding = Finding::about(outcome, Some(&item), None).on(self.which);
        self.reporter
            .take(&finding.because(reason).detail(detail))?;
        self.push(&item)
    }

    fn refused(&mut self, refusal: &Refusal) -> Result<(), ToolError> {
        let counts = self.reporter.tally.side(self.which);
        SideCounts::add(&mut counts.refused, refusal.reason);
        self.left_out_count += 1;
        if !refusal.name.is_empty() && self.protected.len() < MAX_PROTECTED {
            self.protected.insert(refusal.name.to_lowercase());
        }
        self.reporter
            .take(&Finding::of_refusal(Outcome::Refused, self.which, refusal))
    }

    /// Takes what a side keeps to itself. With an address it is still known there, so that the other side's is seen for
    /// what it is.
    fn excluded(&mut self, refusal: &Refusal) -> Result<(), ToolError> {
        let counts = self.reporter.tally.side(self.which);
        SideCounts::add(&mut counts.excluded, refusal.reason);
        self.left_out_count += 1;
        self.reporter
            .take(&Finding::of_refusal(Outcome::Excluded, self.which, refusal))?;
        let Ok(address) = TargetAddress::parse(&refusal.address) else {
            return Ok(());
        };
        let mut item = Item::new(address, refusal.name.clone(), refusal.place.clone());
        item.state = State::Excluded(refusal.reason);
        self.push(&item)
    }

    fn push(&mut self, item: &Item) -> Result<(), ToolError> {
        push(&mut self.keys, item)
    }

    /// Ends the side.
    ///
    /// # Errors
    /// A temporary file or the report cannot be written.
    pub(super) fn finish(mut self, mut about: About) -> Result<Taken, ToolError> {
        if self.protected.len() == MAX_PROTECTED {
            about.incomplete = Some("too much of it cannot be read".to_owned());
        }
        let [holes, backwards] = self.gaps;
        self.reporter.has_differences |= backwards > 0 || (holes > 0 && !about.has_holes);
        let (which, reporter, keys) = (self.which, &mut self.reporter, &mut self.keys);
        let mut entry_count = 0;
        let finished = self.replay.finish(&mut |worked| match worked {
            Worked::Twice(finding) => {
                reporter.tally.duplicated.names += 1;
                reporter.has_differences = true;
                reporter.take(&finding.on(which))
            }
            Worked::Item(item) => {
                entry_count += u64::from(item.state == State::Present);
                push(keys, &item)
            }
            Worked::AsItCame(key, bytes) => {
                entry_count += 1;
                keys.push(key, bytes).map_err(unsorted)
            }
        })?;
        let counts = self.reporter.tally.side(which);
        counts.read = about.read;
        counts.entries = match about.kind.is_directory() {
            true => about.read.saturating_sub(self.left_out_count),
            false => entry_count,
        };
        counts.superseded = about
            .read
            .saturating_sub(counts.entries + self.left_out_count);
        Ok(Taken {
            about,
            sorted: self.keys.finish().map_err(unsorted)?,
            protected: self.protected,
            begun: finished.begun,
            templates: finished.templates,
            spilled: finished.spilled,
        })
    }
}

fn push(keys: &mut Sorter, item: &Item) -> Result<(), ToolError> {
    let key = item.key();
    keys.push(key.folded().as_bytes(), &item.encode())
        .map_err(unsorted)
}

/// Says that a temporary file failed.
pub(super) fn unsorted(error: std::io::Error) -> ToolError {
    ToolError::new(ExitCode::CannotWrite, "temporary files").caused_by(error)
}

/// Returns attributes in lower case and in order, values that are empty left out.
fn details(attributes: &Attributes) -> Details {
    let mut details: Details = attributes
        .iter()
        .map(|(name, values)| {
            let values = values.iter().filter(|value| !value.is_empty());
            let mut values: Vec<_> = values.map(<[u8]>::to_vec).collect();
            values.sort();
            // One side may call an attribute fax and the other facsimileTelephoneNumber.
            (syntax::canonical_name(name).to_lowercase(), values)
        })
        .filter(|(_, values)| !values.is_empty())
        .collect();
    details.sort();
    details.dedup_by(|(name, values), (kept, all)| {
        let is_same = name == kept;
        if is_same {
            all.append(values);
            all.sort();
            all.dedup();
        }
        is_same
    });
    details
}

/// Returns the name by which an entry has an attribute: as it was asked for, or the one that directories have it by.
fn name_in(attributes: &Attributes, name: &str) -> String {
    match attributes.values(name).is_empty() {
        true => syntax::canonical_name(name),
        false => name.to_owned(),
    }
}
