//! The agent as a requestor, T3: the replies that wait (`spec/exchange.md` DX-11, DX-29, DX-30).

use std::collections::HashSet;
use std::fmt;

use crate::codec::sync_number::{ReqSync, SrvSync};
use crate::directory::filter::Filter;
use crate::directory::import::{Ask, Extent, Want};
use crate::directory::schema;
use crate::protocol::message::ReplyHead;
use crate::protocol::outcome::{Refusal, Remark};
use crate::protocol::requestor::{
    Acknowledgment, QueueView, Taken, Updates, Verdict, judge, needs_export, order,
};
use crate::protocol::sync::RecordDigest;
use crate::tools::dxa::agent::{Agent, unusable_ledger};
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::connections::numbers::{Numbers, requestor};
use crate::tools::dxa::connections::state::Known;
use crate::tools::dxa::containers::held::HeldAddresses;
use crate::tools::dxa::containers::importing::{AskWriter, Incoming, sender_of};
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::mail::mailplace::{Arrived, MailPlace};
use crate::tools::dxa::sending::sight::first_below;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::{Fate, Item, Letterbox, Transactions};

use super::cycle::Wanted;
use super::outcome::Done;

/// Replies in a row with an old import number after which a full list is asked for (Q99961).
const OLD_REPLIES: u32 = 2;

