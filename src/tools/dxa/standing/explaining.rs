//! `dxa explain`: where one entry stands on every connection, and what happens to it next. Nothing is asked but the
//! data folder: ledger, what was last read, reports and the log.

mod said;

use std::fmt;
use std::io::Write;
use std::ops::ControlFlow;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::directory::address_text::TargetAddress;
use crate::directory::difference::Sent;
use crate::directory::dn::Dn;
use crate::directory::entry::Entry;
use crate::directory::key::SyncKey;
use crate::directory::ledger::{ConnectionId, Ledger, Transaction as LedgerChange};
use crate::directory::mirror::Mirror;
use crate::directory::outgoing::{Decision, ExportRecord, decide};
use crate::directory::schema;
use crate::tools::cli::CommonArgs;
use crate::tools::dxa::agent::{templates, unusable_ledger};
use crate::tools::dxa::config::{Config, Connection, Direction};
use crate::tools::dxa::connections::aside;
use crate::tools::dxa::connections::numbers::{Numbers, Shown};
use crate::tools::dxa::connections::state::State;
use crate::tools::dxa::exchange::answering::wish_now;
use crate::tools::dxa::home::Home;
use crate::tools::dxa::sending::exporting::owned;
use crate::tools::dxa::sending::source::rules;
use crate::tools::dxa::sending::touched::Touched;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{put_line, report_alone};
use crate::transaction::Transaction;

/// Who is asked about.
#[derive(Debug)]
struct Query {
    text: String,
    dn: Option<Dn>,
    keys: Vec<SyncKey>,
}

impl Query {
    /// Takes an address, a key, a name in the directory, or a name in a list.
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            dn: Dn::parse(text).ok().filter(|dn| !dn.is_root()),
            keys: SyncKey::meant_by(text),
        }
    }

    fn is_it(&self, key: &SyncKey, name: &str) -> bool {
        self.keys.contains(key) || name.to_lowercase() == self.text.to_lowercase()
    }

    fn is_entry(&self, entry: &Entry) -> bool {
        self.dn.as_ref().is_some_and(|dn| dn.is_same(&entry.dn))
    }
}

/// What the directory had when it was last read.
#[derive(Debug, Serialize)]
struct Here {
    dn: String,
    container: String,
    read_at: Option<Timestamp>,
    /// Name and address under which it goes out.
    goes_out_as: Option<String>,
    /// Why it does not.
    stays_because: Option<String>,
}

/// A transaction that waits for its confirmation.
#[derive(Debug, Serialize)]
struct Waits {
    number: u32,
    text: String,
}

/// An entry on one connection.
#[derive(Debug, Serialize)]
struct Explained {
    connection: String,
    role: &'static str,
    numbers: Shown,
    entry: String,
    /// In the export containers.
    here: Option<Here>,
    /// At the other side, as far as it was sent.
    there: Option<String>,
    waiting: Vec<Waits>,
    touched: Option<Touched>,
    /// What was said of it last, the newest behind.
    last: Vec<String>,
    next: String,
}

/// Explains one entry.
pub(in crate::tools::dxa) fn run(
    config: &Config,
    text: &str,
    common: &CommonArgs,
    screen: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let home = Home::at(&config.agent.data);
    let query = Query::new(text);
    let mut found = Vec::new();
    if let Some(mut ledger) = aside::look(&home)? {
        for connection in &config.connections {
            found.extend(explain(&home, &mut ledger, connection, &query)?);
        }
    }
    let exit = match found.is_empty() {
        true => ExitCode::NotFound,
        false => ExitCode::Done,
    };
    let summary = json!({ "program": "dxa", "entries": found, "exit": exit.number() });
    report_alone(common.report.as_deref(), &summary, exit)?;
    if common.json {
        put_line(screen, &summary)?;
        return Ok(exit);
    }
    for explained in &found {
        write!(screen, "{explained}")?;
    }
    if found.is_empty() {
        writeln!(
            screen,
            "Nothing is known of {text}: it was neither read here nor sent, nor is it in a report."
        )?;
    }
    Ok(exit)
}

