//! `dssched`: the published screens by their cases, schedules as text, and damaged schedules.

use std::fs;

use dirsync::codec::timestamp::Timestamp;
use dirsync::codec::{FixedText, ProcessEntry, ProcessFile, ProcessKind, SrvConf};
use serde_json::Value;

use crate::scene::{Ran, Scene};

const PROGRAM: &str = env!("CARGO_BIN_EXE_dssched");
const VECTORS: &str = include_str!("../../testdata/spec/vectors.json");

/// Saturday noon before the times of Q96060.
const NOW: &str = "1994-02-26T12:00:00Z";

const NEW_YORK: &str = "EST5EDT,M3.2.0,M11.1.0";

/// The file of Q119590, its lines broken as the article has them.
const Q119590: &str = "T1 Mon 22:00\r\nT1 Tue 22:00 T1\r\nWed 22:00 T1 Thu\r\n22:00 T1 Fri 22:00\r\n\
     T1 Sat 22:00 T1 Sun 22:00\r\nT2 Mon 01:00 T2 Tue\r\n01:00 T2 Wed 01:00\r\nT2 Thu 01:00 T2 Fri 01:00\r\n\
     T2 Sat 01:00 T2\r\nSun 01:00 T3 Mon 03:00\r\nT3 Tue 03:00 T3 Wed 03:00 T3 Thu 03:00\r\nT3\r\nFri\r\n\
     03:00\r\nT3 Sat 03:00 T3 Sun 03:00\r\n";

fn sample(index: usize) -> Value {
    serde_json::from_str::<Value>(VECTORS).unwrap()["dssched"][index].clone()
}

fn dssched(scene: &Scene, line: &str) -> Ran {
    scene.run_at(PROGRAM, &format!("admin -ppassword {line}"), "UTC", NOW)
}

/// Imports a text that must be taken.
fn import(scene: &Scene, text: &str) -> Ran {
    fs::write(scene.beside("new.txt"), text).unwrap();
    let ran = dssched(scene, "-inew.txt");
    assert_eq!(ran.code, 0, "{ran:?}");
    ran
}

/// Returns the schedule as text.
fn exported(scene: &Scene) -> String {
    let ran = dssched(scene, "-xold.txt");
    assert_eq!(ran.code, 0, "{ran:?}");
    fs::read_to_string(scene.beside("old.txt")).unwrap()
}

fn server() -> Scene {
    let scene = Scene::new();
    let mut bytes = Vec::new();
    SrvConf::default().write_to(&mut bytes).unwrap();
    scene.write("SRVCONF.GLB", &bytes);
    scene.write("MSTTRANS.GLB", b"");
    scene
}

fn schedule(scene: &Scene) -> ProcessFile {
    let bytes = fs::read(scene.glb("PROCESS.GLB")).unwrap();
    ProcessFile::read_from(&bytes[..]).unwrap()
}

fn write(scene: &Scene, file: &ProcessFile) {
    let mut bytes = Vec::new();
    file.write_to(&mut bytes).unwrap();
    scene.write("PROCESS.GLB", &bytes);
}

#[test]
fn the_published_screen_comes_out_as_printed() {
    let scene = server();
    let records = sample(0)["records"].as_array().unwrap().clone();
    let texts: Vec<_> = records
        .iter()
        .map(|r| r["export"].as_str().unwrap())
        .collect();
    import(&scene, &texts.join("\n"));

    let ran = scene.run_reading(PROGRAM, "admin -ppassword");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(
        ran.stdout,
        "Microsoft Mail for the PC v3.2, DSSched v3.2\n\
         (C) Microsoft Corp. 1993-1994. All rights reserved\n\
         \n\
         Examining POLYNOMIAL/MONTGOMERY Dir-Sync process times\n\
         \n\
         \x20  Record number 1\n\
         Requestor sends updates (Dispatch runs NSDA -RT)\n\
         Current time to run NSDA -RT: Sat Feb 26 13:45:00 1994\n\
         \n\
         \x20  Record number 2\n\
         Requestor processes updates (Dispatch runs NSDA -RR)\n\
         Current time to run NSDA -RR: Mon Feb 28 15:00:00 1994\n\
         \n\
         \x20  Record number 3\n\
         Server process (Dispatch runs NSDA -S)\n\
         Current time to run NSDA -S: Mon Feb 28 14:55:00 1994\n"
    );
    for record in &records {
        for key in ["text", "current"] {
            assert!(ran.stdout.contains(record[key].as_str().unwrap()));
        }
    }
    assert_eq!(
        exported(&scene),
        format!("{}\r\n", texts.join("\r\n")),
        "in record order"
    );
}

