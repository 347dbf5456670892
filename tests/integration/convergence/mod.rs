//! Convergence: whatever happens to mail and to copies, some undisturbed cycles later every list holds what its owner
//! holds (design, section 7). Random histories, as values, over the decisions that the programs make.

mod event;
mod heal;
mod list;
mod mail;
mod memory;
mod office;
mod rows;
mod search;
mod server;
mod stage;
mod watch;
mod world;

use std::time::Instant;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use watch::{Coverage, Watch};

/// Histories of a run that nothing else is said for.
const HISTORIES: u64 = 2_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Plays the history of one seed; the error shows the shortest that fails as well.
fn play(seed: u64, coverage: &mut Coverage, worst: &mut heal::Healed) -> Result<(), String> {
    let config = Config {
        cases: 1,
        failure_persistence: None,
        max_shrink_iters: 200_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, random);
    let found = std::cell::RefCell::new((coverage, worst));
    let result = runner.run(&event::histories(), |history| {
        let watch = Watch {
            coverage: Some(Coverage::new()),
            ..Watch::default()
        };
        let (result, watch) = heal::run(&history, watch);
        let healed = result.map_err(TestCaseError::fail)?;
        let (coverage, worst) = &mut *found.borrow_mut();
        heal::merge(coverage, watch.coverage.unwrap_or_default());
        worst.cycles = worst.cycles.max(healed.cycles);
        worst.paced = worst.paced.max(healed.paced);
        coverage
            .entry(format!("cycles: {}", healed.cycles))
            .and_modify(|n| *n += 1)
            .or_insert(1);
        Ok(())
    });
    match result {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, history)) => Err(format!(
            "seed {seed}: {reason}\n{history:?}\n{}",
            heal::trace(&history)
        )),
        Err(TestError::Abort(reason)) => Err(format!("seed {seed}: {reason}")),
    }
}

#[test]
fn all_lists_hold_what_their_owners_hold_after_any_history() {
    let first = number("DIRSYNC_SEED").unwrap_or(1);
    let count = number("DIRSYNC_HISTORIES").unwrap_or(HISTORIES);
    let began = Instant::now();
    let mut coverage = Coverage::new();
    let mut worst = heal::Healed::default();
    for seed in first..first + count {
        if let Err(trace) = play(seed, &mut coverage, &mut worst) {
            panic!("{trace}");
        }
    }
    println!("{count} histories in {:?}, {worst:?}", began.elapsed());
    for (outcome, count) in coverage {
        println!("{count:>10}  {outcome}");
    }
}
