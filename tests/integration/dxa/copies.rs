//! Copies of all messages (`spec/exchange.md` DX-33).

use std::fs;
use std::path::{Path, PathBuf};

use super::net::{AGENT, letters, quarantine};
use super::scene::{Scene, names};

const SERVER: &str = "NET1/PO1";

/// A scene whose agent keeps copies, and their folder.
fn keeping(more: &str) -> (Scene, PathBuf) {
    let scene = Scene::new();
    let folder = scene.config().with_file_name("copies");
    fs::create_dir(&folder).expect("made");
    agent(&scene, &format!("copies = \"copies\"\n{more}"));
    (scene, folder)
}

/// Adds settings of the agent.
fn agent(scene: &Scene, more: &str) {
    let text = fs::read_to_string(scene.config()).expect("readable");
    let text = text.replacen("[agent]\n", &format!("[agent]\n{more}\n"), 1);
    fs::write(scene.config(), text).expect("written");
}

fn reply(scene: &Scene, number: u32) {
    let profile = format!(
        "TASK=UPDATE\nREQNAME=PCM:{AGENT}\nREQSEQ=0\nSRVSEQ={number}\nIMPSEQ=0\nPASSWORD=geheim\n"
    );
    let add = format!("{number:010} A User Nr{number:<23}PCM:NET1/PO1/U{number}");
    scene.put_mail(
        SERVER,
        &format!("reply{number}"),
        &profile,
        &[&add, "&PASSWORD=geheim"],
    );
}

fn text(folder: &Path, part: &str) -> String {
    let names = names(folder);
    let mut found = names.iter().filter(|name| name.contains(part));
    let name = found
        .next()
        .unwrap_or_else(|| panic!("no {part} in {names:?}"));
    fs::read_to_string(folder.join(name)).expect("text")
}

#[test]
fn every_message_has_a_copy_that_people_read_and_that_has_no_password() {
    let (scene, folder) = keeping("");
    scene.person("Lena Berg", "LENA");
    scene.dxa("cycle").ends(0);
    assert_eq!(names(&folder), ["20261127T100000Z-000001-sent-HQ.eml"]);
    let sent = text(&folder, "sent-HQ");
    assert_eq!(letters(&scene, "P1/new")[0].queued().len(), 2, "INTERNAL");
    assert!(
        sent.contains("0000000002 A Lena Berg\tPCM:NET1/AGENT/LENA\r\n"),
        "{sent}"
    );
    assert!(sent.contains("TASK=UPDATEREQ"), "{sent}");

    reply(&scene, 1);
    scene.dxa("cycle --step t3").ends(0);
    assert_eq!(scene.shown().len(), 1);
    let received = text(&folder, "received-HQ");
    assert!(received.contains("A User Nr1"), "{received}");
    assert!(
        received.contains("DirSync-From: PCM:NET1/PO1"),
        "{received}"
    );
    assert!(received.contains("connection HQ; taken."), "{received}");
    assert!(
        received.contains("Passwords are left out of this copy"),
        "{received}"
    );
    assert!(!received.contains("geheim"), "{received}");
    assert_eq!(
        received.matches("(left out of this copy)").count(),
        2,
        "{received}"
    );
}

#[test]
fn a_copy_is_no_message_and_what_is_refused_has_one_too() {
    let (scene, folder) = keeping("");
    scene.dxa("cycle").ends(0);
    let stranger = "TASK=UPDATEREQ\nREQNAME=PCM:NET9/PO9\nPASSWORD=geheim\n";
    scene.put_mail("NET9/PO9", "stranger", stranger, &[]);
    let mailbag = scene.data("postoffice/MBG/SYSTEM/new");
    fs::write(mailbag.join("odd"), "Subject: odd\r\n\r\nno dirsync\r\n").expect("written");
    scene.dxa("cycle --step t3").ends(1);
    let copies = names(&folder);
    let unknown: Vec<_> = copies
        .iter()
        .filter(|name| name.ends_with("received-unknown.eml"))
        .collect();
    assert_eq!(unknown.len(), 2, "{copies:?}");
    for name in unknown {
        let copy = fs::read_to_string(folder.join(name)).expect("text");
        assert!(
            copy.contains("refused: ") && !copy.contains("geheim"),
            "{copy}"
        );
    }
    // Back in the mailbag it asks for nothing.
    let before = quarantine(&scene).len();
    let copy = fs::read_dir(&folder)
        .expect("copies")
        .next()
        .expect("one")
        .expect("an entry");
    fs::copy(copy.path(), mailbag.join("copy")).expect("copied");
    scene.dxa("cycle --step t3").ends(1);
    assert_eq!(quarantine(&scene).len(), before + 1);
}

