//! The drop folder: a list that lies in `in/` is applied once, whole or not at all, and goes to `done/` or `bad/` with a
//! report beside it (`spec/exchange.md` DX-05 to DX-07, DX-10).

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::directory::import::Fate;
use crate::directory::ledger::ConnectionId;
use crate::directory::note::Note;
use crate::plan::outcome::{Counts, Reason};
use crate::tools::dxa::agent::{Agent, unusable_ledger};
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::connections::numbers::Numbers;
use crate::tools::dxa::connections::state::State;
use crate::tools::dxa::containers::container;
use crate::tools::dxa::containers::held::HeldAddresses;
use crate::tools::dxa::containers::importing::{
    Fates, Imported, Incoming, container_of, sender_of,
};
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::exchange::line::Line;
use crate::tools::dxa::exchange::outcome::Done;
use crate::tools::dxa::home::unusable;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::report::{ReportFile, put_line};

use super::dropfolder;
use super::listfile::{self, Unread};

/// What the run may do.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::tools::dxa) struct Permission {
    /// `--allow-deletes`.
    pub(in crate::tools::dxa) allow_deletes: Option<u64>,
    /// `--for-any`: a list for another requestor is taken.
    pub(in crate::tools::dxa) for_any: bool,
    /// `--accept-partial`: the numbers follow a list that is not whole.
    pub(in crate::tools::dxa) accept_partial: bool,
}

/// What became of one file.
#[derive(Debug, Serialize)]
pub(in crate::tools::dxa) struct Dropped {
    /// Its path below `in/`.
    pub(in crate::tools::dxa) file: String,
    /// The connection that it was for.
    pub(in crate::tools::dxa) connection: Option<String>,
    /// `done`, `bad` or `left`.
    pub(in crate::tools::dxa) fate: &'static str,
    /// Why it was put aside or left.
    pub(in crate::tools::dxa) reason: Option<String>,
    /// How many entries ended in which way.
    #[serde(flatten)]
    pub(in crate::tools::dxa) counts: Counts,
    /// Entries of the container that are not of this connection.
    pub(in crate::tools::dxa) foreign: u64,
    /// The numbers, before and after.
    pub(in crate::tools::dxa) numbers: Option<(
        crate::tools::dxa::connections::numbers::Shown,
        crate::tools::dxa::connections::numbers::Shown,
    )>,
    #[serde(skip)]
    pub(in crate::tools::dxa) exit: ExitCode,
}

