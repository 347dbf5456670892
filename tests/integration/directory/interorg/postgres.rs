//! What only PostgreSQL can do to a hub: connections that break, rights, schemas, encryption.

use std::time::Duration;

use dirsync::directory::interorg::store::{
    MasterTable, PostgresSettings, PostgresTable, StoreError,
};
use dirsync::directory::interorg::{Epoch, Member};

use super::place::{FIRST, Opened, change, shown};
use crate::support::postgres::{Database, Server};

fn epoch() -> Epoch {
    Epoch::new(FIRST).expect("an epoch")
}

fn open_url(database: &Database, url: &str) -> Result<Opened, StoreError> {
    let settings = PostgresSettings::parse(url)?.password(database.password());
    Ok(Box::new(PostgresTable::open(&settings, epoch)?))
}

fn open(database: &Database) -> Opened {
    open_url(database, &database.url()).unwrap_or_else(|error| panic!("{error}"))
}

fn put_one(table: &mut Opened, of: &str) {
    change(table, |change| change.put(&[shown(of, 1, of)]));
}

fn keys(table: &mut Opened) -> Vec<String> {
    let keys = change(table, |change| change.keys_of("ORG1"));
    keys.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn assert_io(error: &StoreError, part: &str) {
    assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
    assert!(error.to_string().contains(part), "{error}");
}

#[test]
fn a_connection_that_is_cut_in_the_middle_leaves_nothing_and_is_made_anew() {
    let database = Server::shared().database();
    let mut table = open(&database);
    put_one(&mut table, "ORG1:a");
    let mut begun = table.begin().expect("begun");
    begun.put(&[shown("ORG1:b", 2, "b@o")]).expect("written");
    database.cut_off();
    let error = begun
        .put(&[shown("ORG1:c", 3, "c@o")])
        .expect_err("there is nobody");
    assert_io(&error, "");
    begun.commit().expect_err("there is nobody");
    assert_eq!(keys(&mut table), ["ORG1:a"]);
    // The commit itself.
    let mut begun = table.begin().expect("begun");
    begun.put(&[shown("ORG1:b", 2, "b@o")]).expect("written");
    database.cut_off();
    assert_io(&begun.commit().expect_err("there is nobody"), "");
    assert_eq!(keys(&mut table), ["ORG1:a"]);
    // Between two changes nobody notices.
    database.cut_off();
    put_one(&mut table, "ORG1:d");
    assert_eq!(keys(&mut table), ["ORG1:a", "ORG1:d"]);
}

#[test]
fn a_server_may_stop_crash_and_come_again() {
    let mut server = Server::start();
    let database = server.database();
    let mut table = open(&database);
    put_one(&mut table, "ORG1:a");
    server.stop();
    let error = table.begin().err().expect("there is nobody");
    assert_io(&error, "refused");
    assert!(!error.to_string().contains(database.password()), "{error}");
    let error = open_url(&database, &database.url()).err();
    assert_io(&error.expect("there is nobody"), "refused");
    server.restart();
    put_one(&mut table, "ORG1:b");
    server.stop();
    server.restart();
    assert_eq!(keys(&mut table), ["ORG1:a", "ORG1:b"]);
    let mut begun = table.begin().expect("begun");
    begun.put(&[shown("ORG1:c", 3, "c@o")]).expect("written");
    server.crash();
    assert_io(&begun.commit().expect_err("there is nobody"), "");
    server.restart();
    assert_eq!(keys(&mut table), ["ORG1:a", "ORG1:b"]);
}

#[test]
fn whoever_is_not_let_in_is_told_and_no_password_shows() {
    let database = Server::shared().database();
    let with = |url: &str, password: &str| {
        let settings = PostgresSettings::parse(url).expect("an address");
        let opened = PostgresTable::open(&settings.password(password), epoch);
        opened.expect_err("not let in")
    };
    let wrong = with(&database.url(), "s3cret");
    assert_io(&wrong, "password authentication failed");
    assert!(!format!("{wrong:?}{wrong}").contains("s3cret"), "{wrong:?}");
    let elsewhere = database.url().replace("hub@", "hub:s3cret@");
    let settings = PostgresSettings::parse(&elsewhere).expect("an address");
    let wrong = PostgresTable::open(&settings, epoch).expect_err("not let in");
    assert!(!format!("{wrong:?}{wrong}").contains("s3cret"), "{wrong:?}");
    let missing = database.url().replace("?", "-none?");
    assert_io(&with(&missing, database.password()), "does not exist");
    let settings = PostgresSettings::parse(&database.url()).expect("an address");
    let settings = settings.password(database.password());
    let table = PostgresTable::open(&settings, epoch).expect("opened");
    let shown = format!("{settings:?} {table:?}");
    assert!(!shown.contains(database.password()), "{shown}");
}

#[test]
fn each_schema_has_a_table_of_its_own() {
    let database = Server::shared().database();
    let url = |schema: &str| database.url_with(&format!("sslmode=disable&search_path={schema}"));
    let mut usual = open(&database);
    put_one(&mut usual, "ORG1:a");
    let mut other = open_url(&database, &url("user")).expect("opened");
    put_one(&mut other, "ORG1:b");
    assert_eq!(keys(&mut usual), ["ORG1:a"]);
    assert_eq!(keys(&mut other), ["ORG1:b"]);
    // One does not wait for the other.
    let held = usual.begin().expect("begun");
    put_one(&mut other, "ORG1:c");
    drop(held);
    let sql = "SELECT count(*) FROM pg_tables WHERE schemaname IN ('dirsync', 'user')";
    assert_eq!(database.count(sql), 12);
    let sql = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(database.count(sql), 0);
}

#[test]
fn a_schema_that_an_administrator_made_is_enough() {
    let database = Server::shared().database();
    database.alter("OWNER TO admin");
    let refused = open_url(&database, &database.url());
    assert_io(&refused.err().expect("it may not"), "permission denied");
    database.run("CREATE SCHEMA dirsync; GRANT ALL ON SCHEMA dirsync TO hub");
    put_one(&mut open(&database), "ORG1:a");
    assert_eq!(keys(&mut open(&database)), ["ORG1:a"]);
}

#[test]
fn what_the_server_usually_does_does_not_matter() {
    let database = Server::shared().database();
    // Half of its users would find it strange, but an administrator may want it so.
    for setting in [
        "default_transaction_isolation = 'serializable'",
        "search_path = nowhere",
        "standard_conforming_strings = off",
        "bytea_output = 'escape'",
        "default_transaction_read_only = on",
    ] {
        database.alter(&format!("SET {setting}"));
    }
    let (mut first, mut second) = (open(&database), open(&database));
    let mut held = first.begin().expect("begun");
    held.set_member(&Member::new("ORG1")).expect("written");
    // The second waits before the first is through, and then sees what it did.
    std::thread::scope(|scope| {
        let seen = scope.spawn(|| change(&mut second, |change| change.members()));
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'hub' AND \
                       wait_event_type = 'Lock' AND datname = current_database()";
        database.wait_for(waiting, 1);
        held.commit().expect("committed");
        assert_eq!(seen.join().expect("it read"), ["ORG1"]);
    });
}

#[test]
fn another_version_is_noticed_by_who_has_it_open() {
    let database = Server::shared().database();
    let mut table = open(&database);
    database.run("UPDATE dirsync.mark SET format = 2");
    let refused = table.begin().err().expect("it is of a later version");
    assert!(
        matches!(refused, StoreError::Format { found: 2, .. }),
        "{refused:?}"
    );
    database.run("UPDATE dirsync.mark SET format = 1");
    put_one(&mut table, "ORG1:a");
    for spoil in [
        "DELETE FROM dirsync.head",
        "DELETE FROM dirsync.mark",
        "DROP SCHEMA dirsync CASCADE",
    ] {
        database.run(spoil);
        let refused = table.begin().err().expect("it is gone");
        assert!(
            matches!(refused, StoreError::Damaged { .. }),
            "{spoil}: {refused:?}"
        );
    }
}

#[test]
fn a_database_that_cannot_hold_all_letters_is_refused() {
    let options = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'";
    let database = Server::shared().database_with(options);
    let refused = open_url(&database, &database.url()).err();
    let refused = refused.expect("it holds no Greek");
    assert!(
        refused
            .to_string()
            .contains("encoding LATIN1, expected UTF8"),
        "{refused}"
    );
}

#[test]
fn an_encrypted_connection_is_one_to_the_server_that_was_meant() {
    let database = Server::shared().database();
    let ca = database.ca_file().display().to_string();
    let sql = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
               WHERE ssl AND usename = 'hub' AND datname = current_database()";
    for mode in [
        "sslmode=require",
        "sslmode=verify-full",
        "sslmode=prefer",
        "",
    ] {
        let url = database.url_with(&format!("{mode}&sslrootcert={ca}"));
        let table = open_url(&database, url.as_str()).unwrap_or_else(|e| panic!("{mode}: {e}"));
        assert_eq!(database.count(sql), 1, "{mode}");
        drop(table);
        // The server notices the end when it reads it.
        database.wait_for(sql, 0);
    }
    // Nobody vouches for it.
    let refused = open_url(&database, &database.url_with("sslmode=require")).err();
    assert_io(&refused.expect("unknown"), "UnknownIssuer");
    // It is another's certificate.
    let url = database.url_with(&format!("sslmode=require&sslrootcert={ca}"));
    let refused = open_url(&database, &url.replace("127.0.0.1", "localhost")).err();
    assert_io(&refused.expect("another"), "certificate");
    // There is no encryption where it is asked for.
    let refused = open_url(&database, &database.socket_url("sslmode=require")).err();
    assert_io(
        &refused.expect("in the clear"),
        "server does not support TLS",
    );
    open_url(&database, &database.socket_url("")).expect("a socket of this machine");
    // There is no such file.
    let refused = open_url(&database, &database.url_with("sslrootcert=/nowhere/ca.pem")).err();
    assert_io(&refused.expect("no file"), "sslrootcert /nowhere/ca.pem");
}

/// The patience holds for making the table as well.
#[test]
fn who_makes_it_too_long_is_not_waited_for() {
    let database = Server::shared().database();
    let settings = PostgresSettings::parse(&database.url()).expect("an address");
    let settings = settings.password(database.password());
    PostgresTable::open(&settings, || {
        let hasty = settings.clone().patience(Duration::from_millis(20));
        let refused = PostgresTable::open(&hasty, epoch).expect_err("another makes it");
        assert!(matches!(refused, StoreError::Busy { .. }), "{refused:?}");
        epoch()
    })
    .expect("made");
    let mut table = PostgresTable::open(&settings, || panic!("it is there")).expect("opened");
    assert_eq!(
        table.begin().expect("begun").head().expect("read").epoch,
        epoch()
    );
}
