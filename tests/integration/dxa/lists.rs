//! The drop folder (`spec/exchange.md` DX-05 to DX-07, DX-10).

use std::fs;

use super::scene::{CONTAINER, Numbers, Scene, names, resync, resync_by, users};

const FIRST: Numbers = (14, 80, 1, 100);
const SECOND: Numbers = (14, 88, 2, 200);

const ANN: &str = "A Ann\tPCM:NET1/PO1/ANN";
const BOB: &str = "A Bob\tPCM:NET1/PO1/BOB";
const XAVER: &str = "A Xaver\tPCM:NET1/PO2/XAVER";

/// Puts an entry into the container by hand, without owner.
fn add_manual(scene: &Scene) {
    let ldif = format!(
        "dn: cn=Manual,{CONTAINER}\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\ncn: Manual\nsn: Manual\n"
    );
    let output = scene.slapd.client("ldapadd", &[], &ldif);
    assert!(output.status.success(), "{output:?}");
}

/// A scene whose container holds Ann, Bob and Xaver of the first list.
fn filled() -> Scene {
    let scene = Scene::new();
    scene.drop_file(
        "RESYNC.GLB",
        &resync(
            FIRST,
            &["R PCM:NET1/PO1", ANN, BOB, "R PCM:NET1/PO2", XAVER],
        ),
    );
    scene.dxa("lists").ends(0);
    scene
}

#[test]
fn dxc_001_002_010_a_list_makes_the_container_equal_and_is_applied_once() {
    let scene = filled();
    add_manual(&scene);
    assert_eq!(scene.numbers(), ["14", "80", "1"]);
    let before = scene.entries(CONTAINER);
    let list = [
        "R PCM:NET1/PO1",
        ANN,
        "A Bobby\tPCM:NET1/PO1/BOB",
        "A Carl\tPCM:NET1/PO1/CARL",
    ];
    scene.drop_file("Resync.glb", &resync(SECOND, &list));
    let report = scene.dxa("lists --json").ends(0).json();
    let list = &report["lists"][0];
    let counts = ["added", "modified", "swept", "unchanged"].map(|name| list[name].as_u64());
    assert_eq!(counts, [Some(1); 4], "{report}");
    assert_eq!(list["foreign"], 1, "what was put in by hand: {report}");
    assert_eq!(list["fate"], "done");
    let keys = [
        "MS:NET1/PO1/ANN=Ann",
        "MS:NET1/PO1/BOB=Bobby",
        "MS:NET1/PO1/CARL=Carl",
    ];
    assert_eq!(scene.shown(), keys);
    assert_eq!(scene.numbers(), ["14", "88", "2"]);
    let uuid = |entry: &dirsync::directory::entry::Entry| {
        entry.attributes.text("entryUUID").map(str::to_owned)
    };
    let after = scene.entries(CONTAINER);
    assert_eq!(
        uuid(&before[1]),
        uuid(&after[1]),
        "the entry of Bob is the same"
    );
    let manual = scene.slapd.client(
        "ldapsearch",
        &["-LLL", "-b", CONTAINER, "(cn=Manual)", "cn"],
        "",
    );
    assert!(
        String::from_utf8_lossy(&manual.stdout).contains("cn: Manual"),
        "{manual:?}"
    );

    assert_eq!(names(&scene.data("in")), Vec::<String>::new());
    let done = names(&scene.data("done"));
    assert_eq!(done.len(), 4, "{done:?}");
    assert!(
        done.iter().any(|name| name.ends_with("-Resync.glb.report")),
        "{done:?}"
    );
    let csn: Vec<_> = after
        .iter()
        .map(|entry| entry.attributes.text("entryCSN").map(str::to_owned))
        .collect();
    scene.dxa("lists").ends(0);
    let again = scene.entries(CONTAINER);
    let now: Vec<_> = again
        .iter()
        .map(|entry| entry.attributes.text("entryCSN").map(str::to_owned))
        .collect();
    assert_eq!(csn, now, "nothing was written");
}

#[test]
fn the_same_list_a_second_time_changes_nothing() {
    let scene = filled();
    let list = resync(
        FIRST,
        &["R PCM:NET1/PO1", ANN, BOB, "R PCM:NET1/PO2", XAVER],
    );
    scene.drop_file("RESYNC.GLB", &list);
    let report = scene.dxa("lists --json").ends(0).json();
    assert_eq!(report["lists"][0]["unchanged"], 3, "{report}");
    assert_eq!(report["lists"][0]["modified"], 0, "{report}");
}

