//! What the last runs on a connection came to, for who operates the agent. It lies in the ledger beside the numbers, so
//! that it is there after a restart, and nothing that is exchanged depends on it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::directory::ledger::{Ledger, LedgerError, Transaction};
use crate::plan::outcome::Counts;
use crate::tools::cli::clock::Clock;
use crate::tools::dxa::agent::{Agent, unusable_ledger};
use crate::tools::dxa::config::{Config, Connection};
use crate::tools::dxa::connections::aside::{self, Found};
use crate::tools::dxa::event::{self, Event};
use crate::tools::dxa::exchange::cycle::{Step, Wanted};
use crate::tools::dxa::exchange::outcome::{Done, Sending};
use crate::tools::dxa::home::Home;
use crate::tools::dxa::lists::dropped::Dropped;
use crate::tools::dxa::sending::tally::{Reasons, Tally};
use crate::tools::exit::{ExitCode, ToolError};

use super::metrics;

/// What is known of the runs on one connection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::tools::dxa) struct History {
    /// When a run last came to its end.
    pub(in crate::tools::dxa) success: Option<Timestamp>,
    /// The last run that did not.
    pub(in crate::tools::dxa) failure: Option<Failure>,
    /// That was the last run of all.
    pub(in crate::tools::dxa) is_failing: bool,
    /// When T1 or T2 was last done, or given up: the schedule goes on from there.
    pub(in crate::tools::dxa) exchange: Option<Timestamp>,
    /// The last run.
    pub(in crate::tools::dxa) last: Option<Ran>,
}

/// A run that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::tools::dxa) struct Failure {
    pub(in crate::tools::dxa) at: Timestamp,
    /// How it ended.
    pub(in crate::tools::dxa) exit: u8,
    pub(in crate::tools::dxa) why: String,
}

/// What one run came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::tools::dxa) struct Ran {
    pub(in crate::tools::dxa) at: Timestamp,
    /// `cycle` or `lists`.
    pub(in crate::tools::dxa) command: String,
    /// How it ended.
    pub(in crate::tools::dxa) exit: u8,
    /// What became of the entries that came in.
    pub(in crate::tools::dxa) received: Counts,
    /// What went out.
    pub(in crate::tools::dxa) sent: Sent,
}

/// How many transactions of each kind went out, and how many entries stayed here, by reason.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::tools::dxa) struct Sent {
    pub(in crate::tools::dxa) replaced: u64,
    pub(in crate::tools::dxa) deleted: u64,
    pub(in crate::tools::dxa) modified: u64,
    pub(in crate::tools::dxa) added: u64,
    pub(in crate::tools::dxa) skipped: Reasons,
    #[serde(default)]
    pub(in crate::tools::dxa) counts: Tally,
}

impl Sent {
    fn of(sending: Option<&Sending>) -> Self {
        sending.map_or_else(Self::default, |sending| Self {
            replaced: sending.replaced,
            deleted: sending.deleted,
            modified: sending.modified,
            added: sending.added,
            skipped: sending.skipped.clone(),
            counts: sending.counts.clone(),
        })
    }
}

impl History {
    /// Reads what is kept of a connection; what cannot be read counts as nothing.
    pub(in crate::tools::dxa) fn load(
        change: &Transaction<'_>,
        connection: &str,
    ) -> Result<Self, LedgerError> {
        let text = change.agent(&key(connection))?;
        Ok(text
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default())
    }

    /// Forgets what is remembered of a connection.
    pub(in crate::tools::dxa) fn forget(
        change: &Transaction<'_>,
        connection: &str,
    ) -> Result<(), LedgerError> {
        change.remove_agent(&key(connection))
    }

    fn store(&self, change: &Transaction<'_>, connection: &str) -> Result<(), LedgerError> {
        let text = serde_json::to_string(self).expect("plain values");
        change.set_agent(&key(connection), &text)
    }

    /// Takes in a run.
    fn take(&mut self, ran: Ran, failed: Option<String>, is_exchange: bool) {
        // Who is to be asked again has not been asked.
        if is_exchange && (failed.is_none() || ran.exit != ExitCode::Busy.number()) {
            self.exchange = Some(ran.at);
        }
        self.is_failing = failed.is_some();
        match failed {
            None => self.success = Some(ran.at),
            Some(why) => {
                let (at, exit) = (ran.at, ran.exit);
                self.failure = Some(Failure { at, exit, why });
            }
        }
        self.last = Some(ran);
    }
}

fn key(connection: &str) -> String {
    format!("history {}", connection.to_ascii_lowercase())
}

/// Tells whether a cycle is to do what the schedule of a connection is about.
fn is_exchange(wanted: Wanted) -> bool {
    wanted.step != Some(Step::T3)
}

