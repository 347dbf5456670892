//! Messages that may have only so many bytes (`spec/exchange.md` DX-39).

use std::fs;

use super::net::{Net, letters};
use super::scene::{Scene, names};

const SERVER: &str = "NET1/PO1";
const OTHER: &str = "NET1/PO2";

/// Bytes that a message may have.
const LIMIT: usize = 400;

fn people(scene: &Scene, count: u32) {
    for n in 0..count {
        scene.person(&format!("User Nr{n}"), &format!("USER{n}"));
    }
}

fn at_the_other(net: &Net) -> usize {
    net.site.names_in(OTHER, "NET1/AGENT").len()
}

fn limited() -> Net {
    let net = Net::requestor(&[SERVER, OTHER]);
    net.scene.configure(&format!("limit = {LIMIT}"));
    net
}

#[test]
fn dxc_108_changes_above_the_limit_go_with_several_requests() {
    let net = limited();
    net.round();
    people(&net.scene, 20);
    let mut last = 0;
    let mut requests = 0;
    while at_the_other(&net) < 20 {
        let run = net.scene.dxa("cycle").ends(0);
        let sent = letters(&net.scene, "P1/new");
        assert_eq!(sent.len(), 1);
        let bytes = sent[0]
            .mail
            .transactions()
            .map_or(0, |queue| queue.bytes.len());
        assert!(bytes <= LIMIT, "{bytes}");
        let numbers: Vec<_> = sent[0]
            .queued()
            .into_iter()
            .map(|(number, _)| number)
            .collect();
        if let Some(first) = numbers.first() {
            assert_eq!(sent[0].profile.reqseq.map(|n| n.0), numbers.last().copied());
            assert!(*first > last, "{first} came before");
            last = numbers[numbers.len() - 1];
            assert_eq!(last < 21, run.stdout.contains("later="), "{}", run.stdout);
        }
        net.serve();
        net.scene.dxa("cycle --step t3").ends(0);
        requests += 1;
        assert!(requests < 20, "{} arrived", at_the_other(&net));
    }
    assert!(requests > 4, "{requests}");
    let status = net.scene.dxa("status").ends(0);
    assert!(
        status.stdout.contains("req=21"),
        "R and 20 A: {}",
        status.stdout
    );
    assert!(status.stdout.contains("0 waiting"), "{}", status.stdout);
    assert!(names(&net.scene.data("out")).is_empty());
}

#[test]
fn dxc_108_a_list_above_the_limit_is_written_for_somebody_to_carry_and_is_confirmed() {
    let net = limited();
    people(&net.scene, 20);
    let out = net.scene.data("out");
    for _ in 0..2 {
        let run = net.scene.dxa("cycle").ends(1);
        assert!(
            run.stdout.contains("above the limit of a message"),
            "{}",
            run.stdout
        );
        assert_eq!(names(&out).len(), 1, "the same list is there once");
        for letter in letters(&net.scene, "P1/new") {
            assert!(letter.queued().is_empty(), "nobody sees half a list");
        }
        net.serve();
        net.scene.dxa("cycle --step t3").ends(0);
        assert_eq!(at_the_other(&net), 0);
    }
    let name = &names(&out)[0];
    assert!(name.starts_with("HQ-T1-0000000021-"), "{name}");
    let target = net.site.path(SERVER).join("MBG/SYSTEM/new");
    fs::create_dir_all(&target).expect("made");
    fs::rename(out.join(name), target.join(name)).expect("carried");
    // What is changed meanwhile comes behind it.
    net.scene.person("Late Comer", "LATE");
    net.serve();
    net.scene.dxa("cycle --step t3").ends(0);
    let status = net.scene.dxa("status").ends(0);
    assert!(status.stdout.contains("req=21"), "{}", status.stdout);
    for _ in 0..2 {
        net.round();
    }
    assert_eq!(at_the_other(&net), 21);
    assert!(names(&out).is_empty());
}

#[test]
fn a_list_that_a_message_has_room_for_goes_as_ever() {
    let net = limited();
    people(&net.scene, 2);
    net.round();
    net.round();
    assert_eq!(at_the_other(&net), 2);
    assert!(names(&net.scene.data("out")).is_empty());
}
