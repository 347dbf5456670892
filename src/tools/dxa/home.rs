//! The data folder of the agent (DX-05): a postoffice of its own for mail, the ledger, and folders for lists.
//!
//! | path | what |
//! |---|---|
//! | `postoffice/` | the agent's postoffice: `external` brings its mail there and takes it from there |
//! | `ledger.db` | the ledger |
//! | `ledger.db.damaged-N` | ledgers that were damaged, put aside |
//! | `mirror.db` | what was read of the export containers last time; it may be lost at any time |
//! | `in/` | lists to be applied; `in/NAME/` those that do not say who made them |
//! | `out/` | lists that were made, and what was too big for a message |
//! | `done/`, `bad/` | lists that were in `in/`, each with its report |
//! | `removed/` | what a list removed, as LDIF |
//! | `dxa.log` | events |
//! | `dxa.service` | what a service that runs does next |
//! | `dxa.lock` | held by the run |
//! | `dxa.COMMAND.lock` | held by the run of that command |
//! | `dxa.queued` | cycles that were asked for while one ran |
//! | `dxa.queued.lock` | held by who reads or writes that |
//! | `dxa.following` | those of them that a run has begun with |

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::postoffice::{Layout, PostofficeError, setup};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};

use super::config::Config;
use super::event::{self, Event};

/// The command whose runs do not wait for each other: who comes second leaves a line, and the first goes on.
pub(super) const CYCLE: &str = "cycle";

