//! The rows of `protocol::server` about a server that was restored, or has lost one of its files.

use dirsync::codec::sync_number::{ReqSync, SrvSync};
use dirsync::messages::Severity::{Error, Fatal, Warning};
use dirsync::protocol::outcome::Remark;
use dirsync::protocol::sync::Stamp;

use super::{Scene, added, arrive, cycle_without, deliver, edit, logged, names};
use crate::convergence::event::Event::*;
use crate::convergence::event::Fate::{Arrives, Lost};
use crate::convergence::office::Edit::{Delete, Put};

#[test]
fn server_that_was_restored_is_known_by_its_stamp() {
    let mut scene = Scene::in_step(2);
    scene.play(&[Backup(0), edit(0, Put(2, 2)), Cycle]);
    let own = scene.own(1);
    // The number that it gave to the entry 2 before, it gives to the entry 3 now.
    scene.play(&[Restore(0), edit(0, Put(3, 3)), cycle_without(1)]);
    assert_eq!(scene.sync(), own.srv_sync);
    let seen = scene.play(&[T1(1), arrive(), T2]);
    let stamp = own.stamp;
    let unknown = Remark::UnknownStamp { stamp };
    assert_eq!(seen.remarks, [(1, unknown.clone())]);
    assert_eq!(logged(&unknown), [(Warning, None)]);
    assert!(seen.reply(1).head.is_import);
    assert_eq!(scene.count("full list: UnknownStamp"), 1);
    let scene = scene.heals();
    assert_eq!(names(scene.list(1, 0)), [0, 1, 3]);
}

#[test]
fn server_that_was_restored_is_known_by_numbers_where_there_is_no_stamp() {
    let mut scene = Scene::in_step(2);
    scene.play(&[Backup(0), edit(0, Put(2, 2)), Cycle]);
    // The numbers of a program that knows no stamps.
    scene.stage.world.offices[1].numbers.stamp = Stamp::NONE;
    let own = scene.own(1);
    scene.play(&[Restore(0)]);
    let (srv_sync, sync) = (own.srv_sync, scene.sync());
    let seen = scene.play(&[T1(1), arrive(), T2]);
    let beyond = Remark::Beyond { srv_sync, sync };
    assert_eq!(seen.remarks, [(1, beyond.clone())]);
    let lines = [(Fatal, None), (Fatal, Some(138)), (Fatal, Some(139))];
    assert_eq!(logged(&beyond), lines);
    assert!(seen.reply(1).head.is_import);
    assert_eq!(scene.count("full list: Beyond"), 1);
    let scene = scene.heals();
    assert_eq!(names(scene.list(1, 0)), [0, 1]);
}

#[test]
fn server_that_was_restored_is_known_by_numbers_though_others_pass_them_in_the_same_run() {
    let mut scene = Scene::in_step(2);
    scene.play(&[Backup(0), edit(0, Put(2, 2)), Cycle]);
    scene.stage.world.offices[1].numbers.stamp = Stamp::NONE;
    let own = scene.own(1);
    scene.play(&[Restore(0), edit(0, Put(3, 3)), T1(0), T1(1)]);
    let seen = scene.play(&[arrive(), T2]);
    let (srv_sync, sync) = (own.srv_sync, scene.sync());
    assert_eq!(srv_sync, sync, "passed");
    let below = SrvSync(srv_sync.0 - 1);
    assert_eq!(
        seen.remarks,
        [(
            1,
            Remark::Beyond {
                srv_sync,
                sync: below
            }
        )]
    );
    assert!(seen.reply(1).head.is_import);
    let scene = scene.heals();
    assert_eq!(names(scene.list(1, 0)), [0, 1, 3]);
}

#[test]
fn server_that_lost_confirmed_transactions_asks_for_the_list_until_it_comes() {
    let mut scene = Scene::in_step(2);
    let known = scene.own(1).req_sync.0;
    scene.play(&[Backup(0), edit(1, Put(2, 2)), edit(1, Put(3, 3)), Cycle]);
    let confirmed = scene.own(1).req_sync;
    scene.play(&[Restore(0), T1(1), arrive()]);
    let seen = scene.play(&[T2, deliver(&[Lost])]);
    let (from, to) = (ReqSync(known + 1), confirmed);
    let lost = Remark::TransactionsLost { from, to };
    let remarks: Vec<_> = seen.remarks.iter().filter(|r| r.1 == lost).collect();
    assert_eq!(remarks, [&(1, lost.clone())]);
    assert_eq!(logged(&lost), [(Warning, None)]);
    assert!(seen.reply(1).head.export);
    // Nothing is known to be lost any more, but the list has not come.
    let seen = scene.play(&[T1(1), arrive(), T2]);
    assert!(!seen.remarks.iter().any(|r| r.1 == lost));
    assert!(seen.reply(1).head.export);
    let seen = scene.play(&[arrive(), T3(1, true), T1(1), arrive(), T2]);
    assert!(!seen.reply(1).head.export, "it has come");
    let scene = scene.heals();
    assert_eq!(names(scene.list(0, 1)), [0, 1, 2, 3]);
}

