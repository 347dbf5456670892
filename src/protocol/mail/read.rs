//! Reads a message, whatever mail systems made of it on the way.

use std::borrow::Cow;

use super::charset::Charset;
use super::contents::Contents;
use super::envelope::{Envelope, MailKind};
use super::fault::{FaultKind, MailFault, NonDelivery};
use super::header::Header;
use super::message_id::MessageId;
use super::mime::{self, Leaf};
use super::party::Party;
use super::signature::{Signature, SignatureCheck, SignatureKey, Signed};
use crate::address::PostofficeName;
use crate::codec::Fingerprint;
use crate::codec::codepage::CodePage;
use crate::codec::timestamp::Timestamp;
use crate::protocol::message::BodyReader;

/// Lines of a report that are kept, and characters of each.
const MAX_REPORT_LINES: usize = 40;
const MAX_REPORT_LINE_LEN: usize = 200;

/// Who reads: what is missing in a message is completed from it.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// The postoffice whose mailbag the message lies in.
    pub own: &'a PostofficeName,
    /// Its code page.
    pub code_page: CodePage,
}

/// A file that came with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name as written; never part of a path.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A dir-sync message, or a note to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// What its header says.
    pub envelope: Envelope,
    /// Its text as it was sent, lines ending in CR LF; see [`Self::text`].
    pub body: Vec<u8>,
    /// What the text is written in.
    pub charset: Charset,
    /// Its files, in order.
    pub attachments: Vec<Attachment>,
}

impl Mail {
    /// Reads a message.
    ///
    /// Added headers, other line ends and transfer encodings, folded lines, encoded words and a `From ` line are what mail
    /// systems do. A message without our headers whose text begins with `[DIRSYNC]` is a foreign requestor's: it is from
    /// the postoffice that it names, and to this one.
    ///
    /// # Errors
    /// What is wrong with it, or that it is a report or a stranger's mail.
    pub fn parse(bytes: &[u8], reader: &Reader<'_>) -> Result<Self, MailFault> {
        let fault = |kind| MailFault {
            kind,
            from: None,
            message_id: None,
        };
        let (header, body) = Header::split(bytes).map_err(fault)?;
        if header.is_empty() {
            return Err(fault(FaultKind::NoHeader));
        }
        let id = header
            .text("Message-ID")
            .as_deref()
            .and_then(MessageId::from_header);
        let from = match party_of(&header, "DirSync-From", reader) {
            Ok(from) => from,
            Err(kind) => {
                return Err(MailFault {
                    message_id: id,
                    ..fault(kind)
                });
            }
        };
        let known = (id.clone(), from.clone());
        let read = match body {
            Some(body) => Self::read(bytes, header, body, known, reader),
            None => Err(FaultKind::HeaderCut),
        };
        read.map_err(|kind| MailFault {
            kind,
            from,
            message_id: id,
        })
    }

    fn read(
        bytes: &[u8],
        header: Header<'_>,
        body: &[u8],
        (id, from): (Option<MessageId>, Option<Party>),
        reader: &Reader<'_>,
    ) -> Result<Self, FaultKind> {
        let to = party_of(&header, "DirSync-To", reader)?;
        let signature = header.once("DirSync-Signature")?;
        let digest = header.once("DirSync-Digest")?;
        let word = header.text("DirSync-Kind").unwrap_or_default();
        let in_reply_to = header
            .text("In-Reply-To")
            .as_deref()
            .and_then(MessageId::from_header);
        let subject = header.text("Subject").unwrap_or_default();
        let date = header
            .date()
            .and_then(|s| u32::try_from(s).ok())
            .map_or(Timestamp::ZERO, Timestamp);
        let sender = header.text("From").unwrap_or_default();
        let is_bounce = is_bounce(&header)?;
        let leaves = mime::leaves(header, body)?;
        let kind = MailKind::from_word(&word).unwrap_or_default();
        if kind == MailKind::NonDelivery || from.is_none() && is_bounce {
            let report = report(&leaves, in_reply_to, subject, reader);
            return Err(FaultKind::NonDelivery(Box::new(report)));
        }
        let (body, charset) = text(&leaves)?;
        let Some(from) = from.or_else(|| named_in(&body, reader)) else {
            return Err(FaultKind::Foreign {
                from: sender.chars().take(MAX_REPORT_LINE_LEN).collect(),
                report: Box::new(report(&leaves, in_reply_to, subject, reader)),
            });
        };
        let mail = Self {
            envelope: Envelope {
                message_id: id.unwrap_or_else(|| MessageId::of_anonymous(bytes)),
                from,
                to: to.unwrap_or_else(|| Party::system(reader.own.clone())),
                subject,
                date,
                kind,
                in_reply_to,
                signature: signature.as_deref().map(Signature::from_header),
            },
            body,
            charset,
            attachments: attachments(&leaves)?,
        };
        match digest {
            Some(digest) => mail
                .compare_digest(&digest, reader.code_page)
                .map(|()| mail),
            None => Ok(mail),
        }
    }

