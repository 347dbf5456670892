//! What is due: decisions alone, without clock, files or directory.
//!
//! - Every `poll` seconds somebody looks at the mail place and at `in/`. Replies are taken when they are seen (T3 on
//!   arrival, Q149451), and so are lists. Requests wait for T2.
//! - A connection exchanges updates by its schedule (T1, T2), and whenever it is asked for.
//! - What failed because something was not there, or busy, is tried again: after a pause that begins with `poll`, doubles
//!   each time and ends at a quarter of an hour. What failed for another reason waits for the next time on the schedule,
//!   since it needs somebody who mends it (Q232029).

mod timing;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::tools::dxa::config::{Config, Connection, Role};
use crate::tools::dxa::exchange::cycle::Wanted;
use timing::{LONGEST_PAUSE, Pause, Timing};

/// How long a command that works with the folder is left alone before the service asks for the folder again.
pub(in crate::tools::dxa) const HELD_PAUSE: SignedDuration = SignedDuration::from_secs(1);

/// What is to be done now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Todo {
    /// The lists in `in/`.
    pub(super) lists: bool,
    /// T1, with the T3 that waits, or T2: the connections, each with the reason.
    pub(super) exchanges: Vec<(String, Why)>,
    /// T3 alone: the connections.
    pub(super) mail: Vec<String>,
    /// Mail of nobody that is registered, which is put aside.
    pub(super) strangers: bool,
    /// The cycles that were asked for while one ran.
    pub(super) queued: bool,
}

impl Todo {
    /// Tells whether that is nothing.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Tells whether a cycle is part of it.
    pub(super) fn is_cycle(&self) -> bool {
        !self.exchanges.is_empty() || !self.mail.is_empty() || self.strangers || self.queued
    }
}

/// Why updates are exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It is time.
    Schedule,
    /// Somebody asked for it.
    Asked,
    /// It failed, and is tried again.
    Again,
}

/// What a look has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Connections with messages that were not there before.
    pub(super) mail: Vec<String>,
    /// There are new messages of others.
    pub(super) strangers: bool,
    /// There are new lists.
    pub(super) lists: bool,
    /// Cycles were asked for while one ran.
    pub(super) queued: bool,
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Well,
    /// Something was not there, or busy: to be tried again.
    Busy,
    /// Somebody has to mend something.
    Failed,
}

/// What the service knows.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    zone: TimeZone,
    poll: SignedDuration,
    next_look: Option<Timestamp>,
    connections: Vec<Timing>,
    has_lists: bool,
    lists_pause: Option<Pause>,
    has_strangers: bool,
    has_queued: bool,
    /// Nothing can be done at all: the directory is not there, or the mail place is busy.
    outage: Option<Pause>,
    /// Somebody else works with the folder.
    held_until: Option<Timestamp>,
}

impl Plan {
    /// Begins with the times of the last exchanges.
    pub(super) fn new(
        config: &Config,
        zone: TimeZone,
        last: impl Fn(&str) -> Option<Timestamp>,
    ) -> Self {
        let connections = config.connections.iter();
        let connections =
            connections.map(|connection| Timing::new(connection, last(&connection.name)));
        Self {
            zone,
            poll: SignedDuration::from_secs(config.agent.poll.into()),
            next_look: None,
            connections: connections.collect(),
            has_lists: false,
            lists_pause: None,
            has_strangers: false,
            has_queued: false,
            outage: None,
            held_until: None,
        }
    }

    /// Goes on with another configuration: what is known of a connection stays, pauses end, and everything is looked at
    /// again.
    pub(super) fn reconfigure(&mut self, config: &Config) {
        let old = std::mem::take(&mut self.connections);
        let is_same = |timing: &Timing, connection: &Connection| {
            timing.role == connection.role && timing.name.eq_ignore_ascii_case(&connection.name)
        };
        let connections = config.connections.iter().map(|connection| {
            let known = old.iter().find(|timing| is_same(timing, connection));
            let mut timing = Timing::new(connection, known.and_then(|known| known.last));
            timing.is_asked = known.is_some_and(|known| known.is_asked);
            timing.wanted = known.map(|known| known.wanted).unwrap_or_default();
            timing
        });
        *self = Self {
            connections: connections.collect(),
            poll: SignedDuration::from_secs(config.agent.poll.into()),
            next_look: None,
            lists_pause: None,
            outage: None,
            ..self.clone()
        };
    }

