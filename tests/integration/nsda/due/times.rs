//! Windows, order, zones and logs by the published cases of DISPATCH.

use std::fs;

use dirsync::codec::ProcessKind;
use dirsync::postoffice::layout;

use super::{
    NEW_YORK, SATURDAY, at, change, dispatch_log, due, schedule_at, scheduled, table, times,
};
use crate::nsda::stand_ins::StandIns;
use crate::scene::Ran;
use crate::support::{Office, run};

#[test]
fn ds_l020_what_is_due_runs_and_is_logged_as_published() {
    let (programs, office) = (StandIns::new(), scheduled("NET1/PO1", "T1 Mon 13:00"));
    let ran = due(
        &programs,
        &[&office],
        "--instance INST1",
        "1994-02-28T13:18:30Z",
    );
    assert_eq!((ran.code, ran.stderr.as_str()), (64, ""));
    let path = at(&office.path());
    assert_eq!(programs.started(), [format!("reqmain -t -d{path}")]);
    let log = dispatch_log(&office);
    assert_eq!(
        log,
        [
            "INST1      02/28/94 13:18 Checking the process table on NET1\\PO1",
            "INST1      02/28/94 13:18 Running \"NSDA -RT\"",
            "INST1      02/28/94 13:18 \"NSDA -RT\" terminated normally with exit code 64",
        ]
    );
    // The screen has them too, and between them what the program said and how it ended.
    for line in &log {
        assert!(ran.stdout.contains(&format!("{line}\n")), "{line}");
    }
    assert!(
        ran.stdout
            .contains(&format!("reqmain -t -d{path}: exit 0, done ("))
    );
    assert_eq!(times(&office), ["1994-03-07T13:00:00Z"]);

    let ran = due(&programs, &[&office], "", "1994-02-28T13:23:30Z");
    assert_eq!(ran.code, 64);
    assert_eq!(programs.started().len(), 1, "it runs once");
    assert_eq!(
        dispatch_log(&office)[3..],
        ["02/28/94 13:23 Checking the process table on NET1\\PO1"]
    );
}

#[test]
fn ds_l020_a_set_that_fails_is_logged_with_its_code_and_its_time_moves() {
    let (programs, office) = (
        StandIns::new(),
        scheduled("NET1/PO1", "T1 Mon 13:00 T3 Mon 13:00"),
    );
    programs.exit("reqmain-t", "73");
    let ran = due(&programs, &[&office], "", "1994-02-28T13:18:00Z");
    assert_eq!(ran.code, 65);
    let path = at(&office.path());
    assert_eq!(
        dispatch_log(&office)[1..],
        [
            "02/28/94 13:18 Running \"NSDA -RT\"".to_owned(),
            format!(
                "02/28/94 13:18 reqmain -t -d{path}: exit 73, could not write, nothing changed"
            ),
            "02/28/94 13:18 \"NSDA -RT\" terminated abnormally with exit code 65".to_owned(),
            "02/28/94 13:18 Running \"NSDA -RR\"".to_owned(),
            "02/28/94 13:18 \"NSDA -RR\" terminated normally with exit code 64".to_owned(),
        ]
    );
    assert_eq!(
        times(&office),
        ["1994-03-07T13:00:00Z", "1994-03-07T13:00:00Z"]
    );
}

#[test]
fn ds_l021_a_long_instance_name_is_cut_and_a_century_has_two_digits() {
    let (programs, office) = (StandIns::new(), scheduled("NET1/PO1", ""));
    due(
        &programs,
        &[&office],
        "--instance=DISPATCHER-1",
        "2026-11-21T10:00:00Z",
    );
    assert_eq!(
        dispatch_log(&office),
        ["DISPATCHER 11/21/26 10:00 Checking the process table on NET1\\PO1"]
    );
}

