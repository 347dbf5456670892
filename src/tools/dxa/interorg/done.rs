//! What a cycle between organizations did, as `--json` shows it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::evidence::Settings;
use super::hub::HubDone;
use super::post::sending::Sent;
use super::told::Told;
use crate::tools::exit::{ExitCode, ToolError};

/// A unit that is not whole.
#[derive(Debug, Serialize)]
pub(super) struct Incomplete {
    pub(super) branch: String,
    pub(super) task: &'static str,
    pub(super) id: String,
    pub(super) of: usize,
    pub(super) missing: Vec<usize>,
}

/// What became of mail.
#[derive(Debug, Default, Serialize)]
pub(super) struct MailDone {
    /// Messages that were put aside, by reason.
    pub(super) aside: BTreeMap<String, u64>,
    /// Messages that lie in the quarantine.
    pub(super) quarantine: u64,
    /// Copies that were removed.
    pub(super) copies: u64,
    /// Units that are not whole yet.
    pub(super) incomplete: Vec<Incomplete>,
    #[serde(flatten)]
    pub(super) sent: Sent,
}

/// What a cycle did.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    pub(super) program: &'static str,
    pub(super) dry_run: bool,
    pub(super) settings: Settings,
    pub(super) hub: Option<HubDone>,
    pub(super) branch: Option<Value>,
    pub(super) mail: MailDone,
    /// What failed while the rest went on.
    pub(super) errors: Vec<String>,
    pub(super) exit: ExitCode,
    #[serde(skip)]
    pub(super) branch_shown: Vec<String>,
    #[serde(skip)]
    pub(super) told: Told,
}

impl Done {
    pub(super) fn fail(&mut self, error: &ToolError) {
        self.errors.push(crate::tools::dxa::event::told(error));
        self.told.fail(error);
    }
}
