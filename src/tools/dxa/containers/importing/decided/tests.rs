use proptest::prelude::*;

use super::*;
use crate::codec::codepage::CodePage;
use crate::directory::address_map::AddressMap;
use crate::directory::address_text::TargetAddress;
use crate::directory::entry::{Entry, Names};
use crate::directory::holders::Holders;
use crate::directory::import::{
    Ask, Authorities, Change, Extent, Fate, Packed, Sender, Snapshot, decide,
};
use crate::directory::proxy::{ProxyRule, ProxyRules, WhenTaken};
use crate::directory::remote::ImportRules;
use crate::directory::schema;
use crate::directory::template_map::TemplateMap;
use crate::tools::dxa::containers::importing::asks::AskWriter;
use crate::tools::dxa::containers::importing::contents::{Found, addresses};
use crate::tools::dxa::containers::importing::sorting;
use crate::tools::sorted::Sorter;
use crate::transaction::Transaction;

const OWNER: &str = "dss/NET1/PO1";

/// A connection that makes SMTP addresses, whose alias is the mailbox: the same at several postoffices.
struct Scene {
    container: Dn,
    proxies: ProxyRules,
    templates: TemplateMap,
    authorities: Authorities,
    managed: Names,
    /// What is there.
    entries: Vec<Entry>,
}

/// What a run came to.
#[derive(Debug, PartialEq)]
struct Came {
    fates: Vec<Fate>,
    counts: Counts,
    writes: Vec<(usize, Change)>,
    owned: u64,
    foreign: u64,
}

impl Scene {
    fn new() -> Self {
        let rule = ProxyRule {
            kind: "SMTP".to_owned(),
            pattern: "{alias}{n}@{domain}".to_owned(),
        };
        let templates = TemplateMap::default();
        Self {
            container: Dn::parse("ou=Imported,o=Org").expect("a name"),
            proxies: ProxyRules {
                rules: vec![rule],
                map: AddressMap::default().with_default(Some("x.example")),
                when_taken: WhenTaken::Number,
            },
            managed: managed(Some(&templates)),
            templates,
            authorities: Authorities::default(),
            entries: Vec::new(),
        }
    }

