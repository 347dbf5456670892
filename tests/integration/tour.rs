//! The tour leaves what it says: lists that agree with what their owners hold, and numbers that are right again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dirsync::codec::codepage::CodePage;
use dirsync::list::{ListEntry, ListId};
use dirsync::postoffice::places::Places;
use dirsync::postoffice::{Postoffice, layout};

/// The moment of the first record in the LISTQ screen of Q96060.
pub(crate) const NOW: &str = "1994-04-07T12:13:52Z";

/// The directory that README and help speak of.
pub(crate) const SHOWN: &str = "/tmp/dirsync-tour";

/// A tour that was given.
pub(crate) struct Given {
    directory: tempfile::TempDir,
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Given {
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("tour")
    }

    /// Returns what a program printed as if the tour had been in [`SHOWN`].
    pub(crate) fn shown(&self, text: &str) -> String {
        text.replace(self.path().to_str().expect("text"), SHOWN)
    }
}

/// Returns a program that will not ask, in UTC and at [`NOW`].
pub(crate) fn program(name: &str) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_tour")).with_file_name(name);
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs([("DIRSYNC_NOW", NOW), ("TZ", "UTC")]);
    command
}

/// Gives the tour in a directory of its own.
pub(crate) fn give() -> Given {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let output = program("tour")
        .arg(directory.path().join("tour"))
        .output()
        .expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Given {
        directory,
        exit: output.status.code().expect("it was not killed"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Names with mailboxes or addresses.
type Names = BTreeSet<(String, String)>;

/// What a list of a postoffice holds.
fn list(po: &Postoffice, id: &str) -> Names {
    let text = |bytes: &[u8]| CodePage::Cp850.decode(bytes);
    let entry = |entry: &ListEntry| {
        let address = match entry.stored_address() {
            [] => entry.mailbox.as_bytes(),
            stored => stored,
        };
        (text(entry.name.as_bytes()), text(address))
    };
    let places = Places::load(po).expect("readable");
    let id = ListId::from_bytes(id.as_bytes()).expect("a list");
    let list = po.load_list(&places, &id).expect("readable");
    list.entries.iter().map(entry).collect()
}

/// What the sample files say about a postoffice, read by their columns and nothing else; the first user of every
/// postoffice stands in no file.
fn sample(owner: &str) -> Names {
    let mut names = Names::from([("Administrator".to_owned(), "Admin".to_owned())]);
    for file in [&format!("{owner}.txt"), "change.txt"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/tour");
        let bytes = fs::read(path.join(file)).expect("a sample");
        let text = CodePage::Cp850.decode(&bytes);
        let is_own = |line: &&str| line.contains(&format!("/{}/", owner.to_uppercase()));
        for line in text.lines().filter(is_own) {
            let columns: Vec<char> = line.chars().collect();
            let cut = |range: &[char]| range.iter().collect::<String>().trim_end().to_owned();
            let address = cut(&columns[33..]);
            let mailbox = address.rsplit('/').next().expect("a mailbox").to_owned();
            let entry = (cut(&columns[2..32]), mailbox);
            match columns[0] {
                'A' => assert!(names.insert(entry), "{line}"),
                _ => assert!(names.remove(&entry), "{line}"),
            }
        }
    }
    names
}

#[test]
fn both_requestors_hold_what_the_owners_hold_and_the_numbers_are_mended() {
    let tour = give();
    assert_eq!(
        (tour.exit, tour.stderr.as_str()),
        (0, ""),
        "{}",
        tour.stdout
    );
    let open = |name: &str| Postoffice::open_read(&tour.path().join(name)).expect("a postoffice");
    let all = ["montgomery", "november", "october"];
    for at in all {
        let po = open(at);
        for owner in all.into_iter().filter(|owner| *owner != at) {
            let id = format!("PCM:POLYNOMIAL/{}", owner.to_uppercase());
            assert_eq!(list(&po, &id), sample(owner), "{id} at {at}");
        }
        let pairs = |pairs: &[(&str, &str)]| -> Names {
            let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
            pairs.iter().map(own).collect()
        };
        for (id, expected) in [
            (
                "PCM:NET1/PO1",
                &[
                    ("PO1 User One", "one1"),
                    ("PO1 User 2", "one2"),
                    ("PO1 User 3", "one3"),
                    ("PO1 User 4", "one4"),
                ][..],
            ),
            (
                "SNADS:SNADSGATE/SNADSDGN",
                &[("Doe, Jane B.", "JANEDOE"), ("Doe, John D.", "JOHNDOE")],
            ),
            ("SMTP:", &[("Sample User 0", "user0@dummy.host.edu")]),
            (
                "FAX:",
                &[("Sue Smith", "Sue Smith\rBldg 2\rContoso\r9,1206-555-0100\r")],
            ),
        ] {
            assert_eq!(list(&po, id), pairs(expected), "{id} at {at}");
        }
        assert!(
            !po.layout().exists(&layout::RESYNC).expect("readable"),
            "{at}"
        );
    }
    let numbers = |name| {
        let config = open(name).requestor_config().expect("readable");
        let numbers = (config.req_sync.0, config.srv_sync.0, config.import_sync.0);
        (numbers, config.server_stamp)
    };
    // The resync file gave OCTOBER the largest ReqSync of all (Q119449).
    let [(november, heard), (october, mended)] = ["november", "october"].map(numbers);
    assert_eq!((november, october), ((84, 158, 1), (84, 158, 1)));
    assert_eq!(heard, mended, "both were answered in one run");
    for expected in [
        "ReqSync 62 -> 84, SrvSync 4679 -> 158, ImportSync 1\n",
        "the queue of the requestor is missing (reqtrans-missing;",
    ] {
        assert!(tour.stdout.contains(expected), "{}", tour.stdout);
    }
}

#[test]
fn a_directory_with_something_in_it_is_left_alone() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("letter.txt");
    fs::write(&file, "dear").expect("writable");
    for (path, said) in [
        (directory.path(), "not empty"),
        (file.as_path(), "letter.txt"),
    ] {
        let output = program("tour").arg(path).output().expect("it runs");
        assert_eq!(output.status.code(), Some(73), "{output:?}");
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert!(stderr.contains(said), "{stderr}");
        assert!(output.stdout.is_empty());
    }
    assert_eq!(fs::read(&file).expect("there"), b"dear");
    assert_eq!(fs::read_dir(directory.path()).expect("readable").count(), 1);
}
