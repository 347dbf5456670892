//! The receiving half of T3: `reqmain -r`.

use std::fs;

use dirsync::codec::sync_number::{ImportSync, ReqSync};

use super::site::Site;
use super::t1::in_step;
use super::t2::three;

const D: &str = "NET/D";
const A: &str = "NET/A";

/// A reply in text, as the server of another make would send it.
fn reply(site: &Site, name: &str, profile: &str, transactions: &str) {
    let mut text = format!(
        "DirSync-From: PCM:NET/D\nDirSync-To: PCM:NET/A\nSubject: SrvTx\nMessage-ID: <{name}@x>\n\n[DIRSYNC]\n\
         REQNAME=PCM:NET/A\nTRANSACTIONS=INBODY\n{profile}"
    );
    if !transactions.is_empty() {
        text.push_str("\n[DIRSYNC-TRANSACTIONS]\n");
        text.push_str(transactions);
    }
    site.put_mail(A, name, &text);
}

/// A requestor at ReqSync 17, SrvSync 80, import 1, with some transactions waiting.
fn at_17(waiting: &[u32]) -> Site {
    let site = Site::new(&[D, A]);
    let records: Vec<_> = waiting.iter().map(|&n| (n, "A x\tPCM:NET/A/X")).collect();
    site.put_queue(A, "REQTRANS", &records);
    site.configure(A, |config| {
        config.req_sync = ReqSync(17);
        config.srv_sync.0 = 80;
        config.import_sync = ImportSync(1);
    });
    site
}

fn numbers_of(queue: &[(u32, String)]) -> Vec<u32> {
    queue.iter().map(|(n, _)| *n).collect()
}

#[test]
fn ds_p031_ds_p033_what_is_confirmed_leaves_the_queue_and_the_rest_stays() {
    let site = at_17(&[18, 19, 20, 21, 22, 23]);
    reply(
        &site,
        "r",
        "TASK=UPDATE\nREQSEQ=22\nSRVSEQ=80\nIMPSEQ=1\n",
        "",
    );
    site.run(A, "reqmain", "-r").ends(0);
    assert_eq!(site.numbers(A), (22, 80, 1));
    assert_eq!(numbers_of(&site.queue(A, "REQTRANS")), [23]);
}

#[test]
fn ds_p032_the_last_number_stays_in_a_file_of_49_bytes() {
    let site = at_17(&[18, 19, 20, 21, 22]);
    reply(
        &site,
        "r",
        "TASK=UPDATE\nREQSEQ=22\nSRVSEQ=80\nIMPSEQ=1\n",
        "",
    );
    site.run(A, "reqmain", "-r").ends(0);
    assert_eq!(site.read(A, "GLB/REQTRANS.GLB").len(), 49);
    site.user(A, "Amy");
    assert_eq!(numbers_of(&site.queue(A, "REQTRANS")), [22, 23]);
}

#[test]
fn ds_p034_a_late_reply_changes_nothing() {
    let site = at_17(&[18]);
    site.configure(A, |config| config.req_sync = ReqSync(22));
    let (config, queue) = (site.config(A), site.queue(A, "REQTRANS"));
    reply(
        &site,
        "late",
        "TASK=UPDATE\nREQSEQ=17\nSRVSEQ=75\nIMPSEQ=1\n",
        "75 A Old\tPCM:NET/D/OLD\n",
    );
    site.run(A, "reqmain", "-r").ends(0);
    assert_eq!((site.config(A), site.queue(A, "REQTRANS")), (config, queue));
    assert!(site.read(A, "GLB/SRVTRANS.GLB").is_empty());
}

#[test]
fn ds_p035_a_lower_import_number_is_refused_and_said() {
    let site = at_17(&[18]);
    reply(
        &site,
        "old",
        "TASK=UPDATE\nREQSEQ=18\nSRVSEQ=81\nIMPSEQ=0\n",
        "81 A New\tPCM:NET/D/NEW\n",
    );
    let config = site.config(A);
    site.run(A, "reqmain", "-r").ends(0);
    assert_eq!(site.config(A), config);
    let log = site.last_log(A, "DIRSYNC");
    assert_eq!(
        log[1],
        "Status       Old dir-sync mail ignored: import number 0, this requestor has 1"
    );
}

