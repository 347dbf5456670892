//! Who is not registered, does not sign right, or moves a signature into another message, is put aside and told of.

use std::fs;

use super::letter::Letter;
use super::org::{HUB, Org};
use super::scene::{Scene, files};

/// A branch that has asked once, and the messages of its next request, two parts at least.
fn next() -> (Scene, Org, Org, Vec<Letter>) {
    let [mut one, two] = ["ORG1", "ORG2"].map(Org::new);
    let scene = Scene::new(&[&one, &two]);
    one.limit = 16 * 1024;
    one.person("a", "ann", "ann@org1.example");
    scene.round(&mut [&mut one], 0);
    for n in 0..100 {
        one.person(&format!("n{n}"), "somebody", &format!("n{n}@org1.example"));
    }
    let request = one.ask();
    let letters = one.letters(request);
    assert!(letters.len() > 1, "{}", letters.len());
    (scene, one, two, letters)
}

/// Asserts that messages are put aside, that nothing comes of them, and that the reason says so.
#[track_caller]
fn assert_aside(scene: &Scene, letters: &[Letter], reason: &str, said: &str) {
    let table = scene.table();
    let before = files(&scene.data("quarantine")).len();
    scene.deliver(letters);
    let run = scene.dxa("cycle --json").ends(1);
    let done = run.json();
    assert_eq!(done["mail"]["aside"][reason], letters.len(), "{done}");
    assert_eq!(scene.table(), table);
    assert_eq!(scene.lying(), 0);
    let reasons = scene.reasons();
    let is_said = |line: &&String| line.contains(&format!(" {reason}: ")) && line.contains(said);
    assert!(
        reasons.iter().filter(is_said).count() >= letters.len(),
        "{said}: {reasons:?}"
    );
    let after = files(&scene.data("quarantine"));
    assert_eq!(after.len(), before + 2 * letters.len());
    let status = scene.dxa("status --json").ends(0).json();
    assert_eq!(status["quarantine"], after.len() / 2);
    // It lies there as it came.
    for letter in letters {
        let bytes = letter.bytes();
        assert!(after.iter().any(|(_, there)| *there == bytes));
    }
}

#[test]
fn ioc_017_who_is_not_registered_is_put_aside_and_counted() {
    let (scene, ..) = next();
    let mut other = Org::new("ORG9");
    other.person("a", "eve", "eve@org9.example");
    let request = other.ask();
    let letters = other.letters(request);
    assert_aside(
        &scene,
        &letters,
        "unknown-requestor",
        "BRANCH:ORG9 (org9@po.test) is not registered",
    );
}

#[test]
fn ioc_017_a_registered_name_from_another_address_is_put_aside() {
    let (scene, one, _, letters) = next();
    let moved: Vec<_> = letters
        .into_iter()
        .map(|letter| Letter {
            address: "eve@elsewhere.example".to_owned(),
            ..letter
        })
        .collect();
    assert!(moved[0].is_signed(&one.key));
    assert_aside(
        &scene,
        &moved,
        "unknown-requestor",
        "BRANCH:ORG1 is registered with org1@po.test",
    );
}

#[test]
fn ioc_018_a_registered_sender_with_a_wrong_key_is_put_aside() {
    let (scene, _, two, letters) = next();
    let forged: Vec<_> = letters
        .into_iter()
        .map(|letter| letter.signed(&two.key))
        .collect();
    assert_aside(
        &scene,
        &forged,
        "unknown-requestor",
        "not made with the registered key",
    );
}

#[test]
fn a_key_counts_to_its_last_byte() {
    let (scene, one, _, letters) = next();
    let mut key = one.key.clone();
    key.pop();
    let short: Vec<_> = letters
        .into_iter()
        .map(|letter| letter.signed(&key))
        .collect();
    assert_aside(
        &scene,
        &short,
        "unknown-requestor",
        "not made with the registered key",
    );
}

#[test]
fn who_does_not_sign_is_put_aside() {
    let (scene, _, _, letters) = next();
    let bare = letters.into_iter().map(|letter| Letter {
        signature: None,
        ..letter
    });
    let bare: Vec<_> = bare.collect();
    assert_aside(&scene, &bare, "unknown-requestor", "is not signed");
}

