//! Numbers: lost, doubled, restored, and begun anew.

use dirsync::directory::interorg::wire::{Parts, Unit, read_changes, read_withheld};
use dirsync::directory::interorg::{Answer, Usn};
use dirsync::plan::outcome::{Outcome, Reason};
use dirsync::tools::dxa::interorg::branch::Wanted;
use dirsync::tools::exit::ExitCode;

use super::scene::{Hub, OTHERS, Org, PEOPLE, ended};

const IMPORT_ALL: Wanted = Wanted {
    import_all: true,
    export_all: false,
    allow_deletes: None,
};

fn people(org: &Org, names: &[&str]) {
    for name in names {
        let mail = format!(
            "{}@{}.example",
            name.to_lowercase(),
            org.name.to_lowercase()
        );
        org.person(name, name, &mail, "");
    }
}

/// Joins parts of an answer, those that arrive.
fn joined(answer: Answer, limit: usize, lost: Option<usize>) -> Option<Answer> {
    let all = Unit::Answer(answer).into_parts(limit);
    assert_eq!(all.len(), 2, "it does not fit into one message");
    let mut parts = Parts::default();
    for (part, changes, withheld) in all {
        if Some(part.number) == lost {
            continue;
        }
        let changes = read_changes(&changes).expect("changes");
        let withheld = read_withheld(&withheld).expect("reasons");
        parts.add(part, changes, withheld).expect("a part");
    }
    match parts.join() {
        Some(Unit::Answer(answer)) => Some(answer),
        Some(other) => panic!("{other:?}"),
        None => None,
    }
}

#[test]
fn ioc_012_while_a_part_is_missing_the_number_stays_and_all_of_it_is_asked_for_again() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    people(&two, &["Ann"]);
    hub.round(&[&one, &two]);
    let long = "x".repeat(4_000);
    for name in ["Bob", "Eve"] {
        people(&two, &[name]);
        two.replace(&format!("cn={name},{PEOPLE}"), "street", &long);
    }
    hub.cycle(&two);
    let (request, _) = one.ask();
    let before = request.applied.usn;
    let (_, answer) = hub.serve(&[&request]).remove(0);
    let limit = 8 * 1024 + 6_000;
    assert_eq!(joined(answer.clone(), limit, Some(2)), None);
    assert_eq!(one.entries().len(), 1, "nothing is swept, nothing applied");
    let (request, _) = one.ask();
    assert_eq!(request.applied.usn, before);
    let (_, again) = hub.serve(&[&request]).remove(0);
    let again = joined(again, limit, None).expect("whole");
    let took = one.hear(&again);
    assert_eq!((took.before, took.after), (before, answer.span.upto));
    assert_eq!(one.entries().len(), 3);
}

#[test]
fn ioc_013_an_answer_that_comes_twice_or_late_changes_nothing() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    people(&two, &["Ann"]);
    hub.cycle(&two);
    let (request, _) = one.ask();
    let (_, first) = hub.serve(&[&request]).remove(0);
    one.hear(&first);
    let before = one.slapd.slapcat();
    let took = one.hear(&first);
    assert_eq!((took.counts.changed(), took.after), (0, first.span.upto));
    two.replace(&format!("cn=Ann,{PEOPLE}"), "title", "Clerk");
    assert_eq!(one.slapd.slapcat(), before);
    hub.cycle(&two);
    let (request, _) = one.ask();
    let (_, second) = hub.serve(&[&request]).remove(0);
    one.hear(&second);
    let before = one.slapd.slapcat();
    assert!(before.contains("title: Clerk"));
    one.hear(&second);
    let took = one.hear(&first);
    assert_eq!((took.is_news, took.after), (false, second.span.upto));
    assert!(took.remarks[0].starts_with("sequence-old"), "{took:?}");
    assert_eq!(one.slapd.slapcat(), before, "not back to what was late");
}

#[test]
fn an_answer_behind_a_gap_is_not_taken() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    people(&two, &["Ann"]);
    hub.round(&[&one, &two]);
    people(&two, &["Bob"]);
    hub.cycle(&two);
    let (request, _) = one.ask();
    let (_, mut answer) = hub.serve(&[&request]).remove(0);
    answer.span.after = Usn(answer.span.after.0 + 1);
    answer.span.upto = Usn(answer.span.upto.0 + 1);
    let took = one.hear(&answer);
    assert!(took.remarks[0].starts_with("sequence-gap"), "{took:?}");
    assert_eq!((took.exit(), one.entries().len()), (ExitCode::OutOfStep, 1));
    let (again, _) = one.ask();
    assert_eq!(again.applied, request.applied);
}

#[test]
fn ioc_014_a_hub_that_was_restored_gives_a_full_list_under_a_new_numbering() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    people(&two, &["Ann", "Bob"]);
    hub.round(&[&one, &two]);
    hub.back_up();
    people(&two, &["Eve"]);
    two.delete(&format!("cn=Bob,{PEOPLE}"));
    hub.round(&[&one, &two]);
    assert_eq!(one.entries().len(), 2);
    hub.restore();
    let (request, _) = one.ask();
    let old = request.applied.epoch.clone();
    let (taken, answer) = hub.serve(&[&request]).remove(0);
    assert!(
        taken
            .remarks
            .iter()
            .any(|note| note.reason == Reason::SequenceEpoch)
    );
    assert!(answer.is_full);
    one.hear(&answer);
    let (request, _) = one.ask();
    assert_eq!(request.applied.epoch.as_ref(), Some(&answer.epoch));
    assert_ne!(request.applied.epoch, old);
    // What it forgot comes back from who has it.
    for _ in 0..2 {
        hub.round(&[&one, &two]);
    }
    let expected = ["ORG2 Ann <ann@org2.example>", "ORG2 Eve <eve@org2.example>"];
    assert_eq!(one.shown(), expected);
}

