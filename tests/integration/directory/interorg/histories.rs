//! Random histories, over the table in memory and over the real stores, which have to decide the same.

use std::cell::RefCell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::place::Place;
use super::twin::Twin;
use super::world::{Step, World, steps};

/// Undisturbed rounds after which all have what they should.
const ROUNDS: usize = 5;

fn number(variable: &str, usual: u32) -> u32 {
    let set = std::env::var(variable).ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn play(steps: &[Step], twin: Option<Twin<'_>>) -> Result<(), TestCaseError> {
    let mut world = World::new(twin);
    for step in steps {
        world.step(step);
    }
    // What is still on its way comes late or never.
    for _ in 0..ROUNDS {
        world.round();
    }
    world.check()
}

proptest! {
    #![proptest_config(config(number("DIRSYNC_HISTORIES", 2_000)))]

    #[test]
    fn whatever_happens_the_others_have_it_in_the_end(steps in vec(steps(), 0..60)) {
        play(&steps, None)?;
    }
}

/// Plays histories with a real store beside the one in memory: after each message both hold the same.
fn play_both(make: fn() -> Place) {
    let place = make();
    let table = RefCell::new(place.open().expect("opened"));
    let mut runner = TestRunner::new(config(number("DIRSYNC_STORE_HISTORIES", 24)));
    let played = runner.run(&vec(steps(), 0..60), |steps| {
        play(&steps, Some(Twin(&mut **table.borrow_mut())))
    });
    played.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn sqlite_decides_what_memory_decides() {
    play_both(Place::sqlite);
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_decides_what_memory_decides() {
    play_both(Place::postgres);
}
