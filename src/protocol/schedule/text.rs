//! The schedule as text: `T<1|2|3> <Sun..Sat> <HH>:<MM>`, one entry per line (`spec/protocol.md` 9.2).

use std::fmt;

use super::wall::{parse_day, parse_minute};
use super::{Phase, WallTime};

/// What ends a text file of MS-DOS.
const CTRL_Z: char = '\x1a';

/// Characters of a token that a message repeats.
const SHOWN: usize = 40;

/// One entry of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Which programs run.
    pub phase: Phase,
    /// When.
    pub time: WallTime,
    /// Line on which the entry begins, from 1.
    pub line: usize,
}

/// Writes the entry as the text has it.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.phase, self.time)
    }
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextError {
    /// Line of the token, from 1; the last one where the text ends too early.
    pub line: usize,
    /// Place of the token in its line, from 1.
    pub token: usize,
    /// The token, cut to 40 characters; `None` where the text ends.
    pub found: Option<String>,
    /// What should stand there.
    pub expected: &'static str,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, token {}: ", self.line, self.token)?;
        match &self.found {
            Some(found) => write!(f, "found {found:?}")?,
            None => f.write_str("the text ends")?,
        }
        write!(f, ", expected {}", self.expected)
    }
}

impl std::error::Error for TextError {}

/// Reads a schedule.
///
/// Three tokens are an entry, wherever the lines break: the sample of Q119590 is broken by typesetting. Letters may be
/// in either case, an end mark of MS-DOS (Ctrl+Z) ends the text.
///
/// # Errors
/// The first token that does not belong where it stands.
pub fn parse(text: &str) -> Result<Vec<Line>, TextError> {
    let text = text.trim_start_matches('\u{feff}');
    let text = text.split(CTRL_Z).next().unwrap_or_default();
    let mut entries = Vec::new();
    let mut begun = Begun::default();
    let (mut line, mut token) = (1, 0);
    for (words, number) in text.lines().zip(1..) {
        for (word, place) in words.split_whitespace().zip(1..) {
            (line, token) = (number, place);
            let taken = begun.take(word, line);
            let done = taken.map_err(|expected| TextError {
                line,
                token,
                found: Some(word.chars().take(SHOWN).collect()),
                expected,
            })?;
            entries.extend(done);
        }
    }
    match begun.expected() {
        None => Ok(entries),
        Some(expected) => Err(TextError {
            line,
            token: token + 1,
            found: None,
            expected,
        }),
    }
}

const PHASE: &str = "T1, T2 or T3";
const DAY: &str = "a weekday: Sun, Mon, Tue, Wed, Thu, Fri or Sat";
const TIME: &str = "a time from 00:00 to 23:59";

/// The tokens of an entry so far.
#[derive(Default)]
enum Begun {
    #[default]
    Nothing,
    Phase(Phase, usize),
    Day(Phase, usize, u8),
}

