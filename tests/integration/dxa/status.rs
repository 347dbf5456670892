//! What an operator sees: `dxa status`, the metrics, and what a changed configuration does before it acts
//! (`spec/exchange.md` 0, 1.1, 2.2, DX-14).

use std::collections::BTreeMap;
use std::fs;

use super::net::{AGENT, Alone, letters};
use super::scene::{CONTAINER, Scene, resync};
use super::service::set_agent;

const NOW: &str = "2026-11-27T10:00:00Z";

fn status(scene: &Scene) -> serde_json::Value {
    scene.dxa("status --json").ends(0).json()["connections"][0].clone()
}

#[test]
fn the_status_says_when_it_went_well_when_not_and_what_waits() {
    let mut scene = Scene::new();
    let fresh = status(&scene);
    assert_eq!(fresh["last_success"], serde_json::Value::Null, "{fresh}");
    scene.person("Lena Berg", "LENA");
    scene.dxa("cycle").ends(0);
    let well = status(&scene);
    assert_eq!(well["last_success"], NOW, "{well}");
    assert_eq!(well["backlog"], 2, "{well}");
    assert_eq!(well["outgoing"], 1, "{well}");
    assert_eq!(well["last_run"]["sent"]["added"], 1, "{well}");
    let reply = format!("TASK=UPDATE\nREQNAME=PCM:{AGENT}\nREQSEQ=2\nSRVSEQ=0\nIMPSEQ=0\n");
    scene.put_mail("NET1/PO1", "one", &reply, &[]);
    scene.put_mail("NET1/PO9", "stranger", &reply, &[]);
    assert_eq!(status(&scene)["incoming"], 1);
    let text = scene.dxa("status").ends(0).stdout;
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[1..],
        [
            &format!("  last success {NOW}")[..],
            "  1 message to be taken",
            "  1 message to be carried"
        ],
        "{text}"
    );

    scene.slapd.kill();
    scene.dxa("cycle").ends(75);
    let failed = status(&scene);
    assert_eq!(failed["is_failing"], true, "{failed}");
    assert_eq!(failed["last_success"], NOW, "{failed}");
    assert_eq!(failed["last_failure"]["exit"], 75, "{failed}");
    let text = scene.dxa("status").ends(0).stdout;
    assert!(
        text.contains(&format!("  fails {NOW}, exit 75: ")),
        "{text}"
    );
    let log = fs::read_to_string(scene.data("dxa.log")).expect("a log");
    assert!(log.contains(" error "), "it is in the log: {log}");

    scene.slapd.restart();
    scene.dxa("cycle --step t3").ends(1);
    let again = status(&scene);
    assert_eq!(again["is_failing"], false, "{again}");
    assert_eq!(again["backlog"], 0, "{again}");
    assert_eq!(again["last_run"]["exit"], 0, "{again}");
    let text = scene.dxa("status").ends(0).stdout;
    assert!(
        text.contains(&format!("  last failure {NOW}, exit 75: ")),
        "{text}"
    );
}

/// Reads the samples, by what stands before the value.
fn metrics(scene: &Scene) -> BTreeMap<String, f64> {
    let text = fs::read_to_string(scene.config().with_file_name("dxa.prom")).expect("metrics");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let samples = samples.map(|line| {
        let (name, value) = line.rsplit_once(' ').expect("a value");
        (name.to_owned(), value.parse().expect("a number"))
    });
    samples.collect()
}

#[test]
fn the_metrics_say_what_the_last_run_came_to() {
    let mut scene = Scene::new();
    set_agent(&scene, "metrics = \"dxa.prom\"");
    scene.person("Lena Berg", "LENA");
    scene.dxa("lists").ends(0);
    fs::remove_file(scene.config().with_file_name("dxa.prom")).expect("it was written");
    scene.dxa("cycle --dry-run").ends(0);
    assert!(!scene.config().with_file_name("dxa.prom").exists());
    scene.dxa("cycle").ends(0);
    let value = |scene: &Scene, name: &str, more: &str| {
        let sample = format!("dxa_{name}{{connection=\"HQ\"{more}}}");
        let all = metrics(scene);
        let found = all.get(&sample);
        *found.unwrap_or_else(|| panic!("{sample}: {all:?}"))
    };
    let moment: jiff::Timestamp = NOW.parse().expect("a moment");
    let moment = moment.as_second() as f64;
    assert_eq!(value(&scene, "last_success_timestamp_seconds", ""), moment);
    assert_eq!(value(&scene, "last_run_exit_code", ""), 0.0);
    assert_eq!(
        value(&scene, "last_run_sent_transactions", ",action=\"add\""),
        1.0
    );
    assert_eq!(value(&scene, "waiting_changes", ""), 2.0);
    assert_eq!(
        value(&scene, "waiting_messages", ",direction=\"outgoing\""),
        1.0
    );

    let texts = [
        "R PCM:NET1/PO1",
        "A Bob\tPCM:NET1/PO1/BOB",
        "A Bo\tPCM:NET1/PO1",
    ];
    scene.drop_file("RESYNC.GLB", &resync((2, 88, 2, 200), &texts[..2]));
    scene.dxa("lists").ends(0);
    assert_eq!(
        value(&scene, "last_run_received_entries", ",outcome=\"added\""),
        1.0
    );
    assert_eq!(value(&scene, "sync_number", ",number=\"svr\""), 88.0);

    scene.slapd.kill();
    scene.dxa("cycle").ends(75);
    assert_eq!(value(&scene, "last_run_exit_code", ""), 75.0);
    assert_eq!(value(&scene, "last_failure_timestamp_seconds", ""), moment);
    assert_eq!(value(&scene, "last_success_timestamp_seconds", ""), moment);

    // Where they cannot be written, the exchange goes on.
    scene.slapd.restart();
    let text = fs::read_to_string(scene.config()).expect("readable");
    fs::write(scene.config(), text.replace("dxa.prom", "nowhere/dxa.prom")).expect("written");
    let run = scene.dxa("cycle").ends(0);
    let line = run
        .stdout
        .lines()
        .find(|line| line.starts_with("DX268 error"));
    let line = line.unwrap_or_else(|| panic!("{}", run.stdout));
    assert!(
        line.contains("nowhere/dxa.prom because=") && line.contains("os error 2"),
        "{line}"
    );
}