#[test]
fn dxc_003_a_list_of_the_agent_itself_is_refused() {
    let scene = filled();
    scene.drop_file(
        "RESYNC.GLB",
        &resync_by("NET1/AGENT", None, SECOND, &["R PCM:NET1/PO1"]),
    );
    let run = scene.dxa("lists").ends(78);
    assert!(run.stdout.contains("list-own"), "{}", run.stdout);
    assert_eq!(scene.shown().len(), 3);
    assert_eq!(names(&scene.data("bad")).len(), 2);
}

#[test]
fn dxc_004_a_list_for_another_is_refused_unless_told_otherwise() {
    let scene = filled();
    let list = resync_by(
        "NET1/PO1",
        Some("NET1/OTHER"),
        SECOND,
        &["R PCM:NET1/PO1", ANN],
    );
    scene.drop_file("RESYNC.GLB", &list);
    let run = scene.dxa("lists").ends(78);
    assert!(run.stdout.contains("list-for-other"), "{}", run.stdout);
    assert_eq!(scene.shown().len(), 3);
    scene.drop_file("RESYNC.GLB", &list);
    scene.dxa("lists --for-any").ends(0);
    assert_eq!(scene.shown(), ["MS:NET1/PO1/ANN=Ann"]);
    scene.drop_file(
        "RESYNC.GLB",
        &resync_by("NET1/PO7", None, SECOND, &["R PCM:NET1/PO1"]),
    );
    let run = scene.dxa("lists").ends(78);
    assert!(run.stdout.contains("NET1/PO7"), "{}", run.stdout);
}

#[test]
fn a_stale_list_is_refused_with_both_numbers() {
    let scene = filled();
    scene.drop_file("RESYNC.GLB", &resync((14, 70, 1, 50), &["R PCM:NET1/PO1"]));
    let run = scene.dxa("lists").ends(4);
    assert!(
        run.stdout.contains("SRVSEQ is 70, this requestor has 80"),
        "{}",
        run.stdout
    );
    assert_eq!(scene.shown().len(), 3);
}

#[test]
fn dxc_007_a_file_that_is_being_written_is_left_alone() {
    let scene = Scene::new();
    let path = scene.drop_file("RESYNC.GLB", &resync(FIRST, &["R PCM:NET1/PO1", ANN]));
    scene.drop_file("RESYNC.GLB.part", b"half");
    let file = fs::File::open(&path).expect("opened");
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).expect("locked");
    let report = scene.dxa("lists --json").ends(0).json();
    assert_eq!(report["lists"][0]["fate"], "left", "{report}");
    assert!(path.exists());
    drop(file);
    scene.dxa("lists").ends(0);
    assert_eq!(scene.shown(), ["MS:NET1/PO1/ANN=Ann"]);
    assert_eq!(names(&scene.data("in")), ["RESYNC.GLB.part"]);
}

#[test]
fn dxc_008_an_unreadable_record_withholds_removal_and_numbers() {
    let scene = filled();
    let list = [
        "R PCM:NET1/PO1",
        ANN,
        "A what is this",
        "A Carl\tPCM:NET1/PO1/CARL",
    ];
    scene.drop_file("RESYNC.GLB", &resync(SECOND, &list));
    let report = scene.dxa("lists --json").ends(1).json();
    let list = &report["lists"][0];
    assert_eq!(
        (&list["added"], &list["refused"], &list["withheld"]),
        (&1.into(), &1.into(), &2.into()),
        "{report}"
    );
    assert_eq!(scene.shown().len(), 4, "nothing was removed");
    assert_eq!(scene.numbers(), ["14", "80", "1"]);
    // The second of that name in that moment.
    let name = "20261127T100000Z-RESYNC.GLB.2.report";
    let report = fs::read_to_string(scene.data("done").join(name)).expect("read");
    assert!(
        report.contains("list-damaged") && report.contains("record 4"),
        "{report}"
    );
}

