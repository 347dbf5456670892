//! SRVMAIN -T: an answer for every requestor whose request has come (`spec/protocol.md` 4.3 to 4.5).

use super::notes::{self, Note};
use super::reply::{Source, is_full_list, letter};
use super::{Run, place, stage_config, who};
use crate::codec::srvconf::{RequestorFlags, SrvConf};
use crate::messages::{Message, Severity};
use crate::plan::outcome::EntryOutcome;
use crate::postoffice::log::{Log, LogLine};
use crate::postoffice::mailbag::Outbox;
use crate::postoffice::master_list::MasterList;
use crate::postoffice::places::Places;
use crate::postoffice::{Postoffice, PostofficeError};
use crate::protocol::outcome::{Consequence, Line, Remark};
use crate::protocol::server::{
    Answer, Content, Master, Registered, Server, answer, answered, given_up, own_applied,
};
use crate::tools::cli::clock::Clock;
use crate::tools::cli::interrupt::Interrupt;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::{MailLine, Reporter, ServerNumbers, post};
use crate::tools::session::Session;

/// Requestors that one batch answers.
const GROUP_LEN: usize = 64;

/// Bytes of answers from which a batch takes no more.
const GROUP_BYTES: u64 = 16 << 20;

/// Runs SRVMAIN -T.
pub(super) fn run(
    run: &mut Run,
    mut conf: SrvConf,
    interrupt: &Interrupt,
) -> Result<(), ToolError> {
    run.open_master()?;
    let mut server = Server::from_header(&conf.header);
    run.server = Some(ServerNumbers {
        sync_before: server.sync.0,
        sync_after: server.sync.0,
        cycle: server.cycle,
    });
    let code_page = run.code_page();
    let mut due = Vec::new();
    for (index, record) in conf.requestors.iter().enumerate() {
        if !record.state.is_active() {
            continue;
        }
        match Registered::from_record(record).due.reply {
            true => due.push(index),
            false => {
                let name = who(record, code_page);
                run.say_line(Line::status(format!("No Tasks From Requestor: {name}")));
            }
        }
    }
    let mut summary = Vec::new();
    if !due.is_empty() {
        let no_stamp = || ToolError::new(ExitCode::CannotWrite, "SRVCONF.GLB: no STAMP is left");
        server.issue(run.now).ok_or_else(no_stamp)?;
        server.put(&mut conf.header);
        conf.set_requestor_count();
        summary = transmit(run, &mut conf, &server, due, interrupt)?;
    }
    end(run, &conf, &server, summary)
}

/// Answers the requestors that are due; returns a line for each, for the administrator.
fn transmit(
    run: &mut Run,
    conf: &mut SrvConf,
    server: &Server,
    due: Vec<usize>,
    interrupt: &Interrupt,
) -> Result<Vec<String>, ToolError> {
    let Run {
        session,
        reporter,
        dry_run,
        now,
        ..
    } = run;
    let Session {
        po,
        log,
        clock,
        drive,
        ..
    } = session;
    let po = &*po;
    let master_list = super::master(po)?;
    let places = Places::load(po)?;
    let details = reporter.wants_lines();
    let mut sending = Sending {
        po,
        clock,
        server,
        master: ends(po, server, &master_list)?,
        source: Source::new(po, &master_list, server.sync, *now, interrupt, details),
        places: &places,
        dry_run: *dry_run,
    };
    let mut served = Vec::new();
    let outcome = sending.all(conf, due, log, reporter, *drive, &mut served);
    drop(sending);
    let failed = served.iter().filter(|s: &&Served| s.cannot_write).count();
    let count: usize = served.iter().map(|s| s.count).sum();
    let mut summary = Vec::new();
    for one in served {
        summary.extend(one.summary.iter().cloned());
        run.absorb(one)?;
    }
    if failed > 0 && count == 0 {
        run.exit = run.exit.worst(ExitCode::CannotWrite);
    }
    outcome.map(|()| summary)
}

/// What the server has to answer from.
fn ends(po: &Postoffice, server: &Server, list: &MasterList<'_>) -> Result<Master, ToolError> {
    let after_all = crate::codec::sync_number::SrvSync(server.sync.0.saturating_add(1));
    let own = po.requestor_config()?;
    Ok(Master {
        low: list.first().map_or(after_all, |(first, _)| first),
        applied: own_applied(own.srv_sync, po.first_pending()?, server.sync),
    })
}

