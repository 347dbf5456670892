//! `import -q`: the queue from the server, and resync files.

use std::fs;

use dirsync::codec::reqconf::{QueuePointers, ReqOptions};
use dirsync::codec::{NmeRecord, RecordReader};
use dirsync::postoffice::{Dir, File, layout};

use crate::support::{Office, queue_bytes, resync_bytes, resync_header};

fn office() -> Office {
    Office::new("NET/REQ")
        .define(&["PCM:NET/SRV", "PCM:NET/PO", "PCM:NET/PO10", "SMTP"])
        .registered_with("NET/SRV")
}

const QUEUES: [File; 4] = [
    layout::SRVTRANS,
    layout::USRTRANS,
    layout::NMETRANS,
    layout::GWTRANS,
];

fn assert_idle(office: &Office) {
    for file in QUEUES {
        assert_eq!(office.bytes(&file), b"", "{file}");
    }
    let absent = [
        layout::IUSRTRAN,
        layout::INMETRAN,
        layout::IGWTRANS,
        layout::SRVUPDS,
        layout::REQUPDS,
        layout::ILOCAL,
        layout::INDEX,
        layout::SORTLOCK,
        layout::RESYNC,
        layout::IMPORT_USR,
        layout::IMPORT_INF,
        layout::DIRSYNC_JNL,
        File::sort(1),
    ];
    for file in absent {
        assert!(!office.exists(&file), "{file}");
    }
}

fn pol(office: &Office) -> Vec<(String, u32)> {
    let bytes = office.bytes(&layout::ADMIN_NME);
    let records = RecordReader::<_, NmeRecord>::new(&bytes[..], 0).map(|r| r.expect("whole"));
    let text = |r: NmeRecord| {
        (
            String::from_utf8_lossy(r.name.as_bytes()).into_owned(),
            r.tid,
        )
    };
    records.map(text).collect()
}

#[test]
fn imp_s047_after_a_good_run_the_queues_are_empty_and_nothing_is_left() {
    let office = office().queue(
        &layout::SRVTRANS,
        &[
            (81, "A One\tPCM:NET/PO/ONE"),
            (82, "A Two\tPCM:NET/PO/TWO"),
            (83, "D One\tPCM:NET/PO/ONE"),
        ],
    );
    office.import("-q").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["Two"]);
    assert_idle(&office);
    assert_eq!(office.config().pointers, QueuePointers::RESET);
    let log = office.log(&layout::DIRSYNC_LOG);
    assert_eq!(
        log.first().map(String::as_str),
        Some("Status       Microsoft (R) Mail Import V3.5")
    );
    assert_eq!(
        log.last().map(String::as_str),
        Some("Status       Import is finished.")
    );
}

#[test]
fn imp_s016_s080_s081_bad_records_are_said_one_by_one_and_the_others_done() {
    let office = office().queue(
        &layout::SRVTRANS,
        &[
            (1, "A NAME\tPCM:NET/PO/"),
            (2, "D name\tPCM:NET/PO/ELEVENCHARS"),
            (3, "A Good\tPCM:NET/PO/GOOD"),
            (4, "A Other\tPCM:NET/PO/"),
        ],
    );
    let run = office.import("-q --json").ends(1);
    assert_eq!(run.json()["refused"], 3);
    assert_eq!(run.json()["added"], 1);
    let log = office.log(&layout::DIRSYNC_LOG);
    let with = |start: &str| log.iter().filter(|line| line.starts_with(start)).count();
    assert_eq!(with("Error  [ 81] No mailbox"), 2, "{log:?}");
    assert_eq!(
        with("Error  [ 20] Address element is too long"),
        1,
        "{log:?}"
    );
    assert_eq!(office.names("PCM:NET/PO"), ["Good"]);
    assert_idle(&office);
}

#[test]
fn ds_s038_a_malformed_m_has_no_effect() {
    let office = office().queue(
        &layout::SRVTRANS,
        &[
            (1, "M\u{1}\u{2}garbage"),
            (2, "M Half"),
            (3, "A Good\tPCM:NET/PO/GOOD"),
        ],
    );
    office.import("-q").ends(1);
    let log = office.log(&layout::DIRSYNC_LOG);
    assert_eq!(
        log.iter()
            .filter(|line| line.contains("[ 47] Transaction has no effect"))
            .count(),
        2
    );
    assert_eq!(office.names("PCM:NET/PO"), ["Good"]);
}

