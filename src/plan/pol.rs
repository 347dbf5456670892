//! What follows for the postoffice address list when other lists change (`spec/import.md` 6.2, 11.8).

use crate::address::Address;
use crate::codec::FixedText;
use crate::list::ListId;

/// How the postoffice list stands to one name and address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The name is free.
    Free,
    /// The name stands for that very address.
    Same,
    /// The name stands for somebody else.
    Other,
}

/// One change of the postoffice list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolChange {
    /// An entry for somebody elsewhere.
    Insert {
        /// Full name.
        name: FixedText<31>,
        /// The list the entry has its TID from.
        list: ListId,
        /// Full address.
        address: Address,
    },
    /// The entry goes.
    Remove {
        /// Full name.
        name: FixedText<31>,
    },
    /// The entry has another name or address.
    Change {
        /// Full name before.
        old: FixedText<31>,
        /// Full name after.
        name: FixedText<31>,
        /// The list the entry has its TID from.
        list: ListId,
        /// Full address after.
        address: Address,
    },
}
