//! Many changes at a time.

use std::ops::ControlFlow;
use std::time::Duration;

use dirsync::directory::ldap::{
    ConnectOptions, Connection, LdapError, Operation, Outcome, Password, Search,
};

use super::{add, connect, delete, dn, one, replace, values_of};
use crate::support::slapd::{ADMIN, SUFFIX, Setup, Slapd};

fn person(number: usize) -> Operation {
    let name = format!("cn=P{number},o=Org");
    add(
        &name,
        &[
            ("objectClass", "person"),
            ("cn", &format!("P{number}")),
            ("sn", "P"),
        ],
    )
}

/// Runs operations and returns their outcomes, having looked that they come in order.
fn run(connection: &mut Connection, operations: Vec<Operation>, window: usize) -> Vec<Outcome> {
    let mut expected = operations.clone().into_iter();
    let mut outcomes = Vec::new();
    let count = connection
        .pipeline(operations, window, |operation, outcome| {
            assert_eq!(Some(operation), expected.next());
            outcomes.push(outcome);
            ControlFlow::Continue(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(count, outcomes.len());
    outcomes
}

fn count(connection: &mut Connection) -> usize {
    let search = Search::new(dn(SUFFIX)).attributes(&["1.1"]);
    connection.find(&search).expect("whole").len()
}

#[test]
fn all_are_made_and_answered_in_order_whatever_the_window() {
    for window in [0, 1, 64, 5000] {
        let server = Slapd::start();
        let mut connection = connect(&server);
        let before = count(&mut connection);
        let outcomes = run(&mut connection, (0..1000).map(person).collect(), window);
        assert_eq!(outcomes, vec![Ok(()); 1000]);
        assert_eq!(count(&mut connection), before + 1000, "{window}");
    }
}

#[test]
fn one_that_is_refused_does_not_stop_the_rest() {
    let server = Slapd::start();
    let mut connection = connect(&server);
    let mut operations: Vec<_> = (0..300).map(person).collect();
    operations[100] = add("cn=X,o=Org", &[("objectClass", "person"), ("cn", "X")]);
    operations[200] = delete("cn=Nobody,o=Org");
    let outcomes = run(&mut connection, operations, 64);
    let refused: Vec<_> = outcomes
        .into_iter()
        .enumerate()
        .filter_map(|(at, outcome)| Some((at, outcome.err()?.code.0)))
        .collect();
    assert_eq!(refused, [(100, 65), (200, 32)]);
}

#[test]
fn changes_of_related_entries_keep_their_order() {
    let server = Slapd::start();
    let mut connection = connect(&server);
    let mut operations = Vec::new();
    for round in 0..40 {
        let unit = format!("ou=U{round},o=Org");
        operations.push(add(&unit, &[("objectClass", "organizationalUnit")]));
        for number in 0..4 {
            let name = format!("cn=P{number},{unit}");
            let cn = format!("P{number}");
            operations.push(add(
                &name,
                &[("objectClass", "person"), ("cn", &cn), ("sn", "P")],
            ));
            operations.push(replace(&name, "description", &["1"]));
            operations.push(replace(&name, "description", &["2"]));
            operations.push(delete(&name));
        }
        operations.push(delete(&unit));
    }
    operations.extend((0..100).map(|n| replace("o=Org", "description", &[&n.to_string()])));
    let outcomes = run(&mut connection, operations, 64);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let root = one(&mut connection, SUFFIX);
    assert_eq!(values_of(&root, "description"), ["99"]);
}

#[test]
fn a_value_is_free_before_it_is_taken_again() {
    let unique = ["unique_uri ldap:///?mail?sub?"];
    let server = Setup::new().overlay("unique", &unique).start();
    let mut connection = connect(&server);
    let person = |name: &str, mail: usize| {
        let mail = format!("m{mail}@org.example");
        let attributes = [
            ("objectClass", "inetOrgPerson"),
            ("cn", name),
            ("sn", "P"),
            ("mail", &mail),
        ];
        add(&format!("cn={name},o=Org"), &attributes)
    };
    let mut operations: Vec<_> = (0..100).map(|n| person(&format!("P{n}"), n)).collect();
    operations.extend((0..100).map(|n| delete(&format!("cn=P{n},o=Org"))));
    operations.extend((0..100).map(|n| person(&format!("Q{n}"), n)));
    // Each takes what the one before it gave up.
    operations.extend((0..100).map(|n| {
        let mail = match n {
            0 => "m100@org.example".to_owned(),
            n => format!("m{}@org.example", n - 1),
        };
        replace(&format!("cn=Q{n},o=Org"), "mail", &[&mail])
    }));
    let outcomes = run(&mut connection, operations, 64);
    let refused = outcomes.iter().position(Result::is_err);
    assert_eq!(refused, None, "{outcomes:?}");
}

#[test]
fn it_ends_where_its_reader_ends_it() {
    let server = Slapd::start();
    let mut connection = connect(&server);
    let before = count(&mut connection);
    let mut results = 0;
    let answered = connection
        .pipeline((0..1000).map(person), 16, |_, outcome| {
            assert_eq!(outcome, Ok(()));
            results += 1;
            match results {
                100 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        })
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(answered, results);
    assert!((100..=116).contains(&answered), "{answered}");
    assert_eq!(count(&mut connection), before + answered);
}

#[test]
fn a_server_that_stops_answering_is_given_up() {
    let server = Slapd::start();
    let options = ConnectOptions::new(&server.url());
    let mut options = options.login(ADMIN, Password::new(server.password()));
    options.operation_timeout = Duration::from_secs(2);
    let mut connection = Connection::open(&options).expect("connected");
    let mut results = 0;
    let error = connection
        .pipeline((0..1_000_000).map(person), 8, |_, outcome| {
            assert_eq!(outcome, Ok(()));
            results += 1;
            if results == 20 {
                server.hold();
            }
            ControlFlow::Continue(())
        })
        .expect_err("it was held");
    server.go_on();
    match &error {
        LdapError::Interrupted {
            answered, cause, ..
        } => {
            assert!(matches!(**cause, LdapError::Timeout(_)), "{cause}");
            assert_eq!(*answered, results);
        }
        other => panic!("{other}"),
    }
    // A late answer must not be taken for that to another request.
    let next = connection.apply(&person(0));
    assert!(matches!(next, Err(LdapError::Lost)), "{next:?}");
}

#[test]
fn after_a_kill_in_the_middle_what_was_answered_is_there() {
    let mut server = Slapd::start();
    let mut connection = connect(&server);
    let before = count(&mut connection);
    let mut results = 0;
    let error = connection
        .pipeline((0..1_000_000).map(person), 64, |_, outcome| {
            assert_eq!(outcome, Ok(()));
            results += 1;
            if results == 200 {
                server.kill();
            }
            ControlFlow::Continue(())
        })
        .expect_err("it was killed");
    let LdapError::Interrupted {
        answered,
        unknown,
        cause,
    } = error
    else {
        panic!("{error}");
    };
    assert!(matches!(*cause, LdapError::Lost), "{cause}");
    assert_eq!(answered, results);
    assert!((200..400).contains(&answered), "{answered}");
    assert!((1..=64).contains(&unknown), "{unknown}");
    server.restart();
    let mut connection = connect(&server);
    for number in 0..answered {
        one(&mut connection, &format!("cn=P{number},o=Org"));
    }
    let stored = count(&mut connection) - before;
    assert!(
        (answered..=answered + unknown).contains(&stored),
        "{stored}"
    );
}
