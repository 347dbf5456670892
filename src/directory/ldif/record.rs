//! The records of an LDIF file.

use crate::directory::change::Change;
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;

/// A record with the line on which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// Line of its `dn:`, from 1.
    pub line: u64,
    /// The record.
    pub record: T,
}

/// One record. A file has records of one kind only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// An entry, of a content file.
    Entry(Entry),
    /// A change, of a change file.
    Change {
        /// Entry that is changed.
        dn: Dn,
        /// What happens to it.
        change: Change,
    },
}
