//! `import -e`: transactions for the dir-sync stream.

use std::fs;

use dirsync::postoffice::{File, layout};

use crate::support::Office;

fn office() -> Office {
    Office::new("NET/REQ")
        .define(&["PCM:NET/SRV", "SMTP"])
        .registered_with("NET/SRV")
}

#[test]
fn imp_s073_three_adds_get_the_next_three_numbers_and_no_list_changes() {
    let office = office()
        .numbers(7, 1, 1)
        .queue(&layout::REQTRANS, &[(7, "# Last confirmed ReqSync.")]);
    let text = "A Ann\tSMTP:a@x.com\nA Bob\tSMTP:b@x.com\nA Cid\tSMTP:c@x.com\n";
    office.import_text("-e", text).ends(0);
    let numbers: Vec<_> = office
        .queued(&layout::REQTRANS)
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(numbers, [7, 8, 9, 10]);
    assert_eq!(
        office.bytes(&File::gateway_nme("SMTP").expect("a type")),
        b""
    );
}

#[test]
fn imp_s074_a_d_goes_to_all_requestors_and_leaves_the_pol() {
    let office = office();
    office
        .import_text("", "A User1 alias\tPCM:NET/REQ/USER1\n")
        .ends(0);
    let pol = office.bytes(&layout::ADMIN_NME);
    office
        .import_text("-E", "D User1 alias                    PCM:NET/REQ/USER1\n")
        .ends(0);
    let queued = office.queued(&layout::REQTRANS);
    assert_eq!(
        queued.last().expect("queued").1,
        "D User1 alias\tPCM:NET/REQ/USER1"
    );
    assert_eq!(office.bytes(&layout::ADMIN_NME), pol);
}

#[test]
fn imp_s075_the_type_is_written_out_and_every_m_has_its_second_line() {
    let office = office();
    let text = "A George Jones                   ABC/TESTING/GJONES\n\
                M Lion, Leo\tSNADS:NET/PO/LION\n- Department:/2\nR SMTP:\n";
    office.import_text("-e", text).ends(0);
    let queued: Vec<_> = office
        .queued(&layout::REQTRANS)
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert_eq!(
        queued,
        [
            "A George Jones\tPCM:ABC/TESTING/GJONES",
            "M Lion, Leo\tSNADS:NET/PO/LION\r\n  Lion, Leo\tSNADS:NET/PO/LION\r\n- Department:/2",
            "R SMTP:",
        ]
    );
}

#[test]
fn a_missing_reqtrans_is_warning_2_and_not_made_in_silence() {
    let office = office();
    fs::remove_file(office.file(&layout::REQTRANS)).expect("there");
    office.import_text("-e", "A Ann\tSMTP:a@x.com\n").ends(66);
    assert!(!office.exists(&layout::REQTRANS));
    let log = office.log(&layout::DIRSYNC_LOG);
    assert!(
        log.contains(&"Warning[  2] Error opening file: REQTRANS".to_owned()),
        "{log:?}"
    );
}

#[test]
fn a_queue_that_starts_anew_goes_on_above_reqsync() {
    let office = office().numbers(40, 80, 1);
    let run = office.import_text("-e", "A Ann\tSMTP:a@x.com\n").ends(0);
    assert!(run.stdout.contains("ReqSync is 40"), "{}", run.stdout);
    assert_eq!(office.queued(&layout::REQTRANS)[0].0, 41);
}

#[test]
fn ds_p001_an_empty_queue_starts_with_1() {
    let office = office();
    office
        .import_text("-e", "A Ann\tSMTP:a@x.com\nA Bob\tSMTP:b@x.com\n")
        .ends(0);
    let numbers: Vec<_> = office
        .queued(&layout::REQTRANS)
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(numbers, [1, 2]);
}

#[test]
fn bad_lines_are_refused_and_numbers_stay_dense() {
    let office = office();
    let run = office.import_text(
        "-e --json",
        "A Ann\tSMTP:a@x.com\n!bad line\nA Bob\tUUCP:x\nA Cid\tSMTP:c@x.com\n",
    );
    let run = run.ends(1);
    assert_eq!(run.json()["refused"], 1);
    let numbers: Vec<_> = office
        .queued(&layout::REQTRANS)
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(numbers, [1, 2]);
}
