//! The schedule, PROCESS.GLB (`spec/protocol.md` 9.2).

use std::collections::BTreeMap;

use crate::codec::timestamp::Timestamp;
use crate::codec::{ProcessEntry, ProcessKind, Record};
use crate::diagnosis::catalog as c;
use crate::diagnosis::finding::{Damage, Finding, Place};
use crate::diagnosis::remedy::Remedy;
use crate::diagnosis::repair::Repair;
use crate::diagnosis::survey::Survey;
use crate::postoffice::{Role, layout};

const HEADER_LEN: u64 = 512;

const MINUTES_PER_DAY: u32 = 24 * 60;

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

pub(super) fn check(survey: &Survey, out: &mut Vec<Finding>) {
    let Some(schedule) = survey.schedule.whole() else {
        return;
    };
    let entries = &schedule.records[..];
    check_entries(entries, out);
    match survey.role() {
        Role::Server => out.extend(check_order(entries)),
        Role::Requestor if !super::server::is_lost(survey) => out.extend(check_stale(entries)),
        Role::Requestor => {}
    }
    check_duplicates(entries, out);
    check_windows(survey.now, entries, out);
}

fn place(index: usize) -> Place {
    let index = index as u64;
    Place::record(index + 1, HEADER_LEN + index * ProcessEntry::LEN as u64)
}

fn name(entry: &ProcessEntry) -> String {
    let kind = match entry.kind {
        ProcessKind::T1 => "T1".into(),
        ProcessKind::T2 => "T2".into(),
        ProcessKind::T3 => "T3".into(),
        ProcessKind::Other(kind) => format!("process {kind}"),
    };
    let day = DAYS.get(usize::from(entry.day)).unwrap_or(&"?");
    format!(
        "{kind} {day} {:02}:{:02}",
        entry.minute / 60,
        entry.minute % 60
    )
}

fn check_entries(entries: &[ProcessEntry], out: &mut Vec<Finding>) {
    for (index, entry) in entries.iter().enumerate() {
        let (found, expected) = match entry.kind {
            ProcessKind::Other(kind) => (
                format!("process {kind}"),
                "1, 2 or 3 for T1, T2 or T3".to_owned(),
            ),
            // An entry that waits for its first time has none yet.
            _ if entry.current == Timestamp::ZERO => continue,
            _ => match entry.verify() {
                Ok(()) => continue,
                Err(error) => {
                    let damage = Damage::from(&error);
                    (
                        format!("{}: {}", name(entry), damage.found),
                        damage.expected,
                    )
                }
            },
        };
        let finding = Finding::at(&c::FILE_DAMAGED, &layout::PROCESS, found, expected);
        out.push(finding.place(place(index)).remedy(Remedy::system(
            "keep a copy, reset it to its header and schedule the processes again (Q119111)",
            "truncate -s 512",
            [&layout::PROCESS],
        )));
    }
}

/// SRVMAIN would fail at each of them with Fatal 161.
fn check_stale(entries: &[ProcessEntry]) -> Option<Finding> {
    let stale: Vec<_> = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.kind == ProcessKind::T2)
        .collect();
    let (index, _) = stale.first()?;
    let names: Vec<_> = stale.iter().map(|(_, entry)| name(entry)).collect();
    let finding = Finding::at(
        &c::SCHEDULE_STALE_T2,
        &layout::PROCESS,
        super::listed(&names),
        "no T2 where there is no SRVCONF.GLB",
    );
    let repair = Repair::DropT2 { count: stale.len() };
    Some(finding.place(place(*index)).repair(repair))
}

fn check_duplicates(entries: &[ProcessEntry], out: &mut Vec<Finding>) {
    let mut first: BTreeMap<(u8, u8), &ProcessEntry> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let key = (entry.kind.as_byte(), entry.day);
        let Some(known) = first.get(&key) else {
            first.insert(key, entry);
            continue;
        };
        let finding = Finding::at(
            &c::SCHEDULE_DUPLICATE,
            &layout::PROCESS,
            format!("{} beside {}", name(entry), name(known)),
            "each process once a day",
        );
        out.push(finding.place(place(index)).remedy(Remedy::signed_in(
            "export the schedule, take one of the two lines out, import it again (Q197407)",
            "dssched",
            "-xSCHEDULE.TXT",
        )));
    }
}

/// After each T1 comes T2, and after T2 comes T3, around the week (Q96060).
fn check_order(entries: &[ProcessEntry]) -> Option<Finding> {
    let mut week: Vec<_> = entries
        .iter()
        .filter(|entry| !matches!(entry.kind, ProcessKind::Other(_)))
        .collect();
    week.sort_by_key(|entry| (entry.day, entry.minute, entry.kind.as_byte()));
    let has = |kind| week.iter().any(|entry| entry.kind == kind);
    if ![ProcessKind::T1, ProcessKind::T2, ProcessKind::T3]
        .into_iter()
        .all(has)
    {
        return None;
    }
    let follows = |kind| match kind {
        ProcessKind::T1 => ProcessKind::T2,
        ProcessKind::T2 => ProcessKind::T3,
        _ => ProcessKind::T1,
    };
    let wrong = week.iter().enumerate().find_map(|(n, entry)| {
        let next = week[(n + 1) % week.len()];
        (next.kind != follows(entry.kind)).then_some((entry, next))
    });
    let (entry, next) = wrong?;
    let finding = Finding::at(
        &c::SCHEDULE_ORDER,
        &layout::PROCESS,
        format!("{} before {}", name(entry), name(next)),
        "T1, then T2, then T3, with time for mail between them",
    );
    Some(finding.remedy(Remedy::signed_in(
        "schedule T1 and T3 some four hours apart and T2 halfway",
        "dssched",
        "-xSCHEDULE.TXT",
    )))
}

