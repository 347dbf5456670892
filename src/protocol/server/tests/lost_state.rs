//! One side went back to an old copy, or has lost something.

use super::*;

#[test]
fn ds_p028_a_server_that_was_restored_sends_the_full_list_and_asks_for_lists() {
    let mut server = Server {
        sync: SrvSync(500),
        ..server()
    };
    let mut entry = entry();
    let request = RequestHead {
        confirmed: Some(ReqSync(30)),
        srv_sync: SrvSync(700),
        stamp: Stamp(900),
        ..request()
    };
    let remarks = hear_all(&mut server, &mut entry, &request);
    let (from, to) = (ReqSync(18), ReqSync(30));
    assert!(remarks.contains(&Remark::TransactionsLost { from, to }));
    // Others send until the numbers have passed: the answer is decided by what was known when it came.
    server.sync = SrvSync(800);
    server.issue(Timestamp(600)).expect("a stamp");
    let answer = answer(&server, &entry, master(1), false).expect("due");
    assert_eq!(answer.import, Some(ImportReason::Beyond));
    let lines: Vec<_> = answer
        .remarks
        .iter()
        .flat_map(|remark| remark.lines("A"))
        .collect();
    let missing = lines
        .iter()
        .find(|line| line.number == Some(139))
        .expect("139");
    assert_eq!(
        missing.text, "1 (700->700)",
        "never a range that runs backwards"
    );
    let head = settle(&mut server, &mut entry, &answer);
    assert!(head.is_import && head.export);
    assert!(head.stamp > Stamp(900), "it would be taken for old mail");
}

#[test]
fn a_stamp_of_another_state_of_the_server_shows_where_numbers_do_not() {
    let (mut server, mut entry) = (server(), entry());
    let request = RequestHead {
        stamp: Stamp(450),
        ..request()
    };
    let stamp = Stamp(450);
    assert_eq!(
        hear_all(&mut server, &mut entry, &request),
        [Remark::UnknownStamp { stamp }]
    );
    let answer = answer(&server, &entry, master(1), false).expect("due");
    assert_eq!(answer.import, Some(ImportReason::UnknownStamp));
}

#[test]
fn a_stamp_of_another_server_shows_also_where_it_gave_no_number() {
    // A resync file of a server that had given none yet.
    let (mut server, mut entry) = (server(), entry());
    let stamp = Stamp(450);
    let request = RequestHead {
        srv_sync: SrvSync(0),
        stamp,
        ..request()
    };
    assert_eq!(
        hear_all(&mut server, &mut entry, &request),
        [Remark::UnknownStamp { stamp }]
    );
    // Who begins anew keeps the STAMP, and is no riddle.
    let zeroed = RequestHead {
        confirmed: Some(ReqSync(0)),
        ..request
    };
    let mut entry = Registered::default();
    assert_eq!(hear_all(&mut server, &mut entry, &zeroed), []);
    assert_eq!(entry.due.import, Some(ImportReason::New));
}

#[test]
fn ds_s018_a_requestor_registered_again_goes_on_with_its_numbers() {
    let (mut server, mut entry) = (server(), Registered::default());
    let request = RequestHead {
        req_sync: ReqSync(17),
        ..request()
    };
    hear_all(&mut server, &mut entry, &request);
    assert_eq!(
        (entry.req_sync, entry.import_count),
        (ReqSync(17), ImportSync(1))
    );
    assert_eq!(take_all(&mut server, &mut entry, 18..=18).len(), 1);
    let answer = answer(&server, &entry, master(1), false).expect("due");
    assert_eq!((answer.content, answer.import), (updates(80), None));
    let head = settle(&mut server, &mut entry, &answer);
    assert_eq!((head.import_sync, head.export), (ImportSync(1), true));
}

#[test]
fn export_is_asked_until_it_comes() {
    let (mut server, mut entry) = (server(), Registered::default());
    for _ in 0..2 {
        hear_all(&mut server, &mut entry, &request());
        let answer = answer(&server, &entry, master(1), false).expect("due");
        assert!(settle(&mut server, &mut entry, &answer).export);
    }
    take(&mut server, &mut entry, ReqSync(18), UNKNOWN, true);
    assert!(!entry.due.export);
}

#[test]
fn who_registers_and_exports_at_once_is_not_asked() {
    let (mut server, mut entry) = (server(), Registered::default());
    hear_all(
        &mut server,
        &mut entry,
        &RequestHead {
            confirmed: Some(ReqSync(0)),
            ..RequestHead::default()
        },
    );
    assert!(entry.due.export);
    take(&mut server, &mut entry, ReqSync(1), UNKNOWN, true);
    assert!(!entry.due.export);
}

#[test]
fn a_requestor_restored_from_an_old_copy_is_taken_anew() {
    let (mut server, mut entry) = (server(), entry());
    hear_all(&mut server, &mut entry, &request());
    take_all(&mut server, &mut entry, 18..=22);
    // Its copy knew of 17; since then it gives 18 to 25 to others.
    let sync = server.sync;
    let remarks = hear(
        &mut server,
        &mut entry,
        &request(),
        sync,
        digest("another 22"),
    );
    let number = ReqSync(22);
    assert_eq!(remarks, [Remark::RequestorWentBack { number }]);
    assert!(entry.due.export);
    let taken = take_all(&mut server, &mut entry, 18..=25);
    assert!(!taken.contains(&Numbered::Old), "none is lost");
    // The answer was lost: it sends the same again, and that is no other transaction.
    let sync = server.sync;
    let again = hear(&mut server, &mut entry, &request(), sync, digest("25"));
    assert_eq!(again, []);
}