#[test]
fn ds_l022_a_missed_window_is_logged_once_and_the_time_moves_a_week() {
    let (programs, office) = (StandIns::new(), scheduled("NET1/PO1", "T3 Mon 03:00"));
    // Nine hours late, with a window of eight.
    let ran = due(&programs, &[&office], "", "1994-02-28T12:00:00Z");
    assert_eq!(ran.code, 64);
    assert_eq!(
        dispatch_log(&office),
        [
            "02/28/94 12:00 Checking the process table on NET1\\PO1",
            "02/28/94 12:00 NSDA-RR Missed its run Window",
        ]
    );
    assert_eq!(times(&office), ["1994-03-07T03:00:00Z"]);
    due(&programs, &[&office], "", "1994-02-28T12:05:00Z");
    assert_eq!(dispatch_log(&office).len(), 3, "nothing new but the look");
    assert!(programs.started().is_empty());
}

#[test]
fn the_window_has_both_its_ends() {
    for (now, runs) in [
        ("1994-02-28T02:59:59Z", false),
        ("1994-02-28T03:00:00Z", true),
        ("1994-02-28T11:00:00Z", true),
        ("1994-02-28T11:00:01Z", false),
    ] {
        let (programs, office) = (StandIns::new(), scheduled("NET1/PO1", "T1 Mon 03:00"));
        assert_eq!(due(&programs, &[&office], "", now).code, 64);
        assert_eq!(!programs.started().is_empty(), runs, "{now}");
    }
}

#[test]
fn ds_s005_windows_of_four_and_eight_hours_are_each_obeyed() {
    let programs = StandIns::new();
    let office = scheduled("NET1/PO1", "T1 Mon 03:00 T3 Mon 03:00 T1 Tue 03:00");
    change(&office, |file| file.records[0].window = 4 * 3600);
    // Five hours late.
    let ran = due(&programs, &[&office], "--json", "1994-02-28T08:00:00Z");
    let served = &ran.json()["postoffices"][0];
    assert_eq!(served["missed"][0]["process"], "T1");
    assert_eq!(served["missed"][0]["at"], "1994-02-28T03:00:00Z");
    assert_eq!(served["due"][0]["process"], "T3");
    assert_eq!(programs.started().len(), 3);
    assert_eq!(
        times(&office),
        [
            "1994-03-07T03:00:00Z",
            "1994-03-07T03:00:00Z",
            "1994-03-01T03:00:00Z"
        ]
    );
    // An import gives all of them eight.
    schedule_at(&office, "T1 Mon 03:00 T3 Mon 03:00", "UTC", SATURDAY);
    assert!(table(&office).records.iter().all(|r| r.window == 28_800));
}

#[test]
fn what_is_due_together_runs_in_the_order_of_the_cycle() {
    let programs = StandIns::new();
    let office = scheduled("NET1/PO1", "").server(&[]);
    schedule_at(
        &office,
        "T3 Mon 03:00 T2 Mon 03:00 T1 Mon 03:00",
        "UTC",
        SATURDAY,
    );
    assert_eq!(
        due(&programs, &[&office], "", "1994-02-28T04:00:00Z").code,
        64
    );
    let started = programs.started();
    let names: Vec<_> = started
        .iter()
        .map(|line| line.split(" -d").next().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "reqmain -t",
            "srvmain -r",
            "srvmain -t",
            "reqmain -r",
            "import -q -y --unattended",
            "rebuild -f --if-wanted",
        ]
    );
    assert!(
        dispatch_log(&office)[0].ends_with("Checking the process table on NET1\\PO1"),
        "the name stands above what runs (Q96060)"
    );
}

