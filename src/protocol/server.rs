//! What the directory server decides: what it takes from a request, what it answers, what it purges
//! (`spec/protocol.md` section 4).
//!
//! # What must hold
//!
//! A number confirmed to a requestor stands for transactions that are in the master list or in the lists of the server,
//! and a SrvSync given to it stands for what it was sent. Both break when one side goes back to an old copy, or when
//! the master list is purged; what mends it:
//!
//! | event | noticed by | mended by |
//! |---|---|---|
//! | request doubled, late or out of order | numbers at or below the last one taken | passed over |
//! | two T2 in a row | no request since the last answer | no answer (invariant 9) |
//! | several requests of one requestor | | taken in order, answered once, by the numbers of the newest |
//! | this server was restored | the STAMP in a request is none of those it gave | a full list |
//! | the same, of requestors whose numbers alone tell | SrvSync above the highest number, 138 and 139 Fatal | a full list |
//! | the same: confirmed transactions are gone | the requestor had more confirmed than is known | `EXPORT` until an R for its own list comes |
//! | requestor deleted and registered again (Q99961) | its record is without history | `EXPORT`; its numbers are adopted |
//! | requestor restored, its numbers come again for other transactions | another digest at the last number taken | everything above its confirmed number is taken, and `EXPORT` |
//! | Keep Updates expired (Q108067) | the next number is below the master list, 138 and 139 | a full list |
//! | purged before the own lists took it | the same, at the requestor that is this server | every requestor exports and gets a full list |
//! | a full list shows the own users ahead of their transactions | some wait in the own REQTRANS | the server exports behind them |
//! | the server itself took updates of a server that is no more | its own STAMP is none of those it gave | every requestor exports and gets a full list |
//! | SRVCONF alone of an older copy | MSTTRANS goes on above its highest number | numbers go on; every requestor exports |
//! | MSTTRANS lost, or of an older copy (Q112280) | it ends below the highest number | it counts as empty, numbers go on |
//! | full list lost | the requestor's import number stays behind: it will not take updates, and asks again | a full list |
//!
//! `tests/integration/convergence/rows` plays each row alone.
//!
//! What nothing tells: SRVCONF alone put back from a copy of another past, one that a whole copy had replaced before, beside
//! the MSTTRANS of this one. Its numbers and STAMPs may then fit by chance. Whoever puts back files of a server puts back
//! both.

mod answer;
mod hear;
mod pace;
mod purge;
mod stored;

pub use answer::{
    Answer, Content, Master, answer, answered, given_up, is_ahead, own_applied, own_stamp,
};
pub use hear::{Gap, Numbered, finish, hear, pass_over, take};
pub use pace::Pace;
pub use purge::{begin_receive, cutoff, expires};

use super::sync::{Issued, RecordDigest, Stamp};
use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use crate::codec::timestamp::Timestamp;

/// STAMPs that a server remembers.
pub const ISSUED_CAPACITY: usize = 224;

/// Answers to one requestor whose STAMPs the server remembers.
pub const SENT_CAPACITY: usize = 8;

/// The numbers of the server: what the header of SRVCONF keeps.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Server {
    /// Highest number ever given in MSTTRANS.
    pub sync: SrvSync,
    /// Current cycle, for reports alone.
    pub cycle: u32,
    /// Last STAMP given out.
    pub stamp: Stamp,
    /// The STAMPs given out, newest first.
    pub issued: Issued,
}

impl Server {
    /// Takes the next STAMP, for a run that answers or a resync file; `None` where there is none left.
    pub fn issue(&mut self, now: Timestamp) -> Option<Stamp> {
        let stamp = self.stamp.next(now)?;
        self.stamp = stamp;
        self.issued.push(stamp, ISSUED_CAPACITY);
        Some(stamp)
    }

    /// Takes the next STAMP for a resync file. While the lists of the server are not in step it is a void one, so that who
    /// applies the file gets a full list with the next reply.
    pub fn issue_resync(&mut self, now: Timestamp, master: &Master) -> Option<Stamp> {
        match master.is_provisional(self) {
            true => self.stamp.next(now).inspect(|&stamp| self.stamp = stamp),
            false => self.issue(now),
        }
    }

    /// Tells whether a state of the numbers is one that this server goes by: from a STAMP that it gave, or from none.
    fn knows(&self, stamp: Stamp) -> bool {
        stamp.is_none() || self.issued.contains(stamp)
    }

    /// Returns the STAMP of this run.
    fn issued_last(&self) -> Stamp {
        self.issued.iter().next().unwrap_or(self.stamp)
    }

    /// Takes a STAMP for a full list that is provisional: no updates will fit on it, so that the next request brings
    /// another full list.
    fn issue_void(&mut self) -> Stamp {
        let stamp = self.stamp.next(Timestamp::ZERO);
        self.stamp = stamp.unwrap_or(self.stamp);
        self.stamp
    }

    /// Declares every STAMP before this run void: whoever has one gets a full list.
    fn void_issued(&mut self) {
        let last = self.issued_last();
        self.issued = Issued::default();
        self.issued.push(last, ISSUED_CAPACITY);
    }
}

/// Why a reply is a full list, in the order of their weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImportReason {
    /// It was asked for.
    Asked,
    /// The requestor has nothing yet: the first cycle is an import (Q99961).
    New,
    /// What it lacks was purged.
    Purged,
    /// What it has is from a STAMP that this server never gave.
    UnknownStamp,
    /// It has more than this server ever gave.
    Beyond,
}

impl ImportReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::Asked,
        Self::New,
        Self::Purged,
        Self::UnknownStamp,
        Self::Beyond,
    ];

    /// Returns the code in a requestor's record of SRVCONF.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8 + 1
    }

    /// Returns the reason with a code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// What a requestor is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Due {
    /// A reply: a request has come since the last one.
    pub reply: bool,
    /// The reply is a full list.
    pub import: Option<ImportReason>,
    /// The reply asks for the own list. It stands until an R for that list has come, since the reply may be lost.
    pub export: bool,
}

/// The numbers of one requestor at the server: what its record in SRVCONF keeps.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Registered {
    /// Last number taken from it.
    pub req_sync: ReqSync,
    /// Which transaction that was.
    pub digest: RecordDigest,
    /// Last number that it reported or was sent.
    pub srv_sync: SrvSync,
    /// Full lists sent to it.
    pub import_count: ImportSync,
    /// STAMP that its last request named.
    pub heard: Stamp,
    /// STAMPs of the last answers to it, newest first.
    pub sent: Issued,
    /// What it is due.
    pub due: Due,
}

impl Registered {
    /// Tells whether nothing was ever taken from the requestor or sent to it under this registration.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.req_sync == ReqSync::ZERO
            && self.srv_sync == SrvSync::ZERO
            && self.import_count == ImportSync::ZERO
            && self.sent.iter().next().is_none()
    }
}

#[cfg(test)]
mod tests;
