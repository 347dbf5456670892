//! What becomes of the entries of one key: pure decisions.
//!
//! Mostly there is one entry on each side. Where several people share a mailbox, or something is wrong, they are told
//! apart by their names.

use super::item::{Item, State};

/// What becomes of an entry, or of two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match<'g> {
    /// On both sides.
    Both(&'g Item, &'g Item),
    /// On both sides, and each shares its key with another that is on both sides too.
    Shared(&'g Item, &'g Item),
    /// In A alone.
    Missing(&'g Item),
    /// In B alone.
    Extra(&'g Item),
    /// In B, and A keeps it to itself or has removed it.
    Unwanted(&'g Item, &'g Item),
    /// In A, and B has removed it.
    Removed(&'g Item, &'g Item),
    /// In B, and A does not know whether it should be there.
    Kept(&'g Item, &'g Item),
    /// In A alone, beside another entry of its key.
    TwiceInA(&'g Item, &'g Item),
    /// In B alone, beside another entry of its key.
    TwiceInB(&'g Item, &'g Item),
}

/// Decides on the entries of one key.
pub(super) fn decide<'g>(a: &'g [Item], b: &'g [Item]) -> Vec<Match<'g>> {
    let present = |group: &'g [Item]| -> Vec<&'g Item> {
        let there = group.iter().filter(|item| item.state == State::Present);
        there.collect()
    };
    let (of_a, of_b) = (present(a), present(b));
    let mut found = Vec::with_capacity(1);
    // Withheld entries match before anything else: of them nothing is known.
    let withheld = a
        .iter()
        .find(|item| matches!(item.state, State::Withheld(_)));
    if let Some(withheld) = withheld {
        found.extend(of_b.iter().map(|item| Match::Kept(withheld, item)));
        found.extend(alone(&of_a, Match::Missing, Match::TwiceInA, None));
        return found;
    }
    if let ([one], [other]) = (&of_a[..], &of_b[..]) {
        found.push(Match::Both(one, other));
        return found;
    }
    let (pairs, rest_a, rest_b) = pair(of_a, of_b);
    let is_shared = pairs.len() > 1;
    found.extend(pairs.iter().map(|&(one, other)| match is_shared {
        true => Match::Shared(one, other),
        false => Match::Both(one, other),
    }));
    let first = pairs.first();
    let ghost = |group: &'g [Item]| group.iter().find(|item| item.state != State::Present);
    match (rest_a.is_empty(), ghost(b), first) {
        (false, Some(removed), None) => {
            found.extend(rest_a.iter().map(|item| Match::Removed(item, removed)));
        }
        _ => {
            let first = first.map(|(item, _)| *item);
            found.extend(alone(&rest_a, Match::Missing, Match::TwiceInA, first));
        }
    }
    match (rest_b.is_empty(), ghost(a), first) {
        (false, Some(unwanted), None) => {
            found.extend(rest_b.iter().map(|item| Match::Unwanted(unwanted, item)));
        }
        _ => {
            let first = first.map(|(_, item)| *item);
            found.extend(alone(&rest_b, Match::Extra, Match::TwiceInB, first));
        }
    }
    found
}

/// Decides on entries that the other side lacks: the first of a key is missed, the others stand beside it.
fn alone<'g>(
    items: &[&'g Item],
    one: fn(&'g Item) -> Match<'g>,
    beside: fn(&'g Item, &'g Item) -> Match<'g>,
    first: Option<&'g Item>,
) -> Vec<Match<'g>> {
    let mut first = first;
    let decided = items.iter().map(|&item| match first {
        Some(first) => beside(first, item),
        None => {
            first = Some(item);
            one(item)
        }
    });
    decided.collect()
}

type Paired<'g> = (Vec<(&'g Item, &'g Item)>, Vec<&'g Item>, Vec<&'g Item>);

/// Pairs entries of one key: those of one name, then those of one name without case, then the rest as they come.
fn pair<'g>(mut a: Vec<&'g Item>, mut b: Vec<&'g Item>) -> Paired<'g> {
    let mut pairs = Vec::new();
    let rules: [fn(&Item, &Item) -> bool; 3] = [
        |a, b| a.name == b.name,
        |a, b| a.name.to_lowercase() == b.name.to_lowercase(),
        |_, _| true,
    ];
    for is_same in rules {
        let mut rest = Vec::new();
        for item in std::mem::take(&mut a) {
            match b.iter().position(|other| is_same(item, other)) {
                Some(at) => pairs.push((item, b.remove(at))),
                None => rest.push(item),
            }
        }
        a = rest;
    }
    (pairs, a, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::address_text::TargetAddress;
    use crate::plan::outcome::Reason;
    use crate::tools::side::Place;

    fn group(names: &[&str]) -> Vec<Item> {
        let item = |(name, number): (&&str, u64)| {
            let address = TargetAddress::new("MS", "N/P/BOB");
            Item::new(address, (*name).to_owned(), Place::Line(number))
        };
        names.iter().zip(1..).map(item).collect()
    }

    fn ghost(state: State) -> Item {
        let mut item = group(&["ghost"]).remove(0);
        item.state = state;
        item
    }

    fn decided(a: &[Item], b: &[Item]) -> Vec<String> {
        let name = |item: &Item| item.name.clone();
        let shown = decide(a, b).into_iter().map(|found| match found {
            Match::Both(a, b) => format!("both {} {}", name(a), name(b)),
            Match::Shared(a, b) => format!("shared {} {}", name(a), name(b)),
            Match::Missing(a) => format!("missing {}", name(a)),
            Match::Extra(b) => format!("extra {}", name(b)),
            Match::Unwanted(a, b) => format!("unwanted {} {}", name(a), name(b)),
            Match::Removed(a, b) => format!("removed {} {}", name(a), name(b)),
            Match::Kept(a, b) => format!("kept {} {}", name(a), name(b)),
            Match::TwiceInA(a, b) => format!("twice in A {} {}", name(a), name(b)),
            Match::TwiceInB(a, b) => format!("twice in B {} {}", name(a), name(b)),
        });
        shown.collect()
    }

    #[test]
    fn one_on_each_side_is_one_entry_whatever_it_is_called() {
        assert_eq!(
            decided(&group(&["Bob"]), &group(&["Rob"])),
            ["both Bob Rob"]
        );
        assert_eq!(decided(&group(&["Bob"]), &[]), ["missing Bob"]);
        assert_eq!(decided(&[], &group(&["Bob"])), ["extra Bob"]);
    }

    #[test]
    fn several_of_one_key_are_told_apart_by_name() {
        assert_eq!(
            decided(&group(&["Bob", "Rob"]), &group(&["Rob", "BOB"])),
            ["shared Rob Rob", "shared Bob BOB"]
        );
        assert_eq!(
            decided(&group(&["Bob"]), &group(&["X", "Bob"])),
            ["both Bob Bob", "twice in B Bob X"]
        );
        assert_eq!(
            decided(&group(&["Bob", "Rob"]), &[]),
            ["missing Bob", "twice in A Bob Rob"]
        );
        assert_eq!(
            decided(&group(&["Bob", "Rob"]), &group(&["X"])),
            ["both Bob X", "twice in A Bob Rob"]
        );
    }

    #[test]
    fn what_a_side_keeps_or_has_removed_says_why_the_other_should_not_have_it() {
        let no = [ghost(State::Excluded(Reason::ConsentNo))];
        let removed = [ghost(State::Removed)];
        assert_eq!(decided(&no, &group(&["Bob"])), ["unwanted ghost Bob"]);
        assert_eq!(decided(&removed, &group(&["Bob"])), ["unwanted ghost Bob"]);
        assert_eq!(decided(&group(&["Bob"]), &removed), ["removed Bob ghost"]);
        assert_eq!(decided(&no, &[]), [""; 0]);
        // Removed under one name, and there under another.
        let both = [group(&["Bob"]), removed.to_vec()].concat();
        assert_eq!(decided(&both, &group(&["Bob"])), ["both Bob Bob"]);
    }

    #[test]
    fn nt02_what_nobody_knows_stays() {
        let unreadable = [ghost(State::Withheld(Reason::ConsentUnreadable))];
        assert_eq!(decided(&unreadable, &group(&["Bob"])), ["kept ghost Bob"]);
        assert_eq!(decided(&unreadable, &[]), [""; 0]);
    }
}
