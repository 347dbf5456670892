//! A branch: the pure core, with what it has and exports in memory.

use std::collections::BTreeMap;

use dirsync::directory::interorg::branch::Said;
use dirsync::directory::interorg::wire::{Parts, Unit, read_changes, read_withheld};
use dirsync::directory::interorg::{
    Answer, Branch, Card, CardKind, Epoch, Request, SourceKey, Withheld,
};
use dirsync::directory::note::Note;
use dirsync::plan::outcome::Reason;

use super::letter::Letter;

/// Where the hub is.
pub(super) const HUB: &str = "dirsync@po.test";

/// An organization.
#[derive(Debug, Clone)]
pub(super) struct Org {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) key: String,
    pub(super) core: Branch,
    said: BTreeMap<SourceKey, Said>,
    /// What it exports.
    pub(super) cards: BTreeMap<SourceKey, Card>,
    pub(super) withheld: Vec<Withheld>,
    /// What it has of the others.
    pub(super) has: BTreeMap<SourceKey, Card>,
    asked: u32,
    /// Bytes of a message.
    pub(super) limit: usize,
}

impl Org {
    pub(super) fn new(name: &str) -> Self {
        let epoch = Epoch::new(&format!("epoch-of-{name}")).expect("an epoch");
        Self {
            name: name.to_owned(),
            address: format!("{}@po.test", name.to_lowercase()),
            key: format!("a key of {name} that nobody guesses"),
            core: Branch::new(name, epoch),
            said: BTreeMap::new(),
            cards: BTreeMap::new(),
            withheld: Vec::new(),
            has: BTreeMap::new(),
            asked: 0,
            limit: 0,
        }
    }

    /// Puts a person in, or changes one.
    pub(super) fn person(&mut self, uuid: &str, uid: &str, mail: &str) -> &mut Card {
        let key = SourceKey::new(&self.name, uuid);
        let card = Card {
            kind: CardKind::Mailbox,
            dn: format!("uid={uid},ou=People,o={}", self.name),
            mail: Some(mail.to_owned()),
            target: Some(format!("SMTP:{mail}")),
            secondary: Vec::new(),
            attributes: BTreeMap::from([("uid".to_owned(), vec![uid.to_owned()])]),
        };
        self.cards.insert(key.clone(), card);
        self.cards.get_mut(&key).expect("it is there")
    }

    /// Takes a person out.
    pub(super) fn remove(&mut self, uuid: &str) {
        self.cards.remove(&SourceKey::new(&self.name, uuid));
    }

    /// Keeps an entry at home.
    pub(super) fn withhold(&mut self, uuid: &str, dn: &str, reason: Reason) {
        self.withheld.push(Withheld {
            key: SourceKey::new(&self.name, uuid),
            dn: dn.to_owned(),
            note: Note::new(reason, "no mail"),
        });
    }

    /// Makes a request.
    pub(super) fn ask(&mut self) -> Request {
        self.asked += 1;
        let id = format!("{}-request-{}", self.name.to_lowercase(), self.asked);
        self.core
            .ask(&id, &self.cards, self.withheld.clone(), &mut self.said)
    }

    /// Makes the messages of a request, signed.
    pub(super) fn letters(&self, request: Request) -> Vec<Letter> {
        let (from, to) = (format!("BRANCH:{}", self.name), format!("HUB:{HUB}"));
        let parts = Unit::Request(request).into_parts(self.limit).into_iter();
        let letter = |part| Letter::new((&self.address, &from, &to), part).signed(&self.key);
        parts.map(letter).collect()
    }

    /// Reads the answer that its messages make together; none where a part is missing.
    pub(super) fn read(&self, letters: &[Letter]) -> Option<Answer> {
        let mut parts = Parts::default();
        for letter in letters {
            assert!(letter.is_signed(&self.key), "{letter:?}");
            assert_eq!(letter.address, HUB);
            assert_eq!(letter.from, format!("HUB:{HUB}"));
            assert_eq!(letter.to, format!("BRANCH:{}", self.name));
            let part = dirsync::directory::interorg::wire::Part::parse(&letter.head);
            let [(changes, rows), (withheld, others)] = &letter.files[..] else {
                panic!("{letter:?}");
            };
            assert_eq!((&**changes, &**withheld), ("changes.csv", "withheld.csv"));
            let (rows, others) = (read_changes(rows), read_withheld(others));
            parts
                .add(
                    part.expect("a head"),
                    rows.expect("rows"),
                    others.expect("rows"),
                )
                .expect("they belong together");
        }
        match parts.join()? {
            Unit::Answer(answer) => Some(answer),
            Unit::Request(_) => panic!("a request"),
        }
    }

    /// Applies an answer; returns the remarks.
    pub(super) fn hear(&mut self, answer: &Answer) -> Vec<Reason> {
        let heard = self.core.hear(answer);
        if let Some(news) = heard.news {
            if news.is_full {
                self.has.clear();
            }
            for change in &answer.changes {
                match &change.card {
                    Some(card) => {
                        self.has.insert(change.key.clone(), card.clone());
                    }
                    None => {
                        self.has.remove(&change.key);
                    }
                }
            }
            self.core.has_applied(answer);
        }
        heard.remarks.iter().map(|note| note.reason).collect()
    }

    /// Returns what it has of the others: `ORG2:a jsmith`.
    pub(super) fn shown(&self) -> Vec<String> {
        let all = self.has.iter();
        all.map(|(key, card)| format!("{key} {}", card.attributes["uid"][0]))
            .collect()
    }
}
