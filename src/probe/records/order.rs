//! What the records are sorted by.

use std::collections::HashSet;

use super::MIN_BITS;
use super::column::Column;

/// A text that the records are sorted by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Order {
    /// Offset of its field.
    pub offset: usize,
    /// Capital and small letters are one.
    pub ignores_case: bool,
    /// Records that stand behind the one before.
    pub agree: usize,
    /// Records that have one before.
    pub of: usize,
}

/// Finds the text that the records are sorted by, where that is no chance.
pub(super) fn find(rows: &[&[u8]], columns: &[Column]) -> Option<Order> {
    let orders = columns.iter().filter(|c| c.is_text()).filter_map(|column| {
        [false, true]
            .into_iter()
            .find_map(|ignores_case| by(rows, column, ignores_case))
    });
    orders.max_by_key(|order| order.agree)
}

fn by(rows: &[&[u8]], column: &Column, ignores_case: bool) -> Option<Order> {
    let keys: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| {
            let text = column.text(row).unwrap_or_default();
            if ignores_case {
                text.to_ascii_lowercase()
            } else {
                text.to_vec()
            }
        })
        .collect();
    let agree = keys.windows(2).filter(|pair| pair[0] <= pair[1]).count();
    let of = keys.len().checked_sub(1)?;
    let distinct: HashSet<&Vec<u8>> = keys.iter().collect();
    let bits: f64 = (1..=distinct.len()).map(|n| (n as f64).log2()).sum();
    // A national sort table puts letters with accents elsewhere.
    let is_sorted = agree * 50 >= of * 49 && bits >= MIN_BITS;
    is_sorted.then_some(Order {
        offset: column.offset,
        ignores_case,
        agree,
        of,
    })
}
