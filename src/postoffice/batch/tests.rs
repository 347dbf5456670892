use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::super::layout::MailPart;
use super::super::lock::Holder;
use super::plan::same_device;
use super::*;
use crate::codec::HexId;

/// A postoffice with a few files, open for writing.
struct Site {
    root: tempfile::TempDir,
    layout: Layout,
    lock: Option<ExclusiveLock>,
}

impl Site {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("GLB/FLAG.GLB", "\x01\x02"),
            ("GLB/REQTRANS.GLB", "old requests"),
            ("GLB/MSTTRANS.GLB", "master"),
            ("GLB/RESYNC.GLB", "resync"),
            ("usr/0000000a.usr", "list"),
            ("LOG/DIRSYNC.LOG", "first\r\n"),
            ("MBG/SYSTEM/new/1.a", "mail"),
            ("MBG/SYSTEM/cur/0.a", "mail"),
            ("FOLDERS/LOC/0000000A/0000000A.IDX", "folder"),
        ] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let layout = Layout::open(root.path()).unwrap();
        let lock = Some(lock_of(&layout));
        Self { root, layout, lock }
    }

    fn batch(&self) -> Batch<'_> {
        Batch::begin(&self.layout, self.lock.as_ref().unwrap())
            .unwrap()
            .with_patience(Duration::ZERO)
    }

    fn recover(&self) -> Result<Option<Recovery>, PostofficeError> {
        recover(&self.layout, self.lock.as_ref().unwrap())
    }

    /// Every file with its bytes, but for the word of the lock.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut todo = vec![self.root.path().to_owned()];
        while let Some(dir) = todo.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    todo.push(path);
                    continue;
                }
                let name = path.strip_prefix(self.root.path()).unwrap();
                let name = name.to_str().unwrap().to_owned();
                if name != "GLB/DIRSYNC.LCK" {
                    files.insert(name, fs::read(path).unwrap());
                }
            }
        }
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn staging(&self) -> PathBuf {
        self.path("GLB/DIRSYNC.TMP")
    }
}

fn lock_of(layout: &Layout) -> ExclusiveLock {
    let now = "2026-11-21T08:30:00[UTC]".parse().unwrap();
    let holder = Holder::new("test", "Admin", "Administrator", now);
    ExclusiveLock::acquire(layout, holder, Duration::ZERO).unwrap()
}

/// One of each kind of change.
fn fill(batch: &Batch<'_>) -> Result<(), PostofficeError> {
    batch.replace_bytes(&layout::REQTRANS, b"new")?;
    batch.append(&layout::MSTTRANS, b" and")?;
    batch.append(&layout::MSTTRANS, b" more")?;
    let mut tail = batch.append_writer(&layout::MSTTRANS)?;
    tail.put(b", streamed")?;
    tail.finish()?;
    batch.remove(&layout::RESYNC)?;
    batch.replace_bytes(&File::usr(HexId(10)), b"longer list")?;
    batch.replace_bytes(&File::usr(HexId(11)), b"another")?;
    batch.append(&layout::DIRSYNC_LOG, b"second\r\n")?;
    batch.append(&layout::DSSERVER_LOG, b"numeric\r\n")?;
    batch.move_file(&mail(MailPart::New, "1.a"), &mail(MailPart::Cur, "1.a:2,S"));
    batch.create_dir(Dir::MailOut(MailPart::New));
    batch.replace_bytes(&File::named(Dir::MailOut(MailPart::New), "9.z")?, b"out")?;
    batch.remove_dir(Dir::FoldersUser(HexId(10)))?;
    batch.bump_flag();
    Ok(())
}

fn mail(part: MailPart, name: &str) -> File {
    File::named(Dir::MailIn(part), name).unwrap()
}

