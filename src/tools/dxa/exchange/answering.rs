//! The agent as the dirsync server, second half of T2: an answer for every requestor whose request has come.

use crate::address::{AddressType, PostofficeName};
use crate::codec::queue::QueueRecord;
use crate::codec::resync::ResyncHeader;
use crate::codec::srvconf::{RequestorFlags, RequestorRecord};
use crate::codec::sync_number::SrvSync;
use crate::postoffice::mailbag::Outbox;
use crate::postoffice::places::types_of;
use crate::protocol::message::{Form, ReplyHead};
use crate::protocol::outcome::Remark;
use crate::protocol::requestor::Acknowledgment;
use crate::protocol::server::{
    Answer, Content, ImportReason, Master, Pace, Server, answer, answered,
};
use crate::protocol::sync::Stamp;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::connections::numbers::{Numbers, put_server, server};
use crate::tools::dxa::connections::state::Known;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::lists::listout::Staged;
use crate::tools::dxa::mail::mailplace::MailPlace;
use crate::tools::dxa::sending::exported::Exported;
use crate::tools::dxa::sending::exporting::Wish;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::{Payload, PayloadWriter, post};
use crate::tools::srvmain::reply_letter;

use super::cycle::Wanted;
use super::outcome::Done;
use super::serving::{because, not_written};

/// The transactions of an answer, and how far the requestor is with them.
struct Made {
    payload: Payload,
    through: SrvSync,
    is_cut: bool,
}

impl Agent<'_> {
    /// Answers a requestor, if a request has come since its last answer.
    pub(in crate::tools::dxa) fn send_reply(
        &mut self,
        mail: &mut MailPlace,
        connection: &Connection,
        known: &mut Known,
        wanted: Wanted,
        done: &mut Done,
    ) -> Result<(), ToolError> {
        let mut conf = known.numbers.srv_conf()?.clone();
        let (mut own, mut entry) = server(&conf);
        if !entry.due.reply {
            let event = Event::new(Severity::Info, "T2: nothing asked for, no reply");
            self.say(event.with("connection", &connection.name));
            return Ok(());
        }
        let stamp = own.issue(mail.now);
        stamp.ok_or_else(|| ToolError::new(ExitCode::CannotWrite, "no STAMP is left"))?;
        if wanted.export_all || !known.state.has_sent_list {
            entry.due.import = entry.due.import.max(Some(ImportReason::Asked));
        }
        if wanted.import_all {
            entry.due.export = true;
        }
        let master = self.master(known, &own)?;
        let Some(answer) = answer(&own, &entry, master, false) else {
            return Ok(());
        };
        for remark in &answer.remarks {
            self.remark(connection, remark, done);
        }
        let is_full = matches!(answer.content, Content::FullList { .. });
        let record = conf.requestors[0].clone();
        let exported = match connection.exchange.sends() {
            true => {
                let wish = wish(connection, &record);
                let allowed = wanted.allow_deletes;
                self.export(connection, known.id, &known.state, &wish, is_full, allowed)?
            }
            false => Exported::nothing(),
        };

        // Written first; what is not written is not sent (DX-30).
        let change = self.ledger.begin().map_err(not_written)?;
        known.id = change.connection(&connection.name).map_err(not_written)?;
        if is_full {
            // The list is all that there is to have.
            change.discard(known.id, u32::MAX).map_err(not_written)?;
        }
        let first = own.sync.0;
        exported.fits_above(first)?;
        let last = exported
            .put(&change, known.id, first, mail.now)
            .map_err(not_written)?;
        own.sync = SrvSync(last);
        let after = match answer.content {
            Content::Master { after } => after.0,
            Content::FullList { .. } => first,
        };
        let mut waiting = Vec::new();
        change
            .waiting(known.id, after, |queued| waiting.push(queued))
            .map_err(not_written)?;
        let records = waiting
            .into_iter()
            .map(|queued| QueueRecord::transaction(queued.stamp, queued.number, 0, queued.text));
        let records: Vec<_> = records.collect();
        let mut made = make(connection, &record, &answer, own.sync, &records)?;
        let is_too_large = made.is_cut && is_full;
        let through = match is_too_large {
            true => own.sync,
            false => made.through,
        };
        let head = answered(&mut own, &mut entry, &answer, through);
        let count = made.payload.count();
        put_server(&mut conf, &own, &entry);
        let mut next = known.clone();
        next.numbers = Numbers::Server(Box::new(conf));
        exported.settle(connection, &mut next.state, last);
        if self.dry_run {
            drop(change);
        } else if is_too_large {
            // It cannot be sent in parts (DX-39): somebody carries it.
            let folder = self.home.outgoing();
            let header = header(&self.config.agent.address, connection, &head);
            let texts: Vec<_> = records.into_iter().map(|record| record.text).collect();
            let mut staged = Staged::new(&folder);
            staged.write(connection.name.clone(), &header, mail.now, &texts)?;
            let placed = staged.place()?;
            next.put(&change)
                .and_then(|()| change.commit())
                .map_err(not_written)?;
            let files = placed.keep();
            *known = next;
            self.show_numbers(connection, known)?;
            self.remark(connection, &Remark::ImportLimit, done);
            let event = Event::new(
                Severity::Warn,
                "the full list is above the limit of the requestor",
            );
            let event = event
                .with("connection", &connection.name)
                .with("transactions", count);
            let file = files.first().map(|path| path.display().to_string());
            self.say(event.with("file", file.unwrap_or_default()));
            done.sent(exported.sending);
            return Ok(());
        } else {
            let page = self.config.agent.code_page;
            let own_name = &self.config.agent.address;
            let letter = reply_letter(own_name, &record, &head, &mut made.payload, page);
            let batch = mail.po.batch()?;
            let outbox = Outbox::open(mail.po.layout(), &batch, mail.now)?;
            post(mail.po.layout(), &outbox, mail.now, page, letter)?;
            let sent = outbox.into_files();
            next.put(&change)
                .and_then(|()| change.commit())
                .map_err(not_written)?;
            let before = std::mem::replace(known, next);
            if let Err(error) = batch.commit() {
                // What is in the ledger is right; only the answer is due once more.
                self.owe(connection, known, &before)?;
                return Err(error.into());
            }
            mail.copy_sent(connection, &sent);
            self.show_numbers(connection, known)?;
        }
        let what = match (is_full, exported.sending.is_full) {
            (true, _) | (_, true) => "full list",
            _ => "changes",
        };
        let event =
            Event::new(Severity::Info, "T2: reply sent").with("connection", &connection.name);
        let place = connection.address.view(connection.code_page);
        let event = event.with("because", format!("{place} is a requestor and has asked"));
        let event = event.with("transactions", count);
        let event = event.with(
            "sent",
            format!("{what}: {}", exported.sending.transactions()),
        );
        self.say(match answer.import {
            Some(reason) => event.with("list-because", because(reason)),
            None => event,
        });
        done.sent(exported.sending);
        Ok(())
    }

    /// What there is to answer from: the ledger queue.
    fn master(&mut self, known: &Known, own: &Server) -> Result<Master, ToolError> {
        let change = self.ledger.begin().map_err(not_written)?;
        let ends = change.ends(known.id).map_err(not_written)?;
        let low = ends.map_or(own.sync.0.saturating_add(1), |(first, _)| first);
        let low = known.state.unused.map_or(low, |unused| unused.low(low));
        Ok(Master {
            low: SrvSync(low),
            applied: own.sync,
            own_stamp: Stamp::NONE,
            own_is_ahead: false,
        })
    }

    /// Puts back that an answer is due, and what for.
    fn owe(
        &mut self,
        connection: &Connection,
        known: &mut Known,
        before: &Known,
    ) -> Result<(), ToolError> {
        let (_, was) = server(before.numbers.srv_conf()?);
        let mut conf = known.numbers.srv_conf()?.clone();
        let (own, mut entry) = server(&conf);
        entry.due = was.due;
        entry.srv_sync = was.srv_sync;
        put_server(&mut conf, &own, &entry);
        known.numbers = Numbers::Server(Box::new(conf));
        self.keep(connection, known, Acknowledgment::Nothing)
    }
}

