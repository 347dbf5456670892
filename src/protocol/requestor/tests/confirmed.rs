//! What a reply or a resync file confirms of what was sent, and what becomes of REQTRANS.

use super::*;

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
