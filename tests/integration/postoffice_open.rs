//! Opening a postoffice: who may, who waits, and what an interrupted run left.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use dirsync::address::PostofficeName;
use dirsync::codec::codepage::CodePage;
use dirsync::postoffice::batch::Recovery;
use dirsync::postoffice::layout;
use dirsync::postoffice::{Holder, Postoffice, PostofficeError, Role, setup};

fn holder() -> Holder {
    let now = "2026-11-21T08:30:00[UTC]".parse().unwrap();
    Holder::new("import", "Admin", "Administrator", now)
}

fn postoffice() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("PO1");
    let name = PostofficeName::parse(b"NET/PO1", CodePage::Cp850).unwrap();
    setup::create(&path, &name, CodePage::Cp850).unwrap();
    (root, path)
}

fn log(path: &Path) -> String {
    fs::read_to_string(path.join("LOG/DIRSYNC.LOG")).unwrap_or_default()
}

#[test]
fn what_is_no_postoffice_is_said_so() {
    let root = tempfile::tempdir().unwrap();
    for path in [root.path().to_owned(), root.path().join("NONE")] {
        let error = Postoffice::open_read(&path).unwrap_err();
        assert_eq!(error.exit_code(), 66, "{error}");
        assert!(error.to_string().contains("no postoffice here"), "{error}");
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn a_damaged_master_is_refused_with_its_byte() {
    let (_root, path) = postoffice();
    let master = path.join("GLB/MASTER.GLB");
    let mut bytes = fs::read(&master).unwrap();
    // Q103199: 174 bytes mean that a server translated line ends.
    fs::write(&master, &bytes[..174]).unwrap();
    let error = Postoffice::open_read(&path).unwrap_err();
    assert_eq!(error.exit_code(), 65);
    assert!(error.to_string().contains("size is 174 bytes"), "{error}");
    bytes[6..8].copy_from_slice(&[0x39, 0x30]);
    fs::write(&master, &bytes).unwrap();
    let error = Postoffice::open_read(&path).unwrap_err().to_string();
    assert!(
        error.ends_with("byte 0x6: code_page_id: found 12345, expected a code page"),
        "{error}"
    );
}

#[test]
fn the_role_follows_from_srvconf() {
    let (_root, path) = postoffice();
    assert_eq!(
        Postoffice::open_read(&path).unwrap().role().unwrap(),
        Role::Requestor
    );
    fs::write(path.join("GLB/SRVCONF.GLB"), [0; 1024]).unwrap();
    assert_eq!(
        Postoffice::open_read(&path).unwrap().role().unwrap(),
        Role::Server
    );
}

#[test]
fn readers_share_and_a_writer_is_alone() {
    let (_root, path) = postoffice();
    drop(Postoffice::open_write(&path, holder()).unwrap());
    let first = Postoffice::open_read(&path).unwrap();
    let second = Postoffice::open_read(&path).unwrap();
    let error = Postoffice::open_write(&path, holder()).unwrap_err();
    assert_eq!(error.exit_code(), 75);
    drop((first, second));
    let writer = Postoffice::open_write(&path, holder()).unwrap();
    let error = Postoffice::open_read(&path).unwrap_err();
    assert_eq!(error.exit_code(), 75);
    assert_eq!(
        error.message('M').unwrap().to_string(),
        "The mail database is locked by another process: ADMIN"
    );
    assert!(error.to_string().contains("import (process "), "{error}");
    drop(writer);
    assert!(Postoffice::open_read(&path).is_ok());
}

#[test]
fn a_waiting_reader_gets_its_turn() {
    let (_root, path) = postoffice();
    let writer = Postoffice::open_write(&path, holder()).unwrap();
    thread::scope(|scope| {
        let reader =
            scope.spawn(|| Postoffice::open_read_within(&path, Duration::from_secs(20)).is_ok());
        thread::sleep(Duration::from_millis(100));
        drop(writer);
        assert!(reader.join().unwrap());
    });
}

#[test]
fn a_reader_writes_nothing_and_begins_no_batch() {
    let (_root, path) = postoffice();
    let names = || {
        let mut names: Vec<_> = fs::read_dir(path.join("GLB"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let before = names();
    let reader = Postoffice::open_read(&path).unwrap();
    assert!(matches!(
        reader.batch(),
        Err(PostofficeError::ReadOnly { .. })
    ));
    assert_eq!(names(), before);
}

/// Tells the process that holds a postoffice where it is.
const ROOT: &str = "DIRSYNC_HOLD_ROOT";

#[test]
#[ignore = "run by the next test, as another process"]
fn holding_process() {
    let root = std::env::var_os(ROOT).expect("the next test says where");
    let _held = Postoffice::open_write(Path::new(&root), holder()).unwrap();
    println!("held");
    thread::sleep(Duration::from_secs(600));
}

/// The kernel ends a lock with its process; the word that a killed one leaves keeps nobody out.
#[test]
fn the_lock_of_a_process_that_died_is_gone() {
    let (_root, path) = postoffice();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg("postoffice_open::holding_process")
        .env(ROOT, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("held")));
    let error = Postoffice::open_write(&path, holder()).unwrap_err();
    let expected = format!("locked by import (process {} on ", child.id());
    assert!(error.to_string().contains(&expected), "{error}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(path.join("GLB/DIRSYNC.LCK").exists());
    let writer = Postoffice::open_write(&path, holder()).unwrap();
    assert_eq!(writer.recovery(), None);
}

#[test]
fn what_was_staged_and_not_committed_is_discarded_and_logged() {
    let (_root, path) = postoffice();
    let staging = path.join("GLB/DIRSYNC.TMP");
    fs::create_dir(&staging).unwrap();
    fs::write(staging.join("00000001"), "half").unwrap();
    // A reader is not in the way of it.
    assert!(Postoffice::open_read(&path).is_ok());
    let postoffice = Postoffice::open_write(&path, holder()).unwrap();
    assert_eq!(
        postoffice.recovery(),
        Some(&Recovery::StagingDiscarded { files: 1 })
    );
    assert!(!staging.exists());
    assert_eq!(
        log(&path),
        "11/21/2026 08:30:00 | Status       Discarded an interrupted run: 1 staged files\r\n"
    );
}

#[test]
fn a_damaged_journal_is_discarded_and_logged() {
    let (_root, path) = postoffice();
    let journal = path.join("GLB/DIRSYNC.JNL");
    fs::write(
        &journal,
        "DIRSYNC JOURNAL 1\nremove\tGLB/TID.GLB\nend\t1\t00000000\n",
    )
    .unwrap();
    let error = Postoffice::open_read(&path).unwrap_err();
    assert_eq!(error.exit_code(), 75);
    assert!(error.to_string().contains("interrupted run"), "{error}");
    let postoffice = Postoffice::open_write(&path, holder()).unwrap();
    assert!(matches!(
        postoffice.recovery(),
        Some(Recovery::JournalDiscarded { .. })
    ));
    assert!(postoffice.layout().exists(&layout::TID).unwrap());
    assert!(!journal.exists());
    assert!(
        log(&path).starts_with(
            "11/21/2026 08:30:00 | Warning[   ] Discarded a damaged journal, DIRSYNC.JNL: stored checksum 00000000, computed "
        ),
        "{}",
        log(&path)
    );
}
