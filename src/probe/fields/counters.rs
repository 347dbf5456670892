//! Numbers that rise now and then, of which nothing more is known: the count of another program, the number of the last import.
//!
//! They are told so that no date is seen in them by chance: what says the same bytes as well must be weighed beside it.

use super::{Candidate, Columns, Role, cost};
use crate::probe::layout::Meaning;
use crate::probe::value::Code;

/// Bits of taking bytes for such a number.
const RARE: f64 = 16.0;

/// Finds the binary numbers that hardly ever fall.
pub(super) fn counters(columns: &Columns<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (size, code) in [
        (2, Code::Little),
        (2, Code::Big),
        (4, Code::Little),
        (4, Code::Big),
    ] {
        for place in columns.places(size, code) {
            let values = columns.values(&place);
            let known: Vec<(usize, i64)> = (0..)
                .zip(&values)
                .filter_map(|(n, v)| Some((n, i64::try_from((*v)?).ok()?)))
                .collect();
            let (steps, gaps) = columns.steps(&known);
            let falls = steps.iter().filter(|&&step| step < 0).count();
            let rises = steps.iter().filter(|&&step| step > 0).count();
            if known.len() < values.len() || rises < 2 || falls * 33 > steps.len() {
                continue;
            }
            let first = u64::try_from(known[0].1).unwrap_or(0);
            found.push(Candidate {
                place,
                meaning: Meaning::Unknown { values: rises + 1 },
                role: Role::Counter,
                bits: RARE
                    + cost::number(first).min(8.0 * size as f64 + 3.0)
                    + cost::steps(&steps)
                    + gaps,
            });
        }
    }
    found
}
