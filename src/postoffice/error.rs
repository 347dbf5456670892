//! What can go wrong between a postoffice and the disk, and the exit code it ends in.

use std::io;
use std::path::{Path, PathBuf};

use super::batch::TargetError;
use super::layout::NameError;
use super::lock::Locked;
use crate::codec::CodecError;
use crate::codec::queue::QueueError;
use crate::messages::Message;

/// An error of the postoffice layer; every one names its file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostofficeError {
    /// There is no postoffice at the path given.
    #[error("{}: no postoffice here: {reason}", path.display())]
    NoPostoffice {
        /// The path as given.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// A file that must be there is not.
    #[error("{}: no such file", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Reading failed.
    #[error("{}: cannot read: {source}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Writing failed; nothing was changed.
    #[error("{}: cannot write: {source}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The bytes of a file are not what its layout says.
    #[error("{}: {source}", path.display())]
    Codec {
        /// The file.
        path: PathBuf,
        /// What is wrong, and at which byte.
        source: CodecError,
    },
    /// A name from outside cannot be a file name of a postoffice.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A path leads out of the postoffice.
    #[error("{}: leads out of the postoffice {}", path.display(), root.display())]
    Outside {
        /// The path that was followed.
        path: PathBuf,
        /// The root it should have stayed under.
        root: PathBuf,
    },
    /// Two names differ in letter case only, so neither can be told to be the one meant.
    #[error("{}: both {first} and {second} are here, names must differ in more than letter case", directory.display())]
    Ambiguous {
        /// The directory that holds both.
        directory: PathBuf,
        /// One spelling.
        first: String,
        /// The other.
        second: String,
    },
    /// Somebody else works on the postoffice.
    #[error(transparent)]
    Locked(#[from] Locked),
    /// A run was interrupted after its commit point; the next writing run completes it.
    #[error("{}: an interrupted run waits to be completed; run a writing program or try again", path.display())]
    Busy {
        /// The journal found.
        path: PathBuf,
    },
    /// The postoffice was opened for reading only.
    #[error("{}: opened for reading only", path.display())]
    ReadOnly {
        /// The root.
        path: PathBuf,
    },
    /// A file that a batch would change cannot be changed.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The staging area is on another device, so that a rename could not be atomic.
    #[error("{}: is on another device than {}, a rename between them is not atomic", staging.display(), target.display())]
    OtherDevice {
        /// The staging directory.
        staging: PathBuf,
        /// The directory that a staged file should move to.
        target: PathBuf,
    },
    /// A staged file was begun and never finished.
    #[error("{name}: staged but not finished")]
    Unfinished {
        /// The file.
        name: String,
    },
    /// The batch is committed, but carrying it out stopped; the next writing run goes on with it.
    #[error("the changes are decided but not all in place, the next run completes them: {source}")]
    Incomplete {
        /// What stopped it.
        source: Box<Self>,
    },
    /// A whole journal cannot be carried out; nothing more was changed.
    #[error("{}: {reason}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A new postoffice was asked for where something already is.
    #[error("{}: exists and is not empty", path.display())]
    Exists {
        /// The path given.
        path: PathBuf,
    },
    /// Mail cannot be sent: the outgoing Maildir is missing or cannot be written, as the INQUEUE pair could be (messages 113,
    /// 159 and 40).
    #[error("{}: mail cannot be sent: {reason}", path.display())]
    NoOutgoing {
        /// `P1` or a directory in it.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A queue file is damaged.
    #[error("{}: {source}", path.display())]
    Queue {
        /// The file.
        path: PathBuf,
        /// What is wrong, in which record and at which byte.
        source: Box<QueueError>,
    },
    /// No TID or mailbag number can be had (message 39).
    #[error("{0}")]
    Tid(String),
    /// A list is not as it was when its plan was made.
    #[error("{list}: has changed since the plan was made")]
    Moved {
        /// The list.
        list: String,
    },
    /// A value cannot be stored in its file.
    #[error("{0}")]
    Unstorable(String),
    /// A value for a new postoffice cannot be stored.
    #[error("{field}: {reason}")]
    Setup {
        /// Which value.
        field: &'static str,
        /// Why not.
        reason: String,
    },
}

impl PostofficeError {
    /// Returns the exit code of a program that stops for this error (`design.md` section 5).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoPostoffice { .. } | Self::Missing { .. } => 66,
            Self::Read { source, .. } => match source.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => 66,
                io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock => 75,
                _ => 65,
            },
            Self::Codec { .. }
            | Self::Queue { .. }
            | Self::Outside { .. }
            | Self::Ambiguous { .. }
            | Self::Journal { .. } => 65,
            Self::Name(_) | Self::Setup { .. } => 2,
            Self::Locked(_) | Self::Busy { .. } | Self::Incomplete { .. } => 75,
            Self::Moved { .. } => 4,
            Self::Tid(_)
            | Self::Unstorable(_)
            | Self::Write { .. }
            | Self::ReadOnly { .. }
            | Self::NoOutgoing { .. }
            | Self::Target(_)
            | Self::OtherDevice { .. }
            | Self::Unfinished { .. }
            | Self::Exists { .. } => 73,
        }
    }

    /// Returns the published message for this error, where there is one; `drive` is the letter of `-d`.
    #[must_use]
    pub fn message(&self, drive: char) -> Option<Message> {
        match self {
            Self::Locked(locked) => Some(locked.message()),
            Self::Target(target) => Some(target.message(drive)),
            Self::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some(Message::new(79, ""))
            }
            Self::Tid(reason) => Some(Message::new(39, reason)),
            Self::Incomplete { source } => source.message(drive),
            _ => None,
        }
    }
}

/// Adds the path to what the system said.
pub(crate) trait AtPath<T> {
    /// The failure was in reading.
    fn reading(self, path: &Path) -> Result<T, PostofficeError>;
    /// The failure was in writing.
    fn writing(self, path: &Path) -> Result<T, PostofficeError>;
}

impl<T, E: Into<io::Error>> AtPath<T> for Result<T, E> {
    fn reading(self, path: &Path) -> Result<T, PostofficeError> {
        self.map_err(|e| PostofficeError::Read {
            path: path.to_owned(),
            source: e.into(),
        })
    }

    fn writing(self, path: &Path) -> Result<T, PostofficeError> {
        self.map_err(|e| PostofficeError::Write {
            path: path.to_owned(),
            source: e.into(),
        })
    }
}
