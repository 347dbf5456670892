//! T1 at a requestor: `reqmain -t`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};

use dirsync::codec::FixedText;
use dirsync::codec::sync_number::ReqSync;
use dirsync::protocol::message::Task;

use super::site::{PAGE, Site};
use crate::support::run;

const D: &str = "NET/D";
const A: &str = "NET/A";

fn site() -> Site {
    Site::exported()
}

/// A requestor that is in step, with its first cycle done.
pub(super) fn in_step() -> Site {
    static MADE: OnceLock<Mutex<Site>> = OnceLock::new();
    let make = || {
        let site = site();
        site.cycle();
        Mutex::new(site)
    };
    Site::copied(&MADE.get_or_init(make).lock().expect("no test holds it"))
}

#[test]
fn ds_p004_ds_l005_a_request_goes_with_nothing_to_send() {
    let site = in_step();
    site.t1(A);
    let letters = site.sent_to(A, D);
    assert_eq!(letters[1].subject(), "ReqTx R=4 (was 4), S=7, I=1 0 sent");
    assert!(letters[1].mail.attachments.is_empty());
    let expected = [
        "Status       Microsoft (R) Mail DirSync Requestor V3.5",
        "Status       Server updates requested for address types: PCM",
        "Status       No requestor updates to send",
    ];
    assert_eq!(site.last_log(A, "DIRSYNC"), expected);
    let expected = [
        "1  -1 Microsoft (R) Mail DirSync Requestor V3.5",
        "1 167 PCM",
        "1 171",
    ];
    assert_eq!(site.log(A, "DSSERVER"), expected);
}

#[test]
fn ds_l002_ds_l004_the_types_are_logged_as_published() {
    let site = site();
    site.admin(A, "config dirsync requestor types SMTP,PCM,X400,SNADS")
        .ends(0);
    site.t1(A);
    let log = site.last_log(A, "DIRSYNC");
    assert_eq!(
        log[1],
        "Status       Server updates requested for address types: PCM,SNADS,X400,SMTP"
    );
    assert_eq!(log[2], "Status       Requestor updates sent: 4");
    assert_eq!(
        site.log(A, "DSSERVER")[1..],
        ["1 167 PCM,SNADS,X400,SMTP", "1 106 4"]
    );
    let request = &site.sent_to(A, D)[1];
    assert!(
        request.text().contains("TYPES=PCM|SNADS|X400|SMTP\r\n"),
        "{}",
        request.text()
    );
}

#[test]
fn ds_p005_a_queue_behind_what_is_confirmed_sends_nothing_and_says_both_numbers() {
    let site = site();
    site.configure(A, |config| config.req_sync = ReqSync(40));
    let records: Vec<_> = (1..=6).map(|n| (n, "A x\tPCM:NET/A/X")).collect();
    site.put_queue(A, "REQTRANS", &records);
    let run = site.run(A, "reqmain", "-t").ends(4);
    assert!(run.stdout.contains("ends at number 6") && run.stdout.contains("up to 40"));
    let warning = site.last_log(A, "DIRSYNC");
    assert!(
        warning[2].starts_with("Warning[   ] REQTRANS ends at number 6"),
        "{warning:?}"
    );
    assert_eq!(warning[3], "Status       No requestor updates to send");
    let request = &site.sent_to(A, D)[1];
    assert_eq!(request.subject(), "ReqTx R=40 (was 40), S=0, I=0 0 sent");
}

#[test]
fn ds_p006_what_is_confirmed_is_not_sent_again() {
    let site = site();
    site.configure(A, |config| config.req_sync = ReqSync(5));
    let records: Vec<_> = (4..=7).map(|n| (n, "A x\tPCM:NET/A/X")).collect();
    site.put_queue(A, "REQTRANS", &records);
    site.t1(A);
    let request = &site.sent_to(A, D)[1];
    let numbers: Vec<_> = request.queued().into_iter().map(|(n, _)| n).collect();
    assert_eq!(numbers, [6, 7]);
    assert_eq!(request.subject(), "ReqTx R=7 (was 5), S=0, I=0 2 sent");
}

