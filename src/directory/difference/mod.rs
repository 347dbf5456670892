//! What must be sent so that a requestor has what it is to have: the difference to what the ledger says was sent, and
//! nothing else (`spec/exchange.md` DX-12 to DX-16, DX-23 to DX-25).

mod change;
mod order;
#[cfg(test)]
mod tests;
mod touch;

use std::collections::{BTreeMap, HashMap};

use super::address_text::{PC_MAIL, TargetAddress};
use super::dn::Dn;
use super::key::SyncKey;
use super::names::{self, Candidate, NameRules};
use super::note::Note;
use super::outgoing::{self, ContentHash, ExportRecord, SentLine};
use crate::plan::outcome::Reason;
pub use change::{Cause, Change};
pub use touch::touch;

/// What the ledger says a requestor has of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Key of the address as it was sent.
    pub key: SyncKey,
    /// Address as it was sent: its letter case is what the other side has.
    pub address: TargetAddress,
    /// Name before it was made unique.
    pub plain_name: String,
    /// Name as it was sent.
    pub name: String,
    /// Hash of what was sent.
    pub hash: ContentHash,
    /// Prompts of the lines that were sent: one that goes must be cleared at the other side.
    pub prompts: Vec<String>,
    /// Export container it was found in.
    pub container: Dn,
}

/// An entry that may leave, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name in the directory.
    pub dn: Dn,
    /// Export container.
    pub container: Dn,
    /// What is to be sent of it.
    pub record: ExportRecord,
    /// The requestor has it and keeps it as it is: it is in a full list and in no difference.
    pub is_held: bool,
}

impl Found {
    /// Makes what stands for an entry that cannot go as it is: what the requestor has of it, with the template lines that it
    /// has now, which only a full list repeats.
    #[must_use]
    pub fn held(dn: Dn, container: Dn, sent: &Sent, lines: Vec<SentLine>) -> Self {
        Self {
            dn,
            container,
            record: ExportRecord::as_sent(sent, lines),
            is_held: true,
        }
    }
}

/// An entry that a requestor is to have, under the name it is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Where it comes from.
    pub found: Found,
    /// Name, unique where it is listed.
    pub name: String,
}

/// Every entry a requestor is to have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// The entries, by key; no two of one key.
    pub exports: Vec<Export>,
    /// What was altered, and entries left out because another has their address; by name of the entry.
    pub notes: Vec<(Dn, Note)>,
}

impl Wanted {
    /// Gives every entry its name. Of two entries with one address the one stays that was sent, else the first by name
    /// in the directory.
    #[must_use]
    pub fn new(mut found: Vec<Found>, sent: &[Sent], rules: NameRules) -> Self {
        let by_key: HashMap<_, _> = sent.iter().map(|sent| (&sent.key, sent)).collect();
        let is_new = |found: &Found| {
            by_key
                .get(&found.record.key)
                .is_none_or(|sent| sent.hash != found.record.hash)
        };
        found.sort_by_cached_key(|found| (found.record.key.clone(), is_new(found), found.dn.key()));
        let mut wanted = Self::default();
        let mut kept: Vec<Found> = Vec::with_capacity(found.len());
        for found in found {
            match kept
                .last()
                .filter(|last| last.record.key == found.record.key)
            {
                Some(holder) => {
                    let detail = format!("{} is held by {}", found.record.address, holder.dn);
                    let note = Note::new(Reason::AddressDuplicate, detail);
                    wanted.notes.push((found.dn, note));
                }
                None => kept.push(found),
            }
        }
        let lists: Vec<_> = kept
            .iter()
            .map(|found| found.record.address.list())
            .collect();
        let candidates = kept.iter().zip(&lists).map(|(found, list)| Candidate {
            key: &found.record.key,
            list,
            name: &found.record.name,
            sent: by_key
                .get(&found.record.key)
                .map(|sent| (&*sent.plain_name, &*sent.name)),
        });
        let assigned = names::assign(rules, &candidates.collect::<Vec<_>>());
        for (found, assigned) in kept.into_iter().zip(assigned) {
            // Of what stays as it is there is nothing to say.
            let notes = assigned.notes.into_iter().filter(|_| !found.is_held);
            wanted
                .notes
                .extend(notes.map(|note| (found.dn.clone(), note)));
            wanted.exports.push(Export {
                found,
                name: assigned.text,
            });
        }
        wanted
    }

    /// Notes of what was sent where it is found now: that a person was moved is nothing to the other side, and yet another
    /// container answers for it from then on.
    pub fn locate(&self, sent: &mut [Sent]) {
        let exports = self.exports.iter().map(|export| &export.found);
        let found: HashMap<_, _> = exports.map(|found| (&found.record.key, found)).collect();
        for sent in sent {
            if let Some(found) = found.get(&sent.key) {
                sent.container.clone_from(&found.container);
            }
        }
    }
}

