//! Addresses that others have, so that an entry of a connection does not come: said once when it begins and once when it ends,
//! and counted in between (`spec/exchange.md` NT-16, Q238447, Q238992).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::directory::import::Fate;
use crate::directory::key::SyncKey;
use crate::plan::outcome::{Outcome, Reason};
use crate::tools::dxa::event::{Event, Severity};

/// Keys of entries that do not come, with who has the address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::tools::dxa) struct HeldAddresses(BTreeMap<String, String>);

/// What is to be said.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::tools::dxa) enum News {
    /// An address is another's, newly or another other's.
    Begun { key: String, holder: String },
    /// It is not any more, or nobody wants it any more.
    Ended { key: String, holder: String },
}

impl HeldAddresses {
    /// Tells whether there are none.
    pub(in crate::tools::dxa) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Begins to take note of what becomes of entries in a run.
    pub(in crate::tools::dxa) fn heed(&mut self) -> Heed<'_> {
        Heed {
            held: self,
            now: BTreeMap::new(),
            settled: BTreeSet::new(),
        }
    }
}

/// Takes note of what becomes of entries.
pub(in crate::tools::dxa) struct Heed<'h> {
    held: &'h mut HeldAddresses,
    now: BTreeMap<String, String>,
    /// Of those that did not come before, the ones that do now.
    settled: BTreeSet<String>,
}

impl Heed<'_> {
    /// Takes note of one.
    pub(in crate::tools::dxa) fn take(&mut self, fate: &Fate) {
        let Some(key) = fate.key.as_ref().map(SyncKey::as_str) else {
            return;
        };
        match &fate.reason {
            Some(note) if note.reason == Reason::AddressDuplicate => {
                self.settled.remove(key);
                self.now.insert(key.to_owned(), note.detail.clone());
            }
            // Whatever else is wrong with it says nothing of the address.
            _ if fate.outcome == Outcome::Refused => {}
            _ => {
                self.now.remove(key);
                if self.held.0.contains_key(key) {
                    self.settled.insert(key.to_owned());
                }
            }
        }
    }

    /// Returns what is to be said; a list speaks of all that there are.
    pub(in crate::tools::dxa) fn end(self, is_list: bool) -> Vec<News> {
        let Self { held, now, settled } = self;
        let is_over = |key: &String| !now.contains_key(key) && (is_list || settled.contains(key));
        let over: Vec<_> = held.0.keys().filter(|key| is_over(key)).cloned().collect();
        let mut news = Vec::new();
        for key in over {
            let holder = held.0.remove(&key).unwrap_or_default();
            news.push(News::Ended { key, holder });
        }
        for (key, holder) in now {
            if held.0.get(&key) != Some(&holder) {
                held.0.insert(key.clone(), holder.clone());
                news.push(News::Begun { key, holder });
            }
        }
        news
    }
}

impl News {
    /// Returns what is said of it.
    pub(in crate::tools::dxa) fn event(self, connection: &str) -> Event {
        let event = |severity, text: &str| {
            Event::new(severity, text)
                .id("DI236")
                .with("connection", connection)
        };
        match self {
            Self::Begun { key, holder } => {
                let text = "address-duplicate: the address is assigned to another entry";
                let event = event(Severity::Error, text).with("entry", &key);
                let event = event.with("holder", holder);
                event.with("repair", format!("dxa adopt {key}"))
            }
            Self::Ended { key, holder } => {
                let text = "the address is no duplicate any more";
                event(Severity::Info, text)
                    .with("entry", key)
                    .with("was", holder)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::note::Note;
    use crate::plan::outcome::Action;

    fn fate(key: &str, holder: Option<&str>) -> Fate {
        Fate {
            key: Some(SyncKey::stored(key)),
            action: Action::Add,
            outcome: match holder {
                Some(_) => Outcome::Refused,
                None => Outcome::Added,
            },
            reason: holder.map(|holder| Note::new(Reason::AddressDuplicate, holder)),
            notes: Vec::new(),
            number: None,
        }
    }

    #[test]
    fn nt_16_it_is_said_when_it_begins_and_when_it_ends_and_not_in_between() {
        let mut held = HeldAddresses::default();
        let said = |held: &mut HeldAddresses, fates: &[Fate], is_list| {
            let mut heed = held.heed();
            fates.iter().for_each(|fate| heed.take(fate));
            let said = heed
                .end(is_list)
                .into_iter()
                .map(|news| news.event("HQ").text);
            said.collect::<Vec<_>>()
        };
        let both = [
            fate("MS:N/P/A", Some("cn=x")),
            fate("MS:N/P/B", Some("cn=y")),
        ];
        assert_eq!(said(&mut held, &both, true).len(), 2);
        assert_eq!(said(&mut held, &both, true), [""; 0]);
        assert_eq!(said(&mut held, &[fate("MS:N/P/C", None)], false), [""; 0]);
        let ended = "the address is no duplicate any more";
        assert_eq!(said(&mut held, &[fate("MS:N/P/A", None)], false), [ended]);
        // The list does not want the other one any more.
        assert_eq!(said(&mut held, &[fate("MS:N/P/A", None)], true), [ended]);
        assert!(held.is_empty());
    }
}
