//! An entry of a directory: a name and attributes.

use std::fmt;

use super::dn::Dn;

/// Attributes of an entry, each with its values, in the order in which they were put. Names are compared without case.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Attributes {
    list: Vec<(String, Vec<Vec<u8>>)>,
}

impl Attributes {
    /// Returns the values of an attribute; none where it is missing.
    #[must_use]
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        let found = self.list.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map_or(&[], |(_, values)| values)
    }

    /// Returns the first value of an attribute.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.values(name).first().map(|value| &value[..])
    }

    /// Returns the first value of an attribute, where it is UTF-8.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.first(name)?).ok()
    }

    /// Adds a value behind those that an attribute has.
    pub fn add(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        let found = self
            .list
            .iter_mut()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        match found {
            Some((_, values)) => values.push(value.into()),
            None => self.list.push((name.to_owned(), vec![value.into()])),
        }
    }

    /// Replaces the values of an attribute; none removes it, since LDAP has no empty attribute.
    pub fn set(&mut self, name: &str, values: Vec<Vec<u8>>) {
        let at = self
            .list
            .iter()
            .position(|(n, _)| n.eq_ignore_ascii_case(name));
        match (at, values.is_empty()) {
            (Some(at), true) => drop(self.list.remove(at)),
            (Some(at), false) => self.list[at].1 = values,
            (None, true) => {}
            (None, false) => self.list.push((name.to_owned(), values)),
        }
    }

    /// Returns the attributes and their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Vec<u8>])> {
        self.list
            .iter()
            .map(|(name, values)| (&name[..], &values[..]))
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl<N: Into<String>, V: Into<Vec<u8>>> FromIterator<(N, V)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut attributes = Self::default();
        for (name, value) in pairs {
            attributes.add(&name.into(), value);
        }
        attributes
    }
}

/// Shows values as text.
impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.list.iter().map(|(name, values)| {
            let values = values.iter().map(|value| String::from_utf8_lossy(value));
            (name, values.collect::<Vec<_>>())
        });
        f.debug_map().entries(shown).finish()
    }
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Its name.
    pub dn: Dn,
    /// Its attributes.
    pub attributes: Attributes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_without_case_and_vanish_with_their_last_value() {
        let mut attributes =
            Attributes::from_iter([("cn", "Bob"), ("CN", "Robert"), ("sn", "Smith")]);
        assert_eq!(
            attributes.values("Cn"),
            [b"Bob".to_vec(), b"Robert".to_vec()]
        );
        assert_eq!(attributes.text("SN"), Some("Smith"));
        attributes.set("sn", Vec::new());
        attributes.set("uid", Vec::new());
        assert_eq!(
            attributes.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            ["cn"]
        );
    }
}
