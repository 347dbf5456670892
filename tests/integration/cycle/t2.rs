//! T2 at the server: `srvmain -r` and `srvmain -t`.

use std::fs;
use std::sync::{Mutex, OnceLock};

use dirsync::codec::FixedText;
use dirsync::codec::queue::{Framing, QueueRecord, QueueWriter};
use dirsync::codec::srvconf::RequestorFlags;
use dirsync::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use dirsync::codec::timestamp::Timestamp;

use super::site::{Letter, PAGE, Site, queue_bytes};
use super::t1::in_step;

const D: &str = "NET/D";
const A: &str = "NET/A";
const B: &str = "NET/B";

/// A server with two requestors in step.
pub(super) fn three() -> Site {
    static MADE: OnceLock<Mutex<Site>> = OnceLock::new();
    let make = || {
        let users: [(&str, &[&str]); 3] = [(D, &["Dan"]), (A, &["Ann", "Abe"]), (B, &["Bea"])];
        let site = Site::with_users(&users);
        site.cycle();
        Mutex::new(site)
    };
    Site::copied(&MADE.get_or_init(make).lock().expect("no test holds it"))
}

/// A request in a text of its own, as a program of another make would send it.
pub(super) fn foreign(site: &Site, name: &str, profile: &str, transactions: &str) {
    let mut text = format!(
        "From: someone@example.com\nTo: server@example.com\nSubject: anything\nMessage-ID: <{name}@x>\n\n\
         [dirsync]\n{profile}"
    );
    if !transactions.is_empty() {
        text.push_str("\n[dirsync-transactions]\n");
        text.push_str(transactions);
    }
    site.put_mail(D, name, &text);
}

fn log_has(site: &Site, line: &str) -> bool {
    site.last_log(D, "DIRSYNC").iter().any(|l| l == line)
}

fn reply_to<'l>(letters: &'l [Letter], office: &str) -> &'l Letter {
    let to = format!("PCM:{office}/$SYSTEM");
    letters
        .iter()
        .find(|letter| letter.to() == to)
        .expect("a reply")
}

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
fn ds_p018_who_sent_nothing_gets_nothing() {
    let site = three();
    let before = site.record(B);
    site.t1(A);
    site.carry();
    site.t2();
    assert_eq!(site.sent_to(D, A).len(), 1);
    assert!(site.sent_to(D, B).is_empty());
    assert_eq!(site.record(B), before);
    assert!(log_has(
        &site,
        "Status       No Tasks From Requestor: PCM:NET/B"
    ));
    // A second T2 in a row answers nobody.
    site.carry();
    let conf = site.server_config();
    site.t2_transmit().ends(0);
    assert!(site.outgoing(D).is_empty());
    assert_eq!(site.server_config(), conf);
}

#[test]
fn ds_p021_a_full_list_is_the_lists_and_what_they_lack() {
    let site = three();
    site.user(A, "Amy");
    site.t1(A);
    site.carry();
    site.t2();
    site.lose(D);
    // The server has not run T3 for Amy, and the next who asks for everything gets her.
    assert!(!site.names_in(D, A).contains(&"Amy".to_owned()));
    site.admin(B, "config dirsync requestor import").ends(0);
    site.carry();
    site.t2();
    let reply = site.sent_to(D, B)[0].clone();
    assert_eq!(reply.profile.task.as_deref(), Some("IMPORT"));
    let sync = site.server_config().header.srv_sync.0;
    assert_eq!(reply.profile.srvseq.expect("a number").0, sync);
    let queued = reply.queued();
    assert_eq!(
        queued.last().expect("records"),
        &(sync, "A Amy|PCM:NET/A/AMY".to_owned())
    );
    assert!(
        !queued.iter().any(|(_, text)| text.contains("NET/B")),
        "its own list stays out"
    );
    assert!(queued.iter().any(|(_, text)| text == "R PCM:NET/A"));
    site.carry();
    site.t3(B).ends(0);
    assert!(site.names_in(B, A).contains(&"Amy".to_owned()));
}

