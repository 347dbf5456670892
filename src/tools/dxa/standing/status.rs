//! `dxa status`: how every connection stands, from the ledger and the mail place alone: no directory is asked.

use std::fmt;
use std::io::Write;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::directory::ledger::Ledger;
use crate::tools::cli::CommonArgs;
use crate::tools::dxa::agent::unusable_ledger;
use crate::tools::dxa::config::Config;
use crate::tools::dxa::connections::aside;
use crate::tools::dxa::connections::numbers::{Numbers, Shown};
use crate::tools::dxa::exchange::cycle;
use crate::tools::dxa::home::Home;
use crate::tools::dxa::mail::backlog::Backlog;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{put_line, report_alone};

use super::history::{Failure, History, Ran};
use super::notice::{self, Next};

/// What is known of a connection.
#[derive(Debug, Clone, Serialize)]
pub(in crate::tools::dxa) struct Status {
    pub(in crate::tools::dxa) connection: String,
    pub(in crate::tools::dxa) role: &'static str,
    pub(in crate::tools::dxa) address: String,
    pub(in crate::tools::dxa) numbers: Shown,
    /// Transactions that wait for their confirmation.
    pub(in crate::tools::dxa) backlog: u64,
    /// Something was exchanged under this ledger.
    pub(in crate::tools::dxa) is_known: bool,
    /// Messages that came and were not taken yet.
    pub(in crate::tools::dxa) incoming: u64,
    /// Messages that were sent and not carried yet.
    pub(in crate::tools::dxa) outgoing: u64,
    /// Cycles that were asked for while one ran.
    pub(in crate::tools::dxa) queued: u64,
    /// When a run last came to its end.
    pub(in crate::tools::dxa) last_success: Option<Timestamp>,
    /// The last run that did not.
    pub(in crate::tools::dxa) last_failure: Option<Failure>,
    /// That was the last run of all.
    pub(in crate::tools::dxa) is_failing: bool,
    /// The last run.
    pub(in crate::tools::dxa) last_run: Option<Ran>,
    /// What the service does next, if it runs.
    pub(in crate::tools::dxa) next: Option<Next>,
}

/// Looks at every connection of the configuration.
pub(in crate::tools::dxa) fn gather(
    config: &Config,
    home: &Home,
    mut ledger: Option<&mut Ledger>,
) -> Result<Vec<Status>, ToolError> {
    let mail = Backlog::read(config, &home.postoffice())?;
    let queued = cycle::queued(&home.peek_queued());
    let service = notice::read(home);
    let mut all = Vec::new();
    for connection in &config.connections {
        let mut kept = None;
        let mut backlog = 0;
        let mut history = History::default();
        if let Some(ledger) = ledger.as_deref_mut() {
            let change = ledger.begin().map_err(unusable_ledger)?;
            if let Some(id) = change.find(&connection.name).map_err(unusable_ledger)? {
                kept = change.numbers(id).map_err(unusable_ledger)?;
                backlog = change.backlog(id).map_err(unusable_ledger)?;
            }
            history = History::load(&change, &connection.name).map_err(unusable_ledger)?;
        }
        let numbers = match &kept {
            // Those of another role are none of these (DX-01).
            Some(bytes) if Numbers::role_of(bytes) == connection.role => {
                Numbers::decode(bytes, connection)?
            }
            _ => Numbers::new(connection)?,
        };
        let is_meant = |name: &Option<String>| {
            let is_it = |name: &String| name.eq_ignore_ascii_case(&connection.name);
            name.as_ref().is_none_or(is_it)
        };
        let next = service.as_ref();
        all.push(Status {
            connection: connection.name.clone(),
            role: connection.role.word(),
            address: connection.address.view(connection.code_page),
            numbers: numbers.shown(),
            backlog,
            is_known: kept.is_some(),
            incoming: mail.incoming(&connection.name),
            outgoing: mail.outgoing(&connection.name),
            queued: queued.iter().filter(|(name, _)| is_meant(name)).count() as u64,
            last_success: history.success,
            last_failure: history.failure,
            is_failing: history.is_failing,
            last_run: history.last,
            next: next.and_then(|service| service.next.get(&connection.name).cloned()),
        });
    }
    Ok(all)
}

/// Shows every connection of the configuration.
pub(in crate::tools::dxa) fn run(
    config: &Config,
    common: &CommonArgs,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let home = Home::at(&config.agent.data);
    let mut ledger = aside::look(&home)?;
    let all = gather(config, &home, ledger.as_mut())?;
    let exit = ExitCode::Done;
    let service = notice::read(&home);
    let summary = json!({
        "program": "dxa",
        "connections": all,
        "service": service.as_ref().map(|service| json!({
            "since": service.since,
            "process": service.process,
        })),
        "exit": exit.number(),
    });
    report_alone(common.report.as_deref(), &summary, exit)?;
    if common.json {
        put_line(screen, &summary)?;
        return Ok(exit);
    }
    for status in &all {
        write!(screen, "{status}")?;
    }
    if let Some(service) = service {
        writeln!(screen, "{service}")?;
    }
    Ok(ExitCode::Done)
}

/// One line with the numbers, and one for each thing that there is to say beside them.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            connection,
            role,
            address,
            numbers,
            backlog,
            ..
        } = self;
        let known = if self.is_known {
            ""
        } else {
            ", nothing exchanged yet"
        };
        writeln!(
            f,
            "{connection}: {role}, {address}, {numbers}, {backlog} waiting{known}"
        )?;
        if let Some(at) = self.last_success {
            writeln!(f, "  last success {at}")?;
        }
        if let Some(Failure { at, exit, why }) = &self.last_failure {
            let since = match self.is_failing {
                true => "fails",
                false => "last failure",
            };
            writeln!(f, "  {since} {at}, exit {exit}: {why}")?;
        }
        let counts = self.last_run.as_ref().map(|ran| &ran.sent.counts);
        if let Some(counts) = counts.filter(|counts| counts.is_of_note()) {
            writeln!(f, "  {counts}")?;
        }
        let parts = [
            (self.incoming, "to be taken"),
            (self.outgoing, "to be carried"),
        ];
        for (count, what) in parts.iter().filter(|(count, _)| *count > 0) {
            let messages = if *count == 1 { "message" } else { "messages" };
            writeln!(f, "  {count} {messages} {what}")?;
        }
        if self.queued > 0 {
            writeln!(f, "  {} more asked for", self.queued)?;
        }
        match &self.next {
            Some(next) => writeln!(f, "  next {next}"),
            None => Ok(()),
        }
    }
}
