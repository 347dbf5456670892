//! The beginning of a server run: the cycle, the highest number, and Keep Updates (`spec/protocol.md` 4.2).

use super::Server;
use crate::codec::sync_number::SrvSync;
use crate::codec::timestamp::Timestamp;
use crate::protocol::outcome::Remark;

const SECONDS_PER_DAY: u32 = 86_400;

/// Begins a run of SRVMAIN -R: the cycle goes on, and the highest number is that of SRVCONF or of the last record of
/// MSTTRANS, whichever is higher (4.2). `last` is the number of that record; none where the file is empty.
///
/// A master list that ends below the highest number is of an older copy: what it lacks in between would be skipped in
/// silence. It then counts as empty, like one that was lost (Q112280).
///
/// Where SRVCONF is of an older copy, it does not know what was taken from each requestor, so that some transactions come
/// into the master list a second time. That is not harmless: a D taken again may mean another name of the mailbox. So
/// every requestor exports ([`Remark::exports_all`]).
pub fn begin_receive(server: &mut Server, last: Option<SrvSync>) -> Option<Remark> {
    server.cycle = server.cycle.saturating_add(1);
    let last = last?;
    let sync = server.sync;
    match last.cmp(&sync) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Less => Some(Remark::MasterShort { last, sync }),
        std::cmp::Ordering::Greater => {
            server.sync = last;
            Some(Remark::MasterLonger { last, sync })
        }
    }
}

/// Returns the moment before which transactions are purged.
#[must_use]
pub fn cutoff(now: Timestamp, keep_updates_days: u16) -> Timestamp {
    let kept = u32::from(keep_updates_days).saturating_mul(SECONDS_PER_DAY);
    Timestamp(now.0.saturating_sub(kept))
}

/// Tells whether a transaction of the master list is older than Keep Updates, whoever has it or not (Q96060, Q108067).
/// Only the low end is purged, up to the first that stays, so that the numbers stay consecutive.
#[must_use]
pub fn expires(stamp: Timestamp, cutoff: Timestamp) -> bool {
    stamp < cutoff
}