#[test]
fn ds_c021_the_verbose_record_comes_out_as_printed() {
    let scene = Scene::new();
    fs::write(scene.beside("new.txt"), "T1 Fri 16:30").unwrap();
    let now = "1995-12-20T12:00:00Z";
    // In a zone where that is the next day by UTC, too.
    for zone in ["UTC", "PST8PDT,M4.1.0,M10.5.0"] {
        let run = |line: &str| scene.run_at(PROGRAM, &format!("admin -px {line}"), zone, now);
        assert_eq!(run("-inew.txt").code, 0);
        let ran = run("-v");
        let published = &sample(1)["records"][0];
        let text = |key: &str| published[key].as_str().unwrap();
        let lines: Vec<_> = ran.screen().lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "   Record number 1",
                "ID = 1",
                text("text"),
                &format!("Current time to run NSDA -RT: {}", text("current")),
                "Run window is 8 hours (28800 seconds)",
                &format!(
                    "Time after which this process will not run: {}",
                    text("not_after")
                ),
                "If this time is exceeded, an error (missed run window) is recorded.",
                "Next scheduled time is used instead of this time.",
                &format!("This instance next runs on {}", text("next")),
                "Process comment: <null>",
            ],
            "{zone}"
        );
    }
}

#[test]
fn windows_and_comments_of_other_programs_are_shown() {
    let scene = Scene::new();
    import(&scene, "T3 Mon 03:00");
    let mut file = schedule(&scene);
    file.records[0].window = 14_400;
    file.records[0].id = 7;
    file.records[0].comment = FixedText::new(b"na\x8bve\x1b").unwrap();
    write(&scene, &file);
    let ran = dssched(&scene, "-v");
    for line in [
        "ID = 7\n",
        "Run window is 4 hours (14400 seconds)\n",
        "will not run: Mon Feb 28 07:00:00 1994\n",
        "Process comment: na\u{ef}ve \n",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
}

#[test]
fn ds_c022_the_broken_lines_of_the_article_are_a_schedule_of_three_a_day() {
    let scene = server();
    let ran = import(&scene, Q119590);
    assert_eq!(
        ran.stdout,
        "POLYNOMIAL/MONTGOMERY: 21 read, 21 added\n\
         21 process times with a run window of 8 hours, 0 before\n"
    );
    let file = schedule(&scene);
    for (kind, minute) in [
        (ProcessKind::T1, 22 * 60),
        (ProcessKind::T2, 60),
        (ProcessKind::T3, 180),
    ] {
        let of_kind = file.records.iter().filter(|r| r.kind == kind);
        let mut days: Vec<_> = of_kind
            .map(|r| {
                assert_eq!((r.minute, r.window), (minute, 28_800));
                assert!(r.comment.is_empty());
                r.day
            })
            .collect();
        days.sort_unstable();
        assert_eq!(days, [0, 1, 2, 3, 4, 5, 6]);
    }
    let ids: Vec<_> = file.records.iter().map(|r| r.id).collect();
    assert_eq!(ids, (1..=21).collect::<Vec<_>>());
    let tokens = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(tokens(&exported(&scene)), tokens(Q119590));
}

#[test]
fn ds_c022_a_requestor_takes_no_t2_and_says_so() {
    let scene = Scene::new();
    let ran = import(&scene, Q119590);
    assert_eq!(
        ran.stdout,
        "POLYNOMIAL/MONTGOMERY: 21 read, 14 added, 7 ignored\n\
         7 process times for T2 are ignored, from line 6 on: this postoffice is no dir-sync server\n\
         14 process times with a run window of 8 hours, 0 before\n"
    );
    assert!(
        schedule(&scene)
            .records
            .iter()
            .all(|r| r.kind != ProcessKind::T2)
    );
    assert!(!exported(&scene).contains("T2"));
}

#[test]
fn an_import_replaces_the_schedule_and_keeps_its_header() {
    let scene = server();
    let mut old = ProcessFile {
        header: [0xa5; 512],
        ..ProcessFile::default()
    };
    write(&scene, &old);
    import(&scene, "T1 Mon 22:00 T2 Mon 23:00 T3 Tue 01:00");
    old.header.fill(0xa5);
    assert_eq!(schedule(&scene).header, old.header);
    // Export, delete the T2 lines, import: the published cure for a former server (Q136487).
    let text = exported(&scene);
    let kept: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("T2"))
        .collect();
    let ran = import(&scene, &kept.join("\r\n"));
    assert!(ran.stdout.ends_with("8 hours, 3 before\n"), "{ran:?}");
    assert_eq!(exported(&scene), "T1 Mon 22:00\r\nT3 Tue 01:00\r\n");
    assert_eq!(schedule(&scene).header, old.header);

    import(&scene, "");
    assert_eq!(fs::metadata(scene.glb("PROCESS.GLB")).unwrap().len(), 512);
    let ran = dssched(&scene, "");
    assert!(ran.stdout.ends_with("\n\nNo process times are set.\n"));
    let log = fs::read_to_string(scene.path().join("LOG/DIRSYNC.LOG")).unwrap();
    let last: Vec<_> = log.lines().rev().take(3).collect();
    assert_eq!(
        last,
        [
            "02/26/1994 12:00:00 | Status       DSSched is finished.",
            "02/26/1994 12:00:00 | Status       Schedule replaced: 0 process times, 2 before",
            "02/26/1994 12:00:00 | Status       Microsoft Mail for the PC v3.2, DSSched v3.2",
        ]
    );
}

