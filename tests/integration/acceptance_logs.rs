//! What the logs and the screen say of runs that stop, that fail and that are asked for more detail.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use dirsync::codec::HexId;
use dirsync::codec::reqconf::ReqOptions;
use dirsync::postoffice::layout::Dir;
use dirsync::postoffice::{File, layout};
use rustix::fs::{FlockOperation, fcntl_lock, flock};

use crate::support::{Office, queue_bytes, resync_bytes, resync_header};

fn office() -> Office {
    Office::new("NET/REQ").define(&["PCM:NET/PO", "SMTP"])
}

fn adds(count: u32) -> String {
    (0..count)
        .map(|n| format!("A User {n:02}\tPCM:NET/PO/U{n}\n"))
        .collect()
}

/// Returns DIRSYNC.LOG without its times, from the last banner of import on.
fn last_run(office: &Office) -> Vec<String> {
    let log = office.log(&layout::DIRSYNC_LOG);
    let banner = |line: &String| line.contains("Mail Import");
    let start = log.iter().rposition(banner).expect("a banner");
    log[start + 1..].to_vec()
}

#[test]
fn a_run_that_the_guard_stops_does_not_say_that_anything_was_removed() {
    let office = office();
    office.import_text("", &adds(30)).ends(0);
    let flag = office.bytes(&layout::FLAG);
    let run = office.import_text("", "R PCM:NET/PO\n").ends(3);
    for what in ["remove  PCM:NET/PO  User 00", "--allow-deletes 30"] {
        assert!(run.stdout.contains(what), "{}", run.stdout);
    }
    let log = last_run(&office);
    assert!(
        log[0]
            .starts_with("Fatal  [   ] stopped before anything was written: PCM:NET/PO: 30 of 30"),
        "{log:?}"
    );
    assert_eq!(log[1..], ["Status       Import is finished."]);
    assert_eq!(office.bytes(&layout::FLAG), flag);
    assert!(
        office
            .open()
            .layout()
            .list(Dir::Log)
            .expect("readable")
            .iter()
            .all(|name| !name.starts_with("REMOVED"))
    );
}

#[test]
fn imp_s043_the_log_of_a_run_that_cannot_write_begins_with_its_banner_and_has_no_success_in_it() {
    let office = office();
    office.import_text("", &adds(2)).ends(0);
    let list = office.file(&File::usr(HexId(2)));
    assert!(list.exists(), "the list of NET/PO");
    fs::set_permissions(&list, fs::Permissions::from_mode(0o444)).expect("ours");
    fs::remove_file(office.file(&layout::DIRSYNC_LOG)).expect("there");
    let run = office
        .import_text("-v", "R PCM:NET/PO\nA New\tPCM:NET/PO/NEW\n")
        .ends(73);
    assert!(
        run.stderr
            .contains("Error renaming file: M:USR\\IMPORT.USR: USR/00000002.USR"),
        "{}",
        run.stderr
    );
    assert_eq!(
        office.log(&layout::DIRSYNC_LOG),
        [
            "Status       Microsoft (R) Mail Import V3.5",
            "Fatal  [  7] Error renaming file: M:USR\\IMPORT.USR",
            "Warning[ 90] Transaction not processed",
            "Fatal  [   ] USR/00000002.USR: cannot be changed: read-only",
            "Status       Import is finished.",
        ]
    );
}

#[test]
fn imp_s044_a_stale_sortlock_is_warned_of_once_on_the_screen_and_in_the_log() {
    for (line, input) in [("-q", ""), ("-f{}/in.txt", ""), ("-e -f{}/in.txt", "")] {
        let office = office();
        office.write("in.txt", "A One\tPCM:NET/PO/ONE\r\n");
        office.put(
            &layout::SRVTRANS,
            &queue_bytes(&[(1, "A Two\tPCM:NET/PO/TWO")]),
        );
        office.put(&layout::SORTLOCK, input.as_bytes());
        let run = office.import(line).ends(0);
        assert_eq!(
            run.stdout.matches("SORTLOCK").count(),
            1,
            "{line}: {}",
            run.stdout
        );
        let log = last_run(&office);
        let said = |line: &&String| line.starts_with("Warning[   ] SORTLOCK.GLB was left");
        assert_eq!(log.iter().filter(said).count(), 1, "{line}: {log:?}");
        assert_eq!(
            log.last().expect("lines"),
            "Status       Import is finished."
        );
        assert!(!office.exists(&layout::SORTLOCK));
    }
}

