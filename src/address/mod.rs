//! Addresses: a type and the text behind its colon (`spec/import.md` sections 3.4 to 3.6).
//!
//! Text is bytes in the code page of the postoffice; an [`Address`] that exists has passed every
//! rule that the text alone decides, so it can be written anywhere and read back unchanged.

mod error;
mod fax;
mod kind;
mod mci;
mod place;
mod text;
mod three_part;

use std::fmt;

pub use error::AddressError;
pub(crate) use error::{END_OF_LINE, quote, quote_byte};
pub use kind::AddressType;
pub use place::PostofficeName;
pub(crate) use text::AddressText;

use crate::codec::codepage::CodePage;

/// Bytes an address may have behind its type. The limits of the original were never published
/// (`spec/import.md` message 25); this one is ours.
pub const MAX_ADDRESS_LEN: usize = 512;

/// One address: `PCM:NET/PO/MAILBOX`, `SMTP:user@host` and so on.
///
/// The text keeps its letter case. Equality and hashing are exact; [`Self::key`] says whether two
/// addresses mean the same mailbox.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address {
    kind: AddressType,
    text: Box<[u8]>,
}

impl Address {
    /// Reads `TYPE:text`, or `net/po/mailbox` alone, which is PCM (Q140944).
    ///
    /// A colon before the first slash marks a type. Blanks around the address and behind the
    /// colon are skipped.
    ///
    /// # Errors
    /// The published message with the byte offset inside `bytes`: 48 nothing there, 16 unknown
    /// type, 17 19 20 81 69 70 71 for the three parts, 26 malformed, 25 over
    /// [`MAX_ADDRESS_LEN`], 15 and 74 to 77 for FAX.
    pub fn parse(bytes: &[u8], code_page: CodePage) -> Result<Self, AddressError> {
        AddressText::parse(bytes, code_page).map(Self::from)
    }

    /// Makes an address of a type from the text that would stand behind its colon.
    ///
    /// # Errors
    /// As [`Self::parse`], without 16.
    pub fn new(kind: AddressType, text: &[u8], code_page: CodePage) -> Result<Self, AddressError> {
        AddressText::new(kind, text, code_page).map(Self::from)
    }

    /// Returns the type as it was written (`CSI` stays `CSI`).
    #[must_use]
    pub fn kind(&self) -> AddressType {
        self.kind
    }

    /// Returns the text behind the colon.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Returns the first part of a three-part address: network or gateway.
    #[must_use]
    pub fn network(&self) -> Option<&[u8]> {
        self.part(0)
    }

    /// Returns the second part of a three-part address: postoffice, DGN or node.
    #[must_use]
    pub fn postoffice(&self) -> Option<&[u8]> {
        self.part(1)
    }

    /// Returns the third part of a three-part address: mailbox, DEN or user.
    #[must_use]
    pub fn mailbox(&self) -> Option<&[u8]> {
        self.part(2)
    }

    /// Returns network and postoffice of a three-part address.
    #[must_use]
    pub fn place(&self) -> Option<PostofficeName> {
        Some(PostofficeName::from_checked(
            self.network()?,
            self.postoffice()?,
        ))
    }

    /// Returns `NET/PO/` as it is written, or nothing for an address that is not of three parts.
    #[must_use]
    pub(crate) fn place_text(&self) -> &[u8] {
        AddressText::from(self).place_text()
    }

    fn part(&self, number: usize) -> Option<&[u8]> {
        AddressText::from(self).part(number)
    }

    /// Returns the same address under the type its family is written with: `CSI`, `FFAPI` and
    /// `MS` become `PCM` (`spec/import.md` 11.15).
    #[must_use]
    pub fn into_family(mut self) -> Self {
        self.kind = self.kind.family();
        self
    }

    /// Returns what two spellings of one mailbox have in common.
    #[must_use]
    pub fn key(&self, code_page: CodePage) -> AddressKey {
        AddressKey {
            family: self.kind.family(),
            folded: code_page.fold(&self.text).into(),
        }
    }

    /// Returns the text as a gateway's list file stores it: FAX with a CR behind each field
    /// (Q94410), MCI with CR LF before `EMS:` and `MBX:` (`spec/import.md` 3.6), all others as
    /// they are.
    #[must_use]
    pub fn to_stored(&self, code_page: CodePage) -> Vec<u8> {
        AddressText::from(self).to_stored(code_page)
    }

    /// Reads the stored form, the reverse of [`Self::to_stored`].
    ///
    /// # Errors
    /// As [`Self::new`]; offsets count in the text form.
    pub fn from_stored(
        kind: AddressType,
        stored: &[u8],
        code_page: CodePage,
    ) -> Result<Self, AddressError> {
        match kind {
            AddressType::Fax => Self::new(kind, &fax::from_stored(stored), code_page),
            AddressType::Mci => Self::new(kind, &mci::from_stored(stored), code_page),
            _ => Self::new(kind, stored, code_page),
        }
    }

    /// Returns `TYPE:text`, the type in upper case (Q157712).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.kind.token().len() + 1 + self.text.len());
        self.encode_into(&mut out);
        out
    }

    /// Appends `TYPE:text`.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.kind.token().as_bytes());
        out.push(b':');
        out.extend_from_slice(&self.text);
    }

    /// Returns `TYPE:text` for people.
    #[must_use]
    pub fn view(&self, code_page: CodePage) -> String {
        code_page.decode(&self.encode())
    }
}

/// Escapes bytes outside ASCII: the code page is not known here.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Address({}:{})",
            self.kind.token(),
            self.text.escape_ascii()
        )
    }
}

/// The identity of an address: its family and its text without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressKey {
    family: AddressType,
    folded: Box<[u8]>,
}

impl AddressKey {
    /// Returns the family ([`AddressType::family`]).
    #[must_use]
    pub fn family(&self) -> AddressType {
        self.family
    }

    /// Returns the text, upper case in its code page.
    #[must_use]
    pub fn folded(&self) -> &[u8] {
        &self.folded
    }
}

/// Returns the text without the blanks around it, and where it begins.
///
/// Blank and TAB are never the second byte of a character in any code page we know.
pub(crate) fn trim(bytes: &[u8]) -> (usize, &[u8]) {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let start = bytes.iter().take_while(|b| blank(b)).count();
    let rest = &bytes[start..];
    let end = rest.iter().rposition(|b| !blank(b)).map_or(0, |at| at + 1);
    (start, &rest[..end])
}

/// Returns where the colon of a type stands: before the first slash (`spec/import.md` 3.4).
pub(crate) fn split_type(bytes: &[u8]) -> Option<usize> {
    let at = bytes.iter().position(|&b| matches!(b, b':' | b'/'))?;
    (bytes[at] == b':').then_some(at)
}

#[cfg(test)]
mod tests;
