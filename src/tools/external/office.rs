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
use super::site::Site;
use super::transport::Outgoing;
use crate::codec::timestamp::Timestamp;
use crate::postoffice::mailbag::{self, Delivery, Outbox};
use crate::postoffice::transfer_log::{session_line, transfer_line};
use crate::postoffice::{Batch, Dir, File, Postoffice, PostofficeError, layout, log};
use crate::protocol::delivery::{Decision, Known, PlaceKey, Stuck, Way, decide};
use crate::protocol::mail::{Label, MailAddress, MailKind, Party, hop_line, readdress};
use crate::tools::exit::{ExitCode, ToolError};

/// Where a message goes, with everything that takes it there.
enum Plan {
    /// Into a Maildir of this postoffice.
    Local(Dir),
    /// Into a Maildir of another one.
    Carry { site: Rc<Site>, maildir: Dir },
    /// To a mail system.
    Mail(MailAddress),
    /// Not now, and it is not the fault of the message.
    Hold(String),
    /// Nowhere.
    Fail(Failure),
    /// It cannot be understood.
    Refuse(String),
}

/// A message with what is decided about it.
struct Job {
    item: Item,
    plan: Plan,
    /// As the report shows it.
    route: String,
    /// Another postoffice sends it on.
    is_relayed: bool,
}

impl Job {
    fn fail(&mut self, failure: Failure) {
        self.plan = Plan::Fail(failure);
    }
}

