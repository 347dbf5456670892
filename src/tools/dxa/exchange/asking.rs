//! The agent as a requestor, T1: what has changed, behind what waits, and the request with it (`spec/exchange.md` DX-11, DX-30,
//! DX-39).

use crate::codec::sync_number::ReqSync;
use crate::directory::ledger::Queued;
use crate::postoffice::mailbag::Outbox;
use crate::protocol::message::RequestHead;
use crate::protocol::requestor::{Requestor, Sending, send, send_part};
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::Connection;
use crate::tools::dxa::connections::numbers::{Numbers, requestor};
use crate::tools::dxa::connections::state::{Known, not_saved};
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::dxa::mail::mailplace::MailPlace;
use crate::tools::dxa::sending::exported::Exported;
use crate::tools::dxa::sending::exporting::Wish;
use crate::tools::dxa::sending::pacing::{self, Carried, Portion, portion};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::{Payload, post, request_letter};

use super::cycle::Wanted;
use super::outcome::Done;

/// What goes to the server.
struct Request {
    sending: Sending,
    payload: Payload,
    /// Transactions that wait for another request.
    later: usize,
    list: Option<List>,
}

/// A list that no message has room for: it goes another way, and nothing that waits behind it goes before it.
struct List {
    file: Carried,
    head: RequestHead,
    payload: Payload,
}

impl Agent<'_> {
    /// T1: sends the request.
    pub(in crate::tools::dxa) fn send_request(
        &mut self,
        mail: &mut MailPlace,
        connection: &Connection,
        known: &mut Known,
        wanted: Wanted,
        done: &mut Done,
    ) -> Result<(), ToolError> {
        let mut conf = known.numbers.req_conf()?.clone();
        let mut own = requestor(&conf);
        let has_missed = known.state.has_missed && connection.exchange.receives();
        own.import_requested |= wanted.import_all || has_missed;
        let exported = self.prepare(connection, known, wanted)?;
        let stamp = mail.now;

        // Written first; what is not written is not sent (DX-30).
        let change = self.ledger.begin().map_err(not_saved)?;
        known.id = change.connection(&connection.name).map_err(not_saved)?;
        let ends = change.ends(known.id).map_err(not_saved)?;
        let last = ends.map_or(own.req_sync.0, |(_, last)| last.max(own.req_sync.0));
        exported.fits_above(last)?;
        let last = exported
            .put(&change, known.id, last, stamp)
            .map_err(not_saved)?;
        let mut waiting = Vec::new();
        change
            .waiting(known.id, own.req_sync.0, |queued| waiting.push(queued))
            .map_err(not_saved)?;
        let folder = self.home.outgoing();
        let mut request = Request::new(connection, &own, &waiting, last, &folder)?;
        request.sending.next.put(&mut conf);
        conf.limit = connection.export.limit;
        conf.request_count = conf.request_count.wrapping_add(1);
        conf.last_export = stamp;
        if self.dry_run {
            drop(change);
        } else {
            let page = self.config.agent.code_page;
            let (own, server) = (&self.config.agent.address, &connection.address);
            if let Some(List {
                file,
                head,
                payload,
            }) = &mut request.list
            {
                let letter = request_letter(own, server, &conf, head, payload, page);
                file.write(letter, stamp, page)?;
            }
            let head = &request.sending.head;
            let letter = request_letter(own, server, &conf, head, &mut request.payload, page);
            let batch = mail.po.batch()?;
            let outbox = Outbox::open(mail.po.layout(), &batch, stamp)?;
            post(mail.po.layout(), &outbox, stamp, page, letter)?;
            let sent = outbox.into_files();
            let before = std::mem::replace(&mut known.numbers, Numbers::Requestor(Box::new(conf)));
            exported.settle(connection, &mut known.state, last);
            if let Err(error) = known.put(&change).and_then(|()| change.commit()) {
                known.numbers = before;
                return Err(not_saved(error));
            }
            batch.commit()?;
            mail.copy_sent(connection, &sent);
        }
        self.say_request(connection, &exported, &request);
        if let Some(list) = request.list {
            let file = list.file.path().display().to_string();
            list.file.place()?;
            done.worsen(ExitCode::Partial);
            let event = Event::new(
                Severity::Warn,
                "the full list is above the limit of a message: bring the file to the server",
            );
            let event = event
                .with("connection", &connection.name)
                .with("transactions", list.payload.count());
            self.say(event.with("file", file));
        }
        if let Some(remark) = &request.sending.remark {
            self.remark(connection, remark, done);
        }
        done.sent(exported.sending);
        Ok(())
    }

    /// Decides what is new for the other side.
    fn prepare(
        &mut self,
        connection: &Connection,
        known: &Known,
        wanted: Wanted,
    ) -> Result<Exported, ToolError> {
        if !connection.exchange.sends() {
            return Ok(Exported::nothing());
        }
        let is_full = wanted.export_all || !known.state.has_sent_list;
        let wish = Wish::of(connection);
        let allowed = wanted.allow_deletes;
        self.export(connection, known.id, &known.state, &wish, is_full, allowed)
    }

    fn say_request(&mut self, connection: &Connection, exported: &Exported, request: &Request) {
        let why = match exported.sending.is_full {
            true => "full list",
            false => "changes",
        };
        let server = connection.address.view(connection.code_page);
        let event = Event::new(Severity::Info, "T1: request sent")
            .with("connection", &connection.name)
            .with("because", format!("the agent is a requestor of {server}"))
            .with("transactions", request.payload.count())
            .with(
                "sent",
                format!("{why}: {}", exported.sending.transactions()),
            );
        self.say(match request.later {
            0 => event,
            later => event.with("later", later),
        });
    }
}

impl Request {
    /// Decides what goes of the transactions that wait; `last` is the last number.
    fn new(
        connection: &Connection,
        own: &Requestor,
        waiting: &[Queued],
        last: u32,
        folder: &std::path::Path,
    ) -> Result<Self, ToolError> {
        let page = connection.code_page;
        let last = ReqSync(last);
        let (count, list) = match portion(waiting, connection.export.limit, page) {
            Portion::First(count) => (count, None),
            Portion::List => (0, waiting.last()),
        };
        let later = waiting.len() - count;
        let through = match waiting[..count].last() {
            Some(sent) if later > 0 => ReqSync(sent.number),
            None if later > 0 => own.req_sync,
            _ => last,
        };
        let mut sending = send_part(own, last, through);
        let list = match list {
            Some(newest) => {
                // It may be confirmed as soon as somebody has carried it.
                sending.next.sent = last;
                Some(List {
                    file: Carried::new(folder, &connection.name, newest),
                    head: RequestHead {
                        wants_import: false,
                        ..send(own, last).head
                    },
                    payload: pacing::payload(waiting, page)?,
                })
            }
            None => None,
        };
        Ok(Self {
            sending,
            payload: pacing::payload(&waiting[..count], page)?,
            later,
            list,
        })
    }
}
