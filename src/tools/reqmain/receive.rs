//! The receiving half of T3: replies of the server into SRVTRANS, confirmed transactions out of REQTRANS
//! (`spec/protocol.md` 5.1).

use super::queue::Queue;
use super::{Failure, server_of, set_numbers, stage_config};
use crate::address::PostofficeName;
use crate::codec::queue::{Framed, Framing, QueueWriter};
use crate::codec::reqconf::ReqConf;
use crate::messages::Message;
use crate::postoffice::mailbag::Waiting;
use crate::postoffice::{Postoffice, PostofficeError, Role, layout};
use crate::protocol::mail::SignatureCheck;
use crate::protocol::message::{ReplyHead, Task};
use crate::protocol::outcome::{Consequence, Line, Refusal};
use crate::protocol::requestor::{Requestor, order};
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::Run;
use crate::tools::post::{Fate, Inbox, Letterbox, MailLine, Read, Spool, key_of};
use crate::tools::report::Note;

/// Runs the receiving half of T3.
pub(super) fn run(run: &mut Run, interrupt: &Interrupt) -> Result<(), Failure> {
    let config = run.session.po.requestor_config()?;
    let server = server_of(&config)?;
    let numbers = Requestor::from_config(&config);
    let mut queue = match Queue::load(&run.session.po, numbers.req_sync) {
        Ok(Some(queue)) => queue,
        Ok(None) => {
            run.say(Message::new(2, layout::REQTRANS.stem()));
            run.worsen(Consequence::Partial);
            Queue::empty()
        }
        Err(error @ PostofficeError::Queue { .. }) => {
            let corrupt = Message::new(40, layout::REQTRANS.stem());
            let error = ToolError::from(error).with_message(corrupt.clone());
            return Err(Failure::new(error, vec![corrupt]));
        }
        Err(error) => return Err(error.into()),
    };
    check_pending(&run.session.po)?;

    let is_server = run.session.po.role()? == Role::Server;
    let mut inbox = Inbox::open(&run.session.po).map_err(unreadable)?;
    for remark in inbox.remarks() {
        run.say_line(Line::warning(remark));
    }
    let mut receiving = Receiving {
        config: config.clone(),
        numbers,
        server,
        is_server,
        queue: &mut queue,
        updates: QueueWriter::new(Spool::new(), &Framing::OURS),
        exported: 0,
    };
    let replies = receiving.sort(run, &mut inbox, interrupt)?;
    for reply in replies {
        interrupt.check()?;
        receiving.take(run, &mut inbox, reply)?;
    }
    let received = receiving.updates.count();
    run.say(Message::new(105, received.to_string()));
    receiving.finish(run, &config, &mut inbox)
}

/// What cannot be read of the mailbag itself (Q138783).
fn unreadable(error: PostofficeError) -> Failure {
    let message = Message::new(115, "NULL");
    let mut error = ToolError::from(error);
    error.message = format!("{message}: {}", error.message);
    Failure::new(error.with_message(message.clone()), vec![message])
}

/// Nothing is put behind a torn record: it could not be found there.
fn check_pending(po: &Postoffice) -> Result<(), Failure> {
    let file = &layout::SRVTRANS;
    let Some(mut reader) = po.open_queue(file, &Framing::OURS)? else {
        return Ok(());
    };
    let mut framed = Framed::default();
    loop {
        match reader.read(&mut framed) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => {
                let error = po.damaged_queue(file, error);
                let message = Message::new(30, format!("{}: {error}", file.stem()));
                let text = format!("{message}; run import -q, which keeps what is damaged aside");
                let error = ToolError::new(ExitCode::Damaged, text).with_message(message);
                return Err(error.into());
            }
        }
    }
}

/// A reply that waits for its turn.
pub(super) struct Reply {
    pub(super) waiting: Waiting,
    pub(super) head: ReplyHead,
}

/// What the run has come to so far.
pub(super) struct Receiving<'q> {
    pub(super) config: ReqConf,
    pub(super) numbers: Requestor,
    server: PostofficeName,
    is_server: bool,
    pub(super) queue: &'q mut Queue,
    pub(super) updates: QueueWriter<Spool>,
    pub(super) exported: u64,
}

