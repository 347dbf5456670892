//! A cycle: T1, with the T3 that waits, where the agent is a requestor, T2 where it is the server
//! (`spec/exchange.md` DX-11).

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::{Config, Connection, Role};
use crate::tools::dxa::connections::state::Known;
use crate::tools::dxa::containers::container;
use crate::tools::dxa::event::{self, Event, Severity};
use crate::tools::dxa::home::{Home, Lock};
use crate::tools::dxa::mail::mailplace::{Arrived, MailPlace};
use crate::tools::dxa::standing::history;
use crate::tools::exit::{ExitCode, ToolError};

use super::line::Line;
use super::outcome::Done;

/// One step of the cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Step {
    /// A requestor sends its request
    T1,
    /// The server takes requests and answers them
    T2,
    /// A requestor takes the replies
    T3,
}

impl Step {
    fn role(self) -> Role {
        match self {
            Self::T1 | Self::T3 => Role::Requestor,
            Self::T2 => Role::Server,
        }
    }
}

/// What a run is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::tools::dxa) struct Wanted {
    /// `--step`; else what the role says.
    pub(in crate::tools::dxa) step: Option<Step>,
    /// `--import-all`: a full list is asked for.
    pub(in crate::tools::dxa) import_all: bool,
    /// `--export-all`: a full list is sent.
    pub(in crate::tools::dxa) export_all: bool,
    /// `--allow-deletes`.
    pub(in crate::tools::dxa) allow_deletes: Option<u64>,
}

/// Opens the agent; what keeps it from that is remembered of the connections that were meant.
pub(in crate::tools::dxa) fn open<'c>(
    config: &'c Config,
    home: &Home,
    lock: Option<Lock>,
    clock: &Clock,
    interrupt: &Interrupt,
    chosen: &[&Connection],
    wanted: Wanted,
) -> Result<Agent<'c>, ToolError> {
    let dry_run = lock.is_none();
    let opened = Agent::open_in(config, home.clone(), lock, clock.clone(), interrupt.clone());
    if let (Err(error), false) = (&opened, dry_run) {
        let mut events = vec![Event::of_error(error)];
        events.extend(history::failed(config, home, clock, chosen, wanted, error));
        home.write_log(clock, &events)?;
    }
    opened
}

/// Returns what was asked for while a cycle ran.
pub(in crate::tools::dxa) fn queued(lines: &[String]) -> Vec<(Option<String>, Wanted)> {
    let lines = lines.iter();
    lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Finds the connections that are meant. Where there are both roles, one of them has to be named (DX-11).
pub(in crate::tools::dxa) fn choose<'c>(
    config: &'c Config,
    name: Option<&str>,
    step: Option<Step>,
) -> Result<Vec<&'c Connection>, ToolError> {
    if let Some(name) = name {
        let connection = config.named(name)?;
        if let Some(step) = step {
            crate::tools::dxa::agent::expect_role(connection, step.role())?;
        }
        return Ok(vec![connection]);
    }
    let all = config.connections.iter();
    let of = |role| all.clone().filter(move |c| c.role == role);
    let chosen: Vec<_> = match step {
        Some(step) => of(step.role()).collect(),
        None if of(Role::Requestor).count() > 0 && of(Role::Server).count() > 0 => {
            let text =
                "the agent is both a requestor and a server: name a connection, or say --step";
            return Err(ToolError::usage(text));
        }
        None => all.collect(),
    };
    match chosen.is_empty() {
        true => Err(ToolError::new(
            ExitCode::NotHere,
            "no connection has that role",
        )),
        false => Ok(chosen),
    }
}

