//! The lock of a postoffice: FLAG.GLB (`spec/files.md` 4.3; `design.md` section 3, "Locks").
//!
//! A pass holds FLAG.GLB exclusively, a reader shares it. The lock is the kernel's (`flock`), so it
//! ends with the process, whatever happens to it; `GLB/DIRSYNC.LCK` only says who holds it. Record locks
//! (`fcntl`), which file servers take for their clients, do not see ours, so they are looked at as well. FLAG.GLB is
//! never renamed or replaced, since a lock belongs to the file and not to its name: its two bytes
//! are changed in place.

use std::fmt;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, fcntl_getlk};

use super::error::{AtPath, PostofficeError};
use super::layout::{self, Layout};
use crate::messages::{self, Message};

/// Bytes of FLAG.GLB; fewer break its other readers (Q121256, Q136598).
pub const FLAG_LEN: usize = 2;

/// Bytes of DIRSYNC.LCK that are looked at.
const HOLDER_MAX_LEN: u64 = 4096;

/// How long between two tries for a lock.
const RETRY: Duration = Duration::from_millis(20);

/// Who holds a postoffice, for message 91.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Program, as `import`.
    pub program: String,
    /// Mailbox of the user signed in.
    pub mailbox: String,
    /// Full name of the user signed in.
    pub full_name: String,
    /// Host the program runs on.
    pub host: String,
    /// Process id on that host.
    pub process: u32,
    /// Since when, with the zone the logs are kept in.
    pub since: jiff::Zoned,
}

impl Holder {
    /// Describes this process.
    #[must_use]
    pub fn new(program: &str, mailbox: &str, full_name: &str, now: jiff::Zoned) -> Self {
        Self {
            program: program.to_owned(),
            mailbox: mailbox.to_owned(),
            full_name: full_name.to_owned(),
            host: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            process: std::process::id(),
            since: now,
        }
    }

    /// Returns the text of DIRSYNC.LCK: one `key: value` per line.
    fn to_text(&self) -> String {
        let line = |text: &str| text.replace(char::is_control, " ");
        format!(
            "program: {}\nmailbox: {}\nfull name: {}\nhost: {}\nprocess: {}\nsince: {}\n",
            line(&self.program),
            line(&self.mailbox),
            line(&self.full_name),
            line(&self.host),
            self.process,
            self.since,
        )
    }

    /// Reads the text of DIRSYNC.LCK; `None` when it is not whole.
    fn from_text(text: &str) -> Option<Self> {
        let value = |key: &str| {
            text.lines()
                .find_map(|line| line.split_once(": ").filter(|(k, _)| *k == key))
                .map(|(_, value)| value.to_owned())
        };
        Some(Self {
            program: value("program")?,
            mailbox: value("mailbox")?,
            full_name: value("full name")?,
            host: value("host")?,
            process: value("process")?.parse().ok()?,
            since: value("since")?.parse().ok()?,
        })
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (process {} on {}, mailbox {}, {}, since {})",
            self.program,
            self.process,
            self.host,
            self.mailbox,
            self.full_name,
            self.since.strftime("%Y-%m-%d %H:%M:%S"),
        )
    }
}

/// Somebody else holds FLAG.GLB: message 91, exit 75.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// FLAG.GLB.
    pub path: PathBuf,
    /// Who holds it; unknown where it is a program that leaves no word, or readers.
    pub holder: Option<Box<Holder>>,
    /// Whether readers share it, rather than a writer holding it.
    pub shared: bool,
    /// Process with a record lock on it, where that is in the way; 0 where the system does not tell.
    pub process: Option<u32>,
}

impl Locked {
    /// Returns message 91 with the mailbox of the holder (Q148705).
    #[must_use]
    pub fn message(&self) -> Message {
        let mailbox = match &self.holder {
            Some(holder) => holder.mailbox.to_uppercase(),
            None if self.shared => "(readers)".to_owned(),
            None => "(unknown)".to_owned(),
        };
        Message::new(91, mailbox)
    }

