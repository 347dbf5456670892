//! One pass over the lists of a postoffice: decide, look at it, then do it. `import` and `resync` share it.
//!
//! ```text
//! Intake -> decide() -> Decided -> guard, dry run, confirmation -> commit() -> one batch
//! ```

mod commit;
mod decide;
mod import_log;
mod pol;
mod report;
mod run;
mod show;

use crate::codec::reqconf::ReqConf;
use crate::messages::{Message, Severity};
use crate::plan::guard::{self, Stopped};
use crate::plan::local::{LocalChange, LocalPlan};
use crate::plan::merge::Rules;
use crate::plan::outcome::Counts;
use crate::plan::pol::PolChange;
use crate::plan::{Note, Plan};
use crate::postoffice::ownership::Ownership;
use crate::postoffice::places::Places;
use crate::postoffice::{Postoffice, PostofficeError};
use crate::tools::exit::{ExitCode, ToolError};
use crate::transaction::Transaction;

pub use commit::{Effects, commit, failure_messages};
pub use decide::{decide, nodes};
pub use import_log::{ImportLog, key_of, walk_blocks};
pub use report::{log_line, write_decisions};
pub use run::{Pass, Report, Wishes};
pub use show::plan_lines;

/// The state of a postoffice that every pass over its lists reads.
#[derive(Debug)]
pub struct State {
    /// Its networks and postoffices.
    pub places: Places,
    /// Its configuration as a requestor.
    pub config: ReqConf,
    /// Which entries were made by hand.
    pub ownership: Ownership,
}

impl State {
    /// Reads it.
    ///
    /// # Errors
    /// A file cannot be read or is damaged.
    pub fn load(po: &Postoffice) -> Result<Self, PostofficeError> {
        let config = po.requestor_config()?;
        let ownership = Ownership::load(po, &config)?;
        Ok(Self {
            places: Places::load(po)?,
            config,
            ownership,
        })
    }
}

/// What holds for a pass beside the rules of its merges.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How transactions are worked into a list.
    pub rules: Rules,
    /// The postoffice list follows every change (`-a`).
    pub pol: bool,
    /// Unknown postoffices are defined (`-c`, or the requestor's option Create-PO).
    pub autocreate: bool,
}

/// What a pass has decided, before any of it is done.
#[derive(Debug, Default)]
pub struct Decided {
    /// The changed lists.
    pub plan: Plan,
    /// The changed accounts.
    pub local: LocalPlan,
    /// What follows for the postoffice list.
    pub pol: Vec<PolChange>,
    /// Entries that the postoffice list could not take although their own list did.
    pub pol_refused: u64,
    /// What became of the transactions.
    pub counts: Counts,
    /// Numbered messages in the order of the source.
    pub notes: Vec<Note>,
    /// Warnings that have no number.
    pub warnings: Vec<String>,
    /// Entries in all lists before the pass.
    pub entry_count: u64,
    /// Accounts before the pass, where it is about accounts.
    pub account_count: u64,
}

impl Decided {
    /// Tells whether doing it would change any list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty() && self.local.changes.is_empty() && self.pol.is_empty()
    }

    /// Returns how the run ends if it is done.
    #[must_use]
    pub fn exit(&self) -> ExitCode {
        if self.pol_refused > 0 {
            ExitCode::Partial
        } else {
            ExitCode::from(&self.counts)
        }
    }
}

/// Says that nothing is removed by absence because it is not known what was made by hand (design, section 3).
#[must_use]
pub fn lost_marks(reason: &str) -> Message {
    let argument = format!(
        "{reason}: entries made by hand are no longer known, so nothing is removed by absence until one run with --replace"
    );
    Message::new(40, argument).with_severity(Severity::Error)
}

/// Stops a pass that would remove suspiciously much.
///
/// # Errors
/// [`ExitCode::Guard`], with every limit that was passed and what would allow it.
pub fn check_guard(
    po: &Postoffice,
    decided: &Decided,
    allowed: Option<u64>,
) -> Result<(), ToolError> {
    let is_delete =
        |change: &&(LocalChange, Transaction)| matches!(change.0, LocalChange::Delete { .. });
    let deleted = decided.local.changes.iter().filter(is_delete).count() as u64;
    let accounts = guard::Accounts {
        count: decided.account_count,
        deleted,
    };
    let stopped = match guard::check(&decided.plan, accounts, decided.entry_count, allowed) {
        Ok(()) => return Ok(()),
        Err(stopped) => stopped,
    };
    let total: u64 = decided
        .plan
        .lists
        .iter()
        .flat_map(|list| &list.rows)
        .filter(|row| matches!(row, crate::plan::Row::Remove { .. }))
        .count() as u64
        + deleted;
    let reasons: Vec<_> = stopped.iter().map(|stop| describe(po, stop)).collect();
    Err(ToolError::new(
        ExitCode::Guard,
        format!(
            "stopped before anything was written: {}; if that is meant, run again with --allow-deletes {total}",
            reasons.join("; ")
        ),
    ))
}

fn describe(po: &Postoffice, stop: &Stopped) -> String {
    let list = match &stop.list {
        Some(id) => id.display(po.code_page()),
        None => "all lists".to_owned(),
    };
    let how = if stop.by_absence {
        "are not in the source"
    } else {
        "would be deleted by name"
    };
    let Stopped {
        removed, of, limit, ..
    } = stop;
    let list = list.trim_end_matches(':');
    format!("{list}: {removed} of {of} entries {how}, the limit is {limit}")
}
