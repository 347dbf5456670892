//! The rows of `protocol::requestor`.

use dirsync::codec::sync_number::{ImportSync, ReqSync};
use dirsync::messages::Severity::{Status, Warning};
use dirsync::protocol::outcome::Remark;

use super::{Scene, added, arrive, deliver, edit, export_of, logged, names};
use crate::convergence::event::Event::{self, *};
use crate::convergence::event::Fate::{Arrives, Doubled, Late, Lost};
use crate::convergence::list::{Change, Record};
use crate::convergence::office::Edit::Put;

#[test]
fn request_or_reply_lost_is_mended_by_the_next_request() {
    let mut scene = Scene::in_step(2);
    let (before, sync) = (scene.own(1), scene.sync());
    scene.play(&[edit(1, Put(2, 2)), T1(1), deliver(&[Lost])]);
    let seen = scene.play(&[edit(1, Put(3, 3)), T1(1)]);
    let first = seen.request(1);
    let changes: Vec<_> = first.records.iter().map(|r| r.op.change).collect();
    assert_eq!(added(&changes), [2, 3], "what was lost comes again");
    assert_eq!(first.head.confirmed, Some(before.req_sync));

    // The server has it now, and its reply is lost: all comes a third time.
    let seen = scene.play(&[arrive(), T2, deliver(&[Lost]), T1(1)]);
    assert_eq!(seen.request(1).records, first.records);
    let seen = scene.play(&[arrive(), T2, arrive(), T3(1, true)]);
    assert_eq!(seen.remarks, [], "nobody notices");
    assert_eq!(added(&scene.taken(1, sync)), [2, 3], "once each");
    assert_eq!(scene.own(1).req_sync, ReqSync(before.req_sync.0 + 2));
    assert_eq!(scene.waiting(1), []);
    scene.heals();
}

/// Postoffice 1 asks and is answered; postoffice 0 has changed its list, so that there is something to answer.
fn asks_and_is_answered(name: u8) -> [Event; 5] {
    [edit(0, Put(name, name)), T1(0), T1(1), arrive(), T2]
}

#[test]
fn reply_doubled_or_late_is_ignored() {
    let mut scene = Scene::in_step(2);
    scene.play(&asks_and_is_answered(2));
    scene.play(&[deliver(&[Arrives, Doubled]), T3(0, true), T3(1, true)]);
    let taken = scene.own(1);
    let seen = scene.play(&[arrive(), T3(1, false)]);
    let (found, own) = (taken.srv_sync, taken.srv_sync);
    let old = Remark::OldReply { found, own };
    assert_eq!(seen.remarks, [(1, old.clone())]);
    assert_eq!(logged(&old), [(Status, None)]);
    assert_eq!(scene.own(1), taken);
    assert_eq!(scene.office(1).incoming, []);

    // One stays on its way while the next is taken.
    scene.play(&asks_and_is_answered(3));
    let found = scene.sync();
    scene.play(&[deliver(&[Arrives, Late]), T3(0, true)]);
    let behind = deliver(&[Late, Arrives, Arrives]);
    scene.play(&[edit(0, Put(4, 4)), T1(0), T1(1), behind.clone(), T2]);
    scene.play(&[behind, T3(1, true)]);
    let taken = scene.own(1);
    let seen = scene.play(&[arrive(), T3(1, false)]);
    let own = taken.srv_sync;
    assert!(found < own);
    assert_eq!(seen.remarks, [(1, Remark::OldReply { found, own })]);
    assert_eq!(scene.own(1), taken);
    assert_eq!(scene.office(1).incoming, []);
    scene.heals();
}

#[test]
fn reply_of_before_a_full_list_is_ignored_by_its_import_number() {
    let mut scene = Scene::in_step(2);
    scene.play(&asks_and_is_answered(2));
    scene.play(&[deliver(&[Arrives, Late]), T3(0, true)]);
    scene.play(&[AskImport(1), deliver(&[Late, Arrives]), T2]);
    scene.play(&[deliver(&[Late, Arrives]), T3(1, true)]);
    let taken = scene.own(1);
    let seen = scene.play(&[arrive(), T3(1, false)]);
    let own = taken.import_sync;
    let found = ImportSync(own.0 - 1);
    let old = Remark::OldImport { found, own };
    assert_eq!(seen.remarks, [(1, old.clone())]);
    assert_eq!(logged(&old), [(Status, None)]);
    assert_eq!(scene.own(1), taken);
    assert_eq!(scene.office(1).incoming, []);
    scene.heals();
}

