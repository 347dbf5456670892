//! Messages that go where they are addressed to.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use dirsync::codec::codepage::CodePage;
use dirsync::postoffice::{Holder, Postoffice};
use dirsync::protocol::mail::{MailKind, SignatureCheck, SignatureKey};

use super::{count, external};
use crate::support::mail::{Draft, PASSWORD};
use crate::support::{Office, run};

const NEW: &str = "MBG/SYSTEM/new";

#[test]
fn ds_c030_the_servers_own_mail_comes_back_to_itself_once() {
    let dss = Office::new("NET/DSS");
    let status = Draft {
        subject: "Status report from NET/DSS",
        ..Draft::to("NET/DSS")
    };
    let ids = dss.send(&[status, Draft::to("NET/DSS")]);
    let ran = external(&[&dss], "-a --json").ends(0);
    assert_eq!((count(&ran, "read"), count(&ran, "delivered")), (2, 2));
    // DS-P007: the status report first, the request second.
    assert_eq!(dss.received_ids(), ids);
    assert!(dss.mail_names("P1/new").is_empty());

    let before = dss.snapshot();
    let again = external(&[&dss], "-a --json").ends(0);
    assert_eq!(count(&again, "read"), 0);
    assert!(
        before == dss.snapshot(),
        "the second pass finds nothing to do"
    );
}

#[test]
fn ds_s072_without_any_other_postoffice_there_is_no_error_and_no_question() {
    let own = Office::new("NET/OWN");
    let ran = external(&[&own], "-a").ends(0);
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("NET/OWN: 0 read\n", "")
    );
}

#[test]
fn mail_goes_to_postoffices_that_are_given_or_that_a_path_leads_to() {
    let given = Office::new("NET/GIVEN");
    let elsewhere = Office::new("NET/ELSEWHERE");
    let own = Office::new("NET/OWN")
        .route("NET/GIVEN", "none")
        .route("NET/ELSEWHERE", &elsewhere.direct());
    let to_given = own.send(&[Draft::to("net/given")]);
    let to_elsewhere = own.send(&[Draft {
        date: 1_795_255_201,
        ..Draft::to("NET/ELSEWHERE")
    }]);
    let ran = external(&[&own, &given], "--json").ends(0);
    assert_eq!(count(&ran, "delivered"), 2);
    assert_eq!(given.received_ids(), to_given);
    assert_eq!(elsewhere.received_ids(), to_elsewhere);
    let key = SignatureKey::new(PASSWORD, CodePage::Cp850).unwrap();
    let mail = given.received().remove(0).unwrap();
    assert_eq!(
        mail.check_signature(&key, CodePage::Cp850),
        SignatureCheck::Valid
    );
    // The mail of another postoffice's P1 is not touched by who delivers to it.
    elsewhere.send(&[Draft::to("NET/OWN")]);
    external(&[&own], "").ends(0);
    assert_eq!(elsewhere.mail_names("P1/new").len(), 1);
}

#[test]
fn mail_goes_through_a_hub_in_one_pass_whatever_the_order() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]] {
        let far = Office::new("NET/FAR");
        let hub = Office::new("NET/HUB").route("NET/FAR", &far.direct());
        let own = Office::new("NET/OWN")
            .route("NET/HUB", &hub.direct())
            .route("NET/FAR", "indirect:NET/HUB");
        let ids = own.send(&[Draft::to("NET/FAR")]);
        let all = [&own, &hub, &far];
        let ran = external(&order.map(|n| all[n]), "--json").ends(0);
        assert_eq!(
            (count(&ran, "relayed"), count(&ran, "delivered")),
            (1, 1),
            "{order:?}"
        );
        assert_eq!(far.received_ids(), ids);
        let (_, bytes) = far.mails(NEW).remove(0);
        assert!(bytes.starts_with(b"DirSync-Hop: PCM:NET/OWN\n"));
        for office in all {
            assert!(office.mail_names("P1/new").is_empty());
        }
    }
}

#[test]
fn a_hub_that_is_not_given_sends_on_when_its_own_pass_runs() {
    let far = Office::new("NET/FAR");
    let hub = Office::new("NET/HUB").route("NET/FAR", &far.direct());
    let own = Office::new("NET/OWN")
        .route("NET/HUB", &hub.direct())
        .route("NET/FAR", "indirect:NET/HUB");
    own.send(&[Draft::to("NET/FAR")]);
    let ran = external(&[&own], "--json").ends(0);
    assert_eq!((count(&ran, "relayed"), count(&ran, "delivered")), (1, 0));
    assert_eq!(hub.mail_names("P1/new").len(), 1);
    external(&[&hub], "").ends(0);
    assert_eq!(far.received_ids().len(), 1);
}

