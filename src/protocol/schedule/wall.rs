//! A weekday and a minute, and the moments at which a clock on the wall shows them.

use std::fmt;

use jiff::ToSpan;
use jiff::tz::{Offset, TimeZone};

use crate::codec::timestamp::Timestamp;

/// The weekdays as schedules write them, from Sunday.
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// A time of the week by the clock on the wall, whatever its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime {
    day: u8,
    minute: u16,
}

/// A moment at which a clock shows a [`WallTime`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// The moment.
    pub at: Timestamp,
    /// What the clock shows less UTC, in seconds. Where the clock jumps over the time, that of before the jump.
    pub zone_offset: i32,
}

impl WallTime {
    /// Makes a time from a weekday, 0 for Sunday, and a minute of the day; `None` where no clock shows them.
    #[must_use]
    pub const fn new(day: u8, minute: u16) -> Option<Self> {
        if day < 7 && minute < DAY {
            Some(Self { day, minute })
        } else {
            None
        }
    }

    /// Reads `Mon 22:00`, or `22:00` for every day of the week; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Vec<Self>> {
        let words: Vec<_> = text.split_whitespace().collect();
        let (days, minute) = match words[..] {
            [minute] => (0..7, minute),
            [day, minute] => {
                let day = parse_day(day)?;
                (day..day + 1, minute)
            }
            _ => return None,
        };
        let minute = parse_minute(minute)?;
        days.map(|day| Self::new(day, minute)).collect()
    }

    /// Returns what a clock in `zone` shows at a moment.
    #[must_use]
    pub fn of(moment: Timestamp, zone: &TimeZone) -> Self {
        let shown = moment.to_jiff().to_zoned(zone.clone());
        Self {
            day: shown.weekday().to_sunday_zero_offset().unsigned_abs(),
            minute: u16::from(shown.hour().unsigned_abs()) * 60
                + u16::from(shown.minute().unsigned_abs()),
        }
    }

    /// Returns the weekday, 0 for Sunday.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Returns the minute of the day.
    #[must_use]
    pub const fn minute(self) -> u16 {
        self.minute
    }

    /// Returns the weekday as schedules write it.
    #[must_use]
    pub fn day_name(self) -> &'static str {
        DAYS[usize::from(self.day)]
    }

    /// Finds the first occurrence in `zone` that is not before `moment`; `None` after February 2106.
    #[must_use]
    pub fn first_from(self, moment: Timestamp, zone: &TimeZone) -> Option<Occurrence> {
        let from = moment.to_jiff();
        // A day earlier, since a clock that is set forward over midnight shows a time of the day before.
        let mut date = from.to_zoned(zone.clone()).date().yesterday().ok()?;
        let ahead = i16::from(self.day) - i16::from(date.weekday().to_sunday_zero_offset());
        date = date.checked_add(ahead.rem_euclid(7).days()).ok()?;
        let (hour, minute) = (self.minute / 60, self.minute % 60);
        loop {
            let shown = date.at(hour.try_into().ok()?, minute.try_into().ok()?, 0, 0);
            let at = zone.to_ambiguous_timestamp(shown).compatible().ok()?;
            if at >= from {
                let utc = Offset::UTC.to_timestamp(shown).ok()?;
                return Some(Occurrence {
                    at: Timestamp::from_jiff(at)?,
                    zone_offset: i32::try_from(utc.as_second() - at.as_second()).ok()?,
                });
            }
            date = date.checked_add(7.days()).ok()?;
        }
    }
}

/// Reads a weekday, `Sun` to `Sat` in either case.
pub(super) fn parse_day(token: &str) -> Option<u8> {
    let index = DAYS
        .iter()
        .position(|day| day.eq_ignore_ascii_case(token))?;
    u8::try_from(index).ok()
}

