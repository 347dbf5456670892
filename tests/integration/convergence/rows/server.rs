//! The rows of `protocol::server` about requests and requestors, and about Keep Updates.

use dirsync::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use dirsync::messages::Severity::{Error, Status, Warning};
use dirsync::protocol::outcome::Remark;

use super::{Scene, added, arrive, cycle_without, deliver, edit, export_of, logged, names};
use crate::convergence::event::Event::*;
use crate::convergence::event::Fate::{Arrives, Doubled, Late, Lost};
use crate::convergence::list::{Change, List};
use crate::convergence::office::Edit::{Delete, Put, Rename};

#[test]
fn request_doubled_late_or_out_of_order_is_passed_over() {
    let mut scene = Scene::in_step(2);
    let sync = scene.sync();
    scene.play(&[edit(1, Put(2, 2)), T1(1), edit(1, Put(3, 3)), T1(1)]);
    // The second, which repeats the first, comes before it.
    let seen = scene.play(&[Deliver(vec![Doubled], true), Receive]);
    assert_eq!(seen.remarks, []);
    assert_eq!(added(&scene.taken(1, sync)), [2, 3]);
    assert_eq!(scene.count("request: Old"), 1);
    // Both come once more after the answer.
    let seen = scene.play(&[Transmit(None), arrive(), T2]);
    assert_eq!(seen.remarks, []);
    assert_eq!(added(&scene.taken(1, sync)), [2, 3]);
    assert_eq!(scene.count("request: Old"), 4);
    scene.heals();
}

#[test]
fn two_t2_in_a_row_answer_once() {
    let mut scene = Scene::in_step(2);
    let seen = scene.play(&[edit(1, Put(2, 2)), T1(0), T1(1), arrive(), T2]);
    assert_eq!(seen.replies.len(), 2);
    let seen = scene.play(&[T2]);
    assert_eq!((seen.replies, seen.remarks), (vec![], vec![]));
    assert_eq!(scene.count("answer: none"), 2);
    scene.heals();
}

#[test]
fn several_requests_of_one_requestor_are_taken_in_order_and_answered_by_the_newest() {
    let mut scene = Scene::in_step(2);
    // The first stays on its way for a cycle, so that the second has more from the server.
    scene.play(&[edit(1, Put(2, 2)), T1(1), edit(0, Put(2, 2))]);
    scene.play(&[NoisyCycle(vec![Late, Arrives, Arrives])]);
    let sync = scene.sync();
    let own = scene.own(1);
    assert_eq!(own.srv_sync, sync);
    let seen = scene.play(&[edit(1, Put(3, 3)), T1(1), edit(1, Put(4, 4)), T1(1)]);
    let newest = seen.request(1).head.clone();
    let seen = scene.play(&[arrive(), T2]);
    assert_eq!(seen.remarks, []);
    assert_eq!(added(&scene.taken(1, sync)), [3, 4]);
    let reply = &seen.reply(1).head;
    assert_eq!(reply.was, Some(newest.srv_sync));
    assert_eq!(
        reply.after.as_ref().map(|after| after[0]),
        Some(newest.stamp)
    );
    assert_eq!(reply.req_sync, newest.req_sync);
    scene.heals();
}

#[test]
fn requestor_registered_again_is_asked_for_its_list_and_goes_on_with_its_numbers() {
    let mut scene = Scene::in_step(2);
    // Another full list, so that its import number is not the first of a new record.
    scene.play(&[AskImport(1), Cycle, Cycle]);
    let own = scene.own(1);
    assert_eq!(own.import_sync, ImportSync(2));
    // It changes something after the server has forgotten it.
    let seen = scene.play(&[
        Strike(1),
        Register(1),
        edit(1, Put(2, 2)),
        T1(1),
        arrive(),
        T2,
    ]);
    let (from, to) = (ReqSync(1), own.req_sync);
    let unknown = Remark::TransactionsLost { from, to };
    assert_eq!(seen.remarks, [(1, unknown.clone())]);
    assert_eq!(logged(&unknown), [(Warning, None)]);
    let reply = seen.reply(1);
    assert!(reply.head.export && !reply.head.is_import);
    assert_eq!(reply.head.import_sync, own.import_sync);
    assert_eq!(reply.head.req_sync, ReqSync(own.req_sync.0 + 1));
    scene.heals();
}

