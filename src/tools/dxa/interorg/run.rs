//! `dxa run` between organizations: mail is taken as soon as a look finds it, the branch asks by its schedule, and what did
//! not go is tried again after growing pauses. The configuration is read again before each cycle (`spec/exchange.md` IO-20).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::check;
use super::config::Config;
use super::cycle::Cycle;
use super::done::Done;
use super::folder;
use super::post::maildir;
use super::talk::Wanted;
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::event::{Event, Severity, told, whole};
use crate::tools::dxa::home::{CYCLE, Home, Lock, unusable};
use crate::tools::dxa::options::Options;
use crate::tools::dxa::service::plan::{HELD_PAUSE, growing};
use crate::tools::dxa::service::signals::{Signal, Signals};
use crate::tools::dxa::service::voice::{Outcome, Scope, Voice};
use crate::tools::dxa::standing::notice::{self, Next, Notice};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::put_line;

/// The service.
struct Service<'s, W> {
    config: Config,
    text: String,
    /// The text of one that was refused: that is said once.
    refused: String,
    home: Home,
    clock: Clock,
    begun: Instant,
    interrupt: Interrupt,
    signals: Signals,
    voice: Voice<'s, W>,
    /// What lay in the Maildir after the last cycle: parts that wait.
    known: BTreeSet<String>,
    /// When it is looked again.
    look: Timestamp,
    /// When the branch last asked.
    asked: Option<Timestamp>,
    /// When what did not go is tried again, and how often it was.
    again: Option<(Timestamp, u32)>,
    notice: Notice,
    _claim: Lock,
}

/// Runs the service until it is told to stop.
pub(super) fn run(
    options: &Options,
    config: Config,
    text: &str,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    if options.dry_run || options.common.report.is_some() {
        let text = "run has neither --dry-run nor --report: cycle has";
        return Err(ToolError::usage(text).into());
    }
    let interrupt = Interrupt::install()?;
    let signals = Signals::listen()?;
    let clock = Clock::from_environment()?;
    let home = Home::at(&config.data);
    if let Some(error) = check::look(&config).refusal() {
        home.log_refusal(&clock, &error);
        return Err(error.into());
    }
    folder::make(&config)?;
    let claim = notice::claim(&home)?;
    let now = clock.now();
    let json = options.common.json;
    let mut service = Service {
        voice: Voice::new(screen, json, home.clone(), clock.clone()),
        text: text.to_owned(),
        refused: String::new(),
        known: BTreeSet::new(),
        look: now,
        asked: None,
        // What a service before this one has left in the queue goes at once.
        again: Some((now, 0)),
        notice: Notice::new(now),
        begun: Instant::now(),
        config,
        home,
        clock,
        interrupt,
        signals,
        _claim: claim,
    };
    service.serve();
    drop(service);
    if json {
        put_line(screen, &json!({ "program": "dxa", "exit": 0 }))?;
    }
    Ok(ExitCode::Done)
}

