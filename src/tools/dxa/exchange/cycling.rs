//! `dxa cycle`: a cycle on the command line, and those that were asked for while it ran.

use std::io::Write;

use serde_json::json;

use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::{Config, Connection};
use crate::tools::dxa::event::Event;
use crate::tools::dxa::home::{CYCLE, Home};
use crate::tools::dxa::options::Options;
use crate::tools::exit::ExitCode;
use crate::tools::report::{ReportFile, put_line};

use super::cycle::{Wanted, choose, open, queued};
use super::outcome::{Done, shown};

/// Runs a cycle.
pub(in crate::tools::dxa) fn run(
    options: &Options,
    config: &Config,
    name: Option<&str>,
    wanted: Wanted,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let chosen = choose(config, name, wanted.step)?;
    let report = options.common.report.as_deref();
    let mut output = Output {
        options,
        report: report.map(ReportFile::create).transpose()?,
        screen,
    };
    let (clock, interrupt) = (Clock::from_environment()?, Interrupt::install()?);
    let home = Home::open(config, options.dry_run)?;
    let open = |lock, chosen: &[&Connection], wanted| {
        open(config, &home, lock, &clock, &interrupt, chosen, wanted)
    };
    if options.dry_run {
        return output.cycle(&mut open(None, &chosen, wanted)?, &chosen, wanted);
    }
    let ran = match home.lock_cycle(&interrupt)? {
        Some(lock) => open(Some(lock), &chosen, wanted)
            .map_err(Into::into)
            .and_then(|mut agent| output.cycle(&mut agent, &chosen, wanted)),
        None => {
            // Asked for while a cycle runs: not refused, not lost, and run once (DX-11).
            home.queue(&json!((name, wanted)).to_string())?;
            if home.is_held_by(CYCLE) {
                output.say_queued()?;
                return Ok(ExitCode::Done);
            }
            // It has just ended, and may not have seen the line.
            Ok(ExitCode::Done)
        }
    };
    let mut exit = ExitCode::Done;
    while home.has_queued() && interrupt.check().is_ok() {
        // Whoever has the folder as a cycle looks at the lines once it is done.
        let Some(lock) = home.lock_cycle(&interrupt)? else {
            break;
        };
        let mut agent = open(Some(lock), &[], wanted)?;
        for (name, wanted) in queued(&home.begin_queued()?) {
            match choose(config, name.as_deref(), wanted.step) {
                Ok(chosen) => exit = exit.worst(output.cycle(&mut agent, &chosen, wanted)?),
                // The configuration is another one than when it was asked for.
                Err(error) => agent.log(&[Event::of_error(&error)])?,
            }
        }
        home.finish_queued()?;
    }
    if let Some(report) = &mut output.report {
        report.flush()?;
    }
    ran.map(|ended| ended.worst(exit))
}

/// Where a run shows what it does.
struct Output<'o, W> {
    options: &'o Options,
    report: Option<ReportFile>,
    screen: &'o mut W,
}

impl<W: Write> Output<'_, W> {
    fn say_queued(&mut self) -> anyhow::Result<()> {
        match self.options.common.json {
            true => put_line(
                self.screen,
                &json!({ "program": "dxa", "queued": true, "exit": 0 }),
            )?,
            false => writeln!(self.screen, "A cycle runs; another one follows it.")?,
        }
        Ok(())
    }

    /// Runs one cycle and shows it.
    fn cycle<'c>(
        &mut self,
        agent: &mut Agent<'c>,
        chosen: &[&'c Connection],
        wanted: Wanted,
    ) -> anyhow::Result<ExitCode> {
        let ran = agent.cycle(chosen, wanted);
        let events = agent.end(&ran)?;
        if !self.options.common.json {
            for event in &events {
                writeln!(self.screen, "{event}")?;
            }
        }
        let (all, mail) = ran?;
        let exit = all.iter().fold(mail, |worst, done| worst.worst(done.exit));
        for done in &all {
            if let Some(report) = &mut self.report {
                for line in &done.lines {
                    report.line(line)?;
                }
                report.line(done)?;
            }
            if !self.options.common.json {
                show(done, self.screen)?;
            }
        }
        let summary = json!({
            "program": "dxa",
            "dry_run": self.options.dry_run,
            "connections": all,
            "exit": exit.number(),
        });
        if let Some(report) = &mut self.report {
            report.line(&summary)?;
        }
        if self.options.common.json {
            put_line(self.screen, &summary)?;
        } else if self.options.dry_run {
            writeln!(self.screen, "Dry run: nothing was written.")?;
        }
        Ok(exit)
    }
}

fn show(done: &Done, screen: &mut impl Write) -> std::io::Result<()> {
    let steps = done.steps.join(", ");
    write!(
        screen,
        "{} ({}): {steps}; {} messages",
        done.connection, done.role, done.messages
    )?;
    for (what, n) in done.received.named().iter().filter(|(_, n)| *n > 0) {
        write!(screen, ", {what} {n}")?;
    }
    if let Some(sent) = &done.sent {
        write!(screen, "; sent {}", sent.transactions())?;
        for (what, reasons) in [("skipped", &sent.skipped), ("notes", &sent.notes)] {
            if !reasons.is_empty() {
                write!(screen, "; {what}: {}", shown(reasons))?;
            }
        }
        if sent.counts.is_of_note() {
            write!(screen, "; {}", sent.counts)?;
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
