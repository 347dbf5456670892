//! Units in parts: they wait until they are whole, what is lost is said, and no message is above the limit.

use std::fs;

use dirsync::directory::interorg::Usn;

use super::letter::Letter;
use super::org::Org;
use super::scene::{Scene, files};

fn crowd(org: &mut Org, count: usize) {
    let domain = format!("{}.example", org.name);
    for n in 0..count {
        org.person(
            &format!("n{n}"),
            &format!("user{n}"),
            &format!("user{n}@{domain}"),
        );
    }
}

/// An organization whose request goes out in parts, each of 16 KiB at most.
fn talkative() -> Org {
    let mut org = Org::new("ORG1");
    org.limit = 16 * 1024;
    org
}

/// Makes a request of 200 new people.
fn big_request(org: &mut Org) -> Vec<Letter> {
    crowd(org, 200);
    let request = org.ask();
    let letters = org.letters(request);
    assert!(letters.len() > 2, "{}", letters.len());
    letters
}

#[test]
fn ioc_012_a_lost_part_of_an_answer_leaves_the_number_and_comes_again() {
    let [mut one, mut two] = ["ORG1", "ORG2"].map(Org::new);
    let scene = Scene::with(&[&one, &two], "folder = \"post\"", "limit = 16384");
    crowd(&mut one, 5);
    scene.round(&mut [&mut one, &mut two], 0);
    scene.round(&mut [&mut two], 0);
    assert_eq!(two.core.applied.usn, Usn(5));
    crowd(&mut one, 120);
    scene.round(&mut [&mut one], 0);
    scene.ask(&mut two);
    scene.cycle(0);
    let mut letters = scene.collect(&two);
    assert!(letters.len() > 1, "{}", letters.len());
    letters.remove(1);
    assert_eq!(two.read(&letters), None);
    assert_eq!((two.core.applied.usn, two.has.len()), (Usn(5), 5));
    // Asked again, everything behind the number comes again.
    scene.round(&mut [&mut two], 0);
    assert_eq!((two.core.applied.usn, two.has.len()), (Usn(120), 120));
}

#[test]
fn ioc_012_a_lost_part_of_a_request_waits_and_is_given_up_for_the_next_one() {
    let mut one = talkative();
    let scene = Scene::new(&[&one]);
    crowd(&mut one, 1);
    scene.round(&mut [&mut one], 0);
    let letters = big_request(&mut one);
    let (lost, rest) = (&letters[1], [&letters[..1], &letters[2..]].concat());
    scene.deliver(&rest);
    let done = scene.cycle(0);
    assert_eq!(done["hub"]["requests"].as_array().expect("none").len(), 0);
    let waiting = &done["mail"]["incomplete"][0];
    assert_eq!(
        (&waiting["branch"], &waiting["missing"][0]),
        (&"ORG1".into(), &2.into())
    );
    assert_eq!(scene.lying(), rest.len());
    let status = scene.dxa("status --json").ends(0).json();
    assert_eq!(status["incoming"], rest.len());
    // The next request carries everything again; what is left of this one goes, and that is said.
    let request = one.ask();
    scene.deliver(&one.letters(request));
    let done = scene.cycle(4);
    assert_eq!(done["hub"]["requests"][0]["added"], 199, "{done}");
    assert_eq!(scene.lying(), 0);
    let log = fs::read_to_string(scene.data("dxa.log")).expect("a log");
    let said = format!(
        "REQUEST org1-request-2: part 2 of {} did not come",
        letters.len()
    );
    assert!(log.contains("sequence-gap") && log.contains(&said), "{log}");
    // That part comes after all: it waits, and goes with the request behind it.
    scene.deliver(std::slice::from_ref(lost));
    scene.cycle(0);
    assert_eq!(scene.lying(), 1);
    scene.ask(&mut one);
    scene.cycle(4);
    assert_eq!(scene.lying(), 0);
}

