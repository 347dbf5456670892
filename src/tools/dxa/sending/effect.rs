//! What the next exchange would send, and what of that comes from settings that are others than at the last one: shown before
//! it acts, since a setting that is changed sends its difference by itself (`spec/exchange.md` 0, DX-13 to DX-16).

use std::collections::HashSet;

use serde::Serialize;

use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::{Config, Connection};
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::exchange::answering::wish_now;
use crate::tools::dxa::exchange::outcome::{Sending, shown};
use crate::tools::dxa::home::Home;
use crate::tools::exit::{ExitCode, ToolError};

use super::basis;

/// The effect on one connection.
#[derive(Debug, Serialize)]
pub(in crate::tools::dxa) struct Effect {
    pub(in crate::tools::dxa) connection: String,
    /// Settings that are others than at the last exchange.
    pub(in crate::tools::dxa) changed: Vec<String>,
    /// There was an exchange whose settings are known.
    pub(in crate::tools::dxa) is_known: bool,
    /// What the next exchange would send.
    pub(in crate::tools::dxa) next: Sending,
    /// What of that comes from those settings.
    pub(in crate::tools::dxa) because: Option<Sending>,
    /// Why the next exchange would be stopped.
    pub(in crate::tools::dxa) stopped: Option<String>,
}

impl Effect {
    /// Says which settings are others.
    pub(in crate::tools::dxa) fn settings(&self) -> String {
        match (self.is_known, self.changed.is_empty()) {
            (false, _) => "nothing was exchanged with them yet".to_owned(),
            (true, true) => "as at the last exchange".to_owned(),
            (true, false) => self.changed.join("; "),
        }
    }

    /// Says what would be sent: `D 3 (trust 3); because of the settings D 3; stays here: trust 3`.
    pub(in crate::tools::dxa) fn sends(&self) -> String {
        let mut text = sent(&self.next);
        if self.next.is_full {
            text = format!("full list: {text}");
        }
        if let Some(because) = &self.because {
            text.push_str(&format!("; because of the settings: {}", sent(because)));
        }
        for (what, reasons) in [
            ("stays here", &self.next.skipped),
            ("altered", &self.next.notes),
        ] {
            if !reasons.is_empty() {
                text.push_str(&format!("; {what}: {}", shown(reasons)));
            }
        }
        if let Some(stopped) = &self.stopped {
            text.push_str(&format!("; would be stopped: {stopped}"));
        }
        text
    }
}

fn sent(sending: &Sending) -> String {
    let mut text = sending.transactions();
    if !sending.deleted_because.is_empty() {
        text.push_str(&format!(" ({})", shown(&sending.deleted_because)));
    }
    text
}

/// A connection, and what was found about it.
pub(in crate::tools::dxa) type Looked<'c> = (&'c Connection, Result<Effect, ToolError>);

/// Looks at every connection that is sent something; each with its own result. Nothing is written.
pub(in crate::tools::dxa) fn of(config: &Config) -> Result<Vec<Looked<'_>>, ToolError> {
    let home = Home::at(&config.agent.data);
    let clock = Clock::from_environment()?;
    let mut agent = Agent::open_in(config, home, None, clock, Interrupt::default())?;
    let connections = config.connections.iter();
    let sends = connections.filter(|connection| connection.exchange.sends());
    Ok(sends
        .map(|connection| (connection, agent.effect(connection)))
        .collect())
}

/// Returns what is to be said of settings that are others.
pub(in crate::tools::dxa) fn events(config: &Config) -> Vec<Event> {
    let effects = match of(config) {
        Ok(effects) => effects,
        Err(error) => return vec![Event::of_error(&error)],
    };
    let events = effects
        .into_iter()
        .map(|(connection, effect)| match effect {
            Ok(effect) if effect.changed.is_empty() => None,
            Ok(effect) => {
                let event = Event::new(
                    Severity::Info,
                    "settings are others than at the last exchange",
                );
                let event = event.with("connection", &connection.name);
                let event = event.with("changed", effect.settings());
                Some(event.with("next", effect.sends()))
            }
            Err(error) => Some(Event::of_error(&error).with("connection", &connection.name)),
        });
    events.flatten().collect()
}

impl Agent<'_> {
    /// Decides what the next exchange would send, under the settings as they are and as they were.
    fn effect(&mut self, connection: &Connection) -> Result<Effect, ToolError> {
        let known = self.known(connection)?;
        let is_full = !known.state.has_sent_list;
        let mut decide = |connection: &Connection, allowed| {
            let (id, state) = (known.id, &known.state);
            self.export(
                connection,
                id,
                state,
                &wish_now(connection, &known.numbers),
                is_full,
                allowed,
            )
        };
        let (exported, stopped) = match decide(connection, None) {
            Err(error) if error.exit == ExitCode::Guard => {
                let all = decide(connection, Some(u64::MAX))?;
                (all, Some(error.to_string()))
            }
            decided => (decided?, None),
        };
        let before = known.state.basis.as_ref();
        let before = before.and_then(|basis| basis.connection(connection));
        let changed = before
            .as_ref()
            .map(|before| basis::changed(before, connection));
        let changed = changed.unwrap_or_default();
        // A container that is not there any more makes the comparison impossible, and nothing else.
        let old = match &before {
            Some(before) if !changed.is_empty() && !is_full => decide(before, Some(u64::MAX)).ok(),
            _ => None,
        };
        Ok(Effect {
            connection: connection.name.clone(),
            is_known: before.is_some(),
            changed,
            because: old.map(|old| beyond(&exported.sending, &old.sending)),
            next: exported.sending,
            stopped,
        })
    }
}

/// Returns what is sent in one case and not in the other.
fn beyond(now: &Sending, before: &Sending) -> Sending {
    let key = |line: &serde_json::Value| {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        (text("entry"), text("action"))
    };
    let is_sent = |line: &&serde_json::Value| line["outcome"] == "sent";
    let sent: HashSet<_> = before.lines.iter().filter(is_sent).map(key).collect();
    let mut beyond = Sending::default();
    for line in now.lines.iter().filter(is_sent) {
        let (entry, action) = key(line);
        if sent.contains(&(entry, action.clone())) {
            continue;
        }
        match &action[..] {
            "replace" => beyond.replaced += 1,
            "modify" => beyond.modified += 1,
            "add" => beyond.added += 1,
            _ => {
                beyond.deleted += 1;
                let cause = line["cause"].as_str().unwrap_or_default();
                let reason = cause.split([':', ' ']).next().unwrap_or_default();
                *beyond.deleted_because.entry(reason.to_owned()).or_default() += 1;
            }
        }
    }
    beyond
}
