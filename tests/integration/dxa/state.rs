//! `dxa state show` and `dxa state set` (`spec/exchange.md` NT-14).

use std::fs;

use super::net::{AGENT, Net};
use super::scene::Scene;

const SERVER: &str = "NET1/PO1";

/// Those of the postoffice, as the import container shows them in the end.
const THERE: [&str; 3] = [
    "MS:NET1/PO1/ADMIN=Administrator",
    "MS:NET1/PO1/OTTO=Otto",
    "MS:NET1/PO1/PAULA=Paula",
];

fn shown(scene: &Scene, name: &str) -> serde_json::Value {
    let line = format!("state show {name} --json");
    let all = scene.dxa(&line).ends(0).json();
    all["connections"][0].clone()
}

fn numbers(scene: &Scene, name: &str) -> [u64; 4] {
    let kept = shown(scene, name);
    ["req", "svr", "conf", "imp"].map(|number| {
        let number = kept["numbers"][number].as_u64();
        number.unwrap_or_else(|| panic!("{kept}"))
    })
}

/// A requestor that is in step with its server, and has one change that waits.
fn requestor() -> Net {
    let net = Net::requestor(&[SERVER]);
    net.scene.person("Lena Berg", "LENA");
    net.site.user(SERVER, "Otto");
    net.round();
    net.round();
    assert_eq!(net.site.names_in(SERVER, AGENT), ["Lena Berg"]);
    net.scene.person("Max Berg", "MAX");
    net.scene.dxa("cycle --step t1").ends(0);
    net
}

/// A cycle of everybody, in which somebody may say that numbers do not fit.
fn exchange(net: &Net) {
    net.scene.dxa("cycle");
    net.site.t1(SERVER);
    net.carry();
    net.site.t2_receive();
    net.site.t2_transmit();
    net.carry();
    net.site.t3(SERVER);
    net.scene.dxa("cycle --step t3");
}

/// A server of one postoffice, in step with it.
fn server() -> Net {
    let net = Net::server(&[SERVER]);
    net.scene.configure_connections(&format!(
        "[[connection]]\nname = \"PO1\"\nrole = \"server\"\naddress = \"{SERVER}\"\nrelay = true\n\
         import-container = \"ou=HQ,o=Org\"\nexport-containers = [\"ou=People,o=Org\"]\n"
    ));
    net.meet(SERVER);
    net
}

#[test]
fn nt_14_what_is_kept_is_shown_and_nothing_is_touched() {
    let scene = Scene::new();
    let run = scene.dxa("state show").ends(0);
    assert!(
        run.stdout.starts_with("HQ: requestor, no numbers\n"),
        "{}",
        run.stdout
    );
    assert!(!scene.data("").exists(), "a look makes nothing");

    let net = requestor();
    let scene = &net.scene;
    let before = scene.files();
    let kept = shown(scene, "HQ");
    let status = scene.dxa("status --json").ends(0).json();
    assert_eq!(kept["numbers"], status["connections"][0]["numbers"]);
    assert_eq!(kept["waiting"], 1, "{kept}");
    assert_eq!(kept["entries"], 2, "{kept}");
    assert_eq!(kept["state"]["has-sent-list"], true, "{kept}");
    let text = scene.dxa("state show hq").ends(0).stdout;
    let [req, svr, _, imp] = numbers(scene, "HQ");
    let line = format!("HQ: requestor, ReqSync={req} SrvSync={svr} ImpSync={imp}\n");
    assert!(text.starts_with(&line), "{text}");
    let waits = format!("  waiting: 1, numbers {0} to {0}\n", req + 1);
    assert!(text.contains(&waits), "{text}");
    assert!(text.contains("  has-sent-list: true\n"), "{text}");
    assert!(before == scene.files());
    scene.dxa("state show NOBODY").ends(66);
}

