//! Who gets an SMTP address that several entries claim (`spec/exchange.md` IO-09).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::card::{Card, SourceKey};

/// An entry that wants to be seen as something else than it is, or for the first time.
#[derive(Debug, Clone, Copy)]
pub struct Contender<'a> {
    /// As its branch has it.
    pub wanted: &'a Card,
    /// As the others see it now.
    pub shown: Option<&'a Card>,
}

/// Why an entry has to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The address, in lower case.
    pub address: String,
    /// Who has it.
    pub holder: SourceKey,
}

/// Decides who of the contenders gets through; returns who does not. `outside` names who has an address and is none of
/// them.
///
/// What an entry has and still wants stays with it. Otherwise the one with the lower key gets an address, so that the
/// result does not depend on the order of messages. Only the end counts: two that swap their addresses both get through.
/// Who loses stays as the others see it, and keeps its addresses.
#[must_use]
pub fn settle(
    contenders: &BTreeMap<SourceKey, Contender<'_>>,
    outside: &HashMap<String, SourceKey>,
) -> BTreeMap<SourceKey, Lost> {
    let mut lost: BTreeMap<SourceKey, Lost> = BTreeMap::new();
    loop {
        let mut taken = kept(contenders, &lost);
        let mut losing = BTreeMap::new();
        for (key, contender) in contenders {
            if lost.contains_key(key) {
                continue;
            }
            let claims: BTreeSet<String> = contender.wanted.claims().collect();
            let held = claims.iter().find_map(|address| {
                let holder = taken.get(address).or_else(|| outside.get(address))?;
                (holder != key).then(|| Lost {
                    address: address.clone(),
                    holder: holder.clone(),
                })
            });
            match held {
                Some(why) => {
                    losing.insert(key.clone(), why);
                }
                None => taken.extend(claims.into_iter().map(|address| (address, key.clone()))),
            }
        }
        // Who loses keeps what it has; whoever counted on that has to be looked at again.
        let is_overrun = losing.keys().any(|key| {
            let shown = contenders.get(key).and_then(|contender| contender.shown);
            shown.is_some_and(|shown| {
                let mut claims = shown.claims();
                claims.any(|address| taken.get(&address).is_some_and(|holder| holder != key))
            })
        });
        lost.extend(losing);
        if !is_overrun {
            return lost;
        }
    }
}

/// Returns the addresses that are out of the question for others: those that an entry has and wants, and all that one has
/// which cannot change.
fn kept(
    contenders: &BTreeMap<SourceKey, Contender<'_>>,
    lost: &BTreeMap<SourceKey, Lost>,
) -> HashMap<String, SourceKey> {
    let mut kept = HashMap::new();
    for (key, contender) in contenders {
        let Some(shown) = contender.shown else {
            continue;
        };
        let wanted: BTreeSet<String> = contender.wanted.claims().collect();
        for address in shown.claims() {
            if lost.contains_key(key) || wanted.contains(&address) {
                kept.insert(address, key.clone());
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::card::CardKind;
    use super::*;

    fn card(addresses: &str) -> Card {
        let mut addresses = addresses.split_whitespace().map(str::to_owned);
        Card {
            kind: CardKind::Mailbox,
            dn: String::new(),
            mail: addresses.next(),
            target: None,
            secondary: addresses.map(|address| format!("SMTP:{address}")).collect(),
            attributes: BTreeMap::new(),
        }
    }

    /// Plays `key wanted [/ shown]` lines, with the addresses that outsiders have; returns who waits for whom.
    fn play(lines: &[&str], outsiders: &[(&str, &str)]) -> Vec<String> {
        let cards: Vec<(SourceKey, Card, Option<Card>)> = lines
            .iter()
            .map(|line| {
                let (key, rest) = line.split_once(' ').expect("a key");
                let (wanted, shown) = match rest.split_once('/') {
                    Some((wanted, shown)) => (wanted, Some(card(shown))),
                    None => (rest, None),
                };
                (SourceKey::new("ORG", key), card(wanted), shown)
            })
            .collect();
        let contenders = cards.iter().map(|(key, wanted, shown)| {
            let shown = shown.as_ref();
            (key.clone(), Contender { wanted, shown })
        });
        let outside = outsiders.iter().map(|(address, key)| {
            let key = SourceKey::new("OTHER", key);
            ((*address).to_owned(), key)
        });
        let lost = settle(&contenders.collect(), &outside.collect());
        lost.iter()
            .map(|(key, lost)| format!("{} {} {}", key.uuid(), lost.address, lost.holder.uuid()))
            .collect()
    }

    #[test]
    fn ioc_010_of_two_new_ones_the_lower_key_wins() {
        assert_eq!(play(&["b x@o", "a x@o"], &[]), ["b x@o a"]);
        assert_eq!(play(&["a X@O", "b x@o"], &[]), ["b x@o a"]);
    }

    #[test]
    fn who_has_it_keeps_it() {
        assert_eq!(play(&["a x@o"], &[("x@o", "z")]), ["a x@o z"]);
        assert_eq!(play(&["a x@o", "b x@o y@o / x@o"], &[]), ["a x@o b"]);
    }

    #[test]
    fn a_swap_is_no_conflict() {
        assert!(play(&["a y@o / x@o", "b x@o / y@o"], &[]).is_empty());
        assert!(play(&["a y@o / x@o", "b z@o / y@o", "c x@o / z@o"], &[]).is_empty());
    }

    #[test]
    fn who_cannot_leave_blocks_who_counted_on_it() {
        let lost = play(&["a y@o / x@o", "b x@o"], &[("y@o", "z")]);
        assert_eq!(lost, ["a y@o z", "b x@o a"]);
        let lost = play(&["a x@o / w@o", "b y@o / x@o"], &[("y@o", "z")]);
        assert_eq!(lost, ["a x@o b", "b y@o z"]);
    }

    #[test]
    fn who_waits_for_one_address_does_not_block_another() {
        let lost = play(&["a x@o y@o", "b y@o"], &[("x@o", "z")]);
        assert_eq!(lost, ["a x@o z"]);
    }
}
