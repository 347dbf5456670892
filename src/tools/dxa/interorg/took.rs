//! What became of a request, and what it was answered.

use std::collections::BTreeMap;

use serde::Serialize;

use super::told::Told;
use crate::directory::interorg::{Answer, Request, Span, Taken, Withheld};
use crate::directory::note::Note;
use crate::plan::outcome::Reason;

/// What became of a request.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Took {
    pub(super) branch: String,
    pub(super) request: String,
    pub(super) is_full: bool,
    pub(super) added: u64,
    pub(super) modified: u64,
    pub(super) deleted: u64,
    pub(super) swept: u64,
    pub(super) unchanged: u64,
    /// Entries that the branch keeps at home, by reason.
    pub(super) withheld: BTreeMap<String, u64>,
    /// What does not fit: a gap, another epoch, an old message.
    pub(super) remarks: Vec<String>,
    /// It is asked to send everything.
    pub(super) wants_all: bool,
    pub(super) answer: Answered,
}

/// What it was answered.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Answered {
    pub(super) id: String,
    pub(super) is_full: bool,
    pub(super) after: u64,
    pub(super) upto: u64,
    pub(super) changes: u64,
    /// Messages that it goes in; none to who is local.
    pub(super) messages: u64,
    /// Changes that are too big for a message.
    pub(super) too_long: u64,
}

/// Says what became of a request.
pub(super) fn tell(
    request: &Request,
    taken: &Taken,
    answer: &Answer,
    long: &[Withheld],
    told: &mut Told,
) -> Took {
    let branch = &answer.branch;
    let mut withheld: BTreeMap<String, u64> = BTreeMap::new();
    for Withheld { key, dn, note } in &request.withheld {
        *withheld.entry(note.reason.to_string()).or_default() += 1;
        told.refused(branch, &key.to_string(), dn, note);
    }
    // What waits is told once, at the end: a later request may let it through.
    let refused = taken.refused.iter();
    let refused = refused.filter(|refused| refused.note.reason != Reason::SmtpDuplicate);
    for Withheld { key, dn, note } in refused.chain(long) {
        told.refused(branch, &key.to_string(), dn, note);
    }
    for note in &taken.remarks {
        told.remark(branch, note);
    }
    let Span { after, upto } = answer.span;
    Took {
        branch: branch.clone(),
        request: request.id.clone(),
        is_full: request.is_full,
        added: taken.added,
        modified: taken.modified,
        deleted: taken.deleted,
        swept: taken.swept,
        unchanged: taken.unchanged,
        withheld,
        remarks: taken.remarks.iter().map(Note::to_string).collect(),
        wants_all: taken.wants_all,
        answer: Answered {
            id: answer.id.clone(),
            is_full: answer.is_full,
            after: after.0,
            upto: upto.0,
            changes: answer.changes.len() as u64,
            messages: 0,
            too_long: long.len() as u64,
        },
    }
}
