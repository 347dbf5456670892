//! A request and its answer through a real mail system.

use std::io::Write;
use std::process::{Command, Stdio};

use super::letter::Letter;
use super::org::{HUB, Org};
use super::scene::{Scene, files};
use crate::support::mta::Mta;

#[test]
fn a_request_and_its_answer_travel_by_smtp() {
    let mut one = Org::new("ORG1");
    let mut two = Org::new("ORG2");
    let scene = Scene::new(&[&one, &two]);
    let boxes = [scene.data("mail"), scene.path("one"), scene.path("two")];
    let mta = Mta::start(&[
        (HUB, &boxes[0]),
        (&one.address, &boxes[1]),
        (&two.address, &boxes[2]),
    ]);
    let way = format!("smtp = \"{}\"", mta.address());
    scene.configure(&[&one, &two], &way, "limit = 20000");
    one.limit = 20_000;
    for n in 0..200 {
        one.person(
            &format!("n{n}"),
            "J\u{fc}rgen",
            &format!("n{n}@org1.example"),
        );
    }
    let mut arrived = 0;
    for org in [&mut one, &mut two] {
        let request = org.ask();
        for letter in org.letters(request) {
            post(&mta, &org.address, &letter.bytes());
            arrived += 1;
        }
    }
    assert!(arrived > 3, "{arrived}");
    mta.wait_for(&boxes[0], arrived);
    let done = scene.cycle(0);
    assert_eq!(
        done["hub"]["requests"].as_array().expect("two").len(),
        2,
        "{done}"
    );
    assert_eq!(scene.lying(), 0);
    // It depends on what the mail system did first which of them was answered what.
    let sent = done["mail"]["sent"].as_u64().expect("a count");
    mta.wait_for(&boxes[1], 1);
    let messages = |at: usize| {
        done["hub"]["requests"]
            .as_array()
            .expect("two")
            .iter()
            .find(|took| took["branch"] == format!("ORG{at}"))
            .expect("it")["answer"]["messages"]
            .as_u64()
            .expect("a count")
    };
    assert_eq!(sent, messages(1) + messages(2));
    for (at, org) in [(1, &mut one), (2, &mut two)] {
        mta.wait_for(&boxes[at], messages(at) as usize);
        let letters: Vec<_> = files(&boxes[at].join("new"))
            .iter()
            .map(|(_, bytes)| Letter::read(bytes))
            .collect();
        let answer = org.read(&letters).expect("whole");
        org.hear(&answer);
    }
    // The next round brings what the first may have missed.
    let request = two.ask();
    for letter in two.letters(request) {
        post(&mta, &two.address, &letter.bytes());
    }
    mta.wait_for(&boxes[0], 1);
    for (path, _) in files(&boxes[2].join("new")) {
        std::fs::remove_file(path).expect("removed");
    }
    let done = scene.cycle(0);
    mta.wait_for(
        &boxes[2],
        done["mail"]["sent"].as_u64().expect("a count") as usize,
    );
    let letters: Vec<_> = files(&boxes[2].join("new"))
        .iter()
        .map(|(_, bytes)| Letter::read(bytes))
        .collect();
    let answer = two.read(&letters).expect("whole");
    two.hear(&answer);
    assert_eq!(two.has.len(), 200);
    assert!(two.shown()[0].ends_with("J\u{fc}rgen"));
}

/// Hands a message to the mail system.
fn post(mta: &Mta, from: &str, bytes: &[u8]) {
    let mut child = Command::new(mta.sendmail())
        .args(["-i", "-f", from, "--", HUB])
        .stdin(Stdio::piped())
        .spawn()
        .expect("it runs");
    child
        .stdin
        .take()
        .expect("its input")
        .write_all(bytes)
        .expect("it reads");
    assert!(child.wait().expect("it ends").success(), "{}", mta.log());
}
