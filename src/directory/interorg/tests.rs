//! Branches and a hub in memory: whatever happens to messages and copies, in the end all have what the others export.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;

use proptest::prelude::*;

use super::branch::{Branch, Said};
use super::master::{Master, MasterStore, Member, Row, answer, forget, take};
use super::*;

/// The master table in memory.
#[derive(Debug, Clone)]
struct Table {
    head: Master,
    members: BTreeMap<String, Member>,
    rows: BTreeMap<SourceKey, Row>,
    holders: HashMap<String, SourceKey>,
}

impl MasterStore for Table {
    type Error = Infallible;

    fn head(&mut self) -> Result<Master, Infallible> {
        Ok(self.head.clone())
    }

    fn set_head(&mut self, head: &Master) -> Result<(), Infallible> {
        self.head = head.clone();
        Ok(())
    }

    fn member(&mut self, name: &str) -> Result<Member, Infallible> {
        let known = self.members.get(&name.to_uppercase()).cloned();
        Ok(known.unwrap_or_else(|| Member::new(name)))
    }

    fn set_member(&mut self, member: &Member) -> Result<(), Infallible> {
        self.members.insert(member.name.clone(), member.clone());
        Ok(())
    }

    fn members(&mut self) -> Result<Vec<String>, Infallible> {
        Ok(self.members.keys().cloned().collect())
    }

    fn remove_member(&mut self, name: &str) -> Result<(), Infallible> {
        self.members.remove(&name.to_uppercase());
        Ok(())
    }

    fn rows(&mut self, keys: &BTreeSet<SourceKey>) -> Result<Vec<Row>, Infallible> {
        Ok(keys
            .iter()
            .filter_map(|key| self.rows.get(key).cloned())
            .collect())
    }

    fn put(&mut self, rows: &[Row]) -> Result<(), Infallible> {
        let keys: BTreeSet<_> = rows.iter().map(|row| &row.key).collect();
        self.holders.retain(|_, holder| !keys.contains(holder));
        for row in rows {
            for address in row.shown.iter().flat_map(Card::claims) {
                let before = self.holders.insert(address, row.key.clone());
                assert!(before.is_none_or(|before| before == row.key), "two have it");
            }
            if row.shown.is_none() && row.waiting.is_none() && row.usn == Usn::NONE {
                self.rows.remove(&row.key);
            } else {
                self.rows.insert(row.key.clone(), row.clone());
            }
        }
        Ok(())
    }

    fn holders(
        &mut self,
        addresses: &BTreeSet<String>,
    ) -> Result<HashMap<String, SourceKey>, Infallible> {
        let found = addresses.iter().filter_map(|address| {
            let holder = self.holders.get(address)?;
            Some((address.clone(), holder.clone()))
        });
        Ok(found.collect())
    }

    fn waiting(&mut self) -> Result<Vec<Row>, Infallible> {
        let waiting = self.rows.values().filter(|row| row.waiting.is_some());
        Ok(waiting.cloned().collect())
    }

    fn keys_of(&mut self, branch: &str) -> Result<BTreeSet<SourceKey>, Infallible> {
        let is_there = |row: &&Row| row.shown.is_some() || row.waiting.is_some();
        let rows = self.rows.values().filter(is_there);
        let keys = rows.map(|row| row.key.clone());
        Ok(keys.filter(|key| key.branch() == branch).collect())
    }

    fn above(
        &mut self,
        usn: Usn,
        except: &str,
        take: &mut dyn FnMut(Row),
    ) -> Result<(), Infallible> {
        let rows = self.rows.values();
        let mut rows: Vec<_> = rows
            .filter(|row| row.usn > usn && row.key.branch() != except)
            .cloned()
            .collect();
        rows.sort_by_key(|row| row.usn);
        rows.into_iter().for_each(take);
        Ok(())
    }

    fn forget(&mut self, upto: Usn) -> Result<Option<Usn>, Infallible> {
        let is_gone = |row: &Row| row.shown.is_none() && row.waiting.is_none() && row.usn <= upto;
        let gone = self.rows.values().filter(|row| is_gone(row));
        let highest = gone.map(|row| row.usn).max();
        self.rows.retain(|_, row| !is_gone(row));
        Ok(highest)
    }
}

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

struct World {
    hub: Table,
    orgs: Vec<Org>,
    mail: Vec<Letter>,
    copies: Vec<(Table, Vec<Ledger>)>,
    ids: u64,
}

#[derive(Debug, Clone)]
enum Step {
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

impl World {
    fn new() -> Self {
        let mut world = Self {
            hub: table("hub-0"),
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
        let (epoch, id) = (self.epoch(), self.id("answer"));
        let Ok(taken) = take(&mut self.hub, request, || epoch);
        let receipt = Receipt(self.id("receipt"));
        let Ok(answer) = answer(&mut self.hub, request, &taken, &id, receipt);
        self.mail.push(Letter::Answer(Box::new(answer)));
        let all: Vec<_> = (0..ORGS).map(name).collect();
        let Ok(_) = forget(&mut self.hub, &all);
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

    fn step(&mut self, step: &Step) {
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
                }
            }
            Step::RestoreBranch { copy, org } => {
                if let Some((_, ledgers)) = self.copies.get(copy) {
                    self.orgs[org].ledger = ledgers[org].clone();
                }
            }
            Step::NewHub => {
                let epoch = self.id("hub");
                self.hub = table(&epoch);
            }
            Step::NewLedger { org } => self.orgs[org].ledger = self.new_ledger(org),
            Step::ImportAll { org } => self.orgs[org].ledger.branch.import_all(),
            Step::ExportAll { org } => self.orgs[org].ledger.branch.export_all(),
        }
    }

    /// One round without any mishap.
    fn round(&mut self) {
        for org in 0..ORGS {
            self.ask(org);
        }
        while !self.mail.is_empty() {
            self.deliver(0);
        }
    }

    /// What the others have to see: what is exported, an address once.
    fn check(&self) -> Result<(), TestCaseError> {
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

fn table(epoch: &str) -> Table {
    Table {
        head: Master {
            epoch: Epoch::new(epoch).expect("an epoch"),
            last: Usn::NONE,
            forgotten: Usn::NONE,
        },
        members: BTreeMap::new(),
        rows: BTreeMap::new(),
        holders: HashMap::new(),
    }
}

fn steps() -> impl Strategy<Value = Step> {
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

/// Undisturbed rounds after which all have what they should.
const ROUNDS: usize = 5;

fn histories() -> u32 {
    let set = std::env::var("DIRSYNC_HISTORIES").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: histories(), max_shrink_iters: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_others_have_it_in_the_end(steps in prop::collection::vec(steps(), 0..60)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        // What is still on its way comes late or never.
        for _ in 0..ROUNDS {
            world.round();
        }
        world.check()?;
    }
}