/// What an attempt to answer some requestors came to.
#[derive(Debug, Default)]
struct Served {
    /// What the logs have already.
    said: Vec<Line>,
    mails: Vec<(MailLine, Vec<EntryOutcome<'static>>)>,
    consequence: Option<Consequence>,
    /// Requestors answered.
    count: usize,
    transactions: u64,
    cannot_write: bool,
    summary: Vec<String>,
}

impl Served {
    fn say(&mut self, line: Line, log: &mut Log, clock: &Clock) {
        log.add(clock.now(), &log_line(&line));
        self.said.push(line);
    }

    fn worsen(&mut self, consequence: Consequence) {
        self.consequence = self.consequence.max(Some(consequence));
    }
}

impl Run {
    /// Takes over what was done: the logs have it, the screen and the report do not.
    fn absorb(&mut self, served: Served) -> Result<(), ToolError> {
        for line in served.said {
            let logged = log_line(&line);
            if line.severity >= Severity::Warning {
                self.told.push(logged.to_string());
            }
            self.notes.push(crate::tools::report::Note {
                number: line.number,
                text: logged.to_string(),
            });
        }
        if let Some(consequence) = served.consequence {
            self.worsen(consequence);
        }
        self.counts.read += served.transactions;
        self.counts.added += served.transactions;
        for (mail, lines) in served.mails {
            self.reporter.mail(&mail)?;
            for line in lines {
                self.reporter.entry(line)?;
            }
        }
        Ok(())
    }
}

fn log_line(line: &Line) -> LogLine {
    match line.number {
        Some(number) => {
            LogLine::from(Message::new(number, line.text.clone()).with_severity(line.severity))
        }
        None => LogLine::text(line.severity, line.text.clone()),
    }
}

/// Why an attempt stopped.
enum Stop {
    /// The batch could not be written; nothing of it happened.
    Batch(PostofficeError),
    /// The run ends.
    Run(ToolError),
}

impl From<PostofficeError> for Stop {
    fn from(error: PostofficeError) -> Self {
        match error {
            // Decided: the next run completes it, and nothing may be tried again.
            PostofficeError::Incomplete { .. } => Self::Run(error.into()),
            error => Self::Batch(error),
        }
    }
}

struct Sending<'a> {
    po: &'a Postoffice,
    clock: &'a Clock,
    server: &'a Server,
    master: Master,
    source: Source<'a>,
    places: &'a Places,
    dry_run: bool,
}

