//! What a branch keeps, what it sends and what it takes of an answer (`spec/exchange.md` IO-03, IO-04, IO-15).

use std::collections::{BTreeMap, BTreeSet};

use super::card::{Card, CardHash, SourceKey};
use super::number::{Epoch, Span, Usn};
use super::unit::{Answer, Applied, Change, Request, Withheld};
use crate::directory::note::Note;
use crate::plan::outcome::Reason;

/// Requests that are remembered while none of them is confirmed.
const ASKED: usize = 64;

/// The numbers of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its name, upper case.
    pub name: String,
    /// Whose numbers its changes have.
    pub epoch: Epoch,
    /// Last number given.
    pub last: Usn,
    /// How far the hub has its changes.
    pub confirmed: Usn,
    /// How far it has applied the hub's.
    pub applied: Applied,
    /// The requests it sent, oldest first, from the confirmed one on.
    pub asked: Vec<Asked>,
    /// The next request carries everything.
    pub owes_all: bool,
}

/// A request that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its id.
    pub id: String,
    /// It carried everything.
    pub is_full: bool,
}

/// What a branch sent of an entry, by its key: the content, none where it was told to be gone, and the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// Hash of the card.
    pub hash: Option<CardHash>,
    /// Its number.
    pub number: Usn,
}

/// What an answer means for a branch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heard {
    /// The container has to become this: none where there is nothing to apply.
    pub news: Option<News>,
    /// What is remarkable.
    pub remarks: Vec<Note>,
}

/// What there is to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News {
    /// What the answer does not name is gone.
    pub is_full: bool,
    /// Changes up to this number are applied already.
    pub beyond: Usn,
}

impl Branch {
    /// Begins: with numbers of its own, and nothing applied.
    #[must_use]
    pub fn new(name: &str, epoch: Epoch) -> Self {
        Self {
            name: name.to_uppercase(),
            epoch,
            last: Usn::NONE,
            confirmed: Usn::NONE,
            applied: Applied::default(),
            asked: Vec::new(),
            owes_all: true,
        }
    }

    /// Asks for everything with the next request (Import All).
    pub fn import_all(&mut self) {
        self.applied.usn = Usn::NONE;
    }

    /// Sends everything with the next request (Export All).
    pub fn export_all(&mut self) {
        self.owes_all = true;
    }

    /// Makes the next request out of what there is to be sent. What was not said before, or otherwise, gets a number in
    /// `said`; what the hub has not confirmed is said again.
    pub fn ask(
        &mut self,
        id: &str,
        cards: &BTreeMap<SourceKey, Card>,
        withheld: Vec<Withheld>,
        said: &mut BTreeMap<SourceKey, Said>,
    ) -> Request {
        for (key, card) in cards {
            let hash = Some(card.hash());
            if said.get(key).is_none_or(|said| said.hash != hash) {
                let number = self.number();
                said.insert(key.clone(), Said { hash, number });
            }
        }
        let held = withheld.iter().filter(|about| about.is_held());
        let held: BTreeSet<_> = held.map(|about| about.key.clone()).collect();
        for (key, said) in said.iter_mut() {
            if said.hash.is_none() || cards.contains_key(key) {
                continue;
            }
            if !held.contains(key) {
                *said = Said {
                    hash: None,
                    number: self.number(),
                };
            } else if said.number > self.confirmed {
                // What it was may not have arrived: whatever it is next is said anew.
                said.hash = Some(CardHash::UNKNOWN);
            }
        }
        let is_full = std::mem::take(&mut self.owes_all);
        if is_full {
            // So that it is above everything that was taken before.
            self.number();
        }
        let is_due = |said: &Said| match is_full {
            true => said.hash.is_some(),
            false => said.number > self.confirmed,
        };
        let due = said
            .iter()
            .filter(|(key, said)| is_due(said) && !held.contains(key));
        let mut changes: Vec<_> = due
            .map(|(key, said)| Change {
                number: said.number,
                key: key.clone(),
                card: cards.get(key).cloned(),
            })
            .collect();
        changes.sort_by_key(|change| change.number);
        let earlier = self.asked.iter().map(|asked| asked.id.clone()).collect();
        self.asked.push(Asked {
            id: id.to_owned(),
            is_full,
        });
        // The first one is the one that is confirmed.
        while self.asked.len() > ASKED {
            self.asked.remove(1);
        }
        Request {
            id: id.to_owned(),
            branch: self.name.clone(),
            earlier,
            epoch: self.epoch.clone(),
            span: Span {
                after: match is_full {
                    true => Usn::NONE,
                    false => self.confirmed,
                },
                upto: self.last,
            },
            is_full,
            applied: self.applied.clone(),
            changes,
            withheld,
        }
    }

