//! What is taken of a request, transaction by transaction (`spec/protocol.md` 4.2).

use super::receive::{Receiving, Stop};
use super::{Run, place, request, who};
use crate::address::AddressType;
use crate::codec::queue::QueueRecord;
use crate::codec::sync_number::ReqSync;
use crate::messages::{Message, Severity};
use crate::plan::outcome::{Outcome, Reason, Tally};
use crate::protocol::message::RequestHead;
use crate::protocol::outcome::{Consequence, Line, Refusal};
use crate::protocol::server::{Numbered, Registered, finish, hear, pass_over, take};
use crate::protocol::sync::RecordDigest;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::{Item, Letterbox, Transactions, only_digest, sent_line};
use crate::transaction::{ListName, Transaction};

/// The requestor that a request is from.
struct From {
    index: usize,
    who: String,
    is_ours: bool,
    registration: u32,
}

/// The transactions of a request.
struct Came {
    /// How many were taken.
    taken: u64,
    /// All came that were announced, undamaged.
    is_whole: bool,
}

impl Receiving {
    /// Takes a request: its numbers, its settings, its transactions. Returns how many of those were taken.
    pub(super) fn request(&mut self, run: &mut Run, letter: &Letterbox) -> Result<u64, Stop> {
        let code_page = run.code_page();
        let index = request::identify(letter, &self.conf, code_page)?;
        let who = who(&self.conf.requestors[index], code_page);
        let open = || Transactions::open(&letter.mail, &letter.profile, code_page, &who);
        let items = open()?;
        let mut entry = Registered::from_record(&self.conf.requestors[index]);
        let last = match letter.profile.reqseq {
            Some(_) => None,
            None => open()?.filter_map(|item| item.identity()).last(),
        };
        let last = last.map(|(number, _)| ReqSync(number));
        let head = RequestHead::from_profile(&letter.profile, last);
        // Only numbers that come again can belong to another transaction.
        let comes_again = head.confirmed.is_some_and(|was| was < entry.req_sync);
        let at_taken = match comes_again {
            true => only_digest(open()?, entry.req_sync.0),
            false => RecordDigest::UNKNOWN,
        };
        for remark in hear(&mut self.server, &mut entry, &head, self.sync, at_taken) {
            run.remark(&remark, &who);
        }
        let record = &mut self.conf.requestors[index];
        request::settings(letter, head.is_ours(), record);
        record.last_cycle = self.server.cycle;
        record.last_update = run.now;
        let from = From {
            index,
            who: who.clone(),
            is_ours: head.is_ours(),
            registration: record.registration,
        };
        let came = self.transactions(run, letter, &from, &mut entry, items);
        if let Ok(Came { is_whole: true, .. }) = came {
            if let Some(remark) = finish(&mut entry, &head) {
                run.remark(&remark, &who);
            }
        }
        entry.put(&mut self.conf.requestors[index]);
        came.map(|came| came.taken)
    }

    fn transactions(
        &mut self,
        run: &mut Run,
        letter: &Letterbox,
        from: &From,
        entry: &mut Registered,
        items: Transactions<'_>,
    ) -> Result<Came, Stop> {
        let (mut seen, mut taken) = (0_u32, 0);
        let mut is_damaged = false;
        for item in items {
            let identity = item.identity();
            seen += 1;
            match item {
                Item::Damaged(reason) => {
                    // What comes before it counts; the requestor sends the rest again (4.2).
                    seen -= 1;
                    is_damaged = true;
                    run.worsen(Consequence::Partial);
                    run.say_line(Refusal::Damaged(format!("{}: {reason}", from.who)).line());
                }
                Item::Bad { messages, .. } => self.bad(run, from, entry, identity, messages)?,
                Item::Transaction {
                    number,
                    text,
                    transaction,
                    notes,
                    ..
                } => {
                    let digest = identity.map_or(RecordDigest::UNKNOWN, |(_, digest)| digest);
                    let record = QueueRecord::transaction(run.now, number, from.registration, text);
                    let outcome = self.one(run, from, entry, record, &transaction, digest)?;
                    if outcome == Outcome::Added {
                        taken += 1;
                        notes.into_iter().for_each(|message| run.say(message));
                    }
                }
            }
        }
        let announced = letter.profile.count;
        let is_whole = !is_damaged && announced.is_none_or(|n| n == seen);
        if let Some(announced) = announced.filter(|&n| n != seen && !is_damaged) {
            run.worsen(Consequence::Partial);
            let text = format!(
                "{}: {seen} transactions came, {announced} were announced",
                from.who
            );
            run.say_line(Refusal::Damaged(text).line());
        }
        Ok(Came { taken, is_whole })
    }

