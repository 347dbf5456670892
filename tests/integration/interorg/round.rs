//! Rounds: what branches send is what the others get, once, whatever is doubled, late, restored or changed at the hub.

use std::fs;

use dirsync::plan::outcome::Reason;

use super::org::Org;
use super::scene::Scene;

#[test]
fn what_a_branch_exports_is_what_the_others_have() {
    let [mut one, mut two, mut three] = ["ORG1", "ORG2", "ORG3"].map(Org::new);
    let scene = Scene::new(&[&one, &two, &three]);
    for org in [&mut one, &mut two, &mut three] {
        let mail = format!("jsmith@{}.example", org.name);
        org.person("a", "jsmith", &mail);
    }
    let mut orgs = [&mut one, &mut two, &mut three];
    let done = scene.round(&mut orgs, 0);
    assert_eq!(done["hub"]["requests"].as_array().expect("all").len(), 3);
    assert_eq!(one.shown(), ["ORG2:a jsmith", "ORG3:a jsmith"]);
    assert_eq!(two.shown(), ["ORG1:a jsmith", "ORG3:a jsmith"]);
    assert_eq!(three.shown(), ["ORG1:a jsmith", "ORG2:a jsmith"]);

    two.person("a", "jsmith2", "jsmith@ORG2.example");
    three.remove("a");
    let mut orgs = [&mut one, &mut two, &mut three];
    scene.round(&mut orgs, 0);
    // The deletion is forgotten once everybody has confirmed it.
    let done = scene.round(&mut orgs, 0);
    assert_eq!(done["hub"]["forgotten"], 5, "{done}");
    assert_eq!(one.shown(), ["ORG2:a jsmith2"]);
    assert_eq!(two.shown(), ["ORG1:a jsmith"]);
    assert_eq!(scene.lying(), 0);
}

#[test]
fn two_that_want_one_address_are_told_apart_and_the_holder_is_named() {
    let [mut one, mut two] = ["ORG1", "ORG2"].map(Org::new);
    let scene = Scene::new(&[&one, &two]);
    one.person("a", "ann", "x@company.example");
    two.person("b", "bob", "X@Company.example");
    one.withhold("n", "uid=nobody,o=ORG1", Reason::NoSmtp);
    for org in [&mut one, &mut two] {
        scene.ask(org);
    }
    let report = scene.path("report");
    let line = format!("cycle --json --report {}", report.display());
    let done = scene.dxa(&line).ends(1).json();
    assert_eq!(done["hub"]["waiting"], 1, "{done}");
    let text = fs::read_to_string(&report).expect("a report");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let lines: Vec<serde_json::Value> = lines.collect();
    let refused: Vec<_> = lines
        .iter()
        .filter(|line| line["outcome"] == "refused")
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            [text("entry"), text("name"), text("reason"), text("detail")].join("|")
        })
        .collect();
    assert_eq!(
        refused,
        [
            "ORG1:n|uid=nobody,o=ORG1|no-smtp|no mail",
            "ORG2:b|uid=bob,ou=People,o=ORG2|smtp-duplicate|x@company.example is held by ORG1:a (uid=ann,ou=People,o=ORG1)",
        ]
    );
    let answer = scene.answer(&two);
    assert_eq!(answer.refused.len(), 1);
    let status = scene.dxa("status").ends(0).stdout;
    let waits = "waits: ORG2:b (uid=bob,ou=People,o=ORG2): smtp-duplicate: x@company.example is held by ORG1:a";
    assert!(status.contains(waits), "{status}");
    // The holder gives it up: the other one comes with the same request.
    two.hear(&answer);
    let answer = scene.answer(&one);
    one.hear(&answer);
    one.person("a", "ann", "ann@company.example");
    one.withheld.clear();
    scene.round(&mut [&mut one], 0);
    assert_eq!(one.shown(), ["ORG2:b bob"]);
}

#[test]
fn ioc_013_a_message_that_comes_twice_changes_nothing_the_second_time() {
    let mut one = Org::new("ORG1");
    let scene = Scene::new(&[&one]);
    one.person("a", "ann", "ann@org1.example");
    let request = one.ask();
    let letters = one.letters(request);
    // Twice at once, and again later, behind a restart.
    scene.deliver(&letters);
    scene.deliver(&letters);
    let done = scene.cycle(0);
    assert_eq!(done["mail"]["copies"], 1, "{done}");
    let answer = scene.answer(&one);
    one.hear(&answer);
    let table = scene.table();
    scene.deliver(&letters);
    let done = scene.cycle(0);
    assert_eq!(done["mail"]["copies"], 1, "{done}");
    assert_eq!(done["hub"]["requests"].as_array().expect("none").len(), 0);
    assert_eq!(scene.table(), table);
    assert_eq!((scene.lying(), scene.collect(&one).len()), (0, 0));
    let log = fs::read_to_string(scene.data("dxa.log")).expect("a log");
    let said = "a copy of a message was removed branch=ORG1 because=\"REQUEST org1-request-1 was taken before\"";
    assert!(log.contains(said), "{log}");
}

