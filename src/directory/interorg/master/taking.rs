//! Takes a request of a branch: where it stands in the numbers of both sides, and whether its changes are taken
//! (`spec/exchange.md` IO-03).

use super::applying::apply;
use super::{MasterStore, Member, Progress};
use crate::directory::interorg::number::{Epoch, Span, Usn};
use crate::directory::interorg::unit::{Request, Withheld};
use crate::directory::note::Note;
use crate::plan::outcome::Reason;

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// Changes that the others will see: new, changed, gone.
    pub added: u64,
    /// Of these, those that were there already.
    pub modified: u64,
    /// Of these, those that go.
    pub deleted: u64,
    /// Of those that go, the ones that a full list did not name.
    pub swept: u64,
    /// What is as it was, and gets no new number (IO-15).
    pub unchanged: u64,
    /// What waits for an address, newly or still, and what is not the branch's to say.
    pub refused: Vec<Withheld>,
    /// What does not fit: a gap, another epoch, an old message.
    pub remarks: Vec<Note>,
    /// The branch is to send everything.
    pub wants_all: bool,
    /// The branch has to get everything.
    pub gives_all: bool,
}

/// Takes a request. `fresh` makes a new epoch, for a table that turns out to be an older copy.
///
/// # Errors
/// What the store fails with.
pub fn take<S: MasterStore + ?Sized>(
    store: &mut S,
    request: &Request,
    fresh: impl FnOnce() -> Epoch,
) -> Result<Taken, S::Error> {
    let mut taken = Taken::default();
    place(store, request, fresh, &mut taken)?;
    let mut member = store.member(&request.branch)?;
    let beyond = match judge(&member, request) {
        Verdict::All => Some(Usn::NONE),
        Verdict::Beyond(usn) => Some(usn),
        Verdict::Old(detail) => {
            if !request.changes.is_empty() {
                taken.remarks.push(Note::new(Reason::SequenceOld, detail));
            }
            None
        }
        Verdict::Wanting(note) => {
            taken.remarks.push(note);
            taken.wants_all = true;
            None
        }
    };
    // What waits is tried again with every request (IO-09).
    apply(store, beyond.map(|beyond| (request, beyond)), &mut taken)?;
    if beyond.is_some() {
        member.taken = Some(Progress {
            epoch: request.epoch.clone(),
            usn: request.span.upto,
            by: request.id.clone(),
        });
        member.earlier.clone_from(&request.earlier);
    }
    store.set_member(&member)?;
    Ok(taken)
}

/// Looks where the branch stands in the numbers of the hub.
fn place<S: MasterStore + ?Sized>(
    store: &mut S,
    request: &Request,
    fresh: impl FnOnce() -> Epoch,
    taken: &mut Taken,
) -> Result<(), S::Error> {
    let mut head = store.head()?;
    let mut member = store.member(&request.branch)?;
    let applied = &request.applied;
    let is_ours = applied.epoch.as_ref() == Some(&head.epoch);
    let is_known = applied.receipt.as_ref().is_some_and(|receipt| {
        let mut given = member.given.iter();
        given.any(|(known, _)| known == receipt)
    });
    let is_ahead = applied.usn > head.last;
    let is_unknown = applied.receipt.is_some() && !is_known;
    if is_ours && is_unknown && !is_ahead && member.is_blank() {
        // It was forgotten, or the table is of a time before it came: it alone begins anew.
        let detail = format!("{} is not known here, and gets everything", request.branch);
        taken.remarks.push(Note::new(Reason::SequenceEpoch, detail));
        taken.gives_all = true;
        return Ok(());
    }
    if is_ours && (is_ahead || is_unknown && applied.usn >= member.confirmed) {
        let detail = format!(
            "{} has applied USN {}, which this table (last USN {}) did not give: it was restored",
            request.branch, applied.usn, head.last
        );
        taken.remarks.push(Note::new(Reason::SequenceEpoch, detail));
        head.epoch = fresh();
        head.last = head.last.max(applied.usn);
        store.set_head(&head)?;
        for name in store.members()? {
            let mut member = store.member(&name)?;
            member.confirmed = Usn::NONE;
            member.given.clear();
            store.set_member(&member)?;
        }
        taken.gives_all = true;
        return Ok(());
    }
    if !is_ours {
        if let Some(epoch) = &applied.epoch {
            let detail = format!(
                "{} speaks of epoch {epoch}, not {}",
                request.branch, head.epoch
            );
            taken.remarks.push(Note::new(Reason::SequenceEpoch, detail));
        }
        taken.gives_all = true;
        return Ok(());
    }
    taken.gives_all = applied.usn == Usn::NONE || applied.usn < head.forgotten;
    if is_known {
        member.confirmed = applied.usn;
        store.set_member(&member)?;
    }
    Ok(())
}

enum Verdict {
    /// It carries everything.
    All,
    /// It carries what is new behind a number.
    Beyond(Usn),
    /// It carries nothing that is new.
    Old(String),
    /// Something before it is missing.
    Wanting(Note),
}

/// Looks where a request stands in the numbers of its branch.
fn judge(member: &Member, request: &Request) -> Verdict {
    let Span { after, upto } = request.span;
    let branch = &request.branch;
    let Some(taken) = member
        .taken
        .as_ref()
        .filter(|taken| taken.epoch == request.epoch)
    else {
        return match request.is_full {
            true => Verdict::All,
            false => {
                let detail = format!("nothing is known of the numbers of {branch}");
                Verdict::Wanting(Note::new(Reason::SequenceEpoch, detail))
            }
        };
    };
    let detail = format!("{branch} sends {}, taken is {}", request.span, taken.usn);
    let is_known = request.earlier.contains(&taken.by) || request.id == taken.by;
    match (is_known, request.is_full) {
        (true, _) if upto <= taken.usn => Verdict::Old(detail),
        (true, false) if after <= taken.usn => Verdict::Beyond(taken.usn),
        (true, false) => Verdict::Wanting(Note::new(Reason::SequenceGap, detail)),
        (false, _) if member.earlier.contains(&request.id) => Verdict::Old(detail),
        (_, true) => Verdict::All,
        (false, false) => {
            let detail = format!("{detail} of request {}, which it does not know", taken.by);
            Verdict::Wanting(Note::new(Reason::SequenceEpoch, detail))
        }
    }
}
