//! Every kind of side, against every other.

use std::fs;

use super::scene::Scene;
use crate::support::Office;

/// Names, addresses and a title, as each kind of side writes them.
const LDIF: &str = "version: 1

dn: ou=Imported,o=Org
objectClass: organizationalUnit
objectClass: syncImportContainer
ou: Imported
syncImportedFrom: dss/NET/SRV
syncReqSeq: 1
syncSvrSeq: 9
syncImpSeq: 1
syncEntryCount: 3

dn: syncKey=MS:NET/PO/ANN,ou=Imported,o=Org
objectClass: inetOrgPerson
objectClass: syncRemoteAddress
syncKey: MS:NET/PO/ANN
syncAddress: MS:NET/PO/Ann
syncImportedFrom: dss/NET/SRV
syncOriginalName:: SsO2cmcsIEFubg==
cn:: SsO2cmcsIEFubg==
sn: x
displayName: Ann 001
title: Clerk

dn: syncKey=SMTP:bob@x.example,ou=Imported,o=Org
objectClass: inetOrgPerson
objectClass: syncRemoteAddress
syncKey: SMTP:bob@x.example
syncAddress: SMTP:bob@x.example
syncImportedFrom: dss/NET/SRV
cn: Bob
sn: Bob
displayName: Bob
mail: bob@x.example

dn: syncKey=SNADS:GATE/NODE/CID,ou=Imported,o=Org
objectClass: inetOrgPerson
objectClass: syncRemoteAddress
syncKey: SNADS:GATE/NODE/CID
syncAddress: SNADS:GATE/NODE/CID
syncImportedFrom: dss/NET/SRV
cn: Cid
sn: Cid
displayName: Cid
syncTemplate: Division:/D 1

";

const TEXT: &str = "T PCM:NET/PO
 Title:~15~25~A~~
A Jörg, Ann\tPCM:NET/PO/Ann
- Title:/Clerk
A Bob\tSMTP:bob@x.example
T SNADS:GATE/NODE
 Division:~15~25~A~~
A Cid\tSNADS:GATE/NODE/CID
- Division:/D 1
";

const CSV: &str = "FullName;Address;Title
Jörg, Ann;PCM:NET/PO/Ann;Clerk
Bob;bob@x.example;
Cid;SNADS:GATE/NODE/CID;
";

fn transactions() -> Vec<String> {
    let text = TEXT.replace("\n-", "\r\n-").replace("\n ", "\r\n ");
    let lines = text.split_terminator('\n').filter(|line| !line.is_empty());
    lines.map(|line| line.replace("\r\n", "\r\n")).collect()
}

/// Writes every kind of side into one place.
fn every_kind() -> (Scene, Office, Vec<String>) {
    let scene = Scene::new();
    let office = Office::new("NET/HERE").define(&["PCM:NET/PO", "SMTP", "SNADS:GATE/NODE"]);
    office.import_text("-t", TEXT).ends(0);
    let transactions = transactions();
    let borrowed: Vec<_> = transactions.iter().map(|text| &text[..]).collect();
    scene.resync("list.glb", [1, 9, 1], &borrowed);
    let numbered: Vec<_> = (1..).zip(borrowed).collect();
    scene.queue("MSTTRANS.GLB", &numbered);
    scene.text("list.txt", TEXT);
    scene.write("list.ldif", LDIF);
    scene.write("list.csv", CSV);
    let mut sides: Vec<_> = ["list.glb", "MSTTRANS.GLB", "list.txt", "list.ldif", "list.csv"]
        .map(str::to_owned)
        .to_vec();
    sides.push(office.path().display().to_string());
    (scene, office, sides)
}

#[test]
fn one_list_is_the_same_whatever_it_is_written_in() {
    let (scene, _office, sides) = every_kind();
    // The postoffice has its administrator besides.
    let lists = "--list PCM:NET/PO --list SMTP: --list SNADS:";
    for a in &sides {
        for b in &sides {
            let audited = scene.audit(a, b, lists);
            let left: Vec<_> = audited.found();
            let left: Vec<_> = left.iter().filter(|line| !line.starts_with("excluded")).collect();
            assert_eq!((audited.exit, left), (0, vec![]), "{a} {b}");
            assert_eq!(audited.count("/equal"), 3, "{a} {b}");
        }
    }
}

#[test]
fn one_change_is_seen_whatever_the_sides_are_written_in() {
    let (scene, _office, sides) = every_kind();
    scene.text("other.txt", &TEXT.replace("Clerk", "Boss").replace("A Bob", "A Rob"));
    let lists = "--list PCM:NET/PO --list SMTP: --list SNADS:";
    for b in &sides {
        let audited = scene.audit("other.txt", b, lists).ends(5, "COMPLETE");
        let altered = audited.found();
        let altered: Vec<_> = altered.iter().filter(|l| l.starts_with("altered")).collect();
        let title = match b.ends_with("ldif") || b.ends_with("csv") {
            true => "title",
            false => "Title:",
        };
        let expected = [
            format!("altered MS:NET/PO/ANN {title} Boss|Clerk"),
            "altered SMTP:bob@x.example name Rob|Bob".to_owned(),
        ];
        assert_eq!(altered, expected.iter().collect::<Vec<_>>(), "{b}");
    }
}

