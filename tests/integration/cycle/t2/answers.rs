//! Who is answered, and with what.

use std::fs;

use dirsync::codec::FixedText;
use dirsync::codec::srvconf::RequestorFlags;
use dirsync::codec::sync_number::{ImportSync, SrvSync};

use super::{A, B, D, fill_master, log_has, reply_to, three};
use crate::cycle::t1::in_step;

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
