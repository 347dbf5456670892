//! The incoming mail of a pass: read one by one, and what becomes of each.

use std::io::Cursor;

use super::MailLine;
use crate::codec::Fingerprint;
use crate::codec::codepage::CodePage;
use crate::codec::timestamp::Timestamp;
use crate::postoffice::mailbag::{self, MAX_MAIL_LEN, MailBytes, Mailbag, Seen, Waiting};
use crate::postoffice::{Batch, Postoffice, PostofficeError};
use crate::protocol::mail::{FaultKind, Label, Mail, MailFault, Reader};
use crate::protocol::message::{BodyReader, Profile, Task};
use crate::protocol::outcome::Refusal;

/// How the subject of a status report begins (`spec/protocol.md` 4.1).
const STATUS_SUBJECT: &str = "Status report from ";

/// A message with its profile.
#[derive(Debug)]
pub struct Letterbox {
    /// The message.
    pub mail: Mail,
    /// What it says about itself.
    pub profile: Profile,
    /// What is wrong in that: keys that count as missing.
    pub faults: Vec<String>,
    /// What a second copy is known by.
    pub fingerprint: Fingerprint,
}

impl Letterbox {
    /// Returns the task; a status report is known by its subject too, since nobody published another mark.
    #[must_use]
    pub fn task(&self) -> Option<Task> {
        let known = self.profile.known_task();
        let is_status = is_status(&self.mail.envelope.subject) && self.profile.task.is_none();
        known.or(is_status.then_some(Task::Status))
    }

    /// Returns the report line of the message.
    #[must_use]
    pub fn line(
        &self,
        fate: &Fate,
        code_page: CodePage,
        transactions: Option<u64>,
        detail: Option<String>,
    ) -> MailLine {
        let envelope = &self.mail.envelope;
        MailLine {
            mail: fate.word(),
            id: Some(envelope.message_id.as_str().to_owned()),
            from: envelope.from.view(code_page),
            to: envelope.to.view(code_page),
            subject: envelope.subject.clone(),
            message: None,
            transactions,
            detail,
        }
    }

    /// Returns the sender for people.
    #[must_use]
    pub fn sender(&self, code_page: CodePage) -> String {
        self.mail.envelope.from.view(code_page)
    }
}

/// What became of a message.
#[derive(Debug)]
pub enum Fate {
    /// It was taken; a second copy is a duplicate from now on.
    Taken(Fingerprint),
    /// It was taken before.
    Duplicate,
    /// It was refused, and goes into the quarantine.
    Refused(String),
    /// It is for another program.
    Left,
}

impl Fate {
    /// Returns the word of a report line.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Taken(_) => "taken",
            Self::Duplicate => "duplicate",
            Self::Refused(_) => "refused",
            Self::Left => "left",
        }
    }
}

/// What was read of a message.
#[derive(Debug)]
pub enum Read {
    /// The message.
    Letter(Box<Letterbox>),
    /// It was taken before.
    Duplicate(Box<Letterbox>),
    /// Somebody took it away.
    Gone,
    /// It cannot be taken.
    Refused {
        /// Why.
        refusal: Refusal,
        /// Lines of a report or of a stranger's mail, for the log and the administrator.
        lines: Vec<String>,
        /// Who it says it is from.
        from: String,
        /// Its subject.
        subject: String,
    },
}

/// The incoming mail of a postoffice.
#[derive(Debug)]
pub struct Inbox {
    bag: Mailbag,
    seen: Seen,
    fates: Vec<(Waiting, Fate)>,
}

impl Inbox {
    /// Lists the mail, and reads which messages were taken before.
    ///
    /// # Errors
    /// A directory or the list of messages taken cannot be read.
    pub fn open(po: &Postoffice) -> Result<Self, PostofficeError> {
        Ok(Self {
            bag: mailbag::incoming(po.layout())?,
            seen: Seen::load(po)?,
            fates: Vec::new(),
        })
    }

    /// Returns the messages, the one that arrived first in front, and leaves none.
    #[must_use]
    pub fn take_mails(&mut self) -> Vec<Waiting> {
        std::mem::take(&mut self.bag.mails)
    }

