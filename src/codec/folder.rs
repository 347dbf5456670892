//! `FOLDERS/**.IDX` and `*.FLD`: folders. Sizes and one byte are published, nothing else.

use super::layout::{byte_enum, record};
use super::{Opaque, Table};

record! {
    /// One folder of an index. It holds name, comment, owner, attributes and file (Q99419, Q97734) at places
    /// nobody published; so it is kept as it is.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 158 | `bytes` | kept as read | length published (Q77926), rest unknown |
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct FolderRecord, "a folder record", 158 bytes {
        /// The record as it stands.
        0 => bytes: Opaque<158>,
    }
}

/// FOLDROOT.IDX or `<hexid>.IDX`: a header of 100 bytes, kept as it is, then the folders (Q77926, Q119254).
pub type FolderIndex = Table<100, FolderRecord>;

byte_enum! {
    /// Who sees a folder (Q95975, Q99419).
    pub enum FolderKind {
        /// A group folder.
        Group = 0x02,
        /// A shared folder.
        Shared = 0x03,
    }
}

record! {
    /// The beginning of a `.FLD`; a new, empty one is no longer (129 bytes: Q104372, Q119696).
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0x00 | 49 | `unknown_00` | kept as read | unknown |
    /// | 0x31 | 1 | `kind` | 2 group, 3 shared | published (Q95975) |
    /// | 0x32 | 79 | `unknown_32` | kept as read | unknown |
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct FolderHead, "the head of a folder", 129 bytes {
        /// Bytes of unknown meaning.
        0x00 => unknown_00: Opaque<49>,
        /// Who sees the folder.
        0x31 => kind: FolderKind,
        /// Bytes of unknown meaning.
        0x32 => unknown_32: Opaque<79>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_a_round_trip() {
        for byte in 0..=u8::MAX {
            assert_eq!(FolderKind::from_byte(byte).as_byte(), byte);
        }
    }
}