#[test]
fn a_hub_sends_on_what_a_mail_system_brought_it() {
    let far = Office::new("NET/FAR");
    let hub = Office::new("NET/HUB").route("NET/FAR", &far.direct());
    let own = Office::new("NET/OWN").route("NET/FAR", "none");
    let ids = own.send(&[Draft::to("NET/FAR"), Draft::to("NET/HUB")]);
    for (name, bytes) in own.mails("P1/new") {
        fs::create_dir_all(hub.path().join(NEW)).unwrap();
        fs::write(hub.path().join(NEW).join(name), bytes).unwrap();
    }
    let ran = external(&[&hub], "--json").ends(0);
    assert_eq!(
        count(&ran, "read"),
        1,
        "its own mail is for the programs that take it"
    );
    assert_eq!(far.received_ids(), ids[..1]);
    assert_eq!(hub.received_ids(), ids[1..]);
}

#[test]
fn q128627_a_name_of_nine_characters_is_not_one_of_ten() {
    let nine = Office::new("NETWORK/POSTOFFIC");
    let ten = Office::new("NETWORK/POSTOFFICE");
    let own = Office::new("NETWORK/OWN")
        .route("NETWORK/POSTOFFIC", &nine.direct())
        .route("NETWORK/POSTOFFICE", "indirect:NETWORK/POSTOFFIC");
    let ids = own.send(&[
        Draft::to("NETWORK/POSTOFFIC"),
        Draft::to("NETWORK/POSTOFFICE"),
    ]);
    let nine = nine.route("NETWORK/POSTOFFICE", &ten.direct());
    external(&[&own, &nine], "").ends(0);
    assert_eq!(nine.received_ids(), ids[..1]);
    assert_eq!(ten.received_ids(), ids[1..]);
}

#[test]
fn notes_to_people_lie_in_their_own_maildir() {
    let own = Office::new("NET/OWN");
    let other = Office::new("NET/OTHER");
    let note = |to, date| Draft {
        kind: MailKind::Note,
        date,
        ..Draft::to(to)
    };
    own.send(&[note("NET/OWN/admin", 1), note("NET/OTHER/ADMIN", 2)]);
    external(&[&own, &other], "").ends(0);
    for office in [&own, &other] {
        let boxes: Vec<_> = fs::read_dir(office.path().join("MBG"))
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().join("new").is_dir() && entry.file_name() != "SYSTEM")
            .collect();
        assert_eq!(boxes.len(), 1);
        // The mailbag of the administrator, beside its MBG file.
        let maildir = boxes[0].path();
        assert!(
            maildir.with_extension("MBG").exists(),
            "{}",
            maildir.display()
        );
        assert_eq!(fs::read_dir(maildir.join("new")).unwrap().count(), 1);
        assert!(maildir.join("tmp").is_dir() && maildir.join("cur").is_dir());
        assert!(office.mail_names(NEW).is_empty());
    }
}

#[test]
fn ds_s047_there_is_no_limit_on_the_size_of_dir_sync_mail() {
    let other = Office::new("NET/OTHER");
    let own = Office::new("NET/OWN").route("NET/OTHER", &other.direct());
    let queue: Vec<u8> = (0..5_000_000_u32)
        .map(|n| (n.wrapping_mul(7919) >> 3) as u8)
        .collect();
    own.send(&[Draft {
        attachment: Some(&queue),
        ..Draft::to("NET/OTHER")
    }]);
    external(&[&own], "").ends(0);
    let mail = other.received().remove(0).unwrap();
    assert!(mail.transactions().unwrap().bytes == queue);
}

#[test]
fn a_postoffice_that_somebody_holds_is_passed_over_and_the_others_are_served() {
    let free = Office::new("NET/FREE");
    let held = Office::new("NET/HELD").route("NET/FREE", "none");
    let other = Office::new("NET/OTHER").route("NET/HELD", "none");
    held.send(&[Draft::to("NET/FREE")]);
    let to_held = other.send(&[Draft::to("NET/HELD")]);
    let now = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
    let lock =
        Postoffice::open_write(&held.path(), Holder::new("reqmain", "Admin", "A", now)).unwrap();
    let ran = external(&[&held, &other, &free], "--json").ends(75);
    assert_eq!(ran.json()["busy"][0], "NET/HELD");
    assert!(ran.stdout.contains("locked by reqmain"), "{}", ran.stdout);
    drop(lock);
    // What the other one had for it is there: delivery into a Maildir needs no lock.
    assert_eq!(held.received_ids(), to_held);
    assert_eq!(held.mail_names("P1/new").len(), 1);
    external(&[&held, &other, &free], "").ends(0);
    assert_eq!(free.received_ids().len(), 1);
}