#[test]
fn ioc_014_a_hub_that_was_restored_begins_anew_and_all_have_all_again() {
    let [mut one, mut two] = ["ORG1", "ORG2"].map(Org::new);
    let scene = Scene::new(&[&one, &two]);
    one.person("a", "ann", "ann@org1.example");
    scene.round(&mut [&mut one, &mut two], 0);
    let old = fs::read(scene.data("master.db")).expect("a table");
    one.person("b", "bob", "bob@org1.example");
    scene.round(&mut [&mut one, &mut two], 0);
    scene.round(&mut [&mut one, &mut two], 0);
    assert_eq!(two.shown(), ["ORG1:a ann", "ORG1:b bob"]);
    let epoch = two.core.applied.epoch.clone();

    fs::write(scene.data("master.db"), old).expect("restored");
    scene.ask(&mut two);
    let done = scene.cycle(4);
    let remarks = done["hub"]["requests"][0]["remarks"].to_string();
    assert!(remarks.contains("sequence-epoch"), "{remarks}");
    let answer = scene.answer(&two);
    assert!(answer.is_full && Some(&answer.epoch) != epoch.as_ref());
    two.hear(&answer);
    // The other branch sends its lost change again, since nobody confirmed it.
    for _ in 0..3 {
        for org in [&mut one, &mut two] {
            scene.ask(org);
        }
        scene.dxa("cycle");
        for org in [&mut one, &mut two] {
            let answer = scene.answer(org);
            org.hear(&answer);
        }
    }
    assert_eq!(two.shown(), ["ORG1:a ann", "ORG1:b bob"]);
    scene.round(&mut [&mut one, &mut two], 0);
}

#[test]
fn ioc_034_export_all_gives_no_new_number_to_what_is_as_it_was() {
    let [mut one, mut two] = ["ORG1", "ORG2"].map(Org::new);
    let scene = Scene::new(&[&one, &two]);
    one.person("a", "ann", "ann@org1.example");
    one.person("b", "bob", "bob@org1.example");
    scene.round(&mut [&mut one, &mut two], 0);
    scene.round(&mut [&mut one, &mut two], 0);
    let last = scene.table()["head last"].clone();
    one.core.export_all();
    one.remove("b");
    let done = scene.round(&mut [&mut one], 0);
    let took = &done["hub"]["requests"][0];
    assert_eq!(
        (&took["is_full"], &took["unchanged"]),
        (&true.into(), &1.into()),
        "{done}"
    );
    assert_eq!(
        (&took["added"], &took["modified"], &took["swept"]),
        (&0.into(), &0.into(), &1.into())
    );
    assert_ne!(scene.table()["head last"], last, "the deletion has one");
    assert_eq!(took["answer"]["upto"], 3);
}

#[test]
fn requests_are_taken_in_their_order_whatever_the_order_of_their_arrival() {
    let mut one = Org::new("ORG1");
    let scene = Scene::new(&[&one]);
    one.person("a", "ann", "ann@org1.example");
    let first = one.ask();
    let first = one.letters(first);
    one.person("a", "anna", "ann@org1.example");
    let second = one.ask();
    let second = one.letters(second);
    scene.deliver(&second);
    scene.deliver(&first);
    let done = scene.cycle(0);
    let requests = done["hub"]["requests"].as_array().expect("two");
    let taken: Vec<_> = requests
        .iter()
        .map(|took| took["request"].as_str().expect("an id"))
        .collect();
    assert_eq!(taken, ["org1-request-1", "org1-request-2"]);
    // One answer waits for each branch: the last one says everything.
    assert_eq!(scene.answer(&one).answers, "org1-request-2");
}

#[test]
fn a_dry_run_says_what_would_be_and_writes_nothing() {
    let mut one = Org::new("ORG1");
    let scene = Scene::new(&[&one]);
    one.person("a", "ann", "ann@org1.example");
    scene.ask(&mut one);
    scene.deliver_bytes(b"From: a@b\n\nspam\n");
    let done = scene.dxa("--dry-run cycle --json").ends(1).json();
    assert_eq!(done["hub"]["requests"][0]["added"], 1, "{done}");
    assert_eq!(done["mail"]["aside"]["unknown-requestor"], 1, "{done}");
    assert_eq!(scene.lying(), 2);
    let left: Vec<_> = fs::read_dir(scene.path("data"))
        .expect("a folder")
        .collect();
    assert_eq!(left.len(), 1, "the Maildir alone: {left:?}");
}
