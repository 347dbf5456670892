//! The program: what it prints, what it takes, how it ends.

use serde_json::json;

use super::scene::Scene;

#[test]
fn the_screen_shows_sides_findings_counts_and_the_end() {
    let scene = Scene::new();
    scene.text(
        "a.txt",
        "A Ann\tPCM:N/P/ANN\n- Title:/Clerk\nA Bob\tPCM:N/P/BOB\nA Cid\tPCM:N/P/CID\n",
    );
    scene.text(
        "b.txt",
        "A Ann\tPCM:N/P/ANN\n- Title:/Boss\nA Bob\tPCM:N/P/BOB\nA Dan\tPCM:N/P/DAN\nX\n",
    );
    let ran = scene.run("a.txt", "b.txt", "").ends(5);
    assert_eq!(
        ran.stdout,
        "A: import text a.txt
B: import text b.txt
refused    B: (line 5) message-12: line 5, column 1: [12] Invalid character in column 1: found \"X\", expected A, D, M, R, T or #
altered    MS:N/P/ANN Ann (A: line 1; B: line 1)
  Title: A \"Clerk\", B \"Boss\"
missing    MS:N/P/CID Cid (A: line 4)
extra      MS:N/P/DAN Dan (B: line 4)
A: 3 read, 3 compared
B: 4 read, 3 compared, 1 refused (message-12)
1 equal, 1 altered, 1 missing, 1 extra
PARTIAL: the entries of B are not those of A, or of some it is not known.
Exit 5: differences found.
"
    );
    let ran = scene.run("a.txt", "a.txt", "").ends(0);
    assert_eq!(
        ran.stdout,
        "A: import text a.txt\nB: import text a.txt\nA: 3 read, 3 compared\nB: 3 read, 3 compared\n3 equal\n"
    );
}

