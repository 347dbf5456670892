use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::*;

use super::*;
use crate::directory::import::{Authorities, Change, ListScope, Needs, Write};
use crate::directory::key::ContainerLayout;

const OWNER: &str = "dss/NET1/PO1";

fn managed() -> Names {
    ["cn", "title", "telephoneNumber"].into_iter().collect()
}

fn container() -> Dn {
    Dn::parse("ou=Imported,o=Org").expect("a name")
}

fn key(text: &str) -> SyncKey {
    SyncKey::stored(text)
}

fn person(key: &str, cn: &str) -> Attributes {
    let pairs = [
        ("objectClass", "inetOrgPerson"),
        ("objectClass", "syncRemoteAddress"),
        ("syncKey", key),
        ("syncAddress", key),
        ("cn", cn),
        ("syncOriginalName", cn),
    ];
    Attributes::from_iter(pairs)
}

struct Scene {
    snapshot: Snapshot,
    authorities: Authorities,
    also_accept: Vec<String>,
    trust: u8,
    force_trust: bool,
    extent: Extent,
}

impl Scene {
    fn new(extent: Extent) -> Self {
        Self {
            snapshot: Snapshot::default(),
            authorities: Authorities::default(),
            also_accept: Vec::new(),
            trust: 100,
            force_trust: false,
            extent,
        }
    }

    fn updates() -> Self {
        Self::new(Extent::Updates { is_whole: true })
    }

    fn list() -> Self {
        Self::new(Extent::List { is_whole: true })
    }

    fn holding(mut self, name: &str, cn: &str, owner: Option<&str>) -> Self {
        let mut attributes = person(name, cn);
        if let Some(owner) = owner {
            attributes.set_one("syncImportedFrom", owner);
        }
        attributes.set_one("syncTrustLevel", "100");
        self.hold(attributes);
        self
    }

    /// Puts an entry in as the directory holds it, and as its attributes say.
    fn hold(&mut self, attributes: Attributes) {
        let name = key(attributes.text("syncKey").expect("a key"));
        let dn = name.dn(&container(), ContainerLayout::Flat);
        let owner = attributes.text("syncImportedFrom").map(str::to_owned);
        self.snapshot
            .add(name, dn, owner.as_deref(), Some(attributes));
    }

    /// Decides with all that entries hold, which must be what is decided with only what the asks need of it.
    fn decide(&self, asks: &[Ask]) -> Decision {
        let (sender, managed) = (self.sender(), managed());
        let needs = Needs::of(asks, &sender, &managed, &Nothing);
        let mut needed = self.snapshot.clone();
        for (key, held) in self.snapshot.iter() {
            let present = held.attributes.as_ref().expect("all of it");
            if !needs.keeps(key, present) {
                needed.add(key.clone(), held.dn.clone(), held.owner.as_deref(), None);
            }
        }
        let decision = self.decide_on(&self.snapshot, asks);
        assert_eq!(self.decide_on(&needed, asks), decision);
        assert_eq!(
            self.decide_in_parts(asks)
                .unwrap_or_else(|| decision.clone()),
            decision
        );
        decision
    }

