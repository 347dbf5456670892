//! Another import container: what lies in the one before moves, and stays the same entries (`spec/exchange.md` DX-34, LD-14).

use super::BranchSide;
use super::report::Took;
use crate::directory::dn::Dn;
use crate::directory::filter::Filter;
use crate::directory::import::{Change, Write};
use crate::directory::key::SyncKey;
use crate::directory::ldap::{Scope, Search};
use crate::directory::schema;
use crate::tools::dxa::containers::container::{self, unread};
use crate::tools::dxa::containers::handover::entry_at;
use crate::tools::exit::ToolError;

impl BranchSide<'_> {
    /// Moves the entries of others out of the container that was filled before. What somebody put elsewhere by hand stays
    /// there.
    pub(super) fn move_over(&mut self, took: &mut Took) -> Result<(), ToolError> {
        let before = self.ledger.begin()?.head()?.filled_in;
        let now = self.branch.container.key();
        let before = before.filter(|before| *before != now);
        let Some(before) = before.and_then(|before| Dn::parse(&before).ok()) else {
            return Ok(());
        };
        if entry_at(&mut self.directory, &before, &[schema::OBJECT_CLASS])?.is_none() {
            return Ok(());
        }
        let mut search = Search::new(before.clone()).attributes(&[schema::KEY]);
        search.scope = Scope::OneLevel;
        search.filter = Filter::equal(schema::OBJECT_CLASS, schema::REMOTE_ADDRESS)
            .and(Filter::equal(schema::IMPORTED_FROM, self.owner.as_str()));
        search.page = Some(self.settings.page_size);
        let found = self.directory.find(&search).map_err(unread)?;
        let count = found.len();
        let writes = found.into_iter().enumerate().filter_map(|(fate, entry)| {
            let key = SyncKey::stored(entry.attributes.text(schema::KEY)?);
            let to = entry.dn.own().below(&self.branch.container);
            let change = Change::Rename { dn: entry.dn, to };
            Some(Write { change, fate, key })
        });
        let writes = writes.collect();
        let mut refused = Vec::new();
        if !self.dry_run {
            let interrupt = self.interrupt.clone();
            refused = container::write(&mut self.directory, writes, &mut || interrupt.check())?;
        }
        let moved = count - refused.len();
        let container = &self.branch.container;
        took.remarks.push(format!(
            "{moved} entries moved from {before} to {container}"
        ));
        let stays = refused.iter().map(|refused| {
            let dn = &refused.operation.dn;
            format!("{dn} stays there: {}", refused.refusal)
        });
        took.remarks.extend(stays);
        Ok(())
    }
}
