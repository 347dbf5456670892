//! `dxa status`: numbers and backlog of every connection, from the ledger alone.

use std::io::Write;

use serde::Serialize;

use crate::directory::ledger::Ledger;
use crate::tools::exit::ExitCode;
use crate::tools::report::put_line;

use super::agent::unusable_ledger;
use super::config::Config;
use super::home::Home;
use super::numbers::{Numbers, Shown};

/// What is known of a connection.
#[derive(Debug, Serialize)]
struct Status {
    connection: String,
    role: &'static str,
    address: String,
    numbers: Shown,
    /// Transactions that wait for their confirmation.
    backlog: u32,
    /// Something was exchanged under this ledger.
    is_known: bool,
}

/// Shows every connection of the configuration.
pub(super) fn run(
    config: &Config,
    json: bool,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let path = Home::at(&config.agent.data).ledger();
    let mut ledger = match path.exists() {
        true => Some(Ledger::open(&path).map_err(unusable_ledger)?.ledger),
        false => None,
    };
    let mut all = Vec::new();
    for connection in &config.connections {
        let mut kept = None;
        let mut backlog = 0;
        if let Some(ledger) = &mut ledger {
            let change = ledger.begin().map_err(unusable_ledger)?;
            if let Some(id) = change.find(&connection.name).map_err(unusable_ledger)? {
                kept = change.numbers(id).map_err(unusable_ledger)?;
                change
                    .waiting(id, 0, |_| backlog += 1)
                    .map_err(unusable_ledger)?;
            }
        }
        let numbers = match &kept {
            Some(bytes) => Numbers::decode(bytes, connection)?,
            None => Numbers::new(connection)?,
        };
        all.push(Status {
            connection: connection.name.clone(),
            role: connection.role.word(),
            address: connection.address.view(connection.code_page),
            numbers: numbers.shown(),
            backlog,
            is_known: kept.is_some(),
        });
    }
    if json {
        put_line(screen, &all)?;
        return Ok(ExitCode::Done);
    }
    for status in &all {
        let Status {
            connection,
            role,
            address,
            numbers,
            backlog,
            is_known,
        } = status;
        let known = if *is_known {
            ""
        } else {
            ", nothing exchanged yet"
        };
        writeln!(
            screen,
            "{connection}: {role}, {address}, {numbers}, {backlog} waiting{known}"
        )?;
    }
    Ok(ExitCode::Done)
}
