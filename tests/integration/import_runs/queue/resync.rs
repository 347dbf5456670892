//! Resync files: whose they are, how their numbers stand, and what goes with them.

use std::fs;

use dirsync::postoffice::{Dir, File, layout};

use super::{assert_idle, office};
use crate::support::{queue_bytes, resync_bytes, resync_header};

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
