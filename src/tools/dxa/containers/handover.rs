//! What an import container is beside its entries: the class that says whose it is, and the numbers (LD-01, LD-06). Both go
//! over to another container, or go altogether, so that nobody reads them twice.

use std::collections::HashSet;

use crate::directory::change::{Change, Modification, ModificationKind};
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::filter::Filter;
use crate::directory::ldap::{
    Connection as Link, Incomplete, LdapError, Meaning, Operation, Refusal, ResultCode, Scope,
    Search,
};
use crate::directory::schema;
use crate::tools::dxa::agent::Agent;
use crate::tools::exit::{ExitCode, ToolError};

use super::container::unread;
use super::place::Place;

/// What the class of a container holds beside the owner.
const NUMBERS: [&str; 7] = [
    schema::TRUST_LEVEL,
    schema::REQ_SEQ,
    schema::SVR_SEQ,
    schema::IMP_SEQ,
    schema::CONF_SEQ,
    schema::EPOCH,
    schema::ENTRY_COUNT,
];

/// Units of postoffices below a container.
#[derive(Debug, Default)]
pub(in crate::tools::dxa) struct Units {
    /// How many were removed.
    pub(in crate::tools::dxa) removed: u64,
    /// Those that stay, and why.
    pub(in crate::tools::dxa) left: Vec<String>,
}

impl Agent<'_> {
    /// Gives owner and numbers of a container to another one, and takes them from it: both in one step where the server
    /// can do that, else first the one and then the other, so that they are never nowhere.
    pub(in crate::tools::dxa) fn hand_over(
        &mut self,
        old: &Dn,
        here: &Place,
    ) -> Result<(), ToolError> {
        let Some(from) = entry_at(&mut self.directory, old, &[])? else {
            return Ok(());
        };
        if !is_of(&from, &here.owner) {
            return Ok(());
        }
        let to = entry_at(&mut self.directory, &here.container, &[])?;
        let has_it = to.is_some_and(|to| to.attributes.is_of_class(schema::IMPORT_CONTAINER));
        let mut parts = Vec::new();
        if !has_it {
            parts.push(class(ModificationKind::Add));
        }
        let owner = vec![here.owner.clone().into_bytes()];
        parts.push(Modification::replace(schema::IMPORTED_FROM, owner));
        for name in NUMBERS {
            let values = from.attributes.values(name);
            if !values.is_empty() {
                parts.push(Modification::replace(name, values.to_vec()));
            }
        }
        let give = Operation::new(here.container.clone(), Change::Modify(parts));
        let steps = [give, take_away(&from, &here.owner)];
        let root = self.directory.root_dse().map_err(unread)?;
        let has_assertions = root.has_assertions();
        let steps = steps.map(|step| match has_assertions {
            true => step,
            false => Operation {
                assertion: None,
                ..step
            },
        });
        // Not in one transaction: slapd 2.5 may go down with the connection of a client that dies in one.
        for step in &steps {
            self.apply(step)?;
        }
        Ok(())
    }

    /// Takes the numbers from a container, and with `class` also the class that says whose it is.
    pub(in crate::tools::dxa) fn clear_container(
        &mut self,
        container: &Dn,
        owner: &str,
        class: bool,
    ) -> Result<bool, ToolError> {
        let Some(entry) = entry_at(&mut self.directory, container, &[])? else {
            return Ok(false);
        };
        if !is_of(&entry, owner) {
            return Ok(false);
        }
        let step = match class {
            true => take_away(&entry, owner),
            false => Operation::new(container.clone(), Change::Modify(without_numbers(&entry))),
        };
        if matches!(&step.change, Change::Modify(parts) if parts.is_empty()) {
            return Ok(true);
        }
        let has_assertions = self.directory.root_dse().map_err(unread)?.has_assertions();
        let assertion = step.assertion.clone().filter(|_| has_assertions);
        self.apply(&Operation { assertion, ..step })?;
        Ok(true)
    }

    fn apply(&mut self, operation: &Operation) -> Result<(), ToolError> {
        let ended = self.directory.apply(operation)?;
        ended.map_err(|refusal| failed(&operation.dn, &refusal, &operation.change))
    }

    /// Removes the units of postoffices below a container that are empty and were made by this agent: it bound as who made
    /// them, and they are as it makes them. What lies in `other`, or above it, stays. Of those that somebody else made, only
    /// the ones in `emptied` are spoken of.
    pub(in crate::tools::dxa) fn clear_units(
        &mut self,
        container: &Dn,
        other: Option<&Dn>,
        emptied: &HashSet<String>,
    ) -> Result<Units, ToolError> {
        let mut units = Units::default();
        if entry_at(&mut self.directory, container, &["objectClass"])?.is_none() {
            return Ok(units);
        }
        let attributes = ["*", "creatorsName"];
        let mut search = Search::new(container.clone()).attributes(&attributes);
        search.filter = Filter::equal("objectClass", "organizationalUnit");
        let found = self.directory.find(&search).map_err(unread)?;
        let other = other.filter(|other| !other.is_same(container));
        let is_wanted = |entry: &Entry| {
            let is_other = |other: &Dn| entry.dn.is_within(other) || other.is_within(&entry.dn);
            is_of_layout(&entry.dn, container) && !other.is_some_and(is_other)
        };
        let mut found: Vec<_> = found.into_iter().filter(is_wanted).collect();
        found.sort_by_key(|entry| std::cmp::Reverse(entry.dn.depth()));
        for entry in found {
            if !self.is_made_here(&entry) {
                if emptied.contains(&entry.dn.key()) {
                    units.left.push(format!("{} (not made here)", entry.dn));
                }
                continue;
            }
            let operation = Operation::new(entry.dn.clone(), Change::Delete);
            match self.directory.apply(&operation)? {
                Ok(()) => units.removed += 1,
                // In use, in this layout or by somebody else.
                Err(refusal) if refusal.code == ResultCode::NOT_ALLOWED_ON_NON_LEAF => {
                    if emptied.contains(&entry.dn.key()) {
                        units.left.push(format!("{} (not empty)", entry.dn));
                    }
                }
                Err(refusal) if refusal.meaning(&operation.change) == Meaning::Done => {}
                Err(refusal) => units.left.push(format!("{} ({refusal})", entry.dn)),
            }
        }
        Ok(units)
    }

    fn is_made_here(&self, unit: &Entry) -> bool {
        let own = self.config.directory.bind_dn.as_deref();
        let own = own.and_then(|dn| Dn::parse(dn).ok());
        let creator = unit.attributes.text("creatorsName");
        let creator = creator.and_then(|dn| Dn::parse(dn).ok());
        let is_by_us = own.zip(creator).is_some_and(|(own, by)| own.is_same(&by));
        let is_bare = unit.attributes.iter().all(|(name, values)| {
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            is("creatorsName") || (is("objectClass") || is("ou")) && values.len() == 1
        });
        is_by_us && is_bare
    }
}

