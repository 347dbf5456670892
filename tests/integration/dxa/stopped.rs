//! A run of the agent that is stopped or killed in the middle of a list (`spec/exchange.md` DX-05, DX-31, LD-13).

use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::scene::{CONTAINER, Scene, names, resync, users};
use crate::support::relay::SEARCH;

/// Entries of the list; the cases say 10,000.
const ENTRIES: usize = 10_000;

fn list() -> Vec<u8> {
    users((14, 88, 2, 200), ENTRIES)
}

/// Counts the entries that are there.
fn count(scene: &Scene) -> usize {
    scene.entries(CONTAINER).len()
}

/// Starts a run and returns it once it has written some of the list.
fn begun(scene: &Scene) -> Child {
    let mut command = scene.command("lists");
    let mut run = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let begin = Instant::now();
    let search = ["-LLL", "-z", "1", "-b", CONTAINER, "(syncKey=*)", "1.1"];
    while scene
        .slapd
        .client("ldapsearch", &search, "")
        .stdout
        .is_empty()
    {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "nothing is written"
        );
        assert!(
            run.try_wait().expect("asked").is_none(),
            "it ended before it wrote anything"
        );
        thread::sleep(Duration::from_millis(1));
    }
    run
}

/// Sends a signal to a run in the middle of the list, and returns how it ended.
fn interrupt(scene: &Scene, signal: Signal) -> Option<i32> {
    let mut run = begun(scene);
    let id = Pid::from_raw(i32::try_from(run.id()).expect("small")).expect("not 0");
    kill_process(id, signal).expect("it is our child");
    run.wait().expect("it ended").code()
}

#[test]
fn dxc_005_006_a_list_that_was_stopped_or_killed_is_applied_once_by_the_next_run() {
    for signal in [Signal::TERM, Signal::KILL] {
        let scene = Scene::new();
        scene.drop_file("RESYNC.GLB", &list());
        let exit = interrupt(&scene, signal);
        let stopped = match signal {
            Signal::TERM => Some(75),
            _ => None,
        };
        assert_eq!(exit, stopped, "{signal:?}");
        let there = count(&scene);
        assert!(
            there > 0 && there < ENTRIES,
            "{signal:?}: {there} were there"
        );
        assert_eq!(
            scene.numbers(),
            ["-", "-", "-"],
            "{signal:?}: the numbers are old until all is there"
        );
        assert_eq!(names(&scene.data("in")), ["RESYNC.GLB"]);

        let report = scene.dxa("lists --json").ends(0).json();
        let list = &report["lists"][0];
        let sum = ["added", "unchanged"].map(|name| list[name].as_u64().expect("a number"));
        assert_eq!(sum.iter().sum::<u64>(), ENTRIES as u64, "{list}");
        assert_eq!(count(&scene), ENTRIES, "{signal:?}");
        assert_eq!(scene.numbers(), ["14", "88", "2"], "{signal:?}");
        assert_eq!(names(&scene.data("in")), Vec::<String>::new());
    }
}

#[test]
fn a_server_that_goes_away_in_the_middle_leaves_the_list_for_the_next_run() {
    let mut scene = Scene::new();
    scene.drop_file("RESYNC.GLB", &list());
    let mut run = begun(&scene);
    scene.slapd.kill();
    assert_eq!(run.wait().expect("it ended").code(), Some(75));
    scene.slapd.restart();
    assert_eq!(names(&scene.data("in")), ["RESYNC.GLB"]);
    assert_eq!(scene.numbers(), ["-", "-", "-"]);
    scene.dxa("lists").ends(0);
    assert_eq!(count(&scene), ENTRIES);
    assert_eq!(scene.numbers(), ["14", "88", "2"]);
}

#[test]
fn a_run_that_waits_for_a_server_that_hangs_ends_soon_when_it_is_told_to() {
    let scene = Scene::new();
    scene.drop_file(
        "RESYNC.GLB",
        &resync((14, 88, 2, 200), &["A Ann\tPCM:NET1/PO1/ANN"]),
    );
    // All that is read before anything is written; a request has a minute otherwise.
    let searches = {
        let relay = scene.through_relay();
        scene.dxa("lists --dry-run").ends(0);
        relay.count(SEARCH)
    };
    assert!(searches > 3, "{searches}");
    for behind in 0..searches {
        scene.configure("");
        let relay = scene.through_relay();
        relay.stop_at(SEARCH, behind);
        let mut command = scene.command("lists");
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut run = command.spawn().expect("it runs");
        relay.until_stopped();
        let id = Pid::from_raw(i32::try_from(run.id()).expect("small")).expect("not 0");
        let begin = Instant::now();
        kill_process(id, Signal::TERM).expect("it is our child");
        assert_eq!(run.wait().expect("it ended").code(), Some(75), "{behind}");
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(30), "{behind}: {took:?}");
        relay.go_on();
        assert_eq!(names(&scene.data("in")), ["RESYNC.GLB"], "{behind}");
        assert_eq!(count(&scene), 0, "{behind}");
    }
    scene.configure("");
    scene.dxa("lists").ends(0);
    assert_eq!(scene.shown(), ["MS:NET1/PO1/ANN=Ann"]);
}

#[test]
fn an_incomplete_read_removes_nothing() {
    use crate::support::slapd::Setup;
    use std::fs;
    // The agent may read 10 entries at most; the list lacks all but one of the 30 that are there.
    let scene = Scene::on(
        Setup::new().database("limits dn.exact=\"cn=agent,o=Org\" size=10 size.prtotal=10"),
    );
    scene.drop_file("RESYNC.GLB", &users((14, 88, 2, 200), 30));
    scene.dxa("lists").ends(0);
    let config = fs::read_to_string(scene.config()).expect("read");
    fs::write(
        scene.config(),
        config.replace("cn=admin,o=Org", "cn=agent,o=Org"),
    )
    .expect("written");
    scene.drop_file("RESYNC.GLB", &users((14, 89, 3, 300), 1));
    let run = scene.dxa("lists --allow-deletes 1000").ends(75);
    assert!(run.stderr.contains("incomplete read"), "{}", run.stderr);
    assert_eq!(count(&scene), 30);
    assert_eq!(scene.numbers(), ["14", "88", "2"]);
}
