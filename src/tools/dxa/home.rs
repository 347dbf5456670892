//! The data folder of the agent (DX-05): a postoffice of its own for mail, the ledger, and folders for lists.
//!
//! | path | what |
//! |---|---|
//! | `postoffice/` | the agent's postoffice: `external` brings its mail there and takes it from there |
//! | `ledger.db` | the ledger |
//! | `in/` | lists to be applied; `in/NAME/` those that do not say who made them |
//! | `out/` | lists that were made, and what was too big for a message |
//! | `done/`, `bad/` | lists that were in `in/`, each with its report |
//! | `removed/` | what a list removed, as LDIF |
//! | `dxa.log` | events |
//! | `dxa.lock` | held by the run |

use std::fs::{self, File};
use std::io;
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
    _file: File,
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

    /// Locks the folder for this run.
    pub(super) fn lock(&self) -> Result<Lock, ToolError> {
        let path = self.lock_file();
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = file.map_err(|error| unusable(&path, error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Lock { _file: file }),
            Err(Errno::WOULDBLOCK) => {
                let text = format!(
                    "{}: another run of the agent works here",
                    self.root.display()
                );
                Err(ToolError::new(ExitCode::Busy, text))
            }
            Err(error) => Err(unusable(&path, error.into())),
        }
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
