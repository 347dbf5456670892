//! Cases of `dirsync-cases.jsonl` whose expected result is that something is noticed and said: each through the program.

use dirsync::codec::mailbag::KeyFile;
use dirsync::codec::queue::QueueRecord;
use dirsync::postoffice::layout;
use serde_json::Value;

use super::bases::{Base, Case, encoded, master_record, queue, text};
use super::faults::case_with;

/// Examines a postoffice, and returns the finding of a check.
fn finding(case: &Case, id: &str, exit: i32) -> Value {
    let object = case.podiag(&["--json"]).ends(exit).json();
    let findings = object["findings"].as_array().expect("findings").clone();
    let found = findings.into_iter().find(|finding| finding["id"] == id);
    found.unwrap_or_else(|| panic!("{id}: {object}"))
}

fn says(finding: &Value, key: &str, words: &str) {
    let said = finding[key].as_str().unwrap_or_default();
    assert!(said.contains(words), "{key}: {said}");
}

#[test]
fn ds_p028_a_server_that_went_back_is_told_by_the_requestor_that_has_more() {
    let case = Base::Server.copy();
    let records: Vec<_> = (498..=500)
        .map(|n| master_record(n, "A x\tPCM:NET/REQ/x"))
        .collect();
    case.put(&layout::MSTTRANS, &queue(&records));
    case.server(|config| {
        config.header.srv_sync.0 = 500;
        config
            .requestors
            .iter_mut()
            .for_each(|record| record.srv_sync.0 = 500);
        config.requestors[1].srv_sync.0 = 700;
    });
    let found = finding(&case, "requestor-ahead", 5);
    assert_eq!(found["record"], 2);
    says(&found, "found", "SrvSync 700, expected at most 500");
    says(&found, "remedy", "restored from an older copy");
    says(&found, "remedy", "resync create");
}

#[test]
fn ds_s008_the_entries_of_a_former_server_are_named() {
    let found = finding(&case_with("schedule-stale-t2"), "schedule-stale-t2", 5);
    assert_eq!(found["found"], "T2 Mon 03:00");
    assert_eq!(found["repairable"], true);
    assert_eq!(found["articles"][0], "Q136487");
}

#[test]
fn ds_s010_duplicate_headers_are_found_before_a_server_stops_at_them() {
    let found = finding(&case_with("system-duplicate"), "system-duplicate", 5);
    assert_eq!(found["file"], "MBG/SYSTEM.MBG");
    assert_eq!(found["record"], 2);
}

#[test]
fn ds_s017_a_shifted_record_of_srvconf_is_told_in_plain_words() {
    // A card that writes in pieces of 512 bytes (Q120449).
    let case = Base::Server.copy();
    let mut bytes = case.bytes(&layout::SRVCONF);
    bytes.copy_within(1024..2048 - 6, 1024 + 6);
    case.put(&layout::SRVCONF, &bytes);
    let found = finding(&case, "file-damaged", 5);
    assert_eq!(found["file"], "GLB/SRVCONF.GLB");
    assert_eq!(found["record"], 1);
    says(&found, "found", "checksum");
    says(
        &found,
        "remedy",
        "restore SRVCONF.GLB and MSTTRANS.GLB together",
    );
}

#[test]
fn ds_s022_a_lost_master_list_has_its_published_remedy() {
    let case = case_with("msttrans-missing");
    let found = finding(&case, "msttrans-missing", 5);
    says(
        &found,
        "remedy",
        "make it empty and have every requestor export (Q112280)",
    );
    let command = found["command"].as_str().expect("a command");
    let status = std::process::Command::new("sh")
        .args(["-c", command])
        .status();
    assert!(status.expect("a shell").success());
    case.podiag(&[]).ends(0);
}

#[test]
fn ds_s035_addresses_without_names_are_told_on_the_server() {
    let case = case_with("gateway-address-lost");
    let found = finding(&case, "gateway-address-lost", 5);
    assert_eq!(found["file"], "GLB/SMTP.GLB");
    says(&found, "found", "an address that no name points to");
    says(&found, "remedy", "message 46");
}

#[test]
fn ds_s037_a_group_whose_address_is_lost_is_told_with_what_gives_it_one() {
    let case = Base::Requestor.copy();
    case.put(&layout::GROUP, &[0; 4]);
    let found = finding(&case, "group-address-lost", 5);
    says(&found, "found", "no record of group \"All\"");
    says(&found, "command", "group modify All --address ADDRESS");
    case.admin(&["group", "modify", "All", "--address", "all"]);
    case.podiag(&[]).ends(0);
}

#[test]
fn ds_s039_a_stale_guard_is_told_and_moved_away() {
    let case = case_with("sortlock-left");
    assert_eq!(finding(&case, "sortlock-left", 5)["repairable"], true);
    case.podiag(&["--repair"]).ends(0);
    assert!(!case.at(&layout::SORTLOCK).exists());
}

