//! An import container that was changed in the configuration: the entries go with it (`spec/exchange.md` DX-34, LD-14).

use std::collections::BTreeMap;
use std::fs;

use super::net::letters;
use super::scene::{CONTAINER, Scene, resync};
use crate::support::slapd::Setup;
use crate::support::trace;

const NEW: &str = "ou=Other,o=Org";
const OWNER: &str = "dss/NET1/PO1";

const LIST: [&str; 5] = [
    "R PCM:NET1/PO1",
    "A Ann\tPCM:NET1/PO1/ANN",
    "A Bob\tPCM:NET1/PO1/BOB",
    "R PCM:NET1/PO2",
    "A Xaver\tPCM:NET1/PO2/XAVER",
];

/// Writes the configuration with another container, or other lines about it.
fn configure(scene: &Scene, container: &str, more: &str) {
    scene.configure(more);
    let text = fs::read_to_string(scene.config()).expect("readable");
    let (own, new) = [CONTAINER, container]
        .map(|dn| format!("import-container = \"{dn}\""))
        .into();
    fs::write(scene.config(), text.replace(&own, &new)).expect("written");
}

/// A scene whose container holds Ann, Bob and Xaver, and beside which there is another container.
fn filled() -> Scene {
    filled_on(Scene::new())
}

fn filled_on(scene: Scene) -> Scene {
    scene.unit("Other");
    scene.drop_file("RESYNC.GLB", &resync((14, 80, 1, 100), &LIST));
    scene.dxa("lists").ends(0);
    scene
}

/// Returns entryUUIDs by key, of the entries below a name that lie where they are to be.
fn uuids(scene: &Scene, base: &str) -> BTreeMap<String, String> {
    let entries = scene.entries(base);
    let pair = |entry: &dirsync::directory::entry::Entry| {
        let text = |name| entry.attributes.text(name).expect("there").to_owned();
        (text("syncKey"), text("entryUUID"))
    };
    entries.iter().map(pair).collect()
}

/// Returns some attributes of one entry, as `name: value`.
fn attributes(scene: &Scene, dn: &str, names: &[&str]) -> Vec<String> {
    let args = [
        &[
            "-LLL",
            "-o",
            "ldif-wrap=no",
            "-s",
            "base",
            "-b",
            dn,
            "(objectClass=*)",
        ],
        names,
    ];
    let output = scene.slapd.client("ldapsearch", &args.concat(), "");
    let text = String::from_utf8(output.stdout).expect("LDIF is text");
    let lines = text.lines().skip(1).filter(|line| !line.is_empty());
    let mut lines: Vec<_> = lines.map(str::to_owned).collect();
    lines.sort();
    lines
}

const NUMBERS: [&str; 6] = [
    "objectClass",
    "syncImportedFrom",
    "syncReqSeq",
    "syncSvrSeq",
    "syncConfSeq",
    "syncImpSeq",
];

fn plain_unit() -> Vec<String> {
    vec!["objectClass: organizationalUnit".to_owned()]
}

fn with_numbers() -> Vec<String> {
    let lines = [
        "objectClass: organizationalUnit",
        "objectClass: syncImportContainer",
        "syncConfSeq: 80",
        "syncImpSeq: 1",
        "syncImportedFrom: dss/NET1/PO1",
        "syncReqSeq: 14",
        "syncSvrSeq: 80",
    ];
    lines.map(str::to_owned).to_vec()
}

/// All entries are in the new container, the same as before, and the numbers too.
#[track_caller]
fn assert_moved(scene: &Scene, before: &BTreeMap<String, String>, place: &str) {
    assert_eq!(&uuids(scene, NEW), before, "{place}");
    assert_eq!(uuids(scene, CONTAINER), BTreeMap::new(), "{place}");
    assert_eq!(
        attributes(scene, CONTAINER, &NUMBERS),
        plain_unit(),
        "{place}"
    );
    assert_eq!(attributes(scene, NEW, &NUMBERS), with_numbers(), "{place}");
}

