//! The hub at work: requests that lie there together are one change of the master table, and their answers are queued with it
//! (`spec/exchange.md` IO-01, IO-03, IO-04).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::config;
use super::evidence::{Evidence, Kept};
use super::fresh;
use super::post::bundle::Bundle;
use super::post::inbox::Inbox;
use super::post::letter::{self, Letter};
use super::post::queue::Queue;
use super::post::side::Link;
use super::table::wrong;
use super::told::Told;
use super::took::{Took, tell};
use crate::directory::interorg::master::{self, MasterStore, Taken};
use crate::directory::interorg::store::MasterTable;
use crate::directory::interorg::wire::Unit;
use crate::directory::interorg::{Answer, Receipt, Request};
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::exit::ToolError;

/// What the hub did.
#[derive(Debug, Default, Serialize)]
pub(super) struct HubDone {
    pub(super) requests: Vec<Took>,
    /// Entries that wait for an address that another one has.
    pub(super) waiting: u64,
    /// Deletions were forgotten up to this number: everybody has them.
    pub(super) forgotten: Option<u64>,
    /// Branches whose entries are in the table, and that are not registered.
    pub(super) unregistered: Vec<String>,
}

/// A request that was taken and has to be answered.
struct Due<'b> {
    bundle: &'b Bundle,
    request: Request,
    taken: Taken,
    copies: Kept,
}

/// A request whose answer is staged.
struct Closed<'b> {
    bundle: &'b Bundle,
    took: Took,
    copies: Kept,
    sent: Kept,
}

/// A request of the branch of this very agent. A dry run takes it only when it answers, in a change that is given up.
pub(super) struct LocalTurn {
    request: Request,
    taken: Option<Taken>,
}

/// The hub, with what it works on.
pub(super) struct Hub<'a> {
    pub(super) config: &'a config::Hub,
    pub(super) links: &'a [Link],
    pub(super) table: Box<dyn MasterTable>,
    pub(super) queue: &'a Queue,
    pub(super) now: Timestamp,
    pub(super) dry_run: bool,
    pub(super) interrupt: &'a Interrupt,
    pub(super) done: HubDone,
}

/// Bytes of requests that are taken together at most, one request apart.
const TOGETHER: u64 = 64 << 20;

/// Answers a request that was taken, inside the same change.
fn answer<S: MasterStore + ?Sized>(
    change: &mut S,
    request: &Request,
    taken: &Taken,
) -> Result<Answer, S::Error> {
    let id = fresh::id();
    master::answer(change, request, taken, &id, Receipt(id.clone()))
}

