//! Messages that cannot go where they are addressed to, and those that are none.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use dirsync::postoffice::layout::SYSTEM_LOG;
use dirsync::protocol::mail::{FaultKind, MailKind, NonDelivery};

use super::{count, external};
use crate::support::Office;
use crate::support::mail::Draft;

/// Returns the one report that a postoffice got.
#[track_caller]
fn report(office: &Office) -> NonDelivery {
    let mut mails = office.received();
    assert_eq!(mails.len(), 1);
    let fault = mails
        .remove(0)
        .expect_err("a report is no dir-sync message");
    assert_eq!(fault.number(), 154);
    match fault.kind {
        FaultKind::NonDelivery(report) => *report,
        other => panic!("{other}"),
    }
}

#[test]
fn ds_s046_after_three_tries_a_message_goes_back_to_the_sender() {
    let own = Office::new("NET/OWN").route("NET/GONE", "direct:/nowhere/at/all");
    let ids = own.send(&[Draft::to("NET/GONE")]);
    let name = own.mail_names("P1/new").remove(0);
    for tries in 1..3 {
        let ran = external(&[&own], "--json").ends(1);
        assert_eq!(count(&ran, "waiting"), 1);
        assert_eq!(own.mail_names("P1/new"), [format!("{name},R={tries}")]);
        assert!(own.received().is_empty());
    }
    let ran = external(&[&own], "--json").ends(1);
    assert_eq!((count(&ran, "returned"), count(&ran, "delivered")), (1, 1));
    assert!(own.mail_names("P1/new").is_empty());
    let found = report(&own);
    assert_eq!(found.about.as_ref(), Some(&ids[0]));
    assert_eq!(
        found.lines[0],
        "Mail could not be delivered to the following addresses:"
    );
    assert_eq!(found.lines[1], "NET/GONE/$SYSTEM");
    assert!(
        found.lines[2].starts_with("Reason: /nowhere/at/all: no postoffice here"),
        "{found}"
    );
    assert_eq!(found.lines[3], "Tries: 3");
    let log = String::from_utf8(own.bytes(&SYSTEM_LOG)).unwrap();
    assert_eq!(log.lines().count(), 3);
    assert!(
        log.starts_with("11-21-26 10:00 NET/OWN/$SYSTEM -> NET/GONE/$SYSTEM: /nowhere/at/all: ")
    );
    external(&[&own], "").ends(0);
}

#[test]
fn the_number_of_tries_can_be_chosen_and_a_route_that_comes_back_is_used() {
    let gone = Office::new("NET/GONE");
    let own = Office::new("NET/OWN").route("NET/GONE", &gone.direct());
    let ids = own.send(&[Draft::to("NET/GONE")]);
    let name = own.mail_names("P1/new").remove(0);
    let away = gone.beside("away");
    fs::rename(gone.path(), &away).unwrap();
    for _ in 0..5 {
        external(&[&own], "--retries 9").ends(1);
    }
    fs::rename(&away, gone.path()).unwrap();
    external(&[&own], "--retries 9").ends(0);
    assert_eq!(gone.received_ids(), ids);
    assert_eq!(
        gone.mail_names("MBG/SYSTEM/new"),
        [name],
        "under its first name"
    );
    own.send(&[Draft::to("NET/GONE")]);
    fs::rename(gone.path(), &away).unwrap();
    let ran = external(&[&own], "--retries 1 --json").ends(1);
    assert_eq!(count(&ran, "returned"), 1);
}

