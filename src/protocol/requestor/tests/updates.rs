//! Which replies are taken, and what of them is new.

use super::*;

#[test]
fn ds_p034_an_older_reply_changes_nothing() {
    let late = ReplyHead {
        req_sync: ReqSync(17),
        srv_sync: SrvSync(75),
        stamp: Stamp(400),
        ..reply()
    };
    let (next, remark) = left(&own(), &late);
    assert_eq!(next, own());
    assert_eq!(
        remark,
        Remark::OldReply {
            found: SrvSync(75),
            own: SrvSync(80)
        }
    );
    // And of a server without stamps, by the numbers alone.
    let unstamped = ReplyHead {
        stamp: Stamp::NONE,
        after: None,
        was: None,
        ..late
    };
    assert_eq!(left(&own(), &unstamped), (next, remark));
}

#[test]
fn the_same_reply_again_is_old() {
    let next = taken(&own(), 22, &reply()).next;
    let (after, remark) = left(&next, &reply());
    assert_eq!(after, next);
    assert!(matches!(remark, Remark::OldReply { .. }));
}

#[test]
fn ds_p035_a_lower_import_number_is_old_mail_and_said() {
    let old = ReplyHead {
        import_sync: ImportSync(0),
        ..reply()
    };
    let (next, remark) = left(&own(), &old);
    assert_eq!(next, own());
    assert_eq!(
        remark,
        Remark::OldImport {
            found: ImportSync(0),
            own: ImportSync(1)
        }
    );
    assert!(remark.lines("")[0].text.contains("import number 0"));
}

#[test]
fn ds_p036_a_full_list_comes_before_the_updates_behind_it() {
    let import = ReplyHead {
        is_import: true,
        import_sync: ImportSync(2),
        srv_sync: SrvSync(500),
        was: Some(SrvSync(80)),
        stamp: Stamp(600),
        after: None,
        ..reply()
    };
    let updates = ReplyHead {
        import_sync: ImportSync(2),
        srv_sync: SrvSync(510),
        stamp: Stamp(700),
        after: Some(vec![Stamp(500), Stamp(600)]),
        ..reply()
    };
    for stamped in [true, false] {
        let strip = |mut head: ReplyHead| {
            if !stamped {
                head.stamp = Stamp::NONE;
                head.after = None;
                head.was = None;
            }
            head
        };
        let mut replies = [strip(updates.clone()), strip(import.clone())];
        order(&mut replies, |head| head);
        let first = taken(&own(), 22, &replies[0]);
        assert_eq!(first.updates, Updates::All);
        let second = taken(&first.next, 22, &replies[1]);
        assert_eq!(second.updates, Updates::After(SrvSync(500)));
        assert_eq!(
            (second.next.import_sync, second.next.srv_sync),
            (ImportSync(2), SrvSync(510))
        );
    }
}

#[test]
fn ds_p037_updates_wait_for_the_full_list_before_them() {
    let updates = ReplyHead {
        import_sync: ImportSync(2),
        ..reply()
    };
    let (next, remark) = left(&own(), &updates);
    assert!(matches!(remark, Remark::ImportOutstanding { .. }));
    assert_eq!(
        next,
        Requestor {
            import_requested: true,
            ..own()
        }
    );
    // It stays acceptable when it comes late, although its STAMP is lower than that of the updates.
    let import = ReplyHead {
        is_import: true,
        import_sync: ImportSync(2),
        stamp: Stamp(550),
        after: None,
        ..reply()
    };
    let taken = taken(&next, 22, &import);
    assert!(!taken.next.import_requested);
    assert_eq!(taken.next.import_sync, ImportSync(2));
}

