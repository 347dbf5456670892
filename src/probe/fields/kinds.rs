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
            let often = by_letter.values().filter(|n| n.len() >= 3).count();
            if numbers.len() < 2 || often < 2 || !are_letters {
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
                    + if size == 1 { 1.0 } else { 0.0 }
                    + if size == 4 { 2.0 } else { 0.0 }
                    + listed
                    + misses as f64 * cost::exception(size, count),
            });
        }
    }
    found
}
