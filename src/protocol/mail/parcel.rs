//! A message as such: fields, a text and files, without what postoffices say in them. Organizations, which have no
//! postoffices, write to each other in this form.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use jiff::fmt::rfc2822;

use super::contents::Contents;
use super::fault::FaultKind;
use super::header::Header;
use super::message_id::MessageId;
use super::mime;
use super::read::{Attachment, attachments, is_bounce, text};
use super::writer::{MailWriter, one_line, subject};

/// Characters of a subject that are written.
const MAX_SUBJECT_LEN: usize = 200;

/// The header of a message, as far as it can be read without the rest.
#[derive(Debug)]
pub struct ParcelHeader<'x>(Header<'x>);

impl<'x> ParcelHeader<'x> {
    /// Reads the beginning of a message; [`Label::MAX_HEAD_LEN`](super::Label::MAX_HEAD_LEN) bytes are enough.
    ///
    /// # Errors
    /// There is no header, or it ends nowhere or is too long.
    pub fn parse(head: &'x [u8]) -> Result<Self, FaultKind> {
        let (header, body) = Header::split(head)?;
        match (header.is_empty(), body) {
            (true, _) => Err(FaultKind::NoHeader),
            (false, None) => Err(FaultKind::HeaderCut),
            (false, Some(_)) => Ok(Self(header)),
        }
    }

    /// Returns a field that may stand once only.
    ///
    /// # Errors
    /// It is there twice, or too long.
    pub fn once(&self, name: &'static str) -> Result<Option<String>, FaultKind> {
        self.0.once(name)
    }

    /// Returns the first field of a name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.0.text(name)
    }

    /// Returns the address of `From:`, without the name in front of it; none where there is not exactly one.
    ///
    /// # Errors
    /// The field is there twice, or too long.
    pub fn from(&self) -> Result<Option<String>, FaultKind> {
        let value = self.0.once("From")?.unwrap_or_default();
        let bare = match value.rsplit_once('<') {
            Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
            None => &value,
        };
        let bare = bare.trim();
        let is_one = !bare.is_empty() && !bare.contains(|c: char| c.is_whitespace() || c == ',');
        Ok(is_one.then(|| bare.to_owned()))
    }

    /// Tells whether it is what a mail system sends when it cannot deliver a message.
    #[must_use]
    pub fn is_bounce(&self) -> bool {
        is_bounce(&self.0).unwrap_or(false)
    }
}

/// A text and files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// `Message-ID:`; none where there is none.
    pub message_id: Option<MessageId>,
    /// The text, lines ending in CR LF.
    pub body: Vec<u8>,
    /// The files, in order.
    pub attachments: Vec<Attachment>,
}

impl Parcel {
    /// Reads a message. Further texts, which mail systems add, are passed over.
    ///
    /// # Errors
    /// It is cut off, cannot be decoded or has too many parts.
    pub fn parse(bytes: &[u8]) -> Result<Self, FaultKind> {
        let (header, body) = Header::split(bytes)?;
        let body = body.ok_or(FaultKind::HeaderCut)?;
        let id = header.once("Message-ID")?;
        let leaves = mime::leaves(header, body)?;
        let (body, _) = text(&leaves)?;
        Ok(Self {
            message_id: id.as_deref().and_then(MessageId::from_header),
            body,
            attachments: attachments(&leaves)?,
        })
    }

    /// Returns the hashes of what it holds.
    #[must_use]
    pub fn contents(&self) -> Contents {
        Contents::of(&self.body, &self.attachments)
    }

    /// Writes a message: `fields` in their order, `Subject:` as people read it, the text in UTF-8, and each file as CSV.
    ///
    /// # Errors
    /// A file has a name that cannot be sent.
    pub fn write(&self, fields: &[(&str, String)], now: jiff::Timestamp) -> io::Result<Vec<u8>> {
        let mut header = String::new();
        let mut put = |name: &str, value: &str| {
            writeln!(header, "{name}: {value}").expect("a string takes everything");
        };
        if let Ok(date) = rfc2822::to_string(&now.to_zoned(jiff::tz::TimeZone::UTC)) {
            put("Date", &date);
        }
        for (name, value) in fields {
            match *name {
                "Subject" => put(name, &subject(value, MAX_SUBJECT_LEN)),
                _ => put(name, &one_line(value)),
            }
        }
        let mut boundary = "=_parcel".to_owned();
        if let Some(id) = &self.message_id {
            put("Message-ID", &id.to_string());
            boundary = format!("=_{}", id.short());
        }
        put("Auto-Submitted", "auto-generated");
        put("MIME-Version", "1.0");
        let mut mail = MailWriter::begin(Vec::new(), header, "utf-8", boundary, &self.contents())?;
        mail.write_all(&self.body)?;
        for attachment in &self.attachments {
            mail.attach_as(&attachment.name, "text/csv; charset=utf-8")?;
            mail.write_all(&attachment.bytes)?;
        }
        mail.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel() -> Parcel {
        Parcel {
            message_id: Some(MessageId::of_text("one", "org1.example")),
            body: b"[X]\r\nA=B\r\n".to_vec(),
            attachments: vec![Attachment {
                name: "a.csv".to_owned(),
                bytes: b"name\r\n\xc3\xa9\r\n".to_vec(),
            }],
        }
    }

    #[test]
    fn what_is_written_is_read_back_whatever_its_line_ends() {
        let now = "2026-11-27T10:00:00Z".parse().expect("a moment");
        let fields = [
            ("From", "\"ORG1\" <a@org1.example>".to_owned()),
            ("Subject", "Gr\u{fc}\u{df}e\nBcc: x@y".to_owned()),
        ];
        let bytes = parcel().write(&fields, now).expect("memory");
        assert_eq!(Parcel::parse(&bytes), Ok(parcel()));
        let text = String::from_utf8(bytes).expect("ASCII");
        assert!(
            text.starts_with("Date: Fri, 27 Nov 2026 10:00:00 +0000\nFrom: \"ORG1\""),
            "{text}"
        );
        assert!(!text.contains("\nBcc"), "{text}");
        let other = text.replace('\n', "\r\n");
        let header = ParcelHeader::parse(other.as_bytes()).expect("a header");
        assert_eq!(
            header.from().expect("one"),
            Some("a@org1.example".to_owned())
        );
        assert!(!header.is_bounce());
        let read = Parcel::parse(other.as_bytes()).expect("a message");
        assert_eq!(read.contents(), parcel().contents());
    }

    #[test]
    fn a_sender_is_one_address() {
        let from = |value: &str| {
            let head = format!("From: {value}\n\n");
            let header = ParcelHeader::parse(head.as_bytes()).expect("a header");
            header.from().expect("one field")
        };
        assert_eq!(from("a@b"), Some("a@b".to_owned()));
        assert_eq!(from("\"x <c@d>\" <a@b>"), Some("a@b".to_owned()));
        assert_eq!(from("a@b, c@d"), None);
        assert_eq!(from(""), None);
        let twice = ParcelHeader::parse(b"From: a@b\nFrom: c@d\n\n").expect("a header");
        assert_eq!(twice.from(), Err(FaultKind::Repeated("From")));
    }
}
