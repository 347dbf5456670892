//! Works the changes of a branch into the master table, and gives each that the others see a new number
//! (`spec/exchange.md` IO-03, IO-09, IO-15).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::taking::Taken;
use super::{MasterStore, Row};
use crate::directory::interorg::card::{Card, SourceKey};
use crate::directory::interorg::number::Usn;
use crate::directory::interorg::settle::{Contender, Lost, settle};
use crate::directory::interorg::unit::{Request, Withheld};
use crate::directory::note::Note;
use crate::plan::outcome::Reason;

/// Stores the changes that a request carries behind a number, and whatever of what waits can be shown now.
pub(super) fn apply<S: MasterStore + ?Sized>(
    store: &mut S,
    news: Option<(&Request, Usn)>,
    taken: &mut Taken,
) -> Result<(), S::Error> {
    let mut before: BTreeMap<SourceKey, Row> = BTreeMap::new();
    let mut wanted: BTreeMap<SourceKey, Option<Card>> = BTreeMap::new();
    let mut swept = BTreeSet::new();
    if let Some((request, beyond)) = news {
        let branch = request.branch.to_uppercase();
        if request.is_full {
            swept = store.keys_of(&branch)?;
            wanted.extend(swept.iter().map(|key| (key.clone(), None)));
            for about in request.withheld.iter().filter(|about| about.is_held()) {
                swept.remove(&about.key);
                wanted.remove(&about.key);
            }
        }
        for change in &request.changes {
            if change.key.branch() != branch {
                let note = Note::new(Reason::NotOwner, change.key.branch());
                let refused = withheld(&change.key, change.card.as_ref(), note);
                taken.refused.push(refused);
            } else if request.is_full || change.number > beyond {
                swept.remove(&change.key);
                wanted.insert(change.key.clone(), change.card.clone());
            }
        }
    }
    for row in store.waiting()? {
        let key = row.key.clone();
        let waiting = row.waiting.as_ref().map(|(card, _)| card.clone());
        wanted.entry(key.clone()).or_insert(waiting);
        before.insert(key, row);
    }
    let unread = wanted.keys().filter(|key| !before.contains_key(*key));
    let unread = unread.cloned().collect();
    let read = store.rows(&unread)?.into_iter();
    before.extend(read.map(|row| (row.key.clone(), row)));
    let cards = wanted.values().flatten();
    let mut holders = store.holders(&cards.flat_map(Card::claims).collect())?;
    holders.retain(|_, holder| !wanted.contains_key(holder));
    let contenders = wanted.iter().filter_map(|(key, card)| {
        let shown = before.get(key).and_then(|row| row.shown.as_ref());
        card.as_ref()
            .map(|wanted| (key.clone(), Contender { wanted, shown }))
    });
    let lost = settle(&contenders.collect(), &holders);
    let names = names(store, &lost, &wanted)?;
    let mut head = store.head()?;
    let mut changed = Vec::new();
    for (key, card) in wanted {
        let old = before.remove(&key);
        let waiting = match (&card, lost.get(&key)) {
            (Some(card), Some(lost)) => {
                let dn = names.get(&lost.holder).map_or("", String::as_str);
                let detail = format!("{} is held by {} ({dn})", lost.address, lost.holder);
                let note = Note::new(Reason::SmtpDuplicate, detail);
                taken.refused.push(withheld(&key, Some(card), note.clone()));
                Some((card.clone(), note))
            }
            _ => None,
        };
        let shown = match &waiting {
            Some(_) => old.as_ref().and_then(|row| row.shown.clone()),
            None => card,
        };
        let was = old.as_ref().and_then(|row| row.shown.as_ref());
        let is_seen = was != shown.as_ref();
        let waited = old.as_ref().and_then(|row| row.waiting.as_ref());
        match (was, &shown) {
            _ if waiting.is_some() => {}
            (None, None) if waited.is_none() => taken.unchanged += 1,
            (_, None) if swept.contains(&key) => taken.swept += 1,
            (_, None) => taken.deleted += 1,
            (None, Some(_)) => taken.added += 1,
            _ if is_seen => taken.modified += 1,
            _ => taken.unchanged += 1,
        }
        if !is_seen && waited == waiting.as_ref() {
            continue;
        }
        let mut usn = old.as_ref().map_or(Usn::NONE, |row| row.usn);
        if is_seen {
            // 2^64 changes: nobody gets there.
            usn = head.last.next().unwrap_or(head.last);
            head.last = usn;
        }
        changed.push(Row {
            key,
            usn,
            shown,
            waiting,
        });
    }
    store.put(&changed)?;
    store.set_head(&head)
}

/// Returns the names at their source of those who hold an address that another one wants.
fn names<S: MasterStore + ?Sized>(
    store: &mut S,
    lost: &BTreeMap<SourceKey, Lost>,
    wanted: &BTreeMap<SourceKey, Option<Card>>,
) -> Result<HashMap<SourceKey, String>, S::Error> {
    let mut names = HashMap::new();
    let mut unknown = BTreeSet::new();
    for Lost { holder, .. } in lost.values() {
        match wanted.get(holder) {
            Some(Some(card)) => {
                names.insert(holder.clone(), card.dn.clone());
            }
            _ => {
                unknown.insert(holder.clone());
            }
        }
    }
    for Row { key, shown, .. } in store.rows(&unknown)? {
        names.insert(key, shown.map(|card| card.dn).unwrap_or_default());
    }
    Ok(names)
}

fn withheld(key: &SourceKey, card: Option<&Card>, note: Note) -> Withheld {
    Withheld {
        key: key.clone(),
        dn: card.map(|card| card.dn.clone()).unwrap_or_default(),
        note,
    }
}
