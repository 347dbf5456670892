//! A cycle that is killed anywhere, and asked for while another one runs (`spec/exchange.md` DX-11, DX-30, DX-31).

use std::process::Stdio;

use super::net::{AGENT, letters};
use super::scene::Scene;
use crate::support::trace;

const SERVER: &str = "NET1/PO1";

/// A scene with a reply that waits and an entry to send.
fn with_work() -> Scene {
    let scene = Scene::new();
    scene.dxa("cycle").ends(0);
    for letter in letters(&scene, "P1/new") {
        std::fs::remove_file(letter.path).expect("removed");
    }
    let profile =
        format!("TASK=IMPORT\nREQNAME=PCM:{AGENT}\nREQSEQ=1\nSRVSEQ=40\nIMPSEQ=3\nSTAMP=77\n");
    let list = [
        "0000000040 R PCM:NET1/PO1",
        "0000000040 A Ann                            PCM:NET1/PO1/ANN",
        "0000000040 A Bob                            PCM:NET1/PO1/BOB",
    ];
    scene.put_mail(SERVER, "list", &profile, &list);
    scene.person("Lena Berg", "LENA");
    scene
}

/// What there is in the end, however often the cycle was killed.
fn assert_done(scene: &Scene, place: &str) {
    assert_eq!(
        scene.shown(),
        ["MS:NET1/PO1/ANN=Ann", "MS:NET1/PO1/BOB=Bob"],
        "{place}"
    );
    assert_eq!(scene.numbers(), ["1", "40", "3"], "{place}");
    let requests = letters(scene, "P1/new");
    let request = requests.last().expect("a request");
    let sent: Vec<_> = request.queued().into_iter().collect();
    assert_eq!(sent.len(), 1, "{place}: {sent:?}");
    assert_eq!(sent[0].0, 2, "{place}: numbered once");
    assert!(sent[0].1.starts_with("A Lena Berg|"), "{place}: {sent:?}");
    let left = scene.data("postoffice/MBG/SYSTEM/new").read_dir();
    assert_eq!(left.expect("a folder").count(), 0, "{place}");
}

/// Kills a cycle at every call of some kinds, each on a scene of its own, and lets another one follow.
fn kill_everywhere(calls: &[&str], made: fn() -> Scene, assert_done: fn(&Scene, &str)) {
    trace::require_tracing();
    let mut kills = 0;
    for call in calls {
        for when in 1.. {
            let scene = made();
            let program = std::path::Path::new(env!("CARGO_BIN_EXE_dxa"));
            let mut command = trace::traced(program, call, "signal=KILL", when);
            command.arg("--config").arg(scene.config()).arg("cycle");
            command.env("DIRSYNC_NOW", "2026-11-27T10:00:00Z");
            let ended = command.output().expect("it runs").status;
            let place = format!("{call} {when}");
            if ended.code() == Some(0) {
                assert_done(&scene, &place);
                break;
            }
            kills += 1;
            let run = scene.dxa("cycle");
            let is_well = [0, 4].contains(&run.exit);
            assert!(is_well, "{place}: {}{}", run.stdout, run.stderr);
            assert_done(&scene, &place);
        }
    }
    assert!(kills > 10, "{kills}");
}

#[test]
fn a_cycle_that_is_killed_anywhere_is_done_by_the_next_one() {
    let calls = ["fdatasync", "fsync", "rename", "unlink", "sendto"];
    kill_everywhere(&calls, with_work, assert_done);
}

const REQUEST: &str = "TASK=UPDATEREQ\nREQNAME=PCM:NET1/PO1\nREQSEQ=2\nWAS=0\nSRVSEQ=0\n";

/// A scene whose agent is the server, with a request that waits and an entry to send.
fn with_request() -> Scene {
    let scene = Scene::new();
    scene.configure_connections(
        "[[connection]]\nname = \"PO1\"\nrole = \"server\"\naddress = \"NET1/PO1\"\n\
         import-container = \"ou=HQ,o=Org\"\nexport-containers = [\"ou=People,o=Org\"]\n",
    );
    scene.dxa("cycle").ends(0);
    ask(&scene, "first");
    scene.person("Lena Berg", "LENA");
    scene
}

fn ask(scene: &Scene, name: &str) {
    let list = [
        "0000000001 R PCM:NET1/PO1",
        "0000000002 A Ann                            PCM:NET1/PO1/ANN",
    ];
    scene.put_mail(SERVER, name, REQUEST, &list);
}

fn assert_served(scene: &Scene, place: &str) {
    assert_eq!(scene.shown(), ["MS:NET1/PO1/ANN=Ann"], "{place}");
    assert_eq!(scene.numbers()[0], "2", "{place}");
    let left = scene.data("postoffice/MBG/SYSTEM/new").read_dir();
    assert_eq!(left.expect("a folder").count(), 0, "{place}");
    // An answer that was lost on the way out comes with the next request, which repeats the numbers.
    ask(scene, "again");
    for letter in letters(scene, "P1/new") {
        std::fs::remove_file(letter.path).expect("removed");
    }
    scene.dxa("cycle").ends(0);
    let replies = letters(scene, "P1/new");
    let [reply] = &replies[..] else {
        panic!("{place}: {} replies", replies.len());
    };
    assert!(
        reply.text().contains("A Lena Berg"),
        "{place}: {}",
        reply.text()
    );
    assert_eq!(reply.profile.count, Some(2), "{place}");
    assert_eq!(scene.shown(), ["MS:NET1/PO1/ANN=Ann"], "{place}");
}

#[test]
fn a_server_that_is_killed_anywhere_takes_once_and_answers() {
    let calls = ["fdatasync", "rename", "sendto"];
    kill_everywhere(&calls, with_request, assert_served);
}

#[test]
fn a_cycle_asked_for_while_one_runs_follows_it_once() {
    trace::require_tracing();
    let scene = with_work();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_dxa"));
    // Held up while it has its lock.
    let mut command = trace::traced(program, "fdatasync", "delay_enter=3000000", 4);
    command.arg("--config").arg(scene.config()).arg("cycle");
    command.env("DIRSYNC_NOW", "2026-11-27T10:00:00Z");
    let first = command.stdout(Stdio::piped()).spawn().expect("it runs");
    let lock = scene.data("dxa.cycle.lock");
    let held = || {
        let file = std::fs::File::open(&lock).expect("a lock");
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockShared).is_err()
    };
    while !held() {
        std::thread::yield_now();
    }
    for _ in 0..2 {
        let run = scene.dxa("cycle").ends(0);
        assert!(run.stdout.contains("another one follows"), "{}", run.stdout);
    }
    let output = first.wait_with_output().expect("it ends");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}");
    assert_eq!(stdout.matches("T1: request sent").count(), 2, "{stdout}");
}
