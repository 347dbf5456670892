//! What a merge starts from: one list as it stands, and the rules that hold for all lists of a run.

use std::collections::BTreeSet;

use crate::codec::codepage::CodePage;
use crate::list::{ListEntry, ListId};
use crate::plan::Fingerprint;
use crate::plan::info::Template;

/// Where the transactions come from, which decides how strictly names are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A text file: D and M must give the right name; what A adds is marked as made by hand.
    Text,
    /// The dir-sync queue or a resync: a name that is gone is found by its address.
    Queue,
}

/// What holds for every list of a run.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Where the transactions come from.
    pub source: Source,
    /// The source is proven whole: what it does not name may be removed.
    pub whole: bool,
    /// Entries marked as made by hand go too when their list is replaced (`--replace`).
    pub drop_marked: bool,
    /// Template information is taken (`-t`, or the option Templates Receive under `-q`).
    pub templates: bool,
    /// Fields that a transaction does not name keep their values instead of falling back to the default.
    pub keep_info: bool,
    /// Code page of the postoffice.
    pub code_page: CodePage,
}

/// One list as it stands before the run.
#[derive(Debug)]
pub struct ListBase {
    /// Which list.
    pub id: ListId,
    /// Its entries, in the order of the file.
    pub entries: Vec<ListEntry>,
    /// Folded names of those that were made by hand.
    pub marks: BTreeSet<Vec<u8>>,
    /// Its template, if it has one.
    pub template: Option<Template>,
    /// What the list looked like on disk, to notice that it has moved.
    pub fingerprint: Fingerprint,
}
