//! Lost mail, old copies, registrations: after some undisturbed cycles every list is what its owner holds.

use std::fs;

use super::t2::three;
use crate::support::trace::require_tracing;

const D: &str = "NET/D";
const A: &str = "NET/A";
const B: &str = "NET/B";

#[test]
fn ds_s029_a_lost_reply_leads_to_the_same_end() {
    let site = three();
    let undisturbed = three();
    for site in [&site, &undisturbed] {
        site.user(A, "Amy");
        site.user(B, "Bob");
    }
    for office in [D, A, B] {
        site.t1(office);
    }
    site.carry();
    site.t2();
    site.lose(D);
    for office in [D, A, B] {
        site.t3(office).ends(0);
    }
    site.cycle();
    undisturbed.cycle();
    for office in [D, A, B] {
        assert_eq!(
            site.numbers(office),
            undisturbed.numbers(office),
            "{office}"
        );
    }
    site.assert_converged();
}

#[test]
fn a_lost_request_leads_to_the_same_end() {
    let site = three();
    site.user(A, "Amy");
    site.t1(A);
    site.lose(A);
    site.cycle();
    site.assert_converged();
}

#[test]
fn ds_s018_a_requestor_registered_again_goes_on() {
    let site = three();
    site.admin(D, "config dirsync server requestors delete NET/A")
        .ends(0);
    site.user(A, "Amy");
    site.t1(A);
    site.carry();
    site.t2_receive().ends(1);
    site.t2_transmit().ends(0);
    site.carry();
    site.t3(A);
    site.admin(D, "config dirsync server requestors create NET/A")
        .ends(0);
    let imports = site.numbers(A).2;
    site.t1(A);
    site.carry();
    site.t2_receive();
    site.t2_transmit().ends(0);
    let reply = site.sent_to(D, A)[0].clone();
    assert_eq!(
        reply.profile.impseq.expect("a number").0,
        imports,
        "its number is adopted"
    );
    assert_eq!(reply.profile.export, Some(true));
    site.carry();
    site.t3(A);
    site.cycle();
    site.cycle();
    site.assert_converged();
    assert_eq!(site.numbers(A).2, imports);
}

#[test]
fn ds_s020_a_global_reset_brings_everybody_in_step() {
    let site = three();
    site.user(A, "Amy");
    site.cycle();
    site.admin(D, "config dirsync options server no").ends(0);
    site.run(D, "listds", "admin -ppw -r -z").ends(0);
    site.admin(D, "config dirsync options server yes").ends(0);
    for office in [A, B] {
        site.admin(
            D,
            &format!("config dirsync server requestors create {office}"),
        )
        .ends(0);
    }
    let mut exported = 0;
    for office in [D, A, B] {
        if office != D {
            site.run(office, "listds", "admin -ppw -r -z").ends(0);
        }
        site.put(office, "GLB/REQTRANS.GLB", b"");
        site.admin(office, "config dirsync requestor export")
            .ends(0);
        exported += site.queue(office, "REQTRANS").len() as u32;
    }
    site.cycle();
    assert_eq!(site.server_config().header.srv_sync.0, exported);
    for office in [D, A, B] {
        let (_, srv_sync, imports) = site.numbers(office);
        assert_eq!((srv_sync, imports), (exported, 1), "{office}");
    }
    site.assert_converged();
}

#[test]
fn ds_s021_a_restored_server_is_mended_by_the_published_procedure() {
    let site = three();
    let copy = site.copy(D);
    site.user(A, "Amy");
    site.user(B, "Bob");
    site.admin(A, "local delete ABE").ends(0);
    site.cycle();
    site.cycle();
    site.restore(D, &copy);
    for office in [D, A, B] {
        site.admin(office, "config dirsync requestor export")
            .ends(0);
    }
    site.cycle();
    site.run(D, "import", "admin -ppw -s -y").ends(0);
    let file = site.read(D, "GLB/RESYNC.GLB");
    fs::remove_file(site.path(D).join("GLB/RESYNC.GLB")).expect("removed");
    for office in [A, B] {
        site.put(office, "GLB/RESYNC.GLB", &file);
        site.import(office);
    }
    site.cycle();
    let sync = site.server_config().header.srv_sync.0;
    for office in [D, A, B] {
        assert!(site.numbers(office).1 <= sync, "{office}");
    }
    site.cycle();
    site.assert_converged();
}