    /// Somebody asks for a cycle of all connections: no pause keeps it from that.
    pub(super) fn ask(&mut self) {
        for timing in &mut self.connections {
            timing.is_asked = true;
            timing.pause = None;
        }
        self.outage = None;
    }

    /// Tells whether it is time for a look.
    pub(super) fn is_look_due(&self, now: Timestamp) -> bool {
        self.next_look
            .is_none_or(|at| at <= now || at > now + self.poll)
    }

    /// Takes in what a look has found.
    pub(super) fn looked(&mut self, now: Timestamp, seen: &Seen) {
        self.next_look = Some(now + self.poll);
        for timing in &mut self.connections {
            timing.has_mail |= seen.mail.contains(&timing.name);
        }
        self.has_strangers |= seen.strangers;
        self.has_lists |= seen.lists;
        self.has_queued |= seen.queued;
    }

    /// Returns what is to be done now.
    pub(super) fn todo(&self, now: Timestamp) -> Todo {
        let mut todo = Todo::default();
        if self.wait_until(now).is_some() {
            return todo;
        }
        for timing in &self.connections {
            if timing.pause.is_some_and(|pause| !pause.is_over(now)) {
                continue;
            }
            let at = timing.exchange_at(now, &self.zone);
            if at.is_some_and(|at| at <= now) {
                let why = match (timing.pause, timing.is_asked) {
                    (Some(_), _) => Why::Again,
                    (None, true) => Why::Asked,
                    (None, false) => Why::Schedule,
                };
                todo.exchanges.push((timing.name.clone(), why));
            } else if timing.takes_mail() {
                todo.mail.push(timing.name.clone());
            }
        }
        todo.lists = self.has_lists && self.lists_pause.is_none_or(|pause| pause.is_over(now));
        todo.strangers = self.has_strangers;
        todo.queued = self.has_queued;
        todo
    }

    /// Returns until when nothing at all can be done.
    fn wait_until(&self, now: Timestamp) -> Option<Timestamp> {
        let outage = self.outage.filter(|outage| !outage.is_over(now));
        let is_held = |until: &Timestamp| *until > now && *until <= now + HELD_PAUSE;
        let held = self.held_until.filter(is_held);
        outage.map(|outage| outage.until).max(held)
    }

    /// Returns when there is something to do, or to look at, again.
    pub(super) fn next(&self, now: Timestamp) -> Timestamp {
        let look = match self.is_look_due(now) {
            true => now,
            false => self.next_look.unwrap_or(now),
        };
        let paused = |at: Timestamp, pause: Option<Pause>| {
            let pause = pause.filter(|pause| !pause.is_over(now));
            pause.map_or(at, |pause| at.max(pause.until))
        };
        let connections = self.connections.iter().filter_map(|timing| {
            let at = timing.due_at(now, &self.zone)?;
            Some(paused(at, timing.pause))
        });
        let lists = self.has_lists.then(|| paused(now, self.lists_pause));
        let others = (self.has_strangers || self.has_queued).then_some(now);
        let work = connections.chain(lists).chain(others).min();
        let work = work.map(|at| at.max(self.wait_until(now).unwrap_or(at)));
        work.map_or(look, |at| at.min(look)).max(now)
    }

    /// Returns what is next on a connection, and whether that is tried again: `T1`, `T2` or `T3`.
    pub(super) fn next_of(
        &self,
        connection: &str,
        now: Timestamp,
    ) -> Option<(&'static str, Timestamp, bool)> {
        let timing = self
            .connections
            .iter()
            .find(|timing| timing.name == connection)?;
        let exchange = timing.exchange_at(now, &self.zone);
        let is_mail = timing.takes_mail() && exchange.is_none_or(|at| at > now);
        let step = match (timing.role, is_mail) {
            (Role::Server, _) => "T2",
            (Role::Requestor, true) => "T3",
            (Role::Requestor, false) => "T1",
        };
        let pauses = timing.pause.into_iter().chain(self.outage);
        let pause = pauses
            .filter(|pause| !pause.is_over(now))
            .map(|pause| pause.until)
            .max();
        let at = timing.due_at(now, &self.zone)?;
        Some((step, at.max(pause.unwrap_or(at)), pause.is_some()))
    }

    /// Somebody else works with the folder.
    pub(super) fn held(&mut self, now: Timestamp) {
        self.held_until = Some(now + HELD_PAUSE);
    }

    /// The folder could be had, and the directory is there.
    pub(super) fn opened(&mut self) {
        (self.outage, self.held_until) = (None, None);
    }