fn explain(
    home: &Home,
    ledger: &mut Ledger,
    connection: &Connection,
    query: &Query,
) -> Result<Vec<Explained>, ToolError> {
    let change = ledger.begin().map_err(unusable_ledger)?;
    let Some(id) = change.find(&connection.name).map_err(unusable_ledger)? else {
        return Ok(Vec::new());
    };
    let numbers = change.numbers(id).map_err(unusable_ledger)?;
    let numbers = match numbers {
        Some(bytes) => Numbers::decode(&bytes, connection)?,
        None => Numbers::new(connection)?,
    };
    let state = State::read(&change, id, &connection.name)?;
    let mut sent = Vec::new();
    change
        .sent(id, |known| {
            if query.is_it(&known.key, &known.name) {
                sent.push(known);
            }
        })
        .map_err(unusable_ledger)?;
    let read = read(home, connection, &numbers, query, &sent)?;
    let mut keys: Vec<SyncKey> = sent.iter().map(|sent| sent.key.clone()).collect();
    keys.extend(read.iter().filter_map(|read| read.key.clone()));
    if keys.is_empty() {
        // Nobody knows it: what is said of the likeliest one.
        keys.extend(query.keys.first().cloned());
    }
    keys.sort();
    keys.dedup();
    let mut all = Vec::new();
    for key in keys {
        let of_key = |read: &&Read| read.key.as_ref() == Some(&key);
        let read = read.iter().find(of_key);
        let sent = sent.iter().find(|sent| sent.key == key);
        let waiting = waiting(&change, id, connection, &key)?;
        let last = said::last(home, connection, &key)?;
        let touched = state
            .touched
            .iter()
            .find(|(touched, _)| *touched == key.as_str());
        if read.is_none() && sent.is_none() && waiting.is_empty() && last.is_empty() {
            continue;
        }
        let touched = touched.map(|(_, touched)| touched.clone());
        all.push(Explained {
            connection: connection.name.clone(),
            role: connection.role.word(),
            numbers: numbers.shown(),
            entry: key.as_str().to_owned(),
            next: next(connection, read, sent, touched.as_ref(), waiting.is_empty()),
            here: read.map(Read::shown),
            there: sent.map(|sent| format!("{} {}", sent.name, sent.address)),
            waiting,
            touched,
            last,
        });
    }
    Ok(all)
}

/// An entry as it was last read, and what was decided about it.
struct Read {
    key: Option<SyncKey>,
    dn: Dn,
    container: Dn,
    read_at: Option<Timestamp>,
    /// It cannot go as it is, and what the other side has stays.
    is_held: bool,
    decided: Result<Box<ExportRecord>, String>,
}

impl Read {
    fn shown(&self) -> Here {
        let record = self.decided.as_ref().ok();
        Here {
            dn: self.dn.to_string(),
            container: self.container.to_string(),
            read_at: self.read_at,
            goes_out_as: record.map(|record| format!("{} {}", record.name, record.address)),
            stays_because: self.decided.as_ref().err().cloned(),
        }
    }
}

/// Finds the entry among those that were last read of the export containers.
fn read(
    home: &Home,
    connection: &Connection,
    numbers: &Numbers,
    query: &Query,
    sent: &[Sent],
) -> Result<Vec<Read>, ToolError> {
    let path = home.mirror();
    if !path.exists() || !connection.exchange.sends() {
        return Ok(Vec::new());
    }
    let Ok(mirror) = Mirror::open(&path) else {
        // It may be lost at any time.
        return Ok(Vec::new());
    };
    let wish = wish_now(connection, numbers);
    let outgoing = match wish.templates {
        true => templates(connection, Direction::sends)?,
        false => None,
    };
    let owned = owned(connection);
    let rules = rules(connection, &wish, outgoing.as_ref(), &owned);
    let mut found = Vec::new();
    for container in &connection.export.containers {
        let known = mirror.known(container).ok().flatten();
        let read_at = known.and_then(|known| Timestamp::from_second(known.read_at).ok());
        let handed = mirror.entries(container, |entry| {
            if schema::is_structure(&entry.attributes) {
                return ControlFlow::Continue(());
            }
            let is_entry = query.is_entry(&entry);
            let mut is_held = false;
            let (key, name, decided) = match decide(&entry, &rules) {
                Decision::Export(record, _) => {
                    (Some(record.key.clone()), record.name.clone(), Ok(record))
                }
                Decision::Skip { key, note } => (key, String::new(), Err(note.to_string())),
                Decision::Hold { key, note, .. } => {
                    is_held = true;
                    (Some(key), String::new(), Err(note.to_string()))
                }
            };
            let is_it = key.as_ref().is_some_and(|key| {
                query.is_it(key, &name) || sent.iter().any(|sent| sent.key == *key)
            });
            if is_entry || is_it {
                found.push(Read {
                    key,
                    dn: entry.dn,
                    container: container.clone(),
                    read_at,
                    is_held,
                    decided,
                });
            }
            ControlFlow::Continue(())
        });
        if handed.is_err() {
            return Ok(Vec::new());
        }
    }
    Ok(found)
}

