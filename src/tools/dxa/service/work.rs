//! The service at work: the folder is held, the agent opened, what is due is done, and the plan told how it ended.

use std::io::Write;
use std::rc::Rc;

use jiff::Timestamp;

use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::{Config, Connection};
use crate::tools::dxa::event::{Event, Severity, whole};
use crate::tools::dxa::exchange::cycle::{self, Step, Wanted};
use crate::tools::dxa::exchange::outcome::Done;
use crate::tools::dxa::home::{CYCLE, Lock};
use crate::tools::dxa::lists::dropped::Permission;
use crate::tools::dxa::lists::resync;
use crate::tools::dxa::standing::history;
use crate::tools::exit::{ExitCode, ToolError};

use super::Service;
use super::plan::{End, Todo, Why};
use super::voice::{Outcome, Scope};

/// What a cycle came to.
type Ran = Result<(Vec<Done>, ExitCode), ToolError>;

/// The work ends here: the service stops, or nothing can be done now.
pub(super) struct Ended;

impl<W: Write> Service<'_, W> {
    /// Does what is due.
    pub(super) fn work(&mut self, todo: &Todo) {
        let lists = match todo.lists {
            true => self.take_lists(todo),
            false => Ok(()),
        };
        if lists.is_ok() && todo.is_cycle() {
            // What ended early is still in the plan.
            let _ended = self.cycle(todo);
        }
    }

    /// Applies the lists in `in/`.
    fn take_lists(&mut self, todo: &Todo) -> Result<(), Ended> {
        let config = Rc::clone(&self.config);
        let lock = self.lock("lists", todo)?;
        let mut agent = self.open(&config, lock, &[], todo)?;
        let taken = agent.take_dropped(Permission::default(), None);
        let events = agent.take_events();
        drop(agent);
        if self.is_stopped() {
            self.voice.say(events);
            return Err(Ended);
        }
        let now = self.now();
        match taken {
            Ok(taken) => {
                self.well();
                self.plan.took_lists(now, End::Well);
                let is_left = taken.iter().any(|dropped| dropped.fate == "left");
                let outcome = match is_left {
                    true => Outcome::Open,
                    false => Outcome::Well,
                };
                if is_left {
                    self.watch.forget_lists();
                }
                self.voice.tried(&Scope::Lists, events, outcome);
            }
            Err(error) => {
                let at = self.plan.took_lists(now, end_of(error.exit));
                let more = at.map(|at| ("retry-at", whole(at).to_string()));
                let outcome = Outcome::Failed(failure(&error), more.into_iter().collect());
                self.voice.tried(&Scope::Lists, events, outcome);
            }
        }
        Ok(())
    }

    /// Exchanges updates, takes mail, and runs the cycles that were asked for while one ran.
    fn cycle(&mut self, todo: &Todo) -> Result<(), Ended> {
        let config = Rc::clone(&self.config);
        let find = |name: &String| config.connection(name);
        let exchanges: Vec<_> = todo
            .exchanges
            .iter()
            .filter_map(|(name, _)| find(name))
            .collect();
        let mail: Vec<_> = todo.mail.iter().filter_map(find).collect();
        let lock = self.lock(CYCLE, todo)?;
        let mut agent = self.open(&config, lock, &exchanges, todo)?;
        if !exchanges.is_empty() {
            self.say_why(&config, todo);
        }
        for (wanted, exchanges) in self.by_wanted(&exchanges) {
            let ran = agent.cycle(&exchanges, wanted);
            self.settle(ran, agent.take_events(), wanted, todo)?;
        }
        let mut mail = self.by_wanted(&mail);
        if mail.is_empty() && todo.strangers && exchanges.is_empty() {
            mail.push((Wanted::default(), Vec::new()));
        }
        for (wanted, mail) in mail {
            let step = Some(Step::T3);
            let wanted = Wanted { step, ..wanted };
            let ran = agent.cycle(&mail, wanted);
            self.settle(ran, agent.take_events(), wanted, todo)?;
        }
        // Every cycle puts them aside.
        self.plan.put_strangers_aside();
        if self.home.has_queued() {
            self.follow(&config, &mut agent, todo)?;
        }
        drop(agent);
        // Who came while the folder was held has left a line.
        self.plan.set_queued(self.home.has_queued());
        Ok(())
    }

    /// Puts connections together that are tried with the same options: mostly none.
    fn by_wanted<'c>(&self, connections: &[&'c Connection]) -> Vec<(Wanted, Vec<&'c Connection>)> {
        let mut groups: Vec<(Wanted, Vec<_>)> = Vec::new();
        for &connection in connections {
            let wanted = self.plan.wanted_of(&connection.name);
            match groups.iter_mut().find(|(known, _)| *known == wanted) {
                Some((_, group)) => group.push(connection),
                None => groups.push((wanted, vec![connection])),
            }
        }
        groups
    }

    /// Runs the cycles that were asked for on the command line while the folder was held (DX-11).
    fn follow<'c>(
        &mut self,
        config: &'c Config,
        agent: &mut Agent<'c>,
        todo: &Todo,
    ) -> Result<(), Ended> {
        let home = self.home.clone();
        let lines = match home.begin_queued() {
            Ok(lines) => lines,
            Err(error) => return Err(self.out(self.now(), &error, Vec::new(), todo)),
        };
        for (name, wanted) in cycle::queued(&lines) {
            let event = Event::new(Severity::Info, "a cycle follows");
            let event = event.with("because", "it was asked for while one ran");
            self.voice.say([match &name {
                Some(name) => event.with("connection", name),
                None => event,
            }]);
            match cycle::choose(config, name.as_deref(), wanted.step) {
                Ok(chosen) => {
                    let ran = agent.cycle(&chosen, wanted);
                    self.settle(ran, agent.take_events(), wanted, todo)?;
                }
                // The configuration is another one than when it was asked for.
                Err(error) => self.voice.say([Event::of_error(&error)]),
            }
        }
        // A single step may have left mail alone.
        self.watch.forget();
        let finished = home.finish_queued();
        finished.map_err(|error| self.out(self.now(), &error, Vec::new(), todo))
    }

    /// Makes the lists that the configuration asks for, once (DX-08).
    pub(super) fn make_lists(&mut self) {
        if self.config.resync_connections.is_empty() {
            return;
        }
        let config = Rc::clone(&self.config);
        let (home, clock) = (self.home.clone(), self.clock.clone());
        let lock = home.lock("resync", &self.interrupt);
        let agent = lock.and_then(|lock| {
            Agent::open_in(&config, home, Some(lock), clock, self.interrupt.clone())
        });
        let (made, events) = match agent {
            Ok(mut agent) => {
                let made = resync::make_configured(&mut agent);
                (made, agent.take_events())
            }
            Err(error) => (Err(error), Vec::new()),
        };
        self.voice.say(events);
        match made {
            Ok(()) => {
                // The file has another text now.
                self.text = std::fs::read_to_string(&config.path).unwrap_or_default();
                let mut config = (*config).clone();
                config.resync_connections.clear();
                self.config = Rc::new(config);
            }
            // It stays in the configuration, and nothing else waits for it.
            Err(error) if !self.is_stopped() => {
                self.voice.say([Event::of_error(&error)]);
            }
            Err(_) => {}
        }
    }

    /// Holds the folder, unless somebody else works with it.
    fn lock(&mut self, command: &str, todo: &Todo) -> Result<Lock, Ended> {
        match self.home.try_lock(command) {
            Ok(Some(lock)) => Ok(lock),
            Ok(None) => {
                self.plan.held(self.now());
                Err(Ended)
            }
            Err(error) => Err(self.out(self.now(), &error, Vec::new(), todo)),
        }
    }

    fn open<'c>(
        &mut self,
        config: &'c Config,
        lock: Lock,
        exchanges: &[&Connection],
        todo: &Todo,
    ) -> Result<Agent<'c>, Ended> {
        let (home, clock) = (self.home.clone(), self.clock.clone());
        let opened = Agent::open_in(config, home, Some(lock), clock, self.interrupt.clone());
        opened.map_err(|error| {
            let wanted = Wanted::default();
            let kept = history::failed(config, &self.home, &self.clock, exchanges, wanted, &error);
            self.out(self.now(), &error, kept, todo)
        })
    }

    /// Says why updates are exchanged (DX-11).
    fn say_why(&mut self, config: &Config, todo: &Todo) {
        let events = todo.exchanges.iter().map(|(name, why)| {
            let event = Event::new(Severity::Info, "exchange").with("connection", name);
            let schedule = config.connection(name).map(|c| c.schedule.to_string());
            match why {
                Why::Asked => event.with("because", "it was asked for"),
                Why::Again => event.with("because", "it failed before"),
                Why::Schedule => event.with("because", schedule.unwrap_or_default()),
            }
        });
        let events: Vec<_> = events.collect();
        for event in events {
            let name = event.value("connection").unwrap_or_default().to_owned();
            self.voice
                .tried(&Scope::Connection(name), vec![event], Outcome::Open);
        }
    }

    /// Tells plan and log how a cycle ended.
    fn settle(
        &mut self,
        ran: Ran,
        events: Vec<Event>,
        wanted: Wanted,
        todo: &Todo,
    ) -> Result<(), Ended> {
        if self.is_stopped() {
            self.voice.say(events);
            return Err(Ended);
        }
        let now = self.now();
        let all = match ran {
            Ok((all, _)) => all,
            Err(error) => return Err(self.out(now, &error, events, todo)),
        };
        self.well();
        let mut rest = events;
        for done in all {
            let is_own = |event: &Event| event.value("connection") == Some(&done.connection);
            let (mut own, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(is_own);
            rest = others;
            let end = match &done.error {
                None => End::Well,
                Some(_) => end_of(done.exit),
            };
            let at = match wanted.step {
                Some(Step::T3) => self.plan.took_mail(now, &done.connection, end),
                _ => self.plan.exchanged(now, &done.connection, end),
            };
            self.plan.keep_wanted(&done.connection, end, wanted);
            let outcome = match &done.error {
                None => Outcome::Well,
                Some(error) => {
                    own.retain(|event| !event.tells(error));
                    let event = failure(&ToolError::new(done.exit, error));
                    let key = match end {
                        End::Busy => "retry-at",
                        End::Well | End::Failed => "next",
                    };
                    let more = at.map(|at| (key, whole(at).to_string()));
                    Outcome::Failed(event, more.into_iter().collect())
                }
            };
            let scope = Scope::Connection(done.connection);
            self.voice.tried(&scope, own, outcome);
        }
        self.voice.say(rest);
        Ok(())
    }

    /// The directory answers, and the mail place can be had.
    fn well(&mut self) {
        self.plan.opened();
        self.voice.tried(&Scope::Agent, Vec::new(), Outcome::Well);
    }

    /// Nothing can be done at all.
    pub(super) fn out(
        &mut self,
        now: Timestamp,
        error: &ToolError,
        events: Vec<Event>,
        todo: &Todo,
    ) -> Ended {
        if self.is_stopped() {
            self.voice.say(events);
            return Ended;
        }
        let at = self.plan.out(now, end_of(error.exit), todo);
        let more = vec![("retry-at", whole(at).to_string())];
        let outcome = Outcome::Failed(failure(error), more);
        self.voice.tried(&Scope::Agent, events, outcome);
        Ended
    }
}

/// Sorts failures by what can be done about them.
fn end_of(exit: ExitCode) -> End {
    match exit {
        ExitCode::Busy => End::Busy,
        _ => End::Failed,
    }
}

/// Makes the event of a failure; what is to be tried again is DX134.
fn failure(error: &ToolError) -> Event {
    let event = Event::of_error(error);
    match (event.id, error.exit) {
        (None, ExitCode::Busy) => event.id("DX134"),
        _ => event,
    }
}