impl Sending<'_> {
    /// Answers everybody: full lists one by one, updates in groups. A group that fails is tried one by one.
    fn all(
        &mut self,
        conf: &mut SrvConf,
        due: Vec<usize>,
        log: &mut Log,
        reporter: &mut Reporter,
        drive: char,
        served: &mut Vec<Served>,
    ) -> Result<(), ToolError> {
        let mut left = due.as_slice();
        while !left.is_empty() {
            let len = self.group_len(conf, left);
            let (group, rest) = left.split_at(len);
            left = rest;
            match self.attempt(conf, group, log, reporter) {
                Ok(done) => served.push(done),
                Err(Stop::Run(error)) => return Err(error),
                Err(Stop::Batch(error)) if len == 1 => {
                    served.push(self.failed(conf, group[0], &error, log, drive));
                }
                Err(Stop::Batch(_)) => {
                    for &index in group {
                        match self.attempt(conf, &[index], log, reporter) {
                            Ok(done) => served.push(done),
                            Err(Stop::Run(error)) => return Err(error),
                            Err(Stop::Batch(error)) => {
                                served.push(self.failed(conf, index, &error, log, drive));
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns how many of the next requestors one batch answers.
    fn group_len(&self, conf: &SrvConf, due: &[usize]) -> usize {
        let is_list = |index: &usize| {
            let entry = Registered::from_record(&conf.requestors[*index]);
            let is_own = self.is_own(conf, *index);
            let answer = answer(self.server, &entry, self.master, is_own);
            answer.is_some_and(|answer| is_full_list(&answer))
        };
        let updates = due
            .iter()
            .take(GROUP_LEN)
            .take_while(|index| !is_list(index));
        updates.count().max(1)
    }

    fn is_own(&self, conf: &SrvConf, index: usize) -> bool {
        place(&conf.requestors[index]).is_same(self.po.name(), self.po.code_page())
    }

    /// Answers some requestors in one batch. Where it fails, configuration and log are as before.
    fn attempt(
        &mut self,
        conf: &mut SrvConf,
        group: &[usize],
        log: &mut Log,
        reporter: &mut Reporter,
    ) -> Result<Served, Stop> {
        let (conf_before, log_before) = (conf.clone(), log.clone());
        let attempted = self.batch(conf, group, log, reporter);
        if attempted.is_err() {
            *conf = conf_before;
            *log = log_before;
        }
        attempted
    }

    fn batch(
        &mut self,
        conf: &mut SrvConf,
        group: &[usize],
        log: &mut Log,
        reporter: &mut Reporter,
    ) -> Result<Served, Stop> {
        let mut served = Served::default();
        if self.dry_run {
            for &index in group {
                self.requestor(conf, index, None, log, reporter, &mut served)?;
            }
            return Ok(served);
        }
        let po = self.po;
        let batch = po.batch()?;
        let outbox = Outbox::open(po.layout(), &batch, self.source.now)?;
        let mut bytes = 0;
        for &index in group {
            bytes += self.requestor(conf, index, Some(&outbox), log, reporter, &mut served)?;
            if bytes > GROUP_BYTES && group.len() > 1 {
                // Too much for one batch: each then gets its own.
                let path = po.layout().root().to_owned();
                let source = std::io::Error::other("too much for one batch");
                return Err(Stop::Batch(PostofficeError::Write { path, source }));
            }
        }
        stage_config(&batch, conf)?;
        log.stage(&batch)?;
        batch.commit()?;
        Ok(served)
    }

    /// Answers one requestor; returns the bytes of its answer. What cannot be made for it concerns nobody else: its
    /// state stays, and the batch goes on.
    fn requestor(
        &mut self,
        conf: &mut SrvConf,
        index: usize,
        outbox: Option<&Outbox<'_, '_>>,
        log: &mut Log,
        reporter: &mut Reporter,
        served: &mut Served,
    ) -> Result<u64, Stop> {
        self.source.interrupt.check().map_err(Stop::Run)?;
        let (po, server, now) = (self.po, self.server, self.source.now);
        let code_page = po.code_page();
        let record = conf.requestors[index].clone();
        let mut entry = Registered::from_record(&record);
        let is_own = self.is_own(conf, index);
        let name = who(&record, self.po.code_page());
        let Some(answer) = answer(self.server, &entry, self.master, is_own) else {
            return Ok(0);
        };
        for remark in &answer.remarks {
            self.remark(remark, &name, log, served);
        }
        if answer.export_all {
            entry.due.export = true;
        }
        let made = match self.make(&record, &answer, &name, log, reporter, served) {
            Ok(made) => made,
            Err(error) if error.exit == ExitCode::Busy => return Err(Stop::Run(error)),
            Err(error) => {
                let text = format!("{name}: {error}");
                served.say(Line::error(text), log, self.clock);
                self.say_failed(&name, log, served);
                return Ok(0);
            }
        };
        let Some(mut made) = made else {
            self.remark(&Remark::ImportLimit, &name, log, served);
            given_up(&mut entry);
            entry.put(&mut conf.requestors[index]);
            served
                .summary
                .push(format!("{name}: manual import required"));
            return Ok(0);
        };
        let head = answered(server, &mut entry, &answer, made.through());
        let letter = letter(po, &record, &head, made.payload());
        let mut line = MailLine {
            mail: "sent",
            from: letter.from.view(code_page),
            to: letter.to.view(code_page),
            subject: letter.subject.clone(),
            ..MailLine::default()
        };
        served.summary.push(format!("{name}: {}", letter.subject));
        if let Some(outbox) = outbox {
            let id = post(po.layout(), outbox, now, code_page, letter)?;
            line.id = Some(id.as_str().to_owned());
        }
        let (count, len) = (made.payload().count(), made.payload().len());
        line.transactions = Some(count.into());
        let lines = made.lines();
        served.mails.push((line, lines));
        served.transactions += u64::from(count);
        served.count += 1;
        if answer.export_all {
            for record in &mut conf.requestors {
                record.flags = record.flags.with(RequestorFlags::EXPORT_DUE, true);
            }
        }
        entry.put(&mut conf.requestors[index]);
        Ok(len)
    }

    /// Makes the transactions of an answer; `None` where they are above the limit and cannot be sent in parts.
    fn make(
        &mut self,
        record: &crate::codec::srvconf::RequestorRecord,
        answer: &Answer,
        name: &str,
        log: &mut Log,
        reporter: &mut Reporter,
        served: &mut Served,
    ) -> Result<Option<super::reply::Made<'_>>, ToolError> {
        match answer.content {
            Content::Master { after } => {
                let made = self.source.updates(record, after)?;
                Ok(Some(super::reply::Made::Updates(made)))
            }
            Content::FullList { applied } => {
                let list = self
                    .source
                    .full_list(self.places, record, applied, reporter)?;
                for message in list.messages {
                    let text = format!("{} ({name})", message.argument);
                    let line = Line {
                        severity: message.severity,
                        number: Some(message.number),
                        text,
                    };
                    served.say(line, log, self.clock);
                }
                if list.is_partial {
                    served.worsen(Consequence::Partial);
                }
                let through = self.server.sync;
                Ok(list
                    .payload
                    .map(|payload| super::reply::Made::List(payload, through)))
            }
        }
    }

    fn remark(&self, remark: &Remark, name: &str, log: &mut Log, served: &mut Served) {
        served.worsen(remark.consequence());
        for line in remark.lines(name) {
            served.say(line, log, self.clock);
        }
    }

    /// Says that a requestor gets nothing (159); its record stays, so that the next run tries again.
    fn say_failed(&self, name: &str, log: &mut Log, served: &mut Served) {
        served.worsen(Consequence::Partial);
        let failed = Line {
            severity: Severity::Fatal,
            number: Some(159),
            text: name.to_owned(),
        };
        served.say(failed, log, self.clock);
        served.summary.push(format!("{name}: not sent"));
        let line = MailLine {
            mail: "failed",
            to: name.to_owned(),
            message: Some(159),
            ..MailLine::default()
        };
        served.mails.push((line, Vec::new()));
    }

    fn failed(
        &self,
        conf: &SrvConf,
        index: usize,
        error: &PostofficeError,
        log: &mut Log,
        drive: char,
    ) -> Served {
        let mut served = Served {
            cannot_write: error.exit_code() == ExitCode::CannotWrite.number(),
            ..Served::default()
        };
        let name = who(&conf.requestors[index], self.po.code_page());
        let cause = match error.message(drive) {
            Some(message) => Line {
                severity: message.severity,
                number: Some(message.number),
                text: message.argument,
            },
            None => Line::error(error.to_string()),
        };
        served.say(cause, log, self.clock);
        self.say_failed(&name, log, &mut served);
        served
    }
}

/// Ends the run: the summary report to the administrator (6.4), and what the log still has.
fn end(
    run: &mut Run,
    conf: &SrvConf,
    server: &Server,
    summary: Vec<String>,
) -> Result<(), ToolError> {
    run.reporter.flush()?;
    if run.dry_run {
        return Ok(());
    }
    let told = std::mem::take(&mut run.told);
    let note = (!summary.is_empty()).then(|| {
        let mut lines = vec![format!(
            "Cycle {}, highest SrvSync {}.",
            server.cycle, server.sync
        )];
        lines.extend(summary);
        lines.extend(told);
        Note {
            subject: format!("Directory server report, cycle {}", server.cycle),
            text: lines.join("\r\n") + "\r\n",
        }
    });
    let before = run.session.log.clone();
    match last_batch(run, conf, note.as_ref()) {
        Ok(line) => line.map_or(Ok(()), |line| run.reporter.mail(&line)),
        Err(_) => {
            // Nobody is told by mail, but the log has to say it.
            run.session.log = before;
            let Session { po, log, .. } = &mut run.session;
            Ok(log.append_now(po.layout())?)
        }
    }
}

fn last_batch(
    run: &mut Run,
    conf: &SrvConf,
    note: Option<&Note>,
) -> Result<Option<MailLine>, PostofficeError> {
    let po = &run.session.po;
    let batch = po.batch()?;
    let mut line = None;
    if let Some(note) = note {
        let outbox = Outbox::open(po.layout(), &batch, run.now)?;
        line = Some(notes::send(po, &outbox, conf, note, run.now)?);
    }
    run.session.log.stage(&batch)?;
    batch.commit()?;
    Ok(line)
}
