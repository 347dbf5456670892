//! Tuple identifiers of all lists together: four bytes per entry. Where one is there twice, the lists are read once more
//! to find out where.

use super::accounts::Accounts;
use super::lists::List;
use super::pol::Pol;
use super::reader::Reader;
use crate::codec::{NmeRecord, UsrRecord};
use crate::diagnosis::finding::Place;
use crate::postoffice::{File, layout};

/// The most identifiers with several entries that are told one by one.
pub const MAX_TOLD: usize = 8;

/// Every TID.
#[derive(Debug, Clone, Default)]
pub struct Tids {
    /// Sorted by [`Self::settle`].
    all: Vec<u32>,
    /// The first entry without a TID in each file, and how many there are.
    zeroes: Vec<(File, Place, u64)>,
    shared: Vec<Shared>,
    shared_count: usize,
}

/// Entries with one TID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The TID.
    pub tid: u32,
    /// The first entries that have it, by the order in which the files are read; two at most.
    pub holders: Vec<(File, Place)>,
}

impl Tids {
    /// Takes the TID of one record, numbered from 1.
    pub(super) fn take(&mut self, file: &File, record: u64, tid: u32) {
        if tid != 0 {
            self.all.push(tid);
            return;
        }
        match self.zeroes.iter_mut().find(|(known, ..)| known == file) {
            Some((_, _, count)) => *count += 1,
            None => self.zeroes.push((file.clone(), in_record(record), 1)),
        }
    }

    /// Ends the first reading.
    pub(super) fn settle(&mut self) {
        self.all.sort_unstable();
        let repeated = self.all.chunk_by(|a, b| a == b);
        for same in repeated.filter(|same| same.len() > 1) {
            self.shared_count += same.len() - 1;
            if self.shared.len() < MAX_TOLD {
                self.shared.push(Shared {
                    tid: same[0],
                    holders: Vec::new(),
                });
            }
        }
    }

    /// Finds the entries that share a TID.
    pub(super) fn locate(
        &mut self,
        reader: &mut Reader<'_>,
        accounts: &Accounts,
        pol: &Pol,
        lists: &[List],
    ) {
        if self.shared.is_empty() {
            return;
        }
        for (index, account) in accounts.active() {
            self.find(&layout::ACCESS2, index as u64 + 1, account.tid);
        }
        for (group, number) in pol.groups.whole().iter().flat_map(|t| &t.records).zip(1..) {
            if group.state.is_active() {
                self.find(&layout::GROUP, number, group.tid);
            }
        }
        // What is wrong in the files was said in the first reading.
        let faults = reader.faults.clone();
        for list in lists {
            match list.gateway {
                Some(_) => reader.each(&list.file, 0, |number, _, record: NmeRecord| {
                    self.find(&list.file, number, record.tid);
                }),
                None => reader.each(&list.file, 0, |number, _, record: UsrRecord| {
                    if record.state.is_active() {
                        self.find(&list.file, number, record.tid);
                    }
                }),
            };
        }
        reader.faults = faults;
    }

    fn find(&mut self, file: &File, record: u64, tid: u32) {
        let at = self.shared.binary_search_by_key(&tid, |shared| shared.tid);
        let Some(shared) = at.ok().and_then(|at| self.shared.get_mut(at)) else {
            return;
        };
        if shared.holders.len() < 2 {
            shared.holders.push((file.clone(), in_record(record)));
        }
    }

    /// Returns the highest TID below `limit`.
    #[must_use]
    pub fn highest_below(&self, limit: u32) -> Option<u32> {
        let end = self.all.partition_point(|tid| *tid < limit);
        self.all[..end].last().copied()
    }

    /// Returns the TIDs of several entries, the lowest first and [`MAX_TOLD`] at most, and how many entries have that of
    /// another one.
    #[must_use]
    pub fn shared(&self) -> (&[Shared], usize) {
        (&self.shared, self.shared_count)
    }

    /// Returns the first entry without a TID in each file, and how many there are.
    #[must_use]
    pub fn zeroes(&self) -> &[(File, Place, u64)] {
        &self.zeroes
    }
}

fn in_record(record: u64) -> Place {
    Place {
        record: Some(record),
        byte: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_of_two_entries_is_told_with_both() {
        let taken = [
            (layout::ACCESS2, 1, 1),
            (layout::ACCESS2, 2, 5),
            (layout::GROUP, 1, 5),
            (layout::GROUP, 2, 0),
            (layout::GROUP, 3, 0),
        ];
        let mut tids = Tids::default();
        for (file, record, tid) in &taken {
            tids.take(file, *record, *tid);
        }
        tids.settle();
        for (file, record, tid) in &taken {
            tids.find(file, *record, *tid);
        }
        let (shared, count) = tids.shared();
        assert_eq!((shared.len(), count, shared[0].tid), (1, 1, 5));
        let holders = [
            (layout::ACCESS2, in_record(2)),
            (layout::GROUP, in_record(1)),
        ];
        assert_eq!(shared[0].holders, holders);
        assert_eq!(tids.highest_below(u32::MAX), Some(5));
        assert_eq!(tids.highest_below(5), Some(1));
        assert_eq!(tids.zeroes(), [(layout::GROUP, in_record(2), 2)]);
    }
}
