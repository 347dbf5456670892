//! What a request says about numbers, and which of its transactions are taken (`spec/protocol.md` 4.2).

use super::{ImportReason, Registered, Server};
use crate::codec::sync_number::{ReqSync, SrvSync};
use crate::protocol::message::RequestHead;
use crate::protocol::outcome::Remark;
use crate::protocol::sync::RecordDigest;

/// Takes the numbers of a request, before its transactions.
///
/// `sync` is the highest number before this run: what a requestor has cannot be among the numbers given since.
/// `at_taken` is the digest of the transaction in this request that has the last number taken from the requestor, and
/// unknown where there is none.
///
/// - What the requestor has from the server: SrvSync with the STAMP it came with. Both ReqSync and SrvSync 0 means new, a
///   number above ours or a STAMP that is none of ours means lost state: a full list. SrvSync 0 alone says nothing: a
///   resync file of a server that had given no number yet leaves lists of that server behind.
/// - What the server has from the requestor: what it had confirmed must be known here, or it was lost: `EXPORT`. The
///   number is adopted, since numbers up to it do not come again. A resync file raises the confirmed number without
///   anything being lost; the request says what was confirmed before. Where that is lower than what was taken, the
///   answer was lost or the requestor restored, and the raised numbers hide which: `EXPORT`.
/// - A record without history is of a requestor that is new, or registered again: what the server has of an earlier
///   registration cannot be compared, so that the requestor exports, unless it does so at once.
/// - Another transaction under the last number taken, in the request or as the last one confirmed: the requestor was restored from an old copy and numbers anew
///   (`spec/protocol.md` 12, 8). Everything above what it has confirmed is taken; the original dropped it in silence.
/// - The larger import number is adopted (5.3, "hard point"): it heals a record that was made anew, a restored server
///   and a resync alike, and a stale reply still has a lower one.
pub fn hear(
    server: &mut Server,
    entry: &mut Registered,
    request: &RequestHead,
    sync: SrvSync,
    at_taken: RecordDigest,
) -> Vec<Remark> {
    let mut remarks = Vec::new();
    entry.due.export |= request.is_ours() && entry.is_fresh();
    if let Some(import_sync) = request.import_sync {
        entry.import_count = entry.import_count.max(import_sync);
    }
    let stamp = request.stamp;
    let is_unknown = !request.is_new() && !server.knows(stamp);
    let reasons = [
        (request.wants_import, ImportReason::Asked),
        (request.is_new(), ImportReason::New),
        (is_unknown, ImportReason::UnknownStamp),
        (request.srv_sync > sync, ImportReason::Beyond),
    ];
    let applying = reasons.into_iter().filter(|(applies, _)| *applies);
    let reason = applying.map(|(_, reason)| reason).max();
    if is_unknown {
        remarks.push(Remark::UnknownStamp { stamp });
    }
    server.stamp = server.stamp.adopt(stamp);
    entry.srv_sync = request.srv_sync;
    entry.heard = stamp;
    entry.due.reply = true;
    entry.due.import = entry.due.import.max(reason);
    if let Some(confirmed) = request.confirmed {
        compare(entry, request, confirmed, at_taken, &mut remarks);
    }
    remarks
}

/// Compares what both sides know of the requestor's own numbers.
fn compare(
    entry: &mut Registered,
    request: &RequestHead,
    confirmed: ReqSync,
    at_taken: RecordDigest,
    remarks: &mut Vec<Remark>,
) {
    let acknowledged = request.acknowledged.unwrap_or(confirmed);
    let is_known = acknowledged == entry.req_sync;
    let at_taken = if is_known { request.digest } else { at_taken };
    if acknowledged <= entry.req_sync && entry.digest.differs(at_taken) {
        remarks.push(Remark::RequestorWentBack {
            number: entry.req_sync,
        });
        entry.req_sync = confirmed;
        entry.digest = request.digest_at_confirmed();
        entry.due.export = true;
        return;
    }
    if acknowledged > entry.req_sync {
        remarks.push(Remark::TransactionsLost {
            from: ReqSync(entry.req_sync.0 + 1),
            to: acknowledged,
        });
        entry.due.export = true;
    }
    let is_hidden = entry.req_sync <= confirmed;
    if acknowledged < entry.req_sync && is_hidden {
        remarks.push(Remark::RaisedOver {
            from: ReqSync(acknowledged.0 + 1),
            to: entry.req_sync,
        });
        entry.due.export = true;
    }
    if confirmed > entry.req_sync {
        entry.req_sync = confirmed;
        entry.digest = request.digest_at_confirmed();
    }
}

