use super::*;
use crate::protocol::message::{ReplyHead, RequestHead};
use crate::protocol::outcome::Remark;
use crate::protocol::requestor::Requestor;

const UNKNOWN: RecordDigest = RecordDigest::UNKNOWN;

fn server() -> Server {
    Server {
        sync: SrvSync(80),
        cycle: 11,
        stamp: Stamp(500),
        issued: Issued::from_newest([500, 400]),
    }
}

fn entry() -> Registered {
    Registered {
        req_sync: ReqSync(17),
        srv_sync: SrvSync(80),
        import_count: ImportSync(1),
        sent: Issued::from_newest([500]),
        ..Registered::default()
    }
}

/// A request of the requestor that `entry` is the record of.
fn request() -> RequestHead {
    RequestHead {
        req_sync: ReqSync(22),
        confirmed: Some(ReqSync(17)),
        srv_sync: SrvSync(80),
        import_sync: Some(ImportSync(1)),
        stamp: Stamp(500),
        ..RequestHead::default()
    }
}

fn digest(text: &str) -> RecordDigest {
    RecordDigest::of(Timestamp(1), text.as_bytes())
}

fn take_all(
    server: &mut Server,
    entry: &mut Registered,
    numbers: impl IntoIterator<Item = u32>,
) -> Vec<Numbered> {
    let take = |n: u32| take(server, entry, ReqSync(n), digest(&n.to_string()), false);
    numbers.into_iter().map(take).collect()
}

fn hear_all(server: &mut Server, entry: &mut Registered, request: &RequestHead) -> Vec<Remark> {
    let sync = server.sync;
    hear(server, entry, request, sync, UNKNOWN)
}

/// Settles an answer that reaches the highest number.
fn settle(server: &mut Server, entry: &mut Registered, answer: &Answer) -> ReplyHead {
    let sync = server.sync;
    answered(server, entry, answer, sync)
}

fn master(low: u32) -> Master {
    Master {
        low: SrvSync(low),
        applied: SrvSync(80),
        own_stamp: Stamp::NONE,
        own_is_ahead: false,
    }
}

fn updates(after: u32) -> Content {
    let after = SrvSync(after);
    Content::Master { after }
}

#[test]
fn ds_p014_new_transactions_get_the_next_numbers_of_the_server() {
    let (mut server, mut entry) = (server(), entry());
    assert_eq!(hear_all(&mut server, &mut entry, &request()), []);
    let taken = take_all(&mut server, &mut entry, 18..=22);
    let expected = (81..=85).map(|n| Numbered::Taken {
        sync: SrvSync(n),
        gap: None,
    });
    assert_eq!(taken, expected.collect::<Vec<_>>());
    assert_eq!((entry.req_sync, server.sync), (ReqSync(22), SrvSync(85)));
    assert!(entry.due.reply);
}

#[test]
fn ds_p015_ds_p016_a_repeated_number_is_old_the_last_one_too() {
    let (mut server, mut entry) = (server(), entry());
    take_all(&mut server, &mut entry, 18..=22);
    let again = take_all(&mut server, &mut entry, 18..=23);
    assert_eq!(again[..5], [Numbered::Old; 5]);
    let (sync, gap) = (SrvSync(86), None);
    assert_eq!(again[5], Numbered::Taken { sync, gap });
}

#[test]
fn ds_p017_updates_are_those_above_what_the_request_told() {
    let (mut server, mut entry) = (server(), entry());
    hear_all(&mut server, &mut entry, &request());
    take_all(&mut server, &mut entry, 18..=22);
    server.issue(Timestamp(600)).expect("a stamp");
    let answer = answer(&server, &entry, master(1), false).expect("due");
    assert_eq!((answer.content, answer.import), (updates(80), None));
    let head = settle(&mut server, &mut entry, &answer);
    assert_eq!(
        (head.req_sync, head.srv_sync, head.was),
        (ReqSync(22), SrvSync(85), Some(SrvSync(80)))
    );
    assert_eq!((head.import_sync, head.stamp), (ImportSync(1), Stamp(600)));
    assert_eq!(head.after, Some(vec![Stamp(500)]));
    assert_eq!(entry.srv_sync, SrvSync(85));
}