#[test]
fn ds_p007_the_status_report_goes_before_the_request() {
    let site = site();
    site.put(A, "LOG/DSSERVER.LOG", b"03/13/96 15:26:49 | 1 171\r\n");
    site.t1(A);
    let letters = site.outgoing(A);
    assert_eq!(letters.len(), 2);
    for letter in &letters {
        assert_eq!(letter.to(), "PCM:NET/D/$SYSTEM");
        assert_eq!(letter.mail.envelope.from.view(PAGE), "PCM:NET/A/$SYSTEM");
    }
    assert_eq!(letters[0].subject(), "Status report from NET/A");
    assert_eq!(letters[0].profile.known_task(), Some(Task::Status));
    let attachment = &letters[0].mail.attachments[0];
    assert_eq!(attachment.name, "DSSERVER.LOG");
    assert_eq!(attachment.bytes, b"03/13/96 15:26:49 | 1 171\r\n");
    assert_eq!(letters[1].profile.known_task(), Some(Task::UpdateRequest));
    assert_eq!(letters[1].mail.attachments[0].name, "REQUPDS.GLB");
}

#[test]
fn ds_p008_a_report_holds_exactly_one_cycle() {
    let site = site();
    site.cycle();
    site.t1(A);
    let report = &site.sent_to(A, D)[0];
    let text = PAGE.decode(&report.mail.attachments[0].bytes);
    let lines: Vec<_> = text
        .lines()
        .map(|line| line.split_once(" | ").expect("a line").1)
        .collect();
    let expected = [
        "1  -1 Microsoft (R) Mail DirSync Requestor V3.5",
        "1 167 PCM",
        "1 106 4",
        "1  -1 Microsoft (R) Mail DirSync Requestor V3.5",
    ];
    assert_eq!(lines[..4], expected);
    assert_eq!(
        lines.last(),
        Some(&"1  -1 Import is finished."),
        "{lines:?}"
    );
    assert_eq!(
        site.log(A, "DSSERVER").len(),
        3,
        "the new one begins with T1"
    );
}

#[test]
fn ds_p009_what_was_not_answered_is_sent_again() {
    let site = site();
    site.t1(A);
    let first = site.sent_to(A, D)[1].clone();
    site.t1(A);
    let letters = site.sent_to(A, D);
    let second = &letters[3];
    assert_eq!(first.mail.attachments, second.mail.attachments);
    assert_ne!(
        first.mail.envelope.message_id,
        second.mail.envelope.message_id
    );
    site.t1(D);
    site.carry();
    site.t2();
    assert_eq!(site.registered(A).0, 4);
    assert_eq!(site.queue(D, "MSTTRANS").len(), 7, "each number once");
}

#[test]
fn a_request_of_the_same_moment_is_still_another_message() {
    let site = in_step();
    let now = site.now();
    site.t1(A);
    site.at(now);
    site.t1(A);
    let mut letters = site.sent_to(A, D);
    letters.retain(|letter| letter.subject().starts_with("ReqTx"));
    assert_eq!(letters[0].mail.body, letters[1].mail.body);
    assert_ne!(
        letters[0].mail.envelope.message_id,
        letters[1].mail.envelope.message_id
    );
}

#[test]
fn ds_p013_an_import_is_asked_for_at_once() {
    let site = in_step();
    site.admin(A, "config dirsync requestor import").ends(0);
    let letters = site.outgoing(A);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].profile.known_task(), Some(Task::ImportRequest));
    assert_eq!(letters[0].subject(), "ReqTx R=4 (was 4), S=7, I=1 0 sent");
    let show = site
        .admin(A, "config dirsync requestor show --json")
        .ends(0)
        .json();
    let asked = show["entries"].as_array().expect("rows").iter();
    let asked = asked
        .clone()
        .find(|row| row["setting"] == "import_requested");
    assert_eq!(asked.expect("a row")["value"], true);
}

