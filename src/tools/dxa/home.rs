//! The data folder of the agent (DX-05): a postoffice of its own for mail, the ledger, and folders for lists.
//!
//! | path | what |
//! |---|---|
//! | `postoffice/` | the agent's postoffice: `external` brings its mail there and takes it from there |
//! | `ledger.db` | the ledger |
//! | `mirror.db` | what was read of the export containers last time; it may be lost at any time |
//! | `in/` | lists to be applied; `in/NAME/` those that do not say who made them |
//! | `out/` | lists that were made, and what was too big for a message |
//! | `done/`, `bad/` | lists that were in `in/`, each with its report |
//! | `removed/` | what a list removed, as LDIF |
//! | `dxa.log` | events |
//! | `dxa.lock` | held by the run |
//! | `dxa.COMMAND.lock` | held by the run of that command |
//! | `dxa.queued` | cycles that were asked for while one ran |

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::postoffice::{Layout, PostofficeError, setup};
use crate::tools::exit::{ExitCode, ToolError};

use super::config::Config;

/// The data folder.
#[derive(Debug, Clone)]
pub(super) struct Home {
    root: PathBuf,
}

/// That this run, and no other, works with the folder.
#[derive(Debug)]
pub(super) struct Lock {
    _files: Vec<File>,
}

impl Home {
    /// Makes what is missing of the folder, the agent's postoffice too; a dry run makes nothing.
    pub(super) fn open(config: &Config, dry_run: bool) -> Result<Self, ToolError> {
        let home = Self::at(&config.agent.data);
        if dry_run {
            return Ok(home);
        }
        for folder in [
            home.incoming(),
            home.outgoing(),
            home.done(),
            home.bad(),
            home.removed(),
        ] {
            fs::create_dir_all(&folder).map_err(|error| unusable(&folder, error))?;
        }
        let postoffice = home.postoffice();
        if !postoffice.exists() {
            let made = setup::create(&postoffice, &config.agent.address, config.agent.code_page);
            match made {
                Ok(()) | Err(PostofficeError::Exists { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Layout::open(&postoffice)?;
        Ok(home)
    }

    /// Speaks of a folder that may not be there.
    pub(super) fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Locks the folder for a run of a command: first among its like, then among all.
    pub(super) fn lock(&self, command: &str) -> Result<Lock, ToolError> {
        let files = [self.command_lock(command), self.lock_file()];
        let mut held = Vec::with_capacity(files.len());
        for path in files {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
                .map_err(|error| unusable(&path, error))?;
            while let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
                if error != Errno::WOULDBLOCK {
                    return Err(unusable(&path, error.into()));
                }
                // Somebody who only looks does not count.
                if flock(&file, FlockOperation::NonBlockingLockShared).is_err() {
                    let text = format!(
                        "{}: another run of the agent works here",
                        self.root.display()
                    );
                    return Err(ToolError::new(ExitCode::Busy, text));
                }
            }
            held.push(file);
        }
        Ok(Lock { _files: held })
    }

    /// Tells whether a run of this command works with the folder.
    pub(super) fn is_held_by(&self, command: &str) -> bool {
        File::open(self.command_lock(command)).is_ok_and(|file| {
            flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
        })
    }

    /// Leaves a line for the run that works with the folder; the same line is left once.
    pub(super) fn queue(&self, line: &str) -> Result<(), ToolError> {
        let path = self.queued();
        let there = fs::read_to_string(&path).unwrap_or_default();
        if there.lines().any(|queued| queued == line) {
            return Ok(());
        }
        let file = File::options().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
            .map_err(|error| unusable(&path, error))
    }

    /// Takes the lines that were left.
    pub(super) fn take_queued(&self) -> Vec<String> {
        let taken = self.root.join(format!("dxa.queued.{}", std::process::id()));
        // Whoever gets the name has the lines; who does not, finds none.
        if fs::rename(self.queued(), &taken).is_err() {
            return Vec::new();
        }
        let text = fs::read_to_string(&taken).unwrap_or_default();
        let _ = fs::remove_file(&taken);
        text.lines().map(str::to_owned).collect()
    }

    fn queued(&self) -> PathBuf {
        self.root.join("dxa.queued")
    }

    fn command_lock(&self, command: &str) -> PathBuf {
        self.root.join(format!("dxa.{command}.lock"))
    }

    fn lock_file(&self) -> PathBuf {
        self.root.join("dxa.lock")
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn postoffice(&self) -> PathBuf {
        self.root.join("postoffice")
    }

    pub(super) fn ledger(&self) -> PathBuf {
        self.root.join("ledger.db")
    }

    pub(super) fn mirror(&self) -> PathBuf {
        self.root.join("mirror.db")
    }

    pub(super) fn incoming(&self) -> PathBuf {
        self.root.join("in")
    }

    pub(super) fn outgoing(&self) -> PathBuf {
        self.root.join("out")
    }

    pub(super) fn done(&self) -> PathBuf {
        self.root.join("done")
    }

    pub(super) fn bad(&self) -> PathBuf {
        self.root.join("bad")
    }

    pub(super) fn removed(&self) -> PathBuf {
        self.root.join("removed")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.root.join("dxa.log")
    }
}

pub(super) fn unusable(path: &Path, error: io::Error) -> ToolError {
    let exit = match error.kind() {
        io::ErrorKind::NotFound => ExitCode::NotFound,
        _ => ExitCode::CannotWrite,
    };
    ToolError::new(exit, path.display().to_string()).caused_by(error)
}
