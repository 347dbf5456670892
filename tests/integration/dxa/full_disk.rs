//! A ledger that cannot be written: what was received is kept once, and nothing is sent (`spec/exchange.md` DX-30).

use std::fs;
use std::path::Path;
use std::process::Command;

use super::net::letters;
use super::scene::{Scene, names, resync};
use crate::support::trace;

const SERVER: &str = "NET1/PO1";

/// How a ledger is written, and nothing else of the agent.
const WRITE: &str = "pwrite64";

const FULL: &str = "error=ENOSPC";

/// A scene whose agent is the server of PO1, with updates of it that wait.
fn with_request() -> Scene {
    let scene = Scene::new();
    scene.configure_connections(
        "[[connection]]\nname = \"PO1\"\nrole = \"server\"\naddress = \"NET1/PO1\"\n\
         import-container = \"ou=HQ,o=Org\"\nexport-containers = [\"ou=People,o=Org\"]\n",
    );
    scene.dxa("cycle").ends(0);
    scene.person("Lena Berg", "LENA");
    let profile = "TASK=UPDATEREQ\nREQNAME=PCM:NET1/PO1\nREQSEQ=3\nWAS=0\nSRVSEQ=0\n";
    let updates = [
        "0000000001 R PCM:NET1/PO1",
        "0000000002 A Ann                            PCM:NET1/PO1/ANN",
        "0000000003 A Bob                            PCM:NET1/PO1/BOB",
    ];
    scene.put_mail(SERVER, "updates", profile, &updates);
    scene
}

/// What a command ends with, its output, where writing the ledger fails.
fn with_full_disk(scene: &Scene, line: &str, when: &str) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_dxa"));
    let mut command = trace::traced(program, WRITE, FULL, when);
    command.arg("--config").arg(scene.config());
    command.args(line.split_whitespace());
    command.env("DIRSYNC_NOW", "2026-11-27T10:00:00Z");
    let output = command.output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (output.status.code().unwrap_or(-1), said)
}

fn waiting(scene: &Scene) -> usize {
    names(&scene.data("postoffice/MBG/SYSTEM/new")).len()
}

const BOTH: [&str; 2] = ["MS:NET1/PO1/ANN=Ann", "MS:NET1/PO1/BOB=Bob"];

#[test]
fn dxc_084_what_was_received_is_kept_once_and_nothing_is_sent_where_the_state_cannot_be_written() {
    trace::require_tracing();
    let scene = with_request();
    for _ in 0..2 {
        let (exit, said) = with_full_disk(&scene, "cycle", "1+");
        assert_eq!(exit, 73, "{said}");
        assert!(said.contains("DX143") && said.contains("DX168"), "{said}");
        assert!(said.contains("nothing was sent"), "{said}");
        assert_eq!(scene.shown(), BOTH, "it is kept");
        assert!(letters(&scene, "P1/new").is_empty());
        assert_eq!(waiting(&scene), 1, "it is tried again");
        let status = scene.dxa("status").ends(0);
        assert!(status.stdout.contains("req=0"), "{}", status.stdout);
    }
    let run = scene.dxa("cycle").ends(0);
    assert!(run.stdout.contains("unchanged 2"), "once: {}", run.stdout);
    assert_eq!(scene.shown(), BOTH);
    assert_eq!(scene.numbers()[0], "3");
    assert_eq!(waiting(&scene), 0);
    let sent = letters(&scene, "P1/new");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].profile.reqseq.map(|n| n.0), Some(3));
}

#[test]
fn dxc_084_whichever_write_fails_the_next_cycle_makes_it_whole() {
    trace::require_tracing();
    let mut failures = 0;
    for when in 1.. {
        let scene = with_request();
        let (exit, said) = with_full_disk(&scene, "cycle", &when.to_string());
        if exit == 0 {
            break;
        }
        failures += 1;
        assert_eq!(exit, 73, "{when}: {said}");
        assert!(letters(&scene, "P1/new").is_empty(), "{when}: {said}");
        scene.dxa("cycle").ends(0);
        assert_eq!(scene.shown(), BOTH, "{when}");
        assert_eq!(scene.numbers()[0], "3", "{when}");
        let sent = letters(&scene, "P1/new");
        assert_eq!(sent.len(), 1, "{when}");
        assert_eq!(sent[0].profile.count, Some(2), "{when}: R and A");
        assert_eq!(waiting(&scene), 0, "{when}");
    }
    assert!(failures > 3, "{failures}");
}

