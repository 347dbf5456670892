//! Replies that the agent takes as a requestor, and those that it does not (`spec/exchange.md` DX-03, DX-29, DX-30).

use std::fs;

use super::net::{AGENT, letters, quarantine};
use super::scene::Scene;

const SERVER: &str = "NET1/PO1";

/// A scene whose agent has the full list 3 of the server, up to number 40.
fn in_step() -> Scene {
    let scene = Scene::new();
    scene.dxa("cycle").ends(0);
    let profile = "TASK=IMPORT\nREQNAME=PCM:NET1/AGENT\nREQSEQ=1\nSRVSEQ=40\nIMPSEQ=3\n";
    let list = [
        "0000000040 R PCM:NET1/PO1",
        "0000000040 A Ann                            PCM:NET1/PO1/ANN",
        "0000000040 A Bob                            PCM:NET1/PO1/BOB",
    ];
    scene.put_mail(SERVER, "list", profile, &list);
    scene.dxa("cycle --step t3").ends(0);
    assert_eq!(scene.numbers(), ["1", "40", "3"]);
    assert_eq!(scene.shown().len(), 2);
    for letter in letters(&scene, "P1/new") {
        fs::remove_file(letter.path).expect("removed");
    }
    scene
}

fn reply(scene: &Scene, name: &str, profile: &str, transactions: &[&str]) {
    let profile = format!("TASK=UPDATE\nREQNAME=PCM:{AGENT}\n{profile}");
    scene.put_mail(SERVER, name, &profile, transactions);
}

#[test]
fn dxc_024_old_import_numbers_are_said_and_the_second_time_a_list_is_asked_for() {
    let scene = in_step();
    let old = "REQSEQ=1\nSRVSEQ=41\nIMPSEQ=0\n";
    let add = ["0000000041 A Carl                           PCM:NET1/PO1/CARL"];
    reply(&scene, "old1", old, &add);
    let run = scene.dxa("cycle --step t3").ends(0);
    assert!(run.stdout.contains("sequence-old"), "{}", run.stdout);
    assert!(
        run.stdout.contains("import-number=0 own=3"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("DX221"), "{}", run.stdout);
    reply(&scene, "old2", old, &add);
    let run = scene.dxa("cycle --step t3").ends(0);
    assert!(run.stdout.contains("DX221"), "{}", run.stdout);
    assert_eq!(scene.shown().len(), 2, "nothing of it is applied");
    scene.dxa("cycle").ends(0);
    let requests = letters(&scene, "P1/new");
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].profile.task.as_deref(), Some("IMPORTREQ"));
}

#[test]
fn dxc_082_replies_that_never_came_are_said_and_a_list_is_asked_for() {
    let scene = in_step();
    let add = ["0000000043 A Carl                           PCM:NET1/PO1/CARL"];
    reply(
        &scene,
        "late",
        "REQSEQ=1\nWAS=42\nSRVSEQ=43\nIMPSEQ=3\n",
        &add,
    );
    let run = scene.dxa("cycle").ends(4);
    assert!(run.stdout.contains("DX220"), "{}", run.stdout);
    assert!(run.stdout.contains("expected=41 got=43"), "{}", run.stdout);
    assert!(run.stdout.contains("DX221"), "{}", run.stdout);
    assert_eq!(scene.numbers()[1], "40");
    let requests = letters(&scene, "P1/new");
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].profile.task.as_deref(), Some("IMPORTREQ"));
}

#[test]
fn dxc_081_updates_are_applied_and_an_answer_without_any_is_an_acknowledgment() {
    let scene = in_step();
    let changes = [
        "0000000041 D Ann                            PCM:NET1/PO1/ANN",
        "0000000042 A Carl                           PCM:NET1/PO1/CARL",
    ];
    reply(
        &scene,
        "updates",
        "REQSEQ=1\nSRVSEQ=42\nIMPSEQ=3\n",
        &changes,
    );
    scene.dxa("cycle --step t3").ends(0);
    assert_eq!(
        scene.shown(),
        ["MS:NET1/PO1/BOB=Bob", "MS:NET1/PO1/CARL=Carl"]
    );
    scene.configure("exchange-options = \"send\"");
    scene.person("Lena Berg", "LENA");
    scene.dxa("cycle").ends(0);
    reply(&scene, "bare", "REQSEQ=2\nSRVSEQ=44\nIMPSEQ=3\n", &[]);
    scene.dxa("cycle --step t3").ends(0);
    assert_eq!(scene.numbers(), ["2", "44", "3"], "it counts as an answer");
    let status = scene.dxa("status").ends(0);
    assert!(status.stdout.contains("0 waiting"), "{}", status.stdout);

    // What came meanwhile was passed over.
    for letter in letters(&scene, "P1/new") {
        fs::remove_file(letter.path).expect("removed");
    }
    scene.configure("");
    scene.dxa("cycle").ends(0);
    let requests = letters(&scene, "P1/new");
    assert_eq!(requests[0].profile.task.as_deref(), Some("IMPORTREQ"));
}