/// A postoffice that is being served.
pub(super) struct Office<'p, 'o> {
    pass: &'p mut Pass<'o>,
    site: Rc<Site>,
    po: Postoffice,
    routes: Rc<Routes>,
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
        let rows: Vec<_> = jobs.iter().map(|job| self.row(job)).collect();
        if !self.pass.options.dry_run {
            self.change(&jobs, &rows)?;
        }
        rows.iter().try_for_each(|row| self.pass.take(row))
    }

    fn plan(&mut self, item: Item) -> Job {
        let mut job = Job {
            item,
            plan: Plan::Refuse(String::new()),
            route: String::new(),
            is_relayed: false,
        };
        let label = match &job.item.label {
            Ok(label) => label.clone(),
            Err(fault) => {
                job.plan = Plan::Refuse(format!("[{}] {fault}", fault.number()));
                return job;
            }
        };
        let Some(to) = &label.to else {
            job.plan = Plan::Refuse("[115] no DirSync-To header says whom it is for".to_owned());
            return job;
        };
        let page = self.site.code_page;
        let key = PlaceKey::new(&to.place, page);
        let hops: Vec<_> = label
            .hops
            .iter()
            .map(|hop| PlaceKey::new(hop, page))
            .collect();
        let known = |place: &PlaceKey| Known {
            is_given: self.pass.sites.find(place).is_some(),
            route: self.routes.get(place).cloned(),
        };
        match decide(&self.site.key, &key, &hops, known) {
            Decision::Here => {
                job.route = "here".to_owned();
                let site = Rc::clone(&self.site);
                job.plan = match maildir_of(&site, to) {
                    Ok(maildir) => Plan::Local(maildir),
                    Err(failure) => Plan::Fail(failure),
                };
            }
            Decision::Deliver(way) => {
                job.route = shown(&way);
                job.plan = self.follow(way, &key, |site| maildir_of(site, to));
            }
            Decision::Relay { hub, way } => {
                job.route = format!("indirect:{hub}");
                job.is_relayed = true;
                job.plan = self.follow(way, &hub, |_| Ok(Dir::P1));
            }
            Decision::Stuck(stuck) => {
                job.plan = Plan::Fail(match &stuck {
                    Stuck::Unknown(place) if *place == key => Failure::unknown(stuck.to_string()),
                    Stuck::Circle(_) | Stuck::TooFar(_) => Failure::forever(stuck.to_string()),
                    Stuck::Unknown(_) | Stuck::NoRoute(_) => Failure::later(stuck.to_string()),
                });
            }
        }
        job
    }

    fn follow(
        &mut self,
        way: Way,
        key: &PlaceKey,
        maildir: impl FnOnce(&Site) -> Result<Dir, Failure>,
    ) -> Plan {
        let site = match way {
            Way::Given => self
                .pass
                .sites
                .find(key)
                .map(Rc::clone)
                .ok_or_else(|| format!("{key} is not here")),
            Way::Path(route) => self.pass.sites.follow(&route, key),
            Way::Mail(address) => {
                return match MailAddress::parse(&address) {
                    Err(e) => Plan::Fail(Failure::later(format!("route to {key}: {e}"))),
                    Ok(_) if self.pass.transport.is_none() => {
                        Plan::Hold("no mail system was given, by --smtp or --sendmail".to_owned())
                    }
                    Ok(address) => Plan::Mail(address),
                };
            }
        };
        let site = match site {
            Ok(site) => site,
            Err(reason) => return Plan::Fail(Failure::later(reason)),
        };
        match maildir(&site) {
            Ok(maildir) => Plan::Carry { site, maildir },
            Err(failure) => Plan::Fail(failure),
        }
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
    fn change(&self, jobs: &[Job], rows: &[Row]) -> Result<(), ToolError> {
        let batch = self.po.batch()?;
        let now = self.now()?;
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

    fn row(&self, job: &Job) -> Row {
        let page = self.site.code_page;
        let label = job.item.label.as_ref().ok();
        let tries = job.item.tries().failed;
        let (outcome, reason, failed) = match &job.plan {
            Plan::Mail(_) | Plan::Carry { .. } if job.is_relayed => {
                (Outcome::Relayed, String::new(), 0)
            }
            Plan::Local(_) | Plan::Carry { .. } => (Outcome::Delivered, String::new(), 0),
            Plan::Mail(_) => (Outcome::Mailed, String::new(), 0),
            Plan::Hold(reason) => (Outcome::Waiting, reason.clone(), 0),
            Plan::Refuse(reason) => (Outcome::Quarantined, reason.clone(), 0),
            Plan::Fail(failure) => {
                let goes_back = failure.is_final || tries + 1 >= self.pass.options.retries;
                let outcome = match label {
                    _ if !goes_back => Outcome::Waiting,
                    // A report is never reported on, or two postoffices could do so forever.
                    Some(label) if label.kind != MailKind::NonDelivery && label.from.is_some() => {
                        Outcome::Returned
                    }
                    _ => Outcome::Quarantined,
                };
                (outcome, failure.reason.clone(), 1)
            }
        };
        Row {
            postoffice: self.site.shown(),
            file: job.item.waiting.file.to_string(),
            id: label.map(|label| label.message_id.to_string()),
            from: job.item.from(page),
            to: job.item.to(page),
            subject: label.map(|label| label.subject.clone()).unwrap_or_default(),
            size: job.item.waiting.len,
            route: job.route.clone(),
            outcome,
            reason,
            tries: tries.saturating_add(failed),
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

/// Returns the Maildir of an addressee; a postoffice knows its own mailboxes.
fn maildir_of(site: &Site, to: &Party) -> Result<Dir, Failure> {
    if to.is_system() {
        return Ok(Dir::System);
    }
    match site.user_mailbag(&to.mailbox) {
        Ok(Some(id)) => Ok(Dir::UserMail(id)),
        Ok(None) => {
            let mailbox = site.code_page.decode(&to.mailbox);
            Err(Failure::unknown(format!(
                "{} has no mailbox {mailbox}",
                site.shown()
            )))
        }
        Err(error) => Err(Failure::later(error.to_string())),
    }
}

/// Returns a way as the report shows it.
fn shown(way: &Way) -> String {
    match way {
        Way::Given => "given".to_owned(),
        Way::Path(path) => format!("direct:{path}"),
        Way::Mail(address) => format!("mail:{address}"),
    }
}