    /// Decides key by key, where the asks are not linked.
    fn decide_in_parts(&self, asks: &[Ask]) -> Option<Decision> {
        let sender = self.sender();
        let mut course = Course::new(self.extent);
        let moments: Vec<_> = asks.iter().map(|ask| course.take(ask, &sender)).collect();
        if course.is_linked() {
            return None;
        }
        let (managed, course) = (managed(), &course);
        let terms = Terms {
            sender: &sender,
            managed: &managed,
            dn: &|key| key.dn(&container(), ContainerLayout::Flat),
        };
        let asked = asks.iter().map(|ask| ask.key().cloned());
        let there = self.snapshot.iter().map(|(key, _)| Some(key.clone()));
        let keys: BTreeSet<_> = asked.chain(there).collect();
        let mut whole = Decision {
            is_damaged: course.is_damaged,
            ..Decision::default()
        };
        let mut fates: Vec<Option<Fate>> = vec![None; asks.len()];
        let mut kinds: [Vec<Write>; 4] = Default::default();
        for key in keys {
            let mut snapshot = self.snapshot.clone();
            snapshot.clear();
            if let Some((key, held)) = key.as_ref().and_then(|k| Some((k, self.snapshot.get(k)?))) {
                let (owner, attributes) = (held.owner.as_deref(), held.attributes.clone());
                snapshot.add(key.clone(), held.dn.clone(), owner, attributes);
            }
            let of_key = |at: &usize| asks[*at].key() == key.as_ref();
            let places: Vec<_> = (0..asks.len()).filter(of_key).collect();
            let asks: Vec<_> = places.iter().map(|at| asks[*at].clone()).collect();
            let moments: Vec<_> = places.iter().map(|at| moments[*at]).collect();
            let part = Part {
                snapshot: &snapshot,
                asks: &asks,
                moments: &moments,
                course,
            };
            let part = decide_part(part, terms, &mut Nothing);
            let place = |at: usize| match places.get(at) {
                Some(place) => *place,
                None => fates.len() + at - places.len(),
            };
            for mut write in part.writes {
                write.fate = place(write.fate);
                let kind = match write.change {
                    Change::Delete { .. } => 0,
                    Change::Rename { .. } => 1,
                    Change::Modify { .. } => 2,
                    Change::Add(_) => 3,
                };
                kinds[kind].push(write);
            }
            for (at, fate) in part.fates.into_iter().enumerate() {
                match places.get(at) {
                    Some(place) => fates[*place] = Some(fate),
                    None => fates.push(Some(fate)),
                }
            }
            whole.counts.merge(&part.counts);
            whole.foreign += part.foreign;
            whole.owned += part.owned;
            whole.stand_ins.extend(part.stand_ins);
        }
        whole.writes = kinds.into_iter().flatten().collect();
        whole.fates = fates
            .into_iter()
            .map(|fate| fate.expect("one each"))
            .collect();
        Some(whole)
    }

    fn decide_on(&self, snapshot: &Snapshot, asks: &[Ask]) -> Decision {
        let dn = |key: &SyncKey| key.dn(&container(), ContainerLayout::Flat);
        decide(
            snapshot,
            &self.sender(),
            asks,
            self.extent,
            &managed(),
            dn,
            &mut Nothing,
        )
    }

    fn sender(&self) -> Sender<'_> {
        Sender {
            owner: OWNER,
            also_accept: &self.also_accept,
            authorities: &self.authorities,
            trust: self.trust,
            force_trust: self.force_trust,
        }
    }
}

/// A line of a change is `attribute=value`, its name is `cn`, and nothing is made.
struct Nothing;

impl Mapping for Nothing {
    fn modify(&self, present: &Attributes, changed: &Changed) -> (Attributes, Vec<Note>) {
        let mut attributes = present.clone();
        for line in &changed.lines {
            let (name, value) = line.split_once('=').expect("a line");
            attributes.set_one(name, value);
        }
        if let Some((_, address)) = &changed.new {
            attributes.set_one("syncKey", SyncKey::of(address).as_str());
            attributes.set_one("syncAddress", address.to_string());
        }
        (attributes, Vec::new())
    }

    fn finish(&mut self, _: &SyncKey, _: Option<&Held>, _: &mut Attributes) -> Vec<Note> {
        Vec::new()
    }

    fn leaves(&self, _: &Attributes) -> bool {
        true
    }

    fn free(&mut self, _: &SyncKey, _: &Held) {}
}

fn ask(want: Want) -> Ask {
    Ask {
        want,
        number: None,
        notes: Vec::new(),
    }
}

fn put(name: &str, cn: &str) -> Ask {
    ask(Want::Put {
        key: key(name),
        attributes: person(name, cn),
    })
}

fn remove(name: &str) -> Ask {
    ask(Want::Remove { key: key(name) })
}

fn change(select: Select, to: Option<&str>, pairs: &[(&str, &str)]) -> Ask {
    let lines = pairs.iter().map(|(name, value)| format!("{name}={value}"));
    let address = |to| TargetAddress::parse(to).expect("an address");
    let changed = Box::new(Changed {
        name: Vec::new(),
        new: to.map(|to| (Vec::new(), address(to))),
        lines: lines.collect(),
    });
    ask(Want::Change { select, changed })
}

