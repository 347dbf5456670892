//! What a requestor is answered, and what is purged.

use super::*;

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
fn codes_of_reasons_are_read_back() {
    for reason in ImportReason::ALL {
        assert_eq!(ImportReason::from_code(reason.code()), Some(reason));
    }
    assert_eq!(ImportReason::from_code(0), None);
}
