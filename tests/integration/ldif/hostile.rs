//! Damaged and hostile files: every cut, every flipped bit, random bytes, endless records. No panic, no hang, memory
//! bounded, and no list that is not whole.

use std::cell::Cell;
use std::io::{BufReader, Cursor, Read};

use dirsync::directory::ldif::{LdifError, List, MAX_RECORD_LEN, Reader, Record};
use dirsync::plan::outcome::Reason;
use proptest::prelude::*;

use super::{list, records, sample, unnumbered};

/// The samples with both line ends.
fn files(name: &str) -> [Vec<u8>; 2] {
    let text = String::from_utf8(sample(name)).expect("ASCII");
    [text.replace('\n', "\r\n").into_bytes(), text.into_bytes()]
}

#[test]
fn a_list_cut_anywhere_is_incomplete_or_tells_that_its_last_record_is_open() {
    for file in files("list-written.ldif") {
        let whole = unnumbered(list(&file).expect("a list"));
        assert!(whole.is_closed);
        let mut open = Vec::new();
        for len in 0..file.len() {
            match list(&file[..len]) {
                Err(error) => assert_eq!(error.reason(), Reason::ListIncomplete, "{len}: {error}"),
                Ok(list) => {
                    assert!(!list.is_closed, "{len}");
                    open.push(len);
                }
            }
        }
        // Only behind the lines of the last record but its first: nothing in the file shows that one is missing.
        let last = file.windows(4).rposition(|bytes| bytes == b"\ndn:");
        let last = last.expect("a last record") + 1;
        let ends = (last..file.len()).filter(|&at| file[at] == b'\n');
        let ends: Vec<_> = ends.map(|at| at + 1).skip(1).collect();
        assert_eq!(open, ends[..ends.len() - 1]);
    }
}

#[test]
fn changes_cut_anywhere_are_whole_changes_or_incomplete() {
    for file in files("changes-written.ldif") {
        let whole = records(&file).expect("changes");
        for len in 0..file.len() {
            let mut reader = Reader::new(&file[..len]);
            let (mut read, mut error) = (Vec::new(), None);
            for record in reader.by_ref() {
                match record {
                    Ok(record) => read.push(record.record),
                    Err(found) => error = Some(found),
                }
            }
            if read.last() != read.len().checked_sub(1).map(|last| &whole[last]) {
                // Lines are missing at its end, and nothing else can show it.
                assert!(error.is_none() && !reader.is_closed(), "{len}");
                read.pop();
            }
            assert_eq!(read, whole[..read.len()], "{len}");
            if let Some(error) = error {
                assert_eq!(error.reason(), Reason::ListIncomplete, "{len}: {error}");
            }
        }
    }
}

#[test]
fn a_flipped_bit_never_leads_to_a_list_with_another_number_of_entries() {
    for name in ["list.ldif", "list-written.ldif", "changes.ldif"] {
        let mut file = sample(name);
        for at in 0..file.len() {
            let kept = file[at];
            for mask in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
                file[at] = kept ^ mask;
                check(&file);
            }
            file[at] = kept;
        }
    }
}

/// Reads a file in both ways: what comes out must be a list that counts, or an error within the file.
fn check(file: &[u8]) {
    let lines = file.iter().filter(|&&b| b == b'\n').count() as u64 + 1;
    let within = |error: &LdifError| assert!((1..=lines).contains(&error.line()), "{error}");
    if let Err(error) = records(file) {
        within(&error);
    }
    match List::read_from(file) {
        Ok(list) => assert_eq!(list.entries.len(), list.container.entry_count as usize),
        Err(error) => {
            within(&error);
            assert!(matches!(
                error.reason(),
                Reason::ListIncomplete | Reason::ListDamaged
            ));
        }
    }
}

/// Lines that mean something to the reader, to be put together at random.
const PIECES: &[&str] = &[
    "version: 1\n",
    "dn: ou=I\n",
    "dn: cn=a,ou=I\n",
    "dn:: Y249Yg==\n",
    "dn: \n",
    "objectClass: syncImportContainer\n",
    "syncImportedFrom: a\n",
    "syncReqSeq: 1\nsyncSvrSeq: 2\nsyncImpSeq: 3\n",
    "syncEntryCount: 1\n",
    "changetype: add\n",
    "changetype: delete\n",
    "changetype: modify\n",
    "changetype: modrdn\n",
    "newrdn: cn=a\n",
    "deleteoldrdn: 1\n",
    "newsuperior: o=x\n",
    "add: cn\n",
    "replace: cn\n",
    "cn: a\n",
    "cn:: YQ==\n",
    "cn:< file:///etc/hostname\n",
    "-\n",
    "\n",
    "\r\n",
    " \n",
    " x\n",
    "# x\n",
    "control: 1.2\n",
    "\u{feff}",
    ":",
    "x",
];

proptest! {
    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes);
    }

    #[test]
    fn lines_at_random_do_no_harm(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..30)) {
        check(pieces.concat().as_bytes());
    }
}

/// Counts what is read.
struct Counted<'c, R> {
    input: R,
    count: &'c Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let len = self.input.read(buffer)?;
        self.count.set(self.count.get() + len as u64);
        Ok(len)
    }
}

/// A text over and over.
struct Repeated {
    text: &'static [u8],
    at: usize,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        for byte in &mut *buffer {
            *byte = self.text[self.at % self.text.len()];
            self.at += 1;
        }
        Ok(buffer.len())
    }
}

#[test]
fn an_endless_record_is_given_up_at_the_limit() {
    for (head, text) in [
        ("", "x"),
        ("dn: cn=a", "x"),
        ("dn: cn=a\n", " x\n"),
        ("dn: cn=a\n", " \n"),
        ("dn: cn=a\n", "cn:\n"),
        ("dn: cn=a\ncn: a\n", "cn: a\n# x\n"),
        ("dn: cn=a\nchangetype: add\n", "cn: a\n"),
        ("dn: cn=a\nchangetype: modify\n", "replace:a\n-\n"),
        ("dn: cn=a\nchangetype: modify\nadd: cn\n", "cn: a\n"),
    ] {
        let count = Cell::new(0);
        let text = text.as_bytes();
        let input = Cursor::new(head).chain(Repeated { text, at: 0 });
        let input = Counted {
            input,
            count: &count,
        };
        let mut reader = Reader::new(BufReader::new(input));
        let error = reader.next().expect("an item").unwrap_err();
        assert_eq!(error.reason(), Reason::ListDamaged);
        assert!(error.to_string().len() < 200, "{error}");
        assert!(error.to_string().contains("a longer record"), "{error}");
        // Comments between the lines are read, not held.
        let twice = 2 * MAX_RECORD_LEN as u64;
        assert!(count.get() < twice, "{text:?}: {} bytes", count.get());
    }
}

#[test]
fn a_value_up_to_the_limit_is_read() {
    let head = "dn: cn=a\ndescription: ";
    let value = "v".repeat(MAX_RECORD_LEN - head.len() - 2);
    let file = format!("{head}{value}\n\n");
    assert_eq!(file.len(), MAX_RECORD_LEN);
    let read = records(file.as_bytes()).expect("an entry");
    let [Record::Entry(entry)] = &read[..] else {
        panic!("{} records", read.len());
    };
    assert_eq!(entry.attributes.text("description"), Some(&value[..]));
}
