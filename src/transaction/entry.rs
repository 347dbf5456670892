//! One line of an address list: a full name and an address.

use std::fmt;

use crate::address::{Address, AddressError, AddressText};
use crate::codec::codepage::CodePage;

/// Bytes a full name may have (message 72, Q104869).
pub const MAX_NAME_LEN: usize = 30;

/// A full name (alias) and the address it stands for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    name: Box<[u8]>,
    address: Address,
}

impl Entry {
    /// Makes an entry. Trailing blanks of the name are padding and dropped; leading ones belong to
    /// it (`spec/import.md` 3.3 rule 5).
    ///
    /// # Errors
    /// 46 no name, 72 more than [`MAX_NAME_LEN`] bytes, 21 a control character, which could not be
    /// written and read back. Offsets count inside `name`.
    pub fn new(name: &[u8], address: Address, code_page: CodePage) -> Result<Self, AddressError> {
        Ok(Self::from_checked(
            Self::check_name(name, code_page)?,
            address,
        ))
    }

    /// Makes an entry from a name that [`Self::check_name`] returned.
    pub(crate) fn from_checked(name: &[u8], address: Address) -> Self {
        Self {
            name: name.into(),
            address,
        }
    }

    /// Returns the name without its padding, if it may be a name.
    pub(crate) fn check_name(name: &[u8], code_page: CodePage) -> Result<&[u8], AddressError> {
        let end = name.iter().rposition(|&b| b != b' ').map_or(0, |at| at + 1);
        let name = &name[..end];
        if name.is_empty() {
            return Err(AddressError {
                number: 46,
                offset: 0,
                found: "only blanks".to_owned(),
                expected: "a full name",
            });
        }
        if let Some(at) = name.iter().position(|&b| b < b' ') {
            return Err(AddressError::at_byte(
                21,
                at,
                name[at],
                "a full name without control characters",
            ));
        }
        if name.len() > MAX_NAME_LEN {
            return Err(AddressError::new(
                72,
                MAX_NAME_LEN,
                name,
                "a full name of at most 30 characters",
                code_page,
            ));
        }
        Ok(name)
    }

    /// Returns the full name.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Returns the address.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Takes the entry apart.
    #[must_use]
    pub fn into_parts(self) -> (Box<[u8]>, Address) {
        (self.name, self.address)
    }
}

/// A checked entry whose text stands somewhere else, as in the record it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryText<'a> {
    /// The full name, as [`Entry::check_name`] returned it.
    pub(crate) name: &'a [u8],
    /// The address.
    pub(crate) address: AddressText<'a>,
}

impl From<EntryText<'_>> for Entry {
    fn from(entry: EntryText<'_>) -> Self {
        Self::from_checked(entry.name, entry.address.into())
    }
}

impl<'a> From<&'a Entry> for EntryText<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            name: &entry.name,
            address: (&entry.address).into(),
        }
    }
}

/// Escapes bytes outside ASCII: the code page is not known here.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("name", &self.name.escape_ascii().to_string())
            .field("address", &self.address)
            .finish()
    }
}
