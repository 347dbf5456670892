//! What a message says to whoever carries it: its header alone.

use std::fmt;

use super::envelope::MailKind;
use super::fault::FaultKind;
use super::header::{Header, MAX_HEADER_LEN, line_end};
use super::message_id::MessageId;
use super::party::Party;
use crate::address::PostofficeName;
use crate::codec::codepage::CodePage;

/// The header that each postoffice puts above a message that it sends on.
const HOP: &str = "DirSync-Hop";

/// The header of a message, as far as a carrier needs it. The body may be of any size and is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// `Message-ID:`.
    pub message_id: MessageId,
    /// `DirSync-From:`; without it nothing can be returned.
    pub from: Option<Party>,
    /// `DirSync-To:`.
    pub to: Option<Party>,
    /// `DirSync-Kind:`.
    pub kind: MailKind,
    /// `Subject:`.
    pub subject: String,
    /// `DirSync-Hop:`, the last one first.
    pub hops: Vec<PostofficeName>,
}

impl Label {
    /// Bytes at the beginning of a message that are enough to read it.
    pub const MAX_HEAD_LEN: usize = MAX_HEADER_LEN + 1;

    /// Reads the beginning of a message.
    ///
    /// # Errors
    /// There is no header, or it ends nowhere, is too long, or says two things about who speaks to whom.
    pub fn parse(head: &[u8], code_page: CodePage) -> Result<Self, FaultKind> {
        let (header, body) = Header::split(head)?;
        if header.is_empty() {
            return Err(FaultKind::NoHeader);
        }
        if body.is_none() {
            return Err(FaultKind::HeaderCut);
        }
        let party = |name| match header.once(name)? {
            Some(value) => super::read::party(name, &value, code_page).map(Some),
            None => Ok(None),
        };
        let word = header.text("DirSync-Kind").unwrap_or_default();
        let id = header
            .text("Message-ID")
            .as_deref()
            .and_then(MessageId::from_header);
        let hops = header.texts(HOP).map(|value| {
            Party::from_header(&value, code_page)
                .map(|party| party.place)
                .map_err(|source| FaultKind::Address {
                    header: HOP,
                    source: Box::new(source),
                })
        });
        Ok(Self {
            message_id: id.unwrap_or_else(|| MessageId::of_anonymous(head)),
            from: party("DirSync-From")?,
            to: party("DirSync-To")?,
            kind: MailKind::from_word(&word).unwrap_or_default(),
            subject: header.text("Subject").unwrap_or_default(),
            hops: hops.collect::<Result<_, _>>()?,
        })
    }
}

/// Returns the line that a postoffice puts above a message that it sends on.
#[must_use]
pub fn hop_line(own: &PostofficeName, code_page: CodePage) -> String {
    format!(
        "{HOP}: {}\n",
        Party::system(own.clone()).to_header(code_page)
    )
}

/// Returns the length of the line that a mailbox file puts above a message; no mail system wants it.
fn from_line_len(head: &[u8]) -> usize {
    match head.starts_with(b"From ") {
        true => line_end(head, 0),
        false => 0,
    }
}

/// An Internet address that can stand in an envelope and in a header: `USER@HOST` in graphic ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress(String);

/// An address that cannot be used for mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{}\" is no mail address, expected USER@HOST", .0.escape_debug())]
pub struct MailAddressError(String);

impl MailAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// It has other than one `@`, an empty part, or a character that has a meaning in headers or in SMTP.
    pub fn parse(text: &str) -> Result<Self, MailAddressError> {
        let safe = |c: char| c.is_ascii_graphic() && !"<>()[],;:\\\"".contains(c);
        let parts: Vec<_> = text.split('@').collect();
        match parts.as_slice() {
            [user, host]
                if !user.is_empty()
                    && !host.is_empty()
                    && text.chars().all(safe)
                    && !text.starts_with('-') =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(MailAddressError(text.chars().take(100).collect())),
        }
    }

    /// Returns `USER@HOST`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the header of a message with `From:` and `To:` as its route says, and where its body begins. The names of the
