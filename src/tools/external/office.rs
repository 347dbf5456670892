//! One postoffice in a pass, under its lock: decide for each message, carry, then change the postoffice in one batch.
//!
//! A message is durable where it goes before it leaves here, so that a run that is killed between the two loses nothing.

use std::collections::BTreeMap;
use std::fs::File as SystemFile;
use std::io::{self, Seek, SeekFrom};
use std::path::PathBuf;
use std::rc::Rc;

use super::bounce;
use super::item::{Failure, Item, Outcome, Row};
use super::pass::{Pass, Routes, base_name};
use super::plan::{Job, Plan};
use super::site::Site;
use super::transport::Outgoing;
use crate::codec::timestamp::Timestamp;
use crate::postoffice::mailbag::{self, Delivery, Outbox};
use crate::postoffice::transfer_log::{session_line, transfer_line};
use crate::postoffice::{Batch, Dir, File, Postoffice, PostofficeError, layout, log};
use crate::protocol::mail::{Label, MailAddress, hop_line, readdress};
use crate::tools::exit::{ExitCode, ToolError};

/// A postoffice that is being served.
pub(super) struct Office<'p, 'o> {
    pub(super) pass: &'p mut Pass<'o>,
    pub(super) site: Rc<Site>,
    pub(super) routes: Rc<Routes>,
    po: Postoffice,
}

impl<'p, 'o> Office<'p, 'o> {
    pub(super) fn new(
        pass: &'p mut Pass<'o>,
        site: Rc<Site>,
        po: Postoffice,
        routes: Rc<Routes>,
    ) -> Self {
        Self {
            pass,
            site,
            po,
            routes,
        }
    }

    /// Serves the messages.
    pub(super) fn serve(&mut self, items: Vec<Item>) -> Result<(), ToolError> {
        mailbag::check_outgoing(&self.site.layout)?;
        let now = self.now()?;
        let mut jobs = Vec::new();
        for item in items {
            let is_incoming = item.is_incoming();
            let job = self.plan(item);
            // What came in and cannot be sent on stays for the programs that take incoming mail.
            let goes = matches!(
                job.plan,
                Plan::Local(_) | Plan::Carry { .. } | Plan::Mail(_)
            );
            if goes || !is_incoming {
                jobs.push(job);
            }
        }
        if !self.pass.options.dry_run {
            self.carry(&mut jobs);
            self.mail(&mut jobs);
        }
        let mut rows: Vec<_> = jobs.iter().map(|job| self.row(job)).collect();
        let changed = match self.pass.options.dry_run {
            true => Ok(()),
            false => self.change(&jobs, &rows, now),
        };
        if let Err(error) = &changed {
            // After the commit point everything is decided; the next run puts it in place.
            if !matches!(error, PostofficeError::Incomplete { .. }) {
                for (job, row) in jobs.iter().zip(&mut rows) {
                    stay(job, row, error);
                }
            }
        }
        rows.iter().try_for_each(|row| self.pass.take(row))?;
        changed.map_err(ToolError::from)
    }

    /// Delivers to other postoffices, all messages for one of them together.
    fn carry(&mut self, jobs: &mut [Job]) {
        let mut groups: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
        for (number, job) in jobs.iter().enumerate() {
            if let Plan::Carry { site, .. } = &job.plan {
                let root = site.layout.root().to_owned();
                groups.entry(root).or_default().push(number);
            }
        }
        for numbers in groups.into_values() {
            let Plan::Carry { site, .. } = &jobs[numbers[0]].plan else {
                continue;
            };
            self.carry_to(&Rc::clone(site), jobs, &numbers);
        }
    }

    fn carry_to(&mut self, target: &Site, jobs: &mut [Job], numbers: &[usize]) {
        self.pass
            .session
            .say(&format!("Delivering new mail to {}.", target.shown()));
        let mut delivery = Delivery::new(&target.layout, &self.site.key.to_string());
        let mut going = Vec::new();
        for &number in numbers {
            if let Err(stop) = self.pass.interrupted() {
                jobs[number].plan = Plan::Hold(stop.to_string());
                continue;
            }
            match self.add(&mut delivery, &jobs[number]) {
                Ok(name) => going.push((number, name)),
                Err(error) => jobs[number].fail(Failure::later(error.to_string())),
            }
        }
        match delivery.commit() {
            Ok(()) => {
                for (number, name) in &going {
                    self.say_sent(&jobs[*number], target, name);
                }
                let going: Vec<_> = going.iter().map(|(number, _)| &jobs[*number]).collect();
                self.log_received(target, &going);
            }
            Err(error) => {
                for (number, _) in going {
                    jobs[number].fail(Failure::later(error.to_string()));
                }
            }
        }
    }