fn changed() -> BTreeMap<String, Vec<u8>> {
    [
        ("GLB/FLAG.GLB", "\x02\x02"),
        ("GLB/REQTRANS.GLB", "new"),
        ("GLB/MSTTRANS.GLB", "master and more, streamed"),
        ("usr/0000000a.usr", "longer list"),
        ("usr/0000000B.USR", "another"),
        ("LOG/DIRSYNC.LOG", "first\r\nsecond\r\n"),
        ("LOG/DSSERVER.LOG", "numeric\r\n"),
        ("MBG/SYSTEM/cur/0.a", "mail"),
        ("MBG/SYSTEM/cur/1.a:2,S", "mail"),
        ("P1/new/9.z", "out"),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
    .collect()
}

#[test]
fn a_committed_batch_changes_everything_and_leaves_nothing_behind() {
    let site = Site::new();
    let batch = site.batch();
    fill(&batch).unwrap();
    let committed = batch.commit().unwrap();
    assert!(committed.warnings.is_empty());
    assert_eq!(site.files(), changed());
    assert!(!site.staging().exists());
    assert!(!site.path("FOLDERS/LOC/0000000A").exists());
    assert_eq!(site.recover().unwrap(), None);
}

#[test]
fn a_dropped_batch_changes_nothing_and_empties_the_staging_area() {
    let site = Site::new();
    let before = site.files();
    let batch = site.batch();
    fill(&batch).unwrap();
    assert!(site.staging().exists());
    drop(batch);
    assert_eq!(site.files(), before);
    assert!(!site.staging().exists());
}

#[test]
fn nothing_reaches_a_target_before_the_commit() {
    let site = Site::new();
    let before = site.files();
    let batch = site.batch();
    fill(&batch).unwrap();
    let during: BTreeMap<_, _> = site
        .files()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("GLB/DIRSYNC.TMP/"))
        .collect();
    assert_eq!(during, before);
}

#[test]
fn an_empty_batch_touches_nothing() {
    let site = Site::new();
    let before = site.files();
    assert_eq!(site.batch().commit().unwrap(), Committed::default());
    assert_eq!(site.files(), before);
    assert!(!site.staging().exists());
}

#[test]
fn imp_s044_a_stale_sortlock_is_removed_with_a_warning() {
    let site = Site::new();
    fs::write(site.path("GLB/SORTLOCK.GLB"), "").unwrap();
    let committed = site.batch().commit().unwrap();
    assert_eq!(committed.warnings, [Warning::StaleSortLock]);
    assert!(committed.warnings[0].to_string().contains("SORTLOCK"));
    assert!(!site.path("GLB/SORTLOCK.GLB").exists());
}

#[test]
fn the_mode_of_a_replaced_file_is_kept() {
    let site = Site::new();
    let mode = |name: &str| fs::metadata(site.path(name)).unwrap().permissions().mode() & 0o7777;
    let odd = fs::Permissions::from_mode(0o660);
    fs::set_permissions(site.path("GLB/REQTRANS.GLB"), odd).unwrap();
    let batch = site.batch();
    for file in [layout::REQTRANS, layout::SRVTRANS, layout::DIRSYNC_PWD] {
        batch.replace_bytes(&file, b"x").unwrap();
    }
    batch.commit().unwrap();
    assert_eq!(mode("GLB/REQTRANS.GLB"), 0o660);
    assert_eq!(mode("GLB/SRVTRANS.GLB"), 0o644);
    assert_eq!(mode("GLB/DIRSYNC.PWD"), 0o600);
}

#[test]
fn an_append_does_not_copy_the_file() {
    let site = Site::new();
    let inode = || fs::metadata(site.path("GLB/MSTTRANS.GLB")).unwrap().ino();
    let before = inode();
    let batch = site.batch();
    batch.append(&layout::MSTTRANS, b"x").unwrap();
    batch.commit().unwrap();
    assert_eq!(inode(), before);
}

#[test]
fn a_read_only_target_is_refused_even_for_root_and_nothing_changes() {
    let site = Site::new();
    let path = site.path("usr/0000000a.usr");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let before = site.files();
    let batch = site.batch();
    let usr = File::usr(HexId(10));
    let error = batch.check_targets([&layout::REQTRANS, &usr]).unwrap_err();
    assert_eq!(error.exit_code(), 73);
    assert_eq!(
        error.message('M').unwrap().to_string(),
        "Error renaming file: M:USR\\IMPORT.USR"
    );
    fill(&batch).unwrap();
    let error = batch.commit().unwrap_err().to_string();
    assert_eq!(error, "USR/0000000A.USR: cannot be changed: read-only");
    assert_eq!(site.files(), before);
}

