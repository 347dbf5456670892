use super::*;

fn own() -> Requestor {
    Requestor {
        req_sync: ReqSync(17),
        srv_sync: SrvSync(80),
        import_sync: ImportSync(1),
        stamp: Stamp(500),
        sent: ReqSync(22),
        ..Requestor::default()
    }
}

fn reply() -> ReplyHead {
    ReplyHead {
        req_sync: ReqSync(22),
        srv_sync: SrvSync(85),
        was: Some(SrvSync(80)),
        import_sync: ImportSync(1),
        stamp: Stamp(600),
        after: Some(vec![Stamp(500)]),
        ..ReplyHead::default()
    }
}

fn queue(last: u32) -> QueueView {
    QueueView {
        last: ReqSync(last),
        at_confirmed: RecordDigest::UNKNOWN,
    }
}

fn taken(own: &Requestor, last: u32, reply: &ReplyHead) -> Taken {
    match judge(own, queue(last), reply) {
        Verdict::Take(taken) => *taken,
        left => panic!("{left:?}"),
    }
}

fn left(own: &Requestor, reply: &ReplyHead) -> (Requestor, Remark) {
    match judge(own, queue(22), reply) {
        Verdict::Leave { next, remark } => (next, remark),
        taken => panic!("{taken:?}"),
    }
}

#[test]
fn ds_p004_a_request_goes_even_with_nothing_to_send() {
    let sending = send(&own(), ReqSync(17));
    assert_eq!(sending.head.req_sync, ReqSync(17));
    assert_eq!(sending.head.confirmed, Some(ReqSync(17)));
    assert_eq!(sending.after, ReqSync(17));
    assert_eq!(sending.remark, None);
}

#[test]
fn ds_p005_a_queue_behind_the_confirmed_number_is_said_with_both_numbers() {
    let own = Requestor {
        req_sync: ReqSync(40),
        ..own()
    };
    let sending = send(&own, ReqSync(6));
    let (confirmed, last) = (ReqSync(40), ReqSync(6));
    assert_eq!(
        sending.remark,
        Some(Remark::QueueBehind { confirmed, last })
    );
    // x = y + z holds: 40 (was 40), 0 sent.
    assert_eq!(
        (sending.head.req_sync, sending.after),
        (confirmed, confirmed)
    );
}

#[test]
fn ds_p009_nothing_changes_before_it_is_acknowledged() {
    let first = send(&own(), ReqSync(22));
    let second = send(&first.next, ReqSync(22));
    assert_eq!((first.head, first.after), (second.head, second.after));
}

#[test]
fn ds_p013_an_import_request_outside_of_t1_brings_nothing_and_changes_no_number() {
    let sending = ask_import(&own());
    assert!(sending.head.wants_import && sending.next.import_requested);
    assert_eq!(sending.head.req_sync, ReqSync(17));
    assert_eq!(
        sending.next,
        Requestor {
            import_requested: true,
            ..own()
        }
    );
}

#[test]
fn ds_p031_ds_p033_a_number_up_to_the_last_one_sent_is_confirmed() {
    let taken = taken(&own(), 23, &reply());
    let through = ReqSync(22);
    assert_eq!(taken.acknowledgment, Acknowledgment::Discard { through });
    assert_eq!(taken.next.req_sync, ReqSync(22));
    assert_eq!(taken.updates, Updates::After(SrvSync(80)));
    assert_eq!(
        (taken.next.srv_sync, taken.next.stamp),
        (SrvSync(85), Stamp(600))
    );
}

#[test]
fn ds_p030_less_than_sent_discards_only_that_far() {
    let reply = ReplyHead {
        req_sync: ReqSync(21),
        ..reply()
    };
    let through = ReqSync(21);
    assert_eq!(
        taken(&own(), 25, &reply).acknowledgment,
        Acknowledgment::Discard { through }
    );
}

