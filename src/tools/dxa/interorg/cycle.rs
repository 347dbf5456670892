//! `dxa cycle` between organizations: mail is taken, the hub answers, the branch hears and asks, mail is sent.

use jiff::Timestamp;
use serde_json::json;

use super::config::Config;
use super::done::{Done, Incomplete, MailDone};
use super::evidence::{Evidence, Settings};
use super::hub::{Hub, HubDone, LocalTurn, give_up};
use super::metrics;
use super::post::inbox::Inbox;
use super::post::letter;
use super::post::maildir;
use super::post::quarantine::Quarantine;
use super::post::queue::Queue;
use super::post::sending;
use super::post::side::{Link, task};
use super::table;
use super::talk::{self, BranchTold, Talk, Wanted};
use super::told::Told;
use crate::directory::interorg::wire::Unit;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::exit::{ExitCode, ToolError};

/// What a cycle works with.
pub(super) struct Cycle<'c> {
    pub(super) config: &'c Config,
    /// The text of the configuration.
    pub(super) text: &'c str,
    pub(super) now: Timestamp,
    pub(super) interrupt: &'c Interrupt,
    pub(super) wanted: Wanted,
    /// The branch asks; without, mail is taken and sent alone.
    pub(super) asks: bool,
}

impl Cycle<'_> {
    /// Runs it; the folder is held by who calls.
    pub(super) fn run(&self) -> Result<Done, ToolError> {
        let (config, dry_run) = (self.config, self.wanted.dry_run);
        let links = Link::all(config);
        let queue = Queue::at(&config.data);
        let quarantine = Quarantine(config.data.join("quarantine"));
        let mut evidence = Evidence::new(config, self.now);
        let mut done = Done {
            program: "dxa",
            dry_run,
            settings: Settings::compare(&config.data, self.text),
            hub: None,
            branch: None,
            mail: MailDone::default(),
            errors: Vec::new(),
            exit: ExitCode::Done,
            branch_shown: Vec::new(),
            told: Told::default(),
        };
        done.told.events.extend(done.settings.events());
        if !dry_run {
            if !links.is_empty() {
                maildir::make(&config.mail.maildir)?;
            }
            queue.make()?;
            if config.hub.is_none() {
                // No answer is among what a killed run has left.
                queue.recover(&links, |_| Ok(false))?;
            }
        }
        let mut hub = self.open_hub(&links, &queue, &mut done);
        let mut inbox = Inbox::look(
            &config.mail.maildir,
            &quarantine,
            &links,
            self.now,
            dry_run,
            self.interrupt,
        )?;
        let mut side = self.open_side(&inbox, &mut done)?;
        // What the own branch has to say is in the answers to all others, and the other way round.
        let mut turn = None;
        if let (Some(side), Some(hub), true) = (&mut side, &mut hub, self.asks && is_local(&links))
        {
            match ask_hub(side.as_mut(), hub) {
                Ok(taken) => turn = taken,
                Err(error) => self.keep_going(Err(error), &mut done)?,
            }
        }
        if let Some(hub) = &mut hub {
            let taken = hub.take_mail(&mut inbox, &mut evidence, &mut done.told);
            self.keep_going(taken, &mut done)?;
        }
        if let Some(side) = &mut side {
            let spoken = match (turn, &mut hub) {
                (Some(turn), Some(hub)) => {
                    self.hear_hub(side.as_mut(), hub, turn, &mut evidence, &mut done)
                }
                _ => self.speak(
                    side.as_mut(),
                    &mut inbox,
                    &links,
                    &queue,
                    &mut evidence,
                    &mut done,
                ),
            };
            tell_branch(side.as_mut(), &mut done);
            self.keep_going(spoken, &mut done)?;
        }
        if let Some(mut hub) = hub {
            let finished = hub.finish(&mut done.told);
            self.keep_going(finished, &mut done)?;
            done.hub = Some(hub.done);
        }
        inbox.sync();
        self.tell_mail(&mut inbox, &quarantine, &links, &mut done);
        if !dry_run {
            let sent = sending::send(&queue, &links, config.mail.way.as_ref(), self.interrupt)?;
            done.mail.sent = sent;
            let sent = &mut done.mail.sent;
            done.told.events.append(&mut sent.events);
            done.told.exit = done.told.exit.worst(sent.exit);
            done.told.events.extend(evidence.write(config));
            done.told.events.extend(metrics::write(config));
            done.told
                .events
                .extend(Settings::keep(&config.data, self.text));
        }
        done.exit = done.told.exit;
        Ok(done)
    }

    fn open_hub<'a>(
        &'a self,
        links: &'a [Link],
        queue: &'a Queue,
        done: &mut Done,
    ) -> Option<Hub<'a>> {
        let hub = self.config.hub.as_ref()?;
        let dry_run = self.wanted.dry_run;
        let opened = table::open(&hub.table, dry_run).and_then(|table| {
            let mut hub = Hub {
                config: hub,
                links,
                table,
                queue,
                now: self.now,
                dry_run,
                interrupt: self.interrupt,
                done: HubDone::default(),
            };
            if !dry_run {
                let recovered = hub.recover()?;
                if recovered > 0 {
                    let event = Event::new(Severity::Info, "answers of an interrupted run go");
                    done.told.say(event.with("messages", recovered));
                }
            }
            Ok(hub)
        });
        match opened {
            Ok(hub) => Some(hub),
            Err(error) => {
                done.fail(&error);
                None
            }
        }
    }

    /// What stops one side does not stop the other; an interruption stops both.
    fn keep_going(&self, result: Result<(), ToolError>, done: &mut Done) -> Result<(), ToolError> {
        match result {
            Err(error) => {
                self.interrupt.check()?;
                done.fail(&error);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Opens the branch, where there is one and something for it to do.
    fn open_side(
        &self,
        inbox: &Inbox<'_>,
        done: &mut Done,
    ) -> Result<Option<Box<dyn Talk + '_>>, ToolError> {
        let is_wanted = self.asks || !inbox.whole.is_empty();
        if self.config.branch.is_none() || !is_wanted {
            return Ok(None);
        }
        match talk::open(self.config, self.wanted, self.interrupt) {
            Ok(side) => Ok(side),
            Err(error) => {
                self.keep_going(Err(error), done)?;
                Ok(None)
            }
        }
    }

    /// Lets the branch hear the hub of this very agent.
    fn hear_hub(
        &self,
        side: &mut dyn Talk,
        hub: &mut Hub<'_>,
        turn: LocalTurn,
        evidence: &mut Evidence,
        done: &mut Done,
    ) -> Result<(), ToolError> {
        let answer = hub.answer_local(turn, &mut done.told)?;
        if !self.wanted.dry_run {
            evidence.heard_of(&answer.branch, self.now);
        }
        side.hear(&answer)
    }

    /// Lets the branch hear what came by mail, and ask.
    fn speak(
        &self,
        side: &mut dyn Talk,
        inbox: &mut Inbox<'_>,
        links: &[Link],
        queue: &Queue,
        evidence: &mut Evidence,
        done: &mut Done,
    ) -> Result<(), ToolError> {
        hear_mail(side, inbox, links, evidence, self.interrupt, &mut done.told)?;
        if !self.asks {
            return Ok(());
        }
        let Some(link) = links.iter().find(|link| !link.is_hub()) else {
            return Err(ToolError::new(
                ExitCode::Busy,
                "the hub of this agent cannot be used now",
            ));
        };
        let Some(request) = side.ask()? else {
            return Ok(());
        };
        let mut unit = Unit::Request(request);
        for withheld in letter::trim(link.limit(), &mut unit) {
            let key = withheld.key.to_string();
            done.told
                .refused(link.branch(), &key, &withheld.dn, &withheld.note);
        }
        if self.wanted.dry_run {
            return Ok(());
        }
        let mut sent = Vec::new();
        let staged = queue.stage(link, unit, self.now, |bytes, part| {
            evidence.of_part(bytes, part, &mut sent);
        })?;
        queue.publish(&staged)?;
        evidence.sent(link.branch(), sent);
        Ok(())
    }

    fn tell_mail(
        &self,
        inbox: &mut Inbox<'_>,
        quarantine: &Quarantine,
        links: &[Link],
        done: &mut Done,
    ) {
        done.told.events.extend(inbox.take_events());
        for (name, note) in &inbox.aside {
            let reason = note.reason.to_string();
            *done.mail.aside.entry(reason.clone()).or_default() += 1;
            let line = json!({
                "message": name, "outcome": "quarantine", "reason": reason, "detail": note.detail,
            });
            done.told.lines.push(line);
            done.told.exit = done.told.exit.worst(ExitCode::Partial);
        }
        done.mail.quarantine = quarantine.count();
        done.mail.copies = inbox.copies;
        let waiting = inbox.waiting.iter().map(|bundle| Incomplete {
            branch: links[bundle.link].branch().to_owned(),
            task: task(&bundle.head),
            id: bundle.head.id().to_owned(),
            of: bundle.of,
            missing: bundle.missing(),
        });
        done.mail.incomplete = waiting.collect();
        for waiting in &done.mail.incomplete {
            let event = Event::new(Severity::Info, "a message is not whole yet");
            let event = event
                .with("branch", &waiting.branch)
                .with("id", &waiting.id);
            let missing: Vec<_> = waiting.missing.iter().map(usize::to_string).collect();
            let event = event.with("missing", missing.join(","));
            done.told.events.push(event.with("of", waiting.of));
        }
    }
}

/// Tells whether the hub of the branch, where there is one, is in this very agent.
fn is_local(links: &[Link]) -> bool {
    links.iter().all(Link::is_hub)
}

/// Lets the branch ask the hub of this very agent.
fn ask_hub(side: &mut dyn Talk, hub: &mut Hub<'_>) -> Result<Option<LocalTurn>, ToolError> {
    match side.ask()? {
        Some(request) => hub.take_local(request).map(Some),
        None => Ok(None),
    }
}

/// Says what the branch did.
fn tell_branch(side: &mut dyn Talk, done: &mut Done) {
    let BranchTold {
        summary,
        shown,
        lines,
        events,
        exit,
    } = side.told();
    done.branch = Some(summary);
    done.branch_shown = shown;
    done.told.lines.extend(lines);
    done.told.events.extend(events);
    done.told.exit = done.told.exit.worst(exit);
}

/// Lets a branch hear the answers that came whole.
pub(super) fn hear_mail(
    side: &mut dyn Talk,
    inbox: &mut Inbox<'_>,
    links: &[Link],
    evidence: &mut Evidence,
    interrupt: &Interrupt,
    told: &mut Told,
) -> Result<(), ToolError> {
    for bundle in std::mem::take(&mut inbox.whole) {
        interrupt.check()?;
        let branch = links[bundle.link].branch();
        let mut copies = Vec::new();
        let loaded = inbox.load(&bundle, |bytes, letter| {
            evidence.of_letter(bytes, letter, &mut copies);
        })?;
        let Some(Unit::Answer(answer)) = loaded else {
            continue;
        };
        side.hear(&answer)?;
        evidence.received(branch, copies, "heard");
        give_up(inbox, &bundle, branch, told)?;
        inbox.finish(&bundle)?;
    }
    Ok(())
}
