//! Batches: the only way to change a postoffice. All files of a pass change together, or none.
//!
//! A batch is redo only (`design.md` section 3). In this order:
//!
//! 1. Every new file, and the bytes of every append, are staged in `GLB/DIRSYNC.TMP`.
//! 2. They are made durable together, and room for the appends is reserved.
//! 3. The journal is written beside them, made durable and renamed to `GLB/DIRSYNC.JNL`; when GLB is
//!    durable with that name in it, the batch is committed.
//! 4. The steps are carried out, every directory touched is made durable, then FLAG.GLB changes in place.
//! 5. The journal is removed, GLB made durable, the staging area emptied.
//!
//! Before 3 no target is touched, so a crash leaves the old state and a staging area that the next
//! writing open empties. After 3 that open carries the journal out, from wherever it stopped.

mod apply;
mod changes;
mod journal;
mod plan;
mod recover;
mod staging;
mod target;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::error::{AtPath, PostofficeError};
use super::layout::{self, Dir, File, Layout};
use super::lock::ExclusiveLock;
pub(super) use apply::append_lines;
use changes::{Changes, Purpose};
use journal::Step;
use plan::Plan;
pub use recover::Recovery;
pub(super) use recover::{is_pending, recover};
pub use staging::StagedFile;
use staging::{NEW_FILE_MODE, Staging, discard_staged, lock};
pub(super) use staging::{sync_directory, sync_filesystem};
pub use target::{TargetError, TargetFault};

/// How long a batch waits for a file that another program holds for a moment (Q117562).
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Something a batch noticed and dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// SORTLOCK.GLB of a run that is no more was removed (Q112301).
    StaleSortLock,
    /// A file to be moved had been taken away meanwhile.
    Gone(String),
    /// A message that an interrupted run had put in place was taken by a mail program since.
    Taken(String),
    /// A directory to be removed holds something else, and stays.
    NotEmpty(String),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StaleSortLock => f.write_str(
                "SORTLOCK.GLB was left by an interrupted import; nobody else is at work, so it was removed",
            ),
            Self::Gone(path) => write!(f, "{path} was taken away before it could be moved"),
            Self::Taken(path) => write!(f, "{path} was put in place and has been taken since"),
            Self::NotEmpty(path) => write!(f, "{path} is not empty and stays"),
        }
    }
}

/// What a batch did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Committed {
    /// Number of files and directories changed.
    pub steps: usize,
    /// What was noticed.
    pub warnings: Vec<Warning>,
}

/// Changes to a postoffice that happen together.
///
/// All methods take `&self`, so that several lists may be staged at once from several threads.
/// Dropping a batch that is not committed empties the staging area.
#[derive(Debug)]
#[must_use = "nothing changes before commit"]
pub struct Batch<'a> {
    layout: &'a Layout,
    lock: &'a ExclusiveLock,
    patience: Duration,
    staging: Mutex<Option<Arc<Staging>>>,
    changes: Arc<Mutex<Changes>>,
    /// Appends that are still written to.
    tails: Mutex<HashMap<File, StagedFile>>,
    warnings: Vec<Warning>,
    /// The journal is in place: the staging area belongs to it now.
    committed: bool,
}

impl<'a> Batch<'a> {
    /// Begins a batch under the lock of the postoffice. One lock carries one batch at a time.
    ///
    /// # Errors
    /// The directory cannot be read.
    ///
    /// # Panics
    /// Another batch is open under this lock.
    pub fn begin(layout: &'a Layout, lock: &'a ExclusiveLock) -> Result<Self, PostofficeError> {
        assert!(lock.open_batch(), "one batch at a time under one lock");
        let mut batch = Self {
            layout,
            lock,
            patience: PATIENCE,
            staging: Mutex::default(),
            changes: Arc::default(),
            tails: Mutex::default(),
            warnings: Vec::new(),
            committed: false,
        };
        // We hold the lock, so no import that made it can be at work.
        if layout.exists(&layout::SORTLOCK)? {
            batch.remove(&layout::SORTLOCK)?;
            batch.warnings.push(Warning::StaleSortLock);
        }
        Ok(batch)
    }

