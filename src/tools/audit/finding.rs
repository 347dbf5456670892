//! What an audit finds, and how many of each.

use std::collections::BTreeMap;

use serde::Serialize;

use super::compare::Difference;
use super::exact;
use super::item::Item;
use crate::plan::outcome::Reason;
use crate::tools::side::{Place, Refusal};

/// What became of an entry, or what is wrong with a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// On both sides, and the same.
    Equal,
    /// On both sides, and not the same.
    Altered,
    /// In A and not in B.
    Missing,
    /// In B and not in A.
    Extra,
    /// Its key or its name stands twice on one side.
    Duplicated,
    /// In B, and whether it should be is not known.
    Kept,
    /// Its number or date is older than on the other side.
    Stale,
    /// Numbers that a queue lacks.
    Gap,
    /// Under another key on the other side there is somebody of that mail address or name (DX-40).
    Pair,
    /// Kept by its own side.
    Excluded,
    /// Kept until its consent can be read.
    Withheld,
    /// It cannot be read.
    Refused,
    /// A line of it cannot be taken; the entry is compared without.
    LineRefused,
    /// The template of a list is not the same.
    Template,
}

impl Outcome {
    /// Returns the word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Altered => "altered",
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Duplicated => "duplicated",
            Self::Kept => "kept",
            Self::Stale => "stale",
            Self::Gap => "gap",
            Self::Pair => "pair",
            Self::Excluded => "excluded",
            Self::Withheld => "withheld",
            Self::Refused => "refused",
            Self::LineRefused => "line refused",
            Self::Template => "template",
        }
    }
}

/// Which of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Which {
    /// The first, what should be.
    A,
    /// The second, what is.
    B,
    /// Both.
    Both,
}

impl Which {
    /// Returns the letter of a side.
    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::Both => "A and B",
        }
    }
}

/// An entry as one side has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct At {
    /// Its key.
    pub(super) key: String,
    /// Its name there.
    pub(super) name: String,
    /// Where it stands.
    pub(super) place: Place,
    /// Number of the last transaction about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sync: Option<u32>,
}

impl At {
    /// Describes an entry.
    pub(super) fn of(item: &Item) -> Self {
        Self {
            key: exact::shown(item.key().as_str()),
            name: exact::shown(&item.name),
            place: item.place.clone(),
            sync: item.sync,
        }
    }
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// Its key; empty where it has none.
    pub(super) entry: String,
    /// Its name.
    pub(super) name: String,
    /// The list it is in.
    pub(super) list: String,
    /// What became of it.
    pub(super) outcome: Outcome,
    /// The side it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) side: Option<Which>,
    /// Why.
    pub(super) reason: Option<Reason>,
    /// The published message, where there is one.
    pub(super) message: Option<u16>,
    /// What the reason is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
    /// The entry in A; of a duplicate the first of the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) a: Option<At>,
    /// The entry in B; of a duplicate the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) b: Option<At>,
    /// Both places of a duplicate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) places: Vec<Place>,
    /// What differs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) differences: Vec<Difference>,
    /// Who may be one, the one of A first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) pair: Vec<PairOf>,
}

/// One of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PairOf {
    /// Its key.
    pub(super) key: String,
    /// Its name.
    pub(super) name: String,
    /// Where it stands.
    pub(super) place: String,
}

impl Finding {
    /// A finding that is not about an entry.
    pub(super) fn new(outcome: Outcome) -> Self {
        Self {
            entry: String::new(),
            name: String::new(),
            list: String::new(),
            outcome,
            side: None,
            reason: None,
            message: None,
            detail: None,
            a: None,
            b: None,
            places: Vec::new(),
            differences: Vec::new(),
            pair: Vec::new(),
        }
    }

    /// A finding about an entry of one side or both.
    pub(super) fn about(outcome: Outcome, a: Option<&Item>, b: Option<&Item>) -> Self {
        let mut finding = Self::new(outcome);
        if let Some(item) = a.or(b) {
            finding.entry = exact::shown(item.key().as_str());
            finding.name = exact::shown(&item.name);
            finding.list = exact::shown(&item.address.list());
        }
        finding.a = a.map(At::of);
        finding.b = b.map(At::of);
        finding
    }

