//! Transactions: what the lines of an import file, a dir-sync message or a queue record ask for
//! (`spec/import.md` sections 3.2 and 3.9).
//!
//! Every value here has passed the rules that its text alone decides, so each can be written in
//! any of the three forms and read back unchanged. The readers and writers of those forms are in
//! [`crate::importfile`].

mod entry;
mod info;
mod list;
mod template;
mod token;

pub(crate) use entry::EntryText;
pub use entry::{Entry, MAX_NAME_LEN};
pub use info::InfoLine;
pub(crate) use info::check_line_text;
pub use list::ListName;
pub use template::{MAX_TEMPLATE_FIELDS, TemplateField};
pub use token::{MAX_PASSWORD_LEN, Token, TokenName};

use crate::address::AddressType;

/// One transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transaction {
    /// `A`: adds an entry to its list.
    Add {
        /// The entry.
        entry: Entry,
        /// Its template information.
        info: Vec<InfoLine>,
        /// Settings of a local user.
        tokens: Vec<Token>,
    },
    /// `D`: deletes an entry.
    Delete {
        /// The entry as it is in the list.
        entry: Entry,
    },
    /// `M`: changes an entry.
    Modify {
        /// The entry as it is in the list.
        entry: Entry,
        /// Name and address it is to have (the second line); `None` keeps both.
        new: Option<Entry>,
        /// Its template information.
        info: Vec<InfoLine>,
        /// Settings of a local user.
        tokens: Vec<Token>,
    },
    /// `R`: empties a list before the lines that follow.
    Replace {
        /// The list; without a place every list of the gateway.
        list: ListName,
    },
    /// `T`: defines the template of a list and drops all information the list had.
    Template {
        /// The list, always with a place.
        list: ListName,
        /// The fields in display order, 1 to [`MAX_TEMPLATE_FIELDS`].
        fields: Vec<TemplateField>,
    },
}

impl Transaction {
    /// Returns the code in column 1.
    #[must_use]
    pub fn code(&self) -> char {
        match self {
            Self::Add { .. } => 'A',
            Self::Delete { .. } => 'D',
            Self::Modify { .. } => 'M',
            Self::Replace { .. } => 'R',
            Self::Template { .. } => 'T',
        }
    }

    /// Returns the entry of the first line; R and T have none.
    #[must_use]
    pub fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Add { entry, .. } | Self::Delete { entry } | Self::Modify { entry, .. } => {
                Some(entry)
            }
            Self::Replace { .. } | Self::Template { .. } => None,
        }
    }

    /// Returns the address type of the first line.
    #[must_use]
    pub fn kind(&self) -> AddressType {
        match self {
            Self::Add { entry, .. } | Self::Delete { entry } | Self::Modify { entry, .. } => {
                entry.address().kind()
            }
            Self::Replace { list } | Self::Template { list, .. } => list.kind(),
        }
    }

    /// Returns the list the transaction is for: that of the first line's address, or the named one.
    #[must_use]
    pub fn list(&self) -> ListName {
        match self {
            Self::Add { entry, .. } | Self::Delete { entry } | Self::Modify { entry, .. } => {
                ListName::of(entry.address())
            }
            Self::Replace { list } | Self::Template { list, .. } => list.clone(),
        }
    }

    /// Returns the template information lines; empty for D, R and T.
    #[must_use]
    pub fn info(&self) -> &[InfoLine] {
        match self {
            Self::Add { info, .. } | Self::Modify { info, .. } => info,
            _ => &[],
        }
    }

    /// Drops the local user tokens.
    pub fn clear_tokens(&mut self) {
        if let Self::Add { tokens, .. } | Self::Modify { tokens, .. } = self {
            tokens.clear();
        }
    }

    /// Returns the local user tokens; empty for D, R and T.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        match self {
            Self::Add { tokens, .. } | Self::Modify { tokens, .. } => tokens,
            _ => &[],
        }
    }
}
