//! What T0 puts into REQTRANS.GLB, and the settings of requestor and server.

use std::fs;

use dirsync::codec::codepage::CodePage;
use dirsync::codec::process::{ProcessEntry, ProcessFile, ProcessKind};
use dirsync::codec::reqconf::ReqOptions;
use dirsync::codec::sync_number::SrvSync;
use dirsync::codec::{AccessFlags, Record};

use super::site::{Site, text};

const EXPORT: [&str; 4] = ["config", "dirsync", "requestor", "export"];

fn add_three(site: &Site) {
    for (name, mailbox) in [("Ann A", "ANN"), ("Bob B", "BOB"), ("Cid C", "CID")] {
        site.done(&["local", "create", name, mailbox]);
    }
}

fn server() -> Site {
    let site = Site::new();
    site.done(&["config", "dirsync", "options", "server", "yes"]);
    site
}

#[test]
fn ds_p001_an_empty_queue_begins_with_number_1() {
    let site = Site::registered();
    assert_eq!(site.len("GLB/REQTRANS.GLB"), 0);
    add_three(&site);
    let expected = [
        (1, "A Ann A|PCM:NET/PO1/ANN"),
        (2, "A Bob B|PCM:NET/PO1/BOB"),
        (3, "A Cid C|PCM:NET/PO1/CID"),
    ];
    assert_eq!(site.queue(), expected.map(|(n, t)| (n, t.to_owned())));
}

#[test]
fn ds_p002_numbers_go_on_behind_the_dummy() {
    let site = Site::registered();
    site.acknowledge(17);
    site.done(&["local", "create", "Ann A", "ANN"]);
    let queue = site.queue();
    assert_eq!((queue.len(), queue[0].0, queue[1].0), (2, 17, 18));
}

#[test]
fn a_queue_that_was_deleted_and_made_anew_does_not_count_from_1() {
    let site = Site::registered();
    site.acknowledge(17);
    site.write("GLB/REQTRANS.GLB", b"");
    let said = site.done(&EXPORT);
    assert!(
        said.contains("REQTRANS.GLB ends at 0, the server has confirmed 17"),
        "{said}"
    );
    assert_eq!(site.queue()[0].0, 18);
}

#[test]
fn ds_p011_a_user_who_is_taken_out_of_dir_sync_is_deleted_elsewhere_and_stays_here() {
    let site = Site::registered();
    site.done(&["local", "create", "Ann A", "ANN"]);
    site.done(&["local", "modify", "ANN", "--dirsync", "no"]);
    let queue = site.queue();
    assert_eq!(queue[1..], [(2, "D Ann A|PCM:NET/PO1/ANN".to_owned())]);
    assert!(!site.account("ANN").flags.contains(AccessFlags::IN_DIRSYNC));
    assert_eq!(site.pol_names(), ["Administrator", "Ann A"]);

    site.done(&["local", "modify", "ANN", "--name", "Ann B"]);
    site.done(&["local", "modify", "ANN", "--dirsync", "no"]);
    assert_eq!(site.queue().len(), 2, "nobody else is concerned");
    site.done(&["local", "modify", "ANN", "--dirsync", "yes"]);
    assert_eq!(
        site.queue()[2..],
        [(3, "A Ann B|PCM:NET/PO1/ANN".to_owned())]
    );
    site.done(&[
        "local",
        "modify",
        "ANN",
        "--dirsync",
        "no",
        "--name",
        "Ann C",
    ]);
    assert_eq!(
        site.queue()[3..],
        [(4, "D Ann B|PCM:NET/PO1/ANN".to_owned())]
    );
    site.done(&["local", "delete", "ANN"]);
    assert_eq!(site.queue().len(), 4, "they have deleted her before");
}

#[test]
fn a_change_is_told_with_both_lines_and_settings_never_leave() {
    let site = Site::registered();
    let file = site.path("../new.txt");
    fs::write(&file, "secret\n").unwrap();
    let file = file.to_str().unwrap();
    let words = [
        "local",
        "create",
        "Ann A",
        "ANN",
        "--remote",
        "--new-password-file",
        file,
    ];
    site.done(&words);
    site.done(&[
        "local",
        "modify",
        "ANN",
        "--name",
        "Ann B",
        "--mailbox",
        "ANNB",
    ]);
    site.done(&[
        "local",
        "modify",
        "ANNB",
        "--remote",
        "no",
        "--administrator",
        "yes",
    ]);
    site.done(&["local", "delete", "ANNB"]);
    let texts: Vec<_> = site.queue().into_iter().map(|(_, text)| text).collect();
    assert_eq!(
        texts,
        [
            "A Ann A|PCM:NET/PO1/ANN",
            "M Ann A|PCM:NET/PO1/ANN~  Ann B|PCM:NET/PO1/ANNB",
            "D Ann B|PCM:NET/PO1/ANNB",
        ]
    );
}

