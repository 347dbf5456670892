//! Messages of strangers and liars: each refused with its number and kept, and nothing else suffers.

use std::fs;

use super::site::Site;
use super::t2::{foreign, three};

const D: &str = "NET/D";
const A: &str = "NET/A";

fn guarded() -> Site {
    let site = three();
    site.admin(
        D,
        "config dirsync server requestors modify NET/A --password secret",
    )
    .ends(0);
    site.admin(
        A,
        "config dirsync requestor registration NET/D --password secret",
    )
    .ends(0);
    site
}

fn refused_with(site: &Site, number: u16) {
    let log = site.last_log(D, "DIRSYNC");
    let tag = format!("[{number:>3}]");
    assert!(log.iter().any(|l| l.contains(&tag)), "{number}: {log:?}");
    let kept = site.quarantine(D);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].starts_with("DirSync-Refused: "), "{}", kept[0]);
    assert!(site.incoming(D).is_empty());
}

/// The record of A and the numbers of the server stay as they were.
fn untouched(site: &Site, run: impl FnOnce()) {
    let before = site.server_config();
    run();
    let after = site.server_config();
    assert_eq!(after.header.srv_sync, before.header.srv_sync);
    assert_eq!(after.requestors, before.requestors);
}

#[test]
fn a_signed_request_and_its_signed_answer_are_taken() {
    let site = guarded();
    site.user(A, "Amy");
    site.cycle();
    site.assert_converged();
    site.t1(A);
    let request = fs::read_to_string(&site.sent_to(A, D)[1].path).expect("readable");
    assert!(
        request.contains("DirSync-Signature: hmac-sha256 "),
        "{request}"
    );
    assert!(
        !request.to_uppercase().contains("SECRET"),
        "the password never travels"
    );
}

#[test]
fn a_wrong_or_missing_password_is_refused() {
    for line in [
        "password=wrong\n",
        "",
        "password=secre\n",
        "password=secret1\n",
    ] {
        let site = guarded();
        foreign(
            &site,
            "forged",
            &format!("task=export\nreqname=PCM:NET/A\n{line}transactions=inbody\n"),
            "99 R PCM:NET/A\n",
        );
        untouched(&site, || {
            site.t2_receive().ends(1);
        });
        refused_with(&site, 156);
    }
    // The published way, in any letter case.
    let site = guarded();
    foreign(
        &site,
        "true",
        "task=export\nreqname=PCM:NET/A\npassword=SECRET\ntransactions=inbody\n",
        "99 A New\tPCM:NET/A/NEW\n",
    );
    site.t2_receive().ends(0);
    assert_eq!(site.registered(A).0, 99);
}

#[test]
fn a_changed_message_is_refused() {
    let site = guarded();
    site.user(A, "Amy");
    site.t1(A);
    let request = site.sent_to(A, D)[1].clone();
    let text = fs::read_to_string(&request.path).expect("readable");
    let digest = text
        .lines()
        .find(|l| l.starts_with("DirSync-Digest"))
        .expect("a digest");
    // Without the digest only the signature tells.
    let forged = text
        .replace(&format!("{digest}\n"), "")
        .replace("SRVSEQ=3D000000000", "SRVSEQ=3D000000009");
    assert_ne!(forged, text);
    fs::remove_file(&request.path).expect("removed");
    site.carry();
    site.put_mail(D, "forged", &forged);
    site.t2_receive().ends(1);
    refused_with(&site, 156);
}

#[test]
fn a_replayed_message_is_a_duplicate() {
    let site = guarded();
    site.user(A, "Amy");
    site.t1(A);
    let bytes = fs::read(&site.sent_to(A, D)[1].path).expect("readable");
    site.carry();
    site.t2();
    site.carry();
    site.t3(A);
    fs::write(site.path(D).join("MBG/SYSTEM/new/replay"), bytes).expect("writable");
    untouched(&site, || {
        let json = site.run(D, "srvmain", "-r --json").ends(0).json();
        assert_eq!(json["mail"]["duplicates"], 1);
    });
    site.t2_transmit().ends(0);
    assert!(site.sent_to(D, A).is_empty());
}

#[test]
fn an_unsigned_answer_is_refused_where_a_password_is_registered() {
    let site = guarded();
    let text = "DirSync-From: PCM:NET/D\nDirSync-To: PCM:NET/A\nSubject: SrvTx\nMessage-ID: <f@x>\n\n[DIRSYNC]\n\
                TASK=IMPORT\nREQNAME=PCM:NET/A\nREQSEQ=999\nSRVSEQ=999\nIMPSEQ=9\nTRANSACTIONS=INBODY\n\n\
                [DIRSYNC-TRANSACTIONS]\n1 R PCM:NET/D\n";
    site.put_mail(A, "forged", text);
    let before = site.config(A);
    let run = site.run(A, "reqmain", "-r").ends(1);
    assert!(run.stdout.contains("[156]"), "{}", run.stdout);
    assert_eq!(site.config(A), before);
    assert_eq!(site.quarantine(A).len(), 1);
}

#[test]
fn an_answer_of_anybody_but_the_server_is_refused() {
    let site = three();
    let text = "DirSync-From: PCM:NET/B\nDirSync-To: PCM:NET/A\nSubject: SrvTx\nMessage-ID: <f@x>\n\n[DIRSYNC]\n\
                TASK=UPDATE\nREQNAME=PCM:NET/A\nREQSEQ=999\nSRVSEQ=999\nIMPSEQ=1\n";
    site.put_mail(A, "forged", text);
    let before = site.config(A);
    let run = site.run(A, "reqmain", "-r").ends(1);
    assert!(run.stdout.contains("[133]"), "{}", run.stdout);
    assert_eq!(site.config(A), before);
}

