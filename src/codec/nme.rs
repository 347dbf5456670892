//! `NME/*.NME`: the address lists.

use super::layout::record;
use super::{AliasKind, FixedText, HexId};

record! {
    /// One entry of an address list: ADMIN.NME and its shadow, a personal list, a gateway list or GAL.NME
    /// (`spec/files.md` 4.9). A list is `45 * n` bytes without a header, sorted by name.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 1 | `kind` | alias type: 2 external, 4 group (Q107767); 1 local | place and 1: ours; 2 and 4: published |
    /// | 1 | 1 | `unknown_01` | zero in what we make, kept as read | ours |
    /// | 2 | 31 | `name` | full name, case kept | derived (Q119563) |
    /// | 33 | 4 | `tid` | tuple identifier: `TID.GLB` for local lists, from the top in the GAL | presence published, place ours |
    /// | 37 | 4 | `pointer` | byte offset: ACCESS2.GLB (local), NETPO.GLB or `<gateway>.GLB` (external), ADMIN.GRP (group) | presence published (Q107767), place ours |
    /// | 41 | 4 | `id` | identifier of the user, least significant byte first; of a group, the stem of its `.MEM` | published (Q119563) |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct NmeRecord, "an NME record", 45 bytes {
        /// What the entry is.
        0 => kind: AliasKind,
        /// Byte of unknown meaning.
        1 => unknown_01: u8,
        /// Full name, 30 bytes at most.
        2 => name: FixedText<31>,
        /// Tuple identifier.
        33 => tid: u32,
        /// Byte offset in the file that `kind` names.
        37 => pointer: u32,
        /// Identifier of the user, or stem of the group's `.MEM`.
        41 => id: HexId,
    }
}

impl NmeRecord {
    /// Makes an entry without pointer and identifier.
    #[must_use]
    pub fn new(kind: AliasKind, name: FixedText<31>, tid: u32) -> Self {
        Self {
            kind,
            name,
            tid,
            ..Self::default()
        }
    }
}

/// Bytes of the name in a record.
const NAME: std::ops::Range<usize> = 2..33;

/// Returns the full name in an encoded record, without copying it.
///
/// # Panics
/// `record` has fewer than 45 bytes.
#[must_use]
pub fn name_in(record: &[u8]) -> &[u8] {
    let field = &record[NAME];
    let end = field.iter().position(|&b| b == 0);
    &field[..end.unwrap_or(field.len())]
}

#[cfg(test)]
mod tests {
    use super::super::Record;
    use super::*;

    #[test]
    fn fields_stand_at_their_offsets() {
        let mut bytes = [0; 45];
        bytes[..2].copy_from_slice(&[2, 0x77]); // alias type, unknown
        bytes[2..12].copy_from_slice(b"Sue Smith\0"); // full name
        bytes[33..37].copy_from_slice(&[0x7f, 0x69, 0x67, 0x7f]); // TID 7F67697F
        bytes[37..41].copy_from_slice(&[4, 0, 0, 0]); // first record of NETPO
        bytes[41..].copy_from_slice(&[0, 1, 2, 3]); // Q119563
        let record = NmeRecord::decode(&bytes).unwrap();
        assert_eq!(record.kind, AliasKind::External);
        assert_eq!(record.unknown_01, 0x77);
        assert_eq!(record.name.as_bytes(), b"Sue Smith");
        assert_eq!(name_in(&bytes), b"Sue Smith");
        assert_eq!(name_in(&[b'x'; 45]).len(), 31);
        assert_eq!(record.tid, 0x7f67_697f);
        assert_eq!(record.pointer, 4);
        assert_eq!(record.id, HexId(0x0302_0100));
        let mut again = [0xee; 45];
        record.encode(&mut again);
        assert_eq!(again, bytes);
    }

    #[test]
    fn a_million_entries_fit_in_memory() {
        assert!(size_of::<NmeRecord>() <= 48);
    }
}
