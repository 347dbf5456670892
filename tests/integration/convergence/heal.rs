//! What must hold once nothing disturbs any more.

use super::event::History;
use super::stage::Stage;
use super::watch::{Coverage, Watch};

/// Undisturbed cycles until one brings nothing any more, that one counted, and those apart that a limit stretches.
pub(super) const CYCLES: u32 = 7;

/// How long a world took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Healed {
    /// Cycles until nothing was left to do, without those in which a reply was filled up to its limit.
    pub(super) cycles: u32,
    /// Those cycles.
    pub(super) paced: u32,
}

/// Plays a history and then undisturbed cycles.
///
/// # Errors
/// What is broken, or does not become whole.
pub(super) fn run(history: &History, watch: Watch) -> (Result<Healed, String>, Watch) {
    let mut stage = Stage::new(history.offices.into(), watch);
    if history.is_established {
        stage.establish(2);
    }
    for event in &history.events {
        stage.play(event);
    }
    let result = heal(&mut stage);
    let watch = stage.watch;
    let result = match watch.broken.first() {
        Some(rule) => Err(rule.clone()),
        None => result,
    };
    (result, watch)
}

/// Lets cycles pass, at first with what still travels, until nothing is left to do.
pub(super) fn heal(stage: &mut Stage) -> Result<Healed, String> {
    stage.watch.say(|| "nothing disturbs from here".to_owned());
    stage.end_procedures();
    let mut healed = Healed::default();
    loop {
        let before = (stage.watch.sent, stage.watch.out_of_step);
        let paced = stage.watch.paced;
        stage.cycle();
        stage.lift_limits();
        match stage.watch.paced > paced {
            true => healed.paced += 1,
            false => healed.cycles += 1,
        }
        let is_quiet = before == (stage.watch.sent, stage.watch.out_of_step);
        let rest = stage.world.unsettled().or_else(|| stage.world.difference());
        match rest {
            None if is_quiet => break,
            rest if healed.cycles == CYCLES || healed.paced == 2000 => {
                return Err(rest.unwrap_or_else(|| "it does not come to rest".to_owned()));
            }
            _ => {}
        }
    }
    stage
        .world
        .lost_feed(&stage.watch.losses)
        .map_or(Ok(healed), Err)
}

/// Plays a history once more to show how it fails.
pub(super) fn trace(history: &History) -> String {
    let (result, watch) = run(history, Watch::tracing());
    let trace = watch.trace.unwrap_or_default().join("\n");
    format!("{trace}\n{result:?}")
}

/// Adds what was counted.
pub(super) fn merge(into: &mut Coverage, from: Coverage) {
    for (outcome, count) in from {
        *into.entry(outcome).or_default() += count;
    }
}
