//! Writes a message as a stream: header, body, attachments.

use std::fmt::Write as _;
use std::io::{self, Write};

use base64::engine::general_purpose::{GeneralPurpose, STANDARD};
use base64::write::EncoderWriter;
use jiff::fmt::rfc2822;

use super::charset;
use super::contents::{ContentHash, ContentHasher, Contents};
use super::encode::{QuotedPrintable, Wrapped};
use super::envelope::{Envelope, MailKind};
use super::party::Party;
use super::read::digest;
use super::signature::Signed;
use crate::codec::codepage::CodePage;
use crate::protocol::subject::MAX_SUBJECT_LEN;

/// Domain of the addresses that stand in `From:` and `To:` until a route says better ones (RFC 2606).
pub const PLACEHOLDER_DOMAIN: &str = "dirsync.invalid";

/// Characters of the subject of a note that are written; that of a dir-sync message has [`MAX_SUBJECT_LEN`].
const MAX_NOTE_SUBJECT_LEN: usize = 200;

/// Writes one message; what is written to it is the body, and after [`Self::attach`] an attachment.
///
/// Memory does not depend on the size. Lines end in LF, as in every Maildir. The body is quoted-printable and each attachment
/// base64, so no mail system has a reason to touch a byte.
#[derive(Debug)]
pub struct MailWriter<W: Write> {
    section: Option<Section<W>>,
    hasher: ContentHasher,
    written: Vec<(String, ContentHash)>,
    expected: Contents,
    boundary: String,
}

#[derive(Debug)]
enum Section<W: Write> {
    Body(QuotedPrintable<W>),
    Attachment(Box<EncoderWriter<'static, GeneralPurpose, Wrapped<W>>>),
}

impl<W: Write> MailWriter<W> {
    /// Writes the header. `contents` are those that the Message-ID and the signature were made over; text is in `code_page`.
    ///
    /// # Errors
    /// An attachment has a name that is none; writing failed.
    pub fn new(
        output: W,
        envelope: &Envelope,
        contents: &Contents,
        code_page: CodePage,
    ) -> io::Result<Self> {
        let boundary = format!("=_{}", envelope.message_id.short());
        let header = header(envelope, contents, code_page);
        Self::begin(
            output,
            header,
            charset::label(code_page),
            boundary,
            contents,
        )
    }

    /// Writes a header whose lines are there already, but for those about the parts; the text is in `charset`.
    pub(super) fn begin(
        mut output: W,
        header: String,
        charset: &str,
        boundary: String,
        contents: &Contents,
    ) -> io::Result<Self> {
        let mut text = header;
        let kind = format!(
            "Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: quoted-printable\n\n"
        );
        if !contents.attachments.is_empty() {
            text.push_str("Content-Type: multipart/mixed; boundary=\"");
            let end = format!("{boundary}\"\n\n--{boundary}\n");
            text.push_str(&end);
        }
        text.push_str(&kind);
        output.write_all(text.as_bytes())?;
        Ok(Self {
            section: Some(Section::Body(QuotedPrintable::new(output))),
            hasher: ContentHasher::text(),
            written: Vec::new(),
            expected: contents.clone(),
            boundary,
        })
    }

    /// Ends what was being written and begins an attachment.
    ///
    /// # Errors
    /// The name holds other than letters, digits, `.`, `_`, `-` and `$`, or is not the one announced; what was written
    /// before is not what was announced; writing failed.
    pub fn attach(&mut self, name: &str) -> io::Result<()> {
        self.attach_as(name, "application/octet-stream")
    }

    /// As [`Self::attach`], with a type other than that of any bytes.
    pub(super) fn attach_as(&mut self, name: &str, kind: &str) -> io::Result<()> {
        let safe = |b: u8| b.is_ascii_alphanumeric() || b"._-$".contains(&b);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(safe) {
            return Err(unannounced("an attachment has a name that cannot be sent"));
        }
        let mut output = self.end_section()?;
        let head = format!(
            "\n--{}\nContent-Type: {kind}; name=\"{name}\"\n\
             Content-Disposition: attachment; filename=\"{name}\"\n\
             Content-Transfer-Encoding: base64\n\n",
            self.boundary
        );
        output.write_all(head.as_bytes())?;
        self.written
            .push((name.to_owned(), ContentHash::of_bytes(b"")));
        self.hasher = ContentHasher::bytes();
        self.section = Some(Section::Attachment(Box::new(EncoderWriter::new(
            Wrapped::new(output),
            &STANDARD,
        ))));
        Ok(())
    }