#[test]
fn dxc_100_entries_go_into_the_new_container_and_stay_the_same() {
    let group = "cn=team,o=Org";
    let lines = ["refint_attributes member", "refint_nothing cn=nobody"];
    let scene = filled_on(Scene::on(Setup::new().overlay("refint", &lines)));
    let ann = format!("syncKey=MS:NET1/PO1/ANN,{CONTAINER}");
    scene.add(&format!(
        "dn: {group}\nobjectClass: groupOfNames\ncn: team\nmember: {ann}\n"
    ));
    scene.add(&format!(
        "dn: cn=Manual,{CONTAINER}\nobjectClass: inetOrgPerson\ncn: Manual\nsn: Manual\n"
    ));
    scene.remote(CONTAINER, "other/source", "Otto", "SMTP:otto@x.example");
    let before: BTreeMap<_, _> = uuids(&scene, CONTAINER)
        .into_iter()
        .filter(|(key, _)| key.starts_with("MS:"))
        .collect();
    assert_eq!(before.len(), 3);
    configure(&scene, NEW, "");
    let run = scene.dxa("cycle --json").ends(0).json();
    let moved = &run["connections"][0]["moved"];
    for (what, count) in [("renamed", 3), ("manual", 1), ("foreign", 1), ("stayed", 0)] {
        assert_eq!(moved[what], count, "{what}: {run}");
    }
    assert_eq!(uuids(&scene, NEW), before);
    let left = scene.entries(CONTAINER);
    let left: Vec<_> = left.iter().map(|entry| entry.dn.to_string()).collect();
    assert_eq!(left, [format!("syncKey=SMTP:otto@x.example,{CONTAINER}")]);
    assert_eq!(attributes(&scene, CONTAINER, &NUMBERS), plain_unit());
    assert_eq!(attributes(&scene, NEW, &NUMBERS), with_numbers());
    // The server keeps the group in step, since it is the same entry.
    let member = format!("member: syncKey=MS:NET1/PO1/ANN,{NEW}");
    assert_eq!(attributes(&scene, group, &["member"]), [member]);

    let run = scene.dxa("cycle").ends(0);
    assert!(!run.stdout.contains("moved"), "{}", run.stdout);
    scene.drop_file("RESYNC.GLB", &resync((14, 88, 2, 200), &LIST));
    let run = scene.dxa("lists --json").ends(0).json();
    assert_eq!(run["lists"][0]["unchanged"], 3, "{run}");
    assert_eq!(uuids(&scene, NEW), before);
}

