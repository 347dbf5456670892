//! Whether what was read is what becomes of it: an entry that nobody counts is one that nobody misses (`spec/exchange.md`
//! NT-01, Q245837).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::outcome::Reason;
use crate::tools::dxa::exchange::outcome::shown;

use super::source::Recount;

/// How many of each.
pub(in crate::tools::dxa) type Reasons = BTreeMap<String, u64>;

/// The entries of the export containers: `read = eligible + excluded`, `eligible = exported + unexportable`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::tools::dxa) struct Tally {
    /// Entries counted by their names alone, in a reading of its own; none where only changes were read.
    pub(in crate::tools::dxa) source: Option<u64>,
    /// Entries that were read.
    pub(in crate::tools::dxa) read: u64,
    /// Entries that are meant to be at the other side.
    pub(in crate::tools::dxa) eligible: u64,
    /// Those that are, or will be.
    pub(in crate::tools::dxa) exported: u64,
    /// Entries that are not meant to be there, by reason.
    pub(in crate::tools::dxa) excluded: Reasons,
    /// Entries that cannot be there, by reason.
    pub(in crate::tools::dxa) unexportable: Reasons,
    /// Entries that cannot go as they are, of which the other side keeps what it has.
    pub(in crate::tools::dxa) kept: u64,
    /// Entries that only one of the two readings has.
    pub(in crate::tools::dxa) differing: Vec<String>,
    /// Why it is not all right.
    pub(in crate::tools::dxa) partial: Vec<String>,
}

impl Tally {
    /// An entry is not sent.
    pub(in crate::tools::dxa) fn leave_out(&mut self, reason: Reason) {
        let reasons = match is_exclusion(reason) {
            true => &mut self.excluded,
            false => &mut self.unexportable,
        };
        *reasons.entry(reason.to_string()).or_default() += 1;
    }

    /// Compares all numbers, once they are known.
    pub(in crate::tools::dxa) fn settle(&mut self, recount: Option<&Recount>, unclear: usize) {
        let sum = |reasons: &Reasons| reasons.values().sum::<u64>();
        let (excluded, unexportable) = (sum(&self.excluded), sum(&self.unexportable));
        self.eligible = self.read.saturating_sub(excluded);
        self.partial.clear();
        if unclear > 0 {
            let text = format!("{unclear} entries of which nobody knows whether they may leave");
            self.partial.push(text);
        }
        if self.eligible != self.exported + unexportable {
            let text = format!(
                "{} eligible, but {} exported and {unexportable} not exportable",
                self.eligible, self.exported
            );
            self.partial.push(text);
        }
        let Some(recount) = recount else { return };
        self.source = Some(recount.entries);
        self.differing.clone_from(&recount.differing);
        if self.exported > recount.entries {
            let text = format!(
                "more entries are exported than there are: {} of {}",
                self.exported, recount.entries
            );
            self.partial.push(text);
        }
        if self.read != recount.entries || !self.differing.is_empty() {
            let text = format!(
                "{} entries were read and {} counted; they differ in {}",
                self.read,
                recount.entries,
                self.differing.join("; ")
            );
            self.partial.push(text);
        }
    }

    /// Tells whether something is not as it should be.
    pub(in crate::tools::dxa) fn is_partial(&self) -> bool {
        !self.partial.is_empty()
    }

    /// Tells whether there is more to say than that everything went.
    pub(in crate::tools::dxa) fn is_of_note(&self) -> bool {
        self.is_partial() || self.exported != self.read
    }
}

/// Tells whether an entry is left out because somebody wants it so.
fn is_exclusion(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::ConsentNo
            | Reason::ConsentBlank
            | Reason::Filtered
            | Reason::Trust
            | Reason::Hidden
            | Reason::OutsideContainers
            | Reason::KindOff
            | Reason::OwnImport
            | Reason::NotAuthoritative
            | Reason::AddressType
    )
}

/// `100 entries = 80 exported + 15 excluded (consent-no 15) + 5 not exportable (consent-unreadable 5), counted again 100`
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} entries = {} exported", self.read, self.exported)?;
        for (what, reasons) in [
            ("excluded", &self.excluded),
            ("not exportable", &self.unexportable),
        ] {
            if !reasons.is_empty() {
                let sum: u64 = reasons.values().sum();
                write!(f, " + {sum} {what} ({})", shown(reasons))?;
            }
        }
        if let Some(source) = self.source {
            write!(f, ", counted again {source}")?;
        }
        if self.kept > 0 {
            write!(f, ", kept there {}", self.kept)?;
        }
        if self.is_partial() {
            write!(f, "; PARTIAL: {}", self.partial.join("; "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(read: u64, exported: u64, recount: Recount) -> Tally {
        let mut tally = Tally {
            read,
            exported,
            ..Tally::default()
        };
        for _ in exported..read {
            tally.leave_out(Reason::Hidden);
        }
        tally.settle(Some(&recount), 0);
        tally
    }

    #[test]
    fn ntc_003_more_exported_than_counted_is_an_alarm_of_its_own() {
        let recount = Recount {
            entries: 100,
            differing: vec!["cn=x".to_owned()],
        };
        let tally = settled(101, 101, recount);
        assert_eq!(
            tally.partial,
            [
                "more entries are exported than there are: 101 of 100",
                "101 entries were read and 100 counted; they differ in cn=x"
            ]
        );
    }

    #[test]
    fn ntc_004_equal_numbers_of_other_entries_are_partial_too() {
        let recount = Recount {
            entries: 80,
            differing: vec!["cn=a".to_owned(), "cn=b".to_owned()],
        };
        let tally = settled(80, 80, recount);
        assert!(tally.is_partial());
        assert!(
            tally.to_string().contains("differ in cn=a; cn=b"),
            "{tally}"
        );
        let recount = Recount {
            entries: 80,
            differing: Vec::new(),
        };
        let tally = settled(80, 70, recount);
        assert!(!tally.is_partial() && tally.is_of_note());
        assert_eq!(
            tally.to_string(),
            "80 entries = 70 exported + 10 excluded (hidden 10), counted again 80"
        );
    }

    #[test]
    fn nt01_an_entry_that_is_in_no_count_is_partial() {
        let mut tally = Tally {
            read: 3,
            exported: 1,
            ..Tally::default()
        };
        tally.leave_out(Reason::TooLong);
        tally.settle(None, 0);
        assert_eq!(
            tally.partial,
            ["3 eligible, but 1 exported and 1 not exportable"]
        );
        assert_eq!(tally.source, None);
    }
}