impl<'c> Agent<'c> {
    /// Runs the cycle of the chosen connections, and remembers what it came to.
    pub(in crate::tools::dxa) fn cycle(
        &mut self,
        chosen: &[&'c Connection],
        wanted: Wanted,
    ) -> Result<(Vec<Done>, ExitCode), ToolError> {
        let ran = self.run_cycle(chosen, wanted);
        match &ran {
            Ok((all, _)) => self.remember_cycle(all, wanted),
            // Who was told to stop has not failed.
            Err(_) if self.interrupt.check().is_err() => {}
            Err(error) => {
                let failed = chosen.iter().map(|connection| {
                    let mut done = Done::new(&connection.name, connection.role.word());
                    done.fail(error);
                    done
                });
                self.remember_cycle(&failed.collect::<Vec<_>>(), wanted);
            }
        }
        ran
    }

    /// Runs the cycle of the chosen connections; the failure of one leaves the others alone (DX-30).
    fn run_cycle(
        &mut self,
        chosen: &[&'c Connection],
        wanted: Wanted,
    ) -> Result<(Vec<Done>, ExitCode), ToolError> {
        let mail = MailPlace::open(
            &self.home.postoffice(),
            &self.config.agent,
            &self.clock,
            self.dry_run,
        );
        let mut mail = mail.map_err(|error| match error.exit {
            ExitCode::Busy => ToolError::new(
                ExitCode::Busy,
                format!("DX134 the mail place is busy: {}", event::told(&error)),
            ),
            _ => error,
        })?;
        let takes_mail = wanted.step != Some(Step::T1);
        let (mut arrived, exit) = match takes_mail {
            true => self.sort_mail(&mut mail, chosen)?,
            false => (Vec::new(), ExitCode::Done),
        };
        let mut all = Vec::new();
        let mut open = Vec::new();
        for connection in chosen.iter().copied() {
            let mut done = Done::new(&connection.name, connection.role.word());
            let (own, others): (Vec<_>, Vec<_>) = arrived
                .into_iter()
                .partition(|(to, _): &(&Connection, Arrived)| to.name == connection.name);
            arrived = others;
            let own = own.into_iter().map(|(_, arrived)| arrived).collect();
            let settled = match self.settle(connection, &mut done) {
                Ok(false) => {
                    all.push(done);
                    continue;
                }
                settled => settled,
            };
            let known = settled.and_then(|_| self.check_container(connection));
            let known = known.and_then(|()| self.known(connection));
            let known = known.and_then(|mut known| {
                let before = known.numbers.shown();
                done.numbers = Some((before, before));
                let received =
                    self.receive(&mut mail, connection, &mut known, own, wanted, &mut done);
                let fates = done.lines.iter().filter_map(Line::fate);
                self.name_unreadable(connection, fates.collect());
                received.map(|()| known)
            });
            match known {
                Ok(known) => open.push((connection, known, done)),
                Err(error) => {
                    self.failed(connection, &error, &mut done)?;
                    all.push(done);
                }
            }
        }
        if !self.dry_run {
            mail.clear()?;
        }
        for (connection, mut known, mut done) in open {
            if let Err(error) = self.send(&mut mail, connection, &mut known, wanted, &mut done) {
                self.failed(connection, &error, &mut done)?;
            }
            if let Some((_, after)) = &mut done.numbers {
                *after = known.numbers.shown();
            }
            all.push(done);
        }
        if let Some(event) = mail.take_event() {
            self.say(event);
        }
        Ok((all, exit))
    }

    /// What is asked for must have a place to go to: before anything is sent (DX-38).
    fn check_container(&mut self, connection: &Connection) -> Result<(), ToolError> {
        match &connection.import.container {
            Some(container) if connection.exchange.receives() => {
                container::numbers(&mut self.directory, container).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// What has come: T3 of a requestor, the first half of T2.
    fn receive(
        &mut self,
        mail: &mut MailPlace,
        connection: &Connection,
        known: &mut Known,
        own: Vec<Arrived>,
        wanted: Wanted,
        done: &mut Done,
    ) -> Result<(), ToolError> {
        if wanted.step == Some(Step::T1) {
            return Ok(());
        }
        let count = own.len();
        match connection.role {
            Role::Requestor if count == 0 && wanted.step.is_none() => Ok(()),
            Role::Requestor => {
                done.step("T3");
                let event = Event::new(Severity::Info, "T3: replies taken");
                let event = event.with("connection", &connection.name);
                self.say(event.with("because", format!("{count} messages wait")));
                self.receive_replies(mail, connection, known, own, wanted, done)
            }
            Role::Server => {
                done.step("T2");
                let event = Event::new(Severity::Info, "T2: requests taken");
                let event = event.with("connection", &connection.name);
                self.say(event.with(
                    "because",
                    format!("the agent is the server, {count} messages wait"),
                ));
                self.receive_requests(mail, connection, known, own, wanted, done)
            }
        }
    }

    /// What goes out: T1 of a requestor, the second half of T2.
    fn send(
        &mut self,
        mail: &mut MailPlace,
        connection: &Connection,
        known: &mut Known,
        wanted: Wanted,
        done: &mut Done,
    ) -> Result<(), ToolError> {
        match connection.role {
            Role::Requestor if wanted.step == Some(Step::T3) => Ok(()),
            Role::Requestor => {
                done.step("T1");
                self.send_request(mail, connection, known, wanted, done)
            }
            Role::Server => self.send_reply(mail, connection, known, wanted, done),
        }
    }

    /// Says that a connection failed; where the whole run has to end, so does it.
    fn failed(
        &mut self,
        connection: &Connection,
        error: &ToolError,
        done: &mut Done,
    ) -> Result<(), ToolError> {
        self.interrupt.check()?;
        self.say(Event::of_error(error).with("connection", &connection.name));
        done.fail(error);
        Ok(())
    }
}