    /// Returns the un-numbered lines that follow message 91 in a log (Q148705).
    #[must_use]
    pub fn continuation(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(holder) = &self.holder {
            lines.push(format!("  Mailbox name: {}.", holder.mailbox));
            lines.push(format!("  Full name: {}.", holder.full_name));
        }
        lines.push(format!("  {}", messages::FLAG_LOCKED));
        lines
    }
}

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: locked by ", self.path.display())?;
        match (&self.holder, self.process) {
            (_, Some(process)) if process > 0 => {
                write!(f, "process {process}; close it and try again")
            }
            (Some(holder), _) => write!(f, "{holder}"),
            (None, _) if self.shared => f.write_str("programs that are reading; try again"),
            (None, _) => f.write_str("another program; close it and try again"),
        }
    }
}

impl std::error::Error for Locked {}

/// The lock of a pass: nobody else reads or writes. Dropping it releases the postoffice.
#[derive(Debug)]
#[must_use = "the postoffice is released when this is dropped"]
pub struct ExclusiveLock {
    flag: fs::File,
    path: PathBuf,
    holder_path: PathBuf,
    holder: Holder,
    /// A batch is open: its staging area is the only one.
    in_batch: AtomicBool,
}

impl ExclusiveLock {
    /// Takes FLAG.GLB exclusively, making it where it is missing, and tries for `patience`.
    ///
    /// # Errors
    /// [`PostofficeError::Locked`] with the holder; FLAG.GLB or DIRSYNC.LCK cannot be written.
    pub fn acquire(
        layout: &Layout,
        holder: Holder,
        patience: Duration,
    ) -> Result<Self, PostofficeError> {
        let path = layout.path(&layout::FLAG)?;
        let flag = lock_file(
            layout,
            &path,
            FlockOperation::NonBlockingLockExclusive,
            patience,
        )?
        .expect("an exclusive lock makes the file");
        let lock = Self {
            flag,
            path,
            holder_path: layout.path(&layout::DIRSYNC_LCK)?,
            holder,
            in_batch: AtomicBool::new(false),
        };
        lock.repair_flag()?;
        fs::write(&lock.holder_path, lock.holder.to_text()).writing(&lock.holder_path)?;
        Ok(lock)
    }

    /// Returns who holds it: this process.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Returns the value of FLAG.GLB.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn flag(&self) -> Result<u16, PostofficeError> {
        let mut bytes = [0; FLAG_LEN];
        let mut flag = &self.flag;
        flag.seek(SeekFrom::Start(0)).reading(&self.path)?;
        flag.read_exact(&mut bytes).reading(&self.path)?;
        Ok(u16::from_le_bytes(bytes))
    }

    /// Writes the value of FLAG.GLB in place and makes it durable.
    pub(super) fn set_flag(&self, value: u16) -> Result<(), PostofficeError> {
        let mut flag = &self.flag;
        flag.seek(SeekFrom::Start(0)).writing(&self.path)?;
        flag.write_all(&value.to_le_bytes()).writing(&self.path)?;
        flag.sync_data().writing(&self.path)
    }

    /// Marks that a batch begins; false when one is open.
    pub(super) fn open_batch(&self) -> bool {
        !self.in_batch.swap(true, Ordering::Relaxed)
    }

    /// Marks that the batch ended.
    pub(super) fn close_batch(&self) {
        self.in_batch.store(false, Ordering::Relaxed);
    }

    /// Gives FLAG.GLB its two bytes: new, or cut by somebody (Q121256).
    fn repair_flag(&self) -> Result<(), PostofficeError> {
        let len = self.flag.metadata().reading(&self.path)?.len();
        if len < FLAG_LEN as u64 {
            self.flag.set_len(FLAG_LEN as u64).writing(&self.path)?;
        }
        Ok(())
    }
}

impl Drop for ExclusiveLock {
    fn drop(&mut self) {
        // Only a word for others: a leftover is never believed, the lock itself ends with the file.
        let _ = fs::remove_file(&self.holder_path);
        unlock(&self.flag);
    }
}