#[test]
fn requestor_made_anew_under_its_name_is_asked_for_its_list() {
    let mut scene = Scene::just_registered(2);
    scene.play(&[
        Backup(1),
        edit(1, Put(2, 2)),
        edit(0, Put(0, 0)),
        Cycle,
        Cycle,
    ]);
    assert_eq!(names(scene.list(0, 1)), [2]);
    // Nothing was confirmed to it, so that its numbers do not tell what the server has of it.
    let seen = scene.play(&[Restore(0), Register(1), T1(1), arrive(), T2]);
    assert_eq!(seen.remarks, []);
    let reply = seen.reply(1);
    assert!(reply.head.export && reply.head.is_import);
    let scene = scene.heals();
    assert_eq!(scene.list(0, 1), &List::new());
}

#[test]
fn numbers_of_a_restored_requestor_that_come_again_are_taken_and_its_list_asked_for() {
    let mut scene = Scene::in_step(2);
    let (sync, known) = (scene.sync(), scene.own(1).req_sync.0);
    scene.play(&[Backup(1), edit(1, Put(2, 2)), edit(1, Put(3, 3))]);
    scene.play(&[T1(1), arrive(), Receive]);
    let sync_then = scene.sync();
    assert_eq!(added(&scene.taken(1, sync)), [2, 3]);
    let seen = scene.play(&[Restore(0), edit(1, Put(4, 4)), edit(1, Put(5, 5)), T1(1)]);
    assert_eq!(seen.request(1).head.req_sync, ReqSync(known + 2));
    let seen = scene.play(&[arrive(), T2]);
    let number = ReqSync(known + 2);
    let went_back = Remark::RequestorWentBack { number };
    assert_eq!(seen.remarks, [(1, went_back.clone())]);
    assert_eq!(logged(&went_back), [(Warning, None)]);
    assert_eq!(added(&scene.taken(1, sync_then)), [4, 5]);
    assert!(seen.reply(1).head.export);
    let scene = scene.heals();
    assert_eq!(names(scene.list(0, 1)), [0, 1, 4, 5]);
}

#[test]
fn number_confirmed_to_a_requestor_for_another_transaction_shows_it_too() {
    let mut scene = Scene::in_step(2);
    scene.play(&[Backup(0), Backup(1), edit(1, Put(2, 2)), Cycle, Backup(1)]);
    // Both go back, and the number is given to another transaction; then the requestor comes forward again.
    let (server, earlier, later) = (0, 1, 2);
    scene.play(&[Restore(server), Restore(earlier), edit(1, Put(3, 3)), Cycle]);
    let number = scene.own(1).req_sync;
    assert_eq!(names(scene.list(0, 1)), [0, 1, 3]);
    scene.play(&[Restore(later)]);
    let own = scene.own(1);
    assert_eq!((own.req_sync, scene.record(1).req_sync), (number, number));
    let seen = scene.play(&[T1(1), arrive(), T2]);
    let went_back = Remark::RequestorWentBack { number };
    assert!(seen.remarks.contains(&(1, went_back)), "{:?}", seen.remarks);
    assert!(seen.reply(1).head.export);
    let scene = scene.heals();
    assert_eq!(names(scene.list(0, 1)), [0, 1, 2]);
}

#[test]
fn keep_updates_expired_brings_a_full_list() {
    let mut scene = Scene::in_step(3);
    let own = scene.own(1);
    scene.play(&[edit(2, Put(2, 2)), cycle_without(1), Wait(15)]);
    scene.play(&[edit(2, Delete(0)), cycle_without(1)]);
    let seen = scene.play(&[T1(1), arrive(), T2]);
    let (srv_sync, low) = (own.srv_sync, scene.sync());
    let purged = Remark::Purged { srv_sync, low };
    assert_eq!(seen.remarks, [(1, purged.clone())]);
    let lines = [(Error, None), (Error, Some(138)), (Error, Some(139))];
    assert_eq!(logged(&purged), lines);
    assert!(seen.reply(1).head.is_import);
    assert_eq!(scene.count("full list: Purged"), 1);
    let scene = scene.heals();
    assert_eq!(names(scene.list(1, 2)), [1, 2]);
}