#[test]
fn a_target_held_by_another_is_refused() {
    let site = Site::new();
    let held = fs::File::open(site.path("GLB/REQTRANS.GLB")).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockShared).unwrap();
    let batch = site.batch();
    let error = batch.check_targets([&layout::REQTRANS]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "GLB/REQTRANS.GLB: cannot be changed: held by another process"
    );
    rustix::fs::flock(&held, rustix::fs::FlockOperation::Unlock).unwrap();
    batch.check_targets([&layout::REQTRANS]).unwrap();
}

#[test]
fn a_target_that_is_a_link_is_refused() {
    let site = Site::new();
    symlink(site.path("GLB/REQTRANS.GLB"), site.path("GLB/TID.GLB")).unwrap();
    let batch = site.batch();
    batch.replace_bytes(&layout::TID, b"x").unwrap();
    let error = batch.commit().unwrap_err().to_string();
    assert_eq!(error, "GLB/TID.GLB: cannot be changed: a symbolic link");
    assert_eq!(
        fs::read(site.path("GLB/REQTRANS.GLB")).unwrap(),
        b"old requests"
    );
}

#[test]
fn a_staged_file_that_is_not_finished_stops_the_commit() {
    let site = Site::new();
    let before = site.files();
    let batch = site.batch();
    let mut staged = batch.replace(&layout::REQTRANS).unwrap();
    staged.write_all(b"half").unwrap();
    drop(staged);
    let error = batch.commit().unwrap_err().to_string();
    assert_eq!(error, "GLB/REQTRANS.GLB: staged but not finished");
    assert_eq!(site.files(), before);
}

#[test]
fn a_cancelled_file_is_no_part_of_the_batch() {
    let site = Site::new();
    let before = site.files();
    let batch = site.batch();
    batch.replace(&layout::REQTRANS).unwrap().cancel().unwrap();
    assert_eq!(batch.commit().unwrap().steps, 0);
    assert_eq!(site.files(), before);
}

#[test]
fn a_missing_directory_is_found_before_anything_changes() {
    let site = Site::new();
    let before = site.files();
    let batch = site.batch();
    fill(&batch).unwrap();
    batch.append(&File::mem(HexId(1)), b"x").unwrap();
    let error = batch.commit().unwrap_err();
    assert!(error.to_string().ends_with("MEM: no such file"), "{error}");
    assert_eq!(site.files(), before);
}

#[test]
fn a_staging_area_on_another_device_is_refused() {
    let (a, b) = (Path::new("/po/GLB/DIRSYNC.TMP"), Path::new("/po/USR"));
    assert!(same_device(a, 1, b, 1).is_ok());
    let error = same_device(a, 1, b, 2).unwrap_err();
    assert_eq!(error.exit_code(), 73);
    assert_eq!(
        error.to_string(),
        "/po/GLB/DIRSYNC.TMP: is on another device than /po/USR, a rename between them is not atomic"
    );
}

#[test]
fn lists_can_be_staged_from_several_threads() {
    let site = Site::new();
    let batch = site.batch();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let batch = &batch;
            scope.spawn(move || {
                let text = format!("list {n}");
                let file = File::usr(HexId(100 + n));
                batch.replace_bytes(&file, text.as_bytes()).unwrap();
            });
        }
    });
    assert_eq!(batch.commit().unwrap().steps, 8);
    let last = File::usr(HexId(107));
    assert_eq!(site.layout.read(&last).unwrap().unwrap(), b"list 7");
}

#[test]
#[should_panic(expected = "one batch at a time under one lock")]
fn two_batches_under_one_lock_would_share_a_staging_area() {
    let site = Site::new();
    let _first = site.batch();
    let _second = site.batch();
}

/// Commits a batch up to its journal, and stops there as a killed process would.
fn stop_after_commit(site: &Site) {
    let batch = site.batch();
    fill(&batch).unwrap();
    for (_, tail) in std::mem::take(&mut *lock_tails(&batch.tails)) {
        tail.finish().unwrap();
    }
    let steps = batch.steps().unwrap();
    let staging = batch.staging().unwrap();
    let journal = site.layout.path(&layout::DIRSYNC_JNL).unwrap();
    staging.commit(&journal::encode(&steps), &journal).unwrap();
    *batch.staging.lock().unwrap() = None;
}