#[test]
fn every_entry_of_a_list_has_a_line_in_the_report_and_what_cannot_be_read_one_in_the_log() {
    let scene = filled();
    let lines = "A Ann                            PCM:NET1/PO1/ANN\r\nwhat is this\r\n\
                 A Dora                           PCM:NET1/PO1/DORA\r\n";
    scene.drop_file("HQ/LIST.TXT", lines.as_bytes());
    let run = {
        let report = scene.data("lists.jsonl");
        scene
            .dxa(&format!("lists --report {}", report.display()))
            .ends(1)
    };
    let named: Vec<_> = run
        .stdout
        .lines()
        .filter(|line| line.contains("DX247"))
        .collect();
    assert!(
        named.len() == 1 && named[0].contains("line 2"),
        "{}",
        run.stdout
    );
    let report = fs::read_to_string(scene.data("lists.jsonl")).expect("a report");
    let lines: Vec<serde_json::Value> = report
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    let (summary, entries) = lines.split_last().expect("a summary");
    let shown: Vec<_> = entries
        .iter()
        .map(|line| {
            format!(
                "{} {}",
                line["outcome"].as_str().unwrap_or("-"),
                line["entry"]
            )
        })
        .collect();
    let read = entries
        .iter()
        .filter(|line| line["outcome"] != "kept" && line["outcome"] != "withheld");
    assert_eq!(summary["lists"][0]["refused"], 1, "{summary}");
    assert!(
        shown
            .iter()
            .any(|line| line == "added \"MS:NET1/PO1/DORA\""),
        "{shown:?}"
    );
    assert!(
        shown
            .iter()
            .any(|line| line == "unchanged \"MS:NET1/PO1/ANN\""),
        "{shown:?}"
    );
    assert!(read.count() >= 3, "{shown:?}");
}

#[test]
fn a_file_whose_bytes_are_not_what_they_were_goes_to_bad_and_changes_nothing() {
    let scene = filled();
    let mut bytes = resync(SECOND, &["R PCM:NET1/PO1", ANN]);
    let at = bytes.len() - 60;
    bytes[at] ^= 1;
    scene.drop_file("RESYNC.GLB", &bytes);
    let run = scene.dxa("lists").ends(65);
    assert!(run.stdout.contains("list-damaged"), "{}", run.stdout);
    assert_eq!(scene.shown().len(), 3);
    // Cut behind a record: no end mark, so that nothing goes.
    let bytes = resync(SECOND, &["R PCM:NET1/PO1", ANN]);
    let end = bytes.len() - (24 + b"# END COUNT=0000000003 CRC32=00000000".len());
    scene.drop_file("RESYNC.GLB", &bytes[..end]);
    let run = scene.dxa("lists").ends(1);
    assert!(run.stdout.contains("no end mark"), "{}", run.stdout);
    assert_eq!(scene.shown().len(), 3);
    assert_eq!(scene.numbers(), ["14", "80", "1"]);
}

#[test]
fn the_text_of_import_x_and_a_list_file_are_taken_too() {
    let scene = filled();
    let text = "A Ann                            PCM:NET1/PO1/ANN\r\nA Dora                           PCM:NET1/PO1/DORA\r\n";
    scene.drop_file("HQ/LIST.TXT", text.as_bytes());
    scene.dxa("lists").ends(0);
    assert_eq!(
        scene.shown(),
        [
            "MS:NET1/PO1/ANN=Ann",
            "MS:NET1/PO1/DORA=Dora",
            "MS:NET1/PO2/XAVER=Xaver"
        ],
        "it speaks for the list that it names"
    );
    let mut usr = Vec::new();
    for (name, mailbox) in [("Yves", "YVES"), ("Zoe", "ZOE")] {
        let mut record = [0; 53];
        record[..2].copy_from_slice(&[1, 2]);
        record[2..2 + name.len()].copy_from_slice(name.as_bytes());
        record[33..33 + mailbox.len()].copy_from_slice(mailbox.as_bytes());
        usr.extend(record);
    }
    scene.drop_file("HQ/NET1/PO2.USR", &usr);
    scene.dxa("lists").ends(0);
    assert_eq!(
        scene.shown(),
        [
            "MS:NET1/PO1/ANN=Ann",
            "MS:NET1/PO1/DORA=Dora",
            "MS:NET1/PO2/YVES=Yves",
            "MS:NET1/PO2/ZOE=Zoe"
        ]
    );
    scene.drop_file("LONDON/LIST.TXT", text.as_bytes());
    let run = scene.dxa("lists").ends(78);
    assert!(run.stdout.contains("LONDON"), "{}", run.stdout);
}

