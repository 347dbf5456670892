//! Times as the tests write them.

use jiff::tz::TimeZone;

use super::{Entry, Line, WallTime, parse};
use crate::codec::timestamp::Timestamp;

/// Reads a moment, RFC 3339.
pub(super) fn at(text: &str) -> Timestamp {
    let moment = text.parse().expect("a moment");
    Timestamp::from_jiff(moment).expect("between 1970 and 2106")
}

/// Makes a zone from a `TZ` of POSIX.
pub(super) fn zone(posix: &str) -> TimeZone {
    TimeZone::posix(posix).expect("a zone by POSIX rules")
}

/// New York, where clocks go forward on 2026-03-08 and back on 2026-11-01.
pub(super) fn new_york() -> TimeZone {
    zone("EST5EDT,M3.2.0,M11.1.0")
}

/// Reads `Mon 22:00`.
pub(super) fn wall(text: &str) -> WallTime {
    line(&format!("T1 {text}")).time
}

/// Makes the first entry for `T1 Mon 22:00` after 1994-02-26, UTC.
pub(super) fn entry(text: &str) -> Entry {
    let Line { phase, time, .. } = line(text);
    let from = at("1994-02-26T12:00:00Z");
    Entry::new(1, phase, time, from, &TimeZone::UTC).expect("before 2106")
}

/// Shows a moment by the clocks of a zone, with their difference to UTC.
pub(super) fn shown(moment: Timestamp, zone: &TimeZone) -> String {
    let shown = moment.to_jiff().to_zoned(zone.clone());
    let offset = shown.offset().seconds() / 3600;
    format!("{} {offset:+03}", shown.strftime("%a %Y-%m-%d %H:%M"))
}

fn line(text: &str) -> Line {
    parse(text).expect("an entry")[0]
}
