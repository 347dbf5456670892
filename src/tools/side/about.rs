//! What a side says of itself as a whole.

use serde::Serialize;

use super::spec::SideKind;
use crate::codec::codepage::CodePage;

/// What is known of a side once it was read.
#[derive(Debug, Clone)]
pub struct About {
    /// What it is.
    pub kind: SideKind,
    /// Where it is, as it was named.
    pub title: String,
    /// Whose it is, as far as it says so: a postoffice, the maker of a list, the owner of a container.
    pub owner: Option<String>,
    /// Code page of its text; directories are Unicode.
    pub page: Option<CodePage>,
    /// Why it is not proven whole; what it lacks is not known to be absent then.
    pub incomplete: Option<String>,
    /// Bytes in it are not what they were.
    pub is_damaged: bool,
    /// It holds changes: what they do not name may be there all the same.
    pub is_history: bool,
    /// The attributes it may have, in lower case; any unless it says so.
    pub columns: Option<Vec<String>>,
    /// Entries, or transactions of entries, in it.
    pub read: u64,
    /// Whether it has template information, or would have it.
    pub has_details: bool,
    /// The list that it leaves out because it is made for whom the list belongs to: `MS:NET/PO`.
    pub left_out: Option<String>,
    /// The list whose entries are made here and nowhere else: `MS:NET/PO`.
    pub own_list: Option<String>,
    /// Its numbers.
    pub numbers: Numbers,
    /// What the numbers of its entries count.
    pub numbering: Numbering,
    /// What names the clock that the date stamps of its entries are of.
    pub stamped_by: Option<String>,
    /// Whether holes in these numbers are what a filter by types leaves.
    pub has_holes: bool,
}

impl About {
    /// A whole side about which nothing else is known.
    #[must_use]
    pub fn new(kind: SideKind, title: String) -> Self {
        Self {
            kind,
            title,
            owner: None,
            page: None,
            incomplete: None,
            is_damaged: false,
            is_history: false,
            columns: None,
            read: 0,
            has_details: true,
            left_out: None,
            own_list: None,
            numbers: Numbers::default(),
            numbering: Numbering::None,
            stamped_by: None,
            has_holes: false,
        }
    }
}

/// The numbers of a side as a whole, and what they count from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Numbers {
    /// The dirsync server whose numbers these are, `NET/PO` in upper case.
    pub server: Option<String>,
    /// Identity of the numbering.
    pub epoch: Option<String>,
    /// REQSEQ.
    pub req_sync: Option<u32>,
    /// SRVSEQ.
    pub srv_sync: Option<u32>,
    /// IMPSEQ.
    pub import_sync: Option<u32>,
    /// STAMP of the server.
    pub stamp: Option<u32>,
}

/// What the numbers of single entries count. Only numbers that count the same are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Numbering {
    /// Nothing: places in a file, or none at all.
    None,
    /// Transactions of a dirsync server (SrvSync).
    Server,
    /// Transactions of a requestor (ReqSync).
    Requestor,
    /// Those of whom a container was filled from.
    Source,
    /// Nobody says which.
    Unknown,
}

impl Numbering {
    /// Tells whether a number of one is older than a larger one of the other.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, _) | (_, Self::None) => false,
            (Self::Source | Self::Unknown, _) | (_, Self::Source | Self::Unknown) => true,
            (one, other) => one == other,
        }
    }
}
