//! The export containers, read whole and sorted out: whatever is missing of one would be taken for deleted (`spec/exchange.md`
//! IO-05, IO-09 to IO-11, DX-13, DX-23).

use std::collections::{BTreeMap, HashMap};

use super::cards::{DISPLAY_NAME, Rules, Verdict, judge};
use super::ledger::SaidRow;
use crate::directory::charset::Charset;
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::interorg::settle::{Contender, settle};
use crate::directory::interorg::{Card, CardKind, SourceKey, Withheld, wire};
use crate::directory::key::SyncKey;
use crate::directory::ldap::{Connection, Search};
use crate::directory::mirror;
use crate::directory::names::{self, Candidate, NameRules, UniqueNames};
use crate::directory::note::Note;
use crate::directory::schema;
use crate::plan::outcome::Reason;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::containers::container::unread;
use crate::tools::dxa::interorg::config::ExportContainer;
use crate::tools::exit::{ExitCode, ToolError};

/// Longest display name, in characters: more than any directory shows.
const MAX_NAME: usize = 256;

/// What the export containers hold for the others.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// What goes out.
    pub(super) cards: BTreeMap<SourceKey, Card>,
    /// What should go out and cannot: the hub is told.
    pub(super) withheld: Vec<Withheld>,
    /// What is not meant to go out.
    pub(super) skipped: Vec<Withheld>,
    /// What was altered.
    pub(super) notes: Vec<Withheld>,
    /// Display names before they were made unique.
    pub(super) plain_names: BTreeMap<SourceKey, String>,
    /// Entries that were looked at.
    pub(super) considered: u64,
}

impl Source {
    /// Reads the containers of a branch.
    pub(super) fn read(
        directory: &mut Connection,
        branch: &str,
        rules: Rules<'_>,
        page: u32,
        interrupt: &Interrupt,
    ) -> Result<Self, ToolError> {
        let mut source = Self::default();
        for container in &rules.export.containers {
            let mut search = Search::new(container.dn.clone());
            search.attributes = rules.attributes();
            search.page = Some(page);
            let read = directory.for_each(&search, |entry| {
                source.take(&entry, branch, container, rules)?;
                interrupt.check()
            })?;
            read.map_err(|error| {
                let error = unread(error);
                let text = format!("export container {}: {}", container.dn, error.message);
                ToolError::new(error.exit, text)
            })?;
        }
        Ok(source)
    }

    fn take(
        &mut self,
        entry: &Entry,
        branch: &str,
        container: &ExportContainer,
        rules: Rules<'_>,
    ) -> Result<(), ToolError> {
        let is_elsewhere = || {
            let mut others = rules.export.containers.iter();
            others.any(|other| {
                // Of two containers, one in the other, the inner one decides.
                other.dn.depth() > container.dn.depth() && entry.dn.is_within(&other.dn)
            })
        };
        if schema::is_structure(&entry.attributes) || is_elsewhere() {
            return Ok(());
        }
        let Some(uuid) = entry.attributes.text(mirror::UUID) else {
            let text = format!(
                "{} shows no entryUUID: the key of its card (IO-07)",
                entry.dn
            );
            return Err(ToolError::new(ExitCode::BadLogin, text));
        };
        self.considered += 1;
        let key = SourceKey::new(branch, uuid);
        match judge(entry, &container.kinds, rules) {
            Verdict::Card(card) => {
                self.cards.insert(key, *card);
            }
            Verdict::Withheld(note) => self.withheld.push(about(&key, &entry.dn, note)),
            Verdict::Skipped(note) => self.skipped.push(about(&key, &entry.dn, note)),
        }
        Ok(())
    }

    /// Keeps back what alone is bigger than a message may be (IO-14).
    pub(super) fn limit(&mut self, limit: u32) {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let cards = std::mem::take(&mut self.cards);
        for (key, card) in cards {
            if wire::fits(&key, &card, limit) {
                self.cards.insert(key, card);
                continue;
            }
            let detail = format!("bigger than a message of {limit} bytes");
            let note = Note::new(Reason::TooLong, detail);
            self.withheld.push(withheld(&key, &card, note));
        }
    }

    /// Keeps back who wants an address that another own entry has (IO-11): who had it keeps it, else the lower key has it.
    pub(super) fn settle(&mut self, said: &BTreeMap<SourceKey, SaidRow>) {
        let shown: BTreeMap<_, _> = said
            .iter()
            .filter(|(_, row)| row.said.hash.is_some())
            .map(|(key, row)| (key.clone(), with_claims(&row.claims)))
            .collect();
        let contenders = self.cards.iter().map(|(key, wanted)| {
            let shown = shown.get(key);
            (key.clone(), Contender { wanted, shown })
        });
        let lost = settle(&contenders.collect(), &HashMap::new());
        let dns: Vec<_> = lost
            .values()
            .map(|lost| self.cards.get(&lost.holder).map(|card| card.dn.clone()))
            .collect();
        for ((key, lost), holder) in lost.into_iter().zip(dns) {
            let Some(card) = self.cards.remove(&key) else {
                continue;
            };
            let holder = holder.unwrap_or_else(|| lost.holder.to_string());
            let detail = format!("{} is held by {holder}", lost.address);
            let note = Note::new(Reason::SmtpDuplicate, detail);
            self.withheld.push(withheld(&key, &card, note));
        }
    }