#[test]
fn a_range_of_drives_is_served_and_gaps_in_it_are_none() {
    let m = Office::new("NET/M").route("NET/P", "none");
    let p = Office::new("NET/P");
    m.send(&[Draft::to("NET/P")]);
    let args = |range: &str| {
        vec![
            "-0".to_owned(),
            format!("-d{range}"),
            "-a".to_owned(),
            "-q1".to_owned(),
        ]
    };
    let drives = |command: &mut std::process::Command| {
        command
            .env("DIRSYNC_DRIVE_M", m.path())
            .env("DIRSYNC_DRIVE_P", p.path());
        command
            .env_remove("DIRSYNC_DRIVE_N")
            .env_remove("DIRSYNC_DRIVE_O");
    };
    run("external", args("mp"), drives).ends(0);
    assert_eq!(p.received_ids().len(), 1);
    let ran = run("external", args("NP"), drives).ends(66);
    assert!(
        ran.stdout.contains("drive N is not defined"),
        "the home postoffice must be there"
    );
    run("external", args("n"), drives).ends(66);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_leaves_every_byte() {
    let far = Office::new("NET/FAR");
    let own = Office::new("NET/OWN")
        .route("NET/FAR", &far.direct())
        .route("NET/GONE", "none");
    own.send(&[
        Draft::to("NET/FAR"),
        Draft::to("NET/OWN"),
        Draft::to("NET/GONE"),
    ]);
    let before = (own.snapshot(), far.snapshot());
    let report = own.beside("report");
    let args = format!("--dry-run -ms -mr -l --report={}", report.display());
    let ran = external(&[&own], &args).ends(1);
    assert!(before == (own.snapshot(), far.snapshot()));
    assert!(
        ran.stdout.contains("3 read, 2 delivered, 1 waiting\n"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("Dry run: nothing was written."));

    let dry = fs::read_to_string(&report).unwrap();
    external(&[&own], &args.replace("--dry-run ", "")).ends(1);
    let real = fs::read_to_string(&report).unwrap();
    let rows = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::to_owned);
        lines.filter(|line| line.contains("\"outcome\"")).collect()
    };
    assert_eq!(rows(&dry), rows(&real), "the dry run is the real one");
    assert_eq!(rows(&real).len(), 3);
}

#[test]
fn the_report_has_a_line_for_each_message_and_the_counts_add_up() {
    let hub = Office::new("NET/HUB");
    let own = Office::new("NET/OWN")
        .route("NET/HUB", &hub.direct())
        .route("NET/FAR", "indirect:NET/HUB");
    let ids = own.send(&[Draft::to("NET/FAR"), Draft::to("NET/OWN")]);
    let report = own.beside("report");
    let ran = external(&[&own], &format!("--json --report={}", report.display())).ends(0);
    let text = fs::read_to_string(&report).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    for (line, (id, to, route, outcome)) in lines.iter().zip([
        (&ids[0], "NET/FAR/$SYSTEM", "indirect:NET/HUB", "relayed"),
        (&ids[1], "NET/OWN/$SYSTEM", "here", "delivered"),
    ]) {
        assert_eq!(line["postoffice"], "NET/OWN");
        assert_eq!(line["id"], id.to_string());
        assert_eq!(line["from"], "NET/OWN/$SYSTEM");
        assert_eq!(
            (&line["to"], &line["route"], &line["outcome"]),
            (&to.into(), &route.into(), &outcome.into())
        );
        assert_eq!((&line["reason"], &line["tries"]), (&"".into(), &0.into()));
    }
    let mut summary = lines[2].clone();
    let mut printed = ran.json();
    for value in [&mut summary, &mut printed] {
        value["seconds"] = 0.into();
    }
    assert_eq!(summary, printed);
    let sum: u64 = [
        "delivered",
        "relayed",
        "mailed",
        "returned",
        "waiting",
        "quarantined",
    ]
    .iter()
    .map(|key| summary[*key].as_u64().unwrap())
    .sum();
    assert_eq!(summary["read"], sum);
}

