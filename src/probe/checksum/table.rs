//! The search on a plain table of checksums and texts, such as the screen of LISTQ (Q96060): nothing is known of the
//! record, so what may stand before and behind the text is tried as well.

use std::collections::HashSet;

use super::{Algorithm, MIN_BITS};

/// A line of the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The checksum.
    pub checksum: u32,
    /// Digits it was written with: 4 for 16 bits, 8 for 32.
    pub digits: usize,
    /// The date stamp, where the table has one, in seconds since 1970.
    pub stamp: Option<u32>,
    /// The sync number, where the table has one.
    pub sync: Option<u32>,
    /// The text.
    pub text: Vec<u8>,
}

/// What explains a table.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// How the checksum is computed.
    pub algorithm: &'static Algorithm,
    /// Over what, in words.
    pub range: String,
    /// The bytes of the checksum are exchanged.
    pub is_swapped: bool,
}

/// The result of the search.
#[derive(Clone, Debug, Default)]
pub struct TableSearch {
    /// What explains every line.
    pub found: Vec<Explanation>,
    /// Combinations tried.
    pub tried: u64,
    /// The table has too few lines for any claim.
    pub is_short: bool,
}

/// Reads a table: checksum, perhaps date and sync number as LISTQ prints them, text. Other lines are passed over.
#[must_use]
pub fn parse(bytes: &[u8], date: &dyn Fn(&str) -> Option<u32>) -> Vec<Line> {
    bytes
        .split(|&b| b == b'\n')
        .filter_map(|line| parse_line(line.strip_suffix(b"\r").unwrap_or(line), date))
        .collect()
}

fn parse_line(line: &[u8], date: &dyn Fn(&str) -> Option<u32>) -> Option<Line> {
    let digits = line.iter().position(|b| matches!(b, b' ' | b'\t'))?;
    if !matches!(digits, 4 | 8) {
        return None;
    }
    let checksum = std::str::from_utf8(&line[..digits]).ok()?;
    let checksum = u32::from_str_radix(checksum, 16).ok()?;
    let mut rest = &line[digits + 1..];
    let mut stamp = None;
    if let Some(text) = rest.get(..24).and_then(|d| std::str::from_utf8(d).ok()) {
        stamp = date(text);
        if stamp.is_some() {
            rest = rest[24..].trim_ascii_start();
        }
    }
    let mut sync = None;
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if (6..=10).contains(&count) && rest.get(count) == Some(&b' ') {
        sync = std::str::from_utf8(&rest[..count]).ok()?.parse().ok();
        rest = &rest[count + 1..];
    }
    if !matches!(rest, [b'A' | b'D' | b'M' | b'R' | b'T' | b'#', b' ', ..]) {
        return None;
    }
    Some(Line {
        checksum,
        digits,
        stamp,
        sync,
        text: rest.to_vec(),
    })
}

/// Searches for what explains every line.
#[must_use]
pub fn search(lines: &[Line]) -> TableSearch {
    let mut result = TableSearch::default();
    let Some((first, others)) = lines.split_first() else {
        return result;
    };
    let bits = 4 * first.digits as u32;
    let mut distinct: HashSet<u32> = others.iter().map(|l| l.checksum).collect();
    distinct.remove(&first.checksum);
    result.is_short =
        (distinct.len() as u32) * bits < MIN_BITS || lines.iter().any(|l| l.digits != first.digits);
    if result.is_short {
        return result;
    }
    let mut message = Vec::new();
    for (text, name) in TEXTS.iter().enumerate() {
        for (tail, (tail_name, _)) in TAILS.iter().enumerate() {
            for head in HEADS {
                if !make(first, head, text, tail, &mut message) {
                    continue;
                }
                for algorithm in Algorithm::all().iter().filter(|a| a.bits() == bits) {
                    let value = algorithm.compute(&message);
                    for is_swapped in [false, true] {
                        result.tried += 1;
                        if swapped(value, bits, is_swapped) != first.checksum {
                            continue;
                        }
                        let mut other = Vec::new();
                        let agrees = others.iter().all(|line| {
                            make(line, head, text, tail, &mut other)
                                && swapped(algorithm.compute(&other), bits, is_swapped)
                                    == line.checksum
                        });
                        if agrees {
                            result.found.push(Explanation {
                                algorithm,
                                range: format!("{}{name}{tail_name}", describe(head)),
                                is_swapped,
                            });
                        }
                    }
                }
            }
        }
    }
    result
}

fn swapped(value: u32, bits: u32, is_swapped: bool) -> u32 {
    match is_swapped {
        true => value.swap_bytes() >> (32 - bits),
        false => value,
    }
}

/// How the text may have looked before it was printed.
const TEXTS: [&str; 5] = [
    "text",
    "text with a blank before its TAB",
    "text without its TAB",
    "text in columns",
    "text behind its letter and blank",
];

/// What may follow the text.
const TAILS: [(&str, &[u8]); 8] = [
    ("", b""),
    (", NUL", b"\0"),
    (", CR LF", b"\r\n"),
    (", LF", b"\n"),
    (", CR", b"\r"),
    (", two NULs", b"\0\0"),
    (", CR LF and NUL", b"\r\n\0"),
    (", 1A", b"\x1a"),
];

