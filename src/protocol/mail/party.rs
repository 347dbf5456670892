//! Who speaks to whom: `PCM:NET/PO/$SYSTEM` (`spec/protocol.md` 1.1, 6.1).

use std::fmt;

use crate::address::{AddressError, AddressType, PostofficeName, split_type, trim};
use crate::codec::codepage::CodePage;

/// The mailbox of a postoffice that dir-sync mail goes to.
pub const SYSTEM: &[u8] = b"$SYSTEM";

/// Bytes of a mailbox name.
const MAX_MAILBOX_LEN: usize = 10;

/// One end of a dir-sync message: a mailbox of a postoffice.
///
/// The mailbox is not always `$SYSTEM`: a requestor may use `SYSTEM1` and so on, and is answered there (Q150828). Notes
/// go to people.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Party {
    /// The postoffice.
    pub place: PostofficeName,
    /// The mailbox in the code page.
    pub mailbox: Box<[u8]>,
}

impl Party {
    /// The `$SYSTEM` mailbox of a postoffice.
    #[must_use]
    pub fn system(place: PostofficeName) -> Self {
        Self::new(place, SYSTEM)
    }

    /// A mailbox of a postoffice.
    #[must_use]
    pub fn new(place: PostofficeName, mailbox: &[u8]) -> Self {
        Self {
            place,
            mailbox: mailbox.into(),
        }
    }

    /// Tells whether the mailbox is `$SYSTEM`.
    #[must_use]
    pub fn is_system(&self) -> bool {
        self.mailbox.eq_ignore_ascii_case(SYSTEM)
    }

    /// Tells whether both are the same mailbox but for letter case.
    #[must_use]
    pub fn is_same(&self, other: &Self, code_page: CodePage) -> bool {
        self.place.is_same(&other.place, code_page)
            && code_page.eq_ignore_case(&self.mailbox, &other.mailbox)
    }

    /// Reads `NET/PO` or `NET/PO/MAILBOX`, with or without a type; without a mailbox it is `$SYSTEM`.
    ///
    /// # Errors
    /// 16 for a type that is none of PC Mail, 17, 20, 26, 48, 69 and 70 for the postoffice, 71 and 20 for the mailbox.
    pub fn parse(text: &[u8], code_page: CodePage) -> Result<Self, AddressError> {
        let (mut start, mut text) = trim(text);
        if let Some(colon) = split_type(text) {
            let token = &text[..colon];
            let kind = AddressType::from_token(token).filter(|k| k.family() == AddressType::Pcm);
            if kind.is_none() {
                let expected = "PCM, CSI, FFAPI or MS";
                return Err(AddressError::new(16, start, token, expected, code_page));
            }
            start += colon + 1;
            text = &text[colon + 1..];
        }
        // A slash is never the second byte of a character.
        let mut slashes = (0..text.len()).filter(|&at| text[at] == b'/');
        let end = match (slashes.next(), slashes.next()) {
            (Some(_), Some(second)) => second,
            _ => text.len(),
        };
        let place = PostofficeName::parse(&text[..end], code_page).map_err(|e| e.shifted(start))?;
        if end == text.len() {
            return Ok(Self::system(place));
        }
        let (blank, mailbox) = trim(&text[end + 1..]);
        check_mailbox(mailbox, code_page).map_err(|e| e.shifted(start + end + 1 + blank))?;
        Ok(Self::new(place, mailbox))
    }

