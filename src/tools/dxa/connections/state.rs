//! What the ledger keeps of a connection beside numbers, and how both change together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codec::sync_number::{ImportSync, ReqSync, SrvSync};
use crate::directory::ldap;
use crate::directory::ledger::{ConnectionId, LedgerError, Transaction};
use crate::directory::names::UniqueNames;
use crate::protocol::requestor::Acknowledgment;
use crate::protocol::server::Registered;
use crate::tools::dxa::agent::{Agent, unusable_ledger};
use crate::tools::dxa::config::{Connection, Role};
use crate::tools::dxa::containers::container;
use crate::tools::dxa::containers::held::HeldAddresses;
use crate::tools::dxa::containers::place::Place;
use crate::tools::dxa::exchange::serving::not_written;
use crate::tools::dxa::sending::basis::Basis;
use crate::tools::dxa::sending::touched::Touches;
use crate::tools::exit::{ExitCode, ToolError};

use super::numbers::{self, Numbers};

/// What is kept as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(in crate::tools::dxa) struct State {
    /// A full list was sent under this ledger, so that what was sent is known; else the next exchange is one.
    pub(in crate::tools::dxa) has_sent_list: bool,
    /// Something came while nothing was received: once it is again, a full list has to come.
    pub(in crate::tools::dxa) has_missed: bool,
    /// Replies in a row with an import number below ours (DX-03).
    pub(in crate::tools::dxa) old_replies: u32,
    /// How names were made unique at the last exchange.
    pub(in crate::tools::dxa) unique_names: Option<String>,
    /// The settings of the last exchange.
    pub(in crate::tools::dxa) basis: Option<Basis>,
    /// STAMP of a list that was made to be carried by hand while nothing was known of what was sent: who tells it has
    /// that list.
    pub(in crate::tools::dxa) list_stamp: Option<u32>,
    /// What a shared list has raised since the requestor was last heard.
    pub(in crate::tools::dxa) raised: Option<Raised>,
    /// Numbers that a shared list has passed over.
    pub(in crate::tools::dxa) unused: Option<Unused>,
    /// Where the entries lie.
    pub(in crate::tools::dxa) place: Option<Place>,
    /// Entries that are sent again on request.
    #[serde(skip_serializing_if = "Touches::is_empty")]
    pub(in crate::tools::dxa) touched: Touches,
    /// Entries that stay here because another has their address, and that was said of; with the holder.
    pub(in crate::tools::dxa) duplicates: BTreeMap<String, String>,
    /// Entries of the other side that do not come because another has their address, and that was said of.
    #[serde(skip_serializing_if = "HeldAddresses::is_empty")]
    pub(in crate::tools::dxa) held: HeldAddresses,
}

/// Server numbers that no transaction ever had, so that nobody lacks one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::tools::dxa) struct Unused {
    /// The last number before them.
    pub(in crate::tools::dxa) after: u32,
    /// The last of them.
    pub(in crate::tools::dxa) through: u32,
}

impl Unused {
    /// Returns the number from which on nothing is missing, where the transactions that are kept begin with `first`.
    pub(in crate::tools::dxa) fn low(self, first: u32) -> u32 {
        match self.through.checked_add(1) == Some(first) {
            true => self.after.saturating_add(1),
            false => first,
        }
    }
}

/// Numbers of a requestor before a shared list raised them (DX-09). The next request is judged by these: whoever applied
/// the list says so in it, and from who did not nothing is taken for old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::tools::dxa) struct Raised {
    pub(in crate::tools::dxa) req: u32,
    pub(in crate::tools::dxa) svr: u32,
    pub(in crate::tools::dxa) imp: u32,
}

impl Raised {
    /// Puts the numbers back.
    pub(in crate::tools::dxa) fn undo(self, entry: &mut Registered) {
        entry.req_sync = ReqSync(self.req);
        entry.srv_sync = SrvSync(self.svr);
        entry.import_count = ImportSync(self.imp);
    }
}

impl State {
    /// Reads what is kept.
    ///
    /// # Errors
    /// The ledger cannot be read (DX249), or somebody edited it.
    pub(in crate::tools::dxa) fn read(
        change: &Transaction<'_>,
        id: ConnectionId,
        connection: &str,
    ) -> Result<Self, ToolError> {
        let text = change.state(id).map_err(unusable_ledger)?;
        serde_json::from_str(&text).map_err(|error| {
            let text = format!(
                "DX249 the state of {connection} in the ledger: {error}; nobody is meant to edit it: dxa state show {connection} \
                 shows it, dxa state set {connection} ReqSync=N sets its numbers and writes the rest anew, dxa reset {connection} \
                 begins anew"
            );
            ToolError::new(ExitCode::Damaged, text)
        })
    }

