//! Turns what becomes of entries into findings, counts and transactions.

use std::collections::{BTreeSet, HashSet};
use std::io;

use super::compare::{Comparer, Difference};
use super::finding::{Finding, Outcome, SideCounts, Which};
use super::groups::Together;
use super::intake::unsorted;
use super::item::{Encoded, Item, State};
use super::join::{Match, decide};
use super::pairs::Pairs;
use super::repair::Repair;
use super::replay::{Begun, Templates};
use super::report::Reporter;
use super::stale::{self, Comparable};
use crate::plan::outcome::Reason;
use crate::tools::exit::ToolError;
use crate::tools::side::{About, SideKind};

/// What is known of a side beside its entries.
pub(super) struct Known {
    /// What it is.
    pub(super) about: About,
    /// Names on what could not be read, in lower case.
    pub(super) protected: HashSet<String>,
    /// Lists that its records began anew.
    pub(super) begun: Begun,
    /// The templates of its lists.
    pub(super) templates: Templates,
}

impl Known {
    /// Returns why an entry of a list may be there though this side does not have it.
    fn doubt(&self, list: &str) -> Option<String> {
        if let Some(why) = &self.about.incomplete {
            return Some(format!("not read whole: {why}"));
        }
        let is_silent = self.about.is_history && !self.begun.has(list);
        is_silent.then(|| "its records say nothing of it".to_owned())
    }

    fn leaves_out(&self, list: &str) -> bool {
        self.about.left_out.as_deref() == Some(list)
    }
}

/// Judges entries.
pub(super) struct Judge<'j, 'r, 't> {
    /// A.
    pub(super) a: &'j Known,
    /// B.
    pub(super) b: &'j Known,
    /// Compares entries.
    pub(super) comparer: &'j Comparer,
    /// What of their numbers is compared.
    pub(super) comparable: Comparable,
    /// Takes the findings.
    pub(super) reporter: &'j mut Reporter<'r>,
    /// Takes what is to be mended, if that is wanted.
    pub(super) repair: Option<Repair<'t>>,
    /// Looks for people under two keys.
    pub(super) pairs: Pairs,
}