#[test]
fn ds_p013_without_outgoing_mail_nothing_is_recorded_as_asked_for() {
    let site = in_step();
    std::fs::remove_dir_all(site.path(A).join("P1")).expect("removed");
    let before = site.config(A);
    let run = site.admin(A, "config dirsync requestor import").ends(73);
    assert!(
        run.stderr
            .contains("Possible database corruption detected: P1"),
        "{}",
        run.stderr
    );
    assert_eq!(site.config(A), before);
    assert!(
        site.last_log(A, "DIRSYNC")
            .iter()
            .any(|line| line.starts_with("Fatal  [ 40]"))
    );
}

#[test]
fn the_server_itself_has_no_import_to_ask_for() {
    let site = in_step();
    let run = site.admin(D, "config dirsync requestor import").ends(78);
    assert!(
        run.stderr.contains("its own lists are the full list"),
        "{}",
        run.stderr
    );
}

#[test]
fn ds_l011_a_missing_queue_fails_in_the_published_lines() {
    let site = site();
    std::fs::remove_file(site.path(A).join("GLB/REQTRANS.GLB")).expect("removed");
    site.run(A, "reqmain", "-t").ends(66);
    let expected = [
        "Status       Microsoft (R) Mail DirSync Requestor V3.5",
        "Warning[  2] Error opening file: REQTRANS",
        "Fatal  [ 40] Possible database corruption detected: REQTRANS",
        "Warning[152] Failure to transmit requestor updates",
        "Status       Requestor process failed.",
    ];
    assert_eq!(site.last_log(A, "DIRSYNC"), expected);
    assert_eq!(
        site.log(A, "DSSERVER").last().map(String::as_str),
        Some("1 104")
    );
    assert!(site.outgoing(A).is_empty());
}

#[test]
fn a_damaged_queue_is_said_and_nothing_is_sent() {
    let site = site();
    let mut bytes = site.read(A, "GLB/REQTRANS.GLB");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    site.put(A, "GLB/REQTRANS.GLB", &bytes);
    let run = site.run(A, "reqmain", "-t").ends(65);
    assert!(run.stderr.contains("stored checksum"), "{}", run.stderr);
    let log = site.last_log(A, "DIRSYNC");
    assert!(
        log[1].starts_with("Warning[  4] Error reading file: REQTRANS: "),
        "{log:?}"
    );
    assert_eq!(
        log[2],
        "Fatal  [ 40] Possible database corruption detected: REQTRANS"
    );
    assert!(site.outgoing(A).is_empty());
}

#[test]
fn ds_s042_without_outgoing_mail_nothing_changes() {
    for spoil in ["missing", "read-only"] {
        let site = site();
        match spoil {
            "missing" => std::fs::remove_dir_all(site.path(A).join("P1")).expect("removed"),
            _ => site.set_mode(A, "P1", 0o555),
        }
        let (queue, config) = (site.read(A, "GLB/REQTRANS.GLB"), site.config(A));
        site.run(A, "reqmain", "-t").ends(73);
        assert_eq!(site.read(A, "GLB/REQTRANS.GLB"), queue, "{spoil}");
        assert_eq!(site.config(A), config, "{spoil}");
        let log = site.last_log(A, "DIRSYNC");
        let end: Vec<_> = log[log.len() - 2..].iter().map(String::as_str).collect();
        assert_eq!(
            end,
            [
                "Fatal  [113] Failure to send mail to NET/D/$SYSTEM",
                "Status       Requestor process failed."
            ],
            "{spoil}"
        );
        assert!(
            !log.iter().any(|line| line.contains("updates sent")),
            "{log:?}"
        );
        if spoil == "read-only" {
            site.set_mode(A, "P1", 0o755);
        }
    }
}

#[test]
fn ds_s068_a_server_that_is_not_defined_here_is_named() {
    let site = site();
    site.configure(A, |config| {
        config.server_postoffice = FixedText::new(b"OLD").expect("short");
    });
    let run = site.run(A, "reqmain", "-t").ends(66);
    assert!(
        run.stderr
            .contains("Can't find Dir-Sync Server postoffice definition NET/OLD"),
        "{}",
        run.stderr
    );
    let log = site.last_log(A, "DIRSYNC");
    assert_eq!(
        log[1],
        "Fatal  [ 55] Can't find Dir-Sync Server postoffice definition NET/OLD"
    );
}

