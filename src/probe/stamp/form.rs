//! Dates that are broken down: a number for each part, as the libraries of that time had them.

use std::sync::OnceLock;

use super::{days, from_parts};
use crate::probe::value::Code;

/// Parts that stand one after the other, all of one width.
const SEQUENCES: [&str; 8] = [
    "YMDhms", "YMDhm", "hmsDMY", "smhDMY", "DMYhms", "MDYhms", "YDMhms", "hmDMY",
];

/// Structures of words or bytes: those of the C libraries for DOS, of DOS itself (INT 21h, functions 2Ah and 2Ch), of OS/2 and
/// of Windows. `f` are hundredths, `z` thousandths of a second, `W` the day of the week, `y` that of the year, `d` a flag.
const STRUCTURES: [&str; 9] = [
    "Y2D1M1m1h1f1s1",
    "m1h1f1s1Y2D1M1",
    "D1M1Y2W1h1m1s1f1",
    "h1m1s1f1D1M1Y2W1",
    "h1m1s1f1D1M1Y2",
    "Y2M1D1h1m1s1",
    "Y2M1D1h1m1s1f1",
    "Y2M2W2D2h2m2s2z2",
    "s2m2h2D2M2Y2W2y2d2",
];

/// Dates in digits.
const TEXTS: [&str; 6] = [
    "Y4M2D2h2m2s2",
    "Y4M2D2h2m2",
    "Y2M2D2h2m2s2",
    "Y2M2D2h2m2",
    "D2M2Y4h2m2s2",
    "M2D2Y4h2m2s2",
];

/// From what a year is counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Year {
    /// From this one.
    From(u16),
    /// Its last two digits.
    TwoDigits,
}

/// How many programs had a form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rarity {
    /// Many.
    Usual,
    /// Some.
    Rare,
    /// It mixes what belongs to different ones.
    Odd,
}

/// How a date is broken down.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Form {
    name: String,
    /// Letter and bytes of each part.
    parts: Vec<(u8, usize)>,
    year: Year,
    /// Months are counted from 0.
    is_month_from_0: bool,
    /// In decimal digits.
    is_text: bool,
}

impl Form {
    /// Returns all of them.
    pub(super) fn all() -> &'static [Self] {
        static ALL: OnceLock<Vec<Form>> = OnceLock::new();
        ALL.get_or_init(make_all)
    }

    /// Finds one by its name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|f| f.name == name)
    }

    /// Returns its name: the parts, their bytes, and what is added to the year.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells how many a program of that time had it.
    #[must_use]
    pub fn rarity(&self) -> Rarity {
        let is_structure = self.parts.iter().any(|part| part.1 != self.parts[0].1);
        let first = &self.name[..3];
        // Who has the order and the years of struct tm has its months, too, and nobody else has them.
        let is_tm = first == "smh" && self.parts[0].1 == 2 && self.year == Year::From(1900);
        let is_plain = is_structure || first == "YMD" && self.year == Year::From(0);
        match (is_tm, self.is_month_from_0) {
            (true, true) => Rarity::Usual,
            (true, false) | (false, true) => Rarity::Odd,
            _ if first == "YDM" => Rarity::Odd,
            _ if is_plain => Rarity::Usual,
            _ => Rarity::Rare,
        }
    }

    /// Tells whether it has seconds.
    pub(super) fn has_seconds(&self) -> bool {
        self.parts.iter().any(|part| part.0 == b's')
    }

    /// Returns the number of parts of a second, and how many a second has; `None` where it has no such part.
    #[must_use]
    pub fn fraction(&self, code: Code, bytes: &[u8]) -> Option<(u64, u64)> {
        let mut at = 0;
        for &(letter, size) in &self.parts {
            let part = bytes.get(at..at + size)?;
            at += size;
            if matches!(letter, b'f' | b'z') {
                return Some((code.get(part)?, fractions(letter)));
            }
        }
        None
    }

    pub(super) fn fits(&self, size: usize, code: Code) -> bool {
        let has_words = self.parts.iter().any(|part| part.1 > 1);
        let fits = match code {
            Code::Little => !self.is_text,
            Code::Big => !self.is_text && has_words,
            Code::Decimal => self.is_text,
            _ => false,
        };
        fits && self.parts.iter().map(|part| part.1).sum::<usize>() == size
    }

    pub(super) fn get(&self, code: Code, bytes: &[u8]) -> Option<i64> {
        let mut parts = [0; 6];
        let (mut weekday, mut of_year) = (None, None);
        let mut at = 0;
        for &(letter, size) in &self.parts {
            let value = i64::try_from(code.get(bytes.get(at..at + size)?)?).ok()?;
            at += size;
            match letter {
                b'W' => weekday = Some(value),
                b'y' => of_year = Some(value),
                b'd' if value > 1 => return None,
                b'f' | b'z' if value >= fractions(letter) as i64 => return None,
                b'd' | b'f' | b'z' => {}
                _ => parts[index(letter)] = value,
            }
        }
        parts[0] += match self.year {
            Year::From(base) => i64::from(base),
            Year::TwoDigits if parts[0] > 99 => return None,
            Year::TwoDigits if parts[0] < 70 => 2000,
            Year::TwoDigits => 1900,
        };
        parts[1] += i64::from(self.is_month_from_0);
        let seconds = from_parts(parts)?;
        let date = seconds.div_euclid(86_400);
        let agrees = weekday.is_none_or(|day| day == (date + 4).rem_euclid(7))
            && of_year.is_none_or(|day| day == date - days(parts[0], 1, 1));
        agrees.then_some(seconds)
    }

    /// Writes a moment; parts of a second are nought.
    pub(super) fn put(&self, code: Code, parts: [i64; 6], bytes: &mut [u8]) -> bool {
        let date = days(parts[0], parts[1], parts[2]);
        let mut at = 0;
        self.parts.iter().all(|&(letter, size)| {
            let value = match (letter, self.year) {
                (b'Y', Year::From(base)) => parts[0] - i64::from(base),
                (b'Y', Year::TwoDigits) => parts[0] % 100,
                (b'M', _) => parts[1] - i64::from(self.is_month_from_0),
                (b'W', _) => (date + 4).rem_euclid(7),
                (b'y', _) => date - days(parts[0], 1, 1),
                (b'd' | b'f' | b'z', _) => 0,
                _ => parts[index(letter)],
            };
            let part = bytes.get_mut(at..at + size);
            at += size;
            let value = u64::try_from(value).ok();
            part.zip(value).is_some_and(|(part, v)| code.put(v, part))
        })
    }
}

