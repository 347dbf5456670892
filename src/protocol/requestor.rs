//! What a requestor decides: what it asks at T1, what a reply means at T3 (`spec/protocol.md` sections 3 and 5).
//!
//! # What must hold
//!
//! REQTRANS keeps every transaction until the server has confirmed it, and a SrvSync stands for what was received up
//! to it. Both break when one side goes back to an old copy; what mends it:
//!
//! | event | noticed by | mended by |
//! |---|---|---|
//! | request or reply lost (12: 2, 3) | nothing | the next request repeats everything above the confirmed number |
//! | reply doubled, late or out of order | its STAMP is not above the one taken, its import number is lower | ignored |
//! | updates overtake a full list (Q142841) | import number above ours | not taken; a full list is asked for |
//! | the server was restored: reply of the server as it was and of the server as it is cross | our STAMP is none that the updates fit on | not taken; the server judges our next request |
//! | this requestor was restored: numbers are behind | the server confirms more than was sent | what waits is renumbered above that, the own list exported (12: 8) |
//! | the same, and new transactions have reached the old numbers | the server names another transaction | the same |
//! | the server has lost what it had confirmed | it says so, `EXPORT` | the own list is exported |
//!
//! An export is R and an A per entry of the own list, so that the server has again what the owner holds.
//!
//! `tests/integration/convergence/rows` plays each row alone.

mod stored;

use super::message::{ReplyHead, RequestHead};
use super::outcome::Remark;
use super::sync::{RecordDigest, Stamp};
use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};

/// The numbers of a requestor: what REQCONF keeps.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Requestor {
    /// Last number that the server has confirmed; a resync file raises it.
    pub req_sync: ReqSync,
    /// Which transaction the server itself confirmed last.
    pub digest: RecordDigest,
    /// Last number received from the server.
    pub srv_sync: SrvSync,
    /// Number of the last full list received.
    pub import_sync: ImportSync,
    /// STAMP of the reply or the resync file that `srv_sync` came with.
    pub stamp: Stamp,
    /// Last number that the last request told the server.
    pub sent: ReqSync,
    /// What the server itself had confirmed before a resync file raised `req_sync`; none where none has since.
    pub raised_from: Option<ReqSync>,
    /// A full list was asked for and has not come yet.
    pub import_requested: bool,
}

/// What T1 sends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sending {
    /// The numbers of the request.
    pub head: RequestHead,
    /// Transactions with higher numbers go with it, in order.
    pub after: ReqSync,
    /// The numbers of the requestor once the request is sent.
    pub next: Requestor,
    /// What was noticed.
    pub remark: Option<Remark>,
}

/// Decides what T1 sends; `last` is the last number in REQTRANS, dummies included (`spec/protocol.md` 3.2).
///
/// A request is always sent: without one there is no reply (invariant 9). ReqSync does not change: the server has
/// confirmed nothing yet, and the next T1 sends the same again.
#[must_use]
pub fn send(own: &Requestor, last: ReqSync) -> Sending {
    let is_behind = last < own.req_sync;
    // x = y + z of the subject holds also where the queue is behind.
    let told = last.max(own.req_sync);
    Sending {
        head: RequestHead {
            wants_import: own.import_requested,
            req_sync: told,
            confirmed: Some(own.req_sync),
            acknowledged: own.raised_from,
            digest: own.digest,
            srv_sync: own.srv_sync,
            import_sync: Some(own.import_sync),
            stamp: own.stamp,
        },
        after: own.req_sync,
        next: Requestor {
            sent: told,
            ..own.clone()
        },
        remark: is_behind.then_some(Remark::QueueBehind {
            confirmed: own.req_sync,
            last,
        }),
    }
}

/// As [`send`], where only what goes up to `through` goes with the request: it tells that number, so that the server
/// confirms no more, and the rest waits for another T1.
///
/// What an earlier request brought beyond it may still be confirmed.
#[must_use]
pub fn send_part(own: &Requestor, last: ReqSync, through: ReqSync) -> Sending {
    let mut sending = send(own, last);
    let told = through.min(last).max(own.req_sync);
    sending.head.req_sync = told;
    sending.next.sent = told.max(own.sent.min(last));
    sending
}

/// Decides what an import request outside of T1 says (Q142841): it brings no transactions, so that the numbers that
/// it tells are those confirmed.
#[must_use]
pub fn ask_import(own: &Requestor) -> Sending {
    let asking = Requestor {
        import_requested: true,
        ..own.clone()
    };
    let mut sending = send(&asking, own.req_sync);
    sending.next.sent = own.sent;
    sending
}

/// What REQTRANS holds, as far as a reply needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct QueueView {
    /// Last number, dummies included.
    pub last: ReqSync,
    /// Digest of the transaction that the number of the reply belongs to; unknown where there is none.
    pub at_confirmed: RecordDigest,
}

