//! What a list says of itself while it is read from front to end: order, duplicates, empty and endless names.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::codec::FixedText;
use crate::codec::codepage::CodePage;
use crate::diagnosis::finding::Place;

/// Several of a kind: how many, and the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Several<T> {
    /// How many there are.
    pub count: u64,
    /// The first.
    pub first: Option<T>,
}

impl<T> Default for Several<T> {
    fn default() -> Self {
        Self {
            count: 0,
            first: None,
        }
    }
}

impl<T> Several<T> {
    /// Counts one more.
    pub fn add(&mut self, one: T) {
        self.count += 1;
        self.first.get_or_insert(one);
    }

    /// Returns the first with the number of all; none where there are none.
    pub fn told(&self) -> Option<(&T, u64)> {
        self.first.as_ref().map(|first| (first, self.count))
    }
}

/// A name with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Where it is.
    pub place: Place,
    /// The name.
    pub name: Vec<u8>,
}

/// What was found in the names of one list.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Entries in use.
    pub count: u64,
    /// Names that stand before a name they should stand behind.
    pub disorder: Several<(Named, Vec<u8>)>,
    /// Names that stand there once more.
    pub duplicates: Several<Named>,
    /// Entries without a name.
    pub empty: Several<Place>,
    /// Names, or other texts, without an end.
    pub unended: Several<(Place, &'static str)>,
    previous: Option<Vec<u8>>,
    folded: Option<Vec<u8>>,
}

impl Names {
    /// Takes the next name. Names are sorted by their folded bytes, then as they are spelled.
    pub fn take(&mut self, place: Place, name: &FixedText<31>, code_page: CodePage) {
        self.count += 1;
        if is_unended(name) {
            self.unended.add((place, "name"));
        }
        let bytes = name.as_bytes();
        if bytes.is_empty() {
            self.empty.add(place);
            return;
        }
        let folded = code_page.fold(bytes);
        if let (Some(previous), Some(before)) = (&self.previous, &self.folded) {
            if *before == folded {
                self.duplicates.add(named(place, bytes));
            } else if *before > folded {
                self.disorder.add((named(place, bytes), previous.clone()));
            }
        }
        self.previous = Some(bytes.to_vec());
        self.folded = Some(folded);
    }

    /// Tells whether duplicates may stand anywhere, so that the list has to be read again with [`Duplicates`].
    #[must_use]
    pub fn is_disordered(&self) -> bool {
        self.disorder.count > 0
    }
}

/// Finds the duplicates of a list out of order, in two more passes over it.
#[derive(Debug, Default)]
pub struct Duplicates {
    hasher: RandomState,
    /// Hashes of all names; after [`Self::settle`] of those alone that occur more than once.
    hashes: Vec<u64>,
    seen: HashSet<Vec<u8>>,
}

impl Duplicates {
    /// Takes a name in the first pass.
    pub fn note(&mut self, name: &FixedText<31>, code_page: CodePage) {
        self.hashes
            .push(self.hasher.hash_one(code_page.fold(name.as_bytes())));
    }

    /// Ends the first pass.
    pub fn settle(&mut self) {
        self.hashes.sort_unstable();
        let repeated = self.hashes.chunk_by(|a, b| a == b);
        self.hashes = repeated
            .filter(|same| same.len() > 1)
            .map(|same| same[0])
            .collect();
    }

    /// Takes a name in the second pass; true where it stood before already.
    pub fn confirm(&mut self, name: &FixedText<31>, code_page: CodePage) -> bool {
        let folded = code_page.fold(name.as_bytes());
        let hash = self.hasher.hash_one(&folded);
        let may_be = !folded.is_empty() && self.hashes.binary_search(&hash).is_ok();
        may_be && !self.seen.insert(folded)
    }
}

fn named(place: Place, name: &[u8]) -> Named {
    Named {
        place,
        name: name.to_vec(),
    }
}

/// Tells whether a text fills its field, so that nothing ends it.
#[must_use]
pub fn is_unended<const N: usize>(text: &FixedText<N>) -> bool {
    text.as_bytes().len() == N
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> FixedText<31> {
        FixedText::new(name.as_bytes()).unwrap()
    }

    fn names(list: &[&str]) -> Names {
        let mut names = Names::default();
        for (name, number) in list.iter().zip(1..) {
            names.take(Place::record(number, 0), &text(name), CodePage::Cp850);
        }
        names
    }

    #[test]
    fn a_list_in_order_has_no_findings() {
        let names = names(&["Ann", "ann marie", "Bob", "bobby"]);
        assert_eq!(names.count, 4);
        assert_eq!(names.duplicates.count, 0);
        assert!(!names.is_disordered());
    }

    #[test]
    fn neighbours_of_one_name_are_duplicates_whatever_their_case() {
        let names = names(&["Ann", "ANN", "Bob"]);
        let (first, count) = names.duplicates.told().unwrap();
        assert_eq!((first.name.as_slice(), count), (&b"ANN"[..], 1));
    }

    #[test]
    fn a_list_out_of_order_hides_no_duplicate() {
        let list = ["Bob", "Ann", "Carl", "bob", "Ann"];
        let names = names(&list);
        let (first, count) = names.disorder.told().unwrap();
        assert_eq!((first.0.name.as_slice(), count), (&b"Ann"[..], 3));
        let mut duplicates = Duplicates::default();
        list.iter()
            .for_each(|name| duplicates.note(&text(name), CodePage::Cp850));
        duplicates.settle();
        let again = (1..)
            .zip(list)
            .filter(|(_, name)| duplicates.confirm(&text(name), CodePage::Cp850));
        let again: Vec<i32> = again.map(|(number, _)| number).collect();
        assert_eq!(again, [4, 5]);
    }

    #[test]
    fn empty_and_endless_names_are_told() {
        let mut names = Names::default();
        names.take(Place::record(1, 0), &FixedText::default(), CodePage::Cp850);
        let endless = FixedText::from_field(&[b'x'; 31]);
        names.take(Place::record(2, 53), &endless, CodePage::Cp850);
        assert_eq!((names.empty.count, names.unended.count), (1, 1));
    }
}