/// Returns the transactions about an entry that wait.
fn waiting(
    change: &LedgerChange<'_>,
    id: ConnectionId,
    connection: &Connection,
    key: &SyncKey,
) -> Result<Vec<Waits>, ToolError> {
    let page = connection.code_page;
    let mut waiting = Vec::new();
    change
        .waiting(id, 0, |queued| {
            let Ok(read) = Transaction::decode_queue_text(&queued.text, page) else {
                return;
            };
            let entries = match &read.transaction {
                Transaction::Modify { entry, new, .. } => [Some(entry), new.as_ref()],
                other => [other.entry(), None],
            };
            let is_it = entries.into_iter().flatten().any(|entry| {
                let address = TargetAddress::of(entry.address(), page);
                address.is_ok_and(|address| SyncKey::of(&address) == *key)
            });
            let text = page.decode(&queued.text);
            if is_it {
                waiting.push(Waits {
                    number: queued.number,
                    text: text.lines().next().unwrap_or_default().replace('\t', " "),
                });
            }
        })
        .map_err(unusable_ledger)?;
    Ok(waiting)
}

/// Says what the next exchange does with an entry, as far as it can be told without reading it again.
fn next(
    connection: &Connection,
    read: Option<&Read>,
    sent: Option<&Sent>,
    touched: Option<&Touched>,
    is_settled: bool,
) -> String {
    if !connection.exchange.sends() {
        return "nothing is sent on this connection".to_owned();
    }
    let text = match (read.map(|read| &read.decided), sent) {
        (Some(Ok(_)), _) if touched == Some(&Touched::Marked) => "an A and an M: it is touched",
        (Some(Ok(_)), None) => "an A: the other side was not sent it",
        (Some(Ok(record)), Some(sent))
            if record.hash != sent.hash
                || record.name != sent.plain_name
                || record.address != sent.address =>
        {
            "an M: it is not as it was sent"
        }
        (Some(Ok(_)), Some(_)) if is_settled => "nothing: it is as it was sent, and confirmed",
        (Some(Ok(_)), Some(_)) => "nothing new: what was sent waits for its confirmation",
        (Some(Err(why)), _) if read.is_some_and(|read| read.is_held) => {
            return format!("nothing, and what is there stays: {why}");
        }
        (Some(Err(why)), Some(_)) => return format!("a D: {why}"),
        (Some(Err(why)), None) => return format!("nothing: {why}"),
        (None, Some(_)) => "decided when the container is read: it is not among what was last read",
        (None, None) => "nothing: it is not in the export containers",
    };
    text.to_owned()
}

/// A line for each thing that is known.
impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            connection,
            role,
            numbers,
            entry,
            ..
        } = self;
        writeln!(f, "{entry} on {connection} ({role}, {numbers})")?;
        match &self.here {
            Some(Here {
                dn,
                read_at,
                goes_out_as,
                stays_because,
                ..
            }) => {
                write!(f, "  here: {dn}")?;
                if let Some(at) = read_at {
                    write!(f, ", read whole {at}")?;
                }
                match (goes_out_as, stays_because) {
                    (Some(name), _) => writeln!(f, "; goes out as {name}")?,
                    (None, Some(why)) => writeln!(f, "; stays here: {why}")?,
                    (None, None) => writeln!(f)?,
                }
            }
            None => writeln!(
                f,
                "  here: not among what was last read of the export containers"
            )?,
        }
        match &self.there {
            Some(name) => writeln!(f, "  there: {name}")?,
            None => writeln!(f, "  there: was not sent")?,
        }
        for Waits { number, text } in &self.waiting {
            writeln!(f, "  waiting under number {number}: {text}")?;
        }
        if let Some(touched) = &self.touched {
            writeln!(f, "  touched: {touched}")?;
        }
        for line in &self.last {
            writeln!(f, "  last: {line}")?;
        }
        writeln!(f, "  next: {}", self.next)
    }
}