#[test]
fn what_was_purged_before_the_own_lists_took_it_is_exported_by_all() {
    let mut scene = Scene::in_step(3);
    let own = scene.own(0);
    // 2 feeds an entry of the list that nobody owns: 1 and 2 take it in time.
    scene.play(&[edit(1, Put(2, 2)), Feed(2, Put(1, 1)), cycle_without(0)]);
    let fed = 3;
    assert_eq!(scene.list(1, fed).len(), scene.list(0, fed).len() + 1);
    scene.play(&[Wait(15), T1(0), T1(1), T1(2)]);
    let seen = scene.play(&[arrive(), T2]);
    let (applied, low) = (own.srv_sync, SrvSync(scene.sync().0 + 1));
    let (srv_sync, stamp) = (applied, scene.own(1).stamp);
    let gap = Remark::OwnGap { applied, low };
    let expected = [
        (0, Remark::Purged { srv_sync, low }),
        (0, gap.clone()),
        (1, Remark::UnknownStamp { stamp }),
        (2, Remark::UnknownStamp { stamp }),
    ];
    assert_eq!(seen.remarks, expected);
    assert_eq!(logged(&gap), [(Error, None)]);
    for to in [1, 2] {
        let head = &seen.reply(to).head;
        assert!(head.is_import && head.export, "{to}");
    }
    // Those lists lack what was purged; once the lists of the server are in step again, another follows.
    scene.play(&[arrive(), T3(0, true), T3(1, true), T3(2, true)]);
    let seen = scene.play(&[T1(0), T1(1), T1(2), arrive(), T2]);
    for to in [1, 2] {
        assert!(seen.reply(to).head.is_import, "{to}");
    }
    let scene = scene.heals();
    assert_eq!(names(scene.list(2, 1)), [0, 1, 2]);
    assert_eq!(scene.list(1, fed), scene.list(0, fed));
}

#[test]
fn full_list_ahead_of_what_waits_in_the_own_reqtrans_makes_the_server_export() {
    let mut scene = Scene::in_step(2);
    // In order they leave 3. Behind a list with 3 in it, 2 comes back and cannot be renamed.
    scene.play(&[edit(0, Put(2, 9)), edit(0, Rename(2, 3))]);
    let seen = scene.play(&[AskImport(1), arrive(), T2, arrive(), T3(1, true)]);
    assert_eq!(seen.remarks, []);
    assert_eq!(scene.count("export of the server"), 1);
    assert_eq!(names(scene.list(1, 0)), [0, 1, 3]);
    let seen = scene.play(&[
        T1(0),
        T1(1),
        arrive(),
        T2,
        arrive(),
        T3(0, true),
        T3(1, true),
    ]);
    assert_eq!(names(scene.list(1, 0)), [0, 1, 2, 3], "until the export");
    assert!(seen.reply(0).head.export && !seen.reply(1).head.export);
    let asked = Remark::ExportAsked;
    assert_eq!(seen.remarks, [(0, asked.clone())]);
    assert_eq!(logged(&asked), [(Status, None)]);
    let changes: Vec<Change> = scene.waiting(0).iter().map(|&(_, c)| c).collect();
    assert_eq!(changes, export_of(scene.list(0, 0)));
    let scene = scene.heals();
    assert_eq!(names(scene.list(1, 0)), [0, 1, 3]);
}

#[test]
fn full_list_lost_is_sent_again_since_updates_are_not_taken_without_it() {
    let mut scene = Scene::in_step(2);
    // The request comes twice: the answer to the second is lost, while the requestor does not wait for a list any more.
    scene.play(&[AskImport(1), deliver(&[Doubled]), T2, arrive(), T3(1, true)]);
    scene.play(&[T2, deliver(&[Lost])]);
    let own = scene.own(1);
    let sent = ImportSync(own.import_sync.0 + 1);
    assert_eq!(scene.record(1).import_count, sent);
    let seen = scene.play(&[edit(0, Put(2, 2)), Cycle]);
    let (found, own) = (sent, own.import_sync);
    let outstanding = Remark::ImportOutstanding { found, own };
    assert_eq!(seen.remarks, [(1, outstanding.clone())]);
    assert_eq!(logged(&outstanding), [(Warning, None)]);
    assert_eq!(names(scene.list(1, 0)), [0, 1]);
    let seen = scene.play(&[T1(1), arrive(), T2]);
    assert!(seen.request(1).head.wants_import && seen.reply(1).head.is_import);
    let scene = scene.heals();
    assert_eq!(names(scene.list(1, 0)), [0, 1, 2]);
}
