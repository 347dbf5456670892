//! An address that borrows its text: all rules of [`Address`] stand here.

use super::{
    Address, AddressError, AddressType, MAX_ADDRESS_LEN, fax, mci, split_type, three_part, trim,
};
use crate::codec::codepage::CodePage;

/// A checked address whose text stands somewhere else, as in the record it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AddressText<'a> {
    kind: AddressType,
    text: &'a [u8],
}

impl<'a> AddressText<'a> {
    /// Reads what [`Address::parse`] reads.
    pub(crate) fn parse(bytes: &'a [u8], code_page: CodePage) -> Result<Self, AddressError> {
        let (start, typed) = trim(bytes);
        if typed.is_empty() {
            return Err(AddressError::missing_address(start));
        }
        let (kind, text_start) = match split_type(typed) {
            Some(colon) => (
                AddressType::from_token(&typed[..colon])
                    .ok_or_else(|| AddressError::unknown_type(start, &typed[..colon], code_page))?,
                colon + 1,
            ),
            None => (AddressType::Pcm, 0),
        };
        Self::new(kind, &typed[text_start..], code_page).map_err(|e| e.shifted(start + text_start))
    }

    /// Checks what [`Address::new`] checks.
    pub(crate) fn new(
        kind: AddressType,
        text: &'a [u8],
        code_page: CodePage,
    ) -> Result<Self, AddressError> {
        let (start, text) = trim(text);
        if text.is_empty() {
            return Err(AddressError::missing_address(start));
        }
        Self::check(kind, text, code_page)
            .map(|text| Self { kind, text })
            .map_err(|e| e.shifted(start))
    }

    /// Applies the rules of a type and returns the text to keep.
    fn check(
        kind: AddressType,
        text: &'a [u8],
        code_page: CodePage,
    ) -> Result<&'a [u8], AddressError> {
        let text = match kind {
            kind if kind.is_three_part() => {
                three_part::check(kind, text, code_page)?;
                return Ok(text);
            }
            AddressType::Fax => fax::check(text, code_page)?,
            _ => text,
        };
        if let Some(at) = text.iter().position(|&b| b < b' ') {
            return Err(AddressError::at_byte(
                26,
                at,
                text[at],
                "an address without control characters",
            ));
        }
        check_len(text, code_page)
    }

    /// Returns the type as it was written.
    pub(crate) fn kind(&self) -> AddressType {
        self.kind
    }

    /// Returns `NET/PO/` as it is written, or nothing for an address that is not of three parts.
    pub(crate) fn place_text(&self) -> &'a [u8] {
        let slash = self.text.iter().rposition(|&b| b == b'/');
        match slash {
            Some(slash) if self.kind.is_three_part() => &self.text[..=slash],
            _ => &[],
        }
    }

    /// Returns one of the three parts, from 0.
    pub(super) fn part(&self, number: usize) -> Option<&'a [u8]> {
        if self.kind.is_three_part() {
            self.text.split(|&b| b == b'/').nth(number)
        } else {
            None
        }
    }

    /// Returns the third part of a three-part address.
    pub(crate) fn mailbox(&self) -> Option<&'a [u8]> {
        self.part(2)
    }

    /// Returns what [`Address::to_stored`] returns.
    pub(crate) fn to_stored(self, code_page: CodePage) -> Vec<u8> {
        match self.kind {
            AddressType::Fax => fax::to_stored(self.text, code_page),
            AddressType::Mci => mci::to_stored(self.text),
            _ => self.text.to_vec(),
        }
    }
}

impl From<AddressText<'_>> for Address {
    fn from(address: AddressText<'_>) -> Self {
        Self {
            kind: address.kind,
            text: address.text.into(),
        }
    }
}

impl<'a> From<&'a Address> for AddressText<'a> {
    fn from(address: &'a Address) -> Self {
        Self {
            kind: address.kind,
            text: &address.text,
        }
    }
}

fn check_len(text: &[u8], code_page: CodePage) -> Result<&[u8], AddressError> {
    if text.len() > MAX_ADDRESS_LEN {
        return Err(AddressError::new(
            25,
            MAX_ADDRESS_LEN,
            text,
            "at most 512 bytes",
            code_page,
        ));
    }
    Ok(text)
}