#[test]
fn v_names_every_change_on_the_screen_and_in_the_log() {
    let office = office();
    office
        .import_text("-a", "A Old\tPCM:NET/PO/OLD\nA Gone\tPCM:NET/PO/GONE\n")
        .ends(0);
    let text = "M Old\tPCM:NET/PO/OLD\n  New\tPCM:NET/PO/OLD\nD Gone\tPCM:NET/PO/GONE\n\
                A Jane\tPCM:NET/REQ/JANE\nA At\tSMTP:a@b\n";
    let expected = [
        "rename  PCM:NET/PO  Old -> New",
        "remove  PCM:NET/PO  Gone",
        "add     SMTP:  At",
        "add     LOCAL  Jane",
        "rename  POL  Old -> New",
        "remove  POL  Gone",
        "add     POL  At",
    ];
    let dry = office.import_text("-a --dry-run", text).ends(0);
    let wet = office.import_text("-a -v", text).ends(0);
    for run in [&dry, &wet] {
        let mut lines: Vec<_> = run.stdout.lines().take(expected.len()).collect();
        lines.sort_unstable();
        let mut sorted = expected;
        sorted.sort_unstable();
        assert_eq!(lines, sorted, "a dry run and -v name the same changes");
    }
    let log = last_run(&office);
    for line in expected {
        assert!(
            log.contains(&format!("Status       {line}")),
            "{line}: {log:?}"
        );
    }
    let numeric = office.log(&layout::DSSERVER_LOG);
    assert!(
        !numeric.iter().any(|line| line.contains("Old -> New")),
        "{numeric:?}"
    );

    for line in ["-x -v -f{}/out.txt", "-x -gSMTP -v -f{}/smtp.txt"] {
        let run = office.import(line).ends(0);
        assert!(run.stdout.contains(": 1 entry"), "{}", run.stdout);
    }
    let run = office.import("-x -v -f{}/out.txt --json").ends(0);
    assert_eq!(run.json()["messages"][0]["text"], "PCM:NET/REQ: 2 entries");
}

#[test]
fn published_numbers_stand_for_nothing_but_their_published_meaning() {
    let office = office()
        .registered_with("NET/PO")
        .configure(|config| {
            config.options = config.options.with(ReqOptions::CREATE_PO, true);
        })
        .queue(&layout::REQTRANS, &[(1, "A One\tPCM:NET/REQ/ONE")]);
    let mut header = resync_header(18, 80, 2, 5);
    header.server = b"NET/PO"[..].into();
    let bytes = resync_bytes(&header, &["R PCM:NEW/PO", "A X\tPCM:NEW/PO/X"]);
    office.put(&layout::RESYNC, &bytes);
    let run = office.import("-q --json").ends(0);
    let object = run.json();
    let messages = object["messages"].as_array().expect("an array");
    let text = |what: &str| {
        messages
            .iter()
            .find(|message| {
                message["text"]
                    .as_str()
                    .is_some_and(|text| text.contains(what))
            })
            .unwrap_or_else(|| panic!("{what}: {object}"))
    };
    // 60 is "Using direct routing", 47 "Transaction has no effect".
    assert!(text("Autocreated postoffice")["number"].is_null());
    assert!(text("renumbered 19 to 19")["number"].is_null());
    let log = office.log(&layout::DSSERVER_LOG);
    assert!(
        log.iter()
            .any(|line| line.starts_with("1  -1 Autocreated postoffice")),
        "{log:?}"
    );
}

#[test]
fn imp_s078_a_lock_is_message_91_on_the_screen_too_whatever_kind_it_has() {
    let office = office();
    office.import_text("", "A One\tPCM:NET/PO/ONE\n").ends(0);
    let flag = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(office.file(&layout::FLAG))
        .expect("there");
    // File servers take record locks for their clients.
    for locks in [flock::<&fs::File>, fcntl_lock::<&fs::File>] {
        locks(&flag, FlockOperation::NonBlockingLockExclusive).expect("free");
        let run = office.import("-q").ends(75);
        assert!(
            run.stderr
                .starts_with("import: The mail database is locked by another process: "),
            "{}",
            run.stderr
        );
        office.import("-x -f{}/out.txt").ends(75);
        locks(&flag, FlockOperation::Unlock).expect("ours");
    }
    office.import("-q").ends(0);
}

#[test]
fn imp_s077_a_read_only_srvtrans_is_message_13_on_the_screen_too() {
    let office = office().queue(&layout::SRVTRANS, &[(1, "A One\tPCM:NET/PO/ONE")]);
    let path = office.file(&layout::SRVTRANS);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("ours");
    let run = office.import("-q").ends(73);
    assert_eq!(
        run.stderr,
        "import: Dirsync import error accessing srvtrans.glb: GLB/SRVTRANS.GLB: cannot be changed: read-only\n"
    );
    assert_eq!(
        last_run(&office),
        [
            "Error  [ 13] Dirsync import error accessing srvtrans.glb",
            "Status       Import is finished.",
        ]
    );
    assert_eq!(office.queued(&layout::SRVTRANS).len(), 1);
}