fn replace(network: &str, postoffice: &str) -> Ask {
    ask(Want::Replace {
        list: ListScope::Postoffice {
            network: network.to_owned(),
            postoffice: postoffice.to_owned(),
        },
    })
}

fn shown(decision: &Decision) -> Vec<String> {
    let changes = decision.writes.iter().map(|write| match &write.change {
        Change::Delete { dn } => format!("delete {}", own(dn)),
        Change::Rename { dn, to } => format!("rename {} {}", own(dn), own(to)),
        Change::Modify { dn, modified } => {
            let mut names: Vec<_> = modified.iter().map(|m| &m.attribute[..]).collect();
            names.sort_unstable();
            format!("modify {} {}", own(dn), names.join(" "))
        }
        Change::Add(entry) => format!("add {}", own(&entry.dn)),
    });
    changes.collect()
}

fn changes(decision: &Decision) -> Vec<Change> {
    decision
        .writes
        .iter()
        .map(|write| write.change.clone())
        .collect()
}

fn own(dn: &Dn) -> String {
    String::from_utf8(dn.own_value("syncKey").expect("a key")).expect("text")
}

fn why(decision: &Decision) -> Vec<(Outcome, Option<Reason>)> {
    let fates = decision.fates.iter();
    fates
        .map(|fate| (fate.outcome, fate.reason.as_ref().map(|note| note.reason)))
        .collect()
}

const A: &str = "MS:NET1/PO1/A";
const B: &str = "MS:NET1/PO1/B";
const C: &str = "MS:NET1/PO1/C";

#[test]
fn dxc_001_a_list_makes_the_entries_of_its_owner_equal_and_leaves_the_rest() {
    let scene = Scene::list()
        .holding(A, "Ann", Some(OWNER))
        .holding(B, "Bob", Some(OWNER))
        .holding("MS:NET1/PO1/X", "Xaver", Some(OWNER))
        .holding("MS:NET9/PO9/M", "Manual", None);
    let decision = scene.decide(&[put(A, "Ann"), put(B, "Bobby"), put(C, "Carl")]);
    let counts = decision.counts;
    let found = (
        counts.added,
        counts.modified,
        counts.swept,
        counts.unchanged,
        decision.foreign,
    );
    assert_eq!(found, (1, 1, 1, 1, 1));
    assert!(counts.adds_up());
    assert_eq!(
        shown(&decision),
        [
            "delete MS:NET1/PO1/X",
            "modify MS:NET1/PO1/B cn syncOriginalName",
            "add MS:NET1/PO1/C"
        ]
    );
}

#[test]
fn dxc_008_a_line_that_nobody_can_read_withholds_what_a_list_would_sweep() {
    let scene = Scene::list()
        .holding(A, "Ann", Some(OWNER))
        .holding(B, "Bob", Some(OWNER));
    let reason = Note::new(Reason::ListDamaged, "line 7");
    let bad = |key| {
        ask(Want::Unusable {
            key,
            reason: reason.clone(),
        })
    };
    let decision = scene.decide(&[put(C, "Carl"), bad(None)]);
    assert!(decision.is_damaged);
    assert_eq!(
        (
            decision.counts.kept,
            decision.counts.withheld,
            decision.counts.refused
        ),
        (2, 2, 1)
    );
    assert_eq!(shown(&decision), ["add MS:NET1/PO1/C"]);
    // NTC-021: an entry that failed to apply is not absent.
    let decision = scene.decide(&[bad(Some(key(A)))]);
    assert_eq!(shown(&decision), ["delete MS:NET1/PO1/B"]);
}

#[test]
fn a_list_that_is_not_proven_whole_removes_nothing() {
    let scene = Scene::new(Extent::List { is_whole: false }).holding(A, "Ann", Some(OWNER));
    let decision = scene.decide(&[put(B, "Bob")]);
    assert_eq!(shown(&decision), ["add MS:NET1/PO1/B"]);
    assert_eq!(decision.counts.withheld, 1);
}

