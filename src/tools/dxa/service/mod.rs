//! `dxa run`: the agent as a service in the foreground, as systemd wants it (`spec/exchange.md` DX-05, DX-08, DX-11, DX-31,
//! DX-38).
//!
//! The data folder is held only while something is done, so that the other commands run in between; a cycle that is asked for
//! on the command line meanwhile is left a line, and follows. What is due is decided in [`plan`]; this and [`work`] are the
//! edge.

pub(super) mod plan;
mod reload;
pub(super) mod signals;
pub(super) mod voice;
mod watch;
mod work;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::rc::Rc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;

use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::put_line;

use super::check;
use super::config::{Config, Role};
use super::event::{Event, Severity, whole};
use super::home::{Home, Lock};
use super::options::Options;
use super::standing::history::{self, History};
use super::standing::metrics;
use super::standing::notice::{self, Next, Notice};
use plan::Plan;
use signals::{Signal, Signals};
use voice::Voice;
use watch::Watch;

/// The service.
struct Service<'s, W> {
    config: Rc<Config>,
    /// The text of the configuration, to show what is another in the next one.
    text: String,
    home: Home,
    clock: Clock,
    interrupt: Interrupt,
    signals: Signals,
    voice: Voice<'s, W>,
    watch: Watch,
    plan: Plan,
    begun: Instant,
    /// What was told last.
    notice: Notice,
    _claim: Lock,
}

/// Runs the service until it is told to stop.
pub(super) fn run(
    options: &Options,
    config: Config,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    if options.dry_run || options.common.report.is_some() {
        let text = "run has neither --dry-run nor --report: cycle and lists have";
        return Err(ToolError::usage(text).into());
    }
    // First of all: what ends the run is noticed before it wakes the service, and no signal ends the process.
    let interrupt = Interrupt::install()?;
    let signals = Signals::listen()?;
    let clock = Clock::from_environment()?;
    let json = options.common.json;
    let text = fs::read_to_string(&config.path).unwrap_or_default();
    if let Some(error) = check::run(&config).refusal() {
        Home::at(&config.agent.data).log_refusal(&clock, &error);
        return Err(error.into());
    }
    let home = Home::open(&config, false)?;
    let claim = notice::claim(&home)?;
    let last = exchanges(&config, &home);
    let mut service = Service {
        text,
        plan: Plan::new(&config, clock.zone().clone(), |name| {
            last.get(name).copied()
        }),
        voice: Voice::new(screen, json, home.clone(), clock.clone()),
        watch: Watch::default(),
        signals,
        interrupt,
        begun: Instant::now(),
        notice: Notice::new(clock.now()),
        config: Rc::new(config),
        home,
        clock,
        _claim: claim,
    };
    service.serve();
    drop(service);
    if json {
        put_line(screen, &json!({ "program": "dxa", "exit": 0 }))?;
    }
    Ok(ExitCode::Done)
}

/// Returns when updates were last exchanged on each connection.
fn exchanges(config: &Config, home: &Home) -> BTreeMap<String, Timestamp> {
    let mut found = BTreeMap::new();
    let Some(mut ledger) = history::ledger(home) else {
        return found;
    };
    let Ok(change) = ledger.begin() else {
        return found;
    };
    for connection in &config.connections {
        let history = History::load(&change, &connection.name).unwrap_or_default();
        if let Some(at) = history.exchange {
            found.insert(connection.name.clone(), at);
        }
    }
    found
}

impl<W: Write> Service<'_, W> {
    /// Works until it is told to stop.
    fn serve(&mut self) {
        self.voice.started(&self.notice, self.config.agent.poll);
        self.show_schedules();
        self.make_lists();
        self.measure();
        let because = loop {
            for signal in self.signals.take() {
                match signal {
                    Signal::Cycle => self.ask(),
                    Signal::Reload => self.reload(),
                    Signal::Stop => {}
                }
            }
            if self.is_stopped() {
                break "a signal";
            }
            let now = self.now();
            if self.plan.is_look_due(now) {
                self.look(now);
            }
            let todo = self.plan.todo(now);
            if todo.is_empty() {
                self.tell();
                let pause = self.plan.next(now).duration_since(now);
                let pause = Duration::try_from(pause).unwrap_or_default();
                self.signals.wait(pause);
            } else {
                self.work(&todo);
            }
        };
        let event = Event::new(Severity::Info, "service stopped");
        self.voice.say([event.with("because", because)]);
    }

    fn now(&self) -> Timestamp {
        self.clock.now_since(self.begun)
    }

    fn is_stopped(&self) -> bool {
        self.interrupt.check().is_err()
    }

    fn show_schedules(&mut self) {
        let now = self.now();
        let events = self.config.connections.iter().map(|connection| {
            let step = match connection.role {
                Role::Requestor => "T1",
                Role::Server => "T2",
            };
            let event = Event::new(Severity::Info, "schedule");
            let event = event
                .with("connection", &connection.name)
                .with("step", step);
            let event = event.with("when", &connection.schedule);
            match self.plan.next_of(&connection.name, now) {
                Some((_, at, _)) => event.with("next", whole(at)),
                None => event,
            }
        });
        let events: Vec<_> = events.collect();
        self.voice.say(events);
    }

    /// Somebody asks for a cycle: each connection does what its role is (DX-11).
    fn ask(&mut self) {
        self.plan.ask();
        let connections = self.config.connections.iter().map(|connection| {
            let steps = match connection.role {
                Role::Requestor => "T1 T3",
                Role::Server => "T2",
            };
            format!("{}: {steps}", connection.name)
        });
        let connections: Vec<_> = connections.collect();
        let event = Event::new(Severity::Info, "a cycle is asked for");
        let event = event.with("because", "SIGUSR1");
        self.voice
            .say([event.with("connections", connections.join(", "))]);
    }

    fn look(&mut self, now: Timestamp) {
        match self.watch.look(&self.config, &self.home) {
            Ok(seen) => {
                self.plan.looked(now, &seen);
                if seen != plan::Seen::default() {
                    self.measure();
                }
            }
            Err(error) => {
                self.plan.looked(now, &plan::Seen::default());
                self.out(now, &error, Vec::new(), &plan::Todo::default());
            }
        }
    }

    /// Writes the metrics, where nothing but what waits is another than after the last run.
    fn measure(&mut self) {
        if self.config.agent.metrics.is_none() {
            return;
        }
        if let Some(mut ledger) = history::ledger(&self.home) {
            let said = metrics::write(&self.config, &self.home, &mut ledger);
            self.voice.say(said);
        }
    }

    /// Tells `dxa status` what is next, where that is another thing than before.
    fn tell(&mut self) {
        let now = self.now();
        let next = self.config.connections.iter().filter_map(|connection| {
            let (step, at, is_retry) = self.plan.next_of(&connection.name, now)?;
            let next = Next {
                step: step.to_owned(),
                at: whole(at),
                is_retry,
            };
            Some((connection.name.clone(), next))
        });
        let next = next.collect();
        self.voice.comes(&mut self.notice, next);
    }
}