impl Begun {
    /// Takes the next token; the third makes the entry. The error is what should have stood there.
    fn take(&mut self, word: &str, line: usize) -> Result<Option<Line>, &'static str> {
        match *self {
            Self::Nothing => {
                let phase = Phase::from_token(word).ok_or(PHASE)?;
                *self = Self::Phase(phase, line);
                Ok(None)
            }
            Self::Phase(phase, line) => {
                *self = Self::Day(phase, line, parse_day(word).ok_or(DAY)?);
                Ok(None)
            }
            Self::Day(phase, line, day) => {
                let minute = parse_minute(word).ok_or(TIME)?;
                let time = WallTime::new(day, minute).ok_or(TIME)?;
                *self = Self::Nothing;
                Ok(Some(Line { phase, time, line }))
            }
        }
    }

    /// Returns what is missing at the end; `None` between two entries.
    fn expected(&self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Phase(..) => Some(DAY),
            Self::Day(..) => Some(TIME),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// The file of Q119590 with its lines broken as the article has them.
    const Q119590: &str = "T1 Mon 22:00\nT1 Tue 22:00 T1\nWed 22:00 T1 Thu\n22:00 T1 Fri 22:00\n\
         T1 Sat 22:00 T1 Sun 22:00\nT2 Mon 01:00 T2 Tue\n01:00 T2 Wed 01:00\nT2 Thu 01:00 T2 Fri 01:00\n\
         T2 Sat 01:00 T2\nSun 01:00 T3 Mon 03:00\nT3 Tue 03:00 T3 Wed 03:00 T3 Thu 03:00\nT3\nFri\n03:00\n\
         T3 Sat 03:00 T3 Sun 03:00\n";

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_with_a_place_in_it(
            text in "([tT][0-4]|[sS]un|Mon|[0-9]{1,2}:[0-9]{2}|[ \\r\\n\\t]|\\PC){0,40}"
        ) {
            match parse(&text) {
                Ok(entries) => prop_assert!(entries.len() * 3 <= text.split_whitespace().count()),
                Err(error) => prop_assert!(error.line <= text.lines().count().max(1)),
            }
        }

        #[test]
        fn what_is_written_is_read_again_wherever_the_lines_break(
            times in vec((0usize..3, 0u8..7, 0u16..1440), 0..30),
            breaks in vec("[ \\r\\n\\t]{1,3}", 90),
        ) {
            let line = |&(phase, day, minute): &(usize, u8, u16)| {
                let time = WallTime::new(day, minute).expect("in the week");
                Line { phase: Phase::ALL[phase], time, line: 0 }
            };
            let entries: Vec<_> = times.iter().map(line).collect();
            let written: Vec<_> = entries.iter().map(ToString::to_string).collect();
            let words = written.iter().flat_map(|entry| entry.split(' '));
            let text: String = words.zip(&breaks).flat_map(|(word, gap)| [word, gap]).collect();
            let read = parse(&text).expect("a schedule");
            let read: Vec<_> = read.into_iter().map(|entry| Line { line: 0, ..entry }).collect();
            prop_assert_eq!(read, entries);
        }
    }

    fn error(text: &str) -> String {
        parse(text).expect_err(text).to_string()
    }

    #[test]
    fn ds_c022_three_tokens_are_an_entry_wherever_the_lines_break() {
        let entries = parse(Q119590).expect("a schedule");
        for (phase, time) in [
            (Phase::T1, "22:00"),
            (Phase::T2, "01:00"),
            (Phase::T3, "03:00"),
        ] {
            let mut days: Vec<_> = entries
                .iter()
                .filter(|entry| entry.phase == phase)
                .map(|entry| {
                    assert!(entry.to_string().ends_with(time), "{entry}");
                    entry.time.day()
                })
                .collect();
            days.sort_unstable();
            assert_eq!(days, [0, 1, 2, 3, 4, 5, 6], "{phase}");
        }
        assert_eq!(entries.len(), 21);
        assert_eq!(
            (entries[2].to_string().as_str(), entries[2].line),
            ("T1 Wed 22:00", 2)
        );
        assert_eq!(entries[18].line, 12);
    }

    #[test]
    fn letters_blanks_and_ends_of_dos_files_do_not_matter() {
        let entries =
            parse("\u{feff}t1\tMON 7:05\r\n\r\n  T3 sun 00:00\r\n\x1aT9 rest of a sector");
        let entries: Vec<_> = entries
            .expect("a schedule")
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(entries, ["T1 Mon 07:05", "T3 Sun 00:00"]);
        assert_eq!(parse(""), Ok(Vec::new()));
    }

    #[test]
    fn what_does_not_belong_is_named_with_its_place() {
        assert_eq!(
            error("T1 Mon 22:00\nT4 Mon 22:00\n"),
            "line 2, token 1: found \"T4\", expected T1, T2 or T3"
        );
        assert_eq!(
            error("T1 Monday 22:00\n"),
            "line 1, token 2: found \"Monday\", expected a weekday: Sun, Mon, Tue, Wed, Thu, Fri or Sat"
        );
        assert_eq!(
            error("T1 Mon 22:00 T2\n\nTue 24:00"),
            "line 3, token 2: found \"24:00\", expected a time from 00:00 to 23:59"
        );
        assert_eq!(
            error("T1 Mon 22:00\nT2 Tue\n\n"),
            "line 2, token 3: the text ends, expected a time from 00:00 to 23:59"
        );
        assert_eq!(
            error(&"x".repeat(1 << 16)),
            format!(
                "line 1, token 1: found \"{}\", expected T1, T2 or T3",
                "x".repeat(40)
            )
        );
        assert!(error("T1 Mon 22:00 \u{1b}[2J").contains("\"\\u{1b}[2J\""));
    }
}