#[test]
fn ds_p036_ds_p038_replies_are_taken_in_order_and_each_number_once() {
    let site = at_17(&[18]);
    let line = |n: u32| format!("{n} A U{n}\tPCM:NET/D/U{n}\n");
    let lines = |from: u32, to: u32| (from..=to).map(line).collect::<String>();
    reply(
        &site,
        "a",
        "TASK=UPDATE\nREQSEQ=17\nSRVSEQ=90\nIMPSEQ=1\n",
        &lines(81, 90),
    );
    reply(
        &site,
        "b",
        "TASK=UPDATE\nREQSEQ=17\nSRVSEQ=85\nIMPSEQ=1\n",
        &lines(81, 85),
    );
    reply(
        &site,
        "c",
        "TASK=UPDATE\nREQSEQ=17\nSRVSEQ=510\nIMPSEQ=2\n",
        &lines(501, 510),
    );
    reply(
        &site,
        "d",
        "TASK=IMPORT\nREQSEQ=17\nSRVSEQ=500\nIMPSEQ=2\n",
        "500 R PCM:NET/D\n500 A Dan\tPCM:NET/D/DAN\n",
    );
    site.run(A, "reqmain", "-r").ends(0);
    let mut expected: Vec<u32> = (81..=90).collect();
    expected.extend([500, 500]);
    expected.extend(501..=510);
    assert_eq!(numbers_of(&site.queue(A, "SRVTRANS")), expected);
    assert_eq!(site.numbers(A), (17, 510, 2));
}

#[test]
fn ds_p037_updates_behind_a_list_that_has_not_come_wait_for_it() {
    let site = at_17(&[18]);
    reply(
        &site,
        "u",
        "TASK=UPDATE\nREQSEQ=18\nSRVSEQ=510\nIMPSEQ=2\n",
        "510 A U\tPCM:NET/D/U\n",
    );
    site.run(A, "reqmain", "-r").ends(4);
    assert_eq!(site.numbers(A), (17, 80, 1));
    assert!(site.read(A, "GLB/SRVTRANS.GLB").is_empty());
    // It is asked for again, and taken when it comes.
    site.t1(A);
    assert_eq!(
        site.sent_to(A, D)[1].profile.task.as_deref(),
        Some("IMPORTREQ")
    );
    reply(
        &site,
        "i",
        "TASK=IMPORT\nREQSEQ=18\nSRVSEQ=500\nIMPSEQ=2\n",
        "500 R PCM:NET/D\n500 A Dan\tPCM:NET/D/DAN\n",
    );
    site.run(A, "reqmain", "-r").ends(0);
    assert_eq!(site.numbers(A), (18, 500, 2));
    site.t1(A);
    assert_eq!(
        site.sent_to(A, D)
            .last()
            .expect("sent")
            .profile
            .task
            .as_deref(),
        Some("UPDATEREQ")
    );
}

#[test]
fn ds_l006_the_number_of_updates_is_logged_as_published() {
    let site = in_step();
    let empty = site.run(A, "reqmain", "-r").ends(0);
    assert!(empty.stdout.contains("[105] Requestor updates received: 0"));
    let log = site.last_log(A, "DIRSYNC");
    assert_eq!(log[1], "Status       Requestor updates received: 0");
    assert_eq!(
        site.log(A, "DSSERVER").last().map(String::as_str),
        Some("1 105 0")
    );
}

#[test]
fn ds_p040_ds_s041_what_was_received_survives_an_import_that_fails() {
    let site = three();
    site.user("NET/B", "Bob");
    site.t1(A);
    site.t1("NET/B");
    site.carry();
    site.t2();
    site.carry();
    site.run(A, "reqmain", "-r").ends(0);
    let waiting = site.queue(A, "SRVTRANS");
    assert_eq!(waiting.len(), 1);
    let sync = site.numbers(A).1;
    // The next request has the new number already, and the next updates stand behind the first.
    site.set_mode(A, "GLB/SRVTRANS.GLB", 0o444);
    assert_ne!(site.import(A).exit, 0);
    site.set_mode(A, "GLB/SRVTRANS.GLB", 0o644);
    site.user("NET/B", "Bill");
    site.t1(A);
    assert_eq!(
        site.sent_to(A, D)[1].profile.srvseq.expect("a number").0,
        sync
    );
    site.t1("NET/B");
    site.carry();
    site.t2();
    site.carry();
    site.run(A, "reqmain", "-r").ends(0);
    assert_eq!(site.queue(A, "SRVTRANS").len(), 2);
    site.import(A).ends(0);
    assert_eq!(site.names_in(A, "NET/B"), ["Bea", "Bill", "Bob"]);
}

#[test]
fn a_torn_queue_gets_nothing_behind_it() {
    let site = three();
    site.put(A, "GLB/SRVTRANS.GLB", b"torn");
    let before = site.config(A);
    let run = site.run(A, "reqmain", "-r").ends(65);
    assert!(
        run.stderr.contains("Error accessing transaction file"),
        "{}",
        run.stderr
    );
    assert_eq!(site.config(A), before);
}

