//! Numbers that are older on one side: of the sides as a whole, and of single entries.
//!
//! Only numbers that count the same are compared: of one server, of one beginning of its counting, and stamps of one
//! clock (design, section 4).

use super::finding::{Finding, Outcome, Which};
use super::item::Item;
use crate::plan::outcome::Reason;
use crate::tools::side::{About, Numbers};

/// What may be compared of two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Comparable {
    /// Numbers of entries.
    pub(super) sync: bool,
    /// Date stamps of entries.
    pub(super) stamp: bool,
}

impl Comparable {
    /// Looks at two sides.
    pub(super) fn of(a: &About, b: &About) -> Self {
        let is_one_counting = !has_other_beginning(&a.numbers, &b.numbers)
            && is_one_or_unknown(&a.numbers.server, &b.numbers.server);
        Self {
            sync: is_one_counting && a.numbering.is_same(&b.numbering),
            stamp: a.stamped_by.is_some() && a.stamped_by == b.stamped_by,
        }
    }
}

/// Tells whether both say from what beginning they count, and it is not the same.
pub(super) fn has_other_beginning(a: &Numbers, b: &Numbers) -> bool {
    !is_one_or_unknown(&a.epoch, &b.epoch)
}

fn is_one_or_unknown(a: &Option<String>, b: &Option<String>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

/// Returns which of two entries is older, by which number.
pub(super) fn of_entries(a: &Item, b: &Item, comparable: Comparable) -> Option<Finding> {
    let pairs = [
        ("sync number", a.sync, b.sync, comparable.sync),
        ("date stamp", a.stamp, b.stamp, comparable.stamp),
    ];
    for (what, of_a, of_b, is_comparable) in pairs {
        let (Some(of_a), Some(of_b), true) = (of_a, of_b, is_comparable) else {
            continue;
        };
        if of_a != of_b {
            let older = if of_b < of_a { Which::B } else { Which::A };
            let finding = Finding::about(Outcome::Stale, Some(a), Some(b)).on(older);
            let detail = format!("{what} A {of_a}, B {of_b}");
            return Some(finding.because(Reason::SequenceOld).detail(detail));
        }
    }
    None
}

/// Returns the numbers of a side as a whole that are older than those of the other. A list and who has taken it, or two
/// copies of one list, name the same server. Its STAMP says nothing here: every answer has a new one.
pub(super) fn of_sides(a: &Numbers, b: &Numbers) -> Vec<Finding> {
    let is_one_server = a.server.is_some() && a.server == b.server;
    if !is_one_server || has_other_beginning(a, b) {
        return Vec::new();
    }
    let pairs = [
        ("REQSEQ", a.req_sync, b.req_sync),
        ("SRVSEQ", a.srv_sync, b.srv_sync),
        ("IMPSEQ", a.import_sync, b.import_sync),
    ];
    let mut findings = Vec::new();
    for (what, of_a, of_b) in pairs {
        let (Some(of_a), Some(of_b)) = (of_a, of_b) else {
            continue;
        };
        if of_a != of_b {
            let older = if of_b < of_a { Which::B } else { Which::A };
            let detail = format!("{what} A {of_a}, B {of_b}");
            let finding = Finding::new(Outcome::Stale).on(older);
            findings.push(finding.because(Reason::SequenceOld).detail(detail));
        }
    }
    findings
}
