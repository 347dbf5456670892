use super::*;
use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use crate::directory::dn::Dn;
use crate::directory::entry::Attributes;
use crate::plan::outcome::Reason;

const CONTAINER: &str = "dn: ou=Imported,o=Org\nobjectClass: syncImportContainer\n\
    syncImportedFrom: dss/NET1/PO1\nsyncReqSeq: 14\nsyncSvrSeq: 88\nsyncImpSeq: 2\n";

fn file(count: u32, records: &[&str]) -> String {
    let records = records.concat();
    format!("{CONTAINER}syncEntryCount: {count}\n\n{records}")
}

fn failed(text: &str) -> (Reason, String) {
    let error = List::read_from(text.as_bytes()).unwrap_err();
    (error.reason(), error.to_string())
}

const ONE: &str = "dn: cn=1,ou=imported,o=org\ncn: 1\n\n";
const TWO: &str = "dn: cn=2,ou=Imported, o=Org\ncn: 2\n\n";

#[test]
fn a_list_has_the_entries_that_it_declares() {
    let list = List::read_from(file(2, &[ONE, TWO]).as_bytes()).expect("a list");
    assert_eq!(list.container.owner, "dss/NET1/PO1");
    assert_eq!(list.entries.len(), 2);
    assert_eq!(list.entries[1].line, 12);
    assert!(list.is_closed);
    let list = List::read_from(file(0, &[]).as_bytes()).expect("a list");
    assert_eq!(list.entries, []);
    let list = List::read_from(file(1, &[ONE.trim_end(), "\n"]).as_bytes()).expect("a list");
    assert!(!list.is_closed);
}

#[test]
fn another_number_of_entries_is_incomplete() {
    for (text, message) in [
        (
            file(3, &[ONE, TWO]),
            "line 14: the end of the file behind 2 entries, expected 3, as syncEntryCount says",
        ),
        (
            file(1, &[ONE, TWO]),
            "line 12: one entry more, expected 1, as syncEntryCount says",
        ),
        (
            format!("{CONTAINER}\n{ONE}"),
            "line 1: a container without syncEntryCount, expected syncEntryCount",
        ),
        (
            CONTAINER.replace("syncImpSeq: 2\n", "syncEntryCount: 0\n"),
            "line 1: a container without syncImpSeq, expected syncImpSeq",
        ),
        (
            String::new(),
            "line 1: the end of the file, expected a container record",
        ),
        (
            "version: 1\n\n".to_owned(),
            "line 2: the end of the file, expected a container record",
        ),
    ] {
        assert_eq!(failed(&text), (Reason::ListIncomplete, message.to_owned()));
    }
}

#[test]
fn a_file_that_is_no_list_is_damaged() {
    let change = "dn: cn=1,ou=Imported,o=Org\nchangetype: delete\n\n";
    let elsewhere = "dn: cn=1,ou=AlsoImported,o=Org\ncn: 1\n\n";
    let other = "dn: ou=x,ou=Imported,o=Org\nobjectClass: syncImportContainer\n\n";
    let front = "a container record (objectClass: syncImportContainer) in front";
    for (text, line, found, expected) in [
        (
            CONTAINER.replace("syncImpSeq: 2\n", "syncEntryCount: 0\n\n"),
            1,
            "a container without syncImpSeq",
            "syncImpSeq",
        ),
        (ONE.to_owned(), 1, "\"cn=1,ou=imported,o=org\"", front),
        (
            change.to_owned(),
            1,
            "a change",
            "an entry: a list is no change file",
        ),
        (
            file(1, &[change]),
            10,
            "a change",
            "an entry, as the records before it",
        ),
        (
            file(1, &[elsewhere]),
            9,
            "\"cn=1,ou=AlsoImported,o=Org\"",
            "an entry below the container",
        ),
        (
            file(1, &[other]),
            9,
            "another container",
            "one container, in the first record",
        ),
        (
            file(2, &[ONE, "dn: CN=1,ou=Imported,o=Org\ncn: 1\n\n"]),
            12,
            "another entry \"CN=1,ou=Imported,o=Org\"",
            "every name once",
        ),
        (
            file(1, &["dn: ou=Imported,o=Org\ncn: 1\n\n"]),
            9,
            "another entry \"ou=Imported,o=Org\"",
            "every name once",
        ),
    ] {
        let message = format!("line {line}: {found}, expected {expected}");
        assert_eq!(failed(&text), (Reason::ListDamaged, message));
    }
}

#[test]
fn the_iteration_ends_with_the_error_that_the_count_is() {
    let text = file(2, &[ONE]);
    let mut reader = ListReader::new(Reader::new(text.as_bytes())).expect("a container");
    assert_eq!(reader.container().entry_count, 2);
    assert!(matches!(reader.next(), Some(Ok(_))));
    assert!(matches!(
        reader.next(),
        Some(Err(LdifError::Incomplete { .. }))
    ));
    assert!(reader.next().is_none());
}

fn container(entry_count: u32) -> ContainerRecord {
    ContainerRecord {
        dn: Dn::parse("ou=I").expect("a name"),
        owner: "dss/N/P".to_owned(),
        epoch: Some("e".to_owned()),
        req_seq: ReqSync(1),
        svr_seq: SrvSync(2),
        imp_seq: ImportSync(3),
        conf_seq: Some(SrvSync(4)),
        entry_count,
    }
}

#[test]
fn a_list_is_written_by_key_whatever_order_its_entries_have() {
    let entry = |key: &str| Entry {
        dn: container(0).dn.child("syncKey", key.as_bytes()),
        attributes: Attributes::from_iter([("syncKey", key)]),
    };
    let entries = [entry("b"), entry("A"), entry("c")];
    let text = write_list(Vec::new(), VersionLine::LeftOut, &container(3), &entries);
    let expected = "dn: ou=I\nobjectClass: organizationalUnit\nobjectClass: syncImportContainer\n\
        ou: I\nsyncImportedFrom: dss/N/P\nsyncEpoch: e\nsyncReqSeq: 1\nsyncSvrSeq: 2\n\
        syncImpSeq: 3\nsyncConfSeq: 4\nsyncEntryCount: 3\n\n\
        dn: syncKey=A,ou=I\nsyncKey: A\n\n\
        dn: syncKey=b,ou=I\nsyncKey: b\n\n\
        dn: syncKey=c,ou=I\nsyncKey: c\n\n";
    assert_eq!(
        String::from_utf8(text.expect("a list")).expect("ASCII"),
        expected
    );
}

#[test]
fn a_count_that_is_wrong_is_not_written() {
    let mut output = Vec::new();
    let error = write_list(&mut output, VersionLine::Written, &container(1), &[]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "0 entries in a list that declares 1");
    assert_eq!(output, b"");
}
