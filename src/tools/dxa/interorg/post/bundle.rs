//! A unit in the Maildir, as far as its parts are there: in which order units are taken, and which are given up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use super::maildir::Lying;
use crate::directory::interorg::wire::Unit;

/// A unit, as far as it is there.
#[derive(Debug, Clone)]
pub(in crate::tools::dxa::interorg) struct Bundle {
    /// Which link it came over.
    pub(in crate::tools::dxa::interorg) link: usize,
    /// Its head: the tables are empty.
    pub(in crate::tools::dxa::interorg) head: Unit,
    /// How many parts it has.
    pub(in crate::tools::dxa::interorg) of: usize,
    /// Its parts, and the signature of each.
    pub(super) parts: BTreeMap<usize, (Lying, String)>,
}

impl Bundle {
    /// Returns the parts that are missing.
    pub(in crate::tools::dxa::interorg) fn missing(&self) -> Vec<usize> {
        (1..=self.of)
            .filter(|number| !self.parts.contains_key(number))
            .collect()
    }

    /// Returns the files of its parts.
    pub(in crate::tools::dxa::interorg) fn files(&self) -> impl Iterator<Item = &Lying> {
        self.parts.values().map(|(lying, _)| lying)
    }

    /// Returns the bytes of its parts.
    pub(in crate::tools::dxa::interorg) fn len(&self) -> u64 {
        self.files().map(|lying| lying.len).sum()
    }

    /// When its last part arrived.
    fn arrived(&self) -> SystemTime {
        let arrived = self.files().map(|lying| lying.arrived);
        arrived.max().unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// Puts units in the order in which they are taken: as they arrived, but none before one that it knows as earlier.
pub(super) fn in_order(mut bundles: Vec<Bundle>) -> Vec<Bundle> {
    bundles.sort_by_key(Bundle::arrived);
    let mut ordered: Vec<Bundle> = Vec::with_capacity(bundles.len());
    for bundle in bundles {
        let knows_it = |other: &Bundle| {
            other.link == bundle.link && earlier(&other.head).contains(name(&bundle.head))
        };
        let at = ordered.iter().position(knows_it);
        ordered.insert(at.unwrap_or(ordered.len()), bundle);
    }
    ordered
}

/// Returns the names of the units that one knows to be before it.
fn earlier(unit: &Unit) -> BTreeSet<&str> {
    match unit {
        Unit::Request(request) => request.earlier.iter().map(String::as_str).collect(),
        Unit::Answer(answer) => answer.earlier.iter().map(|r| r.0.as_str()).collect(),
    }
}

/// Returns what the others know a unit by.
fn name(unit: &Unit) -> &str {
    match unit {
        Unit::Request(request) => &request.id,
        Unit::Answer(answer) => &answer.receipt.0,
    }
}

/// Tells whether a unit that is not whole is given up for one that was taken.
pub(super) fn is_superseded(bundle: &Bundle, taken: &Bundle) -> bool {
    let numbers = |unit: &Unit| match unit {
        Unit::Request(request) => (request.epoch.clone(), request.span.upto),
        Unit::Answer(answer) => (answer.epoch.clone(), answer.span.upto),
    };
    let ((epoch, upto), (taken_epoch, taken_upto)) = (numbers(&bundle.head), numbers(&taken.head));
    let is_known = earlier(&taken.head).contains(name(&bundle.head));
    let is_later = earlier(&bundle.head).contains(name(&taken.head));
    match epoch == taken_epoch {
        _ if is_known || is_later => is_known && !is_later,
        true if upto != taken_upto => upto < taken_upto,
        _ => bundle.arrived() <= taken.arrived(),
    }
}

/// Spells numbers: `2`, `2, 5 to 9`.
pub(super) fn spelt(numbers: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let runs = runs.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first} to {last}"),
    });
    runs.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::directory::interorg::unit::Applied;
    use crate::directory::interorg::{Epoch, Request, Span, Usn};

    /// A request that arrived at a second, whole or not.
    fn bundle(id: &str, epoch: &str, upto: u64, earlier: &[&str], arrived: u64) -> Bundle {
        let request = Request {
            id: id.to_owned(),
            branch: "ORG1".to_owned(),
            earlier: earlier.iter().map(|id| (*id).to_owned()).collect(),
            epoch: Epoch::new(epoch).expect("an epoch"),
            span: Span {
                after: Usn(0),
                upto: Usn(upto),
            },
            is_full: false,
            applied: Applied::default(),
            changes: Vec::new(),
            withheld: Vec::new(),
        };
        let lying = Lying {
            path: PathBuf::from(id),
            len: 1,
            arrived: SystemTime::UNIX_EPOCH + Duration::from_secs(arrived),
        };
        Bundle {
            link: 0,
            head: Unit::Request(request),
            of: 2,
            parts: BTreeMap::from([(1, (lying, String::new()))]),
        }
    }

    #[test]
    fn what_is_behind_is_never_given_up_for_what_is_before_it() {
        let taken = bundle("r-5", "e", 50, &["r-3", "r-4"], 100);
        for (waiting, expected) in [
            (bundle("r-4", "e", 50, &["r-3"], 200), true),
            (bundle("r-1", "e", 10, &[], 200), true),
            (bundle("r-6", "e", 60, &["r-5"], 50), false),
            (bundle("r-6", "e", 60, &[], 50), false),
            (bundle("x-1", "other", 90, &[], 50), true),
            (bundle("x-1", "other", 90, &[], 200), false),
            (bundle("x-1", "other", 90, &["r-5"], 50), false),
        ] {
            assert_eq!(is_superseded(&waiting, &taken), expected, "{waiting:?}");
        }
    }

    #[test]
    fn units_are_taken_as_they_arrived_but_none_before_one_that_it_knows() {
        let all = vec![
            bundle("r-3", "e", 3, &["r-1", "r-2"], 1),
            bundle("r-2", "e", 2, &["r-1"], 2),
            bundle("r-1", "e", 1, &[], 3),
        ];
        let ordered: Vec<_> = in_order(all)
            .iter()
            .map(|b| b.head.id().to_owned())
            .collect();
        assert_eq!(ordered, ["r-1", "r-2", "r-3"]);
    }

    #[test]
    fn numbers_are_spelt_short() {
        assert_eq!(spelt(&[2]), "2");
        assert_eq!(spelt(&[1, 2, 3, 7, 9, 10]), "1 to 3, 7, 9 to 10");
    }
}
