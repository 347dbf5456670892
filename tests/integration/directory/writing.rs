//! Changes one by one.

use dirsync::directory::change::{Change, Modification, ModificationKind};
use dirsync::directory::filter::Filter;
use dirsync::directory::ldap::{LdapError, Meaning, Operation, ResultCode};
use dirsync::plan::outcome::Reason;

use super::{add, connect, connect_as, delete, dn, one, replace, values_of};
use crate::support::slapd::{AGENT, Setup, Slapd};

const UNITS: &str = "dn: ou=A,o=Org
objectClass: organizationalUnit
ou: A

dn: ou=B,o=Org
objectClass: organizationalUnit
ou: B

dn: cn=Bob,ou=A,o=Org
objectClass: inetOrgPerson
cn: Bob
sn: Smith
telephoneNumber: 1
telephoneNumber: 2
";

fn rename(name: &str, new: &str, delete_old: bool, above: Option<&str>) -> Operation {
    let change = Change::Rename {
        new_rdn: dn(new),
        delete_old,
        new_superior: above.map(dn),
    };
    Operation::new(dn(name), change)
}

#[test]
fn every_kind_of_change_is_made() {
    let server = Setup::new().content(UNITS).start();
    // An ordinary name with the right to write, not the one that may do everything.
    let mut connection = connect_as(&server, AGENT);
    let mut make = |operation: &Operation| {
        assert_eq!(connection.apply(operation).expect("answered"), Ok(()));
    };
    make(&add(
        "cn=C,ou=B,o=Org",
        &[("objectClass", "person"), ("cn", "C"), ("sn", "C")],
    ));
    make(&delete("cn=C,ou=B,o=Org"));
    let part = |kind, attribute: &str, values: &[&str]| Modification {
        kind,
        attribute: attribute.into(),
        values: values.iter().map(|v| v.as_bytes().to_vec()).collect(),
    };
    let parts = vec![
        part(ModificationKind::Delete, "telephoneNumber", &["1"]),
        part(ModificationKind::Add, "telephoneNumber", &["3", "4"]),
        part(ModificationKind::Replace, "sn", &["Smythe"]),
        part(ModificationKind::Add, "title", &["Dr"]),
        part(ModificationKind::Delete, "title", &[]),
    ];
    make(&Operation::new(
        dn("cn=Bob,ou=A,o=Org"),
        Change::Modify(parts),
    ));
    let before = one(&mut connection, "cn=Bob,ou=A,o=Org");
    assert_eq!(values_of(&before, "telephoneNumber"), ["2", "3", "4"]);
    assert_eq!(values_of(&before, "sn"), ["Smythe"]);
    assert_eq!(values_of(&before, "title"), [""; 0]);
    let moved = rename("cn=Bob,ou=A,o=Org", "cn=Rob", false, Some("ou=B,o=Org"));
    assert_eq!(connection.apply(&moved).expect("answered"), Ok(()));
    let again = rename("cn=Rob,ou=B,o=Org", "cn=Robert", true, None);
    assert_eq!(connection.apply(&again).expect("answered"), Ok(()));
    let after = one(&mut connection, "cn=Robert,ou=B,o=Org");
    assert_eq!(values_of(&after, "cn"), ["Bob", "Robert"]);
    assert_eq!(
        values_of(&after, "entryUUID"),
        values_of(&before, "entryUUID")
    );
}

