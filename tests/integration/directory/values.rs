//! Which values the server takes, and with which results it refuses others (`spec/exchange.md` section 6).

use dirsync::directory::filter::Filter;
use dirsync::directory::ldap::{Connection, Operation, Search};

use super::{add, connect, dn, one, replace, values_of};
use crate::support::slapd::{SUFFIX, Setup, Slapd};

const OWNER: &str = "dss/NET1/PO1";

fn refusal(connection: &mut Connection, operation: &Operation) -> (u32, String) {
    let outcome = connection.apply(operation).expect("answered");
    let refusal = outcome.expect_err("it was taken");
    (refusal.code.0, refusal.text)
}

#[track_caller]
fn taken(connection: &mut Connection, operation: &Operation) {
    assert_eq!(connection.apply(operation).expect("answered"), Ok(()));
}

/// An imported person, with more attributes.
fn person(key: &str, more: &[(&str, &str)]) -> Operation {
    let attributes = [
        ("objectClass", "inetOrgPerson"),
        ("objectClass", "syncRemoteAddress"),
        ("syncKey", key),
        ("syncAddress", key),
        ("syncImportedFrom", OWNER),
        ("cn", "Katie Jordan"),
    ];
    let name = dn(SUFFIX).child("syncKey", key.as_bytes()).to_string();
    add(&name, &[&attributes[..], more].concat())
}

const LOCAL: &str = "dn: cn=Local,o=Org
objectClass: inetOrgPerson
objectClass: syncLocalRecipient
cn: Local
sn: Local
mail: local@org.example
syncExport: TRUE
modifyTimestamp: 20010203040506Z
entryCSN: 20010203040506.000000Z#000000#000#000000
";

#[test]
fn ldc_004_a_value_replaced_by_itself_moves_csn_and_timestamp() {
    let server = Setup::new().content(LOCAL).start();
    let mut connection = connect(&server);
    let before = one(&mut connection, "cn=Local,o=Org");
    assert_eq!(values_of(&before, "modifyTimestamp"), ["20010203040506Z"]);
    taken(
        &mut connection,
        &replace("cn=Local,o=Org", "syncExport", &["TRUE"]),
    );
    let after = one(&mut connection, "cn=Local,o=Org");
    assert_eq!(values_of(&after, "syncExport"), ["TRUE"]);
    for attribute in ["modifyTimestamp", "entryCSN"] {
        let (before, after) = (values_of(&before, attribute), values_of(&after, attribute));
        assert!(before < after, "{before:?} {after:?}");
    }
}

#[test]
fn ldc_005_a_consent_that_is_not_exactly_true_or_false_is_refused_with_21() {
    let server = Setup::new().content(LOCAL).start();
    let mut connection = connect(&server);
    for value in ["YES", "true", "TRUE ", "1"] {
        let operation = replace("cn=Local,o=Org", "syncExport", &[value]);
        assert_eq!(refusal(&mut connection, &operation).0, 21, "{value:?}");
    }
}

#[test]
fn ldc_006_proxies_that_differ_in_case_need_two_attributes() {
    let server = Slapd::start();
    let mut connection = connect(&server);
    taken(&mut connection, &person("MS:A/B/C", &[("sn", "Jordan")]));
    let name = "syncKey=MS:A/B/C,o=Org";
    let both = ["SMTP:a@x.example", "smtp:a@x.example"];
    let operation = replace(name, "syncProxyPrimary", &both);
    assert_eq!(refusal(&mut connection, &operation).0, 20);
    taken(
        &mut connection,
        &replace(name, "syncProxyPrimary", &both[..1]),
    );
    let again = replace(name, "syncProxySecondary", &["SMTP:a@x.example"]);
    taken(&mut connection, &again);
}