/// How long a run that waits for another one rests before it looks again.
const REST: Duration = Duration::from_millis(50);

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

    /// Returns where a run puts what memory is not to hold, in files without a name: into the folder; in that of the system
    /// where a dry run finds none.
    pub(super) fn spill(&self) -> Option<&Path> {
        self.root.is_dir().then_some(&self.root)
    }

    /// Locks the folder for a run of a command: first among its like, then among all. Runs of one agent do not fail
    /// because of each other: who comes second waits.
    pub(super) fn lock(&self, command: &str, interrupt: &Interrupt) -> Result<Lock, ToolError> {
        let own = self.hold(&self.command_lock(command), interrupt)?;
        let all = self.hold(&self.lock_file(), interrupt)?;
        Ok(Lock {
            _files: vec![own, all],
        })
    }

    /// As [`Self::lock`] for a cycle; none where a cycle runs or waits already, which has to be left a line.
    pub(super) fn lock_cycle(&self, interrupt: &Interrupt) -> Result<Option<Lock>, ToolError> {
        let Some(own) = try_hold(&self.command_lock(CYCLE))? else {
            return Ok(None);
        };
        let all = self.hold(&self.lock_file(), interrupt)?;
        Ok(Some(Lock {
            _files: vec![own, all],
        }))
    }

    /// As [`Self::lock`]; none where somebody else works with the folder.
    pub(super) fn try_lock(&self, command: &str) -> Result<Option<Lock>, ToolError> {
        let mut held = Vec::new();
        for path in [self.command_lock(command), self.lock_file()] {
            match try_hold(&path)? {
                Some(file) => held.push(file),
                None => return Ok(None),
            }
        }
        Ok(Some(Lock { _files: held }))
    }

    /// Says that a run of this command is there, without keeping the folder from others; none where there is one.
    pub(super) fn claim(&self, command: &str) -> Result<Option<Lock>, ToolError> {
        let own = try_hold(&self.command_lock(command))?;
        Ok(own.map(|own| Lock { _files: vec![own] }))
    }

    fn hold(&self, path: &Path, interrupt: &Interrupt) -> Result<File, ToolError> {
        let mut is_told = false;
        loop {
            if let Some(file) = try_hold(path)? {
                return Ok(file);
            }
            if !is_told {
                // With standard error gone there is nobody to tell.
                let _gone = writeln!(
                    io::stderr(),
                    "dxa: another run of the agent works in {}; this one waits",
                    self.root.display()
                );
                is_told = true;
            }
            interrupt.check()?;
            thread::sleep(REST);
        }
    }

    /// Tells whether a run of this command works with the folder, or waits for it.
    pub(super) fn is_held_by(&self, command: &str) -> bool {
        File::open(self.command_lock(command)).is_ok_and(|file| {
            flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
        })
    }

    /// Leaves a line for the cycle that runs; the same line is left once.
    pub(super) fn queue(&self, line: &str) -> Result<(), ToolError> {
        let _lock = self.lock_queue()?;
        let path = self.queued();
        let there = fs::read_to_string(&path).unwrap_or_default();
        if there.lines().any(|queued| queued == line) {
            return Ok(());
        }
        let file = File::options().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
            .map_err(|error| unusable(&path, error))
    }

    /// Tells whether lines were left.
    pub(super) fn has_queued(&self) -> bool {
        self.following().exists() || self.queued().exists()
    }

    /// Returns the lines that were left, of a run that was killed over them too.
    pub(super) fn peek_queued(&self) -> Vec<String> {
        let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
        let text = read(self.following()) + &read(self.queued());
        text.lines().map(str::to_owned).collect()
    }

    /// Begins with the lines that were left; they are there until [`Self::finish_queued`], so that a run that is killed
    /// loses none. Only who has the folder as a cycle may ask.
    pub(super) fn begin_queued(&self) -> Result<Vec<String>, ToolError> {
        let taken = self.following();
        if !taken.exists() {
            let _lock = self.lock_queue()?;
            match fs::rename(self.queued(), &taken) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(unusable(&taken, error));
                }
                _ => {}
            }
        }
        let text = fs::read_to_string(&taken).unwrap_or_default();
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The lines of [`Self::begin_queued`] are done.
    pub(super) fn finish_queued(&self) -> Result<(), ToolError> {
        let taken = self.following();
        match fs::remove_file(&taken) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(&taken, error)),
            _ => Ok(()),
        }
    }

    fn lock_queue(&self) -> Result<File, ToolError> {
        let path = self.root.join("dxa.queued.lock");
        let file = open_lock(&path)?;
        flock(&file, FlockOperation::LockExclusive)
            .map_err(|error| unusable(&path, error.into()))?;
        Ok(file)
    }

    fn queued(&self) -> PathBuf {
        self.root.join("dxa.queued")
    }

    fn following(&self) -> PathBuf {
        self.root.join("dxa.following")
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

    /// Writes events into the log.
    pub(super) fn write_log(&self, clock: &Clock, events: &[Event]) -> Result<(), ToolError> {
        if events.is_empty() {
            return Ok(());
        }
        let path = self.log();
        event::append(&path, clock.now(), events).map_err(|error| unusable(&path, error))
    }

    /// Writes into the log why a service does not start.
    pub(super) fn log_refusal(&self, clock: &Clock, error: &ToolError) {
        if self.root.exists() {
            // The folder itself may be what is wrong.
            let _unsaid = self.write_log(clock, &[Event::of_error(error)]);
        }
    }

    pub(super) fn notice(&self) -> PathBuf {
        self.root.join("dxa.service")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.root.join("dxa.log")
    }
}

fn open_lock(path: &Path) -> Result<File, ToolError> {
    let options = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path);
    options.map_err(|error| unusable(path, error))
}

/// Locks a file; none where somebody else has it.
fn try_hold(path: &Path) -> Result<Option<File>, ToolError> {
    let file = open_lock(path)?;
    while let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
        if error != Errno::WOULDBLOCK {
            return Err(unusable(path, error.into()));
        }
        // Somebody who only looks does not count.
        if flock(&file, FlockOperation::NonBlockingLockShared).is_err() {
            return Ok(None);
        }
    }
    Ok(Some(file))
}

/// Says that a file failed which has no name and holds what memory is not to hold.
pub(super) fn unspilled(error: io::Error) -> ToolError {
    let text = "a temporary file in the data folder";
    ToolError::new(ExitCode::CannotWrite, text).caused_by(error)
}

/// Says that a file of the folder cannot be used.
pub(super) fn unusable(path: &Path, error: io::Error) -> ToolError {
    let exit = match error.kind() {
        io::ErrorKind::NotFound => ExitCode::NotFound,
        _ => ExitCode::CannotWrite,
    };
    ToolError::new(exit, path.display().to_string()).caused_by(error)
}
