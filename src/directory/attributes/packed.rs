//! How attributes lie in memory: each is its name, the length of what follows, and the values with their lengths.

use std::fmt;

use super::name::Name;

/// Stands in front of a name that is written out.
pub(super) const WRITTEN: u8 = u8::MAX;

/// The values of an attribute; none where it is missing.
#[derive(Clone, PartialEq, Eq)]
pub struct Values<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Values<'a> {
    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clone().count()
    }

    /// Returns the values from the first on.
    #[must_use]
    pub fn iter(&self) -> Self {
        self.clone()
    }

    /// Returns copies of the values.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Vec<u8>> {
        self.iter().map(<[u8]>::to_vec).collect()
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        match self.rest {
            [] => None,
            _ => Some(take_bytes(&mut self.rest)),
        }
    }
}

impl<T: AsRef<[u8]>, const N: usize> PartialEq<[T; N]> for Values<'_> {
    fn eq(&self, other: &[T; N]) -> bool {
        self.iter().eq(other.iter().map(AsRef::as_ref))
    }
}

/// Shows values as text.
impl fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.iter().map(|value| String::from_utf8_lossy(value));
        f.debug_list().entries(values).finish()
    }
}

/// One attribute, and where it is.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) name: Name<'a>,
    pub(super) body: &'a [u8],
    pub(super) start: usize,
    /// Where the length of the values is.
    body_start: usize,
    pub(super) end: usize,
}

impl Record<'_> {
    pub(super) fn range(&self) -> (usize, usize, usize) {
        (self.start, self.body_start, self.end)
    }
}

pub(super) struct Records<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let start = self.at;
        let (&first, mut rest) = self.bytes.get(start..)?.split_first()?;
        let name = match first {
            WRITTEN => {
                Name::Written(std::str::from_utf8(take_bytes(&mut rest)).unwrap_or_default())
            }
            at => Name::Usual(at),
        };
        let body_start = self.bytes.len() - rest.len();
        let body = take_bytes(&mut rest);
        self.at = self.bytes.len() - rest.len();
        Some(Record {
            name,
            body,
            start,
            body_start,
            end: self.at,
        })
    }
}

/// Puts bytes behind their length: seven bits a byte, the lowest first, the highest bit set where more follow.
pub(super) fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    let mut len = bytes.len();
    while len >= 0x80 {
        to.push(len as u8 | 0x80);
        len >>= 7;
    }
    to.push(len as u8);
    to.extend_from_slice(bytes);
}

/// Takes out what [`put_bytes`] put there.
fn take_bytes<'a>(from: &mut &'a [u8]) -> &'a [u8] {
    let (mut len, mut bits) = (0, 0);
    while let Some((&byte, rest)) = from.split_first() {
        *from = rest;
        len |= usize::from(byte & 0x7f) << bits;
        bits += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let (bytes, rest) = from.split_at(len);
    *from = rest;
    bytes
}
