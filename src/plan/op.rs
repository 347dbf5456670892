//! One transaction for one list, with the place it came from.

use crate::codec::FixedText;
use crate::list::ListEntry;
use crate::transaction::{InfoLine, TemplateField};

/// Where a transaction stands in its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// Line of the text file, or number of the record in the queue, from 1; 0 where there is none.
    pub line: u32,
    /// Sync number; 0 where the source has none.
    pub sync: u32,
}

/// One transaction for one list.
#[derive(Debug, Clone, PartialEq)]
pub struct Op {
    /// Where it came from.
    pub at: Position,
    /// What it asks for.
    pub kind: OpKind,
}

/// What a transaction asks of a list.
#[derive(Debug, Clone, PartialEq)]
pub enum OpKind {
    /// R: the list is emptied; what follows fills it.
    Replace,
    /// A: the entry stands in the list.
    Add {
        /// The entry.
        entry: ListEntry,
        /// Its information lines; `None` where there are none.
        info: Option<Box<[InfoLine]>>,
    },
    /// D: the entry does not stand in the list.
    Delete {
        /// The entry as the transaction names it.
        entry: ListEntry,
    },
    /// M: the entry gets another name, address or information.
    Modify {
        /// The entry as the transaction names it.
        old: Box<ListEntry>,
        /// The second line.
        new: Option<Box<ListEntry>>,
        /// Its information lines; `None` where there are none.
        info: Option<Box<[InfoLine]>>,
    },
    /// T: the list has this template, and all information in it starts anew.
    Template {
        /// The fields.
        fields: Box<[TemplateField]>,
    },
    /// A refused line had this name: an entry of that name counts as present (design, section 5).
    Named {
        /// The name.
        name: FixedText<31>,
    },
}
