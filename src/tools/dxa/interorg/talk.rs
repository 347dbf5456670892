//! What a cycle and the branch say to each other: how that comes and goes is the affair of the cycle, what is made of it that of
//! the branch.

use std::fmt;

use serde_json::{Value, json};

use super::branch::{self, Asked, Line, Took};
use super::config::{Config, Place};
use super::told::Refused;
use crate::directory::interorg::{Answer, Request};
use crate::plan::outcome::Outcome;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::exit::{ExitCode, ToolError};

/// What a branch is asked to do in a cycle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Ask the hub for everything (IO-15).
    pub(super) import_all: bool,
    /// Send everything.
    pub(super) export_all: bool,
    /// How many entries the run may remove beyond the guard.
    pub(super) allow_deletes: Option<u64>,
    /// Nothing is written.
    pub(super) dry_run: bool,
}

/// What a branch has to say of a cycle.
#[derive(Debug, Default)]
pub(super) struct BranchTold {
    /// What it did, for `--json`.
    pub(super) summary: Value,
    /// The same, line by line for people.
    pub(super) shown: Vec<String>,
    /// Lines of the report.
    pub(super) lines: Vec<Value>,
    /// For screen and log.
    pub(super) events: Vec<Event>,
    pub(super) exit: ExitCode,
}

/// Whoever asks the hub and hears it: the branch of this agent.
pub(super) trait Talk {
    /// Applies an answer, and keeps that it did. An answer that it has is passed over.
    ///
    /// # Errors
    /// It was not applied, and comes again.
    fn hear(&mut self, answer: &Answer) -> Result<(), ToolError>;

    /// Makes a request, and keeps that it did: from here on it may go, be lost or go twice. None where there is nothing to ask
    /// now.
    ///
    /// # Errors
    /// Nothing was asked.
    fn ask(&mut self) -> Result<Option<Request>, ToolError>;

    /// Says what it did.
    fn told(&mut self) -> BranchTold;
}

/// Opens the branch of a configuration; none where it has none.
///
/// # Errors
/// It cannot be opened.
pub(super) fn open<'c>(
    config: &'c Config,
    wanted: Wanted,
    interrupt: &Interrupt,
) -> Result<Option<Box<dyn Talk + 'c>>, ToolError> {
    let Some((branch, _)) = &config.branch else {
        return Ok(None);
    };
    let clock = Clock::from_environment()?;
    let side = branch::BranchSide::open(config, clock, interrupt.clone(), wanted.dry_run)?;
    Ok(Some(Box::new(OnDirectory {
        name: branch.name.to_uppercase(),
        list: branch.container.to_string(),
        is_local: branch.hub == Place::Local,
        side,
        wanted,
        asked: None,
        took: Vec::new(),
        told: BranchTold::default(),
    })))
}

/// The branch of a directory, and what it has to say.
struct OnDirectory<'c> {
    name: String,
    /// The import container, for reports.
    list: String,
    /// The hub answers in the same cycle.
    is_local: bool,
    side: branch::BranchSide<'c>,
    wanted: Wanted,
    asked: Option<Asked>,
    took: Vec<Took>,
    told: BranchTold,
}

impl OnDirectory<'_> {
    fn lines(&mut self, lines: &[Line], list: &str) {
        let lines = lines.iter().map(|line| line.outcome(list));
        let lines = lines.map(|line| serde_json::to_value(&line).unwrap_or_default());
        self.told.lines.extend(lines);
    }

    /// Names each entry that was refused.
    fn refused<'l>(&mut self, lines: impl Iterator<Item = &'l Line>) {
        for line in lines.filter(|line| line.outcome == Outcome::Refused) {
            let refused = Refused {
                branch: &self.name,
                key: &line.key,
                dn: &line.dn,
                reason: line.reason,
                detail: &line.detail,
            };
            self.told.events.push(refused.event());
        }
    }

    fn say(&mut self, severity: Severity, text: &str, because: impl fmt::Display) {
        let event = Event::new(severity, text).with("branch", &self.name);
        self.told.events.push(event.with("because", because));
    }

    fn took(&mut self, took: Took) {
        let list = self.list.clone();
        self.lines(&took.lines, &list);
        self.lines(&took.kept_back, "hub");
        self.refused(took.kept_back.iter().chain(&took.lines));
        for remark in &took.remarks {
            self.say(Severity::Warn, "numbers do not fit", remark);
        }
        let named = took.counts.named().into_iter().filter(|(_, n)| *n > 0);
        let counts: Vec<_> = named.map(|(what, n)| format!("{what} {n}")).collect();
        let counts = match counts.is_empty() {
            true => "nothing new".to_owned(),
            false => counts.join(", "),
        };
        let full = if took.is_full { " full list" } else { "" };
        let shown = format!(
            "Branch {}:{full} {counts}; USN {} -> {}",
            self.name, took.before.0, took.after.0
        );
        self.told.shown.push(shown);
        self.told.exit = self.told.exit.worst(took.exit());
        self.took.push(took);
    }
}

impl Talk for OnDirectory<'_> {
    fn hear(&mut self, answer: &Answer) -> Result<(), ToolError> {
        let took = self.side.hear(answer, self.wanted.allow_deletes)?;
        self.took(took);
        Ok(())
    }

    fn ask(&mut self) -> Result<Option<Request>, ToolError> {
        if self.took.is_empty() && !self.is_local {
            let took = self.side.retry()?;
            if took.counts.read > 0 {
                self.took(took);
            }
        }
        let order = branch::Wanted {
            import_all: self.wanted.import_all,
            export_all: self.wanted.export_all,
            allow_deletes: self.wanted.allow_deletes,
        };
        let (request, asked) = self.side.ask(order)?;
        self.lines(&asked.lines, "export");
        self.refused(asked.lines.iter());
        for text in &asked.remarks {
            self.say(Severity::Info, "the branch asks", text);
        }
        for changed in &asked.changed_settings {
            self.say(
                Severity::Info,
                "settings are others than at the last request",
                changed,
            );
        }
        let skipped: Vec<_> = asked
            .skipped
            .iter()
            .map(|(why, n)| format!("{why} {n}"))
            .collect();
        let full = if asked.is_full { " full list" } else { "" };
        let mut shown = format!(
            "Branch {}:{full} sends {} entries and {} deletions of {} exported",
            self.name, asked.sent, asked.deleted, asked.exported
        );
        if asked.asks_for_all {
            shown.push_str(", asks for everything");
        }
        if !skipped.is_empty() {
            shown.push_str(&format!("; stays here: {}", skipped.join(", ")));
        }
        self.told.shown.push(shown);
        self.told.exit = self.told.exit.worst(asked.exit());
        self.asked = Some(asked);
        Ok(Some(request))
    }

    fn told(&mut self) -> BranchTold {
        let mut told = std::mem::take(&mut self.told);
        told.summary = json!({ "branch": self.name, "asked": self.asked, "took": self.took });
        told
    }
}
