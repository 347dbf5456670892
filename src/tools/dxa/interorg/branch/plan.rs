//! What is to become of each entry that an answer speaks of, or that was refused before: decided on values (`spec/exchange.md`
//! IO-08, IO-09, IO-13).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::entry::{Filling, attributes, sync_key, target};
use super::source::with_claims;
use crate::directory::address_text::TargetAddress;
use crate::directory::dn::Dn;
use crate::directory::import::{Ask, Want};
use crate::directory::interorg::settle::{Contender, settle};
use crate::directory::interorg::{Card, SourceKey};
use crate::directory::key::SyncKey;
use crate::directory::note::Note;
use crate::plan::outcome::Reason;
use crate::tools::dxa::interorg::config::{Branch, NoSmtp};

/// What there is to do.
#[derive(Debug, Clone, Default)]
pub(super) struct Work {
    /// What entries are to be; none where they are to go.
    pub(super) wanted: BTreeMap<SourceKey, Option<Card>>,
    /// Entries that a full list means and cannot say, with the reason: they stay as they are (NT-07).
    pub(super) kept: BTreeMap<SourceKey, Note>,
    /// It is a full list: what it does not name is to go.
    pub(super) is_full: bool,
}

/// Who has which addresses in the tree.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    /// Who has an SMTP address, lower case.
    pub(super) by_address: HashMap<String, Vec<Holder>>,
    /// Entries of others as they are there: their SMTP addresses, lower case.
    pub(super) shown: BTreeMap<SourceKey, (Dn, Vec<String>)>,
}

/// An entry that has an address.
#[derive(Debug, Clone)]
pub(super) struct Holder {
    /// Its name.
    pub(super) dn: Dn,
    /// Whose it is, where it came from the hub.
    pub(super) key: Option<SourceKey>,
}

/// Why an entry is not taken as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    /// It is not wanted, and goes where it is there.
    Unwanted(Note),
    /// It cannot be taken, and what is there of it stays.
    Refused(Note),
}

/// The asks in the order of their keys, and what stands behind them.
pub(super) struct Plan {
    pub(super) keys: Vec<SourceKey>,
    pub(super) asks: Vec<Ask>,
    /// Entries that are not taken as they are.
    pub(super) why: BTreeMap<SourceKey, Why>,
    pub(super) filling: Filling,
}

/// Sorts out what can be said before the directory is looked at.
pub(super) fn sort(work: &Work, branch: &Branch) -> BTreeMap<SourceKey, Why> {
    let mut why = BTreeMap::new();
    for (key, card) in &work.wanted {
        if key.branch().eq_ignore_ascii_case(&branch.name) {
            let note = Note::new(Reason::OwnImport, format!("{key} is of this branch itself"));
            why.insert(key.clone(), Why::Unwanted(note));
        } else if let Some(note) = card.as_ref().and_then(|card| unwanted(card, branch)) {
            why.insert(key.clone(), Why::Unwanted(note));
        }
    }
    why
}

fn unwanted(card: &Card, branch: &Branch) -> Option<Note> {
    match &card.mail {
        Some(mail) if branch.domains.has(mail) => None,
        Some(mail) => Some(Note::new(Reason::DomainNotWanted, mail.clone())),
        None if branch.no_smtp == NoSmtp::Skip => {
            Some(Note::new(Reason::NoSmtp, "no SMTP address"))
        }
        None if branch.domains.is_all() => None,
        None => Some(Note::new(Reason::DomainNotWanted, "no SMTP address")),
    }
}

/// Returns the SMTP addresses, lower case, that are claimed.
pub(super) fn claims(work: &Work, why: &BTreeMap<SourceKey, Why>) -> BTreeSet<String> {
    let wanted = work
        .wanted
        .iter()
        .filter(|(key, _)| !why.contains_key(*key));
    wanted
        .filter_map(|(_, card)| card.as_ref())
        .flat_map(Card::claims)
        .collect()
}

/// Returns the target addresses of other types that are claimed.
pub(super) fn targets(work: &Work, why: &BTreeMap<SourceKey, Why>) -> BTreeSet<SyncKey> {
    let wanted = work
        .wanted
        .iter()
        .filter(|(key, _)| !why.contains_key(*key));
    let targets = wanted.filter_map(|(_, card)| target(card.as_ref()?));
    let targets = targets.filter_map(|text| TargetAddress::parse(&text).ok());
    let others = targets.filter(|target| target.kind() != "SMTP");
    others.map(|target| SyncKey::of(&target)).collect()
}

