//! How far a long run has come.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work shorter than this shows nothing.
const DELAY: Duration = Duration::from_secs(1);

/// The clock is looked at about this often; in between, advancing is an addition.
const TICK: Duration = Duration::from_millis(20);

/// Is told how far a run has come. Cheap enough to call for every entry.
pub trait Progress {
    /// Begins a step: what is being done, and how many units it will take if that is known.
    fn begin(&mut self, what: &'static str, total: Option<u64>);

    /// Some more units of the step are done.
    fn advance(&mut self, units: u64);

    /// The step is over; nothing of it stays on the screen.
    fn end(&mut self);
}

/// Shows nothing: the default, and what every run gets whose standard error is not a terminal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: &'static str, _: Option<u64>) {}

    fn advance(&mut self, _: u64) {}

    fn end(&mut self) {}
}

/// Returns a bar on standard error if that is a terminal, else [`Silent`].
#[must_use]
pub fn on_stderr() -> Box<dyn Progress> {
    if io::stderr().is_terminal() {
        Box::new(Bar::new(DELAY))
    } else {
        Box::new(Silent)
    }
}

/// A bar, or a spinner where the total is unknown, that appears once a step has lasted for the delay.
#[derive(Debug)]
struct Bar {
    delay: Duration,
    step: Option<Step>,
}

#[derive(Debug)]
struct Step {
    what: &'static str,
    total: Option<u64>,
    begun: Instant,
    done: u64,
    looked: Instant,
    /// The clock is looked at again when this many units are done.
    look_at: u64,
    /// Units between two looks, doubled or halved towards one [`TICK`].
    stride: u64,
    shown: Option<ProgressBar>,
}

impl Bar {
    fn new(delay: Duration) -> Self {
        Self { delay, step: None }
    }
}

impl Progress for Bar {
    fn begin(&mut self, what: &'static str, total: Option<u64>) {
        self.end();
        let now = Instant::now();
        self.step = Some(Step {
            what,
            total,
            begun: now,
            done: 0,
            looked: now,
            look_at: 1,
            stride: 1,
            shown: None,
        });
    }

    fn advance(&mut self, units: u64) {
        let Some(step) = &mut self.step else { return };
        step.done = step.done.saturating_add(units);
        if step.done < step.look_at {
            return;
        }
        let now = Instant::now();
        step.stride = if now - step.looked < TICK {
            step.stride.saturating_mul(2)
        } else {
            (step.stride / 2).max(1)
        };
        step.looked = now;
        step.look_at = step.done.saturating_add(step.stride);
        if let Some(bar) = &step.shown {
            bar.set_position(step.done);
        } else if now - step.begun >= self.delay {
            step.shown = Some(show(step));
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.step.take().and_then(|step| step.shown) {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.end();
    }
}

fn show(step: &Step) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(step.total, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(template(step.total))
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style)
        .with_message(step.what)
        .with_position(step.done)
        .with_elapsed(step.begun.elapsed())
}

fn template(total: Option<u64>) -> &'static str {
    match total {
        Some(_) => "{msg} {wide_bar} {human_pos}/{human_len} {eta}",
        None => "{spinner} {msg} {human_pos} {elapsed}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bar: &Bar) -> Option<u64> {
        let step = bar.step.as_ref()?;
        step.shown.as_ref().map(ProgressBar::position)
    }

    #[test]
    fn short_work_shows_nothing() {
        let mut bar = Bar::new(Duration::from_secs(3600));
        bar.begin("reading", Some(10));
        bar.advance(5);
        assert_eq!(shown(&bar), None);
    }

    #[test]
    fn long_work_shows_how_far_it_has_come_and_then_goes_away() {
        let mut bar = Bar::new(Duration::ZERO);
        bar.begin("reading", None);
        assert_eq!(shown(&bar), None);
        bar.advance(1);
        assert_eq!(shown(&bar), Some(1), "one slow unit is enough");
        bar.advance(1_000_000);
        assert_eq!(shown(&bar), Some(1_000_001));
        bar.begin("writing", Some(1));
        assert_eq!(shown(&bar), None, "each step begins anew");
        bar.end();
        assert!(bar.step.is_none());
    }

    #[test]
    fn fast_work_looks_at_the_clock_ever_less_often() {
        let mut bar = Bar::new(Duration::from_secs(3600));
        bar.begin("reading", None);
        for _ in 0..10_000 {
            bar.advance(1);
        }
        let step = bar.step.as_ref().expect("a step was begun");
        assert_eq!(step.done, 10_000);
        assert!(step.look_at > 10_000 && step.stride > 64, "{step:?}");
    }

    #[test]
    fn both_templates_are_valid() {
        for total in [None, Some(1)] {
            ProgressStyle::with_template(template(total)).expect("a valid template");
        }
    }
}