    /// The same by the name of a connection; a new one where the ledger does not know it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(in crate::tools::dxa) fn of(
        change: &Transaction<'_>,
        connection: &str,
    ) -> Result<Self, ToolError> {
        match change.find(connection).map_err(unusable_ledger)? {
            Some(id) => Self::read(change, id, connection),
            None => Ok(Self::default()),
        }
    }

    /// Writes what is kept.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub(in crate::tools::dxa) fn write(
        &self,
        change: &Transaction<'_>,
        id: ConnectionId,
    ) -> Result<(), LedgerError> {
        let text = serde_json::to_string(self).expect("plain values");
        change.set_state(id, &text)
    }

    /// Returns how names were made unique at the last exchange.
    pub(in crate::tools::dxa) fn unique_names(&self) -> Option<UniqueNames> {
        let kept = self.unique_names.as_deref()?;
        UniqueNames::ALL
            .into_iter()
            .find(|unique| unique.word() == kept)
    }
}

/// A connection as the ledger knows it.
#[derive(Debug, Clone)]
pub(in crate::tools::dxa) struct Known {
    pub(in crate::tools::dxa) id: ConnectionId,
    pub(in crate::tools::dxa) numbers: Numbers,
    pub(in crate::tools::dxa) state: State,
}

impl Known {
    /// Puts numbers and state into a change of the ledger.
    pub(in crate::tools::dxa) fn put(&self, change: &Transaction<'_>) -> Result<(), LedgerError> {
        change.set_numbers(self.id, &self.numbers.encode())?;
        self.state.write(change, self.id)
    }
}

impl Agent<'_> {
    /// Reads what is known of a connection. Where the ledger knows no numbers, those of the import container say how far
    /// the two sides were: what the other side has is not numbered again (DX-12).
    pub(in crate::tools::dxa) fn known(
        &mut self,
        connection: &Connection,
    ) -> Result<Known, ToolError> {
        let change = self.ledger.begin().map_err(unusable_ledger)?;
        let found = change.find(&connection.name).map_err(unusable_ledger)?;
        let is_known = match found {
            Some(id) => change.numbers(id).map_err(unusable_ledger)?.is_some(),
            None => false,
        };
        drop(change);
        let (id, mut numbers) = self.numbers(connection)?;
        let change = self.ledger.begin().map_err(unusable_ledger)?;
        let state = State::of(&change, &connection.name)?;
        drop(change);
        if !is_known {
            if let Some(container) = &connection.import.container {
                if let Some(shown) = container::numbers(&mut self.directory, container)? {
                    seed(&mut numbers, shown);
                }
            }
        }
        Ok(Known { id, numbers, state })
    }

    /// Moves the numbers: in the container, if they are still those that stand there, and in the ledger together with what
    /// an acknowledgment means for what waits. Nothing is sent unless both are written (DX-30).
    ///
    /// The ledger has room for the change before the container hears of it.
    pub(in crate::tools::dxa) fn keep(
        &mut self,
        connection: &Connection,
        known: &Known,
        acknowledgment: Acknowledgment,
    ) -> Result<(), ToolError> {
        if self.dry_run {
            return Ok(());
        }
        let failed = |error| match connection.role {
            Role::Requestor => not_saved(error),
            Role::Server => not_written(error),
        };
        let change = self.ledger.begin().map_err(failed)?;
        match acknowledgment {
            Acknowledgment::Nothing => {}
            Acknowledgment::Discard { through } => {
                change.discard(known.id, through.0).map_err(failed)?;
            }
            Acknowledgment::Renumber { above } => {
                change.renumber(known.id, above.0).map_err(failed)?;
            }
        }
        known.put(&change).map_err(failed)?;
        show(&mut self.directory, connection, known)?;
        change.commit().map_err(failed)
    }

    /// Writes the numbers into the container, where there is one.
    pub(in crate::tools::dxa) fn show_numbers(
        &mut self,
        connection: &Connection,
        known: &Known,
    ) -> Result<(), ToolError> {
        show(&mut self.directory, connection, known)
    }
}

fn show(
    directory: &mut ldap::Connection,
    connection: &Connection,
    known: &Known,
) -> Result<(), ToolError> {
    let Some(container) = &connection.import.container else {
        return Ok(());
    };
    let there = container::numbers(directory, container)?;
    let owner = &connection.import.owner;
    let shown = known.numbers.shown();
    container::put_numbers(directory, container, owner, there, shown)
}

/// DX168: what was not saved is not sent either.
pub(in crate::tools::dxa) fn not_saved(error: LedgerError) -> ToolError {
    let error = unusable_ledger(error);
    let text = format!(
        "DX168 the state was not saved, nothing was sent: {}",
        error.message
    );
    ToolError::new(error.exit, text)
}

/// Brings in what the container says of the numbers.
fn seed(numbers: &mut Numbers, shown: numbers::Shown) {
    match numbers {
        Numbers::Requestor(conf) => {
            let mut own = numbers::requestor(conf);
            own.req_sync = ReqSync(shown.req);
            own.import_sync = ImportSync(shown.imp);
            own.import_requested = true;
            own.put(conf);
        }
        Numbers::Server(conf) => {
            let (mut server, mut entry) = numbers::server(conf);
            server.sync = SrvSync(shown.svr);
            entry.req_sync = ReqSync(shown.req);
            entry.srv_sync = SrvSync(shown.conf);
            entry.import_count = ImportSync(shown.imp);
            numbers::put_server(conf, &server, &entry);
        }
    }
}