impl Agent<'_> {
    /// Remembers what a cycle came to.
    pub(in crate::tools::dxa) fn remember_cycle(&mut self, all: &[Done], wanted: Wanted) {
        let at = event::whole(self.clock.now());
        let runs = all.iter().map(|done| {
            let ran = Ran {
                at,
                command: "cycle".to_owned(),
                exit: done.exit.number(),
                received: done.received,
                sent: Sent::of(done.sent.as_ref()),
            };
            (&done.connection[..], ran, done.error.clone())
        });
        let runs: Vec<_> = runs.collect();
        self.remember_runs(runs, is_exchange(wanted));
    }

    /// Remembers what became of lists.
    pub(in crate::tools::dxa) fn remember_lists(&mut self, all: &[Dropped]) {
        let at = event::whole(self.clock.now());
        let mut runs: Vec<(&str, Ran, Option<String>)> = Vec::new();
        for dropped in all {
            let Some(connection) = dropped.connection.as_deref() else {
                continue;
            };
            let exit = dropped.exit;
            match runs.iter_mut().find(|(name, ..)| *name == connection) {
                Some((_, ran, _)) => {
                    ran.received.merge(&dropped.counts);
                    ran.exit = worst(ran.exit, exit);
                }
                None => {
                    let ran = Ran {
                        at,
                        command: "lists".to_owned(),
                        exit: exit.number(),
                        received: dropped.counts,
                        sent: Sent::default(),
                    };
                    runs.push((connection, ran, None));
                }
            }
        }
        self.remember_runs(runs, false);
    }

    /// What cannot be remembered is said, and stops nothing: the exchange is done.
    fn remember_runs(&mut self, runs: Vec<(&str, Ran, Option<String>)>, is_exchange: bool) {
        if self.dry_run {
            return;
        }
        let kept = keep(&mut self.ledger, runs, is_exchange);
        if let Err(error) = kept {
            self.say(Event::of_error(&unusable_ledger(error)));
        }
        if let Some(event) = metrics::write(self.config, &self.home, &mut self.ledger) {
            self.say(event);
        }
    }
}

fn worst(exit: u8, other: ExitCode) -> u8 {
    let all = ExitCode::BY_SEVERITY.into_iter();
    let found = all.clone().find(|code| code.number() == exit);
    found.unwrap_or_default().worst(other).number()
}

fn keep(
    ledger: &mut Ledger,
    runs: Vec<(&str, Ran, Option<String>)>,
    is_exchange: bool,
) -> Result<(), LedgerError> {
    if runs.is_empty() {
        return Ok(());
    }
    let change = ledger.begin()?;
    for (connection, ran, failed) in runs {
        let mut history = History::load(&change, connection)?;
        history.take(ran, failed, is_exchange);
        history.store(&change, connection)?;
    }
    change.commit()
}

/// Remembers that a cycle could not even begin, and returns what is to be said of it. Where there is no ledger yet, none
/// is made.
pub(in crate::tools::dxa) fn failed(
    config: &Config,
    home: &Home,
    clock: &Clock,
    chosen: &[&Connection],
    wanted: Wanted,
    error: &ToolError,
) -> Vec<Event> {
    let mut events = Vec::new();
    let Some(mut ledger) = ledger(home) else {
        return events;
    };
    let at = event::whole(clock.now());
    let runs = chosen.iter().map(|connection| {
        let ran = Ran {
            at,
            command: "cycle".to_owned(),
            exit: error.exit.number(),
            received: Counts::default(),
            sent: Sent::default(),
        };
        (&connection.name[..], ran, Some(event::told(error)))
    });
    if let Err(error) = keep(&mut ledger, runs.collect(), is_exchange(wanted)) {
        events.push(Event::of_error(&unusable_ledger(error)));
    }
    events.extend(metrics::write(config, home, &mut ledger));
    events
}

/// Opens the ledger, if there is one that can be used.
pub(in crate::tools::dxa) fn ledger(home: &Home) -> Option<Ledger> {
    match aside::find(home) {
        Ok(Found::Whole(ledger)) => Some(ledger),
        Ok(Found::None | Found::Damaged(_)) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(at: &str, exit: ExitCode) -> Ran {
        Ran {
            at: at.parse().expect("a moment"),
            command: "cycle".to_owned(),
            exit: exit.number(),
            received: Counts::default(),
            sent: Sent::default(),
        }
    }

    #[test]
    fn a_run_that_is_to_be_tried_again_leaves_the_schedule_where_it_was() {
        let [first, second, third] =
            ["10", "11", "12"].map(|hour| format!("2026-11-27T{hour}:00:00Z"));
        let moment = |text: &str| Some(text.parse::<Timestamp>().expect("a moment"));
        let mut history = History::default();
        history.take(ran(&first, ExitCode::Done), None, true);
        assert_eq!(
            (history.success, history.exchange),
            (moment(&first), moment(&first))
        );
        history.take(
            ran(&second, ExitCode::Busy),
            Some("no server".to_owned()),
            true,
        );
        assert!(history.is_failing);
        assert_eq!(
            (history.success, history.exchange),
            (moment(&first), moment(&first))
        );
        history.take(
            ran(&second, ExitCode::Guard),
            Some("too many".to_owned()),
            true,
        );
        assert_eq!(
            history.exchange,
            moment(&second),
            "it waits for the next time"
        );
        history.take(ran(&third, ExitCode::Partial), None, false);
        assert!(!history.is_failing);
        assert_eq!(
            history.exchange,
            moment(&second),
            "T3 is not on the schedule"
        );
        assert_eq!(history.success, moment(&third));
        let failure = history.failure.clone().expect("the last failure is known");
        assert_eq!((failure.exit, &failure.why[..]), (3, "too many"));
    }

    #[test]
    fn what_is_kept_is_read_again_without_case_and_what_cannot_be_read_is_nothing() {
        let mut ledger = Ledger::in_memory().expect("a ledger").ledger;
        let change = ledger.begin().expect("begun");
        let mut history = History::default();
        history.take(ran("2026-11-27T10:00:00Z", ExitCode::Partial), None, true);
        history.store(&change, "HQ").expect("kept");
        assert_eq!(History::load(&change, "hq").expect("read"), history);
        change
            .set_agent("history hq", "{\"success\": 7}")
            .expect("kept");
        assert_eq!(
            History::load(&change, "HQ").expect("read"),
            History::default()
        );
    }
}