#[test]
fn ds_s027_an_import_overtaken_by_updates_is_processed() {
    let site = three();
    site.admin(A, "config dirsync requestor import").ends(0);
    // They arrive the wrong way round.
    for name in ["z", "a"] {
        site.carry();
        site.t2();
        let sent = site.sent_to(D, A);
        assert_eq!(sent.len(), 1);
        let target = site.path(A).join("MBG/SYSTEM/new");
        fs::create_dir_all(&target).expect("writable");
        fs::rename(&sent[0].path, target.join(name)).expect("moved");
        site.t1(A);
    }
    site.lose(A);
    site.run(A, "reqmain", "-r").ends(0);
    let queue = site.queue(A, "SRVTRANS");
    assert!(
        queue.iter().any(|(_, text)| text == "R PCM:NET/B"),
        "{queue:?}"
    );
    site.import(A).ends(0);
    assert_eq!(site.numbers(A).1, site.server_config().header.srv_sync.0);
    site.cycle();
    site.assert_converged();
}

#[test]
fn ds_s046_a_returned_request_is_said_and_comes_again() {
    let site = three();
    site.user(A, "Amy");
    site.t1(A);
    site.lose(A);
    let text = "From: MAILER-DAEMON@example.com\nReturn-Path: <>\nSubject: Undelivered\nMessage-ID: <b@x>\n\n\
                NET/D/$SYSTEM: host not found, 3 tries\n";
    site.put_mail(A, "bounce", text);
    let run = site.run(A, "reqmain", "-r").ends(1);
    assert!(
        run.stdout.contains("[154] Non-delivery report"),
        "{}",
        run.stdout
    );
    let log = site.last_log(A, "DIRSYNC");
    assert_eq!(log[1], "Warning[154] Non-delivery report");
    assert!(log[2].contains("host not found, 3 tries"), "{log:?}");
    site.cycle();
    site.assert_converged();
}

#[test]
fn ds_s050_a_signed_in_administrator_leaves_the_updates_waiting() {
    let site = three();
    site.user("NET/B", "Bob");
    site.t1(A);
    site.t1("NET/B");
    site.carry();
    site.t2();
    site.carry();
    site.run(A, "reqmain", "-r").ends(0);
    let flag = fs::File::open(site.path(A).join("GLB/FLAG.GLB")).expect("a flag");
    rustix::fs::flock(&flag, rustix::fs::FlockOperation::LockExclusive).expect("locked");
    let run = site.import(A);
    assert_eq!(run.exit, 75, "{}", run.stderr);
    let log = site.last_log(A, "DIRSYNC");
    assert!(
        log.iter().any(|l| l.starts_with("Fatal  [ 91] ")),
        "{log:?}"
    );
    drop(flag);
    site.import(A).ends(0);
    assert_eq!(site.names_in(A, "NET/B"), ["Bea", "Bob"]);
}

#[test]
fn ds_c006_a_dry_run_leaves_every_byte() {
    let site = three();
    site.user("NET/B", "Bob");
    site.t1(A);
    site.t1("NET/B");
    site.carry();
    site.t2();
    site.carry();
    let before = site.snapshot(A);
    let dry = site.run(A, "reqmain", "-r --dry-run --json").ends(0).json();
    assert_eq!(site.snapshot(A), before);
    let real = site.run(A, "reqmain", "-r --json").ends(0).json();
    for key in ["read", "added", "ignored", "before", "after"] {
        assert_eq!(dry[key], real[key], "{key}");
    }
    assert_eq!(
        (&real["mail"]["taken"], &real["added"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn updates_that_did_not_all_come_are_refused_and_come_again() {
    let site = at_17(&[18]);
    reply(
        &site,
        "cut",
        "TASK=UPDATE\nREQSEQ=18\nSRVSEQ=82\nIMPSEQ=1\nCOUNT=2\n",
        "81 A New\tPCM:NET/D/NEW\n",
    );
    let run = site.run(A, "reqmain", "-r").ends(4);
    assert!(
        run.stdout.contains("1 transactions came, 2 were announced"),
        "{}",
        run.stdout
    );
    assert_eq!(site.numbers(A), (17, 80, 1));
    assert_eq!(site.quarantine(A).len(), 1);
}

#[test]
fn ds_s069_a_changed_name_replaces_the_old_one() {
    let site = three();
    site.admin(A, "local modify ANN --name Anna").ends(0);
    site.cycle();
    for office in [D, "NET/B"] {
        assert_eq!(site.names_in(office, A), ["Abe", "Anna"], "{office}");
    }
}