fn fractions(letter: u8) -> u64 {
    if letter == b'z' { 1000 } else { 100 }
}

fn index(letter: u8) -> usize {
    b"YMDhms".iter().position(|&l| l == letter).unwrap_or(0)
}

fn make_all() -> Vec<Form> {
    let mut all = Vec::new();
    for sequence in SEQUENCES {
        let parts = |width| -> Vec<_> { sequence.bytes().map(|letter| (letter, width)).collect() };
        let form = |width, base: &str, year, is_month_from_0| Form {
            name: format!("{sequence} {width} {base}"),
            parts: parts(width),
            year,
            is_month_from_0,
            is_text: false,
        };
        all.push(form(1, "1900", Year::From(1900), false));
        all.push(form(1, "1980", Year::From(1980), false));
        all.push(form(1, "two digits", Year::TwoDigits, false));
        all.push(form(2, "0", Year::From(0), false));
        all.push(form(2, "1900", Year::From(1900), false));
        all.push(form(2, "1900, months from 0", Year::From(1900), true));
    }
    let named = |name: &str| Form {
        name: name.to_owned(),
        parts: name
            .as_bytes()
            .chunks(2)
            .map(|part| (part[0], usize::from(part[1] - b'0')))
            .collect(),
        year: Year::From(0),
        is_month_from_0: false,
        is_text: false,
    };
    for name in STRUCTURES {
        let is_tm = name.starts_with('s');
        all.push(Form {
            year: Year::From(if is_tm { 1900 } else { 0 }),
            is_month_from_0: is_tm,
            ..named(name)
        });
    }
    for name in TEXTS {
        let year = match name.contains("Y4") {
            true => Year::From(0),
            false => Year::TwoDigits,
        };
        all.push(Form {
            name: format!("{name} in digits"),
            year,
            is_text: true,
            ..named(name)
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structures_of_the_libraries_are_read() {
        // 1994-04-07, a Thursday, 12:13:52.76, the 97th day of the year.
        let moment = Some(765_720_832);
        for (name, bytes) in [
            ("Y2D1M1m1h1f1s1", &[0xca, 7, 7, 4, 13, 12, 76, 52][..]),
            ("D1M1Y2W1h1m1s1f1", &[7, 4, 0xca, 7, 4, 12, 13, 52, 76]),
            (
                "smhDMY 2 1900, months from 0",
                &[52, 0, 13, 0, 12, 0, 7, 0, 3, 0, 94, 0],
            ),
            (
                "s2m2h2D2M2Y2W2y2d2",
                &[52, 0, 13, 0, 12, 0, 7, 0, 3, 0, 94, 0, 4, 0, 96, 0, 0, 0],
            ),
            ("YMDhms 1 two digits", &[94, 4, 7, 12, 13, 52]),
        ] {
            let form = Form::named(name).unwrap();
            assert_eq!(form.get(Code::Little, bytes), moment, "{name}");
            assert!(form.fits(bytes.len(), Code::Little), "{name}");
        }
        let digits = Form::named("Y4M2D2h2m2s2 in digits").unwrap();
        assert_eq!(digits.get(Code::Decimal, b"19940407121352"), moment);
        assert_eq!(digits.get(Code::Decimal, b"19941307121352"), None);
    }

    #[test]
    fn a_wrong_day_of_the_week_is_no_date() {
        let form = Form::named("D1M1Y2W1h1m1s1f1").unwrap();
        assert_eq!(
            form.get(Code::Little, &[7, 4, 0xca, 7, 5, 12, 13, 52, 76]),
            None
        );
        assert_eq!(
            form.get(Code::Little, &[7, 4, 0xca, 7, 4, 12, 13, 52, 100]),
            None
        );
    }
}