#[test]
fn ds_s008_t2_of_a_former_server_does_not_run_and_it_is_said() {
    let programs = StandIns::new();
    let office = scheduled("NET1/PO1", "").server(&[]);
    schedule_at(&office, "T2 Mon 03:00 T3 Mon 03:00", "UTC", SATURDAY);
    fs::remove_file(office.file(&layout::SRVCONF)).expect("there");
    let ran = due(&programs, &[&office], "", "1994-02-28T04:00:00Z");
    assert_eq!(ran.code, 64);
    assert!(
        programs
            .started()
            .iter()
            .all(|line| !line.starts_with("srvmain"))
    );
    let said = "NSDA-S not run: NET1\\PO1 is not a directory server; remove T2 from its schedule";
    let log = dispatch_log(&office).join("\n");
    assert_eq!(log.matches(said).count(), 1, "{log}");
    assert_eq!(
        times(&office),
        ["1994-03-07T03:00:00Z", "1994-03-07T03:00:00Z"]
    );
    due(&programs, &[&office], "", "1994-02-28T04:05:00Z");
    let log = dispatch_log(&office).join("\n");
    assert_eq!(
        log.matches(said).count(),
        1,
        "once, not at every look: {log}"
    );
}

#[test]
fn ds_s004_weekday_and_minute_stay_the_same_when_summer_time_begins() {
    let (programs, office) = (StandIns::new(), Office::new("NET1/PO1"));
    let path = at(&office.path());
    schedule_at(&office, "T1 Sun 02:30", NEW_YORK, "2026-02-25T12:00:00Z");
    // Half past two of four Sundays; on the second, clocks jump from two to three.
    for (now, next) in [
        ("2026-03-01T07:30:00Z", "2026-03-08T07:30:00Z"),
        ("2026-03-08T07:30:00Z", "2026-03-15T06:30:00Z"),
        ("2026-03-15T06:30:00Z", "2026-03-22T06:30:00Z"),
        ("2026-03-22T06:30:00Z", "2026-03-29T06:30:00Z"),
    ] {
        programs.forget();
        let ran = programs.nsda_at(&format!("--due -d{path}"), NEW_YORK, now);
        assert_eq!((ran.code, programs.started().len()), (64, 1), "{now}");
        assert_eq!(times(&office), [next], "{now}");
    }
    let record = &table(&office).records[0];
    assert_eq!(
        (record.day, record.minute, record.zone_offset),
        (0, 150, -4 * 3600)
    );
    let stamps: Vec<_> = dispatch_log(&office)
        .iter()
        .filter(|line| line.contains("Running"))
        .map(|line| line[..14].to_owned())
        .collect();
    assert_eq!(
        stamps,
        [
            "03/01/26 02:30",
            "03/08/26 03:30",
            "03/15/26 02:30",
            "03/22/26 02:30"
        ]
    );
}

#[test]
fn ds_s001_a_time_set_in_another_zone_runs_when_the_own_clock_shows_its_moment() {
    let (programs, office) = (StandIns::new(), Office::new("NET1/PO1"));
    let path = at(&office.path());
    schedule_at(&office, "T1 Mon 03:00", "XXX14", SATURDAY);
    // 03:00 + 14 - 6 = 11:00.
    for (now, runs) in [("1994-02-28T16:59:59Z", 0), ("1994-02-28T17:00:00Z", 1)] {
        let ran = programs.nsda_at(&format!("--due -d{path}"), "CST6", now);
        assert_eq!((ran.code, programs.started().len()), (64, runs), "{now}");
    }
    let log = dispatch_log(&office);
    assert!(log.last().expect("lines").starts_with("02/28/94 11:00 "));
    let record = &table(&office).records[0];
    assert_eq!(
        (record.day, record.minute),
        (1, 11 * 60),
        "from now on by the own clock"
    );
    assert_eq!(times(&office), ["1994-03-07T17:00:00Z"]);
}