    /// Ends the message, and returns the output.
    ///
    /// # Errors
    /// What was written is not what was announced; writing failed.
    pub fn finish(mut self) -> io::Result<W> {
        let mut output = self.end_section()?;
        if self.written.len() != self.expected.attachments.len() {
            return Err(unannounced("an attachment that was announced is missing"));
        }
        if !self.written.is_empty() {
            output.write_all(format!("\n--{}--\n", self.boundary).as_bytes())?;
        }
        Ok(output)
    }

    fn end_section(&mut self) -> io::Result<W> {
        let hash = std::mem::replace(&mut self.hasher, ContentHasher::bytes()).finish();
        let announced = match self.written.last_mut() {
            None => self.expected.body == hash,
            Some(last) => {
                last.1 = hash;
                self.expected.attachments.get(self.written.len() - 1) == self.written.last()
            }
        };
        if !announced {
            return Err(unannounced("another content than was announced"));
        }
        match self.section.take() {
            Some(Section::Body(body)) => body.finish(),
            Some(Section::Attachment(mut encoder)) => encoder.finish()?.finish(),
            None => Err(unannounced("it was given up after an error")),
        }
    }
}

impl<W: Write> Write for MailWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.section {
            Some(Section::Body(body)) => body.write(bytes)?,
            Some(Section::Attachment(encoder)) => encoder.write(bytes)?,
            None => return Err(unannounced("it was given up after an error")),
        };
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    /// Does nothing: [`Self::finish`] brings everything out.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn unannounced(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("message: {what}"))
}

fn header(envelope: &Envelope, contents: &Contents, code_page: CodePage) -> String {
    let signed = Signed::new(
        &envelope.message_id,
        envelope.kind,
        &envelope.from,
        &envelope.to,
        contents,
        code_page,
    );
    let mut text = String::new();
    let mut put = |name: &str, value: &str| {
        writeln!(text, "{name}: {value}").expect("a string takes everything");
    };
    if let Ok(date) = rfc2822::to_string(&envelope.date.to_jiff().to_zoned(jiff::tz::TimeZone::UTC))
    {
        put("Date", &date);
    }
    put("From", &mailbox(&envelope.from, code_page));
    put("To", &mailbox(&envelope.to, code_page));
    let subject_len = match envelope.kind {
        MailKind::DirSync => MAX_SUBJECT_LEN,
        MailKind::Note | MailKind::NonDelivery => MAX_NOTE_SUBJECT_LEN,
    };
    put("Subject", &subject(&envelope.subject, subject_len));
    put("Message-ID", &envelope.message_id.to_string());
    if let Some(id) = &envelope.in_reply_to {
        put("In-Reply-To", &id.to_string());
    }
    put("Auto-Submitted", "auto-generated");
    put("DirSync-From", &envelope.from.to_header(code_page));
    put("DirSync-To", &envelope.to.to_header(code_page));
    if let Some(word) = envelope.kind.word() {
        put("DirSync-Kind", word);
    }
    put("DirSync-Digest", &digest(&signed.fingerprint()));
    if let Some(signature) = &envelope.signature {
        put("DirSync-Signature", &one_line(&signature.to_string()));
    }
    put("MIME-Version", "1.0");
    text
}

/// Returns an address for people: the name in front, behind it one that leads nowhere.
fn mailbox(party: &Party, code_page: CodePage) -> String {
    let name = party.to_header(code_page).replace(['"', '\\'], "?");
    let local = |bytes: &[u8]| -> String {
        let letters = bytes.iter().filter(|b| b.is_ascii_alphanumeric());
        letters
            .map(|b| char::from(b.to_ascii_lowercase()))
            .collect()
    };
    let parts = [
        local(&party.mailbox),
        local(party.place.postoffice()),
        local(party.place.network()),
    ];
    let parts: Vec<_> = parts
        .iter()
        .filter(|p| !p.is_empty())
        .map(String::as_str)
        .collect();
    let local = match parts.as_slice() {
        [] => "postoffice".to_owned(),
        parts => parts.join("."),
    };
    format!("\"{name}\" <{local}@{PLACEHOLDER_DOMAIN}>")
}

/// Writes a subject, as encoded words where it has other than printable ASCII (RFC 2047).
pub(super) fn subject(subject: &str, max_len: usize) -> String {
    let line: String = one_line(subject).chars().take(max_len).collect();
    let plain = |b: u8| b == b' ' || b.is_ascii_graphic();
    if line.bytes().all(plain) && !line.contains("=?") {
        return line;
    }
    let chars: Vec<char> = line.chars().collect();
    let words = chars.chunks(10).map(|piece| {
        let text: String = piece.iter().collect();
        base64::Engine::encode(&STANDARD, text)
    });
    let words: Vec<_> = words.map(|word| format!("=?UTF-8?B?{word}?=")).collect();
    words.join("\n ")
}

/// Keeps a value from beginning a line of its own.
pub(super) fn one_line(value: &str) -> String {
    value
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
