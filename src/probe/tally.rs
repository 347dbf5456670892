//! How many records of a file agree with each field of a framing, and with each other reading of it.

use super::checksum::Record;
use super::layout::{Field, Layout, agrees};

/// What was counted so far.
#[derive(Debug)]
pub(super) struct Tally {
    /// Records that agree with each field, of how many.
    counts: Vec<(u64, u64)>,
    /// The number at each field of the record before.
    lasts: Vec<u64>,
    rivals: Vec<Rival>,
}

/// Another reading of a field, which the rest of the file may rule out.
#[derive(Debug)]
struct Rival {
    index: usize,
    field: Field,
    agree: u64,
    of: u64,
    last: u64,
}

impl Tally {
    /// Begins to count.
    pub(super) fn new(layout: &Layout) -> Self {
        let rivals = |(index, field): (usize, &Field)| {
            let others = field.others.clone().into_iter();
            others.map(move |(place, meaning)| Rival {
                index,
                field: Field::new(place, meaning),
                agree: 0,
                of: 0,
                last: 0,
            })
        };
        Self {
            counts: vec![(0, 0); layout.fields.len()],
            lasts: vec![0; layout.fields.len()],
            rivals: layout.fields.iter().enumerate().flat_map(rivals).collect(),
        }
    }

    /// Returns the number at each field of the record before.
    pub(super) fn lasts(&self) -> &[u64] {
        &self.lasts
    }

    /// Counts a record at an offset of the file; `previous` are offset, length and number of the one before.
    pub(super) fn count(
        &mut self,
        layout: &Layout,
        record: &Record<'_>,
        offset: u64,
        previous: Option<(u64, u64, u64)>,
        message: &mut Vec<u8>,
    ) {
        let mut look = |field: &Field, last: &mut u64| {
            let before = previous.map(|(at, len, _)| (at, len, *last));
            let agrees = agrees(field, record, offset, before, message);
            *last = record.value(&field.place).unwrap_or(0);
            (u64::from(agrees == Some(true)), u64::from(agrees.is_some()))
        };
        let counts = self.counts.iter_mut().zip(&mut self.lasts);
        for (field, (count, last)) in layout.fields.iter().zip(counts) {
            let (agree, of) = look(field, last);
            count.0 += agree;
            count.1 += of;
        }
        for rival in &mut self.rivals {
            let (agree, of) = look(&rival.field, &mut rival.last);
            rival.agree += agree;
            rival.of += of;
        }
    }

    /// Puts what was counted into the fields, and takes out the other readings that the file has ruled out: those that
    /// agree with fewer records than the reading chosen.
    pub(super) fn judge(&self, layout: &mut Layout) {
        for (index, (field, &(agree, of))) in layout.fields.iter_mut().zip(&self.counts).enumerate()
        {
            (field.agree, field.of) = (agree, of);
            let mut rivals = self.rivals.iter().filter(|r| r.index == index);
            field.others.retain(|_| {
                rivals
                    .next()
                    .is_none_or(|r| r.of == 0 || r.agree * of >= agree * r.of)
            });
        }
    }
}