/// What becomes of REQTRANS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acknowledgment {
    /// Nothing.
    Nothing,
    /// Records up to this number are discarded; a dummy keeps it if nothing remains (Q133428).
    Discard {
        /// Last number confirmed.
        through: ReqSync,
    },
    /// The server confirms what this requestor does not have: waiting transactions get numbers above it, in order, and
    /// are sent again.
    Renumber {
        /// Last number used.
        above: ReqSync,
    },
}

/// What becomes of the transactions of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Updates {
    /// Those with higher numbers go into SRVTRANS; lower ones are there already.
    After(SrvSync),
    /// All: it is a full list.
    All,
}

/// A reply that is taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Taken {
    /// What becomes of REQTRANS.
    pub acknowledgment: Acknowledgment,
    /// What goes into SRVTRANS.
    pub updates: Updates,
    /// The own list is exported behind what waits, unless an export is waiting already ([`needs_export`]).
    pub export: bool,
    /// The numbers of the requestor afterwards.
    pub next: Requestor,
    /// What was noticed.
    pub remarks: Vec<Remark>,
}

/// What a reply means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is taken.
    Take(Box<Taken>),
    /// It changes nothing, but for a full list that may have to be asked for.
    Leave {
        /// The numbers of the requestor afterwards.
        next: Requestor,
        /// Why.
        remark: Remark,
    },
}

/// Decides what a reply means (`spec/protocol.md` 5.1).
///
/// - An import number below ours is old mail (rule 7, Q99961), and so is a STAMP that is not above the one taken last.
/// - Updates with an import number above ours prove that a full list is on its way: they wait for it. It may be lost,
///   so that it is asked for again (Q142841; without that nothing would ever be taken again).
/// - Updates are for the state that the request told, or one that a reply since then has brought: `AFTER` names them.
///   In any other state they would skip or repeat what nobody knows; the next request says what this state is. Where
///   the server is none of ours the numbers have to do: what begins behind our SrvSync leaves a gap.
/// - Updates that begin below ours, since the request was an earlier one, may also end below it where they are paced: what
///   is there stays, and nothing of it is sent and applied once more.
/// - A full list is for every state, also where its SrvSync is lower: the server was restored (Q96060, problem 9). Only
///   the server itself gets one that is not: its own lists are that list, and what follows it counts by number.
/// - A number confirmed is accepted from ReqSync to the last one sent (section 13, 1), if it is of the same
///   transaction. Else this requestor was restored from an old copy, and transactions made since then would be taken
///   for confirmed: they are renumbered, and the own list exported.
#[must_use]
pub fn judge(own: &Requestor, queue: QueueView, reply: &ReplyHead) -> Verdict {
    if let Some(left) = leave(own, reply) {
        return left;
    }
    let (acknowledgment, lost) = acknowledge(own, queue, reply);
    let mut remarks = Vec::new();
    remarks.extend(lost);
    if reply.export {
        remarks.push(Remark::ExportAsked);
    }
    let updates = match reply.is_import && reply.after.is_none() {
        true => Updates::All,
        false => Updates::After(own.srv_sync),
    };
    let mut next = Requestor {
        srv_sync: match is_for_earlier(own, reply) {
            true => reply.srv_sync.max(own.srv_sync),
            false => reply.srv_sync,
        },
        import_sync: reply.import_sync,
        stamp: reply.stamp,
        import_requested: own.import_requested && !reply.is_import,
        ..own.clone()
    };
    match acknowledgment {
        Acknowledgment::Nothing => {}
        Acknowledgment::Discard { through } => next.req_sync = through,
        Acknowledgment::Renumber { above } => {
            next.req_sync = above;
            next.sent = above;
        }
    }
    let is_confirmed_anew = reply.req_sync > own.req_sync
        || reply.req_sync == own.req_sync && own.raised_from.is_some();
    if is_confirmed_anew {
        next.raised_from = None;
        next.digest = reply.digest;
    }
    Verdict::Take(Box::new(Taken {
        acknowledgment,
        updates,
        export: reply.export || matches!(acknowledgment, Acknowledgment::Renumber { .. }),
        next,
        remarks,
    }))
}