#[test]
fn settings_given_by_an_import_file_do_not_leave_either() {
    let site = Site::registered();
    let text = "A Ann A                          PCM:NET/PO1/ANN\r\n&PASSWORD=secret\r\n&REMOTE=YES\r\n\
                A Bob B                          PCM:NET/PO1/BOB\r\n&DIRSYNC=NO\r\n";
    site.import(&[], text);
    assert_eq!(site.queue(), [(1, "A Ann A|PCM:NET/PO1/ANN".to_owned())]);
}

#[test]
fn ds_p012_export_is_one_replace_and_one_add_per_participant() {
    let site = Site::registered();
    site.done(&["local", "modify", "Admin", "--dirsync", "no"]);
    add_three(&site);
    site.done(&["local", "create", "Not Me", "NOTME", "--no-dirsync"]);
    site.acknowledge(5);
    let said = site.done(&EXPORT);
    assert!(
        said.contains("export: 4 transactions wait for T1, numbers 6 to 9"),
        "{said}"
    );
    let expected = [
        (6, "R PCM:NET/PO1"),
        (7, "A Ann A|PCM:NET/PO1/ANN"),
        (8, "A Bob B|PCM:NET/PO1/BOB"),
        (9, "A Cid C|PCM:NET/PO1/CID"),
    ];
    assert_eq!(site.queue()[1..], expected.map(|(n, t)| (n, t.to_owned())));
    assert_eq!(site.requestor().last_export.0, 828_549_000);
}

#[test]
fn an_export_with_templates_defines_the_template_first() {
    let site = Site::registered();
    site.write("TPL/ADMIN.TPL", b"Phone:~9~10~A~~\r");
    site.write("INF/ADMIN.INF", b"");
    site.done(&["local", "create", "Ann A", "ANN", "--info", "Phone:/555"]);
    site.acknowledge(1);
    site.done(&[
        "config",
        "dirsync",
        "requestor",
        "options",
        "--templates-send",
        "yes",
    ]);
    site.done(&EXPORT);
    let texts: Vec<_> = site
        .queue()
        .into_iter()
        .skip(1)
        .map(|(_, text)| text)
        .collect();
    assert_eq!(
        texts,
        [
            "R PCM:NET/PO1",
            "T PCM:NET/PO1~ Phone:~9~10~A~~",
            "A Administrator|PCM:NET/PO1/Admin",
            "A Ann A|PCM:NET/PO1/ANN~- Phone:/555",
        ]
    );
}

#[test]
fn ds_s024_an_export_without_a_queue_is_an_error_and_has_no_date() {
    let site = Site::registered();
    fs::remove_file(site.path("GLB/REQTRANS.GLB")).unwrap();
    let said = site.refused(&EXPORT, 66);
    assert!(said.contains("Error opening file: REQTRANS.GLB"), "{said}");
    assert_eq!(site.requestor().last_export.0, 0);
    assert!(
        text(&site.bytes("LOG/DIRSYNC.LOG")).contains("[  2] Error opening file: REQTRANS.GLB")
    );
    assert!(
        !site.exists("GLB/REQTRANS.GLB"),
        "it is not made in silence"
    );
}

#[test]
fn without_a_server_there_is_nobody_to_speak_to() {
    let site = Site::new();
    site.done(&["local", "create", "Ann A", "ANN"]);
    assert_eq!(site.len("GLB/REQTRANS.GLB"), 0);
    for word in ["export", "import"] {
        let said = site.refused(&["config", "dirsync", "requestor", word], 66);
        assert!(said.contains("No Server name has been set"), "{said}");
    }
    let said = site.refused(
        &["config", "dirsync", "requestor", "registration", "NET/DSS"],
        66,
    );
    assert!(
        said.contains("Can't find Dir-Sync Server postoffice definition NET/DSS"),
        "{said}"
    );
}

#[test]
fn touched_entries_go_out_as_an_a_and_an_m() {
    let site = Site::registered();
    site.done(&["local", "create", "Ann A", "ANN"]);
    site.import(&[], "A Fred F                         PCM:NET/DSS/FRED\r\n");
    site.acknowledge(1);
    let touch = ["config", "dirsync", "requestor", "touch"];
    site.done(&[&touch[..], &["ann", "PCM:net/dss/fred"]].concat());
    let expected = [
        (2, "A Ann A|PCM:NET/PO1/ANN"),
        (3, "M Ann A|PCM:NET/PO1/ANN~  Ann A|PCM:NET/PO1/ANN"),
        (4, "A Fred F|PCM:NET/DSS/FRED"),
        (5, "M Fred F|PCM:NET/DSS/FRED~  Fred F|PCM:NET/DSS/FRED"),
    ];
    assert_eq!(site.queue()[1..], expected.map(|(n, t)| (n, t.to_owned())));
    for (address, code) in [
        ("NOBODY", 66),
        ("PCM:NET/NONE/X", 66),
        ("SMTP:a@b", 66),
        ("a b", 2),
    ] {
        site.refused(&[&touch[..], &["ann", address]].concat(), code);
    }
    site.done(&["local", "modify", "ANN", "--dirsync", "no"]);
    let said = site.refused(&[&touch[..], &["ann"]].concat(), 1);
    assert!(said.contains("does not take part"), "{said}");
}

