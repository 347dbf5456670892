//! Branches and a hub: whatever happens to messages and copies, in the end all have what the others export.

use std::collections::BTreeMap;

use dirsync::directory::interorg::branch::{Branch, Said};
use dirsync::directory::interorg::{Answer, Card, CardKind, Epoch, Receipt, Request, SourceKey};
use proptest::prelude::*;

use super::memory::Table;
use super::twin::{Ids, Twin, serve};

/// A branch: its own entries, its ledger, and its import container.
#[derive(Debug, Clone)]
struct Org {
    cards: BTreeMap<SourceKey, Card>,
    ledger: Ledger,
    container: BTreeMap<SourceKey, Card>,
}

/// What is restored as one.
#[derive(Debug, Clone)]
struct Ledger {
    branch: Branch,
    said: BTreeMap<SourceKey, Said>,
}

#[derive(Debug, Clone)]
enum Letter {
    Request(Box<Request>),
    Answer(Box<Answer>),
}

/// All of it.
pub(super) struct World<'t> {
    hub: Table,
    /// What does everything that the hub does as well.
    twin: Option<Twin<'t>>,
    orgs: Vec<Org>,
    mail: Vec<Letter>,
    copies: Vec<(Table, Vec<Ledger>)>,
    ids: u64,
}

/// What may happen.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Edit { org: usize, entry: u8, address: u8 },
    Delete { org: usize, entry: u8 },
    Ask { org: usize },
    Deliver { at: usize },
    Lose { at: usize },
    Double { at: usize },
    Copy,
    RestoreHub { copy: usize },
    RestoreBranch { copy: usize, org: usize },
    NewHub,
    NewLedger { org: usize },
    ImportAll { org: usize },
    ExportAll { org: usize },
}

const ORGS: usize = 3;

fn name(org: usize) -> String {
    format!("ORG{org}")
}

fn card(org: usize, entry: u8, address: u8, edition: u64) -> Card {
    Card {
        kind: CardKind::Mailbox,
        dn: format!("cn={entry},o=org{org}"),
        mail: Some(format!("{address}@company.example")),
        target: None,
        secondary: Vec::new(),
        attributes: BTreeMap::from([("uid".to_owned(), vec![edition.to_string()])]),
    }
}

impl<'t> World<'t> {
    pub(super) fn new(twin: Option<Twin<'t>>) -> Self {
        let mut world = Self {
            hub: Table::new("hub-0"),
            twin,
            orgs: Vec::new(),
            mail: Vec::new(),
            copies: Vec::new(),
            ids: 0,
        };
        for org in 0..ORGS {
            let ledger = world.new_ledger(org);
            world.orgs.push(Org {
                cards: BTreeMap::new(),
                ledger,
                container: BTreeMap::new(),
            });
        }
        world.hub_is_another();
        world
    }

    fn id(&mut self, what: &str) -> String {
        self.ids += 1;
        format!("{what}-{}", self.ids)
    }

    fn epoch(&mut self) -> Epoch {
        Epoch::new(&self.id("epoch")).expect("an epoch")
    }

    fn new_ledger(&mut self, org: usize) -> Ledger {
        let epoch = self.epoch();
        Ledger {
            branch: Branch::new(&name(org), epoch),
            said: BTreeMap::new(),
        }
    }

    fn ask(&mut self, org: usize) {
        let id = self.id("request");
        let Org { cards, ledger, .. } = &mut self.orgs[org];
        let request = ledger.branch.ask(&id, cards, Vec::new(), &mut ledger.said);
        self.mail.push(Letter::Request(Box::new(request)));
    }

    fn deliver(&mut self, at: usize) {
        match self.mail.remove(at) {
            Letter::Request(request) => self.serve(&request),
            Letter::Answer(answer) => self.apply(&answer),
        }
    }

    fn serve(&mut self, request: &Request) {
        let ids = Ids {
            epoch: self.epoch(),
            answer: self.id("answer"),
            receipt: Receipt(self.id("receipt")),
            registered: (0..ORGS).map(name).collect(),
        };
        let Ok(served) = serve(&mut self.hub, request, &ids);
        if let Some(twin) = &mut self.twin {
            twin.serve(request, &ids, &served);
            twin.check(&self.hub);
        }
        self.mail.push(Letter::Answer(Box::new(served.answer)));
    }

    fn hub_is_another(&mut self) {
        if let Some(twin) = &mut self.twin {
            twin.load(&self.hub);
            twin.check(&self.hub);
        }
    }

    fn apply(&mut self, answer: &Answer) {
        let org = (0..ORGS).find(|org| name(*org) == answer.branch);
        let Org {
            ledger, container, ..
        } = &mut self.orgs[org.expect("a branch")];
        let heard = ledger.branch.hear(answer);
        let Some(news) = heard.news else {
            return;
        };
        if news.is_full {
            container.clear();
        }
        for change in &answer.changes {
            if change.number <= news.beyond {
                continue;
            }
            match &change.card {
                Some(card) => container.insert(change.key.clone(), card.clone()),
                None => container.remove(&change.key),
            };
        }
        ledger.branch.has_applied(answer);
    }