    /// Makes display names unique (DX-23). Who was told under a name keeps it.
    pub(super) fn name(&mut self, branch: &str, said: &BTreeMap<SourceKey, SaidRow>) {
        let named: Vec<_> = self
            .cards
            .iter()
            .filter_map(|(key, card)| {
                let name = card.attributes.get(DISPLAY_NAME)?.first()?;
                Some((key.clone(), name.clone()))
            })
            .collect();
        let keys: Vec<_> = named
            .iter()
            .map(|(key, _)| SyncKey::hub(key.branch(), key.uuid()))
            .collect();
        let candidates = named.iter().zip(&keys).map(|((key, name), sync_key)| {
            let sent = said.get(key).filter(|row| row.said.hash.is_some());
            Candidate {
                key: sync_key,
                list: branch,
                name,
                sent: sent.map(|row| (&row.plain_name[..], &row.name[..])),
            }
        });
        let rules = NameRules {
            unique: UniqueNames::Postoffice,
            was: None,
            charset: Charset::Utf8,
            max_len: MAX_NAME,
        };
        let assigned = names::assign(rules, &candidates.collect::<Vec<_>>());
        for ((key, plain), assigned) in named.into_iter().zip(assigned) {
            let Some(card) = self.cards.get_mut(&key) else {
                continue;
            };
            card.attributes
                .insert(DISPLAY_NAME.to_owned(), vec![assigned.text]);
            let notes = assigned.notes.into_iter();
            self.notes
                .extend(notes.map(|note| withheld(&key, card, note)));
            self.plain_names.insert(key, plain);
        }
    }
}

/// Stands for an entry of which no more than its addresses is known.
pub(super) fn with_claims(claims: &[String]) -> Card {
    Card {
        kind: CardKind::Mailbox,
        dn: String::new(),
        mail: None,
        target: None,
        secondary: claims.iter().map(|claim| format!("SMTP:{claim}")).collect(),
        attributes: BTreeMap::new(),
    }
}

fn about(key: &SourceKey, dn: &Dn, note: Note) -> Withheld {
    Withheld {
        key: key.clone(),
        dn: dn.to_string(),
        note,
    }
}

fn withheld(key: &SourceKey, card: &Card, note: Note) -> Withheld {
    Withheld {
        key: key.clone(),
        dn: card.dn.clone(),
        note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::interorg::branch::Said;
    use crate::directory::interorg::{CardHash, Usn};

    fn source(lines: &[(&str, &str, &str)]) -> Source {
        let cards = lines.iter().map(|(uuid, name, mail)| {
            let card = Card {
                dn: format!("cn={uuid},o=Org1"),
                mail: Some((*mail).to_owned()),
                attributes: BTreeMap::from([(DISPLAY_NAME.to_owned(), vec![(*name).to_owned()])]),
                ..with_claims(&[])
            };
            (SourceKey::new("ORG1", uuid), card)
        });
        Source {
            cards: cards.collect(),
            ..Source::default()
        }
    }

    fn said(uuid: &str, plain: &str, name: &str, claim: &str) -> BTreeMap<SourceKey, SaidRow> {
        let row = SaidRow {
            said: Said {
                hash: Some(CardHash([0; 32])),
                number: Usn(1),
            },
            dn: String::new(),
            claims: vec![claim.to_owned()],
            plain_name: plain.to_owned(),
            name: name.to_owned(),
        };
        BTreeMap::from([(SourceKey::new("ORG1", uuid), row)])
    }

    #[test]
    fn ioc_026_two_that_fall_together_are_named_both() {
        let mut new = source(&[("b", "B", "x@o"), ("a", "A", "X@o"), ("c", "C", "c@o")]);
        new.settle(&BTreeMap::new());
        let kept: Vec<_> = new.cards.keys().map(SourceKey::uuid).collect();
        assert_eq!(kept, ["a", "c"]);
        let [lost] = &new.withheld[..] else {
            panic!("{:?}", new.withheld);
        };
        assert_eq!(lost.dn, "cn=b,o=Org1");
        assert_eq!(lost.note.reason, Reason::SmtpDuplicate);
        assert_eq!(lost.note.detail, "x@o is held by cn=a,o=Org1");
        // Who had it before keeps it.
        let mut known = source(&[("b", "B", "x@o"), ("a", "A", "X@o")]);
        known.settle(&said("b", "B", "B", "x@o"));
        let kept: Vec<_> = known.cards.keys().map(SourceKey::uuid).collect();
        assert_eq!(kept, ["b"]);
    }

    #[test]
    fn a_name_that_was_told_stays_and_newcomers_get_numbers() {
        let mut source = source(&[("a", "Bob", "a@o"), ("b", "bob", "b@o"), ("c", "C", "c@o")]);
        source.name("ORG1", &said("b", "bob", "bob", "b@o"));
        let names: Vec<_> = source
            .cards
            .values()
            .map(|card| &card.attributes[DISPLAY_NAME][0][..])
            .collect();
        assert_eq!(names, ["Bob001", "bob", "C"]);
        assert_eq!(source.notes.len(), 1);
        assert_eq!(source.notes[0].note.reason, Reason::NameSuffixed);
    }

    #[test]
    fn ioc_032_what_no_message_can_hold_stays() {
        let long = "x".repeat(50_000);
        let mut source = source(&[("a", &long, "a@o"), ("b", "B", "b@o")]);
        source.limit(20_000);
        assert_eq!(source.cards.len(), 1);
        assert_eq!(source.withheld[0].note.reason, Reason::TooLong);
        let mut unlimited = self::source(&[("a", &long, "a@o")]);
        unlimited.limit(0);
        assert_eq!(unlimited.cards.len(), 1);
    }
}
