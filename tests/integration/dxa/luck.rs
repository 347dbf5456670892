//! Bad luck on the way to the directory, and others who work there too (`spec/exchange.md` LD-13, LD-15).

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use super::net::letters;
use super::scene::{CONTAINER, Numbers, Scene, names, resync};
use crate::support::relay::{ADD, DELETE, MODIFY, SEARCH};

const FIRST: Numbers = (14, 80, 1, 100);
const SECOND: Numbers = (14, 88, 2, 200);

const KAY: &str = "A Kay\tPCM:NET1/PO1/KAY";
const LEA: &str = "A Lea\tPCM:NET1/PO1/LEA";

fn replace_in_config(scene: &Scene, from: &str, to: &str) {
    let text = fs::read_to_string(scene.config()).expect("readable");
    assert!(text.contains(from), "{text}");
    fs::write(scene.config(), text.replace(from, to)).expect("written");
}

/// Returns numbers and backlog of the connection: what a run that failed leaves alone.
fn standing_of(scene: &Scene) -> Vec<serde_json::Value> {
    let status = scene.dxa("status --json").ends(0).stdout;
    let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
    let values = ["numbers", "backlog", "incoming", "outgoing", "queued"];
    values
        .map(|name| status["connections"][0][name].clone())
        .to_vec()
}

#[test]
fn a_server_that_goes_away_at_any_read_before_a_request_leaves_it_for_the_next_cycle() {
    let mut scene = Scene::new();
    for number in 0..30 {
        scene.person(&format!("P{number} Berg"), &format!("P{number:02}"));
    }
    replace_in_config(&scene, "[directory]\n", "[directory]\npage-size = 10\n");
    let relay = scene.through_relay();
    scene.dxa("cycle --step t1").ends(0);
    let before = relay.count(SEARCH);
    scene.dxa("cycle --step t1").ends(0);
    let reads = relay.count(SEARCH) - before;
    assert!(reads > 4, "{reads}: there are four pages");
    let sent = letters(&scene, "P1/new").len();
    let standing = standing_of(&scene);
    scene.person("New Berg", "NEW");
    for behind in 0..reads {
        relay.stop_at(SEARCH, behind);
        let kill = |scene: &mut Scene| scene.slapd.kill();
        let run = scene.dxa_meanwhile("cycle --step t1", &relay, kill);
        scene.slapd.restart();
        assert_eq!(run.exit, 75, "{behind}: {}{}", run.stdout, run.stderr);
        assert_eq!(letters(&scene, "P1/new").len(), sent, "{behind}");
        assert_eq!(standing_of(&scene), standing, "{behind}");
    }
    let run = scene.dxa("cycle --step t1").ends(0);
    assert!(run.stdout.contains("sent A 1\n"), "{}", run.stdout);
}

#[test]
fn a_server_that_goes_away_at_any_read_before_a_list_is_applied_loses_nothing() {
    let mut scene = Scene::new();
    let relay = scene.through_relay();
    scene.drop_file("RESYNC.GLB", &resync(FIRST, &[KAY, LEA]));
    scene.dxa("lists").ends(0);
    let before = relay.count(SEARCH);
    scene.dxa("lists").ends(0);
    // What a run reads that finds no list is not about one.
    let idle = relay.count(SEARCH) - before;
    let path = scene.drop_file("RESYNC.GLB", &resync(SECOND, &[KAY]));
    for behind in 0..before - idle {
        relay.stop_at(SEARCH, behind);
        let kill = |scene: &mut Scene| scene.slapd.kill();
        let run = scene.dxa_meanwhile("lists", &relay, kill);
        scene.slapd.restart();
        assert_eq!(run.exit, 75, "{behind}: {}{}", run.stdout, run.stderr);
        assert!(path.exists(), "{behind}");
        // Once all is read, what the list lacks may go; the numbers come last.
        let is_applied = relay.count(DELETE) > 0;
        assert_eq!(
            scene.shown().len(),
            if is_applied { 1 } else { 2 },
            "{behind}"
        );
        assert_eq!(scene.numbers(), ["14", "80", "1"], "{behind}");
    }
    scene.dxa("lists").ends(0);
    assert_eq!(scene.shown(), ["MS:NET1/PO1/KAY=Kay"]);
    assert_eq!(scene.numbers(), ["14", "88", "2"]);
}