#[test]
fn what_the_server_refuses_has_its_meaning() {
    let server = Setup::new().content(UNITS).start();
    let mut connection = connect(&server);
    let bob = "cn=Bob,ou=A,o=Org";
    let twice = Modification {
        kind: ModificationKind::Add,
        attribute: "telephoneNumber".into(),
        values: vec![b"1".to_vec()],
    };
    let twice = Operation::new(dn(bob), Change::Modify(vec![twice]));
    let unit = [("objectClass", "organizationalUnit")];
    for (operation, code, meaning) in [
        (
            delete("ou=A,o=Org"),
            66,
            Meaning::Refused(Reason::ServerOther),
        ),
        (delete("ou=C,o=Org"), 32, Meaning::Done),
        (
            replace("ou=C,o=Org", "description", &["x"]),
            32,
            Meaning::Missing,
        ),
        (
            rename("ou=C,o=Org", "ou=D", true, None),
            32,
            Meaning::Missing,
        ),
        (
            add("ou=D,ou=C,o=Org", &unit),
            32,
            Meaning::Refused(Reason::ServerOther),
        ),
        (add("OU=a,o=Org", &unit), 68, Meaning::Exists),
        (
            rename("ou=B,o=Org", "ou=A", true, None),
            68,
            Meaning::Exists,
        ),
        (twice, 20, Meaning::Done),
        (
            replace(bob, "sn", &[]),
            65,
            Meaning::Refused(Reason::ServerSchema),
        ),
        (
            replace(bob, "noSuchThing", &["x"]),
            17,
            Meaning::Refused(Reason::ServerOther),
        ),
    ] {
        let refusal = connection
            .apply(&operation)
            .expect("answered")
            .expect_err("refused");
        let found = (refusal.code, refusal.meaning(&operation.change));
        assert_eq!(
            found,
            (ResultCode(code), meaning),
            "{operation:?} {refusal}"
        );
    }
    let mut nobody = connect_as(&server, AGENT);
    let refusal = nobody
        .apply(&replace("cn=admin,o=Org", "description", &["x"]))
        .expect("answered")
        .expect_err("refused");
    assert_eq!(refusal.code, ResultCode::NO_SUCH_OBJECT);
}

#[test]
fn no_right_to_write_is_server_access() {
    let server = Setup::new()
        .content(UNITS)
        .access("to dn.base=ou=A,o=Org by * read")
        .start();
    let mut connection = connect_as(&server, AGENT);
    let operation = replace("ou=A,o=Org", "description", &["x"]);
    let refusal = connection
        .apply(&operation)
        .expect("answered")
        .expect_err("refused");
    assert_eq!(
        refusal.meaning(&operation.change),
        Meaning::Refused(Reason::ServerAccess)
    );
}

#[test]
fn a_change_under_a_condition_is_made_only_where_it_holds() {
    let server = Setup::new().content(UNITS).start();
    let mut connection = connect(&server);
    let change = |to: &str| replace("ou=A,o=Org", "description", &[to]);
    let is = |value: &str| Filter::equal("description", value);
    let mut make = |operation: &Operation| connection.apply(operation).expect("answered");
    assert_eq!(
        make(&change("1").only_if(Filter::present("description").negated())),
        Ok(())
    );
    assert_eq!(make(&change("2").only_if(is("1"))), Ok(()));
    let late = change("3").only_if(is("1"));
    let refusal = make(&late).expect_err("refused");
    assert_eq!(refusal.meaning(&late.change), Meaning::Overtaken);
    let unit = one(&mut connection, "ou=A,o=Org");
    assert_eq!(values_of(&unit, "description"), ["2"]);
    let broken = change("4").only_if(Filter::Text("(x".into()));
    let error = connection.apply(&broken).expect_err("no filter");
    assert!(matches!(error, LdapError::Request(_)), "{error}");
    assert_eq!(connection.apply(&change("5")).expect("answered"), Ok(()));
}

#[test]
fn a_change_without_answer_is_an_error_and_so_is_every_further_one() {
    let mut server = Slapd::start();
    let mut connection = connect(&server);
    server.kill();
    for _ in 0..2 {
        let error = connection.apply(&delete("ou=A,o=Org")).expect_err("lost");
        assert_eq!(error.to_string(), "connection to the directory lost");
    }
    server.restart();
    let error = connection.apply(&delete("ou=A,o=Org")).expect_err("lost");
    assert!(matches!(error, LdapError::Lost), "{error}");
}
