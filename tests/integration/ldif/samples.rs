//! The two files that LD-16 prints.

use dirsync::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use dirsync::directory::change::{Change, Modification, ModificationKind};
use dirsync::directory::dn::Dn;
use dirsync::directory::ldif::{ContainerRecord, Record, VersionLine, write_list};

use super::{list, records, sample, written};

fn dn(text: &str) -> Dn {
    Dn::parse(text).expect("a name")
}

#[test]
fn the_published_list_is_read() {
    let list = list(&sample("list.ldif")).expect("a list");
    let container = ContainerRecord {
        dn: dn("ou=Imported,o=Org"),
        owner: "dss/NET1/PO1".to_owned(),
        epoch: Some("7d1f0c1e-3c52-4d3b-9d9b-6e7f0a1b2c3d".to_owned()),
        req_seq: ReqSync(14),
        svr_seq: SrvSync(88),
        imp_seq: ImportSync(2),
        conf_seq: Some(SrvSync(88)),
        entry_count: 4,
    };
    assert_eq!(list.container, container);
    let keys: Vec<_> = list
        .entries
        .iter()
        .map(|entry| {
            let key = entry.record.attributes.text("syncKey").expect("a key");
            // The name is escaped, the value is plain.
            assert_eq!(
                entry.record.dn.own_value("synckey").as_deref(),
                Some(key.as_bytes())
            );
            (entry.line, key)
        })
        .collect();
    let expected = [
        (17, "MS:NET1/PO1/BSMITH"),
        (40, "MS:NET2/PO2/BSMITH"),
        (53, "SMTP:pat+news@a.example"),
        (64, "MS:NET1/PO1/ALLSTAFF"),
    ];
    assert_eq!(keys, expected);
    let bob = &list.entries[0].record.attributes;
    let proxies = [
        "SMTP:bsmith@po1.net1.example",
        "X400:c=US;a= ;p=Org;o=PO1;s=Smith;g=Bob",
    ];
    assert_eq!(bob.values("syncProxyPrimary"), proxies.map(Vec::from));
    assert_eq!(
        bob.text("syncTemplate"),
        Some("Internal Mail Stop:/Trey Research #86")
    );
    let pat = &list.entries[2].record.attributes;
    assert_eq!(pat.text("cn"), Some("José Müller"));
    assert_eq!(pat.text("sn"), Some("Müller"));
}

#[test]
fn the_published_list_is_written_back() {
    let list = list(&sample("list.ldif")).expect("a list");
    let entries = list.entries.iter().map(|entry| &entry.record);
    let bytes = write_list(Vec::new(), VersionLine::Written, &list.container, entries);
    assert_eq!(
        String::from_utf8(bytes.expect("a list")).expect("ASCII"),
        String::from_utf8(sample("list-written.ldif")).expect("ASCII")
    );
}

#[test]
fn the_published_changes_are_read() {
    let replace = |attribute: &str, value: &str| Modification {
        kind: ModificationKind::Replace,
        attribute: attribute.to_owned(),
        values: vec![value.into()],
    };
    let katie = [
        ("objectClass", "inetOrgPerson"),
        ("objectClass", "syncRemoteAddress"),
        ("syncKey", "MS:NET1/PO1/KJORDAN"),
        ("syncAddress", "MS:NET1/PO1/KJORDAN"),
        ("syncImportedFrom", "dss/NET1/PO1"),
        ("cn", "Katie Jordan"),
        ("sn", "Jordan"),
        ("displayName", "Katie Jordan"),
        (
            "description",
            "a long value may be folded; the next line then starts with exactly one space, which is not part of \
             the value",
        ),
    ];
    let expected = [
        (
            "syncKey=MS:NET1/PO1/ALLSTAFF,ou=Imported,o=Org",
            Change::Delete,
        ),
        (
            "syncKey=MS:NET2/PO2/BSMITH,ou=Imported,o=Org",
            Change::Rename {
                new_rdn: dn("syncKey=MS:NET2/PO3/BSMITH"),
                delete_old: true,
                new_superior: None,
            },
        ),
        (
            "syncKey=MS:NET2/PO3/BSMITH,ou=Imported,o=Org",
            Change::Modify(vec![
                replace("syncAddress", "MS:NET2/PO3/BSMITH"),
                replace("departmentNumber", "Trade and Tourism"),
            ]),
        ),
        (
            "syncKey=MS:NET1/PO1/KJORDAN,ou=Imported,o=Org",
            Change::Add(katie.into_iter().collect()),
        ),
        (
            "ou=Imported,o=Org",
            Change::Modify(vec![replace("syncSvrSeq", "91")]),
        ),
    ]
    .map(|(name, change)| Record::Change {
        dn: dn(name),
        change,
    });
    assert_eq!(records(&sample("changes.ldif")).expect("changes"), expected);
}

#[test]
fn the_published_changes_are_written_back() {
    let changes = records(&sample("changes.ldif")).expect("changes");
    assert_eq!(
        String::from_utf8(written(&changes, VersionLine::Written)).expect("ASCII"),
        String::from_utf8(sample("changes-written.ldif")).expect("ASCII")
    );
}