    /// Returns what is to be said of the mailbag itself: what in it is no message, damage in the list of those taken.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let skipped = self.bag.skipped.iter();
        let skipped = skipped.map(|skipped| format!("{}: {}", skipped.name, skipped.reason));
        skipped.chain(self.seen.damage()).collect()
    }

    /// Reads a message.
    ///
    /// # Errors
    /// Its file cannot be read.
    pub fn read(&self, po: &Postoffice, waiting: &Waiting) -> Result<Read, PostofficeError> {
        let code_page = po.code_page();
        let bytes = match mailbag::read(po.layout(), waiting, MAX_MAIL_LEN)? {
            MailBytes::Whole(bytes) => bytes,
            MailBytes::Gone => return Ok(Read::Gone),
            MailBytes::TooLarge => {
                let fault = MailFault {
                    kind: FaultKind::TooLarge {
                        len: waiting.len,
                        limit: MAX_MAIL_LEN,
                    },
                    from: None,
                    message_id: None,
                };
                return Ok(refused(&fault, "", code_page));
            }
        };
        let reader = Reader {
            own: po.name(),
            code_page,
        };
        let mail = match Mail::parse(&bytes, &reader) {
            Ok(mail) => mail,
            Err(fault) => {
                let label = Label::parse(&bytes[..bytes.len().min(Label::MAX_HEAD_LEN)], code_page);
                let subject = label.map(|label| label.subject).unwrap_or_default();
                return Ok(refused(&fault, &subject, code_page));
            }
        };
        let fingerprint = mail.fingerprint(code_page);
        let profile = mail.text(code_page).map_err(|e| e.to_string());
        let profile = profile.and_then(|text| read_profile(&text, code_page));
        let (profile, faults) = match profile {
            Ok(read) => read,
            // The log of a requestor needs no profile.
            Err(_) if is_status(&mail.envelope.subject) => Default::default(),
            Err(reason) => {
                let from = mail.envelope.from.view(code_page);
                return Ok(Read::Refused {
                    refusal: Refusal::Format(format!("{from}: {reason}")),
                    lines: Vec::new(),
                    from,
                    subject: mail.envelope.subject,
                });
            }
        };
        let is_known = self.seen.contains(&fingerprint);
        let letter = Box::new(Letterbox {
            mail,
            profile,
            faults,
            fingerprint,
        });
        Ok(match is_known {
            true => Read::Duplicate(letter),
            false => Read::Letter(letter),
        })
    }

    /// Decides what becomes of a message; a second copy in the same pass is a duplicate.
    pub fn settle(&mut self, waiting: Waiting, fate: Fate, now: Timestamp) {
        if let Fate::Taken(fingerprint) = &fate {
            self.seen.remember(*fingerprint, now);
        }
        self.fates.push((waiting, fate));
    }

    /// Stages what was decided.
    ///
    /// # Errors
    /// Staging failed.
    pub fn stage(
        &mut self,
        po: &Postoffice,
        batch: &Batch<'_>,
        now: Timestamp,
    ) -> Result<(), PostofficeError> {
        for (waiting, fate) in &self.fates {
            match fate {
                Fate::Taken(_) | Fate::Duplicate => mailbag::take(batch, waiting)?,
                Fate::Refused(reason) => {
                    mailbag::quarantine(po.layout(), batch, waiting, reason)?;
                }
                Fate::Left => {}
            }
        }
        self.seen.stage(batch, now)
    }
}

fn is_status(subject: &str) -> bool {
    let start = subject.get(..STATUS_SUBJECT.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(STATUS_SUBJECT))
}

fn read_profile(text: &[u8], code_page: CodePage) -> Result<(Profile, Vec<String>), String> {
    match BodyReader::open(Cursor::new(text), code_page) {
        Ok(Some(body)) => {
            let faults = body.messages().iter().map(|fault| {
                let (line, found, expected) = (fault.line, &fault.found, fault.expected);
                format!("line {line}: found {found}, expected {expected}")
            });
            let faults = faults.collect();
            match body.profile() {
                Some(profile) => Ok((profile.clone(), faults)),
                None => Err("its text begins with transactions, expected [DIRSYNC]".to_owned()),
            }
        }
        Ok(None) => Err("its text does not begin with [DIRSYNC]".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn refused(fault: &MailFault, subject: &str, code_page: CodePage) -> Read {
    let message = fault.message(code_page);
    let refusal = match fault.number() {
        _ if is_status(subject) => Refusal::StatusReport(message.argument),
        154 => Refusal::Foreign(message.argument),
        116 => Refusal::NoAttachment(message.argument),
        124 => Refusal::Format(message.argument),
        125 => Refusal::Cut(message.argument),
        _ => Refusal::Unreadable(message.argument),
    };
    let report = fault.kind.report();
    Read::Refused {
        refusal,
        lines: report
            .map(|report| report.lines.clone())
            .unwrap_or_default(),
        from: fault
            .from
            .as_ref()
            .map_or_else(String::new, |from| from.view(code_page)),
        subject: subject.to_owned(),
    }
}
