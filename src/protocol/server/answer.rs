//! What a requestor is answered (`spec/protocol.md` 4.3 and 4.4).

use super::{ImportReason, Registered, SENT_CAPACITY, Server};
use crate::codec::sync_number::SrvSync;
use crate::protocol::message::ReplyHead;
use crate::protocol::outcome::Remark;
use crate::protocol::requestor::Requestor;
use crate::protocol::sync::Stamp;

/// What the server has to answer from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Master {
    /// First number in MSTTRANS; one more than the highest ever given where it is empty.
    pub low: SrvSync,
    /// Number up to which the server's own lists hold what is in MSTTRANS ([`own_applied`]).
    pub applied: SrvSync,
    /// What the server's own lists come from ([`own_stamp`]).
    pub own_stamp: Stamp,
    /// The list of the server's own users is ahead of the transactions that changed it: some of them wait in its REQTRANS,
    /// not taken yet ([`is_ahead`]).
    pub own_is_ahead: bool,
}

impl Master {
    /// Tells whether the lists of the server are not in step: transactions were purged before they took them, or they come
    /// from another state of the server.
    pub(super) fn is_provisional(&self, server: &Server) -> bool {
        let is_gap = self.applied < server.sync && self.applied.0 + 1 < self.low.0;
        is_gap || !server.knows(self.own_stamp)
    }
}

/// The transactions of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// Those of MSTTRANS with higher numbers.
    Master {
        /// The number.
        after: SrvSync,
    },
    /// The lists of the server, each with its R, and what of MSTTRANS is not in them yet.
    FullList {
        /// What the lists hold. The transactions of MSTTRANS with higher numbers follow, without those for the list of the
        /// server's own users: that one is given as it is now, and is ahead of them.
        applied: SrvSync,
    },
}

/// What a requestor is answered, before it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Answer {
    /// Why it is a full list; none for updates.
    pub import: Option<ImportReason>,
    /// Its transactions.
    pub content: Content,
    /// Every requestor has to export, and gets a full list at its next request: see [`Remark::OwnGap`] and [`Remark::OwnListsUnknown`].
    pub export_all: bool,
    /// The server itself has to export: its own list goes into this full list ahead of transactions that still come.
    pub export_own: bool,
    /// This full list is of lists that are not in step: they lack what was purged before they took it, or hold or await
    /// what another state of this server sent. Another will follow.
    pub is_provisional: bool,
    /// What was noticed.
    pub remarks: Vec<Remark>,
}

/// Decides what a requestor is answered; `None` where no request has come since the last answer. `is_own` says that the
/// requestor is this server itself.
///
/// - Updates are those above the SrvSync that the request told. Where the next one is purged, they would leave a gap,
///   as under the original: a full list (138 and 139).
/// - The server itself has no full list to get: its own lists are that list (4.5). It gets what there is. What was
///   purged before it took it is in no list of the server, and in no full list of others: every requestor exports. So
///   it does where its lists hold what another state of this server sent: nobody can tell what is wrong in them.
/// - While the lists of the server lack what was purged, or come from another state of it, so does a full list. It goes,
///   since nothing better is there, and another will follow: the lists may still get over the gap by mail that is late, or
///   take what waits in SRVTRANS, and then they would differ.
/// - The list of the server's own users is given as it is now. Changes of it that wait in REQTRANS come once more behind it,
///   and out of place: the entry that an A brings back stays where a rename of it then finds its new name taken, and a D
///   whose name is gone may mean another name of the mailbox. So the server exports behind them.
#[must_use]
pub fn answer(server: &Server, entry: &Registered, master: Master, is_own: bool) -> Option<Answer> {
    if !entry.due.reply {
        return None;
    }
    let srv_sync = entry.srv_sync;
    let mut remarks = Vec::new();
    let is_beyond = srv_sync > server.sync || entry.due.import == Some(ImportReason::Beyond);
    let is_purged = !is_beyond && srv_sync < server.sync && srv_sync.0 + 1 < master.low.0;
    let mut import = entry.due.import;
    let stamp = entry.heard;
    if import.is_none() && !server.knows(stamp) {
        import = Some(ImportReason::UnknownStamp);
        remarks.push(Remark::UnknownStamp { stamp });
    }
    if is_beyond {
        import = import.or(Some(ImportReason::Beyond));
        // Others of the same run may have passed the number meanwhile; what is known for certain is that it was none of ours.
        let below = SrvSync(srv_sync.0.saturating_sub(1));
        remarks.push(Remark::Beyond {
            srv_sync,
            sync: server.sync.min(below),
        });
    } else if is_purged && (import.is_none() || is_own) {
        import = import.or(Some(ImportReason::Purged));
        remarks.push(Remark::Purged {
            srv_sync,
            low: master.low,
        });
    }
    let mut export_all = false;
    let mut is_provisional = false;
    let content = if is_own {
        let is_other = import >= Some(ImportReason::UnknownStamp);
        export_all = is_purged || is_other;
        if is_purged {
            remarks.push(Remark::OwnGap {
                applied: srv_sync,
                low: master.low,
            });
        } else if is_other {
            remarks.push(Remark::OwnListsUnknown);
        }
        let after = srv_sync.min(server.sync);
        Content::Master { after }
    } else if import.is_some() {
        let applied = master.applied;
        is_provisional = master.is_provisional(server);
        Content::FullList { applied }
    } else {
        Content::Master { after: srv_sync }
    };
    Some(Answer {
        import,
        content,
        export_all,
        export_own: matches!(content, Content::FullList { .. }) && master.own_is_ahead,
        is_provisional,
        remarks,
    })
}

