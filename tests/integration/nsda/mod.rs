//! `nsda` beside stand-ins for the programs that it runs: order, arguments, exit codes.

mod due;
mod out_of_scope;
mod stand_ins;
pub(crate) mod units;

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use stand_ins::{NOW, StandIns};

#[test]
fn ds_c001_t1_is_reqmain_t() {
    let programs = StandIns::new();
    let ran = programs.nsda("-rt -dn");
    assert_eq!((ran.code, ran.stderr.as_str()), (64, ""));
    assert_eq!(programs.started(), ["reqmain -t -dN"]);
    let last = ran.stdout.lines().last();
    assert_eq!(
        last,
        Some("\"NSDA -RT\" terminated normally with exit code 64")
    );
    assert!(
        ran.stdout
            .starts_with("reqmain was here\nreqmain -t -dN: exit 0, done ("),
        "{ran:?}"
    );
}

#[test]
fn ds_c002_t2_is_srvmain_r_then_srvmain_t() {
    let programs = StandIns::new();
    assert_eq!(programs.nsda("-s -dm").code, 64);
    assert_eq!(programs.started(), ["srvmain -r -dM", "srvmain -t -dM"]);
}

#[test]
fn ds_c006_t3_is_reqmain_r_then_import_then_rebuild() {
    let programs = StandIns::new();
    let ran = programs.nsda("-rr -d/po1 --allow-deletes 12 --replace --whole");
    assert_eq!(ran.code, 64);
    assert_eq!(
        programs.started(),
        [
            "reqmain -r -d/po1",
            "import -q -y --unattended -d/po1 --allow-deletes 12 --replace --whole",
            "rebuild -f --if-wanted -d/po1",
        ]
    );
}

#[test]
fn without_d_it_is_drive_m_and_a_dry_run_is_handed_on_to_all() {
    let programs = StandIns::new();
    assert_eq!(programs.nsda("-RR --dry-run").code, 64);
    assert_eq!(
        programs.started(),
        [
            "reqmain -r -dM --dry-run",
            "import -q -y --unattended -dM --dry-run",
            "rebuild -f --if-wanted -dM --dry-run",
        ]
    );
}

#[test]
fn ds_c003_what_comes_after_a_failure_is_not_started() {
    let programs = StandIns::new();
    programs.exit("srvmain-r", "78");
    let ran = programs.nsda("-s");
    assert_eq!(ran.code, 65);
    assert_eq!(programs.started(), ["srvmain -r -dM"]);
    assert!(
        ran.stdout.contains("srvmain -r -dM: exit 78, not here ("),
        "{ran:?}"
    );
    assert!(
        ran.stdout
            .ends_with("\"NSDA -S\" terminated abnormally with exit code 65\n"),
        "{ran:?}"
    );
}

#[test]
fn ds_c005_it_goes_on_after_0_1_and_4_and_stops_after_all_others() {
    let codes = [
        0, 1, 2, 3, 4, 5, 9, 64, 65, 66, 73, 75, 77, 78, 126, 127, 255,
    ];
    for code in codes {
        let programs = StandIns::new();
        programs.exit("reqmain-r", &code.to_string());
        let ran = programs.nsda("-rr");
        let goes_on = [0, 1, 4].contains(&code);
        let expected = if goes_on { (64, 3) } else { (65, 1) };
        assert_eq!((ran.code, programs.started().len()), expected, "{code}");
        assert!(
            ran.stdout.contains(&format!("reqmain -r -dM: exit {code}")),
            "{code}: {ran:?}"
        );
    }
    // The last of a set counts as the others do.
    for (code, expected) in [(1, 64), (4, 64), (3, 65)] {
        let programs = StandIns::new();
        programs.exit("rebuild-f", &code.to_string());
        assert_eq!(programs.nsda("-rr").code, expected, "{code}");
    }
}

#[test]
fn ds_c005_a_missing_program_is_2_and_the_search_path_does_not_help() {
    let elsewhere = StandIns::new();
    for (set, missing, started) in [
        ("-rt", "reqmain", 0),
        ("-s", "srvmain", 0),
        ("-rr", "rebuild", 2),
    ] {
        let programs = StandIns::new();
        programs.remove(missing);
        let mut command = programs.command(set);
        command.env("PATH", elsewhere.directory());
        let ran = programs.ran(command);
        assert_eq!(ran.code, 2, "{set}: {ran:?}");
        assert_eq!(programs.started().len(), started, "{set}");
        assert_eq!(elsewhere.started().len(), 0);
        assert!(
            ran.stdout
                .contains(&format!("/{missing} cannot be started: ")),
            "{ran:?}"
        );
        assert!(ran.stdout.ends_with("terminated with exit code 2\n"));
    }
}

