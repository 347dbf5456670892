//! What an attempt to answer some requestors came to.

use super::Run;
use crate::messages::{Message, Severity};
use crate::plan::outcome::EntryOutcome;
use crate::postoffice::log::{Log, LogLine};
use crate::protocol::outcome::{Consequence, Line};
use crate::tools::cli::clock::Clock;
use crate::tools::exit::ToolError;
use crate::tools::post::MailLine;
use crate::tools::report;

/// What an attempt to answer some requestors came to.
#[derive(Debug, Default)]
pub(super) struct Served {
    /// What the logs have already.
    pub(super) said: Vec<Line>,
    pub(super) mails: Vec<(MailLine, Vec<EntryOutcome<'static>>)>,
    pub(super) consequence: Option<Consequence>,
    /// Requestors answered.
    pub(super) count: usize,
    pub(super) transactions: u64,
    pub(super) cannot_write: bool,
    pub(super) summary: Vec<String>,
}

impl Served {
    pub(super) fn say(&mut self, line: Line, log: &mut Log, clock: &Clock) {
        log.add(clock.now(), &log_line(&line));
        self.said.push(line);
    }

    pub(super) fn worsen(&mut self, consequence: Consequence) {
        self.consequence = self.consequence.max(Some(consequence));
    }
}

impl Run {
    /// Takes over what was done: the logs have it, the screen and the report do not.
    pub(super) fn absorb(&mut self, served: Served) -> Result<(), ToolError> {
        for line in served.said {
            let logged = log_line(&line);
            if line.severity >= Severity::Warning {
                self.told.push(logged.to_string());
            }
            self.notes.push(report::Note {
                number: line.number,
                text: logged.to_string(),
            });
        }
        if let Some(consequence) = served.consequence {
            self.worsen(consequence);
        }
        self.counts.read += served.transactions;
        self.counts.added += served.transactions;
        for (mail, lines) in served.mails {
            self.reporter.mail(&mail)?;
            for line in lines {
                self.reporter.entry(line)?;
            }
        }
        Ok(())
    }
}

fn log_line(line: &Line) -> LogLine {
    match line.number {
        Some(number) => {
            LogLine::from(Message::new(number, line.text.clone()).with_severity(line.severity))
        }
        None => LogLine::text(line.severity, line.text.clone()),
    }
}
