//! `DirSync-Signature:` the proof that a message comes from who knows the registered password (`design.md` section 3).

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::contents::{Contents, hex};
use super::envelope::MailKind;
use super::message_id::MessageId;
use super::party::Party;
use crate::codec::Fingerprint;
use crate::codec::codepage::CodePage;

/// Bytes of a password that count (Q259957).
const MAX_PASSWORD_LEN: usize = 8;

/// First line of what is signed; another form would get another number.
const DOMAIN: &str = "DirSync-Signature 1";

/// The word before the digits in the header.
const ALGORITHM: &str = "hmac-sha256";

/// The password that both ends know, as a key: upper case and eight characters, as published (Q259957, Q116435).
///
/// It is taken through Unicode, so that postoffices of two code pages get the same key from the same word.
#[derive(Clone, PartialEq, Eq)]
pub struct SignatureKey(Vec<u8>);

impl SignatureKey {
    /// Makes a key; `None` for an empty password, which is none (Q125917).
    #[must_use]
    pub fn new(password: &[u8], code_page: CodePage) -> Option<Self> {
        let folded = code_page.fold(code_page.cut(password, MAX_PASSWORD_LEN));
        let text = code_page.decode(&folded);
        (!folded.is_empty()).then(|| Self(text.into_bytes()))
    }

    /// Takes a key as it is, every byte of it: between organizations there is no password of eight characters.
    #[must_use]
    pub fn whole(key: &[u8]) -> Self {
        Self(key.to_vec())
    }
}

/// Shows nothing of the password.
impl fmt::Debug for SignatureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignatureKey(...)")
    }
}

/// What is signed: Message-ID, kind, both parties, body and attachments. STAMP and all numbers are lines of the body.
///
/// Everything is taken as decoded, so a mail system may change transfer encodings and line ends on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed(String);

impl Signed {
    /// Puts together what is signed. Names count without letter case.
    #[must_use]
    pub fn new(
        message_id: &MessageId,
        kind: MailKind,
        from: &Party,
        to: &Party,
        contents: &Contents,
        code_page: CodePage,
    ) -> Self {
        Self(format!(
            "{DOMAIN}\n{message_id}\n{}\n{}\n{}\n{}",
            kind.word().unwrap_or("dir-sync"),
            from.to_header(code_page).to_ascii_uppercase(),
            to.to_header(code_page).to_ascii_uppercase(),
            contents.canonical()
        ))
    }

    /// Puts together what is signed of a message of another form. `domain` is its name, so that a signature of one form is
    /// none of another; no line can pass for two.
    #[must_use]
    pub fn of(domain: &str, lines: &[&str], contents: &Contents) -> Self {
        let mut text = format!("{domain}\n");
        for line in lines {
            text.push_str(&format!("{}\n", line.escape_default()));
        }
        text.push_str(&contents.canonical());
        Self(text)
    }

    /// Signs it.
    #[must_use]
    pub fn sign(&self, key: &SignatureKey) -> Signature {
        Signature::Made(self.mac(key).finalize().into_bytes().into())
    }

    /// Compares a signature with this, in a time that says nothing about how much of it is right.
    #[must_use]
    pub fn check(&self, signature: Option<&Signature>, key: &SignatureKey) -> SignatureCheck {
        match signature {
            None => SignatureCheck::Missing,
            Some(Signature::Unreadable(_)) => SignatureCheck::Wrong,
            Some(Signature::Made(bytes)) => match self.mac(key).verify_slice(bytes) {
                Ok(()) => SignatureCheck::Valid,
                Err(_) => SignatureCheck::Wrong,
            },
        }
    }

    /// Returns what makes a second copy of the message a duplicate: its SHA-256. A message with the same Message-ID and
    /// another content is no duplicate, so that nobody can send something under a guessed Message-ID to keep the true
    /// message out.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::digest(self.0.as_bytes()).into())
    }

    fn mac(&self, key: &SignatureKey) -> Hmac<Sha256> {
        Hmac::<Sha256>::new_from_slice(&key.0)
            .expect("HMAC takes a key of any length")
            .chain_update(self.0.as_bytes())
    }
}

/// The value of `DirSync-Signature:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// HMAC-SHA-256.
    Made([u8; 32]),
    /// A header that is none of ours, or damaged; it is right for no key.
    Unreadable(String),
}

impl Signature {
    /// Reads a header value.
    #[must_use]
    pub fn from_header(value: &str) -> Self {
        let bytes = value
            .trim()
            .strip_prefix(ALGORITHM)
            .and_then(|digits| unhex(digits.trim()));
        match bytes {
            Some(bytes) => Self::Made(bytes),
            None => Self::Unreadable(value.chars().take(100).collect()),
        }
    }
}

