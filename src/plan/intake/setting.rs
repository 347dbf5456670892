//! What an intake has to know about the run: whose it is, and which lists it is about.

use std::collections::BTreeMap;

use crate::address::{AddressType, PostofficeName};
use crate::codec::codepage::CodePage;
use crate::list::ListId;
use crate::plan::merge::Source;

/// What restricts a run to some lists: `-g`, or the types that the requestor asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Families of addresses to take; `None` takes all.
    pub families: Option<Vec<AddressType>>,
    /// The one postoffice to take.
    pub place: Option<PostofficeName>,
}

impl Filter {
    pub(super) fn takes(
        &self,
        kind: AddressType,
        place: Option<&PostofficeName>,
        code_page: CodePage,
    ) -> bool {
        let family = kind.family();
        self.families
            .as_ref()
            .is_none_or(|families| families.contains(&family))
            && match (&self.place, place) {
                (None, _) => true,
                (Some(wanted), Some(place)) => wanted.is_same(place, code_page),
                (Some(_), None) => false,
            }
    }
}

/// What an intake has to know about the run.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Where the transactions come from.
    pub source: Source,
    /// Name of the postoffice.
    pub own: PostofficeName,
    /// Its code page.
    pub code_page: CodePage,
    /// Which lists are taken.
    pub filter: Filter,
    /// Every list that a transaction names is emptied first (`-r`).
    pub replace: bool,
    /// The nodes and DGNs of each three-part gateway, for `R SNADS:`.
    pub nodes: BTreeMap<AddressType, Vec<ListId>>,
    /// One [`Decision`](crate::plan::Decision) per transaction is asked for.
    pub keep_decisions: bool,
}
