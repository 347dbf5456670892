//! The agent's postoffice as its mail place: what came in, whom it is from, and whether it may speak
//! (`spec/exchange.md` DX-02).

use std::fs;
use std::io;
use std::path::Path;

use crate::codec::codepage::CodePage;
use crate::codec::timestamp::Timestamp;
use crate::postoffice::layout::File;
use crate::postoffice::mailbag::{self, MAX_MAIL_LEN, MailBytes, Waiting};
use crate::postoffice::{Holder, Postoffice};
use crate::protocol::mail::SignatureCheck;
use crate::protocol::message::Task;
use crate::protocol::outcome::Refusal;
use crate::tools::cli::clock::Clock;
use crate::tools::dxa::agent::Agent;
use crate::tools::dxa::config::{self, Config, Connection, Role};
use crate::tools::dxa::connections::numbers::Numbers;
use crate::tools::dxa::event::{Event, Severity};
use crate::tools::exit::{ExitCode, ToolError};
use crate::tools::post::{Fate, Inbox, Letterbox, Read, key_of};
use crate::tools::srvmain::identify;

use super::copies::{Copies, Way};

/// The open postoffice and its incoming mail.
pub(in crate::tools::dxa) struct MailPlace {
    pub(in crate::tools::dxa) po: Postoffice,
    pub(in crate::tools::dxa) inbox: Inbox,
    pub(in crate::tools::dxa) now: Timestamp,
    copies: Option<Copies>,
    is_touched: bool,
}

/// A message that a connection is to take.
pub(in crate::tools::dxa) struct Arrived {
    pub(in crate::tools::dxa) waiting: Waiting,
    pub(in crate::tools::dxa) letter: Box<Letterbox>,
}

impl MailPlace {
    /// Opens it; a dry run reads beside others.
    pub(in crate::tools::dxa) fn open(
        path: &Path,
        config: &config::Agent,
        clock: &Clock,
        dry_run: bool,
    ) -> Result<Self, ToolError> {
        let po = match dry_run {
            true => Postoffice::open_read(path)?,
            false => {
                let holder = Holder::new("dxa", "$SYSTEM", "Directory agent", clock.local());
                Postoffice::open_write(path, holder)?
            }
        };
        Ok(Self {
            inbox: Inbox::open(&po)?,
            po,
            now: Timestamp::from_jiff(clock.now()).unwrap_or_default(),
            copies: Copies::new(config, clock.now()).filter(|_| !dry_run),
            is_touched: false,
        })
    }

    /// Decides what becomes of a message; `whose` is the connection that it belongs to, as far as one is known.
    pub(in crate::tools::dxa) fn settle(
        &mut self,
        waiting: Waiting,
        fate: Fate,
        whose: Option<&Connection>,
    ) {
        let is_left = matches!(fate, Fate::Left);
        self.is_touched |= !is_left;
        if let Some(copies) = self.copies.as_mut().filter(|_| !is_left) {
            let became = match &fate {
                Fate::Refused(reason) => format!("refused: {reason}"),
                fate => fate.word().to_owned(),
            };
            // What cannot be read now is no loss to anybody: the message itself is dealt with.
            if let Ok(MailBytes::Whole(bytes)) =
                mailbag::read(self.po.layout(), &waiting, MAX_MAIL_LEN)
            {
                copies.add(Way::Received, whose, &bytes, Some(&became));
            }
        }
        self.inbox.settle(waiting, fate, self.now);
    }

    /// Takes away and puts aside what was decided, in one batch.
    pub(in crate::tools::dxa) fn clear(&mut self) -> Result<(), ToolError> {
        if !self.is_touched {
            return Ok(());
        }
        let batch = self.po.batch()?;
        self.inbox.stage(&self.po, &batch, self.now)?;
        batch.commit()?;
        self.is_touched = false;
        if let Some(copies) = &mut self.copies {
            copies.write();
        }
        Ok(())
    }

    /// Keeps copies of messages that were sent.
    pub(in crate::tools::dxa) fn copy_sent(&mut self, connection: &Connection, files: &[File]) {
        let Some(copies) = &mut self.copies else {
            return;
        };
        let layout = self.po.layout();
        for file in files {
            match layout.path(file).map(fs::read) {
                Ok(Ok(bytes)) => copies.add(Way::Sent, Some(connection), &bytes, None),
                Ok(Err(error)) => copies.fail(&error),
                Err(error) => copies.fail(&io::Error::other(error)),
            }
        }
        copies.write();
    }

    /// Says of the copies what there is to say.
    pub(in crate::tools::dxa) fn take_event(&mut self) -> Option<Event> {
        self.copies.as_mut().and_then(Copies::take_event)
    }
}

/// Where a message goes.
enum Sorted<'c> {
    To(&'c Connection),
    Left,
    Refused(Refusal),
    /// Of nobody that is registered.
    Unknown,
}

/// A message with the connection that it is for.
pub(in crate::tools::dxa) type Addressed<'c> = (&'c Connection, Arrived);