impl Agent<'_> {
    /// T3: takes the replies, in their order.
    pub(in crate::tools::dxa) fn receive_replies(
        &mut self,
        mail: &mut MailPlace,
        connection: &Connection,
        known: &mut Known,
        arrived: Vec<Arrived>,
        wanted: Wanted,
        done: &mut Done,
    ) -> Result<(), ToolError> {
        let own = requestor(known.numbers.req_conf()?);
        let own = (own.req_sync, own.srv_sync, own.import_sync);
        let replies = arrived.into_iter().map(|arrived| {
            let head = ReplyHead::from_profile(&arrived.letter.profile, own);
            (arrived, head)
        });
        let mut replies: Vec<_> = replies.collect();
        order(&mut replies, |(_, head)| head);
        for (arrived, head) in replies {
            self.interrupt.check()?;
            let Arrived { waiting, letter } = arrived;
            let fate = self.reply(connection, known, &letter, &head, wanted, done)?;
            done.messages += 1;
            mail.settle(waiting, fate, Some(connection));
        }
        Ok(())
    }

    fn reply(
        &mut self,
        connection: &Connection,
        known: &mut Known,
        letter: &Letterbox,
        head: &ReplyHead,
        wanted: Wanted,
        done: &mut Done,
    ) -> Result<Fate, ToolError> {
        let mut conf = known.numbers.req_conf()?.clone();
        let own = requestor(&conf);
        let (view, export) = self.queue_view(known, own.req_sync, head.req_sync)?;
        let taken = match judge(&own, view, head) {
            Verdict::Take(taken) => taken,
            Verdict::Leave { mut next, remark } => {
                next.import_requested |= self.left(connection, known, &remark, done);
                next.put(&mut conf);
                known.numbers = Numbers::Requestor(Box::new(conf));
                self.keep(connection, known, Acknowledgment::Nothing)?;
                return Ok(Fate::Taken(letter.fingerprint));
            }
        };
        let page = connection.code_page;
        let who = letter.sender(page);
        let came = match whole(letter, connection, &who) {
            Ok(came) => came,
            Err(refusal) => {
                done.worsen(ExitCode::OutOfStep);
                return Ok(self.put_aside(connection, refusal.to_string()));
            }
        };
        if came == 0 && head.is_import && self.holds_any(connection)? {
            done.worsen(ExitCode::Partial);
            let text = "list-incomplete: the full list is empty, and removes nothing";
            return Ok(self.put_aside(connection, text.to_owned()));
        }
        let held = &mut known.state.held;
        let back = self.take_updates(connection, letter, &taken, wanted, held, done)?;
        for remark in &taken.remarks {
            self.remark(connection, remark, done);
        }
        if needs_export(taken.export, export, taken.acknowledgment) {
            known.state.has_sent_list = false;
        }
        known.state.has_missed = match connection.exchange.receives() {
            true => known.state.has_missed && !head.is_import,
            false => true,
        };
        known.state.old_replies = 0;
        let confirmed = taken.next.req_sync.0;
        taken.next.put(&mut conf);
        known.numbers = Numbers::Requestor(Box::new(conf));
        let before = known.state.touched.clone();
        match connection.exchange.receives() {
            true => known
                .state
                .touched
                .answered(confirmed, |key| back.contains(key)),
            false => known.state.touched.confirmed(confirmed),
        }
        self.keep(connection, known, taken.acknowledgment)?;
        self.say_touched(connection, &before, &known.state.touched, done);
        Ok(Fate::Taken(letter.fingerprint))
    }

    /// Tells whether there is an entry of the connection that a list could lack.
    fn holds_any(&mut self, connection: &Connection) -> Result<bool, ToolError> {
        let import = &connection.import;
        let Some(container) = import
            .container
            .as_ref()
            .filter(|_| connection.exchange.receives())
        else {
            return Ok(false);
        };
        let class = Filter::equal(schema::OBJECT_CLASS, schema::REMOTE_ADDRESS);
        let owner = Filter::equal(schema::IMPORTED_FROM, import.owner.as_str());
        first_below(&mut self.directory, container, class.and(owner)).map(|found| found.is_some())
    }

    /// Looks at what waits, as far as a reply needs it; the number is that of the last export in it.
    fn queue_view(
        &mut self,
        known: &Known,
        confirmed: ReqSync,
        named: ReqSync,
    ) -> Result<(QueueView, Option<ReqSync>), ToolError> {
        let change = self.ledger.begin().map_err(unusable_ledger)?;
        let mut view = QueueView {
            last: confirmed,
            at_confirmed: RecordDigest::UNKNOWN,
        };
        let mut export = None;
        change
            .waiting(known.id, 0, |queued| {
                view.last = view.last.max(ReqSync(queued.number));
                if queued.number == named.0 {
                    view.at_confirmed = RecordDigest::of(queued.stamp, &queued.text);
                }
                if queued.text.first() == Some(&b'R') {
                    export = Some(ReqSync(queued.number));
                }
            })
            .map_err(unusable_ledger)?;
        Ok((view, export))
    }

    /// Says why a reply is not taken; returns whether a full list has to be asked for.
    fn left(
        &mut self,
        connection: &Connection,
        known: &mut Known,
        remark: &Remark,
        done: &mut Done,
    ) -> bool {
        match remark {
            Remark::OldImport { found, own } => {
                let event = Event::new(Severity::Warn, "sequence-old: old message ignored");
                let event = event.with("connection", &connection.name);
                self.say(event.with("import-number", found).with("own", own));
                known.state.old_replies += 1;
                if known.state.old_replies < OLD_REPLIES {
                    return false;
                }
                known.state.old_replies = 0;
                self.say_mismatch(connection, found, own);
                self.ask_for_list(
                    connection,
                    "the import numbers of the server are lower than ours",
                );
                true
            }
            Remark::OldReply { found, own } => {
                let event = Event::new(Severity::Info, "sequence-old: old message ignored");
                let event = event.with("connection", &connection.name);
                self.say(event.with("number", found).with("own", own));
                false
            }
            Remark::Gap { base, own } => {
                self.remark(connection, remark, done);
                self.say_mismatch(connection, base, own);
                let because = format!("{} to {base} are missing", own.0.saturating_add(1));
                self.ask_for_list(connection, &because);
                true
            }
            _ => {
                self.remark(connection, remark, done);
                false
            }
        }
    }

    /// Says that the numbers of the two sides do not fit: the server is as far as `out`, and we are at `own`. Sending stays on
    /// (Q243187).
    fn say_mismatch(
        &mut self,
        connection: &Connection,
        out: impl fmt::Display,
        own: impl fmt::Display,
    ) {
        let text = "sequence mismatch, a full reload is requested";
        let event = Event::new(Severity::Error, text).id("NT64161");
        let event = event.with("connection", &connection.name);
        self.say(event.with("out", out).with("in", own));
    }

    fn ask_for_list(&mut self, connection: &Connection, because: &str) {
        let event = Event::new(Severity::Info, "a full list is asked for").id("DX221");
        let event = event.with("connection", &connection.name);
        self.say(event.with("because", because));
    }

    /// Brings the transactions of a reply into the container. An answer is an acknowledgment first: it may have none
    /// (DX-29). Returns the keys that it says are there.
    fn take_updates(
        &mut self,
        connection: &Connection,
        letter: &Letterbox,
        taken: &Taken,
        wanted: Wanted,
        held: &mut HeldAddresses,
        done: &mut Done,
    ) -> Result<HashSet<String>, ToolError> {
        if !connection.exchange.receives() {
            return Ok(HashSet::new());
        }
        let page = connection.code_page;
        let incoming = Incoming::new(connection)?;
        let after = match taken.updates {
            Updates::All => SrvSync::ZERO,
            Updates::After(after) => after,
        };
        let is_list = matches!(taken.updates, Updates::All);
        let who = letter.sender(page);
        let items = Transactions::open(&letter.mail, &letter.profile, page, &who);
        let items =
            items.map_err(|refusal| ToolError::new(ExitCode::Damaged, refusal.to_string()))?;
        let extent = match is_list {
            true => Extent::List { is_whole: true },
            false => Extent::Updates { is_whole: true },
        };
        let authorities = self.authorities();
        let sender = sender_of(connection, &authorities);
        let mut asks = AskWriter::new(sender, extent, self.home.spill());
        let mut there = HashSet::new();
        let wants = items.filter_map(|item| ask_of(item, connection, &incoming));
        for ask in wants.filter(|ask| is_list || ask.number.is_none_or(|n| SrvSync(n) > after)) {
            asks.push(&ask)?;
            if let Want::Put { key, .. } = &ask.want {
                there.insert(key.as_str().to_owned());
            }
        }
        let mut asks = asks.finish(extent)?;
        if asks.len() == 0 {
            return Ok(HashSet::new());
        }
        let allowed = wanted.allow_deletes;
        let imported = self.import(connection, &incoming, &mut asks, allowed, held)?;
        done.imported(imported)?;
        Ok(there)
    }
}

