//! Answers in batches of some requestors each, and one by one where that fails.

use super::reply::{Made, Source, is_full_list, letter};
use super::served::Served;
use super::{ask, ask_all, is_own, stage_config, who};
use crate::codec::srvconf::{RequestorRecord, SrvConf};
use crate::messages::Severity;
use crate::postoffice::log::Log;
use crate::postoffice::mailbag::Outbox;
use crate::postoffice::places::Places;
use crate::postoffice::{Postoffice, PostofficeError};
use crate::protocol::outcome::{Consequence, Line, Remark};
use crate::protocol::server::{
    Answer, Content, Master, Registered, Server, answer, answered, given_up,
};
use crate::tools::cli::clock::Clock;
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::{MailLine, Reporter, post};

/// Requestors that one batch answers.
const GROUP_LEN: usize = 64;

/// Bytes of answers from which a batch takes no more.
const GROUP_BYTES: u64 = 16 << 20;

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

/// Answers, and what they are made from.
pub(super) struct Sending<'a> {
    pub(super) po: &'a Postoffice,
    pub(super) clock: &'a Clock,
    pub(super) server: &'a mut Server,
    pub(super) master: Master,
    pub(super) source: Source<'a>,
    pub(super) places: &'a Places,
    pub(super) dry_run: bool,
}

impl Sending<'_> {
    /// Answers everybody: full lists one by one, updates in groups. A group that fails is tried one by one.
    pub(super) fn all(
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
            let is_own = is_own(self.po, &conf.requestors[*index]);
            let answer = answer(self.server, &entry, self.master, is_own);
            answer.is_some_and(|answer| is_full_list(&answer))
        };
        let updates = due
            .iter()
            .take(GROUP_LEN)
            .take_while(|index| !is_list(index));
        updates.count().max(1)
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
        let server_before = self.server.clone();
        let attempted = self.batch(conf, group, log, reporter);
        if attempted.is_err() {
            *conf = conf_before;
            *log = log_before;
            *self.server = server_before;
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
        let (po, now) = (self.po, self.source.now);
        let code_page = po.code_page();
        let record = conf.requestors[index].clone();
        let mut entry = Registered::from_record(&record);
        let is_server = is_own(po, &record);
        let name = who(&record, self.po.code_page());
        let Some(answer) = answer(self.server, &entry, self.master, is_server) else {
            return Ok(0);
        };
        for remark in &answer.remarks {
            self.remark(remark, &name, log, served);
        }
        if answer.export_all {
            entry.due.export = true;
        }
        let mut server = self.server.clone();
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
        let head = answered(&mut server, &mut entry, &answer, made.through());
        let letter = letter(po.name(), &record, &head, made.payload(), code_page);
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
            ask_all(conf);
        }
        entry.put(&mut conf.requestors[index]);
        server.put(&mut conf.header);
        *self.server = server;
        if answer.export_own {
            let own = conf.requestors.iter_mut();
            own.filter(|record| is_own(po, record)).for_each(ask);
        }
        Ok(len)
    }

    /// Makes the transactions of an answer; `None` where they are above the limit and cannot be sent in parts.
    fn make(
        &mut self,
        record: &RequestorRecord,
        answer: &Answer,
        name: &str,
        log: &mut Log,
        reporter: &mut Reporter,
        served: &mut Served,
    ) -> Result<Option<Made<'_>>, ToolError> {
        match answer.content {
            Content::Master { after } => {
                let made = self.source.updates(record, after)?;
                Ok(Some(Made::Updates(made)))
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
                Ok(list.payload.map(|payload| Made::List(payload, through)))
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
