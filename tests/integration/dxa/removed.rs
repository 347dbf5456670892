//! What a list removes can be had back (`spec/exchange.md` NT-07).

use std::fs;

use super::scene::{CONTAINER, Numbers, Scene, names, resync};
use crate::support::relay::DELETE;

const FIRST: Numbers = (14, 80, 1, 100);
const SECOND: Numbers = (14, 88, 2, 200);

const ANN: &str = "A Ann\tPCM:NET1/PO1/ANN";
const JOERG: &str = "A J\u{94}rg\tPCM:NET1/PO1/JOERG\r\n- Title:/Chef\r\n- Shoe Size:/44";
const ZOE: &str = "A Zoe\tPCM:NET1/PO1/ZOE\r\n- Comment:/ two  blanks ";

fn filled() -> Scene {
    let scene = Scene::new();
    scene.configure("smtp-domain = \"po1.example\"");
    scene.drop_file(
        "RESYNC.GLB",
        &resync(FIRST, &["R PCM:NET1/PO1", ANN, JOERG, ZOE]),
    );
    scene.dxa("lists").ends(0);
    // Somebody added to an entry what no list knows.
    let zoe = format!("syncKey=MS:NET1/PO1/ZOE,{CONTAINER}");
    scene.replace(&zoe, "carLicense", "B-AB 123");
    scene
}

/// Returns the entries of the container without what the server itself notes of them, sorted, each with its lines sorted:
/// in which order it has taken and gives them is the server's affair.
fn content(scene: &Scene) -> Vec<Vec<String>> {
    let filter = "(objectClass=syncRemoteAddress)";
    let text = scene.slapd.search(CONTAINER, filter, &["*"]);
    let entries = text.trim().split("\n\n").map(|entry| {
        let mut lines: Vec<_> = entry.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    });
    let mut entries: Vec<_> = entries.collect();
    entries.sort();
    entries
}

/// Returns the one file of what was removed.
fn kept(scene: &Scene) -> String {
    let files = names(&scene.data("removed"));
    assert_eq!(files.len(), 1, "{files:?}");
    fs::read_to_string(scene.data("removed").join(&files[0])).expect("readable")
}

#[test]
fn ldapadd_brings_back_what_a_list_removed() {
    let scene = filled();
    let before = content(&scene);
    scene.drop_file("RESYNC.GLB", &resync(SECOND, &["R PCM:NET1/PO1", ANN]));
    let run = scene.dxa("lists").ends(0);
    assert_eq!(scene.shown(), ["MS:NET1/PO1/ANN=Ann"]);
    let files = names(&scene.data("removed"));
    assert_eq!(files, ["20261127T100000Z-HQ.ldif"]);
    assert!(run.stdout.contains("entries=2"), "{}", run.stdout);
    assert!(run.stdout.contains(&files[0]), "{}", run.stdout);
    let ldif = kept(&scene);
    for operational in ["entryUUID", "createTimestamp", "entryCSN", "creatorsName"] {
        assert!(!ldif.contains(operational), "{ldif}");
    }
    scene.add(&ldif);
    assert_eq!(content(&scene), before);
}

#[test]
fn it_is_kept_before_the_first_entry_goes() {
    let mut scene = filled();
    let relay = scene.through_relay();
    scene.drop_file("RESYNC.GLB", &resync(SECOND, &["R PCM:NET1/PO1", ANN]));
    relay.stop_at(DELETE, 0);
    let before = content(&scene);
    let run = scene.dxa_meanwhile("lists", &relay, |scene| {
        let ldif = kept(scene);
        assert_eq!(ldif.matches("dn:").count(), 2, "{ldif}");
        assert_eq!(content(scene), before);
    });
    run.ends(0);
}

#[test]
fn where_it_cannot_be_kept_nothing_goes() {
    let scene = filled();
    let before = content(&scene);
    // A link that leads nowhere: root, too, cannot write there.
    fs::remove_dir(scene.data("removed")).expect("empty");
    std::os::unix::fs::symlink("/dev/null", scene.data("removed")).expect("made");
    let name = scene.drop_file("RESYNC.GLB", &resync(SECOND, &["R PCM:NET1/PO1", ANN]));
    let run = scene.dxa("lists");
    assert_ne!(run.exit, 0, "{}", run.stdout);
    assert!(run.stderr.contains("removed"), "{}", run.stderr);
    assert_eq!(content(&scene), before);
    assert_eq!(scene.numbers(), ["14", "80", "1"]);
    assert!(name.exists());
}

#[test]
fn a_dry_run_and_a_deletion_by_name_keep_nothing() {
    let scene = filled();
    scene.drop_file("RESYNC.GLB", &resync(SECOND, &["R PCM:NET1/PO1", ANN]));
    scene.dxa("lists --dry-run").ends(0);
    assert!(names(&scene.data("removed")).is_empty());
    let path = scene.data("in").join("RESYNC.GLB");
    fs::remove_file(path).expect("there");
    let texts = ["R PCM:NET1/PO1", ANN, JOERG, ZOE, "D Zoe\tPCM:NET1/PO1/ZOE"];
    scene.drop_file("RESYNC.GLB", &resync(SECOND, &texts));
    scene.dxa("lists").ends(0);
    assert_eq!(scene.shown().len(), 2);
    assert!(names(&scene.data("removed")).is_empty());
}
