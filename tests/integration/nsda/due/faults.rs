//! Postoffices that cannot be served, programs that cannot be started, looks that are cut short.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use dirsync::postoffice::{Holder, Postoffice, layout};

use super::{SATURDAY, dispatch_log, due, schedule_at, scheduled, times};
use crate::nsda::stand_ins::StandIns;
use crate::support::Office;

#[test]
fn ds_s007_a_damaged_table_starts_nothing_and_stays_as_it_is() {
    let (programs, office) = (StandIns::new(), scheduled("NET1/PO1", "T1 Mon 03:00"));
    let whole = office.bytes(&layout::PROCESS);
    let mut wrong_time = whole.clone();
    wrong_time[512 + 13] ^= 0x40;
    for (bytes, told) in [
        (&whole[..700], "size is 700 bytes, expected 512 + n * 197"),
        (
            &wrong_time,
            "record 1 at byte 0x200: byte 0xc: current: found ",
        ),
    ] {
        office.put(&layout::PROCESS, bytes);
        let ran = due(&programs, &[&office], "", "1994-02-28T04:00:00Z");
        assert_eq!(ran.code, 65);
        assert!(ran.stderr.contains(told), "{ran:?}");
        let log = dispatch_log(&office);
        let [.., failure, why] = &log[..] else {
            panic!("{log:?}");
        };
        assert!(failure.ends_with(" Failure while accessing the process table."));
        assert!(why.contains(told), "{why}");
        assert_eq!(office.bytes(&layout::PROCESS), bytes);
    }
    assert!(programs.started().is_empty());
}

#[test]
fn ds_s049_without_a_process_table_the_next_postoffice_is_served() {
    let programs = StandIns::new();
    let connector = Office::new("EXCHANGE/CONN");
    fs::remove_file(connector.file(&layout::PROCESS)).expect("there");
    let other = scheduled("NET1/PO1", "T1 Mon 03:00");
    let gone = other.beside("none");
    let line = format!(
        "--due -d{} -d{} -dz -d{}",
        connector.path().display(),
        gone.display(),
        other.path().display()
    );
    let ran = programs.nsda_at(&line, "UTC", "1994-02-28T04:00:00Z");
    assert_eq!(ran.code, 65, "it is said, every time");
    assert_eq!(programs.started().len(), 1);
    let log: Vec<_> = dispatch_log(&connector)
        .iter()
        .map(|line| line[15..].to_owned())
        .collect();
    assert_eq!(log[0], "Checking the process table on EXCHANGE\\CONN");
    assert_eq!(log[1], "Failure while accessing the process table.");
    assert!(
        log[2].ends_with("GLB/PROCESS.GLB: no such file"),
        "{}",
        log[2]
    );
    assert_eq!(
        log[3],
        format!("Checking the process table on {}", gone.display())
    );
    assert_eq!(log[4], "Failure while accessing the process table.");
    assert_eq!(log[6], "Checking the process table on Z");
    assert!(log[8].starts_with("drive Z is not defined"), "{}", log[8]);
    assert_eq!(
        log[9..],
        [
            "Checking the process table on NET1\\PO1",
            "Running \"NSDA -RT\"",
            "\"NSDA -RT\" terminated normally with exit code 64",
        ]
    );
    assert!(
        dispatch_log(&other).is_empty(),
        "one log, in the home postoffice"
    );
}

#[test]
fn ds_s072_no_external_postoffice_and_nobody_to_ask_is_no_error() {
    let (programs, office) = (
        StandIns::new(),
        scheduled("MICROSOFT/APACRSC", "T1 Mon 03:00"),
    );
    let mut command = programs.command(&format!("--due -d{}", office.path().display()));
    command.stdin(Stdio::null());
    let ran = programs.ran(command);
    assert_eq!((ran.code, ran.stderr.as_str()), (64, ""));
    let log = dispatch_log(&office).join("\n");
    assert!(!log.contains('?') && !log.contains("could not"), "{log}");
}

#[test]
fn ds_s073_programs_that_cannot_be_started_are_logged_and_the_next_postoffice_served() {
    let programs = StandIns::new();
    let first = scheduled("NET1/PO1", "T1 Mon 03:00");
    let second = scheduled("NET1/PO2", "T3 Mon 03:00");
    programs.remove("rebuild");
    let ran = due(&programs, &[&second, &first], "", "1994-02-28T04:00:00Z");
    assert_eq!(ran.code, 2);
    let log: Vec<_> = dispatch_log(&second)
        .iter()
        .map(|line| line[15..].to_owned())
        .collect();
    assert_eq!(log[1], "Running \"NSDA -RR\"");
    assert!(
        log[2].contains("/rebuild cannot be started: "),
        "{}",
        log[2]
    );
    assert_eq!(
        log[3..],
        [
            "\"NSDA -RR\" terminated with exit code 2",
            "Checking the process table on NET1\\PO1",
            "Running \"NSDA -RT\"",
            "\"NSDA -RT\" terminated normally with exit code 64",
        ]
    );
}

#[test]
fn a_run_that_was_cut_short_is_repeated_by_the_next_look() {
    let (programs, office) = (StandIns::new(), scheduled("NET1/PO1", "T1 Mon 03:00"));
    programs.exit("reqmain-t", "wait");
    let mut child = programs
        .command(&format!("--due -d{}", office.path().display()))
        .env("DIRSYNC_NOW", "1994-02-28T04:00:00Z")
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    wait_until(|| programs.started().len() == 1);

    // Meanwhile another look leaves the postoffice to the first.
    let ran = due(&programs, &[&office], "", "1994-02-28T04:00:01Z");
    assert_eq!(ran.code, 64);
    assert!(
        ran.stdout
            .contains("NET1\\PO1 is being served by another dispatcher\n"),
        "{ran:?}"
    );
    assert_eq!(programs.started().len(), 1);

    child.kill().expect("ours");
    child.wait().expect("it was started");
    programs.let_go();
    assert_eq!(
        times(&office),
        ["1994-02-28T03:00:00Z"],
        "nothing is stored yet"
    );
    assert_eq!(
        due(&programs, &[&office], "", "1994-02-28T04:05:00Z").code,
        64
    );
    assert_eq!(programs.started().len(), 2);
    assert_eq!(times(&office), ["1994-03-07T03:00:00Z"]);
    assert!(!office.exists(&layout::DISPATCH_LCK));
}

