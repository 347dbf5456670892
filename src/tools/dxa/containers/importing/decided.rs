//! What the asks of a run make of a container, decided part by part before anything is written.

use std::collections::BTreeSet;
use std::path::Path;

use super::Incoming;
use super::asks::Asks;
use super::contents::{Contents, Place};
use super::fates::Fates;
use super::parts::{PART_LEN, Parts};
use super::planned::Plan;
use super::spilled::SpilledHolders;
use crate::directory::dn::Dn;
use crate::directory::entry::Attributes;
use crate::directory::holders::Holding;
use crate::directory::import::{
    Changed, Decision, Filling, Held, Mapping, Terms, decide_part, managed,
};
use crate::directory::key::{ContainerLayout, SyncKey};
use crate::directory::note::Note;
use crate::plan::outcome::Counts;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::Connection;
use crate::tools::exit::ToolError;

/// What is to be done.
pub(super) struct Decided {
    pub(super) fates: Fates,
    pub(super) plan: Plan,
    /// How many ended in which way.
    pub(super) counts: Counts,
    /// Entries of the container with another owner or none.
    pub(super) foreign: u64,
    /// Entries of the sender before.
    pub(super) owned: u64,
    /// Owners that the sender stood in for (DX282).
    pub(super) stand_ins: BTreeSet<String>,
    /// An ask was unusable so that nobody knows which entry it named.
    pub(super) is_damaged: bool,
}

impl Decided {
    /// Takes what was decided of a part whose asks belong to `places`.
    fn take(
        &mut self,
        mut decision: Decision,
        parts: &Parts<'_, '_>,
        settings: Settings<'_>,
    ) -> Result<(), ToolError> {
        let (places, unnamed) = (parts.places(), self.fates.len());
        let place = |at: usize| match places.get(at) {
            Some(place) => *place,
            None => unnamed + at - places.len(),
        };
        let snapshot = parts.part().snapshot;
        let container = (settings.container, settings.layout);
        self.plan.take(&mut decision, snapshot, place, container)?;
        for (at, fate) in decision.fates.iter().enumerate() {
            self.fates.put(place(at), fate)?;
        }
        self.counts.merge(&decision.counts);
        self.foreign += decision.foreign;
        self.owned += decision.owned;
        self.stand_ins.extend(decision.stand_ins);
        self.is_damaged |= decision.is_damaged;
        Ok(())
    }
}

impl Agent<'_> {
    /// Reads what there is and decides what the asks make of it.
    pub(super) fn decide(
        &mut self,
        connection: &Connection,
        incoming: &Incoming,
        container: &Dn,
        asks: &mut Asks<'_>,
    ) -> Result<Decided, ToolError> {
        self.sees_import(container)?;
        let behind = self.remembered(&connection.name)?.map(|place| place.behind);
        let import = &connection.import;
        let folder = self.home.spill();
        let made = incoming.proxies.kinds();
        let place = Place {
            container,
            suffix: &self.suffix,
            owner: &import.owner,
            made: &made,
            page: self.config.directory.page_size,
            asked: &asks.asked,
            folder,
        };
        let behind = behind.unwrap_or_default();
        let (mut contents, holders) = Contents::read(&mut self.directory, place, &behind)?;
        let dn = |key: &SyncKey| key.dn(container, import.layout);
        let mut filling = Filling {
            rules: incoming.rules(connection),
            proxies: &incoming.proxies,
            holders,
            gone: Vec::new(),
            dn: &dn,
        };
        let (sender, managed) = (asks.sender.clone(), managed(incoming.templates()));
        let terms = Terms {
            sender: &sender,
            managed: &managed,
            dn: &dn,
        };
        let settings = Settings {
            makes_addresses: !made.is_empty(),
            part_len: PART_LEN,
            container,
            layout: import.layout,
            folder,
        };
        let interrupt = &self.interrupt;
        decide_all(asks, &mut contents, &mut filling, terms, settings, &|| {
            interrupt.check()
        })
    }
}

/// What else decides how it is decided.
#[derive(Clone, Copy)]
struct Settings<'a> {
    /// Addresses are made for entries.
    makes_addresses: bool,
    /// Asks and entries that are decided together.
    part_len: usize,
    container: &'a Dn,
    layout: ContainerLayout,
    /// Where files go that have no name.
    folder: Option<&'a Path>,
}

/// Decides all asks on what there is, part by part. `check` ends it early.
fn decide_all(
    asks: &mut Asks<'_>,
    contents: &mut Contents,
    filling: &mut Filling<'_, SpilledHolders>,
    terms: Terms<'_>,
    settings: Settings<'_>,
    check: &dyn Fn() -> Result<(), ToolError>,
) -> Result<Decided, ToolError> {
    let mut decided = Decided {
        fates: Fates::new(asks.len(), settings.folder),
        plan: Plan::new(settings.folder),
        counts: Counts::default(),
        foreign: 0,
        owned: 0,
        stand_ins: BTreeSet::new(),
        is_damaged: false,
    };
    let (managed, len) = (terms.managed, settings.part_len);
    let mut parts = Parts::new(asks, contents, settings.makes_addresses, len)?;
    let is_freed = settings.makes_addresses && !parts.is_one();
    if is_freed {
        // What goes in the last part is free for the first one already.
        while parts.next(managed, filling)? {
            check()?;
            let mut freeing = Freeing {
                mapping: filling,
                gone: Vec::new(),
            };
            decide_part(parts.part(), terms, &mut freeing);
            let gone = freeing.gone;
            filling.holders.release(&gone);
        }
        parts = Parts::new(asks, contents, settings.makes_addresses, len)?;
    }
    while parts.next(managed, filling)? {
        check()?;
        let part = parts.part();
        let decision = match is_freed {
            true => decide_part(part, terms, &mut Freed(filling)),
            false => decide_part(part, terms, filling),
        };
        filling.holders.check()?;
        decided.take(decision, &parts, settings)?;
    }
    Ok(decided)
}

/// Finds out what goes, and makes nothing.
struct Freeing<'m> {
    mapping: &'m dyn Mapping,
    gone: Vec<Dn>,
}

impl Mapping for Freeing<'_> {
    fn modify(&self, present: &Attributes, changed: &Changed) -> (Attributes, Vec<Note>) {
        self.mapping.modify(present, changed)
    }

    fn finish(&mut self, _: &SyncKey, _: Option<&Held>, _: &mut Attributes) -> Vec<Note> {
        Vec::new()
    }

    fn leaves(&self, present: &Attributes) -> bool {
        self.mapping.leaves(present)
    }

    fn free(&mut self, _: &SyncKey, held: &Held) {
        self.gone.push(held.dn.clone());
    }
}

/// Knows already what goes.
struct Freed<'m>(&'m mut dyn Mapping);

impl Mapping for Freed<'_> {
    fn modify(&self, present: &Attributes, changed: &Changed) -> (Attributes, Vec<Note>) {
        self.0.modify(present, changed)
    }

    fn finish(
        &mut self,
        key: &SyncKey,
        held: Option<&Held>,
        attributes: &mut Attributes,
    ) -> Vec<Note> {
        self.0.finish(key, held, attributes)
    }

    fn leaves(&self, present: &Attributes) -> bool {
        self.0.leaves(present)
    }

    fn free(&mut self, _: &SyncKey, _: &Held) {}
}

#[cfg(test)]
mod tests;