#[test]
fn ds_p018_without_a_request_there_is_no_answer() {
    let (mut server, mut entry) = (server(), entry());
    assert_eq!(answer(&server, &entry, master(1), false), None);
    // Nor is there a second one in a second T2.
    hear_all(&mut server, &mut entry, &request());
    let first = answer(&server, &entry, master(1), false).expect("due");
    settle(&mut server, &mut entry, &first);
    assert_eq!(answer(&server, &entry, master(1), false), None);
}

#[test]
fn ds_p019_the_first_cycle_is_an_import_by_the_confirmed_numbers() {
    let (mut server, mut entry) = (server(), Registered::default());
    let request = RequestHead {
        req_sync: ReqSync(6),
        confirmed: Some(ReqSync(0)),
        srv_sync: SrvSync(0),
        import_sync: Some(ImportSync(0)),
        stamp: Stamp::NONE,
        ..request()
    };
    hear_all(&mut server, &mut entry, &request);
    assert_eq!(take_all(&mut server, &mut entry, 1..=6).len(), 6);
    let answer = answer(&server, &entry, master(1), false).expect("due");
    assert_eq!(answer.import, Some(ImportReason::New));
    let head = settle(&mut server, &mut entry, &answer);
    assert!(head.is_import && head.after.is_none());
    assert_eq!(head.import_sync, ImportSync(1));
    assert_eq!(head.req_sync, ReqSync(6));
}

#[test]
fn ds_p020_a_requestor_that_has_had_something_confirmed_is_not_new() {
    let (mut server, mut entry) = (server(), entry());
    let request = RequestHead {
        confirmed: Some(ReqSync(3)),
        srv_sync: SrvSync(0),
        ..request()
    };
    hear_all(&mut server, &mut entry, &request);
    let from_start = answer(&server, &entry, master(1), false).expect("due");
    assert_eq!((from_start.content, from_start.import), (updates(0), None));
    let purged = answer(&server, &entry, master(41), false).expect("due");
    assert_eq!(purged.import, Some(ImportReason::Purged));
    let (srv_sync, low) = (SrvSync(0), SrvSync(41));
    assert_eq!(purged.remarks, [Remark::Purged { srv_sync, low }]);
    // Asked for, it is an import whatever the numbers say.
    let request = RequestHead {
        wants_import: true,
        ..request
    };
    hear_all(&mut server, &mut entry, &request);
    let asked = answer(&server, &entry, master(1), false).expect("due");
    assert_eq!(asked.import, Some(ImportReason::Asked));
}

#[test]
fn ds_p021_a_full_list_is_what_the_lists_hold_and_what_they_lack() {
    let mut server = Server {
        sync: SrvSync(110),
        ..server()
    };
    let mut entry = entry();
    let request = RequestHead {
        wants_import: true,
        ..request()
    };
    hear_all(&mut server, &mut entry, &request);
    let applied = own_applied(SrvSync(100), None, server.sync);
    let master = Master {
        low: SrvSync(1),
        applied,
        own_stamp: Stamp::NONE,
        own_is_ahead: false,
    };
    let answer = answer(&server, &entry, master, false).expect("due");
    assert_eq!(answer.content, Content::FullList { applied });
    assert_eq!(
        settle(&mut server, &mut entry, &answer).srv_sync,
        SrvSync(110)
    );
    // Received is not applied: what waits for IMPORT is not in the lists.
    assert_eq!(
        own_applied(SrvSync(100), Some(SrvSync(96)), server.sync),
        SrvSync(95)
    );
    assert_eq!(own_applied(SrvSync(700), None, SrvSync(500)), SrvSync(500));
}

#[test]
fn ds_p024_paced_replies_carry_the_last_number_included() {
    let mut server = Server {
        sync: SrvSync(330),
        ..server()
    };
    let mut entry = entry();
    let mut counts = Vec::new();
    while entry.srv_sync < server.sync {
        entry.due.reply = true;
        let answer = answer(&server, &entry, master(1), false).expect("due");
        assert_eq!(answer.content, updates(entry.srv_sync.0));
        let mut pace = Pace::new(100 * 40);
        let first = entry.srv_sync.0 + 1;
        let sent = (first..=server.sync.0)
            .take_while(|_| pace.admits(40))
            .count() as u32;
        counts.push(sent);
        let through = SrvSync(first - 1 + sent);
        let head = answered(&mut server, &mut entry, &answer, through);
        assert_eq!(head.srv_sync, through);
    }
    assert_eq!(counts, [100, 100, 50]);
}

