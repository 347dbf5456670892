//! What a batch is going to do, file by file; no I/O.

use std::collections::{BTreeMap, HashMap};

use super::journal::Staged;
use crate::postoffice::layout::{Dir, File};

/// What a staged file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Replace,
    Append,
}

/// What becomes of a file before anything is appended to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Base {
    #[default]
    Keep,
    Replace(Staged),
    Remove,
}

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) file: File,
    pub(super) base: Base,
    pub(super) tail: Vec<Staged>,
}

/// The decisions of a batch. A later one about the same file takes the place of an earlier one.
#[derive(Debug, Default)]
pub(super) struct Changes {
    last_number: u32,
    /// Staged files begun and not ended.
    open: BTreeMap<u32, File>,
    files: Vec<Change>,
    index: HashMap<File, usize>,
    pub(super) new_dirs: Vec<Dir>,
    pub(super) moves: Vec<(File, File)>,
    pub(super) old_dirs: Vec<Dir>,
    pub(super) bump_flag: bool,
}

impl Changes {
    /// Gives a number to a staged file; 0 is the journal's.
    pub(super) fn begin(&mut self, file: &File) -> u32 {
        self.last_number += 1;
        self.open.insert(self.last_number, file.clone());
        self.last_number
    }

    pub(super) fn cancel(&mut self, number: u32) {
        self.open.remove(&number);
    }

    /// Returns a staged file that was begun and not ended.
    pub(super) fn unfinished(&self) -> Option<&File> {
        self.open.values().next()
    }

    /// Takes a staged file in; returns the numbers of those it makes superfluous.
    pub(super) fn finish(&mut self, file: &File, purpose: Purpose, staged: Staged) -> Vec<u32> {
        self.open.remove(&staged.number);
        match purpose {
            Purpose::Replace => self.set_base(file, Base::Replace(staged)),
            Purpose::Append => {
                let change = self.change(file);
                if change.base == Base::Remove {
                    change.base = Base::Replace(staged);
                } else {
                    change.tail.push(staged);
                }
                Vec::new()
            }
        }
    }

    /// Decides that a file goes; returns the numbers of staged files this makes superfluous.
    pub(super) fn remove(&mut self, file: &File) -> Vec<u32> {
        self.set_base(file, Base::Remove)
    }

    /// Returns the changes in the order in which their files were first spoken of.
    pub(super) fn files(&self) -> &[Change] {
        &self.files
    }

    /// Returns what is staged for the whole of a file.
    pub(super) fn replacement(&self, file: &File) -> Option<Staged> {
        match self.files[*self.index.get(file)?].base {
            Base::Replace(staged) => Some(staged),
            Base::Keep | Base::Remove => None,
        }
    }

    /// Returns the numbers of everything staged.
    pub(super) fn staged(&self) -> Vec<u32> {
        self.files.iter().flat_map(Change::staged).collect()
    }

    fn set_base(&mut self, file: &File, base: Base) -> Vec<u32> {
        let change = self.change(file);
        let superseded = change.staged().collect();
        change.base = base;
        change.tail.clear();
        superseded
    }

    fn change(&mut self, file: &File) -> &mut Change {
        let index = match self.index.get(file) {
            Some(&index) => index,
            None => {
                self.index.insert(file.clone(), self.files.len());
                self.files.push(Change {
                    file: file.clone(),
                    base: Base::Keep,
                    tail: Vec::new(),
                });
                self.files.len() - 1
            }
        };
        &mut self.files[index]
    }
}

impl Change {
    fn staged(&self) -> impl Iterator<Item = u32> {
        let base = match self.base {
            Base::Replace(staged) => Some(staged.number),
            Base::Keep | Base::Remove => None,
        };
        base.into_iter().chain(self.tail.iter().map(|s| s.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postoffice::layout::{MSTTRANS, RESYNC};

    fn stage(changes: &mut Changes, file: &File, purpose: Purpose) -> (Staged, Vec<u32>) {
        let number = changes.begin(file);
        let staged = Staged {
            number,
            len: 1,
            crc: 0,
        };
        (staged, changes.finish(file, purpose, staged))
    }

    #[test]
    fn the_last_word_about_a_file_counts() {
        let mut changes = Changes::default();
        let (_, none) = stage(&mut changes, &MSTTRANS, Purpose::Append);
        assert!(none.is_empty());
        let (whole, superseded) = stage(&mut changes, &MSTTRANS, Purpose::Replace);
        assert_eq!(superseded, [1]);
        let (tail, _) = stage(&mut changes, &MSTTRANS, Purpose::Append);
        assert_eq!(changes.files().len(), 1);
        assert_eq!(changes.files()[0].base, Base::Replace(whole));
        assert_eq!(changes.files()[0].tail, [tail]);
        assert_eq!(changes.replacement(&MSTTRANS), Some(whole));
        assert_eq!(changes.replacement(&RESYNC), None);
        assert_eq!(changes.remove(&MSTTRANS), [2, 3]);
        assert!(changes.staged().is_empty());
    }

    #[test]
    fn appending_to_a_removed_file_makes_it_anew() {
        let mut changes = Changes::default();
        assert!(changes.remove(&RESYNC).is_empty());
        let (staged, _) = stage(&mut changes, &RESYNC, Purpose::Append);
        assert_eq!(changes.files()[0].base, Base::Replace(staged));
    }

    #[test]
    fn a_file_begun_is_unfinished_until_it_is_ended() {
        let mut changes = Changes::default();
        let number = changes.begin(&RESYNC);
        assert_eq!(changes.unfinished(), Some(&RESYNC));
        changes.cancel(number);
        assert_eq!(changes.unfinished(), None);
    }
}