    /// Returns `PCM:NET/PO/MAILBOX` in the code page.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [b"PCM:", &*self.place.encode(), b"/", &self.mailbox].concat()
    }

    /// Returns `PCM:NET/PO/MAILBOX` for people.
    #[must_use]
    pub fn view(&self, code_page: CodePage) -> String {
        code_page.decode(&self.encode())
    }

    /// Returns the value of `DirSync-From:` and `DirSync-To:`: `PCM:NET/PO`, and `PCM:NET/PO/MAILBOX` where the mailbox is
    /// not `$SYSTEM`, in ASCII.
    ///
    /// A character outside ASCII is its UTF-8 bytes as `%XX`, as in a URL, so that no mail system changes it and a
    /// postoffice of another code page reads the same name; a byte that is no character of the page is `%=XX`.
    #[must_use]
    pub fn to_header(&self, code_page: CodePage) -> String {
        let mut text = b"PCM:".to_vec();
        text.extend(self.place.encode());
        if !self.is_system() {
            text.push(b'/');
            text.extend_from_slice(&self.mailbox);
        }
        escape(&text, code_page)
    }

    /// Reads the value of a header; what a mail system made of it (decoded or in another letter case) is read as well.
    ///
    /// # Errors
    /// As [`Self::parse`]; 103 for an escape that is none, or a character that the code page does not have.
    pub fn from_header(value: &str, code_page: CodePage) -> Result<Self, AddressError> {
        let bytes = unescape(value, code_page)?;
        Self::parse(&bytes, code_page)
    }
}

/// Escapes bytes outside ASCII: the code page is not known here.
impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Party({})", self.encode().escape_ascii())
    }
}

/// Mailboxes of the system have a `$`; else letters and digits, and codes above 127.
fn check_mailbox(mailbox: &[u8], code_page: CodePage) -> Result<(), AddressError> {
    if mailbox.is_empty() || mailbox.len() > MAX_MAILBOX_LEN {
        let expected = "a mailbox name of 1 to 10 characters";
        return Err(AddressError::new(20, 0, mailbox, expected, code_page));
    }
    let fits = |b: &u8| b.is_ascii_alphanumeric() || !b.is_ascii() || *b == b'$';
    let mut at = 0;
    while at < mailbox.len() {
        let len = code_page.character_len(&mailbox[at..]);
        if len == 1 && !fits(&mailbox[at]) {
            let expected = "letters and digits only in the mailbox name";
            return Err(AddressError::new(71, at, mailbox, expected, code_page));
        }
        at += len;
    }
    Ok(())
}

fn escape(text: &[u8], code_page: CodePage) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (character, behind) = rest.split_at(code_page.character_len(rest));
        rest = behind;
        match character {
            [b] if b.is_ascii_graphic() && *b != b'%' => out.push(char::from(*b)),
            _ => {
                let view = code_page.decode(character);
                let is_exact = code_page.encode(&view).is_ok_and(|back| back == character);
                let (mark, bytes) = match is_exact {
                    true => ("%", view.as_bytes()),
                    false => ("%=", character),
                };
                for byte in bytes {
                    out.push_str(&format!("{mark}{byte:02X}"));
                }
            }
        }
    }
    out
}