#[test]
fn imp_s028_lists_of_a_proxy_postoffice_are_lists_like_others() {
    let office = Office::new("NET/REQ")
        .define(&["FFAPI:MACNET/MACPO"])
        .queue(
            &layout::SRVTRANS,
            &[
                (1, "R PCM:MACNET/MACPO"),
                (2, "A Mac User\tPCM:MACNET/MACPO/MACUSER"),
            ],
        );
    office.import("-q").ends(0);
    assert_eq!(office.names("PCM:MACNET/MACPO"), ["Mac User"]);
}

#[test]
fn imp_s040_ds_s033_pol_entries_follow_the_tids_of_a_replaced_gateway_list() {
    let office = office();
    office
        .import_text(
            "-a -gSMTP",
            "A Ann\tSMTP:ann@x.com\nA Bob\tSMTP:bob@x.com\n",
        )
        .ends(0);
    let office = office.queue(
        &layout::SRVTRANS,
        &[
            (1, "R SMTP:"),
            (2, "A Bob\tSMTP:bob@x.com"),
            (3, "A Ann\tSMTP:ann@x.com"),
            (4, "A Cid\tSMTP:cid@x.com"),
        ],
    );
    office.import("-q").ends(0);
    for (name, _, tid) in office
        .list("SMTP:")
        .iter()
        .filter(|(name, ..)| name != "Cid")
    {
        assert!(pol(&office).contains(&(name.clone(), *tid)), "{name}");
    }
    assert!(
        !pol(&office).iter().any(|(name, _)| name == "Cid"),
        "A never reaches the POL"
    );
}

#[test]
fn d_and_m_of_pc_mail_names_follow_into_the_pol() {
    let office = office();
    office
        .import_text("-a", "A Ann\tPCM:NET/PO/ANN\nA Bob\tPCM:NET/PO/BOB\n")
        .ends(0);
    let office = office.queue(
        &layout::SRVTRANS,
        &[
            (1, "D Ann\tPCM:NET/PO/ANN"),
            (2, "M Bob\tPCM:NET/PO/BOB\r\n  Bobby\tPCM:NET/PO/BOB"),
        ],
    );
    office.import("-q").ends(0);
    let names: Vec<_> = pol(&office).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["Administrator", "Bobby"]);
}

#[test]
fn imp_s042_gateways_that_are_not_installed_are_said_once() {
    let office = office();
    let header = resync_header(18, 80, 1, 5);
    let file = resync_bytes(
        &header,
        &[
            "R SNADS:G/D",
            "A Sue\tSNADS:G/D/SUE",
            "A Tom\tSNADS:G/D/TOM",
            "R PCM:NET/PO",
            "A One\tPCM:NET/PO/ONE",
        ],
    );
    office.put(&layout::RESYNC, &file);
    office.import("-q").ends(0);
    let log = office.log(&layout::DIRSYNC_LOG);
    let said: Vec<_> = log.iter().filter(|line| line.contains("[ 44]")).collect();
    assert_eq!(said, ["Error  [ 44] Gateway not installed: SNADS"]);
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);
    assert_idle(&office);
}

fn read_only(office: &Office, file: &File, on: bool) {
    let path = office.file(file);
    let mut permissions = fs::metadata(&path).expect("there").permissions();
    use std::os::unix::fs::PermissionsExt;
    permissions.set_mode(if on { 0o444 } else { 0o644 });
    fs::set_permissions(path, permissions).expect("settable");
}

fn stem(office: &Office, place: &str) -> dirsync::codec::HexId {
    let po = office.open();
    let places = dirsync::postoffice::places::Places::load(&po).expect("readable");
    places
        .find(&crate::support::name(place))
        .and_then(|place| place.stem())
        .expect("defined")
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
fn imp_s050_ds_p047_resync_goes_first_then_what_is_newer_in_the_queue() {
    let office = office().queue(
        &layout::SRVTRANS,
        &[
            (79, "A Old\tPCM:NET/PO/OLD"),
            (80, "A Same\tPCM:NET/PO/SAME"),
            (81, "A New\tPCM:NET/PO/NEW"),
        ],
    );
    office.put(
        &layout::RESYNC,
        &resync_bytes(
            &resync_header(18, 80, 1, 5),
            &["R PCM:NET/PO", "A One\tPCM:NET/PO/ONE"],
        ),
    );
    office.import("-q").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["New", "One"]);
    assert_idle(&office);
}