#[test]
fn numbers_that_another_agent_has_moved_meanwhile_are_not_written_over() {
    let mut scene = Scene::new();
    scene.drop_file("RESYNC.GLB", &resync(FIRST, &[KAY]));
    scene.dxa("lists").ends(0);
    let relay = scene.through_relay();
    let path = scene.drop_file("RESYNC.GLB", &resync(SECOND, &[KAY, LEA]));
    // The numbers are all that is modified.
    relay.stop_at(MODIFY, 0);
    let run = scene.dxa_meanwhile("lists", &relay, |scene| {
        scene.replace(CONTAINER, "syncSvrSeq", "85");
    });
    assert_eq!(run.exit, 4, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("another agent writes there"),
        "{}",
        run.stderr
    );
    assert_eq!(scene.numbers(), ["14", "85", "1"]);
    assert!(path.exists(), "the list is not done");
    // It is applied again from what is there now.
    scene.dxa("lists").ends(0);
    assert_eq!(scene.numbers(), ["14", "88", "2"]);
    assert_eq!(scene.shown().len(), 2);
}

#[test]
fn an_entry_that_another_brings_in_meanwhile_is_looked_at_again() {
    // Of a postoffice that nobody is registered for, so that the owner alone decides.
    let kay = "A Kay\tPCM:NET7/PO7/KAY";
    let owners = [
        ("dss/NET9/PO9", 1, "refused"),
        ("dss/NET1/PO1", 0, "modified"),
    ];
    for (owner, exit, outcome) in owners {
        let mut scene = Scene::new();
        let relay = scene.through_relay();
        scene.drop_file("RESYNC.GLB", &resync(FIRST, &[kay, LEA]));
        relay.stop_at(ADD, 0);
        let run = scene.dxa_meanwhile("lists --json", &relay, |scene| {
            scene.remote(CONTAINER, owner, "Other", "MS:NET7/PO7/KAY");
        });
        let list = run.ends(exit).json()["lists"][0].clone();
        assert_eq!(
            (&list[outcome], &list["added"]),
            (&1.into(), &1.into()),
            "{list}"
        );
        let reports = names(&scene.data("done"));
        let report = reports.iter().find(|name| name.ends_with(".report"));
        let report = scene.data("done").join(report.expect("a report"));
        let text = fs::read_to_string(report).expect("readable");
        let kay = text
            .lines()
            .find(|line| line.contains("PO7/KAY"))
            .expect("a line");
        assert!(kay.contains(&format!("\"outcome\":\"{outcome}\"")), "{kay}");
        match outcome {
            "refused" => assert!(
                kay.contains("address-duplicate") && kay.contains(owner),
                "{kay}"
            ),
            _ => assert!(scene.shown().contains(&"MS:NET7/PO7/KAY=Kay".to_owned())),
        }
    }
}

#[test]
fn a_server_that_talks_nonsense_is_an_error_and_no_more() {
    // Each of these ended the program that spoke with it.
    for said in [
        &b"\x30\x00"[..],
        b"\x30\x05\x02\x01\x01\x61\x00",
        b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\x01\xff\x04\x00",
        b"\x30\x84\x7f\xff\xff\xff",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("ldap://{}", listener.local_addr().expect("an address"));
        let served = thread::spawn(move || {
            for _ in 0..2 {
                let mut stream = listener.accept().expect("a connection").0;
                let _ = stream.read(&mut [0; 512]);
                let _ = stream.write_all(said);
                let _ = stream.read_to_end(&mut Vec::new());
            }
        });
        let scene = Scene::new();
        replace_in_config(&scene, &scene.slapd.url(), &url);
        let run = scene.dxa("check").ends(75);
        assert!(run.stdout.contains("FAULT  directory: "), "{}", run.stdout);
        assert!(run.stdout.contains("answered nonsense"), "{}", run.stdout);
        let run = scene.dxa("cycle").ends(75);
        assert!(run.stderr.contains("answered nonsense"), "{}", run.stderr);
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        served.join().expect("it ended");
    }
}

#[test]
fn a_password_that_anybody_on_the_way_could_read_is_said_once() {
    let scene = Scene::new();
    let says = "the password goes to the directory in the clear";
    let run = scene.dxa("check").ends(0);
    assert!(!run.stdout.contains(says), "{}", run.stdout);
    scene.dxa("cycle").ends(0);
    // It leads here, and is nobody's own address.
    replace_in_config(&scene, "ldap://127.0.0.1", "ldap://0.0.0.0");
    let run = scene.dxa("check").ends(0);
    assert!(
        run.stdout
            .contains(&format!("warning way to the directory: {says}")),
        "{}",
        run.stdout
    );
    let log = || fs::read_to_string(scene.data("dxa.log")).expect("a log");
    assert_eq!(log().matches(says).count(), 0, "{}", log());
    for runs in 1..3 {
        let run = scene.dxa("cycle").ends(0);
        assert!(run.stdout.contains("warn "), "{}", run.stdout);
        assert_eq!(log().matches(says).count(), runs, "{}", log());
    }
    assert!(!log().contains(scene.slapd.password()));
}
