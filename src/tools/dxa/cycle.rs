//! `dxa cycle`: T1, with the T3 that waits, where the agent is a requestor, T2 where it is the server
//! (`spec/exchange.md` DX-11).

use std::io::Write;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError, code_of};
use crate::tools::report::{ReportFile, put_line};

use super::agent::Agent;
use super::config::{Config, Connection, Role};
use super::event::{Event, Severity};
use super::home::Home;
use super::mailplace::{Arrived, MailPlace};
use super::options::Options;
use super::outcome::{Done, shown};
use super::state::Known;

/// What the lock says.
const COMMAND: &str = "cycle";

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
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Wanted {
    /// `--step`; else what the role says.
    pub(super) step: Option<Step>,
    /// `--import-all`: a full list is asked for.
    pub(super) import_all: bool,
    /// `--export-all`: a full list is sent.
    pub(super) export_all: bool,
    /// `--allow-deletes`.
    pub(super) allow_deletes: Option<u64>,
}

/// Runs a cycle.
pub(super) fn run(
    options: &Options,
    config: &Config,
    name: Option<&str>,
    wanted: Wanted,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let home = Home::at(&config.agent.data);
    let mut asked = vec![(name.map(str::to_owned), wanted)];
    let mut exit = ExitCode::Done;
    while !asked.is_empty() {
        let mut more = Vec::new();
        for (name, wanted) in asked {
            match run_once(options, config, name.as_deref(), wanted, screen) {
                Ok(ended) => exit = exit.worst(ended),
                // Asked for while a cycle runs: not refused, not lost, and run once (DX-11).
                Err(error)
                    if code_of(&error) == ExitCode::Busy
                        && !options.dry_run
                        && home.is_held_by(COMMAND) =>
                {
                    home.queue(&json!((name, wanted)).to_string())?;
                    match home.is_held_by(COMMAND) {
                        true => say_queued(options, screen)?,
                        false => more.extend(queued(&home)),
                    }
                }
                Err(error) => return Err(error),
            }
        }
        if !options.dry_run && !home.is_held_by(COMMAND) {
            more.extend(queued(&home));
        }
        asked = more;
    }
    Ok(exit)
}

fn say_queued(options: &Options, screen: &mut impl Write) -> anyhow::Result<()> {
    match options.common.json {
        true => put_line(
            screen,
            &json!({ "program": "dxa", "queued": true, "exit": 0 }),
        )?,
        false => writeln!(screen, "A cycle runs; another one follows it.")?,
    }
    Ok(())
}

/// Returns what was asked for while a cycle ran.
fn queued(home: &Home) -> Vec<(Option<String>, Wanted)> {
    let lines = home.take_queued().into_iter();
    lines
        .filter_map(|line| serde_json::from_str(&line).ok())
        .collect()
}

fn run_once(
    options: &Options,
    config: &Config,
    name: Option<&str>,
    wanted: Wanted,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let chosen = choose(config, name, wanted.step)?;
    let clock = Clock::from_environment()?;
    let report = options.common.report.as_deref();
    let mut report = report.map(ReportFile::create).transpose()?;
    let mut agent = Agent::open(
        config,
        COMMAND,
        clock,
        Interrupt::install()?,
        options.dry_run,
    )?;
    let ran = agent.cycle(&chosen, wanted);
    let events = agent.take_events();
    agent.log(&events)?;
    if !options.common.json {
        for event in &events {
            writeln!(screen, "{event}")?;
        }
    }
    let (all, mail) = ran?;
    let exit = all.iter().fold(mail, |worst, done| worst.worst(done.exit));
    for done in &all {
        if let Some(report) = &mut report {
            for line in &done.lines {
                report.line(line)?;
            }
            report.line(done)?;
        }
        if !options.common.json {
            show(done, screen)?;
        }
    }
    if options.common.json {
        let summary = json!({
            "program": "dxa",
            "dry_run": options.dry_run,
            "connections": all,
            "exit": exit.number(),
        });
        put_line(screen, &summary)?;
    } else if options.dry_run {
        writeln!(screen, "Dry run: nothing was written.")?;
    }
    Ok(exit)
}

/// Finds the connections that are meant. Where there are both roles, one of them has to be named (DX-11).
fn choose<'c>(
    config: &'c Config,
    name: Option<&str>,
    step: Option<Step>,
) -> Result<Vec<&'c Connection>, ToolError> {
    if let Some(name) = name {
        let connection = config.connection(name).ok_or_else(|| {
            let near = config.near(name).join(", ");
            let text = format!("no connection {name}; near it: {near}");
            ToolError::new(ExitCode::NotFound, text)
        })?;
        if let Some(step) = step {
            super::agent::expect_role(connection, step.role())?;
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
    /// Runs the cycle of the chosen connections; the failure of one leaves the others alone (DX-30).
    fn cycle(
        &mut self,
        chosen: &[&'c Connection],
        wanted: Wanted,
    ) -> Result<(Vec<Done>, ExitCode), ToolError> {
        let mut mail = MailPlace::open(
            &self.home.postoffice(),
            &self.config.agent,
            &self.clock,
            self.dry_run,
        )?;
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
            let known = settled.and_then(|_| self.known(connection));
            let known = known.and_then(|mut known| {
                let before = known.numbers.shown();
                done.numbers = Some((before, before));
                self.receive(&mut mail, connection, &mut known, own, wanted, &mut done)?;
                Ok(known)
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
        let event = Event::new(Severity::Error, error.to_string());
        self.say(event.with("connection", &connection.name));
        done.fail(error);
        Ok(())
    }
}

fn show(done: &Done, screen: &mut impl Write) -> std::io::Result<()> {
    let steps = done.steps.join(", ");
    write!(
        screen,
        "{} ({}): {steps}; {} messages",
        done.connection, done.role, done.messages
    )?;
    let received = &done.received;
    let parts = [
        ("added", received.added),
        ("modified", received.modified),
        ("renamed", received.renamed),
        ("deleted", received.deleted),
        ("swept", received.swept),
        ("unchanged", received.unchanged),
        ("refused", received.refused),
        ("ignored", received.ignored),
        ("withheld", received.withheld),
    ];
    for (what, n) in parts.iter().filter(|(_, n)| *n > 0) {
        write!(screen, ", {what} {n}")?;
    }
    if let Some(sent) = &done.sent {
        write!(screen, "; sent {}", sent.transactions())?;
        for (what, reasons) in [("skipped", &sent.skipped), ("notes", &sent.notes)] {
            if !reasons.is_empty() {
                write!(screen, "; {what}: {}", shown(reasons))?;
            }
        }
    }
    if let Some((before, after)) = done.numbers.filter(|(before, after)| before != after) {
        write!(screen, "; {before} -> {after}")?;
    }
    if !done.is_well() {
        write!(screen, "; failed")?;
    }
    writeln!(screen)
}
