//! Addresses as the directory keeps them: `TYPE:value` in Unicode (`spec/exchange.md` LD-04, DX-20, DX-21).
//!
//! What comes from a postoffice has passed the rules of [`crate::address`]. This layer is wider where the rules of the
//! agent are: a missing type is PC Mail, and five types with a network, postoffice and mailbox are one.

use std::fmt;

use super::note::Note;
use super::x400::{self, X121Spelling};
use crate::address::{Address, AddressError, AddressType};
use crate::codec::codepage::{CharacterError, CodePage};
use crate::plan::outcome::Reason;

/// The type that PC Mail addresses have in the directory.
pub const PC_MAIL: &str = "MS";

/// An address: the type in upper case, the value as it was received.
///
/// Equality is exact; [`SyncKey::of`](super::key::SyncKey::of) says whether two mean the same mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TargetAddress {
    kind: String,
    value: String,
}

impl TargetAddress {
    /// Reads `TYPE:value` as an entry holds it; without a type it is PC Mail.
    ///
    /// # Errors
    /// `no-address` where nothing stands behind the type, `address-type` for a type that is no word.
    pub fn parse(text: &str) -> Result<Self, Note> {
        let text = text.trim();
        let (kind, value) = match text.find([':', '/']) {
            Some(at) if text[at..].starts_with(':') => (&text[..at], &text[at + 1..]),
            _ => (PC_MAIL, text),
        };
        let kind = if kind.is_empty() { PC_MAIL } else { kind };
        if value.trim().is_empty() {
            return Err(Note::new(Reason::NoAddress, format!("{text:?}")));
        }
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if !kind.chars().all(is_word) {
            return Err(Note::new(Reason::AddressType, format!("{kind:?}")));
        }
        Ok(Self::new(kind, value))
    }

    /// Makes an address.
    #[must_use]
    pub fn new(kind: &str, value: &str) -> Self {
        let kind = kind.to_ascii_uppercase();
        let value = value.trim().to_owned();
        let is_pc_mail = match &*kind {
            "PCM" | "MS" | "CSI" | "FFAPI" => true,
            // Macintosh addresses may be longer and have commas (Q193842); those stay what they are.
            "MSMAIL" => is_pc_mail_value(&value),
            _ => false,
        };
        let kind = if is_pc_mail { PC_MAIL.to_owned() } else { kind };
        Self { kind, value }
    }

    /// Reads an address as a line has it. The note is `type-assumed` where the line has no type (DX-20).
    ///
    /// # Errors
    /// Why the line cannot be applied, with the byte at which it stops being an address (DX247).
    pub fn received(line: &[u8], page: CodePage) -> Result<(Self, Option<Note>), Note> {
        // An empty column may still have its colon.
        let blank = |b: &u8| matches!(b, b' ' | b'\t');
        let skipped = line.iter().take_while(|b| blank(b)).count();
        let colon = usize::from(line.get(skipped) == Some(&b':'));
        let rest = &line[skipped + colon..];
        let has_type = crate::address::split_type(rest).is_some();
        let address = Address::parse(rest, page).map_err(|mut e| {
            e.offset += skipped + colon;
            refused(&e)
        })?;
        let assumed = || {
            let text = page.decode(rest);
            Note::new(Reason::TypeAssumed, format!("PCM for {:?}", text.trim()))
        };
        let note = (!has_type).then(assumed);
        Ok((Self::of(&address, page)?, note))
    }

    /// Returns the address that the directory keeps for one of a postoffice.
    ///
    /// # Errors
    /// `address-syntax` for a malformed X.400 address, `charset` for a byte that is no character: what cannot be told
    /// apart must not become one key.
    pub fn of(address: &Address, page: CodePage) -> Result<Self, Note> {
        let value = page.decode(address.text());
        if value.contains(char::REPLACEMENT_CHARACTER) {
            let detail = format!("address {value:?} has a byte that code page {page} has not");
            return Err(Note::new(Reason::Charset, detail));
        }
        if address.kind() == AddressType::X400 {
            x400::parts(&value).map_err(|e| Note::new(Reason::AddressSyntax, e.to_string()))?;
        }
        Ok(Self::new(address.kind().token(), &value))
    }

