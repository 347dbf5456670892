//! The service where something is wrong: at its start, over the directory, over the mail place, and when it is stopped or
//! killed (`spec/exchange.md` DX-05, DX-31, DX-38, DX134).

use std::fs;

use rustix::process::Signal;

use super::net::letters;
use super::scene::{CONTAINER, Scene, names, users};
use super::service::{Service, quiet, set_agent, wait_until};

fn status(scene: &Scene) -> serde_json::Value {
    scene.dxa("status --json").ends(0).json()["connections"][0].clone()
}

/// Counts the events that are errors.
fn errors(said: &str) -> usize {
    let severity = |line: &str| {
        let mut words = line.split(' ').skip_while(|word| word.starts_with("DX"));
        words.next().map(str::to_owned)
    };
    said.lines()
        .filter(|line| severity(line).as_deref() == Some("error"))
        .count()
}

#[test]
fn dxc_009_what_is_not_there_ends_the_start_with_a_message() {
    let mut scene = Scene::new();
    // The folder lies elsewhere, and everything is looked at there.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let data = elsewhere.path().join("agent");
    let text = fs::read_to_string(scene.config()).expect("readable");
    let text = text.replace("\"data\"", &format!("{:?}", data.display().to_string()));
    fs::write(scene.config(), text).expect("written");
    let output = scene.slapd.client("ldapdelete", &[CONTAINER], "");
    assert!(output.status.success(), "{output:?}");
    let run = scene.dxa("run").ends(66);
    assert!(
        run.stderr
            .contains("start-up check: connection HQ: import container"),
        "{}",
        run.stderr
    );
    assert!(!data.exists(), "nothing was begun");
    scene.unit("HQ");
    scene.slapd.kill();
    let run = scene.dxa("run").ends(75);
    assert!(
        run.stderr.contains("start-up check: directory: "),
        "{}",
        run.stderr
    );
    scene.slapd.restart();
    fs::create_dir(&data).expect("made");
    fs::create_dir(data.join("ledger.db")).expect("no file");
    let run = scene.dxa("run").ends(73);
    assert!(run.stderr.contains("ledger: DX249"), "{}", run.stderr);
    let log = fs::read_to_string(data.join("dxa.log")).expect("a log");
    assert!(log.contains("start-up check: ledger"), "{log}");
    fs::remove_dir(data.join("ledger.db")).expect("removed");
    // One that is damaged keeps nobody from work (DX-12).
    fs::write(data.join("ledger.db"), "no ledger").expect("written");
    let mut service = Service::start(&scene);
    service.wait_for("T1: request sent");
    service.wait_for("DX249 warn the ledger was damaged");
    service.stop();
    assert!(data.join("postoffice").exists() && !scene.data("").exists());
}

#[test]
fn a_server_that_is_gone_is_said_once_tried_again_and_said_to_be_there_again() {
    let mut scene = quiet();
    let mut service = Service::start(&scene);
    scene.slapd.kill();
    service.signal(Signal::USR1);
    let line = service.wait_for("DX134 error");
    assert!(line.contains("retry-at="), "{line}");
    let first = status(&scene);
    assert_eq!(first["is_failing"], true, "{first}");
    assert_eq!(first["last_failure"]["exit"], 75, "{first}");
    wait_until("it was tried again", || {
        status(&scene)["last_failure"]["at"] != first["last_failure"]["at"]
    });
    wait_until("it is to be tried again", || {
        let next = status(&scene)["next"].clone();
        next["step"] == "T1" && next["is_retry"] == true
    });
    let text = scene.dxa("status").ends(0).stdout;
    assert!(
        text.contains("  fails ") && text.contains("tried again"),
        "{text}"
    );
    assert!(letters(&scene, "P1/new").is_empty());
    scene.slapd.restart();
    service.wait_for("T1: request sent");
    let said = service.stop();
    assert_eq!(errors(&said), 1, "it fails in one line: {said}");
    assert_eq!(said.matches("info works again").count(), 1, "{said}");
    let after = status(&scene);
    assert_eq!(after["is_failing"], false, "{after}");
}