/// postoffices stay in front of the addresses, for people.
///
/// # Errors
/// As [`Label::parse`].
pub fn readdress(
    head: &[u8],
    from: (&Party, &MailAddress),
    to: (&Party, &MailAddress),
    code_page: CodePage,
) -> Result<(Vec<u8>, usize), FaultKind> {
    let (_, body) = Header::split(head)?;
    let end = head.len() - body.ok_or(FaultKind::HeaderCut)?.len();
    let mut out = Vec::with_capacity(end + 256);
    for (name, (party, address)) in [("From", from), ("To", to)] {
        let shown = party.to_header(code_page).replace(['"', '\\'], "?");
        out.extend_from_slice(format!("{name}: \"{shown}\" <{address}>\n").as_bytes());
    }
    let mut at = from_line_len(head);
    let mut dropping = false;
    while at < end {
        let line = &head[at..line_end(head, at)];
        at += line.len();
        let is_folded = matches!(line.first(), Some(b' ' | b'\t'));
        if !is_folded {
            let name = line
                .split(|&b| b == b':')
                .next()
                .unwrap_or_default()
                .trim_ascii_end();
            dropping = name.eq_ignore_ascii_case(b"From") || name.eq_ignore_ascii_case(b"To");
        }
        if !dropping {
            out.extend_from_slice(line);
        }
    }
    Ok((out, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: CodePage = CodePage::Cp850;

    #[test]
    fn a_carrier_reads_the_header_alone() {
        let head = b"DirSync-Hop: PCM:NET/HUB2\nDirSync-Hop: PCM:NET/HUB1\nMessage-ID: <a@b>\nSubject: x\n\
            DirSync-From: PCM:NET/PO\nDirSync-To: PCM:ORG/SITE/SYSTEM1\nDirSync-Kind: note\n\n\xff\xff";
        let label = Label::parse(head, PAGE).unwrap();
        assert_eq!(label.from.unwrap().view(PAGE), "PCM:NET/PO/$SYSTEM");
        assert_eq!(label.to.unwrap().view(PAGE), "PCM:ORG/SITE/SYSTEM1");
        assert_eq!(label.kind, MailKind::Note);
        let hops: Vec<_> = label.hops.iter().map(|hop| hop.view(PAGE)).collect();
        assert_eq!(hops, ["NET/HUB2", "NET/HUB1"]);
        assert_eq!(
            hop_line(&label.hops[0], PAGE),
            "DirSync-Hop: PCM:NET/HUB2\n"
        );
        for (head, expected) in [
            (&b"\xff\xfe"[..], FaultKind::NoHeader),
            (b"Subject: x\n", FaultKind::HeaderCut),
            (
                b"DirSync-To: A/B\ndirsync-to: A/C\n\n",
                FaultKind::Repeated("DirSync-To"),
            ),
        ] {
            assert_eq!(Label::parse(head, PAGE).unwrap_err(), expected);
        }
        let fault = Label::parse(b"DirSync-To: ../../etc\n\n", PAGE).unwrap_err();
        assert!(matches!(fault, FaultKind::Address { .. }), "{fault}");
    }

    #[test]
    fn addresses_that_could_break_out_are_refused() {
        assert_eq!(
            MailAddress::parse("dirsync@po.example.com")
                .unwrap()
                .as_str(),
            "dirsync@po.example.com"
        );
        for text in [
            "",
            "a",
            "a@",
            "@b",
            "a@b@c",
            "a b@c",
            "a@b\nc",
            "<a@b>",
            "-oQ/tmp@b",
            "a\"@b",
            "é@b",
            "a,b@c",
        ] {
            assert!(MailAddress::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_route_is_written_into_from_and_to() {
        let party = |text: &str| Party::parse(text.as_bytes(), PAGE).unwrap();
        let address = |text| MailAddress::parse(text).unwrap();
        let head = b"From x\nFrom: \"PCM:NET/PO\" <a@dirsync.invalid>\nTo: one\n two\nFromage: y\nDirSync-To: PCM:NET/DSS\n\nbody";
        let (out, end) = readdress(
            head,
            (&party("NET/PO"), &address("po@a.test")),
            (&party("NET/DSS"), &address("dss@b.test")),
            PAGE,
        )
        .unwrap();
        assert_eq!(&head[end..], b"body");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "From: \"PCM:NET/PO\" <po@a.test>\nTo: \"PCM:NET/DSS\" <dss@b.test>\nFromage: y\nDirSync-To: PCM:NET/DSS\n\n"
        );
    }
}
