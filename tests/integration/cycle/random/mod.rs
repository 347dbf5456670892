//! Convergence through the real programs: short random histories of three postoffices on disk (design, section 7).
//!
//! `convergence` plays far longer ones over the decisions alone; what lies between those and the disk is played here.
//! `DIRSYNC_PROGRAM_HISTORIES` says how many, `DIRSYNC_SEED` which is the first.

mod channel;
mod event;
mod heal;
mod people;
mod programs;
mod stage;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::support::trace::require_tracing;
use event::History;
use stage::{Begin, Coverage, Stage};

/// Histories of a run that nothing else is said for.
const HISTORIES: u64 = 15;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Plays a history, and undisturbed cycles behind it.
///
/// # Panics
/// A rule is broken; what has happened until then stands in `trace`.
fn run(begin: &Begin, history: &History, trace: &RefCell<Vec<String>>) -> Coverage {
    let mut stage = Stage::new(begin, history.is_established);
    let played = catch_unwind(AssertUnwindSafe(|| {
        for event in &history.events {
            stage.play(event);
        }
        heal::heal(&mut stage);
    }));
    if let Err(reason) = played {
        trace.replace(std::mem::take(&mut stage.trace));
        resume_unwind(reason);
    }
    stage.coverage
}

/// Plays the history of one seed; the error shows the shortest found that fails as well.
fn play(begin: &Begin, seed: u64, coverage: &mut Coverage) -> Result<(), String> {
    let config = Config {
        cases: 1,
        failure_persistence: None,
        max_shrink_iters: 300,
        max_shrink_time: 60_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, random);
    let trace = RefCell::new(Vec::new());
    let coverage = RefCell::new(coverage);
    let result = runner.run(&event::histories(), |history| {
        let played = catch_unwind(AssertUnwindSafe(|| run(begin, &history, &trace)));
        let counted = played.map_err(|reason| {
            let text = reason.downcast_ref::<String>().cloned();
            let text = text.or_else(|| reason.downcast_ref::<&str>().map(ToString::to_string));
            TestCaseError::fail(text.unwrap_or_default())
        })?;
        for (outcome, count) in counted {
            *coverage.borrow_mut().entry(outcome).or_default() += count;
        }
        Ok(())
    });
    match result {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, history)) => Err(format!(
            "seed {seed}: {history:?}\n{}\nseed {seed}: {reason}",
            trace.take().join("\n")
        )),
        Err(TestError::Abort(reason)) => Err(format!("seed {seed}: {reason}")),
    }
}

#[test]
fn all_lists_hold_what_their_owners_hold_after_any_history_of_the_programs() {
    require_tracing();
    let first = number("DIRSYNC_SEED").unwrap_or(1);
    let count = number("DIRSYNC_PROGRAM_HISTORIES").unwrap_or(HISTORIES);
    let began = Instant::now();
    let begin = Begin::new();
    let mut coverage = Coverage::new();
    for seed in first..first + count {
        if let Err(trace) = play(&begin, seed, &mut coverage) {
            panic!("{trace}");
        }
    }
    println!("{count} histories in {:?}", began.elapsed());
    for (outcome, count) in coverage {
        println!("{count:>10}  {outcome}");
    }
}