/// Reads `HH:MM`, 24-hour; the hour may have one digit.
pub(super) fn parse_minute(token: &str) -> Option<u16> {
    let (hour, minute) = token.split_once(':')?;
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>| {
        let is_number = digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| is_number)
    };
    let (hour, minute) = (number(hour, 1..=2)?, number(minute, 2..=2)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// Writes `Mon 22:00`, as the schedule file has it.
impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute) = (self.minute / 60, self.minute % 60);
        write!(f, "{} {hour:02}:{minute:02}", self.day_name())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, new_york, shown, wall, zone};
    use super::*;

    #[test]
    fn ds_s001_another_zone_shows_stored_plus_stored_zone_less_own_zone() {
        let (stored, own) = (zone("XXX14"), zone("CST6"));
        let set = wall("Mon 03:00").first_from(at("1994-02-24T12:00:00Z"), &stored);
        let set = set.expect("before 2106");
        assert_eq!(set.zone_offset, -14 * 3600);
        assert_eq!(WallTime::of(set.at, &own), wall("Mon 11:00"));
        // Across midnight the weekday changes with it.
        assert_eq!(WallTime::of(set.at, &zone("JST-9")), wall("Tue 02:00"));
    }

    #[test]
    fn ds_s002_ten_hours_east_and_fourteen_west_are_a_day_apart() {
        let from = at("1994-02-24T12:00:00Z");
        let moment = |name| {
            wall("Mon 03:00")
                .first_from(from, &zone(name))
                .expect("before 2106")
                .at
        };
        assert_eq!(moment("ast14").0 - moment("ast-10").0, 24 * 3600);
        let sydney = zone("AEST-10");
        assert_eq!(WallTime::of(moment("ast-10"), &sydney), wall("Mon 03:00"));
        assert_eq!(WallTime::of(moment("ast14"), &sydney), wall("Tue 03:00"));
    }

    #[test]
    fn the_moment_itself_counts_and_a_second_later_is_a_week_later() {
        let utc = TimeZone::UTC;
        let first = wall("Sat 13:45").first_from(at("1994-02-26T13:45:00Z"), &utc);
        assert_eq!(first.expect("1994").at, at("1994-02-26T13:45:00Z"));
        let first = wall("Sat 13:45").first_from(at("1994-02-26T13:45:01Z"), &utc);
        assert_eq!(first.expect("1994").at, at("1994-03-05T13:45:00Z"));
        let first = wall("Thu 00:00").first_from(Timestamp::ZERO, &utc);
        assert_eq!(first.expect("1970").at, Timestamp::ZERO);
        assert_eq!(
            wall("Sun 06:29").first_from(Timestamp(u32::MAX), &utc),
            None
        );
    }

    #[test]
    fn a_time_that_the_clock_jumps_over_comes_as_long_after_midnight() {
        let gap = wall("Sun 02:30").first_from(at("2026-03-02T12:00:00Z"), &new_york());
        let gap = gap.expect("before 2106");
        assert_eq!(shown(gap.at, &new_york()), "Sun 2026-03-08 03:30 -04");
        assert_eq!(gap.zone_offset, -5 * 3600);
    }

    #[test]
    fn of_a_time_that_comes_twice_the_first_is_meant() {
        let zone = new_york();
        let first = wall("Sun 01:30").first_from(at("2026-10-30T12:00:00Z"), &zone);
        let first = first.expect("before 2106");
        assert_eq!(shown(first.at, &zone), "Sun 2026-11-01 01:30 -04");
        let next = wall("Sun 01:30").first_from(Timestamp(first.at.0 + 1), &zone);
        let next = next.expect("before 2106");
        assert_eq!(shown(next.at, &zone), "Sun 2026-11-08 01:30 -05");
    }

    #[test]
    fn a_clock_that_jumps_over_midnight_still_finds_the_day_before() {
        // Clocks go from Saturday 23:30 to Sunday 00:30.
        let zone = zone("AAA0BBB,M3.2.6/23:30,M11.1.0");
        let gap = wall("Sat 23:45").first_from(at("2026-03-14T23:35:00Z"), &zone);
        let gap = gap.expect("before 2106");
        assert_eq!(shown(gap.at, &zone), "Sun 2026-03-15 00:45 +01");
    }

    #[test]
    fn a_time_without_a_weekday_is_meant_every_day() {
        let daily = WallTime::parse(" 6:30 ").expect("a time");
        let days: Vec<_> = daily.iter().map(|time| time.day()).collect();
        assert_eq!(days, [0, 1, 2, 3, 4, 5, 6]);
        assert!(daily.iter().all(|time| time.minute() == 390));
        assert_eq!(WallTime::parse("sat 06:30"), Some(vec![wall("Sat 06:30")]));
        for text in ["", "Mon", "Mon 24:00", "Mon 06:30 07:00", "Mo 06:30"] {
            assert_eq!(WallTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_no_clock_shows_is_none() {
        assert!(WallTime::new(6, 1439).is_some());
        assert!(WallTime::new(7, 0).is_none() && WallTime::new(0, 1440).is_none());
        for (token, minute) in [
            ("00:00", Some(0)),
            ("1:05", Some(65)),
            ("23:59", Some(1439)),
        ] {
            assert_eq!(parse_minute(token), minute, "{token}");
        }
        for token in [
            "24:00",
            "12:60",
            "12",
            "12:5",
            "12:005",
            "+1:00",
            "1 :00",
            ":30",
            "012:00",
            "12:00:00",
            "１２:00",
            "",
        ] {
            assert_eq!(parse_minute(token), None, "{token}");
        }
        assert_eq!((parse_day("SUN"), parse_day("sat")), (Some(0), Some(6)));
        assert_eq!((parse_day("Sunday"), parse_day("")), (None, None));
    }
}
