//! Every history of a small organization: what random ones may miss, exhaustively (design, section 7).
//!
//! A message that was sent can be delivered at any time, any number of times, in any order, or never: so the channel is a
//! set. From every state that can be reached, undisturbed cycles must end with equal lists, whether what still travels
//! arrives or not.

mod canon;
mod node;

use std::time::Instant;

use stateright::{Checker, Model, Property};

use node::{Node, Step};

/// How far the search goes.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Postoffices, the server among them.
    offices: usize,
    /// Edits of lists.
    edits: u32,
    /// Copies that come back.
    restores: u8,
    /// Resync files made and applied.
    resyncs: u8,
    /// Requestors registered anew.
    registrations: u8,
    /// Steps in all.
    depth: usize,
}

impl Model for Bounds {
    type State = Node;
    type Action = Step;

    fn init_states(&self) -> Vec<Node> {
        vec![Node::new(self)]
    }

    fn actions(&self, node: &Node, actions: &mut Vec<Step>) {
        node.steps(self, actions);
    }

    fn next_state(&self, node: &Node, step: Step) -> Option<Node> {
        Some(node.after(&step))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no rule is broken", |_, node: &Node| node.broken.is_none()),
            Property::always("it heals", |_, node: &Node| node.heals().is_ok()),
            // The search has met what it is for.
            Property::sometimes("a restore shows", |_, node: &Node| {
                node.has_noticed_restore()
            }),
        ]
    }
}

/// Searches everything within the bounds.
fn search(bounds: Bounds) {
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    // The first state counts as a step.
    let checker = bounds.checker().target_max_depth(bounds.depth + 1);
    let checker = checker.threads(threads).spawn_bfs().join();
    let mut found = checker.discoveries();
    let shows = found.remove("a restore shows");
    if let Some((name, path)) = found.into_iter().next() {
        let last = path.last_state().clone();
        let steps = path.into_actions();
        let what = last.broken.clone().or_else(|| last.heals().err());
        panic!(
            "{name}: {what:?}\n{steps:?}\n{}",
            Node::trace(&bounds, &steps)
        );
    }
    assert!(
        shows.is_some() || bounds.restores == 0,
        "no restore was noticed"
    );
    let states = checker.unique_state_count();
    println!("{states} states in {:?}: {bounds:?}", began.elapsed());
}

/// Steps that `DIRSYNC_SEARCH` adds to a search: each makes it about four times as large.
fn deeper(depth: usize) -> usize {
    let added = std::env::var("DIRSYNC_SEARCH").ok();
    depth + added.and_then(|added| added.parse().ok()).unwrap_or(0)
}

#[test]
fn two_requestors_three_edits_and_a_restore_end_with_equal_lists() {
    search(Bounds {
        offices: 2,
        edits: 3,
        restores: 1,
        resyncs: 0,
        registrations: 0,
        depth: deeper(6),
    });
}

#[test]
fn a_resync_file_at_any_moment_ends_with_equal_lists() {
    search(Bounds {
        offices: 2,
        edits: 2,
        restores: 0,
        resyncs: 1,
        registrations: 1,
        depth: deeper(5),
    });
}