/// A full list, and behind it updates, are on their way to postoffice 1, which does not wait for a list any more: its request
/// for one came twice, and the first answer has come.
fn full_list_and_updates() -> Scene {
    let mut scene = Scene::in_step(2);
    scene.play(&[AskImport(1), deliver(&[Doubled]), T2, arrive(), T3(1, true)]);
    let seen = scene.play(&[T2]);
    assert!(seen.reply(1).head.is_import);
    assert!(!scene.own(1).import_requested);
    scene.play(&[edit(0, Put(2, 2)), T1(0), T1(1)]);
    let seen = scene.play(&[deliver(&[Late, Arrives, Arrives]), T2]);
    assert!(!seen.reply(1).head.is_import);
    assert_eq!(seen.reply(1).records.len(), 1);
    scene
}

#[test]
fn replies_out_of_order_are_taken_in_order() {
    let mut scene = full_list_and_updates();
    let seen = scene.play(&[Deliver(vec![Arrives], true), T3(0, true), T3(1, true)]);
    assert_eq!(seen.remarks, [], "the list comes before the updates");
    assert_eq!(scene.own(1).srv_sync, scene.sync());
    assert_eq!(names(scene.list(1, 0)), [0, 1, 2]);
    scene.heals();
}

#[test]
fn updates_that_overtake_a_full_list_are_not_taken_and_the_list_asked_for() {
    let mut scene = full_list_and_updates();
    let before = scene.own(1);
    let seen = scene.play(&[deliver(&[Late, Arrives, Arrives]), T3(0, true), T3(1, true)]);
    let own = before.import_sync;
    let found = ImportSync(own.0 + 1);
    let outstanding = Remark::ImportOutstanding { found, own };
    assert_eq!(seen.remarks, [(1, outstanding.clone())]);
    assert_eq!(logged(&outstanding), [(Warning, None)]);
    assert_eq!(names(scene.list(1, 0)), [0, 1]);
    assert_eq!(scene.own(1).srv_sync, before.srv_sync);
    assert!(scene.own(1).import_requested);

    // It comes late: there is nothing to ask for any more.
    scene.play(&[arrive(), T3(1, true)]);
    assert_eq!(scene.own(1).import_sync, found);
    assert!(!scene.own(1).import_requested);
    scene.heals();
}

#[test]
fn replies_of_a_restored_server_and_of_the_one_before_do_not_mix() {
    let mut scene = Scene::in_step(2);
    scene.play(&[Backup(0)]);
    // The server as it was gives its next number to an entry that it will not know.
    scene.play(&asks_and_is_answered(2));
    scene.play(&[Restore(0)]);
    // The server as it is gives it to another; the answers of both come together.
    let seen = scene.play(&asks_and_is_answered(3)[..3]);
    assert_eq!(seen.remarks, []);
    scene.play(&[deliver(&[Lost, Late, Arrives, Arrives]), T2]);
    let found = scene.sync();
    let seen = scene.play(&[arrive(), T3(1, true)]);
    let lost = scene.own(1);
    let not_based = Remark::NotBased { found, own: found };
    assert_eq!(seen.remarks, [(1, not_based.clone())]);
    assert_eq!(logged(&not_based), [(Warning, None)]);
    assert_eq!(names(scene.list(1, 0)), [0, 1, 2], "of the server before");

    // The next request tells the server what this requestor has.
    let seen = scene.play(&[T1(0), T1(1), arrive(), T2]);
    let stamp = lost.stamp;
    assert_eq!(seen.remarks, [(1, Remark::UnknownStamp { stamp })]);
    assert!(seen.reply(1).head.is_import);
    let scene = scene.heals();
    assert_eq!(names(scene.list(1, 0)), [0, 1, 3]);
}

