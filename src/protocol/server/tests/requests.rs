//! Which transactions of a request are taken.

use super::*;

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
fn a_useless_transaction_does_not_come_again() {
    let mut entry = entry();
    assert!(pass_over(&mut entry, ReqSync(18), UNKNOWN));
    assert_eq!(entry.req_sync, ReqSync(18));
    assert!(!pass_over(&mut entry, ReqSync(18), UNKNOWN));
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