impl<'c> Agent<'c> {
    /// Looks at the drop folder; files that are still being written are left for the next time. The report gets a line for
    /// each entry.
    pub(in crate::tools::dxa) fn take_dropped(
        &mut self,
        permission: Permission,
        mut report: Option<&mut ReportFile>,
    ) -> Result<Vec<Dropped>, ToolError> {
        let mut all = Vec::new();
        let mut stopped = Vec::new();
        for found in dropfolder::find(&self.home.incoming())? {
            let path = &found.path;
            let file = path
                .strip_prefix(self.home.incoming())
                .unwrap_or(path)
                .display()
                .to_string();
            if !found.is_steady()? {
                self.say(
                    Event::new(Severity::Info, "still being written, left").with("file", &file),
                );
                all.push(Dropped::new(file, "left", None));
                continue;
            }
            let (mut dropped, mut fates) = match self.take_file(path, permission) {
                Ok((dropped, fates)) => (Dropped { file, ..dropped }, fates),
                Err(Unread::Aside(note)) => {
                    let exit = exit_of(note.reason);
                    let dropped = Dropped::new(file, "bad", Some(note.to_string()));
                    (Dropped { exit, ..dropped }, None)
                }
                // A list that waits for somebody keeps no other one from being applied.
                Err(Unread::Failed(error)) if error.exit == ExitCode::Guard => {
                    stopped.push(format!("{file}: {error}"));
                    continue;
                }
                Err(Unread::Failed(error)) => return Err(error),
            };
            if let Some((report, fates)) = report.as_mut().zip(fates.as_mut()) {
                fates.each(|fate| report.line(&Line::<Fate>::Fate(fate)))?;
            }
            if dropped.fate != "left" {
                self.put_away(path, &dropped, fates.as_mut())?;
            }
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
    ) -> Result<(Dropped, Option<Fates>), Unread> {
        let list = listfile::open(path, self.config.agent.code_page)?;
        let connection = match self.connection_of(path, &list.label) {
            Ok(connection) => connection,
            Err(note) => return Err(list.check().err().unwrap_or(note.into())),
        };
        let incoming = Incoming::new(connection)?;
        let authorities = self.authorities();
        let sender = sender_of(connection, &authorities);
        let list = list.asks(incoming.rules(connection), sender, self.home.spill())?;
        let settled = match self.settle_for_list(connection)? {
            Ok(exit) => exit,
            Err(left) => return Ok((left, None)),
        };
        let (id, numbers) = self.numbers(connection)?;
        let (next, note) = self.judge(connection, &numbers, &list.label, permission)?;
        let mut asks = list.asks;
        if asks.len() == 0 {
            return Err(Note::new(Reason::ListIncomplete, "the list is empty").into());
        }
        let allowed = permission.allow_deletes;
        let mut held = self.held_addresses(&connection.name)?;
        let imported = self.import(connection, &incoming, &mut asks, allowed, &mut held)?;
        self.remember_held(connection, id, held)?;
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
            unreadable,
            foreign,
            ..
        } = imported;
        self.name_unreadable(connection, unreadable);
        (dropped.counts, dropped.foreign) = (counts, foreign);
        Ok((dropped, Some(fates)))
    }

    /// Returns what was said of addresses that others have.
    fn held_addresses(&mut self, name: &str) -> Result<HeldAddresses, ToolError> {
        let change = self.ledger.begin().map_err(unusable_ledger)?;
        Ok(State::of(&change, name)?.held)
    }

    fn remember_held(
        &mut self,
        connection: &Connection,
        id: ConnectionId,
        held: HeldAddresses,
    ) -> Result<(), ToolError> {
        if self.dry_run {
            return Ok(());
        }
        let change = self.ledger.begin().map_err(unusable_ledger)?;
        let before = State::read(&change, id, &connection.name)?;
        if before.held == held {
            return Ok(());
        }
        let state = State { held, ..before };
        state.write(&change, id).map_err(unusable_ledger)?;
        change.commit().map_err(unusable_ledger)
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
        fates: Option<&mut Fates>,
    ) -> Result<(), ToolError> {
        if self.dry_run {
            return Ok(());
        }
        let folder = match dropped.fate {
            "done" => self.home.done(),
            _ => self.home.bad(),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let moment = self.clock.now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let target = dropfolder::free(&folder, &format!("{moment}-{name}"));
        let beside = PathBuf::from(format!("{}.report", target.display()));
        write_report(&beside, dropped, fates)?;
        fs::rename(path, &target).map_err(|error| unusable(path, error))
    }
}

/// Writes what became of each entry, then of the file.
fn write_report(
    path: &Path,
    dropped: &Dropped,
    fates: Option<&mut Fates>,
) -> Result<(), ToolError> {
    let unwritten = |error| unusable(path, error);
    let mut report = BufWriter::new(File::create(path).map_err(unwritten)?);
    if let Some(fates) = fates {
        fates.each(|fate| put_line(&mut report, &Line::<Fate>::Fate(fate)).map_err(unwritten))?;
    }
    put_line(&mut report, dropped).map_err(unwritten)?;
    report.flush().map_err(unwritten)
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

fn exit_of(reason: Reason) -> ExitCode {
    match reason {
        Reason::ListOwn | Reason::ListForOther => ExitCode::NotHere,
        Reason::SequenceOld => ExitCode::OutOfStep,
        _ => ExitCode::Damaged,
    }
}