#[test]
fn dxc_100_a_list_and_the_command_move_them_as_well() {
    for command in ["lists", "move", "move HQ", "reset HQ"] {
        let scene = filled();
        let before = uuids(&scene, CONTAINER);
        configure(&scene, NEW, "");
        if command == "lists" {
            scene.drop_file("RESYNC.GLB", &resync((14, 80, 1, 100), &LIST));
        }
        let run = scene.dxa(command).ends(0);
        assert!(
            run.stdout.contains("renamed=3"),
            "{command}: {}",
            run.stdout
        );
        if command == "reset HQ" {
            assert_eq!(uuids(&scene, NEW), before);
            assert_eq!(attributes(&scene, CONTAINER, &NUMBERS), plain_unit());
            let run = scene.dxa("cycle").ends(0);
            assert!(
                !run.stdout.contains("renamed"),
                "it is remembered: {}",
                run.stdout
            );
        } else {
            assert_moved(&scene, &before, command);
        }
        let run = scene.dxa("move").ends(0);
        assert!(
            run.stdout.contains("HQ: 0 entries renamed"),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn a_dry_run_says_how_many_and_writes_nothing() {
    let scene = filled();
    let before = (uuids(&scene, CONTAINER), scene.files());
    configure(&scene, NEW, "");
    let run = scene.dxa("export HQ").ends(4);
    let text = "its entries are in ou=HQ,o=Org still: see dxa move HQ";
    assert!(run.stderr.contains(text), "{}", run.stderr);
    for command in ["cycle", "move", "lists"] {
        let file = scene.data("in").join("RESYNC.GLB");
        if command == "lists" {
            fs::write(&file, resync((14, 88, 2, 200), &LIST)).expect("written");
        }
        let run = scene.dxa(&format!("{command} --dry-run")).ends(0);
        assert!(
            run.stdout.contains("entries=3"),
            "{command}: {}",
            run.stdout
        );
        if command == "lists" {
            fs::remove_file(file).expect("it is left");
        }
        assert_eq!(uuids(&scene, CONTAINER), before.0, "{command}");
        assert!(scene.files() == before.1, "{command}: a file was changed");
    }
}

#[test]
fn a_container_that_is_not_there_or_is_another_s_stops_before_anything() {
    let scene = filled();
    let before = uuids(&scene, CONTAINER);
    configure(&scene, "ou=Nowhere,o=Org", "");
    let run = scene.dxa("cycle").ends(66);
    let text = "the import container ou=Nowhere,o=Org is not there (DX-38)";
    assert!(run.stdout.contains(text), "{}", run.stdout);
    scene.change(
        NEW,
        "changetype: modify\nadd: objectClass\nobjectClass: syncImportContainer\n-\nadd: syncImportedFrom\n\
         syncImportedFrom: other/source",
    );
    configure(&scene, NEW, "");
    let run = scene.dxa("cycle").ends(78);
    assert!(run.stdout.contains("not-owner"), "{}", run.stdout);
    assert!(run.stdout.contains("other/source"), "{}", run.stdout);
    assert_eq!(uuids(&scene, CONTAINER), before);
    assert_eq!(attributes(&scene, CONTAINER, &NUMBERS), with_numbers());
    configure(&scene, CONTAINER, "");
    let run = scene.dxa("cycle").ends(0);
    assert!(!run.stdout.contains("moved"), "{}", run.stdout);
}

#[test]
fn an_entry_whose_name_is_taken_stays_and_is_tried_again() {
    let scene = filled();
    let before = uuids(&scene, CONTAINER);
    scene.remote(NEW, "other/source", "Ann", "MS:NET1/PO1/ANN");
    scene.remote(NEW, OWNER, "Bob", "MS:NET1/PO1/BOB");
    configure(&scene, NEW, "");
    let report = scene.data("../report");
    let run = scene
        .dxa(&format!("cycle --report {}", report.display()))
        .ends(1);
    for text in [
        "renamed=1",
        "stayed=2",
        "address-duplicate: syncKey=MS:NET1/PO1/ANN,ou=Other,o=Org is there already, of other/source",
        "address-duplicate: syncKey=MS:NET1/PO1/BOB,ou=Other,o=Org is there already, of dss/NET1/PO1",
    ] {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    }
    let lines = fs::read_to_string(report).expect("a report");
    let refused = lines
        .lines()
        .filter(|line| line.contains("\"refused\"") && line.contains("\"rename\""));
    assert_eq!(refused.count(), 2, "{lines}");
    // The numbers are over there, and nothing is there twice.
    assert_eq!(attributes(&scene, NEW, &NUMBERS), with_numbers());
    let stayed = uuids(&scene, CONTAINER);
    assert_eq!(stayed.len(), 2, "{stayed:?}");
    let run = scene.dxa("cycle").ends(1);
    assert!(run.stdout.contains("stayed=2"), "{}", run.stdout);
    for name in ["ANN", "BOB"] {
        let dn = format!("syncKey=MS:NET1/PO1/{name},{NEW}");
        scene.change(&dn, "changetype: delete");
    }
    let run = scene.dxa("cycle").ends(0);
    assert!(run.stdout.contains("renamed=2"), "{}", run.stdout);
    assert_moved(&scene, &before, "after the repair");
    let run = scene.dxa("cycle").ends(0);
    assert!(!run.stdout.contains("renamed"), "{}", run.stdout);
}

/// Returns the LDIF of an entry of the connection.
fn own_entry(name: &str) -> String {
    let key = format!("MS:NET1/PO1/{}", name.to_uppercase());
    format!(
        "dn: syncKey={key},{CONTAINER}\nobjectClass: inetOrgPerson\nobjectClass: syncRemoteAddress\nsyncKey: {key}\n\
         syncAddress: {key}\nsyncImportedFrom: {OWNER}\ncn: {name}\nsn: {name}\ndisplayName: {name}\n\n"
    )
}

#[test]
fn an_entry_that_the_server_does_not_let_go_is_kept_up_where_it_is() {
    // The server refuses this key wherever it comes as new.
    let rule = "constraint_attribute syncKey regex ^(MS:NET1/PO1/[^A].*|[^M].*)$";
    let setup = Setup::new().overlay("constraint", &[rule]);
    let unit = "dn: ou=HQ,o=Org\nobjectClass: organizationalUnit\nou: HQ\n\n";
    let people = "dn: ou=People,o=Org\nobjectClass: organizationalUnit\nou: People\n\n";
    let content = format!("{people}{unit}{}{}", own_entry("Ann"), own_entry("Bob"));
    let scene = Scene::holding(setup, &content);
    scene.unit("Other");
    scene.dxa("cycle").ends(0);
    let before = uuids(&scene, CONTAINER);
    configure(&scene, NEW, "");
    let run = scene.dxa("cycle").ends(1);
    for text in [
        "renamed=1",
        "stayed=1",
        "server-constraint: 19 constraintViolation",
    ] {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    }
    let list = [
        "R PCM:NET1/PO1",
        "A Anna\tPCM:NET1/PO1/ANN",
        "A Bob\tPCM:NET1/PO1/BOB",
    ];
    scene.drop_file("RESYNC.GLB", &resync((14, 88, 2, 200), &list));
    let run = scene.dxa("lists --json").ends(1).json();
    let done = &run["lists"][0];
    assert_eq!(
        (&done["added"], &done["refused"]),
        (&0.into(), &0.into()),
        "{run}"
    );
    let there = scene.entries("o=Org");
    let there: Vec<_> = there
        .iter()
        .map(|entry| {
            (
                entry.dn.to_string(),
                entry.attributes.text("cn").unwrap_or("-"),
            )
        })
        .collect();
    let ann = format!("syncKey=MS:NET1/PO1/ANN,{CONTAINER}");
    let bob = format!("syncKey=MS:NET1/PO1/BOB,{NEW}");
    assert_eq!(there, [(ann.clone(), "Anna"), (bob, "Bob")], "each once");
    assert_eq!(uuids(&scene, "o=Org"), before);
    assert_eq!(scene_numbers(&scene, NEW), ["14", "88", "2"]);
    // What a later list lacks goes from there too.
    scene.drop_file("RESYNC.GLB", &resync((14, 89, 3, 300), &[list[0], list[2]]));
    let run = scene.dxa("lists --json").json();
    assert_eq!(run["lists"][0]["swept"], 1, "{run}");
    scene.dxa("cycle").ends(0);
    assert_eq!(uuids(&scene, CONTAINER), BTreeMap::new());
}

#[test]
fn what_another_connection_gets_of_them_is_not_sent_again() {
    let scene = filled();
    scene.unit("Second");
    let second = |from: &str| {
        format!(
            "[[connection]]\nname = \"TWO\"\nrole = \"requestor\"\naddress = \"NET2/PO1\"\nrelay = true\n\
             custom-recipients = true\nimport-container = \"ou=Second,o=Org\"\nexport-containers = [\"{from}\"]\n"
        )
    };
    let with_second = |container: &str| {
        configure(&scene, container, "");
        let text = fs::read_to_string(scene.config()).expect("readable");
        fs::write(scene.config(), text + &second(container)).expect("written");
    };
    let sent = |scene: &Scene| {
        let run = scene.dxa("cycle TWO --json").ends(0).json();
        let sent = &run["connections"][0]["sent"];
        ["added", "modified", "deleted", "replaced"]
            .map(|what| sent[what].as_u64().expect("a number"))
    };
    with_second(CONTAINER);
    assert_eq!(sent(&scene), [3, 0, 0, 1]);
    with_second(NEW);
    scene.dxa("cycle HQ").ends(0);
    assert_eq!(sent(&scene), [0; 4]);
    assert_eq!(sent(&scene), [0; 4]);
}

#[test]
fn a_move_that_is_told_to_stop_stops_and_the_next_run_goes_on() {
    trace::require_tracing();
    let mut stopped = 0;
    for when in 1.. {
        let scene = filled();
        let before = uuids(&scene, CONTAINER);
        configure(&scene, NEW, "");
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_dxa"));
        let mut command = trace::traced(program, "sendto", "signal=TERM", when);
        command.arg("--config").arg(scene.config()).arg("move");
        let output = command.output().expect("it runs");
        let code = output.status.code();
        match code {
            Some(0) => {}
            Some(75) => {
                stopped += 1;
                let text = String::from_utf8_lossy(&output.stdout);
                assert!(text.contains("interrupted") || text.is_empty(), "{text}");
                scene.dxa("move").ends(0);
            }
            other => panic!("{when}: {other:?} {output:?}"),
        }
        assert_moved(&scene, &before, &when.to_string());
        // Behind the last entry it comes too late, or not at all.
        if code == Some(0) && stopped > 0 {
            break;
        }
    }
    assert!(stopped > 0, "it was never told in time");
}

#[test]
fn without_the_right_to_move_them_nothing_else_happens() {
    let rule = format!("to dn.subtree=\"{NEW}\" by * read");
    let scene = filled_on(Scene::on(Setup::new().access(&rule)));
    let before = uuids(&scene, CONTAINER);
    configure(&scene, NEW, "");
    scene.bind_as_agent();
    scene.drop_file("RESYNC.GLB", &resync((14, 88, 2, 200), &LIST));
    let run = scene.dxa("lists").ends(77);
    assert!(run.stdout.contains("cannot be moved"), "{}", run.stdout);
    assert_eq!(uuids(&scene, CONTAINER), before);
    assert_eq!(uuids(&scene, NEW), BTreeMap::new());
    assert_eq!(attributes(&scene, CONTAINER, &NUMBERS), with_numbers());
    assert!(scene.data("in/RESYNC.GLB").exists(), "the list is left");
}

#[test]
fn a_move_that_is_killed_anywhere_is_ended_by_the_next_run() {
    trace::require_tracing();
    let mut kills = 0;
    for call in ["sendto", "fdatasync"] {
        for when in 1.. {
            let scene = filled();
            let before = uuids(&scene, CONTAINER);
            configure(&scene, NEW, "layout = \"per-postoffice\"");
            let program = std::path::Path::new(env!("CARGO_BIN_EXE_dxa"));
            let mut command = trace::traced(program, call, "signal=KILL", when);
            command.arg("--config").arg(scene.config()).arg("move");
            command.env("DIRSYNC_NOW", "2026-11-27T10:00:00Z");
            let ended = command.output().expect("it runs").status;
            let place = format!("{call} {when}");
            if ended.code() != Some(0) {
                kills += 1;
                scene.dxa("move").ends(0);
            }
            assert_moved(&scene, &before, &place);
            let run = scene.dxa("cycle").ends(0);
            assert!(!run.stdout.contains("renamed"), "{place}: {}", run.stdout);
            if ended.code() == Some(0) {
                break;
            }
        }
    }
    assert!(kills > 10, "{kills}");
}

/// Returns the units below a container.
fn units(scene: &Scene, base: &str) -> Vec<String> {
    let found = scene
        .slapd
        .search(base, "(objectClass=organizationalUnit)", &["1.1"]);
    let mut found: Vec<_> = found
        .lines()
        .filter_map(|line| line.strip_prefix("dn: "))
        .filter(|dn| *dn != base)
        .map(str::to_owned)
        .collect();
    found.sort();
    found
}

#[test]
fn dx_36_a_changed_layout_renames_and_leaves_no_empty_unit_of_the_agent() {
    let scene = filled();
    scene.bind_as_agent();
    let before = uuids(&scene, CONTAINER);
    configure(&scene, CONTAINER, "layout = \"per-postoffice\"");
    scene.bind_as_agent();
    let run = scene.dxa("cycle").ends(0);
    assert!(run.stdout.contains("renamed=3"), "{}", run.stdout);
    assert_eq!(
        uuids(&scene, &format!("ou=PO1,ou=NET1,{CONTAINER}")).len(),
        2
    );
    assert_eq!(
        uuids(&scene, &format!("ou=PO2,ou=NET1,{CONTAINER}")).len(),
        1
    );
    assert_eq!(attributes(&scene, CONTAINER, &NUMBERS), with_numbers());

    // One that somebody uses, and one that somebody made.
    scene.add(&format!(
        "dn: cn=Manual,ou=PO2,ou=NET1,{CONTAINER}\nobjectClass: inetOrgPerson\ncn: Manual\nsn: Manual\n"
    ));
    scene.add(&format!(
        "dn: ou=Own,{CONTAINER}\nobjectClass: organizationalUnit\nou: Own\n"
    ));
    configure(&scene, NEW, "");
    scene.bind_as_agent();
    let run = scene.dxa("cycle").ends(0);
    for text in [
        "renamed=3",
        "manual=1",
        "units-removed=1",
        "ou=PO2,ou=NET1,ou=HQ,o=Org (not empty)",
    ] {
        assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
    }
    assert_eq!(uuids(&scene, NEW), before);
    let left = ["ou=NET1", "ou=Own", "ou=PO2,ou=NET1"].map(|name| format!("{name},{CONTAINER}"));
    assert_eq!(units(&scene, CONTAINER), left);
}

#[test]
fn a_ledger_that_was_lost_too_does_not_leave_them_behind() {
    let scene = filled();
    let before = uuids(&scene, CONTAINER);
    fs::remove_file(scene.data("ledger.db")).expect("removed");
    configure(&scene, NEW, "");
    let run = scene.dxa("cycle").ends(0);
    assert!(run.stdout.contains("renamed=3"), "{}", run.stdout);
    assert_eq!(uuids(&scene, NEW), before);
    assert_eq!(attributes(&scene, CONTAINER, &NUMBERS), plain_unit());
    assert_eq!(scene_numbers(&scene, NEW), ["14", "80", "1"]);
}

fn scene_numbers(scene: &Scene, dn: &str) -> Vec<String> {
    let names = ["syncReqSeq", "syncSvrSeq", "syncImpSeq"];
    let values = names.map(|name| attributes(scene, dn, &[name]));
    let values = values.into_iter().flatten();
    values
        .map(|line| line.split(": ").nth(1).unwrap_or("-").to_owned())
        .collect()
}

#[test]
fn a_container_that_was_renamed_as_a_whole_is_found() {
    let scene = filled();
    let before = uuids(&scene, CONTAINER);
    scene.change(
        CONTAINER,
        "changetype: modrdn\nnewrdn: ou=Renamed\ndeleteoldrdn: 1",
    );
    let renamed = "ou=Renamed,o=Org";
    configure(&scene, renamed, "");
    scene.dxa("cycle").ends(0);
    assert_eq!(uuids(&scene, renamed), before);
    assert_eq!(attributes(&scene, renamed, &NUMBERS), with_numbers());
    let run = scene.dxa("cycle").ends(0);
    assert!(!run.stdout.contains("moved"), "{}", run.stdout);
}

#[test]
fn a_container_may_lie_in_the_one_before_and_come_out_again() {
    let scene = filled();
    let before = uuids(&scene, CONTAINER);
    let inner = format!("ou=Inner,{CONTAINER}");
    scene.add(&format!(
        "dn: {inner}\nobjectClass: organizationalUnit\nou: Inner\n"
    ));
    for (container, other) in [(&inner[..], CONTAINER), (CONTAINER, &inner[..])] {
        configure(&scene, container, "");
        let run = scene.dxa("cycle").ends(0);
        assert!(run.stdout.contains("renamed=3"), "{}", run.stdout);
        assert_eq!(uuids(&scene, container), before);
        let right_below = scene.slapd.search(container, "(syncKey=*)", &["1.1"]);
        let below = format!(",{container}");
        let names: Vec<_> = right_below
            .lines()
            .filter(|l| l.starts_with("dn: "))
            .collect();
        assert_eq!(names.len(), 3, "{right_below}");
        assert!(
            names.iter().all(|name| name.ends_with(&below)
                && name.matches(',').count() == below.matches(',').count()),
            "{names:?}"
        );
        assert_eq!(attributes(&scene, other, &NUMBERS), plain_unit());
        assert_eq!(attributes(&scene, container, &NUMBERS), with_numbers());
    }
    let run = scene.dxa("cycle").ends(0);
    assert!(!run.stdout.contains("moved"), "{}", run.stdout);
}

const REPLY: &str = "TASK=UPDATE\nREQNAME=PCM:NET1/AGENT\nREQSEQ=14\nSRVSEQ=81\nIMPSEQ=1\n";

#[test]
fn dxc_029_two_containers_of_one_requestor_are_named_and_its_mail_waits() {
    let scene = filled();
    let before = uuids(&scene, CONTAINER);
    let claim = format!(
        "changetype: modify\nadd: objectClass\nobjectClass: syncImportContainer\n-\nadd: syncImportedFrom\nsyncImportedFrom: {}",
        OWNER.to_uppercase()
    );
    scene.change(NEW, &claim);
    let line = "0000000081 A Carl                           PCM:NET1/PO1/CARL";
    scene.put_mail("NET1/PO1", "update", REPLY, &[line]);
    for _ in 0..2 {
        let run = scene.dxa("cycle").ends(78);
        for text in ["DX139", "requestor-twice", CONTAINER, NEW, OWNER] {
            assert!(run.stdout.contains(text), "{text}: {}", run.stdout);
        }
        assert_eq!(uuids(&scene, CONTAINER), before);
        let kept = scene.data("postoffice/MBG/SYSTEM/new/update");
        assert!(kept.exists(), "the message is kept");
    }
    let run = scene.dxa("check").ends(78);
    assert!(run.stdout.contains("requestor-twice"), "{}", run.stdout);
    let log = fs::read_to_string(scene.data("dxa.log")).expect("a log");
    assert!(log.contains("DX139"), "{log}");

    scene.change(NEW, "changetype: delete");
    scene.dxa("cycle").ends(0);
    let carl = "MS:NET1/PO1/CARL=Carl".to_owned();
    assert!(scene.shown().contains(&carl), "{:?}", scene.shown());
    assert!(!scene.data("postoffice/MBG/SYSTEM/new/update").exists());
    scene.dxa("check").ends(0);
}

#[test]
fn dxc_029_the_request_of_a_requestor_that_is_there_twice_is_answered_after_the_repair() {
    let scene = Scene::new();
    scene.unit("Other");
    scene.configure_connections(&format!(
        "[[connection]]\nname = \"PO1\"\nrole = \"server\"\naddress = \"NET1/PO1\"\n\
         import-container = \"{CONTAINER}\"\nexport-containers = [\"ou=People,o=Org\"]\n"
    ));
    scene.dxa("cycle").ends(0);
    for dn in [CONTAINER, NEW] {
        let claim = "changetype: modify\nadd: objectClass\nobjectClass: syncImportContainer\n-\nadd: syncImportedFrom\n\
            syncImportedFrom: PO1/NET1/PO1";
        scene.change(dn, claim);
    }
    let request = "TASK=UPDATEREQ\nREQNAME=PCM:NET1/PO1\nREQSEQ=2\nWAS=0\nSRVSEQ=0\n";
    let list = [
        "0000000001 R PCM:NET1/PO1",
        "0000000002 A Ann                            PCM:NET1/PO1/ANN",
    ];
    scene.put_mail("NET1/PO1", "request", request, &list);
    let run = scene.dxa("cycle").ends(78);
    let both =
        format!("DX139 error requestor-twice: {CONTAINER} and {NEW} are both of PO1/NET1/PO1");
    assert!(run.stdout.contains(&both), "{}", run.stdout);
    assert!(scene.data("postoffice/MBG/SYSTEM/new/request").exists());
    assert!(letters(&scene, "P1/new").is_empty(), "nothing is answered");
    assert_eq!(uuids(&scene, "o=Org"), BTreeMap::new());
    scene.change(NEW, "changetype: delete");
    scene.dxa("cycle").ends(0);
    assert_eq!(scene.shown(), ["MS:NET1/PO1/ANN=Ann"]);
    assert_eq!(letters(&scene, "P1/new").len(), 1);
    assert!(!scene.data("postoffice/MBG/SYSTEM/new/request").exists());
}

#[test]
fn dxc_029_a_list_waits_too_and_other_connections_go_on() {
    let scene = filled();
    let text = fs::read_to_string(scene.config()).expect("readable");
    scene.unit("Second");
    let second = "[[connection]]\nname = \"TWO\"\nrole = \"requestor\"\naddress = \"NET2/PO1\"\n\
        import-container = \"ou=Second,o=Org\"\nexport-containers = [\"ou=People,o=Org\"]\n";
    fs::write(scene.config(), text + second).expect("written");
    let claim = "changetype: modify\nadd: objectClass\nobjectClass: syncImportContainer\n-\nadd: syncImportedFrom\n\
        syncImportedFrom: dss/NET1/PO1";
    scene.change(NEW, claim);
    scene.drop_file("RESYNC.GLB", &resync((14, 88, 2, 200), &LIST));
    let two = super::scene::resync_by("NET2/PO1", Some("NET1/AGENT"), (1, 1, 1, 9), &LIST);
    scene.drop_file("TWO/RESYNC.GLB", &two);
    let run = scene.dxa("lists").ends(78);
    assert!(run.stdout.contains("requestor-twice"), "{}", run.stdout);
    assert!(scene.data("in/RESYNC.GLB").exists(), "the list is left");
    assert!(
        !scene.data("in/TWO/RESYNC.GLB").exists(),
        "the other one is done"
    );
    let run = scene.dxa("cycle --json").ends(78).json();
    assert_eq!(
        run["connections"].as_array().map(Vec::len),
        Some(2),
        "{run}"
    );
    let exits = |name: &str| {
        let all = run["connections"].as_array().expect("a list");
        let found = all
            .iter()
            .find(|c| c["connection"] == name)
            .expect("it is there");
        found["exit"].clone()
    };
    assert_eq!((exits("HQ"), exits("TWO")), (78.into(), 0.into()), "{run}");
    scene.change(NEW, "changetype: delete");
    scene.dxa("lists").ends(0);
    assert!(!scene.data("in/RESYNC.GLB").exists());
}