#[test]
fn the_screen_shows_the_first_of_each_kind_unless_all_are_wanted() {
    let scene = Scene::new();
    let list = |from: u32, to: u32| -> String {
        (from..to)
            .map(|n| format!("A User {n}\tPCM:N/P/U{n}\n"))
            .collect()
    };
    scene.text("a.txt", &list(100, 130));
    scene.text("b.txt", &list(200, 205));
    let lines = |more: &str, word: &str| {
        let ran = scene.run("a.txt", "b.txt", more).ends(5);
        ran.stdout
            .lines()
            .filter(|line| line.starts_with(word))
            .count()
    };
    assert_eq!((lines("", "missing"), lines("", "extra")), (21, 5));
    assert_eq!(
        (lines("--all", "missing"), lines("--all", "extra")),
        (30, 5)
    );
    let ran = scene.run("a.txt", "b.txt", "").ends(5);
    assert!(
        ran.stdout
            .contains("missing    and 10 more: --all shows them\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn help_and_version_are_there() {
    let scene = Scene::new();
    for help in ["-?", "--help"] {
        let ran = crate::support::run("audit", vec![help.to_owned()], |_| ()).ends(0);
        assert!(
            ran.stdout.starts_with("Compares two sides"),
            "{}",
            ran.stdout
        );
        assert!(ran.stdout.contains("Usage: audit"), "{}", ran.stdout);
    }
    let ran = crate::support::run("audit", vec!["--version".to_owned()], |_| ()).ends(0);
    assert!(ran.stdout.contains(env!("CARGO_PKG_VERSION")));
    let ran = scene.run("a", "b", "--memory 1").ends(2);
    assert!(ran.stderr.contains("1m at least"), "{}", ran.stderr);
}

#[test]
fn a_summary_has_every_key_and_an_error_has_one_too() {
    let scene = Scene::new();
    scene.text("a.txt", "A Ann\tPCM:N/P/ANN\n");
    let mut summary = scene.run("a.txt", "a.txt", "--json").ends(0).json();
    summary["seconds"] = json!(0.0);
    let numbers = json!({"server": null, "epoch": null, "req_sync": null, "srv_sync": null, "import_sync": null, "stamp": null});
    let side =
        json!({"kind": "text", "place": "a.txt", "owner": null, "whole": true, "numbers": numbers});
    let counts = json!({"read": 1, "entries": 1, "superseded": 0, "excluded": {}, "withheld": {}, "refused": {}});
    let said = |letter: &str| {
        let text = format!(
            "{letter} has neither templates nor template lines: names and addresses alone are compared"
        );
        json!({"number": null, "text": text})
    };
    assert_eq!(
        summary,
        json!({
            "program": "audit", "state": "COMPLETE", "sides": {"a": side, "b": side}, "a": counts, "b": counts,
            "equal": 1, "altered": 0, "missing": 0, "extra": 0, "kept": 0,
            "duplicated": {"a": 0, "b": 0, "both": 0, "names": 0}, "stale": 0, "gap": 0, "pairs": 0, "templates": 0, "lines_refused": 0,
            "spilled": 0, "messages": [said("A"), said("B")], "seconds": 0.0, "exit": 0,
        })
    );
    let error = scene.run("a.txt", "none", "--json").ends(66).json();
    assert_eq!(error["exit"], 66);
}

#[test]
fn lists_and_attributes_may_be_left_out() {
    let scene = Scene::new();
    scene.text(
        "a.txt",
        "A Ann\tPCM:N/P/ANN\n- Title:/x\nA Bob\tPCM:N/Q/BOB\nA Cid\tSMTP:cid@x\n",
    );
    scene.text(
        "b.txt",
        "A Ann\tPCM:N/P/ANN\n- Title:/y\nA Cid\tSMTP:Cid@x\n",
    );
    let found = |more: &str, exit| {
        scene
            .audit("a.txt", "b.txt", more)
            .ends(exit, if exit == 5 { "PARTIAL" } else { "COMPLETE" })
    };
    let audited = found("--ignore title: --ignore ADDRESS", 5);
    assert_eq!(audited.found(), ["missing MS:N/Q/BOB"]);
    let audited = found("--list pcm:n/p --ignore Title:", 0);
    assert_eq!(audited.summary["a"]["excluded"], json!({"filtered": 2}));
    assert_eq!(found("--list PCM: --ignore Title:", 5).count("/equal"), 1);
    let audited = found("--list PCM:N/P --names", 0);
    assert_eq!(audited.count("/equal"), 1);
}

#[test]
fn a_report_or_a_repair_that_cannot_be_written_stops_the_run() {
    let scene = Scene::new();
    scene.text("a.txt", "A Ann\tPCM:N/P/ANN\n");
    scene
        .run("a.txt", "a.txt", "--report no/such/file")
        .ends(73);
    scene
        .run("a.txt", "a.txt", "--repair no/such/file")
        .ends(73);
}

#[test]
fn a_line_that_an_entry_cannot_have_is_said_and_the_entry_is_compared_without() {
    let scene = Scene::new();
    scene.text(
        "a.txt",
        "A Bob\tSMTP:bob@x\n- Title:/x\nA Ann\tPCM:N/P/ANN\n- Title:/y\n",
    );
    let audited = scene.audit("a.txt", "a.txt", "").ends(0, "COMPLETE");
    let line = "line-refused SMTP:bob@x value-dropped".replace("refused ", "refused A ");
    assert_eq!(audited.found(), [line.clone(), line.replace(" A ", " B ")]);
    assert_eq!(audited.of("line-refused")[0]["message"], 24);
}

#[test]
fn what_is_read_is_not_changed() {
    let office = crate::support::Office::new("NET/PO").define(&["PCM:NET/PO2"]);
    office.import_text("", "A Ann\tPCM:NET/PO2/ANN\n").ends(0);
    let before = office.snapshot();
    let scene = Scene::new();
    let path = office.path().display().to_string();
    scene
        .audit(&path, &path, "--repair {}/repair.txt")
        .ends(0, "COMPLETE");
    assert!(office.snapshot() == before);
}