#[test]
fn a_committed_batch_is_completed_from_its_journal() {
    let site = Site::new();
    stop_after_commit(&site);
    assert!(is_pending(&site.layout).unwrap());
    assert!(matches!(
        site.recover().unwrap(),
        Some(Recovery::Completed { ref warnings, .. }) if warnings.is_empty()
    ));
    assert_eq!(site.files(), changed());
    assert!(!site.staging().exists());
    assert_eq!(site.recover().unwrap(), None);
}

#[test]
fn a_journal_may_be_carried_out_any_number_of_times() {
    let site = Site::new();
    stop_after_commit(&site);
    let journal = site.path("GLB/DIRSYNC.JNL");
    let steps = journal::decode(&fs::read(&journal).unwrap()).unwrap();
    let staging = Staging::at(&site.layout).unwrap();
    let lock = site.lock.as_ref().unwrap();
    // Stopped after each number of steps, each time from the beginning again.
    for count in 0..=steps.len() {
        assert_eq!(verify(&site, &steps), None, "before {count}");
        apply::apply(&site.layout, lock, &staging, &steps[..count]).unwrap();
    }
    assert_eq!(verify(&site, &steps), None);
    site.recover().unwrap();
    assert_eq!(site.files(), changed());
}

/// Carries out every step of the journal, and leaves it there.
fn apply_all(site: &Site) {
    let journal = fs::read(site.path("GLB/DIRSYNC.JNL")).unwrap();
    let steps = journal::decode(&journal).unwrap();
    let staging = Staging::at(&site.layout).unwrap();
    apply::apply(&site.layout, site.lock.as_ref().unwrap(), &staging, &steps).unwrap();
}

#[test]
fn a_message_that_was_taken_before_the_recovery_is_not_missed() {
    let site = Site::new();
    stop_after_commit(&site);
    apply_all(&site);
    fs::remove_file(site.path("P1/new/9.z")).unwrap();
    let found = site.recover().unwrap().unwrap();
    let said = "P1/new/9.z was put in place and has been taken since";
    assert!(found.to_string().ends_with(said), "{found}");
    let mut expected = changed();
    expected.remove("P1/new/9.z");
    assert_eq!(site.files(), expected);
}

#[test]
fn a_list_that_was_taken_before_the_recovery_is_missed() {
    let site = Site::new();
    stop_after_commit(&site);
    apply_all(&site);
    fs::remove_file(site.path("usr/0000000B.USR")).unwrap();
    let error = site.recover().unwrap_err();
    let said = "USR is neither staged nor in place";
    assert!(error.to_string().contains(said), "{error}");
    assert!(site.path("GLB/DIRSYNC.JNL").exists());
}

fn verify(site: &Site, steps: &[Step]) -> Option<String> {
    let staging = Staging::at(&site.layout).unwrap();
    apply::verify(&site.layout, &staging, steps).unwrap()
}

#[test]
fn a_torn_append_is_written_again() {
    let site = Site::new();
    stop_after_commit(&site);
    for torn in ["master and", "masterXXXX", "master and more, streame"] {
        fs::write(site.path("GLB/MSTTRANS.GLB"), torn).unwrap();
        let journal = fs::read(site.path("GLB/DIRSYNC.JNL")).unwrap();
        let steps = journal::decode(&journal).unwrap();
        let staging = Staging::at(&site.layout).unwrap();
        apply::apply(&site.layout, site.lock.as_ref().unwrap(), &staging, &steps).unwrap();
        assert_eq!(
            fs::read(site.path("GLB/MSTTRANS.GLB")).unwrap(),
            b"master and more, streamed"
        );
    }
}

#[test]
fn a_line_that_another_program_logged_meanwhile_is_kept() {
    let site = Site::new();
    stop_after_commit(&site);
    let log = site.path("LOG/DIRSYNC.LOG");
    append_lines(&log, b"between\r\n", None).unwrap();
    let journal = fs::read(site.path("GLB/DIRSYNC.JNL")).unwrap();
    let steps = journal::decode(&journal).unwrap();
    let staging = Staging::at(&site.layout).unwrap();
    apply::apply(&site.layout, site.lock.as_ref().unwrap(), &staging, &steps).unwrap();
    append_lines(&log, b"after\r\n", None).unwrap();
    site.recover().unwrap();
    assert_eq!(
        fs::read(&log).unwrap(),
        b"first\r\nbetween\r\nsecond\r\nafter\r\n"
    );
}

