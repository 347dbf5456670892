//! Reading whole, or an error.

use std::fmt::Write;
use std::ops::ControlFlow;

use dirsync::directory::change::Change;
use dirsync::directory::entry::Attributes;
use dirsync::directory::filter::Filter;
use dirsync::directory::ldap::{Connection, Incomplete, LdapError, Operation, ResultCode, Search};

use super::{connect, connect_as, delete, dn, one, replace, values_of};
use crate::support::slapd::{ADMIN, AGENT, SUFFIX, Setup, Slapd};

fn people(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        write!(
            text,
            "dn: cn=P{number},o=Org\nobjectClass: person\ncn: P{number}\nsn: P\n\n"
        )
        .expect("written");
        text
    })
}

fn search(page: Option<u32>) -> Search {
    let mut search = Search::new(dn(SUFFIX)).filter(Filter::equal("objectClass", "person"));
    search.page = page;
    search
}

fn read(connection: &mut Connection, search: &Search) -> Result<usize, LdapError> {
    let mut names = std::collections::BTreeSet::new();
    let read = connection.search(search, |entry| {
        assert!(names.insert(entry.dn.key()), "{} came twice", entry.dn);
        ControlFlow::Continue(())
    });
    if let Ok(count) = read {
        assert_eq!(names.len(), count);
    }
    read
}

#[test]
fn ldc_018_a_size_limit_makes_the_read_incomplete_paged_or_not() {
    let server = Setup::new().content(&people(700)).start();
    let mut connection = connect_as(&server, AGENT);
    for page in [None, Some(100), Some(1000)] {
        match read(&mut connection, &search(page)) {
            Err(LdapError::Incomplete {
                seen,
                cause: Incomplete::Result(refusal),
                ..
            }) => assert_eq!((seen, refusal.code), (500, ResultCode(4)), "{page:?}"),
            other => panic!("{page:?}: {other:?}"),
        }
    }
    let error = read(&mut connection, &search(None)).expect_err("incomplete");
    assert_eq!(
        error.to_string(),
        "incomplete read of \"o=Org\": 500 entries seen, then result 4 sizeLimitExceeded"
    );
    // Whoever sets up the server is exempt, and so sees nothing of it.
    let mut connection = connect_as(&server, ADMIN);
    for page in [None, Some(100)] {
        assert_eq!(read(&mut connection, &search(page)).expect("whole"), 700);
    }
}

#[test]
fn a_limit_lifted_for_paged_reads_lets_them_through() {
    let server = Setup::new()
        .content(&people(700))
        .database("limits users size.prtotal=unlimited")
        .start();
    let mut connection = connect_as(&server, AGENT);
    for page in [1, 7, 100, 500] {
        let count = read(&mut connection, &search(Some(page))).expect("whole");
        assert_eq!(count, 700, "{page}");
    }
    assert!(read(&mut connection, &search(None)).is_err());
}

#[test]
fn a_part_that_lies_elsewhere_makes_the_read_incomplete() {
    let referral = "dn: ou=Else,o=Org
objectClass: referral
objectClass: extensibleObject
ou: Else
ref: ldap://elsewhere.example/ou=Else,o=Org
";
    let server = Setup::new().content(referral).content(&people(3)).start();
    let mut connection = connect(&server);
    let below = Search::new(dn(SUFFIX));
    match read(&mut connection, &below) {
        Err(LdapError::Incomplete {
            cause: Incomplete::Referral(places),
            ..
        }) => assert_eq!(places, ["ldap://elsewhere.example/ou=Else,o=Org??sub"]),
        other => panic!("{other:?}"),
    }
    match read(&mut connection, &Search::new(dn("cn=x,ou=Else,o=Org"))) {
        Err(LdapError::Incomplete {
            seen: 0,
            cause: Incomplete::Result(refusal),
            ..
        }) => assert_eq!(refusal.code, ResultCode::REFERRAL),
        other => panic!("{other:?}"),
    }
    // The connection is as good as before.
    let person = Search::new(dn("cn=P1,o=Org"));
    assert_eq!(read(&mut connection, &person).expect("whole"), 1);
}

#[test]
fn a_container_that_is_not_there_is_not_an_empty_one() {
    let server = Slapd::start();
    let mut connection = connect(&server);
    match read(&mut connection, &Search::new(dn("ou=Imported,o=Org"))) {
        Err(LdapError::Incomplete {
            seen: 0,
            cause: Incomplete::Result(refusal),
            ..
        }) => assert_eq!(refusal.code, ResultCode::NO_SUCH_OBJECT),
        other => panic!("{other:?}"),
    }
    assert_eq!(read(&mut connection, &search(None)).expect("whole"), 0);
}

