//! The delete byte in front of most records, and the alias types that several lists share.

use super::layout::byte_enum;

byte_enum! {
    /// The delete byte: first byte of a record (Q148666, Q86625; `spec/files.md` section 1).
    ///
    /// A deleted record stays in its file, still counts by size, and may be taken again. A code that is
    /// neither is damage: such a record is not used and not taken.
    pub enum RecordState {
        /// Free to be taken again.
        Deleted = 0,
        /// In use.
        Active = 1,
    }
}

impl RecordState {
    /// Tells whether the record is in use.
    #[must_use]
    pub fn is_active(self) -> bool {
        self == Self::Active
    }
}

byte_enum! {
    /// What an entry of an address list is. Codes 2 and 4 are published (Q107767), 1 is ours.
    pub enum AliasKind {
        /// A user of this postoffice.
        Local = 1,
        /// A user elsewhere: an external postoffice or a gateway.
        External = 2,
        /// A group.
        Group = 4,
    }
}
