//! What a reply brings: updates for SRVTRANS, the end of what was confirmed, and the own list where it is asked for
//! (`spec/protocol.md` 5.1).

use super::receive::{Receiving, Reply};
use super::{Failure, Run};
use crate::address::AddressType;
use crate::codec::queue::QueueRecord;
use crate::codec::reqconf::ReqOptions;
use crate::codec::sync_number::{ReqSync, SrvSync};
use crate::messages::Message;
use crate::plan::outcome::{Outcome, Reason, Tally};
use crate::postoffice::ExportItem;
use crate::protocol::message::ReplyHead;
use crate::protocol::outcome::{Consequence, Line, Refusal};
use crate::protocol::requestor::{Acknowledgment, Taken, Updates, Verdict, judge, needs_export};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::{Fate, Inbox, Item, Letterbox, Read, Transactions, sent_line};
use crate::tools::report::Note;
use crate::transaction::ListName;

impl Receiving<'_> {
    /// Takes a reply, or says why not.
    pub(super) fn take(
        &mut self,
        run: &mut Run,
        inbox: &mut Inbox,
        reply: Reply,
    ) -> Result<(), Failure> {
        let Reply { waiting, head } = reply;
        let letter = match inbox.read(&run.session.po, &waiting)? {
            Read::Letter(letter) => letter,
            Read::Duplicate(letter) => {
                return self.settle(run, inbox, waiting, &letter, Fate::Duplicate);
            }
            Read::Gone | Read::Refused { .. } => return Ok(()),
        };
        for fault in &letter.faults {
            run.say_line(Line::warning(format!(
                "{}: {fault}",
                letter.sender(run.code_page())
            )));
        }
        let view = self.queue.view(head.req_sync);
        let taken = match judge(&self.numbers, view, &head) {
            Verdict::Leave { next, remark } => {
                run.worsen(remark.consequence());
                remark
                    .lines("")
                    .into_iter()
                    .for_each(|line| run.say_line(line));
                self.numbers = next;
                let detail = remark.lines("").into_iter().next().map(|line| line.text);
                let fate = Fate::Taken(letter.fingerprint);
                return self.settled(run, inbox, waiting, &letter, fate, None, detail);
            }
            Verdict::Take(taken) => taken,
        };
        let count = match self.count(run, &letter) {
            Ok(count) => count,
            Err(refusal) => {
                run.worsen(Consequence::OutOfStep);
                return self.refuse(run, inbox, waiting, &letter, &refusal);
            }
        };
        self.append(run, &letter, taken.updates)?;
        self.acknowledge(run, &taken, &head)?;
        let fate = Fate::Taken(letter.fingerprint);
        self.settled(run, inbox, waiting, &letter, fate, Some(count), None)
    }

    /// Counts the transactions of a reply: it is taken whole or not at all, since nothing in it comes again once the
    /// number is confirmed.
    fn count(&self, run: &Run, letter: &Letterbox) -> Result<u64, Refusal> {
        let code_page = run.code_page();
        let who = letter.sender(code_page);
        let mut count = 0_u64;
        for item in Transactions::open(&letter.mail, &letter.profile, code_page, &who)? {
            match item {
                Item::Damaged(reason) => return Err(Refusal::Damaged(format!("{who}: {reason}"))),
                Item::Transaction { .. } | Item::Bad { .. } => count += 1,
            }
        }
        let announced = letter.profile.count.map(u64::from);
        match announced.filter(|&announced| announced != count) {
            Some(announced) => Err(Refusal::Damaged(format!(
                "{who}: {count} transactions came, {announced} were announced"
            ))),
            None => Ok(count),
        }
    }

    /// Puts the transactions behind those that wait in SRVTRANS.
    fn append(
        &mut self,
        run: &mut Run,
        letter: &Letterbox,
        updates: Updates,
    ) -> Result<(), Failure> {
        let code_page = run.code_page();
        let who = letter.sender(code_page);
        let Ok(items) = Transactions::open(&letter.mail, &letter.profile, code_page, &who) else {
            return Ok(()); // counted before
        };
        let mut bad = Vec::new();
        let mut tally = Tally::new(&mut run.reporter);
        for item in items {
            let (number, text) = match item {
                Item::Transaction { number, text, .. } => (number, text),
                Item::Bad {
                    number,
                    text,
                    messages,
                    ..
                } => {
                    // IMPORT says what is wrong with a record; a line of text that is none leaves nothing to queue.
                    let Some(number) = number.filter(|_| !text.is_empty()) else {
                        bad.extend(messages);
                        continue;
                    };
                    (number, text)
                }
                Item::Damaged(_) => break,
            };
            let record = QueueRecord::transaction(run.now, number, 0, text);
            let is_new = match updates {
                Updates::All => true,
                Updates::After(after) => SrvSync(number) > after,
            };
            tally.read();
            let (outcome, reason) = match is_new {
                true => (Outcome::Added, None),
                false => (Outcome::Ignored, Some(Reason::SequenceOld)),
            };
            let line = || {
                let mut line = sent_line(&record, code_page);
                line.outcome = outcome;
                line.reason = reason;
                line
            };
            tally
                .record(outcome, reason, line)
                .map_err(|e| ToolError::new(ExitCode::CannotWrite, e.to_string()))?;
            if is_new {
                self.updates.write(&record).map_err(|e| {
                    ToolError::new(ExitCode::CannotWrite, format!("SRVTRANS.GLB: {e}"))
                })?;
            }
        }
        let counts = *tally.counts();
        run.counts.merge(&counts);
        for message in bad {
            run.worsen(Consequence::Partial);
            run.counts.read += 1;
            let reason = Some(Reason::Message(message.number));
            run.counts.count(Outcome::Refused, reason);
            run.say(message);
        }
        Ok(())
    }

    /// Does what the reply means for the own queue and the numbers.
    fn acknowledge(
        &mut self,
        run: &mut Run,
        taken: &Taken,
        head: &ReplyHead,
    ) -> Result<(), Failure> {
        for remark in &taken.remarks {
            run.worsen(remark.consequence());
            remark
                .lines("")
                .into_iter()
                .for_each(|line| run.say_line(line));
        }
        let po = &run.session.po;
        let own = ListName::new(AddressType::Pcm, Some(po.name().clone())).encode();
        let waiting = self.queue.waiting_export(&own, po);
        let done = self
            .queue
            .acknowledge(taken.acknowledgment, taken.next.req_sync);
        self.numbers = taken.next.clone();
        if head.is_import {
            self.config.last_import = run.now;
        }
        if done.discarded > 0 {
            let text = format!(
                "{} transactions confirmed up to number {}",
                done.discarded, head.req_sync
            );
            run.notes.push(Note { number: None, text });
        }
        if let (Acknowledgment::Renumber { above }, true) =
            (taken.acknowledgment, done.renumbered > 0)
        {
            let text = format!(
                "{} waiting transactions are renumbered above {above}",
                done.renumbered
            );
            run.say_line(Line::status(text));
        }
        if needs_export(taken.export, waiting, taken.acknowledgment) {
            self.export(run)?;
        }
        Ok(())
    }

    /// Puts the own list behind what waits: R, and an A per entry.
    fn export(&mut self, run: &mut Run) -> Result<(), Failure> {
        let confirmed = self.numbers.req_sync;
        let templates = self.config.options.contains(ReqOptions::TEMPLATES_SEND);
        let (mut first, mut last) = (None, ReqSync::ZERO);
        for item in run.session.po.own_export(templates)? {
            match item {
                ExportItem::Command(transaction) | ExportItem::Entry(transaction) => {
                    last = self.queue.push(&transaction, confirmed, run.now)?;
                    first.get_or_insert(last);
                    self.exported += 1;
                }
                ExportItem::Refused { name, error } => {
                    let name = run.code_page().decode(name.as_bytes());
                    run.say(Message::new(error.number, name));
                    run.worsen(Consequence::Partial);
                }
            }
        }
        self.config.last_export = run.now;
        if let Some(first) = first {
            let text = format!("The local list waits for T1: numbers {first} to {last}");
            run.say_line(Line::status(text));
        }
        Ok(())
    }
}