#[test]
fn the_old_schedule_can_be_exported_by_the_run_that_replaces_it() {
    let scene = Scene::new();
    import(&scene, "T1 Mon 22:00");
    fs::write(scene.beside("new.txt"), "T1 Tue 22:00").unwrap();
    let ran = dssched(&scene, "-inew.txt -xold.txt");
    assert!(
        ran.stdout.contains("1 process time exported to old.txt\n"),
        "{ran:?}"
    );
    let old = fs::read_to_string(scene.beside("old.txt")).unwrap();
    assert_eq!(old, "T1 Mon 22:00\r\n");
    assert_eq!(exported(&scene), "T1 Tue 22:00\r\n");
}

#[test]
fn what_is_no_schedule_changes_nothing_and_is_named_with_its_place() {
    let scene = Scene::new();
    import(&scene, "T1 Mon 22:00");
    for (text, told) in [
        (
            "T1 Mon 22:00\nT1 Tues 22:00\n",
            "line 2, token 2: found \"Tues\", expected a weekday: Sun, Mon, Tue, Wed, Thu, Fri or Sat",
        ),
        (
            "T1 Mon",
            "line 1, token 3: the text ends, expected a time from 00:00 to 23:59",
        ),
        (
            "T1 Mon 22:00\nT1 Mon 23:00\n",
            "line 2: found T1 Mon 23:00, expected no second T1 for Mon: line 1 has T1 Mon 22:00",
        ),
    ] {
        fs::write(scene.beside("bad.txt"), text).unwrap();
        let glb = fs::read(scene.glb("PROCESS.GLB")).unwrap();
        let ran = dssched(&scene, "-ibad.txt");
        assert_eq!((ran.code, ran.stdout.as_str()), (65, ""));
        assert_eq!(ran.stderr, format!("dssched: bad.txt: {told}\n"));
        assert_eq!(fs::read(scene.glb("PROCESS.GLB")).unwrap(), glb);
    }
    let ran = scene.run_reading(PROGRAM, "admin -px -inone.txt");
    assert_eq!(ran.code, 66);
    assert!(ran.stderr.starts_with("dssched: none.txt: "), "{ran:?}");
    let ran = scene.run_reading(PROGRAM, "admin -px -i/dev/zero");
    assert_eq!(ran.code, 65);
    assert!(
        ran.stderr.contains("found more than 1048576 bytes"),
        "{ran:?}"
    );
    let ran = scene.run_reading(PROGRAM, "admin -px -xno/such/directory/old.txt");
    assert_eq!(ran.code, 73);
}