#[test]
fn ds_p042_a_resync_sets_the_numbers_and_keeps_one_record_for_the_next() {
    let office = office()
        .numbers(12, 71, 1)
        .queue(&layout::REQTRANS, &[(12, "# Last confirmed ReqSync.")]);
    office.put(
        &layout::RESYNC,
        &resync_bytes(&resync_header(18, 80, 2, 5), &["R PCM:NET/PO"]),
    );
    let run = office.import("-q").ends(0);
    assert!(
        run.stdout
            .contains("ReqSync 12 -> 18, SrvSync 71 -> 80, ImportSync 1 -> 2"),
        "{}",
        run.stdout
    );
    let config = office.config();
    assert_eq!(
        (config.req_sync.0, config.srv_sync.0, config.import_sync.0),
        (18, 80, 2)
    );
    assert_eq!(office.bytes(&layout::REQTRANS).len(), 49);
    office.import_text("-e", "A One\tPCM:NET/REQ/ONE\n").ends(0);
    assert_eq!(office.queued(&layout::REQTRANS)[1].0, 19);
    assert!(!office.exists(&layout::RESYNC));
}

#[test]
fn ds_p043_waiting_transactions_are_renumbered_above_the_new_reqsync() {
    let waiting = [
        (12, "A Sent\tPCM:NET/REQ/SENT"),
        (13, "A A\tPCM:NET/REQ/A"),
        (14, "A B\tPCM:NET/REQ/B"),
        (15, "D A\tPCM:NET/REQ/A"),
    ];
    let office = office()
        .numbers(12, 71, 1)
        .queue(&layout::REQTRANS, &waiting);
    office.put(
        &layout::RESYNC,
        &resync_bytes(&resync_header(18, 80, 1, 5), &["R PCM:NET/PO"]),
    );
    let run = office.import("-q").ends(0);
    assert!(
        run.stdout
            .contains("3 transactions waiting in REQTRANS are renumbered 19 to 21"),
        "{}",
        run.stdout
    );
    let expected = [
        (19, "A A\tPCM:NET/REQ/A"),
        (20, "A B\tPCM:NET/REQ/B"),
        (21, "D A\tPCM:NET/REQ/A"),
    ];
    assert_eq!(
        office.queued(&layout::REQTRANS),
        expected.map(|(n, t)| (n, t.to_owned()))
    );
}