#[test]
fn a_reader_that_stops_has_not_read_it_all() {
    let server = Setup::new().content(&people(20)).start();
    let mut connection = connect(&server);
    let mut seen = 0;
    let stopped = connection.search(&search(Some(5)), |_| {
        seen += 1;
        match seen {
            7 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    match stopped {
        Err(LdapError::Incomplete {
            seen: 7,
            cause: Incomplete::Stopped,
            ..
        }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(read(&mut connection, &search(Some(5))).expect("whole"), 20);
}

#[test]
fn what_takes_the_entries_ends_the_reading_with_its_own_error() {
    let server = Setup::new().content(&people(20)).start();
    let mut connection = connect(&server);
    let mut taken = 0;
    let mut up_to = |most: usize, search: &Search| {
        taken = 0;
        let read = connection.for_each(search, |entry| {
            taken += 1;
            match taken <= most {
                true => Ok(()),
                false => Err(entry.dn.is_within(&dn(SUFFIX))),
            }
        });
        (taken, read)
    };
    let (taken, read) = up_to(6, &search(Some(5)));
    assert_eq!((taken, read.expect_err("stopped")), (7, true));
    let (taken, read) = up_to(20, &search(Some(5)));
    assert_eq!((taken, read.expect("taken").expect("whole")), (20, 20));
    // What the server does not give is another error than that of who takes it.
    let (taken, read) = up_to(20, &Search::new(dn("ou=Imported,o=Org")));
    let error = read.expect("taken").expect_err("incomplete");
    assert!(
        matches!(error, LdapError::Incomplete { seen: 0, .. }),
        "{error}"
    );
    assert_eq!(taken, 0);
}

#[test]
fn a_server_killed_between_two_pages_makes_the_read_incomplete() {
    let mut server = Setup::new().content(&people(300)).start();
    let mut connection = connect(&server);
    let mut seen = 0;
    let read = connection.search(&search(Some(100)), |_| {
        if seen == 0 {
            server.kill();
        }
        seen += 1;
        ControlFlow::Continue(())
    });
    match read {
        Err(LdapError::Incomplete {
            seen: counted,
            cause: Incomplete::Connection(error),
            ..
        }) => {
            assert!(matches!(*error, LdapError::Lost), "{error}");
            assert_eq!(counted, seen);
            assert!((1..300).contains(&seen), "{seen}");
        }
        other => panic!("{other:?}"),
    }
    let again = connection.find(&search(None));
    assert!(matches!(again, Err(LdapError::Lost)), "{again:?}");
    server.restart();
    let mut connection = connect(&server);
    assert_eq!(connection.find(&search(None)).expect("whole").len(), 300);
}

#[test]
fn values_come_back_as_the_bytes_they_are_and_no_value_ends_a_filter() {
    let server = Slapd::start();
    let mut connection = connect(&server);
    let photo: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let name = "a*b)(cn=\\2a*\u{fc}";
    let mut attributes = Attributes::from_iter([("objectClass", "inetOrgPerson"), ("sn", "x")]);
    attributes.add("cn", name);
    attributes.add("jpegPhoto", photo.clone());
    let at = dn(SUFFIX).child("cn", name.as_bytes());
    let operation = Operation::new(at.clone(), Change::Add(attributes));
    assert_eq!(connection.apply(&operation).expect("answered"), Ok(()));
    let filter = Filter::equal("cn", name).and(Filter::present("jpegPhoto"));
    let found = connection
        .find(&Search::new(dn(SUFFIX)).filter(filter))
        .expect("whole");
    assert_eq!(found.len(), 1);
    assert!(found[0].dn.is_same(&at), "{}", found[0].dn);
    assert_eq!(found[0].attributes.first("jpegPhoto"), Some(&photo[..]));
    for filter in [Filter::equal("cn", "a"), Filter::equal("cn", "a*")] {
        let search = Search::new(dn(SUFFIX)).filter(filter);
        assert_eq!(connection.find(&search).expect("whole"), []);
    }
    let broken = Search::new(dn(SUFFIX)).filter(Filter::Text("(cn=a".into()));
    let error = connection.find(&broken).expect_err("no filter");
    assert_eq!(error.to_string(), "no request: not a filter: (cn=a");
}

#[test]
fn ldc_017_changes_since_a_csn_include_the_one_at_it_and_no_deletions() {
    let server = Setup::new().content(&people(4)).start();
    let mut connection = connect(&server);
    let mut change = |operation: Operation| {
        assert_eq!(connection.apply(&operation).expect("answered"), Ok(()));
    };
    change(replace("cn=P0,o=Org", "description", &["earlier"]));
    change(replace("cn=P1,o=Org", "description", &["then"]));
    change(replace("cn=P2,o=Org", "description", &["later"]));
    change(delete("cn=P3,o=Org"));
    let then = one(&mut connection, "cn=P1,o=Org");
    let csn = values_of(&then, "entryCSN").remove(0);
    let since = search(None).filter(Filter::at_least("entryCSN", csn));
    let mut found: Vec<_> = connection
        .find(&since)
        .expect("whole")
        .iter()
        .map(|entry| values_of(entry, "cn").remove(0))
        .collect();
    found.sort_unstable();
    assert_eq!(found, ["P1", "P2"]);
}
