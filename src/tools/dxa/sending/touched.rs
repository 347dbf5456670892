//! Entries that are sent again on request, and what became of each (`spec/exchange.md` NT-03).
//!
//! The original's way was to save the document with another value and back again: a run between the two deleted the user
//! at the other side. Here the source stays as it is; an `A` followed by an `M` goes out with the next exchange, so that the
//! other side ends up with the entry whether it had it or not.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::directory::difference::{Change, Wanted, touch};
use crate::directory::key::SyncKey;

/// How far an entry is that is sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(in crate::tools::dxa) enum Touched {
    /// It goes out with the next exchange.
    Marked,
    /// It went out, the last of it under this number, and is not confirmed yet.
    Sent {
        /// The number.
        number: u32,
    },
    /// The other side has it.
    Arrived,
    /// The other side confirmed the number, and what came back does not have the entry.
    Missing,
    /// It does not go out.
    Refused {
        /// Why.
        why: String,
    },
}

impl fmt::Display for Touched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Marked => f.write_str("goes out with the next exchange"),
            Self::Sent { number } => write!(f, "sent under number {number}, not confirmed yet"),
            Self::Arrived => f.write_str("arrived"),
            Self::Missing => f.write_str("confirmed, and still missing at the other side"),
            Self::Refused { why } => write!(f, "not sent: {why}"),
        }
    }
}

/// The entries of a connection that are sent again, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::tools::dxa) struct Touches(BTreeMap<String, Touched>);

impl Touches {
    /// Tells whether there are none.
    pub(in crate::tools::dxa) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns them.
    pub(in crate::tools::dxa) fn iter(&self) -> impl Iterator<Item = (&str, &Touched)> {
        self.0.iter().map(|(key, touched)| (&key[..], touched))
    }

    /// Forgets those that have come to an end.
    pub(in crate::tools::dxa) fn begin(&mut self) {
        self.0
            .retain(|_, touched| matches!(touched, Touched::Marked | Touched::Sent { .. }));
    }

    /// What went out goes out again: the numbers that it went under are no more.
    pub(in crate::tools::dxa) fn again(&mut self) {
        for touched in self.0.values_mut() {
            if matches!(touched, Touched::Sent { .. }) {
                *touched = Touched::Marked;
            }
        }
    }

    /// Notes how far an entry is.
    pub(in crate::tools::dxa) fn set(&mut self, key: &SyncKey, touched: Touched) {
        self.0.insert(key.as_str().to_owned(), touched);
    }

    /// Puts what is to be sent again into what is sent.
    pub(in crate::tools::dxa) fn put_into(
        &self,
        changes: Vec<Change>,
        wanted: &Wanted,
    ) -> Vec<Change> {
        let marked = self
            .0
            .iter()
            .filter(|(_, touched)| **touched == Touched::Marked);
        let marked: HashSet<_> = marked.map(|(key, _)| &key[..]).collect();
        match marked.is_empty() {
            true => changes,
            false => touch(changes, wanted, |key| marked.contains(key.as_str())),
        }
    }

    /// Notes what went out, up to `last`; `why` says what keeps the rest from it.
    pub(in crate::tools::dxa) fn sent(
        &mut self,
        last: u32,
        is_sent: impl Fn(&str) -> bool,
        why: impl Fn(&str) -> Option<String>,
    ) {
        for (key, touched) in &mut self.0 {
            if *touched == Touched::Marked {
                *touched = match why(key) {
                    Some(why) => Touched::Refused { why },
                    None if is_sent(key) => Touched::Sent { number: last },
                    None => Touched::Refused {
                        why: "no such entry".to_owned(),
                    },
                };
            }
        }
    }

    /// Takes note of how far the other side is, where it says no more than that.
    pub(in crate::tools::dxa) fn confirmed(&mut self, through: u32) {
        self.settle(through, |_| Touched::Arrived);
    }

    /// Takes note of an answer that says how far the other side is and what it has.
    pub(in crate::tools::dxa) fn answered(&mut self, through: u32, is_back: impl Fn(&str) -> bool) {
        self.settle(through, |key| match is_back(key) {
            true => Touched::Arrived,
            false => Touched::Missing,
        });
        for (key, touched) in &mut self.0 {
            if *touched == Touched::Missing && is_back(key) {
                *touched = Touched::Arrived;
            }
        }
    }

    fn settle(&mut self, through: u32, fate: impl Fn(&str) -> Touched) {
        for (key, touched) in &mut self.0 {
            if matches!(touched, Touched::Sent { number } if *number <= through) {
                *touched = fate(key);
            }
        }
    }

    /// Returns what is another now than it was.
    pub(in crate::tools::dxa) fn news<'t>(
        &'t self,
        before: &'t Self,
    ) -> impl Iterator<Item = (&'t str, &'t Touched)> {
        self.iter()
            .filter(|(key, touched)| before.0.get(*key) != Some(*touched))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touches(keys: &[&str]) -> Touches {
        let mut touches = Touches::default();
        for key in keys {
            touches.set(&SyncKey::stored(key), Touched::Marked);
        }
        touches
    }

    fn shown(touches: &Touches) -> Vec<String> {
        touches
            .iter()
            .map(|(key, touched)| format!("{key}: {touched}"))
            .collect()
    }

    #[test]
    fn each_entry_comes_to_an_end_of_its_own() {
        let mut touches = touches(&["MS:N/P/A", "MS:N/P/B", "MS:N/P/C", "MS:N/P/D"]);
        let why = |key: &str| key.ends_with('C').then(|| "trust: 90".to_owned());
        touches.sent(7, |key| key.ends_with('A') || key.ends_with('B'), why);
        touches.answered(6, |_| true);
        assert_eq!(
            shown(&touches),
            [
                "MS:N/P/A: sent under number 7, not confirmed yet",
                "MS:N/P/B: sent under number 7, not confirmed yet",
                "MS:N/P/C: not sent: trust: 90",
                "MS:N/P/D: not sent: no such entry",
            ]
        );
        touches.answered(7, |key| key.ends_with('A'));
        assert_eq!(
            shown(&touches)[..2],
            [
                "MS:N/P/A: arrived",
                "MS:N/P/B: confirmed, and still missing at the other side",
            ]
        );
        // An answer that was cut brings the rest later.
        touches.answered(7, |key| key.ends_with('B'));
        assert_eq!(shown(&touches)[1], "MS:N/P/B: arrived");
        touches.begin();
        assert!(touches.is_empty());
    }

    #[test]
    fn a_requestor_confirms_by_its_number_alone() {
        let mut touches = touches(&["MS:N/P/A"]);
        touches.sent(7, |_| true, |_| None);
        touches.confirmed(6);
        assert_eq!(
            shown(&touches),
            ["MS:N/P/A: sent under number 7, not confirmed yet"]
        );
        touches.confirmed(7);
        assert_eq!(shown(&touches), ["MS:N/P/A: arrived"]);
    }
}
