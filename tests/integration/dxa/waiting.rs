//! Commands that want the data folder while another one, or the service, works with it (`spec/exchange.md` DX-11, Q199176).

use std::fs;

use rustix::fs::{FlockOperation, flock};
use rustix::process::Signal;

use super::net::letters;
use super::scene::{Scene, names, resync};
use super::service::{Service, quiet, wait_until};

/// Waits until somebody works with the folder under a command, or waits for it.
fn wait_held(scene: &Scene, command: &str) {
    wait_until(command, || {
        let file = fs::File::open(scene.data(&format!("dxa.{command}.lock")));
        file.is_ok_and(|file| flock(file, FlockOperation::NonBlockingLockShared).is_err())
    });
}

/// Lets a cycle be killed in which another one was asked for.
fn kill_asked(scene: &Scene) {
    scene.slapd.hold();
    let cycle = Service::spawn(scene, "cycle");
    wait_held(scene, "cycle");
    scene.dxa("cycle").ends(0);
    cycle.kill();
    scene.slapd.go_on();
}

fn drop_list(scene: &Scene) {
    let texts = ["R PCM:NET1/PO1", "A Bob\tPCM:NET1/PO1/BOB"];
    scene.drop_file("RESYNC.GLB", &resync((1, 88, 2, 200), &texts));
}

#[test]
fn a_cycle_waits_for_lists_and_one_more_is_left_to_it() {
    let scene = quiet();
    drop_list(&scene);
    scene.slapd.hold();
    let lists = Service::spawn(&scene, "lists");
    wait_held(&scene, "lists");
    let cycle = Service::spawn(&scene, "cycle");
    wait_held(&scene, "cycle");
    let run = scene.dxa("cycle").ends(0);
    assert!(run.stdout.contains("another one follows"), "{}", run.stdout);
    scene.slapd.go_on();
    let (exit, said) = lists.end();
    assert_eq!(exit, Some(0), "{said}");
    let (exit, said) = cycle.end();
    assert_eq!(exit, Some(0), "{said}");
    assert_eq!(said.matches("T1: request sent").count(), 2, "{said}");
    assert_eq!(scene.numbers()[1], "88");
    let status = scene.dxa("status --json").ends(0).json();
    assert_eq!(status["connections"][0]["queued"], 0, "{status}");
}

#[test]
fn commands_given_while_the_service_works_run_after_it_and_none_is_lost() {
    let scene = quiet();
    let mut service = Service::start(&scene);
    scene.slapd.hold();
    service.signal(Signal::USR1);
    wait_held(&scene, "cycle");
    for _ in 0..2 {
        let run = scene.dxa("cycle --export-all").ends(0);
        assert!(run.stdout.contains("another one follows"), "{}", run.stdout);
    }
    let status = scene.dxa("status --json").ends(0).json();
    assert_eq!(status["connections"][0]["queued"], 1, "{status}");
    drop_list(&scene);
    let lists = Service::spawn(&scene, "lists");
    wait_held(&scene, "lists");
    scene.slapd.go_on();
    service.wait_for("a cycle follows");
    let line = service.wait_for("T1: request sent");
    assert!(line.contains("sent=\"full list: "), "{line}");
    let (exit, said) = lists.end();
    assert_eq!(exit, Some(0), "{said}");
    wait_until("somebody applied the list", || scene.numbers()[1] == "88");
    // In between, everything is as without it.
    scene.dxa("cycle").ends(0);
    scene.dxa("reset HQ").ends(0);
    let said = service.stop();
    assert_eq!(said.matches("T1: request sent").count(), 2, "{said}");
    assert_eq!(said.matches("a cycle follows").count(), 1, "{said}");
    assert!(!said.contains("error "), "{said}");
    assert_eq!(names(&scene.data("done")).len(), 2);
}

#[test]
fn what_was_asked_for_of_a_run_that_was_killed_is_done_by_the_next_one() {
    let scene = quiet();
    for is_begun in [false, true] {
        kill_asked(&scene);
        if is_begun {
            // As it is once the line was taken up.
            fs::rename(scene.data("dxa.queued"), scene.data("dxa.following")).expect("renamed");
        }
        let run = scene.dxa("cycle").ends(0);
        let sent = run.stdout.matches("T1: request sent").count();
        assert_eq!(sent, 2, "{}", run.stdout);
        let run = scene.dxa("cycle").ends(0);
        assert_eq!(
            run.stdout.matches("T1: request sent").count(),
            1,
            "{}",
            run.stdout
        );
    }
    kill_asked(&scene);
    let before = letters(&scene, "P1/new").len();
    let mut service = Service::start(&scene);
    service.wait_for("a cycle follows");
    service.wait_for("T1: request sent");
    let said = service.stop();
    assert_eq!(said.matches("T1: request sent").count(), 1, "{said}");
    assert_eq!(letters(&scene, "P1/new").len(), before + 1);
}

#[test]
fn a_run_that_waits_can_be_stopped() {
    let scene = quiet();
    scene.slapd.hold();
    let cycle = Service::spawn(&scene, "cycle");
    wait_held(&scene, "cycle");
    let reset = Service::spawn(&scene, "reset HQ");
    wait_held(&scene, "reset");
    reset.signal(Signal::TERM);
    assert_eq!(reset.end().0, Some(75));
    scene.slapd.go_on();
    assert_eq!(cycle.end().0, Some(0));
}
