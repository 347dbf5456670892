//! Q156124: a server's full list is laid into the folder of an Exchange-style requestor.

use crate::dxa::scene::{CONTAINER, Numbers, Scene, names, resync, resync_by};
use crate::support::trace;

/// Numbers of the container before the list, and those of the list: req, svr, imp, and the moment.
const BEFORE: Numbers = (14, 80, 1, 100);
const LIST: Numbers = (14, 88, 2, 200);

/// A requestor that is out of step: Bob has another name by now, Xaver has left, Carl has come; Manual was put in by hand.
fn out_of_step() -> Scene {
    let scene = Scene::new();
    let known = [
        "R PCM:NET1/PO1",
        "A Ann\tPCM:NET1/PO1/ANN",
        "A Bob\tPCM:NET1/PO1/BOB",
        "A Xaver\tPCM:NET1/PO1/XAVER",
    ];
    scene.drop_file("RESYNC.GLB", &resync(BEFORE, &known));
    scene.dxa("lists").ends(0);
    scene.add(&format!(
        "dn: cn=Manual,{CONTAINER}\nobjectClass: inetOrgPerson\ncn: Manual\nsn: Manual\n"
    ));
    assert_eq!(scene.numbers(), ["14", "80", "1"]);
    scene
}

fn list() -> Vec<u8> {
    let now = [
        "R PCM:NET1/PO1",
        "A Ann\tPCM:NET1/PO1/ANN",
        "A Bobby\tPCM:NET1/PO1/BOB",
        "A Carl\tPCM:NET1/PO1/CARL",
    ];
    resync(LIST, &now)
}

fn assert_in_step(scene: &Scene, when: &str) {
    let shown = [
        "MS:NET1/PO1/ANN=Ann",
        "MS:NET1/PO1/BOB=Bobby",
        "MS:NET1/PO1/CARL=Carl",
    ];
    assert_eq!(scene.shown(), shown, "{when}");
    assert_eq!(scene.numbers(), ["14", "88", "2"], "{when}");
    assert_eq!(names(&scene.data("in")), Vec::<String>::new(), "{when}");
    let by_hand = ["-LLL", "-b", CONTAINER, "(cn=Manual)", "1.1"];
    let found = scene.slapd.client("ldapsearch", &by_hand, "").stdout;
    assert!(!found.is_empty(), "{when}: what was put in by hand is gone");
}

#[test]
fn seed_a_a_resync_dropped_at_an_exchange_style_requestor() {
    let scene = out_of_step();
    scene.drop_file("RESYNC.GLB", &list());
    // The operator looks first. Nothing happens.
    let before = scene.entries(CONTAINER);
    scene.dxa("lists --dry-run").ends(0);
    assert!(before == scene.entries(CONTAINER));

    let report = scene.dxa("lists --json").ends(0).json();
    let list_report = &report["lists"][0];
    let counts = ["added", "modified", "swept", "unchanged", "foreign"];
    let counts = counts.map(|what| list_report[what].as_u64());
    assert_eq!(counts, [Some(1); 5], "{report}");
    assert_in_step(&scene, "applied");
    let done = names(&scene.data("done"));
    assert!(
        done.iter()
            .any(|name| name.ends_with("RESYNC.GLB.2.report")),
        "{done:?}"
    );

    // A later start does nothing, and neither does the same list once more.
    let after = scene.entries(CONTAINER);
    scene.dxa("lists").ends(0);
    scene.drop_file("RESYNC.GLB", &list());
    scene.dxa("lists").ends(0);
    assert!(after == scene.entries(CONTAINER), "an entry was written");
}

#[test]
fn seed_a_the_same_list_dropped_at_who_made_it_is_refused() {
    let scene = out_of_step();
    let own = resync_by("NET1/AGENT", None, LIST, &["R PCM:NET1/AGENT"]);
    scene.drop_file("RESYNC.GLB", &own);
    let run = scene.dxa("lists").ends(78);
    assert!(run.stdout.contains("list-own"), "{}", run.stdout);
    assert_eq!(scene.numbers(), ["14", "80", "1"]);
}

#[test]
fn seed_a_whatever_kills_it_the_list_is_applied_once() {
    for (call, step) in [("sendto", 3), ("pwrite64", 5), ("rename", 1)] {
        let mut at = 1;
        loop {
            let scene = out_of_step();
            scene.drop_file("RESYNC.GLB", &list());
            let program = std::path::Path::new(env!("CARGO_BIN_EXE_dxa"));
            let mut command = trace::traced(program, call, "signal=KILL", at);
            command.arg("--config").arg(scene.config()).arg("lists");
            command
                .env("DIRSYNC_NOW", "2026-11-27T11:00:00Z")
                .env("TZ", "UTC");
            let output = command.output().expect("it runs");
            let was_killed = !output.status.success();
            scene.dxa("lists").ends(0);
            assert_in_step(&scene, &format!("{call} {at}"));
            if !was_killed {
                assert!(at > 1, "{call}: it was never killed");
                break;
            }
            at += step;
        }
    }
}
