//! The name of an address list: a type, and for most types a place.

use crate::address::{Address, AddressError, AddressType, PostofficeName, split_type, trim};
use crate::codec::codepage::CodePage;

/// Which list: `PCM:NET/PO`, `PROFS:GATE/NODE`, or a whole gateway, `SMTP:`.
///
/// Equality is exact; [`Self::is_same`] ignores case and spelling of the type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListName {
    kind: AddressType,
    place: Option<PostofficeName>,
}

impl ListName {
    /// Makes a name. A place makes no difference for the types that have one list only.
    #[must_use]
    pub fn new(kind: AddressType, place: Option<PostofficeName>) -> Self {
        let place = place.filter(|_| kind.is_three_part());
        Self { kind, place }
    }

    /// Returns the list that holds an address.
    #[must_use]
    pub fn of(address: &Address) -> Self {
        Self {
            kind: address.kind(),
            place: address.place(),
        }
    }

    /// Reads `TYPE:` or `TYPE:NET/PO`; a blank behind the colon is skipped.
    ///
    /// # Errors
    /// 48 nothing there, or PC Mail without a place: nobody published what all its lists at once
    /// would mean. 16 unknown type, or none: here it must be written out (Q156996). 26 a place for
    /// a type without one. 17 20 69 70 26 for the place.
    pub fn parse(bytes: &[u8], code_page: CodePage) -> Result<Self, AddressError> {
        let (start, text) = trim(bytes);
        if text.is_empty() {
            return Err(AddressError::at_end(
                48,
                start,
                "a list: TYPE:NET/PO or TYPE:",
            ));
        }
        let colon =
            split_type(text).ok_or_else(|| AddressError::unknown_type(start, text, code_page))?;
        let kind = AddressType::from_token(&text[..colon])
            .ok_or_else(|| AddressError::unknown_type(start, &text[..colon], code_page))?;
        let (blanks, place) = trim(&text[colon + 1..]);
        let place_start = start + colon + 1 + blanks;
        if place.is_empty() {
            if kind.family() == AddressType::Pcm {
                return Err(AddressError::missing_address(place_start));
            }
            return Ok(Self { kind, place: None });
        }
        if !kind.is_three_part() {
            return Err(AddressError::new(
                26,
                place_start,
                place,
                "nothing: the gateway has one list",
                code_page,
            ));
        }
        let place = PostofficeName::parse_for(kind, place, code_page)
            .map_err(|e| e.shifted(place_start))?;
        Ok(Self {
            kind,
            place: Some(place),
        })
    }

    /// Returns the type as it was written.
    #[must_use]
    pub fn kind(&self) -> AddressType {
        self.kind
    }

    /// Returns the place; `None` is a whole gateway.
    #[must_use]
    pub fn place(&self) -> Option<&PostofficeName> {
        self.place.as_ref()
    }

    /// Returns true when both name the same list, by family and without regard to case.
    #[must_use]
    pub fn is_same(&self, other: &Self, code_page: CodePage) -> bool {
        self.kind.family() == other.kind.family()
            && match (&self.place, &other.place) {
                (Some(a), Some(b)) => a.is_same(b, code_page),
                (None, None) => true,
                _ => false,
            }
    }

    /// Returns the name by family and in upper case, for maps and sorting.
    #[must_use]
    pub fn folded(&self, code_page: CodePage) -> Self {
        Self {
            kind: self.kind.family(),
            place: self.place.as_ref().map(|place| place.folded(code_page)),
        }
    }

    /// Returns `TYPE:NET/PO` or `TYPE:`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode_into(&mut out);
        out
    }

    /// Appends `TYPE:NET/PO` or `TYPE:`.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.kind.token().as_bytes());
        out.push(b':');
        if let Some(place) = &self.place {
            out.extend_from_slice(place.network());
            out.push(b'/');
            out.extend_from_slice(place.postoffice());
        }
    }

    /// Returns the name for people.
    #[must_use]
    pub fn view(&self, code_page: CodePage) -> String {
        code_page.decode(&self.encode())
    }
}