/// The lock of a reader; writers wait. Dropping it releases the postoffice.
#[derive(Debug)]
#[must_use = "the postoffice is released when this is dropped"]
pub struct SharedLock {
    flag: Option<fs::File>,
}

impl SharedLock {
    /// Shares FLAG.GLB; where there is none, the reader goes unlocked. Writes nothing.
    ///
    /// # Errors
    /// [`PostofficeError::Locked`] with the holder; FLAG.GLB cannot be opened.
    pub fn acquire(layout: &Layout, patience: Duration) -> Result<Self, PostofficeError> {
        let path = layout.path(&layout::FLAG)?;
        let flag = lock_file(
            layout,
            &path,
            FlockOperation::NonBlockingLockShared,
            patience,
        )?;
        Ok(Self { flag })
    }

    /// Tells whether there was a FLAG.GLB to share.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.flag.is_some()
    }
}

impl Drop for SharedLock {
    fn drop(&mut self) {
        self.flag.iter().for_each(unlock);
    }
}

/// Lets go at once: closing alone would wait for a child that is just being started and shares the open file.
pub(super) fn unlock(flag: &fs::File) {
    // It fails for no file that was locked; if it did, closing would do.
    let _ = flock(flag, FlockOperation::Unlock);
}

pub(super) fn lock_file(
    layout: &Layout,
    path: &Path,
    operation: FlockOperation,
    patience: Duration,
) -> Result<Option<fs::File>, PostofficeError> {
    let exclusive = matches!(operation, FlockOperation::NonBlockingLockExclusive);
    let start = Instant::now();
    loop {
        let mut options = fs::OpenOptions::new();
        options.read(true);
        if exclusive {
            options.write(true).create(true).truncate(false);
        }
        let file = match options.open(path) {
            Err(e) if !exclusive && e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other if exclusive => other.writing(path)?,
            other => other.reading(path)?,
        };
        match flock(&file, operation) {
            Ok(()) if is_still(&file, path) => {
                let Some(process) = record_lock(&file, path, exclusive)? else {
                    return Ok(Some(file));
                };
                if start.elapsed() >= patience {
                    return Err(PostofficeError::Locked(Locked {
                        path: path.to_owned(),
                        holder: None,
                        shared: false,
                        process: Some(process),
                    }));
                }
                unlock(&file);
                thread::sleep(RETRY);
            }
            // Removed or replaced between opening and locking: what we hold is nobody's lock.
            Ok(()) => {}
            Err(Errno::WOULDBLOCK | Errno::INTR) if start.elapsed() < patience => {
                thread::sleep(RETRY);
            }
            Err(Errno::WOULDBLOCK | Errno::INTR) => {
                return Err(locked(layout, &file, path, exclusive)?.into());
            }
            Err(e) => return Err(e).writing(path),
        }
    }
}

/// Returns the process whose record lock is in the way of ours; 0 where the system cannot tell which.
fn record_lock(
    file: &fs::File,
    path: &Path,
    exclusive: bool,
) -> Result<Option<u32>, PostofficeError> {
    let wanted = match exclusive {
        true => FlockType::WriteLock,
        false => FlockType::ReadLock,
    };
    let found = fcntl_getlk(file, &Flock::from(wanted)).reading(path)?;
    Ok(found.map(|lock| lock.pid.map_or(0, |pid| pid.as_raw_nonzero().get() as u32)))
}

