//! One entry alone, on both sides.

use super::scene::Scene;
use crate::support::run;

const LIST: &str = "A Ann\tPCM:NET/PO/ANN\nA Bob\tPCM:NET/PO/BOB\nA Cid\tSMTP:cid@x.example\n";

/// A list, and the queue that was to bring it.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.text("a.txt", LIST);
    let records = [
        (4, "A Ann\tPCM:NET/PO/ANN"),
        (5, "A Bob\tPCM:NET/PO/BOB"),
        (6, "M Ann\tPCM:NET/PO/ANN\r\n  Anna\tPCM:NET/PO/ANN"),
        (7, "D Bob\tPCM:NET/PO/BOB"),
    ];
    scene.queue("queue", &records);
    scene
}

fn explain(scene: &Scene, entry: &str, exit: i32) -> String {
    let ran = scene.run("a.txt", "queue", &format!("--explain {entry}"));
    ran.ends(exit).stdout
}

#[test]
fn everything_that_is_said_of_an_entry_is_told_in_its_order() {
    let scene = scene();
    let told = explain(&scene, "NET/PO/ANN", 5);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines[0], "A: line 1: A Ann PCM:NET/PO/ANN");
    assert!(
        lines[1].starts_with("B: record 1 at byte 0x0, number 4: A Ann PCM:NET/PO/ANN"),
        "{told}"
    );
    assert!(
        lines[2].starts_with("B: record 3 at byte ")
            && lines[2].ends_with("number 6: M Ann PCM:NET/PO/ANN | Anna PCM:NET/PO/ANN"),
        "{told}"
    );
    assert_eq!(lines[3..5], ["A: import text a.txt", "B: queue queue"]);
    assert!(
        lines[5].starts_with("altered    MS:NET/PO/ANN Ann (A: line 1"),
        "{told}"
    );
    assert_eq!(lines[6], "  name A \"Ann\", B \"Anna\"");
    assert_eq!(
        lines[7..],
        ["next: an M at B makes it what A has: --repair FILE writes it"]
    );
}

#[test]
fn one_that_is_gone_or_was_never_there_is_told_too() {
    let scene = scene();
    let told = explain(&scene, "pcm:net/po/bob", 5);
    assert!(told.contains("number 7: D Bob PCM:NET/PO/BOB\n"), "{told}");
    assert!(
        told.ends_with("\nnext: an A at B brings it: --repair FILE writes it\n"),
        "{told}"
    );
    let told = explain(&scene, "cid@x.example", 66);
    assert!(
        told.starts_with("A: nothing about cid@x.example\nB: nothing"),
        "{told}"
    );
    let told = explain(&scene, "Cid", 5);
    assert!(
        told.starts_with("A: line 3: A Cid SMTP:cid@x.example\nB: nothing about Cid\n"),
        "{told}"
    );
}

#[test]
fn the_word_in_front_does_the_same() {
    let scene = scene();
    let args = ["explain", "SMTP:cid@x.example"].map(str::to_owned);
    let sides = ["a.txt", "a.txt"].map(|name| scene.path(name).display().to_string());
    let args: Vec<_> = args
        .into_iter()
        .chain(sides)
        .chain(["--json".to_owned()])
        .collect();
    let told = run("audit", args, |_| {}).ends(0).json();
    assert_eq!(told["findings"][0]["outcome"], "equal", "{told}");
    assert_eq!(told["next"], "nothing: both sides have the same");
    assert_eq!(told["seen"].as_array().map(Vec::len), Some(2));
}
