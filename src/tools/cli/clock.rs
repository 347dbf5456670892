//! The time of a run: the system's, or the one a test or a replay gives it.

use std::env;
use std::ffi::OsString;
use std::time::Instant;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use crate::postoffice::log::Years;
use crate::tools::exit::ToolError;

/// Tells the time and the zone that screens and logs print it in.
#[derive(Clone, Debug)]
pub struct Clock {
    fixed: Option<Timestamp>,
    zone: TimeZone,
    year_digits: Years,
}

impl Clock {
    /// Reads the environment: `DIRSYNC_NOW` (RFC 3339) stands for the clock, `TZ` for the zone, and
    /// `DIRSYNC_LOG_YEARS` is 2 or 4.
    ///
    /// # Errors
    ///
    /// A variable holds something else.
    pub fn from_environment() -> Result<Self, ToolError> {
        let zone = match TimeZone::try_system() {
            Ok(zone) => zone,
            Err(error) if env::var_os("TZ").is_some() => {
                return Err(ToolError::usage("TZ").caused_by(error));
            }
            // A system without a zone of its own, such as a small container, runs on UTC.
            Err(_) => TimeZone::UTC,
        };
        Self::from_values(
            env::var_os("DIRSYNC_NOW"),
            zone,
            env::var_os("DIRSYNC_LOG_YEARS"),
        )
    }

    /// Makes a clock that stands still.
    #[must_use]
    pub fn fixed(now: Timestamp, zone: TimeZone) -> Self {
        Self {
            fixed: Some(now),
            zone,
            year_digits: Years::default(),
        }
    }

    fn from_values(
        now: Option<OsString>,
        zone: TimeZone,
        log_years: Option<OsString>,
    ) -> Result<Self, ToolError> {
        let fixed = now
            .map(|value| {
                let text = value.to_string_lossy();
                text.parse::<Timestamp>().map_err(|error| {
                    let what =
                        format!("DIRSYNC_NOW: found {text:?}, expected a time as in RFC 3339");
                    ToolError::usage(what).caused_by(error)
                })
            })
            .transpose()?;
        let year_digits = match log_years.as_ref().map(|value| value.to_string_lossy()) {
            None => Years::default(),
            Some(text) if text == "2" => Years::Two,
            Some(text) if text == "4" => Years::Four,
            Some(text) => {
                let what = format!("DIRSYNC_LOG_YEARS: found {text:?}, expected 2 or 4");
                return Err(ToolError::usage(what));
            }
        };
        Ok(Self {
            fixed,
            zone,
            year_digits,
        })
    }

    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.fixed.unwrap_or_else(Timestamp::now)
    }

    /// Returns the time of a program that goes on since `begun`: one that was given goes on from there with it.
    #[must_use]
    pub fn now_since(&self, begun: Instant) -> Timestamp {
        let now = self.now();
        let passed = SignedDuration::try_from(begun.elapsed()).unwrap_or_default();
        match self.is_fixed() {
            true => now.saturating_add(passed).unwrap_or(now),
            false => now,
        }
    }

    /// Tells whether the time was given, and stands still.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }

    /// Returns the time in the zone of screens and logs.
    #[must_use]
    pub fn local(&self) -> Zoned {
        self.now().to_zoned(self.zone.clone())
    }

    /// Returns the zone of screens and logs.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Returns how many digits a year has in a log line.
    #[must_use]
    pub fn year_digits(&self) -> Years {
        self.year_digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(now: Option<&str>, years: Option<&str>) -> Result<Clock, ToolError> {
        let zone = TimeZone::posix("PST8PDT,M4.1.0,M10.5.0").expect("a zone by POSIX rules");
        Clock::from_values(now.map(Into::into), zone, years.map(Into::into))
    }

    #[test]
    fn a_given_time_stands_still_and_is_shown_in_the_local_zone() {
        let clock = clock(Some("1994-04-07T19:13:52Z"), None).expect("valid");
        assert_eq!(clock.now().as_second(), 765_746_032);
        assert_eq!(
            clock.local().strftime("%a %b %d %H:%M:%S %Y").to_string(),
            "Thu Apr 07 12:13:52 1994"
        );
        assert_eq!(clock.year_digits(), Years::Four);
        assert!(clock.is_fixed());
    }

    #[test]
    fn without_a_given_time_it_is_the_systems() {
        let before = Timestamp::now();
        let now = clock(None, Some("4")).expect("valid").now();
        assert!(before <= now && now <= Timestamp::now());
    }

    #[test]
    fn a_variable_that_makes_no_sense_is_named() {
        let cases = [
            (
                Some("yesterday"),
                None,
                "DIRSYNC_NOW: found \"yesterday\", expected a time as in RFC 3339",
            ),
            (
                None,
                Some("3"),
                "DIRSYNC_LOG_YEARS: found \"3\", expected 2 or 4",
            ),
        ];
        for (now, years, expected) in cases {
            assert_eq!(clock(now, years).expect_err(expected).to_string(), expected);
        }
    }
}