    fn compare_digest(&self, stored: &str, code_page: CodePage) -> Result<(), FaultKind> {
        let found = digest(&self.fingerprint(code_page));
        match stored.trim().eq_ignore_ascii_case(&found) {
            true => Ok(()),
            false => Err(FaultKind::Digest {
                stored: stored.chars().take(80).collect(),
                found,
            }),
        }
    }

    /// Returns the hashes of what it holds.
    #[must_use]
    pub fn contents(&self) -> Contents {
        Contents::of(&self.body, &self.attachments)
    }

    /// Returns what its signature has to be made over.
    #[must_use]
    pub fn signed(&self, code_page: CodePage) -> Signed {
        let envelope = &self.envelope;
        Signed::new(
            &envelope.message_id,
            envelope.kind,
            &envelope.from,
            &envelope.to,
            &self.contents(),
            code_page,
        )
    }

    /// Tells what its signature is worth.
    #[must_use]
    pub fn check_signature(&self, key: &SignatureKey, code_page: CodePage) -> SignatureCheck {
        self.signed(code_page)
            .check(self.envelope.signature.as_ref(), key)
    }

    /// Returns what a second copy of it is known by.
    #[must_use]
    pub fn fingerprint(&self, code_page: CodePage) -> Fingerprint {
        self.signed(code_page).fingerprint()
    }

    /// Returns its text in a code page.
    ///
    /// # Errors
    /// The page does not have a character of the text.
    pub fn text(&self, code_page: CodePage) -> Result<Cow<'_, [u8]>, FaultKind> {
        let text = match self.charset {
            Charset::Page(page) if page != code_page && !self.body.is_ascii() => {
                page.decode(&self.body)
            }
            Charset::Utf8 if !self.body.is_ascii() => {
                String::from_utf8_lossy(&self.body).into_owned()
            }
            _ => return Ok(Cow::Borrowed(&self.body)),
        };
        let bytes = code_page.encode(&text).map_err(|e| FaultKind::Charset {
            character: e.character,
            code_page,
        })?;
        Ok(Cow::Owned(bytes))
    }

    /// Returns the attachment with the transactions: the one with a published name (`spec/protocol.md` 6.3), else the first
    /// that is no log.
    ///
    /// # Errors
    /// There is none, or it is empty (116).
    pub fn transactions(&self) -> Result<&Attachment, FaultKind> {
        let named = |names: &[&str]| {
            let mut all = self.attachments.iter();
            all.find(|a| names.iter().any(|name| a.name.eq_ignore_ascii_case(name)))
        };
        let is_log = |a: &&Attachment| a.name.to_ascii_uppercase().ends_with(".LOG");
        named(&["SRVUPDS.GLB", "REQUPDS.GLB", "TMPTRANS.GLB"])
            .or_else(|| self.attachments.iter().find(|a| !is_log(a)))
            .filter(|attachment| !attachment.bytes.is_empty())
            .ok_or(FaultKind::NoTransactions)
    }
}

/// Returns the value of `DirSync-Digest:`.
pub(super) fn digest(fingerprint: &Fingerprint) -> String {
    format!("sha-256 {fingerprint}")
}

/// Reads `DirSync-From:` or `DirSync-To:`.
pub(super) fn party(
    header: &'static str,
    value: &str,
    code_page: CodePage,
) -> Result<Party, FaultKind> {
    Party::from_header(value, code_page).map_err(|source| FaultKind::Address {
        header,
        source: Box::new(source),
    })
}

