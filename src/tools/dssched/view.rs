//! A schedule as `--json` shows it, and what is odd about it.

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::codec::codepage::CodePage;
use crate::codec::timestamp::Timestamp;
use crate::protocol::schedule::{Entry, Phase};

/// One entry; moments are RFC 3339.
#[derive(Debug, Serialize)]
pub(super) struct EntryView {
    /// Number in the file, from 1.
    record: usize,
    id: u32,
    /// `T1`, `T2` or `T3`.
    process: String,
    /// Weekday and time by the own clock.
    time: String,
    /// When it runs, or should have.
    current: String,
    /// Run window in seconds.
    window: u32,
    /// When the window is over; none after 2106.
    not_after: Option<String>,
    /// When it runs after that; none after 2106.
    next: Option<String>,
    /// Seconds east of UTC where it was set.
    zone_offset: i32,
    comment: String,
}

/// Describes the entries of a schedule by the clock of `zone`.
pub(super) fn describe(entries: &[Entry], zone: &TimeZone, page: CodePage) -> Vec<EntryView> {
    let moment = |at: Timestamp| at.to_jiff().to_string();
    let numbered = entries.iter().zip(1..);
    numbered
        .map(|(entry, record)| EntryView {
            record,
            id: entry.record().id,
            process: entry.phase().to_string(),
            time: entry.wall_time(zone).to_string(),
            current: moment(entry.current()),
            window: entry.record().window,
            not_after: entry.record().not_after().map(moment),
            next: entry.next(zone).map(moment),
            zone_offset: entry.record().zone_offset,
            comment: page.decode(entry.record().comment.as_bytes()),
        })
        .collect()
}

/// Returns what an operator should know of a schedule: T2 where there is no server (Q136487), two times for one process
/// on one weekday (Q197407).
pub(super) fn remarks(entries: &[Entry], zone: &TimeZone, is_server: bool) -> Vec<String> {
    let mut remarks = Vec::new();
    let stale = entries.iter().filter(|entry| entry.phase() == Phase::T2);
    let stale = stale.count();
    if stale > 0 && !is_server {
        remarks.push(format!(
            "{stale} of {} entries are for T2, which never runs here: this postoffice is no dir-sync server; \
             export the schedule, delete them, import it",
            entries.len()
        ));
    }
    let place = |entry: &Entry| (entry.phase(), entry.wall_time(zone).day());
    for (index, entry) in entries.iter().enumerate() {
        let earlier = entries[..index]
            .iter()
            .position(|e| place(e) == place(entry));
        if let Some(earlier) = earlier {
            remarks.push(format!(
                "records {} and {} are both {} on {}; there should be one",
                earlier + 1,
                index + 1,
                entry.phase(),
                entry.wall_time(zone).day_name()
            ));
        }
    }
    remarks
}
