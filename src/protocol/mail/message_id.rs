//! The Message-ID of a dir-sync message.

use std::fmt;

use sha2::{Digest, Sha256};

use super::contents::{Contents, hex};
use super::party::Party;
use crate::codec::codepage::CodePage;
use crate::codec::timestamp::Timestamp;

/// Bytes of an identifier that is kept as it came; a longer one is replaced by its hash.
const MAX_LEN: usize = 200;

/// An identifier without its angle brackets: graphic ASCII and no bracket in it, so it can stand in any header.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(String);

impl MessageId {
    /// Makes the identifier of a message that is sent.
    ///
    /// Into it go: both parties, the time of the pass in seconds, the numbers (which ones and in which order is the
    /// caller's business: task, ReqSync, SrvSync, ImportSync, what comes before it in the pass), and length and SHA-256
    /// of the body and of each attachment. So a pass that is repeated at the same moment makes the same messages, and
    /// the request of the next cycle is another message even where nothing has changed.
    #[must_use]
    pub fn new(
        from: &Party,
        to: &Party,
        date: Timestamp,
        numbers: &[u32],
        contents: &Contents,
        code_page: CodePage,
    ) -> Self {
        let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
        let text = format!(
            "{}\n{}\n{}\n{}\n{}",
            from.to_header(code_page).to_ascii_uppercase(),
            to.to_header(code_page).to_ascii_uppercase(),
            date.0,
            numbers.join(" "),
            contents.canonical()
        );
        Self(format!(
            "{}.{}@{}{}dirsync.invalid",
            date.0,
            hash(text.as_bytes()),
            label(from.place.postoffice()),
            label(from.place.network()),
        ))
    }

    /// Makes the identifier of a message that came without one, from everything in it.
    #[must_use]
    pub(super) fn of_anonymous(message: &[u8]) -> Self {
        Self(format!("{}@anonymous.dirsync.invalid", hash(message)))
    }

    /// Makes an identifier out of what is said once only, by who it is from.
    #[must_use]
    pub fn of_text(text: &str, host: &str) -> Self {
        let host: String = host
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c))
            .take(100)
            .collect();
        Self(format!("{}@{host}", hash(text.as_bytes())))
    }

    /// Takes the identifier out of a header value, in whatever form it came; `None` when there is none.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        let inner = match value.split_once('<') {
            Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
            None => value,
        };
        let kept: String = inner
            .chars()
            .filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>'))
            .collect();
        match kept.len() {
            0 => None,
            1..=MAX_LEN => Some(Self(kept)),
            _ => Some(Self(format!(
                "{}@long.dirsync.invalid",
                hash(kept.as_bytes())
            ))),
        }
    }

    /// Returns it without brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns sixteen hexadecimal digits that stand for it in a file name.
    #[must_use]
    pub fn short(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes())[..8])
    }
}

impl fmt::Display for MessageId {
    /// Writes it in angle brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..16])
}

/// Makes a part of a domain from a name, for people only: the hash tells messages apart.
fn label(name: &[u8]) -> String {
    let letters = name.iter().filter(|b| b.is_ascii_alphanumeric());
    let mut label: String = letters
        .map(|b| char::from(b.to_ascii_lowercase()))
        .collect();
    if !label.is_empty() {
        label.push('.');
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: CodePage = CodePage::Cp850;

    fn party(text: &str) -> Party {
        Party::parse(text.as_bytes(), PAGE).unwrap()
    }

    fn id(from: &str, to: &str, date: u32, numbers: &[u32], body: &[u8]) -> MessageId {
        let (from, to) = (party(from), party(to));
        MessageId::new(
            &from,
            &to,
            Timestamp(date),
            numbers,
            &Contents::new(body),
            PAGE,
        )
    }

    #[test]
    fn the_same_message_has_the_same_id_and_no_other() {
        let first = id("NET/PO", "NET/DSS", 1, &[1, 2], b"x");
        assert_eq!(
            id("net/po", "NET/DSS", 1, &[1, 2], b"x"),
            id("net/po", "net/dss", 1, &[1, 2], b"x")
        );
        for other in [
            id("NET/PO1", "NET/DSS", 1, &[1, 2], b"x"),
            id("NET/PO", "NET/DSS/SYSTEM1", 1, &[1, 2], b"x"),
            id("NET/PO", "NET/DSS", 2, &[1, 2], b"x"),
            id("NET/PO", "NET/DSS", 1, &[12], b"x"),
            id("NET/PO", "NET/DSS", 1, &[1, 2], b"y"),
        ] {
            assert_ne!(other, first);
        }
    }

    #[test]
    fn an_id_is_safe_anywhere() {
        let made = id("N\u{e9}T/P\u{df}1", "NET/DSS", 1_700_000_000, &[], b"");
        let text = made.as_str();
        assert!(
            text.starts_with("1700000000.") && text.ends_with(".dirsync.invalid"),
            "{text}"
        );
        assert!(
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b".@".contains(&b)),
            "{text}"
        );
        assert_eq!(
            MessageId::from_header(&made.to_string()),
            Some(made.clone())
        );
        assert_eq!(made.short().len(), 16);
    }

    #[test]
    fn an_id_from_elsewhere_is_cleaned() {
        let read = |value: &str| MessageId::from_header(value).map(|id| id.0);
        assert_eq!(read(" <a.b@c> (x)").unwrap(), "a.b@c");
        assert_eq!(read("a@b").unwrap(), "a@b");
        assert_eq!(read("<a\r\nBcc: x@y>").unwrap(), "aBcc:x@y");
        assert_eq!(read("<../../etc/passwd>").unwrap(), "../../etc/passwd");
        assert_eq!((read(""), read("<>"), read("<é>")), (None, None, None));
        assert_eq!(
            read(&"x".repeat(5000)).unwrap().len(),
            32 + "@long.dirsync.invalid".len()
        );
    }
}