#[test]
fn a_configuration_that_does_not_know_what_was_sent_takes_up_to_the_end_of_the_queue() {
    let own = Requestor {
        sent: ReqSync::ZERO,
        ..own()
    };
    let through = ReqSync(22);
    assert_eq!(
        taken(&own, 22, &reply()).acknowledgment,
        Acknowledgment::Discard { through }
    );
}

#[test]
fn more_than_was_sent_shows_that_this_requestor_was_restored() {
    let own = Requestor {
        sent: ReqSync(20),
        ..own()
    };
    // New transactions have reached the old numbers since: they are not confirmed.
    let taken = taken(&own, 30, &reply());
    let above = ReqSync(22);
    assert_eq!(taken.acknowledgment, Acknowledgment::Renumber { above });
    assert!(taken.export);
    assert_eq!((taken.next.req_sync, taken.next.sent), (above, above));
    assert_eq!(
        taken.remarks,
        [Remark::OwnStateLost {
            confirmed: ReqSync(22),
            sent: ReqSync(20)
        }]
    );
    assert_eq!(
        taken.updates,
        Updates::After(SrvSync(80)),
        "updates come all the same"
    );
}

#[test]
fn a_confirmation_of_another_transaction_is_none() {
    let digest = |text: &[u8]| RecordDigest::of(crate::codec::timestamp::Timestamp(1), text);
    let reply = ReplyHead {
        digest: digest(b"A old"),
        ..reply()
    };
    let judged = |at| {
        let view = QueueView {
            last: ReqSync(22),
            at_confirmed: at,
        };
        match judge(&own(), view, &reply) {
            Verdict::Take(taken) => taken.acknowledgment,
            left => panic!("{left:?}"),
        }
    };
    let (above, through) = (ReqSync(22), ReqSync(22));
    assert_eq!(judged(digest(b"A new")), Acknowledgment::Renumber { above });
    assert_eq!(
        judged(digest(b"A old")),
        Acknowledgment::Discard { through }
    );
    assert_eq!(
        judged(RecordDigest::UNKNOWN),
        Acknowledgment::Discard { through }
    );
}

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
fn an_export_that_waits_is_not_made_twice() {
    let (through, above) = (ReqSync(22), ReqSync(22));
    let discard = Acknowledgment::Discard { through };
    assert!(needs_export(true, None, discard));
    assert!(
        needs_export(true, Some(ReqSync(20)), discard),
        "it is confirmed, and lost again"
    );
    assert!(!needs_export(true, Some(ReqSync(23)), discard));
    assert!(!needs_export(
        true,
        Some(ReqSync(20)),
        Acknowledgment::Renumber { above }
    ));
    assert!(!needs_export(false, None, Acknowledgment::Nothing));
}

#[test]
fn ds_p042_a_resync_file_sets_the_numbers_and_remembers_what_was_confirmed() {
    let numbers = (ReqSync(18), SrvSync(80), ImportSync(2));
    let asked = Requestor {
        req_sync: ReqSync(12),
        srv_sync: SrvSync(71),
        import_requested: true,
        ..own()
    };
    let next = resynced(&asked, numbers, Stamp(900));
    assert_eq!((next.req_sync, next.srv_sync), (ReqSync(18), SrvSync(80)));
    assert_eq!(next.raised_from, Some(ReqSync(12)));
    assert!(!next.import_requested);
    // A second one does not forget it, an answer does.
    let again = resynced(&next, (ReqSync(20), SrvSync(90), ImportSync(2)), Stamp(950));
    assert_eq!(again.raised_from, Some(ReqSync(12)));
    let answer = ReplyHead {
        req_sync: ReqSync(20),
        srv_sync: SrvSync(90),
        import_sync: ImportSync(2),
        stamp: Stamp(960),
        after: Some(vec![Stamp(950)]),
        ..reply()
    };
    assert_eq!(taken(&again, 20, &answer).next.raised_from, None);
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
