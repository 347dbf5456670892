//! What was noticed over numbers.

use super::{Consequence, Line};
use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use crate::messages::Severity;
use crate::protocol::sync::Stamp;

/// What was noticed over the numbers of a message that was taken, or is the reason why it was not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remark {
    /// REQTRANS ends below what the server has confirmed: nothing in it is ever sent (`spec/protocol.md` 3.2).
    QueueBehind {
        /// ReqSync of REQCONF.
        confirmed: ReqSync,
        /// Last number in REQTRANS.
        last: ReqSync,
    },
    /// A reply with an import number below ours (Q99961).
    OldImport {
        /// In the reply.
        found: ImportSync,
        /// Ours.
        own: ImportSync,
    },
    /// A reply that is older than one taken before, or that one again.
    OldReply {
        /// SrvSync in the reply.
        found: SrvSync,
        /// Ours.
        own: SrvSync,
    },
    /// A reply with updates behind a full list that has not come yet (Q142841).
    ImportOutstanding {
        /// Import number of the reply.
        found: ImportSync,
        /// Ours.
        own: ImportSync,
    },
    /// A reply with updates for a state that this requestor is not in: it was restored, reset or brought forward by a
    /// resync file since its request, or the server was restored.
    NotBased {
        /// SrvSync in the reply.
        found: SrvSync,
        /// Ours.
        own: SrvSync,
    },
    /// A reply with updates that begin behind ours.
    Gap {
        /// Number the updates begin behind.
        base: SrvSync,
        /// Ours.
        own: SrvSync,
    },
    /// A newer reply with a lower SrvSync: the server was restored from an old copy (Q96060, problem 9).
    ServerWentBack {
        /// SrvSync in the reply.
        found: SrvSync,
        /// Ours.
        own: SrvSync,
    },
    /// The server confirms more than was sent, or another transaction under that number: this requestor was restored
    /// from an old copy (`spec/protocol.md` 12, 8).
    OwnStateLost {
        /// What the server confirms.
        confirmed: ReqSync,
        /// Last number sent.
        sent: ReqSync,
    },
    /// The server asks for the whole own list.
    ExportAsked,
    /// The requestor has had numbers confirmed that this server knows nothing of: they are lost here.
    TransactionsLost {
        /// First number lost.
        from: ReqSync,
        /// Last number lost.
        to: ReqSync,
    },
    /// Numbers are missing inside a request.
    NumbersSkipped {
        /// First number missing.
        from: ReqSync,
        /// Last number missing.
        to: ReqSync,
    },
    /// Numbers are missing before an export, as after a local reset.
    NumbersReplaced {
        /// First number missing.
        from: ReqSync,
        /// Last number missing.
        to: ReqSync,
    },
    /// The requestor's state is from a STAMP that this server never gave, or has declared void.
    UnknownStamp {
        /// The STAMP.
        stamp: Stamp,
    },
    /// A resync file has raised the requestor's number over transactions that were taken and not confirmed to it, so that
    /// nobody can tell whether it still has them.
    RaisedOver {
        /// First number in question.
        from: ReqSync,
        /// Last number in question.
        to: ReqSync,
    },
    /// A number that was taken before belongs to another transaction now: the requestor was restored.
    RequestorWentBack {
        /// The number.
        number: ReqSync,
    },
    /// Transactions that the requestor lacks were purged from MSTTRANS (Q108067).
    Purged {
        /// What the requestor has.
        srv_sync: SrvSync,
        /// First number in MSTTRANS.
        low: SrvSync,
    },
    /// The requestor has more than this server ever gave: the server was restored or made anew (Q96060, problem 9).
    Beyond {
        /// What the requestor has.
        srv_sync: SrvSync,
        /// Highest number of the server.
        sync: SrvSync,
    },
    /// Transactions were purged before the lists of the server itself took them: everybody has to export.
    OwnGap {
        /// What the server's own lists hold.
        applied: SrvSync,
        /// First number in MSTTRANS.
        low: SrvSync,
    },
    /// The lists of the server itself hold updates of a server that is no more: everybody has to export.
    OwnListsUnknown,
    /// MSTTRANS ends below the highest number given: it is an older copy, and useless.
    MasterShort {
        /// Last number in MSTTRANS.
        last: SrvSync,
        /// Highest number of the server.
        sync: SrvSync,
    },
    /// MSTTRANS goes on above the number in SRVCONF, which is of an older copy and follows it: everybody has to export.
    MasterLonger {
        /// Last number in MSTTRANS.
        last: SrvSync,
        /// Number in SRVCONF.
        sync: SrvSync,
    },
    /// A full list is larger than the requestor takes at once (Q119450).
    ImportLimit,
}

impl Remark {
    /// Returns how the run ends for it.
    #[must_use]
    pub fn consequence(&self) -> Consequence {
        match self {
            Self::OldImport { .. }
            | Self::OldReply { .. }
            | Self::ExportAsked
            | Self::NumbersReplaced { .. } => Consequence::None,
            Self::ImportLimit => Consequence::Partial,
            _ => Consequence::OutOfStep,
        }
    }

    /// Tells whether every requestor has to export for it.
    #[must_use]
    pub fn exports_all(&self) -> bool {
        matches!(
            self,
            Self::OwnGap { .. } | Self::OwnListsUnknown | Self::MasterLonger { .. }
        )
    }

