//! Tuple identifiers of all lists together: 12 bytes per entry, however many lists there are.

use crate::diagnosis::finding::Place;
use crate::postoffice::File;

/// Every TID with the record that holds it.
#[derive(Debug, Clone, Default)]
pub struct Tids {
    sources: Vec<File>,
    /// TID, source, record: sorted by [`Self::settle`].
    entries: Vec<(u32, u32, u32)>,
    /// Entries with TID 0: source, record, and how many there are in that source.
    zeroes: Vec<(u32, u32, u64)>,
}

/// Two entries with one TID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The TID.
    pub tid: u32,
    /// The entry that stands first, by the order the files were read in.
    pub first: (File, Place),
    /// The other one.
    pub second: (File, Place),
}

impl Tids {
    /// Names a file that TIDs come from.
    pub fn source(&mut self, file: &File) -> u32 {
        self.sources.push(file.clone());
        u32::try_from(self.sources.len() - 1).unwrap_or(u32::MAX)
    }

    /// Takes the TID of one record, numbered from 1.
    pub fn take(&mut self, source: u32, record: u64, tid: u32) {
        let record = u32::try_from(record).unwrap_or(u32::MAX);
        if tid != 0 {
            self.entries.push((tid, source, record));
            return;
        }
        match self.zeroes.iter_mut().find(|(known, ..)| *known == source) {
            Some((_, _, count)) => *count += 1,
            None => self.zeroes.push((source, record, 1)),
        }
    }

    /// Sorts what was taken; everything below asks for it.
    pub fn settle(&mut self) {
        self.entries.sort_unstable();
    }

    /// Returns the highest TID below `limit`.
    #[must_use]
    pub fn highest_below(&self, limit: u32) -> Option<u32> {
        let end = self.entries.partition_point(|(tid, ..)| *tid < limit);
        self.entries[..end].last().map(|(tid, ..)| *tid)
    }

    /// Returns pairs of entries with one TID, the lowest first, and how many entries have that of another.
    #[must_use]
    pub fn shared(&self, most: usize) -> (Vec<Shared>, usize) {
        let repeated = self.entries.chunk_by(|a, b| a.0 == b.0);
        let mut found = Vec::new();
        let mut count = 0;
        for same in repeated.filter(|same| same.len() > 1) {
            count += same.len() - 1;
            if found.len() < most {
                found.push(Shared {
                    tid: same[0].0,
                    first: self.place(same[0]),
                    second: self.place(same[1]),
                });
            }
        }
        (found, count)
    }

    /// Returns the first entry without a TID in each file, and how many there are.
    pub fn zeroes(&self) -> impl Iterator<Item = (&File, Place, u64)> {
        self.zeroes.iter().filter_map(|&(source, record, count)| {
            let file = self.sources.get(source as usize)?;
            Some((file, in_record(record), count))
        })
    }

    fn place(&self, (_, source, record): (u32, u32, u32)) -> (File, Place) {
        (self.sources[source as usize].clone(), in_record(record))
    }
}

fn in_record(record: u32) -> Place {
    Place {
        record: Some(u64::from(record)),
        byte: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postoffice::layout;

    #[test]
    fn an_identifier_of_two_entries_is_told_with_both() {
        let mut tids = Tids::default();
        let access = tids.source(&layout::ACCESS2);
        let group = tids.source(&layout::GROUP);
        tids.take(access, 1, 1);
        tids.take(access, 2, 5);
        tids.take(group, 1, 5);
        tids.take(group, 2, 0);
        tids.take(group, 3, 0);
        tids.settle();
        let (shared, count) = tids.shared(8);
        assert_eq!((shared.len(), count, shared[0].tid), (1, 1, 5));
        assert_eq!(shared[0].first.0, layout::ACCESS2);
        assert_eq!(shared[0].second.1.record, Some(1));
        assert_eq!(tids.highest_below(u32::MAX), Some(5));
        assert_eq!(tids.highest_below(5), Some(1));
        let zeroes: Vec<_> = tids.zeroes().collect();
        assert_eq!((zeroes.len(), zeroes[0].2), (1, 2));
    }
}