impl<'c> Agent<'c> {
    /// Reads all mail; returns what the chosen connections are to take, in the order in which it arrived. Of who is not
    /// registered everything is put aside, and nothing is answered.
    pub(in crate::tools::dxa) fn sort_mail(
        &mut self,
        mail: &mut MailPlace,
        chosen: &[&'c Connection],
    ) -> Result<(Vec<Addressed<'c>>, ExitCode), ToolError> {
        let mut arrived = Vec::new();
        let mut exit = ExitCode::Done;
        for remark in mail.inbox.remarks() {
            self.say(Event::new(Severity::Warn, remark));
        }
        let config = self.config;
        for waiting in mail.inbox.take_mails() {
            self.interrupt.check()?;
            let letter = match mail.inbox.read(&mail.po, &waiting)? {
                Read::Gone => continue,
                Read::Duplicate(letter) => {
                    mail.settle(waiting, Fate::Duplicate, whose(config, &letter));
                    continue;
                }
                Read::Refused {
                    refusal,
                    from,
                    subject,
                    ..
                } => {
                    exit = exit.worst(ExitCode::Partial);
                    let event = Event::new(Severity::Warn, format!("message put aside: {refusal}"));
                    self.say(event.with("from", from).with("subject", subject));
                    mail.settle(waiting, Fate::Refused(refusal.to_string()), None);
                    continue;
                }
                Read::Letter(letter) => letter,
            };
            let sorted = sort(config, &letter, chosen);
            let from = letter.sender(config.agent.code_page);
            match sorted {
                Sorted::To(connection) => arrived.push((connection, Arrived { waiting, letter })),
                Sorted::Left => mail.settle(waiting, Fate::Left, None),
                Sorted::Refused(refusal) => {
                    exit = exit.worst(ExitCode::Partial);
                    let event = Event::new(Severity::Warn, format!("message put aside: {refusal}"));
                    self.say(event.with("from", from));
                    let whose = whose(config, &letter);
                    mail.settle(waiting, Fate::Refused(refusal.to_string()), whose);
                }
                Sorted::Unknown => {
                    exit = exit.worst(ExitCode::Partial);
                    let near = near(config, &letter).join(", ");
                    let event =
                        Event::new(Severity::Warn, "message from unknown requestor put aside");
                    self.say(event.id("DX136").with("from", &from).with("near", near));
                    let refusal = Refusal::NotRegistered(from);
                    mail.settle(waiting, Fate::Refused(format!("DX136 {refusal}")), None);
                }
            }
        }
        Ok((arrived, exit))
    }
}

/// Finds the connection whose other side a message is from.
fn whose<'c>(config: &'c Config, letter: &Letterbox) -> Option<&'c Connection> {
    let page = config.agent.code_page;
    let from = &letter.mail.envelope.from.place;
    let mut connections = config.connections.iter();
    connections.find(|c| c.address.is_same(from, page))
}

fn sort<'c>(config: &'c Config, letter: &Letterbox, chosen: &[&'c Connection]) -> Sorted<'c> {
    let page = config.agent.code_page;
    let envelope = &letter.mail.envelope;
    let sender = letter.sender(page);
    if !envelope.to.place.is_same(&config.agent.address, page) || !envelope.to.is_system() {
        let to = envelope.to.view(page);
        return Sorted::Refused(Refusal::Foreign(format!("from {sender} to {to}")));
    }
    let Some(connection) = whose(config, letter) else {
        return Sorted::Unknown;
    };
    match (connection.role, letter.task()) {
        (Role::Requestor, Some(task)) if task.is_reply() => {}
        (Role::Server, Some(task)) if task.is_request() || task == Task::Status => {}
        (_, Some(_)) => return Sorted::Refused(Refusal::NotForUs(sender)),
        (_, None) => return Sorted::Refused(Refusal::UnknownTask(sender)),
    }
    match may_speak(connection, letter, page) {
        Err(refusal) => Sorted::Refused(refusal),
        Ok(()) if chosen.iter().any(|c| c.name == connection.name) => Sorted::To(connection),
        Ok(()) => Sorted::Left,
    }
}

/// Checks password, signature and version, as the programs of a postoffice do.
fn may_speak(connection: &Connection, letter: &Letterbox, page: CodePage) -> Result<(), Refusal> {
    let sender = letter.sender(page);
    let Ok(numbers) = Numbers::new(connection) else {
        return Err(Refusal::NotRegistered(sender));
    };
    match numbers {
        Numbers::Server(conf) => identify(letter, &conf, page).map(|_| ()),
        Numbers::Requestor(conf) => match key_of(&conf, page) {
            Some(key) if letter.mail.check_signature(&key, page) != SignatureCheck::Valid => {
                Err(Refusal::WrongPassword(sender))
            }
            _ => Ok(()),
        },
    }
}

/// Returns the connections whose address is much like that of a message.
fn near(config: &Config, letter: &Letterbox) -> Vec<String> {
    let page = config.agent.code_page;
    let from = letter.mail.envelope.from.place.view(page);
    let network = |place: &str| place.split('/').next().unwrap_or_default().to_lowercase();
    let postoffice = |place: &str| place.split('/').nth(1).unwrap_or_default().to_lowercase();
    let is_near = |connection: &&Connection| {
        let place = connection.address.view(page);
        let names = [&place[..]];
        let is_like = !crate::tools::dxa::config::near(&from, names.into_iter()).is_empty();
        let is_same_postoffice = postoffice(&place) == postoffice(&from);
        let is_sister = network(&place) == network(&from)
            && !crate::tools::dxa::config::near(
                &postoffice(&from),
                [&postoffice(&place)[..]].into_iter(),
            )
            .is_empty();
        is_like || is_same_postoffice || is_sister
    };
    let connections = config.connections.iter().filter(is_near);
    connections
        .map(|connection| format!("{} ({})", connection.address.view(page), connection.name))
        .collect()
}
