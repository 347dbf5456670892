//! What the service says: on the screen, which a service manager keeps, and in the log. A connection that fails again and
//! again is told of once (Q221429 filled the log, Q232029 said nothing at all).

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::json;

use crate::tools::cli::clock::Clock;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::home::Home;
use crate::tools::dxa::standing::notice::{self, Next, Notice};
use crate::tools::report::put_line;

/// Whom events are about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::tools::dxa) enum Scope {
    /// The agent as a whole.
    Agent,
    /// The lists in `in/`.
    Lists,
    Connection(String),
}

/// What a try came to.
pub(in crate::tools::dxa) enum Outcome {
    Well,
    /// It is not at its end yet.
    Open,
    /// What is wrong, and what is added to that where it is said.
    Failed(Event, Vec<(&'static str, String)>),
}

/// Says things.
pub(in crate::tools::dxa) struct Voice<'s, W> {
    screen: &'s mut W,
    json: bool,
    home: Home,
    clock: Clock,
    /// What was said of who fails, since it does.
    told: BTreeMap<Scope, Vec<Event>>,
}

impl<'s, W: Write> Voice<'s, W> {
    pub(in crate::tools::dxa) fn new(
        screen: &'s mut W,
        json: bool,
        home: Home,
        clock: Clock,
    ) -> Self {
        Self {
            screen,
            json,
            home,
            clock,
            told: BTreeMap::new(),
        }
    }

    /// Says events.
    pub(in crate::tools::dxa) fn say(&mut self, events: impl IntoIterator<Item = Event>) {
        let events: Vec<_> = events.into_iter().collect();
        for event in &events {
            let shown = match self.json {
                true => put_line(self.screen, &json!(event)),
                false => writeln!(self.screen, "{event}"),
            };
            // With nobody to tell, the log still has it.
            let _gone = shown.and_then(|()| self.screen.flush());
        }
        if let Err(error) = self.home.write_log(&self.clock, &events) {
            let _gone = writeln!(std::io::stderr(), "dxa: {error}");
        }
    }

    /// Says that a service runs; `poll` are the seconds after which it looks again.
    pub(in crate::tools::dxa) fn started(&mut self, notice: &Notice, poll: u32) {
        // Before anybody hears that it runs, so that a look at once finds it.
        self.tell(notice);
        let event = Event::new(Severity::Info, "service started");
        let event = event.with("process", notice.process);
        let event = event.with("version", env!("CARGO_PKG_VERSION"));
        self.say([event.with("poll", poll)]);
    }

    /// Tells `dxa status` what is next, where that is another thing than before.
    pub(in crate::tools::dxa) fn comes(
        &mut self,
        notice: &mut Notice,
        next: BTreeMap<String, Next>,
    ) {
        if notice.next != next {
            notice.next = next;
            self.tell(notice);
        }
    }

    fn tell(&mut self, notice: &Notice) {
        if let Err(error) = notice::write(&self.home, notice) {
            self.say([Event::of_error(&error)]);
        }
    }

    /// Says what a try came to. What was said already of somebody who fails is not said again.
    pub(in crate::tools::dxa) fn tried(
        &mut self,
        scope: &Scope,
        events: Vec<Event>,
        outcome: Outcome,
    ) {
        if matches!(outcome, Outcome::Well) {
            self.say(events);
            let failed = self.told.remove(scope);
            if failed.is_some_and(|told| told.iter().any(|event| event.severity == Severity::Error))
            {
                self.say([about(Event::new(Severity::Info, "works again"), scope)]);
            }
            return;
        }
        let told = self.told.entry(scope.clone()).or_default();
        let mut new = events;
        new.retain(|event| !told.contains(event));
        told.extend(new.iter().cloned());
        if let Outcome::Failed(failure, more) = outcome {
            if !told.contains(&failure) {
                told.push(failure.clone());
                let failure = about(failure, scope);
                let failure = more
                    .into_iter()
                    .fold(failure, |event, (key, value)| event.with(key, value));
                new.push(failure);
            }
        }
        self.say(new);
    }

    /// Forgets what was said: somebody has looked after it.
    pub(in crate::tools::dxa) fn forget(&mut self) {
        self.told.clear();
    }
}

fn about(event: Event, scope: &Scope) -> Event {
    match scope {
        Scope::Agent => event,
        Scope::Lists => event.with("folder", "in"),
        Scope::Connection(connection) => event.with("connection", connection),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_said_once_and_so_is_that_it_works_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::fixed(jiff::Timestamp::UNIX_EPOCH, jiff::tz::TimeZone::UTC);
        let mut screen = Vec::new();
        let mut voice = Voice::new(&mut screen, false, Home::at(folder.path()), clock);
        let scope = Scope::Connection("HQ".to_owned());
        let begun = || vec![Event::new(Severity::Info, "begun").with("connection", "HQ")];
        let failure = |why: &str, at: &str| {
            let event = Event::new(Severity::Error, why).id("DX134");
            Outcome::Failed(event, vec![("retry-at", at.to_owned())])
        };
        voice.tried(&scope, begun(), failure("no server", "10:01"));
        voice.tried(&scope, begun(), failure("no server", "10:03"));
        voice.tried(&scope, begun(), failure("no right", "10:07"));
        voice.tried(&Scope::Agent, vec![], Outcome::Well);
        voice.tried(&scope, begun(), Outcome::Well);
        voice.tried(&scope, begun(), Outcome::Well);
        for outcome in [Outcome::Open, Outcome::Open, Outcome::Well] {
            voice.tried(
                &Scope::Lists,
                vec![Event::new(Severity::Info, "left")],
                outcome,
            );
        }
        let text = String::from_utf8(screen).expect("text");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "info begun connection=HQ",
                "DX134 error no server connection=HQ retry-at=10:01",
                "DX134 error no right connection=HQ retry-at=10:07",
                "info begun connection=HQ",
                "info works again connection=HQ",
                "info begun connection=HQ",
                "info left",
                "info left",
            ]
        );
        let log = std::fs::read_to_string(folder.path().join("dxa.log")).expect("a log");
        let logged: Vec<_> = log
            .lines()
            .map(|line| {
                line.strip_prefix("1970-01-01T00:00:00Z ")
                    .expect("a moment")
            })
            .collect();
        assert_eq!(logged, lines);
    }
}
