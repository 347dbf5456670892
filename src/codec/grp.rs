//! `GRP/ADMIN.GRP` and `GRP/<hexid>.GRP`: the members of groups.

use super::layout::record;
use super::{CodecError, Record, Table};

record! {
    /// One member of a group (`spec/files.md` 4.12, Q107767): two fields of 4 bytes are published, their order is ours.
    ///
    /// | Offset | Size | Field | Meaning | Status |
    /// |---:|---:|---|---|---|
    /// | 0 | 4 | `tid` | TID of the member in the address list | content published, place ours |
    /// | 4 | 4 | `next` | byte offset of the next member from the start of the file, 0 = last | content published, place ours |
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct GrpMember, "a GRP record", 8 bytes {
        /// Tuple identifier of the member.
        0 => tid: u32,
        /// Byte offset of the next member, 0 = last.
        4 => next: u32,
    }
}

/// The whole of a group file: a header of 8 bytes, zero when empty (Q108840), then members.
///
/// Offset 0 lies in the header; so it can end a chain.
pub type GrpTable = Table<8, GrpMember>;

impl GrpTable {
    /// Returns the members of the group whose first member stands at a byte offset; 0 is a group without members.
    ///
    /// # Errors
    /// A pointer leaves the file, falls between records, or the chain runs in a circle.
    pub fn members(&self, first: u32) -> Result<Vec<u32>, CodecError> {
        let mut members = Vec::new();
        let (mut offset, mut holder) = (first, None);
        while offset != 0 {
            let broken = |expected: &str| {
                let error = CodecError::field(4, "next", format_args!("{offset:#x}"), expected);
                match holder {
                    Some(index) => at_record(error, index),
                    None => {
                        CodecError::field(0, "first member", format_args!("{offset:#x}"), expected)
                    }
                }
            };
            let index = self
                .index_at(offset)
                .ok_or_else(|| broken("the offset of a record, or 0"))?;
            if members.len() == self.records.len() {
                return Err(broken("a chain that ends"));
            }
            let member = &self.records[index];
            members.push(member.tid);
            (offset, holder) = (member.next, Some(index));
        }
        Ok(members)
    }

    /// Adds a group behind the last record and returns the byte offset of its first member, 0 without members;
    /// `None` where the file would pass 4 GiB.
    #[must_use]
    pub fn append(&mut self, members: &[u32]) -> Option<u32> {
        let count = self.records.len();
        if members.is_empty() {
            return Some(0);
        }
        Self::offset_of(count + members.len())?;
        for (i, &tid) in members.iter().enumerate() {
            let last = i + 1 == members.len();
            let next = if last {
                0
            } else {
                Self::offset_of(count + i + 1)?
            };
            self.records.push(GrpMember { tid, next });
        }
        Self::offset_of(count)
    }
}

fn at_record(error: CodecError, index: usize) -> CodecError {
    let index = index as u64;
    error.in_record(index + 1, 8 + index * GrpMember::LEN as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_followed_to_its_end() {
        let bytes = [
            0, 0, 0, 0, 0, 0, 0, 0, // header
            7, 0, 0, 0, 24, 0, 0, 0, // at 8: TID 7, next at 24
            9, 0, 0, 0, 0, 0, 0, 0, // at 16: another group
            8, 0, 0, 0, 0, 0, 0, 0, // at 24: TID 8, last
        ];
        let table = GrpTable::read_from(&bytes[..]).unwrap();
        assert_eq!(table.members(8).unwrap(), [7, 8]);
        assert_eq!(table.members(16).unwrap(), [9]);
        assert!(table.members(0).unwrap().is_empty());
    }

    #[test]
    fn a_group_written_is_read_back_by_its_offset() {
        let mut table = GrpTable::default();
        assert_eq!(table.append(&[]), Some(0));
        assert_eq!(table.append(&[1, 2]), Some(8));
        assert_eq!(table.append(&[3]), Some(24));
        assert_eq!(table.members(8).unwrap(), [1, 2]);
        assert_eq!(table.members(24).unwrap(), [3]);
    }

    #[test]
    fn a_broken_chain_is_an_error() {
        let member = |tid, next| GrpMember { tid, next };
        let table = GrpTable {
            header: [0; 8],
            records: vec![member(1, 16), member(2, 8), member(3, 7)],
        };
        assert_eq!(
            table.members(8).unwrap_err().to_string(),
            "record 1 at byte 0x8: byte 0x4: next: found 0x10, expected a chain that ends"
        );
        assert_eq!(
            table.members(24).unwrap_err().to_string(),
            "record 3 at byte 0x18: byte 0x4: next: found 0x7, expected the offset of a record, or 0"
        );
        assert_eq!(
            table.members(32).unwrap_err().to_string(),
            "byte 0x0: first member: found 0x20, expected the offset of a record, or 0"
        );
    }
}
