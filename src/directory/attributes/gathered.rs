//! Attributes that come value by value.

use std::collections::HashMap;

use super::{Attributes, Name, put_bytes};

/// Attributes that come value by value, in any order, and as many as somebody sends: each costs what it holds, whatever
/// came before.
#[derive(Debug, Default)]
pub(in crate::directory) struct Gathered {
    /// Names as they came first, with their values.
    records: Vec<(String, Vec<u8>)>,
    /// Where which is, by its name in lower case.
    places: HashMap<String, usize>,
}

impl Gathered {
    /// Returns how many attributes came.
    pub(in crate::directory) fn len(&self) -> usize {
        self.records.len()
    }

    /// Tells whether a value of this attribute came.
    pub(in crate::directory) fn has(&self, name: &str) -> bool {
        self.places.contains_key(&name.to_ascii_lowercase())
    }

    /// Takes a value; it stands behind those of its attribute that came before.
    pub(in crate::directory) fn add(&mut self, name: &str, value: &[u8]) {
        // Values of one attribute mostly come one behind the other.
        let last = self.records.last_mut();
        if let Some((_, body)) = last.filter(|(last, _)| last.eq_ignore_ascii_case(name)) {
            return put_bytes(body, value);
        }
        let place = self.places.entry(name.to_ascii_lowercase());
        let place = *place.or_insert(self.records.len());
        if place == self.records.len() {
            self.records.push((name.to_owned(), Vec::new()));
        }
        put_bytes(&mut self.records[place].1, value);
    }

    /// Returns them in the order in which the first value of each came.
    pub(in crate::directory) fn finish(self) -> Attributes {
        let room = |(name, body): &(String, Vec<u8>)| name.len() + body.len() + 8;
        let mut attributes = Attributes::with_room(self.records.iter().map(room).sum());
        for (name, body) in self.records {
            attributes.put_name(&name, Name::of(&name));
            put_bytes(&mut attributes.bytes, &body);
        }
        attributes.shrink();
        attributes
    }
}
