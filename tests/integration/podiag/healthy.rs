//! Healthy postoffices: nothing above a remark, whatever programs made them and worked on them.

use dirsync::codec::process::ProcessKind;
use dirsync::codec::timestamp::Timestamp;
use dirsync::diagnosis::{Finding, Severity, Survey, diagnose};
use dirsync::postoffice::{HeldLayout, layout};

use super::bases::{Base, Case, stamp};
use crate::support::{NOW, resync_bytes, resync_header, run};

#[track_caller]
fn assert_healthy(findings: &[Finding], what: &str) {
    let above: Vec<_> = findings
        .iter()
        .filter(|finding| finding.check.severity > Severity::Remark)
        .collect();
    assert!(above.is_empty(), "{what}: {above:#?}");
}

#[test]
fn healthy_postoffices_have_nothing_but_remarks() {
    for base in [Base::New, Base::Requestor, Base::Server, Base::WithGal] {
        assert_healthy(&base.copy().findings(), &format!("{base:?}"));
    }
}

/// Runs a step of an operator, and examines the postoffice behind it.
fn step(case: &Case, words: &str) {
    let words: Vec<_> = words.split(' ').collect();
    case.admin(&words);
    assert_healthy(&case.findings(), &words.join(" "));
}

#[test]
fn every_step_of_an_administrator_leaves_a_healthy_postoffice() {
    let case = Base::Requestor.copy();
    for words in [
        "local create Four four",
        "group create Some some two three",
        "group modify All --remove two",
        "group modify All --add three --name Everyone",
        "local modify three --name Drei --mailbox drei",
        "local delete two",
        "group delete Some",
        "gateway install X400",
        "external create NET/NEW --route mail:new@mail.example",
        "external create NEWNET/PO --route indirect:NET/NEW",
        "external delete NEWNET/PO --with-network",
        "external delete NET/NEW",
        "gateway remove X400",
        "gateway remove SMTP",
        "config dirsync requestor options --create-po yes --templates-receive yes",
        "config dirsync requestor export",
        "config global-list no",
    ] {
        step(&case, words);
    }
}

#[test]
fn a_requestor_is_healthy_behind_a_full_list_and_behind_updates() {
    let case = Base::Requestor.copy();
    step(&case, "config dirsync requestor options --create-po yes");
    // Ten transactions of T1 are confirmed, and a full list came up to 80.
    let list = [
        "R PCM:NET/FAR",
        "A Alpha\tPCM:NET/FAR/alpha",
        "A Beta\tPCM:NET/FAR/beta",
        "R PCM:NET/AUTO",
        "A Gamma\tPCM:NET/AUTO/gamma",
        "R SMTP:",
        "A Delta\tSMTP:delta@mail.example",
    ];
    let header = resync_header(10, 80, 1, 7);
    case.put(&layout::RESYNC, &resync_bytes(&header, &list));
    case.run("import", &["-q", "-y"]).ends(0);
    assert_healthy(&case.findings(), "a full list");
    let updates = [
        (81, "A Epsilon\tPCM:NET/FAR/eps"),
        (82, "D Alpha\tPCM:NET/FAR/alpha"),
        (83, "M Beta\tPCM:NET/FAR/beta\r\n  Betty\tPCM:NET/FAR/betty"),
    ];
    case.put(&layout::SRVTRANS, &crate::support::queue_bytes(&updates));
    case.run("import", &["-q", "-y"]).ends(0);
    assert_healthy(&case.findings(), "updates");
    step(&case, "local create Later later");
}

#[test]
fn a_server_is_healthy_while_requestors_come_and_go() {
    let case = Base::Server.copy();
    for words in [
        "external create NET/THIRD --route mail:third@mail.example",
        "config dirsync server requestors create NET/THIRD --password third",
        "config dirsync server options --keep-updates 30 --administrator Admin",
        "config dirsync server requestors delete NET/OTH",
        "config dirsync server requestors modify NET/REQ --password other",
    ] {
        step(&case, words);
    }
    // A resync file made outside of the postoffice leaves no trace in it.
    let data = format!("-d{}", case.path().display());
    let file = case.beside("list.glb").display().to_string();
    let words = ["create", &data, "-pgeheim", "-o", &file].map(String::from);
    run("resync", words.into(), |_| ()).ends(0);
    assert_healthy(&case.findings(), "resync create");
    // A server that is switched off has numbers and no server: it registers elsewhere, or is reset.
    case.admin(&["config", "dirsync", "options", "server", "no"]);
    let above = case
        .findings()
        .into_iter()
        .filter(|f| f.check.severity > Severity::Remark);
    let ids: Vec<_> = above.map(|finding| finding.check.id).collect();
    assert_eq!(ids, ["server-name-missing"]);
    case.run("listds", &["-r", "-z"]).ends(0);
    assert_healthy(&case.findings(), "listds -r -z");
}

#[test]
fn q119590_the_published_schedule_around_midnight_is_in_order() {
    let case = Base::Server.copy();
    let times = [
        (ProcessKind::T1, 22 * 60),
        (ProcessKind::T2, 60),
        (ProcessKind::T3, 180),
    ];
    let entries = times.into_iter().flat_map(|(kind, minute)| {
        (0..7).map(move |day| super::faults::deeds::entry(kind, day, minute))
    });
    super::faults::deeds::schedule(&case, &entries.collect::<Vec<_>>());
    assert_healthy(&case.findings(), "T1 22:00, T2 01:00, T3 03:00");
}

#[test]
fn a_rebuilt_global_list_is_healthy_and_one_of_two_rebuilds_is_not() {
    let case = Base::Requestor.copy();
    let data = format!("-d{}", case.path().display());
    let rebuild = || run("rebuild", vec!["-f".into(), data.clone()], |_| ()).ends(0);
    rebuild();
    assert_healthy(&case.findings(), "rebuild");
    // The words of two names stand in another order, so no pointer is wrong and yet the index is another one.
    let older = case.bytes(&layout::GALINDEX);
    step(&case, "local modify one --name Zzz");
    rebuild();
    assert_healthy(&case.findings(), "a second rebuild");
    assert_ne!(case.bytes(&layout::GALINDEX), older);
    case.put(&layout::GALINDEX, &older);
    let above = case
        .findings()
        .into_iter()
        .find(|f| f.check.severity > Severity::Remark);
    let found = above.expect("a finding");
    assert_eq!(found.check.id, "gal-index");
    assert!(
        found.expected.contains("the same rebuild"),
        "{}",
        found.expected
    );
}

#[test]
fn the_postoffices_of_the_tour_are_healthy() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let tour = directory.path().join("tour");
    run("tour", vec![tour.display().to_string()], |_| ()).ends(0);
    for name in ["montgomery", "november", "october"] {
        let held = HeldLayout::open_read(&tour.join(name)).expect("a postoffice");
        // The tour has a clock of its own, later than that of the tests.
        let now: Timestamp = stamp(NOW);
        assert_healthy(&diagnose(&Survey::take(&held, now)), name);
    }
}
