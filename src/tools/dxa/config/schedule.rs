//! When a connection exchanges updates by itself: T1 of a requestor, T2 of the server (`spec/exchange.md` 1, Q180297).

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::Fault;
use crate::codec::timestamp::Timestamp as Stored;
use crate::protocol::schedule::WallTime;

/// Seconds between two exchanges where nothing is said.
const USUAL: u64 = 3600;

/// Longest interval: a week, as long as a schedule of a postoffice reaches.
const LONGEST: u64 = 7 * 24 * 3600;

/// When a connection exchanges updates by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// So long after the last time.
    Every(SignedDuration),
    /// At these times of the week, by the clock on the wall.
    At(Vec<WallTime>),
}

impl Schedule {
    /// Reads the settings `every` and `at`.
    pub(in crate::tools::dxa) fn check(
        every: Option<u64>,
        at: &[String],
        faults: &mut Vec<Fault>,
    ) -> Self {
        let mut times = Vec::new();
        for text in at {
            match WallTime::parse(text) {
                Some(found) => times.extend(found),
                None => faults.push(Fault::new(
                    "at",
                    format!("{text:?}, expected HH:MM, or Sun to Sat before it"),
                )),
            }
        }
        times.sort();
        times.dedup();
        match (every, at.is_empty()) {
            (Some(_), false) => faults.push(Fault::new("every", "at is set too, expected one")),
            (Some(every), true) if !(1..=LONGEST).contains(&every) => {
                let text = format!("{every}, expected 1 to {LONGEST} seconds");
                faults.push(Fault::new("every", text));
            }
            _ => {}
        }
        let every = every.unwrap_or(USUAL).clamp(1, LONGEST);
        match times.is_empty() {
            true => Self::Every(SignedDuration::from_secs(every as i64)),
            false => Self::At(times),
        }
    }

    /// Returns when it is time again, if the last time was `last`; none after February 2106. A time that was missed is made
    /// up once.
    #[must_use]
    pub fn next(
        &self,
        last: Option<Timestamp>,
        now: Timestamp,
        zone: &jiff::tz::TimeZone,
    ) -> Option<Timestamp> {
        // A clock that was set back does not stop the agent.
        let last = last.filter(|last| *last <= now);
        match self {
            Self::Every(interval) => match last {
                None => Some(now),
                Some(last) => last.checked_add(*interval).ok(),
            },
            Self::At(times) => {
                let from = match last {
                    None => now,
                    Some(last) => last.checked_add(SignedDuration::from_secs(1)).ok()?,
                };
                let from = Stored::from_jiff(from)?;
                let found = times.iter().filter_map(|time| time.first_from(from, zone));
                found.map(|found| found.at.to_jiff()).min()
            }
        }
    }
}

/// As the configuration has it: `every 3600 s`, `at Mon 22:00`.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(interval) => write!(f, "every {} s", interval.as_secs()),
            Self::At(times) => {
                let times: Vec<_> = times.iter().map(ToString::to_string).collect();
                write!(f, "at {}", times.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn check(every: Option<u64>, at: &[&str]) -> Result<Schedule, Vec<String>> {
        let at: Vec<_> = at.iter().map(|text| (*text).to_owned()).collect();
        let mut faults = Vec::new();
        let schedule = Schedule::check(every, &at, &mut faults);
        match faults.is_empty() {
            true => Ok(schedule),
            false => Err(faults.iter().map(ToString::to_string).collect()),
        }
    }

    fn moment(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    #[test]
    fn an_interval_counts_from_the_last_time_and_begins_at_once() {
        let hourly = check(None, &[]).expect("the usual one");
        let now = moment("2026-11-27T10:00:00Z");
        let next = |last| hourly.next(last, now, &TimeZone::UTC);
        assert_eq!(next(None), Some(now));
        assert_eq!(
            next(Some(moment("2026-11-27T09:30:00Z"))),
            Some(moment("2026-11-27T10:30:00Z"))
        );
        let missed = next(Some(moment("2026-11-20T09:30:00Z")));
        assert!(missed < Some(now), "it is due: {missed:?}");
        let ahead = next(Some(moment("2027-11-27T09:30:00Z")));
        assert_eq!(ahead, Some(now), "the clock was set back");
    }

    #[test]
    fn times_are_those_of_the_wall_and_one_that_was_missed_is_made_up_once() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let nightly = check(None, &["22:00", "Mon 06:30"]).expect("times");
        let now = moment("2026-03-28T12:00:00Z");
        let next = |last: Option<&str>, now| nightly.next(last.map(moment), now, &zone);
        assert_eq!(next(None, now), Some(moment("2026-03-28T21:00:00Z")));
        // Clocks go forward in that night.
        assert_eq!(
            next(Some("2026-03-28T21:00:00Z"), moment("2026-03-28T21:00:01Z")),
            Some(moment("2026-03-29T20:00:00Z"))
        );
        assert_eq!(
            next(Some("2026-03-29T20:00:10Z"), moment("2026-03-29T20:00:11Z")),
            Some(moment("2026-03-30T04:30:00Z"))
        );
        let missed = next(Some("2026-03-20T21:00:00Z"), now).expect("a time");
        assert_eq!(missed, moment("2026-03-21T21:00:00Z"));
        let after = next(Some("2026-03-28T12:00:00Z"), now);
        assert_eq!(after, Some(moment("2026-03-28T21:00:00Z")));
    }

    #[test]
    fn what_is_no_time_is_named() {
        assert_eq!(
            check(None, &["22:00", "24:00", "Mo 1:00"]).expect_err("two"),
            [
                "at: \"24:00\", expected HH:MM, or Sun to Sat before it",
                "at: \"Mo 1:00\", expected HH:MM, or Sun to Sat before it"
            ]
        );
        assert_eq!(
            check(Some(0), &[]).expect_err("none"),
            ["every: 0, expected 1 to 604800 seconds"]
        );
        assert_eq!(
            check(Some(60), &["22:00"]).expect_err("both"),
            ["every: at is set too, expected one"]
        );
        let shown = check(Some(90), &[]).expect("seconds").to_string();
        assert_eq!(shown, "every 90 s");
        let shown = check(None, &["Mon 6:30", "mon 06:30"])
            .expect("once")
            .to_string();
        assert_eq!(shown, "at Mon 06:30");
    }
}