#[test]
fn a_signature_cannot_be_moved_into_another_message() {
    let (scene, one, two, letters) = next();
    let letter = &letters[0];
    let change = |change: fn(&mut Letter)| {
        let mut moved = letter.clone();
        change(&mut moved);
        // Whoever takes the program at its word has to see that it would have been right before.
        assert!(letter.is_signed(&one.key) && !moved.is_signed(&one.key));
        moved
    };
    let mut all = vec![
        change(|letter| letter.id.insert(0, 'x')),
        change(|letter| {
            letter.head = letter
                .head
                .replace("ID=org1-request-2", "ID=org1-request-3")
        }),
        change(|letter| letter.head = letter.head.replace("PART=1/", "PART=2/")),
        change(|letter| letter.head = letter.head.replace("FULL=NO", "FULL=YES")),
        change(|letter| {
            let rows = String::from_utf8_lossy(&letter.files[0].1).replace("somebody", "nobodyxx");
            letter.files[0].1 = rows.into_bytes();
        }),
        change(|letter| {
            letter.files[1]
                .1
                .extend_from_slice(b"ORG1:q,x,no-smtp,x\r\n")
        }),
        change(|letter| letter.files.swap(0, 1)),
        change(|letter| letter.files.push(("more.csv".to_owned(), b"x".to_vec()))),
    ];
    // As another branch's, from where that one writes.
    let mut as_other = letter.clone();
    as_other.from = "BRANCH:ORG2".to_owned();
    as_other.address.clone_from(&two.address);
    as_other.head = as_other.head.replace("BRANCH=ORG1", "BRANCH=ORG2");
    all.push(as_other);
    assert_aside(
        &scene,
        &all,
        "unknown-requestor",
        "not made with the registered key",
    );
}

#[test]
fn an_answer_is_no_request_and_a_message_for_another_hub_is_none_for_this_one() {
    let (scene, mut one, _, letters) = next();
    scene.ask(&mut one);
    scene.cycle(0);
    let answers = scene.collect(&one);
    // Sent back as it is, and as if it came from the branch.
    let mut turned = answers[0].clone();
    (turned.from, turned.to) = (turned.to.clone(), turned.from.clone());
    turned.address.clone_from(&one.address);
    assert_aside(
        &scene,
        &answers[..1],
        "unknown-requestor",
        &format!("HUB:{HUB} ({HUB}) is not registered"),
    );
    assert_aside(
        &scene,
        &[turned],
        "unknown-requestor",
        "not made with the registered key",
    );
    let mut elsewhere = letters[0].clone();
    elsewhere.to = "HUB:other@hub.example".to_owned();
    let elsewhere = elsewhere.signed(&one.key);
    assert_aside(
        &scene,
        &[elsewhere],
        "list-for-other",
        "for HUB:other@hub.example",
    );
    // A branch that signs an answer of its own making says what only a hub says.
    let mut made = answers[0].clone();
    made.from = "BRANCH:ORG1".to_owned();
    made.to = format!("HUB:{HUB}");
    made.address.clone_from(&one.address);
    let made = made.signed(&one.key);
    assert_aside(&scene, &[made], "list-damaged", "ANSWER from BRANCH:ORG1");
    // And one that speaks for another is believed no word.
    let mut other = letters[0].clone();
    other.head = other.head.replace("BRANCH=ORG1", "BRANCH=ORG2");
    let other = other.signed(&one.key);
    assert_aside(&scene, &[other], "list-damaged", "BRANCH=ORG2");
}

#[test]
fn the_true_message_is_taken_beside_all_the_others() {
    let (scene, one, two, letters) = next();
    let forged: Vec<_> = letters
        .iter()
        .map(|letter| letter.clone().signed(&two.key))
        .collect();
    scene.deliver(&forged);
    scene.deliver(&letters);
    let done = scene.cycle(1);
    assert_eq!(done["hub"]["requests"][0]["added"], 100, "{done}");
    assert_eq!(done["mail"]["aside"]["unknown-requestor"], forged.len());
    assert!(one.read(&scene.collect(&one)).is_some());
    let log = fs::read_to_string(scene.data("dxa.log")).expect("a log");
    assert!(log.contains("warn a message was put aside file="), "{log}");
    assert!(!log.contains(&one.key));
}
