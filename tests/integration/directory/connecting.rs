//! The way to a server: encryption, trust, names and passwords, and nobody there.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use dirsync::directory::ldap::{ConnectOptions, Connection, LdapError, Password, ResultCode};

use super::{add, connect, dn};
use crate::support::slapd::{ADMIN, SUFFIX, Setup, Slapd};

/// To this server, as [`ADMIN`].
fn options(server: &Slapd, url: &str) -> ConnectOptions {
    ConnectOptions::new(url).login(ADMIN, Password::new(server.password()))
}

#[track_caller]
fn refused(options: &ConnectOptions) -> LdapError {
    match Connection::open(options) {
        Ok(_) => panic!("it let us in"),
        Err(error) => error,
    }
}

#[test]
fn an_encrypted_connection_to_a_known_server_works() {
    // The server takes passwords over encrypted connections only.
    let server = Setup::new()
        .tls()
        .global("security simple_bind=128")
        .start();
    let mut ldaps = options(&server, &server.ldaps_url());
    ldaps.ca_file = Some(server.ca_file());
    let mut start_tls = options(&server, &server.url());
    start_tls.ca_file = Some(server.ca_file());
    start_tls.start_tls = true;
    for (number, options) in [ldaps, start_tls.clone()].iter().enumerate() {
        let mut connection = Connection::open(options).unwrap_or_else(|error| panic!("{error}"));
        let name = format!("ou={number},{SUFFIX}");
        let operation = add(&name, &[("objectClass", "organizationalUnit")]);
        let outcome = connection.apply(&operation).expect("answered");
        assert_eq!(outcome, Ok(()));
    }
    start_tls.start_tls = false;
    match refused(&start_tls) {
        LdapError::Refused { refusal, .. } => {
            assert_eq!(refusal.code, ResultCode::CONFIDENTIALITY_REQUIRED);
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_server_that_nobody_known_vouches_for_is_refused() {
    let server = Setup::new().tls().start();
    let other = Setup::new().tls().start();
    for start_tls in [false, true] {
        for ca_file in [None, Some(other.ca_file())] {
            let url = match start_tls {
                true => server.url(),
                false => server.ldaps_url(),
            };
            let mut options = options(&server, &url);
            options.start_tls = start_tls;
            options.ca_file = ca_file;
            let error = refused(&options);
            assert!(matches!(error, LdapError::Tls { .. }), "{error}");
            assert_eq!(
                error.to_string(),
                format!("{url}: no secure connection: invalid peer certificate: UnknownIssuer")
            );
        }
    }
}

#[test]
fn a_server_under_another_name_than_its_certificate_says_is_refused() {
    let server = Setup::new().tls_as("dir.example").start();
    let mut options = options(&server, &server.ldaps_url());
    options.ca_file = Some(server.ca_file());
    let error = refused(&options);
    assert!(
        error.to_string().contains("certificate not valid for name"),
        "{error}"
    );
}

#[test]
fn a_server_without_encryption_is_not_spoken_to_in_the_clear_instead() {
    let server = Slapd::start();
    let mut start_tls = options(&server, &server.url());
    start_tls.start_tls = true;
    let error = refused(&start_tls).to_string();
    let expected = format!(
        "{}: no secure connection: StartTLS refused: 2",
        server.url()
    );
    assert!(error.starts_with(&expected), "{error}");
    let ldaps = options(&server, &server.url().replace("ldap:", "ldaps:"));
    let error = refused(&ldaps);
    assert!(matches!(error, LdapError::Tls { .. }), "{error}");
    let both = ConnectOptions {
        start_tls: true,
        ..ldaps
    };
    assert!(matches!(refused(&both), LdapError::Url { .. }));
}

#[test]
fn a_file_without_certificates_is_named() {
    let server = Setup::new().tls().start();
    let mut options = options(&server, &server.ldaps_url());
    for (file, content) in [
        ("empty.pem", ""),
        (
            "broken.pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ),
    ] {
        let file = server.write(file, content);
        options.ca_file = Some(file.clone());
        let error = refused(&options).to_string();
        assert!(error.starts_with(&file.display().to_string()), "{error}");
        assert!(error.contains("no certificates of authorities"), "{error}");
    }
    options.ca_file = Some("/no/such/file".into());
    assert!(matches!(refused(&options), LdapError::CaFile { .. }));
}

#[test]
fn a_wrong_name_or_password_is_said_and_the_password_is_not() {
    let server = Slapd::start();
    let url = server.url();
    for (name, password) in [
        (ADMIN, "not this one"),
        ("cn=nobody,o=Org", server.password()),
    ] {
        let options = ConnectOptions::new(&url).login(name, Password::new(password));
        let error = refused(&options);
        assert_eq!(
            error.to_string(),
            format!("{url}: wrong password, or no such name: {name:?}")
        );
        for shown in [format!("{error:?}"), format!("{options:?}")] {
            assert!(!shown.contains(password), "{shown}");
        }
    }
    let nothing = ConnectOptions::new(&url).login(ADMIN, Password::new(""));
    assert!(matches!(refused(&nothing), LdapError::NoPassword { .. }));
    Connection::open(&ConnectOptions::new(&url)).expect("anybody may look");
}

#[test]
fn nobody_there_is_said() {
    let mut server = Slapd::start();
    server.stop();
    let error = refused(&options(&server, &server.url()));
    assert_eq!(
        error.to_string(),
        format!("{}: directory unreachable", server.url())
    );
    assert!(std::error::Error::source(&error).is_some());
}

/// A server that is none: it does this with the first connection.
pub(super) fn impostor(
    behaves: impl FnOnce(TcpStream) + Send + 'static,
) -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let served = thread::spawn(move || behaves(listener.accept().expect("a connection").0));
    (format!("127.0.0.1:{port}"), served)
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    for scheme in ["ldap", "ldaps"] {
        let (place, served) = impostor(|mut stream| {
            // Until the other side hangs up.
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let mut options = ConnectOptions::new(&format!("{scheme}://{place}"));
        options = options.login(ADMIN, Password::new("secret"));
        options.connect_timeout = Duration::from_millis(300);
        options.operation_timeout = Duration::from_millis(300);
        let error = refused(&options);
        assert!(matches!(error, LdapError::Timeout(_)), "{error}");
        served.join().expect("it ended");
    }
}

#[test]
fn a_server_that_hangs_up_or_talks_nonsense_is_an_error() {
    for said in [
        &b""[..],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff\xff\xff\xff",
    ] {
        let (place, served) = impostor(move |mut stream| {
            let mut request = [0; 1];
            stream.read_exact(&mut request).expect("a request");
            stream.write_all(said).expect("written");
        });
        let options = ConnectOptions::new(&format!("ldap://{place}"));
        let error = refused(&options.login(ADMIN, Password::new("secret")));
        match said {
            b"" => assert!(matches!(error, LdapError::Lost), "{error}"),
            _ => assert!(matches!(error, LdapError::Answer(_)), "{error}"),
        }
        served.join().expect("it ended");
    }
}

#[test]
fn the_server_says_what_it_can() {
    let server = Slapd::start();
    let mut connection = connect(&server);
    let root = connection.root_dse().expect("readable");
    assert!(root.has_transactions() && root.has_assertions(), "{root:?}");
    assert!(root.controls.contains("1.2.840.113556.1.4.319"), "{root:?}");
    assert_eq!(root.naming_contexts, [dn(SUFFIX)]);
}