#[test]
fn an_address_that_nobody_can_read_is_named_and_the_rest_applied() {
    let scene = in_step();
    let changes = [
        "0000000041 A Xaver                          X400:c=US;;a=MCI",
        "0000000042 A Carl                           PCM:NET1/PO1/CARL",
    ];
    reply(&scene, "bad", "REQSEQ=1\nSRVSEQ=42\nIMPSEQ=3\n", &changes);
    let run = scene.dxa("cycle --step t3").ends(1);
    let line = run
        .stdout
        .lines()
        .find(|line| line.starts_with("DX247 error"));
    let line = line.unwrap_or_else(|| panic!("{}", run.stdout));
    assert!(line.contains("connection=HQ number=41 because="), "{line}");
    assert_eq!(scene.shown().len(), 3, "Carl is there");
    assert_eq!(scene.numbers()[1], "42");
}

#[test]
fn a_reply_that_is_not_whole_is_put_aside_and_changes_nothing() {
    let scene = in_step();
    let add = ["0000000041 A Carl                           PCM:NET1/PO1/CARL"];
    reply(
        &scene,
        "cut",
        "REQSEQ=1\nSRVSEQ=42\nIMPSEQ=3\nCOUNT=2\n",
        &add,
    );
    let run = scene.dxa("cycle --step t3").ends(4);
    assert!(run.stdout.contains("put aside"), "{}", run.stdout);
    assert_eq!(scene.numbers()[1], "40");
    assert_eq!(scene.shown().len(), 2);
    assert_eq!(quarantine(&scene).len(), 1);
}

#[test]
fn a_list_that_would_remove_much_waits_for_permission() {
    let scene = Scene::new();
    scene.dxa("cycle").ends(0);
    let profile = |seq: u32, imp: u32| {
        format!("TASK=IMPORT\nREQNAME=PCM:{AGENT}\nREQSEQ=1\nSRVSEQ={seq}\nIMPSEQ={imp}\n")
    };
    let users: Vec<_> = (0..30)
        .map(|n| format!("0000000040 A User Nr {n:<22} PCM:NET1/PO1/USER{n}"))
        .collect();
    let users: Vec<_> = users.iter().map(String::as_str).collect();
    scene.put_mail(SERVER, "list", &profile(40, 1), &users);
    scene.dxa("cycle --step t3").ends(0);
    assert_eq!(scene.shown().len(), 30);
    scene.put_mail(SERVER, "short", &profile(41, 2), &users[..1]);
    let run = scene.dxa("cycle --step t3").ends(3);
    assert!(run.stdout.contains("--allow-deletes 29"), "{}", run.stdout);
    assert_eq!(scene.shown().len(), 30);
    scene.dxa("cycle --step t3 --allow-deletes 29").ends(0);
    assert_eq!(scene.shown().len(), 1);
    assert_eq!(scene.numbers(), ["1", "41", "2"]);
}

#[test]
fn dxc_028_a_stranger_is_named_with_all_who_look_like_it() {
    let scene = in_step();
    for (from, is_near) in [
        ("NET2/PO1", true),
        ("NET1/PO", true),
        ("NET1/P01", true),
        ("FAR/AWAY", false),
    ] {
        let profile = format!("TASK=UPDATEREQ\nREQNAME=PCM:{from}\nREQSEQ=0\nSRVSEQ=0\n");
        let before = quarantine(&scene).len();
        scene.put_mail(from, &from.replace('/', "-"), &profile, &[]);
        let run = scene.dxa("cycle --step t3").ends(1);
        let line = run
            .stdout
            .lines()
            .find(|line| line.contains("DX136"))
            .expect("DX136");
        assert!(line.contains(&format!("from=PCM:{from}/$SYSTEM")), "{line}");
        assert_eq!(line.contains("NET1/PO1 (HQ)"), is_near, "{line}");
        assert_eq!(quarantine(&scene).len(), before + 1);
    }
}