/// Checks that all transactions of a reply came: it is taken whole or not at all, since nothing in it comes again once
/// its number is confirmed. Returns how many there are.
fn whole(letter: &Letterbox, connection: &Connection, who: &str) -> Result<u32, Refusal> {
    let mut count = 0_u32;
    let page = connection.code_page;
    for item in Transactions::open(&letter.mail, &letter.profile, page, who)? {
        match item {
            Item::Damaged(reason) => return Err(Refusal::Damaged(format!("{who}: {reason}"))),
            Item::Transaction { .. } | Item::Bad { .. } => count += 1,
        }
    }
    match letter.profile.count.filter(|&announced| announced != count) {
        Some(announced) => Err(Refusal::Damaged(format!(
            "{who}: {count} transactions came, {announced} were announced"
        ))),
        None => Ok(count),
    }
}

/// Returns what a record asks of the container; damage asks nothing.
pub(in crate::tools::dxa) fn ask_of(
    item: Item,
    connection: &Connection,
    incoming: &Incoming,
) -> Option<Ask> {
    let rules = incoming.rules(connection);
    match item {
        Item::Transaction {
            number,
            transaction,
            left_out,
            ..
        } => Some(Ask::of_text(&transaction, &left_out, Some(number), rules)),
        Item::Bad {
            number,
            by_name: Some(by_name),
            ..
        } => Some(Ask::by_name(&by_name, number, rules)),
        Item::Bad {
            number, messages, ..
        } => {
            let why: Vec<_> = messages.iter().map(ToString::to_string).collect();
            Some(Ask::unusable(why.join("; "), number))
        }
        Item::Damaged(_) => None,
    }
}