#[test]
fn dxc_045_an_r_for_a_postoffice_of_another_is_refused_and_the_rest_applied() {
    let mut scene = Scene::updates().holding("MS:NETWORK/MSM3/U", "U", Some(OWNER));
    scene
        .authorities
        .register("NETWORK", "MSM3", "other/NETWORK/MSM3");
    let decision = scene.decide(&[
        replace("network", "msm3"),
        put("MS:NETWORK/MSM3/TESTUSER", "Test"),
        put(A, "Ann"),
    ]);
    let refused = (Outcome::Refused, Some(Reason::NotAuthoritative));
    assert_eq!(why(&decision), [refused, refused, (Outcome::Added, None)]);
    let reason = decision.fates[0].reason.as_ref().expect("a reason");
    assert!(reason.detail.contains("other/NETWORK/MSM3"), "{reason}");
    assert_eq!(shown(&decision), ["add MS:NET1/PO1/A"]);
}

#[test]
fn an_r_removes_what_is_not_named_behind_it_when_the_message_is_whole() {
    let asks = [replace("NET1", "PO1"), put(A, "Ann")];
    let scene = |extent| {
        let scene = Scene::new(extent).holding(A, "Ann", Some(OWNER));
        scene
            .holding(B, "Bob", Some(OWNER))
            .holding("MS:NET1/PO10/B", "Bob", Some(OWNER))
    };
    let decision = scene(Extent::Updates { is_whole: true }).decide(&asks);
    assert_eq!(shown(&decision), ["delete MS:NET1/PO1/B"], "never a prefix");
    let decision = scene(Extent::Updates { is_whole: false }).decide(&asks);
    assert!(shown(&decision).is_empty());
    assert_eq!(decision.counts.withheld, 1);
}

#[test]
fn dxc_049_the_registered_owner_of_a_postoffice_may_take_its_entry_back() {
    let mut scene = Scene::updates().holding(A, "Ann", Some("other/NET1/PO2"));
    scene.authorities.register("NET1", "PO1", OWNER);
    let decision = scene.decide(&[remove(A)]);
    assert_eq!(shown(&decision), ["delete MS:NET1/PO1/A"]);
    assert_eq!(decision.fates[0].notes[0].reason, Reason::OwnerFallback);
    let decision = scene.decide(&[put(A, "Ann")]);
    assert_eq!(
        shown(&decision),
        ["modify MS:NET1/PO1/A syncImportedFrom"],
        "stamped anew"
    );
}

#[test]
fn dxc_050_anybody_else_is_refused_and_the_owner_named() {
    let scene = Scene::updates().holding(A, "Ann", Some("other/NET1/PO2"));
    let decision = scene.decide(&[remove(A)]);
    assert_eq!(why(&decision), [(Outcome::Refused, Some(Reason::NotOwner))]);
    let reason = decision.fates[0].reason.as_ref().expect("a reason");
    assert!(reason.detail.contains("other/NET1/PO2"), "{reason}");
    assert!(decision.writes.is_empty());
}

#[test]
fn dxc_051_an_owner_of_the_list_of_others_is_accepted_and_said_once() {
    let mut scene = Scene::updates()
        .holding(A, "Ann", Some("PO9"))
        .holding(B, "Bob", Some("PO9"));
    scene.also_accept = vec!["po9".to_owned()];
    let title = [("title", "Clerk")];
    let decision = scene.decide(&[
        change(Select::Key(key(A)), None, &title),
        change(Select::Key(key(B)), None, &title),
    ]);
    assert_eq!(
        shown(&decision),
        ["modify MS:NET1/PO1/A title", "modify MS:NET1/PO1/B title"]
    );
    assert_eq!(decision.stand_ins.len(), 1);
}

#[test]
fn dxc_052_an_entry_without_owner_is_never_changed() {
    let scene = Scene::updates().holding(A, "Ann", None);
    let decision = scene.decide(&[
        change(Select::Key(key(A)), None, &[("title", "Clerk")]),
        remove(A),
    ]);
    let refused = (Outcome::Refused, Some(Reason::NotOwner));
    assert_eq!(why(&decision), [refused, refused]);
    assert!(
        decision.fates[0]
            .reason
            .as_ref()
            .is_some_and(|note| note.detail.contains("owner none"))
    );
}