/// Tells whether a list as it is now is ahead of transactions that are still to come, of which `replaces` says whether they
/// are an R of it. Behind an R they begin from what the list held then, and all is well in the end.
#[must_use]
pub fn is_ahead(replaces: impl IntoIterator<Item = bool>) -> bool {
    let mut replaces = replaces.into_iter().peekable();
    replaces.peek().is_some() && !replaces.any(|replaces| replaces)
}

/// Settles an answer that is sent, and returns the numbers of its message. `through` is the number that the requestor
/// has afterwards: the last one that its transactions reach, which is the highest of the server unless they were
/// paced (section 13, 6).
///
/// The STAMP is the one that the server has issued for this run, or a void one for a full list that lacks something. Where
/// every requestor has to begin anew, the STAMPs before this run are void from now on: what was fed for others and purged
/// is gone from the lists of the server, but not from those of a requestor that took it in time, and without a full list
/// the two would differ for ever. `AFTER` names the state that the request told and
/// those that earlier answers may have brought the requestor to since, if they are not void; a full list is for every state.
pub fn answered(
    server: &mut Server,
    entry: &mut Registered,
    answer: &Answer,
    through: SrvSync,
) -> ReplyHead {
    if answer.export_all {
        server.void_issued();
    }
    let stamp = match answer.is_provisional {
        true => server.issue_void(),
        false => server.issued_last(),
    };
    let is_import = answer.import.is_some();
    if is_import {
        entry.import_count = entry.import_count.next().unwrap_or(entry.import_count);
    }
    let is_base = |stamp: &Stamp| *stamp > entry.heard && server.issued.contains(*stamp);
    let later = entry.sent.iter().filter(is_base);
    let after: Vec<Stamp> = std::iter::once(entry.heard).chain(later).collect();
    let head = ReplyHead {
        is_import,
        req_sync: entry.req_sync,
        digest: entry.digest,
        srv_sync: through,
        was: Some(entry.srv_sync),
        import_sync: entry.import_count,
        stamp,
        after: Some(after).filter(|_| matches!(answer.content, Content::Master { .. })),
        export: entry.due.export,
    };
    entry.srv_sync = through;
    entry.sent.push(stamp, SENT_CAPACITY);
    entry.due.reply = false;
    entry.due.import = None;
    head
}

/// Settles an answer that is too large and that the administrator has to carry by hand (118, 166): it is not tried
/// again before the requestor asks again. Numbers stay as they are.
pub fn given_up(entry: &mut Registered) {
    entry.due.reply = false;
    entry.due.import = None;
}

/// Returns the STAMP that the server's own lists come from, by its own REQCONF: none where they have taken nothing from it,
/// as before its first T3, also if an earlier server gave one.
#[must_use]
pub fn own_stamp(own: &Requestor) -> Stamp {
    match own.srv_sync {
        SrvSync::ZERO => Stamp::NONE,
        _ => own.stamp,
    }
}

/// Returns the number up to which the server's own lists hold what is in MSTTRANS: SrvSync of its own REQCONF, not of
/// its record in SRVCONF (Q103421 bug 179), less what waits in its SRVTRANS, of which `pending` is the lowest number.
#[must_use]
pub fn own_applied(own: SrvSync, pending: Option<SrvSync>, sync: SrvSync) -> SrvSync {
    let pending = pending.map_or(own, |first| SrvSync(first.0.saturating_sub(1)));
    own.min(pending).min(sync)
}
