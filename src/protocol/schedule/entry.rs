//! One process time, as PROCESS.GLB holds it and checked.

use jiff::tz::TimeZone;

use super::{PastEnd, Phase, WallTime};
use crate::codec::CodecError;
use crate::codec::process::ProcessEntry;
use crate::codec::timestamp::Timestamp;

/// A record of PROCESS.GLB whose fields agree with each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    phase: Phase,
    /// Weekday and minute as set, in the zone of whoever set them.
    set: WallTime,
    record: ProcessEntry,
}

impl Entry {
    /// Takes a record as read.
    ///
    /// # Errors
    /// It is for no process that we know, or its fields contradict each other ([`ProcessEntry::verify`]).
    pub fn check(record: ProcessEntry) -> Result<Self, CodecError> {
        let phase = Phase::from_kind(record.kind)
            .ok_or_else(|| CodecError::field(0, "kind", record.kind.as_byte(), "1 to 3"))?;
        let set = WallTime::new(record.day, record.minute).ok_or_else(|| {
            let found = format!("{}, {}", record.day, record.minute);
            CodecError::field(1, "day, minute", found, "a time of the week")
        })?;
        record.verify()?;
        Ok(Self { phase, set, record })
    }

    /// Makes an entry with the run window of today (8 hours) that first comes at `from` or later.
    ///
    /// # Errors
    /// [`PastEnd`].
    pub fn new(
        id: u32,
        phase: Phase,
        time: WallTime,
        from: Timestamp,
        zone: &TimeZone,
    ) -> Result<Self, PastEnd> {
        let record = ProcessEntry {
            kind: phase.kind(),
            window: ProcessEntry::DEFAULT_WINDOW,
            id,
            ..ProcessEntry::default()
        };
        Self::first(record, phase, time, from, zone)
    }

    fn first(
        record: ProcessEntry,
        phase: Phase,
        time: WallTime,
        from: Timestamp,
        zone: &TimeZone,
    ) -> Result<Self, PastEnd> {
        let current = time.first_from(from, zone).ok_or(PastEnd)?;
        Ok(Self {
            phase,
            set: time,
            record: ProcessEntry {
                day: time.day(),
                minute: time.minute(),
                current: current.at,
                next: after(time, current.at, zone)?,
                zone_offset: current.zone_offset,
                ..record
            },
        })
    }

    /// Returns which programs it starts.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns the record.
    #[must_use]
    pub fn record(&self) -> &ProcessEntry {
        &self.record
    }

    /// Returns the moment at which it runs, or should have.
    #[must_use]
    pub fn current(&self) -> Timestamp {
        self.record.current
    }

    /// Returns weekday and minute by the clocks of `zone`: those that were set, where they were set for the same
    /// zone, and else what a clock there shows at the time.
    #[must_use]
    pub fn wall_time(&self, zone: &TimeZone) -> WallTime {
        let here = self.set.first_from(self.current(), zone);
        match here {
            Some(here) if here.at == self.current() => self.set,
            _ => WallTime::of(self.current(), zone),
        }
    }

    /// Returns the moment at which it runs after the current one; `None` after February 2106.
    #[must_use]
    pub fn next(&self, zone: &TimeZone) -> Option<Timestamp> {
        after(self.wall_time(zone), self.current(), zone).ok()
    }

    /// Tells whether it is time to run, or was.
    #[must_use]
    pub fn has_come(&self, now: Timestamp) -> bool {
        self.current() <= now
    }

    /// Tells whether its run window is over: `now > t + window`.
    #[must_use]
    pub fn is_missed(&self, now: Timestamp) -> bool {
        self.record.not_after().is_some_and(|last| last < now)
    }

    /// Returns the entry after it ran: the same weekday and minute next week.
    ///
    /// # Errors
    /// [`PastEnd`].
    pub fn after_run(&self, zone: &TimeZone) -> Result<Self, PastEnd> {
        self.moved(self.current().checked_add(1).ok_or(PastEnd)?, zone)
    }

    /// Returns the entry after it missed its window: at the first time whose window is not over yet. That is next
    /// week's, or, after weeks in which nobody looked, one that may be due at once.
    ///
    /// # Errors
    /// [`PastEnd`].
    pub fn after_miss(&self, now: Timestamp, zone: &TimeZone) -> Result<Self, PastEnd> {
        self.moved(Timestamp(now.0.saturating_sub(self.record.window)), zone)
    }

    fn moved(&self, from: Timestamp, zone: &TimeZone) -> Result<Self, PastEnd> {
        let time = self.wall_time(zone);
        Self::first(self.record.clone(), self.phase, time, from, zone)
    }
}