    fn rules(&self) -> ImportRules<'_> {
        ImportRules {
            owner: OWNER,
            trust: None,
            page: CodePage::Cp850,
            templates: Some(&self.templates),
        }
    }

    fn sender(&self) -> Sender<'_> {
        Sender {
            owner: OWNER,
            also_accept: &[],
            authorities: &self.authorities,
            trust: 100,
            force_trust: false,
        }
    }

    fn dn(&self, key: &SyncKey) -> Dn {
        key.dn(&self.container, ContainerLayout::Flat)
    }

    fn asks(&self, lines: &[String]) -> Vec<Ask> {
        let asks = lines.iter().map(|line| {
            let decoded = Transaction::decode_queue_text(line.as_bytes(), CodePage::Cp850);
            Ask::of(&decoded.expect(line).transaction, None, self.rules())
        });
        asks.collect()
    }

    fn filling<'a, H>(&'a self, holders: H, dn: &'a dyn Fn(&SyncKey) -> Dn) -> Filling<'a, H> {
        Filling {
            rules: self.rules(),
            proxies: &self.proxies,
            holders,
            gone: Vec::new(),
            dn,
        }
    }

    fn hold(&self, holders: &mut dyn Holding) {
        for entry in &self.entries {
            for text in addresses(entry) {
                let address = TargetAddress::parse(&text).expect("an address");
                if address.kind() == "SMTP" {
                    holders.hold(&address, &entry.dn);
                }
            }
        }
    }

    /// Decides all of it at once, in memory.
    fn whole(&self, asks: &[Ask], extent: Extent) -> Came {
        let mut snapshot = Snapshot::default();
        for Entry { dn, attributes } in &self.entries {
            let key = SyncKey::stored(attributes.text(schema::KEY).expect("a key"));
            let owner = attributes.text(schema::IMPORTED_FROM);
            snapshot.add(key, dn.clone(), owner, Some(attributes.clone()));
        }
        let mut holders = Holders::default();
        self.hold(&mut holders);
        let dn = |key: &SyncKey| self.dn(key);
        let mut filling = self.filling(holders, &dn);
        let sender = self.sender();
        let managed = &self.managed;
        let decision = decide(&snapshot, &sender, asks, extent, managed, dn, &mut filling);
        let writes = decision.writes.into_iter();
        Came {
            fates: decision.fates,
            counts: decision.counts,
            writes: writes.map(|write| (write.fate, write.change)).collect(),
            owned: decision.owned,
            foreign: decision.foreign,
        }
    }

    fn in_parts(&self, asks: &[Ask], extent: Extent, part_len: usize) -> Came {
        let sender = self.sender();
        let mut writer = AskWriter::new(sender.clone(), extent, None);
        for ask in asks {
            writer.push(ask).expect("no file");
        }
        let mut asks = writer.finish(extent).expect("no file");
        let mut sorter = Sorter::new(0, None);
        for entry in &self.entries {
            let key = SyncKey::stored(entry.attributes.text(schema::KEY).expect("a key"));
            let mut sort_key = sorting::key_of(Some(&key));
            sort_key.push(Found::Here as u8);
            let mut record = Vec::new();
            entry.pack(&mut record);
            sorter.push(&sort_key, &record).expect("no file");
        }
        let mut contents = Contents {
            sorted: sorter.finish().expect("no file"),
            count: self.entries.len(),
            around: Snapshot::default(),
        };
        let mut holders = SpilledHolders::new(None);
        self.hold(&mut holders);
        let dn = |key: &SyncKey| self.dn(key);
        let mut filling = self.filling(holders, &dn);
        let terms = Terms {
            sender: &sender,
            managed: &self.managed,
            dn: &dn,
        };
        let settings = Settings {
            makes_addresses: true,
            part_len,
            container: &self.container,
            layout: ContainerLayout::Flat,
            folder: None,
        };
        let (asks, contents) = (&mut asks, &mut contents);
        let decided = decide_all(asks, contents, &mut filling, terms, settings, &|| Ok(()));
        let mut decided = decided.expect("no file");
        let mut fates = Vec::new();
        let each = decided.fates.each(|fate| {
            fates.push(fate);
            Ok::<_, ToolError>(())
        });
        each.expect("no file");
        let writes = decided.plan.writes().map(|planned| {
            let planned = planned.expect("no file");
            (planned.fate, planned.change)
        });
        Came {
            writes: writes.collect(),
            fates,
            counts: decided.counts,
            owned: decided.owned,
            foreign: decided.foreign,
        }
    }
}

/// A line of a list: A with some title, or D.
fn any_line(letters: &'static [char]) -> impl Strategy<Value = String> {
    let letter = proptest::sample::select(letters);
    (letter, 0..3_u8, 0..3_u8, 0..2_u8).prop_map(|(letter, postoffice, mailbox, title)| {
        let address = format!("User{mailbox}\tPCM:NET/PO{postoffice}/U{mailbox}");
        match letter {
            'A' => format!("A {address}\r\n- Title:/{title}"),
            letter => format!("{letter} {address}"),
        }
    })
}

proptest! {
    #[test]
    fn parts_of_any_length_come_to_what_all_of_it_comes_to_at_once(
        begin in prop::collection::vec(any_line(&['A']), 0..8),
        then in prop::collection::vec(any_line(&['A', 'A', 'D']), 1..10),
        is_list in any::<bool>(),
        part_len in 1_usize..6,
    ) {
        let mut scene = Scene::new();
        let updates = Extent::Updates { is_whole: true };
        for (_, change) in scene.whole(&scene.asks(&begin), updates).writes {
            match change {
                Change::Add(entry) => scene.entries.push(entry),
                other => prop_assert!(false, "{other:?}"),
            }
        }
        let extent = match is_list {
            true => Extent::List { is_whole: true },
            false => updates,
        };
        let asks = scene.asks(&then);
        let whole = scene.whole(&asks, extent);
        prop_assert_eq!(scene.in_parts(&asks, extent, part_len), whole);
    }
}
