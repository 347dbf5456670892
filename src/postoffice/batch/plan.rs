//! From decisions to the steps of a journal; whatever could fail after the commit point is looked at here.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{FallocateFlags, fallocate};

use super::changes::{Base, Change};
use super::journal::Step;
use super::staging::Staging;
use super::target;
use crate::postoffice::error::{AtPath, PostofficeError};
use crate::postoffice::layout::{Dir, File, Layout};

/// Builds the steps of a journal.
pub(super) struct Plan<'a> {
    pub(super) layout: &'a Layout,
    pub(super) patience: Duration,
    pub(super) staging: Option<Arc<Staging>>,
    pub(super) new_dirs: BTreeSet<Dir>,
    pub(super) steps: Vec<Step>,
}

impl Plan<'_> {
    pub(super) fn make_dir(&mut self, dir: Dir) -> Result<(), PostofficeError> {
        let path = self.layout.dir_path(dir)?;
        if !path.exists() {
            self.new_dirs.insert(dir);
            self.steps.push(Step::MakeDir(self.layout.relative(&path)?));
        }
        Ok(())
    }

    pub(super) fn change(&mut self, change: &Change) -> Result<(), PostofficeError> {
        let file = &change.file;
        target::check(self.layout, file, self.patience)?;
        let path = self.layout.path(file)?;
        let target = self.layout.relative(&path)?;
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => Some(metadata),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e).reading(&path),
        };
        let mut old_len = metadata.as_ref().map_or(0, fs::Metadata::len);
        let (mut base, mut tail) = (change.base, change.tail.as_slice());
        if let (Base::Keep, None, [first, rest @ ..]) = (base, &metadata, tail) {
            // The first bytes of a new file need no copy; a log may be made by somebody else meanwhile.
            if file.dir() != Dir::Log {
                (base, tail) = (Base::Replace(*first), rest);
            }
        }
        match base {
            Base::Remove if metadata.is_some() => self.steps.push(Step::Remove(target.clone())),
            Base::Keep | Base::Remove => {}
            Base::Replace(staged) => {
                self.check_directory(file.dir(), true)?;
                if let (Some(staging), Some(metadata)) = (&self.staging, &metadata) {
                    keep_mode(&staging.file(staged.number), metadata)?;
                }
                old_len = staged.len;
                self.steps.push(Step::Replace {
                    staged,
                    target: target.clone(),
                });
            }
        }
        if tail.is_empty() {
            return Ok(());
        }
        self.check_directory(file.dir(), false)?;
        let added: u64 = tail.iter().map(|staged| staged.len).sum();
        let final_len = old_len + added;
        if metadata.is_some() && base == Base::Keep {
            reserve(&path, old_len, added)?;
        }
        for &staged in tail {
            let target = target.clone();
            self.steps.push(match file.dir() {
                Dir::Log => Step::Log {
                    staged,
                    old_len,
                    target,
                },
                _ => Step::Append {
                    staged,
                    old_len,
                    final_len,
                    target,
                },
            });
            old_len += staged.len;
        }
        Ok(())
    }

    pub(super) fn move_file(&mut self, from: &File, to: &File) -> Result<(), PostofficeError> {
        target::check(self.layout, from, self.patience)?;
        let (from_path, to_path) = (self.layout.path(from)?, self.layout.path(to)?);
        if !from_path.exists() {
            return Err(PostofficeError::Missing { path: from_path });
        }
        if to_path.exists() {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists)).writing(&to_path);
        }
        self.check_directory(to.dir(), false)?;
        if let Some(parent) = from_path.parent() {
            let device = fs::metadata(parent).reading(parent)?.dev();
            self.check_device(to.dir(), parent, device)?;
        }
        self.steps.push(Step::Move {
            from: self.layout.relative(&from_path)?,
            to: self.layout.relative(&to_path)?,
        });
        Ok(())
    }

    /// Refuses a directory that will not be there, or that a rename cannot reach.
    fn check_directory(&self, dir: Dir, renamed_into: bool) -> Result<(), PostofficeError> {
        let path = self.layout.dir_path(dir)?;
        if !path.is_dir() && !self.new_dirs.contains(&dir) {
            return Err(PostofficeError::Missing { path });
        }
        match &self.staging {
            Some(staging) if renamed_into => {
                self.check_device(dir, staging.path(), staging.device()?)
            }
            _ => Ok(()),
        }
    }

    fn check_device(&self, dir: Dir, from: &Path, device: u64) -> Result<(), PostofficeError> {
        let mut path = self.layout.dir_path(dir)?;
        // A directory still to be made will be on the device of the one it is made in.
        while !path.exists() && path.pop() {}
        let target = fs::metadata(&path).reading(&path)?.dev();
        same_device(from, device, &path, target)
    }
}

pub(super) fn same_device(
    from: &Path,
    device: u64,
    to: &Path,
    target: u64,
) -> Result<(), PostofficeError> {
    if device == target {
        return Ok(());
    }
    Err(PostofficeError::OtherDevice {
        staging: from.to_owned(),
        target: to.to_owned(),
    })
}

/// Gives a staged file the mode and, where we may, the owner of the file it replaces.
fn keep_mode(staged: &Path, old: &fs::Metadata) -> Result<(), PostofficeError> {
    let file = fs::File::open(staged).writing(staged)?;
    let new = file.metadata().writing(staged)?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        match fchown(&file, Some(old.uid()), Some(old.gid())) {
            // Not root: the file then belongs to who changed it, as with any editor.
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {}
            other => other.writing(staged)?,
        }
    }
    let mode = old.permissions().mode() & 0o7777;
    file.set_permissions(fs::Permissions::from_mode(mode))
        .writing(staged)
}

/// Takes room for an append now, since after the commit point a full disk would come too late.
///
/// No byte and no size changes by it.
fn reserve(path: &Path, offset: u64, len: u64) -> Result<(), PostofficeError> {
    if len == 0 {
        return Ok(());
    }
    let file = fs::OpenOptions::new()
        .write(true)
        .open(path)
        .writing(path)?;
    match fallocate(&file, FallocateFlags::KEEP_SIZE, offset, len) {
        // Not every file system can; then a full disk is met while carrying out, and the journal waits.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
        other => other.writing(path),
    }
}
