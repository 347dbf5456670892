//! The drop folder: a list that lies in `in/` is applied once, whole or not at all, and goes to `done/` or `bad/` with a
//! report beside it (`spec/exchange.md` DX-05 to DX-07, DX-10).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use serde::Serialize;
use serde_json::json;

use crate::codec::resync::ResyncHeader;
use crate::directory::import::{Ask, Fate};
use crate::directory::ledger::ConnectionId;
use crate::directory::note::Note;
use crate::plan::outcome::{Counts, Reason};
use crate::protocol::requestor::resynced;
use crate::protocol::resync::{Lower, RequestorState, Verdict, judge};
use crate::protocol::sync::Stamp;
use crate::tools::exit::{ExitCode, ToolError};

use super::agent::{Agent, unusable_ledger};
use super::config::{Connection, Role};
use super::container;
use super::event::{Event, Severity};
use super::home::unusable;
use super::importing::{Imported, Incoming, container_of};
use super::listfile::{self, Contents, Damage, Label};
use super::numbers::{Numbers, requestor};
use super::outcome::Done;

/// How long a file must not change before it is taken.
const STEADY: Duration = Duration::from_millis(200);

/// What the run may do.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Permission {
    /// `--allow-deletes`.
    pub(super) allow_deletes: Option<u64>,
    /// `--for-any`: a list for another requestor is taken.
    pub(super) for_any: bool,
    /// `--accept-partial`: the numbers follow a list that is not whole.
    pub(super) accept_partial: bool,
}

/// What became of one file.
#[derive(Debug, Serialize)]
pub(super) struct Dropped {
    /// Its path below `in/`.
    pub(super) file: String,
    /// The connection that it was for.
    pub(super) connection: Option<String>,
    /// `done`, `bad` or `left`.
    pub(super) fate: &'static str,
    /// Why it was put aside or left.
    pub(super) reason: Option<String>,
    /// How many entries ended in which way.
    #[serde(flatten)]
    pub(super) counts: Counts,
    /// Entries of the container that are not of this connection.
    pub(super) foreign: u64,
    /// The numbers, before and after.
    pub(super) numbers: Option<(super::numbers::Shown, super::numbers::Shown)>,
    #[serde(skip)]
    pub(super) exit: ExitCode,
}

impl<'c> Agent<'c> {
    /// Looks at the drop folder; files that are still being written are left for the next time.
    pub(super) fn take_dropped(
        &mut self,
        permission: Permission,
    ) -> Result<Vec<Dropped>, ToolError> {
        let mut files = Vec::new();
        if self.home.incoming().exists() {
            collect(&self.home.incoming(), &mut files)?;
        }
        files.sort();
        let mut all = Vec::new();
        let mut stopped = Vec::new();
        for path in files {
            let file = path
                .strip_prefix(self.home.incoming())
                .unwrap_or(&path)
                .display()
                .to_string();
            if !is_steady(&path)? {
                self.say(
                    Event::new(Severity::Info, "still being written, left").with("file", &file),
                );
                all.push(Dropped::new(file, "left", None));
                continue;
            }
            let taken = match self.take_file(&path, permission) {
                // A list that waits for somebody keeps no other one from being applied.
                Err(error) if error.exit == ExitCode::Guard => {
                    stopped.push(format!("{file}: {error}"));
                    continue;
                }
                taken => taken?,
            };
            let mut dropped = match taken {
                Ok((mut dropped, fates)) => {
                    dropped.file = file;
                    if dropped.fate != "left" {
                        self.put_away(&path, &dropped, &fates)?;
                    }
                    dropped
                }
                Err(note) => {
                    let mut dropped = Dropped::new(file, "bad", Some(note.to_string()));
                    dropped.exit = exit_of(note.reason);
                    self.put_away(&path, &dropped, &[])?;
                    dropped
                }
            };
            let severity = if dropped.fate == "bad" || dropped.fate == "left" {
                Severity::Error
            } else {
                Severity::Info
            };
            let mut event =
                Event::new(severity, format!("list {}", dropped.fate)).with("file", &dropped.file);
            if let Some(connection) = &dropped.connection {
                event = event.with("connection", connection);
            }
            if let Some(reason) = &dropped.reason {
                event = event.with("reason", reason);
            }
            self.say(event);
            if self.dry_run && dropped.fate == "done" {
                dropped.fate = "left";
            }
            all.push(dropped);
        }
        self.remember_lists(&all);
        match stopped.is_empty() {
            true => Ok(all),
            false => Err(ToolError::new(ExitCode::Guard, stopped.join("; "))),
        }
    }