#[test]
fn server_whose_own_lists_took_updates_of_a_server_that_is_no_more_makes_all_begin_anew() {
    let mut scene = Scene::in_step(3);
    scene.play(&[Backup(0), edit(1, Put(2, 2)), T1(0), T1(1), arrive(), T2]);
    // The postoffice of the server gets its answer after it was restored.
    scene.play(&[Restore(0), deliver(&[Arrives, Lost]), T3(0, true)]);
    let own = scene.own(0);
    assert_eq!(names(scene.list(0, 1)), [0, 1, 2]);
    // The number belongs to another transaction now.
    scene.play(&[edit(2, Put(2, 2)), T1(2), arrive(), T2, deliver(&[Lost])]);
    assert_eq!(scene.sync(), own.srv_sync);
    let others = [1, 2].map(|at| scene.own(at).stamp);
    scene.play(&[T1(0), T1(1), T1(2)]);
    let seen = scene.play(&[arrive(), T2]);
    let stamp = own.stamp;
    let unknown = Remark::OwnListsUnknown;
    let expected = [
        (0, Remark::UnknownStamp { stamp }),
        (0, unknown.clone()),
        (1, Remark::UnknownStamp { stamp: others[0] }),
        (2, Remark::UnknownStamp { stamp: others[1] }),
    ];
    assert_eq!(seen.remarks, expected);
    assert_eq!(logged(&unknown), [(Error, None)]);
    for to in [1, 2] {
        let head = &seen.reply(to).head;
        assert!(head.is_import && head.export, "{to}");
    }
    let scene = scene.heals();
    assert_eq!(names(scene.list(0, 2)), [0, 1, 2]);
}

#[test]
fn srvconf_alone_of_an_older_copy_lets_numbers_go_on_and_all_export() {
    let mut scene = Scene::in_step(3);
    scene.play(&[Backup(0)]);
    let sync = scene.sync();
    // 1 gives the mailbox of the entry 0 another name and deletes that; the answer is lost.
    scene.play(&[edit(1, Put(2, 0)), edit(1, Delete(0)), T1(1), arrive(), T2]);
    let last = scene.sync();
    assert_eq!(last, SrvSync(sync.0 + 2));
    scene.play(&[deliver(&[Lost]), RestoreConfiguration(0)]);
    scene.play(&[T1(0), T1(1), T1(2)]);
    let seen = scene.play(&[arrive(), T2]);
    let longer = Remark::MasterLonger { last, sync };
    assert_eq!(seen.remarks, [(0, longer.clone())]);
    assert_eq!(logged(&longer), [(Error, None)]);
    assert_eq!(scene.sync(), SrvSync(last.0 + 2), "taken a second time");
    for to in 0..3 {
        assert!(seen.reply(to).head.export, "{to}");
    }
    // The deletion found the other name of the mailbox.
    scene.play(&[arrive(), T3(0, true), T3(1, true), T3(2, true)]);
    assert_eq!(names(scene.list(2, 1)), [1]);
    let scene = scene.heals();
    assert_eq!(names(scene.list(2, 1)), [1, 2]);
}

#[test]
fn msttrans_of_an_older_copy_counts_as_empty_and_numbers_go_on() {
    let mut scene = Scene::in_step(3);
    let own = scene.own(1);
    scene.play(&[edit(2, Put(2, 2)), cycle_without(1), CutMaster(2)]);
    let sync = scene.sync();
    let master = &scene.stage.world.server.master;
    let last = master.last().expect("half of it is left").number;
    scene.play(&[edit(2, Put(3, 3)), T1(1), T1(2)]);
    let seen = scene.play(&[arrive(), T2]);
    let short = Remark::MasterShort { last, sync };
    let (srv_sync, low) = (own.srv_sync, SrvSync(sync.0 + 1));
    let purged = Remark::Purged { srv_sync, low };
    assert_eq!(seen.remarks, [(0, short.clone()), (1, purged)]);
    assert_eq!(logged(&short), [(Error, Some(110))]);
    assert_eq!(added(&scene.taken(2, SrvSync::ZERO)), [3], "it was emptied");
    assert_eq!(scene.sync(), low);
    assert!(seen.reply(1).head.is_import && !seen.reply(2).head.is_import);
    let scene = scene.heals();
    assert_eq!(names(scene.list(1, 2)), [0, 1, 2, 3]);
}

#[test]
fn msttrans_lost_lets_numbers_go_on() {
    let mut scene = Scene::in_step(3);
    let own = scene.own(1);
    scene.play(&[edit(2, Put(2, 2)), cycle_without(1), LoseMaster]);
    let sync = scene.sync();
    scene.play(&[edit(2, Put(3, 3)), T1(1), T1(2)]);
    let seen = scene.play(&[arrive(), T2]);
    let (srv_sync, low) = (own.srv_sync, SrvSync(sync.0 + 1));
    assert_eq!(seen.remarks, [(1, Remark::Purged { srv_sync, low })]);
    assert_eq!(scene.sync(), low);
    assert!(seen.reply(1).head.is_import && !seen.reply(2).head.is_import);
    let scene = scene.heals();
    assert_eq!(names(scene.list(1, 2)), [0, 1, 2, 3]);
}