#[test]
fn a_restored_server_is_mended_by_the_cycles_alone() {
    let site = three();
    let copy = site.copy(D);
    site.user(A, "Amy");
    site.user(B, "Bob");
    site.admin(A, "local delete ABE").ends(0);
    site.user(D, "Dot");
    site.cycle();
    site.restore(D, &copy);
    for _ in 0..4 {
        site.cycle();
    }
    site.assert_converged();
    assert!(site.names_in(B, A).contains(&"Amy".to_owned()));
    let log = site.log(D, "DIRSYNC");
    assert!(
        log.iter()
            .any(|l| l.contains("were confirmed and are lost here")),
        "{log:?}"
    );
}

#[test]
fn a_restored_requestor_is_mended_by_the_cycles_alone() {
    let site = three();
    let copy = site.copy(A);
    site.user(A, "Amy");
    site.user(A, "Art");
    site.cycle();
    site.restore(A, &copy);
    // New transactions reach the numbers of the old ones.
    for user in ["Una", "Uwe", "Uli"] {
        site.user(A, user);
    }
    for _ in 0..4 {
        site.cycle();
    }
    site.assert_converged();
    assert_eq!(site.names_in(B, A), ["Abe", "Ann", "Uli", "Una", "Uwe"]);
}

#[test]
fn a_requestor_that_was_away_longer_than_keep_updates_catches_up() {
    let site = three();
    for day in 0..20 {
        if day % 5 == 0 {
            site.user(A, &format!("Day{day}"));
            site.t1(A);
            site.t1(D);
            site.carry();
            site.t2();
            site.carry();
            site.t3(A);
            site.t3(D);
        }
        site.pass_days(1);
    }
    site.cycle();
    site.cycle();
    site.assert_converged();
}

#[test]
fn mail_of_several_cycles_at_once_in_the_wrong_order_is_no_harm() {
    let site = three();
    let held = site.path("held");
    fs::create_dir_all(&held).expect("writable");
    let hold = |number: u32| {
        for (index, letter) in site.sent_to(D, A).into_iter().enumerate() {
            // Later messages get names that come first.
            let name = format!("{:03}.{index}", 100 - number);
            fs::rename(letter.path, held.join(name)).expect("moved");
        }
    };
    for number in 0..4 {
        site.user(B, &format!("Bob{number}"));
        for office in [D, A, B] {
            site.t1(office);
        }
        site.carry();
        site.t2();
        hold(number);
        site.carry();
        site.t3(B);
        site.t3(D);
        site.t3(A);
    }
    for entry in fs::read_dir(&held).expect("readable") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name").to_owned();
        fs::rename(&path, site.path(A).join("MBG/SYSTEM/new").join(name)).expect("moved");
    }
    site.t3(A);
    site.cycle();
    site.assert_converged();
}

/// Any mail program carries what lies in `P1/new`, whether the run that put it there has ended or not.
#[test]
fn mail_that_is_carried_before_a_killed_run_is_mended_stops_nobody() {
    require_tracing();
    let mut was_carried = false;
    for call in ["fdatasync", "unlink"] {
        for when in 1.. {
            let site = three();
            site.user(A, "Amy");
            if !site.killed(A, "reqmain", "-t", call, when) {
                break;
            }
            let is_pending = site.path(A).join("GLB/DIRSYNC.JNL").exists();
            let is_carried = is_pending && !site.sent_to(A, D).is_empty();
            site.carry();
            site.t1(A);
            if is_carried && !was_carried {
                site.cycle();
                site.assert_converged();
            }
            was_carried |= is_carried;
        }
    }
    assert!(was_carried, "none was killed between its mail and its end");
}

#[test]
fn what_was_purged_before_the_server_took_it_makes_everybody_begin_anew() {
    let site = three();
    site.user(A, "Amy");
    for office in [D, A, B] {
        site.t1(office);
    }
    site.carry();
    site.t2();
    for letter in site.sent_to(D, D) {
        fs::remove_file(letter.path).expect("removed");
    }
    site.carry();
    site.t3(B).ends(0);
    site.pass_days(20);
    let imports = site.numbers(B).2;
    site.cycle();
    let log = site.log(D, "DIRSYNC");
    let said = "were purged before the lists of this server took them";
    assert!(log.iter().any(|line| line.contains(said)), "{log:?}");
    for _ in 0..3 {
        site.cycle();
    }
    // B had her, and the server could not know.
    assert!(site.numbers(B).2 > imports);
    assert_eq!(site.record(B).import_count.0, site.numbers(B).2);
    site.assert_converged();
    // Nothing is left to do.
    let sync = site.server_config().header.srv_sync;
    site.cycle();
    assert_eq!(site.server_config().header.srv_sync, sync);
}
