//! All or nothing (`spec/exchange.md` LD-13).

use dirsync::directory::change::Change;
use dirsync::directory::filter::Filter;
use dirsync::directory::ldap::{Connection, LdapError, Operation, ResultCode, Search};

use super::server::CONTENT;
use super::{add, connect, delete, dn, one, replace, values_of};
use crate::support::slapd::{SUFFIX, Slapd};

const CONTAINER: &str = "ou=Imported,o=Org";
const BOB: &str = "syncKey=MS:NET2/PO2/BSMITH,ou=Imported,o=Org";

fn start() -> (Slapd, Connection) {
    let server = Slapd::start();
    server.add(CONTENT);
    let connection = connect(&server);
    (server, connection)
}

/// Everything in the tree, operational attributes too.
fn state(connection: &mut Connection) -> Vec<String> {
    let search = Search::new(dn(SUFFIX)).attributes(&["*", "+"]);
    let entries = connection.find(&search).expect("whole");
    let mut lines: Vec<_> = entries.iter().map(|entry| format!("{entry:?}")).collect();
    lines.sort_unstable();
    lines
}

fn person(key: &str, more: &[(&str, &str)]) -> Operation {
    let attributes = [
        ("objectClass", "inetOrgPerson"),
        ("objectClass", "syncRemoteAddress"),
        ("syncKey", key),
        ("syncAddress", key),
        ("syncImportedFrom", "dss/NET1/PO1"),
        ("cn", "Katie Jordan"),
    ];
    let name = dn(CONTAINER).child("syncKey", key.as_bytes()).to_string();
    add(&name, &[&attributes[..], more].concat())
}

fn number(to: &str) -> Operation {
    replace(CONTAINER, "syncSvrSeq", &[to])
}

#[test]
fn ldc_020_one_invalid_entry_and_nothing_is_stored() {
    let (_server, mut connection) = start();
    let before = state(&mut connection);
    let operations = [
        person("MS:NET1/PO1/A", &[("sn", "A")]),
        person("MS:NET1/PO1/B", &[("sn", "B")]),
        person("MS:NET1/PO1/C", &[]),
        person("MS:NET1/PO1/D", &[("sn", "D")]),
        number("91"),
    ];
    let rejected = connection
        .transaction(&operations)
        .expect("answered")
        .expect_err("refused");
    assert_eq!(rejected.refusal.code, ResultCode::OBJECT_CLASS_VIOLATION);
    assert_eq!(rejected.at, Some(2), "{rejected}");
    assert_eq!(state(&mut connection), before);
    // Without it, all are there.
    let valid = [&operations[..2], &operations[3..]].concat();
    assert_eq!(connection.transaction(&valid).expect("answered"), Ok(()));
    let container = one(&mut connection, CONTAINER);
    assert_eq!(values_of(&container, "syncSvrSeq"), ["91"]);
    for key in ["A", "B", "D"] {
        one(
            &mut connection,
            &format!("syncKey=MS:NET1/PO1/{key},{CONTAINER}"),
        );
    }
}

#[test]
fn whichever_is_refused_is_named_and_nothing_is_stored() {
    let (_server, mut connection) = start();
    let before = state(&mut connection);
    let good = || {
        vec![
            person("MS:NET1/PO1/A", &[("sn", "A")]),
            delete(BOB),
            number("91"),
        ]
    };
    for (bad, code) in [
        (delete("cn=Nobody,o=Org"), 32),
        (delete(CONTAINER), 66),
        (number("no number"), 21),
        (person("MS:NET1/PO1/BSMITH", &[("sn", "B")]), 68),
        (replace(CONTAINER, "noSuchThing", &["x"]), 17),
        (number("92").only_if(Filter::equal("syncSvrSeq", "87")), 122),
    ] {
        for at in 0..=3 {
            let mut operations = good();
            operations.insert(at, bad.clone());
            let rejected = connection
                .transaction(&operations)
                .expect("answered")
                .expect_err("refused");
            assert_eq!(
                (rejected.refusal.code, rejected.at),
                (ResultCode(code), Some(at)),
                "{bad:?}"
            );
            assert_eq!(state(&mut connection), before, "{bad:?}");
        }
    }
    assert_eq!(connection.transaction(&good()).expect("answered"), Ok(()));
    assert_ne!(state(&mut connection), before);
}

#[test]
fn ldc_015_an_address_change_keeps_the_entry_and_both_names_of_it_move_together() {
    let (_server, mut connection) = start();
    let before = one(&mut connection, BOB);
    let new = "syncKey=MS:NET2/PO3/BSMITH,ou=Imported,o=Org";
    let change = Change::Rename {
        new_rdn: dn("syncKey=MS:NET2/PO3/BSMITH"),
        delete_old: true,
        new_superior: None,
    };
    let rename = Operation::new(dn(BOB), change);
    let address = |to: &str| replace(new, "syncAddress", &[to]);
    let refused = [rename.clone(), address("")];
    assert!(connection.transaction(&refused).expect("answered").is_err());
    assert_eq!(one(&mut connection, BOB), before);
    let operations = [rename, address("MS:NET2/PO3/BSMITH")];
    assert_eq!(
        connection.transaction(&operations).expect("answered"),
        Ok(())
    );
    let after = one(&mut connection, new);
    assert_eq!(
        values_of(&after, "entryUUID"),
        values_of(&before, "entryUUID")
    );
    for attribute in ["syncKey", "syncAddress"] {
        assert_eq!(values_of(&after, attribute), ["MS:NET2/PO3/BSMITH"]);
    }
}

#[test]
fn who_was_overtaken_changes_nothing() {
    let (server, mut connection) = start();
    let mut faster = connect(&server);
    let only_from = |old: &str, new: &str| number(new).only_if(Filter::equal("syncSvrSeq", old));
    let first = [
        person("MS:NET1/PO1/A", &[("sn", "A")]),
        only_from("88", "90"),
    ];
    assert_eq!(faster.transaction(&first).expect("answered"), Ok(()));
    let second = [
        person("MS:NET1/PO1/B", &[("sn", "B")]),
        only_from("88", "91"),
    ];
    let rejected = connection
        .transaction(&second)
        .expect("answered")
        .expect_err("refused");
    assert_eq!(rejected.refusal.code, ResultCode::ASSERTION_FAILED);
    assert_eq!(rejected.at, Some(1));
    let container = one(&mut connection, CONTAINER);
    assert_eq!(values_of(&container, "syncSvrSeq"), ["90"]);
}

#[test]
fn a_request_that_cannot_be_made_ends_the_transaction() {
    let (_server, mut connection) = start();
    let before = state(&mut connection);
    let broken = number("91").only_if(Filter::Text("(x".into()));
    let error = connection
        .transaction(&[delete(BOB), broken])
        .expect_err("no filter");
    assert!(matches!(error, LdapError::Request(_)), "{error}");
    assert_eq!(state(&mut connection), before);
    assert_eq!(connection.transaction(&[]).expect("nothing to do"), Ok(()));
    assert_eq!(
        connection.transaction(&[delete(BOB)]).expect("answered"),
        Ok(())
    );
}

#[test]
fn a_server_killed_before_the_end_has_stored_nothing() {
    let (mut server, mut connection) = start();
    let before = state(&mut connection);
    server.kill();
    let error = connection.transaction(&[delete(BOB)]).expect_err("lost");
    assert!(matches!(error, LdapError::Lost), "{error}");
    server.restart();
    assert_eq!(state(&mut connect(&server)), before);
}