/// Plans as if nobody else had any address. `former` names what entries that have such addresses were called before.
pub(super) fn draft(
    work: &Work,
    mut why: BTreeMap<SourceKey, Why>,
    former: &BTreeMap<SourceKey, Vec<String>>,
    branch: &Branch,
) -> Plan {
    let mut plan = Plan {
        keys: Vec::with_capacity(work.wanted.len()),
        asks: Vec::with_capacity(work.wanted.len()),
        why: BTreeMap::new(),
        filling: Filling {
            secondary: HashMap::with_capacity(work.wanted.len()),
        },
    };
    for (key, card) in &work.wanted {
        let sync_key = sync_key(key);
        let card = card.as_ref().filter(|_| !why.contains_key(key));
        let made = card.map(|card| (card, attributes(key, card, &branch.export.attributes)));
        let (want, notes) = match made {
            None => (Want::Remove { key: sync_key }, Vec::new()),
            Some((card, Ok((attributes, notes)))) => {
                let names = former.get(key).cloned().unwrap_or_default();
                let secondary = card.secondary.iter().cloned().chain(names).collect();
                plan.filling.secondary.insert(sync_key.clone(), secondary);
                let key = sync_key;
                (Want::Put { key, attributes }, notes)
            }
            Some((_, Err(reason))) => {
                why.insert(key.clone(), Why::Refused(reason.clone()));
                let key = Some(sync_key);
                (Want::Unusable { key, reason }, Vec::new())
            }
        };
        plan.keys.push(key.clone());
        plan.asks.push(Ask {
            want,
            number: None,
            notes,
        });
    }
    // Behind all that have a key of their own here: nothing becomes of them.
    for (key, reason) in &work.kept {
        plan.asks.push(Ask {
            want: Want::Unusable {
                key: Some(sync_key(key)),
                reason: reason.clone(),
            },
            number: None,
            notes: Vec::new(),
        });
    }
    plan.why = why;
    plan
}

impl Plan {
    /// Refuses who wants an address that another entry of the tree has: what is there of it stays.
    pub(super) fn settle(&mut self, work: &Work, held: &Held) {
        let puts = self.keys.iter().zip(&self.asks);
        let puts = puts.filter(|(_, ask)| matches!(ask.want, Want::Put { .. }));
        let cards = puts.filter_map(|(key, _)| Some((key, work.wanted.get(key)?.as_ref()?)));
        for (key, reason) in duplicates(work, &cards.collect(), &self.why, held) {
            let Ok(at) = self.keys.binary_search(&key) else {
                continue;
            };
            let sync_key = sync_key(&key);
            self.filling.secondary.remove(&sync_key);
            self.why.insert(key, Why::Refused(reason.clone()));
            let key = Some(sync_key);
            self.asks[at].want = Want::Unusable { key, reason };
        }
    }
}

/// Returns who wants an SMTP address that another entry of the tree has, and who that is (IO-09). Who has it keeps it, else
/// the lower key gets it.
fn duplicates(
    work: &Work,
    cards: &BTreeMap<&SourceKey, &Card>,
    why: &BTreeMap<SourceKey, Why>,
    held: &Held,
) -> Vec<(SourceKey, Note)> {
    let stays = |key: &SourceKey| match (work.wanted.get(key), why.get(key)) {
        // What cannot be taken stays as it is.
        (_, Some(Why::Refused(_))) => true,
        (None, _) => !work.is_full || work.kept.contains_key(key),
        (Some(_), _) => false,
    };
    let mut outside: HashMap<String, SourceKey> = HashMap::new();
    let mut names: HashMap<SourceKey, String> = HashMap::new();
    for (address, holders) in &held.by_address {
        for (at, holder) in holders.iter().enumerate() {
            let key = match &holder.key {
                Some(key) if !stays(key) => continue,
                Some(key) => key.clone(),
                // Of this tree itself: no branch has an empty name.
                None => SourceKey::new("", &format!("{at}:{address}")),
            };
            names.insert(key.clone(), holder.dn.to_string());
            outside.entry(address.clone()).or_insert(key);
        }
    }
    let shown: BTreeMap<_, _> = held
        .shown
        .iter()
        .filter(|(key, _)| cards.contains_key(key))
        .map(|(key, (_, claims))| (key, with_claims(claims)))
        .collect();
    let contenders = cards.iter().map(|(key, wanted)| {
        let shown = shown.get(key);
        ((*key).clone(), Contender { wanted, shown })
    });
    let lost = settle(&contenders.collect(), &outside);
    let lost = lost.into_iter().map(|(key, lost)| {
        let there = || held.shown.get(&lost.holder).map(|(dn, _)| dn.to_string());
        let card = || cards.get(&lost.holder).map(|card| card.dn.clone());
        let name = names.get(&lost.holder).cloned();
        let holder = name.or_else(there).or_else(card).unwrap_or_default();
        let detail = format!("{} is held by {holder}", lost.address);
        (key, Note::new(Reason::SmtpDuplicate, detail))
    });
    lost.collect()
}
