//! The transactions of a message, record by record, whatever their form.

use std::borrow::Cow;
use std::io::Cursor;

use crate::codec::codepage::CodePage;
use crate::codec::queue::{Framed, Framing, QueueReader, RecordKind};
use crate::codec::timestamp::Timestamp;
use crate::importfile::{Block, ByName, Diagnostic, LeftOut};
use crate::messages::Message;
use crate::protocol::mail::Mail;
use crate::protocol::message::{BodyReader, Form, Profile, Task, peek_section};
use crate::protocol::outcome::Refusal;
use crate::protocol::sync::RecordDigest;
use crate::transaction::Transaction;

/// One record of a message.
#[derive(Debug)]
pub enum Item {
    /// A transaction.
    Transaction {
        /// Its number.
        number: u32,
        /// Its date stamp; zero in the text forms.
        stamp: Timestamp,
        /// The text of its queue record.
        text: Vec<u8>,
        /// The transaction itself.
        transaction: Box<Transaction>,
        /// What is wrong with parts of it that are left out.
        notes: Vec<Message>,
        /// The same, with what may be understood elsewhere.
        left_out: LeftOut,
    },
    /// One that cannot be used.
    Bad {
        /// Its number; none where that cannot be read either.
        number: Option<u32>,
        /// Its date stamp.
        stamp: Timestamp,
        /// Its text, as far as it is one.
        text: Vec<u8>,
        /// Why.
        messages: Vec<Message>,
        /// M that gives no address: postoffices refuse it, a directory knows whom it means.
        by_name: Option<Box<ByName>>,
    },
    /// The rest cannot be believed: a wrong checksum or a torn record.
    Damaged(String),
}

impl Item {
    /// Returns number and digest of a record; none where it has no number.
    #[must_use]
    pub fn identity(&self) -> Option<(u32, RecordDigest)> {
        match self {
            Self::Transaction {
                number,
                stamp,
                text,
                ..
            } => Some((*number, RecordDigest::of(*stamp, text))),
            Self::Bad {
                number,
                stamp,
                text,
                ..
            } => Some(((*number)?, RecordDigest::of(*stamp, text))),
            Self::Damaged(_) => None,
        }
    }
}

/// Reads the transactions of a message.
#[derive(Debug)]
pub struct Transactions<'m> {
    code_page: CodePage,
    source: Source<'m>,
    has_ended: bool,
}

#[derive(Debug)]
enum Source<'m> {
    None,
    Queue(Box<QueueReader<&'m [u8]>>),
    Text(Box<BodyReader<Cursor<Cow<'m, [u8]>>>>),
}

impl<'m> Transactions<'m> {
    /// Finds the transactions of a message: in the body behind its profile, or in the attachment.
    ///
    /// # Errors
    /// 116 for an attachment that is announced and did not come, 124 for one of another form.
    pub fn open(
        mail: &'m Mail,
        profile: &Profile,
        code_page: CodePage,
        who: &str,
    ) -> Result<Self, Refusal> {
        let form = profile.form();
        let in_body = form == Some(Form::InBody) || form.is_none() && mail.attachments.is_empty();
        let source = if in_body {
            let text = mail
                .text(code_page)
                .map_err(|e| Refusal::Format(format!("{who}: {e}")))?;
            text_source(text, code_page, who)?
        } else {
            match mail.transactions() {
                Err(_) if announced(profile) => {
                    return Err(Refusal::NoAttachment(who.to_owned()));
                }
                Err(_) => Source::None,
                Ok(attachment) => attached(&attachment.bytes, form, code_page, who)?,
            }
        };
        Ok(Self {
            code_page,
            source,
            has_ended: false,
        })
    }

    fn next_item(&mut self) -> Option<Item> {
        match &mut self.source {
            Source::None => None,
            Source::Queue(queue) => next_queued(queue, self.code_page),
            Source::Text(text) => next_text(text),
        }
    }
}

/// Yields the records; comments and dummies are none (`spec/protocol.md` 6.2). Nothing follows behind damage.
impl Iterator for Transactions<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        if self.has_ended {
            return None;
        }
        let item = self.next_item();
        self.has_ended = matches!(item, None | Some(Item::Damaged(_)));
        item
    }
}

/// Tells whether a profile says that transactions come with the message: by their count, or, where it has none, by the
/// task of those that bring some.
#[must_use]
pub fn announced(profile: &Profile) -> bool {
    match profile.count {
        Some(count) => count > 0,
        None => {
            let brings = [Task::Export, Task::Import];
            let task = profile.known_task();
            profile.form().is_some() && task.is_some_and(|task| brings.contains(&task))
        }
    }
}