    /// Adds a message to a delivery; where another one has its name, under a longer one.
    fn add(&self, delivery: &mut Delivery<'_>, job: &Job) -> Result<String, PostofficeError> {
        let Plan::Carry { maildir, .. } = &job.plan else {
            return Ok(String::new());
        };
        let above = self.above(job);
        let base = base_name(job.item.waiting.file.name());
        let mut names = vec![base.clone()];
        if let Ok(label) = &job.item.label {
            names.push(format!("{base}.{}", label.message_id.short()));
        }
        let mut result = Ok(String::new());
        for name in names {
            result = match self.open(&job.item)? {
                Some(input) => delivery.add(*maildir, &name, &above, input).map(|_| name),
                None => return Err(self.missing(&job.item)),
            };
            match &result {
                Err(PostofficeError::Write { source, .. })
                    if source.kind() == io::ErrorKind::AlreadyExists => {}
                _ => break,
            }
        }
        result
    }

    /// Hands messages to the mail system.
    fn mail(&mut self, jobs: &mut [Job]) {
        for job in jobs {
            let Plan::Mail(to) = &job.plan else { continue };
            let to = to.clone();
            if let Err(stop) = self.pass.interrupted() {
                job.plan = Plan::Hold(stop.to_string());
                continue;
            }
            if let Err(failure) = self.send(job, &to) {
                job.fail(failure);
            }
        }
    }

    fn send(&mut self, job: &Job, to: &MailAddress) -> Result<(), Failure> {
        let Ok(Label {
            from,
            to: Some(party),
            ..
        }) = &job.item.label
        else {
            return Err(Failure::forever("it says not whom it is for"));
        };
        let from = from.clone().unwrap_or_else(|| self.site.system());
        let address = self.pass.address_of(&self.site.key.clone());
        let later = |e: &dyn std::fmt::Display| Failure::later(e.to_string());
        let mut file = self
            .open(&job.item)
            .map_err(|e| later(&e))?
            .ok_or_else(|| Failure::later(self.missing(&job.item).to_string()))?;
        let head = mailbag::read_head(&mut file, Label::MAX_HEAD_LEN).map_err(|e| later(&e))?;
        let page = self.site.code_page;
        let (fields, end) = readdress(&head, (&from, &address), (party, to), page)
            .map_err(|e| Failure::forever(e.to_string()))?;
        let head = [self.above(job).as_bytes(), &fields].concat();
        file.seek(SeekFrom::Start(end as u64))
            .map_err(|e| later(&e))?;
        let Some(transport) = &mut self.pass.transport else {
            return Err(Failure::later("no mail system was given"));
        };
        let sent = transport.send(Outgoing {
            from: &address,
            to,
            head: &head,
            body: &mut file,
        });
        sent.map_err(|refused| Failure {
            is_final: refused.is_final,
            ..Failure::later(refused.reason)
        })
    }

    /// Returns the header lines that a message gets on its way.
    fn above(&self, job: &Job) -> String {
        match job.is_relayed {
            true => hop_line(&self.site.name, self.site.code_page),
            false => String::new(),
        }
    }

    fn open(&self, item: &Item) -> Result<Option<SystemFile>, PostofficeError> {
        self.site.layout.open_file(&item.waiting.file)
    }

    fn missing(&self, item: &Item) -> PostofficeError {
        match self.site.layout.path(&item.waiting.file) {
            Ok(path) => PostofficeError::Missing { path },
            Err(error) => error,
        }
    }

    /// Changes this postoffice: what went leaves, what failed is counted, returned or put aside, and the logs say so.
    fn change(&self, jobs: &[Job], rows: &[Row], now: Timestamp) -> Result<(), PostofficeError> {
        let batch = self.po.batch()?;
        let outbox = Outbox::open(&self.site.layout, &batch, now)?;
        for (job, row) in jobs.iter().zip(rows) {
            self.change_one(&batch, &outbox, job, row, now)?;
        }
        self.log(&batch, jobs, rows)?;
        batch.commit()?;
        Ok(())
    }

    fn change_one(
        &self,
        batch: &Batch<'_>,
        outbox: &Outbox<'_, '_>,
        job: &Job,
        row: &Row,
        now: Timestamp,
    ) -> Result<(), PostofficeError> {
        let layout = &self.site.layout;
        let waiting = &job.item.waiting;
        match (&job.plan, row.outcome) {
            (Plan::Local(maildir), _) => {
                mailbag::make(batch, *maildir);
                batch.move_file(&waiting.file, &self.local_name(*maildir, job)?);
                Ok(())
            }
            (Plan::Carry { .. } | Plan::Mail(_), _) => mailbag::take(batch, waiting),
            (Plan::Hold(_), _) => Ok(()),
            (Plan::Fail(failure), Outcome::Returned) => {
                if let Ok(label) = &job.item.label {
                    if let Some(sender) = &label.from {
                        bounce::post(outbox, &self.site, &job.item, label, sender, failure, now)?;
                    }
                }
                mailbag::take(batch, waiting)
            }
            (Plan::Fail(_), Outcome::Waiting) => {
                let name = job.item.tries().next_name();
                batch.move_file(&waiting.file, &File::named(waiting.file.dir(), &name)?);
                Ok(())
            }
            (Plan::Fail(_) | Plan::Refuse(_), _) => {
                mailbag::quarantine(layout, batch, waiting, &row.reason)
            }
        }
    }

