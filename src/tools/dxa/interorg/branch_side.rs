//! Where the branch of an agent is joined: what it asks and hears is its business, how that comes and goes is not.

use serde_json::Value;

use super::config::Config;
use crate::directory::interorg::{Answer, Request};
use crate::tools::dxa::event::Event;
use crate::tools::exit::{ExitCode, ToolError};

/// What a branch is asked to do in a cycle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Ask the hub for everything (IO-15).
    pub(super) import_all: bool,
    /// Send everything.
    pub(super) export_all: bool,
    /// How many entries the run may remove beyond the guard.
    pub(super) allow_deletes: Option<u64>,
    /// Nothing is written.
    pub(super) dry_run: bool,
}

/// What a branch has to say of a cycle.
#[derive(Debug, Default)]
pub(super) struct BranchTold {
    /// What it did, for `--json`.
    pub(super) summary: Value,
    /// The same, line by line for people.
    pub(super) shown: Vec<String>,
    /// Lines of the report.
    pub(super) lines: Vec<Value>,
    /// For screen and log.
    pub(super) events: Vec<Event>,
    pub(super) exit: ExitCode,
}

/// The branch of this agent.
pub(super) trait BranchSide {
    /// Applies an answer, and keeps that it did. An answer that it has is passed over.
    ///
    /// # Errors
    /// It was not applied, and comes again.
    fn hear(&mut self, answer: &Answer) -> Result<(), ToolError>;

    /// Makes a request, and keeps that it did: from here on it may go, be lost or go twice. None where there is nothing to ask
    /// now.
    ///
    /// # Errors
    /// Nothing was asked.
    fn ask(&mut self) -> Result<Option<Request>, ToolError>;

    /// Says what it did.
    fn told(&mut self) -> BranchTold;
}

/// Opens the branch of a configuration; none where it has none.
///
/// # Errors
/// It cannot be opened.
pub(super) fn open<'c>(
    config: &'c Config,
    _wanted: Wanted,
) -> Result<Option<Box<dyn BranchSide + 'c>>, ToolError> {
    match &config.branch {
        None => Ok(None),
        Some((branch, _)) => {
            let text = format!("branch {}: not built yet", branch.name);
            Err(ToolError::new(ExitCode::NotHere, text))
        }
    }
}
