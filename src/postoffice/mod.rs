//! One postoffice on disk: where its files are, who may change them, and how they change together.
//!
//! [`Postoffice::open_read`] shares the postoffice with other readers and writes nothing.
//! [`Postoffice::open_write`] holds it alone; what an interrupted run left is completed or discarded
//! first. Every change then goes through a [`Batch`], so that all files change or none.

pub mod accounts;
pub mod batch;
pub mod define;
pub mod dispatch;
mod error;
mod export;
mod files;
pub mod gal;
pub mod groups;
mod held;
pub mod ids;
pub mod layout;
pub mod leftovers;
pub mod lists;
pub mod local;
pub mod lock;
pub mod log;
pub mod mailbag;
pub mod master_list;
pub mod own_names;
pub mod ownership;
pub mod participants;
pub mod passwords;
pub mod places;
pub mod pol;
pub mod queues;
pub mod scan;
pub mod setup;
pub mod touched;
pub mod transfer_log;

use std::path::Path;
use std::time::Duration;

pub use batch::Batch;
use batch::Recovery;
pub use error::PostofficeError;
pub use export::ExportItem;
pub use held::HeldLayout;
pub use layout::{Dir, File, Layout};
use lock::{ExclusiveLock, SharedLock};
pub use lock::{Holder, Locked};
use log::{Log, LogLine, Years};

use crate::address::PostofficeName;
use crate::codec::CodecError;
use crate::codec::codepage::CodePage;
use crate::codec::master::Master;
use crate::messages::Severity;

/// What a postoffice is to directory synchronization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Requestor only.
    Requestor,
    /// Dir-sync server, which is its own requestor too.
    Server,
}

/// How a postoffice is held.
#[derive(Debug)]
enum Hold {
    Shared(#[allow(dead_code, reason = "held until it is dropped")] SharedLock),
    Exclusive(ExclusiveLock),
}

/// One postoffice, open and locked until it is dropped.
#[derive(Debug)]
pub struct Postoffice {
    layout: Layout,
    hold: Hold,
    recovery: Option<Recovery>,
    master: Master,
    name: PostofficeName,
    code_page: CodePage,
}

impl Postoffice {
    /// Opens a postoffice for reading; it does not change while it is open, and nothing in it is written.
    ///
    /// # Errors
    /// There is none; a writer holds it ([`PostofficeError::Locked`]); a committed run waits to be completed
    /// ([`PostofficeError::Busy`]).
    pub fn open_read(path: &Path) -> Result<Self, PostofficeError> {
        Self::open_read_within(path, Duration::ZERO)
    }

    /// As [`Self::open_read`], waiting up to `patience` for a writer to end.
    ///
    /// # Errors
    /// As [`Self::open_read`].
    pub fn open_read_within(path: &Path, patience: Duration) -> Result<Self, PostofficeError> {
        let layout = find(path)?;
        let lock = SharedLock::acquire(&layout, patience)?;
        if batch::is_pending(&layout)? {
            return Err(PostofficeError::Busy {
                path: layout.path(&layout::DIRSYNC_JNL)?,
            });
        }
        Self::load(layout, Hold::Shared(lock), None)
    }

    /// Opens a postoffice for a pass: nobody else reads or writes it. What an interrupted run left is completed
    /// or discarded first, and said in DIRSYNC.LOG ([`Self::recovery`]).
    ///
    /// # Errors
    /// There is none; somebody holds it ([`PostofficeError::Locked`], with who); a journal cannot be carried out
    /// ([`PostofficeError::Journal`]).
    pub fn open_write(path: &Path, holder: Holder) -> Result<Self, PostofficeError> {
        Self::open_write_within(path, holder, Duration::ZERO)
    }

    /// As [`Self::open_write`], waiting up to `patience` for others to end.
    ///
    /// # Errors
    /// As [`Self::open_write`].
    pub fn open_write_within(
        path: &Path,
        holder: Holder,
        patience: Duration,
    ) -> Result<Self, PostofficeError> {
        let layout = find(path)?;
        let lock = ExclusiveLock::acquire(&layout, holder, patience)?;
        let recovery = batch::recover(&layout, &lock)?;
        if let Some(recovery) = &recovery {
            log_recovery(&layout, lock.holder(), recovery)?;
        }
        Self::load(layout, Hold::Exclusive(lock), recovery)
    }