#[test]
fn ds_s041_waiting_updates_are_applied_and_never_truncated() {
    let case = case_with("srvtrans-waiting");
    let found = finding(&case, "srvtrans-waiting", 5);
    says(&found, "remedy", "never truncate the queue");
    says(&found, "command", "import admin -d");
    let before = case.bytes(&layout::SRVTRANS);
    case.podiag(&["--repair"]).ends(5);
    assert_eq!(
        case.bytes(&layout::SRVTRANS),
        before,
        "no repair touches it"
    );
    // What the remedy says is what helps.
    case.run("import", &["-q", "-y"]).ends(0);
    case.podiag(&[]).ends(0);
}

#[test]
fn ds_s042_a_lost_inqueue_pair_is_made_again() {
    let case = Base::New.copy();
    case.remove(&layout::INQUEUE_MBG);
    case.remove(&layout::INQUEUE_KEY);
    let found = finding(&case, "mailbag-missing", 5);
    assert_eq!(found["articles"][0], "Q130449");
    case.podiag(&["--repair"]).ends(0);
    assert_eq!(case.bytes(&layout::INQUEUE_MBG), b"");
    assert_eq!(
        case.bytes(&layout::INQUEUE_KEY),
        encoded(&KeyFile::default())
    );
}

#[test]
fn ds_s053_an_index_that_leads_to_other_names_is_told() {
    let case = Base::WithGal.copy();
    let mut names = case.bytes(&layout::GAL_NME);
    names.rotate_left(45); // the list of another run
    names.truncate(names.len() - 45);
    case.put(&layout::GAL_NME, &names);
    let found = finding(&case, "gal-index", 5);
    says(&found, "command", "rebuild -f -d");
}

#[test]
fn ds_s068_a_server_under_its_old_name_gives_message_55_with_that_name() {
    let case = Base::Requestor.copy();
    case.requestor(|config| config.server_network = text("OLDNET"));
    let found = finding(&case, "server-undefined", 5);
    assert_eq!(found["found"], "dir-sync server OLDNET/SRV");
    says(&found, "remedy", "message 55");
}

#[test]
fn q119014_an_emptied_queue_goes_on_behind_req_sync() {
    let case = Base::Server.copy();
    case.requestor(|config| (config.req_sync.0, config.srv_sync.0) = (3, 4));
    case.put(&layout::REQTRANS, b"");
    let found = finding(&case, "reqtrans-empty", 5);
    says(&found, "found", "would begin with number 1");
    case.podiag(&["--repair"]).ends(0);
    assert_eq!(case.bytes(&layout::REQTRANS).len(), 60);
    case.podiag(&["--repair"]).ends(0);
}

#[test]
fn q103199_a_master_of_174_bytes_was_taken_for_text() {
    let case = Base::New.copy();
    case.put(&layout::MASTER, &[0; 174]);
    let found = finding(&case, "master-damaged", 5);
    assert_eq!(
        (&found["found"], &found["expected"]),
        (&"174 bytes".into(), &"176 bytes".into())
    );
    says(&found, "remedy", "took it for text");
}

#[test]
fn q128243_a_partial_record_is_cut_where_the_article_cuts_it() {
    let case = Base::New.copy();
    let xtn = dirsync::postoffice::File::xtn(dirsync::codec::HexId(0));
    case.put(&xtn, &[0; 3015]);
    let object = case.podiag(&["--json"]).ends(5).json();
    let findings = object["findings"].as_array().expect("findings").clone();
    let found = findings
        .iter()
        .find(|f| f["id"] == "size-wrong")
        .expect("a size");
    assert_eq!(found["found"], "3015 bytes");
    says(found, "command", "truncate -s 2792 ");
}

#[test]
fn q122750_every_file_that_must_be_gone_or_empty_when_idle_is_told() {
    let vectors = include_str!("../../../testdata/spec/vectors.json");
    let vectors: Value = serde_json::from_str(vectors).expect("JSON");
    let idle = &vectors["idle_state"];
    let list = |key: &str| idle[key].as_array().expect("a list").clone();
    let absent = list("absent")
        .into_iter()
        .map(|path| path.as_str().expect("text").to_owned());
    let other = list("absent_other")
        .into_iter()
        .map(|o| o["file"].as_str().expect("text").to_owned());
    let transaction = queue(&[QueueRecord::transaction(
        dirsync::codec::timestamp::Timestamp(1),
        1,
        0,
        b"A x\tPCM:NET/FAR/x".to_vec(),
    )]);
    for path in absent.chain(other) {
        let case = Base::Requestor.link();
        case.put_at(&path.replace("xxxx", "0042"), &transaction);
        let findings = case.findings();
        let told = findings
            .iter()
            .any(|f| f.file.as_deref() == Some(&*path.replace("xxxx", "0042")));
        assert!(told, "{path}");
    }
    for path in list("zero_bytes") {
        let path = path.as_str().expect("text");
        let case = Base::Requestor.link();
        case.put_at(path, &transaction);
        let findings = case.findings();
        assert!(
            findings.iter().any(|f| f.file.as_deref() == Some(path)),
            "{path}"
        );
    }
}
