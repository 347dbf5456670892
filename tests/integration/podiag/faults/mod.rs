//! One postoffice for each check: what is wrong with it is found, and nothing else is.

pub(super) mod deeds;
mod disk;
mod lists;
mod places;
mod sync;

use std::collections::{BTreeMap, BTreeSet};

use dirsync::diagnosis::{CHECKS, Finding};

use super::bases::{Base, Case};

/// One fault: the check that finds it, the healthy postoffice it is put into, checks that rightly follow, and the deed.
pub(super) struct Fault {
    pub(super) id: &'static str,
    pub(super) base: Base,
    also: &'static [&'static str],
    put: fn(&Case),
}

const fn fault(id: &'static str, base: Base, put: fn(&Case)) -> Fault {
    Fault {
        id,
        base,
        also: &[],
        put,
    }
}

const fn with(
    id: &'static str,
    base: Base,
    also: &'static [&'static str],
    put: fn(&Case),
) -> Fault {
    Fault {
        id,
        base,
        also,
        put,
    }
}

/// The healthy postoffice itself has the remark.
fn nothing(_: &Case) {}

/// Returns every fault.
pub(super) fn all() -> impl Iterator<Item = &'static Fault> {
    let tables = [disk::FAULTS, lists::FAULTS, places::FAULTS, sync::FAULTS];
    tables.into_iter().flatten()
}

/// Makes a postoffice with the first fault that a check finds.
pub(super) fn case_with(id: &str) -> Case {
    let fault = all().find(|fault| fault.id == id).expect("a fault");
    let case = fault.base.copy();
    put_fault(fault, &case);
    case
}

#[test]
fn each_fault_is_found_and_nothing_else() {
    let mut healthy: BTreeMap<Base, BTreeSet<&str>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (number, fault) in all().enumerate() {
        let case = fault.base.link();
        let before = healthy
            .entry(fault.base)
            .or_insert_with(|| case.ids().into_iter().collect());
        (fault.put)(&case);
        let findings = case.findings();
        findings.iter().for_each(check_words);
        let found: BTreeSet<_> = findings.iter().map(|finding| finding.check.id).collect();
        let mut expected: BTreeSet<_> = fault.also.iter().copied().collect();
        expected.insert(fault.id);
        let new: BTreeSet<_> = found.difference(before).copied().collect();
        let expected: BTreeSet<_> = expected.difference(before).copied().collect();
        if new != expected || !found.contains(fault.id) {
            wrong.push(format!("{number}: {}: found {new:?}", fault.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Puts a fault into a copy of its postoffice.
pub(super) fn put_fault(fault: &Fault, case: &Case) {
    (fault.put)(case);
}

/// A finding says what, and what helps, each in one line.
fn check_words(finding: &Finding) {
    let id = finding.check.id;
    let is_said = |text: &str| !text.is_empty() && !text.contains('\n') && !text.ends_with('.');
    assert!(is_said(&finding.found), "{id}: {:?}", finding.found);
    assert!(is_said(&finding.expected), "{id}: {:?}", finding.expected);
    assert!(
        is_said(&finding.remedy.advice),
        "{id}: {:?}",
        finding.remedy
    );
    assert!(
        finding.repair.is_none() || finding.check.is_repairable,
        "{id}"
    );
    if let Some(file) = &finding.file {
        let is_spelled = file.chars().all(|c| c.is_ascii_graphic());
        assert!(is_spelled && !file.starts_with('/'), "{id}: {file}");
    }
}

#[test]
fn every_check_has_a_postoffice_with_its_fault() {
    let made: BTreeSet<_> = all().map(|fault| fault.id).collect();
    let known: BTreeSet<_> = CHECKS.iter().map(|check| check.id).collect();
    assert_eq!(
        made.symmetric_difference(&known).collect::<Vec<_>>(),
        Vec::<&&str>::new()
    );
}
