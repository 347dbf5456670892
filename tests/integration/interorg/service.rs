//! `dxa run` of a hub: mail is taken as it comes, settings count at once, and it ends when it is told to.

use std::process::Command;

use rustix::process::Signal;

use super::org::Org;
use super::scene::Scene;
use crate::dxa::service::Service;

fn start(scene: &Scene) -> Service {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dxa"));
    scene.prepare(&mut command, "run");
    let mut service = Service::of(command);
    service.wait_for("service started");
    service
}

fn fast(scene: &Scene, orgs: &[&Org], hub: &str) {
    scene.configure_agent("poll = 1", orgs, "folder = \"post\"", hub);
}

#[test]
fn a_service_answers_what_comes_and_ends_when_it_is_told_to() {
    let [mut one, mut two] = ["ORG1", "ORG2"].map(Org::new);
    let scene = Scene::new(&[&one]);
    fast(&scene, &[&one], "");
    one.person("a", "ann", "ann@org1.example");
    let mut service = start(&scene);
    scene.ask(&mut one);
    service.wait_for("request taken branch=ORG1 added=1");
    let status = scene.dxa("status").ends(0).stdout;
    assert!(status.contains("The service runs since"), "{status}");
    // One who is registered meanwhile is answered from the next cycle on.
    fast(&scene, &[&one, &two], "limit = 20000");
    scene.ask(&mut two);
    service.wait_for("configuration read again");
    service.wait_for("setting is another setting=\"hub.branch ORG2: address\"");
    service.wait_for("request taken branch=ORG2");
    let answer = scene.answer(&two);
    two.hear(&answer);
    assert_eq!(two.shown(), ["ORG1:a ann"]);
    // A second service has nothing to do here, a command has.
    scene.dxa("run").ends(75);
    scene.dxa("cycle").ends(0);
    // What cannot be used is refused, and the old configuration goes on.
    std::fs::write(scene.path("dxa.toml"), "[hub]\n").expect("written");
    service.signal(Signal::HUP);
    service.wait_for("configuration refused, the old one stays");
    scene.ask(&mut two);
    service.wait_for("request taken branch=ORG2");
    let said = service.stop();
    assert!(said.contains("service stopped"), "{said}");
}

#[test]
fn what_did_not_go_is_tried_again_and_said_once() {
    let mut one = Org::new("ORG1");
    let scene = Scene::new(&[&one]);
    // A file stands where the Maildirs are to be.
    fast(&scene, &[&one], "");
    std::fs::write(scene.path("post"), "in the way").expect("written");
    let mut service = start(&scene);
    scene.ask(&mut one);
    service.wait_for("a message could not be sent, and stays");
    std::fs::remove_file(scene.path("post")).expect("removed");
    service.signal(Signal::USR1);
    service.wait_for("a cycle is asked for because=SIGUSR1");
    let folder = scene.path("post").join(&one.address).join("new");
    crate::dxa::service::wait_until("the answer", || {
        std::fs::read_dir(&folder).is_ok_and(|files| files.count() == 1)
    });
    let said = service.stop();
    assert_eq!(said.matches("could not be sent").count(), 1, "{said}");
}

#[test]
fn what_was_left_in_the_queue_goes_when_a_service_starts() {
    let mut one = Org::new("ORG1");
    let scene = Scene::new(&[&one]);
    std::fs::write(scene.path("post"), "in the way").expect("written");
    scene.ask(&mut one);
    scene.dxa("cycle").ends(73);
    std::fs::remove_file(scene.path("post")).expect("removed");
    let service = start(&scene);
    let folder = scene.path("post").join(&one.address).join("new");
    crate::dxa::service::wait_until("the answer", || {
        std::fs::read_dir(&folder).is_ok_and(|files| files.count() == 1)
    });
    service.stop();
}

#[test]
fn a_service_does_not_start_with_what_is_wrong() {
    let one = Org::new("ORG1");
    let scene = Scene::with(&[&one], "sendmail = \"nowhere\"", "");
    let run = scene.dxa("run").ends(66);
    assert!(
        run.stderr.contains("start-up check: way of mail: "),
        "{}",
        run.stderr
    );
    scene.dxa("run --dry-run").ends(2);
}