impl Hub<'_> {
    /// Lets go what a run before this one had decided, and removes what it had not.
    pub(super) fn recover(&mut self) -> Result<u64, ToolError> {
        let table = &mut self.table;
        self.queue.recover(self.links, |unit| {
            let Unit::Answer(answer) = unit else {
                return Ok(false);
            };
            let mut change = table.begin().map_err(wrong)?;
            let member = change.member(&answer.branch).map_err(wrong)?;
            Ok(member
                .given
                .iter()
                .any(|(receipt, _)| *receipt == answer.receipt))
        })
    }

    /// Takes every request that is whole.
    pub(super) fn take_mail(
        &mut self,
        inbox: &mut Inbox<'_>,
        evidence: &mut Evidence,
        told: &mut Told,
    ) -> Result<(), ToolError> {
        let is_ours = |bundle: &Bundle| matches!(bundle.head, Unit::Request(_));
        let (ours, others): (Vec<_>, Vec<_>) = std::mem::take(&mut inbox.whole)
            .into_iter()
            .partition(is_ours);
        inbox.whole = others;
        self.drop_known(inbox)?;
        let mut ours = &ours[..];
        while let Some(first) = ours.first() {
            self.interrupt.check()?;
            // Requests of several branches are answered together, each from all of them: nobody waits a round for what is here.
            let mut len = first.len();
            let mut links = BTreeSet::from([first.link]);
            let more = ours[1..].iter().take_while(|bundle| {
                len = len.saturating_add(bundle.len());
                len <= TOGETHER && links.insert(bundle.link)
            });
            let (batch, rest) = ours.split_at(1 + more.count());
            self.take_bundles(batch, inbox, evidence, told)?;
            ours = rest;
        }
        Ok(())
    }

    /// Removes parts of units that were taken already: copies that came late, and not all of them.
    fn drop_known(&mut self, inbox: &mut Inbox<'_>) -> Result<(), ToolError> {
        let table = &mut self.table;
        let known = inbox.take_waiting(|bundle| match &bundle.head {
            Unit::Request(request) => {
                let mut change = table.begin().map_err(wrong)?;
                // Looked at only: the change is given up.
                let is_new = change.see(&request.branch, &request.id).map_err(wrong)?;
                Ok(!is_new)
            }
            Unit::Answer(_) => Ok(false),
        })?;
        known
            .iter()
            .try_for_each(|bundle| inbox.finish_copy(bundle))
    }

    /// Takes requests and answers them, in one change.
    fn take_bundles(
        &mut self,
        batch: &[Bundle],
        inbox: &mut Inbox<'_>,
        evidence: &mut Evidence,
        told: &mut Told,
    ) -> Result<(), ToolError> {
        let mut change = self.table.begin().map_err(wrong)?;
        let (mut due, mut known) = (Vec::new(), Vec::new());
        for bundle in batch {
            let mut copies = Vec::new();
            let loaded = inbox.load(bundle, |bytes, letter: &Letter| {
                evidence.of_letter(bytes, letter, &mut copies);
            })?;
            let Some(Unit::Request(request)) = loaded else {
                continue;
            };
            if !change.see(&request.branch, &request.id).map_err(wrong)? {
                known.push(bundle);
                continue;
            }
            let taken = master::take(&mut *change, &request, fresh::epoch).map_err(wrong)?;
            due.push(Due {
                bundle,
                request,
                taken,
                copies,
            });
        }
        let mut staged = Vec::new();
        let write = || {
            let mut answered = Vec::new();
            for Due {
                bundle,
                request,
                taken,
                copies,
            } in due
            {
                let link = &self.links[bundle.link];
                let mut unit = Unit::Answer(answer(&mut *change, &request, &taken).map_err(wrong)?);
                let long = letter::trim(self.config.limit, &mut unit);
                let Unit::Answer(made) = &unit else {
                    continue;
                };
                let mut took = tell(&request, &taken, made, &long, told);
                let mut sent = Vec::new();
                if self.dry_run {
                    let letters = letter::write(link, unit, self.now);
                    took.answer.messages = letters.map_or(0, |letters| letters.len() as u64);
                } else {
                    let written = self.queue.stage(link, unit, self.now, |bytes, part| {
                        evidence.of_part(bytes, part, &mut sent);
                    })?;
                    took.answer.messages = written.parts() as u64;
                    staged.push(written);
                }
                answered.push(Closed {
                    bundle,
                    took,
                    copies,
                    sent,
                });
            }
            match self.dry_run || answered.is_empty() {
                true => drop(change),
                false => change.commit().map_err(wrong)?,
            }
            Ok(answered)
        };
        let answered = match write() {
            Ok(answered) => answered,
            Err(error) => {
                staged
                    .iter()
                    .for_each(|staged| self.queue.drop_staged(staged));
                return Err(error);
            }
        };
        for staged in &staged {
            self.queue.publish(staged)?;
        }
        self.end(answered, inbox, evidence, told)?;
        for bundle in known {
            // Of a run that was killed behind its change this is still to be done.
            give_up(inbox, bundle, self.links[bundle.link].branch(), told)?;
            inbox.finish_copy(bundle)?;
        }
        Ok(())
    }

    /// Ends with requests whose answers go: their mail is of no more use.
    fn end(
        &mut self,
        answered: Vec<Closed<'_>>,
        inbox: &mut Inbox<'_>,
        evidence: &mut Evidence,
        told: &mut Told,
    ) -> Result<(), ToolError> {
        for Closed {
            bundle,
            took,
            copies,
            sent,
        } in answered
        {
            let branch = self.links[bundle.link].branch();
            if !self.dry_run {
                evidence.received(branch, copies, "taken");
                evidence.sent(branch, sent);
                evidence.heard_of(branch, self.now);
            }
            self.done.requests.push(took);
            give_up(inbox, bundle, branch, told)?;
            inbox.finish(bundle)?;
        }
        Ok(())
    }

    /// Takes the request of the branch of this very agent, which no mail carries. It is answered once the mail is taken.
    pub(super) fn take_local(&mut self, request: Request) -> Result<LocalTurn, ToolError> {
        let mut turn = LocalTurn {
            request,
            taken: None,
        };
        if !self.dry_run {
            let mut change = self.table.begin().map_err(wrong)?;
            let taken = master::take(&mut *change, &turn.request, fresh::epoch).map_err(wrong)?;
            change.commit().map_err(wrong)?;
            turn.taken = Some(taken);
        }
        Ok(turn)
    }

    /// Answers it.
    pub(super) fn answer_local(
        &mut self,
        turn: LocalTurn,
        told: &mut Told,
    ) -> Result<Answer, ToolError> {
        let LocalTurn { request, taken } = turn;
        let mut change = self.table.begin().map_err(wrong)?;
        let taken = match taken {
            Some(taken) => taken,
            None => master::take(&mut *change, &request, fresh::epoch).map_err(wrong)?,
        };
        let answer = answer(&mut *change, &request, &taken).map_err(wrong)?;
        if !self.dry_run {
            change.commit().map_err(wrong)?;
        }
        self.done
            .requests
            .push(tell(&request, &taken, &answer, &[], told));
        Ok(answer)
    }

    /// Ends a pass: deletions that everybody has are forgotten, and it is told who waits for what.
    pub(super) fn finish(&mut self, told: &mut Told) -> Result<(), ToolError> {
        let registered: Vec<_> = self
            .config
            .branches
            .iter()
            .map(|b| b.name.to_uppercase())
            .collect();
        let mut change = self.table.begin().map_err(wrong)?;
        let members = change.members().map_err(wrong)?;
        self.done.unregistered = members
            .into_iter()
            .filter(|name| !registered.contains(name))
            .collect();
        for name in &self.done.unregistered {
            let event = Event::new(
                Severity::Warn,
                "a branch is not registered, and its entries are there still",
            );
            let event = event.with("branch", name);
            told.say(event.with("repair", format!("dxa leave {name}")));
        }
        let waiting = change.waiting().map_err(wrong)?;
        self.done.waiting = waiting.len() as u64;
        if self.done.requests.is_empty() {
            return Ok(());
        }
        for row in waiting {
            if let Some((card, note)) = row.waiting {
                told.refused(row.key.branch(), &row.key.to_string(), &card.dn, &note);
            }
        }
        let forgotten = master::forget(&mut *change, &registered).map_err(wrong)?;
        self.done.forgotten = forgotten.map(|usn| usn.0);
        if forgotten.is_some() && !self.dry_run {
            change.commit().map_err(wrong)?;
        }
        Ok(())
    }
}

/// Gives up what is there of units before one that was taken, which is still there itself, so that a run that is killed over
/// this comes back to it.
pub(super) fn give_up(
    inbox: &mut Inbox<'_>,
    taken: &Bundle,
    branch: &str,
    told: &mut Told,
) -> Result<(), ToolError> {
    for note in inbox.supersede(taken)? {
        told.remark(branch, &note);
    }
    Ok(())
}