#[test]
fn parts_come_in_any_order_over_several_runs_and_copies_of_them_do_no_harm() {
    let mut one = talkative();
    let scene = Scene::new(&[&one]);
    let letters = big_request(&mut one);
    for (at, letter) in letters.iter().enumerate().rev() {
        scene.deliver(std::slice::from_ref(letter));
        scene.deliver(std::slice::from_ref(letter));
        let done = scene.cycle(0);
        assert_eq!(done["mail"]["copies"], 1, "{done}");
        let taken = done["hub"]["requests"].as_array().expect("an array").len();
        assert_eq!(taken, usize::from(at == 0), "part {}", at + 1);
    }
    assert_eq!(scene.lying(), 0);
    // A part that comes once more, after the unit was taken, is a copy as well.
    scene.deliver(&letters[..1]);
    let done = scene.cycle(0);
    assert_eq!((&done["mail"]["copies"], scene.lying()), (&1.into(), 0));
}

#[test]
fn every_message_is_within_the_limit() {
    let [mut one, mut two] = ["ORG1", "ORG2"].map(Org::new);
    let scene = Scene::with(&[&one, &two], "folder = \"post\"", "limit = 20000");
    crowd(&mut one, 500);
    for n in 0..500 {
        let dn = format!("uid=nobody{n},ou=People,o=ORG1");
        one.withhold(
            &format!("w{n}"),
            &dn,
            dirsync::plan::outcome::Reason::NoSmtp,
        );
    }
    scene.ask(&mut one);
    scene.cycle(1);
    scene.ask(&mut two);
    scene.cycle(0);
    let sent = files(&scene.path("post").join(&two.address).join("new"));
    assert!(sent.len() > 5, "{}", sent.len());
    for (path, bytes) in &sent {
        assert!(bytes.len() <= 20_000, "{}: {}", path.display(), bytes.len());
    }
    let answer = scene.answer(&two);
    two.hear(&answer);
    assert_eq!(two.has.len(), 500);
}

#[test]
fn ioc_032_an_entry_above_the_limit_is_too_long_and_the_others_go() {
    let [mut one, mut two] = ["ORG1", "ORG2"].map(Org::new);
    let scene = Scene::with(&[&one, &two], "folder = \"post\"", "limit = 16384");
    crowd(&mut one, 3);
    let card = one.person("big", "big", "big@org1.example");
    card.attributes
        .insert("description".to_owned(), vec!["x".repeat(20_000)]);
    scene.ask(&mut one);
    scene.cycle(0);
    scene.ask(&mut two);
    let report = scene.path("report");
    let line = format!("cycle --json --report {}", report.display());
    let done = scene.dxa(&line).ends(1).json();
    assert_eq!(
        done["hub"]["requests"][0]["answer"]["too_long"], 1,
        "{done}"
    );
    let text = fs::read_to_string(&report).expect("a report");
    assert!(
        text.contains("\"entry\":\"ORG1:big\"") && text.contains("too-long"),
        "{text}"
    );
    let answer = scene.answer(&two);
    assert_eq!(answer.refused.len(), 1);
    assert_eq!(answer.refused[0].note.reason.to_string(), "too-long");
    two.hear(&answer);
    assert_eq!(two.has.len(), 3);
    // It is not said again with every round.
    scene.round(&mut [&mut two], 0);
}

#[test]
fn a_part_that_differs_from_the_others_is_put_aside() {
    let mut one = talkative();
    let scene = Scene::new(&[&one]);
    let letters = big_request(&mut one);
    let mut other = letters[1].clone();
    other.head = other.head.replace("AFTER=0", "AFTER=1");
    assert_ne!(other.head, letters[1].head);
    let mut same = letters[0].clone();
    same.files[1].1.extend_from_slice(b"ORG1:q,x,no-smtp,x\r\n");
    scene.deliver(&letters[..1]);
    scene.deliver(&[other.signed(&one.key), same.signed(&one.key)]);
    let done = scene.cycle(1);
    assert_eq!(done["mail"]["aside"]["list-damaged"], 2, "{done}");
    scene.deliver(&letters[1..]);
    let done = scene.cycle(0);
    assert_eq!(done["hub"]["requests"][0]["added"], 200, "{done}");
}