#[test]
fn what_a_side_is_taken_for_is_said_and_a_prefix_decides() {
    let (scene, office, sides) = every_kind();
    let ran = scene.run(&sides[0], &sides[5], "--list SMTP:");
    let ran = ran.ends(0);
    assert!(ran.stdout.starts_with("A: resync file list.glb\nB: postoffice "), "{}", ran.stdout);
    for (name, word, said) in [
        ("list.txt", "text", "import text"),
        ("list.ldif", "ldif", "LDIF"),
        ("list.csv", "csv", "CSV"),
        ("MSTTRANS.GLB", "queue", "queue"),
    ] {
        let renamed = scene.path("any");
        fs::copy(scene.path(name), &renamed).expect("copied");
        let ran = scene.run(&format!("{word}:any"), "any", "--list SMTP:").ends(0);
        let expected = format!("A: {said} any\nB: {said} any\n");
        assert!(ran.stdout.starts_with(&expected), "{}", ran.stdout);
    }
    let drive = crate::support::run(
        "audit",
        vec!["po:Q".into(), office.path().display().to_string()],
        |command| {
            command.env("DIRSYNC_DRIVE_Q", office.path());
        },
    );
    drive.ends(0);
}

#[test]
fn a_side_that_cannot_be_read_ends_the_run_with_its_code() {
    let scene = Scene::new();
    scene.text("a.txt", "A Ann\tPCM:N/P/ANN\n");
    fs::create_dir(scene.path("empty")).expect("made");
    scene.write("changes.ldif", "version: 1\n\ndn: o=x\nchangetype: delete\n\n");
    for (b, exit) in [
        ("none", 66),
        ("po:none", 66),
        ("empty", 66),
        ("ldif:empty", 66),
        ("changes.ldif", 65),
        ("resync:a.txt", 65),
        ("csv:empty.csv", 66),
    ] {
        let ran = scene.run("a.txt", b, "--json").ends(exit);
        assert_eq!(ran.json()["exit"], exit, "{b}");
        assert!(ran.stderr.starts_with("audit: "), "{b}: {}", ran.stderr);
    }
}

#[test]
fn what_is_damaged_is_read_as_far_as_it_goes_and_nothing_is_taken_for_absent() {
    let scene = Scene::new();
    let list = ["R PCM:N/P", "A Ann\tPCM:N/P/ANN", "A Bob\tPCM:N/P/BOB"];
    let whole = scene.resync("whole.glb", [1, 1, 1], &list);
    let bytes = fs::read(whole).expect("written");
    let cut = bytes.len() - 60;
    for (name, bytes) in [
        ("cut.glb", bytes[..cut].to_vec()),
        ("flipped.glb", {
            let mut bytes = bytes.clone();
            bytes[cut - 30] ^= 1;
            bytes
        }),
    ] {
        scene.write(name, bytes);
        let audited = scene.audit(name, "whole.glb", "").ends(65, "PARTIAL");
        let extra = audited.of("extra");
        assert!(!extra.is_empty(), "{name}");
        assert!(extra.iter().all(|line| line["reason"] == "list-incomplete"), "{name}");
        assert_eq!(audited.summary["sides"]["a"]["whole"], false);
        let repair = scene.path("repair.txt");
        let more = format!("--repair {}", repair.display());
        assert_eq!(scene.audit(name, "whole.glb", &more).exit, 65);
        assert_eq!(fs::read(repair).expect("written"), b"", "nothing is certain");
    }
    // A line that cannot be read does not make anybody absent.
    scene.text("bad.txt", "A Ann\tPCM:N/P/ANN\nA Bob\tPCM:N/P/B.B\nX\n");
    let audited = scene.audit("bad.txt", "whole.glb", "").ends(1, "PARTIAL");
    assert_eq!(
        audited.found(),
        [
            "refused A address-syntax",
            "refused A message-12",
            "kept MS:N/P/BOB list-damaged",
        ]
    );
    // An LDIF list with fewer entries than it says.
    scene.write("short.ldif", LDIF.replace("syncEntryCount: 3", "syncEntryCount: 4"));
    let audited = scene.audit("short.ldif", "short.ldif", "").ends(1, "PARTIAL");
    let said = audited.summary["messages"][0]["text"].as_str().expect("text");
    assert!(said.contains("3 entries, and syncEntryCount says 4"), "{said}");
}

#[test]
fn a_list_for_a_requestor_says_nothing_of_its_own_names() {
    use crate::support::{resync_bytes, resync_header};
    let scene = Scene::new();
    let mut header = resync_header(1, 1, 1, 5);
    header.addressee = Some(b"NET/HERE"[..].into());
    let list = ["R PCM:NET/PO", "A Ann\tPCM:NET/PO/ANN"];
    scene.write("for.glb", resync_bytes(&header, &list));
    let office = Office::new("NET/HERE").define(&["PCM:NET/PO"]);
    office.import_text("", "A Ann\tPCM:NET/PO/ANN\n").ends(0);
    let path = office.path().display().to_string();
    let audited = scene.audit("for.glb", &path, "").ends(0, "COMPLETE");
    assert_eq!(audited.found(), ["excluded B MS:NET/HERE/ADMIN own-import"]);
}

#[test]
fn users_that_take_no_part_are_not_expected_elsewhere() {
    let office = Office::new("NET/PO");
    office.run("admin", "local create ANN Ann").ends(0);
    office.run("admin", "local create BOB Bob --dirsync no").ends(0);
    let scene = Scene::new();
    scene.text(
        "b.txt",
        "A Administrator\tPCM:NET/PO/Admin\nA Ann\tPCM:NET/PO/ANN\nA Bob\tPCM:NET/PO/BOB\n",
    );
    let path = office.path().display().to_string();
    let audited = scene.audit(&path, "b.txt", "").ends(5, "PARTIAL");
    assert_eq!(
        audited.found(),
        ["excluded A PCM:NET/PO/BOB filtered", "extra MS:NET/PO/BOB filtered"]
    );
}