fn wait_until(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "it does not happen"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_table_that_cannot_be_written_starts_nothing_that_would_run_again_and_again() {
    let (programs, office) = (StandIns::new(), scheduled("NET1/PO1", "T1 Mon 03:00"));
    let path = office.file(&layout::PROCESS);
    let mut mode = fs::metadata(&path).expect("there").permissions();
    mode.set_readonly(true);
    fs::set_permissions(&path, mode).expect("ours");
    let ran = due(&programs, &[&office], "", "1994-02-28T04:00:00Z");
    assert_eq!(ran.code, 65);
    assert!(programs.started().is_empty());
    assert!(dispatch_log(&office)[1].ends_with("Failure while accessing the process table."));
}

#[test]
fn a_schedule_that_is_replaced_while_it_is_served_stays_as_it_was_made() {
    let (programs, office) = (StandIns::new(), scheduled("NET1/PO1", "T1 Tue 05:00"));
    fs::copy(
        office.file(&layout::PROCESS),
        programs.directory().join("replacement"),
    )
    .expect("copied");
    schedule_at(&office, "T1 Mon 03:00", "UTC", SATURDAY);
    programs.exit("reqmain-t", "replace");
    let ran = due(&programs, &[&office], "--json", "1994-02-28T04:00:00Z");
    assert_eq!(ran.code, 64);
    assert_eq!(times(&office), ["1994-03-01T05:00:00Z"]);
    let messages = ran.json()["postoffices"][0]["messages"].to_string();
    assert!(messages.contains("was replaced meanwhile"), "{messages}");
}

#[test]
fn a_postoffice_that_somebody_holds_is_tried_again_later() {
    let (programs, office) = (StandIns::new(), scheduled("NET1/PO1", "T1 Mon 03:00"));
    let now = "1994-02-28T03:30:00[UTC]".parse().expect("a time");
    let holder = Holder::new("admin", "Admin", "Administrator", now);
    let held = Postoffice::open_write(&office.path(), holder).expect("free");
    let ran = due(&programs, &[&office], "", "1994-02-28T04:00:00Z");
    assert_eq!(ran.code, 65);
    assert!(ran.stderr.contains("locked by admin"), "{ran:?}");
    assert!(programs.started().is_empty());
    drop(held);
    assert_eq!(
        due(&programs, &[&office], "", "1994-02-28T04:05:00Z").code,
        64
    );
    assert_eq!(programs.started().len(), 1);
}

#[test]
fn what_an_interrupted_run_left_is_settled_by_a_look_but_not_by_a_dry_one() {
    let (programs, office) = (StandIns::new(), scheduled("NET1/PO1", "T1 Mon 03:00"));
    let journal = office.path().join("GLB/DIRSYNC.JNL");
    fs::write(&journal, "cut short").expect("writable");
    let ran = due(&programs, &[&office], "--dry-run", "1994-02-28T02:00:00Z");
    assert_eq!(ran.code, 65);
    assert!(
        ran.stderr
            .contains("an interrupted run waits to be completed"),
        "{ran:?}"
    );
    assert!(journal.exists());
    let ran = due(&programs, &[&office], "", "1994-02-28T02:00:00Z");
    assert_eq!((ran.code, ran.stderr.as_str()), (64, ""));
    assert!(!journal.exists());
    assert!(programs.started().is_empty());
    assert_eq!(times(&office), ["1994-02-28T03:00:00Z"]);
}

#[test]
fn a_log_that_cannot_be_written_is_said_and_stops_nothing() {
    let (programs, office) = (StandIns::new(), scheduled("NET1/PO1", "T1 Mon 03:00"));
    fs::create_dir(office.file(&layout::DISPATCH_LOG)).expect("free");
    let ran = due(&programs, &[&office], "", "1994-02-28T04:00:00Z");
    assert_eq!((ran.code, programs.started().len()), (65, 1));
    assert!(
        ran.stderr.contains("DISPATCH.LOG is incomplete: "),
        "{ran:?}"
    );
    let gone = office.beside("none");
    let ran = programs.nsda(&format!("--due -d{}", gone.display()));
    assert_eq!(ran.code, 65);
    assert!(
        ran.stderr.contains("no postoffice can be reached"),
        "{ran:?}"
    );
}

#[test]
fn an_interrupt_keeps_the_times_of_what_was_not_started() {
    let programs = StandIns::new();
    let office = scheduled("NET1/PO1", "T1 Mon 03:00 T3 Mon 03:00");
    programs.exit("reqmain-t", "wait");
    let mut child = programs
        .command(&format!("--due -d{}", office.path().display()))
        .env("DIRSYNC_NOW", "1994-02-28T04:00:00Z")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    wait_until(|| !programs.started().is_empty());
    let id = child.id().to_string();
    let kill = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status();
    assert!(kill.expect("kill runs").success());
    programs.let_go();
    assert_eq!(child.wait().expect("it ends").code(), Some(65));
    assert_eq!(programs.started().len(), 1);
    assert_eq!(
        times(&office),
        ["1994-03-07T03:00:00Z", "1994-02-28T03:00:00Z"]
    );
}