/// Numbers that may stand before the text, and whether the higher byte comes first: s sync number of 32 bits, S of 16;
/// d date stamp; l length of 16 bits, L of 32; z two zeros; Z four.
const HEADS: [(&str, bool); 40] = [
    ("", false),
    ("s", false),
    ("s", true),
    ("S", false),
    ("S", true),
    ("d", false),
    ("d", true),
    ("l", false),
    ("l", true),
    ("L", false),
    ("L", true),
    ("z", false),
    ("Z", false),
    ("sd", false),
    ("sd", true),
    ("ds", false),
    ("ds", true),
    ("ls", false),
    ("ls", true),
    ("sl", false),
    ("sl", true),
    ("ld", false),
    ("ld", true),
    ("dl", false),
    ("dl", true),
    ("lsd", false),
    ("lsd", true),
    ("lds", false),
    ("lds", true),
    ("sdl", false),
    ("sdl", true),
    ("dsl", false),
    ("dsl", true),
    ("sld", false),
    ("dls", false),
    ("zsd", false),
    ("zds", false),
    ("zlsd", false),
    ("zlds", false),
    ("Lds", false),
];

fn describe((head, big): (&str, bool)) -> String {
    let mut out = String::new();
    for letter in head.chars() {
        out += match letter {
            's' => "sync number (32 bits), ",
            'S' => "sync number (16 bits), ",
            'd' => "date stamp, ",
            'l' => "length (16 bits), ",
            'L' => "length (32 bits), ",
            'z' => "two zeros, ",
            _ => "four zeros, ",
        };
    }
    if big {
        out += "higher bytes first, ";
    }
    out
}

/// Makes the bytes a checksum may cover; false where the line lacks one of the numbers.
fn make(
    line: &Line,
    (head, big): (&str, bool),
    text: usize,
    tail: usize,
    out: &mut Vec<u8>,
) -> bool {
    out.clear();
    let shown = match replaced(line, text) {
        Some(shown) => shown,
        None => return false,
    };
    for letter in head.chars() {
        let (value, size) = match letter {
            's' => (line.sync, 4),
            'S' => (line.sync, 2),
            'd' => (line.stamp, 4),
            'l' => (Some(shown.len() as u32), 2),
            'L' => (Some(shown.len() as u32), 4),
            'z' => (Some(0), 2),
            _ => (Some(0), 4),
        };
        let Some(value) = value else { return false };
        if big {
            out.extend_from_slice(&value.to_be_bytes()[4 - size..]);
        } else {
            out.extend_from_slice(&value.to_le_bytes()[..size]);
        }
    }
    out.extend_from_slice(&shown);
    out.extend_from_slice(TAILS[tail].1);
    true
}

fn replaced(line: &Line, form: usize) -> Option<Vec<u8>> {
    let text = &line.text;
    let mark = b"<tab>";
    let (before, after) = match text.windows(mark.len()).position(|w| w == mark) {
        Some(at) => (&text[..at], Some(&text[at + mark.len()..])),
        None => match text.iter().position(|&b| b == b'\t') {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (&text[..], None),
        },
    };
    let joined = |between: &[u8]| match after {
        Some(after) => [before, between, after].concat(),
        None => before.to_vec(),
    };
    Some(match form {
        0 => joined(b"\t"),
        1 => joined(b" \t"),
        2 => joined(b""),
        3 => joined(&vec![b' '; 33_usize.saturating_sub(before.len())]),
        _ => joined(b"\t").get(2..)?.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(algorithm: &str, make: impl Fn(u32, &[u8]) -> Vec<u8>) -> Vec<u8> {
        let algorithm = Algorithm::named(algorithm).unwrap();
        (1..7_u32)
            .flat_map(|n| {
                let text = format!("A User {n}\tPCM:NET/PO/user{}", n * n);
                let value = algorithm.compute(&make(n, text.as_bytes()));
                format!("{value:04X} {n:06} {text}\r\n").into_bytes()
            })
            .collect()
    }

    #[test]
    fn what_explains_a_table_is_found_and_nothing_else() {
        let plain = parse(&table("CRC-16/KERMIT", |_, t| t.to_vec()), &|_| None);
        assert_eq!(plain.len(), 6);
        let result = search(&plain);
        // It begins with nought, so that zeros before the text change nothing.
        let names: Vec<_> = result.found.iter().map(|f| f.algorithm.name()).collect();
        assert_eq!(names, ["CRC-16/KERMIT"; 3]);
        assert_eq!(result.found[0].range, "text");
        let numbered = table("CRC-16/IBM-3740", |n, t| {
            [&n.to_le_bytes(), t, b"\0"].concat()
        });
        let result = search(&parse(&numbered, &|_| None));
        assert_eq!(result.found[0].range, "sync number (32 bits), text, NUL");
        let chance = table("CRC-16/KERMIT", |n, t| {
            [&(n * n * 7919).to_le_bytes(), t].concat()
        });
        let result = search(&parse(&chance, &|_| None));
        assert!(
            result.found.is_empty() && result.tried > 100_000,
            "{result:?}"
        );
    }

    #[test]
    fn two_lines_are_too_few_for_a_claim() {
        let lines = parse(&table("CRC-16/KERMIT", |_, t| t.to_vec()), &|_| None);
        let result = search(&lines[..2]);
        assert!(result.is_short && result.found.is_empty());
    }
}