/// Says why a reply is not taken; `None` where it is.
fn leave(own: &Requestor, reply: &ReplyHead) -> Option<Verdict> {
    let (found, have) = (reply.srv_sync, own.srv_sync);
    let leave = |remark| {
        Some(Verdict::Leave {
            next: own.clone(),
            remark,
        })
    };
    let ask = |remark| {
        Some(Verdict::Leave {
            next: Requestor {
                import_requested: true,
                ..own.clone()
            },
            remark,
        })
    };
    if reply.import_sync < own.import_sync {
        return leave(Remark::OldImport {
            found: reply.import_sync,
            own: own.import_sync,
        });
    }
    let is_stamped = !reply.stamp.is_none() && !own.stamp.is_none();
    let old = Remark::OldReply { found, own: have };
    if is_stamped && reply.stamp <= own.stamp {
        return leave(old);
    }
    let is_based = reply.after.as_ref().map(|after| after.contains(&own.stamp));
    let not_based = Remark::NotBased { found, own: have };
    if reply.is_import && is_based == Some(false) {
        return leave(not_based);
    }
    let gap = reply.was.filter(|&was| was > have);
    let gap = gap.map(|base| Remark::Gap { base, own: have });
    if let Some(gap) = gap.clone().filter(|_| is_based == Some(true)) {
        // Numbers that were set to zero leave the STAMP, which tells old mail.
        return leave(gap);
    }
    if reply.is_import {
        // Without stamps only the numbers tell a list that was taken before.
        let is_known = reply.import_sync == own.import_sync && found <= have;
        let had_one = own.import_sync != ImportSync::ZERO;
        return match !is_stamped && is_known && had_one {
            true => leave(old),
            false => None,
        };
    }
    if reply.import_sync > own.import_sync {
        return ask(Remark::ImportOutstanding {
            found: reply.import_sync,
            own: own.import_sync,
        });
    }
    if is_based == Some(false) {
        return leave(not_based);
    }
    if let Some(gap) = gap {
        return leave(gap);
    }
    if found < have && !is_for_earlier(own, reply) {
        let went_back = Remark::ServerWentBack { found, own: have };
        return match is_stamped {
            true => ask(went_back),
            false => leave(old),
        };
    }
    None
}

/// Tells whether updates fit on what there is, and begin below it: the answer to an earlier request, which had told less.
fn is_for_earlier(own: &Requestor, reply: &ReplyHead) -> bool {
    let is_based = reply
        .after
        .as_ref()
        .is_some_and(|after| after.contains(&own.stamp));
    is_based && reply.was.is_some_and(|was| was < own.srv_sync)
}

fn acknowledge(
    own: &Requestor,
    queue: QueueView,
    reply: &ReplyHead,
) -> (Acknowledgment, Option<Remark>) {
    let confirmed = reply.req_sync;
    if confirmed <= own.req_sync {
        return (Acknowledgment::Nothing, None);
    }
    // A configuration that does not know what was sent: then everything may have been.
    let sent = match own.sent >= own.req_sync && own.sent != ReqSync::ZERO {
        true => own.sent.min(queue.last.max(own.req_sync)),
        false => queue.last,
    };
    let is_other = queue.at_confirmed.differs(reply.digest);
    if confirmed > sent || is_other {
        let remark = Remark::OwnStateLost { confirmed, sent };
        let above = confirmed;
        return (Acknowledgment::Renumber { above }, Some(remark));
    }
    let through = confirmed;
    (Acknowledgment::Discard { through }, None)
}

/// Tells whether the own list has to be exported, where `wanted` says that a reply asks for it: an export that waits
/// in REQTRANS, not confirmed by this reply, does as well, since what was changed after it waits behind it.
#[must_use]
pub fn needs_export(wanted: bool, waiting: Option<ReqSync>, taken: Acknowledgment) -> bool {
    let still_waits = waiting.is_some_and(|number| match taken {
        Acknowledgment::Discard { through } => number > through,
        Acknowledgment::Nothing | Acknowledgment::Renumber { .. } => true,
    });
    wanted && !still_waits
}

/// Puts replies into the order in which they are taken: by STAMP, import number and SrvSync, so that a full list comes
/// before the updates behind it (`spec/protocol.md` 5.1, Q142841).
pub fn order<T>(replies: &mut [T], head: impl Fn(&T) -> &ReplyHead) {
    replies.sort_by_key(|reply| {
        let head = head(reply);
        (head.stamp, head.import_sync, !head.is_import, head.srv_sync)
    });
}

/// Decides what a resync file leaves of the numbers (`spec/protocol.md` 5.3).
///
/// The STAMP is that of the file, also where it is lower: it says where the numbers come from, and the server compares
/// it with what it gave out. What the server itself had confirmed is kept, since the REQSEQ of the file is the highest
/// of all requestors and says nothing about this one (Q119449).
#[must_use]
pub fn resynced(
    own: &Requestor,
    numbers: (ReqSync, SrvSync, ImportSync),
    stamp: Stamp,
) -> Requestor {
    let (req_sync, srv_sync, import_sync) = numbers;
    let acknowledged = own.raised_from.unwrap_or(own.req_sync);
    Requestor {
        req_sync,
        digest: own.digest,
        srv_sync,
        import_sync,
        stamp,
        sent: req_sync,
        raised_from: (acknowledged < req_sync).then_some(acknowledged),
        import_requested: false,
    }
}

#[cfg(test)]
mod tests;
