//! The branch of an organization: what it sends of its directory, and what it takes of the others into it (`spec/exchange.md`
//! section 4).
//!
//! - `cards` says what an entry is for the others, `source` reads and sorts the export containers, `asking` makes the request.
//! - `hearing` takes an answer: `plan` decides, `entry` makes entries of cards, `tree` reads what there is, `taking` writes.
//! - `ledger` is what is kept between cycles, `settings` what of the configuration is compared.
//!
//! The numbers come last: what an answer brought counts as applied once all of it is written, or is kept to be tried again. A
//! run that was stopped anywhere is made good by the same answer, or by the next one.

mod asking;
mod cards;
mod entry;
mod explaining;
mod hearing;
mod kept;
mod leaving;
mod ledger;
mod moving;
mod plan;
mod ready;
mod report;
mod settings;
mod source;
mod taking;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};

use argon2::password_hash::rand_core::{OsRng, RngCore};

use super::config::{Branch, Config};
use crate::directory::dn::Dn;
use crate::directory::interorg::Epoch;
use crate::directory::ldap::Connection;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::agent::connect_until;
use crate::tools::dxa::config::Directory;
use crate::tools::dxa::home::{Home, unusable};
use crate::tools::exit::{ExitCode, ToolError};

pub use asking::Wanted;
pub use explaining::OfBranch;
pub(super) use explaining::explain;
pub use kept::{Kept, KeptNumbers, kept};
pub use report::{Asked, Left, Line, Reasons, Took};

use ledger::{Head, Ledger};
use ready::Ground;

/// A branch at work: configuration, ledger and directory, opened and checked before anything happens.
pub struct BranchSide<'c> {
    branch: &'c Branch,
    settings: &'c Directory,
    ledger: Ledger,
    directory: Connection,
    /// The root of the tree that all containers lie in.
    tree: Dn,
    /// Whose entries those of the others are.
    owner: String,
    /// Where what is removed is kept.
    removed: PathBuf,
    clock: Clock,
    interrupt: Interrupt,
    dry_run: bool,
    /// What was remarkable about opening.
    remarks: Vec<String>,
}

impl<'c> BranchSide<'c> {
    /// Opens everything. The caller sees to it that nobody else works with the data folder.
    ///
    /// # Errors
    /// One error for all that keeps a branch from working: who it is, what is missing, what it may not see (IO-18).
    pub fn open(
        config: &'c Config,
        clock: Clock,
        interrupt: Interrupt,
        dry_run: bool,
    ) -> Result<Self, ToolError> {
        let (branch, settings) = of(config)?;
        let home = Home::at(&config.data);
        if !dry_run {
            let removed = home.removed();
            fs::create_dir_all(&removed).map_err(|error| unusable(&removed, error))?;
        }
        let mut ledger = open_ledger(config, branch, dry_run)?;
        let mut directory = connect_until(&interrupt, settings)?;
        let Ground { tree, identity } = ready::check(&mut directory, branch, settings)?;
        let mut remarks = Vec::new();
        if ledger.is_new {
            remarks.push("the ledger is new: full lists go both ways".to_owned());
        }
        recognise(&mut ledger, branch, identity, dry_run, &mut remarks)?;
        Ok(Self {
            branch,
            settings,
            ledger,
            directory,
            tree,
            owner: owner(branch),
            removed: home.removed(),
            clock,
            interrupt,
            dry_run,
            remarks,
        })
    }

    /// Returns the owner of what came from the hub: the value of `syncImportedFrom`.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }
}

/// Returns what waits for the next cycle: settings that changed since the last one, and how many entries go with them
/// (IO-05, IO-20). The directory is not looked at.
///
/// # Errors
/// There is no branch, or its ledger cannot be used.
pub fn pending(config: &Config) -> Result<Vec<String>, ToolError> {
    let (branch, directory) = of(config)?;
    if !ledger_path(&config.data).exists() {
        return Ok(vec![
            "the first request: full lists go both ways".to_owned(),
        ]);
    }
    let mut ledger = open_ledger(config, branch, true)?;
    let change = ledger.begin()?;
    let Some(before) = change.head()?.settings else {
        return Ok(vec![
            "the first request: full lists go both ways".to_owned(),
        ]);
    };
    let now = settings::settings(branch, directory);
    let mut pending = settings::differences(&before, &now);
    let said = change.said()?;
    let exported = &branch.export.containers;
    for container in settings::removed_containers(&before, &now) {
        let Ok(container) = Dn::parse(&container) else {
            continue;
        };
        let there = said.values().filter(|row| row.said.hash.is_some());
        let going = there.filter_map(|row| Dn::parse(&row.dn).ok());
        let going = going.filter(|dn| dn.is_within(&container));
        let going = going.filter(|dn| !exported.iter().any(|other| dn.is_within(&other.dn)));
        let count = going.count();
        pending.push(format!(
            "{container}: {count} entries go with the next request"
        ));
    }
    Ok(pending)
}

fn of(config: &Config) -> Result<(&Branch, &Directory), ToolError> {
    let of = config
        .branch
        .as_ref()
        .map(|(branch, directory)| (branch, directory));
    of.ok_or_else(|| {
        let text = format!("{}: there is no [branch]", config.path.display());
        ToolError::new(ExitCode::NotHere, text)
    })
}

/// Returns the owner of what came from the hub. The name of a branch stays, the address of the hub need not.
fn owner(branch: &Branch) -> String {
    format!("hub/{}", branch.name.to_uppercase())
}

fn ledger_path(data: &Path) -> PathBuf {
    data.join("branch.db")
}

fn open_ledger(config: &Config, branch: &Branch, dry_run: bool) -> Result<Ledger, ToolError> {
    let path = ledger_path(&config.data);
    let mut ledger = match dry_run && !path.exists() {
        true => Ledger::in_memory(&branch.name, epoch())?,
        false => Ledger::open(&path, &branch.name, epoch())?,
    };
    let known = ledger.begin()?.head()?.branch.name;
    if !known.eq_ignore_ascii_case(&branch.name) {
        let text = format!(
            "the ledger {} is that of {known}, not of {}: the name of a branch is part of every key and stays",
            path.display(),
            branch.name
        );
        return Err(ToolError::usage(text));
    }
    Ok(ledger)
}

/// Notices a ledger that is about another directory: what is known of one says nothing of another.
fn recognise(
    ledger: &mut Ledger,
    branch: &Branch,
    tree: String,
    dry_run: bool,
    remarks: &mut Vec<String>,
) -> Result<(), ToolError> {
    let change = ledger.begin()?;
    let head = change.head()?;
    if head.tree == tree {
        return Ok(());
    }
    if head.tree.is_empty() {
        change.set_head(&Head { tree, ..head })?;
    } else {
        remarks.push(format!(
            "the ledger was about {}, not {tree}: full lists go both ways",
            head.tree
        ));
        change.begin_anew(&Head::new(&branch.name, epoch(), &tree))?;
    }
    match dry_run {
        true => Ok(()),
        false => change.commit(),
    }
}

/// Makes a numbering of its own.
fn epoch() -> Epoch {
    Epoch::new(&unique()).expect("it has letters, digits and hyphens")
}

/// Makes a text that is never made twice.
fn unique() -> String {
    let mut bytes = [0; 16];
    OsRng.fill_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