#[test]
fn ds_l025_an_unknown_address_comes_back_at_once_in_the_published_words() {
    let other = Office::new("NET/OTHER");
    let own = Office::new("NETWORK/POSTOFFICE").route("NET/OTHER", &other.direct());
    for (to, shown, reason) in [
        (
            "NETWORK/POSTOFFICE/nobody",
            "NETWORK/POSTOFFICE/nobody",
            "NETWORK/POSTOFFICE has no mailbox nobody",
        ),
        (
            "NET/OTHER/nobody",
            "NET/OTHER/nobody",
            "NET/OTHER has no mailbox nobody",
        ),
        (
            "NET/UNKNOWN",
            "NET/UNKNOWN/$SYSTEM",
            "postoffice NET/UNKNOWN is not defined here",
        ),
    ] {
        own.send(&[Draft {
            kind: MailKind::Note,
            ..Draft::to(to)
        }]);
        external(&[&own, &other], "").ends(1);
        let found = report(&own);
        let expected = [
            "[030] User mail received addressed to the following unknown addresses:".to_owned(),
            shown.to_owned(),
            format!("Reason: {reason}"),
        ];
        assert_eq!(found.lines[..3], expected);
        fs::remove_dir_all(own.path().join("MBG/SYSTEM")).unwrap();
    }
}

#[test]
fn a_circle_of_routes_is_seen_and_the_sender_told() {
    let (a, b) = (Office::new("NET/A"), Office::new("NET/B"));
    let own = Office::new("NET/OWN")
        .route("NET/A", &a.direct())
        .route("NET/B", &b.direct())
        .route("NET/FAR", "indirect:NET/A");
    let a = a
        .route("NET/B", &b.direct())
        .route("NET/FAR", "indirect:NET/B");
    let b = b
        .route("NET/A", &a.direct())
        .route("NET/OWN", &own.direct())
        .route("NET/FAR", "indirect:NET/A");
    own.send(&[Draft::to("NET/FAR")]);
    let ran = external(&[&own, &a, &b], "--json").ends(1);
    // From OWN to A to B; there the route leads back to A, where it was.
    assert_eq!((count(&ran, "relayed"), count(&ran, "returned")), (2, 1));
    let found = report(&own);
    assert_eq!(
        found.lines[2],
        "Reason: circular route: it leads back to NET/A"
    );
    for office in [&own, &a, &b] {
        assert!(office.mail_names("P1/new").is_empty());
    }
}

#[test]
fn a_report_is_never_reported_on() {
    let far = Office::new("NET/FAR");
    let own = Office::new("NET/OWN").route("NET/FAR", &far.direct());
    let far = far.route("NET/NONE", "none");
    // The sender cannot be reached from where the message gets stuck.
    own.send(&[Draft::to("NET/FAR/nobody")]);
    for (name, bytes) in own.mails("P1/new") {
        fs::create_dir_all(far.path().join("P1/new")).unwrap();
        fs::write(far.path().join("P1/new").join(name), bytes).unwrap();
    }
    let ran = external(&[&far], "--json").ends(1);
    assert_eq!(
        (count(&ran, "returned"), count(&ran, "quarantined")),
        (1, 1)
    );
    assert!(far.mail_names("P1/new").is_empty());
    let kept = far.mails("MBG/QUARANT/new");
    assert_eq!(kept.len(), 1);
    assert!(
        kept[0]
            .1
            .starts_with(b"DirSync-Refused: postoffice NET/OWN is not defined here\n")
    );
    external(&[&far], "").ends(0);
}

