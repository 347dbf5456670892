//! SRVMAIN -R: status reports into CENTRAL.LOG, requests into MSTTRANS (`spec/protocol.md` 4.1 and 4.2).

use super::notes::{self, Note};
use super::{Run, ask_all, place, request, stage_config};
use crate::codec::srvconf::SrvConf;
use crate::codec::sync_number::SrvSync;
use crate::messages::{Message, Severity};
use crate::postoffice::log::LogLine;
use crate::postoffice::mailbag::{Outbox, Waiting};
use crate::postoffice::master_list::{MasterAppend, MasterList, Purge};
use crate::postoffice::{PostofficeError, layout};
use crate::protocol::message::Task;
use crate::protocol::outcome::{Consequence, Line, Refusal, Remark};
use crate::protocol::server::{Server, begin_receive, cutoff};
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::ToolError;
use crate::tools::post::{Fate, Inbox, Letterbox, MailLine, Read, ServerNumbers, Spool};
use crate::tools::report;

/// Runs SRVMAIN -R.
pub(super) fn run(
    run: &mut Run,
    mut conf: SrvConf,
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
        if remark.exports_all() {
            ask_all(&mut conf);
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
        added: MasterAppend::new(Spool::new()),
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
pub(super) struct Receiving {
    pub(super) server: Server,
    /// Highest number before this run.
    pub(super) sync: SrvSync,
    pub(super) conf: SrvConf,
    pub(super) own_lists_only: bool,
    pub(super) added: MasterAppend<Spool>,
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
            spool
                .copy_to(&mut staged)
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
        run.notes.extend(warnings.map(|warning| report::Note {
            number: None,
            text: warning.to_string(),
        }));
        Ok(lines)
    }
}

/// Why a message was not taken.
pub(super) enum Stop {
    /// It is refused, and the run goes on.
    Refused(Refusal),
    /// The run cannot go on.
    Failed(ToolError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<ToolError> for Stop {
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
