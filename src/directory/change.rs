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

impl ModificationKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Add, Self::Delete, Self::Replace];

    /// Returns the word for it in LDIF.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Delete => "delete",
            Self::Replace => "replace",
        }
    }

    /// Returns the kind of a word, in any case.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.word().eq_ignore_ascii_case(word))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_word() {
        for kind in ModificationKind::ALL {
            assert_eq!(
                ModificationKind::of_word(&kind.word().to_uppercase()),
                Some(kind)
            );
        }
        assert_eq!(ModificationKind::of_word("increment"), None);
    }
}