#[test]
fn a_requestor_whose_state_cannot_be_written_sends_nothing_and_takes_the_reply_again() {
    trace::require_tracing();
    let scene = Scene::new();
    scene.dxa("cycle").ends(0);
    fs::remove_dir_all(scene.data("postoffice/P1")).expect("removed");
    fs::create_dir(scene.data("postoffice/P1")).expect("made");
    let profile = "TASK=IMPORT\nREQNAME=PCM:NET1/AGENT\nREQSEQ=1\nSRVSEQ=40\nIMPSEQ=3\n";
    let list = ["0000000040 A Ann                            PCM:NET1/PO1/ANN"];
    scene.put_mail(SERVER, "list", profile, &list);
    let (exit, said) = with_full_disk(&scene, "cycle", "1+");
    assert_eq!(exit, 73, "{said}");
    assert!(said.contains("DX168"), "{said}");
    assert!(letters(&scene, "P1/new").is_empty());
    scene.dxa("cycle").ends(0);
    assert_eq!(scene.shown(), ["MS:NET1/PO1/ANN=Ann"]);
    assert_eq!(scene.numbers(), ["1", "40", "3"]);
    assert_eq!(letters(&scene, "P1/new").len(), 1);
}

#[test]
fn a_list_whose_numbers_cannot_be_written_stays_and_is_applied_once() {
    trace::require_tracing();
    let mut failures = 0;
    for when in ["1+", "1", "2", "3", "4", "5", "6"] {
        let scene = Scene::new();
        scene.dxa("lists").ends(0);
        let texts = ["A Ann\tPCM:NET1/PO1/ANN", "A Bob\tPCM:NET1/PO1/BOB"];
        let list = scene.drop_file("RESYNC.GLB", &resync((14, 88, 2, 500), &texts));
        let (exit, said) = with_full_disk(&scene, "lists", when);
        if exit != 0 {
            failures += 1;
            assert_eq!(exit, 73, "{when}: {said}");
            assert!(list.exists(), "{when}: it is tried again");
            let status = scene.dxa("status").ends(0);
            assert!(
                status.stdout.contains("req=0 svr=0"),
                "{when}: {}",
                status.stdout
            );
            scene.dxa("lists").ends(0);
        }
        assert_eq!(scene.shown(), BOTH, "{when}");
        assert_eq!(scene.numbers(), ["14", "88", "2"], "{when}");
        let status = scene.dxa("status").ends(0);
        assert!(
            status.stdout.contains("req=14 svr=88"),
            "{when}: {}",
            status.stdout
        );
        assert!(!list.exists(), "{when}");
    }
    assert!(failures > 2, "{failures}");
}

/// Bytes that a file may have: more than the ledger needs, less than the writes of the list.
const FILE_LEN: usize = 256 * 1024;

#[test]
fn a_list_that_there_is_no_room_to_decide_on_changes_nothing_and_leaves_nothing() {
    let scene = Scene::new();
    scene.dxa("lists").ends(0);
    let texts: Vec<_> = (0..1500)
        .map(|n| format!("A User {n}\tPCM:NET1/PO1/U{n}\r\n- Title:/{n:0>60}"))
        .collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let list = scene.drop_file("RESYNC.GLB", &resync((14, 88, 2, 500), &texts));
    let before = scene.files();
    let mut command = Command::new("sh");
    let limit = format!(
        "ulimit -f {}; exec \"$@\"",
        // What the shell counts in.
        FILE_LEN / 512
    );
    command.args(["-c", &limit, "sh"]);
    command.arg(env!("CARGO_BIN_EXE_dxa"));
    command.arg("--config").arg(scene.config()).arg("lists");
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(73), "{said}");
    assert!(
        said.contains("a temporary file in the data folder"),
        "{said}"
    );
    assert!(
        scene.shown().is_empty(),
        "nothing is written before all is decided"
    );
    assert!(list.exists(), "it is tried again");
    let (before, after) = (before.keys(), scene.files());
    assert!(
        before.eq(after.keys()),
        "nothing is left of it: {:?}",
        after.keys()
    );
    scene.dxa("lists").ends(0);
    assert_eq!(scene.shown().len(), texts.len());
}
