//! Brings a list or updates into an import container, and says what became of each entry.
//!
//! ```text
//! list -> asks by key --.
//!                        +-> part by part: decided -> fates, writes -> directory
//! container -> entries by key
//! ```
//!
//! Neither the asks nor what the container holds, neither fates nor writes are in memory at once: what is more than a
//! little waits in files without a name. Nothing is written before all is decided.

mod asks;
mod contents;
mod decided;
mod fates;
mod incoming;
mod parts;
mod planned;
mod sorting;
mod spilled;
mod unreadable;

pub(in crate::tools::dxa) use asks::{AskWriter, Asks};
pub(in crate::tools::dxa) use fates::Fates;
pub(in crate::tools::dxa) use incoming::Incoming;
pub(in crate::tools::dxa) use planned::Plan;
pub(in crate::tools::dxa) use unreadable::Unreadable;

use crate::directory::dn::Dn;
use crate::directory::import::{Authorities, Sender};
use crate::plan::guard;
use crate::plan::outcome::Counts;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::exit::{ExitCode, ToolError};

use super::container::{self, Refused};
use super::held::HeldAddresses;
use super::refused::{merge, place};
use decided::Decided;

/// How often a run looks again where somebody else wrote at the same time.
const ROUNDS: usize = 3;

/// What became of a list or of updates.
#[derive(Debug)]
pub(in crate::tools::dxa) struct Imported {
    /// What became of each entry.
    pub(in crate::tools::dxa) fates: Fates,
    /// How many ended in which way.
    pub(in crate::tools::dxa) counts: Counts,
    /// What nobody can read.
    pub(in crate::tools::dxa) unreadable: Unreadable,
    /// Entries of the container that are not of this connection.
    pub(in crate::tools::dxa) foreign: u64,
    /// It was not read whole: nothing was removed by absence, and the numbers stay.
    pub(in crate::tools::dxa) is_damaged: bool,
}

/// Returns a connection as who asks.
pub(in crate::tools::dxa) fn sender_of<'a>(
    connection: &'a Connection,
    authorities: &'a Authorities,
) -> Sender<'a> {
    let import = &connection.import;
    Sender {
        owner: &import.owner,
        also_accept: &import.also_accept,
        authorities,
        trust: import.trust,
        force_trust: import.force_trust,
    }
}

impl Agent<'_> {
    /// Makes a container what the asks want it to be. `allowed` is the number of `--allow-deletes`; `held` is what was said of
    /// addresses that others have.
    pub(in crate::tools::dxa) fn import(
        &mut self,
        connection: &Connection,
        incoming: &Incoming,
        asks: &mut Asks<'_>,
        allowed: Option<u64>,
        held: &mut HeldAddresses,
    ) -> Result<Imported, ToolError> {
        let container = container_of(connection)?;
        let mut decided = self.decide(connection, incoming, container, asks)?;
        check(connection, &decided, allowed)?;
        for owner in &decided.stand_ins {
            let pair = (connection.name.clone(), owner.to_lowercase());
            if !self.stood_in.insert(pair) {
                continue;
            }
            let event = Event::new(Severity::Info, "owner not matched, trying").id("DX282");
            let event = event.with("connection", &connection.name);
            self.say(event.with("owner", owner));
        }
        let mut moved = self.carry_out(connection, incoming, &mut decided, false)?;
        let mut open: Vec<_> = moved.iter().map(|refused| refused.fate).collect();
        let (foreign, is_damaged) = (decided.foreign, decided.is_damaged);
        let mut known = decided.fates;
        for round in 2..=ROUNDS {
            if moved.is_empty() {
                break;
            }
            let mut decided = self.decide(connection, incoming, container, asks)?;
            moved = self.carry_out(connection, incoming, &mut decided, round == ROUNDS)?;
            let later = &mut decided.fates;
            merge(&mut known, later, asks.len(), &open)?;
            open.clear();
            for refused in &moved {
                open.extend(place(&mut known, asks.len(), later, refused.fate)?);
            }
        }
        let mut counts = Counts::default();
        let mut unreadable = Unreadable::default();
        let mut heed = held.heed();
        known.each(|fate| {
            let reason = fate.reason.as_ref().map(|note| note.reason);
            counts.read += u64::from(fate.outcome.is_of_read_entry());
            counts.count(fate.outcome, reason);
            unreadable.take(&fate);
            heed.take(&fate);
            Ok::<_, ToolError>(())
        })?;
        for news in heed.end(asks.is_list()) {
            self.say(news.event(&connection.name));
        }
        Ok(Imported {
            fates: known,
            counts,
            unreadable,
            foreign,
            is_damaged,
        })
    }

    /// Writes what was decided. Returns what has to be looked at again, since somebody else was there.
    fn carry_out(
        &mut self,
        connection: &Connection,
        incoming: &Incoming,
        decided: &mut Decided,
        is_last: bool,
    ) -> Result<Vec<Refused>, ToolError> {
        if self.dry_run {
            return Ok(Vec::new());
        }
        self.keep_removed(connection, &mut decided.plan)?;
        // What is written here may lie in an export container.
        self.fresh.clear();
        self.make_places(decided.plan.units())?;
        let interrupt = self.interrupt.clone();
        let (directory, writes) = (&mut self.directory, decided.plan.writes());
        let refused = container::write_planned(directory, writes, &mut || interrupt.check())?;
        let refused = self.mend(refused, incoming, &mut decided.fates)?;
        let (moved, refused): (Vec<_>, Vec<_>) = refused
            .into_iter()
            .partition(|refused| !is_last && refused.has_moved());
        self.say_refused(connection, &refused, &mut decided.fates)?;
        Ok(moved)
    }

    /// Makes the units of postoffices that new entries lie in (DX-36), the upper ones first.
    fn make_places(&mut self, units: &[Dn]) -> Result<(), ToolError> {
        for unit in units {
            if let Some(above) = unit.parent() {
                container::make_unit(&mut self.directory, &above)?;
            }
            container::make_unit(&mut self.directory, unit)?;
        }
        Ok(())
    }
}

/// Returns the import container of a connection that receives.
pub(in crate::tools::dxa) fn container_of(connection: &Connection) -> Result<&Dn, ToolError> {
    connection.import.container.as_ref().ok_or_else(|| {
        let text = format!(
            "connection {} receives nothing (exchange-options)",
            connection.name
        );
        ToolError::new(ExitCode::NotHere, text)
    })
}

/// Stops what looks like a mass deletion by accident (design, section 5).
fn check(
    connection: &Connection,
    decided: &Decided,
    allowed: Option<u64>,
) -> Result<(), ToolError> {
    let (swept, deleted) = (decided.counts.swept, decided.counts.deleted);
    if allowed.is_some_and(|allowed| swept + deleted <= allowed) {
        return Ok(());
    }
    for (removed, by_absence) in [(swept, true), (deleted, false)] {
        if let Some(limit) = guard::limit(decided.owned, removed, by_absence) {
            let how = if by_absence {
                "since the list lacks them"
            } else {
                "since they were named"
            };
            let text = format!(
                "connection {}: {removed} of {} entries would go {how}, at most {limit} may: --allow-deletes {}",
                connection.name,
                decided.owned,
                swept + deleted
            );
            return Err(ToolError::new(ExitCode::Guard, text));
        }
    }
    Ok(())
}
