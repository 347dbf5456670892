//! `dxa state show`: what the ledger keeps of each connection, so that nobody has to open it (`spec/exchange.md` NT-14). No
//! directory is asked, and nothing is changed.

use std::fmt;
use std::io::Write;

use serde::Serialize;
use serde_json::{Value, json};

use crate::directory::ledger::Ledger;
use crate::tools::cli::CommonArgs;
use crate::tools::dxa::agent::unusable_ledger;
use crate::tools::dxa::config::{Config, Connection, Role};
use crate::tools::dxa::home::Home;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{put_line, report_alone};

use super::aside;
use super::numbers::{Numbers, Shown};
use super::state::State;

/// What the ledger keeps of a connection.
#[derive(Debug, Serialize)]
struct Kept {
    connection: String,
    /// That of the configuration.
    role: &'static str,
    /// That of the numbers; none where there are none.
    numbers_of: Option<&'static str>,
    /// None where nothing was exchanged, or where they cannot be read.
    numbers: Option<Shown>,
    /// Transactions that wait for their confirmation.
    waiting: u64,
    /// Numbers of the first and of the last of them.
    waits: Option<(u32, u32)>,
    /// Entries that the other side has once it has taken them.
    entries: u64,
    /// All else, as it is kept; a text where it cannot be read.
    state: Value,
    /// What cannot be read, and what to do about it.
    faults: Vec<String>,
}

/// Shows what is kept of one connection, or of all.
pub(in crate::tools::dxa) fn run(
    config: &Config,
    name: Option<&str>,
    common: &CommonArgs,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let chosen: Vec<_> = match name {
        Some(name) => vec![config.named(name)?],
        None => config.connections.iter().collect(),
    };
    let mut ledger = aside::look(&Home::at(&config.agent.data))?;
    let mut all = Vec::new();
    for connection in chosen {
        all.push(kept(ledger.as_mut(), connection)?);
    }
    let exit = match all.iter().all(|kept| kept.faults.is_empty()) {
        true => ExitCode::Done,
        false => ExitCode::Damaged,
    };
    let summary = json!({ "program": "dxa", "connections": all, "exit": exit.number() });
    report_alone(common.report.as_deref(), &summary, exit)?;
    if common.json {
        put_line(screen, &summary)?;
        return Ok(exit);
    }
    for kept in &all {
        write!(screen, "{kept}")?;
    }
    Ok(exit)
}

fn kept(ledger: Option<&mut Ledger>, connection: &Connection) -> Result<Kept, ToolError> {
    let mut kept = Kept {
        connection: connection.name.clone(),
        role: connection.role.word(),
        numbers_of: None,
        numbers: None,
        waiting: 0,
        waits: None,
        entries: 0,
        state: Value::Null,
        faults: Vec::new(),
    };
    let Some(ledger) = ledger else {
        return Ok(kept);
    };
    let change = ledger.begin().map_err(unusable_ledger)?;
    let Some(id) = change.find(&connection.name).map_err(unusable_ledger)? else {
        return Ok(kept);
    };
    if let Some(bytes) = change.numbers(id).map_err(unusable_ledger)? {
        let role = Numbers::role_of(&bytes);
        kept.numbers_of = Some(role.word());
        let of = Connection {
            role,
            ..connection.clone()
        };
        match Numbers::decode(&bytes, &of) {
            Ok(numbers) => kept.numbers = Some(numbers.shown()),
            Err(error) => kept.faults.push(error.message),
        }
    }
    kept.waits = change.ends(id).map_err(unusable_ledger)?;
    kept.waiting = change.backlog(id).map_err(unusable_ledger)?;
    change
        .sent(id, |_| kept.entries += 1)
        .map_err(unusable_ledger)?;
    let text = change.state(id).map_err(unusable_ledger)?;
    match State::read(&change, id, &connection.name) {
        Ok(state) => kept.state = json!(state),
        Err(error) => {
            kept.faults.push(error.message);
            kept.state = text.into();
        }
    }
    Ok(kept)
}

/// A line with the numbers, one for each thing that is kept beside them, and what is wrong.
impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, ", self.connection, self.role)?;
        match &self.numbers {
            Some(shown) => {
                let Shown {
                    req,
                    svr,
                    conf,
                    imp,
                } = shown;
                write!(f, "ReqSync={req} SrvSync={svr} ImpSync={imp}")?;
                if self.numbers_of == Some(Role::Server.word()) {
                    write!(f, ", confirmed SrvSync={conf}")?;
                }
            }
            None => f.write_str("no numbers")?,
        }
        match self.numbers_of.filter(|role| *role != self.role) {
            Some(role) => writeln!(f, " of a {role}")?,
            None => writeln!(f)?,
        }
        write!(f, "  waiting: {}", self.waiting)?;
        match self.waits {
            Some((first, last)) => writeln!(f, ", numbers {first} to {last}")?,
            None => writeln!(f)?,
        }
        writeln!(f, "  entries sent: {}", self.entries)?;
        match &self.state {
            Value::Object(values) => {
                for (name, value) in values.iter().filter(|(_, value)| !value.is_null()) {
                    writeln!(f, "  {name}: {value}")?;
                }
            }
            Value::String(text) => writeln!(f, "  state: {text:?}")?,
            _ => {}
        }
        for fault in &self.faults {
            writeln!(f, "  FAULT {fault}")?;
        }
        Ok(())
    }
}