#[test]
fn a_time_that_stands_twice_stands_in_the_schedule_once() {
    let scene = Scene::new();
    let ran = import(&scene, "T1 Mon 22:00\nT3 Mon 03:00\nt1 MON 22:00\n");
    assert!(
        ran.stdout
            .contains("line 3: T1 Mon 22:00 stands on line 1 already, and in the schedule once\n"),
        "{ran:?}"
    );
    assert_eq!(exported(&scene), "T1 Mon 22:00\r\nT3 Mon 03:00\r\n");
}

#[test]
fn q197407_two_times_on_one_weekday_in_the_file_are_remarked() {
    let scene = Scene::new();
    import(&scene, "T1 Mon 22:00 T1 Tue 22:00");
    let mut file = schedule(&scene);
    file.records.push(file.records[1].clone());
    write(&scene, &file);
    let ran = dssched(&scene, "");
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.stderr,
        "dssched: remark: records 2 and 3 are both T1 on Tue; there should be one\n"
    );
}

#[test]
fn ds_s008_t2_of_a_former_server_is_remarked() {
    let scene = server();
    import(&scene, "T1 Mon 22:00 T2 Mon 23:00");
    fs::remove_file(scene.glb("SRVCONF.GLB")).unwrap();
    let ran = dssched(&scene, "");
    assert_eq!(ran.code, 0);
    assert!(
        ran.stderr.contains("this postoffice is no dir-sync server"),
        "{ran:?}"
    );
    let messages = dssched(&scene, "--json").json()["messages"].clone();
    assert_eq!(messages.as_array().unwrap().len(), 1);
}

#[test]
fn ds_s007_a_damaged_schedule_is_an_error_until_another_replaces_it() {
    let scene = Scene::new();
    import(&scene, "T1 Mon 22:00");
    let whole = fs::read(scene.glb("PROCESS.GLB")).unwrap();
    let mut wrong_time = whole.clone();
    wrong_time[512 + 12 + 2] ^= 1;
    for (bytes, told) in [
        (
            &whole[..512 + 196],
            "size is 708 bytes, expected 512 + n * 197",
        ),
        (&whole[..100], "size is 100 bytes, expected 512 + n * 197"),
        (
            &wrong_time,
            "record 1 at byte 0x200: byte 0xc: current: found weekday 2 16:12:16, expected weekday 1 22:00:00",
        ),
    ] {
        scene.write("PROCESS.GLB", bytes);
        for line in ["", "-v --json", "-xold.txt"] {
            let ran = scene.run_reading(PROGRAM, &format!("admin -px {line}"));
            assert_eq!(ran.code, 65, "{line}");
            // With --json there is an object all the same.
            let objects = usize::from(line.contains("--json"));
            assert_eq!(ran.stdout.lines().count(), objects, "{ran:?}");
            assert!(
                ran.stderr.ends_with(&format!("PROCESS.GLB: {told}\n")),
                "{ran:?}"
            );
        }
        let ran = import(&scene, "T1 Mon 22:00");
        assert!(ran.stdout.contains("replaced as it was no schedule: "));
        assert!(ran.stdout.ends_with("8 hours, no schedule before\n"));
        assert_eq!(fs::read(scene.glb("PROCESS.GLB")).unwrap(), whole);
    }
    fs::remove_file(scene.glb("PROCESS.GLB")).unwrap();
    assert_eq!(dssched(&scene, "").code, 66);
    import(&scene, "T1 Mon 22:00");
    assert_eq!(fs::read(scene.glb("PROCESS.GLB")).unwrap(), whole);
}

