//! The attributes of an entry, in one piece of memory: a run over a container has those of each of its entries before it.

mod gathered;
mod name;
mod packed;

use std::fmt;

pub(super) use gathered::Gathered;
pub use name::Names;
pub use packed::Values;

use super::schema::{self, USUAL};
use name::Name;
use packed::{Record, Records, WRITTEN, put_bytes};

/// Attributes of an entry, each with its values, in the order in which they were put. Names are compared without case.
///
/// Each attribute is its name, the length of what follows, and the values with their lengths. A usual name is one byte: its
/// place in `schema::USUAL`; any other is written out behind `WRITTEN`.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Attributes {
    bytes: Vec<u8>,
}

impl Attributes {
    /// None yet, with room for so many bytes of them.
    #[must_use]
    pub fn with_room(len: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(len),
        }
    }

    /// Takes bytes that [`Self::as_bytes`] returned.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        let bytes = bytes.to_vec();
        Self { bytes }
    }

    /// Returns the piece of memory that all of it is in.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the values of an attribute; none where it is missing.
    #[must_use]
    pub fn values(&self, name: &str) -> Values<'_> {
        let found = self.find(Name::of(name));
        let rest = found.map_or(&[][..], |found| found.body);
        Values { rest }
    }

    /// Tells whether the entry has an object class.
    #[must_use]
    pub fn is_of_class(&self, class: &str) -> bool {
        let mut classes = self.values(schema::OBJECT_CLASS).iter();
        classes.any(|found| found.eq_ignore_ascii_case(class.as_bytes()))
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

    /// Adds a value behind those that an attribute has. All others are moved for it: values that come one by one are
    /// gathered first (`Gathered`).
    pub fn add(&mut self, name: &str, value: impl AsRef<[u8]>) {
        let before = self.values(name).to_vec();
        let values = before.iter().map(|before| &before[..]);
        self.set(name, values.chain([value.as_ref()]));
    }

    /// Replaces the values of an attribute; none removes it, since LDAP has no empty attribute.
    pub fn set<V: AsRef<[u8]>>(&mut self, name: &str, values: impl IntoIterator<Item = V>) {
        let known = Name::of(name);
        let found = self.find(known).map(|found| found.range());
        let Some((start, from, to)) = found else {
            return self.push(name, known, values);
        };
        let mut body = Vec::new();
        for value in values {
            put_bytes(&mut body, value.as_ref());
        }
        if body.is_empty() {
            self.bytes.drain(start..to);
            return;
        }
        let mut bytes = Vec::with_capacity(body.len() + 2);
        put_bytes(&mut bytes, &body);
        self.bytes.splice(from..to, bytes);
    }

    /// Gives an attribute one value.
    pub fn set_one(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.set(name, [value]);
    }

    /// Removes an attribute.
    pub fn remove(&mut self, name: &str) {
        self.set(name, [] as [&[u8]; 0]);
    }

    /// Returns each attribute that one of two entries has, with the values here and there.
    pub fn beside<'a>(&'a self, there: &'a Self) -> impl Iterator<Item = Beside<'a>> {
        // Entries that are compared mostly have the same attributes in the same order.
        let mut next = there.records();
        let mut other = move |name: Name<'_>| {
            let same = |record: &Record<'_>| record.name.is_same(name);
            let found = next.next().filter(same);
            let found = found.or_else(|| {
                next = there.records();
                next.find(same)
            });
            found.map_or(&[][..], |found| found.body)
        };
        let here = self.records().map(move |record| Beside {
            name: record.name,
            here: Values { rest: record.body },
            there: Values {
                rest: other(record.name),
            },
        });
        let mut next = self.records();
        let mut is_here = move |name: Name<'_>| {
            let same = |record: Record<'_>| record.name.is_same(name);
            next.next().is_some_and(same) || {
                next = self.records();
                next.any(same)
            }
        };
        let there = there.records().filter(move |record| !is_here(record.name));
        here.chain(there.map(|record| Beside {
            name: record.name,
            here: Values { rest: &[] },
            there: Values { rest: record.body },
        }))
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

    /// Returns the attributes but these.
    #[must_use]
    pub fn without(&self, names: &Names) -> Self {
        let mut bytes = Vec::with_capacity(self.bytes.len());
        for record in self.records().filter(|record| !names.has(record.name)) {
            bytes.extend_from_slice(&self.bytes[record.start..record.end]);
        }
        Self { bytes }
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

    fn find(&self, name: Name<'_>) -> Option<Record<'_>> {
        self.records().find(|record| record.name.is_same(name))
    }

    fn put_name(&mut self, name: &str, known: Name<'_>) {
        match known {
            Name::Usual(at) if USUAL[usize::from(at)] == name => self.bytes.push(at),
            _ => {
                self.bytes.push(WRITTEN);
                put_bytes(&mut self.bytes, name.as_bytes());
            }
        }
    }

    /// Puts an attribute that is not there behind the others.
    fn push<V: AsRef<[u8]>>(
        &mut self,
        name: &str,
        known: Name<'_>,
        values: impl IntoIterator<Item = V>,
    ) {
        let before = self.bytes.len();
        self.put_name(name, known);
        let start = self.bytes.len();
        for value in values {
            put_bytes(&mut self.bytes, value.as_ref());
        }
        match self.bytes.len() - start {
            0 => self.bytes.truncate(before),
            // The values are mostly so short that their length is one byte.
            len @ ..0x80 => self.bytes.insert(start, len as u8),
            _ => {
                let body = self.bytes.split_off(start);
                put_bytes(&mut self.bytes, &body);
            }
        }
    }
}

/// One attribute of two entries.
pub struct Beside<'a> {
    name: Name<'a>,
    /// The values of the one.
    pub here: Values<'a>,
    /// The values of the other.
    pub there: Values<'a>,
}

impl<'a> Beside<'a> {
    /// Returns the name of the attribute.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.name.text()
    }

    /// Tells whether it is one of these.
    #[must_use]
    pub fn is_one_of(&self, names: &Names) -> bool {
        names.has(self.name)
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> FromIterator<(N, V)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut gathered = Gathered::default();
        for (name, value) in pairs {
            gathered.add(name.as_ref(), value.as_ref());
        }
        gathered.finish()
    }
}

#[cfg(test)]
mod tests;