#[test]
fn numbers_of_a_restored_requestor_that_are_behind_are_renumbered_and_its_list_exported() {
    let mut scene = Scene::in_step(2);
    let known = scene.own(1).req_sync.0;
    scene.play(&[Backup(1), edit(1, Put(2, 2)), edit(1, Put(3, 3)), Cycle]);
    assert_eq!(names(scene.list(0, 1)), [0, 1, 2, 3]);
    let seen = scene.play(&[Restore(0), edit(1, Put(4, 4)), T1(1), arrive(), T2]);
    assert_eq!(seen.remarks, [], "the server cannot tell");
    let seen = scene.play(&[arrive(), T3(1, true)]);
    let (confirmed, sent) = (ReqSync(known + 2), ReqSync(known + 1));
    let lost = Remark::OwnStateLost { confirmed, sent };
    assert_eq!(seen.remarks, [(1, lost.clone())]);
    assert_eq!(logged(&lost), [(Warning, None)]);
    is_renumbered_and_exported(&scene, confirmed, 4);
    let scene = scene.heals();
    assert_eq!(names(scene.list(0, 1)), [0, 1, 4]);
}

/// The change that waited has the next number above the one confirmed, and the own list follows.
fn is_renumbered_and_exported(scene: &Scene, confirmed: ReqSync, name: u8) {
    let waiting = scene.waiting(1);
    let numbers: Vec<_> = waiting.iter().map(|(number, _)| number.0).collect();
    let expected = confirmed.0 + 1..;
    assert_eq!(numbers, expected.take(numbers.len()).collect::<Vec<_>>());
    let changes: Vec<_> = waiting.iter().map(|&(_, change)| change).collect();
    assert_eq!(added(&changes[..1]), [name]);
    assert_eq!(changes[1..], export_of(scene.list(1, 1)));
}

#[test]
fn new_transactions_of_a_restored_requestor_at_old_numbers_are_not_taken_for_confirmed() {
    let mut scene = Scene::in_step(2);
    let known = scene.own(1).req_sync.0;
    // The server takes one transaction, and its answer is late.
    scene.play(&[Backup(1), edit(1, Put(2, 2)), T1(1), arrive(), T2]);
    // The restored requestor gives its number to another; that request is lost.
    scene.play(&[
        Restore(0),
        edit(1, Put(3, 3)),
        T1(1),
        deliver(&[Arrives, Lost]),
    ]);
    let seen = scene.play(&[T3(1, true)]);
    let number = ReqSync(known + 1);
    let (confirmed, sent) = (number, number);
    let lost = Remark::OwnStateLost { confirmed, sent };
    assert_eq!(seen.remarks, [(1, lost.clone())]);
    assert_eq!(logged(&lost), [(Warning, None)]);
    is_renumbered_and_exported(&scene, confirmed, 3);
    let scene = scene.heals();
    assert_eq!(names(scene.list(0, 1)), [0, 1, 3]);
}

#[test]
fn a_server_that_has_lost_what_it_confirmed_gets_the_own_list() {
    let mut scene = Scene::in_step(3);
    scene.play(&[Backup(0), edit(1, Put(2, 2)), Cycle, Restore(0)]);
    assert_eq!(names(scene.list(0, 1)), [0, 1]);
    scene.play(&[T1(0), T1(1), T1(2), arrive(), T2, arrive()]);
    let seen = scene.play(&[T3(1, true), T3(2, true)]);
    let asked = Remark::ExportAsked;
    assert_eq!(seen.remarks, [(1, asked.clone())], "2 has lost nothing");
    assert_eq!(logged(&asked), [(Status, None)]);
    let changes: Vec<_> = scene.waiting(1).iter().map(|&(_, c)| c).collect();
    assert_eq!(changes, export_of(scene.list(1, 1)));
    assert_eq!(scene.waiting(2), []);

    // It is asked again before the export has come, and has no need to make another.
    scene.play(&[AskImport(1), arrive(), T2, arrive()]);
    let seen = scene.play(&[T3(1, true)]);
    assert_eq!(seen.remarks, [(1, asked)]);
    assert_eq!(scene.waiting(1).len(), changes.len());
    let is_export = |r: &Record<ReqSync>| r.op.change == Change::Replace;
    assert_eq!(
        scene
            .office(1)
            .queue
            .iter()
            .filter(|r| is_export(r))
            .count(),
        1
    );
    let scene = scene.heals();
    assert_eq!(names(scene.list(0, 1)), [0, 1, 2]);
    assert_eq!(names(scene.list(2, 1)), [0, 1, 2]);
}
