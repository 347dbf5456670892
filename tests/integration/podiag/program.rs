//! The program: screens, exit codes, JSON, reports, login, locks.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use dirsync::diagnosis::CHECKS;
use dirsync::postoffice::{Holder, Postoffice, layout};
use serde_json::Value;

use super::bases::Base;
use super::faults::case_with;
use crate::support::{NOW, run};

#[test]
fn ds_p005_the_screen_says_what_is_wrong_and_what_to_type() {
    let case = case_with("reqtrans-behind");
    let before = case.snapshot();
    let ran = case.podiag(&[]).ends(5);
    assert!(before == case.snapshot(), "a diagnosis writes nothing");
    let data = case.path().display().to_string();
    let expected = format!(
        "Microsoft Mail for the PC v3.2, PODIAG v3.2\n\
         (C) Microsoft Corp. 1993-1994. All rights reserved\n\
         \n\
         Examining NET/REQ: {} checks\n\
         \n\
         Errors\n\
         \x20 requestor: waiting transactions have numbers that the server ignores (reqtrans-behind; Q96060 Q119452 Q133428)\n\
         \x20   GLB/REQTRANS.GLB, record 6: last number 6; expected at least ReqSync 40\n\
         \x20   remedy: export the own list: its numbers go on behind ReqSync, and what was ignored is sent again\n\
         \x20     admin admin -d{data} config dirsync requestor export\n\
         \n\
         Remarks\n",
        CHECKS.len()
    );
    assert!(ran.stdout.starts_with(&expected), "{}", ran.stdout);
    assert!(ran.stdout.contains("\n1 error, "), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
}

#[test]
fn what_a_repair_mends_is_marked_and_the_command_stands_once() {
    let case = case_with("queue-pointer");
    let ran = case.podiag(&[]).ends(5);
    let data = case.path().display().to_string();
    assert!(
        ran.stdout
            .contains("    repair: set the pointer of USRTRANS in GLB/REQCONF.GLB to -1\n"),
        "{}",
        ran.stdout
    );
    let command =
        format!("What is marked \"repair\" (1) is mended by: podiag admin -d{data} --repair\n");
    assert!(ran.stdout.contains(&command), "{}", ran.stdout);
    let dry = case.podiag(&["--dry-run"]).ends(5);
    assert!(
        dry.stdout
            .contains("\nA repair would\n  queue-pointer: set the pointer"),
        "{}",
        dry.stdout
    );
    assert!(
        dry.stdout.ends_with("Dry run: nothing was written.\n"),
        "{}",
        dry.stdout
    );
    let repaired = case.podiag(&["--repair"]).ends(0);
    let done = "\nRepaired\n  queue-pointer: set the pointer of USRTRANS in GLB/REQCONF.GLB to -1\n  \
                The files as they were are kept in GLB/PODIAG.001.\n";
    assert!(repaired.stdout.contains(done), "{}", repaired.stdout);
}

#[test]
fn ds_p056_a_record_of_18_and_0_is_a_remark_and_ends_with_0() {
    let case = case_with("numbers-out-of-step");
    let ran = case.podiag(&["--json"]).ends(0);
    let finding = finding(&ran.json(), "numbers-out-of-step");
    assert_eq!(finding["severity"], "remark");
    assert_eq!(finding["title"], "no completed cycle or out of step");
    assert_eq!(finding["found"], "ReqSync 18, SrvSync 0");
    // 17/80 is healthy.
    let case = Base::Requestor.copy();
    case.requestor(|config| (config.req_sync.0, config.srv_sync.0) = (17, 80));
    assert!(!case.ids().contains(&"numbers-out-of-step"));
}

fn finding(object: &Value, id: &str) -> Value {
    let findings = object["findings"].as_array().expect("findings");
    let found = findings.iter().find(|finding| finding["id"] == id);
    found.unwrap_or_else(|| panic!("{id}: {object}")).clone()
}

#[test]
fn ds_s007_a_schedule_of_a_wrong_size_is_an_error_with_the_published_reset() {
    let case = case_with("size-wrong");
    let object = case.podiag(&["--json"]).ends(5).json();
    let finding = finding(&object, "size-wrong");
    assert_eq!(finding["file"], "GLB/PROCESS.GLB");
    assert_eq!(finding["found"], "708 bytes");
    assert_eq!(finding["expected"], "512 + n * 197 bytes");
    let file = case.path().join("GLB/PROCESS.GLB");
    assert_eq!(
        finding["command"],
        format!("truncate -s 512 {}", file.display())
    );
    assert_eq!(finding["articles"][1], "Q119111");
    assert_eq!(finding["repairable"], false);
}

#[test]
fn the_commands_that_are_named_can_be_typed() {
    // The remedy of a shadow that differs, run by a shell as it stands.
    let case = case_with("pol-shadow");
    let object = case.podiag(&["--json"]).ends(5).json();
    let command = finding(&object, "pol-shadow")["command"]
        .as_str()
        .expect("a command")
        .to_owned();
    let status = std::process::Command::new("sh")
        .args(["-c", &command])
        .status();
    assert!(status.expect("a shell").success(), "{command}");
    case.podiag(&[]).ends(0);
    // That of a password file that others may read.
    let case = case_with("password-file-open");
    let object = case.podiag(&["--json"]).ends(5).json();
    let command = finding(&object, "password-file-open")["command"]
        .as_str()
        .expect("a command")
        .to_owned();
    let status = std::process::Command::new("sh")
        .args(["-c", &command])
        .status();
    assert!(status.expect("a shell").success(), "{command}");
    let mode = fs::metadata(case.at(&layout::DIRSYNC_PWD))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    case.podiag(&[]).ends(0);
}

#[test]
fn ds_s012_an_open_record_is_told() {
    let case = Base::Server.copy();
    let object = case.podiag(&["--json"]).ends(0).json();
    let open = finding(&object, "requestor-open");
    assert_eq!(open["found"], "PCM:NET/SRV");
    assert!(
        open["title"]
            .as_str()
            .expect("text")
            .contains("the door is open")
    );
}

#[test]
fn ds_s060_lists_without_a_living_requestor_are_told_by_name() {
    let case = case_with("list-without-requestor");
    let object = case.podiag(&["--json"]).ends(0).json();
    assert_eq!(
        finding(&object, "list-without-requestor")["found"],
        "NET/OTH (1 entry)"
    );
}

#[test]
fn ds_s026_mail_of_t1_that_is_there_at_t2_is_a_warning() {
    let case = case_with("mail-undelivered");
    let object = case.podiag(&["--json"]).ends(5).json();
    let finding = finding(&object, "mail-undelivered");
    assert_eq!(finding["severity"], "warning");
    assert_eq!(finding["file"], "P1/new/1.request");
    assert_eq!(finding["articles"][0], "Q101137");
}

#[test]
fn the_object_counts_and_the_report_has_a_line_for_each() {
    let case = case_with("srvtrans-waiting");
    let report = case.beside("report.jsonl");
    let option = format!("--report={}", report.display());
    let ran = case.podiag(&["--json", &option]).ends(5);
    let object = ran.json();
    let findings = object["findings"].as_array().expect("findings");
    let count = |word| findings.iter().filter(|f| f["severity"] == word).count();
    assert_eq!(object["program"], "podiag");
    assert_eq!(object["postoffice"], "NET/REQ");
    assert_eq!(object["checks"], CHECKS.len());
    assert_eq!(object["warnings"], count("warning"));
    assert_eq!(object["remarks"], count("remark"));
    assert_eq!(
        (object["fatal"].clone(), object["errors"].clone()),
        (0.into(), 0.into())
    );
    assert_eq!(object["exit"], 5);
    let text = fs::read_to_string(report).expect("a report");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), findings.len() + 1);
    assert_eq!(&lines[..findings.len()], &findings[..]);
    assert_eq!(lines[findings.len()]["exit"], 5);
}

