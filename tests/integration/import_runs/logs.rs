//! The `-l` log, the logs of the postoffice, and interruption.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use dirsync::postoffice::layout;

use crate::support::{NOW, Office};

fn office() -> Office {
    Office::new("NET/OWN").define(&["PCM:NET/PO", "SMTP"])
}

const ONE_BAD: &str = "A Good\tPCM:NET/PO/GOOD\nD Fser Number 3\tPCM:NET/PO/FSER\n";

#[test]
fn imp_s022_a_bare_l_writes_import_log_in_the_log_directory() {
    let office = office();
    office.import_text("-l", ONE_BAD).ends(1);
    let log = String::from_utf8(office.bytes(&layout::IMPORT_LOG)).expect("text");
    assert_eq!(
        log,
        "#11/21/2026 10:00:00 | Error  [ 29] Alias does not exist Fser Number 3 (2)\r\n\
         D Fser Number 3\tPCM:NET/PO/FSER\r\n"
    );
}

#[test]
fn imp_s023_n_with_l_logs_all_the_same() {
    let office = office();
    office.import_text("-l{}/bad.log -n", ONE_BAD).ends(1);
    assert!(
        fs::read_to_string(office.beside("bad.log"))
            .expect("written")
            .contains("[ 29]")
    );
}

#[test]
fn imp_s024_the_log_is_an_import_file() {
    let office = office();
    let text = "!no\nA Good\tPCM:NET/PO/GOOD\n- Title:/x\nM Who\tPCM:NET/PO/WHO\n  Whom\tPCM:NET/PO/WHO\nA Bad\tUUCP:x\n";
    office.import_text("-l{}/bad.log", text).ends(1);
    let log = fs::read_to_string(office.beside("bad.log")).expect("written");
    assert!(log.contains("#11/21/2026 10:00:00 | Error  [ 29] Alias does not exist Who (4)\r\nM Who\tPCM:NET/PO/WHO\r\n  Whom\tPCM:NET/PO/WHO\r\n"), "{log}");
    assert!(log.contains("A Bad\tUUCP:x\r\n"), "{log}");
    let again = office
        .run("import", "admin -ppw -y -f{}/bad.log --json")
        .ends(1)
        .json();
    assert_eq!(again["read"], 4, "every block with a message: {log}");
}

#[test]
fn imp_s019_s102926_a_log_that_cannot_be_written_stops_the_run_before_anything_is_done() {
    let office = office();
    let run = office.import_text("-l{}/lgo/import.log", ONE_BAD).ends(73);
    assert!(run.stderr.contains("lgo/import.log"), "{}", run.stderr);
    assert!(office.names("PCM:NET/PO").is_empty());
}

#[test]
fn imp_s026_two_digit_years_are_two_digits_after_1999() {
    let office = office();
    let text = office.write("in.txt", ONE_BAD);
    let binary = env!("CARGO_BIN_EXE_import");
    let status = Command::new(binary)
        .args([
            "admin",
            "-ppw",
            "-y",
            &format!("-d{}", office.path().display()),
        ])
        .args([format!("-f{}", text.display()), "-l".to_owned()])
        .env("DIRSYNC_NOW", "2000-01-01T10:50:31Z")
        .env("DIRSYNC_LOG_YEARS", "2")
        .env("TZ", "UTC")
        .stdout(Stdio::null())
        .status()
        .expect("it runs");
    assert_eq!(status.code(), Some(1));
    let log = String::from_utf8(office.bytes(&layout::IMPORT_LOG)).expect("text");
    assert!(log.starts_with("#01/01/00 10:50:31 | "), "{log}");
}