impl fmt::Display for Signature {
    /// Writes the header value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made(bytes) => write!(f, "{ALGORITHM} {}", hex(bytes)),
            Self::Unreadable(text) => f.write_str(text),
        }
    }
}

/// What a signature is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureCheck {
    /// Made with this key over this message.
    Valid,
    /// There is none.
    Missing,
    /// Made with another key, or over another message.
    Wrong,
}

fn unhex(digits: &str) -> Option<[u8; 32]> {
    let digits = digits.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let digit = |b: u8| char::from(b).to_digit(16);
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::contents::ContentHash;
    use super::*;

    const PAGE: CodePage = CodePage::Cp850;

    fn key(password: &str) -> SignatureKey {
        SignatureKey::new(&PAGE.encode(password).unwrap(), PAGE).unwrap()
    }

    fn signed(id: &str, from: &str, to: &str, contents: &Contents) -> Signed {
        let party = |text: &str| Party::parse(text.as_bytes(), PAGE).unwrap();
        let id = MessageId::from_header(id).unwrap();
        Signed::new(
            &id,
            MailKind::DirSync,
            &party(from),
            &party(to),
            contents,
            PAGE,
        )
    }

    fn contents() -> Contents {
        Contents::new(b"[DIRSYNC]\r\nSTAMP=5\r\n").and("A.GLB", ContentHash::of_bytes(b"x"))
    }

    #[test]
    fn only_the_same_message_under_the_same_password_is_valid() {
        let message = signed("<a@b>", "NET/PO", "NET/DSS", &contents());
        let signature = message.sign(&key("secret"));
        let check = |m: &Signed, k: &str| m.check(Some(&signature), &key(k));
        assert_eq!(check(&message, "secret"), SignatureCheck::Valid);
        assert_eq!(check(&message, "SECRET"), SignatureCheck::Valid);
        assert_eq!(check(&message, "secre"), SignatureCheck::Wrong);
        assert_eq!(message.check(None, &key("secret")), SignatureCheck::Missing);
        let stamp =
            Contents::new(b"[DIRSYNC]\r\nSTAMP=6\r\n").and("A.GLB", ContentHash::of_bytes(b"x"));
        let attachment =
            Contents::new(b"[DIRSYNC]\r\nSTAMP=5\r\n").and("A.GLB", ContentHash::of_bytes(b"y"));
        for other in [
            signed("<c@b>", "NET/PO", "NET/DSS", &contents()),
            signed("<a@b>", "NET/PO1", "NET/DSS", &contents()),
            signed("<a@b>", "NET/PO", "NET/DSS1", &contents()),
            signed("<a@b>", "NET/PO", "NET/DSS", &stamp),
            signed("<a@b>", "NET/PO", "NET/DSS", &attachment),
        ] {
            assert_eq!(check(&other, "secret"), SignatureCheck::Wrong);
            assert_ne!(other.fingerprint(), message.fingerprint());
        }
    }

    #[test]
    fn eight_characters_of_a_password_count_in_any_code_page() {
        assert_eq!(key("12345678"), key("123456789"));
        assert_ne!(key("1234567"), key("12345678"));
        assert_eq!(SignatureKey::new(b"", PAGE), None);
        let ansi = CodePage::Windows1252;
        let other = SignatureKey::new(&ansi.encode("pässwörd").unwrap(), ansi).unwrap();
        assert_eq!(key("PÄSSWÖRD"), other);
        assert_eq!(format!("{other:?}"), "SignatureKey(...)");
    }

    #[test]
    fn the_header_is_read_back_and_damage_is_wrong() {
        let message = signed("<a@b>", "NET/PO", "NET/DSS", &contents());
        let text = message.sign(&key("x")).to_string();
        assert_eq!(Signature::from_header(&text).to_string(), text);
        for at in 0..text.len() {
            let mut damaged = text.clone().into_bytes();
            damaged[at] ^= 0x01;
            let damaged = Signature::from_header(&String::from_utf8(damaged).unwrap());
            assert_eq!(
                message.check(Some(&damaged), &key("x")),
                SignatureCheck::Wrong,
                "{at}"
            );
            let cut = Signature::from_header(&text[..at]);
            assert_eq!(
                message.check(Some(&cut), &key("x")),
                SignatureCheck::Wrong,
                "{at}"
            );
        }
    }

    #[test]
    fn the_mac_is_hmac_sha_256() {
        // RFC 4231, test case 2, with a key of eight bytes or less as ours are.
        let key = SignatureKey(b"Jefe".to_vec());
        let signature = Signed("what do ya want for nothing?".to_owned()).sign(&key);
        assert_eq!(
            signature.to_string(),
            "hmac-sha256 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