    /// Takes one transaction, and reports what became of it.
    fn one(
        &mut self,
        run: &mut Run,
        from: &From,
        entry: &mut Registered,
        mut record: QueueRecord,
        transaction: &Transaction,
        digest: RecordDigest,
    ) -> Result<Outcome, Stop> {
        let code_page = run.code_page();
        let number = ReqSync(record.sync);
        let own = place(&self.conf.requestors[from.index]);
        let own_list = ListName::new(AddressType::Pcm, Some(own));
        let is_replace = matches!(transaction, Transaction::Replace { .. });
        let is_own = transaction.list().is_same(&own_list, code_page);
        if is_replace && !is_own && number > entry.req_sync {
            let list = transaction.list().view(code_page);
            let what = match self.own_lists_only {
                true => "is not taken (--own-lists-only)",
                false => "empties that list on every postoffice until its owner exports",
            };
            let text = format!("{}: R {list} for a list of another {what}", from.who);
            run.say_line(Line::warning(text));
            if self.own_lists_only {
                run.worsen(Consequence::Partial);
                pass_over(entry, number, digest);
                let reason = Some(Reason::NotOwner);
                self.report(run, &record, Outcome::Refused, reason)?;
                return Ok(Outcome::Refused);
            }
        }
        let numbered = take(
            &mut self.server,
            entry,
            number,
            digest,
            is_replace && is_own,
        );
        match numbered {
            Numbered::Old => {
                self.report(run, &record, Outcome::Ignored, Some(Reason::SequenceOld))?;
                Ok(Outcome::Ignored)
            }
            Numbered::Exhausted => {
                let message = Message::new(163, "- SRVCONF.GLB has no number left");
                let error = ToolError::new(ExitCode::CannotWrite, message.to_string());
                Err(Stop::Failed(error.with_message(message)))
            }
            Numbered::Taken { sync, gap } => {
                if let Some(gap) = gap.filter(|_| from.is_ours) {
                    let remark = gap.settle(entry);
                    run.remark(&remark, &from.who);
                }
                record.sync = sync.0;
                self.added.push(&record).map_err(ToolError::from)?;
                self.report(run, &record, Outcome::Added, None)?;
                Ok(Outcome::Added)
            }
        }
    }

    /// Passes over what is no transaction, and says it once (Q128872).
    fn bad(
        &mut self,
        run: &mut Run,
        from: &From,
        entry: &mut Registered,
        identity: Option<(u32, RecordDigest)>,
        messages: Vec<Message>,
    ) -> Result<(), Stop> {
        let is_new = match identity {
            Some((number, digest)) => pass_over(entry, ReqSync(number), digest),
            None => true,
        };
        run.counts.read += 1;
        if !is_new {
            run.counts
                .count(Outcome::Ignored, Some(Reason::SequenceOld));
            return Ok(());
        }
        run.worsen(Consequence::Partial);
        let last = messages.last().map_or(124, |message| message.number);
        run.counts
            .count(Outcome::Refused, Some(Reason::Message(last)));
        for mut message in messages {
            message.severity = message.severity.max(Severity::Error);
            message.argument = format!("{} ({})", message.argument, from.who);
            run.say(message);
        }
        Ok(())
    }

    fn report(
        &self,
        run: &mut Run,
        record: &QueueRecord,
        outcome: Outcome,
        reason: Option<Reason>,
    ) -> Result<(), ToolError> {
        let code_page = run.code_page();
        let mut tally = Tally::new(&mut run.reporter);
        tally.read();
        let line = || {
            let mut line = sent_line(record, code_page);
            line.outcome = outcome;
            line.reason = reason;
            line
        };
        tally
            .record(outcome, reason, line)
            .map_err(|e| ToolError::new(ExitCode::CannotWrite, e.to_string()))?;
        let counts = *tally.counts();
        run.counts.merge(&counts);
        Ok(())
    }
}