#[test]
fn another_transaction_as_the_last_one_confirmed_shows_it_too() {
    let (mut server, mut entry) = (server(), entry());
    entry.digest = digest("17");
    let request = |text| RequestHead {
        digest: digest(text),
        ..request()
    };
    assert_eq!(hear_all(&mut server, &mut entry, &request("17")), []);
    let remarks = hear_all(&mut server, &mut entry, &request("another"));
    let number = ReqSync(17);
    assert_eq!(remarks, [Remark::RequestorWentBack { number }]);
}

#[test]
fn ds_s022_numbers_go_on_when_the_master_list_is_lost() {
    let mut server = server();
    assert_eq!(begin_receive(&mut server, None), None);
    assert_eq!((server.sync, server.cycle), (SrvSync(80), 12));
    let (last, sync) = (SrvSync(60), SrvSync(80));
    assert_eq!(
        begin_receive(&mut server, Some(last)),
        Some(Remark::MasterShort { last, sync })
    );
    let last = SrvSync(90);
    assert_eq!(
        begin_receive(&mut server, Some(last)),
        Some(Remark::MasterLonger { last, sync })
    );
    assert_eq!(server.sync, SrvSync(90));
    // It is empty then: whoever is not up to date gets the full list.
    let mut entry = entry();
    hear_all(&mut server, &mut entry, &request());
    let answer = answer(&server, &entry, master(91), false).expect("due");
    assert_eq!(answer.import, Some(ImportReason::Purged));
}

#[test]
fn srvconf_of_an_older_copy_makes_everybody_export() {
    let mut server = server();
    let remark = begin_receive(&mut server, Some(SrvSync(90))).expect("MSTTRANS goes on");
    assert!(remark.exports_all());
    let remark = begin_receive(&mut server, Some(SrvSync(60))).expect("MSTTRANS is short");
    assert!(!remark.exports_all());
}

/// The server, and its own record, whose lists end at 5 where the master list begins at 41.
fn behind() -> (Server, Registered, Master) {
    let mut server = server();
    let mut own = Registered::default();
    let late = RequestHead {
        srv_sync: SrvSync(5),
        stamp: Stamp(400),
        ..request()
    };
    hear_all(&mut server, &mut own, &late);
    let master = Master {
        applied: SrvSync(5),
        own_stamp: Stamp(400),
        ..master(41)
    };
    (server, own, master)
}

#[test]
fn where_the_server_has_lost_transactions_everybody_gets_a_full_list() {
    let (mut server, mut own, master) = behind();
    server.issue(Timestamp(600)).expect("a stamp");
    let gap = answer(&server, &own, master, true).expect("due");
    assert!(gap.export_all);
    let head = settle(&mut server, &mut own, &gap);
    // What was given before may hold what the server lacks, also to those whose request is here already.
    let mut other = entry();
    other.heard = Stamp(500);
    other.due.reply = true;
    let list = answer(&server, &other, master, false).expect("due");
    assert_eq!(list.import, Some(ImportReason::UnknownStamp));
    // The server itself goes on from this answer.
    let next = RequestHead {
        stamp: head.stamp,
        ..request()
    };
    assert_eq!(hear_all(&mut server, &mut own, &next), []);
}

#[test]
fn a_full_list_of_lists_that_are_not_in_step_is_followed_by_another() {
    let (mut server, _, master) = behind();
    server.issue(Timestamp(600)).expect("a stamp");
    let mut entry = entry();
    let asking = RequestHead {
        wants_import: true,
        ..request()
    };
    hear_all(&mut server, &mut entry, &asking);
    let list = answer(&server, &entry, master, false).expect("due");
    assert!(list.is_provisional);
    let head = settle(&mut server, &mut entry, &list);
    assert!(head.stamp > Stamp(600), "or it would be taken for old mail");
    // No updates fit on it, also not those of a request that comes late.
    hear_all(&mut server, &mut entry, &request());
    server.issue(Timestamp(700)).expect("a stamp");
    let updates = answer(&server, &entry, master, false).expect("due");
    let after = settle(&mut server, &mut entry, &updates).after;
    assert_eq!(after, Some(vec![Stamp(500)]));
    // Who has it gets the next.
    let stamp = head.stamp;
    let next = RequestHead { stamp, ..request() };
    assert_eq!(
        hear_all(&mut server, &mut entry, &next),
        [Remark::UnknownStamp { stamp }]
    );
    // Lists of another state of the server are not in step either, unless they have taken nothing from it.
    let other = Master {
        applied: SrvSync(80),
        own_stamp: Stamp(450),
        ..master
    };
    assert!(answer(&server, &entry, other, false).is_some_and(|a| a.is_provisional));
    let zeroed = Requestor {
        stamp: Stamp(450),
        ..Requestor::default()
    };
    assert_eq!(own_stamp(&zeroed), Stamp::NONE);
}

#[test]
fn a_resync_file_of_lists_that_are_not_in_step_is_no_base_either() {
    let (mut server, _, behind) = behind();
    let void = server.issue_resync(Timestamp(600), &behind);
    let known = server.issue_resync(Timestamp(700), &master(1));
    assert_eq!((void, known), (Some(Stamp(600)), Some(Stamp(700))));
    assert!(!server.issued.contains(Stamp(600)) && server.issued.contains(Stamp(700)));
}