    fn load(
        layout: Layout,
        hold: Hold,
        recovery: Option<Recovery>,
    ) -> Result<Self, PostofficeError> {
        let Identity {
            master,
            name,
            code_page,
        } = Identity::read(&layout)?;
        Ok(Self {
            layout,
            hold,
            recovery,
            master,
            name,
            code_page,
        })
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &PostofficeName {
        &self.name
    }

    /// Returns the code page of its files.
    #[must_use]
    pub fn code_page(&self) -> CodePage {
        self.code_page
    }

    /// Returns MASTER.GLB.
    #[must_use]
    pub fn master(&self) -> &Master {
        &self.master
    }

    /// Returns where its files are.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Returns what was found of an interrupted run when it was opened for writing.
    #[must_use]
    pub fn recovery(&self) -> Option<&Recovery> {
        self.recovery.as_ref()
    }

    /// Tells what the postoffice is to directory synchronization: SRVCONF.GLB exists only on a server (Q136487).
    ///
    /// # Errors
    /// GLB cannot be read.
    pub fn role(&self) -> Result<Role, PostofficeError> {
        Ok(match self.layout.exists(&layout::SRVCONF)? {
            true => Role::Server,
            false => Role::Requestor,
        })
    }

    /// Returns the exclusive lock; `None` where it was opened for reading.
    #[must_use]
    pub fn exclusive_lock(&self) -> Option<&ExclusiveLock> {
        match &self.hold {
            Hold::Exclusive(lock) => Some(lock),
            Hold::Shared(_) => None,
        }
    }

    /// Begins a batch.
    ///
    /// # Errors
    /// It was opened for reading; GLB cannot be read.
    ///
    /// # Panics
    /// Another batch is open.
    pub fn batch(&self) -> Result<Batch<'_>, PostofficeError> {
        match self.exclusive_lock() {
            Some(lock) => Batch::begin(&self.layout, lock),
            None => Err(PostofficeError::ReadOnly {
                path: self.layout.root().to_owned(),
            }),
        }
    }
}

/// Which postoffice it is: what MASTER.GLB says. It needs no lock.
#[derive(Debug, Clone)]
pub struct Identity {
    /// MASTER.GLB.
    pub master: Master,
    /// Its name.
    pub name: PostofficeName,
    /// The code page of its files.
    pub code_page: CodePage,
}

impl Identity {
    /// Reads MASTER.GLB.
    ///
    /// # Errors
    /// It is missing, damaged, or names a code page that nobody knows.
    pub fn read(layout: &Layout) -> Result<Self, PostofficeError> {
        let master: Master = layout
            .read_record(&layout::MASTER)?
            .ok_or_else(|| missing_master(layout.root()))?;
        let Some(code_page) = master.code_page() else {
            return Err(PostofficeError::Codec {
                path: layout.path(&layout::MASTER)?,
                source: CodecError::field(6, "code_page_id", master.code_page_id, "a code page"),
            });
        };
        let name =
            PostofficeName::from_checked(master.network.as_bytes(), master.postoffice.as_bytes());
        Ok(Self {
            master,
            name,
            code_page,
        })
    }
}

/// Finds the root and makes sure that it is one: clients refuse a postoffice without MASTER.GLB (Q94259).
fn find(path: &Path) -> Result<Layout, PostofficeError> {
    let layout = Layout::open(path)?;
    if !layout.exists(&layout::MASTER)? {
        return Err(missing_master(path));
    }
    Ok(layout)
}

fn missing_master(path: &Path) -> PostofficeError {
    PostofficeError::NoPostoffice {
        path: path.to_owned(),
        reason: "GLB/MASTER.GLB is missing".to_owned(),
    }
}

fn log_recovery(
    layout: &Layout,
    holder: &Holder,
    recovery: &Recovery,
) -> Result<(), PostofficeError> {
    let severity = match recovery {
        Recovery::JournalDiscarded { .. } => Severity::Warning,
        _ => Severity::Status,
    };
    let mut log = Log::new(holder.since.time_zone().clone(), Years::default());
    let line = LogLine::text(severity, recovery.to_string());
    log.add_local(holder.since.timestamp(), &line);
    match layout.dir_path(Dir::Log)?.is_dir() {
        true => log.append_now(layout),
        false => Ok(()), // `recovery` still says it
    }
}