#[test]
fn a_postoffice_speaks_for_itself_alone() {
    let site = three();
    let text = "DirSync-From: PCM:NET/B\nDirSync-To: PCM:NET/D\nSubject: x\nMessage-ID: <f@x>\n\n[DIRSYNC]\n\
                TASK=UPDATEREQ\nREQNAME=PCM:NET/A\nREQSEQ=99\nSRVSEQ=1\n";
    site.put_mail(D, "forged", text);
    untouched(&site, || {
        site.t2_receive().ends(1);
    });
    refused_with(&site, 156);
}

#[test]
fn an_unknown_task_goes_to_the_administrator() {
    for profile in ["TASK=DELETEALL\nREQNAME=PCM:NET/A\n", "REQNAME=PCM:NET/A\n"] {
        let site = three();
        foreign(&site, "odd", profile, "");
        untouched(&site, || {
            site.t2_receive().ends(1);
        });
        refused_with(&site, 155);
        let notes = site.outgoing(D);
        assert!(
            notes
                .iter()
                .any(|note| note.subject().starts_with("Invalid DirSync profile from"))
        );
    }
}

#[test]
fn an_attachment_that_did_not_come_is_refused() {
    let site = three();
    foreign(
        &site,
        "none",
        "TASK=UPDATEREQ\nREQNAME=PCM:NET/A\nREQSEQ=99\nCOUNT=3\nTRANSACTIONS=INTERNAL\n",
        "",
    );
    untouched(&site, || {
        site.t2_receive().ends(1);
    });
    refused_with(&site, 116);
}

#[test]
fn software_before_3_0_is_refused() {
    let site = three();
    foreign(
        &site,
        "old",
        "TASK=UPDATEREQ\nREQNAME=PCM:NET/A\nVERSION=2.1\n",
        "",
    );
    untouched(&site, || {
        site.t2_receive().ends(1);
    });
    refused_with(&site, 157);
}

#[test]
fn every_cut_of_a_message_leaves_the_server_as_it_was_or_takes_all_of_it() {
    let site = three();
    site.user(A, "Amy");
    site.t1(A);
    let bytes = fs::read(&site.sent_to(A, D)[1].path).expect("readable");
    site.lose(A);
    let before = site.server_config();
    let sync = before.header.srv_sync.0;
    for step in 1..12 {
        let cut = bytes.len() * step / 12;
        fs::create_dir_all(site.path(D).join("MBG/SYSTEM/new")).expect("writable");
        fs::write(
            site.path(D).join(format!("MBG/SYSTEM/new/cut{step}")),
            &bytes[..cut],
        )
        .expect("writable");
    }
    let run = site.t2_receive();
    assert_eq!(run.exit, 1, "{}", run.stderr);
    assert_eq!(site.server_config().header.srv_sync.0, sync);
    assert_eq!(site.server_config().requestors, before.requestors);
    assert_eq!(site.quarantine(D).len(), 11);
}

#[test]
fn numbers_that_jump_are_taken_and_nobody_is_hurt() {
    let site = three();
    foreign(
        &site,
        "jump",
        "TASK=UPDATEREQ\nREQNAME=PCM:NET/A\nREQSEQ=4294967295\nSRVSEQ=4294967295\nIMPSEQ=4294967295\n\
         STAMP=4294967295\nWAS=4294967294\nTRANSACTIONS=INBODY\n",
        "4294967295 A Jump\tPCM:NET/A/JUMP\n",
    );
    site.t2_receive();
    site.t2_transmit();
    site.lose(D);
    // The others go on; what was put into the mouth of A costs A a full exchange.
    for _ in 0..4 {
        site.cycle();
    }
    assert_eq!(site.names_in("NET/B", D), ["Dan"]);
    assert!(site.server_config().header.stamp < u32::MAX - 1000);
}

#[test]
fn a_body_of_a_hundred_thousand_lines_is_read_in_order() {
    let site = three();
    let lines: String = (1..=100_000).map(|n| format!("{n} # comment\n")).collect();
    foreign(
        &site,
        "long",
        "task=export\nreqname=PCM:NET/A\ntransactions=inbody\n",
        &(lines + "100001 A Last\tPCM:NET/A/LAST\n"),
    );
    site.t2_receive().ends(0);
    assert_eq!(site.registered(A).0, 100_001);
}

#[test]
fn a_name_cannot_leave_its_directory_or_its_line() {
    let site = three();
    let names = [
        "PCM:../../etc",
        "PCM:NET/..",
        "PCM:NET/A\\..\\X",
        "PCM:NET/A/../../x",
    ];
    for (index, name) in names.iter().enumerate() {
        foreign(
            &site,
            &format!("n{index}"),
            &format!("task=export\nreqname={name}\n"),
            "",
        );
    }
    let text = "From: a@b\nSubject: x\r\n\tStatus report from NET/A\r\nBcc: victim@example.com\nMessage-ID: <h@x>\n\n\
                [DIRSYNC]\nTASK=EVIL\r\u{1b}[2J\nREQNAME=PCM:NET/A\n";
    site.put_mail(D, "injection", text);
    site.t2_receive().ends(1);
    for letter in site.outgoing(D) {
        let text = fs::read_to_string(&letter.path).expect("readable");
        let (header, _) = text.split_once("\n\n").expect("a header");
        assert!(!header.contains("Bcc"), "{header}");
    }
    let log = String::from_utf8(site.read(D, "LOG/DIRSYNC.LOG")).expect("text");
    assert!(!log.contains('\u{1b}'));
    assert_eq!(site.quarantine(D).len(), 5);
}