#[test]
fn the_last_copies_are_kept_and_other_files_are_left_alone() {
    let (scene, folder) = keeping("copies-keep = 3");
    for name in ["letter.eml", "20260101T000000Z-000001-sent-HQ.txt"] {
        fs::write(folder.join(name), "mine").expect("written");
    }
    scene.dxa("lists").ends(0);
    for number in 1..=5 {
        reply(&scene, number);
        scene.dxa("cycle").ends(0);
    }
    let copies = names(&folder);
    assert_eq!(
        copies,
        [
            "20260101T000000Z-000001-sent-HQ.txt",
            "20261127T100000Z-000008-sent-HQ.eml",
            "20261127T100000Z-000009-received-HQ.eml",
            "20261127T100000Z-000010-sent-HQ.eml",
            "letter.eml"
        ]
    );
}

#[test]
fn a_folder_that_cannot_take_a_copy_is_said_and_stops_nothing() {
    type Spoil = fn(&Path);
    let spoils: [Spoil; 2] = [
        |folder| fs::remove_dir_all(folder).expect("removed"),
        |folder| {
            fs::remove_dir_all(folder).expect("removed");
            fs::write(folder, "a file").expect("written");
        },
    ];
    for spoil in spoils {
        let (scene, folder) = keeping("");
        spoil(&folder);
        scene.dxa("lists").ends(0);
        fs::create_dir_all(scene.data("postoffice/MBG/SYSTEM/new")).expect("made");
        reply(&scene, 1);
        let run = scene.dxa("cycle").ends(0);
        assert!(
            run.stdout
                .contains("warn copies of messages could not be kept")
                && run.stdout.contains("failures=2"),
            "{}",
            run.stdout
        );
        assert_eq!(scene.shown().len(), 1);
        assert_eq!(letters(&scene, "P1/new").len(), 1);
    }
}

#[test]
fn dxc_104_copies_that_were_asked_for_need_a_place_that_takes_them() {
    let scene = Scene::new();
    for (settings, why) in [
        (
            "copies-keep = 5",
            "agent.copies: missing, but copies-keep is set",
        ),
        ("copies = \"\"", "agent.copies: empty"),
        (
            "copies = \"copies\"\ncopies-keep = 0",
            "agent.copies-keep: 0",
        ),
        ("copies = \"data/in/copies\"", "the agent works in it"),
        ("copies = \"data\"", "the agent works in it"),
    ] {
        scene.configure("");
        agent(&scene, settings);
        for command in ["check", "cycle"] {
            let run = scene.dxa(command).ends(2);
            assert!(run.stderr.contains(why), "{settings}: {}", run.stderr);
        }
        assert!(!scene.data("").exists(), "nothing was begun");
    }
    scene.configure("");
    agent(&scene, "copies = \"copies\"");
    let fault = "FAULT  copies of messages: ";
    let run = scene.dxa("check").ends(73);
    assert!(run.stdout.contains(fault), "{}", run.stdout);
    fs::write(scene.config().with_file_name("copies"), "a file").expect("written");
    let run = scene.dxa("check").ends(73);
    assert!(run.stdout.contains(fault), "{}", run.stdout);
    fs::remove_file(scene.config().with_file_name("copies")).expect("removed");
    fs::create_dir(scene.config().with_file_name("copies")).expect("made");
    let run = scene.dxa("check").ends(0);
    assert!(
        run.stdout.contains("copies, the last 200"),
        "{}",
        run.stdout
    );
    assert!(
        names(&scene.config().with_file_name("copies")).is_empty(),
        "it leaves nothing there"
    );
    // Nobody writes there, not even who may do everything.
    scene.configure("");
    agent(&scene, "copies = \"/proc\"");
    let run = scene.dxa("check").ends(73);
    assert!(
        run.stdout.contains("FAULT  copies of messages: /proc"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_dry_run_copies_nothing() {
    let (scene, folder) = keeping("");
    scene.dxa("lists").ends(0);
    reply(&scene, 1);
    scene.dxa("cycle --dry-run").ends(0);
    assert!(names(&folder).is_empty());
}
