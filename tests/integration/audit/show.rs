//! `resync show` of what is no resync file: the same sides that `audit` takes.

use std::fs;

use super::scene::Scene;
use crate::support::{Office, Run, run};

fn show(scene: &Scene, args: &str) -> Run {
    let place = scene.path("").display().to_string();
    let args = args.split_whitespace().map(|arg| arg.replace("{}", &place));
    let args = std::iter::once("show".to_owned()).chain(args).collect();
    let directory = scene.path("");
    run("resync", args, |command| {
        command.current_dir(directory);
    })
}

const LDIF: &str = "version: 1

dn: ou=Imported,o=Org
objectClass: organizationalUnit
objectClass: syncImportContainer
ou: Imported
syncImportedFrom: dss/NET/SRV
syncReqSeq: 14
syncSvrSeq: 88
syncImpSeq: 2
syncEntryCount: 3

dn: syncKey=MS:NET/PO/ANN,ou=Imported,o=Org
objectClass: inetOrgPerson
objectClass: syncRemoteAddress
syncKey: MS:NET/PO/ANN
syncAddress: MS:NET/PO/Ann
syncImportedFrom: dss/NET/SRV
cn: Ann
sn: Ann
title: Clerk

dn: syncKey=SMTP:bob@x,ou=Imported,o=Org
objectClass: inetOrgPerson
objectClass: syncRemoteAddress
syncKey: SMTP:bob@x
syncAddress: SMTP:bob@x
syncImportedFrom: dss/NET/SRV
cn: Bob
sn: Bob

dn: syncKey=NOTES:Cid,ou=Imported,o=Org
objectClass: inetOrgPerson
objectClass: syncRemoteAddress
syncKey: NOTES:Cid
syncAddress: NOTES:Cid
syncImportedFrom: dss/NET/SRV
cn: Cid
sn: Cid

";

#[test]
fn ldif_is_shown_with_its_numbers_its_lists_and_what_no_postoffice_can_hold() {
    let scene = Scene::new();
    scene.write("list.ldif", LDIF);
    assert_eq!(
        show(&scene, "list.ldif").ends(0).stdout,
        "list.ldif: LDIF from dss/NET/SRV
IMPSEQ 2, REQSEQ 14, SRVSEQ 88
  PCM:NET/PO                             1
  SMTP:                                  1
line 32: address-type: NOTES:Cid
3 entries, whole
"
    );
    let json = show(&scene, "list.ldif --json --report report.txt")
        .ends(0)
        .json();
    assert_eq!((&json["read"], &json["refused"]), (&3.into(), &1.into()));
    assert_eq!(
        (&json["kind"], &json["whole"]),
        (&"ldif".into(), &true.into())
    );
    assert_eq!(json["numbers"]["srv_sync"], 88);
    let report = fs::read_to_string(scene.path("report.txt")).expect("written");
    assert_eq!(report.lines().count(), 4);
}

#[test]
fn what_is_shown_as_text_is_the_same_list_to_an_audit() {
    let scene = Scene::new();
    scene.write("list.ldif", LDIF.replace("NOTES:", "X400:c=US;s="));
    let text = show(&scene, "list.ldif --text").ends(0).stdout;
    assert_eq!(
        text,
        "A Ann                            PCM:NET/PO/Ann\r\n- Title:/Clerk\r\n\
         A Bob                            SMTP:bob@x\r\n\
         A Cid                            X400:c=US;s=Cid\r\n# whole\r\n"
    );
    scene.write("list.txt", text);
    scene.audit("list.ldif", "list.txt", "").ends(0, "COMPLETE");
    let office = Office::new("NET/HERE").define(&["PCM:NET/PO", "SMTP"]);
    let path = office.path().display().to_string();
    let shown = show(&scene, &format!("{path} --text")).ends(0).stdout;
    assert!(shown.starts_with("A Administrator "), "{shown}");
}

#[test]
fn import_text_and_a_queue_that_is_named_as_one_are_shown() {
    let scene = Scene::new();
    scene.text(
        "list.txt",
        "R PCM:N/P\nT PCM:N/P\n Title:~15~25~A~~\nA Ann\tPCM:N/P/ANN\nA Bob\tPCM:N/P/B.B\n",
    );
    assert_eq!(
        show(&scene, "list.txt").ends(0).stdout,
        "list.txt: import text
R PCM:N/P                                1  template of 1 fields
line 5: address-syntax: line 5, column 16: [71] Alphanumeric characters only allowed in mailbox name: found \"B.B\", expected letters and digits only in the mailbox name
2 entries, whole
"
    );
    scene.queue("MSTTRANS.GLB", &[(1, "A Ann\tPCM:N/P/ANN")]);
    let shown = show(&scene, "queue:MSTTRANS.GLB").ends(0).stdout;
    assert!(
        shown.starts_with("MSTTRANS.GLB: queue\n  PCM:N/P "),
        "{shown}"
    );
    // Without the word it should have been a resync file.
    show(&scene, "MSTTRANS.GLB").ends(65);
    show(&scene, "none").ends(66);
}