    /// Applies one file; the note says why it is put aside.
    fn take_file(
        &mut self,
        path: &Path,
        permission: Permission,
    ) -> Result<Result<(Dropped, Vec<Fate>), Note>, ToolError> {
        let page = self.config.agent.code_page;
        let list = match listfile::read(path, page)? {
            Ok(list) => list,
            Err(Damage(note)) => return Ok(Err(note)),
        };
        let connection = match self.connection_of(path, &list.label) {
            Ok(connection) => connection,
            Err(note) => return Ok(Err(note)),
        };
        let settled = match self.settle_for_list(connection)? {
            Ok(exit) => exit,
            Err(left) => return Ok(Ok((left, Vec::new()))),
        };
        let (id, numbers) = self.numbers(connection)?;
        let (next, note) = match self.judge(connection, &numbers, &list.label, permission) {
            Ok(next) => next,
            Err(note) => return Ok(Err(note)),
        };
        let incoming = Incoming::new(connection)?;
        let asks = asks(list.contents, connection, &incoming);
        if asks.is_empty() {
            return Ok(Err(Note::new(Reason::ListIncomplete, "the list is empty")));
        }
        let imported = self.import(
            connection,
            &incoming,
            &asks,
            list.extent,
            permission.allow_deletes,
        )?;
        let is_whole = !imported.is_damaged && list.missing.is_none();
        let moves = next.filter(|_| is_whole || permission.accept_partial);
        let after = moves.clone().unwrap_or_else(|| numbers.clone());
        if let Some(next) = moves.filter(|_| !self.dry_run) {
            self.set_numbers(connection, id, &numbers, &next)?;
        }
        let mut dropped = Dropped::new(String::new(), "done", note.or(list.missing));
        dropped.connection = Some(connection.name.clone());
        dropped.numbers = Some((numbers.shown(), after.shown()));
        dropped.exit = match (is_whole, imported.counts.is_partial()) {
            (true, false) => settled,
            _ => settled.worst(ExitCode::Partial),
        };
        let Imported {
            fates,
            counts,
            foreign,
            ..
        } = imported;
        (dropped.counts, dropped.foreign) = (counts, foreign);
        Ok(Ok((dropped, fates)))
    }

    /// Brings the entries of a connection to where the list will look for them. Where that cannot be, or is only tried, the
    /// list is left for another run.
    fn settle_for_list(
        &mut self,
        connection: &Connection,
    ) -> Result<Result<ExitCode, Dropped>, ToolError> {
        let mut done = Done::new(&connection.name, connection.role.word());
        let (reason, exit) = match self.settle(connection, &mut done) {
            Ok(true) => return Ok(Ok(done.exit)),
            Ok(false) => ("its entries are moved first".to_owned(), ExitCode::Done),
            Err(error) => {
                self.interrupt.check()?;
                (error.to_string(), error.exit)
            }
        };
        let mut dropped = Dropped::new(String::new(), "left", Some(reason));
        dropped.connection = Some(connection.name.clone());
        dropped.exit = exit;
        Ok(Err(dropped))
    }

