//! Date stamps: how a moment may be written, and reading and writing it.

mod form;

pub use form::{Form, Rarity};

use super::value::Code;
use super::varying::{MOST_DECIMAL, MOST_HEX};

/// Years a stamp may lie in.
const YEARS: std::ops::RangeInclusive<i64> = 1985..=2045;
/// First and last second of them.
const RANGE: std::ops::RangeInclusive<i64> = 473_385_600..=2_398_377_599;

/// How a moment is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StampKind {
    /// Seconds since 1970.
    Unix,
    /// Date and time of DOS, each a word.
    Dos {
        /// The date comes first in the file.
        date_first: bool,
    },
    /// A number for each part.
    Parts(&'static Form),
}

impl StampKind {
    /// Every way that fits so many bytes.
    #[must_use]
    pub fn of_size(size: usize, code: Code) -> Vec<Self> {
        let mut all = Vec::new();
        let is_unix = match code {
            Code::Little | Code::Big | Code::Mixed => size == 4,
            Code::Decimal => matches!(size, 9 | 10),
            Code::Blanks => size == 10,
            Code::Hex => size == 8,
            Code::Digits => size == MOST_DECIMAL,
            Code::HexDigits => size == MOST_HEX,
        };
        if is_unix {
            all.push(Self::Unix);
        }
        if size == 4 && matches!(code, Code::Little | Code::Big) {
            all.extend([true, false].map(|date_first| Self::Dos { date_first }));
        }
        let forms = Form::all().iter().filter(|f| f.fits(size, code));
        all.extend(forms.map(Self::Parts));
        all
    }

    /// Returns the seconds between one moment and the next that can be written.
    #[must_use]
    pub fn resolution(self) -> i64 {
        match self {
            Self::Dos { .. } => 2,
            Self::Parts(form) if !form.has_seconds() => 60,
            Self::Unix | Self::Parts(_) => 1,
        }
    }

    /// Sizes of dates in bytes, written in this way.
    #[must_use]
    pub fn sizes(code: Code) -> Vec<usize> {
        (4..=18)
            .filter(|&size| !Self::of_size(size, code).is_empty())
            .collect()
    }

    /// Reads a moment as seconds since 1970; `None` where it is no date in 1985 to 2045.
    #[must_use]
    pub fn get(self, code: Code, bytes: &[u8]) -> Option<i64> {
        match self {
            Self::Unix => {
                let seconds = i64::try_from(code.get(bytes)?).ok()?;
                RANGE.contains(&seconds).then_some(seconds)
            }
            Self::Dos { date_first } => {
                let (first, second) = (code.get(bytes.get(..2)?)?, code.get(bytes.get(2..4)?)?);
                let (date, time) = if date_first {
                    (first, second)
                } else {
                    (second, first)
                };
                let part = |v: u64, shift: u32, bits: u32| (v >> shift & ((1 << bits) - 1)) as i64;
                from_parts([
                    1980 + part(date, 9, 7),
                    part(date, 5, 4),
                    part(date, 0, 5),
                    part(time, 11, 5),
                    part(time, 5, 6),
                    2 * part(time, 0, 5),
                ])
            }
            Self::Parts(form) => form.get(code, bytes),
        }
    }

    /// Writes a moment; false where it cannot be written so.
    pub fn put(self, code: Code, seconds: i64, bytes: &mut [u8]) -> bool {
        let parts = to_parts(seconds);
        let unsigned = |v: i64| u64::try_from(v).ok();
        match self {
            Self::Unix => unsigned(seconds).is_some_and(|v| code.put(v, bytes)),
            Self::Dos { date_first } => {
                let date = (parts[0] - 1980) << 9 | parts[1] << 5 | parts[2];
                let time = (parts[3] << 11) | (parts[4] << 5) | (parts[5] / 2);
                let (first, second) = if date_first {
                    (date, time)
                } else {
                    (time, date)
                };
                let (left, right) = bytes.split_at_mut(2);
                unsigned(first).is_some_and(|v| code.put(v, left))
                    && unsigned(second).is_some_and(|v| code.put(v, right))
            }
            Self::Parts(form) => form.put(code, parts, bytes),
        }
    }

    /// Says it in words; also its name in a profile.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Unix => "unix".to_owned(),
            Self::Dos { date_first: true } => "dos date time".to_owned(),
            Self::Dos { date_first: false } => "dos time date".to_owned(),
            Self::Parts(form) => format!("parts {}", form.name()),
        }
    }

    /// Reads what [`Self::describe`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "unix" => Some(Self::Unix),
            "dos date time" => Some(Self::Dos { date_first: true }),
            "dos time date" => Some(Self::Dos { date_first: false }),
            _ => Form::named(text.strip_prefix("parts ")?).map(Self::Parts),
        }
    }
}

/// Returns the seconds since 1970 of year, month, day, hour, minute and second.
fn from_parts([year, month, day, hour, minute, second]: [i64; 6]) -> Option<i64> {
    let is_date = YEARS.contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second);
    is_date.then(|| days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Returns the days from 1970 to a date of the Gregorian calendar; years begin with March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

fn to_parts(seconds: i64) -> [i64; 6] {
    let (date, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let mut year = 1970 + date / 366;
    while days(year + 1, 1, 1) <= date {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days(year, month + 1, 1) <= date {
        month += 1;
    }
    let day = date - days(year, month, 1) + 1;
    [year, month, day, time / 3600, time / 60 % 60, time % 60]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_what_it_writes() {
        for code in Code::ALL {
            for size in StampKind::sizes(code) {
                for kind in StampKind::of_size(size, code) {
                    for seconds in [473_385_600, 765_720_832, 951_782_400, 2_398_377_540] {
                        let whole = seconds - seconds % kind.resolution();
                        let mut bytes = vec![0; size];
                        if code.is_varying() {
                            bytes.truncate(code.digits(whole as u64).len());
                        }
                        if kind == StampKind::Unix && size == 9 && whole > 999_999_999 {
                            continue;
                        }
                        assert!(kind.put(code, whole, &mut bytes), "{kind:?} {code:?}");
                        assert_eq!(kind.get(code, &bytes), Some(whole), "{kind:?} {code:?}");
                        assert_eq!(StampKind::parse(&kind.describe()), Some(kind));
                    }
                }
            }
        }
    }

    #[test]
    fn a_dos_date_is_that_of_a_file_system() {
        // 1994-04-07 12:13:52: date 1c87, time 61ba.
        let kind = StampKind::Dos { date_first: false };
        let bytes = [0xba, 0x61, 0x87, 0x1c];
        assert_eq!(kind.get(Code::Little, &bytes), Some(765_720_832));
    }
}