#[test]
fn nt_14_numbers_of_a_requestor_are_set_in_ledger_and_container_and_a_wrong_one_loses_nothing() {
    let net = requestor();
    let scene = &net.scene;
    let [req, svr, _, imp] = numbers(scene, "HQ");
    let before = scene.files();
    for (line, exit) in [
        ("state set HQ ReqSync", 2),
        ("state set HQ USN=7", 2),
        ("state set HQ ReqSync=4294967296", 2),
        ("state set HQ", 2),
        ("state set NOBODY ReqSync=7", 66),
    ] {
        scene.dxa(line).ends(exit);
    }
    let change =
        format!("HQ: req={req} svr={svr} conf={svr} imp={imp} -> req=700 svr=90 conf=90 imp=9");
    let line = "state set HQ ReqSync=700 srvsync=90 ImpSync=9";
    let run = scene.dxa(&format!("{line} --dry-run")).ends(0);
    assert!(run.stdout.contains(&change), "{}", run.stdout);
    assert!(
        run.stdout.contains("Dry run: nothing was written."),
        "{}",
        run.stdout
    );
    assert!(before == scene.files());
    assert_eq!(scene.numbers(), [req, svr, imp].map(|n| n.to_string()));

    let run = scene.dxa(line).ends(0);
    assert!(run.stdout.contains(&change), "{}", run.stdout);
    assert_eq!(run.stdout.matches("DX221").count(), 2, "{}", run.stdout);
    assert_eq!(scene.numbers(), ["700", "90", "9"]);
    assert_eq!(numbers(scene, "HQ"), [700, 90, 90, 9]);
    let kept = shown(scene, "HQ");
    assert_eq!(kept["waits"], serde_json::json!([701, 701]), "{kept}");
    let log = fs::read_to_string(scene.data("dxa.log")).expect("a log");
    assert!(
        log.contains("numbers were set by hand connection=HQ was="),
        "{log}"
    );

    // The same again is no change.
    let before = scene.files();
    let run = scene.dxa("state set HQ ReqSync=700 --json").ends(0).json();
    assert_eq!(run["changed"], serde_json::json!([]), "{run}");
    let ledger = scene.data("ledger.db");
    assert!(before[&ledger] == fs::read(&ledger).expect("a ledger"));

    // Whatever they were, both sides come in step by themselves.
    net.site.user(SERVER, "Paula");
    for _ in 0..3 {
        exchange(&net);
    }
    assert_eq!(net.site.names_in(SERVER, AGENT), ["Lena Berg", "Max Berg"]);
    assert_eq!(scene.shown(), THERE);
    net.round();
}

#[test]
fn nt_14_numbers_that_are_set_too_low_or_skip_what_waits_lose_nothing() {
    // Just above is where a number passes over what waits, here or there.
    for (number, above) in [
        ("ReqSync", None),
        ("SrvSync", None),
        ("ImpSync", None),
        ("ReqSync", Some("req")),
        ("SrvSync", Some("svr")),
        ("ImpSync", Some("imp")),
    ] {
        let net = requestor();
        net.site.user(SERVER, "Paula");
        let value = match above {
            Some(name) => shown(&net.scene, "HQ")["numbers"][name]
                .as_u64()
                .map(|n| n + 1),
            None => Some(0),
        };
        let line = format!("{number}={}", value.expect("a number"));
        net.scene.dxa(&format!("state set HQ {line}")).ends(0);
        for _ in 0..3 {
            exchange(&net);
        }
        let names = net.site.names_in(SERVER, AGENT);
        assert_eq!(names, ["Lena Berg", "Max Berg"], "{line}");
        assert_eq!(net.scene.shown(), THERE, "{line}");
    }
}

#[test]
fn nt_14_numbers_of_a_server_are_set_and_its_requestor_comes_in_step() {
    for line in [
        "SrvSync=500 ImpSync=9",
        "SrvSync=0 ImpSync=0",
        "ReqSync=0",
        "ReqSync=77",
    ] {
        let net = server();
        let before = numbers(&net.scene, "");
        net.scene.person("Max Berg", "MAX");
        net.site.user(SERVER, "Paula");
        let run = net.scene.dxa(&format!("state set PO1 {line}")).ends(0);
        assert!(run.stdout.contains("DX221"), "{line}: {}", run.stdout);
        assert_ne!(numbers(&net.scene, ""), before, "{line}");
        for _ in 0..3 {
            net.round_served();
        }
        let names = net.site.names_in(SERVER, AGENT);
        assert_eq!(names, ["Lena Berg", "Max Berg"], "{line}");
        assert_eq!(net.scene.shown(), THERE, "{line}");
        net.round_served().ends(0);
    }
}

#[test]
fn ntc_043_what_was_edited_is_shown_with_its_fault_and_set_anew() {
    let net = requestor();
    let scene = &net.scene;
    let [req, ..] = numbers(scene, "HQ");
    let ledger = rusqlite::Connection::open(scene.data("ledger.db")).expect("a ledger");
    let set = "UPDATE connection SET state = '{\"old-replies\": \"2026-13-45\"}'";
    assert_eq!(ledger.execute(set, []).expect("written"), 1);
    drop(ledger);
    let run = scene.dxa("state show").ends(65);
    for part in ["2026-13-45", "FAULT DX249", "dxa state set HQ ReqSync=N"] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    scene.dxa("cycle").ends(65);
    let run = scene.dxa(&format!("state set HQ ReqSync={req}")).ends(0);
    assert_eq!(run.stdout.matches("DX221").count(), 2, "{}", run.stdout);
    for _ in 0..2 {
        net.round();
    }
    assert_eq!(net.site.names_in(SERVER, AGENT), ["Lena Berg", "Max Berg"]);
    scene.dxa("state show").ends(0);
}