    /// Finds out whose list it is: what it says itself, else the folder that it lies in.
    fn connection_of(&self, path: &Path, label: &Label) -> Result<&'c Connection, Note> {
        let config = self.config;
        let below = path.strip_prefix(self.home.incoming()).unwrap_or(path);
        let folder = below
            .components()
            .next()
            .filter(|_| below.components().count() > 1);
        let folder = folder.map(|folder| folder.as_os_str().to_string_lossy().into_owned());
        if let Some(name) = folder {
            return config.connection(&name).ok_or_else(|| {
                let near = config.near(&name).join(", ");
                let text = format!("the folder {name} names no connection; near it: {near}");
                Note::new(Reason::ListForOther, text)
            });
        }
        let page = config.agent.code_page;
        let is_same = |name: &str, place: &crate::address::PostofficeName| {
            name.eq_ignore_ascii_case(&place.view(page))
        };
        match label {
            Label::Resync(header) => {
                let maker = page.decode(&header.server);
                if is_same(&maker, &config.agent.address) {
                    return Err(Note::new(
                        Reason::ListOwn,
                        format!("{maker} made it, which is this agent"),
                    ));
                }
                let mut connections = config.connections.iter();
                let found =
                    connections.find(|c| c.role == Role::Requestor && is_same(&maker, &c.address));
                found.ok_or_else(|| {
                    let text = format!("{maker} made it, and no connection is to that server");
                    Note::new(Reason::ListForOther, text)
                })
            }
            Label::Ldif(record) => {
                let mut connections = config.connections.iter();
                let found =
                    connections.find(|c| c.import.owner.eq_ignore_ascii_case(&record.owner));
                found.ok_or_else(|| {
                    let text = format!(
                        "it is of {}, and no connection has that owner",
                        record.owner
                    );
                    Note::new(Reason::ListForOther, text)
                })
            }
            Label::None => match &config.connections[..] {
                [only] => Ok(only),
                _ => {
                    let text = "it does not say whose list it is: put it into in/NAME, named after the connection";
                    Err(Note::new(Reason::ListForOther, text))
                }
            },
        }
    }

    /// Judges the numbers of a list; returns those of the connection afterwards, none where a list has none.
    fn judge(
        &self,
        connection: &Connection,
        numbers: &Numbers,
        label: &Label,
        permission: Permission,
    ) -> Result<(Option<Numbers>, Option<String>), Note> {
        let (Label::Resync(header), Numbers::Requestor(conf)) = (label, numbers) else {
            return Ok((None, None));
        };
        let own = requestor(conf);
        let state = RequestorState {
            name: self.config.agent.address.clone(),
            server: Some(connection.address.clone()),
            is_server: false,
            req_sync: own.req_sync,
            srv_sync: own.srv_sync,
            import_sync: own.import_sync,
            server_stamp: own.stamp.0,
        };
        let header = match permission.for_any {
            true => ResyncHeader {
                addressee: None,
                ..header.clone()
            },
            false => header.clone(),
        };
        let lower = |lower: &[Lower]| {
            lower
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let note = match judge(&header, &state, self.config.agent.code_page) {
            Verdict::Take => None,
            Verdict::TakeOlder(numbers) => {
                Some(format!("the server was restored: {}", lower(&numbers)))
            }
            Verdict::Own => return Err(Note::new(Reason::ListOwn, "made here")),
            Verdict::ForOther {
                found,
                expected,
                role,
            } => {
                let page = self.config.agent.code_page;
                let text = format!(
                    "{role} is {}, expected {}",
                    page.decode(&found),
                    expected.view(page)
                );
                return Err(Note::new(Reason::ListForOther, text));
            }
            Verdict::Stale(numbers) => return Err(Note::new(Reason::SequenceOld, lower(&numbers))),
        };
        let said = (header.req_sync, header.srv_sync, header.import_sync);
        let mut next = conf.clone();
        resynced(&own, said, Stamp(header.stamp)).put(&mut next);
        Ok((Some(Numbers::Requestor(next)), note))
    }

    /// Moves the numbers: in the container, if they are still those that were read, then in the ledger, where what waits
    /// gets numbers above them (DX-10).
    fn set_numbers(
        &mut self,
        connection: &Connection,
        id: ConnectionId,
        before: &Numbers,
        after: &Numbers,
    ) -> Result<(), ToolError> {
        let container = container_of(connection)?;
        // The ledger has room for the change before the container hears of it.
        let change = self.ledger.begin().map_err(unusable_ledger)?;
        if before.shown().req != after.shown().req {
            change
                .renumber(id, after.shown().req)
                .map_err(unusable_ledger)?;
        }
        change
            .set_numbers(id, &after.encode())
            .map_err(unusable_ledger)?;
        let there = container::numbers(&mut self.directory, container)?;
        let owner = &connection.import.owner;
        container::put_numbers(&mut self.directory, container, owner, there, after.shown())?;
        change.commit().map_err(unusable_ledger)
    }

    /// Moves a file to `done/` or `bad/`, its report beside it.
    fn put_away(
        &mut self,
        path: &Path,
        dropped: &Dropped,
        fates: &[Fate],
    ) -> Result<(), ToolError> {
        if self.dry_run {
            return Ok(());
        }
        let folder = match dropped.fate {
            "done" => self.home.done(),
            _ => self.home.bad(),
        };
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let moment = self.clock.now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let target = free(&folder, &format!("{moment}-{name}"));
        let mut report = String::new();
        for fate in fates {
            report.push_str(&line(fate).to_string());
            report.push('\n');
        }
        report.push_str(&serde_json::to_string(dropped).unwrap_or_default());
        report.push('\n');
        let beside = PathBuf::from(format!("{}.report", target.display()));
        fs::write(&beside, report).map_err(|error| unusable(&beside, error))?;
        fs::rename(path, &target).map_err(|error| unusable(path, error))
    }
}

