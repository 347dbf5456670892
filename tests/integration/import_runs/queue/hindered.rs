//! Runs that something stands in the way of: locks, read-only files, pointers that lead nowhere, passwords, damage.

use std::fs;

use dirsync::codec::reqconf::{QueuePointers, ReqOptions};
use dirsync::postoffice::{Dir, File, layout};

use super::{assert_idle, office, stem};
use crate::support::{Office, queue_bytes, resync_bytes, resync_header};

fn read_only(office: &Office, file: &File, on: bool) {
    let path = office.file(file);
    let mut permissions = fs::metadata(&path).expect("there").permissions();
    use std::os::unix::fs::PermissionsExt;
    permissions.set_mode(if on { 0o444 } else { 0o644 });
    fs::set_permissions(path, permissions).expect("settable");
}

#[test]
fn imp_s043_ds_l013_a_read_only_list_stops_the_run_and_a_second_run_completes() {
    let office = office().configure(|config| {
        config.options = config.options.with(ReqOptions::TEMPLATES_RECEIVE, true);
    });
    let office = office.queue(
        &layout::SRVTRANS,
        &[
            (1, "T PCM:NET/PO\r\n Phone:~10~20~A~~"),
            (2, "A One\tPCM:NET/PO/ONE"),
        ],
    );
    office.import("-q").ends(0);
    let stem = stem(&office, "NET/PO");
    let before = (
        office.bytes(&File::usr(stem)),
        office.bytes(&File::inf(stem)),
    );
    for (file, name) in [
        (File::inf(stem), "M:INF\\IMPORT.INF"),
        (File::usr(stem), "M:USR\\IMPORT.USR"),
    ] {
        office.put(
            &layout::SRVTRANS,
            &queue_bytes(&[
                (3, "A Two\tPCM:NET/PO/TWO\r\n- Phone:/1"),
                (4, "A Tri\tPCM:NET/PO/TRI"),
            ]),
        );
        read_only(&office, &file, true);
        fs::write(office.file(&layout::DIRSYNC_LOG), "").expect("writable");
        office.import("-q").ends(73);
        let log = office.log(&layout::DIRSYNC_LOG);
        assert!(
            log.contains(&format!("Fatal  [  7] Error renaming file: {name}")),
            "{log:?}"
        );
        let skipped = log
            .iter()
            .filter(|line| line.starts_with("Warning[ 90]"))
            .count();
        assert_eq!(skipped, 2, "{log:?}");
        assert_eq!(
            (
                office.bytes(&File::usr(stem)),
                office.bytes(&File::inf(stem))
            ),
            before
        );
        read_only(&office, &file, false);
    }
    office.import("-q").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["One", "Tri", "Two"]);
    assert_idle(&office);
}

#[test]
fn imp_s044_ds_s039_a_stale_sortlock_is_recognised() {
    let office = office().queue(&layout::SRVTRANS, &[(1, "A One\tPCM:NET/PO/ONE")]);
    fs::write(office.path().join("GLB/SORTLOCK.GLB"), "").expect("writable");
    let run = office.import("-q").ends(0);
    assert!(run.stdout.contains("SORTLOCK.GLB"), "{}", run.stdout);
    assert_idle(&office);
}

#[test]
fn imp_s045_ds_s040_a_bad_pointer_is_reset_with_a_warning() {
    let office = office()
        .queue(&layout::SRVTRANS, &[(1, "A One\tPCM:NET/PO/ONE")])
        .configure(|config| config.pointers = QueuePointers([-1, 7000, -1, -1]));
    office.import("-q").ends(0);
    let log = office.log(&layout::DIRSYNC_LOG);
    assert!(
        log.iter().any(|line| line.starts_with("Warning[ 45] ")),
        "{log:?}"
    );
    assert_eq!(office.config().pointers, QueuePointers::RESET);
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);
    assert_idle(&office);
}

#[test]
fn imp_s046_ds_s041_what_a_failed_run_left_is_done_first() {
    let office = office()
        .queue(&layout::GWTRANS, &[(1, "A Ann\tSMTP:old@x.com")])
        .queue(
            &layout::SRVTRANS,
            &[(2, "M Ann\tSMTP:old@x.com\r\n  Ann\tSMTP:new@x.com")],
        );
    office.import("-q").ends(0);
    assert_eq!(office.list("SMTP:")[0].1, "new@x.com");
    assert_idle(&office);
}

#[test]
fn imp_s102_a_half_done_queue_is_taken_up_where_its_pointer_stands() {
    let records = [
        (1, "A One\tPCM:NET/PO/ONE"),
        (2, "A Two\tPCM:NET/PO/TWO"),
        (3, "A Tri\tPCM:NET/PO/TRI"),
    ];
    let half = i32::try_from(queue_bytes(&records[..1]).len()).expect("small");
    let office = office();
    office.import_text("", "A One\tPCM:NET/PO/ONE\n").ends(0);
    let office = office
        .queue(&layout::USRTRANS, &records)
        .configure(|config| config.pointers = QueuePointers([-1, half, -1, -1]));
    let run = office.import("-q --json").ends(0);
    assert_eq!(run.json()["read"], 2);
    assert_eq!(office.names("PCM:NET/PO"), ["One", "Tri", "Two"]);
    assert_idle(&office);
}

