//! `podiag --repair`: what loses nothing is mended in one batch, and every replaced file is kept.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use dirsync::codec::process::{ProcessFile, ProcessKind};
use dirsync::codec::queue::{DUMMY_TEXT, PODIAG_DUMMY_TEXT};
use dirsync::codec::{Control, HexId, Master, Record, ReqConf, Tid};
use dirsync::diagnosis::catalog;
use dirsync::postoffice::{File, layout};
use serde_json::Value;

use super::bases::{Base, Case, encoded, queue};
use super::faults::{all, case_with, put_fault};
use crate::support::{Run, read_queue};

fn repaired(run: &Run) -> Vec<String> {
    let object = run.json();
    let repairs = object["repairs"].as_array().expect("repairs").clone();
    let done = repairs.iter().filter(|repair| repair["done"] == true);
    done.map(|repair| repair["id"].as_str().expect("an id").to_owned())
        .collect()
}

fn left(run: &Run) -> Vec<String> {
    let object = run.json();
    let findings = object["findings"].as_array().expect("findings").clone();
    let above = findings
        .iter()
        .filter(|finding| finding["severity"] != "remark");
    above
        .map(|finding| finding["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// Runs `podiag --repair --json`.
fn repair(case: &Case) -> Run {
    case.podiag(&["--repair", "--json"])
}

fn kept(case: &Case, name: &str) -> Vec<u8> {
    case.bytes(&File::named(dirsync::postoffice::Dir::Kept(1), name).expect("a name"))
}

#[test]
fn every_repairable_fault_is_gone_after_one_repair() {
    let mut wrong = Vec::new();
    let repairable = |id| catalog::find(id).is_some_and(|check| check.is_repairable);
    for fault in all().filter(|fault| repairable(fault.id)) {
        let case = fault.base.copy();
        put_fault(fault, &case);
        let before = case.findings();
        let repairable = before
            .iter()
            .filter(|finding| finding.repair.is_some())
            .count();
        let of_fault = before
            .iter()
            .filter(|f| f.check.id == fault.id && f.repair.is_some())
            .count();
        if of_fault == 0 {
            continue;
        }
        let run = repair(&case);
        let done = repaired(&run).len();
        let after = case.findings();
        let again = after
            .iter()
            .filter(|finding| finding.repair.is_some())
            .count();
        let is_gone = !after.iter().any(|finding| finding.check.id == fault.id);
        if done != repairable || again != 0 || !is_gone {
            wrong.push(format!(
                "{}: {done} of {repairable} done, {again} left: {}",
                fault.id, run.stdout
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn q110496_a_lost_queue_becomes_the_60_bytes_of_the_original() {
    let case = Base::Server.copy();
    case.requestor(|config| config.req_sync.0 = 40);
    case.requestor(|config| config.srv_sync.0 = 4);
    case.remove(&layout::REQTRANS);
    let run = repair(&case).ends(0);
    assert_eq!(repaired(&run), ["reqtrans-missing"]);
    let bytes = case.bytes(&layout::REQTRANS);
    assert_eq!(bytes.len(), 60);
    let text = String::from_utf8(PODIAG_DUMMY_TEXT.to_vec()).expect("text");
    assert_eq!(read_queue(&bytes), [(40, text)]);
    // The next transaction goes on behind it (Q119014).
    case.admin(&["local", "create", "New One", "newone"]);
    let numbers: Vec<_> = read_queue(&case.bytes(&layout::REQTRANS))
        .into_iter()
        .map(|r| r.0)
        .collect();
    assert_eq!(numbers, [40, 41]);
}

#[test]
fn numbers_that_were_sent_and_never_confirmed_are_not_given_again() {
    let case = Base::Server.copy();
    case.requestor(|config| (config.req_sync.0, config.sent.0) = (1, 7));
    case.remove(&layout::REQTRANS);
    repair(&case).ends(0);
    let numbers: Vec<_> = read_queue(&case.bytes(&layout::REQTRANS))
        .into_iter()
        .map(|r| r.0)
        .collect();
    assert_eq!(numbers, [7]);
}

#[test]
fn ds_s040_a_bad_pointer_becomes_minus_one_and_the_others_stay() {
    let case = Base::Requestor.copy();
    case.requestor(|config| config.pointers.0 = [0, 7, 99, -1]);
    let before = case.bytes(&layout::REQCONF);
    let run = repair(&case).ends(0);
    assert_eq!(repaired(&run), ["queue-pointer", "queue-pointer"]);
    let config = ReqConf::decode(&case.bytes(&layout::REQCONF)).expect("whole");
    assert_eq!(config.pointers.0, [0, -1, -1, -1]);
    assert_eq!(kept(&case, "REQCONF.GLB"), before);
    assert_eq!(run.json()["kept"], "GLB/PODIAG.001");
}

#[test]
fn ds_s008_a_former_server_loses_its_t2_entries_and_no_other() {
    let case = case_with("schedule-stale-t2");
    let before = case.bytes(&layout::PROCESS);
    let run = repair(&case).ends(0);
    assert_eq!(repaired(&run), ["schedule-stale-t2"]);
    let schedule = ProcessFile::read_from(&case.bytes(&layout::PROCESS)[..]).expect("whole");
    let kinds: Vec<_> = schedule.records.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [ProcessKind::T1]);
    assert_eq!(kept(&case, "PROCESS.GLB"), before);
}

#[test]
fn zeroed_counters_are_raised_above_what_is_in_use() {
    let case = Base::Requestor.copy();
    let right = Control::decode(&case.bytes(&layout::CONTROL)).expect("whole");
    let tid = Tid::decode(&case.bytes(&layout::TID)).expect("whole");
    case.put_at("MAI/MA6/00000116.MAI", b"a letter");
    case.put_at("ATT/ATF/0000020F.ATT", b"an attachment");
    case.put(&layout::CONTROL, &[0; 8]);
    case.put(&layout::TID, &[0; 4]);
    let run = repair(&case).ends(0);
    assert_eq!(
        repaired(&run),
        [
            "mailbag-counter-low",
            "letter-counter-low",
            "tid-counter-low"
        ]
    );
    let control = Control::decode(&case.bytes(&layout::CONTROL)).expect("whole");
    assert_eq!((control.nmailbag, control.nletter), (right.nmailbag, 0x210));
    assert_eq!(
        Tid::decode(&case.bytes(&layout::TID)).expect("whole").last,
        tid.last
    );
    assert_eq!(kept(&case, "CONTROL.GLB"), [0; 8]);
}

#[test]
fn ds_s055_a_global_list_of_zeroes_is_moved_away_whole() {
    let case = Base::WithGal.copy();
    let list = case.bytes(&layout::GAL_NME);
    let len = case.bytes(&layout::GALNETPO).len();
    case.put(&layout::GALNETPO, &vec![0; len]);
    let run = repair(&case).ends(0);
    assert_eq!(repaired(&run), ["gal-zeroes"]);
    for file in [layout::GAL_NME, layout::GALINDEX, layout::GALNETPO] {
        assert!(!case.at(&file).exists(), "{file}");
    }
    assert_eq!(kept(&case, "GAL.NME"), list);
    assert_eq!(kept(&case, "GALNETPO.GLB"), vec![0; len]);
}

#[test]
fn a_bitmap_keeps_the_bits_of_messages_that_are_there() {
    let case = Base::New.copy();
    let message = dirsync::codec::MbgRecord {
        mai: HexId(5).into(),
        ..Default::default()
    };
    case.put(
        &layout::SYSTEM_MBG,
        &[encoded(&message), encoded(&message)].concat(),
    );
    let mut key = dirsync::codec::KeyFile::default();
    assert!(key.deleted.set(0, true) && key.deleted.set(1, true) && key.deleted.set(9, true));
    key.unknown_200.0[7] = 3;
    case.put(&layout::SYSTEM_KEY, &encoded(&key));
    let run = repair(&case).ends(0);
    assert_eq!(repaired(&run), ["mailbag-bitmap"]);
    assert!(key.deleted.set(9, false));
    assert_eq!(case.bytes(&layout::SYSTEM_KEY), encoded(&key));
}

#[test]
fn one_batch_mends_many_and_says_so_in_the_log() {
    let case = Base::Server.copy();
    case.remove(&layout::USRTRANS);
    case.put(&layout::SORTLOCK, b"");
    case.put(&layout::TMPTRANS, b"work");
    case.edit::<Master>(&layout::MASTER, 0, 0, |master| master.is_server = false);
    let run = repair(&case).ends(0);
    assert_eq!(
        repaired(&run),
        [
            "empty-file-missing",
            "server-flag-wrong",
            "sortlock-left",
            "temporary-left"
        ]
    );
    let master = Master::decode(&case.bytes(&layout::MASTER)).expect("whole");
    assert!(master.is_server);
    assert!(!case.at(&layout::SORTLOCK).exists() && !case.at(&layout::TMPTRANS).exists());
    assert_eq!(kept(&case, "TMPTRANS.GLB"), b"work");

    let log = String::from_utf8(case.bytes(&layout::DIRSYNC_LOG)).expect("text");
    let lines: Vec<_> = log
        .lines()
        .map(|line| line.split_once(" | ").expect("a line").1)
        .collect();
    let first = lines
        .iter()
        .position(|line| line.contains("Mail PODIAG"))
        .expect("a banner");
    assert_eq!(
        lines[first..],
        [
            "Status       Microsoft (R) Mail PODIAG V3.2",
            "Status       Repaired empty-file-missing: make GLB/USRTRANS.GLB, empty",
            "Status       Repaired server-flag-wrong: make GLB/MASTER.GLB say so",
            "Status       Repaired sortlock-left: move GLB/SORTLOCK.GLB aside",
            "Status       Repaired temporary-left: move GLB/TMPTRANS.GLB aside",
            "Status       The files as they were are kept in GLB/PODIAG.001",
            "Status       PODIAG is finished.",
        ]
    );
    let numeric = String::from_utf8(case.bytes(&layout::DSSERVER_LOG)).expect("text");
    assert!(
        numeric.contains("1  -1 Repaired server-flag-wrong: "),
        "{numeric}"
    );
}

#[test]
fn a_dry_run_shows_the_same_repairs_and_writes_nothing() {
    let case = Base::Server.copy();
    case.remove(&layout::USRTRANS);
    case.put(&layout::TMPTRANS, b"work");
    let before = case.snapshot();
    let dry = case.podiag(&["--dry-run", "--json"]).ends(5);
    assert!(before == case.snapshot());
    let object = dry.json();
    assert_eq!(object["dry_run"], true);
    let shown: Vec<_> = object["repairs"]
        .as_array()
        .expect("repairs")
        .iter()
        .map(|r| (r["id"].clone(), r["action"].clone()))
        .collect();
    assert!(repaired(&dry).is_empty());
    let real = repair(&case).ends(0).json();
    let done: Vec<(Value, Value)> = real["repairs"]
        .as_array()
        .expect("repairs")
        .iter()
        .map(|r| (r["id"].clone(), r["action"].clone()))
        .collect();
    assert_eq!(shown, done);
}

#[test]
fn a_repair_with_nothing_to_repair_changes_nothing() {
    let case = Base::Server.copy();
    let before = case.snapshot();
    let run = repair(&case).ends(0);
    assert!(repaired(&run).is_empty());
    let after = case.snapshot();
    let changed: Vec<_> = after
        .keys()
        .filter(|path| before.get(*path) != after.get(*path))
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
    assert_eq!(before.len(), after.len());
}

#[test]
fn what_cannot_be_written_is_left_out_and_told_and_the_rest_is_done() {
    let case = Base::Requestor.copy();
    case.requestor(|config| config.pointers.0[1] = 7);
    case.remove(&layout::GWTRANS);
    let path = case.at(&layout::REQCONF);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("ours");
    let run = repair(&case).ends(5);
    assert_eq!(repaired(&run), ["empty-file-missing"]);
    let refused = run.json()["repairs"][1].clone();
    assert_eq!(refused["id"], "queue-pointer");
    assert_eq!(
        refused["refused"],
        "GLB/REQCONF.GLB: cannot be changed: read-only"
    );
    assert_eq!(left(&run), ["file-read-only", "queue-pointer"]);
}

#[test]
fn an_interrupted_run_is_completed_or_discarded_by_the_repair() {
    let case = Base::New.copy();
    case.put_at("GLB/DIRSYNC.TMP/00000001", b"prepared");
    let run = repair(&case).ends(0);
    assert_eq!(repaired(&run), ["staging-left"]);
    case.put(&layout::DIRSYNC_JNL, b"torn");
    let run = repair(&case).ends(0);
    assert_eq!(repaired(&run), ["journal-pending"]);
    assert!(!case.at(&layout::DIRSYNC_JNL).exists());
    case.put(&layout::FLAG, b"x");
    let run = repair(&case).ends(0);
    assert_eq!(repaired(&run), ["size-wrong"]);
    assert_eq!(case.bytes(&layout::FLAG), b"x\0");
}

#[test]
fn each_repair_keeps_its_files_in_a_place_of_its_own() {
    let case = Base::New.copy();
    for number in 1..=3 {
        case.put(&layout::TMPTRANS, format!("work {number}").as_bytes());
        repair(&case).ends(0);
    }
    for number in 1..=3 {
        let file =
            File::named(dirsync::postoffice::Dir::Kept(number), "TMPTRANS.GLB").expect("a name");
        assert_eq!(case.bytes(&file), format!("work {number}").as_bytes());
    }
    let found = case.findings();
    let kept = found
        .iter()
        .filter(|finding| finding.check.id == "repair-kept");
    assert_eq!(kept.count(), 3);
}

#[test]
fn a_queue_with_transactions_is_never_replaced() {
    let case = case_with("reqtrans-behind");
    let before = case.bytes(&layout::REQTRANS);
    let run = repair(&case).ends(5);
    assert_eq!(left(&run), ["reqtrans-behind"]);
    assert_eq!(case.bytes(&layout::REQTRANS), before);
    // The remedy is the export it names: its numbers go on behind ReqSync.
    case.admin(&["config", "dirsync", "requestor", "export"]);
    assert!(!case.ids().contains(&"reqtrans-behind"));
    let last = read_queue(&case.bytes(&layout::REQTRANS))
        .pop()
        .expect("a record");
    assert!(last.0 > 40, "{last:?}");
}

#[test]
fn an_acknowledged_queue_of_49_bytes_is_healthy() {
    let case = Base::Requestor.copy();
    case.requestor(|config| config.req_sync.0 = 17);
    case.requestor(|config| config.srv_sync.0 = 80);
    let dummy =
        dirsync::codec::queue::QueueRecord::dummy(dirsync::codec::timestamp::Timestamp(1), 17);
    case.put(&layout::REQTRANS, &queue(&[dummy]));
    assert_eq!(case.bytes(&layout::REQTRANS).len(), 24 + DUMMY_TEXT.len());
    assert!(
        case.findings()
            .iter()
            .all(|finding| finding.repair.is_none())
    );
}
