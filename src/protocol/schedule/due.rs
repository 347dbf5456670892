//! What of a schedule is to be done now.

use super::{Entry, PastEnd, Phase, Situation};
use crate::codec::timestamp::Timestamp;

/// An entry that gets its next time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The entry as it is.
    pub before: Entry,
    /// The entry with its next time.
    pub after: Entry,
}

/// A time that passes without a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// Which programs would have run.
    pub phase: Phase,
    /// When.
    pub at: Timestamp,
}

/// Programs that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Which.
    pub phase: Phase,
    /// Since when; the earliest where several entries are due.
    pub since: Timestamp,
    /// The entries that this run serves.
    pub moves: Vec<Move>,
}

/// What is to be done for one schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What missed its window, in the order of the file.
    pub missed: Vec<Passed>,
    /// T2 entries whose time has come on a postoffice that is no dir-sync server: they do not run (Q136487).
    pub not_server: Vec<Passed>,
    /// What runs, in the order of the cycle. Several entries of one process are served by one run (Q197407).
    pub runs: Vec<Run>,
    /// The entries that go on without a run. One that missed a window and is due again has a second move in its run.
    pub moves: Vec<Move>,
}

impl Plan {
    /// Tells whether there is nothing to do, and nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.moves.is_empty()
    }
}

/// Decides what of a schedule is to be done.
///
/// # Errors
/// [`PastEnd`].
pub fn plan(entries: &[Entry], situation: &Situation<'_>) -> Result<Plan, PastEnd> {
    let Situation {
        now,
        zone,
        is_server,
    } = *situation;
    let mut plan = Plan::default();
    for entry in entries.iter().filter(|entry| entry.has_come(now)) {
        let mut entry = entry.clone();
        let phase = entry.phase();
        let passed = Passed {
            phase,
            at: entry.current(),
        };
        let runs_here = phase != Phase::T2 || is_server;
        if !runs_here {
            plan.not_server.push(passed);
        } else if entry.is_missed(now) {
            plan.missed.push(passed);
        }
        if entry.is_missed(now) {
            let after = entry.after_miss(now, zone)?;
            plan.moves.push(Move {
                before: entry,
                after: after.clone(),
            });
            entry = after;
        }
        if !entry.has_come(now) {
            continue;
        }
        let since = entry.current();
        let after = entry.after_run(zone)?;
        let moved = Move {
            before: entry,
            after,
        };
        if !runs_here {
            plan.moves.push(moved);
            continue;
        }
        match plan.runs.iter_mut().find(|run| run.phase == phase) {
            Some(run) => {
                run.since = run.since.min(since);
                run.moves.push(moved);
            }
            None => plan.runs.push(Run {
                phase,
                since,
                moves: vec![moved],
            }),
        }
    }
    plan.runs.sort_by_key(|run| run.phase);
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, entry};
    use super::*;
    use jiff::tz::TimeZone;

    fn planned(entries: &[Entry], now: &str, is_server: bool) -> Plan {
        let situation = Situation {
            now: at(now),
            zone: &TimeZone::UTC,
            is_server,
        };
        plan(entries, &situation).expect("before 2106")
    }

    fn windowed(text: &str, window: u32) -> Entry {
        let mut record = entry(text).record().clone();
        record.window = window;
        Entry::check(record).expect("agrees")
    }

    fn phases(plan: &Plan) -> Vec<Phase> {
        plan.runs.iter().map(|run| run.phase).collect()
    }

    #[test]
    fn it_runs_from_its_time_to_the_end_of_its_window_both_counted() {
        let entries = [entry("T3 Mon 03:00")]; // 1994-02-28
        assert!(planned(&entries, "1994-02-28T02:59:59Z", false).is_empty());
        for now in ["1994-02-28T03:00:00Z", "1994-02-28T11:00:00Z"] {
            let plan = planned(&entries, now, false);
            assert_eq!(phases(&plan), [Phase::T3]);
            assert_eq!(
                plan.runs[0].moves[0].after.current(),
                at("1994-03-07T03:00:00Z")
            );
            assert!(plan.missed.is_empty() && plan.moves.is_empty());
        }
        let plan = planned(&entries, "1994-02-28T11:00:01Z", false);
        assert!(plan.runs.is_empty());
        assert_eq!((plan.missed.len(), plan.moves.len()), (1, 1));
        assert_eq!(plan.moves[0].after.current(), at("1994-03-07T03:00:00Z"));
    }

    #[test]
    fn ds_s005_every_entry_has_the_window_of_its_own() {
        // The times of two days, so that both are five hours late.
        let entries = [
            windowed("T1 Mon 03:00", 4 * 3600),
            windowed("T3 Mon 03:00", 8 * 3600),
        ];
        let plan = planned(&entries, "1994-02-28T08:00:00Z", false);
        assert_eq!(phases(&plan), [Phase::T3]);
        assert_eq!(plan.missed.len(), 1);
        assert_eq!(plan.missed[0].phase, Phase::T1);
    }

    #[test]
    fn what_is_due_runs_in_the_order_of_the_cycle() {
        let entries = [
            entry("T3 Mon 03:00"),
            entry("T1 Mon 03:02"),
            entry("T2 Mon 03:01"),
        ];
        let plan = planned(&entries, "1994-02-28T04:00:00Z", true);
        assert_eq!(phases(&plan), Phase::ALL);
    }

    #[test]
    fn ds_s008_t2_does_not_run_where_there_is_no_server() {
        for (now, missed) in [
            ("1994-02-28T04:00:00Z", false),
            ("1994-02-28T23:00:00Z", true),
        ] {
            let plan = planned(&[entry("T2 Mon 03:00")], now, false);
            assert!(plan.runs.is_empty() && plan.missed.is_empty());
            assert_eq!(plan.not_server.len(), 1, "missed: {missed}");
            assert_eq!(plan.moves.len(), 1);
            assert_eq!(plan.moves[0].after.current(), at("1994-03-07T03:00:00Z"));
        }
    }

    #[test]
    fn two_entries_of_one_process_are_one_run() {
        let entries = [entry("T1 Mon 03:00"), entry("T1 Mon 02:00")];
        let plan = planned(&entries, "1994-02-28T04:00:00Z", true);
        assert_eq!(phases(&plan), [Phase::T1]);
        assert_eq!(plan.runs[0].since, at("1994-02-28T02:00:00Z"));
        assert_eq!(plan.runs[0].moves.len(), 2);
    }

    #[test]
    fn after_weeks_it_is_missed_once_and_runs_where_a_window_is_open() {
        let entries = [entry("T1 Mon 03:00")];
        let plan = planned(&entries, "1994-03-21T04:00:00Z", false);
        assert_eq!((plan.missed.len(), phases(&plan)), (1, vec![Phase::T1]));
        assert_eq!(plan.moves[0].after, plan.runs[0].moves[0].before);
        assert_eq!(plan.runs[0].since, at("1994-03-21T03:00:00Z"));
    }
}