impl Dropped {
    fn new(file: String, fate: &'static str, reason: Option<String>) -> Self {
        Self {
            file,
            connection: None,
            fate,
            reason,
            counts: Counts::default(),
            foreign: 0,
            numbers: None,
            exit: ExitCode::Done,
        }
    }
}

/// The report line of one entry.
pub(super) fn line(fate: &Fate) -> serde_json::Value {
    let notes: Vec<_> = fate.notes.iter().map(ToString::to_string).collect();
    json!({
        "entry": fate.key.as_ref().map(ToString::to_string),
        "action": fate.action,
        "outcome": fate.outcome,
        "reason": fate.reason.as_ref().map(|note| note.reason.to_string()),
        "detail": fate.reason.as_ref().map(|note| note.detail.clone()),
        "notes": notes,
        "sync": fate.number,
    })
}

fn asks(contents: Contents, connection: &Connection, incoming: &Incoming) -> Vec<Ask> {
    match contents {
        Contents::Transactions(transactions) => transactions
            .into_iter()
            .map(|transaction| match transaction {
                Ok(listed) => listed.ask(incoming.rules(connection)),
                Err(detail) => Ask::unusable(detail, None),
            })
            .collect(),
        Contents::Entries(entries) => entries.into_iter().filter_map(listfile::ask_of).collect(),
    }
}

fn exit_of(reason: Reason) -> ExitCode {
    match reason {
        Reason::ListOwn | Reason::ListForOther => ExitCode::NotHere,
        Reason::SequenceOld => ExitCode::OutOfStep,
        _ => ExitCode::Damaged,
    }
}

/// Finds the files below a folder; names that end in `.tmp` or `.part`, and hidden ones, are of those who write them.
pub(super) fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), ToolError> {
    for entry in fs::read_dir(folder).map_err(|error| unusable(folder, error))? {
        let entry = entry.map_err(|error| unusable(folder, error))?;
        let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
        if name.starts_with('.') || name.ends_with(".tmp") || name.ends_with(".part") {
            continue;
        }
        let kind = entry
            .file_type()
            .map_err(|error| unusable(&entry.path(), error))?;
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Tells whether nobody writes a file any more: nobody has it locked, and it does not grow.
fn is_steady(path: &Path) -> Result<bool, ToolError> {
    let file = File::open(path).map_err(|error| unusable(path, error))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(false);
    }
    let look = || {
        let metadata = fs::metadata(path).map_err(|error| unusable(path, error))?;
        Ok::<_, ToolError>((metadata.len(), metadata.modified().ok()))
    };
    let before = look()?;
    thread::sleep(STEADY);
    Ok(before == look()?)
}

/// Returns a name in a folder that nothing has; what is there is never overwritten.
fn free(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.join(name);
    let mut number = 1;
    while path.exists() {
        number += 1;
        path = folder.join(format!("{name}.{number}"));
    }
    path
}