impl Receiving<'_> {
    /// Reads all mail, settles what is no reply, and puts the replies into the order in which they are taken.
    fn sort(
        &mut self,
        run: &mut Run,
        inbox: &mut Inbox,
        interrupt: &Interrupt,
    ) -> Result<Vec<Reply>, Failure> {
        let mut replies = Vec::new();
        for waiting in inbox.take_mails() {
            interrupt.check()?;
            let read = inbox.read(&run.session.po, &waiting)?;
            if matches!(read, Read::Gone) {
                continue;
            }
            run.reporter.mail.read += 1;
            match read {
                Read::Gone => {}
                Read::Duplicate(letter) if self.is_ours(&letter) => {
                    self.settle(run, inbox, waiting, &letter, Fate::Duplicate)?;
                }
                Read::Letter(letter) | Read::Duplicate(letter) => {
                    match self.classify(run, &letter) {
                        Class::Reply => {
                            let own = &self.numbers;
                            let own = (own.req_sync, own.srv_sync, own.import_sync);
                            let head = ReplyHead::from_profile(&letter.profile, own);
                            replies.push(Reply { waiting, head });
                        }
                        Class::Other => {
                            self.settle(run, inbox, waiting, &letter, Fate::Left)?;
                        }
                        Class::Refused(refusal) => {
                            self.refuse(run, inbox, waiting, &letter, &refusal)?;
                        }
                    }
                }
                // On the server, the other half tells the administrator.
                Read::Refused { subject, from, .. } if self.is_server => {
                    let line = MailLine {
                        mail: "left",
                        from,
                        subject,
                        ..MailLine::default()
                    };
                    run.reporter.mail(&line)?;
                    inbox.settle(waiting, Fate::Left, run.now);
                }
                Read::Refused {
                    refusal,
                    lines,
                    from,
                    subject,
                } => {
                    run.say_line(refusal.line());
                    for line in lines {
                        run.say_line(Line::warning(line));
                    }
                    run.worsen(Consequence::Partial);
                    let line = MailLine {
                        mail: "refused",
                        from,
                        subject,
                        message: refusal.line().number,
                        detail: Some(refusal.to_string()),
                        ..MailLine::default()
                    };
                    run.reporter.mail(&line)?;
                    inbox.settle(waiting, Fate::Refused(refusal.to_string()), run.now);
                }
            }
        }
        order(&mut replies, |reply| &reply.head);
        Ok(replies)
    }

    /// Tells whether a message is one that this program takes.
    fn is_ours(&self, letter: &Letterbox) -> bool {
        !self.is_server || letter.task().is_some_and(Task::is_reply)
    }

    fn classify(&self, run: &Run, letter: &Letterbox) -> Class {
        let code_page = run.code_page();
        let envelope = &letter.mail.envelope;
        let sender = letter.sender(code_page);
        let task = letter.task();
        if !task.is_some_and(Task::is_reply) {
            // Requests and reports share the mailbag with replies on the server alone.
            return match (self.is_server, task) {
                (true, _) => Class::Other,
                (false, Some(_)) => Class::Refused(Refusal::NotForUs(sender)),
                (false, None) => Class::Refused(Refusal::UnknownTask(sender)),
            };
        }
        let is_to_us = envelope.to.place.is_same(&run.own(), code_page);
        let is_from_server = envelope.from.place.is_same(&self.server, code_page);
        if !is_to_us || !is_from_server {
            return Class::Refused(Refusal::NotForUs(sender));
        }
        match key_of(&self.config, code_page) {
            Some(key) if letter.mail.check_signature(&key, code_page) != SignatureCheck::Valid => {
                Class::Refused(Refusal::WrongPassword(sender))
            }
            _ => Class::Reply,
        }
    }

    pub(super) fn refuse(
        &mut self,
        run: &mut Run,
        inbox: &mut Inbox,
        waiting: Waiting,
        letter: &Letterbox,
        refusal: &Refusal,
    ) -> Result<(), Failure> {
        run.say_line(refusal.line());
        run.worsen(Consequence::Partial);
        let fate = Fate::Refused(refusal.to_string());
        self.settled(
            run,
            inbox,
            waiting,
            letter,
            fate,
            None,
            Some(refusal.to_string()),
        )
    }

    pub(super) fn settle(
        &mut self,
        run: &mut Run,
        inbox: &mut Inbox,
        waiting: Waiting,
        letter: &Letterbox,
        fate: Fate,
    ) -> Result<(), Failure> {
        self.settled(run, inbox, waiting, letter, fate, None, None)
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "what a report line says of a message"
    )]
    pub(super) fn settled(
        &mut self,
        run: &mut Run,
        inbox: &mut Inbox,
        waiting: Waiting,
        letter: &Letterbox,
        fate: Fate,
        transactions: Option<u64>,
        detail: Option<String>,
    ) -> Result<(), Failure> {
        let line = letter.line(&fate, run.code_page(), transactions, detail);
        run.reporter.mail(&line)?;
        inbox.settle(waiting, fate, run.now);
        Ok(())
    }

    /// Commits everything in one batch.
    fn finish(mut self, run: &mut Run, before: &ReqConf, inbox: &mut Inbox) -> Result<(), Failure> {
        self.numbers.put(&mut self.config);
        set_numbers(run, before, &self.config);
        run.reporter.flush()?;
        if run.dry_run {
            return Ok(());
        }
        let log_before = run.session.log.clone();
        match self.commit(run, before, inbox) {
            Ok(()) => Ok(()),
            Err(error) => {
                run.session.log = log_before;
                let full = Message::new(150, "");
                let cause = error.message(run.session.drive);
                let mut error = ToolError::from(error);
                error.message = format!("{full}: {}", error.message);
                let messages = cause.into_iter().chain([full.clone()]).collect();
                Err(Failure::new(error.with_message(full), messages))
            }
        }
    }

    fn commit(
        self,
        run: &mut Run,
        before: &ReqConf,
        inbox: &mut Inbox,
    ) -> Result<(), PostofficeError> {
        let po = &run.session.po;
        let batch = po.batch()?;
        let updates = self.updates.finish();
        let (mut spool, count) =
            updates.map_err(|e| PostofficeError::Unstorable(format!("SRVTRANS.GLB: {e}")))?;
        if count > 0 {
            let mut staged = batch.append_writer(&layout::SRVTRANS)?;
            spool
                .copy_to(&mut staged)
                .map_err(|e| PostofficeError::Unstorable(format!("SRVTRANS.GLB: {e}")))?;
            staged.finish()?;
        }
        self.queue.stage(&batch, self.numbers.req_sync, run.now)?;
        stage_config(&batch, before, &self.config)?;
        inbox.stage(po, &batch, run.now)?;
        run.session.log.stage(&batch)?;
        let committed = batch.commit()?;
        let warnings = committed.warnings.iter();
        run.notes.extend(warnings.map(|warning| Note {
            number: None,
            text: warning.to_string(),
        }));
        Ok(())
    }
}

/// What a message is to this program.
enum Class {
    Reply,
    Other,
    Refused(Refusal),
}