#[test]
fn ds_s002_only_ten_hours_east_runs_on_the_day_that_sydney_means() {
    let runs_on = |zone: &str| {
        let (programs, office) = (StandIns::new(), Office::new("NET1/PO1"));
        schedule_at(&office, "T1 Mon 03:00", zone, SATURDAY);
        let days = (27..=28).filter(|day| {
            programs.forget();
            let now = format!("1994-02-{day}T17:00:00Z");
            due(&programs, &[&office], "", &now);
            !programs.started().is_empty()
        });
        days.collect::<Vec<_>>()
    };
    assert_eq!(runs_on("ast-10"), [27], "Monday 03:00 there");
    assert_eq!(runs_on("ast14"), [28], "Tuesday 03:00 there");
}

#[test]
fn ds_c023_a_range_of_drives_is_served_from_its_first_which_keeps_the_log() {
    let programs = StandIns::new();
    let offices = ["PO1", "PO2", "PO3", "PO4"].map(|name| {
        let office = Office::new(&format!("NET/{name}"));
        schedule_at(&office, "T1 Mon 03:00", "UTC", SATURDAY);
        office
    });
    let serve = |line: &str, now: &str| {
        let mut command = programs.command(line);
        command.env("DIRSYNC_NOW", now);
        for (letter, office) in ["M", "N", "O", "P"].iter().zip(&offices) {
            command.env(format!("DIRSYNC_DRIVE_{letter}"), office.path());
        }
        let ran = programs.ran(command);
        assert_eq!(ran.code, 64, "{ran:?}");
    };
    serve("--due -dmp", "1994-02-28T04:00:00Z");
    assert_eq!(
        programs.started(),
        [
            "reqmain -t -dM",
            "reqmain -t -dN",
            "reqmain -t -dO",
            "reqmain -t -dP"
        ]
    );
    let looked = |office: &Office| {
        let log = dispatch_log(office);
        log.iter().filter(|line| line.contains("Checking")).count()
    };
    assert_eq!(offices.each_ref().map(looked), [4, 0, 0, 0]);
    serve("--due -dmp --home o", "1994-02-28T04:05:00Z");
    assert_eq!(offices.each_ref().map(looked), [4, 0, 4, 0]);
}

#[test]
fn a_dry_run_says_what_would_run_and_leaves_every_byte() {
    let (programs, office) = (
        StandIns::new(),
        scheduled("NET1/PO1", "T3 Mon 03:00 T1 Mon 02:00 T1 Sun 02:00"),
    );
    let before = office.snapshot();
    let ran = due(
        &programs,
        &[&office],
        "--dry-run --allow-deletes 7",
        "1994-02-28T04:00:00Z",
    );
    assert_eq!((ran.code, ran.stderr.as_str()), (64, ""));
    let path = at(&office.path());
    assert_eq!(
        ran.stdout,
        format!(
            "02/28/94 04:00 Checking the process table on NET1\\PO1\n\
             02/28/94 04:00 NSDA-RT Missed its run Window\n\
             02/28/94 04:00 Would run \"NSDA -RT\", due since Mon Feb 28 02:00:00 1994: reqmain -t -d{path}\n\
             02/28/94 04:00 Would run \"NSDA -RR\", due since Mon Feb 28 03:00:00 1994: reqmain -r -d{path}; \
             import -q -y --unattended -d{path} --allow-deletes 7; rebuild -f --if-wanted -d{path}\n\
             Dry run: nothing was started, nothing was written.\n"
        )
    );
    assert!(programs.started().is_empty());
    assert!(office.snapshot() == before);

    let dry = due(
        &programs,
        &[&office],
        "--dry-run --json",
        "1994-02-28T04:00:00Z",
    );
    assert!(office.snapshot() == before);
    let wet = due(&programs, &[&office], "--json", "1994-02-28T04:00:00Z");
    for key in ["missed", "due", "not_server"] {
        let of = |ran: &Ran| ran.json()["postoffices"][0][key].clone();
        assert_eq!(of(&dry), of(&wet), "{key}");
    }
}

