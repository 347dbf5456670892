//! `GLB/GROUP.GLB`: the groups of the administrator.

use super::layout::record;
use super::{FixedText, RecordState, Table};

record! {
    /// One group (`spec/files.md` 4.12). The content is published (Q107767, Q112905), the places are ours.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 1 | `state` | 1 active, 0 deleted | content published, place ours |
    /// | 1 | 31 | `alias` | name of the group | content published, place ours |
    /// | 32 | 11 | `address` | mailbox that stands for the group | content published, place ours |
    /// | 43 | 4 | `tid` | tuple identifier, stem of the `.MEM` | content published, place ours |
    /// | 47 | 4 | `pointer` | byte offset of the first member in ADMIN.GRP, 0 = no members | content published (Q112905), place ours |
    ///
    /// It must exist but takes no part in resolving a group: ADMIN.NME leads (Q107767).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct GroupRecord, "a GROUP record", 51 bytes {
        /// Whether the record is in use.
        0 => state: RecordState,
        /// Name, 30 bytes at most.
        1 => alias: FixedText<31>,
        /// Address, 10 bytes at most.
        32 => address: FixedText<11>,
        /// Tuple identifier.
        43 => tid: u32,
        /// First member in ADMIN.GRP.
        47 => pointer: u32,
    }
}

impl GroupRecord {
    /// Makes an active group.
    #[must_use]
    pub fn new(alias: FixedText<31>, address: FixedText<11>, tid: u32, pointer: u32) -> Self {
        Self {
            state: RecordState::Active,
            alias,
            address,
            tid,
            pointer,
        }
    }
}

/// The whole of GROUP.GLB: a header of 4 bytes, zero when empty (Q112905), then the groups.
pub type GroupTable = Table<4, GroupRecord>;

#[cfg(test)]
mod tests {
    use super::super::Record;
    use super::*;

    #[test]
    fn fields_stand_at_their_offsets() {
        let mut bytes = [0; 51];
        bytes[0] = 1;
        bytes[1..10].copy_from_slice(b"All hands");
        bytes[32..37].copy_from_slice(b"HANDS");
        bytes[43..].copy_from_slice(&[9, 0, 0, 0, 16, 0, 0, 0]);
        let record = GroupRecord::decode(&bytes).unwrap();
        let alias = FixedText::new(b"All hands").unwrap();
        let address = FixedText::new(b"HANDS").unwrap();
        assert_eq!(record, GroupRecord::new(alias, address, 9, 16));
        let mut again = [0xee; 51];
        record.encode(&mut again);
        assert_eq!(again, bytes);
    }
}
