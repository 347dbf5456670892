//! Messages that may have only so many bytes (`spec/exchange.md` DX-39).

use std::fs;

use super::net::{Net, letters};
use super::scene::{Scene, names};

const SERVER: &str = "NET1/PO1";
const OTHER: &str = "NET1/PO2";

/// Bytes that a message may have.
const LIMIT: usize = 2000;

/// So many people that a list of them has more bytes.
const PEOPLE: usize = 100;

fn people(scene: &Scene, count: usize) {
    let people = (0..count).map(|n| {
        format!(
            "dn: cn=User {n},ou=People,o=Org\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\ncn: User {n}\n\
             sn: {n}\ndisplayName: User {n}\nsyncProxyPrimary: MS:NET1/AGENT/USER{n}\n\n"
        )
    });
    scene.add(&people.collect::<String>());
}

fn at_the_other(net: &Net) -> usize {
    net.site.names_in(OTHER, "NET1/AGENT").len()
}

/// An agent and its server in step; from now on messages have a limit.
fn limited() -> Net {
    let net = Net::requestor(&[SERVER, OTHER]);
    net.round();
    net.scene.configure(&format!("limit = {LIMIT}"));
    net
}

/// Looks at the request that was sent; returns the numbers in it.
fn requested(net: &Net) -> Vec<u32> {
    let sent = letters(&net.scene, "P1/new");
    assert_eq!(sent.len(), 1);
    let queue = sent[0].mail.transactions();
    let bytes = queue.map_or(0, |queue| queue.bytes.len());
    assert!(bytes <= LIMIT, "{bytes}");
    let numbers = sent[0].queued().into_iter().map(|(number, _)| number);
    let numbers: Vec<_> = numbers.collect();
    let told = sent[0].profile.reqseq.map(|n| n.0);
    assert!(numbers.last().is_none_or(|last| told == Some(*last)));
    assert_eq!(sent[0].profile.count, Some(numbers.len() as u32));
    numbers
}

#[test]
fn dxc_108_changes_above_the_limit_go_with_several_requests() {
    let net = limited();
    people(&net.scene, PEOPLE);
    let mut all = Vec::new();
    let mut requests = 0;
    while at_the_other(&net) < PEOPLE {
        let run = net.scene.dxa("cycle").ends(0);
        all.extend(requested(&net));
        let is_more = all.len() < PEOPLE;
        assert_eq!(run.stdout.contains("later="), is_more, "{}", run.stdout);
        net.serve();
        net.scene.dxa("cycle --step t3").ends(0);
        requests += 1;
        assert!(requests < 20, "{} arrived", at_the_other(&net));
    }
    let expected: Vec<_> = (2..).take(PEOPLE).collect();
    assert_eq!(all, expected, "each once, in their order, behind R");
    assert!(requests > 3, "{requests}");
    let status = net.scene.dxa("status").ends(0);
    assert!(status.stdout.contains("req=101"), "{}", status.stdout);
    assert!(status.stdout.contains("0 waiting"), "{}", status.stdout);
    assert!(names(&net.scene.data("out")).is_empty());
}

#[test]
fn a_part_whose_answer_is_lost_comes_again_with_the_same_numbers() {
    let net = limited();
    people(&net.scene, PEOPLE);
    net.scene.dxa("cycle").ends(0);
    let first = requested(&net);
    for letter in letters(&net.scene, "P1/new") {
        fs::remove_file(letter.path).expect("lost");
    }
    net.scene.dxa("cycle").ends(0);
    assert_eq!(requested(&net), first);
}

#[test]
fn dxc_108_a_list_above_the_limit_is_written_for_somebody_to_carry_and_is_confirmed() {
    let net = limited();
    people(&net.scene, PEOPLE);
    let out = net.scene.data("out");
    for options in ["--export-all", ""] {
        let run = net.scene.dxa(&format!("cycle {options}")).ends(1);
        assert!(
            run.stdout.contains("above the limit of a message"),
            "{}",
            run.stdout
        );
        assert_eq!(names(&out).len(), 1, "the same list is there once");
        assert_eq!(requested(&net), [0; 0], "nobody sees half a list");
        net.serve();
        net.scene.dxa("cycle --step t3").ends(0);
        assert_eq!(at_the_other(&net), 0);
    }
    let name = &names(&out)[0];
    assert!(name.starts_with("HQ-T1-0000000102-"), "{name}");
    let target = net.site.path(SERVER).join("MBG/SYSTEM/new");
    fs::create_dir_all(&target).expect("made");
    fs::rename(out.join(name), target.join(name)).expect("carried");
    // What is changed meanwhile comes behind it.
    net.scene.person("Late Comer", "LATE");
    net.serve();
    net.scene.dxa("cycle --step t3").ends(0);
    let status = net.scene.dxa("status").ends(0);
    assert!(status.stdout.contains("req=102"), "{}", status.stdout);
    for _ in 0..4 {
        net.round();
    }
    assert_eq!(at_the_other(&net), PEOPLE + 1);
    assert!(names(&out).is_empty());
}

#[test]
fn a_list_that_a_message_has_room_for_goes_as_ever() {
    let net = limited();
    people(&net.scene, 2);
    net.scene.dxa("cycle --export-all").ends(0);
    assert_eq!(requested(&net), [2, 3, 4]);
    net.serve();
    net.round();
    assert_eq!(at_the_other(&net), 2);
    assert!(names(&net.scene.data("out")).is_empty());
}