#[test]
fn a_transaction_larger_than_the_limit_goes_alone() {
    let mut pace = Pace::new(100);
    assert!(pace.admits(200));
    assert!(!pace.admits(1));
    assert!(pace.is_full());
    let mut pace = Pace::new(100);
    assert!(pace.admits(60) && !pace.admits(60));
    assert!(!pace.admits(10), "what comes later does not overtake");
    assert!(!Pace::takes_whole(100, 101) && Pace::takes_whole(0, 101));
}

#[test]
fn ds_p025_what_is_given_up_leaves_the_numbers() {
    let (mut server, mut entry) = (server(), entry());
    hear_all(
        &mut server,
        &mut entry,
        &RequestHead {
            wants_import: true,
            ..request()
        },
    );
    let before = entry.clone();
    given_up(&mut entry);
    assert_eq!(
        (entry.srv_sync, entry.import_count),
        (before.srv_sync, before.import_count)
    );
    assert_eq!(answer(&server, &entry, master(1), false), None);
}

#[test]
fn ds_p027_keep_updates_purges_what_is_older_and_not_what_is_as_old() {
    let now = Timestamp(100 * 86_400);
    let cutoff = cutoff(now, 14);
    let days_ago = |days: u32| Timestamp(now.0 - days * 86_400);
    assert_eq!(
        [15, 14, 1].map(|days| expires(days_ago(days), cutoff)),
        [true, false, false]
    );
}

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
fn a_number_raised_by_a_resync_loses_nothing() {
    let (mut server, mut entry) = (server(), entry());
    let raised = RequestHead {
        confirmed: Some(ReqSync(40)),
        acknowledged: Some(ReqSync(17)),
        ..request()
    };
    assert_eq!(hear_all(&mut server, &mut entry, &raised), []);
    assert_eq!((entry.req_sync, entry.due.export), (ReqSync(40), false));
    // It hides whether transactions taken before are still there: they were not confirmed to it.
    let mut entry = Registered {
        req_sync: ReqSync(19),
        ..self::entry()
    };
    let (from, to) = (ReqSync(18), ReqSync(19));
    assert_eq!(
        hear_all(&mut server, &mut entry, &raised),
        [Remark::RaisedOver { from, to }]
    );
    assert!(entry.due.export);
}

#[test]
fn missing_numbers_of_ours_ask_for_the_list() {
    let (mut server, mut entry) = (server(), entry());
    let taken = take_all(&mut server, &mut entry, [20]);
    let [Numbered::Taken { gap: Some(gap), .. }] = taken[..] else {
        panic!("{taken:?}");
    };
    let (from, to) = (ReqSync(18), ReqSync(19));
    assert_eq!(gap.settle(&mut entry), Remark::NumbersSkipped { from, to });
    assert!(entry.due.export);
}