fn after(time: WallTime, moment: Timestamp, zone: &TimeZone) -> Result<Timestamp, PastEnd> {
    let from = moment.checked_add(1).ok_or(PastEnd)?;
    Ok(time.first_from(from, zone).ok_or(PastEnd)?.at)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, entry, new_york, shown, wall, zone};
    use super::*;
    use crate::codec::FixedText;
    use crate::codec::process::ProcessKind;

    #[test]
    fn a_new_entry_agrees_with_itself_wherever_the_clock_jumps() {
        let zone = new_york();
        for day in 0..7 {
            for time in [0, 90, 150, 210, 1439] {
                let time = WallTime::new(day, time).expect("a time");
                let mut from = at("2026-01-01T12:00:00Z");
                while from < at("2027-01-01T00:00:00Z") {
                    let made = Entry::new(1, Phase::T1, time, from, &zone).expect("before 2106");
                    made.record().verify().expect("agrees");
                    assert_eq!(made.wall_time(&zone), time);
                    from.0 += 5 * 86_400 + 1234;
                }
            }
        }
    }

    #[test]
    fn ds_s004_weekday_and_minute_stay_across_a_change_of_the_clock() {
        let zone = new_york();
        let mut entry = Entry::new(
            1,
            Phase::T1,
            wall("Sun 02:30"),
            at("2026-02-25T00:00:00Z"),
            &zone,
        )
        .expect("before 2106");
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(shown(entry.current(), &zone));
            assert_eq!(entry.wall_time(&zone), wall("Sun 02:30"));
            let next = entry.next(&zone);
            entry = entry.after_run(&zone).expect("before 2106");
            assert_eq!(Some(entry.current()), next);
        }
        assert_eq!(
            seen,
            [
                "Sun 2026-03-01 02:30 -05",
                "Sun 2026-03-08 03:30 -04", // 02:30 is not on the clock that day
                "Sun 2026-03-15 02:30 -04",
                "Sun 2026-03-22 02:30 -04",
            ]
        );
        // Over the whole year every run but that one is at half past two.
        for _ in 0..52 {
            entry = entry.after_run(&zone).expect("before 2106");
            let clock = shown(entry.current(), &zone);
            assert!(clock.contains(" 02:30 ") || clock == "Sun 2027-03-14 03:30 -04");
        }
    }

    #[test]
    fn ds_s001_an_entry_of_another_zone_keeps_the_time_that_the_own_clock_shows() {
        let (stored, own) = (zone("XXX14"), zone("CST6CDT,M3.2.0,M11.1.0"));
        let from = at("2026-03-01T00:00:00Z");
        let set = Entry::new(1, Phase::T2, wall("Mon 03:00"), from, &stored).expect("before 2106");
        assert_eq!(set.wall_time(&own), wall("Mon 11:00"));
        let moved = set.after_run(&own).expect("before 2106");
        // Summer time has begun in between: 11:00 all the same.
        assert_eq!(shown(moved.current(), &own), "Mon 2026-03-09 11:00 -05");
        assert_eq!(moved.wall_time(&own), wall("Mon 11:00"));
        assert_eq!(moved.record().zone_offset, -5 * 3600);
        moved.record().verify().expect("agrees");
    }

    #[test]
    fn a_run_keeps_what_else_the_record_holds() {
        let mut record = entry("T3 Mon 03:00").record().clone();
        record.comment = FixedText::new(b"nightly").expect("short");
        record.window = 14_400;
        let entry = Entry::check(record).expect("agrees");
        let moved = entry.after_run(&TimeZone::UTC).expect("before 2106");
        assert_eq!(moved.record().comment.as_bytes(), b"nightly");
        assert_eq!((moved.record().window, moved.record().id), (14_400, 1));
        assert_eq!(moved.record().current.0 - entry.current().0, 604_800);
    }

    #[test]
    fn after_weeks_without_anybody_the_first_open_window_is_next() {
        let entry = entry("T1 Mon 03:00"); // 1994-02-28
        let moved = |now| {
            let moved = entry.after_miss(at(now), &TimeZone::UTC);
            shown(moved.expect("before 2106").current(), &TimeZone::UTC)
        };
        assert_eq!(moved("1994-02-28T11:00:01Z"), "Mon 1994-03-07 03:00 +00");
        assert_eq!(moved("1994-03-21T11:00:00Z"), "Mon 1994-03-21 03:00 +00");
        assert_eq!(moved("1994-03-21T11:00:01Z"), "Mon 1994-03-28 03:00 +00");
        assert_eq!(moved("2026-11-21T10:00:00Z"), "Mon 2026-11-23 03:00 +00");
    }

    #[test]
    fn at_the_end_of_the_field_it_is_said() {
        let mut record = entry("T1 Sun 06:28").record().clone();
        record.current = Timestamp(u32::MAX - 15);
        let last = Entry::check(record).expect("agrees");
        assert_eq!(last.after_run(&TimeZone::UTC), Err(PastEnd));
        assert_eq!(last.next(&TimeZone::UTC), None);
        assert!(!last.is_missed(Timestamp(u32::MAX)));
    }

    #[test]
    fn what_no_entry_can_be_is_refused_in_plain_words() {
        let mut record = entry("T1 Mon 03:00").record().clone();
        record.kind = ProcessKind::Other(0);
        let error = Entry::check(record).expect_err("no process").to_string();
        assert_eq!(error, "byte 0x0: kind: found 0, expected 1 to 3");
    }
}
