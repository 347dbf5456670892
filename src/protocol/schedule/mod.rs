//! When the programs of T1, T2 and T3 run (`spec/protocol.md` 8.3 and 9.2): decisions alone, without clock or files.
//!
//! - A process runs if `t <= now <= t + window`. Later it has missed its window and does not run; that is said once.
//! - After either, its time is the same weekday and minute a week later *by the clock on the wall*: the original added
//!   604,800 seconds, and was an hour off from every change to or from summer time (Q96060, Q118621).
//! - A time is stored as a moment, with the weekday and minute it was set for and the zone of whoever set it. In
//!   another zone the clock shows `local = stored + storedZone - ownZone`, zones positive west of Greenwich; from the
//!   first run there on, that weekday and minute are kept.
//! - Weekday and minute mean the first such moment of the day when clocks are set back, and the moment as long after
//!   midnight when clocks are set forward over it.
//!
//! `dssched` makes and shows what `nsda --due` runs; both ask here.

mod due;
mod entry;
mod phase;
mod replace;
mod text;
mod wall;

use jiff::tz::TimeZone;

pub use due::{Move, Passed, Plan, Run, plan};
pub use entry::Entry;
pub use phase::Phase;
pub use replace::{Fate, ReplaceError, Replacement, replacement};
pub use text::{Line, TextError, parse};
pub use wall::{Occurrence, WallTime};

use crate::codec::timestamp::Timestamp;

/// What a decision depends on beside the schedule.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'z> {
    /// The time.
    pub now: Timestamp,
    /// The own zone.
    pub zone: &'z TimeZone,
    /// Whether the postoffice is the dir-sync server; T2 runs nowhere else.
    pub is_server: bool,
}

/// A schedule has run to the end of what its file can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the next time is after February 2106, the last that PROCESS.GLB can hold")]
pub struct PastEnd;

#[cfg(test)]
mod testing;
