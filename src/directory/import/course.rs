//! What the asks of a run come to beside single entries: which lists begin, and when; whether all of it was readable.
//!
//! It is all that the decisions about two entries have in common, so that a long list can be decided part by part.

use super::ask::{Ask, ListScope, Select, Want};
use super::decision::Extent;
use super::lists::{Lists, Moment};
use super::sender::Sender;

/// The course of a run, ask by ask.
#[derive(Debug)]
pub struct Course {
    pub(super) extent: Extent,
    pub(super) lists: Lists,
    pub(super) is_damaged: bool,
    is_linked: bool,
}

impl Course {
    /// Begins one.
    #[must_use]
    pub fn new(extent: Extent) -> Self {
        let mut lists = Lists::default();
        if matches!(extent, Extent::List { .. }) {
            lists.begin(None);
        }
        Self {
            extent,
            lists,
            is_damaged: false,
            is_linked: false,
        }
    }

    /// Sets how much the asks speak for, where that is known only behind the last of them; it stays a list or updates.
    pub fn set_extent(&mut self, extent: Extent) {
        self.extent = extent;
    }

    /// Tells whether the asks are a full list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(self.extent, Extent::List { .. })
    }

    /// Takes the next ask, and returns when it stands.
    pub fn take(&mut self, ask: &Ask, sender: &Sender<'_>) -> Moment {
        match &ask.want {
            Want::Replace { list } if sender.may_begin(list).is_ok() => {
                self.lists.begin(Some(list));
            }
            Want::Unusable { key: None, .. } => self.is_damaged = true,
            Want::Change { select, changed } => {
                self.is_linked |= changed.new.is_some() || matches!(select, Select::Name(_));
            }
            _ => {}
        }
        self.lists.now()
    }

    /// Begins a list in front of everything that was taken.
    pub fn begin_in_front(&mut self, list: &ListScope, sender: &Sender<'_>) {
        if sender.may_begin(list).is_ok() {
            self.lists.begin_in_front(list);
        }
    }

    /// Tells whether some ask is about more than the entry of one key, so that the asks can only be decided together: an M
    /// that goes by a name, or gives another address.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.is_linked
    }
}