#[test]
fn ioc_033_import_all_brings_everything_and_deletes_only_what_is_the_hubs() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    people(&two, &["Ann", "Bob", "Eve"]);
    hub.round(&[&one, &two]);
    let eve = one.entry("Eve").dn.to_string();
    one.replace(&eve, "syncProxySecondary", "SMTP:made@up.example");
    let remote = |key: &str, owner: &str| {
        one.slapd.add(&format!(
            "dn: syncKey={key},{OTHERS}\nobjectClass: organizationalRole\nobjectClass: syncRemoteAddress\n\
             syncKey: {key}\ncn: {key}\nsyncAddress: FAX:{key}\nsyncImportedFrom: {owner}\n"
        ));
    };
    remote("ORG2:00000000-stale", "hub/ORG1");
    remote("SMTP:other@x.example", "dss/NET1/PO1");
    one.slapd.add(&format!(
        "dn: cn=Manual,{OTHERS}\nobjectClass: organizationalRole\ncn: Manual\n"
    ));
    let ann = one.entry("Ann");
    one.replace(&ann.dn.to_string(), "title", "made up");
    one.delete(&one.entry("Bob").dn.to_string());
    let (asked, _, took) = hub.cycle_with(&one, IMPORT_ALL);
    assert!(asked.asks_for_all && took.is_full && !asked.is_full);
    let counts = &took.counts;
    assert_eq!(
        (counts.added, counts.modified, counts.swept),
        (1, 2, 1),
        "{took:?}"
    );
    assert_eq!(one.entries().len(), 3);
    assert_eq!(one.entry("Ann").attributes.text("title"), None);
    let eve = one.entry("Eve");
    assert_eq!(eve.attributes.text("syncProxySecondary"), None);
    let left = one
        .slapd
        .search(OTHERS, "(objectClass=organizationalRole)", &["cn"]);
    assert!(
        left.contains("cn: Manual") && left.contains("other@x"),
        "{left}"
    );
    let file = took.removed.expect("it is kept");
    let kept = std::fs::read_to_string(file).expect("read");
    assert!(
        kept.contains("00000000-stale") && kept.starts_with("version: 1"),
        "{kept}"
    );
}

#[test]
fn ioc_034_export_all_sends_everything_and_nothing_gets_a_new_number_for_it() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    people(&one, &["Ann", "Bob"]);
    hub.round(&[&one, &two]);
    hub.round(&[&one, &two]);
    let all = Wanted {
        export_all: true,
        ..Wanted::default()
    };
    let (asked, taken, _) = hub.cycle_with(&one, all);
    assert!(asked.is_full);
    assert_eq!((asked.sent, taken.unchanged), (2, 2));
    assert_eq!((taken.added, taken.modified, taken.swept), (0, 0, 0));
    let (.., took) = hub.cycle(&two);
    assert_eq!((took.counts.read, took.before), (0, took.after));
}

#[test]
fn a_lost_ledger_costs_full_lists_and_deletes_nothing() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    people(&one, &["Ann"]);
    people(&two, &["Bob", "Eve"]);
    hub.round(&[&one, &two]);
    let before = (one.slapd.slapcat(), two.slapd.slapcat());
    std::fs::remove_file(one.data("branch.db")).expect("removed");
    let (asked, taken, took) = hub.cycle(&one);
    assert!(asked.is_full && asked.asks_for_all && took.is_full);
    assert_eq!(
        asked.remarks,
        ["the ledger is new: full lists go both ways"]
    );
    assert_eq!((taken.unchanged, taken.swept + taken.modified), (1, 0));
    assert_eq!((took.counts.unchanged, took.counts.changed()), (2, 0));
    hub.cycle(&two);
    assert_eq!((one.slapd.slapcat(), two.slapd.slapcat()), before);
}

#[test]
fn more_than_a_few_go_by_a_full_list_only_where_that_is_allowed() {
    let [one, two] = ["ORG1", "ORG2"].map(Org::new);
    let mut hub = Hub::new();
    let names: Vec<_> = (0..30).map(|number| format!("Person{number:02}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    people(&two, &names);
    hub.round(&[&one, &two]);
    for name in &names[..12] {
        two.delete(&format!("cn={name},{PEOPLE}"));
    }
    hub.cycle(&two);
    let (request, _) = one.with(|side| side.ask(IMPORT_ALL));
    let (_, answer) = hub.serve(&[&request]).remove(0);
    let error = one.try_with(false, |side| side.hear(&answer, None));
    let error = error.expect_err("stopped");
    assert_eq!(error.exit, ExitCode::Guard);
    assert!(
        error.message.contains("12 of 30") && error.message.contains("--allow-deletes 12"),
        "{error}"
    );
    assert_eq!(one.entries().len(), 30);
    // It is asked for again until somebody says so.
    let (request, _) = one.ask();
    assert_eq!(request.applied.usn, Usn::NONE);
    let took = one.with(|side| side.hear(&answer, Some(12)));
    assert_eq!(ended(&took.lines, Outcome::Swept).len(), 12);
    assert_eq!(one.entries().len(), 18);
}