/// Returns what `check` found of something.
fn found(scene: &Scene, what: &str) -> String {
    let report = scene.dxa("check --json").ends(0).json();
    let checks = report["checks"].as_array().expect("checks");
    let checked = checks.iter().find(|checked| checked["what"] == what);
    let checked = checked.unwrap_or_else(|| panic!("{report}"));
    checked["found"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn dx_14_a_setting_that_is_changed_shows_what_it_does_before_it_acts() {
    let alone = Alone::new();
    let scene = &alone.scene;
    for n in 0..10 {
        let more = format!("syncTrustLevel: {}\n", if n < 3 { 50 } else { 10 });
        scene.person_in(
            "ou=People,o=Org",
            &format!("User Nr{n}"),
            &format!("U{n}"),
            &more,
        );
    }
    const NEXT: &str = "connection HQ: next exchange";
    const SETTINGS: &str = "connection HQ: settings";
    assert_eq!(
        found(scene, SETTINGS),
        "nothing was exchanged with them yet"
    );
    assert_eq!(found(scene, NEXT), "full list: R 1, A 10");
    assert!(!scene.data("").exists(), "it changes nothing");
    assert_eq!(alone.cycle().len(), 11);
    assert_eq!(found(scene, SETTINGS), "as at the last exchange");
    assert_eq!(found(scene, NEXT), "none");

    // A change of the directory is sent whatever the settings are.
    scene.person("Lena Berg", "LENA");
    scene.configure("trust = 20");
    let before = scene.files();
    assert_eq!(found(scene, SETTINGS), "trust: 100 -> 20");
    assert_eq!(
        found(scene, NEXT),
        "D 3 (trust 3), A 1; because of the settings: D 3 (trust 3); stays here: trust 3"
            .replace("D 3 (trust 3), A 1", "D 3, A 1 (trust 3)")
    );
    assert!(before == scene.files(), "it changes nothing");
    let sent = alone.cycle();
    assert_eq!(sent.len(), 4, "as was shown: {sent:?}");
    assert_eq!(found(scene, SETTINGS), "as at the last exchange");
    assert_eq!(found(scene, NEXT), "none; stays here: trust 3");

    // One that goes back, with another one.
    scene.configure("template-options = \"none\"");
    let report = scene.dxa("check --json").ends(0).json();
    let effect = &report["effects"][0];
    assert_eq!(
        effect["changed"],
        serde_json::json!(["trust: 20 -> 100", "template-options: true -> false"])
    );
    assert_eq!(effect["because"]["added"], 3, "{effect}");
    assert_eq!(effect["next"]["added"], 3, "{effect}");
}

#[test]
fn what_the_guard_would_stop_is_shown_and_stops_no_check() {
    let alone = Alone::new();
    let scene = &alone.scene;
    let more = scene.unit("More");
    for n in 0..110 {
        scene.person_in(&more, &format!("User Nr{n}"), &format!("U{n}"), "");
    }
    let of = |containers: &str| {
        scene.configure_connections(&format!(
            "[[connection]]\nname = \"HQ\"\nrole = \"requestor\"\naddress = \"NET1/PO1\"\n\
             import-container = \"{CONTAINER}\"\nexport-containers = [{containers}]\n"
        ));
    };
    of(&format!("\"ou=People,o=Org\", \"{more}\""));
    assert_eq!(alone.cycle().len(), 111);
    for n in 0..110 {
        scene.change(&format!("cn=User Nr{n},{more}"), "changetype: delete");
    }
    let next = found(scene, "connection HQ: next exchange");
    assert!(
        next.starts_with("D 110 (deleted 110); would be stopped: "),
        "{next}"
    );
    assert!(next.ends_with("--allow-deletes 110"), "{next}");
    alone.cycle_that_ends(3);
    assert!(letters(scene, "P1/new").is_empty());
}
