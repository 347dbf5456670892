//! The agent as the dirsync server, first half of T2: the requests that wait (`spec/exchange.md` DX-02, DX-17, DX-30).
//!
//! Each connection is a server with one requestor, and the ledger queue its master list. What is taken from the requestor
//! goes into the import container and not into that list, so that its numbers count only what is sent.

use crate::address::AddressType;
use crate::codec::sync_number::ReqSync;
use crate::codec::timestamp::Timestamp;
use crate::directory::import::{Ask, Extent};
use crate::directory::ledger::LedgerError;
use crate::protocol::message::{RequestHead, Task};
use crate::protocol::outcome::Refusal;
use crate::protocol::requestor::Acknowledgment;
use crate::protocol::server::{
    ImportReason, Numbered, Registered, Server, finish, hear, pass_over, take,
};
use crate::protocol::sync::RecordDigest;
use crate::tools::dxa::agent::{Agent, unusable_ledger};
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::connections::numbers::{Numbers, put_server, server};
use crate::tools::dxa::connections::state::Known;
use crate::tools::dxa::containers::importing::{AskWriter, Incoming, sender_of};
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::mail::mailplace::{Arrived, MailPlace};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::{Fate, Item, Letterbox, Transactions, only_digest};
use crate::tools::srvmain::settings;
use crate::transaction::{ListName, Transaction};

use super::cycle::Wanted;
use super::outcome::Done;
use super::requesting::ask_of;

/// What came with a request.
#[derive(Default)]
struct Came {
    asks: Vec<Ask>,
    /// All came that were announced, undamaged.
    is_whole: bool,
    /// Transactions that were taken before.
    old: u64,
}

