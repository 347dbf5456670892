//! The cases LDC-023 to LDC-030, as far as they need no directory server.

use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::{fs, io};

use dirsync::directory::entry::{Attributes, Entry};
use dirsync::directory::ldif::{ContainerRecord, LdifError, List, VersionLine, write_list};
use dirsync::plan::outcome::Reason;

use super::{list, records, sample, unnumbered};

fn export(version: VersionLine, container: &ContainerRecord, entries: &[Entry]) -> Vec<u8> {
    write_list(Vec::new(), version, container, entries).expect("a list")
}

fn state() -> (ContainerRecord, Vec<Entry>) {
    let list = list(&sample("list.ldif")).expect("a list");
    let entries = list.entries.into_iter().map(|entry| entry.record);
    (list.container, entries.collect())
}

#[test]
fn ldc_023_the_version_is_first_then_the_container_and_the_count_fits() {
    let (container, entries) = state();
    let file = export(VersionLine::Written, &container, &entries);
    let text = String::from_utf8(file).expect("ASCII");
    assert!(text.starts_with("version: 1\n\ndn: ou=Imported,o=Org\nobjectClass: "));
    let count = text.matches("\ndn: ").count() - 1;
    assert!(text.contains(&format!("\nsyncEntryCount: {count}\n")));
    assert_eq!(count, 4);
}

#[test]
fn ldc_024_without_version_the_container_is_first_and_the_rest_is_the_same() {
    let (container, entries) = state();
    let file = export(VersionLine::LeftOut, &container, &entries);
    let with_version = export(VersionLine::Written, &container, &entries);
    assert!(file.starts_with(b"dn: ou=Imported,o=Org\n"));
    assert_eq!(
        with_version.strip_prefix(b"version: 1\n\n"),
        Some(&file[..])
    );
    assert_eq!(
        unnumbered(list(&file).expect("a list")),
        unnumbered(list(&with_version).expect("a list"))
    );
}

#[test]
fn ldc_025_entries_and_changes_in_one_file_are_refused() {
    let entry = "dn: o=a\no: a\n\n";
    let change = "dn: o=b\nchangetype: delete\n\n";
    for (file, message) in [
        (
            [entry, change].concat(),
            "line 5: a change, expected an entry, as the records before it",
        ),
        (
            [change, entry].concat(),
            "line 5: an entry, expected changetype:, as in the records before it",
        ),
    ] {
        let error = records(file.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(error.reason(), Reason::ListDamaged);
    }
    let file = [&sample("list-written.ldif")[..], change.as_bytes()].concat();
    let error = list(&file).unwrap_err();
    assert_eq!(error.reason(), Reason::ListDamaged);
}

#[test]
fn ldc_026_other_scripts_and_leading_blanks_are_base64_and_read_back() {
    let (mut container, _) = state();
    let values = [
        ("cn", "שלום כהן", "cn:: 16nXnNeV150g15vXlNef"),
        ("sn", "สมชาย", "sn:: 4Liq4Lih4LiK4Liy4Lii"),
        ("description", " leading", "description:: IGxlYWRpbmc="),
    ];
    let dn = container.dn.child("syncKey", "MS:N/P/א".as_bytes());
    let pairs = values.map(|(name, value, _)| (name, value));
    let attributes = Attributes::from_iter(pairs);
    let entry = Entry { dn, attributes };
    container.entry_count = 1;
    let file = export(
        VersionLine::Written,
        &container,
        std::slice::from_ref(&entry),
    );
    let text = String::from_utf8(file.clone()).expect("ASCII");
    assert!(text.is_ascii());
    for (_, _, line) in values {
        assert!(text.lines().any(|l| l == line), "{line} in {text}");
    }
    let read = list(&file).expect("a list");
    assert_eq!(read.entries[0].record, entry);
}

#[test]
fn ldc_027_a_value_given_as_url_is_refused_and_nothing_is_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    // Opening it waits for a writer, and there is none.
    let pipe = folder.path().join("pipe");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0)
        .expect("a pipe");
    let secret = folder.path().join("secret");
    fs::write(&secret, "do not tell").expect("a file");
    let server = TcpListener::bind("127.0.0.1:0").expect("a server");
    server.set_nonblocking(true).expect("a server");
    let address = server.local_addr().expect("an address");

    let mut urls = vec![
        format!("http://{address}/"),
        format!("ldap://{address}/o=Org"),
    ];
    for path in [&pipe, &secret, &folder.path().join("missing")] {
        urls.extend([
            format!("file://{}", path.display()),
            path.display().to_string(),
        ]);
    }
    for url in urls {
        for (line, name) in [
            (format!("description:< {url}"), "description"),
            (format!("jpegPhoto;binary:<{url}"), "jpegPhoto;binary"),
            (format!("descrip\n tion:\n <\n  {url}"), "description"),
        ] {
            let entry = format!("dn: cn=x,ou=Imported,o=Org\ncn: x\n{line}\n\n");
            let file = String::from_utf8(sample("list-written.ldif")).expect("ASCII");
            let at = file.lines().count() + 3;
            let file = file.replace("Count: 4", "Count: 5") + &entry;
            let error = read_in_time(file).unwrap_err();
            let expected = "the value itself: what a URL names is never read";
            assert_eq!(
                error.to_string(),
                format!("line {at}: {name:?} given by a URL, expected {expected}")
            );
            assert_eq!(error.reason(), Reason::ListDamaged);
        }
        let change = format!("dn: cn=x\nchangetype: modify\nadd: cn\ncn:< {url}\n-\n\n");
        assert!(records(change.as_bytes()).is_err());
        let name = format!("dn:< {url}\ncn: x\n\n");
        assert!(records(name.as_bytes()).is_err());
    }
    let connection = server.accept().unwrap_err();
    assert_eq!(connection.kind(), io::ErrorKind::WouldBlock);
}