fn unescape(value: &str, code_page: CodePage) -> Result<Vec<u8>, AddressError> {
    let fault = |at: usize, expected| {
        AddressError::new(103, at, &value.as_bytes()[at..], expected, CodePage::Cp437)
    };
    let encode = |utf8: &mut Vec<u8>, end: usize| {
        let text = String::from_utf8(std::mem::take(utf8))
            .map_err(|_| fault(end.saturating_sub(1), "UTF-8 behind %"))?;
        code_page
            .encode(&text)
            .map_err(|_| fault(end.saturating_sub(1), "a character of the code page"))
    };
    let (mut out, mut utf8) = (Vec::new(), Vec::new());
    let bytes = value.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let hex = |from: usize| {
            let digits = value.get(from..from + 2)?;
            let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
            is_hex
                .then(|| u8::from_str_radix(digits, 16).ok())
                .flatten()
        };
        at += match (bytes[at], bytes.get(at + 1)) {
            (b'%', Some(b'=')) => {
                out.extend(encode(&mut utf8, at)?);
                out.push(hex(at + 2).ok_or_else(|| fault(at, "two hexadecimal digits behind %="))?);
                4
            }
            (b'%', _) => {
                utf8.push(hex(at + 1).ok_or_else(|| fault(at, "two hexadecimal digits behind %"))?);
                3
            }
            (byte, _) => {
                utf8.push(byte);
                1
            }
        };
    }
    out.extend(encode(&mut utf8, bytes.len())?);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: CodePage = CodePage::Cp850;

    #[test]
    fn a_party_is_read_with_or_without_type_and_mailbox() {
        for (text, expected) in [
            ("PCM:NET/PO/$SYSTEM", "PCM:NET/PO/$SYSTEM"),
            ("net/po", "PCM:net/po/$SYSTEM"),
            (" csi:net/po/$system ", "PCM:net/po/$system"),
            // DS-P057, Q150828
            ("PCM:ORG/SITE/SYSTEM1", "PCM:ORG/SITE/SYSTEM1"),
            ("FFAPI:NET/PO/Admin", "PCM:NET/PO/Admin"),
        ] {
            let party = Party::parse(text.as_bytes(), PAGE).unwrap();
            assert_eq!(party.view(PAGE), expected);
        }
    }

    #[test]
    fn what_is_no_party_has_its_published_number() {
        for (text, number) in [
            ("", 48),
            ("SMTP:NET/PO", 16),
            ("NET", 17),
            ("NET/PO/", 20),
            ("NET/PO/ELEVENCHARS", 20),
            ("NET/PO/a/b", 71),
            ("NE T/PO", 69),
            ("NET/../X", 70),
            ("NET/PO/..", 71),
            ("NET/PO/a b", 71),
        ] {
            let error = Party::parse(text.as_bytes(), PAGE).unwrap_err();
            assert_eq!(error.number, number, "{text}: {error}");
        }
    }

    #[test]
    fn ds_p057_the_header_holds_the_mailbox_where_it_is_not_system() {
        let header = |text: &str| Party::parse(text.as_bytes(), PAGE).unwrap().to_header(PAGE);
        assert_eq!(header("ORG/SITE/SYSTEM1"), "PCM:ORG/SITE/SYSTEM1");
        assert_eq!(header("ORG/SITE/$system"), "PCM:ORG/SITE");
    }

    #[test]
    fn names_of_any_code_page_survive_the_header() {
        for page in CodePage::ALL {
            for byte in 0x80..=0xff_u8 {
                let place = PostofficeName::from_checked(&[b'N', byte], &[byte, b'P']);
                let party = Party::new(place, &[b'M', byte]);
                let header = party.to_header(page);
                assert!(header.bytes().all(|b| b.is_ascii_graphic()), "{header}");
                let back = Party::from_header(&header, page);
                if !page.is_double_byte() || !page.is_lead_byte(byte) {
                    assert_eq!(back.unwrap(), party, "{page} {byte:02x} {header}");
                }
            }
        }
        let name = CodePage::Cp932.encode("日本").unwrap();
        let party = Party::system(PostofficeName::from_checked(&name, b"PO"));
        let header = party.to_header(CodePage::Cp932);
        assert_eq!(header, "PCM:%E6%97%A5%E6%9C%AC/PO");
        assert_eq!(Party::from_header(&header, CodePage::Cp932).unwrap(), party);
        assert_eq!(
            Party::from_header("PCM:日本/PO", CodePage::Cp932).unwrap(),
            party
        );
    }

    #[test]
    fn another_code_page_reads_the_same_name_or_says_that_it_cannot() {
        let party = Party::parse(b"M\x9aNCHEN/PO", PAGE).unwrap();
        let header = party.to_header(PAGE);
        assert_eq!(header, "PCM:M%C3%9CNCHEN/PO");
        let other = Party::from_header(&header, CodePage::Windows1252).unwrap();
        assert_eq!(other.view(CodePage::Windows1252), "PCM:MÜNCHEN/PO/$SYSTEM");
        let error = Party::from_header(&header, CodePage::Cp866).unwrap_err();
        assert_eq!(error.number, 103);
        for broken in [
            "PCM:A%/B",
            "PCM:A%4/B",
            "PCM:%FF/B",
            "PCM:%=G0/B",
            "%",
            "%=",
            "%é1/B",
        ] {
            assert_eq!(
                Party::from_header(broken, PAGE).unwrap_err().number,
                103,
                "{broken}"
            );
        }
    }
}