#[test]
fn two_entries_that_are_due_together_are_one_run() {
    let (programs, office) = (StandIns::new(), scheduled("NET1/PO1", "T1 Mon 03:00"));
    // As ADMIN made them on 29 February 2000 (Q197407).
    change(&office, |file| {
        let mut second = file.records[0].clone();
        second.id = 2;
        file.records.push(second);
    });
    due(&programs, &[&office], "", "1994-02-28T04:00:00Z");
    assert_eq!(programs.started().len(), 1);
    assert_eq!(times(&office), ["1994-03-07T03:00:00Z"; 2]);
}

#[test]
fn after_weeks_without_a_look_it_is_missed_once_and_runs_in_the_open_window() {
    let (programs, office) = (StandIns::new(), scheduled("NET1/PO1", "T1 Mon 03:00"));
    due(&programs, &[&office], "", "1994-03-21T04:00:00Z");
    let log = dispatch_log(&office);
    assert_eq!(log.iter().filter(|line| line.contains("Missed")).count(), 1);
    assert_eq!(programs.started().len(), 1);
    assert_eq!(times(&office), ["1994-03-28T03:00:00Z"]);
}

#[test]
fn json_and_report_have_every_postoffice_with_its_sets_and_steps() {
    let programs = StandIns::new();
    let first = scheduled("NET1/PO1", "T1 Mon 03:00");
    let second = scheduled("NET1/PO2", "T3 Tue 03:00");
    programs.exit("reqmain-t", "4");
    let report = programs.directory().join("report.jsonl");
    let more = format!("--json --instance A --report {}", report.display());
    let ran = due(&programs, &[&first, &second], &more, "1994-02-28T04:00:00Z");
    let object = ran.json();
    assert_eq!((ran.code, object["exit"].as_i64()), (64, Some(64)));
    assert_eq!(object["instance"], "A");
    let served = object["postoffices"].as_array().expect("a list");
    assert_eq!(served.len(), 2);
    assert_eq!(served[0]["postoffice"], "NET1\\PO1");
    let set = &served[0]["sets"][0];
    assert_eq!(
        (&set["process"], set["exit"].as_i64()),
        (&"T1".into(), Some(64))
    );
    assert_eq!(set["steps"][0]["exit"], 4, "not hidden by the 64");
    assert_eq!(served[1]["sets"].as_array().expect("a list").len(), 0);
    assert!(ran.stderr.contains("reqmain was here"), "{ran:?}");
    let log = dispatch_log(&first).join("\n");
    assert!(log.contains(": exit 4, out of step"), "{log}");
    let report = fs::read_to_string(report).expect("written");
    let lines: Vec<serde_json::Value> = report
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1]["postoffice"], "NET1\\PO2");
    assert_eq!(lines[2]["exit"], 64);
}

#[test]
fn dssched_shows_what_nsda_stores() {
    let (programs, office) = (StandIns::new(), Office::new("NET1/PO1"));
    schedule_at(
        &office,
        "T1 Sun 02:30 T3 Mon 03:00",
        NEW_YORK,
        "2026-02-25T12:00:00Z",
    );
    let shown = || {
        let args = ["admin", "-ppw", "--json"].map(str::to_owned);
        let ran = run("dssched", args.to_vec(), |command| {
            command
                .env("DIRSYNC_DRIVE_M", office.path())
                .env("TZ", NEW_YORK);
        });
        ran.ends(0).json()["entries"].clone()
    };
    for now in [
        "2026-03-01T08:00:00Z",
        "2026-03-08T08:00:00Z",
        "2026-03-15T08:00:00Z",
    ] {
        let next = shown()[0]["next"].clone();
        let line = format!("--due -d{}", office.path().display());
        assert_eq!(programs.nsda_at(&line, NEW_YORK, now).code, 64);
        assert_eq!(shown()[0]["current"], next, "{now}");
        assert_eq!(shown()[0]["time"], "Sun 02:30");
    }
    assert!(
        table(&office)
            .records
            .iter()
            .all(|r| r.kind != ProcessKind::T2)
    );
}