#[test]
fn ldc_036_an_address_that_another_source_holds_is_not_overwritten() {
    let scene = Scene::updates().holding(A, "Ann", Some("other/NET1/PO2"));
    let decision = scene.decide(&[put(A, "Ann")]);
    assert_eq!(
        why(&decision),
        [(Outcome::Refused, Some(Reason::AddressDuplicate))]
    );
    let detail = &decision.fates[0].reason.as_ref().expect("a reason").detail;
    assert!(
        detail.contains("other/NET1/PO2") && detail.contains("syncKey"),
        "{detail}"
    );
    let mut scene = Scene::updates();
    let person = Dn::parse("cn=Ann,o=Org").expect("a name");
    let address = TargetAddress::parse("pcm:net1/po1/a").expect("an address");
    scene.snapshot.add_other(&address, &person);
    let decision = scene.decide(&[put(A, "Ann")]);
    assert_eq!(
        decision.fates[0]
            .reason
            .as_ref()
            .map(|note| &note.detail[..]),
        Some("cn=Ann,o=Org")
    );
}

#[test]
fn dxc_055_056_a_name_alone_means_the_one_entry_that_has_it() {
    let title = [("title", "Clerk")];
    let by_name = change(Select::Name("george jones".to_owned()), None, &title);
    let one = Scene::updates()
        .holding(A, "George Jones", Some(OWNER))
        .holding(B, "George Jones", Some("other/NET1/PO2"));
    let decision = one.decide(std::slice::from_ref(&by_name));
    assert_eq!(shown(&decision), ["modify MS:NET1/PO1/A title"]);
    let two = one.holding(C, "George Jones", Some(OWNER));
    let decision = two.decide(std::slice::from_ref(&by_name));
    assert_eq!(
        why(&decision),
        [(Outcome::Refused, Some(Reason::AmbiguousName))]
    );
    let detail = &decision.fates[0].reason.as_ref().expect("a reason").detail;
    assert!(
        detail.contains(A) && detail.contains(C) && !detail.contains(B),
        "{detail}"
    );
    let decision = Scene::updates().decide(&[by_name]);
    assert_eq!(
        why(&decision),
        [(Outcome::Refused, Some(Reason::NoSuchEntry))]
    );
}

#[test]
fn a_name_that_several_have_keeps_all_of_them_in_a_list() {
    let scene = Scene::list()
        .holding(A, "George Jones", Some(OWNER))
        .holding(C, "George Jones", Some(OWNER))
        .holding(B, "Bob", Some(OWNER));
    let by_name = change(Select::Name("George Jones".to_owned()), None, &[]);
    let decision = scene.decide(&[by_name]);
    assert_eq!(shown(&decision), ["delete MS:NET1/PO1/B"]);
}