#[test]
fn dxc_107_what_somebody_has_to_mend_is_said_once_and_waits_for_the_next_time() {
    let scene = quiet();
    let mut service = Service::start(&scene);
    let output = scene.slapd.client("ldapdelete", &[CONTAINER], "");
    assert!(output.status.success(), "{output:?}");
    service.signal(Signal::USR1);
    let line = service.wait_for("error incomplete read");
    assert!(
        line.contains(CONTAINER) && line.contains("connection=HQ"),
        "{line}"
    );
    let next = line
        .split("next=")
        .nth(1)
        .expect("when it is next")
        .to_owned();
    wait_until("the service waits", || {
        let status = scene.dxa("status --json").ends(0).json();
        let next_is = &status["connections"][0]["next"];
        next_is["at"] == next.as_str() && next_is["is_retry"] == false
    });
    service.signal(Signal::USR1);
    service.wait_for("a cycle is asked for");
    scene.unit("HQ");
    service.signal(Signal::USR1);
    service.wait_for("works again connection=HQ");
    let said = service.stop();
    assert_eq!(errors(&said), 1, "{said}");
}

#[test]
fn a_mail_place_that_others_work_with_is_tried_again() {
    let scene = quiet();
    let mut service = Service::start(&scene);
    let lock = fs::File::open(scene.data("postoffice/GLB/FLAG.GLB")).expect("a lock");
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("locked");
    service.signal(Signal::USR1);
    let line = service.wait_for("DX134 error the mail place is busy");
    assert!(line.contains("retry-at="), "{line}");
    drop(lock);
    service.wait_for("T1: request sent");
    service.stop();
}

#[test]
fn dx_31_a_service_that_is_stopped_or_killed_in_a_list_goes_on_with_it() {
    const ENTRIES: usize = 10_000;
    let scene = quiet();
    scene.drop_file("RESYNC.GLB", &users((1, 88, 2, 200), ENTRIES));
    let count = || scene.entries(CONTAINER).len();
    let grows_beyond = |before: usize| {
        wait_until("entries come", || count() > before);
    };
    let service = Service::start(&scene);
    grows_beyond(0);
    let said = service.stop();
    let stopped = count();
    assert!(stopped < ENTRIES, "{stopped}: {said}");
    assert_eq!(names(&scene.data("in")), ["RESYNC.GLB"]);
    let service = Service::start(&scene);
    grows_beyond(stopped);
    service.kill();
    assert!(count() < ENTRIES);
    assert_eq!(
        scene.numbers()[1],
        "-",
        "the numbers are old until all is there"
    );
    let mut service = Service::start(&scene);
    service.wait_for("list done file=RESYNC.GLB");
    service.stop();
    assert_eq!(count(), ENTRIES);
    assert_eq!(scene.numbers(), ["1", "88", "2"]);
    assert_eq!(names(&scene.data("done")).len(), 2, "once, with its report");
}

#[test]
fn a_list_that_the_guard_stops_is_said_once_and_left() {
    let scene = quiet();
    let mut service = Service::start(&scene);
    scene.drop_file("RESYNC.GLB", &users((1, 88, 2, 200), 30));
    service.wait_for("list done file=RESYNC.GLB");
    scene.drop_file("RESYNC.GLB", &users((1, 89, 3, 300), 1));
    let line = service.wait_for("--allow-deletes 29");
    assert!(
        line.contains("folder=in") && line.contains("retry-at="),
        "{line}"
    );
    // One that comes behind it does not wait for it.
    let ldif = scene.dxa("export HQ").ends(0).stdout;
    scene.drop_file("S.ldif", ldif.as_bytes());
    service.wait_for("list done file=S.ldif");
    scene.dxa("lists --allow-deletes 29").ends(0);
    assert_eq!(scene.shown().len(), 1);
    let said = service.stop();
    assert_eq!(said.matches("--allow-deletes").count(), 1, "{said}");
}

#[test]
fn there_is_one_service_for_a_folder() {
    let scene = quiet();
    let service = Service::start(&scene);
    let run = scene.dxa("run").ends(75);
    assert!(
        run.stderr.contains("a service works here already"),
        "{}",
        run.stderr
    );
    service.kill();
    let text = scene.dxa("status").ends(0).stdout;
    assert!(
        !text.contains("service runs"),
        "what was killed is not believed: {text}"
    );
    set_agent(&scene, "metrics = \"dxa.prom\"");
    let service = Service::start(&scene);
    let text = scene.dxa("status").ends(0).stdout;
    assert!(text.contains("The service runs since "), "{text}");
    service.stop();
}
