//! `USR/<hexid>.USR`: the users and groups of one external postoffice.

use super::layout::record;
use super::{AliasKind, FixedText, RecordState};

record! {
    /// One name of an external postoffice (or SNADS node, PROFS DGN); the stem of the file is that
    /// postoffice's mailbag (`spec/files.md` 4.13). A file is `53 * n` bytes without a header. Only the length
    /// is published (Q77926, Q126592); it "holds at least full name and mailbox name" (Q137614, Q123398).
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 1 | `state` | 1 active, 0 deleted | ours |
    /// | 1 | 1 | `kind` | 2 user, 4 group | ours, codes of Q107767 |
    /// | 2 | 31 | `name` | full name | content published, place ours |
    /// | 33 | 11 | `mailbox` | mailbox, or address of the group | content published, place ours |
    /// | 44 | 4 | `tid` | tuple identifier | ours |
    /// | 48 | 5 | `reserved` | zero in what we make, kept as read | ours |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct UsrRecord, "a USR record", 53 bytes {
        /// Whether the record is in use.
        0 => state: RecordState,
        /// [`AliasKind::External`] for a user, [`AliasKind::Group`] for a group.
        1 => kind: AliasKind,
        /// Full name, 30 bytes at most.
        2 => name: FixedText<31>,
        /// Mailbox, 10 bytes at most.
        33 => mailbox: FixedText<11>,
        /// Tuple identifier.
        44 => tid: u32,
        /// Bytes without meaning.
        48 => reserved: super::Opaque<5>,
    }
}

impl UsrRecord {
    /// Makes an active user.
    #[must_use]
    pub fn new(name: FixedText<31>, mailbox: FixedText<11>, tid: u32) -> Self {
        Self {
            state: RecordState::Active,
            kind: AliasKind::External,
            name,
            mailbox,
            tid,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Opaque, Record};
    use super::*;

    #[test]
    fn fields_stand_at_their_offsets() {
        let mut bytes = [0; 53];
        bytes[..2].copy_from_slice(&[1, 2]); // active, user
        bytes[2..12].copy_from_slice(b"Sue Smith\0"); // full name
        bytes[33..37].copy_from_slice(b"sue\0"); // mailbox
        bytes[44..48].copy_from_slice(&[0x2e, 1, 0, 0]); // TID
        bytes[48..].copy_from_slice(b"keepx"); // reserved
        let record = UsrRecord::decode(&bytes).unwrap();
        let name = FixedText::new(b"Sue Smith").unwrap();
        let mailbox = FixedText::new(b"sue").unwrap();
        let mut expected = UsrRecord::new(name, mailbox, 0x12e);
        expected.reserved = Opaque(*b"keepx");
        assert_eq!(record, expected);
        let mut again = [0xee; 53];
        record.encode(&mut again);
        assert_eq!(again, bytes);
    }

    #[test]
    fn a_million_entries_fit_in_memory() {
        assert!(size_of::<UsrRecord>() <= 56);
    }
}