#[test]
fn imp_s054_ds_p044_a_header_below_the_own_numbers_is_refused() {
    let office = office()
        .numbers(25, 90, 1)
        .queue(&layout::REQTRANS, &[(25, "# Last confirmed ReqSync.")]);
    office.put(
        &layout::RESYNC,
        &resync_bytes(&resync_header(18, 80, 1, 900), &["R PCM:NET/PO"]),
    );
    let before = office.bytes(&layout::REQCONF);
    let run = office.import("-q").ends(4);
    assert!(
        run.stderr.contains("Error processing RESYNC.GLB"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("REQSEQ is 18, this requestor has 25"),
        "{}",
        run.stderr
    );
    assert_eq!(office.bytes(&layout::REQCONF), before);
    assert!(office.exists(&layout::RESYNC));
    let log = office.log(&layout::DIRSYNC_LOG);
    assert_eq!(
        log.iter()
            .filter(|line| line.starts_with("Fatal  [ 14] "))
            .count(),
        1,
        "{log:?}"
    );
}

#[test]
fn a_restored_server_is_believed_by_the_stamp_of_its_file() {
    let office = office()
        .numbers(18, 700, 1)
        .configure(|config| config.server_stamp = 500);
    office.put(
        &layout::RESYNC,
        &resync_bytes(&resync_header(18, 500, 1, 499), &["R PCM:NET/PO"]),
    );
    office.import("-q").ends(4);
    office.put(
        &layout::RESYNC,
        &resync_bytes(&resync_header(18, 500, 1, 501), &["R PCM:NET/PO"]),
    );
    let run = office.import("-q").ends(0);
    assert!(run.stdout.contains("the numbers go back"), "{}", run.stdout);
    assert_eq!(
        (office.config().srv_sync.0, office.config().server_stamp),
        (500, 501)
    );
}

#[test]
fn a_file_for_somebody_else_is_refused() {
    let office = office();
    for (server, addressee, named) in [
        ("NET/OTHER", None, "server NET/OTHER"),
        ("NET/SRV", Some("NET/REQ2"), "requestor NET/REQ2"),
    ] {
        let mut header = resync_header(18, 80, 1, 5);
        header.server = server.as_bytes().into();
        header.addressee = addressee.map(|name| name.as_bytes().into());
        office.put(&layout::RESYNC, &resync_bytes(&header, &["R PCM:NET/PO"]));
        let run = office.import("-q").ends(78);
        assert!(run.stderr.contains(named), "{}", run.stderr);
        assert!(run.stderr.contains("list-for-other"), "{}", run.stderr);
    }
}

#[test]
fn defect_42_the_server_refuses_its_own_file_in_one_clear_message() {
    let office = office();
    let mut bytes = Vec::new();
    dirsync::codec::srvconf::SrvConf::default()
        .write_to(&mut bytes)
        .expect("written");
    fs::write(office.path().join("GLB/SRVCONF.GLB"), bytes).expect("writable");
    office.put(
        &layout::RESYNC,
        &resync_bytes(&resync_header(18, 80, 1, 5), &["R PCM:NET/PO"]),
    );
    let run = office.import("-q").ends(78);
    assert!(run.stderr.contains("list-own"), "{}", run.stderr);
    assert!(office.exists(&layout::RESYNC));
}

#[test]
fn ds_p046_a_damaged_resync_changes_nothing_and_does_not_block_the_queue_once_moved() {
    let office = office().queue(&layout::SRVTRANS, &[(1, "A One\tPCM:NET/PO/ONE")]);
    let mut file = resync_bytes(
        &resync_header(18, 80, 1, 5),
        &["R PCM:NET/PO", "A Two\tPCM:NET/PO/TWO"],
    );
    let middle = file.len() / 2;
    file[middle] ^= 1;
    office.put(&layout::RESYNC, &file);
    let before = office.bytes(&layout::REQCONF);
    let run = office.import("-q").ends(65);
    assert!(
        run.stderr.contains("list-damaged: transaction"),
        "{}",
        run.stderr
    );
    assert_eq!(office.bytes(&layout::REQCONF), before);
    fs::rename(office.file(&layout::RESYNC), office.beside("aside")).expect("movable");
    office.import("-q").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);
}

#[test]
fn a_file_without_end_mark_removes_nobody_unless_it_is_taken_as_whole() {
    let office = office();
    office.put(
        &layout::SRVTRANS,
        &queue_bytes(&[(1, "A Old\tPCM:NET/PO/OLD")]),
    );
    office.import("-q").ends(0);
    let whole = resync_bytes(
        &resync_header(18, 80, 1, 5),
        &["R PCM:NET/PO", "A New\tPCM:NET/PO/NEW"],
    );
    let end = 24 + "# END COUNT=0000000000 CRC32=00000000".len();
    let cut = &whole[..whole.len() - end];
    office.put(&layout::RESYNC, cut);
    let run = office.import("-q --json").ends(1);
    assert_eq!(
        (&run.json()["withheld"], &run.json()["added"]),
        (&1.into(), &1.into())
    );
    assert_eq!(office.names("PCM:NET/PO"), ["New", "Old"]);
    office.put(&layout::RESYNC, cut);
    office.import("-q --whole").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["New"]);
}

#[test]
fn ds_p048_entries_made_by_hand_survive_and_go_only_with_replace() {
    let office = office();
    office.import_text("", "A Hand\tPCM:NET/PO/HAND\n").ends(0);
    let full = || {
        resync_bytes(
            &resync_header(18, 80, 1, 5),
            &["R PCM:NET/PO", "A One\tPCM:NET/PO/ONE"],
        )
    };
    office.put(&layout::RESYNC, &full());
    let run = office.import("-q --json").ends(0);
    assert_eq!(run.json()["kept"], 1);
    assert_eq!(office.names("PCM:NET/PO"), ["Hand", "One"]);
    office.put(&layout::RESYNC, &full());
    office.import("-q --replace").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);
    let log = office.log(&layout::DIRSYNC_LOG);
    assert!(
        log.iter()
            .any(|line| line.contains("Removed, not in the new list: Hand")),
        "{log:?}"
    );
    // What went can be brought back.
    let removed = File::named(Dir::Log, "REMOVED-20261121T100000.TXT").expect("a name");
    let text = String::from_utf8(office.bytes(&removed)).expect("text");
    assert_eq!(text, format!("A {:<30} PCM:NET/PO/HAND\r\n", "Hand"));
    office
        .import(&format!("-a -f{}", office.file(&removed).display()))
        .ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["Hand", "One"]);
}