#[test]
fn dxc_054_an_entry_may_be_changed_in_the_run_that_brings_it() {
    let decision = Scene::updates().decide(&[
        put(A, "Ann"),
        change(Select::Key(key(A)), None, &[("title", "Clerk")]),
    ]);
    assert_eq!(
        why(&decision),
        [(Outcome::Added, None), (Outcome::Modified, None)]
    );
    match &changes(&decision)[..] {
        [Change::Add(entry)] => assert_eq!(entry.attributes.text("title"), Some("Clerk")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn dxc_036_deleting_and_adding_again_is_one_modification() {
    let scene = Scene::updates().holding(A, "Ann", Some(OWNER));
    let decision = scene.decide(&[remove(A), put(A, "Anna")]);
    assert_eq!(
        shown(&decision),
        ["modify MS:NET1/PO1/A cn syncOriginalName"]
    );
    let decision = scene.decide(&[remove(A), put(A, "Ann")]);
    assert!(decision.writes.is_empty(), "{:?}", shown(&decision));
}

#[test]
fn a_new_address_is_a_rename_and_a_circle_is_broken() {
    let scene = Scene::updates()
        .holding(A, "Ann", Some(OWNER))
        .holding(B, "Bob", Some(OWNER));
    let move_to = |from: &str, to: &str| change(Select::Key(key(from)), Some(to), &[]);
    let decision = scene.decide(&[move_to(A, C)]);
    assert_eq!(
        shown(&decision),
        [
            "rename MS:NET1/PO1/A MS:NET1/PO1/C",
            "modify MS:NET1/PO1/C syncAddress"
        ]
    );
    let decision = scene.decide(&[move_to(A, B)]);
    assert_eq!(
        why(&decision),
        [(Outcome::Refused, Some(Reason::AddressDuplicate))]
    );
    // B moves away first, then A takes its place.
    let decision = scene.decide(&[move_to(B, C), move_to(A, B)]);
    assert_eq!(
        shown(&decision)[..2],
        [
            "rename MS:NET1/PO1/B MS:NET1/PO1/C",
            "rename MS:NET1/PO1/A MS:NET1/PO1/B"
        ]
    );
    let decision = scene.decide(&[move_to(B, C), move_to(A, B), move_to(C, A)]);
    let shown = shown(&decision);
    assert_eq!(shown.len(), 4, "{shown:?}");
    assert!(
        shown[0].starts_with("delete") && shown[3].starts_with("add"),
        "{shown:?}"
    );
}

#[test]
fn what_comes_back_to_its_owner_touches_nothing() {
    let mut scene = Scene::updates();
    scene.authorities.own("NET1", "PO1");
    let decision = scene.decide(&[put(A, "Ann"), remove(B)]);
    let ignored = (Outcome::Ignored, Some(Reason::OwnImport));
    assert_eq!(why(&decision), [ignored, ignored]);
}

#[test]
fn dx_17_nobody_moves_an_entry_into_a_postoffice_of_the_agent() {
    let mut scene = Scene::updates().holding(A, "Ann", Some(OWNER));
    scene.authorities.own("NET2", "AGENT");
    let to = Some("MS:net2/Agent/ANN");
    let decision = scene.decide(&[change(Select::Key(key(A)), to, &[])]);
    let refused = (Outcome::Refused, Some(Reason::NotAuthoritative));
    assert_eq!(why(&decision), [refused]);
    assert!(decision.writes.is_empty());
}

#[test]
fn dx_14_a_trust_level_that_was_changed_here_stays_unless_it_is_forced() {
    let mut scene = Scene::updates().holding(A, "Ann", Some(OWNER));
    scene.trust = 20;
    assert!(scene.decide(&[put(A, "Ann")]).writes.is_empty());
    scene.force_trust = true;
    assert_eq!(
        shown(&scene.decide(&[put(A, "Ann")])),
        ["modify MS:NET1/PO1/A syncTrustLevel"]
    );
}

#[test]
fn an_attribute_that_the_list_does_not_manage_stays() {
    let mut scene = Scene::list().holding(A, "Ann", Some(OWNER));
    let held = scene.snapshot.get(&key(A)).expect("there");
    let mut attributes = held.attributes.clone().expect("all of it");
    for (name, value) in [
        ("title", "Clerk"),
        ("seeAlso", "cn=x"),
        ("syncProxySecondary", "SMTP:ann@a"),
    ] {
        attributes.set_one(name, value);
    }
    attributes.add("objectClass", "posixAccount");
    scene.hold(attributes);
    let mut wanted = put(A, "Ann");
    if let Want::Put { attributes, .. } = &mut wanted.want {
        attributes.set_one("syncProxySecondary", "SMTP:ann@b");
    }
    let decision = scene.decide(&[wanted]);
    match &changes(&decision)[..] {
        [Change::Modify { modified, .. }] => {
            let names: Vec<_> = modified
                .iter()
                .map(|m| (&m.attribute[..], m.values.len()))
                .collect();
            assert_eq!(names, [("title", 0), ("syncProxySecondary", 2)]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_group_that_becomes_a_person_is_made_anew() {
    let scene = Scene::list().holding(A, "All", Some(OWNER));
    let mut wanted = put(A, "All");
    if let Want::Put { attributes, .. } = &mut wanted.want {
        attributes.set("objectClass", ["organizationalRole", "syncRemoteAddress"]);
    }
    let decision = scene.decide(&[wanted]);
    assert_eq!(
        shown(&decision),
        ["delete MS:NET1/PO1/A", "add MS:NET1/PO1/A"]
    );
}

fn any_ask() -> impl Strategy<Value = Ask> {
    let name = || prop::sample::select(vec![A, B, C, "MS:NET1/PO2/A", "SMTP:a@b"]);
    let cn = || prop::sample::select(vec!["Ann", "Bob"]);
    prop_oneof![
        4 => (name(), cn()).prop_map(|(name, cn)| put(name, cn)),
        2 => name().prop_map(remove),
        2 => (name(), prop::option::of(name()), cn())
            .prop_map(|(from, to, cn)| change(Select::Key(key(from)), to, &[("cn", cn)])),
        1 => Just(replace("NET1", "PO1")),
        1 => cn().prop_map(|cn| change(Select::Name(cn.to_owned()), None, &[("title", "Clerk")])),
    ]
}

/// Carries changes out as a directory does, which refuses what is not possible in that moment.
fn carry_out(scene: &mut Scene, changes: &[Change]) {
    let mut entries: BTreeMap<String, (Dn, Attributes)> = BTreeMap::new();
    for (_, held) in scene.snapshot.iter() {
        let attributes = held.attributes.clone().expect("all of it");
        entries.insert(held.dn.key(), (held.dn.clone(), attributes));
    }
    for change in changes {
        match change {
            Change::Delete { dn } => assert!(entries.remove(&dn.key()).is_some(), "no {dn}"),
            Change::Rename { dn, to } => {
                let (_, mut attributes) = entries
                    .remove(&dn.key())
                    .unwrap_or_else(|| panic!("no {dn}"));
                attributes.set_one("syncKey", own(to));
                let before = entries.insert(to.key(), (to.clone(), attributes));
                assert!(before.is_none(), "{to} is there");
            }
            Change::Modify { dn, modified } => {
                let (_, attributes) = entries
                    .get_mut(&dn.key())
                    .unwrap_or_else(|| panic!("no {dn}"));
                for m in modified {
                    attributes.set(&m.attribute, &m.values);
                }
            }
            Change::Add(entry) => {
                let before =
                    entries.insert(entry.dn.key(), (entry.dn.clone(), entry.attributes.clone()));
                assert!(before.is_none(), "{} is there", entry.dn);
            }
        }
    }
    scene.snapshot = Snapshot::default();
    for (dn, attributes) in entries.into_values() {
        assert_eq!(
            attributes.text("syncKey"),
            Some(&own(&dn)[..]),
            "the name says what the attribute says"
        );
        scene.hold(attributes);
    }
}

proptest! {
    #[test]
    fn changes_can_be_carried_out_in_their_order_and_every_ask_has_a_fate(
        begin in prop::collection::vec(any_ask(), 0..8),
        then in prop::collection::vec(any_ask(), 0..12),
        is_list in any::<bool>(),
    ) {
        let mut scene = Scene::updates();
        let changes = changes(&scene.decide(&begin));
        carry_out(&mut scene, &changes);
        scene.extent = match is_list {
            true => Extent::List { is_whole: true },
            false => Extent::Updates { is_whole: true },
        };
        let decision = scene.decide(&then);
        prop_assert!(decision.counts.adds_up());
        prop_assert!(decision.fates.len() >= then.len());
        carry_out(&mut scene, &self::changes(&decision));
        if is_list {
            // A list is a state: what it brings is there, and once more changes nothing.
            let puts: Vec<_> = then.iter().filter(|ask| matches!(ask.want, Want::Put { .. })).cloned().collect();
            let changes = self::changes(&scene.decide(&puts));
            carry_out(&mut scene, &changes);
            let again = scene.decide(&puts);
            prop_assert!(again.writes.is_empty(), "{:?}", shown(&again));
            let keys: HashSet<_> = puts.iter().map(|ask| match &ask.want { Want::Put { key, .. } => key, _ => unreachable!() }).collect();
            prop_assert_eq!(scene.snapshot.iter().count(), keys.len());
        }
    }
}