fn check_windows(now: Timestamp, entries: &[ProcessEntry], out: &mut Vec<Finding>) {
    let told = |entries: Vec<&ProcessEntry>| {
        let names: Vec<_> = entries.into_iter().map(name).collect();
        super::listed(&names)
    };
    let unusual: Vec<_> = entries
        .iter()
        .filter(|entry| entry.window != ProcessEntry::DEFAULT_WINDOW)
        .collect();
    if !unusual.is_empty() {
        let found = told(unusual);
        let finding = Finding::at(
            &c::SCHEDULE_WINDOW,
            &layout::PROCESS,
            found,
            "28800 seconds",
        );
        out.push(finding.remedy(Remedy::signed_in(
            "export the schedule and import it again: every entry is then given 8 hours",
            "dssched",
            "-xSCHEDULE.TXT",
        )));
    }
    let missed: Vec<_> = entries
        .iter()
        .filter(|entry| entry.current != Timestamp::ZERO)
        .filter(|entry| entry.not_after().is_some_and(|end| end < now))
        .collect();
    if !missed.is_empty() {
        let found = told(missed);
        let finding = Finding::at(
            &c::SCHEDULE_MISSED,
            &layout::PROCESS,
            found,
            "a time to come",
        );
        out.push(finding.remedy(
            "nothing, where a timer of the system runs the programs; else see why nsda --due was not run",
        ));
    }
}

/// Returns the longest time in seconds from one run of a process to its next, around the week; a day where it is not
/// scheduled.
pub(super) fn cycle_len(survey: &Survey, kinds: &[ProcessKind]) -> u32 {
    let schedule = survey.schedule.whole();
    let entries = schedule.into_iter().flat_map(|schedule| &schedule.records);
    let mut minutes: Vec<_> = entries
        .filter(|entry| kinds.contains(&entry.kind))
        .map(|entry| u32::from(entry.day) * MINUTES_PER_DAY + u32::from(entry.minute))
        .collect();
    minutes.sort_unstable();
    minutes.dedup();
    let (Some(first), Some(last)) = (minutes.first(), minutes.last()) else {
        return MINUTES_PER_DAY * 60;
    };
    let around = first + 7 * MINUTES_PER_DAY - last;
    let steps = minutes.windows(2).map(|pair| pair[1] - pair[0]);
    steps.chain([around]).max().unwrap_or(around) * 60
}

/// Returns when T2 was last due on a server, before a moment.
pub(super) fn last_t2(survey: &Survey, before: Timestamp) -> Option<Timestamp> {
    let schedule = survey.schedule.whole()?;
    let t2 = schedule
        .records
        .iter()
        .filter(|entry| entry.kind == ProcessKind::T2);
    let moments = t2.filter_map(|entry| last_run(entry, before));
    moments.max()
}

/// Returns the last moment before another one at which the weekday and minute of an entry came, in its own zone.
fn last_run(entry: &ProcessEntry, before: Timestamp) -> Option<Timestamp> {
    const WEEK: i64 = 7 * MINUTES_PER_DAY as i64 * 60;
    // 1970-01-01 was a Thursday.
    const THURSDAY: i64 = 4;
    let day = i64::from(entry.day) - THURSDAY;
    let minute = i64::from(entry.minute) * 60;
    let in_week = day * i64::from(MINUTES_PER_DAY) * 60 + minute - i64::from(entry.zone_offset);
    let before = i64::from(before.0);
    let weeks = (before - in_week).div_euclid(WEEK);
    u32::try_from(in_week + weeks * WEEK).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(day: u8, minute: u16, zone_offset: i32) -> ProcessEntry {
        ProcessEntry {
            kind: ProcessKind::T2,
            day,
            minute,
            zone_offset,
            ..ProcessEntry::default()
        }
    }

    fn seconds(text: &str) -> Timestamp {
        Timestamp::from_jiff(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn the_last_run_is_that_of_this_week_or_of_the_last() {
        // 2026-11-21 is a Saturday.
        let now = seconds("2026-11-21T10:00:00Z");
        for (day, minute, zone, expected) in [
            (6, 9 * 60, 0, "2026-11-21T09:00:00Z"),
            (6, 10 * 60, 0, "2026-11-21T10:00:00Z"),
            (6, 11 * 60, 0, "2026-11-14T11:00:00Z"),
            (0, 0, 0, "2026-11-15T00:00:00Z"),
            // 11:00 two hours east of UTC is 09:00 there.
            (6, 11 * 60, 7200, "2026-11-21T09:00:00Z"),
        ] {
            let found = last_run(&entry(day, minute, zone), now);
            assert_eq!(found, Some(seconds(expected)), "{day} {minute} {zone}");
        }
    }
}
