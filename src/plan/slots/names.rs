//! Finds slots by name, with as little index as the order of the names allows.
//!
//! A list stands sorted on disk, and a full list arrives sorted. Such runs are searched as they are; only a name
//! that stands in no run is hashed.

use std::cmp::Ordering;
use std::hash::BuildHasher;
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::Slot;
use crate::codec::codepage::CodePage;

/// Runs that are kept: the list as it stood, and what came for it. Names in disorder cost a hash, never more runs.
const MAX_RUNS: usize = 2;

/// An index of names without regard to letter case. No two slots that can be found have one name.
#[derive(Debug)]
pub(super) struct Names {
    runs: Vec<Run>,
    /// Slots that can be found and stand in no run, by the hash of their name.
    strays: HashTable<u32>,
    hasher: DefaultHashBuilder,
    code_page: CodePage,
}

/// Slots one behind the other whose names rise.
#[derive(Debug)]
struct Run {
    slots: Range<usize>,
    /// Where the next search is likely to end: behind the last one.
    next: usize,
}

impl Names {
    pub(super) fn new(code_page: CodePage) -> Self {
        Self {
            runs: Vec::new(),
            strays: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            code_page,
        }
    }

    #[cfg(test)]
    pub(super) fn stray_count(&self) -> usize {
        self.strays.len()
    }

    /// Lets the last of `slots` be found.
    pub(super) fn push(&mut self, slots: &[Slot]) {
        let number = slots.len() - 1;
        let name = slots[number].entry.name;
        let last = self.runs.last_mut().filter(|run| run.slots.end == number);
        if let Some(run) = last {
            let before = slots[number - 1].name_in_run();
            if self.code_page.compare_ignore_case(before, name.as_bytes()) == Ordering::Less {
                run.slots.end += 1;
                return;
            }
        }
        if self.runs.len() < MAX_RUNS {
            self.runs.push(Run {
                slots: number..number + 1,
                next: number,
            });
        } else {
            self.stray(slots, number);
        }
    }

    /// Finds the slot that has a name.
    pub(super) fn find(&mut self, slots: &[Slot], name: &[u8]) -> Option<u32> {
        let page = self.code_page;
        let in_run = self
            .runs
            .iter_mut()
            .find_map(|run| run.find(slots, name, page));
        if in_run.is_some() || self.strays.is_empty() {
            return in_run.map(number_of);
        }
        let hash = hash(&self.hasher, page, name);
        let is_it =
            |&slot: &u32| page.eq_ignore_case(slots[slot as usize].entry.name.as_bytes(), name);
        self.strays.find(hash, is_it).copied()
    }

    /// Lets a slot no more be found.
    pub(super) fn release(&mut self, slots: &mut [Slot], number: u32) {
        if !self.strays.is_empty() {
            let name = slots[number as usize].entry.name;
            let hash = hash(&self.hasher, self.code_page, name.as_bytes());
            if let Ok(found) = self.strays.find_entry(hash, |&other| other == number) {
                found.remove();
                return;
            }
        }
        slots[number as usize].released = true;
    }

    /// Lets a slot that was released be found by the name it has got since.
    pub(super) fn stray(&mut self, slots: &[Slot], number: usize) {
        let Self {
            strays,
            hasher,
            code_page,
            ..
        } = self;
        let hash_of = |slot: usize| hash(hasher, *code_page, slots[slot].entry.name.as_bytes());
        strays.insert_unique(hash_of(number), number_of(number), |&slot| {
            hash_of(slot as usize)
        });
    }
}

impl Run {
    fn find(&mut self, slots: &[Slot], name: &[u8], page: CodePage) -> Option<usize> {
        let compare = |number: usize| page.compare_ignore_case(slots[number].name_in_run(), name);
        // Most names lie behind a run that is still growing.
        if self.slots.is_empty() || compare(self.slots.end - 1) == Ordering::Less {
            return None;
        }
        let found = self.search(compare);
        self.next = found.map_or_else(|at| at, |at| at + 1);
        found.ok().filter(|&at| !slots[at].released)
    }

    /// Returns the slot for which `compare` finds equality, or the one in front of which it would stand. The distance
    /// from [`Self::next`] is doubled until the name lies between, so that names in order cost a comparison or two.
    fn search(&self, compare: impl Fn(usize) -> Ordering) -> Result<usize, usize> {
        let Range { start, end } = self.slots;
        let (mut low, mut high) = (start, end);
        let mut step = 1;
        let mut probe = self.next.min(end - 1);
        loop {
            match compare(probe) {
                Ordering::Equal => return Ok(probe),
                Ordering::Less => low = probe + 1,
                Ordering::Greater => high = probe,
            }
            if low >= high {
                return Err(low);
            }
            probe = if high == end {
                (low + step).min(end) - 1
            } else if low == start {
                high.saturating_sub(step).max(start)
            } else {
                low + (high - low) / 2
            };
            step *= 2;
        }
    }
}

fn number_of(slot: usize) -> u32 {
    u32::try_from(slot).expect("a list file stays below 4 GiB")
}

fn hash(hasher: &DefaultHashBuilder, code_page: CodePage, name: &[u8]) -> u64 {
    let mut key = Vec::with_capacity(32);
    code_page.fold_into(name, &mut key);
    hasher.hash_one(&*key)
}