    fn number(&mut self) -> Usn {
        self.last = self.last.next().unwrap_or(self.last);
        self.last
    }

    /// Takes note of an answer, and says what of it has to be applied.
    pub fn hear(&mut self, answer: &Answer) -> Heard {
        let mut heard = Heard::default();
        let at = self
            .asked
            .iter()
            .position(|asked| asked.id == answer.answers);
        if let Some(at) = at {
            self.hear_taken(at, answer);
        }
        let is_ours = self.applied.epoch.as_ref() == Some(&answer.epoch);
        let Span { after, upto } = answer.span;
        let beyond = self.applied.usn;
        match (is_ours, answer.is_full) {
            // Of an epoch that was given up, or of one that comes: only the answer to a request of now tells.
            (false, true) if at.is_some() => {
                heard.news = Some(News {
                    is_full: true,
                    beyond: Usn::NONE,
                });
            }
            (false, _) => {
                let detail = format!("answer of epoch {}, {}", answer.epoch, answer.span);
                heard.remarks.push(Note::new(Reason::SequenceEpoch, detail));
            }
            (true, true) if upto >= beyond => {
                heard.news = Some(News {
                    is_full: true,
                    beyond: Usn::NONE,
                });
            }
            (true, false) if after > beyond => {
                let detail = format!("answer {}, applied is {beyond}", answer.span);
                heard.remarks.push(Note::new(Reason::SequenceGap, detail));
            }
            (true, false) if upto >= beyond && !self.is_behind(answer) => {
                let detail = format!(
                    "answer {} does not know what was applied last, {beyond}: it is late, or the hub was restored",
                    answer.span
                );
                heard.remarks.push(Note::new(Reason::SequenceEpoch, detail));
            }
            (true, false) if upto >= beyond => {
                heard.news = Some(News {
                    is_full: false,
                    beyond,
                });
            }
            (true, _) => {
                let detail = format!("answer {}, applied is {beyond}", answer.span);
                heard.remarks.push(Note::new(Reason::SequenceOld, detail));
            }
        }
        heard
    }

    /// Tells whether the hub gave an answer knowing of the one that was applied last.
    fn is_behind(&self, answer: &Answer) -> bool {
        let mut applied = self.applied.receipt.iter();
        applied.all(|applied| answer.earlier.contains(applied))
    }

    /// Looks at what the hub has of the branch's own changes.
    fn hear_taken(&mut self, at: usize, answer: &Answer) {
        let has_sent_all = self.asked[at + 1..].iter().any(|asked| asked.is_full);
        self.owes_all |= answer.wants_all && !has_sent_all;
        let Some(taken) = answer
            .taken
            .as_ref()
            .filter(|taken| taken.epoch == self.epoch)
        else {
            return;
        };
        let brought = self.asked.iter().position(|asked| asked.id == taken.by);
        if let Some(brought) = brought.filter(|_| taken.usn >= self.confirmed) {
            // A request behind the one that carried everything is answered, and that one was not taken: it is lost.
            let unseen = self.asked.get(brought + 1..=at).unwrap_or_default();
            self.owes_all |= !has_sent_all && unseen.iter().any(|asked| asked.is_full);
            self.confirmed = taken.usn;
            self.asked.drain(..brought);
        }
    }

    /// Takes note that an answer was applied: the numbers last (rule 6).
    pub fn has_applied(&mut self, answer: &Answer) {
        self.applied = Applied {
            epoch: Some(answer.epoch.clone()),
            usn: answer.span.upto,
            receipt: Some(answer.receipt.clone()),
        };
    }
}