#[test]
fn a_torn_log_line_is_ended_before_the_next() {
    let site = Site::new();
    let log = site.path("LOG/DIRSYNC.LOG");
    fs::write(&log, "first\r\nsec").unwrap();
    append_lines(&log, b"third\r\n", None).unwrap();
    assert_eq!(fs::read(&log).unwrap(), b"first\r\nsec\r\nthird\r\n");
}

#[test]
fn a_damaged_journal_is_discarded_with_its_staging_area() {
    let site = Site::new();
    let before = site.files();
    stop_after_commit(&site);
    let journal = site.path("GLB/DIRSYNC.JNL");
    let mut bytes = fs::read(&journal).unwrap();
    bytes[20] ^= 1;
    fs::write(&journal, &bytes).unwrap();
    let found = site.recover().unwrap().unwrap();
    assert!(
        matches!(&found, Recovery::JournalDiscarded { reason } if reason.starts_with("stored checksum")),
        "{found}"
    );
    assert_eq!(site.files(), before);
    assert!(!site.staging().exists());
}

#[test]
fn a_journal_that_leads_out_is_refused_and_kept() {
    let site = Site::new();
    let outside = site.root.path().parent().unwrap().join("dirsync-victim");
    fs::write(&outside, "keep").unwrap();
    let steps = [Step::Remove("../dirsync-victim".to_owned())];
    fs::write(site.path("GLB/DIRSYNC.JNL"), journal::encode(&steps)).unwrap();
    let error = site.recover().unwrap_err();
    assert!(
        error.to_string().contains("leads out of the postoffice"),
        "{error}"
    );
    assert_eq!(error.exit_code(), 65);
    assert_eq!(fs::read(&outside).unwrap(), b"keep");
    assert!(site.path("GLB/DIRSYNC.JNL").exists());
    fs::remove_file(outside).unwrap();
}

#[test]
fn a_journal_through_a_link_that_leads_out_is_refused() {
    let site = Site::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("X"), "keep").unwrap();
    symlink(outside.path(), site.path("TPL")).unwrap();
    let steps = [Step::Remove("TPL/X".to_owned())];
    fs::write(site.path("GLB/DIRSYNC.JNL"), journal::encode(&steps)).unwrap();
    let error = site.recover().unwrap_err().to_string();
    assert!(error.contains("leads out of the postoffice"), "{error}");
    assert!(outside.path().join("X").exists());
}

#[test]
fn a_journal_whose_staged_bytes_changed_is_refused_before_the_first_step() {
    let site = Site::new();
    stop_after_commit(&site);
    let before: BTreeMap<_, _> = site.files();
    let staged = fs::read_dir(site.staging()).unwrap().last().unwrap();
    let staged = staged.unwrap().path();
    fs::write(&staged, "something else").unwrap();
    let error = site.recover().unwrap_err();
    assert_eq!(error.exit_code(), 65);
    assert!(error.to_string().contains("bytes it was"), "{error}");
    let mut after = site.files();
    let name = staged.strip_prefix(site.root.path()).unwrap();
    let name = name.to_str().unwrap();
    after.insert(name.to_owned(), before[name].clone());
    assert_eq!(after, before);
}

#[test]
fn what_was_staged_and_not_committed_is_discarded() {
    let site = Site::new();
    let before = site.files();
    fs::create_dir(site.staging()).unwrap();
    fs::write(site.staging().join("00000001"), "half").unwrap();
    assert_eq!(
        site.recover().unwrap(),
        Some(Recovery::StagingDiscarded { files: 1 })
    );
    assert_eq!(site.files(), before);
}

#[test]
fn a_staging_area_that_is_a_link_is_refused() {
    let site = Site::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("X"), "keep").unwrap();
    symlink(outside.path(), site.staging()).unwrap();
    let error = site.recover().unwrap_err().to_string();
    assert!(error.contains("leads out of the postoffice"), "{error}");
    assert!(outside.path().join("X").exists());
}