    /// Sets how long to wait for a file that somebody holds; [`PATIENCE`] else.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns what was noticed so far.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Looks whether files can be changed: to be asked before work is put into staging. [`Self::commit`] asks again.
    ///
    /// # Errors
    /// [`TargetError`] for the first file without a write bit in its mode, or held by another process.
    pub fn check_targets<'f>(
        &self,
        files: impl IntoIterator<Item = &'f File>,
    ) -> Result<(), PostofficeError> {
        files
            .into_iter()
            .try_for_each(|file| target::check(self.layout, file, self.patience))
    }

    /// Stages the whole of a file. What was staged for it before is forgotten.
    ///
    /// # Errors
    /// The staging area cannot be written.
    pub fn replace(&self, file: &File) -> Result<StagedFile, PostofficeError> {
        let mode = if *file == layout::DIRSYNC_PWD {
            0o600
        } else {
            NEW_FILE_MODE
        };
        self.drop_tail(file)?;
        StagedFile::create(
            &*self.staging()?,
            &self.changes,
            file,
            Purpose::Replace,
            mode,
        )
    }

    /// Stages the whole of a small file.
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub fn replace_bytes(&self, file: &File, bytes: &[u8]) -> Result<(), PostofficeError> {
        let mut staged = self.replace(file)?;
        staged.put(bytes)?;
        staged.finish()
    }

    /// Reads back what is staged for the whole of a file, from the disk; `None` where nothing is.
    ///
    /// # Errors
    /// The staged file cannot be read.
    pub fn read_staged(&self, file: &File) -> Result<Option<Vec<u8>>, PostofficeError> {
        let Some(staged) = lock(&self.changes).replacement(file) else {
            return Ok(None);
        };
        let path = self.staging()?.file(staged.number);
        fs::read(&path).reading(&path).map(Some)
    }

    /// Stages an empty file: what "truncate" means for a queue.
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub fn truncate(&self, file: &File) -> Result<(), PostofficeError> {
        self.replace_bytes(file, &[])
    }

    /// Stages bytes for the end of a file, which is made where it is missing. Many calls for one file cost one step.
    ///
    /// # Errors
    /// The staging area cannot be written.
    pub fn append(&self, file: &File, bytes: &[u8]) -> Result<(), PostofficeError> {
        let mut tails = lock_tails(&self.tails);
        let mut tail = match tails.remove(file) {
            Some(tail) => tail,
            None => self.new_tail(file)?,
        };
        tail.put(bytes)?;
        tails.insert(file.clone(), tail);
        Ok(())
    }

    /// Stages a stream for the end of a file; it stands behind what was appended before.
    ///
    /// # Errors
    /// The staging area cannot be written.
    pub fn append_writer(&self, file: &File) -> Result<StagedFile, PostofficeError> {
        if let Some(tail) = lock_tails(&self.tails).remove(file) {
            tail.finish()?;
        }
        self.new_tail(file)
    }

    /// Decides that a file goes; one that is not there is no error.
    ///
    /// # Errors
    /// What was staged for it cannot be removed.
    pub fn remove(&self, file: &File) -> Result<(), PostofficeError> {
        self.drop_tail(file)?;
        let superseded = lock(&self.changes).remove(file);
        match superseded.first() {
            Some(&any) => discard_staged(&self.staging()?.file(any), &superseded),
            None => Ok(()),
        }
    }

    /// Decides that a file gets another name; the directories must be on one device.
    pub fn move_file(&self, from: &File, to: &File) {
        lock(&self.changes).moves.push((from.clone(), to.clone()));
    }

    /// Decides that a directory is there, with those it lies in.
    pub fn create_dir(&self, dir: Dir) {
        if let Some(parent) = dir.parent() {
            self.create_dir(parent);
            let mut changes = lock(&self.changes);
            if !changes.new_dirs.contains(&dir) {
                changes.new_dirs.push(dir);
            }
        }
    }

    /// Decides that a directory goes with all files in it.
    ///
    /// # Errors
    /// It cannot be read, or holds a name that no file of a postoffice has.
    pub fn remove_dir(&self, dir: Dir) -> Result<(), PostofficeError> {
        for name in self.layout.list(dir)? {
            self.remove(&File::named(dir, &name)?)?;
        }
        lock(&self.changes).old_dirs.push(dir);
        Ok(())
    }

    /// Decides that the value of FLAG.GLB changes, so that clients read their lists again.
    pub fn bump_flag(&self) {
        lock(&self.changes).bump_flag = true;
    }

    /// Commits and carries out. An empty batch touches nothing.
    ///
    /// # Errors
    /// Before the commit point any error means that nothing was changed. [`PostofficeError::Incomplete`] alone
    /// comes after it: the changes are decided, and the next writing open completes them.
    pub fn commit(mut self) -> Result<Committed, PostofficeError> {
        let tails = std::mem::take(&mut *lock_tails(&self.tails));
        for tail in tails.into_values() {
            tail.finish()?;
        }
        if let Some(file) = lock(&self.changes).unfinished() {
            return Err(PostofficeError::Unfinished {
                name: file.to_string(),
            });
        }
        let steps = self.steps()?;
        let mut committed = Committed {
            steps: steps.len(),
            warnings: std::mem::take(&mut self.warnings),
        };
        if steps.is_empty() {
            return Ok(committed);
        }
        let staging = self.staging()?;
        staging.sync(&lock(&self.changes).staged())?;
        let journal = self.layout.path(&layout::DIRSYNC_JNL)?;
        let decided = staging.commit(&journal::encode(&steps), &journal);
        // As long as the journal has its name, the staging area belongs to it.
        self.committed = decided.is_ok() || journal.exists();
        if let Err(error) = decided {
            return Err(match self.committed {
                true => incomplete(error),
                false => error,
            });
        }
        let done = apply::apply(self.layout, self.lock, &staging, &steps).and_then(|warnings| {
            committed.warnings.extend(warnings);
            recover::clean_up(self.layout, &staging)
        });
        self.layout.forget();
        done.map_err(incomplete)?;
        Ok(committed)
    }

    /// Turns the decisions into steps, and checks whatever could fail after the commit point.
    fn steps(&self) -> Result<Vec<Step>, PostofficeError> {
        let changes = lock(&self.changes);
        let mut plan = Plan {
            layout: self.layout,
            patience: self.patience,
            staging: None,
            new_dirs: BTreeSet::new(),
            steps: Vec::new(),
        };
        for &dir in &changes.new_dirs {
            plan.make_dir(dir)?;
        }
        if !changes.staged().is_empty() {
            plan.staging = Some(self.staging()?);
        }
        for change in changes.files() {
            plan.change(change)?;
        }
        for (from, to) in &changes.moves {
            plan.move_file(from, to)?;
        }
        for &dir in &changes.old_dirs {
            let path = self.layout.dir_path(dir)?;
            if path.exists() {
                plan.steps
                    .push(Step::RemoveDir(self.layout.relative(&path)?));
            }
        }
        if changes.bump_flag {
            target::check(self.layout, &layout::FLAG, self.patience)?;
            plan.steps
                .push(Step::Flag(self.lock.flag()?.wrapping_add(1)));
        }
        Ok(plan.steps)
    }

    fn staging(&self) -> Result<Arc<Staging>, PostofficeError> {
        let mut staging = self
            .staging
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match &*staging {
            Some(staging) => Ok(Arc::clone(staging)),
            None => {
                let created = Arc::new(Staging::create(self.layout)?);
                *staging = Some(Arc::clone(&created));
                Ok(created)
            }
        }
    }

    fn new_tail(&self, file: &File) -> Result<StagedFile, PostofficeError> {
        StagedFile::create(
            &*self.staging()?,
            &self.changes,
            file,
            Purpose::Append,
            NEW_FILE_MODE,
        )
    }

    fn drop_tail(&self, file: &File) -> Result<(), PostofficeError> {
        let tail = lock_tails(&self.tails).remove(file);
        tail.map_or(Ok(()), StagedFile::cancel)
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let staging = match self.staging.get_mut() {
            Ok(staging) => staging.take(),
            Err(poisoned) => poisoned.into_inner().take(),
        };
        if let Some(staging) = staging.filter(|_| !self.committed) {
            // What cannot be removed now, the next writing open removes.
            let _ = staging.discard();
        }
        self.lock.close_batch();
    }
}

fn incomplete(source: PostofficeError) -> PostofficeError {
    PostofficeError::Incomplete {
        source: Box::new(source),
    }
}

fn lock_tails(
    tails: &Mutex<HashMap<File, StagedFile>>,
) -> std::sync::MutexGuard<'_, HashMap<File, StagedFile>> {
    tails
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