#[test]
fn imp_s077_a_locked_srvtrans_is_13_and_nothing_changes() {
    let office = office().queue(&layout::SRVTRANS, &[(1, "A One\tPCM:NET/PO/ONE")]);
    read_only(&office, &layout::SRVTRANS, true);
    office.import("-q").ends(73);
    let log = office.log(&layout::DIRSYNC_LOG);
    assert!(
        log.contains(&"Error  [ 13] Dirsync import error accessing srvtrans.glb".to_owned()),
        "{log:?}"
    );
    assert!(office.names("PCM:NET/PO").is_empty());
}

#[test]
fn imp_s078_a_locked_postoffice_is_91_with_its_holder() {
    let office = office().queue(&layout::SRVTRANS, &[(1, "A One\tPCM:NET/PO/ONE")]);
    let now = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
    let holder = dirsync::postoffice::Holder::new("admin", "Admin", "Administrator", now);
    let held = dirsync::postoffice::Postoffice::open_write(&office.path(), holder).expect("free");
    let run = office.import("-q").ends(75);
    assert!(run.stderr.contains("locked"), "{}", run.stderr);
    drop(held);
    let log = office.log(&layout::DIRSYNC_LOG);
    let start = log
        .iter()
        .position(|line| line.starts_with("Fatal  [ 91] "))
        .expect("said");
    assert!(
        log[start].contains("The mail database is locked by another process"),
        "{log:?}"
    );
    assert_eq!(log[start + 1], "Fatal  [   ]   Mailbox name: Admin.");
    assert_eq!(log[start + 2], "Fatal  [   ]   Full name: Administrator.");
    assert_eq!(log[start + 3], "Fatal  [   ]   FLAG.GLB is locked open.");
    assert_eq!(log[start + 4], "Status       Import is finished.");
    assert_eq!(office.queued(&layout::SRVTRANS).len(), 1);
}

#[test]
fn imp_s079_ds_c007_a_wrong_password_is_said_and_logged() {
    let office = office().queue(&layout::SRVTRANS, &[(1, "A One\tPCM:NET/PO/ONE")]);
    office
        .import_text(
            "",
            "A Boss\tPCM:NET/REQ/BOSS\n&ACCESS=ADMIN\n&PASSWORD=right\n",
        )
        .ends(0);
    let run = office.run("import", "boss -pwrong -q -y").ends(77);
    assert!(run.stderr.contains("Bad ID or Password"), "{}", run.stderr);
    let log = office.log(&layout::DIRSYNC_LOG);
    assert!(
        log.contains(&"Fatal  [   ] Bad ID or Password".to_owned()),
        "{log:?}"
    );
    assert!(office.names("PCM:NET/PO").is_empty());
    office.run("import", "BOSS -pRIGHT -q -y").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);
}

#[test]
fn the_guard_stops_a_mass_removal_and_says_what_would_allow_it() {
    let office = office();
    let adds: Vec<String> = (0..30)
        .map(|n| format!("A Name {n:02}\tPCM:NET/PO/U{n}"))
        .collect();
    let numbered: Vec<_> = adds
        .iter()
        .zip(1..)
        .map(|(text, n)| (n, text.as_str()))
        .collect();
    office.put(&layout::SRVTRANS, &queue_bytes(&numbered));
    office.import("-q").ends(0);
    let few = resync_bytes(&resync_header(18, 80, 1, 5), &["R PCM:NET/PO", &adds[0]]);
    office.put(&layout::RESYNC, &few);
    let before = office.bytes(&layout::REQCONF);
    let run = office.import("-q").ends(3);
    assert!(run.stdout.contains("--allow-deletes 29"), "{}", run.stdout);
    assert!(
        run.stdout.contains("remove  PCM:NET/PO  Name 29"),
        "{}",
        run.stdout
    );
    assert_eq!(office.names("PCM:NET/PO").len(), 30);
    assert_eq!(office.bytes(&layout::REQCONF), before);
    assert!(office.exists(&layout::RESYNC));
    office.import("-q --allow-deletes 28").ends(3);
    office.import("-q --allow-deletes 29").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["Name 00"]);
}

#[test]
fn a_damaged_record_in_the_queue_is_refused_kept_and_removes_nobody() {
    let office = office();
    office.put(
        &layout::SRVTRANS,
        &queue_bytes(&[(1, "A Old\tPCM:NET/PO/OLD")]),
    );
    office.import("-q").ends(0);
    let records = [
        (2, "R PCM:NET/PO"),
        (3, "A Two\tPCM:NET/PO/TWO"),
        (4, "A Tri\tPCM:NET/PO/TRI"),
    ];
    let mut bytes = queue_bytes(&records);
    let second = queue_bytes(&records[..1]).len();
    bytes[second + 30] ^= 0x20;
    office.put(&layout::SRVTRANS, &bytes);
    let run = office.import("-q --json").ends(1);
    assert_eq!(
        (&run.json()["refused"], &run.json()["withheld"]),
        (&1.into(), &1.into())
    );
    assert_eq!(office.names("PCM:NET/PO"), ["Old", "Tri"]);
    let kept = File::named(Dir::Glb, "SRVTRANS.BAD").expect("a name");
    assert_eq!(office.bytes(&kept), bytes);
    assert_eq!(office.bytes(&layout::SRVTRANS), b"");
}