    /// Returns the type, in upper case; PC Mail is [`PC_MAIL`].
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns what stands behind the colon.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Tells whether it is an address of PC Mail.
    #[must_use]
    pub fn is_pc_mail(&self) -> bool {
        self.kind == PC_MAIL
    }

    /// Returns network, postoffice and mailbox of PC Mail, or the three parts of PROFS, SNADS and OV.
    #[must_use]
    pub fn three_parts(&self) -> Option<[&str; 3]> {
        let has_three = |kind: AddressType| kind.is_three_part();
        let three = AddressType::from_token(self.kind.as_bytes()).is_some_and(has_three);
        let mut parts = self.value.split('/');
        let parts = [parts.next(), parts.next(), parts.next(), parts.next()];
        match parts {
            [Some(network), Some(postoffice), Some(mailbox), None] if three => {
                Some([network, postoffice, mailbox])
            }
            _ => None,
        }
    }

    /// Returns the list that the address is in, in one letter case: `MS:NET/PO`, or `SMTP:`.
    #[must_use]
    pub fn list(&self) -> String {
        match self.three_parts() {
            Some([network, postoffice, _]) => {
                format!("{}:{network}/{postoffice}", self.kind).to_uppercase()
            }
            None => format!("{}:", self.kind),
        }
    }

    /// Returns the address that a postoffice is sent: PC Mail as `PCM` (Q157712), the terminal number of X.400 as the
    /// target spells it.
    ///
    /// # Errors
    /// `address-type` for a type postoffices do not have, `charset` for a character that their code page lacks (half an
    /// address reaches nobody), or the rule of [`Address`] that it breaks.
    pub fn to_address(&self, page: CodePage, x121: X121Spelling) -> Result<Address, Note> {
        let kind = match &*self.kind {
            PC_MAIL => Some(AddressType::Pcm),
            kind => AddressType::from_token(kind.as_bytes()),
        };
        let Some(kind) = kind else {
            return Err(Note::new(Reason::AddressType, self.to_string()));
        };
        let value = match kind {
            AddressType::X400 => x400::spell_x121(&self.value, x121),
            _ => self.value.clone(),
        };
        let bytes = page.encode(&value).map_err(|e| missing(&e))?;
        Address::new(kind, &bytes, page).map_err(|e| refused(&e))
    }
}

impl fmt::Display for TargetAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.value)
    }
}

fn is_pc_mail_value(value: &str) -> bool {
    let fits = |part: &str| {
        (1..=10).contains(&part.chars().count()) && part.chars().all(char::is_alphanumeric)
    };
    value.split('/').count() == 3 && value.split('/').all(fits)
}

fn refused(error: &AddressError) -> Note {
    Note::new(Reason::of_refused_line(error.number), error.to_string())
}

