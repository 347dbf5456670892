//! A schedule that replaces another: what `dssched -i` makes of a text.

use std::fmt;

use super::{Entry, Line, PastEnd, Phase, Situation};

/// What becomes of an entry of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is in the new schedule.
    Taken,
    /// It repeats the entry that begins on this line, and stands in the schedule once.
    Repeated(usize),
    /// It is for a dir-sync server, which this postoffice is not (Q96060, Q119590).
    ServerOnly,
}

/// A new schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// Its entries in the order of the text, with the 8-hour window and ids from 1.
    pub entries: Vec<Entry>,
    /// What became of each entry of the text.
    pub fates: Vec<(Line, Fate)>,
}

/// Why a text makes no schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplaceError {
    /// Two times for one process on one weekday. Which is meant, only a person can say, and with both the process ran
    /// twice (Q197407).
    Twice {
        /// The one that stands first.
        first: Line,
        /// The other.
        second: Line,
    },
    /// The clock is too near to the end of time.
    PastEnd(PastEnd),
}

impl From<PastEnd> for ReplaceError {
    fn from(end: PastEnd) -> Self {
        Self::PastEnd(end)
    }
}

impl fmt::Display for ReplaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice { first, second } => write!(
                f,
                "line {}: found {second}, expected no second {} for {}: line {} has {first}",
                second.line,
                second.phase,
                second.time.day_name(),
                first.line
            ),
            Self::PastEnd(end) => end.fmt(f),
        }
    }
}

impl std::error::Error for ReplaceError {}

/// Makes the schedule of a text. Every entry first runs when its time comes next, now at the earliest.
///
/// # Errors
/// Two times for one process on one weekday; the year 2106.
pub fn replacement(lines: &[Line], situation: &Situation<'_>) -> Result<Replacement, ReplaceError> {
    let mut made = Replacement {
        entries: Vec::new(),
        fates: Vec::with_capacity(lines.len()),
    };
    // By phase and weekday.
    let mut taken = [[None::<Line>; 7]; 3];
    for &line in lines {
        let place = &mut taken[line.phase as usize][usize::from(line.time.day())];
        let fate = match *place {
            _ if line.phase == Phase::T2 && !situation.is_server => Fate::ServerOnly,
            None => {
                *place = Some(line);
                let id = u32::try_from(made.entries.len() + 1).expect("at most 21 entries");
                let Situation { now, zone, .. } = *situation;
                let entry = Entry::new(id, line.phase, line.time, now, zone)?;
                made.entries.push(entry);
                Fate::Taken
            }
            Some(first) if first.time == line.time => Fate::Repeated(first.line),
            Some(first) => {
                return Err(ReplaceError::Twice {
                    first,
                    second: line,
                });
            }
        };
        made.fates.push((line, fate));
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::super::testing::{at, shown};
    use super::*;
    use jiff::tz::TimeZone;

    fn made(text: &str, is_server: bool) -> Result<Replacement, ReplaceError> {
        let situation = Situation {
            now: at("1994-02-26T12:00:00Z"),
            zone: &TimeZone::UTC,
            is_server,
        };
        replacement(&parse(text).expect(text), &situation)
    }

    const TEXT: &str = "T1 Sat 13:45\nT3 Mon 15:00\nT2 Mon 14:55\n";

    #[test]
    fn the_published_times_come_from_their_text() {
        let entries = made(TEXT, true).expect("a schedule").entries;
        let shown: Vec<_> = entries
            .iter()
            .map(|entry| {
                let id = entry.record().id;
                format!(
                    "{id} {} {}",
                    entry.phase(),
                    shown(entry.current(), &TimeZone::UTC)
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "1 T1 Sat 1994-02-26 13:45 +00",
                "2 T3 Mon 1994-02-28 15:00 +00",
                "3 T2 Mon 1994-02-28 14:55 +00",
            ]
        );
        assert!(entries.iter().all(|entry| entry.record().window == 28_800));
    }

    #[test]
    fn t2_is_for_a_server_alone() {
        let made = made(&format!("{TEXT} T2 Mon 16:00"), false).expect("not looked at further");
        assert_eq!(made.entries.len(), 2);
        let fates: Vec<_> = made.fates.iter().map(|(_, fate)| *fate).collect();
        assert_eq!(
            fates,
            [Fate::Taken, Fate::Taken, Fate::ServerOnly, Fate::ServerOnly]
        );
    }

    #[test]
    fn a_weekday_has_one_time_for_a_process() {
        let twice = made("T1 Mon 22:00\nT1 Tue 22:00\nt1 mon 22:00", true).expect("a schedule");
        assert_eq!(
            (twice.entries.len(), twice.fates[2].1),
            (2, Fate::Repeated(1))
        );
        let error = made("T1 Mon 22:00\nT3 Mon 23:00\nT1 Mon 23:00", true).expect_err("two times");
        assert_eq!(
            error.to_string(),
            "line 3: found T1 Mon 23:00, expected no second T1 for Mon: line 1 has T1 Mon 22:00"
        );
    }
}