#[test]
fn a_postoffice_that_cannot_be_written_keeps_its_mail_waiting() {
    let other = Office::new("NET/OTHER");
    let hub = Office::new("NET/HUB");
    let own = Office::new("NET/OWN")
        .route("NET/OTHER", &other.direct())
        .route("NET/HUB", &hub.direct())
        .route("NET/FAR", "indirect:NET/HUB");
    let ids = own.send(&[
        Draft::to("NET/OTHER"),
        Draft::to("NET/FAR"),
        Draft::to("NET/OWN"),
    ]);
    let system = other.path().join("MBG/SYSTEM");
    fs::create_dir_all(system.join("tmp")).unwrap();
    fs::set_permissions(system.join("tmp"), fs::Permissions::from_mode(0o555)).unwrap();
    fs::remove_dir_all(hub.path().join("P1")).unwrap();
    let ran = external(&[&own], "--json").ends(1);
    assert_eq!((count(&ran, "waiting"), count(&ran, "delivered")), (2, 1));
    fs::set_permissions(system.join("tmp"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(hub.path().join("P1")).unwrap();
    external(&[&own], "").ends(0);
    assert_eq!(other.received_ids(), ids[..1]);
    assert_eq!(hub.mail_names("P1/new").len(), 1);
}

#[test]
fn what_is_delivered_and_cannot_be_removed_is_said_and_delivered_once() {
    let other = Office::new("NET/OTHER");
    let own = Office::new("NET/OWN").route("NET/OTHER", &other.direct());
    let ids = own.send(&[Draft::to("NET/OTHER"), Draft::to("NET/OWN")]);
    let log = own.path().join("LOG/SENT.LOG");
    fs::write(&log, "").unwrap();
    fs::set_permissions(&log, fs::Permissions::from_mode(0o444)).unwrap();
    let ran = external(&[&own], "-ms -v").ends(73);
    let said = "NET/OWN/$SYSTEM -> NET/OTHER/$SYSTEM: delivered (direct:";
    assert!(ran.stdout.contains(said), "{}", ran.stdout);
    assert!(
        ran.stdout
            .contains("it stays here as well: LOG/SENT.LOG: cannot be changed: read-only")
    );
    assert!(ran.stdout.contains("2 read, 1 delivered, 1 waiting"));
    assert_eq!(own.mail_names("P1/new").len(), 2);
    external(&[&own], "").ends(0);
    assert_eq!(other.received_ids(), ids[..1]);
    assert_eq!(own.received_ids(), ids[1..]);
}

#[test]
fn what_came_in_and_cannot_be_sent_on_stays_as_it_is() {
    let far = Office::new("NET/FAR");
    let hub = Office::new("NET/HUB").route("NET/FAR", &far.direct());
    let own = Office::new("NET/OWN").route("NET/FAR", "none");
    own.send(&[
        Draft::to("NET/FAR"),
        Draft::to("NET/NOWHERE"),
        Draft::to("NET/HUB/nobody"),
    ]);
    let new = hub.path().join("MBG/SYSTEM/new");
    fs::create_dir_all(&new).unwrap();
    for (name, bytes) in own.mails("P1/new") {
        fs::write(new.join(name), bytes).unwrap();
    }
    fs::create_dir_all(far.path().join("MBG/SYSTEM/tmp")).unwrap();
    fs::set_permissions(
        far.path().join("MBG/SYSTEM/tmp"),
        fs::Permissions::from_mode(0o555),
    )
    .unwrap();
    let before = hub.mails("MBG/SYSTEM/new");
    for _ in 0..4 {
        let ran = external(&[&hub], "--json").ends(1);
        assert_eq!((count(&ran, "read"), count(&ran, "waiting")), (1, 1));
    }
    assert_eq!(hub.mails("MBG/SYSTEM/new"), before);
    assert!(hub.mail_names("P1/new").is_empty());
}

#[test]
fn the_path_of_a_route_must_lead_to_the_postoffice_that_is_meant() {
    let other = Office::new("NET/OTHER");
    let own = Office::new("NET/OWN").route("NET/PEER", &other.direct());
    own.send(&[Draft::to("NET/PEER")]);
    let ran = external(&[&own], "").ends(1);
    assert!(
        ran.stdout
            .contains("the route to NET/PEER leads to NET/OTHER"),
        "{}",
        ran.stdout
    );
    assert!(other.mail_names("MBG/SYSTEM/new").is_empty());
}

#[test]
fn without_a_mail_system_mail_waits_and_is_not_counted_as_tried() {
    let own = Office::new("NET/OWN").route("NET/FAR", "mail:far@po.test");
    own.send(&[Draft::to("NET/FAR")]);
    let before = own.mail_names("P1/new");
    for _ in 0..4 {
        let ran = external(&[&own], "-v").ends(1);
        assert!(
            ran.stdout
                .contains("waiting (mail:far@po.test): no mail system was given"),
            "{}",
            ran.stdout
        );
    }
    assert_eq!(own.mail_names("P1/new"), before);
}

#[test]
fn hostile_mail_never_stops_the_pass() {
    let other = Office::new("NET/OTHER");
    let own = Office::new("NET/OWN").route("NET/OTHER", &other.direct());
    let ids = own.send(&[Draft::to("NET/OTHER")]);
    let whole = own.mails("P1/new").remove(0).1;
    let new = own.path().join("P1/new");
    let text = String::from_utf8(whole.clone()).unwrap();
    let hostile: Vec<(&str, Vec<u8>)> = vec![
        ("0.empty", Vec::new()),
        (
            "0.random",
            (0..5000_u32)
                .map(|n| (n.wrapping_mul(n) >> 3) as u8)
                .collect(),
        ),
        ("0.cut", whole[..40].to_vec()),
        ("0.nobody", b"Subject: x\n\nx\n".to_vec()),
        (
            "0.long",
            format!("Subject: {}\n\nx", "x".repeat(1 << 20)).into_bytes(),
        ),
        (
            "0.many",
            [&b"DirSync-To: PCM:NET/OTHER\n"[..], &whole].concat(),
        ),
        (
            "0.path",
            text.replace("DirSync-To: PCM:NET/OTHER", "DirSync-To: PCM:../../etc")
                .into_bytes(),
        ),
        (
            "0.mailbox",
            text.replace(
                "DirSync-To: PCM:NET/OTHER",
                "DirSync-To: PCM:NET/OTHER/../../x",
            )
            .into_bytes(),
        ),
        ("0.hop", [&b"DirSync-Hop: ../..\n"[..], &whole].concat()),
    ];
    for (name, bytes) in &hostile {
        fs::write(new.join(name), bytes).unwrap();
    }
    fs::create_dir(new.join("1.directory")).unwrap();
    symlink("/etc/passwd", new.join("1.link")).unwrap();
    fs::write(new.join("1.name with blank"), &whole).unwrap();
    let ran = external(&[&own], "--json").ends(1);
    assert_eq!(count(&ran, "quarantined"), hostile.len() as u64);
    assert_eq!(count(&ran, "delivered"), 1);
    assert_eq!(
        ran.json()["messages"].as_array().unwrap().len(),
        3,
        "{}",
        ran.stdout
    );
    assert_eq!(other.received_ids(), ids);
    let kept = own.mails("MBG/QUARANT/new");
    assert_eq!(kept.len(), hostile.len());
    for (name, bytes) in &hostile {
        let (_, found) = kept.iter().find(|(kept, _)| kept == name).unwrap();
        assert!(
            found.starts_with(b"DirSync-Refused: [115] ") && found.ends_with(bytes),
            "{name}"
        );
    }
    let outside: Vec<_> = fs::read_dir(own.beside(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(outside, ["PO"]);
}

#[test]
fn a_doubled_message_is_taken_once_and_another_one_is_not_lost_under_its_name() {
    let other = Office::new("NET/OTHER");
    let own = Office::new("NET/OWN").route("NET/OTHER", &other.direct());
    own.send(&[Draft::to("NET/OTHER")]);
    let (name, bytes) = own.mails("P1/new").remove(0);
    external(&[&own], "").ends(0);
    // The same file again: an interrupted run, or a copy of the postoffice.
    fs::write(own.path().join("P1/new").join(&name), &bytes).unwrap();
    external(&[&own], "").ends(0);
    assert_eq!(
        other.mail_names("MBG/SYSTEM/new"),
        std::slice::from_ref(&name)
    );
    // Another message of that name.
    own.send(&[Draft {
        body: "[DIRSYNC]\r\nTASK=OTHER\r\n",
        ..Draft::to("NET/OTHER")
    }]);
    let (other_name, _) = own.mails("P1/new").remove(0);
    let new = own.path().join("P1/new");
    fs::rename(new.join(other_name), new.join(&name)).unwrap();
    external(&[&own], "").ends(0);
    let names = other.mail_names("MBG/SYSTEM/new");
    assert_eq!(names.len(), 2);
    assert!(names[1].starts_with(&format!("{name}.")), "{names:?}");
    assert_eq!(other.received_ids().len(), 2);
}
