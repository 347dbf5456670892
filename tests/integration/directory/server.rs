//! What the server itself does with our schema and our files, by its own tools.

use std::process::Command;

use dirsync::directory::schema::SCHEMA_LDIF;

use crate::support::slapd::{SUFFIX, Setup, Slapd};

/// `spec/exchange.md` LD-16.
pub(super) const CONTENT: &str = include_str!("../../../testdata/ldif/content.ldif");
pub(super) const CHANGES: &str = include_str!("../../../testdata/ldif/changes.ldif");

/// The same for `slapadd`, which knows no `version:` line.
pub(super) fn content_without_version() -> String {
    CONTENT.replacen("version: 1\n", "", 1)
}

#[test]
fn ldc_038_schema_and_content_file_load_into_an_empty_server() {
    let server = Slapd::start();
    let checked = Command::new("/usr/sbin/slaptest")
        .args(["-u", "-f"])
        .arg(server.write("checked.conf", schema_conf()))
        .output()
        .expect("it runs");
    assert!(checked.status.success(), "{checked:?}");
    server.add(CONTENT);
    let container = server.search(
        "ou=Imported,o=Org",
        "(objectClass=syncImportContainer)",
        &[],
    );
    for line in [
        "syncImportedFrom: dss/NET1/PO1",
        "syncEpoch: 7d1f0c1e-3c52-4d3b-9d9b-6e7f0a1b2c3d",
        "syncReqSeq: 14",
        "syncSvrSeq: 88",
        "syncImpSeq: 2",
        "syncConfSeq: 88",
        "syncEntryCount: 4",
    ] {
        assert!(container.lines().any(|l| l == line), "{line}\n{container}");
    }
    let entries = server.search(
        "ou=Imported,o=Org",
        "(objectClass=syncRemoteAddress)",
        &["syncKey"],
    );
    let mut keys: Vec<_> = entries
        .lines()
        .filter_map(|l| l.strip_prefix("syncKey: "))
        .collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "MS:NET1/PO1/ALLSTAFF",
            "MS:NET1/PO1/BSMITH",
            "MS:NET2/PO2/BSMITH",
            "SMTP:pat+news@a.example"
        ]
    );
    let bob = server.search(
        "ou=Imported,o=Org",
        "(syncKey=ms:net1/po1/bsmith)",
        &["+", "*"],
    );
    for line in [
        "cn: Bob Smith",
        "syncTrustLevel: 20",
        "syncProxyPrimary: X400:c=US;a= ;p=Org;o=PO1;s=Smith;g=Bob",
        "syncTemplate: Internal Mail Stop:/Trey Research #86",
    ] {
        assert!(bob.lines().any(|l| l == line), "{line}\n{bob}");
    }
}

fn schema_conf() -> String {
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/schema/dirsync.schema");
    ["core", "cosine", "inetorgperson"]
        .map(|name| format!("include /etc/ldap/schema/{name}.schema\n"))
        .concat()
        + &format!("include {ours}\n")
}

#[test]
fn the_schema_for_cn_config_is_taken_by_a_running_server() {
    let server = Setup::new().without_our_schema().start();
    let before = server.client("ldapadd", &[], CONTENT);
    assert!(!before.status.success(), "{before:?}");
    let added = server.client_as("cn=config", "ldapadd", &[], SCHEMA_LDIF);
    assert!(added.status.success(), "{added:?}");
    server.add(CONTENT);
}

#[test]
fn ldc_024_slapadd_refuses_the_version_line_and_takes_the_file_without() {
    let mut server = Slapd::start();
    server.stop();
    server.write("content.ldif", CONTENT);
    let refused = server.slapadd("content.ldif");
    assert!(!refused.status.success(), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("could not parse entry (line=1)"), "{said}");
    server.write("content.ldif", content_without_version());
    let taken = server.slapadd("content.ldif");
    assert!(taken.status.success(), "{taken:?}");
    server.restart();
    let entries = server.search(
        "ou=Imported,o=Org",
        "(objectClass=syncRemoteAddress)",
        &["1.1"],
    );
    assert_eq!(entries.matches("dn:").count(), 4, "{entries}");
}

// Not with `-E txn=commit`: `ldapmodify` sends the end of a transaction at once, which brings OpenLDAP 2.5.13 down at times.
#[test]
fn the_change_file_is_applied() {
    let server = Slapd::start();
    server.add(CONTENT);
    server.modify(CHANGES);
    let after = server.search("ou=Imported,o=Org", "(objectClass=*)", &[]);
    for line in [
        "syncSvrSeq: 91",
        "syncKey: MS:NET2/PO3/BSMITH",
        "syncAddress: MS:NET2/PO3/BSMITH",
        "departmentNumber: Trade and Tourism",
        "sn: Jordan",
    ] {
        assert!(after.lines().any(|l| l == line), "{line}\n{after}");
    }
    let folded = "starts with exactly one space, which is not part of the value\n";
    assert!(after.contains(folded), "{after}");
    assert!(!after.contains("ALLSTAFF"), "{after}");
}

#[test]
fn what_was_answered_is_there_after_a_kill() {
    let mut server = Slapd::start();
    server.add(CONTENT);
    server.kill();
    server.restart();
    let entries = server.search(SUFFIX, "(objectClass=syncRemoteAddress)", &["1.1"]);
    assert_eq!(entries.matches("dn:").count(), 4, "{entries}");
}