#[test]
fn settings_of_the_requestor_are_kept_apart_from_each_other() {
    let site = Site::registered();
    let requestor =
        |words: &[&str]| site.done(&[&["config", "dirsync", "requestor"], words].concat());
    requestor(&["types", "pcm,SMTP,Snads"]);
    requestor(&[
        "options",
        "--create-po",
        "yes",
        "--rebuild",
        "yes",
        "--limit",
        "50000",
    ]);
    requestor(&["options", "--create-po", "no"]);
    requestor(&["registration", "net/dss", "--password", "Sesame"]);
    let config = site.requestor();
    assert_eq!(config.types, 0x0001 | 0x0100 | 0x0004);
    assert_eq!(config.limit, 50_000);
    assert_eq!(config.options, ReqOptions::REBUILD);
    assert_eq!(config.password.as_bytes(), b"Sesame");
    assert_eq!(config.server_postoffice.as_bytes(), b"DSS");
    assert_eq!(
        requestor(&["options", "--rebuild", "yes"]),
        "nothing changes: that is how it is set\n"
    );
    let shown = site.list(&["config", "dirsync", "requestor", "show"]);
    assert_eq!(shown[0]["value"], "NET/DSS");
    assert_eq!(shown[1]["value"], true, "a password is not shown");
    let said = site.refused(&["config", "dirsync", "requestor", "types", "PCM,UUCP"], 2);
    assert!(said.contains("Unknown address type UUCP"), "{said}");
}

#[test]
fn an_import_is_asked_for_at_once() {
    let site = Site::registered();
    let said = site.done(&["config", "dirsync", "requestor", "import"]);
    assert!(
        said.contains("a full list is asked for: a message for"),
        "{said}"
    );
    assert!(
        site.requestor()
            .options
            .contains(ReqOptions::IMPORT_REQUESTED)
    );
}

#[test]
fn a_new_server_is_its_own_requestor() {
    let site = server();
    let conf = site.server();
    assert_eq!(site.len("GLB/SRVCONF.GLB"), 2048);
    assert_eq!(site.len("GLB/MSTTRANS.GLB"), 0);
    assert_eq!(conf.requestors[0].requestor_name(), b"PCM:NET/PO1");
    assert_eq!(conf.header.administrator.as_bytes(), b"Admin");
    assert_eq!(conf.header.keep_updates_days, 14);
    let config = site.requestor();
    assert_eq!(config.server_network.as_bytes(), b"NET");
    assert_eq!(config.server_postoffice.as_bytes(), b"PO1");
    assert_eq!(site.bytes("GLB/MASTER.GLB")[0x2a], 1);
    let before = site.tree();
    site.done(&["config", "dirsync", "options", "server", "yes"]);
    assert_eq!(site.tree(), before);
    let words = ["config", "dirsync", "requestor", "registration", "NET/PO1"];
    site.done(&words);
}

#[test]
fn a_postoffice_that_has_taken_updates_does_not_become_a_server() {
    let site = Site::registered();
    let mut config = site.requestor();
    config.srv_sync = SrvSync(80);
    let mut bytes = [0; 512];
    config.encode(&mut bytes);
    site.write("GLB/REQCONF.GLB", &bytes);
    let said = site.refused(&["config", "dirsync", "options", "server", "yes"], 4);
    assert!(
        said.contains("SrvSync 80") && said.contains("listds -r -z"),
        "{said}"
    );
}

#[test]
fn updates_of_an_earlier_server_are_brought_in_before_a_new_one_begins() {
    let site = Site::registered();
    site.write("GLB/SRVTRANS.GLB", &[0; 24]);
    let words = ["config", "dirsync", "options", "server", "yes"];
    let said = site.refused(&words, 4);
    assert!(
        said.contains("SRVTRANS.GLB") && said.contains("import -q"),
        "{said}"
    );
    site.write("GLB/SRVTRANS.GLB", b"");
    site.done(&words);
}