    /// A finding about something that was left out of a side.
    pub(super) fn of_refusal(outcome: Outcome, side: Which, refusal: &Refusal) -> Self {
        let mut finding = Self::new(outcome).on(side).because(refusal.reason);
        finding.entry.clone_from(&refusal.address);
        finding.name.clone_from(&refusal.name);
        finding.message = refusal.message;
        finding.detail = Some(refusal.detail.clone());
        finding.places = vec![refusal.place.clone()];
        finding
    }

    /// Says which side it is about.
    pub(super) fn on(mut self, side: Which) -> Self {
        self.side = Some(side);
        self
    }

    /// Adds the reason.
    pub(super) fn because(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Adds what the reason is about.
    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// What became of the entries of one side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct SideCounts {
    /// Entries, or transactions of entries, in it.
    pub(super) read: u64,
    /// Entries that are compared.
    pub(super) entries: u64,
    /// Transactions that later ones made nothing of.
    pub(super) superseded: u64,
    /// Entries that it keeps to itself, or that were not asked for, by reason.
    pub(super) excluded: BTreeMap<String, u64>,
    /// Entries of which nobody knows whether they should leave it, by reason.
    pub(super) withheld: BTreeMap<String, u64>,
    /// What cannot be read, by reason.
    pub(super) refused: BTreeMap<String, u64>,
}

impl SideCounts {
    /// Counts one more of a reason.
    pub(super) fn add(counts: &mut BTreeMap<String, u64>, reason: Reason) {
        *counts.entry(reason.to_string()).or_default() += 1;
    }

    /// Returns how many there are of all reasons.
    pub(super) fn sum(counts: &BTreeMap<String, u64>) -> u64 {
        counts.values().sum()
    }

    /// Tells whether everything that was read has become something.
    pub(super) fn adds_up(&self) -> bool {
        let left_out = [&self.excluded, &self.withheld, &self.refused].map(Self::sum);
        self.read == self.entries + self.superseded + left_out.iter().sum::<u64>()
    }
}

/// How many of each: `a.entries = equal + altered + missing + duplicated.a`, and
/// `b.entries = equal + altered + extra + kept + duplicated.b` (NT-01).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Tally {
    /// Of A.
    pub(super) a: SideCounts,
    /// Of B.
    pub(super) b: SideCounts,
    /// Entries that are the same.
    pub(super) equal: u64,
    /// Entries that are not the same.
    pub(super) altered: u64,
    /// Entries of A that B lacks.
    pub(super) missing: u64,
    /// Entries of B that A lacks.
    pub(super) extra: u64,
    /// Entries of B that stay because consent of A cannot be read.
    pub(super) kept: u64,
    /// Second entries of one key or one name.
    pub(super) duplicated: Duplicates,
    /// Entries, and sides, with an older number on the other side.
    pub(super) stale: u64,
    /// Gaps in numbers, and numbers that go back.
    pub(super) gap: u64,
    /// People who stand under two keys.
    pub(super) pairs: u64,
    /// Lists whose templates are not the same.
    pub(super) templates: u64,
    /// Lines of entries that cannot be taken.
    pub(super) lines_refused: u64,
}

/// Duplicates by side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Duplicates {
    /// In A, and not so in B.
    pub(super) a: u64,
    /// In B, and not so in A.
    pub(super) b: u64,
    /// On both sides the same, which is no difference.
    pub(super) both: u64,
    /// Names that stand twice in one list; their entries are counted as what else they are.
    pub(super) names: u64,
}

impl Tally {
    /// Returns the counts of a side.
    pub(super) fn side(&mut self, side: Which) -> &mut SideCounts {
        match side {
            Which::B => &mut self.b,
            _ => &mut self.a,
        }
    }

    /// Tells whether the counts add up.
    pub(super) fn adds_up(&self) -> bool {
        let common = self.equal + self.altered;
        self.a.adds_up()
            && self.b.adds_up()
            && self.a.entries == common + self.missing + self.duplicated.a
            && self.b.entries == common + self.extra + self.kept + self.duplicated.b
    }

    /// Tells whether B does not hold exactly the entries of A (NT-01), or of some it is not known.
    pub(super) fn is_partial(&self) -> bool {
        let unknown = [&self.a.withheld, &self.a.refused, &self.b.refused];
        self.missing + self.extra > 0 || unknown.iter().any(|counts| !counts.is_empty())
    }
}
