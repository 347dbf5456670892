//! Moments as the queues and configuration files store them.

use jiff::tz::TimeZone;

use super::layout::number_field;

/// Seconds since 1970-01-01 00:00:00 UTC, 4 bytes little-endian on disk.
///
/// The width is derived (`spec/files.md` sections 1 and 4.15: `asctime` print, schedules advanced by
/// seconds); the zone is ours: UTC in the file, local time on screens. Zero stands for "never" where a
/// structure says so. It is unsigned, so it reaches 2106.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(pub u32);

number_field!(Timestamp(u32));

impl Timestamp {
    /// Never.
    pub const ZERO: Self = Self(0);

    /// Takes a moment of the clock, without its fraction; `None` before 1970 and after 2106.
    #[must_use]
    pub fn from_jiff(moment: jiff::Timestamp) -> Option<Self> {
        u32::try_from(moment.as_second()).ok().map(Self)
    }

    /// Returns the moment for calendar arithmetic.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(i64::from(self.0)).expect("32 bits reach the year 2106 only")
    }

    /// Returns this moment plus some seconds, or `None` past the end of the field.
    #[must_use]
    pub fn checked_add(self, seconds: u32) -> Option<Self> {
        self.0.checked_add(seconds).map(Self)
    }

    /// Returns the moment as LISTQ, LISTDS and DSSCHED print it: C `asctime` with a two-digit day, such as
    /// `Thu Apr 07 12:13:52 1994` (Q96060).
    #[must_use]
    pub fn asctime(self, zone: &TimeZone) -> String {
        self.to_jiff()
            .to_zoned(zone.clone())
            .strftime("%a %b %d %H:%M:%S %Y")
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asctime_is_that_of_the_listq_sample() {
        assert_eq!(
            Timestamp(765_720_832).asctime(&TimeZone::UTC),
            "Thu Apr 07 12:13:52 1994"
        );
        let east = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(
            Timestamp(765_720_832).asctime(&east),
            "Thu Apr 07 14:13:52 1994"
        );
    }

    #[test]
    fn both_ends_of_the_field_print() {
        assert_eq!(
            Timestamp::ZERO.asctime(&TimeZone::UTC),
            "Thu Jan 01 00:00:00 1970"
        );
        assert_eq!(
            Timestamp(u32::MAX).asctime(&TimeZone::UTC),
            "Sun Feb 07 06:28:15 2106"
        );
        assert_eq!(Timestamp(u32::MAX).checked_add(1), None);
    }

    #[test]
    fn a_moment_outside_the_field_is_none() {
        let at = |second| Timestamp::from_jiff(jiff::Timestamp::from_second(second).unwrap());
        assert_eq!(at(-1), None);
        assert_eq!(at(765_720_832), Some(Timestamp(765_720_832)));
        assert_eq!(at(1 << 32), None);
    }
}