/// Returns the digest of the transaction with a number, unknown where there is none before the message is damaged.
#[must_use]
pub fn only_digest(transactions: Transactions<'_>, number: u32) -> RecordDigest {
    let identities = transactions.filter_map(|item| item.identity());
    let found = identities
        .filter(|(found, _)| *found == number)
        .map(|(_, digest)| digest)
        .next();
    found.unwrap_or(RecordDigest::UNKNOWN)
}

fn text_source<'m>(
    text: Cow<'m, [u8]>,
    code_page: CodePage,
    who: &str,
) -> Result<Source<'m>, Refusal> {
    let opened = BodyReader::open(Cursor::new(text), code_page);
    match opened {
        Ok(Some(reader)) => Ok(Source::Text(Box::new(reader))),
        Ok(None) => Err(Refusal::Format(who.to_owned())),
        Err(error) => Err(Refusal::Format(format!("{who}: {error}"))),
    }
}

fn attached<'m>(
    bytes: &'m [u8],
    form: Option<Form>,
    code_page: CodePage,
    who: &str,
) -> Result<Source<'m>, Refusal> {
    let is_text = peek_section(&mut &bytes[..]).is_ok_and(|(is_section, _)| is_section);
    if is_text {
        return text_source(Cow::Borrowed(bytes), code_page, who);
    }
    match form {
        Some(Form::InAttachment) => Err(Refusal::Format(who.to_owned())),
        _ => Ok(Source::Queue(Box::new(QueueReader::new(
            bytes,
            &Framing::OURS,
        )))),
    }
}

fn next_queued(queue: &mut QueueReader<&[u8]>, code_page: CodePage) -> Option<Item> {
    let mut framed = Framed::default();
    loop {
        match queue.read(&mut framed) {
            Ok(false) => return None,
            Err(error) => return Some(Item::Damaged(error.to_string())),
            Ok(true) => {}
        }
        if let Some(error) = framed.checksum_error() {
            return Some(Item::Damaged(error.to_string()));
        }
        let record = framed.record;
        let is_comment = record.text.first() == Some(&b'#');
        if record.kind != RecordKind::Transaction || is_comment {
            framed = Framed::default();
            continue;
        }
        let (number, stamp, text) = (record.sync, record.stamp, record.text);
        let block = Block::of_queue_text(&text, code_page);
        let notes = block.messages.iter();
        let notes = notes.map(|m| message(m, &text, code_page)).collect();
        return Some(match block.transaction {
            Some(transaction) => Item::Transaction {
                number,
                stamp,
                text,
                transaction: Box::new(transaction),
                notes,
                left_out: LeftOut {
                    info: block.loose.info,
                    messages: block.messages,
                },
            },
            None => Item::Bad {
                number: Some(number),
                stamp,
                text,
                messages: notes,
                by_name: block.loose.by_name,
            },
        });
    }
}

fn next_text(reader: &mut BodyReader<Cursor<Cow<'_, [u8]>>>) -> Option<Item> {
    loop {
        let block = match reader.next()? {
            Ok(block) => block,
            Err(error) => return Some(Item::Damaged(error.to_string())),
        };
        let messages: Vec<_> = block
            .messages
            .iter()
            .map(|m| {
                let argument = format!(
                    "line {}: found {}, expected {}",
                    m.line, m.found, m.expected
                );
                Message::new(m.number, argument)
            })
            .collect();
        match (block.sync, block.transaction) {
            (Some(number), Some(transaction)) => {
                return Some(Item::Transaction {
                    number,
                    stamp: Timestamp::ZERO,
                    text: transaction.encode_queue_text(),
                    transaction: Box::new(transaction),
                    notes: messages,
                    left_out: LeftOut {
                        info: block.loose.info,
                        messages: block.messages,
                    },
                });
            }
            (number, None) if !messages.is_empty() => {
                return Some(Item::Bad {
                    number,
                    stamp: Timestamp::ZERO,
                    text: Vec::new(),
                    messages,
                    by_name: block.loose.by_name,
                });
            }
            _ => {}
        }
    }
}

fn message(diagnostic: &Diagnostic, text: &[u8], code_page: CodePage) -> Message {
    let name = crate::importfile::name_on_line(text, code_page);
    let shown = match name.is_empty() {
        true => text.split(|&b| b == b'\r').next().unwrap_or_default(),
        false => name,
    };
    Message::new(diagnostic.number, code_page.decode(shown))
}
