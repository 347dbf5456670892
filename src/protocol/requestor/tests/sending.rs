//! What T1 sends.

use super::*;

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
fn dxc_108_a_part_tells_how_far_it_goes_and_keeps_what_was_told_before() {
    let part = |last, through| {
        let sending = send_part(&own(), ReqSync(last), ReqSync(through));
        (
            sending.head.req_sync.0,
            sending.next.sent.0,
            sending.next.req_sync.0,
        )
    };
    assert_eq!(part(40, 30), (30, 30, 17));
    // An earlier request brought 22, and that may still be confirmed.
    assert_eq!(part(40, 20), (20, 22, 17));
    // What the queue does not have was not sent.
    assert_eq!(part(21, 20), (20, 21, 17));
    assert_eq!(part(40, 17), (17, 22, 17), "nothing goes");
    let whole = send_part(&own(), ReqSync(40), ReqSync(40));
    assert_eq!(whole, send(&own(), ReqSync(40)));
}
