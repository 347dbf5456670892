//! Mail that is not taken, and who is told.

use std::fs;

use super::{A, D, foreign, log_has, three};
use crate::cycle::site::Site;
use crate::cycle::t1::in_step;

#[test]
fn ds_p059_ds_l019_who_is_not_registered_is_refused_and_the_administrator_is_told() {
    let site = three();
    let before = site.server_config().requestors.len();
    foreign(
        &site,
        "one",
        "task=export\nreqname=PCM:NETWORK/POSTOFFICE\ntransactions=inbody\n",
        "1 A x\tPCM:N/P/X\n",
    );
    foreign(&site, "two", "task=export\nreqname=PCM:\n", "");
    site.t2_receive().ends(1);
    assert_eq!(site.server_config().requestors.len(), before);
    let log = site.last_log(D, "DIRSYNC");
    assert!(
        log.contains(&"Error  [158] Requestor not registered : PCM:NETWORK/POSTOFFICE".to_owned()),
        "{log:?}"
    );
    let notes: Vec<_> = site
        .outgoing(D)
        .into_iter()
        .filter(|l| !l.mail.envelope.to.is_system())
        .collect();
    let note = notes
        .iter()
        .find(|note| note.subject().contains("NETWORK/POSTOFFICE"))
        .expect("a note");
    assert_eq!(
        note.subject(),
        "Requestor not registered : PCM:NETWORK/POSTOFFICE"
    );
    assert!(
        note.text().contains("From: NETWORK/POSTOFFICE/$SYSTEM"),
        "{}",
        note.text()
    );
    assert_eq!(site.quarantine(D).len(), 2);
    assert!(site.incoming(D).is_empty());
}

#[test]
fn ds_l025_a_bounced_message_is_said_with_its_text() {
    let site = three();
    let text = "From: MAILER-DAEMON@example.com\nReturn-Path: <>\nSubject: Undelivered\nMessage-ID: <b@x>\n\n\
                User mail received addressed to the following unknown addresses:\nNETWORK/POSTOFFICE/admin\n\
                [030] 154 Message contains duplicate email address.\n";
    site.put_mail(D, "bounce", text);
    site.t1(A);
    site.carry();
    site.t2_receive().ends(1);
    let log = site.last_log(D, "DIRSYNC");
    let at = log
        .iter()
        .position(|l| l == "Warning[154] Non-delivery report")
        .expect("154");
    assert_eq!(
        log[at + 1..at + 4],
        [
            "Warning[   ] User mail received addressed to the following unknown addresses:",
            "Warning[   ] NETWORK/POSTOFFICE/admin",
            "Warning[   ] [030] 154 Message contains duplicate email address."
        ]
    );
    let note = &site.outgoing(D)[0];
    assert_eq!(note.to().to_lowercase(), "pcm:net/d/admin");
    assert!(
        note.text().contains("NETWORK/POSTOFFICE/admin"),
        "{}",
        note.text()
    );
}

#[test]
fn ds_s008_a_postoffice_that_is_no_server_says_so() {
    let site = in_step();
    for half in ["-r", "-t"] {
        let run = site.run(A, "srvmain", half).ends(78);
        assert!(
            run.stderr.contains("not a directory server"),
            "{}",
            run.stderr
        );
        let log = site.last_log(A, "DIRSYNC");
        assert!(
            log[1].starts_with("Fatal  [161] Server configuration busy"),
            "{log:?}"
        );
        assert_eq!(log[2], "Status       Server processing failure");
    }
}

#[test]
fn ds_s009_a_reply_to_the_server_itself_is_left_for_its_other_half() {
    let site = in_step();
    site.t1(D);
    site.carry();
    site.t2();
    site.carry();
    let before = site.incoming(D);
    assert_eq!(before.len(), 1);
    site.t1(A);
    site.carry();
    let json = site.run(D, "srvmain", "-r --json").ends(0).json();
    assert_eq!(json["mail"]["left"], 1);
    assert_eq!(site.incoming(D).len(), 1);
    site.t2_transmit().ends(0);
    let run = site.t3(D).ends(0);
    assert!(
        run.stdout.contains("Requestor updates received"),
        "{}",
        run.stdout
    );
    assert!(site.incoming(D).is_empty());
}

#[test]
fn ds_s011_ds_s012_passwords_belong_to_whole_names_and_none_lets_everybody_in() {
    let site = Site::new(&[D, "NET/PO10", "NET/PO1"]);
    let set = |office: &str, password: &str| {
        site.admin(
            D,
            &format!("config dirsync server requestors modify {office} --password {password}"),
        )
        .ends(0);
    };
    set("NET/PO10", "longer");
    set("NET/PO1", "short");
    foreign(
        &site,
        "ten",
        "task=export\nreqname=PCM:NET/PO10\npassword=LONGER\n",
        "",
    );
    site.t2_receive().ends(0);
    foreign(
        &site,
        "one",
        "task=export\nreqname=PCM:NET/PO1\npassword=longer\n",
        "",
    );
    site.t2_receive().ends(1);
    assert!(log_has(
        &site,
        "Error  [156] Invalid DirSync password from PCM:NET/PO1"
    ));
    foreign(
        &site,
        "own",
        "task=export\nreqname=PCM:NET/D\npassword=whatever\n",
        "",
    );
    site.t2_receive().ends(0);
}

#[test]
fn ds_s013_a_damaged_report_stops_nothing() {
    let site = in_step();
    site.t1(A);
    let letters = site.sent_to(A, D);
    let text = fs::read_to_string(&letters[0].path).expect("readable");
    let damaged = text.replacen("base64\n\n", "base64\n\n!!!!", 1);
    assert_ne!(damaged, text);
    fs::rename(
        &letters[0].path,
        site.path(D).join("MBG/SYSTEM/new/damaged"),
    )
    .expect("moved");
    fs::write(site.path(D).join("MBG/SYSTEM/new/damaged"), damaged).expect("writable");
    site.carry();
    site.t2_receive().ends(1);
    let log = site.last_log(D, "DIRSYNC");
    assert!(
        log.iter()
            .any(|l| l.starts_with("Warning[128] Could not process requestor status report")),
        "{log:?}"
    );
    site.t2_transmit().ends(0);
    assert_eq!(site.sent_to(D, A).len(), 1);
    assert_eq!(site.quarantine(D).len(), 1);
}

#[test]
fn a_damaged_configuration_is_said_by_the_published_pair() {
    let site = in_step();
    let mut bytes = site.read(D, "GLB/SRVCONF.GLB");
    bytes[1100] ^= 1;
    site.put(D, "GLB/SRVCONF.GLB", &bytes);
    site.t2_receive().ends(65);
    let log = site.last_log(D, "DIRSYNC");
    assert_eq!(log[1], "Error  [157] DirSync software version out of sync");
    assert!(
        log[2].starts_with("Fatal  [161] Server configuration busy"),
        "{log:?}"
    );
}