impl Judge<'_, '_, '_> {
    /// Compares the templates that both sides have, or that one has and the other would have: a postoffice has all of its
    /// own. No transaction mends one, since a T drops the lines of the whole list.
    ///
    /// # Errors
    /// A finding cannot be written.
    pub(super) fn templates(&mut self, is_wanted: &dyn Fn(&str) -> bool) -> Result<(), ToolError> {
        let is_postoffice = |side: &Known| side.about.kind == SideKind::Postoffice;
        let (a, b) = (self.a, self.b);
        let lists: BTreeSet<_> = a.templates.lists().chain(b.templates.lists()).collect();
        for list in lists.into_iter().filter(|list| is_wanted(list)) {
            let (of_a, of_b) = (a.templates.lines(list), b.templates.lines(list));
            let is_known = |side: &Known, of: &Option<_>| of.is_some() || is_postoffice(side);
            if !is_known(a, &of_a) || !is_known(b, &of_b) || of_a == of_b {
                continue;
            }
            self.reporter.tally.templates += 1;
            self.reporter.has_differences = true;
            self.mend(|repair| repair.leave_out(Reason::MappingError))?;
            let mut finding = Finding::new(Outcome::Template);
            finding.list.clone_from(list);
            finding.differences = vec![Difference {
                attribute: list.clone(),
                a: of_a.unwrap_or_default(),
                b: of_b.unwrap_or_default(),
            }];
            self.reporter.take(&finding)?;
        }
        Ok(())
    }

    /// Judges the entries of one key.
    ///
    /// # Errors
    /// A finding or a temporary file cannot be written.
    pub(super) fn take(&mut self, group: &Together) -> Result<(), ToolError> {
        if let ([a], [b]) = (&group.a[..], &group.b[..]) {
            if self.is_plainly_equal(Encoded(a), Encoded(b)) {
                self.reporter.tally.equal += 1;
                let pairs = &mut self.pairs;
                return pairs.take_equal(a).map_err(unsorted);
            }
        }
        let decoded = |items: &[Vec<u8>]| -> Result<Vec<Item>, ToolError> {
            let items = items.iter().map(|bytes| Item::decode(bytes));
            items.collect::<io::Result<_>>().map_err(unsorted)
        };
        let (a, b) = (decoded(&group.a)?, decoded(&group.b)?);
        let mut shared = None;
        for found in decide(&a, &b) {
            match found {
                Match::Both(a, b) => self.both(a, b)?,
                Match::Shared(a, b) => {
                    self.both(a, b)?;
                    if let Some(first) = shared {
                        self.reporter.tally.duplicated.both += 1;
                        self.twice(Which::Both, first, a)?;
                    }
                    shared = shared.or(Some(a));
                }
                Match::Missing(a) => self.missing(a)?,
                Match::Removed(a, ghost) => {
                    let mut finding = Finding::about(Outcome::Missing, Some(a), None);
                    finding = because_of(finding, ghost, "B");
                    self.miss(a, &finding)?;
                }
                Match::Extra(b) => self.extra(b)?,
                Match::Unwanted(ghost, b) => {
                    let finding = Finding::about(Outcome::Extra, None, Some(b));
                    self.surplus(b, &because_of(finding, ghost, "A"), true)?;
                }
                Match::Kept(ghost, b) => {
                    let finding = Finding::about(Outcome::Kept, None, Some(b));
                    self.keep(b, &because_of(finding, ghost, "A"))?;
                }
                Match::TwiceInA(first, a) => {
                    self.reporter.tally.duplicated.a += 1;
                    self.twice(Which::A, first, a)?;
                    self.pairs.take(Some(a), None).map_err(unsorted)?;
                    self.mend_one(a, |repair| repair.add(a))?;
                }
                Match::TwiceInB(first, b) => {
                    self.reporter.tally.duplicated.b += 1;
                    self.twice(Which::B, first, b)?;
                    self.pairs.take(None, Some(b)).map_err(unsorted)?;
                    let is_certain = self.a.about.incomplete.is_none();
                    self.mend_one(b, |repair| match is_certain {
                        true => repair.remove(b),
                        false => repair.leave_out(Reason::ListIncomplete),
                    })?;
                }
            }
        }
        Ok(())
    }

    /// Tells whether two entries need not be looked at any further.
    fn is_plainly_equal(&self, a: Encoded<'_>, b: Encoded<'_>) -> bool {
        let has_numbers = self.comparable.sync || self.comparable.stamp;
        let is_wanted = has_numbers || self.reporter.wants_equal();
        !is_wanted && a.is_plain() && b.is_plain() && a.content() == b.content()
    }

    fn mend(
        &mut self,
        mend: impl FnOnce(&mut Repair<'_>) -> io::Result<()>,
    ) -> Result<(), ToolError> {
        self.repair
            .as_mut()
            .map_or(Ok(()), |repair| mend(repair).map_err(unsorted))
    }

    /// Mends an entry, unless its name stands twice in its list: which of the two a transaction would mean nobody can say.
    fn mend_one(
        &mut self,
        item: &Item,
        mend: impl FnOnce(&mut Repair<'_>) -> io::Result<()>,
    ) -> Result<(), ToolError> {
        match item.is_twin {
            true => self.mend(|repair| repair.leave_out(Reason::AmbiguousName)),
            false => self.mend(mend),
        }
    }

    fn both(&mut self, a: &Item, b: &Item) -> Result<(), ToolError> {
        self.pairs.take(Some(a), Some(b)).map_err(unsorted)?;
        let differences = self.comparer.differences(a, b);
        if differences.is_empty() {
            self.reporter.tally.equal += 1;
            if self.reporter.wants_equal() {
                let finding = Finding::about(Outcome::Equal, Some(a), Some(b));
                self.reporter.take(&finding)?;
            }
        } else {
            self.reporter.tally.altered += 1;
            self.reporter.has_differences = true;
            let twin = if a.is_twin { a } else { b };
            self.mend_one(twin, |repair| repair.change(a, b, &differences))?;
            let mut finding = Finding::about(Outcome::Altered, Some(a), Some(b));
            finding.differences = differences;
            self.reporter.take(&finding)?;
        }
        if let Some(finding) = stale::of_entries(a, b, self.comparable) {
            self.reporter.tally.stale += 1;
            self.reporter.has_differences = true;
            self.reporter.take(&finding)?;
        }
        Ok(())
    }

    fn missing(&mut self, a: &Item) -> Result<(), ToolError> {
        let list = a.address.list();
        let finding = Finding::about(Outcome::Missing, Some(a), None);
        if self.b.leaves_out(&list) {
            return self.left_out(Which::A, finding);
        }
        let doubt = self.b.doubt(&list);
        let is_unread = self.b.protected.contains(&a.name.to_lowercase());
        let finding = match (doubt, is_unread) {
            (_, true) => {
                let finding = finding.because(Reason::ListDamaged);
                finding.detail("somebody of that name cannot be read in B")
            }
            (Some(why), false) => finding.because(Reason::ListIncomplete).detail(why),
            (None, false) => finding,
        };
        self.miss(a, &finding)
    }

    fn miss(&mut self, a: &Item, finding: &Finding) -> Result<(), ToolError> {
        self.pairs.take(Some(a), None).map_err(unsorted)?;
        self.mend_one(a, |repair| repair.add(a))?;
        self.reporter.tally.missing += 1;
        self.reporter.has_differences = true;
        self.reporter.take(finding)
    }

    fn extra(&mut self, b: &Item) -> Result<(), ToolError> {
        let list = b.address.list();
        let finding = Finding::about(Outcome::Extra, None, Some(b));
        if self.a.leaves_out(&list) {
            return self.left_out(Which::B, finding);
        }
        if self.a.protected.contains(&b.name.to_lowercase()) {
            let mut finding = Finding::about(Outcome::Kept, None, Some(b));
            finding = finding.because(Reason::ListDamaged);
            let finding = finding.detail("somebody of that name cannot be read in A");
            return self.keep(b, &finding);
        }
        match self.a.doubt(&list) {
            Some(why) => {
                let finding = finding.because(Reason::ListIncomplete).detail(why);
                self.surplus(b, &finding, false)
            }
            None => self.surplus(b, &finding, true),
        }
    }

    /// Takes an entry that A lacks; without certainty nothing removes it.
    fn surplus(&mut self, b: &Item, finding: &Finding, is_certain: bool) -> Result<(), ToolError> {
        self.pairs.take(None, Some(b)).map_err(unsorted)?;
        self.mend_one(b, |repair| match is_certain {
            true => repair.remove(b),
            false => repair.leave_out(Reason::ListIncomplete),
        })?;
        self.reporter.tally.extra += 1;
        self.reporter.has_differences = true;
        self.reporter.take(finding)
    }

    fn keep(&mut self, b: &Item, finding: &Finding) -> Result<(), ToolError> {
        self.pairs.take(None, Some(b)).map_err(unsorted)?;
        self.reporter.tally.kept += 1;
        self.reporter.take(finding)
    }

    /// Takes an entry of the list that the other side leaves out, since it is made for whom that list belongs to.
    fn left_out(&mut self, side: Which, mut finding: Finding) -> Result<(), ToolError> {
        let counts = self.reporter.tally.side(side);
        counts.entries -= 1;
        SideCounts::add(&mut counts.excluded, Reason::OwnImport);
        finding.outcome = Outcome::Excluded;
        let finding = finding.on(side).because(Reason::OwnImport);
        self.reporter
            .take(&finding.detail("the list is made for the postoffice of this entry"))
    }

    /// Says that a key stands twice, unless its names did already.
    fn twice(&mut self, side: Which, first: &Item, second: &Item) -> Result<(), ToolError> {
        let is_difference = side != Which::Both;
        self.reporter.has_differences |= is_difference;
        if second.is_twin && is_difference {
            return Ok(());
        }
        let mut finding = Finding::about(Outcome::Duplicated, Some(second), None).on(side);
        finding.a = None;
        finding.places = vec![first.place.clone(), second.place.clone()];
        let detail = format!("the key stands twice, the other is {}", first.name);
        self.reporter
            .take(&finding.because(Reason::AddressDuplicate).detail(detail))
    }
}

/// Says why the other side does not have an entry, or should not.
fn because_of(finding: Finding, ghost: &Item, letter: &str) -> Finding {
    match ghost.state {
        State::Excluded(reason) => finding
            .because(reason)
            .detail(format!("{letter} keeps it to itself: {}", ghost.place)),
        State::Withheld(reason) => finding.because(reason).detail(format!(
            "it stays as it is: whether {letter} lets it go is not known ({})",
            ghost.place
        )),
        State::Removed | State::Present => {
            finding.detail(format!("{letter} has removed it: {}", ghost.place))
        }
    }
}