#[test]
fn no_damage_to_a_schedule_makes_it_panic_or_shows_a_time_that_nobody_set() {
    let scene = Scene::new();
    import(&scene, "T1 Mon 22:00 T3 Tue 01:00");
    let whole = fs::read(scene.glb("PROCESS.GLB")).unwrap();
    let published = dssched(&scene, "").stdout;
    // Every byte of kind, day, minute, current time and zone.
    for at in [0, 1, 2, 3, 12, 13, 14, 15, 20, 21, 22, 23] {
        let mut flipped = whole.clone();
        flipped[512 + at] ^= 0x5a;
        scene.write("PROCESS.GLB", &flipped);
        let ran = dssched(&scene, "");
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        assert_eq!((ran.code, ran.stdout.as_str()), (65, ""), "byte {at}");
    }
    for len in (0..whole.len()).step_by(41) {
        scene.write("PROCESS.GLB", &whole[..len]);
        assert_eq!(dssched(&scene, "").code, 65, "{len} bytes");
    }
    scene.write("PROCESS.GLB", &whole);
    assert_eq!(dssched(&scene, "").stdout, published);
}

#[test]
fn ds_s001_times_of_another_zone_are_shown_by_the_own_clock() {
    let scene = Scene::new();
    fs::write(scene.beside("new.txt"), "T1 Mon 03:00").unwrap();
    let run = |line: &str, zone: &str| {
        let ran = scene.run_at(PROGRAM, &format!("admin -px {line}"), zone, NOW);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran
    };
    run("-inew.txt", "ast14");
    let ran = run("", "CST6");
    assert!(
        ran.stdout.ends_with("Mon Feb 28 11:00:00 1994\n"),
        "{ran:?}"
    );
    run("-xold.txt", "CST6");
    let text = fs::read_to_string(scene.beside("old.txt")).unwrap();
    assert_eq!(text, "T1 Mon 11:00\r\n");
}

#[test]
fn ds_s002_ast_minus_10_and_ast14_are_a_day_apart() {
    let moment = |zone: &str| {
        let scene = Scene::new();
        fs::write(scene.beside("new.txt"), "T1 Mon 03:00").unwrap();
        let ran = scene.run_at(PROGRAM, "admin -px -inew.txt", zone, NOW);
        assert_eq!(ran.code, 0, "{ran:?}");
        schedule(&scene).records[0].current
    };
    let (east, west) = (moment("ast-10"), moment("ast14"));
    assert_eq!(west.0 - east.0, 24 * 3600);
    let text = east.to_jiff().to_string();
    assert_eq!(text, "1994-02-27T17:00:00Z", "Monday 03:00 in Sydney");
}

#[test]
fn ds_s004_the_screen_and_the_file_agree_on_the_week_of_a_clock_change() {
    let scene = Scene::new();
    fs::write(scene.beside("new.txt"), "T1 Sun 02:30").unwrap();
    let run = |line: &str| scene.run_at(PROGRAM, line, NEW_YORK, "2026-03-02T12:00:00Z");
    assert_eq!(run("admin -px -inew.txt").code, 0);
    let screen = run("admin -px -v").stdout;
    // 02:30 is not on the clock that day.
    assert!(
        screen.contains("-RT: Sun Mar 08 03:30:00 2026\n"),
        "{screen}"
    );
    assert!(
        screen.contains("next runs on Sun Mar 15 02:30:00 2026\n"),
        "{screen}"
    );
    let record = schedule(&scene).records[0].clone();
    assert_eq!((record.day, record.minute), (0, 150));
    assert_eq!(record.next.to_jiff().to_string(), "2026-03-15T06:30:00Z");
    assert_eq!(run("admin -px -xold.txt").code, 0);
    let text = fs::read_to_string(scene.beside("old.txt")).unwrap();
    assert_eq!(text, "T1 Sun 02:30\r\n");
}

