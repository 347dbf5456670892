//! Puts messages together and stages them.

use std::io::{self, Write};

use super::Payload;
use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;
use crate::codec::timestamp::Timestamp;
use crate::postoffice::mailbag::Outbox;
use crate::postoffice::{Dir, Layout, PostofficeError};
use crate::protocol::mail::{
    ContentHash, ContentHasher, Contents, Envelope, MailKind, MailWriter, MessageId, Party,
    SignatureKey, Signed,
};
use crate::protocol::message::Form;

/// A message to be sent.
#[derive(Debug)]
pub struct Letter<'p> {
    /// Who sends it.
    pub from: Party,
    /// Who gets it.
    pub to: Party,
    /// For people.
    pub subject: String,
    /// What it is.
    pub kind: MailKind,
    /// Its text, in the code page of the postoffice.
    pub body: Vec<u8>,
    /// Its transactions; in the body or as an attachment, by their form.
    pub payload: Option<&'p mut Payload>,
    /// A file that goes with it.
    pub file: Option<(&'static str, &'p [u8])>,
    /// Numbers that tell it from others of the same sender and moment.
    pub numbers: Vec<u32>,
    /// The registered password, where there is one.
    pub key: Option<SignatureKey>,
}

/// Attachment name of transactions (`spec/protocol.md` 6.3): REQUPDS and SRVUPDS are those of the queue format.
fn attachment_name(form: Form, kind: &str) -> String {
    match form {
        Form::Internal => format!("{kind}UPDS.GLB"),
        Form::InAttachment | Form::InBody => "TMPTRANS.GLB".to_owned(),
    }
}

/// Stages a message, and returns its identifier.
///
/// # Errors
/// It could not be written; then the batch cannot be committed.
pub fn post(
    layout: &Layout,
    outbox: &Outbox<'_, '_>,
    date: Timestamp,
    code_page: CodePage,
    letter: Letter<'_>,
) -> Result<MessageId, PostofficeError> {
    let sealed = Sealed::new(letter, date, code_page).map_err(|e| cannot_write(layout, e))?;
    let staged = outbox.post(&sealed.envelope.message_id.short())?;
    let (staged, message_id) = sealed
        .write_to(staged, code_page)
        .map_err(|e| cannot_write(layout, e))?;
    staged.finish()?;
    Ok(message_id)
}

/// Writes a message that goes no way of the postoffice.
///
/// # Errors
/// Those of the output.
pub fn write_mail(
    output: impl Write,
    date: Timestamp,
    code_page: CodePage,
    letter: Letter<'_>,
) -> io::Result<MessageId> {
    let sealed = Sealed::new(letter, date, code_page)?;
    sealed.write_to(output, code_page).map(|(_, id)| id)
}

/// A message whose contents are hashed, so that it has a name and a signature.
struct Sealed<'p> {
    envelope: Envelope,
    contents: Contents,
    /// Name of the attachment with its transactions.
    name: Option<String>,
    body: Vec<u8>,
    payload: Option<&'p mut Payload>,
    file: Option<(&'static str, &'p [u8])>,
}

impl<'p> Sealed<'p> {
    fn new(mut letter: Letter<'p>, date: Timestamp, code_page: CodePage) -> io::Result<Self> {
        let (contents, name) = contents(&mut letter)?;
        let message_id = MessageId::new(
            &letter.from,
            &letter.to,
            date,
            &letter.numbers,
            &contents,
            code_page,
        );
        let signed = Signed::new(
            &message_id,
            letter.kind,
            &letter.from,
            &letter.to,
            &contents,
            code_page,
        );
        let envelope = Envelope {
            signature: letter.key.as_ref().map(|key| signed.sign(key)),
            message_id,
            from: letter.from,
            to: letter.to,
            subject: letter.subject,
            date,
            kind: letter.kind,
            in_reply_to: None,
        };
        Ok(Self {
            envelope,
            contents,
            name,
            body: letter.body,
            payload: letter.payload,
            file: letter.file,
        })
    }

    fn write_to<W: Write>(self, output: W, code_page: CodePage) -> io::Result<(W, MessageId)> {
        let mut writer = MailWriter::new(output, &self.envelope, &self.contents, code_page)?;
        writer.write_all(&self.body)?;
        if let Some(payload) = self.payload.filter(|payload| !payload.is_empty()) {
            if let Some(name) = &self.name {
                writer.attach(name)?;
            }
            payload.copy_to(&mut writer)?;
        }
        if let Some((name, bytes)) = self.file {
            writer.attach(name)?;
            writer.write_all(bytes)?;
        }
        Ok((writer.finish()?, self.envelope.message_id))
    }
}

/// Hashes what the message holds, and names the attachment of its transactions.
fn contents(letter: &mut Letter<'_>) -> io::Result<(Contents, Option<String>)> {
    let mut name = None;
    let mut body = ContentHasher::text();
    body.update(&letter.body);
    let mut attached = None;
    if let Some(payload) = letter
        .payload
        .as_mut()
        .filter(|payload| !payload.is_empty())
    {
        if payload.form() == Form::InBody {
            payload.copy_to(&mut body)?;
        } else {
            let sender = match letter.subject.starts_with("ReqTx") {
                true => "REQ",
                false => "SRV",
            };
            let chosen = attachment_name(payload.form(), sender);
            attached = Some((chosen.clone(), payload.hash()));
            name = Some(chosen);
        }
    }
    let mut contents = Contents::with_body(body.finish());
    if let Some((name, hash)) = attached {
        contents = contents.and(name, hash);
    }
    if let Some((file, bytes)) = letter.file {
        contents = contents.and(file, ContentHash::of_bytes(bytes));
    }
    Ok((contents, name))
}

/// Makes a note to a mailbox of a postoffice (`spec/protocol.md` 6.4).
#[must_use]
pub fn note_to<'p>(
    own: &PostofficeName,
    mailbox: &[u8],
    subject: impl Into<String>,
    text: &str,
    code_page: CodePage,
    number: u32,
) -> Letter<'p> {
    // What the code page does not have is escaped: a note is for people.
    let body: Vec<u8> = code_page.encode(text).unwrap_or_else(|_| {
        let escaped: String = text
            .chars()
            .map(|c| match c.is_ascii() {
                true => c.to_string(),
                false => c.escape_unicode().to_string(),
            })
            .collect();
        escaped.into_bytes()
    });
    Letter {
        from: Party::system(own.clone()),
        to: Party::new(own.clone(), mailbox),
        subject: subject.into(),
        kind: MailKind::Note,
        body,
        payload: None,
        file: None,
        numbers: vec![number],
        key: None,
    }
}

fn cannot_write(layout: &Layout, source: io::Error) -> PostofficeError {
    match layout.dir_path(Dir::P1) {
        Ok(path) => PostofficeError::Write { path, source },
        Err(error) => error,
    }
}