#[test]
fn a_damaged_master_is_a_finding_and_not_the_end() {
    let case = case_with("master-damaged");
    let object = case.podiag(&["--json"]).ends(5).json();
    assert_eq!(object["postoffice"], Value::Null);
    assert_eq!(object["findings"][0]["id"], "master-damaged");
    assert_eq!(object["findings"][0]["severity"], "fatal");
}

#[test]
fn where_there_is_no_postoffice_the_end_is_66() {
    let case = Base::New.copy();
    fs::create_dir(case.beside("EMPTY")).expect("writable");
    let data = format!("-d{}", case.beside("EMPTY").display());
    let ran = run("podiag", vec!["admin".into(), "-px".into(), data], |_| ()).ends(66);
    assert!(ran.stderr.contains("no postoffice here"), "{}", ran.stderr);
}

#[test]
fn a_wrong_login_is_refused_and_a_damaged_one_keeps_only_repairs_out() {
    let case = Base::Server.copy();
    let data = format!("-d{}", case.path().display());
    let wrong = |words: &[&str]| {
        let login = ["admin", "-pwrong", &data];
        let words = login.iter().chain(words).map(|word| (*word).to_owned());
        run("podiag", words.collect(), |_| ())
    };
    let before = case.snapshot();
    let ran = wrong(&[]).ends(77);
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("", "podiag: Bad ID or Password\n")
    );
    assert!(before == case.snapshot());
    wrong(&["--repair"]).ends(77);
    let log = String::from_utf8(case.bytes(&layout::DIRSYNC_LOG)).expect("text");
    assert!(log.contains("Fatal  [   ] Bad ID or Password"), "{log}");

    case.put(&layout::ACCESS2, b"torn");
    let object = wrong(&["--json"]).ends(5).json();
    assert_eq!(finding(&object, "size-wrong")["file"], "GLB/ACCESS2.GLB");
    let ran = case.podiag(&["--repair"]).ends(77);
    assert!(
        ran.stderr.contains("restore GLB/ACCESS2.GLB"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_writer_keeps_it_out_and_is_named() {
    let case = Base::New.copy();
    let now: jiff::Timestamp = NOW.parse().expect("a time");
    let holder = Holder::new(
        "import",
        "Admin",
        "Administrator",
        now.to_zoned(jiff::tz::TimeZone::UTC),
    );
    let writer = Postoffice::open_write(&case.path(), holder).expect("nobody else");
    let ran = case.podiag(&[]).ends(75);
    assert!(
        ran.stderr.contains("locked by import") && ran.stderr.contains("mailbox Admin"),
        "{}",
        ran.stderr
    );
    case.podiag(&["--repair"]).ends(75);
    drop(writer);
    let reader = Postoffice::open_read(&case.path()).expect("nobody else");
    case.podiag(&[]).ends(0);
    case.podiag(&["--repair"]).ends(75);
    drop(reader);
}

#[test]
fn every_check_is_listed_with_its_articles() {
    let list = run("podiag", vec!["--list".into()], |_| ()).ends(0);
    let json = run("podiag", vec!["--list".into(), "--json".into()], |_| ())
        .ends(0)
        .json();
    let checks = json["checks"].as_array().expect("checks");
    assert_eq!(checks.len(), CHECKS.len());
    for (check, shown) in CHECKS.iter().zip(checks) {
        assert_eq!(shown["id"], check.id);
        let line = list
            .stdout
            .lines()
            .position(|line| line.trim_start().starts_with(check.id));
        let line = line.unwrap_or_else(|| panic!("{}", check.id));
        if !check.articles.is_empty() {
            let articles = list.stdout.lines().nth(line + 1).expect("articles");
            assert_eq!(articles.trim(), check.articles.join(" "));
        }
    }
}

#[test]
fn help_and_version_and_a_wrong_word() {
    for (words, exit) in [
        ("-?", 0),
        ("--help", 0),
        ("--version", 0),
        ("--frobnicate", 2),
    ] {
        run("podiag", vec![words.into()], |_| ()).ends(exit);
    }
}