#[test]
fn ds_s071_an_interrupt_is_honoured_between_two_transactions() {
    let office = office();
    let before = office.snapshot();
    let pipe = office.beside("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .expect("it runs")
            .success()
    );
    let mut import = Command::new(env!("CARGO_BIN_EXE_import"))
        .args([
            "admin",
            "-ppw",
            "-y",
            &format!("-d{}", office.path().display()),
        ])
        .arg(format!("-f{}", pipe.display()))
        .env("DIRSYNC_NOW", NOW)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut input = fs::OpenOptions::new()
        .write(true)
        .open(&pipe)
        .expect("import reads it");
    input
        .write_all(b"A One\tPCM:NET/PO/ONE\r\n")
        .expect("written");
    let kill = Command::new("kill")
        .args(["-INT", &import.id().to_string()])
        .status();
    assert!(kill.expect("it runs").success());
    std::thread::sleep(Duration::from_millis(50));
    // The pipe may be gone already: the run ends as soon as it sees the signal.
    let _ = input.write_all(b"A Two\tPCM:NET/PO/TWO\r\nA Tri\tPCM:NET/PO/TRI\r\n");
    drop(input);
    assert_eq!(import.wait().expect("it ends").code(), Some(75));
    let mut after = office.snapshot();
    let mut before = before;
    for volatile in [
        "GLB/DIRSYNC.LCK",
        "GLB/FLAG.GLB",
        "LOG/DIRSYNC.LOG",
        "LOG/DSSERVER.LOG",
    ] {
        after.remove(&office.path().join(volatile));
        before.remove(&office.path().join(volatile));
    }
    assert_eq!(after, before);
}

#[test]
fn imp_s082_the_information_file_is_opened_as_often_for_one_m_as_for_a_thousand() {
    let opens = |count: usize| {
        let office = Office::new("NET/OWN").define(&["PCM:NET/PO"]);
        let mut start = "T PCM:NET/PO\n Phone:~10~20~A~~\n".to_owned();
        start.extend((0..1500).map(|n| format!("A Name {n}\tPCM:NET/PO/U{n}\n")));
        office.import_text("-t", &start).ends(0);
        let text: String = (0..count)
            .map(|n| format!("M Name {n}\tPCM:NET/PO/U{n}\n- Phone:/{n}\n"))
            .collect();
        let text = office.write("m.txt", text);
        let trace = office.beside("trace");
        let status = Command::new("strace")
            .args(["-f", "-e", "trace=openat", "-o"])
            .arg(&trace)
            .arg(env!("CARGO_BIN_EXE_import"))
            .args([
                "admin",
                "-ppw",
                "-y",
                "-t",
                &format!("-d{}", office.path().display()),
            ])
            .arg(format!("-f{}", text.display()))
            .stdout(Stdio::null())
            .status()
            .expect("strace is installed");
        assert_eq!(status.code(), Some(0));
        let trace = fs::read_to_string(trace).expect("written");
        trace.lines().filter(|line| line.contains(".INF\"")).count()
    };
    assert_eq!(opens(1), opens(1000));
}

#[test]
fn a_file_in_another_code_page_is_converted_or_refused_with_its_place() {
    let office = office();
    // 0xDC is U with diaeresis in Windows-1252, 0x9A in code page 850.
    office.write("ansi.txt", b"A J\xdcrg\tPCM:NET/PO/JURG\r\n");
    office.import("--code-page 1252 -f{}/ansi.txt").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["JÜrg"]);
    office.write(
        "ansi.txt",
        b"A Plain\tPCM:NET/PO/PLAIN\r\nA \x80uro\tPCM:NET/PO/EURO\r\n",
    );
    let run = office.import("--code-page 1252 -f{}/ansi.txt").ends(65);
    assert!(run.stderr.contains("line 2: "), "{}", run.stderr);
    assert_eq!(office.names("PCM:NET/PO"), ["JÜrg"], "all or nothing");
}

#[test]
fn without_y_and_without_a_terminal_nothing_is_written() {
    let office = office();
    let text = office.write("in.txt", ONE_BAD);
    let run = office
        .run("import", &format!("admin -ppw -f{}", text.display()))
        .ends(2);
    assert!(run.stderr.contains("-y"), "{}", run.stderr);
    assert!(office.names("PCM:NET/PO").is_empty());
}

#[test]
fn an_account_without_rights_is_a_bad_login() {
    let office = office();
    office
        .import_text("", "A Plain\tPCM:NET/OWN/PLAIN\n")
        .ends(0);
    for who in ["PLAIN", "nobody"] {
        let text = office.write("in.txt", ONE_BAD);
        let run = office
            .run("import", &format!("{who} -pX -y -f{}", text.display()))
            .ends(77);
        assert!(run.stderr.contains("Bad ID or Password"), "{}", run.stderr);
    }
}