#[test]
fn a_program_that_may_not_be_started_or_is_killed_is_65() {
    let programs = StandIns::new();
    programs.deny("srvmain");
    let ran = programs.nsda("-s");
    assert_eq!((ran.code, programs.started().len()), (65, 0), "{ran:?}");

    let programs = StandIns::new();
    programs.exit("srvmain-r", "kill");
    let ran = programs.nsda("-s --json");
    assert_eq!((ran.code, programs.started().len()), (65, 1));
    let step = &ran.json()["steps"][0];
    assert!(step["exit"].is_null());
    assert!(
        step["error"].as_str().unwrap().contains("signal: 9"),
        "{step}"
    );
}

#[test]
fn json_has_program_arguments_exit_and_seconds_of_every_step() {
    let programs = StandIns::new();
    programs.exit("import-q", "1");
    let report = programs.directory().join("report.jsonl");
    let ran = programs.nsda(&format!("-rr -dn --json --report {}", report.display()));
    let object = ran.json();
    assert_eq!((ran.code, object["exit"].as_i64()), (64, Some(64)));
    assert_eq!(
        (&object["program"], &object["process"], &object["data"]),
        (&"nsda".into(), &"T3".into(), &"N".into())
    );
    let steps = object["steps"].as_array().unwrap();
    let seen: Vec<_> = steps
        .iter()
        .map(|step| {
            assert!(step["seconds"].is_number() && step["error"].is_null());
            (
                step["program"].as_str().unwrap(),
                step["arguments"][0].as_str().unwrap(),
                step["exit"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("reqmain", "-r", 0),
            ("import", "-q", 1),
            ("rebuild", "-f", 0)
        ]
    );
    // Standard output holds the object alone; what the programs say is not lost.
    assert_eq!(ran.stderr.matches(" was here\n").count(), 3, "{ran:?}");
    let report = std::fs::read_to_string(report).unwrap();
    let lines: Vec<serde_json::Value> = report
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[1]["program"], "import");
    assert_eq!(lines[3]["exit"], 64);
}

#[test]
fn wrong_usage_starts_nothing() {
    let programs = StandIns::new();
    for line in ["", "-rt -s", "-rt -dm -dn", "admin -rt", "--due -dpm", "-x"] {
        let ran = programs.nsda(line);
        assert_eq!(ran.code, 2, "{line}: {ran:?}");
        assert!(!ran.stderr.is_empty());
    }
    for line in ["-?", "--help", "--version"] {
        assert_eq!(programs.nsda(line).code, 0, "{line}");
    }
    assert_eq!(programs.nsda("-rt --report /no/such/r").code, 65);
    assert_eq!(programs.started().len(), 0);
}

#[test]
fn an_interrupt_waits_for_the_program_at_work_and_starts_no_other() {
    let programs = StandIns::new();
    programs.exit("srvmain-r", "wait");
    let mut child = programs
        .command("-s")
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("it starts");
    let patience = Instant::now();
    while programs.started().is_empty() {
        assert!(patience.elapsed() < Duration::from_secs(20), "it starts");
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    let kill = Command::new("kill").args(["-TERM", &id]).status();
    assert!(kill.expect("kill runs").success());
    programs.let_go();
    let code = child.wait().expect("it ends").code();
    assert_eq!(code, Some(65));
    assert_eq!(programs.started(), ["srvmain -r -dM"]);
    let mut said = String::new();
    let mut stdout = child.stdout.take().expect("piped");
    std::io::Read::read_to_string(&mut stdout, &mut said).expect("text");
    assert!(
        said.contains("srvmain -t -dM: interrupted, not started"),
        "{said}"
    );
}

#[test]
fn programs_get_the_clock_of_nsda() {
    let programs = StandIns::new();
    programs.exit("reqmain-t", "clock");
    let ran = programs.nsda("-rt");
    assert!(ran.stdout.contains(&format!("clock {NOW}\n")), "{ran:?}");
}
