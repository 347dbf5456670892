//! Numbers that the letter of the transaction decides.

use std::collections::{BTreeMap, HashSet};

use super::{Candidate, Columns, Role, cost};
use crate::probe::geometry::mode;
use crate::probe::layout::Meaning;
use crate::probe::value::Code;

/// Share of the records that must agree.
const LEAST: f64 = 0.97;

/// Finds the numbers that are the same for every transaction of a letter, and not the same for all letters.
pub(super) fn kinds(columns: &Columns<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (size, code) in [
        (1, Code::Little),
        (2, Code::Little),
        (2, Code::Big),
        (4, Code::Little),
        (4, Code::Big),
    ] {
        for place in columns.places(size, code) {
            let mut by_letter = BTreeMap::<u8, Vec<u64>>::new();
            for (_, record) in &columns.rows {
                let letter = record.bytes.get(record.text).copied().unwrap_or(0);
                let number = record.value(&place).unwrap_or(0);
                by_letter.entry(letter).or_default().push(number);
            }
            let count = columns.rows.len();
            let (mut table, mut agree) = (Vec::new(), 0);
            for (letter, numbers) in &by_letter {
                let Some((number, _)) = mode(numbers.iter().copied()) else {
                    continue;
                };
                agree += numbers.iter().filter(|&&n| n == number).count();
                table.push((*letter, number));
            }
            let numbers: HashSet<u64> = table.iter().map(|t| t.1).collect();
            let are_letters = table.iter().all(|(letter, _)| letter.is_ascii_graphic());
            // More than one record that is not as most are.
            let usual = by_letter.values().map(Vec::len).max().unwrap_or(0);
            if numbers.len() < 2 || count < usual + 2 || !are_letters {
                continue;
            }
            let misses = count - agree;
            if misses as f64 > (1.0 - LEAST) * count as f64 {
                continue;
            }
            let listed: f64 = table
                .iter()
                .map(|t| cost::number(t.1).min(8.0 * size as f64))
                .sum();
            found.push(Candidate {
                place,
                meaning: Meaning::Kind { table },
                role: Role::Kind,
                bits: 6.0
                    + size as f64 / 2.0
                    + listed
                    + misses as f64 * cost::exception(size, count),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::probe::layout::{Item, Meaning};
    use crate::probe::profile;

    /// Records of a kind, a length, a number and a date, with CR LF behind them as between their lines; the kind of an `M` is 3.
    fn file() -> (Vec<u8>, Vec<Vec<u8>>) {
        let (mut bytes, mut texts) = (Vec::new(), Vec::new());
        for n in 0..60_u32 {
            let name = ["Oak", "Birch", "Elm", "Rowan", "Hazel"][n as usize % 5];
            let (kind, text) = match n % 7 {
                2 => (2_u16, format!("D {name} {n}\tPCM:N/P/U{n}")),
                4 => (
                    3,
                    format!("M {name} {n}\tPCM:N/P/U{n}\r\n {name}\tPCM:N/P/V{n}"),
                ),
                _ => (1, format!("A {name} {n}\tPCM:N/P/U{n}")),
            };
            bytes.extend(kind.to_le_bytes());
            bytes.extend((70_000 + 2 * n).to_le_bytes());
            bytes.extend((800_000_000 + n * 977 % 5003 + n * 5003).to_le_bytes());
            bytes.extend(text.as_bytes());
            bytes.extend(b"\r\n");
            texts.push(text.into_bytes());
        }
        (bytes, texts)
    }

    #[test]
    fn a_number_by_letter_is_explained_saved_and_written() {
        let (bytes, texts) = file();
        let layout = crate::probe::infer(&bytes, true).unwrap();
        let table = vec![(b'A', 1), (b'D', 2), (b'M', 3)];
        let kind = layout.field(|m| {
            *m == Meaning::Kind {
                table: table.clone(),
            }
        });
        assert_eq!(kind.map(|f| f.place.offset), Some(0), "{layout:?}");
        assert_eq!(layout.unexplained(), Vec::<String>::new());
        let saved = profile::from_toml(&profile::to_toml(&layout)).unwrap();
        // Every text comes back whole, though a line of it ends as its record does.
        let mut at = 0;
        for text in &texts {
            let record = saved.record(&bytes[at..], at as u64).unwrap();
            assert_eq!(&record.bytes[record.text..record.text_end], &text[..]);
            at += record.bytes.len();
        }
        assert_eq!(at, bytes.len());
        let mut written = Vec::new();
        let item = |text| Item {
            text,
            sync: 70_000,
            stamp: 800_000_000,
        };
        saved
            .write(&item(&texts[0]), 0, None, &mut written)
            .unwrap();
        assert_eq!(written, bytes[..written.len()]);
        let unknown = saved.write(&item(b"R PCM:N/P"), 0, None, &mut Vec::new());
        assert!(unknown.unwrap_err().contains("the kind \"R\""));
    }
}