#[test]
fn a_shared_maildir_is_sorted_to_its_postoffices() {
    let (a, b) = (Office::new("NET/A"), Office::new("NET/B"));
    let sender = Office::new("NET/S").route("NET/A", "none");
    let note = Draft {
        kind: MailKind::Note,
        date: 7,
        ..Draft::to("NET/B/Admin")
    };
    let ids = sender.send(&[Draft::to("NET/A"), Draft::to("NET/B"), Draft::to("NET/C")]);
    sender.send(&[note]);
    let shared = a.beside("shared");
    for part in ["tmp", "new", "cur"] {
        fs::create_dir_all(shared.join(part)).unwrap();
    }
    for (name, bytes) in sender.mails("P1/new") {
        fs::write(shared.join("new").join(name), bytes).unwrap();
    }
    let bounce = "Return-Path: <>\nFrom: MAILER-DAEMON@x\nContent-Type: multipart/report; boundary=B\n\n--B\n\n\
        host unknown\n--B\nContent-Type: text/rfc822-headers\n\nMessage-ID: <q@r>\nDirSync-From: PCM:NET/B\n\n--B--\n";
    fs::write(shared.join("cur/9.bounce:2,S"), bounce).unwrap();
    fs::write(shared.join("new/9.spam"), "Subject: spam\n\nspam\n").unwrap();
    fs::create_dir(shared.join("new/directory")).unwrap();

    let args = format!("--json --from-maildir={}", shared.display());
    let before = (
        a.snapshot(),
        b.snapshot(),
        fs::read_dir(shared.join("new")).unwrap().count(),
    );
    external(&[&a, &b], &format!("{args} --dry-run")).ends(1);
    assert!(
        before
            == (
                a.snapshot(),
                b.snapshot(),
                fs::read_dir(shared.join("new")).unwrap().count()
            )
    );

    let ran = external(&[&a, &b], &args).ends(1);
    assert_eq!(
        count(&ran, "waiting"),
        2,
        "for nobody here: NET/C and the spam"
    );
    assert_eq!(a.received_ids(), ids[..1]);
    let (mails, faults): (Vec<_>, Vec<_>) = b.received().into_iter().partition(Result::is_ok);
    assert_eq!(mails[0].as_ref().unwrap().envelope.message_id, ids[1]);
    assert_eq!(faults[0].as_ref().unwrap_err().number(), 154);
    assert_eq!((mails.len(), faults.len()), (1, 1));
    // The note went the whole way to the administrator's own Maildir.
    assert!(b.mail_names("P1/new").is_empty());
    assert_eq!(fs::read_dir(shared.join("new")).unwrap().count(), 3);
    assert_eq!(fs::read_dir(shared.join("cur")).unwrap().count(), 0);
    external(&[&a, &b], &args).ends(1);
    assert_eq!(a.received_ids().len(), 1);
}

#[test]
fn what_is_wrong_with_the_postoffices_ends_in_its_exit_code() {
    let own = Office::new("NET/OWN");
    let nowhere = |args: &str| {
        let args = args.split_whitespace().map(str::to_owned).collect();
        run("external", args, |command| {
            command.env_remove("DIRSYNC_DRIVE_M");
        })
    };
    nowhere("-0 -d/nowhere/at/all").ends(66);
    nowhere("-0").ends(66);
    nowhere("-d/tmp").ends(2);
    nowhere("-0 -dM --smtp x").ends(2);
    let twin = Office::new("net/own");
    let ran = external(&[&own, &twin], "").ends(2);
    assert!(ran.stderr.contains("are NET/OWN"), "{}", ran.stderr);
    external(&[&own, &own], "").ends(0);
    // One that is missing does not keep the others waiting.
    own.send(&[Draft::to("NET/OWN")]);
    let ran = external(&[&own], "-d/nowhere/at/all --json").ends(66);
    assert_eq!(count(&ran, "delivered"), 1);
    // DS-S042: P1 is what the INQUEUE pair was.
    own.send(&[Draft::to("NET/OWN")]);
    fs::set_permissions(own.path().join("P1"), fs::Permissions::from_mode(0o555)).unwrap();
    let ran = external(&[&own], "").ends(73);
    assert!(
        ran.stdout
            .contains("P1: mail cannot be sent: it is read-only"),
        "{}",
        ran.stdout
    );
    fs::set_permissions(own.path().join("P1"), fs::Permissions::from_mode(0o755)).unwrap();
}