#[test]
fn a_useless_transaction_does_not_come_again() {
    let mut entry = entry();
    assert!(pass_over(&mut entry, ReqSync(18), UNKNOWN));
    assert_eq!(entry.req_sync, ReqSync(18));
    assert!(!pass_over(&mut entry, ReqSync(18), UNKNOWN));
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
fn ds_s028_two_requests_are_answered_once_by_the_newer() {
    let (mut server, mut entry) = (server(), entry());
    let old = RequestHead {
        wants_import: true,
        srv_sync: SrvSync(70),
        ..request()
    };
    hear_all(&mut server, &mut entry, &old);
    take_all(&mut server, &mut entry, 18..=22);
    hear_all(&mut server, &mut entry, &request());
    take_all(&mut server, &mut entry, 18..=25);
    assert_eq!(
        (entry.req_sync, entry.srv_sync, server.sync),
        (ReqSync(25), SrvSync(80), SrvSync(88))
    );
    let answer = answer(&server, &entry, master(1), false).expect("due");
    assert_eq!(
        answer.import,
        Some(ImportReason::Asked),
        "one of them asked for it"
    );
}

#[test]
fn the_server_itself_gets_updates_and_never_its_own_list() {
    let (mut server, mut own) = (server(), Registered::default());
    let new = RequestHead {
        confirmed: Some(ReqSync(0)),
        ..RequestHead::default()
    };
    hear_all(&mut server, &mut own, &new);
    let first = answer(&server, &own, master(1), true).expect("due");
    assert_eq!(
        (first.content, first.import),
        (updates(0), Some(ImportReason::New))
    );
    let head = settle(&mut server, &mut own, &first);
    assert!(head.is_import);
    assert_eq!(
        head.after,
        Some(vec![Stamp::NONE]),
        "what it has counts by number"
    );
    // What was purged before its lists took it is nowhere else: everybody exports.
    let late = RequestHead {
        confirmed: Some(ReqSync(3)),
        srv_sync: SrvSync(5),
        ..RequestHead::default()
    };
    hear_all(&mut server, &mut own, &late);
    let gap = answer(&server, &own, master(41), true).expect("due");
    assert!(gap.export_all);
    let (applied, low) = (SrvSync(5), SrvSync(41));
    assert!(gap.remarks.contains(&Remark::OwnGap { applied, low }));
}

#[test]
fn numbers_never_wrap() {
    let mut server = Server {
        sync: SrvSync(u32::MAX),
        ..server()
    };
    let mut entry = entry();
    let before = entry.clone();
    assert_eq!(
        take_all(&mut server, &mut entry, [18]),
        [Numbered::Exhausted]
    );
    assert_eq!(entry, before);
}

#[test]
fn codes_of_reasons_are_read_back() {
    for reason in ImportReason::ALL {
        assert_eq!(ImportReason::from_code(reason.code()), Some(reason));
    }
    assert_eq!(ImportReason::from_code(0), None);
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
fn numbers_missing_before_an_export_are_only_said() {
    let (mut server, mut entry) = (server(), Registered::default());
    entry.due.export = true;
    let taken = take(&mut server, &mut entry, ReqSync(24), digest("R"), true);
    let Numbered::Taken { gap: Some(gap), .. } = taken else {
        panic!("{taken:?}");
    };
    let (from, to) = (ReqSync(1), ReqSync(23));
    let remark = gap.settle(&mut entry);
    assert_eq!(remark, Remark::NumbersReplaced { from, to });
    assert!(!entry.due.export, "it is here");
}

#[test]
fn numbers_missing_at_the_end_ask_for_the_list() {
    let request = request();
    let mut entry = Registered {
        req_sync: ReqSync(20),
        ..entry()
    };
    let (from, to) = (ReqSync(21), ReqSync(22));
    assert_eq!(
        finish(&mut entry, &request),
        Some(Remark::NumbersSkipped { from, to })
    );
    assert!(entry.due.export);
    assert_eq!(entry.digest, RecordDigest::NO_RECORD);
    assert_eq!(finish(&mut entry, &request), None, "said once");
    // Others may end with a hole, and say no confirmed number.
    let foreign = RequestHead {
        confirmed: None,
        ..request
    };
    assert_eq!(finish(&mut self::entry(), &foreign), None);
}

#[test]
fn srvconf_of_an_older_copy_makes_everybody_export() {
    let mut server = server();
    let remark = begin_receive(&mut server, Some(SrvSync(90))).expect("MSTTRANS goes on");
    assert!(remark.exports_all());
    let remark = begin_receive(&mut server, Some(SrvSync(60))).expect("MSTTRANS is short");
    assert!(!remark.exports_all());
}

#[test]
fn a_full_list_ahead_of_waiting_changes_makes_the_server_export() {
    // None waits; an A; an A before the R that begins an export, and behind it.
    for (waiting, expected) in [
        (&[][..], false),
        (&[false], true),
        (&[false, true, false], false),
        (&[true, false], false),
    ] {
        assert_eq!(is_ahead(waiting.iter().copied()), expected, "{waiting:?}");
    }
    let (mut server, mut entry) = (server(), entry());
    let master = Master {
        own_is_ahead: true,
        ..master(1)
    };
    hear_all(&mut server, &mut entry, &request());
    let updates = answer(&server, &entry, master, false).expect("due");
    assert!(!updates.export_own, "updates are in their order");
    entry.due.import = Some(ImportReason::Asked);
    let list = answer(&server, &entry, master, false).expect("due");
    assert!(list.export_own);
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
