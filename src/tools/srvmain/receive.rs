//! SRVMAIN -R: status reports into CENTRAL.LOG, requests into MSTTRANS (`spec/protocol.md` 4.1 and 4.2).

use std::io::{Read as _, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

use super::notes::{self, Note};
use super::{Run, place, request, stage_config, who};
use crate::address::AddressType;
use crate::codec::queue::QueueRecord;
use crate::codec::srvconf::SrvConf;
use crate::codec::sync_number::{ReqSync, SrvSync};
use crate::messages::{Message, Severity};
use crate::plan::outcome::{Outcome, Reason, Tally};
use crate::postoffice::log::LogLine;
use crate::postoffice::mailbag::{Outbox, Waiting};
use crate::postoffice::master_list::{MasterAppend, MasterList, Purge};
use crate::postoffice::{PostofficeError, layout};
use crate::protocol::message::{RequestHead, Task};
use crate::protocol::outcome::{Consequence, Line, Refusal, Remark};
use crate::protocol::server::{
    Numbered, Registered, Server, begin_receive, cutoff, hear, pass_over, take,
};
use crate::protocol::sync::RecordDigest;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::{
    Fate, Inbox, Item, Letterbox, MailLine, Read, ServerNumbers, Transactions, only_digest,
    sent_line,
};
use crate::transaction::{ListName, Transaction};

/// Bytes of new transactions that are kept in memory; more goes into a temporary file without a name.
const SPOOL_LEN: usize = 1 << 20;

/// Runs SRVMAIN -R.
pub(super) fn run(
    run: &mut Run,
    conf: SrvConf,
    own_lists_only: bool,
    interrupt: &Interrupt,
) -> Result<(), ToolError> {
    run.open_master()?;
    let mut server = Server::from_header(&conf.header);
    let sync_before = server.sync;
    let ends = MasterEnds::read(run, &conf)?;
    let mut master = ends.change;
    if let Some(remark) = begin_receive(&mut server, ends.last) {
        if matches!(remark, Remark::MasterShort { .. }) {
            master = MasterChange::Empty;
        }
        run.remark(&remark, "");
    }
    let mut inbox = Inbox::open(&run.session.po).map_err(|error| {
        let message = Message::new(115, "NULL");
        let text = format!("{message}: {error}");
        ToolError::new(ToolError::from(error).exit, text).with_message(message)
    })?;
    for remark in inbox.remarks() {
        run.say_line(Line::warning(remark));
    }
    let mut receiving = Receiving {
        sync: server.sync,
        server,
        conf,
        own_lists_only,
        added: MasterAppend::new(SpooledTempFile::new(SPOOL_LEN)),
        central: Vec::new(),
        notes: Vec::new(),
    };
    for waiting in inbox.take_mails() {
        interrupt.check()?;
        receiving.message(run, &mut inbox, waiting)?;
    }
    run.server = Some(ServerNumbers {
        sync_before: sync_before.0,
        sync_after: receiving.server.sync.0,
        cycle: receiving.server.cycle,
    });
    receiving.finish(run, &master, &mut inbox)
}

/// What becomes of the master list before anything is appended.
enum MasterChange {
    Keep,
    Purge(Purge),
    Empty,
}

struct MasterEnds {
    last: Option<SrvSync>,
    change: MasterChange,
}

impl MasterEnds {
    /// Looks at both ends of MSTTRANS: where it ends, and what of it is older than Keep Updates.
    fn read(run: &mut Run, conf: &SrvConf) -> Result<Self, ToolError> {
        let cutoff = cutoff(run.now, conf.header.keep_updates_days);
        let (last, purge) = {
            let list: MasterList<'_> = super::master(&run.session.po)?;
            let purge = list.older_than(cutoff).map_err(super::damaged_master)?;
            (list.last(), purge)
        };
        if let Some(purge) = &purge {
            let text = format!(
                "{} transactions older than {} days purged from MSTTRANS",
                purge.count, conf.header.keep_updates_days
            );
            run.say_line(Line::status(text));
        }
        Ok(Self {
            last,
            change: purge.map_or(MasterChange::Keep, MasterChange::Purge),
        })
    }
}

/// What the run has come to so far.
struct Receiving {
    server: Server,
    /// Highest number before this run.
    sync: SrvSync,
    conf: SrvConf,
    own_lists_only: bool,
    added: MasterAppend<SpooledTempFile>,
    central: Vec<u8>,
    notes: Vec<Note>,
}

impl Receiving {
    /// Takes one message, or refuses it; whatever is wrong with it stops no other.
    fn message(
        &mut self,
        run: &mut Run,
        inbox: &mut Inbox,
        waiting: Waiting,
    ) -> Result<(), ToolError> {
        let read = inbox.read(&run.session.po, &waiting)?;
        if matches!(read, Read::Gone) {
            return Ok(());
        }
        run.reporter.mail.read += 1;
        match read {
            Read::Gone => Ok(()),
            Read::Refused {
                refusal,
                lines,
                from,
                subject,
            } => {
                let line = MailLine {
                    from,
                    subject,
                    ..MailLine::default()
                };
                self.refuse(run, inbox, waiting, &refusal, &lines, line)
            }
            Read::Letter(letter) | Read::Duplicate(letter) if is_reply(&letter) => {
                // For REQMAIN -R of this postoffice (Q108844).
                settle(run, inbox, waiting, &letter, Fate::Left, None)
            }
            Read::Duplicate(letter) => settle(run, inbox, waiting, &letter, Fate::Duplicate, None),
            Read::Letter(letter) => self.letter(run, inbox, waiting, &letter),
        }
    }

    fn letter(
        &mut self,
        run: &mut Run,
        inbox: &mut Inbox,
        waiting: Waiting,
        letter: &Letterbox,
    ) -> Result<(), ToolError> {
        match self.take(run, letter) {
            Ok(count) => {
                let fate = Fate::Taken(letter.fingerprint);
                settle(run, inbox, waiting, letter, fate, count)
            }
            Err(Stop::Refused(refusal)) => {
                let line = letter.line(&Fate::Left, run.code_page(), None, None);
                let lines = match refusal {
                    Refusal::Foreign(_) => vec![line.subject.clone()],
                    _ => Vec::new(),
                };
                self.refuse(run, inbox, waiting, &refusal, &lines, line)
            }
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    fn take(&mut self, run: &mut Run, letter: &Letterbox) -> Result<Option<u64>, Stop> {
        let code_page = run.code_page();
        let envelope = &letter.mail.envelope;
        let sender = letter.sender(code_page);
        if !envelope.to.place.is_same(&run.own(), code_page) || !envelope.to.is_system() {
            let to = envelope.to.view(code_page);
            return Err(Refusal::Foreign(format!("from {sender} to {to}")).into());
        }
        for fault in &letter.faults {
            run.say_line(Line::warning(format!("{sender}: {fault}")));
        }
        match letter.task() {
            Some(Task::Status) => self.status(run, letter).map(|()| None),
            Some(task) if task.is_request() => self.request(run, letter).map(Some),
            _ => {
                let task = letter.profile.task.as_deref().unwrap_or_default();
                let task: String = task.chars().take(40).collect();
                Err(Refusal::UnknownTask(format!("{sender} (TASK={task})")).into())
            }
        }
    }

    /// Puts a status report under its heading into CENTRAL.LOG (Q192158).
    fn status(&mut self, run: &mut Run, letter: &Letterbox) -> Result<(), Stop> {
        let code_page = run.code_page();
        let index = request::identify(letter, &self.conf, code_page)?;
        let name = place(&self.conf.requestors[index]).view(code_page);
        let report = |reason: &str| Refusal::StatusReport(format!("PCM:{name}: {reason}"));
        let attached = letter.mail.attachments.first();
        let log = attached.ok_or_else(|| report("no attachment"))?;
        let is_text = |b: &u8| *b >= b' ' || matches!(b, b'\t' | b'\r' | b'\n' | 0x1a);
        if !log.bytes.iter().all(is_text) {
            return Err(report("its attachment is no log").into());
        }
        let heading = LogLine::status(format!("Report from {name}/$SYSTEM"));
        let clock = &run.session.clock;
        let heading = heading.text_form(clock.now(), clock.zone(), clock.year_digits());
        self.central.extend_from_slice(heading.as_bytes());
        self.central.extend_from_slice(b"\r\n");
        self.central.extend_from_slice(&log.bytes);
        if !log.bytes.is_empty() && !log.bytes.ends_with(b"\n") {
            self.central.extend_from_slice(b"\r\n");
        }
        Ok(())
    }

    /// Takes a request: its numbers, its settings, its transactions. Returns how many of those were taken.
    fn request(&mut self, run: &mut Run, letter: &Letterbox) -> Result<u64, Stop> {
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
        let counted = self.transactions(run, letter, &from, &mut entry, items);
        entry.put(&mut self.conf.requestors[index]);
        counted
    }

    fn transactions(
        &mut self,
        run: &mut Run,
        letter: &Letterbox,
        from: &From,
        entry: &mut Registered,
        items: Transactions<'_>,
    ) -> Result<u64, Stop> {
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
        if let Some(announced) = announced.filter(|&n| n != seen && !is_damaged) {
            run.worsen(Consequence::Partial);
            let text = format!(
                "{}: {seen} transactions came, {announced} were announced",
                from.who
            );
            run.say_line(Refusal::Damaged(text).line());
        }
        Ok(taken)
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

    /// Puts a message into the quarantine, and tells the administrator of it where the published program did.
    fn refuse(
        &mut self,
        run: &mut Run,
        inbox: &mut Inbox,
        waiting: Waiting,
        refusal: &Refusal,
        lines: &[String],
        mut line: MailLine,
    ) -> Result<(), ToolError> {
        run.say_line(refusal.line());
        for text in lines {
            run.say_line(Line::warning(text.clone()));
        }
        run.worsen(Consequence::Partial);
        if refusal.is_for_administrator() {
            let from = match line.from.is_empty() {
                true => "unknown",
                false => line.from.trim_start_matches("PCM:"),
            };
            let mut text = format!("{refusal}\r\nFrom: {from}\r\nSubject: {}\r\n", line.subject);
            for line in lines {
                text.push_str(line);
                text.push_str("\r\n");
            }
            text.push_str("The message is kept in MBG/QUARANT.\r\n");
            self.notes.push(Note {
                subject: refusal.to_string(),
                text,
            });
        }
        line.mail = "refused";
        line.message = refusal.line().number;
        line.detail = Some(refusal.to_string());
        run.reporter.mail(&line)?;
        inbox.settle(waiting, Fate::Refused(refusal.to_string()), run.now);
        Ok(())
    }

    /// Commits everything in one batch.
    fn finish(
        mut self,
        run: &mut Run,
        master: &MasterChange,
        inbox: &mut Inbox,
    ) -> Result<(), ToolError> {
        self.server.put(&mut self.conf.header);
        self.conf.set_requestor_count();
        if !run.told.is_empty() {
            let text = run.told.join("\r\n") + "\r\n";
            self.notes.push(Note {
                subject: format!("Directory server report, cycle {}", self.server.cycle),
                text,
            });
        }
        run.reporter.flush()?;
        if run.dry_run {
            return Ok(());
        }
        let log_before = run.session.log.clone();
        match self.commit(run, master, inbox) {
            Ok(lines) => {
                for line in lines {
                    run.reporter.mail(&line)?;
                }
                Ok(())
            }
            Err(error) => {
                run.session.log = log_before;
                let cause = error.message(run.session.drive);
                let message = Message::new(150, format!("- {error}"));
                if let Some(cause) = cause {
                    run.say(cause);
                }
                Err(ToolError::from(error).with_message(message))
            }
        }
    }

    fn commit(
        self,
        run: &mut Run,
        master: &MasterChange,
        inbox: &mut Inbox,
    ) -> Result<Vec<MailLine>, PostofficeError> {
        let po = &run.session.po;
        let batch = po.batch()?;
        match master {
            MasterChange::Keep => {}
            MasterChange::Purge(purge) => po.stage_purge(&batch, purge.offset)?,
            MasterChange::Empty => batch.truncate(&layout::MSTTRANS)?,
        }
        if self.added.count() > 0 {
            let mut spool = self.added.finish()?;
            let mut staged = batch.append_writer(&layout::MSTTRANS)?;
            copy(&mut spool, &mut staged)
                .map_err(|e| PostofficeError::Unstorable(format!("MSTTRANS.GLB: {e}")))?;
            staged.finish()?;
        }
        stage_config(&batch, &self.conf)?;
        if !self.central.is_empty() {
            batch.create_dir(layout::Dir::Log);
            batch.append(&layout::CENTRAL_LOG, &self.central)?;
        }
        let mut lines = Vec::new();
        if !self.notes.is_empty() {
            // Without outgoing mail the administrator is not told, and the log says everything all the same.
            match Outbox::open(po.layout(), &batch, run.now) {
                Ok(outbox) => {
                    for note in &self.notes {
                        lines.push(notes::send(po, &outbox, &self.conf, note, run.now)?);
                    }
                }
                Err(error) => {
                    let text = format!("The administrator is not told: {error}");
                    let line = LogLine::text(Severity::Warning, text);
                    run.session.log.add(run.session.clock.now(), &line);
                }
            }
        }
        inbox.stage(po, &batch, run.now)?;
        run.session.log.stage(&batch)?;
        let committed = batch.commit()?;
        let warnings = committed.warnings.iter();
        run.notes
            .extend(warnings.map(|warning| crate::tools::report::Note {
                number: None,
                text: warning.to_string(),
            }));
        Ok(lines)
    }
}

/// The requestor that a request is from.
struct From {
    index: usize,
    who: String,
    is_ours: bool,
    registration: u32,
}

/// Why a message was not taken.
enum Stop {
    /// It is refused, and the run goes on.
    Refused(Refusal),
    /// The run cannot go on.
    Failed(ToolError),
}

impl std::convert::From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl std::convert::From<ToolError> for Stop {
    fn from(error: ToolError) -> Self {
        Self::Failed(error)
    }
}

fn is_reply(letter: &Letterbox) -> bool {
    letter.task().is_some_and(Task::is_reply)
}

fn settle(
    run: &mut Run,
    inbox: &mut Inbox,
    waiting: Waiting,
    letter: &Letterbox,
    fate: Fate,
    transactions: Option<u64>,
) -> Result<(), ToolError> {
    let line = letter.line(&fate, run.code_page(), transactions, None);
    run.reporter.mail(&line)?;
    inbox.settle(waiting, fate, run.now);
    Ok(())
}

fn copy(spool: &mut SpooledTempFile, output: &mut impl Write) -> std::io::Result<()> {
    spool.seek(SeekFrom::Start(0))?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match spool.read(&mut buffer)? {
            0 => return Ok(()),
            len => output.write_all(&buffer[..len])?,
        }
    }
}
