//! The records of an LDIF file.

use crate::directory::dn::Dn;
use crate::directory::entry::{Attributes, Entry};

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

/// What happens to an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It comes, with these attributes.
    Add(Attributes),
    /// It goes.
    Delete,
    /// It gets other attributes, in this order.
    Modify(Vec<Modification>),
    /// It gets another name; `modrdn` and `moddn` are the same.
    Rename {
        /// The new name of the entry itself: one relative name.
        new_rdn: Dn,
        /// Whether the values of the old name leave the entry.
        delete_old: bool,
        /// The entry above, where that changes too.
        new_superior: Option<Dn>,
    },
}

/// One part of a modification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modification {
    /// What happens to the attribute.
    pub operation: Operation,
    /// The attribute.
    pub attribute: String,
    /// The values; none is allowed for [`Operation::Delete`] and [`Operation::Replace`] and means all of them.
    pub values: Vec<Vec<u8>>,
}

/// What a modification does to an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The values come to those that are there.
    Add,
    /// The values go, or the attribute.
    Delete,
    /// The values take the place of those that are there, or of the attribute.
    Replace,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 3] = [Self::Add, Self::Delete, Self::Replace];

    /// Returns the word for it in a file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Delete => "delete",
            Self::Replace => "replace",
        }
    }

    /// Returns the operation of a word, in any case.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.word().eq_ignore_ascii_case(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_word() {
        for operation in Operation::ALL {
            assert_eq!(Operation::parse(operation.word()), Some(operation));
            let loud = operation.word().to_uppercase();
            assert_eq!(Operation::parse(&loud), Some(operation));
        }
        assert_eq!(Operation::parse("increment"), None);
    }
}
