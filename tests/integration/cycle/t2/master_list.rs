//! Keep Updates, and a master list that is purged, lost or of an older copy.

use std::fs;

use dirsync::codec::sync_number::SrvSync;
use dirsync::codec::timestamp::Timestamp;

use super::{A, B, D, three};
use crate::cycle::site::queue_bytes;
use crate::cycle::t1::in_step;

#[test]
fn ds_p027_keep_updates_purges_by_age_alone() {
    let site = in_step();
    let now = site.now() + 60;
    let day = |days: u32| Timestamp(now - days * 86_400);
    let old = [
        (day(15), 1, "A Old\tPCM:NET/A/OLD"),
        (day(14), 2, "A Edge\tPCM:NET/A/EDGE"),
        (day(1), 3, "A New\tPCM:NET/A/NEW"),
    ];
    site.put(D, "GLB/MSTTRANS.GLB", &queue_bytes(&old));
    site.configure_server(|conf| conf.header.srv_sync = SrvSync(3));
    let run = site.t2_receive().ends(0);
    assert!(
        run.stdout
            .contains("1 transactions older than 14 days purged"),
        "{}",
        run.stdout
    );
    let numbers: Vec<_> = site
        .queue(D, "MSTTRANS")
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(numbers, [2, 3]);
}

#[test]
fn ds_p028_ds_l008_a_server_behind_its_requestor_says_so_and_sends_everything() {
    let site = three();
    site.configure(A, |config| config.srv_sync = SrvSync(700));
    site.t1(A);
    site.carry();
    site.t2_receive().ends(0);
    site.t2_transmit().ends(4);
    let sync = site.server_config().header.srv_sync.0;
    let log = site.last_log(D, "DIRSYNC");
    let at = log
        .iter()
        .position(|l| l == "Fatal  [   ] PCM:NET/A")
        .expect("a heading");
    assert_eq!(
        log[at + 1],
        "Fatal  [138] Server sync does not exist anymore (700)"
    );
    let expected = format!(
        "Fatal  [139] Number of missing transactions = {} ({}->700)",
        700 - sync,
        sync + 1
    );
    assert_eq!(log[at + 2], expected);
    site.carry();
    site.t3(A);
    assert_eq!(site.numbers(A).1, sync);
    site.assert_converged();
}

#[test]
fn ds_s070_ds_l008_purged_updates_are_said_and_the_full_list_comes() {
    let site = three();
    site.pass_days(20);
    site.t1(A);
    site.user(D, "Dot");
    site.t1(D);
    site.configure_server(|conf| {
        let index = conf
            .requestors
            .iter()
            .position(|r| r.postoffice.as_bytes() == b"A");
        conf.requestors[index.expect("registered")].srv_sync = SrvSync(2);
    });
    site.configure(A, |config| config.srv_sync = SrvSync(2));
    site.lose(A);
    site.t1(A);
    site.carry();
    site.t2_receive();
    site.t2_transmit().ends(4);
    let log = site.last_log(D, "DIRSYNC");
    let at = log
        .iter()
        .position(|l| l == "Error  [   ] PCM:NET/A")
        .expect("a heading");
    assert_eq!(
        log[at + 1],
        "Error  [138] Server sync does not exist anymore (2)"
    );
    assert!(
        log[at + 2].starts_with("Error  [139] Number of missing transactions = "),
        "{log:?}"
    );
    assert_eq!(
        site.sent_to(D, A)[0].profile.task.as_deref(),
        Some("IMPORT")
    );
    site.carry();
    site.t3(A);
    site.t3(D);
    site.cycle();
    site.assert_converged();
}

#[test]
fn ds_s022_a_lost_master_list_is_replaced_by_full_lists() {
    let site = three();
    fs::remove_file(site.path(D).join("GLB/MSTTRANS.GLB")).expect("removed");
    let run = site.t2_receive().ends(66);
    assert!(
        run.stderr.contains("Error opening file: MSTTRANS"),
        "{}",
        run.stderr
    );
    let log = site.last_log(D, "DIRSYNC");
    assert_eq!(
        log[1..],
        [
            "Warning[  2] Error opening file: MSTTRANS",
            "Fatal  [  2] Error opening file: MSTTRANS",
            "Status       Server processing failure"
        ]
    );
    let sync = site.server_config().header.srv_sync.0;
    site.put(D, "GLB/MSTTRANS.GLB", b"");
    for office in [D, A, B] {
        site.admin(office, "config dirsync requestor export")
            .ends(0);
    }
    site.cycle();
    assert!(site.queue(D, "MSTTRANS")[0].0 == sync + 1, "numbers go on");
    site.cycle();
    site.assert_converged();
}

#[test]
fn ds_s017_the_master_list_of_an_older_copy_counts_as_lost() {
    let site = three();
    let old = site.read(D, "GLB/MSTTRANS.GLB");
    site.user(A, "Amy");
    site.cycle();
    site.put(D, "GLB/MSTTRANS.GLB", &old);
    site.user(B, "Bob");
    site.cycle();
    let log = site.log(D, "DIRSYNC");
    assert!(
        log.iter()
            .any(|l| l.starts_with("Error  [110] Failed to read the last transaction MSTTRANS"))
    );
    site.cycle();
    site.assert_converged();
}
