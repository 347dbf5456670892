//! A branch leaves: what the others brought is removed where that is wanted, and the ledger forgets (`spec/exchange.md` IO-22).

use super::ledger::Head;
use super::report::Left;
use super::{BranchSide, epoch};
use crate::directory::change::Change;
use crate::directory::filter::Filter;
use crate::directory::ldap::{Meaning, Operation, Search};
use crate::directory::schema;
use crate::plan::guard;
use crate::tools::dxa::containers::container::unread;
use crate::tools::dxa::containers::removed;
use crate::tools::exit::{ExitCode, ToolError};

impl BranchSide<'_> {
    /// Leaves. Entries of others are deleted where `delete` says so, all of them kept as LDIF first; then the ledger forgets, so
    /// that a run that was stopped is made good by the next one.
    ///
    /// # Errors
    /// The directory could not be read or written, more go than `allow_deletes` says, or the ledger cannot be used.
    pub fn leave(&mut self, delete: bool, allow_deletes: Option<u64>) -> Result<Left, ToolError> {
        let mut search = Search::new(self.tree.clone());
        search.filter = Filter::equal(schema::OBJECT_CLASS, schema::REMOTE_ADDRESS)
            .and(Filter::equal(schema::IMPORTED_FROM, self.owner.as_str()));
        search.page = Some(self.settings.page_size);
        let entries = self.directory.find(&search).map_err(unread)?;
        let count = entries.len() as u64;
        let mut left = Left::default();
        if delete && !entries.is_empty() {
            check(count, allow_deletes)?;
            if !self.dry_run {
                let name = &self.branch.name;
                let path = removed::keep(&self.removed, &self.clock, name, &entries)?;
                left.file = Some(path.display().to_string());
            }
            for entry in &entries {
                self.interrupt.check()?;
                let operation = Operation::new(entry.dn.clone(), Change::Delete);
                let outcome = match self.dry_run {
                    true => Ok(()),
                    false => self.directory.apply(&operation)?,
                };
                match outcome {
                    Err(refusal) if refusal.meaning(&operation.change) != Meaning::Done => {
                        left.refused += 1;
                        left.stays.push(format!("{}: {refusal}", entry.dn));
                    }
                    _ => left.deleted += 1,
                }
            }
        } else {
            left.kept = count;
        }
        if left.kept > 0 {
            left.stays.push(format!(
                "{count} entries of {} below {}",
                self.owner, self.tree
            ));
        }
        left.stays
            .push(format!("the container {}", self.branch.container));
        left.stays
            .push(format!("what is kept in {}", self.removed.display()));
        let change = self.ledger.begin()?;
        let tree = change.head()?.tree;
        change.begin_anew(&Head::new(&self.branch.name, epoch(), &tree))?;
        if !self.dry_run && left.refused == 0 {
            change.commit()?;
        }
        Ok(left)
    }
}

/// Stops what may be a mistake.
fn check(count: u64, allowed: Option<u64>) -> Result<(), ToolError> {
    if allowed.is_some_and(|allowed| count <= allowed) {
        return Ok(());
    }
    match guard::limit(count, count, false) {
        None => Ok(()),
        Some(limit) => {
            let text =
                format!("{count} entries would go, at most {limit} may: --allow-deletes {count}");
            Err(ToolError::new(ExitCode::Guard, text))
        }
    }
}