#[test]
fn without_a_server_there_is_nobody_to_speak_to() {
    let site = site();
    site.configure(A, |config| config.server_postoffice = Default::default());
    for half in ["-t", "-r"] {
        let run = site.run(A, "reqmain", half).ends(66);
        assert!(
            run.stderr.contains("No Server name has been set"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_dry_run_leaves_every_byte_and_says_what_would_be_sent() {
    let site = site();
    let before = site.snapshot(A);
    let run = site.run(A, "reqmain", "-t --dry-run --json").ends(0);
    assert_eq!(site.snapshot(A), before);
    let json = run.json();
    assert_eq!(
        (&json["program"], &json["dry_run"]),
        (&"reqmain".into(), &true.into())
    );
    assert_eq!(json["read"], 4);
    let real = site.run(A, "reqmain", "-t --json").ends(0).json();
    for key in ["read", "added", "before", "after"] {
        assert_eq!(json[key], real[key], "{key}");
    }
    assert_eq!(
        (&json["mail"]["sent"], &real["mail"]["sent"]),
        (&0.into(), &2.into())
    );
}

#[test]
fn a_report_has_a_line_per_transaction_and_per_message() {
    let site = site();
    let file = site.path("report.jsonl");
    site.run(A, "reqmain", &format!("-t --report {}", file.display()))
        .ends(0);
    let text = std::fs::read_to_string(&file).expect("written");
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 4 + 2 + 1);
    assert_eq!(lines[0]["action"], "replace");
    assert_eq!(lines[1]["entry"], "PCM:NET/A/ABE");
    assert_eq!(lines[4]["mail"], "sent");
    assert_eq!(lines[5]["transactions"], 4);
    assert_eq!(lines[6]["mail"]["sent"], 2);
}

#[test]
fn ds_s071_an_interruption_leaves_everything_as_it_was() {
    let site = site();
    let text: Vec<_> = (0..40_000)
        .map(|n| format!("A User {n}\tPCM:NET/A/U{n}"))
        .collect();
    let records: Vec<_> = (1..).zip(text.iter().map(String::as_str)).collect();
    site.put_queue(A, "REQTRANS", &records);
    let (queue, config) = (site.read(A, "GLB/REQTRANS.GLB"), site.config(A));
    // The report makes it look at every transaction, and at the signal between two of them.
    let report = site.path("report.jsonl").display().to_string();
    let binary = Path::new(env!("CARGO_BIN_EXE_import")).with_file_name("reqmain");
    let mut child = Command::new(binary)
        .args(["-t", "--report", &report])
        .arg(format!("-d{}", site.path(A).display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let lock = site.path(A).join("GLB/DIRSYNC.LCK");
    while !lock.exists() && child.try_wait().expect("asked").is_none() {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("sent");
    let ended = child.wait().expect("it ends").code();
    assert_eq!(ended, Some(75));
    assert_eq!(
        (site.read(A, "GLB/REQTRANS.GLB"), site.config(A)),
        (queue, config)
    );
    assert!(site.outgoing(A).is_empty());
    site.t1(A);
    assert_eq!(site.sent_to(A, D)[1].queued().len(), 40_000);
}

#[test]
fn ds_l015_years_after_1999_have_two_right_digits() {
    let site = site();
    for (moment, stamp) in [
        ("2007-03-01T10:00:00Z", "03/01/07"),
        ("2012-01-01T10:00:00Z", "01/01/12"),
    ] {
        let path = site.path(A).display().to_string();
        run(
            "reqmain",
            vec!["-t".into(), format!("-d{path}")],
            |command| {
                command
                    .env("DIRSYNC_NOW", moment)
                    .env("DIRSYNC_LOG_YEARS", "2");
            },
        )
        .ends(0);
        let log = String::from_utf8(site.read(A, "LOG/DIRSYNC.LOG")).expect("text");
        let last = log.lines().last().expect("a line");
        assert!(last.starts_with(&format!("{stamp} 10:00:00 | ")), "{last}");
    }
}
