//! The order of renames: a name is free before another takes it.

use std::collections::{HashMap, HashSet};

use super::{Export, Sent};
use crate::directory::names::fold;

type Rename<'a> = (&'a Sent, &'a Export);

/// Renames in an order in which each finds its name free.
#[derive(Debug, Default)]
pub(super) struct Ordered<'a> {
    pub(super) renames: Vec<Rename<'a>>,
    /// One of each circle, as two who swap names: it has to leave before the others move.
    pub(super) apart: Vec<Rename<'a>>,
}

/// Orders renames. At most one waits for another, since names are unique on both sides.
pub(super) fn renames<'a>(renames: &[Rename<'a>]) -> Ordered<'a> {
    let old = |(sent, _): &Rename<'_>| (sent.address.list(), fold(&sent.name));
    let new = |(_, export): &Rename<'_>| (export.found.record.address.list(), fold(&export.name));
    let holders: HashMap<_, _> = renames
        .iter()
        .enumerate()
        .map(|(at, r)| (old(r), at))
        .collect();
    let waits_for = |at: usize| {
        holders
            .get(&new(&renames[at]))
            .copied()
            .filter(|&other| other != at)
    };

    let mut ordered = Ordered::default();
    let mut is_done = vec![false; renames.len()];
    for start in 0..renames.len() {
        let mut chain = vec![start];
        let mut is_in_chain = HashSet::from([start]);
        while let Some(next) = waits_for(chain[chain.len() - 1]).filter(|&next| !is_done[next]) {
            if !is_in_chain.insert(next) {
                ordered.apart.push(renames[next]);
                is_done[next] = true;
                break;
            }
            chain.push(next);
        }
        for at in chain.into_iter().rev() {
            if !std::mem::replace(&mut is_done[at], true) {
                ordered.renames.push(renames[at]);
            }
        }
    }
    ordered
}