/// Why an entry that was sent is not wanted any more.
#[derive(Debug, Clone, Copy, Default)]
pub struct Absent<'a> {
    /// Entries that are there and must not leave, with the reason.
    pub skipped: &'a [(SyncKey, Note)],
    /// Export containers as they are now.
    pub containers: &'a [Dn],
}

/// Returns what to send, in the order in which it must be applied: deletions, renames, other modifications, additions.
///
/// One key is one entry: deleted and created again is a modification, or nothing. Another address is another key, so
/// that the old one is deleted and the new one added (Q246833). Whether an entry was sent decides, not what happened to
/// it (Q241086).
#[must_use]
pub fn difference(sent: &[Sent], wanted: &Wanted, absent: Absent<'_>) -> Vec<Change> {
    let mut known: HashMap<_, _> = sent.iter().map(|sent| (&sent.key, sent)).collect();
    let mut renames = Vec::new();
    let mut modified = Vec::new();
    let mut added = Vec::new();
    for export in &wanted.exports {
        let record = &export.found.record;
        let Some(sent) = known.remove(&record.key) else {
            added.push(Change::add(export, Cause::New));
            continue;
        };
        if export.found.is_held {
            continue;
        }
        if sent.name != export.name || sent.address != record.address {
            renames.push((sent, export));
        } else if sent.hash != record.hash {
            modified.push(Change::modify(sent, export, Cause::Content));
        }
    }
    let skipped: HashMap<_, _> = absent
        .skipped
        .iter()
        .map(|(key, note)| (key, note))
        .collect();
    let gone = sent.iter().filter(|sent| known.contains_key(&sent.key));
    let mut deleted: Vec<_> = gone
        .map(|sent| Change::Delete {
            cause: why_gone(sent, &skipped, absent.containers),
            sent: sent.clone(),
        })
        .collect();
    deleted.sort_by(|a, b| a.key().cmp(&b.key()));

    let ordered = order::renames(&renames);
    for (sent, export) in ordered.apart {
        deleted.push(Change::Delete {
            sent: sent.clone(),
            cause: Cause::Renamed,
        });
        added.push(Change::add(export, Cause::Renamed));
    }
    let renames = ordered.renames.into_iter();
    let renames = renames.map(|(sent, export)| Change::modify(sent, export, Cause::Renamed));
    deleted
        .into_iter()
        .chain(renames)
        .chain(modified)
        .chain(added)
        .collect()
}

/// Returns a full list: `R` for each postoffice of ours, and an addition for every entry. There is no `R` for what is
/// passed on, whatever stands in the containers (Q156996, Q152935).
#[must_use]
pub fn full(owned: &[(String, String)], wanted: &Wanted) -> Vec<Change> {
    let replaced = owned.iter().map(|(network, postoffice)| Change::Replace {
        network: network.clone(),
        postoffice: postoffice.clone(),
    });
    let added = wanted
        .exports
        .iter()
        .map(|export| Change::add(export, Cause::Full));
    replaced.chain(added).collect()
}

/// Returns what the ledger is to say once the changes are confirmed, by key.
#[must_use]
pub fn settled(sent: &[Sent], changes: &[Change]) -> Vec<Sent> {
    let by_key = sent.iter().map(|sent| (sent.key.clone(), sent.clone()));
    let mut settled: BTreeMap<_, _> = by_key.collect();
    for change in changes {
        match change {
            Change::Replace {
                network,
                postoffice,
            } => {
                let list = TargetAddress::new(PC_MAIL, &format!("{network}/{postoffice}/x")).list();
                settled.retain(|_, sent| sent.address.list() != list);
            }
            Change::Delete { sent, .. } => {
                settled.remove(&sent.key);
            }
            Change::Modify { export, .. } | Change::Add { export, .. } => {
                let now = export.as_sent();
                settled.insert(now.key.clone(), now);
            }
        }
    }
    settled.into_values().collect()
}

fn why_gone(sent: &Sent, skipped: &HashMap<&SyncKey, &Note>, containers: &[Dn]) -> Cause {
    if let Some(note) = skipped.get(&sent.key) {
        return Cause::Excluded((*note).clone());
    }
    // A setting that names what lies above has the container still.
    let has_it = |container: &Dn| sent.container.is_within(container);
    match containers.iter().any(has_it) {
        true => Cause::Gone,
        false => Cause::Excluded(outgoing::outside(&sent.container)),
    }
}

impl Export {
    /// Returns what the ledger is to say of it.
    #[must_use]
    pub fn as_sent(&self) -> Sent {
        let record = &self.found.record;
        Sent {
            key: record.key.clone(),
            address: record.address.clone(),
            plain_name: record.name.clone(),
            name: self.name.clone(),
            hash: record.hash,
            prompts: record
                .lines
                .iter()
                .map(|line| line.prompt.clone())
                .collect(),
            container: self.found.container.clone(),
        }
    }
}