    pub(super) fn step(&mut self, step: &Step) {
        let letters = self.mail.len();
        match *step {
            Step::Edit {
                org,
                entry,
                address,
            } => {
                let key = SourceKey::new(&name(org), &entry.to_string());
                self.ids += 1;
                let card = card(org, entry, address, self.ids);
                self.orgs[org].cards.insert(key, card);
            }
            Step::Delete { org, entry } => {
                let key = SourceKey::new(&name(org), &entry.to_string());
                self.orgs[org].cards.remove(&key);
            }
            Step::Ask { org } => self.ask(org),
            Step::Deliver { at } if letters > 0 => self.deliver(at % letters),
            Step::Lose { at } if letters > 0 => {
                self.mail.remove(at % letters);
            }
            Step::Double { at } if letters > 0 => {
                let letter = self.mail[at % letters].clone();
                self.mail.push(letter);
            }
            Step::Deliver { .. } | Step::Lose { .. } | Step::Double { .. } => {}
            Step::Copy => {
                let ledgers = self.orgs.iter().map(|org| org.ledger.clone()).collect();
                self.copies.push((self.hub.clone(), ledgers));
            }
            Step::RestoreHub { copy } => {
                if let Some((hub, _)) = self.copies.get(copy) {
                    self.hub = hub.clone();
                    self.hub_is_another();
                }
            }
            Step::RestoreBranch { copy, org } => {
                if let Some((_, ledgers)) = self.copies.get(copy) {
                    self.orgs[org].ledger = ledgers[org].clone();
                }
            }
            Step::NewHub => {
                let epoch = self.id("hub");
                self.hub = Table::new(&epoch);
                self.hub_is_another();
            }
            Step::NewLedger { org } => self.orgs[org].ledger = self.new_ledger(org),
            Step::ImportAll { org } => self.orgs[org].ledger.branch.import_all(),
            Step::ExportAll { org } => self.orgs[org].ledger.branch.export_all(),
        }
    }

    /// One round without any mishap.
    pub(super) fn round(&mut self) {
        for org in 0..ORGS {
            self.ask(org);
        }
        while !self.mail.is_empty() {
            self.deliver(0);
        }
    }

    /// What the others have to see: what is exported, an address once.
    pub(super) fn check(&self) -> Result<(), TestCaseError> {
        let exported: BTreeMap<_, _> = self.orgs.iter().flat_map(|org| &org.cards).collect();
        let mut shown = BTreeMap::new();
        for (key, row) in &self.hub.rows {
            prop_assert!(
                row.shown.is_none() || exported.contains_key(key),
                "{key} is back"
            );
            if let Some(card) = &row.shown {
                shown.insert(key.clone(), card.clone());
            }
        }
        for (key, card) in exported {
            match shown.get(key) {
                Some(found) if found == card => {}
                _ => {
                    let row = self.hub.rows.get(key);
                    let waiting = row.and_then(|row| row.waiting.as_ref());
                    prop_assert_eq!(waiting.map(|(card, _)| card), Some(card), "{}", key);
                    let address = card.claims().next().expect("an address");
                    let holder = self.hub.holders.get(&address);
                    prop_assert!(
                        holder.is_some_and(|holder| holder != key),
                        "{key} waits for nobody"
                    );
                }
            }
        }
        for (at, org) in self.orgs.iter().enumerate() {
            let others = shown.iter().filter(|(key, _)| key.branch() != name(at));
            let others: BTreeMap<_, _> = others.map(|(k, c)| (k.clone(), c.clone())).collect();
            prop_assert_eq!(&org.container, &others, "container of {}", name(at));
        }
        Ok(())
    }
}

/// Any step.
pub(super) fn steps() -> impl Strategy<Value = Step> {
    let at = 0..8usize;
    let org = 0..ORGS;
    prop_oneof![
        6 => (org.clone(), 0..3u8, 0..5u8).prop_map(|(org, entry, address)| Step::Edit { org, entry, address }),
        2 => (org.clone(), 0..3u8).prop_map(|(org, entry)| Step::Delete { org, entry }),
        6 => org.clone().prop_map(|org| Step::Ask { org }),
        9 => at.clone().prop_map(|at| Step::Deliver { at }),
        2 => at.clone().prop_map(|at| Step::Lose { at }),
        2 => at.prop_map(|at| Step::Double { at }),
        1 => Just(Step::Copy),
        1 => (0..3usize).prop_map(|copy| Step::RestoreHub { copy }),
        1 => (0..3usize, org.clone()).prop_map(|(copy, org)| Step::RestoreBranch { copy, org }),
        1 => Just(Step::NewHub),
        1 => org.clone().prop_map(|org| Step::NewLedger { org }),
        1 => org.clone().prop_map(|org| Step::ImportAll { org }),
        1 => org.prop_map(|org| Step::ExportAll { org }),
    ]
}