/// Reads a list; fails where that waits for something.
fn read_in_time(file: String) -> Result<List, LdifError> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(list(file.as_bytes())).is_ok());
    let limit = Duration::from_secs(60);
    receiver.recv_timeout(limit).expect("no file is waited for")
}

#[test]
fn ldc_028_fewer_entries_than_declared_are_no_list() {
    let whole = String::from_utf8(sample("list.ldif")).expect("ASCII");
    let last = whole.find("\n# a group").expect("the last entry");
    let error = list(&whole.as_bytes()[..last]).unwrap_err();
    assert_eq!(error.reason(), Reason::ListIncomplete);
    assert_eq!(
        error.to_string(),
        "line 61: the end of the file behind 3 entries, expected 4, as syncEntryCount says"
    );
}

#[test]
fn ldc_029_two_exports_of_one_state_are_the_same_bytes() {
    let (container, mut entries) = state();
    let file = export(VersionLine::Written, &container, &entries);
    // A server may return entries, attributes and values in any order.
    for turn in 0..entries.len() {
        entries.rotate_left(1);
        for entry in &mut entries {
            let mut pairs: Vec<_> = entry
                .attributes
                .iter()
                .flat_map(|(name, values)| values.iter().map(move |value| (name.to_owned(), value)))
                .collect();
            let middle = (turn + 1) % pairs.len();
            pairs.rotate_left(middle);
            pairs.reverse();
            entry.attributes = pairs.into_iter().collect();
        }
        assert_eq!(export(VersionLine::Written, &container, &entries), file);
    }
    let read = list(&file).expect("a list");
    let again: Vec<_> = read.entries.into_iter().map(|entry| entry.record).collect();
    assert_eq!(export(VersionLine::Written, &read.container, &again), file);
}

#[test]
fn ldc_030_line_ends_and_folds_do_not_change_what_is_read() {
    for (name, is_list) in [("list.ldif", true), ("changes.ldif", false)] {
        let lf = String::from_utf8(sample(name)).expect("ASCII");
        let expected = records(lf.as_bytes()).expect("records");
        let unfolded = lf.replace("\n ", "");
        for width in 1..=80 {
            let folded = unfolded.split_inclusive('\n').map(|line| fold(line, width));
            let folded = folded.collect::<String>();
            for end in ["\n", "\r\n", "\r\r\n"] {
                let file = folded.replace('\n', end);
                assert_eq!(records(file.as_bytes()).expect("records"), expected);
                if is_list {
                    let list = unnumbered(list(file.as_bytes()).expect("a list"));
                    assert_eq!(
                        list,
                        unnumbered(super::list(lf.as_bytes()).expect("a list"))
                    );
                }
            }
        }
    }
}

/// Folds a line of ASCII behind every `width` characters.
fn fold(line: &str, width: usize) -> String {
    let text = line.strip_suffix('\n').expect("a whole line");
    let parts: Vec<_> = text.as_bytes().chunks(width).collect();
    let folded = parts.join(&b"\n "[..]);
    String::from_utf8(folded).expect("ASCII") + "\n"
}