#[test]
fn lost_marks_withhold_removals_until_one_run_with_replace() {
    let office = office();
    office.import_text("", "A Hand\tPCM:NET/PO/HAND\n").ends(0);
    fs::remove_file(office.file(&layout::DIRSYNC_OWN)).expect("there");
    let full = || {
        resync_bytes(
            &resync_header(18, 80, 1, 5),
            &["R PCM:NET/PO", "A One\tPCM:NET/PO/ONE"],
        )
    };
    for _ in 0..2 {
        office.put(&layout::RESYNC, &full());
        let run = office.import("-q --json").ends(1);
        assert_eq!(run.json()["withheld"], 1);
    }
    office.put(&layout::RESYNC, &full());
    office.import("-q --replace").ends(0);
    office.put(&layout::RESYNC, &full());
    office.import("-q").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);
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
fn the_queue_is_taken_without_login_as_the_other_programs_of_dirsync_run() {
    let office = office().queue(&layout::SRVTRANS, &[(1, "A One\tPCM:NET/PO/ONE")]);
    office
        .import_text(
            "",
            "A Boss\tPCM:NET/REQ/BOSS\n&ACCESS=ADMIN\n&PASSWORD=right\n",
        )
        .ends(0);
    for wrong in [
        "boss --unattended -q -y",
        "-pright --unattended -q -y",
        "--unattended -y -x -f{}/x",
        "--unattended -q -s -y",
        "--unattended -q -e -f{}/in.txt -y",
    ] {
        office.run("import", wrong).ends(2);
    }
    let before = office.log(&layout::DIRSYNC_LOG).len();
    office.run("import", "--unattended -q -y").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["One"]);
    let log = office.log(&layout::DIRSYNC_LOG);
    assert_eq!(
        (log[before].as_str(), log.last().map(String::as_str)),
        (
            "Status       Microsoft (R) Mail Import V3.5",
            Some("Status       Import is finished.")
        )
    );
    let help = office.run("import", "-?").ends(0).stdout;
    assert!(help.contains("--unattended"), "{help}");
}

#[test]
fn ds_p053_an_m_with_information_lines_alone_keeps_name_and_address() {
    let office = office().configure(|config| {
        config.options = config.options.with(ReqOptions::TEMPLATES_RECEIVE, true);
    });
    let office = office.queue(
        &layout::SRVTRANS,
        &[
            (1, "T PCM:NET/PO\r\n Phone:~10~20~A~~"),
            (2, "A One\tPCM:NET/PO/ONE"),
            (3, "M One\tPCM:NET/PO/ONE\r\n- Phone:/555"),
        ],
    );
    office.import("-q").ends(0);
    assert_eq!(office.list("PCM:NET/PO")[0].0, "One");
    let inf = office.bytes(&File::inf(stem(&office, "NET/PO")));
    assert_eq!(&inf[..4], b"555\0");
}

#[test]
fn ds_p058_unknown_postoffices_are_created_where_the_option_says_so() {
    let office = office()
        .queue(&layout::SRVTRANS, &[(1, "A New\tPCM:NET/NEW/ONE")])
        .configure(|config| config.options = config.options.with(ReqOptions::CREATE_PO, true));
    office.import("-q").ends(0);
    assert_eq!(office.names("PCM:NET/NEW"), ["New"]);
}

#[test]
fn ds_s069_a_known_address_under_a_new_name_is_a_rename() {
    let office = office().queue(&layout::SRVTRANS, &[(1, "A Old Name\tPCM:NET/PO/WHO")]);
    office.import("-q").ends(0);
    let tid = office.list("PCM:NET/PO")[0].2;
    office.put(
        &layout::SRVTRANS,
        &queue_bytes(&[(
            2,
            "M Display Name\tPCM:NET/PO/WHO\r\n  New Name\tPCM:NET/PO/WHO",
        )]),
    );
    office.import("-q").ends(0);
    assert_eq!(
        office.list("PCM:NET/PO"),
        [("New Name".to_owned(), "WHO".to_owned(), tid)]
    );
}

