//! What a run tells the administrator, and what a dry run leaves.

use super::{A, D, three};
use crate::cycle::t1::in_step;

#[test]
fn ds_l016_reports_stand_under_their_heading_in_the_central_log() {
    let site = in_step();
    site.put(
        A,
        "LOG/DSSERVER.LOG",
        b"03/13/96 15:26:49 | 1  -1 x\r\n03/13/96 15:27:04 | 1 171\r\n",
    );
    site.t1(A);
    site.carry();
    site.t2_receive().ends(0);
    let text = String::from_utf8(site.read(D, "LOG/CENTRAL.LOG")).expect("text");
    let lines: Vec<_> = text.lines().collect();
    let last = lines.len() - 3;
    assert!(
        lines[last].ends_with(" | Status       Report from NET/A/$SYSTEM"),
        "{text}"
    );
    assert_eq!(
        lines[last + 1..],
        ["03/13/96 15:26:49 | 1  -1 x", "03/13/96 15:27:04 | 1 171"]
    );
}

#[test]
fn ds_c002_the_administrator_gets_a_summary_of_the_cycle() {
    let site = in_step();
    site.t1(A);
    site.carry();
    site.t2();
    let notes: Vec<_> = site
        .outgoing(D)
        .into_iter()
        .filter(|l| !l.mail.envelope.to.is_system())
        .collect();
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0]
            .subject()
            .starts_with("Directory server report, cycle ")
    );
    assert!(
        notes[0].text().contains("PCM:NET/A: SrvTx R=4 S="),
        "{}",
        notes[0].text()
    );
}

#[test]
fn a_dry_run_of_either_half_leaves_every_byte() {
    let site = three();
    site.user(A, "Amy");
    site.t1(A);
    site.carry();
    let before = site.snapshot(D);
    let dry = site.run(D, "srvmain", "-r --dry-run --json").ends(0).json();
    assert_eq!(site.snapshot(D), before);
    let real = site.run(D, "srvmain", "-r --json").ends(0).json();
    for key in ["read", "added", "ignored", "refused"] {
        assert_eq!(dry[key], real[key], "{key}");
    }
    assert_eq!(dry["server"], real["server"]);
    let before = site.snapshot(D);
    let dry = site.run(D, "srvmain", "-t --dry-run --json").ends(0).json();
    assert_eq!(site.snapshot(D), before);
    let real = site.run(D, "srvmain", "-t --json").ends(0).json();
    assert_eq!(dry["read"], real["read"]);
}
