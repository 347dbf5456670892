//! What a running service tells of itself in the data folder, for `dxa status`: it holds a lock for as long as it lives, so that
//! what one that was killed has left behind is not believed.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Write;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::tools::dxa::event::whole;
use crate::tools::dxa::home::{Home, Lock, unusable};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::outfile::OutFile;

/// The command that holds the lock.
const COMMAND: &str = "run";

/// What the service tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::tools::dxa) struct Notice {
    pub(in crate::tools::dxa) process: u32,
    pub(in crate::tools::dxa) since: Timestamp,
    /// What it does next, by connection.
    pub(in crate::tools::dxa) next: BTreeMap<String, Next>,
}

impl Notice {
    /// What a service tells that has just begun.
    pub(in crate::tools::dxa) fn new(now: Timestamp) -> Self {
        Self {
            process: std::process::id(),
            since: whole(now),
            next: BTreeMap::new(),
        }
    }
}

/// As `dxa status` says it.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { since, process, .. } = self;
        write!(f, "The service runs since {since} (process {process}).")
    }
}

/// What it does next on a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::tools::dxa) struct Next {
    /// `T1`, `T2` or `T3`.
    pub(in crate::tools::dxa) step: String,
    pub(in crate::tools::dxa) at: Timestamp,
    /// It failed, and is tried again.
    pub(in crate::tools::dxa) is_retry: bool,
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.step, self.at)?;
        match self.is_retry {
            true => f.write_str(", tried again"),
            false => Ok(()),
        }
    }
}

/// Takes the place of the service in a data folder, for as long as the lock is held.
///
/// # Errors
/// There is a service already, or the lock cannot be made.
pub(in crate::tools::dxa) fn claim(home: &Home) -> Result<Lock, ToolError> {
    home.claim(COMMAND)?.ok_or_else(|| {
        let text = format!("{}: a service works here already", home.root().display());
        ToolError::new(ExitCode::Busy, text)
    })
}

/// Tells it, whole or not at all.
pub(in crate::tools::dxa) fn write(home: &Home, notice: &Notice) -> Result<(), ToolError> {
    let path = home.notice();
    let text = serde_json::to_string(notice).expect("plain values");
    let written = OutFile::create(&path).and_then(|mut file| {
        writeln!(file, "{text}")?;
        file.put_in_place()
    });
    written.map_err(|error| unusable(&path, error))
}

/// Returns what a service that runs tells.
pub(in crate::tools::dxa) fn read(home: &Home) -> Option<Notice> {
    if !home.is_held_by(COMMAND) {
        return None;
    }
    let text = fs::read_to_string(home.notice()).ok()?;
    serde_json::from_str(&text).ok()
}