#[test]
fn ldc_007_a_second_mail_is_refused_with_19_and_the_holder_not_named() {
    let unique = ["unique_uri ldap:///?mail?sub?"];
    let server = Setup::new()
        .overlay("unique", &unique)
        .content(LOCAL)
        .start();
    let mut connection = connect(&server);
    let mail = |key, mail| person(key, &[("sn", "Jordan"), ("mail", mail)]);
    taken(&mut connection, &mail("MS:A/B/C", "k@org.example"));
    for address in ["k@org.example", "K@ORG.example", "local@org.example"] {
        let (code, text) = refusal(&mut connection, &mail("MS:A/B/D", address));
        assert_eq!(code, 19, "{text}");
        assert!(text.contains("non-unique attributes found with"), "{text}");
        assert!(
            !text.contains("MS:A/B/C") && !text.contains("Local"),
            "{text}"
        );
    }
}

#[test]
fn ldc_008_uniqueness_among_imported_entries_does_not_see_a_local_persons_address() {
    let unique = ["unique_uri ldap:///?mail?sub?(objectClass=syncRemoteAddress)"];
    let server = Setup::new()
        .overlay("unique", &unique)
        .content(LOCAL)
        .start();
    let mut connection = connect(&server);
    let taken_by_local = person("MS:A/B/C", &[("sn", "J"), ("mail", "local@org.example")]);
    taken(&mut connection, &taken_by_local);
    // A search of the whole tree does.
    let holders = Search::new(dn(SUFFIX)).filter(Filter::equal("mail", "LOCAL@org.example"));
    assert_eq!(connection.find(&holders).expect("whole").len(), 2);
}

#[test]
fn a_person_without_surname_is_refused_with_65() {
    let server = Slapd::start();
    let mut connection = connect(&server);
    let (code, text) = refusal(&mut connection, &person("MS:A/B/C", &[]));
    assert_eq!(code, 65);
    assert!(text.contains("requires attribute 'sn'"), "{text}");
}

#[test]
fn ldc_010_a_group_needs_no_surname() {
    let server = Slapd::start();
    let mut connection = connect(&server);
    let group = add(
        "syncKey=MS:NET1/PO1/ALLSTAFF,o=Org",
        &[
            ("objectClass", "organizationalRole"),
            ("objectClass", "syncRemoteAddress"),
            ("syncKey", "MS:NET1/PO1/ALLSTAFF"),
            ("syncAddress", "MS:NET1/PO1/ALLSTAFF"),
            ("syncImportedFrom", OWNER),
            ("cn", "All Staff"),
        ],
    );
    taken(&mut connection, &group);
}

#[test]
fn values_the_server_cannot_hold_are_refused_with_21() {
    let server = Slapd::start();
    let mut connection = connect(&server);
    for (attribute, value) in [
        ("telephoneNumber", "#3423*9"),
        ("mail", "j\u{f6}rg@org.example"),
        ("syncTemplate", ""),
    ] {
        let operation = person("MS:A/B/C", &[("sn", "Jordan"), (attribute, value)]);
        assert_eq!(refusal(&mut connection, &operation).0, 21, "{attribute}");
    }
    // The template line is free text.
    let kept = [("sn", "Jordan"), ("syncTemplate", "Local:/#3423*9")];
    taken(&mut connection, &person("MS:A/B/C", &kept));
}

#[test]
fn ldc_014_a_key_stays_plain_where_its_name_is_escaped() {
    let server = Slapd::start();
    let mut connection = connect(&server);
    for key in [
        "SMTP:pat+news@a.example",
        r"X400:c=US;a= ;p=Org;o=PO1;s=Smith\, Bob",
        " #leading",
        "a,b=c+d\\e;f<g>h\"i ",
        "MS:N\u{c4}T/P\u{d6}/M\u{dc}LLER",
    ] {
        taken(&mut connection, &person(key, &[("sn", "Jordan")]));
        let at = dn(SUFFIX).child("syncKey", key.as_bytes());
        let found = one(&mut connection, &at.to_string());
        assert_eq!(values_of(&found, "syncKey"), [key]);
        assert!(found.dn.is_same(&at), "{} {at}", found.dn);
        let by_value = Search::new(dn(SUFFIX)).filter(Filter::equal("syncKey", key));
        assert_eq!(connection.find(&by_value).expect("whole").len(), 1, "{key}");
    }
}