/// Returns the header of a list that somebody carries: the numbers of the reply that it stands for.
fn header(own: &PostofficeName, connection: &Connection, head: &ReplyHead) -> ResyncHeader {
    ResyncHeader {
        import_sync: head.import_sync,
        req_sync: head.req_sync,
        srv_sync: head.srv_sync,
        stamp: head.stamp.0,
        server: own.encode().into(),
        addressee: Some(connection.address.encode().into()),
    }
}

/// What a requestor asked for, as far as the configuration lets it have that.
pub(in crate::tools::dxa) fn wish(connection: &Connection, record: &RequestorRecord) -> Wish {
    let asked = types_of(record.types);
    let mut wish = Wish::of(connection);
    wish.types.retain(|token| {
        let kind = AddressType::from_token(token.as_bytes());
        kind.is_some_and(|kind| asked.contains(&kind.family()))
    });
    wish.templates &= record.flags.contains(RequestorFlags::TEMPLATES);
    wish
}

/// Returns what the other side asks for as far as it is known; who has not asked yet gets what the configuration says.
pub(in crate::tools::dxa) fn wish_now(connection: &Connection, numbers: &Numbers) -> Wish {
    match numbers {
        Numbers::Server(conf) if conf.requestors[0].last_cycle > 0 => {
            wish(connection, &conf.requestors[0])
        }
        _ => Wish::of(connection),
    }
}

/// Puts the transactions of an answer together, up to the limit of the requestor.
fn make(
    connection: &Connection,
    record: &RequestorRecord,
    answer: &Answer,
    sync: SrvSync,
    records: &[QueueRecord],
) -> Result<Made, ToolError> {
    let limits = [record.limit, connection.export.limit];
    let limit = limits.into_iter().filter(|&limit| limit > 0).min();
    let form = Form::from_code(record.transactions);
    let mut writer = PayloadWriter::new(form, connection.code_page);
    let mut pace = Pace::new(limit.unwrap_or_default());
    let mut through = match answer.content {
        Content::Master { after } => after,
        Content::FullList { .. } => sync,
    };
    let mut is_cut = false;
    for record in records {
        if !writer.push(record, &mut pace)? {
            is_cut = true;
            break;
        }
        through = SrvSync(record.sync);
    }
    let payload = writer.finish()?;
    Ok(Made {
        through: match is_cut {
            true => through,
            false => sync,
        },
        // The first goes under any limit where replies are paced; a list has no such exception.
        is_cut: is_cut || !Pace::takes_whole(limit.unwrap_or_default(), payload.len()),
        payload,
    })
}