fn party_of(
    header: &Header<'_>,
    name: &'static str,
    reader: &Reader<'_>,
) -> Result<Option<Party>, FaultKind> {
    header
        .once(name)?
        .map(|value| party(name, &value, reader.code_page))
        .transpose()
}

/// Tells whether a message is what a mail system sends when it cannot deliver one (RFC 3464, and the older forms).
pub(super) fn is_bounce(header: &Header<'_>) -> Result<bool, FaultKind> {
    let kind = header.parameters("Content-Type")?;
    let is_report = kind.is_some_and(|kind| {
        kind.ctype().eq_ignore_ascii_case("multipart")
            && kind
                .subtype()
                .is_some_and(|s| s.eq_ignore_ascii_case("report"))
    });
    let null_path = header
        .text("Return-Path")
        .is_some_and(|path| path.trim() == "<>");
    let sender = header.text("From").unwrap_or_default().to_ascii_lowercase();
    Ok(is_report || null_path || sender.contains("mailer-daemon@"))
}

/// Returns the first text, lines ending in CR LF.
pub(super) fn text(leaves: &[Leaf<'_>]) -> Result<(Vec<u8>, Charset), FaultKind> {
    let Some(leaf) = leaves.iter().find(|leaf| leaf.is_text()) else {
        return Ok((Vec::new(), Charset::Unlabelled));
    };
    let decoded = leaf.decode()?;
    let mut body = Vec::with_capacity(decoded.len());
    for line in decoded.split_inclusive(|&b| b == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => {
                body.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                body.extend_from_slice(b"\r\n");
            }
            None => body.extend_from_slice(line),
        }
    }
    Ok((body, leaf.charset()))
}

/// Returns the files. Further texts without a name are what mail systems add.
pub(super) fn attachments(leaves: &[Leaf<'_>]) -> Result<Vec<Attachment>, FaultKind> {
    let files = leaves.iter().filter(|leaf| leaf.is_file());
    files
        .map(|leaf| {
            Ok(Attachment {
                name: leaf.name().to_owned(),
                bytes: leaf.decode()?,
            })
        })
        .collect()
}

/// Returns the postoffice that a text names as its requestor.
fn named_in(body: &[u8], reader: &Reader<'_>) -> Option<Party> {
    let text = BodyReader::open(body, reader.code_page).ok()??;
    let name = text.profile()?.requestor()?;
    Party::from_header(name, reader.code_page).ok()
}

fn report(
    leaves: &[Leaf<'_>],
    in_reply_to: Option<MessageId>,
    subject: String,
    reader: &Reader<'_>,
) -> NonDelivery {
    let (body, charset) = text(leaves).unwrap_or_default();
    let shown = match charset {
        Charset::Utf8 => String::from_utf8_lossy(&body).into_owned(),
        Charset::Page(page) => page.decode(&body),
        _ => reader.code_page.decode(&body),
    };
    let lines = shown
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty());
    let bounded = |line: &str| line.chars().take(MAX_REPORT_LINE_LEN).collect();
    let enclosed = leaves.iter().find_map(|leaf| original(leaf, reader));
    let (about, sender) = enclosed.unwrap_or_default();
    NonDelivery {
        lines: lines.take(MAX_REPORT_LINES).map(bounded).collect(),
        about: in_reply_to.or(about),
        sender,
        subject,
    }
}

/// Returns Message-ID and sender of the message that a report encloses, or the header of which it does.
fn original(leaf: &Leaf<'_>, reader: &Reader<'_>) -> Option<(Option<MessageId>, Option<Party>)> {
    if !leaf.is_type("message", "rfc822") && !leaf.is_type("text", "rfc822-headers") {
        return None;
    }
    let bytes = leaf.decode().ok()?;
    let (header, _) = Header::split(&bytes).ok()?;
    let id = header
        .text("Message-ID")
        .and_then(|value| MessageId::from_header(&value));
    let sender = header.text("DirSync-From");
    let sender = sender.and_then(|value| Party::from_header(&value, reader.code_page).ok());
    Some((id, sender))
}