    /// Returns the name a message gets in a Maildir of its own postoffice.
    fn local_name(&self, maildir: Dir, job: &Job) -> Result<File, PostofficeError> {
        let [_, new, _] = maildir
            .maildir()
            .expect("only directories that hold a Maildir");
        let base = base_name(job.item.waiting.file.name());
        let file = File::named(new, &base)?;
        match (self.site.layout.exists(&file)?, &job.item.label) {
            (true, Ok(label)) => File::named(new, &format!("{base}.{}", label.message_id.short()))
                .map_err(PostofficeError::from),
            _ => Ok(file),
        }
    }

    /// Puts the lines of SENT.LOG, RECV.LOG and SYSTEM.LOG into the batch.
    fn log(&self, batch: &Batch<'_>, jobs: &[Job], rows: &[Row]) -> Result<(), PostofficeError> {
        let (now, zone) = (self.pass.clock.now(), self.pass.clock.zone());
        for (job, row) in jobs.iter().zip(rows) {
            let put = |file: &File, line: String| {
                batch.create_dir(Dir::Log);
                batch.append(file, line.as_bytes())
            };
            match row.outcome {
                Outcome::Delivered | Outcome::Relayed | Outcome::Mailed => {
                    let line = || transfer_line(now, zone, row.size, &row.from, &row.to);
                    if self.pass.options.sent_log {
                        put(&layout::SENT_LOG, line())?;
                    }
                    if self.pass.options.received_log && matches!(job.plan, Plan::Local(_)) {
                        put(&layout::RECV_LOG, line())?;
                    }
                }
                Outcome::Waiting if matches!(job.plan, Plan::Hold(_)) => {}
                Outcome::Waiting | Outcome::Returned | Outcome::Quarantined => {
                    let text = format!(
                        "{} -> {}: {}: {}",
                        row.from,
                        row.to,
                        row.reason,
                        row.outcome.word()
                    );
                    put(&layout::SYSTEM_LOG, session_line(now, zone, None, &text))?;
                }
            }
        }
        Ok(())
    }

    /// Logs at the other postoffice what it received. That it cannot be logged does not undo the delivery.
    fn log_received(&mut self, target: &Site, jobs: &[&Job]) {
        if !self.pass.options.received_log || jobs.is_empty() {
            return;
        }
        let (now, zone) = (self.pass.clock.now(), self.pass.clock.zone());
        let page = self.site.code_page;
        let line = |job: &&Job| {
            let (from, to) = (job.item.from(page), job.item.to(page));
            transfer_line(now, zone, job.item.waiting.len, &from, &to)
        };
        let lines: String = jobs.iter().map(line).collect();
        if let Err(error) = log::append_now(&target.layout, &layout::RECV_LOG, lines.as_bytes()) {
            self.pass.record.note(error.to_string());
        }
    }

    fn say_sent(&mut self, job: &Job, target: &Site, name: &str) {
        let Plan::Carry { maildir, .. } = &job.plan else {
            return;
        };
        self.pass.sent_count += 1;
        let source = self.site.file_name(&job.item.waiting.file.to_string());
        let target_file = target.file_name(&format!("{maildir}/new/{name}"));
        for text in [
            format!("Sending mail ({})", self.pass.sent_count),
            format!("From: {}", self.site.shown()),
            format!("To: {}", target.shown()),
            format!("Transferring mail: mail file is: {source}."),
            format!("Target file: {target_file}"),
        ] {
            self.pass.session.say(&text);
        }
    }

    fn now(&self) -> Result<Timestamp, ToolError> {
        let now = self.pass.clock.now();
        Timestamp::from_jiff(now).ok_or_else(|| {
            let what = format!("{now}: a date between 1970 and 2106 is needed");
            ToolError::new(ExitCode::Usage, what)
        })
    }
}

/// Says of a message that nothing could be changed here, though it may have gone.
fn stay(job: &Job, row: &mut Row, error: &PostofficeError) {
    row.reason = match job.plan {
        Plan::Carry { .. } | Plan::Mail(_) => format!("it stays here as well: {error}"),
        _ => error.to_string(),
    };
    if !matches!(job.plan, Plan::Carry { .. } | Plan::Mail(_)) {
        row.outcome = Outcome::Waiting;
    }
}