fn missing(error: &CharacterError) -> Note {
    Note::new(Reason::Charset, format!("address: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::key::SyncKey;
    use super::*;

    const PAGE: CodePage = CodePage::Cp850;

    fn received(line: &[u8]) -> (TargetAddress, Option<Note>) {
        TargetAddress::received(line, PAGE).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn dxc_058_a_missing_type_is_pcm_with_a_note() {
        for line in [&b"NET/PO/User"[..], b":NET/PO/User", b"  NET/PO/User "] {
            let (address, note) = received(line);
            assert_eq!(address.to_string(), "MS:NET/PO/User");
            assert_eq!(note.map(|n| n.reason), Some(Reason::TypeAssumed));
        }
        assert_eq!(received(b"PCM:NET/PO/User").1, None);
    }

    #[test]
    fn dxc_059_dxc_060_spellings_of_one_type_are_one_address_and_written_as_pcm() {
        let wanted = SyncKey::of(&received(b"PCM:NET/PO/USER").0);
        for line in ["pcm:", "Pcm:", "PCM:", "csi:", "MS:", "FFAPI:", "msmail:"] {
            let (address, note) = received(format!("{line}NET/PO/USER").as_bytes());
            assert_eq!(
                (SyncKey::of(&address), note),
                (wanted.clone(), None),
                "{line}"
            );
            assert_eq!(address.to_string(), "MS:NET/PO/USER");
            let sent = address.to_address(PAGE, X121Spelling::Plain).unwrap();
            assert_eq!(sent.encode(), b"PCM:NET/PO/USER");
        }
    }

    #[test]
    fn dxc_061_an_address_of_a_gateway_is_kept_whole() {
        let (address, _) = received(b"profs:GATEWAY/NODE/USER");
        assert_eq!(address.to_string(), "PROFS:GATEWAY/NODE/USER");
        let sent = address.to_address(PAGE, X121Spelling::Plain).unwrap();
        assert_eq!(sent.encode(), b"PROFS:GATEWAY/NODE/USER");
    }

    #[test]
    fn dx21_a_long_macintosh_address_with_a_comma_stays_what_it_is() {
        let (address, _) = received(b"MSMAIL:NET/PO/Smithfield, Robert");
        assert_eq!(address.to_string(), "MSMAIL:NET/PO/Smithfield, Robert");
        let sent = address.to_address(PAGE, X121Spelling::Plain).unwrap();
        assert_eq!(sent.encode(), b"MSMAIL:NET/PO/Smithfield, Robert");
    }

    #[test]
    fn what_is_no_address_is_refused_with_code_and_place() {
        for (line, reason, place) in [
            (&b""[..], Reason::NoAddress, "byte 0"),
            (b"PCM:", Reason::NoAddress, "byte 4"),
            (b"UUCP:a!b", Reason::AddressType, "byte 0"),
            (b" :NET/P.O/USER", Reason::AddressSyntax, "byte 7"),
            (b"PCM:NET/PO/ELEVENCHARS", Reason::TooLong, "byte 11"),
            (b"X400:c=US;;a=MCI", Reason::AddressSyntax, "byte 4"),
        ] {
            let note = TargetAddress::received(line, PAGE).unwrap_err();
            assert_eq!(note.reason, reason, "{note}");
            assert!(note.detail.contains(place), "{note}");
        }
    }

    #[test]
    fn dxc_064_dxc_065_both_spellings_of_x121_are_read_and_the_wanted_one_is_written() {
        let (plain, _) = received(b"X400:c=US;X121=1234567890");
        let (dotted, _) = received(b"X400:c=US;X.121=1234567890");
        assert_eq!(SyncKey::of(&plain), SyncKey::of(&dotted));
        for address in [plain, dotted] {
            let sent = |spelling| address.to_address(PAGE, spelling).unwrap().encode();
            assert_eq!(sent(X121Spelling::Plain), b"X400:c=US;X121=1234567890");
            assert_eq!(sent(X121Spelling::Dotted), b"X400:c=US;X.121=1234567890");
        }
    }

    #[test]
    fn text_of_the_directory_is_read_with_and_without_type() {
        let parse = |text| TargetAddress::parse(text).map(|a| a.to_string());
        assert_eq!(
            parse("smtp:Bob@x.example"),
            Ok("SMTP:Bob@x.example".to_owned())
        );
        assert_eq!(parse("NET/PO/BOB"), Ok("MS:NET/PO/BOB".to_owned()));
        assert_eq!(
            parse("SMTP: ").map_err(|n| n.reason),
            Err(Reason::NoAddress)
        );
        assert_eq!(
            parse("a b:c").map_err(|n| n.reason),
            Err(Reason::AddressType)
        );
    }

    #[test]
    fn an_address_that_a_postoffice_cannot_write_is_not_sent() {
        for (text, reason) in [
            ("NOTES:Bob@Org", Reason::AddressType),
            ("SMTP:สม@x", Reason::Charset),
            ("MS:NET/PO", Reason::AddressSyntax),
            ("MS:NET/PO/ELEVENCHARS", Reason::TooLong),
        ] {
            let address = TargetAddress::parse(text).unwrap();
            let sent = address.to_address(PAGE, X121Spelling::Plain);
            assert_eq!(sent.map_err(|n| n.reason), Err(reason), "{text}");
        }
    }
}