/// Numbers between the last one taken and the one that comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gap {
    /// First number missing.
    pub from: ReqSync,
    /// Last number missing.
    pub to: ReqSync,
    /// The list of the requestor follows.
    is_replaced: bool,
}

/// What becomes of one transaction of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Numbered {
    /// It was taken before: number at or below the last one taken (section 13, 2).
    Old,
    /// It goes into the master list.
    Taken {
        /// Its number there.
        sync: SrvSync,
        /// Numbers missing before it.
        gap: Option<Gap>,
    },
    /// The server has no number left; nothing changed.
    Exhausted,
}

/// Takes one transaction of a request, in the order of its numbers; `replaces_own` says that it is an R for the list
/// of the requestor itself, which begins an export.
///
/// The number of the record counts at once and not that of the message (4.2): where the run stops at a damaged record,
/// the requestor sends it again.
pub fn take(
    server: &mut Server,
    entry: &mut Registered,
    number: ReqSync,
    digest: RecordDigest,
    replaces_own: bool,
) -> Numbered {
    if number <= entry.req_sync {
        return Numbered::Old;
    }
    let Some(sync) = server.sync.next() else {
        return Numbered::Exhausted;
    };
    server.sync = sync;
    let gap = advance(entry, number, digest);
    if replaces_own {
        entry.due.export = false;
    }
    let gap = gap.map(|gap| Gap {
        is_replaced: replaces_own,
        ..gap
    });
    Numbered::Taken { sync, gap }
}

/// Ends a request of a requestor of ours that came whole. Where its transactions do not reach the number that it told, the
/// last ones are missing: its numbers were set to zero, and the server does not know what had been confirmed before.
pub fn finish(entry: &mut Registered, request: &RequestHead) -> Option<Remark> {
    let told = request.req_sync;
    if !request.is_ours() || told <= entry.req_sync {
        return None;
    }
    let gap = advance(
        entry,
        ReqSync(told.0.saturating_add(1)),
        RecordDigest::NO_RECORD,
    )?;
    entry.req_sync = told;
    Some(gap.settle(entry))
}

/// Passes over a transaction that cannot be used, so that it does not come again (Q128872); returns whether it is new.
pub fn pass_over(entry: &mut Registered, number: ReqSync, digest: RecordDigest) -> bool {
    let is_new = number > entry.req_sync;
    if is_new {
        advance(entry, number, digest);
    }
    is_new
}

fn advance(entry: &mut Registered, number: ReqSync, digest: RecordDigest) -> Option<Gap> {
    let from = ReqSync(entry.req_sync.0 + 1);
    let gap = (number > from).then(|| Gap {
        from,
        to: ReqSync(number.0 - 1),
        is_replaced: false,
    });
    entry.req_sync = number;
    entry.digest = digest;
    gap
}

impl Gap {
    /// Asks a requestor of ours for its list: between postoffices of ours numbers have no holes, so that what is
    /// missing was lost. Others may leave holes (section 6.2). Before an R it is enough to say so: the list follows, as after
    /// a local reset (5.4), where REQTRANS goes on with its numbers and the record of the requestor begins at 0.
    pub fn settle(self, entry: &mut Registered) -> Remark {
        let Self {
            from,
            to,
            is_replaced,
        } = self;
        if is_replaced {
            return Remark::NumbersReplaced { from, to };
        }
        entry.due.export = true;
        Remark::NumbersSkipped { from, to }
    }
}