#[test]
fn json_and_report_say_what_became_of_every_entry() {
    let scene = Scene::new();
    fs::write(
        scene.beside("new.txt"),
        "T2 Mon 01:00\nT1 Mon 22:00\nT1 Mon 22:00\n",
    )
    .unwrap();
    let ran = scene.run_reading(
        PROGRAM,
        "admin -px -inew.txt --json --report report.jsonl --dry-run",
    );
    let object = ran.json();
    assert_eq!((ran.code, object["dry_run"].as_bool()), (0, Some(true)));
    assert_eq!(
        (&object["read"], &object["added"], &object["ignored"]),
        (&3.into(), &1.into(), &2.into())
    );
    let entry = &object["entries"][0];
    for (key, value) in [
        ("record", Value::from(1)),
        ("process", "T1".into()),
        ("time", "Mon 22:00".into()),
        ("current", "2026-11-23T22:00:00Z".into()),
        ("window", 28_800.into()),
        ("not_after", "2026-11-24T06:00:00Z".into()),
        ("next", "2026-11-30T22:00:00Z".into()),
        ("zone_offset", 0.into()),
        ("comment", "".into()),
    ] {
        assert_eq!(entry[key], value, "{key}");
    }
    let report = fs::read_to_string(scene.beside("report.jsonl")).unwrap();
    let lines: Vec<Value> = report
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let outcomes: Vec<_> = lines
        .iter()
        .map(|line| (&line["line"], &line["outcome"], &line["reason"]))
        .collect();
    assert_eq!(
        outcomes[..3],
        [
            (&1.into(), &"ignored".into(), &"no dir-sync server".into()),
            (&2.into(), &"added".into(), &Value::Null),
            (&3.into(), &"ignored".into(), &"repeats line 2".into()),
        ]
    );
    assert_eq!(lines[3]["program"], "dssched");

    let screen = scene
        .run_reading(PROGRAM, "admin -px -inew.txt --dry-run")
        .stdout;
    assert!(
        screen.ends_with("Dry run: nothing was written.\n"),
        "{screen}"
    );
}

#[test]
fn a_dry_run_decides_what_the_run_does() {
    let scene = Scene::new();
    fs::write(scene.beside("new.txt"), Q119590).unwrap();
    let dry = scene
        .run_reading(PROGRAM, "admin -px -inew.txt --dry-run --json")
        .json();
    let wet = scene.run(PROGRAM, "admin -px -inew.txt --json").json();
    assert_eq!(dry["entries"], wet["entries"]);
    assert_eq!(dry["messages"], wet["messages"]);
}

#[test]
fn nobody_sees_or_changes_the_times_without_an_administrators_login() {
    let scene = Scene::new();
    fs::write(scene.beside("new.txt"), "T1 Mon 22:00").unwrap();
    for line in ["nobody -pX", "-pX", "admin", "nobody -pX -inew.txt"] {
        let glb = fs::read(scene.glb("PROCESS.GLB")).unwrap();
        let ran = dssched_bare(&scene, line);
        assert_eq!((ran.code, ran.stdout.as_str()), (77, ""), "{line}");
        assert_eq!(ran.stderr, "dssched: Bad ID or Password\n", "{line}");
        assert_eq!(fs::read(scene.glb("PROCESS.GLB")).unwrap(), glb);
    }
}

fn dssched_bare(scene: &Scene, line: &str) -> Ran {
    scene.run_at(PROGRAM, line, "UTC", NOW)
}

#[test]
fn a_time_after_2106_is_said_and_not_shown() {
    let scene = Scene::new();
    let record = ProcessEntry {
        kind: ProcessKind::T1,
        day: 0,
        minute: 6 * 60 + 28,
        window: ProcessEntry::DEFAULT_WINDOW,
        id: 1,
        current: Timestamp(u32::MAX - 15),
        ..ProcessEntry::default()
    };
    let mut file = ProcessFile::default();
    file.records.push(record);
    write(&scene, &file);
    let ran = dssched(&scene, "-v");
    assert_eq!(ran.stdout.matches("(after February 2106)\n").count(), 2);
}
