//! What happens to an entry of a directory.

use super::dn::Dn;
use super::entry::Attributes;

/// What happens to an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It comes, with these attributes.
    Add(Attributes),
    /// It goes.
    Delete,
    /// It gets other attributes, in this order.
    Modify(Vec<Modification>),
    /// It gets another name, and stays the same entry.
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
    pub kind: ModificationKind,
    /// The attribute.
    pub attribute: String,
    /// The values; none is allowed for [`Delete`](ModificationKind::Delete) and [`Replace`](ModificationKind::Replace) and
    /// means all of them.
    pub values: Vec<Vec<u8>>,
}

/// What a modification does to an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModificationKind {
    /// The values come to those that are there.
    Add,
    /// The values go, or the attribute.
    Delete,
    /// The values take the place of those that are there, or of the attribute.
    Replace,
}

impl Modification {
    /// Returns the part that lets an attribute have these values; none removes it.
    #[must_use]
    pub fn replace(attribute: &str, values: Vec<Vec<u8>>) -> Self {
        Self {
            kind: ModificationKind::Replace,
            attribute: attribute.to_owned(),
            values,
        }
    }
}
