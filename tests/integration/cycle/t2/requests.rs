//! What is taken from requests, once each.

use std::fs;

use dirsync::codec::sync_number::ReqSync;
use dirsync::codec::timestamp::Timestamp;

use super::{A, B, D, foreign, three};
use crate::cycle::site::Site;
use crate::cycle::t1::in_step;

#[test]
fn ds_p014_ds_p015_ds_p016_each_number_is_taken_once() {
    let site = three();
    let sync = site.server_config().header.srv_sync.0;
    let from = site.registered(A).0;
    site.user(A, "Amy");
    site.user(A, "Art");
    site.t1(A);
    site.lose(A);
    site.user(A, "Ava");
    site.t1(A);
    let request = site.sent_to(A, D)[1].clone();
    assert_eq!(request.queued().len(), 3);
    site.carry();
    // The same once more, as if an earlier message were late.
    site.t1(A);
    site.carry();
    let json = site.run(D, "srvmain", "-r --json").ends(0).json();
    assert_eq!((&json["added"], &json["ignored"]), (&3.into(), &3.into()));
    assert_eq!(json["server"]["sync_after"], sync + 3);
    let stamp = site.now();
    assert_eq!(site.registered(A).0, from + 3);
    let record = site.record(A);
    assert_eq!(record.last_update, Timestamp(stamp));
    assert_eq!(record.last_cycle, site.server_config().header.cycle);
    let master = site.queue(D, "MSTTRANS");
    let numbers: Vec<_> = master.iter().map(|(n, _)| *n).collect();
    assert_eq!(numbers, (1..=sync + 3).collect::<Vec<_>>());
}

#[test]
fn ds_p023_numbers_come_from_the_body_never_from_the_subject() {
    let site = in_step();
    site.user(A, "Amy");
    site.t1(A);
    for letter in site.sent_to(A, D) {
        let text = fs::read_to_string(&letter.path).expect("readable");
        let text = text.replace(
            "Subject: ReqTx R=5 (was 4), S=7, I=1 1 sent",
            "Subject: ReqTx R=999999 (w",
        );
        fs::write(&letter.path, text).expect("writable");
    }
    site.carry();
    site.t2();
    assert_eq!(site.registered(A), (5, 8, 1));
    let reply = site.sent_to(D, A)[0].clone();
    let text = fs::read_to_string(&reply.path).expect("readable");
    let cut = text.replace(
        "Subject: SrvTx R=5 S=8 (was 7), I=1 1 sent",
        "Subject: SrvTx R=",
    );
    assert_ne!(cut, text);
    fs::write(&reply.path, cut).expect("writable");
    site.carry();
    site.t3(A).ends(0);
    assert_eq!(site.numbers(A), (5, 8, 1));
}

