//! The two logs of a postoffice: with the batch where a run succeeds, at once where it fails.

use std::fs;
use std::path::{Path, PathBuf};

use dirsync::address::PostofficeName;
use dirsync::codec::codepage::CodePage;
use dirsync::messages::{Message, Severity};
use dirsync::postoffice::log::{Log, LogLine, Years};
use dirsync::postoffice::{Holder, Postoffice, PostofficeError, setup};
use jiff::Timestamp;
use jiff::tz::TimeZone;

fn postoffice() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("PO1");
    let name = PostofficeName::parse(b"NET/PO1", CodePage::Cp850).unwrap();
    setup::create(&path, &name, CodePage::Cp850).unwrap();
    (root, path)
}

fn open(path: &Path) -> Postoffice {
    let now = "2026-11-21T08:30:00[UTC]".parse().unwrap();
    Postoffice::open_write(path, Holder::new("reqmain", "Admin", "Administrator", now)).unwrap()
}

fn at() -> Timestamp {
    "2026-11-21T08:30:00Z".parse().unwrap()
}

fn read(path: &Path, name: &str) -> String {
    fs::read_to_string(path.join("LOG").join(name)).unwrap_or_default()
}

#[test]
fn lines_of_success_come_with_the_batch() {
    let (_root, path) = postoffice();
    let postoffice = open(&path);
    let mut log = Log::new(TimeZone::UTC, Years::Four);
    log.add(at(), &LogLine::numbered(105, "0"));
    log.add_local(at(), &LogLine::status("only here"));
    let batch = postoffice.batch().unwrap();
    log.stage(&batch).unwrap();
    drop(batch);
    assert_eq!(read(&path, "DIRSYNC.LOG"), "", "not committed");

    log.add(at(), &LogLine::numbered(171, ""));
    let batch = postoffice.batch().unwrap();
    log.stage(&batch).unwrap();
    log.add(at(), &LogLine::status("Import is finished."));
    log.stage(&batch).unwrap();
    batch.commit().unwrap();
    assert_eq!(
        read(&path, "DIRSYNC.LOG"),
        "11/21/2026 08:30:00 | Status       No requestor updates to send\r\n\
         11/21/2026 08:30:00 | Status       Import is finished.\r\n"
    );
    assert_eq!(
        read(&path, "DSSERVER.LOG"),
        "11/21/2026 08:30:00 | 1 171\r\n11/21/2026 08:30:00 | 1  -1 Import is finished.\r\n"
    );
}

/// The block of Q148705: message 91 is logged by a program that does not hold the lock.
#[test]
fn lines_of_failure_need_no_lock() {
    let (_root, path) = postoffice();
    let holder = open(&path);
    let now = "2026-11-21T08:30:00[UTC]".parse().unwrap();
    let second = Holder::new("import", "Admin", "Administrator", now);
    let Err(PostofficeError::Locked(locked)) = Postoffice::open_write(&path, second) else {
        panic!("the lock is held");
    };
    let mut log = Log::new(TimeZone::UTC, Years::Two);
    log.add(at(), &LogLine::from(locked.message()));
    for line in locked.continuation() {
        log.add(at(), &LogLine::text(Severity::Fatal, line));
    }
    log.add(at(), &LogLine::status("Import is finished."));
    log.append_now(holder.layout()).unwrap();
    log.append_now(holder.layout()).unwrap(); // nothing is left to write
    assert_eq!(
        read(&path, "DIRSYNC.LOG"),
        "11/21/26 08:30:00 | Fatal  [ 91] The mail database is locked by another process: ADMIN\r\n\
         11/21/26 08:30:00 | Fatal  [   ]   Mailbox name: Admin.\r\n\
         11/21/26 08:30:00 | Fatal  [   ]   Full name: Administrator.\r\n\
         11/21/26 08:30:00 | Fatal  [   ]   FLAG.GLB is locked open.\r\n\
         11/21/26 08:30:00 | Status       Import is finished.\r\n"
    );
    assert_eq!(
        read(&path, "DSSERVER.LOG"),
        "11/21/26 08:30:00 | 2  91 ADMIN\r\n\
         11/21/26 08:30:00 | 2  -1   Mailbox name: Admin.\r\n\
         11/21/26 08:30:00 | 2  -1   Full name: Administrator.\r\n\
         11/21/26 08:30:00 | 2  -1   FLAG.GLB is locked open.\r\n\
         11/21/26 08:30:00 | 1  -1 Import is finished.\r\n"
    );
}

#[test]
fn a_torn_last_line_is_ended_before_the_next() {
    for failing in [false, true] {
        let (_root, path) = postoffice();
        fs::write(path.join("LOG/DIRSYNC.LOG"), "11/21/2026 08:2").unwrap();
        let postoffice = open(&path);
        let mut log = Log::new(TimeZone::UTC, Years::Four);
        log.add(at(), &LogLine::status("x"));
        if failing {
            log.append_now(postoffice.layout()).unwrap();
        } else {
            let batch = postoffice.batch().unwrap();
            log.stage(&batch).unwrap();
            batch.commit().unwrap();
        }
        assert_eq!(
            read(&path, "DIRSYNC.LOG"),
            "11/21/2026 08:2\r\n11/21/2026 08:30:00 | Status       x\r\n"
        );
    }
}

#[test]
fn lines_that_cannot_be_written_are_kept() {
    let (_root, path) = postoffice();
    let postoffice = open(&path);
    fs::create_dir(path.join("LOG/DSSERVER.LOG")).unwrap();
    let mut log = Log::new(TimeZone::UTC, Years::Four);
    log.add(at(), &LogLine::from(Message::new(14, "")));
    let error = log.append_now(postoffice.layout()).unwrap_err();
    assert!(
        error.to_string().contains("DSSERVER.LOG: cannot write"),
        "{error}"
    );
    assert!(log.as_numeric().ends_with("| 2  14\r\n"));
}