#[test]
fn a_server_that_is_switched_off_leaves_nothing_of_a_server() {
    let site = server();
    let mut schedule = ProcessFile::default();
    for kind in [ProcessKind::T1, ProcessKind::T2, ProcessKind::T3] {
        schedule.records.push(ProcessEntry {
            kind,
            ..ProcessEntry::default()
        });
    }
    let mut bytes = Vec::new();
    schedule.write_to(&mut bytes).unwrap();
    site.write("GLB/PROCESS.GLB", &bytes);
    let words = ["config", "dirsync", "options", "server", "no"];
    site.done(&words);
    assert!(!site.exists("GLB/SRVCONF.GLB") && !site.exists("GLB/MSTTRANS.GLB"));
    assert_eq!(site.len("GLB/PROCESS.GLB"), 512 + 2 * 197);
    assert!(!site.requestor().has_server());
    assert_eq!(site.bytes("GLB/MASTER.GLB")[0x2a], 0);
    assert!(site.done(&words).contains("nothing changes"));
    let said = site.refused(&["config", "dirsync", "server", "requestors", "list"], 78);
    assert!(said.contains("no dir-sync server"), "{said}");
}

#[test]
fn nothing_that_is_lost_for_good_goes_without_permission() {
    let site = server();
    site.done(&["local", "create", "Ann A", "ANN"]);
    for words in [
        &["config", "dirsync", "options", "server", "no"][..],
        &["local", "delete", "ANN"],
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_admin"))
            .env_clear()
            .arg(format!("-d{}", site.root().display()))
            .args(["admin", "-px"])
            .args(words)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {output:?}");
        assert!(text(&output.stderr).contains("give -y"), "{output:?}");
    }
    assert!(site.exists("GLB/SRVCONF.GLB"));
    site.account("ANN");
}

#[test]
fn requestors_come_and_go_by_whole_names_and_numbers_are_not_given_again() {
    let site = server();
    for name in ["NET/PO10", "NET/PO2"] {
        site.done(&["external", "create", name, "--route", "direct:/po"]);
    }
    let requestors = ["config", "dirsync", "server", "requestors"];
    let words = |more: &[&'static str]| [&requestors[..], more].concat();
    site.done(&words(&["create", "NET/PO10", "--password", "sesame123"]));
    site.done(&words(&["create", "net/po2"]));
    let conf = site.server();
    assert_eq!(conf.requestors[1].password.as_bytes(), b"sesame12");
    assert_eq!(site.len("GLB/SRVCONF.GLB"), 1024 + 3 * 1024);
    site.refused(&words(&["create", "NET/PO2"]), 1);
    site.refused(&words(&["create", "NET/NONE"]), 66);
    site.refused(&words(&["create", "NONE/PO2"]), 66);
    site.refused(&words(&["delete", "NET/PO3"]), 66);
    site.refused(&words(&["delete", "NET/PO1"]), 1);
    site.done(&words(&["delete", "NET/PO10"]));
    site.done(&words(&["create", "NET/PO10"]));
    let numbers: Vec<_> = site
        .server()
        .requestors
        .iter()
        .map(|r| r.registration)
        .collect();
    assert_eq!(numbers, [1, 3, 4]);
    site.done(&words(&["modify", "NET/PO10", "--password", "open"]));
    let listed = site.list(&words(&["list"]));
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[2]["name"], "PCM:NET/PO10");
    assert_eq!(listed[2]["password"], true);
    assert_eq!(listed[1]["password"], false);
    assert!(site.server().verify(CodePage::default()).is_empty());
}

#[test]
fn ds_s016_a_long_administrator_and_keep_updates_do_not_touch_each_other() {
    let site = server();
    site.done(&["local", "create", "Ten Chars", "TENCHARS10"]);
    site.done(&["local", "create", "Nine Char", "NINECHAR9"]);
    let options = ["config", "dirsync", "server", "options"];
    let words = |more: &[&'static str]| [&options[..], more].concat();
    site.done(&words(&["--keep-updates", "30"]));
    site.done(&words(&["--administrator", "TENCHARS10"]));
    let header = site.server().header;
    assert_eq!(header.keep_updates_days, 30);
    assert_eq!(header.administrator.as_bytes(), b"TENCHARS10");
    site.done(&words(&["--administrator", "ninechar9"]));
    site.done(&words(&["--keep-updates", "7"]));
    let header = site.server().header;
    assert_eq!(header.keep_updates_days, 7);
    assert_eq!(header.administrator.as_bytes(), b"NINECHAR9");
    site.refused(&words(&["--administrator", "NOBODY"]), 66);
    site.refused(&words(&["--keep-updates", "0"]), 2);
    site.refused(&words(&[]), 2);
}

#[test]
fn the_global_list_is_a_setting_of_its_own() {
    let site = Site::new();
    site.done(&["config", "global-list", "yes"]);
    assert_eq!(site.bytes("GLB/MASTER.GLB")[0x2b], 1);
    site.done(&["config", "global-list", "no"]);
    assert_eq!(site.bytes("GLB/MASTER.GLB")[0x2b], 0);
}
