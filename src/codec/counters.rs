//! The small counters: CONTROL.GLB, TID.GLB, FLAG.GLB, RNETSEM.GLB and SERIALNO.IDX.

use super::HexId;
use super::layout::record;

record! {
    /// CONTROL.GLB: where names of mailbags and letters come from (`spec/files.md` 4.1).
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 4 | `nmailbag` | next number for the files of a user, gateway or postoffice | published (Q87388) |
    /// | 4 | 4 | `nletter` | next number for `.MAI`, `.ATT` and `.P1` files | published (Q87388) |
    ///
    /// Eight zero bytes are legal: nothing was given yet, or the file was damaged and must be raised above
    /// any file there is (Q112894, Q124042).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Control, "CONTROL.GLB", 8 bytes {
        /// Next number for associated files.
        0 => nmailbag: u32,
        /// Next number for letters.
        4 => nletter: u32,
    }
}

impl Control {
    /// Takes the next name of a mailbag; `None` when all were given. The file is written back only once
    /// the files of that name are there (Q87386).
    pub fn take_mailbag(&mut self) -> Option<HexId> {
        take(&mut self.nmailbag)
    }

    /// Takes the next name of a letter; `None` when all were given.
    pub fn take_letter(&mut self) -> Option<HexId> {
        take(&mut self.nletter)
    }
}

record! {
    /// TID.GLB: the last tuple identifier given to a local name (`spec/files.md` 4.2, Q87404).
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 4 | `last` | last TID given, 0 none | size published, number derived, "last" ours |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Tid, "TID.GLB", 4 bytes {
        /// Last TID given.
        0 => last: u32,
    }
}

impl Tid {
    /// Takes the next TID; `None` when all were given.
    pub fn take(&mut self) -> Option<u32> {
        self.last = self.last.checked_add(1)?;
        Some(self.last)
    }
}

record! {
    /// FLAG.GLB: changes whenever lists or configuration change, so that others know to read them again
    /// (`spec/files.md` 4.3, Q103421). It is also the lock of the postoffice.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 2 | `value` | any value; a new one means a change | size published (Q121256), counting ours |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Flag, "FLAG.GLB", 2 bytes {
        /// The value.
        0 => value: u16,
    }
}

impl Flag {
    /// Returns the value after the next change; it counts, and begins again after the last.
    #[must_use]
    pub fn changed(self) -> Self {
        Self {
            value: self.value.wrapping_add(1),
        }
    }
}

record! {
    /// RNETSEM.GLB: counts the rebuilds of RNETWORK.GLB, so that only one EXTERNAL does it (`spec/files.md` 4.4, Q118946).
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 4 | `count` | rebuilds so far | published (Q118946), byte order derived |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct RnetSem, "RNETSEM.GLB", 4 bytes {
        /// Rebuilds so far.
        0 => count: u32,
    }
}

impl RnetSem {
    /// Returns the count after the next rebuild; it begins again after the last.
    #[must_use]
    pub fn changed(self) -> Self {
        Self {
            count: self.count.wrapping_add(1),
        }
    }
}

record! {
    /// SERIALNO.IDX: where names of folders come from (`spec/files.md` section 6, Q113149).
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 4 | `next` | next folder number | published (Q113149) |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct SerialNo, "SERIALNO.IDX", 4 bytes {
        /// Next number.
        0 => next: u32,
    }
}

impl SerialNo {
    /// The highest number that Windows clients take (Q113149).
    pub const WINDOWS_CLIENT_MAX: HexId = HexId(0x00ff_ffff);

    /// Takes the next name of a folder; `None` when all were given.
    pub fn take(&mut self) -> Option<HexId> {
        take(&mut self.next)
    }
}

fn take(next: &mut u32) -> Option<HexId> {
    let id = HexId(*next);
    *next = next.checked_add(1)?;
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_gives_each_number_once() {
        let mut control = Control {
            nmailbag: 0,
            nletter: u32::MAX - 1,
        };
        assert_eq!(control.take_mailbag(), Some(HexId(0)));
        assert_eq!(control.take_mailbag(), Some(HexId(1)));
        assert_eq!(control.take_letter(), Some(HexId(u32::MAX - 1)));
        assert_eq!(control.take_letter(), None);
        assert_eq!(control.nletter, u32::MAX);
    }

    #[test]
    fn tids_begin_at_one_and_end() {
        let mut tid = Tid::default();
        assert_eq!((tid.take(), tid.take()), (Some(1), Some(2)));
        tid.last = u32::MAX;
        assert_eq!(tid.take(), None);
    }

    #[test]
    fn a_change_is_always_another_value() {
        assert_ne!(Flag { value: u16::MAX }.changed().value, u16::MAX);
        assert_eq!(RnetSem { count: 7 }.changed().count, 8);
    }
}
