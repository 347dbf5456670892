//! What a server may send that no server should: bytes on a socket, read by the client as it is. Whatever comes is an
//! answer or an error; a panic would end the program, which is built to abort on one.

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::panic;
use std::sync::Once;
use std::time::Duration;

use dirsync::directory::change::Change;
use dirsync::directory::dn::Dn;
use dirsync::directory::entry::Entry;
use dirsync::directory::ldap::{ConnectOptions, Connection, LdapError, Operation, Scope, Search};

use super::connecting::impostor;
use super::dn;

thread_local! {
    /// Panics of this thread: the client does all its work on the thread that calls it.
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

/// Counts panics that tokio would keep to itself.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            usual(panic);
        }));
    });
}

fn tagged(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let len = u32::try_from(content.len()).expect("short").to_be_bytes();
    [&[tag, 0x84], &len[..], &content].concat()
}

fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    tagged(0x30, &[&[2, 1, id], operation])
}

fn result(tag: u8, code: u8, text: &[u8]) -> Vec<u8> {
    tagged(tag, &[&[10, 1, code], &tagged(4, &[]), &tagged(4, &[text])])
}

/// `cn=a,o=Org` with a description.
fn entry() -> Vec<u8> {
    let values = tagged(0x31, &[&tagged(4, &[b"x"])]);
    let attribute = tagged(0x30, &[&tagged(4, &[b"description"]), &values]);
    let name = tagged(4, &[b"cn=a,o=Org"]);
    tagged(0x64, &[&name, &tagged(0x30, &[&attribute])])
}

/// The end of a search, with the control of its pages.
fn done() -> Vec<u8> {
    let value = tagged(4, &[&tagged(0x30, &[&[2, 1, 0], &tagged(4, &[])])]);
    let control = tagged(0x30, &[&tagged(4, &[b"1.2.840.113556.1.4.319"]), &value]);
    let controls = tagged(0xa0, &[&control]);
    tagged(0x30, &[&[2, 1, 1], &result(0x65, 0, b"fine"), &controls])
}

/// Reads requests and says the same to the first of them, then hangs up when the other side does.
fn answer(mut stream: TcpStream, said: &[u8]) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request);
    let _ = stream.write_all(said);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}

fn options(place: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(&format!("ldap://{place}"));
    options.operation_timeout = Duration::from_secs(20);
    options
}

/// Searches where this is the answer.
fn search(said: Vec<u8>) -> Result<Vec<Entry>, LdapError> {
    let (place, served) = impostor(move |stream| answer(stream, &said));
    let mut connection = Connection::open(&options(&place)).expect("nobody is asked");
    let mut search = Search::new(dn("o=Org"));
    search.scope = Scope::Subtree;
    let found = connection.find(&search);
    drop(connection);
    served.join().expect("it ended");
    found
}

/// Deletes an entry where this is the answer.
fn delete(said: Vec<u8>) -> Result<(), LdapError> {
    let (place, served) = impostor(move |stream| answer(stream, &said));
    let mut connection = Connection::open(&options(&place)).expect("nobody is asked");
    let operation = Operation::new(Dn::parse("cn=a,o=Org").expect("a name"), Change::Delete);
    let outcome = connection.apply(&operation).map(|_| ());
    drop(connection);
    served.join().expect("it ended");
    outcome
}

/// The text of the error that a search ends with.
fn cause(said: Vec<u8>) -> String {
    match search(said) {
        Err(LdapError::Incomplete { cause, .. }) => cause.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_true_answer_is_taken() {
    let found = search([message(1, &entry()), done()].concat()).expect("whole");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].attributes.text("description"), Some("x"));
    delete(message(1, &result(0x6b, 0, b""))).expect("answered");
}

#[test]
fn an_answer_cut_anywhere_is_a_connection_that_was_lost() {
    count_panics();
    let whole = [message(1, &entry()), done()].concat();
    for end in 0..whole.len() {
        let cause = cause(whole[..end].to_vec());
        assert_eq!(cause, "connection to the directory lost", "{end}");
    }
    assert_eq!(PANICS.get(), 0);
}

