//! `GLB/NETPO.GLB`: addresses of the external users that stand in a postoffice list or a personal list.

use byteorder::{ByteOrder, LittleEndian};

use super::layout::record;
use super::{AliasKind, FixedText, RecordState, Table};

record! {
    /// The address of one external user (`spec/files.md` 4.10). The content is published (Q107767, Q135486, Q112904), the
    /// places are ours; the widths fill 43 exactly. GALNETPO.GLB has the same records.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 1 | `state` | 1 active, 0 deleted | ours |
    /// | 1 | 1 | `kind` | 2 user, 4 group | ours |
    /// | 2 | 11 | `network` | network | content published, place ours |
    /// | 13 | 11 | `postoffice` | postoffice | content published, place ours |
    /// | 24 | 11 | `mailbox` | mailbox | content published, place ours |
    /// | 35 | 4 | `tid` | tuple identifier | content published, place ours |
    /// | 39 | 4 | `mailbag` | mailbag of that postoffice; in a deleted record, offset of the next deleted one, 0 = last | content published, place and link ours |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct NetpoRecord, "a NETPO record", 43 bytes {
        /// Whether the record is in use.
        0 => state: RecordState,
        /// [`AliasKind::External`] or [`AliasKind::Group`].
        1 => kind: AliasKind,
        /// Network, 10 bytes at most.
        2 => network: FixedText<11>,
        /// Postoffice, 10 bytes at most.
        13 => postoffice: FixedText<11>,
        /// Mailbox, 10 bytes at most.
        24 => mailbox: FixedText<11>,
        /// Tuple identifier.
        35 => tid: u32,
        /// Mailbag of the postoffice, or the link of the delete chain.
        39 => mailbag: u32,
    }
}

/// The whole of NETPO.GLB: a header of 4 bytes, the offset of the first deleted record or 0, then the records
/// (Q110100, Q112904, Q110223).
pub type NetpoTable = Table<4, NetpoRecord>;

impl NetpoTable {
    /// Returns the offset of the first deleted record, 0 where none is.
    #[must_use]
    pub fn first_deleted(&self) -> u32 {
        LittleEndian::read_u32(&self.header)
    }

    /// Adds a record, over a deleted one where there is one, and returns its byte offset.
    ///
    /// A chain that leaves the file or meets a record in use is damaged; it is dropped and the file grows.
    /// `None` where the file would pass 4 GiB.
    #[must_use]
    pub fn insert(&mut self, record: NetpoRecord) -> Option<u32> {
        let offset = self.first_deleted();
        let free = self
            .index_at(offset)
            .filter(|&i| self.records[i].state == RecordState::Deleted);
        if let Some(index) = free {
            let next = self.records[index].mailbag;
            LittleEndian::write_u32(&mut self.header, next);
            self.records[index] = record;
            return Some(offset);
        }
        let end = Self::offset_of(self.records.len())?;
        self.header = [0; 4];
        self.records.push(record);
        Some(end)
    }

    /// Deletes the record at a byte offset and puts it in front of the delete chain; `false` where no record
    /// in use begins there.
    #[must_use]
    pub fn delete(&mut self, offset: u32) -> bool {
        let next = self.first_deleted();
        match self.index_at(offset) {
            Some(index) if self.records[index].state.is_active() => {
                let record = &mut self.records[index];
                record.state = RecordState::Deleted;
                record.mailbag = next;
                LittleEndian::write_u32(&mut self.header, offset);
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Record;
    use super::*;

    fn record(mailbox: &[u8]) -> NetpoRecord {
        NetpoRecord {
            state: RecordState::Active,
            kind: AliasKind::External,
            mailbox: FixedText::new(mailbox).unwrap(),
            mailbag: 0x2e,
            ..NetpoRecord::default()
        }
    }

    #[test]
    fn fields_stand_at_their_offsets() {
        let mut bytes = [0; 43];
        bytes[..2].copy_from_slice(&[1, 4]); // active, group
        bytes[2..6].copy_from_slice(b"NET\0");
        bytes[13..16].copy_from_slice(b"PO\0");
        bytes[24..28].copy_from_slice(b"box\0");
        bytes[35..39].copy_from_slice(&[1, 2, 0, 0]); // TID
        bytes[39..].copy_from_slice(&[3, 4, 0, 0]); // mailbag
        let record = NetpoRecord::decode(&bytes).unwrap();
        assert_eq!(record.kind, AliasKind::Group);
        assert_eq!(record.network.as_bytes(), b"NET");
        assert_eq!(record.postoffice.as_bytes(), b"PO");
        assert_eq!(record.mailbox.as_bytes(), b"box");
        assert_eq!((record.tid, record.mailbag), (0x201, 0x403));
        let mut again = [0xee; 43];
        record.encode(&mut again);
        assert_eq!(again, bytes);
    }

    #[test]
    fn deleted_records_are_taken_again_last_first() {
        let mut table = NetpoTable::default();
        let offsets = [b"a", b"b", b"c"].map(|name| table.insert(record(name)).unwrap());
        assert_eq!(offsets, [4, 47, 90]);
        assert!(table.delete(4));
        assert!(!table.delete(4), "a deleted record is deleted once");
        assert!(table.delete(90));
        assert!(!table.delete(133));
        assert_eq!(table.first_deleted(), 90);
        assert_eq!(table.insert(record(b"d")), Some(90));
        assert_eq!(table.insert(record(b"e")), Some(4));
        assert_eq!(table.first_deleted(), 0);
        assert_eq!(table.insert(record(b"f")), Some(133));
    }

    #[test]
    fn a_chain_into_a_live_record_overwrites_nothing() {
        let mut table = NetpoTable::default();
        assert_eq!(table.insert(record(b"a")), Some(4));
        table.header = [4, 0, 0, 0];
        assert_eq!(table.insert(record(b"b")), Some(47));
        assert_eq!(table.records[0].mailbox.as_bytes(), b"a");
        assert_eq!(table.first_deleted(), 0);
    }
}