    /// Returns the lines for the logs. `who` is the requestor, `TYPE:NET/PO`, where the remark is about one.
    #[must_use]
    pub fn lines(&self, who: &str) -> Vec<Line> {
        use Severity::{Error, Fatal, Status, Warning};
        let text = |severity, text: String| vec![Line::new(severity, None, text)];
        match self {
            Self::QueueBehind { confirmed, last } => text(
                Warning,
                format!(
                    "REQTRANS ends at number {last}, the server has confirmed up to {confirmed}: nothing up to \
                     {confirmed} is sent; export the local list"
                ),
            ),
            Self::OldImport { found, own } => text(
                Status,
                format!(
                    "Old dir-sync mail ignored: import number {found}, this requestor has {own}"
                ),
            ),
            Self::OldReply { found, own } => text(
                Status,
                format!("Old dir-sync mail ignored: SrvSync {found}, this requestor has {own}"),
            ),
            Self::ImportOutstanding { found, own } => text(
                Warning,
                format!(
                    "Updates behind full list {found} wait for it, this requestor has {own}: the full list is asked \
                     for again at the next T1"
                ),
            ),
            Self::NotBased { found, own } => text(
                Warning,
                format!(
                    "Updates up to SrvSync {found} are for another state than this one, SrvSync {own}: not taken, \
                     the next request asks again"
                ),
            ),
            Self::Gap { base, own } => text(
                Warning,
                format!(
                    "Updates begin behind SrvSync {base}, this requestor has {own}: {} to {base} are missing, the \
                     next request asks again; if that does not help, request an import",
                    own.0.saturating_add(1)
                ),
            ),
            Self::ServerWentBack { found, own } => text(
                Warning,
                format!(
                    "The server is at SrvSync {found}, this requestor has {own}: the server was restored from an \
                     old copy; a full list is asked for at the next T1"
                ),
            ),
            Self::OwnStateLost { confirmed, sent } => text(
                Warning,
                format!(
                    "The server has confirmed ReqSync {confirmed}, this requestor has sent up to {sent}: it was \
                     restored from an old copy; what waits is renumbered above {confirmed} and the local list exported"
                ),
            ),
            Self::ExportAsked => text(
                Status,
                "The server asks for the local list: it is exported".to_owned(),
            ),
            Self::TransactionsLost { from, to } => text(
                Warning,
                format!(
                    "{who}: transactions {from} to {to} were confirmed and are lost here: the requestor is asked to \
                     export; entries it fed for others are lost"
                ),
            ),
            Self::NumbersSkipped { from, to } => text(
                Warning,
                format!(
                    "{who}: transactions {from} to {to} are missing: the requestor is asked to export"
                ),
            ),
            Self::NumbersReplaced { from, to } => text(
                Status,
                format!(
                    "{who}: transactions {from} to {to} did not come, its list follows; entries it fed for others among \
                     them are here only if they came before"
                ),
            ),
            Self::UnknownStamp { stamp } => text(
                Warning,
                format!(
                    "{who}: its state is from STAMP {stamp}, which this server did not give or does not go by any more: \
                     one of both was restored from an old copy, the requestor was away, or the server has lost \
                     transactions; a full list is sent"
                ),
            ),
            Self::RaisedOver { from, to } => text(
                Warning,
                format!(
                    "{who}: transactions {from} to {to} were taken and not confirmed to it when a resync raised its \
                     number: it is asked to export"
                ),
            ),
            Self::RequestorWentBack { number } => text(
                Warning,
                format!(
                    "{who}: number {number} is another transaction than before: the requestor was restored from an \
                     old copy; its transactions are taken anew and it is asked to export"
                ),
            ),
            Self::Purged { srv_sync, low } => missing(Error, who, *srv_sync, srv_sync.0, low.0 - 1),
            Self::Beyond { srv_sync, sync } => {
                missing(Fatal, who, *srv_sync, sync.0.saturating_add(1), srv_sync.0)
            }
            Self::OwnGap { applied, low } => text(
                Error,
                format!(
                    "Transactions {} to {} were purged before the lists of this server took them: every requestor \
                     is asked to export",
                    applied.0.saturating_add(1),
                    low.0 - 1
                ),
            ),
            Self::OwnListsUnknown => text(
                Error,
                "The lists of this server hold updates that it never sent: it was restored from an old copy, and mail \
                 of the time after it came late; every requestor is asked to export"
                    .to_owned(),
            ),
            Self::MasterShort { last, sync } => vec![Line::new(
                Error,
                Some(110),
                format!(
                    "MSTTRANS: it ends at {last}, {sync} numbers were given: it is of an older copy and is emptied; \
                     requestors get the full list"
                ),
            )],
            Self::MasterLonger { last, sync } => text(
                Error,
                format!(
                    "MSTTRANS ends at {last}, SRVCONF knew of {sync}: SRVCONF is of an older copy; numbers go on behind \
                     {last}, and every requestor is asked to export"
                ),
            ),
            Self::ImportLimit => vec![
                Line::new(Fatal, Some(118), String::new()),
                Line::new(Fatal, Some(166), who),
            ],
        }
    }
}

/// The lines of Q108067: heading, 138 with what the requestor has, 139 with both ends counted as the original did.
fn missing(severity: Severity, who: &str, srv_sync: SrvSync, from: u32, to: u32) -> Vec<Line> {
    let count = u64::from(to) + 1 - u64::from(from).min(u64::from(to) + 1);
    vec![
        Line::new(severity, None, who),
        Line::new(severity, Some(138), format!("({srv_sync})")),
        Line::new(severity, Some(139), format!("{count} ({from}->{to})")),
    ]
}