#[test]
fn message_66_the_own_postoffice_is_never_touched_by_the_queue() {
    let office = office();
    let before = office.bytes(&layout::ACCESS2);
    let office = office.queue(
        &layout::SRVTRANS,
        &[
            (1, "R PCM:NET/REQ"),
            (2, "A One\tPCM:NET/REQ/ONE"),
            (3, "D Administrator\tPCM:NET/REQ/Admin"),
        ],
    );
    let run = office.import("-q --json").ends(0);
    assert_eq!(
        (&run.json()["ignored"], &run.json()["read"]),
        (&2.into(), &2.into())
    );
    assert_eq!(office.bytes(&layout::ACCESS2), before);
    assert_idle(&office);
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
fn a_dry_run_plans_the_same_and_leaves_every_byte() {
    let office = office().queue(
        &layout::SRVTRANS,
        &[
            (1, "R PCM:NET/PO"),
            (2, "A One\tPCM:NET/PO/ONE"),
            (3, "A Two\tSMTP:two@x.com"),
            (4, "D No\tPCM:NET/PO/NO"),
        ],
    );
    let before = office.snapshot();
    let dry = office
        .import("-q --dry-run --json --report {}/dry")
        .ends(1)
        .json();
    assert_eq!(office.snapshot(), before);
    let real = office.import("-q --json --report {}/real").ends(1).json();
    for key in ["read", "added", "refused", "commands", "exit"] {
        assert_eq!(dry[key], real[key], "{key}");
    }
    let lines = |file: &str| {
        let text = fs::read_to_string(office.beside(file)).expect("written");
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[..lines.len() - 1].to_vec()
    };
    assert_eq!(lines("dry"), lines("real"));
    let line = r#"{"entry":"PCM:NET/PO/ONE","name":"One","list":"PCM:NET/PO","action":"add","outcome":"added","reason":null,"message":null,"sync":2,"line":2}"#;
    assert!(
        lines("real").iter().any(|found| found == line),
        "{:?}",
        lines("real")
    );
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

#[test]
fn ds_p051_ds_p052_types_in_any_case_and_blank_lines_inside_records_are_taken() {
    let office = office().queue(
        &layout::SRVTRANS,
        &[
            (1, "R pcm:Net/Po"),
            (2, "A One\tpcm:net/po/one\r\n\r"),
            (3, "A Two\tPCM:NET/PO/TWO\r\n\r\n"),
        ],
    );
    office.import("-q").ends(0);
    assert_eq!(office.names("PCM:NET/PO"), ["One", "Two"]);
}

#[test]
fn ds_s030_a_postoffice_that_appears_is_said_with_a_hint_about_renaming() {
    let office = office()
        .queue(&layout::SRVTRANS, &[(1, "A New\tPCM:NET/NEWNAME/ONE")])
        .configure(|config| config.options = config.options.with(ReqOptions::CREATE_PO, true));
    let run = office.import("-q").ends(0);
    assert!(
        run.stdout
            .contains("delete its old definition): NET/NEWNAME"),
        "{}",
        run.stdout
    );
    assert_eq!(office.names("PCM:NET/NEWNAME"), ["New"]);
}

#[test]
fn ds_s068_a_server_that_is_no_longer_defined_under_its_name_is_55() {
    let office = Office::new("NET/REQ")
        .define(&["PCM:NEWNET/SRV"])
        .registered_with("OLDNET/SRV")
        .queue(&layout::SRVTRANS, &[(1, "A New\tPCM:NET/NEW/ONE")])
        .configure(|config| config.options = config.options.with(ReqOptions::CREATE_PO, true));
    let run = office.import("-q").ends(66);
    assert!(
        run.stderr
            .contains("Can't find Dir-Sync Server postoffice definition"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("OLDNET/SRV"), "{}", run.stderr);
    assert_eq!(office.queued(&layout::SRVTRANS).len(), 1);
}

#[test]
fn ds_s031_a_replace_of_another_list_is_taken() {
    let office = office().queue(
        &layout::SRVTRANS,
        &[(1, "A One\tPCM:NET/PO/ONE"), (2, "A Ten\tPCM:NET/PO10/TEN")],
    );
    office.import("-q").ends(0);
    office.put(&layout::SRVTRANS, &queue_bytes(&[(3, "R PCM:NET/PO")]));
    office.import("-q").ends(0);
    assert!(office.names("PCM:NET/PO").is_empty());
    assert_eq!(office.names("PCM:NET/PO10"), ["Ten"]);
}
