//! Lists that were begun: what was there before and is not named behind it is stale.

use std::collections::HashMap;

use super::ask::ListScope;
use crate::directory::key::SyncKey;

/// A moment of a run: how many lists were begun before it. The first is that in which the asks begin; whatever was not
/// named at all stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment(pub(super) u32);

impl Moment {
    const FIRST: Self = Self(1);
}

/// The lists that were begun, and when each was begun last.
#[derive(Debug)]
pub(super) struct Lists {
    now: Moment,
    /// All lists.
    all: Moment,
    postoffices: HashMap<String, Moment>,
    types: HashMap<String, Moment>,
}

impl Default for Lists {
    fn default() -> Self {
        Self {
            now: Moment::FIRST,
            all: Moment::default(),
            postoffices: HashMap::new(),
            types: HashMap::new(),
        }
    }
}

impl Lists {
    pub(super) fn now(&self) -> Moment {
        self.now
    }

    /// Begins a list, or all.
    pub(super) fn begin(&mut self, list: Option<&ListScope>) {
        self.now.0 += 1;
        match list {
            None => self.all = self.now,
            Some(list) => *self.begun(list) = self.now,
        }
    }

    /// Begins a list before the first ask.
    pub(super) fn begin_in_front(&mut self, list: &ListScope) {
        let begun = self.begun(list);
        *begun = Moment::FIRST.max(*begun);
    }

    fn begun(&mut self, list: &ListScope) -> &mut Moment {
        match list {
            ListScope::Postoffice {
                network,
                postoffice,
            } => {
                let place = folded_place((network, postoffice));
                self.postoffices.entry(place).or_default()
            }
            ListScope::Type(kind) => self.types.entry(kind.to_ascii_lowercase()).or_default(),
        }
    }

    /// Tells whether a list with this key was begun since an entry was named.
    pub(super) fn is_stale(&self, key: &SyncKey, named: Moment) -> bool {
        let postoffice = || self.postoffices.get(&folded_place(key.postoffice()?));
        let kind = || {
            let (kind, _) = key.as_str().split_once(':')?;
            self.types.get(&kind.to_ascii_lowercase())
        };
        // Most runs have lists of one sort.
        let begun = |last: Option<&Moment>| last.is_some_and(|last| *last > named);
        self.all > named
            || !self.postoffices.is_empty() && begun(postoffice())
            || !self.types.is_empty() && begun(kind())
    }
}

/// Returns network and postoffice as they are compared: whole and without case (DX-02). No `/` is in either.
pub(super) fn folded_place((network, postoffice): (&str, &str)) -> String {
    format!("{network}/{postoffice}").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postoffice(network: &str, postoffice: &str) -> ListScope {
        ListScope::Postoffice {
            network: network.to_owned(),
            postoffice: postoffice.to_owned(),
        }
    }

    #[test]
    fn a_list_makes_stale_what_it_holds_until_it_is_named_again() {
        let mut lists = Lists::default();
        let start = lists.now();
        let key = SyncKey::stored("MS:NET/PO/ANN");
        assert!(!lists.is_stale(&key, start));
        lists.begin(Some(&postoffice("net", "po")));
        assert!(lists.is_stale(&key, start));
        let named = lists.now();
        lists.begin(Some(&postoffice("net", "po1")));
        lists.begin(Some(&ListScope::Type("SMTP".to_owned())));
        assert!(!lists.is_stale(&key, named));
        assert!(lists.is_stale(&SyncKey::stored("smtp:a@b"), named));
        assert!(!lists.is_stale(&SyncKey::stored("smtp:a@b"), lists.now()));
        lists.begin(None);
        assert!(lists.is_stale(&key, named));
    }
}
