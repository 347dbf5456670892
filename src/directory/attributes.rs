//! The attributes of an entry, in one piece of memory: a run over a container has those of each of its entries before it.

use std::fmt;

use super::schema::USUAL;

/// Attributes of an entry, each with its values, in the order in which they were put. Names are compared without case.
///
/// Each attribute is its name, the length of what follows, and the values with their lengths. A usual name is one byte: its
/// place in [`USUAL`]; any other is written out behind [`WRITTEN`].
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Attributes {
    bytes: Vec<u8>,
}

/// Stands in front of a name that is written out.
const WRITTEN: u8 = u8::MAX;

/// The values of an attribute; none where it is missing.
#[derive(Clone, PartialEq, Eq)]
pub struct Values<'a> {
    rest: &'a [u8],
}

impl Attributes {
    /// Returns the values of an attribute; none where it is missing.
    #[must_use]
    pub fn values(&self, name: &str) -> Values<'_> {
        let rest = self.find(name).map_or(&[][..], |found| found.body);
        Values { rest }
    }

    /// Returns the first value of an attribute.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// Returns the first value of an attribute, where it is UTF-8.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.first(name)?).ok()
    }

    /// Adds a value behind those that an attribute has.
    pub fn add(&mut self, name: &str, value: impl AsRef<[u8]>) {
        let mut added = Vec::new();
        put_bytes(&mut added, value.as_ref());
        match self.find(name) {
            Some(found) => {
                let mut body = found.body.to_vec();
                body.extend(added);
                let (from, to) = (found.body_start, found.end);
                self.replace(from, to, &body);
            }
            None => self.push(name, &added),
        }
    }

    /// Replaces the values of an attribute; none removes it, since LDAP has no empty attribute.
    pub fn set<V: AsRef<[u8]>>(&mut self, name: &str, values: impl IntoIterator<Item = V>) {
        let mut body = Vec::new();
        for value in values {
            put_bytes(&mut body, value.as_ref());
        }
        match self.find(name).map(|found| found.range()) {
            Some((start, _, end)) if body.is_empty() => drop(self.bytes.drain(start..end)),
            Some((_, from, to)) => self.replace(from, to, &body),
            None if body.is_empty() => {}
            None => self.push(name, &body),
        }
    }

    /// Gives an attribute one value.
    pub fn set_one(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.set(name, [value]);
    }

    /// Removes an attribute.
    pub fn remove(&mut self, name: &str) {
        self.set(name, [] as [&[u8]; 0]);
    }

    /// Returns the attributes and their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Values<'_>)> {
        self.records()
            .map(|record| (record.name.text(), Values { rest: record.body }))
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Gives back memory that is kept for more attributes.
    pub fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    fn records(&self) -> Records<'_> {
        Records {
            bytes: &self.bytes,
            at: 0,
        }
    }

    fn find(&self, name: &str) -> Option<Record<'_>> {
        let usual = usual(name);
        self.records().find(|record| match (record.name, usual) {
            (Name::Usual(found), Some(usual)) => found == usual,
            (Name::Usual(_), None) => false,
            (Name::Written(found), _) => found.eq_ignore_ascii_case(name),
        })
    }

    /// Puts an attribute behind the others.
    fn push(&mut self, name: &str, body: &[u8]) {
        match usual(name).filter(|&at| USUAL[usize::from(at)] == name) {
            Some(at) => self.bytes.push(at),
            None => {
                self.bytes.push(WRITTEN);
                put_bytes(&mut self.bytes, name.as_bytes());
            }
        }
        put_bytes(&mut self.bytes, body);
    }

    /// Puts other values in the place of those that an attribute has.
    fn replace(&mut self, from: usize, to: usize, body: &[u8]) {
        let mut bytes = Vec::with_capacity(body.len() + 2);
        put_bytes(&mut bytes, body);
        self.bytes.splice(from..to, bytes);
    }
}

