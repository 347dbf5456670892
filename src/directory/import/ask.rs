//! What one transaction asks of an import container.

use crate::directory::address_text::TargetAddress;
use crate::directory::entry::Attributes;
use crate::directory::key::SyncKey;
use crate::directory::note::Note;

/// One transaction, in terms of keys and attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What it wants.
    pub want: Want,
    /// Its number.
    pub number: Option<u32>,
    /// What was altered in reading it.
    pub notes: Vec<Note>,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// A: the entry is to be there as described.
    Put {
        /// Its key.
        key: SyncKey,
        /// All its attributes.
        attributes: Attributes,
    },
    /// M: some of an entry is to be different.
    Change {
        /// Which entry.
        select: Select,
        /// What is to be different.
        changed: Box<Changed>,
    },
    /// D: the entry is to be gone.
    Remove {
        /// Its key.
        key: SyncKey,
    },
    /// R: of this list only what follows stays.
    Replace {
        /// The list.
        list: ListScope,
    },
    /// T: nothing in a directory depends on it.
    Template,
    /// What cannot be used.
    Unusable {
        /// The entry that it is about, where that can be told: it counts as present in its list.
        key: Option<SyncKey>,
        /// Why.
        reason: Note,
    },
}

/// What an M wants to be different.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changed {
    /// The name that it has, in the code page of the connection.
    pub name: Vec<u8>,
    /// The name and the address that it is to have; `None` keeps both.
    pub new: Option<(Vec<u8>, TargetAddress)>,
    /// Template lines: only the attributes that they name change.
    pub lines: Vec<String>,
}

/// How an M names its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Select {
    /// By its address.
    Key(SyncKey),
    /// By its name alone, among the entries of the sender (DX-19).
    Name(String),
}

impl Ask {
    /// Returns the key of the entry that it is about, where it says one.
    #[must_use]
    pub fn key(&self) -> Option<&SyncKey> {
        match &self.want {
            Want::Put { key, .. } | Want::Remove { key } => Some(key),
            Want::Change { select, .. } => match select {
                Select::Key(key) => Some(key),
                Select::Name(_) => None,
            },
            Want::Unusable { key, .. } => key.as_ref(),
            Want::Replace { .. } | Want::Template => None,
        }
    }
}

/// The keys of one list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListScope {
    /// Those of a postoffice.
    Postoffice {
        /// Network.
        network: String,
        /// Postoffice.
        postoffice: String,
    },
    /// All of an address type: `SMTP`.
    Type(String),
}
