//! Answers a branch with what it lacks, and forgets deletions that all have (`spec/exchange.md` IO-03, IO-04).

use super::MasterStore;
use super::taking::Taken;
use crate::directory::interorg::number::{Receipt, Span, Usn};
use crate::directory::interorg::unit::{Answer, Change, Request, Withheld};

/// Receipts that are remembered of each branch.
const RECEIPTS: usize = 64;

/// Answers a request that was taken, under the id of the answer and its receipt.
///
/// # Errors
/// What the store fails with.
pub fn answer<S: MasterStore + ?Sized>(
    store: &mut S,
    request: &Request,
    taken: &Taken,
    id: &str,
    receipt: Receipt,
) -> Result<Answer, S::Error> {
    let head = store.head()?;
    let mut member = store.member(&request.branch)?;
    let after = match taken.gives_all {
        true => Usn::NONE,
        false => request.applied.usn,
    };
    let mut changes = Vec::new();
    store.above(after, &member.name, &mut |row| {
        // A full list does not speak of what is gone.
        if row.shown.is_some() || !taken.gives_all {
            changes.push(Change {
                number: row.usn,
                key: row.key,
                card: row.shown,
            });
        }
    })?;
    let earlier = member.given.iter().map(|(receipt, _)| receipt.clone());
    let earlier = earlier.collect();
    member.given.push((receipt.clone(), head.last));
    let surplus = member.given.len().saturating_sub(RECEIPTS);
    member.given.drain(..surplus);
    store.set_member(&member)?;
    let own = |withheld: &&Withheld| withheld.key.branch() == member.name;
    Ok(Answer {
        id: id.to_owned(),
        branch: member.name.clone(),
        answers: request.id.clone(),
        epoch: head.epoch,
        span: Span {
            after,
            upto: head.last,
        },
        is_full: taken.gives_all,
        receipt,
        earlier,
        taken: member.taken.clone(),
        wants_all: taken.wants_all,
        changes,
        refused: taken.refused.iter().filter(own).cloned().collect(),
    })
}

/// Forgets deletions that every registered branch has confirmed (IO-04); returns up to which number.
///
/// # Errors
/// What the store fails with.
pub fn forget<S: MasterStore + ?Sized>(
    store: &mut S,
    registered: &[String],
) -> Result<Option<Usn>, S::Error> {
    let mut upto: Option<Usn> = None;
    for name in registered {
        let confirmed = store.member(name)?.confirmed;
        upto = Some(upto.map_or(confirmed, |upto| upto.min(confirmed)));
    }
    let Some(upto) = upto.filter(|upto| *upto > Usn::NONE) else {
        return Ok(None);
    };
    let forgotten = store.forget(upto)?;
    if let Some(forgotten) = forgotten {
        let mut head = store.head()?;
        head.forgotten = head.forgotten.max(forgotten);
        store.set_head(&head)?;
    }
    Ok(forgotten)
}
