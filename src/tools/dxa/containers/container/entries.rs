//! Entries of a container that are read once more, whole.

use std::collections::HashSet;

use super::unread;
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::filter::Filter;
use crate::directory::ldap::{Connection, Scope, Search};
use crate::directory::schema;
use crate::tools::exit::ToolError;

/// Entries up to which each is read by its name; more are found by reading their container.
pub(in crate::tools::dxa) const FEW: usize = 200;

/// Reads entries of a container whole, those that are still there.
pub(in crate::tools::dxa) fn read_entries(
    directory: &mut Connection,
    container: &Dn,
    names: &[Dn],
    page: u32,
) -> Result<Vec<Entry>, ToolError> {
    let mut entries = Vec::with_capacity(names.len());
    let mut take = |entry| {
        entries.push(entry);
        Ok(())
    };
    if names.len() <= FEW {
        for name in names {
            visit_entry(directory, name, &mut take)?;
        }
    } else {
        let wanted: HashSet<_> = names.iter().map(Dn::key).collect();
        let is_wanted = |dn: &Dn| wanted.contains(&dn.key());
        visit_entries(directory, container, &is_wanted, page, &mut take)?;
    }
    Ok(entries)
}

/// Takes an entry, whole.
type Take<'t> = dyn FnMut(Entry) -> Result<(), ToolError> + 't;

/// Reads an entry, if it is still there.
pub(in crate::tools::dxa) fn visit_entry(
    directory: &mut Connection,
    name: &Dn,
    take: &mut Take<'_>,
) -> Result<(), ToolError> {
    let mut search = Search::new(name.clone());
    search.scope = Scope::Base;
    let found = directory.find(&search).map_err(unread)?;
    found.into_iter().try_for_each(take)
}

/// Reads a container for some of its entries.
pub(in crate::tools::dxa) fn visit_entries(
    directory: &mut Connection,
    container: &Dn,
    is_wanted: &dyn Fn(&Dn) -> bool,
    page: u32,
    take: &mut Take<'_>,
) -> Result<(), ToolError> {
    let mut all = Search::new(container.clone())
        .filter(Filter::equal(schema::OBJECT_CLASS, schema::REMOTE_ADDRESS));
    all.page = Some(page);
    let read = directory.for_each(&all, |entry| match is_wanted(&entry.dn) {
        true => take(entry),
        false => Ok(()),
    })?;
    read.map(|_| ()).map_err(unread)
}
