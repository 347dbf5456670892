//! SENT.LOG, RECV.LOG and SESSION.LOG.

use std::fs;

use dirsync::postoffice::layout::{RECV_LOG, SENT_LOG, SESSION_LOG};

use super::external;
use crate::support::mail::Draft;
use crate::support::{Office, run};

fn text(office: &Office, file: &dirsync::postoffice::File) -> String {
    String::from_utf8(office.bytes(file)).unwrap()
}

#[test]
fn ds_l024_what_is_sent_and_received_is_logged_in_the_published_columns() {
    let cactus = Office::new("BENSNET/CACTUS");
    let teazle = Office::new("BENSNET/TEAZLE").route("BENSNET/CACTUS", &cactus.direct());
    teazle.send(&[Draft::to("BENSNET/CACTUS"), Draft::to("BENSNET/TEAZLE")]);
    let sizes: Vec<_> = teazle
        .mails("P1/new")
        .iter()
        .map(|(_, bytes)| bytes.len())
        .collect();
    let args = [
        "-0".to_owned(),
        format!("-d{}", teazle.path().display()),
        "-MS".to_owned(),
        "-mr".to_owned(),
    ];
    run("external", args.to_vec(), |command| {
        command.env("DIRSYNC_NOW", "2000-01-31T23:52:10Z");
    })
    .ends(0);
    let line = |size: usize, to: &str| {
        format!("31-01-00 23:52 {size:>9}  BENSNET/TEAZLE/$SYSTEM   {to}\r\n")
    };
    let (there, here) = ("BENSNET/CACTUS/$SYSTEM", "BENSNET/TEAZLE/$SYSTEM");
    assert_eq!(
        text(&teazle, &SENT_LOG),
        line(sizes[0], there) + &line(sizes[1], here)
    );
    assert_eq!(text(&teazle, &RECV_LOG), line(sizes[1], here));
    assert_eq!(text(&cactus, &RECV_LOG), line(sizes[0], there));
    assert!(!cactus.exists(&SENT_LOG));
}

#[test]
fn nothing_is_logged_that_was_not_asked_for() {
    let own = Office::new("NET/OWN");
    own.send(&[Draft::to("NET/OWN")]);
    external(&[&own], "").ends(0);
    for file in [SENT_LOG, RECV_LOG, SESSION_LOG] {
        assert!(!own.exists(&file), "{file}");
    }
}

#[test]
fn ds_l021_the_session_is_logged_step_by_step_behind_its_instance() {
    let other = Office::new("NET/OTHER");
    let own = Office::new("NET/OWN").route("NET/OTHER", &other.direct());
    own.send(&[Draft::to("NET/OTHER")]);
    let name = own.mail_names("P1/new").remove(0);
    let drives = |command: &mut std::process::Command| {
        command
            .env("DIRSYNC_DRIVE_M", own.path())
            .env("DIRSYNC_DRIVE_N", other.path());
    };
    let args = |more: &str| {
        format!("-0 -dmn {more}")
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    };
    run("external", args("-l"), drives).ends(0);
    let at = "11-21-26 10:00 ";
    let expected = [
        "M: NET/OWN: Checking for dispatch mail...",
        "Delivering new mail to NET/OTHER.",
        "Sending mail (1)",
        "From: NET/OWN",
        "To: NET/OTHER",
        &format!("Transferring mail: mail file is: M:P1\\new\\{name}."),
        &format!("Target file: N:MBG\\SYSTEM\\new\\{name}"),
        "N: NET/OTHER: Checking for dispatch mail...",
        "No mail.",
    ]
    .map(|line| format!("{at}{line}\r\n"));
    assert_eq!(text(&own, &SESSION_LOG), expected.concat());

    let file = own.beside("session.log");
    let args = args(&format!("-l{} --instance LongInstance", file.display()));
    run("external", args, drives).ends(0);
    let log = fs::read_to_string(file).unwrap();
    assert!(
        log.starts_with("LongInstan 11-21-26 10:00 M: NET/OWN: Checking"),
        "{log}"
    );
}
