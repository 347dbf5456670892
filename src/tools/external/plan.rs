//! Deciding where each message of a postoffice goes, and what a message that does not go ends as.

use std::rc::Rc;

use super::item::{Failure, Item, Outcome, Row};
use super::office::Office;
use super::site::Site;
use crate::postoffice::Dir;
use crate::protocol::delivery::{Decision, Known, PlaceKey, Stuck, Way, decide};
use crate::protocol::mail::{MailAddress, MailKind, Party};

/// Where a message goes, with everything that takes it there.
pub(super) enum Plan {
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
pub(super) struct Job {
    pub(super) item: Item,
    pub(super) plan: Plan,
    /// As the report shows it.
    pub(super) route: String,
    /// Another postoffice sends it on.
    pub(super) is_relayed: bool,
}

impl Job {
    /// Says that it did not go. What came in from elsewhere then stays as it is, for the programs that take incoming mail.
    pub(super) fn fail(&mut self, failure: Failure) {
        self.plan = match self.item.is_incoming() {
            true => Plan::Hold(failure.reason),
            false => Plan::Fail(failure),
        };
    }
}

impl Office<'_, '_> {
    /// Decides where a message goes.
    pub(super) fn plan(&mut self, item: Item) -> Job {
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

    /// Returns what became of a message, or what would.
    pub(super) fn row(&self, job: &Job) -> Row {
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