/// Returns the place of a usual name.
fn usual(name: &str) -> Option<u8> {
    let found = USUAL
        .iter()
        .position(|usual| usual.eq_ignore_ascii_case(name));
    found.and_then(|at| u8::try_from(at).ok())
}

#[derive(Clone, Copy)]
enum Name<'a> {
    Usual(u8),
    Written(&'a str),
}

impl<'a> Name<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Usual(at) => USUAL[usize::from(at)],
            Self::Written(name) => name,
        }
    }
}

/// One attribute, and where it is.
#[derive(Clone, Copy)]
struct Record<'a> {
    name: Name<'a>,
    body: &'a [u8],
    start: usize,
    /// Where the length of the values is.
    body_start: usize,
    end: usize,
}

impl Record<'_> {
    fn range(&self) -> (usize, usize, usize) {
        (self.start, self.body_start, self.end)
    }
}

struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
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

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> FromIterator<(N, V)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut attributes = Self::default();
        for (name, value) in pairs {
            attributes.add(name.as_ref(), value);
        }
        attributes
    }
}

/// Puts bytes behind their length: seven bits a byte, the lowest first, the highest bit set where more follow.
fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn attributes_are_found_without_case_and_vanish_with_their_last_value() {
        let mut attributes =
            Attributes::from_iter([("cn", "Bob"), ("CN", "Robert"), ("sn", "Smith")]);
        assert_eq!(attributes.values("Cn"), ["Bob", "Robert"]);
        assert_eq!(attributes.text("SN"), Some("Smith"));
        attributes.remove("sn");
        attributes.remove("uid");
        let names: Vec<_> = attributes.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["cn"]);
    }

    /// What attributes are, put plainly.
    #[derive(Debug, Default)]
    struct Plain(Vec<(String, Vec<Vec<u8>>)>);

    impl Plain {
        fn set(&mut self, name: &str, values: Vec<Vec<u8>>) {
            let at = self
                .0
                .iter()
                .position(|(n, _)| n.eq_ignore_ascii_case(name));
            match (at, values.is_empty()) {
                (Some(at), true) => drop(self.0.remove(at)),
                (Some(at), false) => self.0[at].1 = values,
                (None, true) => {}
                (None, false) => self.0.push((name.to_owned(), values)),
            }
        }

        fn values(&self, name: &str) -> Vec<Vec<u8>> {
            let mut found = self.0.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
            found
                .next()
                .map(|(_, values)| values.clone())
                .unwrap_or_default()
        }
    }

    fn names() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "cn", "CN", "syncKey", "synckey", "x-other", "X-Other", "", "sn",
        ])
    }

    fn values() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let value = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..4),
            (120_usize..140).prop_map(|len| vec![b'x'; len]),
            Just(vec![b'y'; 20_000]),
        ];
        prop::collection::vec(value, 0..3)
    }

    proptest! {
        #[test]
        fn whatever_is_put_is_there_and_nothing_else(steps in prop::collection::vec((names(), values(), any::<bool>()), 0..12)) {
            let mut attributes = Attributes::default();
            let mut plain = Plain::default();
            for (name, values, adds) in steps {
                let mut all = values.clone();
                if adds {
                    all = plain.values(name);
                    for value in values {
                        attributes.add(name, &value);
                        all.push(value);
                    }
                } else {
                    attributes.set(name, &values);
                }
                plain.set(name, all);
                let found: Vec<_> = attributes.iter().map(|(n, v)| (n.to_owned(), v.to_vec())).collect();
                prop_assert_eq!(&found, &plain.0);
                prop_assert_eq!(attributes.is_empty(), plain.0.is_empty());
            }
            for name in ["cn", "SYNCKEY", "X-OTHER", "", "uid"] {
                let found = attributes.values(name);
                prop_assert_eq!(found.len(), plain.values(name).len());
                prop_assert_eq!(found.to_vec(), plain.values(name));
            }
            let pairs = plain.0.iter().flat_map(|(n, values)| values.iter().map(move |v| (n, v)));
            prop_assert_eq!(Attributes::from_iter(pairs), attributes);
        }
    }
}
