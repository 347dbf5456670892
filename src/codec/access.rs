//! `GLB/ACCESS.GLB`, `ACCESS2.GLB`, `ACCESS3.GLB`: the local users.
//!
//! Record *n* of the three files is the same user, in order of creation (Q87402). Deleted records stay and are taken again
//! before the files grow (Q87465, Q117646). No place inside a record is published: all are ours.

use super::layout::{Field, record};
use super::{AliasKind, CodecError, FixedText, HexText, Opaque, RecordState};

/// Bits of [`Access2Record::flags`]; all are ours. Unknown bits are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AccessFlags(pub u16);

impl AccessFlags {
    /// May administrate the postoffice.
    pub const ADMINISTRATOR: Self = Self(0x0001);
    /// Is exported to other postoffices by directory synchronization.
    pub const IN_DIRSYNC: Self = Self(0x0002);
    /// Signs in by modem.
    pub const REMOTE: Self = Self(0x0004);

    /// Tells whether all bits of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the flags with those of `other` set or cleared.
    #[must_use]
    pub const fn with(self, other: Self, set: bool) -> Self {
        Self(if set {
            self.0 | other.0
        } else {
            self.0 & !other.0
        })
    }
}

impl Field for AccessFlags {
    const WIDTH: usize = 2;

    fn get(bytes: &[u8], offset: usize, name: &'static str) -> Result<Self, CodecError> {
        u16::get(bytes, offset, name).map(Self)
    }

    fn put(&self, bytes: &mut [u8]) {
        self.0.put(bytes);
    }
}

/// Tells whether a byte may stand in a mailbox name: not ASCII 1-47, 58-64, 91-96, 123-127 and not 145-148
/// (Q199676), nor NUL, which ends the field.
#[must_use]
pub const fn is_mailbox_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || (byte >= 128 && !matches!(byte, 145..=148))
}

record! {
    /// Who a local user is: ACCESS2.GLB, `69 * n` bytes (`spec/files.md` 4.8). ADMIN.NME points here by byte offset.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 1 | `state` | 1 active, 0 deleted | content published, place ours |
    /// | 1 | 1 | `kind` | 1 user | ours |
    /// | 2 | 11 | `mailbox` | mailbox name, searched at login | content published (Q87402), place ours |
    /// | 13 | 31 | `name` | full name | content published, place ours |
    /// | 44 | 9 | `mailbag` | stem of the user's files | content published, place ours |
    /// | 53 | 4 | `tid` | tuple identifier | ours |
    /// | 57 | 2 | `flags` | see [`AccessFlags`] | content published, place ours |
    /// | 59 | 10 | `reserved` | zero in what we make, kept as read | ours |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Access2Record, "an ACCESS2 record", 69 bytes {
        /// Whether the record is in use.
        0 => state: RecordState,
        /// [`AliasKind::Local`].
        1 => kind: AliasKind,
        /// Mailbox, 10 bytes at most.
        2 => mailbox: FixedText<11>,
        /// Full name, 30 bytes at most.
        13 => name: FixedText<31>,
        /// Mailbag.
        44 => mailbag: HexText,
        /// Tuple identifier.
        53 => tid: u32,
        /// What the user is and may.
        57 => flags: AccessFlags,
        /// Bytes without meaning.
        59 => reserved: Opaque<10>,
    }
}

impl Access2Record {
    /// Makes an active user without flags.
    #[must_use]
    pub fn new(mailbox: FixedText<11>, name: FixedText<31>, mailbag: HexText, tid: u32) -> Self {
        Self {
            state: RecordState::Active,
            kind: AliasKind::Local,
            mailbox,
            name,
            mailbag,
            tid,
            ..Self::default()
        }
    }
}

record! {
    /// How a local user works: ACCESS.GLB, `586 * n` bytes (`spec/files.md` 4.8).
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 1 | `state` | 1 active, 0 deleted | content published, place ours |
    /// | 1 | 4 | `groups` | byte offset of the user's record in GRPMEM.GLB, 0 = in no group | content published (Q129500), place ours |
    /// | 5 | 581 | `unknown_05` | environment, privileges and encrypted password lay here; kept as read | unknown |
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct AccessRecord, "an ACCESS record", 586 bytes {
        /// Whether the record is in use.
        0 => state: RecordState,
        /// The user's record in GRPMEM.GLB.
        1 => groups: u32,
        /// Bytes of unknown meaning.
        5 => unknown_05: Opaque<581>,
    }
}

record! {
    /// Where a local user's files lie: ACCESS3.GLB, `512 * n` bytes (`spec/files.md` 4.8).
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 1 | `state` | 1 active, 0 deleted | ours |
    /// | 1 | 511 | `unknown_01` | call times, folder and log paths lay here; kept as read | unknown |
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct Access3Record, "an ACCESS3 record", 512 bytes {
        /// Whether the record is in use.
        0 => state: RecordState,
        /// Bytes of unknown meaning.
        1 => unknown_01: Opaque<511>,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{HexId, Record};
    use super::*;

    #[test]
    fn fields_stand_at_their_offsets() {
        let mut bytes = [0; 69];
        bytes[..2].copy_from_slice(&[1, 1]); // active, user
        bytes[2..8].copy_from_slice(b"Admin\0"); // mailbox
        bytes[13..27].copy_from_slice(b"Administrator\0"); // full name
        bytes[44..53].copy_from_slice(b"00000000\0"); // mailbag
        bytes[53..57].copy_from_slice(&[7, 0, 0, 0]); // TID
        bytes[57..59].copy_from_slice(&[3, 0x80]); // flags, one unknown
        bytes[68] = 0x55; // reserved
        let record = Access2Record::decode(&bytes).unwrap();
        let mut expected = Access2Record::new(
            FixedText::new(b"Admin").unwrap(),
            FixedText::new(b"Administrator").unwrap(),
            HexId(0).into(),
            7,
        );
        expected.flags = AccessFlags(0x8000)
            .with(AccessFlags::ADMINISTRATOR, true)
            .with(AccessFlags::IN_DIRSYNC, true);
        expected.reserved.0[9] = 0x55;
        assert_eq!(record, expected);
        assert!(!record.flags.contains(AccessFlags::REMOTE));
        let mut again = [0xee; 69];
        record.encode(&mut again);
        assert_eq!(again, bytes);
    }

    #[test]
    fn a_bad_mailbag_names_its_field() {
        let mut bytes = [0; 69];
        bytes[44] = b'x';
        let error = Access2Record::decode(&bytes).unwrap_err().to_string();
        assert_eq!(
            error,
            "byte 0x2c: mailbag: found \"x\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\", expected eight hexadecimal digits and a NUL"
        );
    }
}
