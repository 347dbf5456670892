//! `GLB/GRPMEM.GLB`: which groups a local user is in.

use byteorder::{ByteOrder, LittleEndian};

use super::layout::{Field, record};
use super::{CodecError, Opaque, RecordState, Table};

/// Groups that one record has room for; a user in more has further records ([`GrpMemRecord::next`]).
pub const GROUPS_PER_RECORD: usize = 29;

/// TIDs of groups, that is stems of `.MEM` files; 0 where the place is free.
impl Field for [u32; GROUPS_PER_RECORD] {
    const WIDTH: usize = GROUPS_PER_RECORD * 4;

    fn get(bytes: &[u8], _: usize, _: &'static str) -> Result<Self, CodecError> {
        let mut groups = [0; GROUPS_PER_RECORD];
        LittleEndian::read_u32_into(bytes, &mut groups);
        Ok(groups)
    }

    fn put(&self, bytes: &mut [u8]) {
        LittleEndian::write_u32_into(self, bytes);
    }
}

record! {
    /// The groups of one local user (`spec/files.md` 4.12). ACCESS.GLB points here (Q129500).
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 1 | `state` | 1 not deleted (3.0 and later, Q102669) | content published, place ours |
    /// | 1 | 4 | `mailbag` | mailbag number of the user | content published, place ours |
    /// | 5 | 4 | `next` | byte offset of the user's next record, 0 = last | ours |
    /// | 9 | 29 * 4 | `groups` | TIDs of the groups, stems of their `.MEM`; 0 = free | content published, place ours |
    /// | 125 | 3 | `reserved` | zero in what we make, kept as read | ours |
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct GrpMemRecord, "a GRPMEM record", 128 bytes {
        /// Whether the record is in use.
        0 => state: RecordState,
        /// Mailbag number of the user.
        1 => mailbag: u32,
        /// Byte offset of the user's next record, 0 = last.
        5 => next: u32,
        /// TIDs of the groups, 0 where the place is free.
        9 => groups: [u32; GROUPS_PER_RECORD],
        /// Bytes without meaning.
        125 => reserved: Opaque<3>,
    }
}

/// The whole of GRPMEM.GLB: a header of 4 bytes, zero when empty (Q129500), then the records.
pub type GrpMemTable = Table<4, GrpMemRecord>;

#[cfg(test)]
mod tests {
    use super::super::Record;
    use super::*;

    #[test]
    fn fields_stand_at_their_offsets() {
        let mut bytes = [0; 128];
        bytes[..9].copy_from_slice(&[1, 0x2e, 0, 0, 0, 132, 0, 0, 0]);
        bytes[9..13].copy_from_slice(&[5, 0, 0, 0]);
        bytes[121..125].copy_from_slice(&[6, 0, 0, 0]);
        bytes[127] = 9;
        let record = GrpMemRecord::decode(&bytes).unwrap();
        assert_eq!((record.mailbag, record.next), (0x2e, 132));
        assert_eq!((record.groups[0], record.groups[28]), (5, 6));
        let mut again = [0xee; 128];
        record.encode(&mut again);
        assert_eq!(again, bytes);
    }
}