    /// Nothing could be done at all; returns when it is tried again. What was to be done is still to be done, but where
    /// somebody has to mend something, the exchanges wait for their next time.
    pub(super) fn out(&mut self, now: Timestamp, end: End, todo: &Todo) -> Timestamp {
        self.held_until = None;
        if end == End::Failed {
            for (connection, _) in &todo.exchanges {
                self.exchanged(now, connection, end);
            }
        }
        let pause = match end {
            End::Failed => Pause {
                tries: self.outage.map_or(0, |outage| outage.tries) + 1,
                until: now + LONGEST_PAUSE,
            },
            End::Well | End::Busy => self.pause_after(now, self.outage),
        };
        self.outage = Some(pause);
        pause.until
    }

    /// Updates were exchanged with a connection, or not; returns when it is tried again.
    pub(super) fn exchanged(
        &mut self,
        now: Timestamp,
        connection: &str,
        end: End,
    ) -> Option<Timestamp> {
        let timing = self.paused(now, connection, end)?;
        timing.is_asked = end == End::Busy;
        if end != End::Busy {
            timing.last = Some(now);
            timing.has_mail = false;
        }
        self.again(now, connection, end)
    }

    /// The mail of a connection was taken, or not; returns when it is tried again.
    pub(super) fn took_mail(
        &mut self,
        now: Timestamp,
        connection: &str,
        end: End,
    ) -> Option<Timestamp> {
        let timing = self.paused(now, connection, end)?;
        timing.has_mail = end == End::Busy;
        self.again(now, connection, end)
    }

    /// Remembers with which options something was asked for that is tried again; what is done needs them no more.
    pub(super) fn keep_wanted(&mut self, connection: &str, end: End, wanted: Wanted) {
        let mut connections = self.connections.iter_mut();
        if let Some(timing) = connections.find(|timing| timing.name == connection) {
            match end {
                End::Busy => timing.wanted = wanted,
                End::Well | End::Failed if !timing.is_asked => timing.wanted = Wanted::default(),
                End::Well | End::Failed => {}
            }
        }
    }

    /// Returns the options with which a connection is tried again.
    pub(super) fn wanted_of(&self, connection: &str) -> Wanted {
        let mut connections = self.connections.iter();
        let timing = connections.find(|timing| timing.name == connection);
        timing.map(|timing| timing.wanted).unwrap_or_default()
    }

    /// Sets the pause of a connection behind an exchange or a look at its mail.
    fn paused(&mut self, now: Timestamp, connection: &str, end: End) -> Option<&mut Timing> {
        let at = self.connections.iter().position(|t| t.name == connection)?;
        let pause = match end {
            End::Busy => Some(self.pause_after(now, self.connections[at].pause)),
            End::Well | End::Failed => None,
        };
        let timing = &mut self.connections[at];
        timing.pause = pause;
        Some(timing)
    }

    /// Returns when a connection is tried again.
    fn again(&self, now: Timestamp, connection: &str, end: End) -> Option<Timestamp> {
        let mut connections = self.connections.iter();
        let timing = connections.find(|timing| timing.name == connection)?;
        match end {
            End::Well => None,
            End::Busy => timing.pause.map(|pause| pause.until),
            End::Failed => timing.schedule.next(timing.last, now, &self.zone),
        }
    }

    /// What is of nobody was put aside.
    pub(super) fn put_strangers_aside(&mut self) {
        self.has_strangers = false;
    }

    /// The lists were taken, or not; returns when they are tried again.
    pub(super) fn took_lists(&mut self, now: Timestamp, end: End) -> Option<Timestamp> {
        self.has_lists = end != End::Well;
        self.lists_pause = match end {
            End::Well => None,
            End::Busy | End::Failed => Some(self.pause_after(now, self.lists_pause)),
        };
        self.lists_pause.map(|pause| pause.until)
    }

    /// Tells whether cycles are left that were asked for.
    pub(super) fn set_queued(&mut self, has_queued: bool) {
        self.has_queued = has_queued;
    }

    fn pause_after(&self, now: Timestamp, before: Option<Pause>) -> Pause {
        let tries = before.map_or(0, |pause| pause.tries);
        Pause {
            tries: tries + 1,
            until: now + growing(self.poll, tries),
        }
    }
}

/// Returns the pause after so many tries in vain: twice as long each time, up to a limit.
pub(in crate::tools::dxa) fn growing(poll: SignedDuration, tries: u32) -> SignedDuration {
    let doubled = poll.checked_mul(1 << tries.min(16));
    doubled.unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests;