#[test]
fn ds_p030_a_damaged_record_ends_what_is_taken() {
    let site = in_step();
    for user in ["Amy", "Art", "Ava"] {
        site.user(A, user);
    }
    // The damage is there before the message is made, so that the mail itself is whole.
    site.t1(A);
    let request = site.sent_to(A, D)[1].clone();
    let mut bytes = request.mail.attachments[0].bytes.clone();
    let second = bytes.len() / 3 + 30;
    bytes[second] ^= 1;
    site.lose(A);
    let body = request.text();
    let encoded = base64(&bytes);
    let text = format!(
        "DirSync-From: PCM:NET/A\nDirSync-To: PCM:NET/D\nSubject: ReqTx\nMessage-ID: <damaged@x>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n{}\n--b\n\
         Content-Type: application/octet-stream; name=\"REQUPDS.GLB\"\n\
         Content-Disposition: attachment; filename=\"REQUPDS.GLB\"\n\
         Content-Transfer-Encoding: base64\n\n{encoded}\n--b--\n",
        body.replace("\r\n", "\n")
    );
    site.put_mail(D, "damaged", &text);
    let run = site.t2_receive().ends(1);
    assert!(run.stdout.contains("stored checksum"), "{}", run.stdout);
    assert_eq!(site.registered(A).0, 5);
    site.t2_transmit().ends(0);
    assert_eq!(site.sent_to(D, A)[0].profile.reqseq, Some(ReqSync(5)));
    site.carry();
    site.t3(A).ends(0);
    let left: Vec<_> = site
        .queue(A, "REQTRANS")
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(left, [6, 7]);
    site.cycle();
    site.assert_converged();
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let padded = [
            chunk[0],
            *chunk.get(1).unwrap_or(&0),
            *chunk.get(2).unwrap_or(&0),
        ];
        let word = u32::from_be_bytes([0, padded[0], padded[1], padded[2]]);
        for (place, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = DIGITS[(word >> shift) as usize & 63];
            text.push(if place <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

#[test]
fn ds_s010_a_second_copy_is_skipped_and_removed() {
    let site = in_step();
    site.user(A, "Amy");
    site.t1(A);
    let request = site.sent_to(A, D)[1].clone();
    let bytes = fs::read(&request.path).expect("readable");
    site.carry();
    for copy in ["copy1", "copy2"] {
        fs::write(site.path(D).join("MBG/SYSTEM/new").join(copy), &bytes).expect("writable");
    }
    let json = site.run(D, "srvmain", "-r --json").ends(0).json();
    assert_eq!(
        (&json["mail"]["duplicates"], &json["added"]),
        (&2.into(), &1.into())
    );
    assert!(site.incoming(D).is_empty());
    site.t2_transmit().ends(0);
    // And once more in a later cycle.
    fs::write(site.path(D).join("MBG/SYSTEM/new/copy3"), &bytes).expect("writable");
    let json = site.run(D, "srvmain", "-r --json").ends(0).json();
    assert_eq!(json["mail"]["duplicates"], 1);
}

#[test]
fn ds_s015_addresses_of_gateways_travel_in_the_first_cycle() {
    let site = Site::new(&[D, A, B]);
    for office in [D, B] {
        site.admin(office, "gateway install X400").ends(0);
        site.admin(office, "config dirsync requestor types PCM,X400")
            .ends(0);
    }
    let text = site.path("in.txt");
    fs::write(
        &text,
        "A Xavier                         X400:g=Xavier; s=X; c=us; a=mail;\r\n",
    )
    .expect("writable");
    site.admin(A, "gateway install X400").ends(0);
    site.run(
        A,
        "import",
        &format!("admin -ppw -y -e -f{}", text.display()),
    )
    .ends(0);
    site.cycle();
    site.cycle();
    for office in [D, B] {
        assert_eq!(site.names_in(office, "X400"), ["Xavier"], "{office}");
    }
}

#[test]
fn ds_s028_two_requests_before_t2_are_answered_once() {
    let site = in_step();
    site.user(A, "Amy");
    site.t1(A);
    site.user(A, "Art");
    site.t1(A);
    site.carry();
    site.t2();
    let replies = site.sent_to(D, A);
    assert_eq!(replies.len(), 1);
    assert_eq!(replies[0].subject(), "SrvTx R=6 S=9 (was 7), I=1 2 sent");
}

#[test]
fn ds_s031_a_replacement_of_anothers_list_is_said_and_may_be_refused() {
    let site = three();
    let export = |name: &str, number: u32| {
        foreign(
            &site,
            name,
            "task=export\nreqname=PCM:NET/B\ntransactions=inbody\n",
            &format!("{number} R PCM:NET/A\n"),
        );
    };
    export("one", 100);
    let run = site.run(D, "srvmain", "-r --own-lists-only").ends(1);
    assert!(
        run.stdout.contains("PCM:NET/B: R PCM:NET/A"),
        "{}",
        run.stdout
    );
    let sync = site.server_config().header.srv_sync.0;
    export("two", 101);
    let run = site.t2_receive().ends(0);
    assert!(
        run.stdout.contains("empties that list on every postoffice"),
        "{}",
        run.stdout
    );
    assert_eq!(site.server_config().header.srv_sync.0, sync + 1);
    assert_eq!(site.registered(B).0, 101);
}

#[test]
fn ds_s037_a_transaction_without_mailbox_is_said_once_and_not_passed_on() {
    let site = three();
    let sync = site.server_config().header.srv_sync.0;
    let bad = "task=export\nreqname=PCM:NET/B\ntransactions=inbody\n";
    let lines =
        "100 A Group\tPCM:NET/B/\n101 A Long\tPCM:NET/B/ELEVENCHARS\n102 A Good\tPCM:NET/B/GOOD\n";
    foreign(&site, "one", bad, lines);
    let run = site.t2_receive().ends(1);
    assert!(
        run.stdout.contains("[ 81]") && run.stdout.contains("[ 20]"),
        "{}",
        run.stdout
    );
    assert_eq!(site.server_config().header.srv_sync.0, sync + 1);
    foreign(&site, "two", bad, lines);
    let again = site.run(D, "srvmain", "-r --json").ends(0).json();
    assert_eq!(
        (&again["refused"], &again["ignored"]),
        (&0.into(), &3.into())
    );
}