impl Agent<'_> {
    /// Takes the requests of one requestor, in the order in which they came.
    pub(in crate::tools::dxa) fn receive_requests(
        &mut self,
        mail: &mut MailPlace,
        connection: &Connection,
        known: &mut Known,
        arrived: Vec<Arrived>,
        wanted: Wanted,
        done: &mut Done,
    ) -> Result<(), ToolError> {
        for Arrived { waiting, letter } in arrived {
            self.interrupt.check()?;
            let fate = match letter.task() {
                // The log of a requestor; nobody here collects logs.
                Some(Task::Status) => Fate::Taken(letter.fingerprint),
                _ => match self.request(connection, known, &letter, wanted, done)? {
                    Ok(()) => Fate::Taken(letter.fingerprint),
                    Err(refusal) => {
                        done.worsen(ExitCode::Partial);
                        self.put_aside(connection, refusal.to_string())
                    }
                },
            };
            done.messages += 1;
            mail.settle(waiting, fate, Some(connection));
        }
        Ok(())
    }

    fn request(
        &mut self,
        connection: &Connection,
        known: &mut Known,
        letter: &Letterbox,
        wanted: Wanted,
        done: &mut Done,
    ) -> Result<Result<(), Refusal>, ToolError> {
        let mut conf = known.numbers.srv_conf()?.clone();
        let (mut own, mut entry) = server(&conf);
        let page = connection.code_page;
        let who = letter.sender(page);
        let open = || Transactions::open(&letter.mail, &letter.profile, page, &who);
        let items = match open() {
            Ok(items) => items,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let last = match letter.profile.reqseq {
            Some(_) => None,
            None => open()
                .ok()
                .and_then(|items| items.filter_map(|item| item.identity()).last()),
        };
        let last = last.map(|(number, _)| ReqSync(number));
        let head = RequestHead::from_profile(&letter.profile, last);
        if let Some(raised) = known.state.raised.take() {
            raised.undo(&mut entry);
        }
        let comes_again = head.confirmed.is_some_and(|was| was < entry.req_sync);
        let at_taken = match open() {
            Ok(items) if comes_again => only_digest(items, entry.req_sync.0),
            _ => RecordDigest::UNKNOWN,
        };
        let sync = own.sync;
        for remark in hear(&mut own, &mut entry, &head, sync, at_taken) {
            self.remark(connection, &remark, done);
        }
        if known
            .state
            .list_stamp
            .is_some_and(|stamp| stamp == entry.heard.0)
        {
            known.state.has_sent_list = true;
            known.state.list_stamp = None;
        }
        settings(letter, head.is_ours(), &mut conf.requestors[0]);
        own.cycle = own.cycle.saturating_add(1);
        conf.requestors[0].last_cycle = own.cycle;
        conf.requestors[0].last_update = Timestamp::from_jiff(self.clock.now()).unwrap_or_default();
        let incoming = Incoming::new(connection)?;
        let came = self.transactions(
            connection,
            letter,
            &incoming,
            (&own, &mut entry, &head),
            items,
            done,
        );
        if came.is_whole {
            if let Some(remark) = finish(&mut entry, &head) {
                self.remark(connection, &remark, done);
            }
        }
        done.received.read += came.old;
        done.received.ignored += came.old;
        match connection.exchange.receives() {
            false => known.state.has_missed |= !came.asks.is_empty(),
            true if known.state.has_missed => {
                entry.due.export = true;
                known.state.has_missed = false;
            }
            true => {}
        }
        if connection.exchange.receives() && !came.asks.is_empty() {
            let extent = Extent::Updates {
                is_whole: came.is_whole,
            };
            let authorities = self.authorities();
            let sender = sender_of(connection, &authorities);
            let mut asks = AskWriter::new(sender, extent, self.home.spill());
            came.asks.iter().try_for_each(|ask| asks.push(ask))?;
            let mut asks = asks.finish(extent)?;
            let (allowed, held) = (wanted.allow_deletes, &mut known.state.held);
            let imported = self.import(connection, &incoming, &mut asks, allowed, held)?;
            done.imported(imported)?;
        }
        if let Some(reason) = entry.due.import {
            let event = Event::new(
                Severity::Info,
                "a full list will be sent with the next reply",
            );
            let event = event.id("DX221").with("connection", &connection.name);
            self.say(event.with("because", because(reason)));
        }
        let confirmed = entry.srv_sync;
        put_server(&mut conf, &own, &entry);
        known.numbers = Numbers::Server(Box::new(conf));
        let is_ours = confirmed <= own.sync;
        let before = known.state.touched.clone();
        if is_ours {
            known.state.touched.confirmed(confirmed.0);
        }
        self.keep(
            connection,
            known,
            match is_ours {
                true => discard(confirmed.0),
                false => Acknowledgment::Nothing,
            },
        )?;
        self.say_touched(connection, &before, &known.state.touched, done);
        Ok(Ok(()))
    }

    /// Goes through the transactions of a request: numbers, and what each asks.
    fn transactions(
        &mut self,
        connection: &Connection,
        letter: &Letterbox,
        incoming: &Incoming,
        (own, entry, head): (&Server, &mut Registered, &RequestHead),
        items: Transactions<'_>,
        done: &mut Done,
    ) -> Came {
        let page = connection.code_page;
        let place = connection.address.clone();
        let own_list = ListName::new(AddressType::Pcm, Some(place));
        let mut scratch = own.clone();
        let mut came = Came::default();
        let (mut seen, mut is_damaged) = (0_u32, false);
        for item in items {
            let identity = item.identity();
            let digest = identity.map_or(RecordDigest::UNKNOWN, |(_, digest)| digest);
            let is_new = match &item {
                Item::Damaged(reason) => {
                    // What comes before it counts; the requestor sends the rest again.
                    is_damaged = true;
                    done.worsen(ExitCode::Partial);
                    let event = Event::new(Severity::Warn, format!("damaged: {reason}"));
                    self.say(event.with("connection", &connection.name));
                    continue;
                }
                Item::Bad { by_name: None, .. } => identity
                    .is_none_or(|(number, digest)| pass_over(entry, ReqSync(number), digest)),
                Item::Bad { .. } | Item::Transaction { .. } => {
                    let number = ReqSync(identity.map_or(0, |(number, _)| number));
                    let replaces_own = match &item {
                        Item::Transaction { transaction, .. } => {
                            let is_replace = matches!(**transaction, Transaction::Replace { .. });
                            is_replace && transaction.list().is_same(&own_list, page)
                        }
                        _ => false,
                    };
                    match take(&mut scratch, entry, number, digest, replaces_own) {
                        Numbered::Old | Numbered::Exhausted => false,
                        Numbered::Taken { gap, .. } => {
                            if let Some(gap) = gap.filter(|_| head.is_ours()) {
                                let remark = gap.settle(entry);
                                self.remark(connection, &remark, done);
                            }
                            true
                        }
                    }
                }
            };
            seen += 1;
            match is_new {
                true => came.asks.extend(ask_of(item, connection, incoming)),
                false => came.old += 1,
            }
        }
        let announced = letter.profile.count;
        came.is_whole = !is_damaged && announced.is_none_or(|n| n == seen);
        if let Some(announced) = announced.filter(|&n| n != seen && !is_damaged) {
            done.worsen(ExitCode::Partial);
            let text = format!("{seen} transactions came, {announced} were announced");
            self.say(Event::new(Severity::Warn, text).with("connection", &connection.name));
        }
        came
    }
}

/// The requestor has what was sent up to a number.
fn discard(through: u32) -> Acknowledgment {
    Acknowledgment::Discard {
        through: ReqSync(through),
    }
}

pub(in crate::tools::dxa) fn because(reason: ImportReason) -> &'static str {
    match reason {
        ImportReason::Asked => "it was asked for",
        ImportReason::New => "the requestor has nothing yet",
        ImportReason::Purged => "what the requestor lacks is not kept any more",
        ImportReason::UnknownStamp => "what the requestor has is of another state of this server",
        ImportReason::Beyond => "the requestor has more than was ever sent",
    }
}

/// DX143: the state of one connection could not be written; others are served.
pub(in crate::tools::dxa) fn not_written(error: LedgerError) -> ToolError {
    let error = unusable_ledger(error);
    let text = format!(
        "DX143 DX168 the state was not saved, nothing was sent: {}",
        error.message
    );
    ToolError::new(error.exit, text)
}
