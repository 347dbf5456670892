//! What may not be seen, and what is not there (`spec/exchange.md` LD-12).

use dirsync::directory::filter::Filter;
use dirsync::directory::ldap::{Comparison, Connection, LdapError, ResultCode, Search};

use super::{connect_as, dn};
use crate::support::slapd::{AGENT, SUFFIX, Setup, Slapd};

const PEOPLE: &str = "dn: cn=Yes,o=Org
objectClass: inetOrgPerson
objectClass: syncLocalRecipient
cn: Yes
sn: Yes
syncExport: TRUE

dn: cn=No,o=Org
objectClass: inetOrgPerson
objectClass: syncLocalRecipient
cn: No
sn: No
syncExport: FALSE

dn: cn=Blank,o=Org
objectClass: inetOrgPerson
objectClass: syncLocalRecipient
cn: Blank
sn: Blank
";

fn hidden() -> Slapd {
    let setup = Setup::new().content(PEOPLE);
    setup.access("to attrs=syncExport by * none").start()
}

fn consent(connection: &mut Connection, name: &str) -> Comparison {
    connection
        .compare(&dn(&format!("cn={name},o=Org")), "syncExport", b"TRUE")
        .unwrap_or_else(|error| panic!("{error}"))
}

fn found(connection: &mut Connection, filter: Filter) -> Vec<String> {
    let people = Filter::equal("objectClass", "syncLocalRecipient").and(filter);
    let search = Search::new(dn(SUFFIX)).filter(people);
    let entries = connection.find(&search).expect("read whole");
    let mut names: Vec<_> = entries
        .iter()
        .filter_map(|entry| entry.attributes.text("cn").map(String::from))
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn a_hidden_attribute_is_read_as_missing_without_an_error_and_only_compare_tells() {
    let server = hidden();
    let mut connection = connect_as(&server, AGENT);
    let yes = Filter::equal("syncExport", "TRUE");
    assert_eq!(found(&mut connection, yes), [""; 0]);
    for entry in connection
        .find(&Search::new(dn(SUFFIX)))
        .expect("read whole")
    {
        assert_eq!(entry.attributes.first("syncExport"), None);
    }
    for name in ["Yes", "No", "Blank"] {
        assert_eq!(consent(&mut connection, name), Comparison::Unreadable);
    }
}

#[test]
fn ldc_002_the_negative_filter_on_a_hidden_attribute_finds_nobody_either() {
    let server = hidden();
    let mut connection = connect_as(&server, AGENT);
    let not_yes = Filter::equal("syncExport", "TRUE").negated();
    assert_eq!(found(&mut connection, not_yes), [""; 0]);
    let readable = Setup::new().content(PEOPLE).start();
    let mut connection = connect_as(&readable, AGENT);
    let no = Filter::equal("syncExport", "FALSE");
    assert_eq!(found(&mut connection, no), ["No"]);
}

#[test]
fn ldc_003_absent_and_readable_is_16_and_told_from_the_rest() {
    let server = Setup::new().content(PEOPLE).start();
    let mut connection = connect_as(&server, AGENT);
    assert_eq!(consent(&mut connection, "Blank"), Comparison::Absent);
    assert_eq!(consent(&mut connection, "Yes"), Comparison::True);
    assert_eq!(consent(&mut connection, "No"), Comparison::False);
}

#[test]
fn an_entry_or_attribute_that_does_not_exist_is_no_answer_to_a_comparison() {
    let server = Slapd::start();
    let mut connection = connect_as(&server, AGENT);
    for (name, attribute, code) in [
        ("cn=nobody,o=Org", "cn", ResultCode::NO_SUCH_OBJECT),
        (AGENT, "noSuchThing", ResultCode::UNDEFINED_ATTRIBUTE_TYPE),
    ] {
        match connection.compare(&dn(name), attribute, b"x") {
            Err(LdapError::Refused { refusal, .. }) => assert_eq!(refusal.code, code),
            other => panic!("{other:?}"),
        }
    }
}
