//! Deleted records, which stay in the file (`spec/files.md` section 1).

use std::collections::BTreeSet;

use super::column::{Column, Kind, little};
use super::{Body, order};

/// Records that a chain has at least to be one without a flag.
const MIN_CHAIN: usize = 3;

/// How deleted records are told apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deleted {
    /// A flag has this value in them.
    Flag {
        /// Its offset in the record.
        offset: usize,
        /// Its value in deleted records.
        value: u8,
    },
    /// They are linked with each other, from the header on; by their numbers from 0.
    Chain(BTreeSet<usize>),
}

impl Deleted {
    /// Tells whether a record, by its number from 0, is deleted.
    #[must_use]
    pub fn holds(&self, number: usize, record: &[u8]) -> bool {
        match self {
            Self::Flag { offset, value } => record.get(*offset) == Some(value),
            Self::Chain(numbers) => numbers.contains(&number),
        }
    }
}

/// What was found, with what speaks for it.
pub(super) struct Found {
    pub(super) deleted: Deleted,
    /// Offset of the link from one deleted record to the next.
    pub(super) link: Option<usize>,
    note: Option<&'static str>,
    doubt: Option<&'static str>,
}

impl Found {
    /// Names flag and link among the fields.
    pub(super) fn named(&self, mut columns: Vec<Column>, of: usize) -> Vec<Column> {
        if let Deleted::Flag { offset, value } = self.deleted {
            for column in columns.iter_mut().filter(|c| c.offset == offset) {
                *column = Column::new(offset, 1, Kind::Deleted(value), of, of);
                column.note = self.note.map(str::to_owned);
                column.doubt = self.doubt.map(str::to_owned);
            }
        }
        for column in columns.iter_mut().filter(|c| Some(c.offset) == self.link) {
            column.note = Some("leads from one deleted record to the next".to_owned());
        }
        columns
    }
}

/// Finds what tells deleted records apart.
pub(super) fn find(body: Body<'_>, rows: &[&[u8]], columns: &[Column]) -> Option<Found> {
    let chain = chain(body, columns);
    let flags = || {
        columns.iter().filter_map(|column| match &column.kind {
            Kind::Flag(values) => match values[..] {
                [a, b] => Some([(column.offset, a), (column.offset, b)]),
                _ => None,
            },
            _ => None,
        })
    };
    let flag = |(offset, value): (usize, u8)| Deleted::Flag { offset, value };
    if let Some((numbers, link)) = chain {
        let agrees = |&(offset, value): &(usize, u8)| {
            (0..)
                .zip(rows)
                .all(|(number, row)| (row[offset] == value) == numbers.contains(&number))
        };
        let confirmed = flags().flatten().find(agrees);
        // One number in the header that happens to fit is not yet a chain.
        if confirmed.is_some() || numbers.len() >= MIN_CHAIN {
            return Some(Found {
                deleted: confirmed.map_or(Deleted::Chain(numbers), flag),
                link,
                note: Some("the chain of deleted records agrees"),
                doubt: None,
            });
        }
    }
    let found = |at, note, doubt| Found {
        deleted: flag(at),
        link: None,
        note,
        doubt,
    };
    let is_few = |&(offset, value): &(usize, u8)| {
        let count = rows.iter().filter(|row| row[offset] == value).count();
        count >= 2 && count * 2 < rows.len()
    };
    let emptied = flags().flatten().filter(is_few).find(|&(offset, value)| {
        rows.iter().all(|row| {
            let is_empty = columns
                .iter()
                .all(|c| !c.is_text() || c.text(row).is_none());
            is_empty == (row[offset] == value)
        })
    });
    if let Some(at) = emptied {
        return Some(found(at, Some("exactly these records have no text"), None));
    }
    let is_unsorted = order::find(rows, columns).is_none();
    let sorted = flags().flatten().filter(is_few).find(|&(offset, value)| {
        let others: Vec<&[u8]> = rows
            .iter()
            .filter(|row| row[offset] != value)
            .copied()
            .collect();
        order::find(&others, columns).is_some_and(|order| order.agree == order.of)
    });
    if let Some(at) = sorted.filter(|_| is_unsorted) {
        return Some(found(at, Some("all other records are sorted"), None));
    }
    let is_published = columns
        .first()
        .is_some_and(|c| c.kind == Kind::Flag(vec![0, 1]));
    (is_published && is_few(&(0, 0))).then(|| {
        let doubt = "only by its place, where the published files have it (Q148666)";
        found((0, 0), None, Some(doubt))
    })
}

/// Follows the chain that begins in the first four bytes of the header; also returns where the links stand.
fn chain(body: Body<'_>, columns: &[Column]) -> Option<(BTreeSet<usize>, Option<usize>)> {
    if body.header_len < 4 {
        return None;
    }
    let head = body.number_at(little(&body.bytes[..4]))?;
    let is_text = |at: usize| {
        columns
            .iter()
            .any(|c| c.is_text() && at < c.offset + c.size && c.offset < at + 4)
    };
    let longest = (0..=body.record_len.checked_sub(4)?)
        .filter_map(|at| Some((follow(body, head, at)?, at)))
        // A short one may be made of letters.
        .filter(|(numbers, at)| numbers.len() >= MIN_CHAIN || !is_text(*at))
        // Of links of the same length the first.
        .max_by_key(|(numbers, at)| (numbers.len(), std::cmp::Reverse(*at)));
    Some(match longest {
        Some((numbers, at)) if numbers.len() > 1 => (numbers, Some(at)),
        _ => (BTreeSet::from([head]), None),
    })
}

/// Returns the records on the chain whose links stand at an offset; none where one leads nowhere.
fn follow(body: Body<'_>, head: usize, at: usize) -> Option<BTreeSet<usize>> {
    let mut numbers = BTreeSet::new();
    let mut next = head;
    loop {
        if !numbers.insert(next) {
            return None;
        }
        let start = body.header_len + next * body.record_len + at;
        match little(&body.bytes[start..start + 4]) {
            0 | u32::MAX => return Some(numbers),
            offset => next = body.number_at(offset)?,
        }
    }
}
