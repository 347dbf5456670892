//! Mail that goes through a real mail system on loopback.

use std::fs;

use dirsync::codec::codepage::CodePage;
use dirsync::protocol::mail::{FaultKind, SignatureCheck, SignatureKey};

use super::{count, external};
use crate::support::Office;
use crate::support::mail::{Draft, PASSWORD, mails_in};
use crate::support::mta::Mta;

const BODY: &str = "[DIRSYNC]\r\nTASK=UPDATE\r\n\r\n[DIRSYNC-TRANSACTIONS]\r\n\
    0000000001 A User One \t PCM:NET/A/one  \r\n.\r\nFrom here\r\n";

fn queue() -> Vec<u8> {
    (0..300_000_u32)
        .map(|n| (n.wrapping_mul(7919) >> 5) as u8)
        .collect()
}

/// Asserts that a postoffice got one message, whole and signed.
#[track_caller]
fn assert_arrived(office: &Office, queue: &[u8]) {
    let mut mails = office.received();
    assert_eq!(mails.len(), 1);
    let mail = mails.remove(0).expect("a whole message");
    assert_eq!(
        String::from_utf8_lossy(&mail.body).trim_end(),
        BODY.trim_end()
    );
    assert!(mail.transactions().expect("transactions").bytes == queue);
    let key = SignatureKey::new(PASSWORD, CodePage::Cp850).unwrap();
    assert_eq!(
        mail.check_signature(&key, CodePage::Cp850),
        SignatureCheck::Valid
    );
}

#[test]
fn mail_goes_through_postfix_by_smtp_and_by_sendmail() {
    let (a, b) = (Office::new("NET/A"), Office::new("NET/B"));
    let boxes = [a.path().join("MBG/SYSTEM"), b.path().join("MBG/SYSTEM")];
    let mta = Mta::start(&[("a@po.test", &boxes[0]), ("b@po.test", &boxes[1])]);
    let a = a.route("NET/B", "mail:b@po.test");
    let b = b.route("NET/A", "mail:a@po.test");
    let queue = queue();
    let draft = |to| Draft {
        body: BODY,
        attachment: Some(&queue),
        ..Draft::to(to)
    };
    a.send(&[draft("NET/B")]);
    let smtp = format!("--smtp {} --mail-from a@po.test --json", mta.address());
    let ran = external(&[&a], &smtp).ends(0);
    assert_eq!(count(&ran, "mailed"), 1);
    assert!(a.mail_names("P1/new").is_empty());
    mta.wait_for(&boxes[1], 1);
    assert_arrived(&b, &queue);
    let (_, bytes) = b.mails("MBG/SYSTEM/new").remove(0);
    let text = String::from_utf8(bytes).expect("ASCII");
    assert!(text.starts_with("Return-Path: <a@po.test>\n"), "{text}");
    assert!(text.contains("\nFrom: \"PCM:NET/A\" <a@po.test>\nTo: \"PCM:NET/B\" <b@po.test>\n"));

    // Back by sendmail; where from, the mail route of A to B says.
    b.send(&[draft("NET/A")]);
    let sendmail = format!("--sendmail={} --json", mta.sendmail().display());
    let ran = external(&[&b], &sendmail).ends(0);
    assert_eq!(count(&ran, "mailed"), 1);
    mta.wait_for(&boxes[0], 1);
    assert_arrived(&a, &queue);
}

#[test]
fn what_the_mail_system_refuses_or_returns_comes_back_as_154() {
    let (a, b) = (Office::new("NET/A"), Office::new("NET/B"));
    let shared = a.beside("shared");
    let mta = Mta::start(&[("dirsync@po.test", &shared)]);
    let a = a
        .route("NET/B", "mail:nobody@po.test")
        .route("NET/C", "mail:c@elsewhere.test");
    // Nobody of that name: refused at once, and for good.
    let ids = a.send(&[Draft::to("NET/B")]);
    let smtp = format!(
        "--smtp {} --mail-from dirsync@po.test --json",
        mta.address()
    );
    let ran = external(&[&a], &smtp).ends(1);
    assert_eq!(
        (count(&ran, "returned"), count(&ran, "delivered")),
        (1, 1),
        "{}",
        ran.stdout
    );
    let fault = a.received().remove(0).expect_err("a report");
    let report = fault.kind.report().expect("its text");
    assert_eq!(report.about.as_ref(), Some(&ids[0]));
    assert!(report.lines[2].contains("User unknown"), "{report}");
    fs::remove_dir_all(a.path().join("MBG/SYSTEM")).unwrap();

    // Taken, and returned later by the mail system to the address that mail comes from.
    let ids = a.send(&[Draft {
        date: 5,
        ..Draft::to("NET/C")
    }]);
    let sendmail = format!(
        "--sendmail={} --mail-from dirsync@po.test",
        mta.sendmail().display()
    );
    external(&[&a], &sendmail).ends(0);
    mta.wait_for(&shared, 1);
    let (_, bounce) = mails_in(&shared.join("new")).remove(0);
    assert!(String::from_utf8_lossy(&bounce).contains("multipart/report"));
    external(&[&b, &a], &format!("--from-maildir={}", shared.display())).ends(0);
    let fault = a.received().remove(0).expect_err("a report");
    assert_eq!(fault.number(), 154);
    let FaultKind::NonDelivery(report) = &fault.kind else {
        panic!("{fault}");
    };
    assert_eq!(report.about.as_ref(), Some(&ids[0]));
    assert!(
        report.to_string().contains("sends nothing to the outside"),
        "{report}"
    );
    assert!(b.received().is_empty());
}

#[test]
fn a_relay_that_is_not_there_costs_a_try_and_nothing_else() {
    let own = Office::new("NET/OWN").route("NET/FAR", "mail:far@po.test");
    own.send(&[
        Draft::to("NET/FAR"),
        Draft::to("NET/FAR"),
        Draft::to("NET/OWN"),
    ]);
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let ran = external(&[&own], &format!("--smtp 127.0.0.1:{port} --json")).ends(1);
    assert_eq!((count(&ran, "waiting"), count(&ran, "delivered")), (2, 1));
    for name in own.mail_names("P1/new") {
        assert!(name.ends_with(",R=1"), "{name}");
    }
}