#[test]
fn an_answer_with_any_byte_another_is_an_answer_or_an_error() {
    count_panics();
    let whole = [message(1, &entry()), done()].concat();
    let mut errors = 0;
    for at in 0..whole.len() {
        for other in [
            whole[at] ^ 0x01,
            whole[at] ^ 0x20,
            whole[at] ^ 0x80,
            0x00,
            0xff,
        ] {
            let mut said = whole.clone();
            said[at] = other;
            errors += usize::from(search(said).is_err());
        }
    }
    assert!(errors > whole.len(), "{errors} of {}", whole.len() * 5);
    let whole = message(1, &result(0x6b, 32, b"text"));
    for at in 0..whole.len() {
        for other in [
            whole[at] ^ 0x01,
            whole[at] ^ 0x20,
            whole[at] ^ 0x80,
            0x00,
            0xff,
        ] {
            let mut said = whole.clone();
            said[at] = other;
            let _ = delete(said);
        }
    }
    assert_eq!(PANICS.get(), 0);
}

#[test]
fn bytes_without_sense_are_an_error() {
    count_panics();
    // A generator of the simplest kind, so that every run has the same bytes.
    let mut state = 0x2545_f491_u32;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()[0]
    };
    for round in 0..200_usize {
        let random: Vec<u8> = (0..round).map(|_| next()).collect();
        let said = match round % 4 {
            0 => random,
            1 => tagged(0x30, &[&random]),
            2 => message(1, &random),
            _ => message(1, &tagged(0x65, &[&random])),
        };
        assert!(search(said.clone()).is_err(), "{said:x?}");
        assert!(delete(said.clone()).is_err(), "{said:x?}");
    }
    assert_eq!(PANICS.get(), 0);
}

#[test]
fn what_would_use_up_the_memory_or_the_stack_is_refused_at_its_beginning() {
    count_panics();
    let nonsense = |why: &str| format!("the directory answered nonsense: {why}");
    // Two gigabytes are announced, and nothing of them comes.
    assert_eq!(
        cause(b"\x30\x84\x7f\xff\xff\xff".to_vec()),
        nonsense("a message that is too long")
    );
    let mut deep = Vec::new();
    for _ in 0..20_000 {
        let len = u32::try_from(deep.len()).expect("short").to_be_bytes();
        // From the inside out; turned around at the end.
        deep.extend([len[3], len[2], len[1], len[0], 0x84, 0x30]);
    }
    deep.reverse();
    assert_eq!(
        cause(message(1, &deep)),
        nonsense("values too deep in each other")
    );
    // The same where a control has it, which is taken apart later.
    let control = tagged(
        0x30,
        &[
            &tagged(4, &[b"1.2.840.113556.1.4.319"]),
            &tagged(4, &[&deep]),
        ],
    );
    let said = tagged(
        0x30,
        &[
            &[2, 1, 1],
            &result(0x65, 0, b""),
            &tagged(0xa0, &[&control]),
        ],
    );
    assert_eq!(cause(said), nonsense("the place of the next page"));
    // A part that is longer than the whole: nothing that comes would ever complete it.
    assert_eq!(
        cause(b"\x30\x06\x02\x01\x01\x65\x7f\x00".to_vec()),
        nonsense("a value that goes on behind its end")
    );
    assert_eq!(PANICS.get(), 0);
}

#[test]
fn an_answer_to_something_else_is_an_error() {
    count_panics();
    let other = "the directory answered nonsense: an answer of another operation";
    // An entry where a result is due, and a result where entries are.
    let error = delete(message(1, &entry())).expect_err("no result");
    assert_eq!(error.to_string(), other);
    assert_eq!(cause(message(1, &result(0x6b, 0, b""))), other);
    // An answer that nobody waits for is passed over.
    let stray = [message(9, &entry()), message(1, &entry()), done()].concat();
    assert_eq!(search(stray).expect("whole").len(), 1);
    assert_eq!(PANICS.get(), 0);
}

#[test]
fn a_server_that_says_that_it_goes_is_quoted() {
    let notice = message(0, &result(0x78, 52, b"maintenance"));
    assert_eq!(
        cause([message(1, &entry()), notice].concat()),
        "the directory ended the connection: 52 unavailable: maintenance"
    );
}

#[test]
fn what_is_said_in_the_clear_is_not_taken_for_encrypted() {
    // The end of a search, right behind the permission to encrypt.
    let said = [message(1, &result(0x78, 0, b"")), done()].concat();
    let (place, served) = impostor(move |stream| answer(stream, &said));
    let mut options = options(&place);
    options.start_tls = true;
    let error = Connection::open(&options).expect_err("refused");
    assert_eq!(
        error.to_string(),
        format!("ldap://{place}: no secure connection: it says more before the encryption begins")
    );
    served.join().expect("it ended");
}