fn is_still(file: &fs::File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// Finds out who is in the way. If the lock could be shared, readers are, and DIRSYNC.LCK is old.
fn locked(
    layout: &Layout,
    file: &fs::File,
    path: &Path,
    exclusive: bool,
) -> Result<Locked, PostofficeError> {
    let shared = exclusive && flock(file, FlockOperation::NonBlockingLockShared).is_ok();
    let holder = match shared {
        true => None,
        false => read_holder(layout)?,
    };
    Ok(Locked {
        path: path.to_owned(),
        holder: holder.map(Box::new),
        shared,
        process: None,
    })
}

fn read_holder(layout: &Layout) -> Result<Option<Holder>, PostofficeError> {
    let Some(file) = layout.open_file(&layout::DIRSYNC_LCK)? else {
        return Ok(None);
    };
    let mut text = String::new();
    let read = file.take(HOLDER_MAX_LEN).read_to_string(&mut text);
    Ok(read.ok().and_then(|_| Holder::from_text(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postoffice() -> (tempfile::TempDir, Layout) {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("GLB")).unwrap();
        let layout = Layout::open(root.path()).unwrap();
        (root, layout)
    }

    fn holder() -> Holder {
        let now = "2026-11-21T08:30:00[UTC]".parse().unwrap();
        Holder::new("import", "Admin", "Administrator", now)
    }

    fn exclusive(layout: &Layout) -> Result<ExclusiveLock, PostofficeError> {
        ExclusiveLock::acquire(layout, holder(), Duration::ZERO)
    }

    fn refused<T>(result: Result<T, PostofficeError>) -> Locked {
        match result {
            Err(PostofficeError::Locked(locked)) => locked,
            Err(e) => panic!("{e}"),
            Ok(_) => panic!("not locked"),
        }
    }

    #[test]
    fn the_second_writer_is_told_who_holds_it() {
        let (_root, layout) = postoffice();
        let lock = exclusive(&layout).unwrap();
        for locked in [
            refused(exclusive(&layout)),
            refused(SharedLock::acquire(&layout, Duration::ZERO)),
        ] {
            assert_eq!(locked.holder.as_deref(), Some(&holder()));
            assert_eq!(
                locked.message().to_string(),
                "The mail database is locked by another process: ADMIN"
            );
            assert_eq!(
                locked.continuation(),
                [
                    "  Mailbox name: Admin.",
                    "  Full name: Administrator.",
                    "  FLAG.GLB is locked open."
                ]
            );
        }
        drop(lock);
        assert!(!layout.exists(&layout::DIRSYNC_LCK).unwrap());
        drop(exclusive(&layout).unwrap());
    }

    #[test]
    fn readers_share_and_keep_a_writer_out() {
        let (_root, layout) = postoffice();
        drop(exclusive(&layout).unwrap());
        let first = SharedLock::acquire(&layout, Duration::ZERO).unwrap();
        let second = SharedLock::acquire(&layout, Duration::ZERO).unwrap();
        assert!(first.is_held() && second.is_held());
        // What a killed writer left is not taken for the holder.
        fs::write(
            layout.path(&layout::DIRSYNC_LCK).unwrap(),
            holder().to_text(),
        )
        .unwrap();
        let locked = refused(exclusive(&layout));
        assert!(locked.shared && locked.holder.is_none());
        drop((first, second));
        drop(exclusive(&layout).unwrap());
    }

    #[test]
    fn without_a_flag_a_reader_goes_unlocked_and_a_writer_makes_it() {
        let (_root, layout) = postoffice();
        let reader = SharedLock::acquire(&layout, Duration::ZERO).unwrap();
        assert!(!reader.is_held());
        assert!(!layout.exists(&layout::FLAG).unwrap());
        let lock = exclusive(&layout).unwrap();
        assert_eq!(layout.len(&layout::FLAG).unwrap(), Some(2));
        assert_eq!(lock.flag().unwrap(), 0);
        lock.set_flag(0x0102).unwrap();
        assert_eq!(layout.read(&layout::FLAG).unwrap().unwrap(), [2, 1]);
    }

    #[test]
    fn a_cut_flag_gets_its_two_bytes() {
        let (_root, layout) = postoffice();
        fs::write(layout.path(&layout::FLAG).unwrap(), [7]).unwrap();
        assert_eq!(exclusive(&layout).unwrap().flag().unwrap(), 7);
    }

    #[test]
    fn the_text_of_the_holder_cannot_be_forged_by_a_name() {
        let mut forged = holder();
        forged.mailbox = "X\nprogram: other".to_owned();
        let read = Holder::from_text(&forged.to_text()).unwrap();
        assert_eq!(read.program, "import");
        assert_eq!(read.mailbox, "X program: other");
    }
}
