//! `NETWORK/POSTOFFICE`: the name of a postoffice, or of a gateway and its node.

use std::fmt;

use super::{AddressError, AddressType, three_part, trim};
use crate::codec::codepage::CodePage;

/// The name of one postoffice.
///
/// Equality is exact; [`Self::is_same`] compares without case. Whole names are compared, never a
/// prefix (Q125917: PO1 is not PO10).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PostofficeName {
    network: Box<[u8]>,
    postoffice: Box<[u8]>,
}

impl PostofficeName {
    /// Reads `NET/PO` or `NET\PO` (both are printed, Q101933).
    ///
    /// # Errors
    /// 48 nothing there, 17 no postoffice, 26 more parts, 20 a part of other than 1 to 10
    /// characters, 69 and 70 for characters that are no letters or digits.
    pub fn parse(text: &[u8], code_page: CodePage) -> Result<Self, AddressError> {
        // A backslash may be the second byte of a character.
        let slash = code_page
            .find(text, b'/')
            .or_else(|| code_page.find(text, b'\\'));
        let (start, trimmed) = trim(text);
        let slash = slash.and_then(|at| at.checked_sub(start));
        Self::split(AddressType::Pcm, trimmed, slash, code_page).map_err(|e| e.shifted(start))
    }

    /// Reads the `NET/PO` of a list of an address type: for PROFS, SNADS and OV only lengths are
    /// checked, and only `/` separates (`spec/import.md` sections 3.5 and 12).
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_for(
        kind: AddressType,
        text: &[u8],
        code_page: CodePage,
    ) -> Result<Self, AddressError> {
        let (start, text) = trim(text);
        let slash = text.iter().position(|&b| b == b'/');
        Self::split(kind, text, slash, code_page).map_err(|e| e.shifted(start))
    }

    fn split(
        kind: AddressType,
        text: &[u8],
        slash: Option<usize>,
        code_page: CodePage,
    ) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::missing_address(0));
        }
        let slash = three_part::check_place(kind, text, slash, code_page)?;
        Ok(Self::from_checked(&text[..slash], &text[slash + 1..]))
    }

    pub(crate) fn from_checked(network: &[u8], postoffice: &[u8]) -> Self {
        Self {
            network: network.into(),
            postoffice: postoffice.into(),
        }
    }

    /// Returns the PCM address of a mailbox in this postoffice.
    ///
    /// # Errors
    /// The mailbox is no mailbox name.
    pub fn mailbox_address(
        &self,
        mailbox: &[u8],
        code_page: CodePage,
    ) -> Result<super::Address, AddressError> {
        let text = [self.network(), self.postoffice(), mailbox].join(&b'/');
        super::Address::new(AddressType::Pcm, &text, code_page)
    }

    /// Returns the network (or gateway).
    #[must_use]
    pub fn network(&self) -> &[u8] {
        &self.network
    }

    /// Returns the postoffice (or DGN, or node).
    #[must_use]
    pub fn postoffice(&self) -> &[u8] {
        &self.postoffice
    }

    /// Returns true when both are the same name but for letter case.
    #[must_use]
    pub fn is_same(&self, other: &Self, code_page: CodePage) -> bool {
        code_page.eq_ignore_case(&self.network, &other.network)
            && code_page.eq_ignore_case(&self.postoffice, &other.postoffice)
    }

    /// Returns the name in upper case, for maps and sorting.
    #[must_use]
    pub fn folded(&self, code_page: CodePage) -> Self {
        Self {
            network: code_page.fold(&self.network).into(),
            postoffice: code_page.fold(&self.postoffice).into(),
        }
    }

    /// Returns `NET/PO`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [&*self.network, &*self.postoffice].join(&b'/')
    }

    /// Returns `NET/PO` for people.
    #[must_use]
    pub fn view(&self, code_page: CodePage) -> String {
        code_page.decode(&self.encode())
    }
}

/// Escapes bytes outside ASCII: the code page is not known here.
impl fmt::Debug for PostofficeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostofficeName({})", self.encode().escape_ascii())
    }
}