#[test]
fn an_exported_container_comes_back_as_it_was() {
    let scene = filled();
    let exported = scene.dxa("export HQ").ends(0).stdout;
    assert_eq!(
        scene.dxa("export HQ").ends(0).stdout,
        exported,
        "two exports of one state are the same bytes"
    );
    assert!(exported.starts_with("version: 1\n"), "{exported}");
    for line in ["-o", "--output"] {
        let file = scene.data("../hq.ldif");
        let run = scene.dxa(&format!("export HQ {line} {}", file.display()));
        assert_eq!(run.ends(0).stdout, "", "{line}");
        assert_eq!(fs::read_to_string(&file).expect("written"), exported);
        fs::remove_file(file).expect("removed");
    }
    for entry in scene.entries(CONTAINER) {
        let output = scene
            .slapd
            .client("ldapdelete", &[&entry.dn.to_string()], "");
        assert!(output.status.success(), "{output:?}");
    }
    scene.drop_file("hq.ldif", exported.as_bytes());
    let report = scene.dxa("lists --json").ends(0).json();
    assert_eq!(report["lists"][0]["added"], 3, "{report}");
    assert_eq!(scene.shown().len(), 3);
    let cut = exported.replacen("syncEntryCount: 3", "syncEntryCount: 4", 1);
    scene.drop_file("hq.ldif", cut.as_bytes());
    let run = scene.dxa("lists").ends(65);
    assert!(run.stdout.contains("list-incomplete"), "{}", run.stdout);
    let url = exported.replacen("cn: Ann", "cn:< file:///etc/passwd", 1);
    scene.drop_file("hq.ldif", url.as_bytes());
    let run = scene.dxa("lists").ends(65);
    assert!(run.stdout.contains("list-damaged"), "{}", run.stdout);
    assert_eq!(scene.shown().len(), 3);
}

#[test]
fn a_list_that_would_empty_the_container_is_stopped() {
    let scene = Scene::new();
    scene.drop_file("RESYNC.GLB", &users(FIRST, 40));
    scene.dxa("lists").ends(0);
    let path = scene.drop_file("RESYNC.GLB", &resync(SECOND, &["R PCM:NET1/PO1", ANN]));
    let run = scene.dxa("lists").ends(3);
    assert!(
        run.stderr.contains("--allow-deletes 40"),
        "{}{}",
        run.stdout,
        run.stderr
    );
    assert_eq!(scene.shown().len(), 40);
    assert!(path.exists(), "it waits for somebody to allow it");
    scene.dxa("lists --allow-deletes 40").ends(0);
    assert_eq!(scene.shown(), ["MS:NET1/PO1/ANN=Ann"]);
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let scene = filled();
    scene.drop_file("RESYNC.GLB", &resync(SECOND, &["R PCM:NET1/PO1", ANN]));
    let before = scene.entries(CONTAINER);
    let log = fs::read(scene.data("dxa.log")).expect("a log");
    let report = scene.dxa("lists --dry-run --json").ends(0).json();
    assert_eq!(report["lists"][0]["swept"], 2, "{report}");
    assert_eq!(scene.entries(CONTAINER), before);
    assert_eq!(fs::read(scene.data("dxa.log")).expect("a log"), log);
    assert_eq!(names(&scene.data("in")), ["RESYNC.GLB"]);
    let real = scene.dxa("lists --json").ends(0).json();
    assert_eq!(real["lists"][0]["swept"], 2);
}

#[test]
fn dxc_109_each_postoffice_may_have_a_container_of_its_own() {
    let scene = Scene::new();
    scene.configure("layout = \"per-postoffice\"");
    scene.drop_file(
        "RESYNC.GLB",
        &resync(FIRST, &["R PCM:NET1/PO1", ANN, "R PCM:NET1/PO2", XAVER]),
    );
    scene.dxa("lists").ends(0);
    let names: Vec<_> = scene
        .entries(CONTAINER)
        .iter()
        .map(|entry| entry.dn.to_string())
        .collect();
    assert!(
        names
            .iter()
            .any(|name| name.ends_with("ou=PO1,ou=NET1,ou=HQ,o=Org")),
        "{names:?}"
    );
    assert!(
        names
            .iter()
            .any(|name| name.ends_with("ou=PO2,ou=NET1,ou=HQ,o=Org")),
        "{names:?}"
    );
}

#[test]
fn dxc_075_a_generated_address_that_is_taken_is_numbered_or_left_out() {
    for (setting, found) in [
        ("", Some("SMTP:ANN2@po1.example")),
        ("keep-original = true\n", None),
    ] {
        let scene = Scene::new();
        let ldif = "dn: cn=Ann,ou=People,o=Org\nobjectClass: inetOrgPerson\nobjectClass: syncLocalRecipient\ncn: Ann\n\
            sn: Ann\nsyncProxyPrimary: SMTP:ann@po1.example\n";
        assert!(scene.slapd.client("ldapadd", &[], ldif).status.success());
        scene.configure(&format!("smtp-domain = \"po1.example\"\n{setting}"));
        scene.drop_file("RESYNC.GLB", &resync(FIRST, &["R PCM:NET1/PO1", ANN]));
        scene.dxa("lists").ends(0);
        let entries = scene.entries(CONTAINER);
        let proxy = entries[0].attributes.text("syncProxyPrimary");
        assert_eq!(
            proxy.map(str::to_lowercase),
            found.map(str::to_lowercase),
            "{setting}"
        );
    }
}