#[test]
fn users_of_the_server_are_in_a_full_list_once_and_come_again_behind_what_still_waits() {
    let site = in_step();
    site.user(D, "Dee");
    site.t1(D);
    let ask = || {
        site.admin(A, "config dirsync requestor import").ends(0);
        site.carry();
        site.t2();
        site.sent_to(D, A)[0].queued()
    };
    // Taken, and not in the way of what the list holds already.
    let queued = ask();
    let dee = queued.iter().filter(|(_, text)| text.contains("NET/D/DEE"));
    assert_eq!(dee.count(), 1, "{queued:?}");
    let export_due = || {
        let flags = site.record(D).flags;
        flags.contains(RequestorFlags::EXPORT_DUE)
    };
    assert!(!export_due());
    site.carry();
    site.t3(A).ends(0);
    site.t3(D).ends(0);
    // Waiting in REQTRANS: the list is ahead of it, so that it is told anew behind it.
    site.user(D, "Dot");
    assert!(ask().iter().any(|(_, text)| text.contains("NET/D/DOT")));
    assert!(export_due());
    for _ in 0..3 {
        site.cycle();
    }
    assert!(!export_due());
    site.assert_converged();
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

/// Puts transactions of equal length into MSTTRANS, as if they had come from elsewhere.
fn fill_master(site: &Site, count: u32) -> u64 {
    let mut conf = site.server_config();
    let first = conf.header.srv_sync.0 + 1;
    let mut writer = QueueWriter::new(site.read(D, "GLB/MSTTRANS.GLB"), &Framing::OURS);
    let mut len = 0;
    for n in first..first + count {
        let text = format!("A User {n:06}\tPCM:NET/A/U{n:06}").into_bytes();
        len = 24 + text.len() as u64;
        let record = QueueRecord::transaction(Timestamp(site.now()), n, 0, text);
        writer.write(&record).expect("written");
    }
    site.put(D, "GLB/MSTTRANS.GLB", &writer.finish().expect("written").0);
    conf.header.srv_sync = SrvSync(first + count - 1);
    site.configure_server(|stored| *stored = conf);
    len
}

#[test]
fn ds_p024_a_limit_paces_the_replies() {
    let site = three();
    let start = site.numbers(B).1;
    let len = fill_master(&site, 250);
    let limit = len * 100;
    site.admin(
        B,
        &format!("config dirsync requestor options --limit {limit}"),
    )
    .ends(0);
    let mut counts = Vec::new();
    for sent in [100, 200, 250] {
        site.t1(B);
        site.carry();
        site.t2();
        let reply = site.sent_to(D, B)[0].clone();
        counts.push(reply.queued().len());
        assert_eq!(reply.profile.srvseq, Some(SrvSync(start + sent)));
        site.carry();
        site.t3(B);
        assert_eq!(site.numbers(B).1, start + sent);
    }
    assert_eq!(counts, [100, 100, 50]);
}

#[test]
fn ds_p025_a_full_list_over_the_limit_is_not_sent_and_others_are_served() {
    let site = three();
    site.admin(B, "config dirsync requestor options --limit 60")
        .ends(0);
    site.admin(B, "config dirsync requestor import").ends(0);
    site.t1(A);
    site.carry();
    site.t2_receive().ends(0);
    let before = site.record(B);
    let run = site.t2_transmit().ends(1);
    assert!(
        run.stdout.contains("[118]") && run.stdout.contains("[166]"),
        "{}",
        run.stdout
    );
    let log = site.last_log(D, "DIRSYNC");
    let at = log
        .iter()
        .position(|l| l == "Fatal  [118] Transaction limit reached");
    assert_eq!(
        log[at.expect("118") + 1],
        "Fatal  [166] Manual import required for PCM:NET/B"
    );
    assert!(site.sent_to(D, B).is_empty());
    assert_eq!(site.sent_to(D, A).len(), 1);
    let after = site.record(B);
    assert_eq!(
        (after.srv_sync, after.import_count),
        (before.srv_sync, before.import_count)
    );
    // Not tried again before it asks again; a resync carried by hand is the cure.
    site.carry();
    site.t2_transmit().ends(0);
    assert!(site.outgoing(D).is_empty());
    site.run(D, "import", "admin -ppw -s -y").ends(0);
    let file = site.read(D, "GLB/RESYNC.GLB");
    site.put(B, "GLB/RESYNC.GLB", &file);
    fs::remove_file(site.path(D).join("GLB/RESYNC.GLB")).expect("removed");
    site.import(B).ends(0);
    site.cycle();
    site.assert_converged();
}

#[test]
fn ds_p027_keep_updates_purges_by_age_alone() {
    let site = in_step();
    let now = site.now() + 60;
    let day = |days: u32| Timestamp(now - days * 86_400);
    let old = [
        (day(15), 1, "A Old\tPCM:NET/A/OLD"),
        (day(14), 2, "A Edge\tPCM:NET/A/EDGE"),
        (day(1), 3, "A New\tPCM:NET/A/NEW"),
    ];
    site.put(D, "GLB/MSTTRANS.GLB", &queue_bytes(&old));
    site.configure_server(|conf| conf.header.srv_sync = SrvSync(3));
    let run = site.t2_receive().ends(0);
    assert!(
        run.stdout
            .contains("1 transactions older than 14 days purged"),
        "{}",
        run.stdout
    );
    let numbers: Vec<_> = site
        .queue(D, "MSTTRANS")
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(numbers, [2, 3]);
}

#[test]
fn ds_p028_ds_l008_a_server_behind_its_requestor_says_so_and_sends_everything() {
    let site = three();
    site.configure(A, |config| config.srv_sync = SrvSync(700));
    site.t1(A);
    site.carry();
    site.t2_receive().ends(0);
    site.t2_transmit().ends(4);
    let sync = site.server_config().header.srv_sync.0;
    let log = site.last_log(D, "DIRSYNC");
    let at = log
        .iter()
        .position(|l| l == "Fatal  [   ] PCM:NET/A")
        .expect("a heading");
    assert_eq!(
        log[at + 1],
        "Fatal  [138] Server sync does not exist anymore (700)"
    );
    let expected = format!(
        "Fatal  [139] Number of missing transactions = {} ({}->700)",
        700 - sync,
        sync + 1
    );
    assert_eq!(log[at + 2], expected);
    site.carry();
    site.t3(A);
    assert_eq!(site.numbers(A).1, sync);
    site.assert_converged();
}

#[test]
fn ds_s070_ds_l008_purged_updates_are_said_and_the_full_list_comes() {
    let site = three();
    site.pass_days(20);
    site.t1(A);
    site.user(D, "Dot");
    site.t1(D);
    site.configure_server(|conf| {
        let index = conf
            .requestors
            .iter()
            .position(|r| r.postoffice.as_bytes() == b"A");
        conf.requestors[index.expect("registered")].srv_sync = SrvSync(2);
    });
    site.configure(A, |config| config.srv_sync = SrvSync(2));
    site.lose(A);
    site.t1(A);
    site.carry();
    site.t2_receive();
    site.t2_transmit().ends(4);
    let log = site.last_log(D, "DIRSYNC");
    let at = log
        .iter()
        .position(|l| l == "Error  [   ] PCM:NET/A")
        .expect("a heading");
    assert_eq!(
        log[at + 1],
        "Error  [138] Server sync does not exist anymore (2)"
    );
    assert!(
        log[at + 2].starts_with("Error  [139] Number of missing transactions = "),
        "{log:?}"
    );
    assert_eq!(
        site.sent_to(D, A)[0].profile.task.as_deref(),
        Some("IMPORT")
    );
    site.carry();
    site.t3(A);
    site.t3(D);
    site.cycle();
    site.assert_converged();
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
fn ds_p049_a_foreign_import_gets_text_of_its_types_without_templates() {
    let site = three();
    foreign(
        &site,
        "import",
        "TASK=IMPORTREQ\nNAME=PCM:NET/B\nTYPES=PCM|CSI|profs\nTEMPLATE=NO\nSRVSEQ=0000000002\n\
         TRANSACTIONS=INATTACHMENT\n",
        "",
    );
    site.t2();
    let reply = site.sent_to(D, B)[0].clone();
    assert_eq!(reply.mail.attachments[0].name, "TMPTRANS.GLB");
    let text = PAGE.decode(&reply.mail.attachments[0].bytes);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "[DIRSYNC-TRANSACTIONS]");
    assert!(
        lines[1..]
            .iter()
            .all(|line| line.as_bytes()[..10].iter().all(u8::is_ascii_digit))
    );
    assert!(!text.contains("- "), "{text}");
    assert!(text.contains("R PCM:NET/A"), "{text}");
}

#[test]
fn ds_p050_a_foreign_export_in_the_body_is_taken() {
    let site = three();
    let sync = site.server_config().header.srv_sync.0;
    site.configure_server(|conf| {
        for record in &mut conf.requestors {
            if record.postoffice.as_bytes() == b"B" {
                record.req_sync = ReqSync(1199);
                record.req_digest = 0;
            }
        }
    });
    foreign(
        &site,
        "export",
        "task=export\nreqname=PCM:net/b\ntransactions=inbody\n",
        "1200 A Martin, Robert                PCM:net/b/rmartin\n",
    );
    site.t2_receive().ends(0);
    assert_eq!(site.registered(B).0, 1200);
    let master = site.queue(D, "MSTTRANS");
    assert_eq!(
        master.last().expect("a record"),
        &(sync + 1, "A Martin, Robert|PCM:net/b/rmartin".to_owned())
    );
    let origin = site.record(B).registration;
    assert!(origin > 0);
    site.t2_transmit().ends(0);
    let reply = site.sent_to(D, B)[0].clone();
    assert!(
        reply.text().contains("[DIRSYNC-TRANSACTIONS]"),
        "it is answered in the body"
    );
    assert!(reply.mail.attachments.is_empty());
}

#[test]
fn ds_p051_ds_p052_ds_p053_extra_line_ends_types_in_any_case_and_short_modifications_are_taken() {
    let site = three();
    let sync = site.server_config().header.srv_sync.0;
    foreign(
        &site,
        "export",
        "task=export\nreqname=pcm:NET/B\ntransactions=inbody\n",
        "0000000100 A Zoe                            pcm:NET/B/zoe\n\r\n\n\
         0000000101 M Zoe                            PCM:NET/B/zoe\n-Phone:/1234\n\n",
    );
    site.t2_receive().ends(0);
    let master = site.queue(D, "MSTTRANS");
    let new: Vec<_> = master
        .iter()
        .filter(|(n, _)| *n > sync)
        .map(|(_, t)| t.as_str())
        .collect();
    assert_eq!(
        new,
        ["A Zoe|PCM:NET/B/zoe", "M Zoe|PCM:NET/B/zoe~- Phone:/1234"]
    );
}

#[test]
fn ds_p054_a_reply_in_the_body_is_streamed() {
    let site = three();
    fill_master(&site, 20_000);
    foreign(
        &site,
        "ask",
        "TASK=UPDATEREQ\nREQNAME=PCM:NET/B\nSRVSEQ=1\nTRANSACTIONS=INBODY\n",
        "",
    );
    site.t1(A);
    site.carry();
    site.t2();
    let reply = site.sent_to(D, B)[0].clone();
    let text = reply.text();
    assert!(text.matches("\r\n").count() > 20_000);
    assert_eq!(site.sent_to(D, A).len(), 1);
}

#[test]
fn ds_p057_the_answer_goes_to_the_mailbox_that_asked() {
    let site = three();
    let text = "DirSync-From: PCM:NET/B/SYSTEM1\nDirSync-To: PCM:NET/D\nSubject: x\nMessage-ID: <s1@x>\n\n\
                [DIRSYNC]\nTASK=UPDATEREQ\nREQNAME=PCM:NET/B\nSRVSEQ=4\n";
    site.put_mail(D, "s1", text);
    site.t2();
    let to: Vec<_> = site.outgoing(D).iter().map(Letter::to).collect();
    assert!(to.contains(&"PCM:NET/B/SYSTEM1".to_owned()), "{to:?}");
}

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
fn ds_l016_reports_stand_under_their_heading_in_the_central_log() {
    let site = in_step();
    site.put(
        A,
        "LOG/DSSERVER.LOG",
        b"03/13/96 15:26:49 | 1  -1 x\r\n03/13/96 15:27:04 | 1 171\r\n",
    );
    site.t1(A);
    site.carry();
    site.t2_receive().ends(0);
    let text = String::from_utf8(site.read(D, "LOG/CENTRAL.LOG")).expect("text");
    let lines: Vec<_> = text.lines().collect();
    let last = lines.len() - 3;
    assert!(
        lines[last].ends_with(" | Status       Report from NET/A/$SYSTEM"),
        "{text}"
    );
    assert_eq!(
        lines[last + 1..],
        ["03/13/96 15:26:49 | 1  -1 x", "03/13/96 15:27:04 | 1 171"]
    );
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
fn ds_s022_a_lost_master_list_is_replaced_by_full_lists() {
    let site = three();
    fs::remove_file(site.path(D).join("GLB/MSTTRANS.GLB")).expect("removed");
    let run = site.t2_receive().ends(66);
    assert!(
        run.stderr.contains("Error opening file: MSTTRANS"),
        "{}",
        run.stderr
    );
    let log = site.last_log(D, "DIRSYNC");
    assert_eq!(
        log[1..],
        [
            "Warning[  2] Error opening file: MSTTRANS",
            "Fatal  [  2] Error opening file: MSTTRANS",
            "Status       Server processing failure"
        ]
    );
    let sync = site.server_config().header.srv_sync.0;
    site.put(D, "GLB/MSTTRANS.GLB", b"");
    for office in [D, A, B] {
        site.admin(office, "config dirsync requestor export")
            .ends(0);
    }
    site.cycle();
    assert!(site.queue(D, "MSTTRANS")[0].0 == sync + 1, "numbers go on");
    site.cycle();
    site.assert_converged();
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

#[test]
fn ds_s043_without_outgoing_mail_each_requestor_is_said_and_nothing_changes() {
    let site = three();
    site.t1(A);
    site.t1(B);
    site.carry();
    site.t2_receive().ends(0);
    fs::rename(site.path(D).join("P1"), site.path(D).join("P1-away")).expect("moved");
    let before = site.server_config();
    site.t2_transmit().ends(73);
    assert_eq!(site.server_config(), before);
    let log = site.last_log(D, "DIRSYNC");
    for office in [A, B] {
        let line = format!("Fatal  [159] Failure to send update mail to requestor(s) PCM:{office}");
        assert!(log.contains(&line), "{log:?}");
    }
    fs::rename(site.path(D).join("P1-away"), site.path(D).join("P1")).expect("moved");
    site.t2_transmit().ends(0);
    assert_eq!((site.sent_to(D, A).len(), site.sent_to(D, B).len()), (1, 1));
}

#[test]
fn ds_c002_the_administrator_gets_a_summary_of_the_cycle() {
    let site = in_step();
    site.t1(A);
    site.carry();
    site.t2();
    let notes: Vec<_> = site
        .outgoing(D)
        .into_iter()
        .filter(|l| !l.mail.envelope.to.is_system())
        .collect();
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0]
            .subject()
            .starts_with("Directory server report, cycle ")
    );
    assert!(
        notes[0].text().contains("PCM:NET/A: SrvTx R=4 S="),
        "{}",
        notes[0].text()
    );
}

#[test]
fn a_dry_run_of_either_half_leaves_every_byte() {
    let site = three();
    site.user(A, "Amy");
    site.t1(A);
    site.carry();
    let before = site.snapshot(D);
    let dry = site.run(D, "srvmain", "-r --dry-run --json").ends(0).json();
    assert_eq!(site.snapshot(D), before);
    let real = site.run(D, "srvmain", "-r --json").ends(0).json();
    for key in ["read", "added", "ignored", "refused"] {
        assert_eq!(dry[key], real[key], "{key}");
    }
    assert_eq!(dry["server"], real["server"]);
    let before = site.snapshot(D);
    let dry = site.run(D, "srvmain", "-t --dry-run --json").ends(0).json();
    assert_eq!(site.snapshot(D), before);
    let real = site.run(D, "srvmain", "-t --json").ends(0).json();
    assert_eq!(dry["read"], real["read"]);
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

#[test]
fn ds_s017_the_master_list_of_an_older_copy_counts_as_lost() {
    let site = three();
    let old = site.read(D, "GLB/MSTTRANS.GLB");
    site.user(A, "Amy");
    site.cycle();
    site.put(D, "GLB/MSTTRANS.GLB", &old);
    site.user(B, "Bob");
    site.cycle();
    let log = site.log(D, "DIRSYNC");
    assert!(
        log.iter()
            .any(|l| l.starts_with("Error  [110] Failed to read the last transaction MSTTRANS"))
    );
    site.cycle();
    site.assert_converged();
}

#[test]
fn two_answers_in_one_group_and_a_name_of_their_own() {
    let site = three();
    site.configure_server(|conf| {
        for record in &mut conf.requestors {
            record.mailbox = FixedText::default();
            record.import_count = record.import_count.max(ImportSync(1));
        }
    });
    for office in [D, A, B] {
        site.t1(office);
    }
    site.carry();
    site.t2();
    let letters = site.outgoing(D);
    let ids: Vec<_> = letters
        .iter()
        .map(|l| l.mail.envelope.message_id.clone())
        .collect();
    let mut unique = ids.clone();
    unique.dedup();
    assert_eq!(ids, unique);
    for office in [D, A, B] {
        assert!(reply_to(&letters, office).subject().starts_with("SrvTx "));
    }
}
