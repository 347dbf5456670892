//! The checks, one file per theme. Each is a function of the survey alone.

mod accounts;
mod files;
mod gal;
mod groups;
mod identity;
mod leftovers;
mod lists;
mod mail;
mod places;
mod pol;
mod queues;
mod registered;
mod requestor;
mod routes;
mod schedule;
mod security;
mod server;

use super::catalog::CHECKS;
use super::finding::Finding;
use super::survey::Survey;
use crate::address::PostofficeName;
use crate::codec::codepage::visible::visible_name;

/// How many names of a kind a finding tells; the others are counted.
const MAX_NAMED: usize = 8;

/// Makes every check, and returns what was found, the worst first and in the order of the catalog within.
#[must_use]
pub fn diagnose(survey: &Survey) -> Vec<Finding> {
    let mut findings = Vec::new();
    for check in [
        files::check,
        identity::check,
        leftovers::check,
        accounts::check,
        lists::check,
        pol::check,
        groups::check,
        places::check,
        routes::check,
        requestor::check,
        queues::check,
        server::check,
        schedule::check,
        gal::check,
        mail::check,
        security::check,
    ] {
        check(survey, &mut findings);
    }
    let rank = |finding: &Finding| {
        let order = CHECKS.iter().position(|check| *check == finding.check);
        (std::cmp::Reverse(finding.check.severity), order)
    };
    findings.sort_by_cached_key(rank);
    findings
}

/// Returns a text of the postoffice as a screen may show it.
fn shown(survey: &Survey, text: &[u8]) -> String {
    visible_name(text, survey.code_page)
}

fn shown_name(survey: &Survey, name: &PostofficeName) -> String {
    let text = [name.network(), name.postoffice()].join(&b'/');
    shown(survey, &text)
}

/// Returns what stands behind the first of several.
fn and_more(count: u64) -> String {
    match count {
        0 => String::new(),
        1 => " and 1 more".into(),
        count => format!(" and {count} more"),
    }
}

/// Lists some names, and counts the others.
fn listed(names: &[String]) -> String {
    let told = names.len().min(MAX_NAMED);
    let more = and_more((names.len() - told) as u64);
    format!("{}{more}", names[..told].join(", "))
}