/// Tells whether a name is that of a network or a postoffice below a container (DX-36).
fn is_of_layout(dn: &Dn, container: &Dn) -> bool {
    let depth = dn.depth() - container.depth().min(dn.depth());
    (1..=2).contains(&depth)
        && dn.own_value("ou").is_some()
        && (depth == 1 || dn.parent().is_some_and(|dn| dn.own_value("ou").is_some()))
}

/// Reads one entry; none where there is none.
pub(in crate::tools::dxa) fn entry_at(
    link: &mut Link,
    dn: &Dn,
    attributes: &[&str],
) -> Result<Option<Entry>, ToolError> {
    let mut search = Search::new(dn.clone()).attributes(attributes);
    search.scope = Scope::Base;
    search.page = None;
    match link.find(&search) {
        Ok(found) => Ok(found.into_iter().next()),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(unread(error)),
    }
}

fn is_missing(error: &LdapError) -> bool {
    let refusal = match error {
        LdapError::Refused { refusal, .. } => refusal,
        LdapError::Incomplete {
            cause: Incomplete::Result(refusal),
            ..
        } => refusal,
        _ => return false,
    };
    refusal.code == ResultCode::NO_SUCH_OBJECT
}

fn is_of(entry: &Entry, owner: &str) -> bool {
    let found = entry.attributes.text(schema::IMPORTED_FROM);
    entry.attributes.is_of_class(schema::IMPORT_CONTAINER)
        && found.is_some_and(|found| found.eq_ignore_ascii_case(owner))
}

fn class(kind: ModificationKind) -> Modification {
    Modification {
        kind,
        attribute: "objectClass".to_owned(),
        values: vec![schema::IMPORT_CONTAINER.into()],
    }
}

fn without_numbers(entry: &Entry) -> Vec<Modification> {
    // A local recipient has a trust level of its own.
    let is_kept = |name: &str| {
        name == schema::TRUST_LEVEL && entry.attributes.is_of_class(schema::LOCAL_RECIPIENT)
            || entry.attributes.values(name).is_empty()
    };
    let names = NUMBERS.into_iter().filter(|name| !is_kept(name));
    names
        .map(|name| Modification::replace(name, Vec::new()))
        .collect()
}

fn take_away(entry: &Entry, owner: &str) -> Operation {
    let mut parts = vec![class(ModificationKind::Delete)];
    parts.push(Modification::replace(schema::IMPORTED_FROM, Vec::new()));
    parts.extend(without_numbers(entry));
    let still = Filter::equal(schema::IMPORTED_FROM, owner);
    let still = match entry.attributes.first(schema::REQ_SEQ) {
        Some(number) => still.and(Filter::equal(schema::REQ_SEQ, number)),
        None => still,
    };
    Operation::new(entry.dn.clone(), Change::Modify(parts)).only_if(still)
}

fn failed(dn: &Dn, refusal: &Refusal, change: &Change) -> ToolError {
    let exit = match refusal.meaning(change) {
        Meaning::Overtaken => ExitCode::OutOfStep,
        _ if refusal.code == ResultCode::INSUFFICIENT_ACCESS_RIGHTS => ExitCode::BadLogin,
        _ => ExitCode::CannotWrite,
    };
    ToolError::new(exit, format!("DX133 dn={dn} {refusal}"))
}