impl<W: Write> Service<'_, W> {
    fn serve(&mut self) {
        self.voice.started(&self.notice, self.config.poll);
        let mut is_asked = false;
        loop {
            for signal in self.signals.take() {
                match signal {
                    Signal::Cycle => {
                        let event = Event::new(Severity::Info, "a cycle is asked for");
                        self.voice.say([event.with("because", "SIGUSR1")]);
                        is_asked = true;
                    }
                    Signal::Reload => self.reload(true),
                    Signal::Stop => {}
                }
            }
            if self.interrupt.check().is_err() {
                break;
            }
            let now = self.now();
            let next = self.next_ask(now);
            let asks = is_asked || next.is_some_and(|at| at <= now);
            let is_due = asks || self.again.is_some_and(|(at, _)| at <= now) || self.looks(now);
            if is_due {
                match self.cycle(now, asks) {
                    true => is_asked = false,
                    // Somebody else has the folder.
                    false => self.signals.wait(duration(HELD_PAUSE)),
                }
                continue;
            }
            self.tell(next);
            let again = self.again.map(|(at, _)| at);
            let until = [Some(self.look), next, again].into_iter().flatten().min();
            let pause = until.unwrap_or(self.look).duration_since(now);
            self.signals.wait(duration(pause));
        }
        let event = Event::new(Severity::Info, "service stopped");
        self.voice.say([event.with("because", "a signal")]);
    }

    fn now(&self) -> Timestamp {
        self.clock.now_since(self.begun)
    }

    /// Returns when the branch asks next.
    fn next_ask(&self, now: Timestamp) -> Option<Timestamp> {
        let (branch, _) = self.config.branch.as_ref()?;
        branch.schedule.next(self.asked, now, self.clock.zone())
    }

    /// Looks whether something has come, every `poll` seconds.
    fn looks(&mut self, now: Timestamp) -> bool {
        if self.look > now {
            return false;
        }
        self.look = now + SignedDuration::from_secs(self.config.poll.into());
        let there = self.lying();
        !there.is_subset(&self.known)
    }

    fn lying(&self) -> BTreeSet<String> {
        let listing = maildir::list(&self.config.mail.maildir).unwrap_or_default();
        listing.names().collect()
    }

    /// Runs a cycle; `false` where somebody else works with the folder.
    fn cycle(&mut self, now: Timestamp, asks: bool) -> bool {
        let lock = match self.home.try_lock(CYCLE) {
            Ok(Some(lock)) => lock,
            Ok(None) => return false,
            Err(error) => {
                self.failed(now, &error);
                return true;
            }
        };
        self.reload(false);
        let ran = Cycle {
            config: &self.config,
            text: &self.text,
            now,
            interrupt: &self.interrupt,
            wanted: Wanted::default(),
            asks,
        }
        .run();
        drop(lock);
        if asks {
            self.asked = Some(now);
        }
        self.known = self.lying();
        match ran {
            // It is taken up where it was left.
            Err(_) if self.interrupt.check().is_err() => {}
            Err(error) => self.failed(now, &error),
            Ok(done) => self.settle(now, done),
        }
        true
    }

    fn settle(&mut self, now: Timestamp, done: Done) {
        let is_left = !done.errors.is_empty() || done.mail.sent.queued > 0;
        let mut events = done.told.events;
        for took in done.hub.iter().flat_map(|hub| &hub.requests) {
            let event = Event::new(Severity::Info, "request taken").with("branch", &took.branch);
            let event = event
                .with("added", took.added)
                .with("modified", took.modified);
            let event = event.with("deleted", took.deleted + took.swept);
            events.push(event.with("answered", took.answer.changes));
        }
        let outcome = match is_left {
            true => Outcome::Open,
            false => Outcome::Well,
        };
        self.again = is_left.then(|| self.pause(now));
        self.voice.tried(&Scope::Agent, events, outcome);
    }

    fn failed(&mut self, now: Timestamp, error: &ToolError) {
        let again = self.pause(now);
        self.again = Some(again);
        let more = vec![("retry-at", whole(again.0).to_string())];
        let outcome = Outcome::Failed(Event::of_error(error), more);
        self.voice.tried(&Scope::Agent, Vec::new(), outcome);
    }

    fn pause(&self, now: Timestamp) -> (Timestamp, u32) {
        let tries = self.again.map_or(0, |(_, tries)| tries);
        let poll = SignedDuration::from_secs(self.config.poll.into());
        (now + growing(poll, tries), tries + 1)
    }

    /// Reads the configuration again, where it is another or somebody asks for it.
    fn reload(&mut self, is_asked: bool) {
        let read = fs::read_to_string(&self.config.path);
        let is_known = |text: &String| *text == self.text || *text == self.refused;
        if read.as_ref().is_ok_and(is_known) && !is_asked {
            return;
        }
        self.refused = read.as_ref().cloned().unwrap_or_default();
        let path = self.config.path.clone();
        let read = read
            .map_err(|error| unusable(&path, error))
            .and_then(|text| {
                let config = Config::parse(&text, &path);
                let config = config.map_err(|error| ToolError::usage(error.to_string()))?;
                if config.data != self.config.data {
                    let text =
                        "agent.data is another folder: that needs a new start of the service";
                    return Err(ToolError::usage(text));
                }
                match check::look(&config).refusal() {
                    Some(error) => Err(error),
                    None => Ok((config, text)),
                }
            });
        let event = |severity, text: &str| Event::new(severity, text).with("file", path.display());
        match read {
            Ok((config, text)) => {
                (self.config, self.text) = (config, text);
                self.voice
                    .say([event(Severity::Info, "configuration read again")]);
                // Who waits in the Maildir may be registered now.
                self.known.clear();
                self.look = self.now();
            }
            Err(error) => {
                let text = "configuration refused, the old one stays";
                let event = event(Severity::Error, text);
                self.voice.say([event.with("because", told(&error))]);
            }
        }
    }

    /// Tells `dxa status` what is next, where that is another thing than before.
    fn tell(&mut self, next: Option<Timestamp>) {
        let mut all = BTreeMap::new();
        if let (Some(at), Some((branch, _))) = (next, &self.config.branch) {
            let next = Next {
                step: "request".to_owned(),
                at: whole(at),
                is_retry: false,
            };
            all.insert(branch.name.clone(), next);
        }
        self.voice.comes(&mut self.notice, all);
    }
}

fn duration(pause: SignedDuration) -> Duration {
    Duration::try_from(pause).unwrap_or_default()
}
