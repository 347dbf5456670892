mod history;

use super::*;
use crate::codec::codepage::CodePage;
use crate::directory::charset::Charset;
use crate::directory::conditions::Conditions;
use crate::directory::consent::ConsentRules;
use crate::directory::entry::Entry;
use crate::directory::outgoing::{Decision, ExportKind, ExportKinds, ExportRules, decide};
use crate::directory::template_map::TemplateMap;
use crate::directory::x400::X121Spelling;

const PAGE: CodePage = CodePage::Cp850;

fn dn(text: &str) -> Dn {
    Dn::parse(text).unwrap()
}

/// A person of our directory.
#[derive(Debug, Clone, PartialEq)]
struct Person {
    container: &'static str,
    place: String,
    name: String,
    more: Vec<(&'static str, String)>,
}

fn person(place: &str, name: &str) -> Person {
    Person {
        container: "ou=A,o=Org",
        place: place.to_owned(),
        name: name.to_owned(),
        more: Vec::new(),
    }
}

impl Person {
    fn with(mut self, attribute: &'static str, value: &str) -> Self {
        self.more.push((attribute, value.to_owned()));
        self
    }

    fn at(mut self, container: &'static str) -> Self {
        self.container = container;
        self
    }

    fn entry(&self) -> Entry {
        let mut attributes = [
            ("objectClass", "inetOrgPerson"),
            ("cn", &self.name),
            ("syncProxyPrimary", &format!("MS:{}", self.place)),
        ]
        .into_iter()
        .collect::<crate::directory::entry::Attributes>();
        for (name, value) in &self.more {
            attributes.add(name, &**value);
        }
        Entry {
            dn: dn(self.container).child("uid", self.place.as_bytes()),
            attributes,
        }
    }
}

#[derive(Clone)]
struct Setting {
    limit: u8,
    containers: Vec<&'static str>,
    relay: bool,
    map: TemplateMap,
    names: NameRules,
    conditions: Conditions,
}

impl Setting {
    fn new() -> Self {
        Self {
            limit: 100,
            containers: vec!["ou=A,o=Org", "ou=B,o=Org"],
            relay: true,
            map: TemplateMap::default(),
            names: NameRules::new(Charset::Page(PAGE)),
            conditions: Conditions::default(),
        }
    }
}

/// Returns what to send for a state of the directory, and what is wanted.
fn cycle_entries(
    sent: &[Sent],
    entries: &[(Dn, Entry)],
    setting: &Setting,
) -> (Vec<Change>, Wanted) {
    let types = ["PCM".to_owned()];
    let owned = owned();
    let rules = ExportRules {
        own_source: "dss/X/Y",
        kinds: ExportKinds {
            people: true,
            groups: true,
            remote: true,
        },
        types: &types,
        as_proxy: false,
        trust_limit: Some(setting.limit),
        owned: &owned,
        relay: setting.relay,
        templates: Some(&setting.map),
        charset: Charset::Page(PAGE),
        strict_charset: false,
        x121: X121Spelling::Plain,
        conditions: &setting.conditions,
    };
    let mut found = Vec::new();
    let mut skipped = Vec::new();
    for (container, entry) in entries {
        match decide(entry, &rules) {
            Decision::Export(record, _) => found.push(Found {
                dn: entry.dn.clone(),
                container: container.clone(),
                record: *record,
                is_held: false,
            }),
            Decision::Skip { key, note } => skipped.extend(key.map(|key| (key, note))),
            Decision::Hold { key, lines, .. } => {
                let known = sent.iter().find(|sent| sent.key == key);
                found.extend(
                    known.map(|sent| Found::held(entry.dn.clone(), container.clone(), sent, lines)),
                );
            }
        }
    }
    let containers: Vec<_> = setting.containers.iter().map(|c| dn(c)).collect();
    let wanted = Wanted::new(found, sent, setting.names);
    let absent = Absent {
        skipped: &skipped,
        containers: &containers,
    };
    (difference(sent, &wanted, absent), wanted)
}

fn owned() -> Vec<(String, String)> {
    vec![
        ("NET".to_owned(), "PO1".to_owned()),
        ("NET".to_owned(), "PO2".to_owned()),
    ]
}

fn cycle_with(sent: &[Sent], people: &[Person], setting: &Setting) -> Vec<Change> {
    let read = people
        .iter()
        .filter(|p| setting.containers.contains(&p.container));
    let entries: Vec<_> = read.map(|p| (dn(p.container), p.entry())).collect();
    cycle_entries(sent, &entries, setting).0
}

fn cycle(sent: &[Sent], people: &[Person]) -> Vec<Change> {
    cycle_with(sent, people, &Setting::new())
}

fn after(people: &[Person]) -> Vec<Sent> {
    settled(&[], &cycle(&[], people))
}

fn lines(changes: &[Change]) -> Vec<String> {
    changes
        .iter()
        .map(|change| {
            let transaction = change
                .transaction(PAGE, X121Spelling::Plain)
                .unwrap_or_else(|e| panic!("{e}"));
            PAGE.decode(&transaction.encode_queue_text())
                .replace('\t', " ")
                .replace("\r\n", " | ")
                .replace(" |   ", " | ")
        })
        .collect()
}

const BOB: &str = "Bob Smith";

#[test]
fn dxc_039_a_new_name_is_one_modification_with_both_lines() {
    let sent = after(&[person("NET/PO1/BS", BOB)]);
    let changes = cycle(&sent, &[person("NET/PO1/BS", "Bob Jones")]);
    assert_eq!(
        lines(&changes),
        ["M Bob Smith PCM:NET/PO1/BS | Bob Jones PCM:NET/PO1/BS"]
    );
    assert_eq!(
        settled(&sent, &changes),
        after(&[person("NET/PO1/BS", "Bob Jones")])
    );
}

#[test]
fn dx24_a_change_of_case_is_one_change_and_then_none() {
    let sent = after(&[person("NET/PO1/BS", BOB)]);
    let now = [person("NET/PO1/bs", "BOB Smith")];
    let changes = cycle(&sent, &now);
    assert_eq!(
        lines(&changes),
        ["M Bob Smith PCM:NET/PO1/BS | BOB Smith PCM:NET/PO1/bs"]
    );
    assert_eq!(cycle(&settled(&sent, &changes), &now), []);
}

#[test]
fn dxc_040_a_new_address_is_a_deletion_and_an_addition_in_one_update() {
    let sent = after(&[person("NET/PO1/BS", BOB)]);
    let changes = cycle(&sent, &[person("NET/PO2/BS", BOB)]);
    assert_eq!(
        lines(&changes),
        ["D Bob Smith PCM:NET/PO1/BS", "A Bob Smith PCM:NET/PO2/BS"]
    );
}

#[test]
fn dxc_036_deleted_and_created_again_keeps_the_plain_name() {
    let sent = after(&[person("NET/PO1/BS", BOB)]);
    // The same address: one entry, changed or not.
    assert_eq!(cycle(&sent, &[person("NET/PO1/BS", BOB)]), []);
    let again = [person("NET/PO1/BS", BOB).with("title", "Boss")];
    assert_eq!(
        lines(&cycle(&sent, &again)),
        ["M Bob Smith PCM:NET/PO1/BS | - Title:/Boss"]
    );
    // Another mailbox.
    let changes = cycle(&sent, &[person("NET/PO1/BSMITH", BOB)]);
    assert_eq!(
        lines(&changes),
        [
            "D Bob Smith PCM:NET/PO1/BS",
            "A Bob Smith PCM:NET/PO1/BSMITH"
        ]
    );
}

#[test]
fn dxc_037_nobody_is_renamed_when_the_plain_name_becomes_free() {
    let two = [person("NET/PO1/A", BOB), person("NET/PO1/B", BOB)];
    let sent = after(&two);
    assert_eq!(sent[1].name, "Bob Smith001");
    let changes = cycle(&sent, &two[1..]);
    assert_eq!(lines(&changes), ["D Bob Smith PCM:NET/PO1/A"]);
    assert_eq!(cycle(&settled(&sent, &changes), &two[1..]), []);
}

#[test]
fn dx14_a_lower_trust_limit_deletes_exactly_those_above_it() {
    let people: Vec<_> = (0..10)
        .map(|n| {
            let level = if n < 3 { "50" } else { "20" };
            person(&format!("NET/PO1/U{n}"), &format!("User {n}")).with("syncTrustLevel", level)
        })
        .collect();
    let sent = after(&people);
    let lowered = Setting {
        limit: 20,
        ..Setting::new()
    };
    let changes = cycle_with(&sent, &people, &lowered);
    assert_eq!(
        lines(&changes),
        (0..3)
            .map(|n| format!("D User {n} PCM:NET/PO1/U{n}"))
            .collect::<Vec<_>>()
    );
    let Change::Delete {
        cause: Cause::Excluded(note),
        ..
    } = &changes[0]
    else {
        panic!("{changes:?}");
    };
    assert_eq!(*note, Note::new(Reason::Trust, "level 50, limit 20"));
    let sent = settled(&sent, &changes);
    assert_eq!(cycle_with(&sent, &people, &lowered), []);
    assert_eq!(cycle(&sent, &people).len(), 3);
}

#[test]
fn dx15_hidden_is_deleted_once_and_shown_is_added() {
    let shown = [person("NET/PO1/BS", BOB)];
    let hidden = [person("NET/PO1/BS", BOB).with("syncHidden", "TRUE")];
    let sent = after(&shown);
    let changes = cycle(&sent, &hidden);
    assert_eq!(lines(&changes), ["D Bob Smith PCM:NET/PO1/BS"]);
    let sent = settled(&sent, &changes);
    assert_eq!(cycle(&sent, &hidden), []);
    assert_eq!(lines(&cycle(&sent, &shown)), ["A Bob Smith PCM:NET/PO1/BS"]);
}

#[test]
fn dx13_a_container_that_comes_or_goes_makes_the_difference() {
    let mut people = vec![person("NET/PO1/BS", BOB)];
    people.extend(
        (0..5).map(|n| person(&format!("NET/PO1/U{n}"), &format!("User {n}")).at("ou=B,o=Org")),
    );
    let one = Setting {
        containers: vec!["ou=A,o=Org"],
        ..Setting::new()
    };
    let sent = settled(&[], &cycle_with(&[], &people, &one));
    let added = cycle(&sent, &people);
    assert_eq!(added.len(), 5);
    assert!(
        added
            .iter()
            .all(|change| matches!(change, Change::Add { .. }))
    );
    let sent = settled(&sent, &added);
    let removed = cycle_with(&sent, &people, &one);
    assert_eq!(removed.len(), 5);
    for change in removed {
        let Change::Delete {
            cause: Cause::Excluded(note),
            ..
        } = change
        else {
            panic!("{change:?}");
        };
        assert_eq!(note, Note::new(Reason::OutsideContainers, "ou=B,o=Org"));
    }
}

#[test]
fn dx12_what_is_not_sent_changes_nothing_and_what_was_sent_is_cleared() {
    let with = |attribute, value| [person("NET/PO1/BS", BOB).with(attribute, value)];
    let sent = after(&with("title", "Boss"));
    let same = [person("NET/PO1/BS", BOB)
        .with("title", "Boss")
        .with("carLicense", "X")];
    assert_eq!(cycle(&sent, &same), []);
    let changes = cycle(&sent, &with("initials", "BS"));
    assert_eq!(
        lines(&changes),
        ["M Bob Smith PCM:NET/PO1/BS | - Initials:/BS | - Title:/"]
    );
}

#[test]
fn dxc_073_a_new_table_sends_those_that_have_a_value() {
    let people = [
        person("NET/PO1/A", "Al").with("carLicense", "X 1"),
        person("NET/PO1/B", "Bo"),
    ];
    let none = Setting {
        map: TemplateMap::new(Vec::new()).unwrap(),
        ..Setting::new()
    };
    let sent = settled(&[], &cycle_with(&[], &people, &none));
    let rule = crate::directory::template_map::TemplateRule::new("Plate:", "carLicense");
    let mapped = Setting {
        map: TemplateMap::new(vec![rule]).unwrap(),
        ..Setting::new()
    };
    let changes = cycle_with(&sent, &people, &mapped);
    assert_eq!(lines(&changes), ["M Al PCM:NET/PO1/A | - Plate:/X 1"]);
}

fn link_monitor() -> Vec<(Dn, Entry)> {
    let attributes = [
        ("objectClass", "syncRemoteAddress"),
        ("cn", "Link Monitor"),
        ("syncAddress", "MS:NETWORK/MSM3/MONITOR"),
        ("syncImportedFrom", "dss/NETWORK/MSM3"),
    ];
    let entry = Entry {
        dn: dn("cn=monitor,ou=B,o=Org"),
        attributes: attributes.into_iter().collect(),
    };
    vec![(dn("ou=B,o=Org"), entry)]
}

#[test]
fn dxc_047_what_was_passed_on_goes_by_deletion_and_never_by_replacement() {
    let setting = Setting::new();
    let (changes, _) = cycle_entries(&[], &link_monitor(), &setting);
    let sent = settled(&[], &changes);
    let one = Setting {
        containers: vec!["ou=A,o=Org"],
        ..Setting::new()
    };
    let (changes, _) = cycle_entries(&sent, &[], &one);
    assert_eq!(lines(&changes), ["D Link Monitor PCM:NETWORK/MSM3/MONITOR"]);
    // Nothing was sent, nothing is deleted.
    assert_eq!(cycle_entries(&[], &[], &one).0, []);
}

#[test]
fn dxc_044_a_full_list_replaces_only_postoffices_of_ours() {
    let mut entries = link_monitor();
    let mut by_hand = entries[0].clone();
    by_hand.1.attributes.remove("syncImportedFrom");
    by_hand
        .1
        .attributes
        .set("syncAddress", vec![b"MS:NETWORK/MSM4/TESTUSER".to_vec()]);
    entries.push(by_hand);
    entries.push((dn("ou=A,o=Org"), person("NET/PO1/BS", BOB).entry()));
    let (_, wanted) = cycle_entries(&[], &entries, &Setting::new());
    let changes = full(&owned(), &wanted);
    assert_eq!(
        lines(&changes),
        [
            "R PCM:NET/PO1",
            "R PCM:NET/PO2",
            "A Bob Smith PCM:NET/PO1/BS",
            "A Link Monitor PCM:NETWORK/MSM3/MONITOR",
        ]
    );
    // A full list leaves what a difference would.
    let stale = after(&[person("NET/PO1/OLD", "Old")]);
    let (difference, _) = cycle_entries(&[], &entries, &Setting::new());
    assert_eq!(
        sorted(settled(&stale, &changes)),
        sorted(settled(&[], &difference))
    );
}

#[test]
fn one_address_of_two_entries_is_sent_once_and_the_holder_named() {
    let first = [person("NET/PO1/BS", BOB).at("ou=B,o=Org")];
    let sent = after(&first);
    let both = [person("NET/PO1/bs", "Another"), first[0].clone()];
    let entries: Vec<_> = both.iter().map(|p| (dn(p.container), p.entry())).collect();
    let (changes, wanted) = cycle_entries(&sent, &entries, &Setting::new());
    assert_eq!(changes, []);
    let [(refused, note)] = &wanted.notes[..] else {
        panic!("{:?}", wanted.notes);
    };
    assert_eq!(refused.to_string(), "uid=NET/PO1/bs,ou=A,o=Org");
    assert_eq!(note.reason, Reason::AddressDuplicate);
    assert!(note.detail.ends_with("uid=NET/PO1/BS,ou=B,o=Org"), "{note}");
}

#[test]
fn dx25_a_name_is_free_before_another_takes_it() {
    let people = |names: [&str; 3]| {
        let places = ["NET/PO1/A", "NET/PO1/B", "NET/PO1/C"];
        places
            .iter()
            .zip(names)
            .map(|(place, name)| person(place, name))
            .collect::<Vec<_>>()
    };
    let sent = after(&people(["Al", "Bo", "Cy"]));
    let moved = cycle(&sent, &people(["Bo", "Cy", "Di"]));
    assert_eq!(
        lines(&moved),
        [
            "M Cy PCM:NET/PO1/C | Di PCM:NET/PO1/C",
            "M Bo PCM:NET/PO1/B | Cy PCM:NET/PO1/B",
            "M Al PCM:NET/PO1/A | Bo PCM:NET/PO1/A",
        ]
    );
    let swapped = cycle(&sent, &people(["Bo", "Al", "Cy"]));
    assert_eq!(
        lines(&swapped),
        [
            "D Al PCM:NET/PO1/A",
            "M Bo PCM:NET/PO1/B | Al PCM:NET/PO1/B",
            "A Bo PCM:NET/PO1/A",
        ]
    );
}

fn sorted(mut sent: Vec<Sent>) -> Vec<Sent> {
    sent.sort_by(|a, b| a.key.cmp(&b.key));
    sent
}

#[test]
fn nt02_ntc_021_what_is_unclear_or_fails_keeps_what_the_other_side_has() {
    let mut setting = Setting::new();
    setting.conditions.consent = Some(ConsentRules {
        attribute: "mayLeave".to_owned(),
        blank_is_yes: false,
    });
    let bob = |consent: &str| person("NET/PO1/BS", BOB).with("mayLeave", consent);
    let sent = settled(&[], &cycle_with(&[], &[bob("yes")], &setting));
    assert_eq!(sent.len(), 1);
    let people = [
        bob("Jein").with("title", "Boss"),
        person("NET/PO1/B2", BOB).with("mayLeave", "yes"),
    ];
    assert_eq!(cycle_with(&sent, &people[..1], &setting), []);
    assert_eq!(cycle_with(&[], &people[..1], &setting), []);
    assert_eq!(
        lines(&cycle_with(&sent, &[bob("no")], &setting)),
        ["D Bob Smith PCM:NET/PO1/BS"]
    );
    // Nobody else gets its name, and a full list has it.
    let added = cycle_with(&sent, &people, &setting);
    assert_eq!(lines(&added), ["A Bob Smith001 PCM:NET/PO1/B2"]);
    let read: Vec<_> = people
        .iter()
        .map(|p| (dn(p.container), p.entry()))
        .collect();
    let wanted = cycle_entries(&sent, &read, &setting).1;
    assert_eq!(
        lines(&full(&[], &wanted)),
        [
            "A Bob Smith001 PCM:NET/PO1/B2",
            "A Bob Smith PCM:NET/PO1/BS | - Title:/Boss"
        ]
    );
    // What fails is no wish that it be gone either.
    setting.conditions.demands.required =
        vec![(ExportKind::Person, vec!["departmentNumber".to_owned()])];
    assert_eq!(cycle_with(&sent, &[bob("yes")], &setting), []);
}