#[test]
fn ds_p038_overlapping_replies_are_taken_once() {
    let second = ReplyHead {
        srv_sync: SrvSync(90),
        stamp: Stamp(700),
        after: Some(vec![Stamp(500), Stamp(600)]),
        ..reply()
    };
    let first = taken(&own(), 22, &reply());
    let second = taken(&first.next, 22, &second);
    assert_eq!(second.updates, Updates::After(SrvSync(85)));
    assert_eq!(second.next.srv_sync, SrvSync(90));
}

#[test]
fn updates_for_another_state_are_left() {
    // A resync file was applied since the request.
    let resynced = resynced(
        &own(),
        (ReqSync(40), SrvSync(82), ImportSync(1)),
        Stamp(550),
    );
    let (next, remark) = left(&resynced, &reply());
    assert_eq!(next, resynced);
    assert!(matches!(remark, Remark::NotBased { .. }));
    // A server of another make leaves only the numbers to go by.
    let gap = ReplyHead {
        was: Some(SrvSync(83)),
        after: None,
        ..reply()
    };
    let (_, remark) = left(&own(), &gap);
    let (base, have) = (SrvSync(83), SrvSync(80));
    assert_eq!(remark, Remark::Gap { base, own: have });
    assert!(remark.lines("")[0].text.contains("81 to 83 are missing"));
}

#[test]
fn a_full_list_of_a_restored_server_is_taken_though_its_number_is_lower() {
    let own = Requestor {
        srv_sync: SrvSync(700),
        ..own()
    };
    let import = ReplyHead {
        is_import: true,
        import_sync: ImportSync(2),
        srv_sync: SrvSync(500),
        was: Some(SrvSync(700)),
        after: None,
        ..reply()
    };
    let taken = taken(&own, 22, &import);
    assert_eq!(taken.updates, Updates::All);
    assert_eq!(taken.next.srv_sync, SrvSync(500));
    // Updates of such a server would skip what it numbers anew; where they do not say what they fit on, the STAMP does.
    let updates = ReplyHead {
        srv_sync: SrvSync(510),
        was: None,
        after: None,
        ..reply()
    };
    let (next, remark) = left(&own, &updates);
    assert!(matches!(remark, Remark::ServerWentBack { .. }));
    assert!(next.import_requested);
}

#[test]
fn numbers_set_to_zero_leave_a_gap_below_a_late_reply() {
    // The STAMP stays, so that it still tells old mail; the updates begin above what is there all the same.
    let zeroed = Requestor {
        req_sync: ReqSync(0),
        srv_sync: SrvSync(0),
        import_sync: ImportSync(0),
        ..own()
    };
    for is_import in [false, true] {
        let late = ReplyHead {
            is_import,
            import_sync: ImportSync(u32::from(is_import)),
            ..reply()
        };
        let (next, remark) = left(&zeroed, &late);
        let (base, own) = (SrvSync(80), SrvSync(0));
        assert_eq!((next, remark), (zeroed.clone(), Remark::Gap { base, own }));
    }
}

#[test]
fn a_paced_answer_to_an_earlier_request_takes_nothing_back() {
    // It was told SrvSync 60, and reaches 70; another answer has brought 80 since.
    for is_import in [false, true] {
        let late = ReplyHead {
            is_import,
            srv_sync: SrvSync(70),
            was: Some(SrvSync(60)),
            after: Some(vec![Stamp(300), Stamp(500)]),
            ..reply()
        };
        let taken = taken(&own(), 22, &late);
        assert_eq!(taken.next.srv_sync, SrvSync(80));
        assert_eq!(taken.next.stamp, Stamp(600));
        assert_eq!(taken.updates, Updates::After(SrvSync(80)));
        let through = ReqSync(22);
        assert_eq!(taken.acknowledgment, Acknowledgment::Discard { through });
    }
    // The server itself, restored: it told 80, and the master list ends at 70.
    let restored = ReplyHead {
        is_import: true,
        srv_sync: SrvSync(70),
        ..reply()
    };
    assert_eq!(taken(&own(), 22, &restored).next.srv_sync, SrvSync(70));
}
