//! Finding the words of names by GALINDEX.GLB.

use std::cmp::Ordering;
use std::ops::Range;

use super::{GalIndexEntry, GalIndexHeader};
use crate::codec::codepage::collation::Collation;
use crate::codec::{CodecError, NmeRecord, Record, nme, record_count};

/// GAL.NME and GALINDEX.GLB side by side.
#[derive(Debug, Clone)]
pub struct WordIndex<'a> {
    names: &'a [u8],
    header: GalIndexHeader,
    entries: &'a [u8],
    collation: Collation,
}

impl<'a> WordIndex<'a> {
    /// Takes the bytes of both files and the collation that they were made with.
    ///
    /// # Errors
    /// A size is no whole number of records, or an offset of the header is that of no entry.
    pub fn new(names: &'a [u8], index: &'a [u8], collation: Collation) -> Result<Self, CodecError> {
        record_count(names.len() as u64, 0, NmeRecord::LEN)?;
        record_count(index.len() as u64, GalIndexHeader::LEN, GalIndexEntry::LEN)?;
        let (header, entries) = index.split_at(GalIndexHeader::LEN);
        let header = GalIndexHeader::decode(header)?;
        for (slot, &offset) in header.offsets.iter().enumerate() {
            if offset != 0 && number(offset).is_none_or(|n| n >= entries.len() / GalIndexEntry::LEN)
            {
                let expected = "the offset of an entry, or 0";
                return Err(CodecError::field(4 * slot, "offsets", offset, expected));
            }
        }
        Ok(Self {
            names,
            header,
            entries,
            collation,
        })
    }

    /// Returns the header.
    #[must_use]
    pub fn header(&self) -> &GalIndexHeader {
        &self.header
    }

    /// Returns the number of entries: of words in all names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len() / GalIndexEntry::LEN
    }

    /// Tells whether no name has a word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns an entry by its number, from 0.
    ///
    /// # Panics
    /// There are not so many.
    #[must_use]
    pub fn entry(&self, number: usize) -> GalIndexEntry {
        let start = number * GalIndexEntry::LEN;
        GalIndexEntry::decode(&self.entries[start..start + GalIndexEntry::LEN])
            .expect("any six bytes are an entry")
    }

    /// Returns the full name that an entry points to.
    ///
    /// # Errors
    /// Its pointer is that of no record of GAL.NME.
    ///
    /// # Panics
    /// There are not so many entries.
    pub fn name_of(&self, number: usize) -> Result<&'a [u8], CodecError> {
        let pointer = self.entry(number).pointer;
        let start = pointer as usize;
        let record = self.names.get(start..).filter(|rest| !rest.is_empty());
        match record.filter(|_| start % NmeRecord::LEN == 0) {
            Some(record) => Ok(nme::name_in(record)),
            None => Err(at_entry(
                CodecError::field(2, "pointer", pointer, "the offset of a record of GAL.NME"),
                number,
            )),
        }
    }

    /// Returns the word that an entry stands for.
    ///
    /// # Errors
    /// Its pointer is that of no record of GAL.NME, or the name has fewer words.
    ///
    /// # Panics
    /// There are not so many entries.
    pub fn word_of(&self, number: usize) -> Result<&'a [u8], CodecError> {
        let name = self.name_of(number)?;
        let word = self.entry(number).word;
        let found = self.collation.words(name).nth(usize::from(word));
        found.ok_or_else(|| {
            let expected = format!("below {}", self.collation.words(name).count());
            at_entry(CodecError::field(0, "word", word, expected), number)
        })
    }

    /// Finds the entries of a word, whatever its accents and letter case (in the order of bytes: as it is written).
    ///
    /// # Errors
    /// An entry on the way stands for no word.
    pub fn find(&self, word: &[u8]) -> Result<Range<usize>, CodecError> {
        self.search(word, |key, sought| key.cmp(sought))
    }

    /// Finds the entries of all words with a beginning: what is typed to check a name.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn find_beginning(&self, beginning: &[u8]) -> Result<Range<usize>, CodecError> {
        self.search(beginning, |key, sought| {
            key[..key.len().min(sought.len())].cmp(sought)
        })
    }

    fn search(
        &self,
        word: &[u8],
        compare: impl Fn(&[u8], &[u8]) -> Ordering,
    ) -> Result<Range<usize>, CodecError> {
        let mut sought = Vec::new();
        self.collation.key_into(word, &mut sought);
        let stretch = self.stretch(&sought);
        let mut key = Vec::with_capacity(2 * NmeRecord::LEN);
        let mut compare_at = |number: usize| -> Result<Ordering, CodecError> {
            key.clear();
            self.collation.key_into(self.word_of(number)?, &mut key);
            Ok(compare(&key, &sought))
        };
        let start = partition(stretch.clone(), |n| Ok(compare_at(n)?.is_lt()))?;
        let end = partition(start..stretch.end, |n| Ok(compare_at(n)?.is_le()))?;
        Ok(start..end)
    }

    /// Returns the entries among which a key can stand, by the offsets of the header.
    fn stretch(&self, key: &[u8]) -> Range<usize> {
        if key.is_empty() {
            return 0..0;
        }
        let Some(letter) = self.collation.letter(key) else {
            return 0..self.len();
        };
        let Some(first) = self.header.first_entry(letter) else {
            return 0..0;
        };
        let behind = self.header.offsets.iter().filter(|&&offset| offset > first);
        let end = behind.min().copied().and_then(number);
        number(first).unwrap_or(0)..end.unwrap_or(self.len())
    }
}

/// Returns the first number of a range for which `is_before` no longer holds.
fn partition(
    range: Range<usize>,
    mut is_before: impl FnMut(usize) -> Result<bool, CodecError>,
) -> Result<usize, CodecError> {
    let Range { mut start, mut end } = range;
    while start < end {
        let middle = start + (end - start) / 2;
        match is_before(middle)? {
            true => start = middle + 1,
            false => end = middle,
        }
    }
    Ok(start)
}

/// Returns the number of the entry at a byte offset.
fn number(offset: u32) -> Option<usize> {
    crate::codec::table::record_index(offset, GalIndexHeader::LEN, GalIndexEntry::LEN)
}

fn at_entry(error: CodecError, number: usize) -> CodecError {
    let offset = (GalIndexHeader::LEN + number * GalIndexEntry::LEN) as u64;
    error.in_record(number as u64 + 1, offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::codepage::CodePage;
    use crate::codec::codepage::collation::Order;
    use crate::codec::{AliasKind, FixedText};

    fn files(collation: Collation, names: &[&str]) -> (Vec<u8>, Vec<u8>) {
        let mut list = Vec::new();
        for name in names {
            let name = collation.page().encode(name).unwrap();
            let name = FixedText::new(&name).unwrap();
            let mut bytes = [0; NmeRecord::LEN];
            NmeRecord::new(AliasKind::Local, name, 1).encode(&mut bytes);
            list.extend(bytes);
        }
        let mut words = Vec::new();
        for (n, record) in list.chunks(NmeRecord::LEN).enumerate() {
            for (word, text) in (0..).zip(collation.words(nme::name_in(record))) {
                let pointer = (n * NmeRecord::LEN) as u32;
                let mut key = Vec::new();
                collation.key_into(text, &mut key);
                words.push((key, GalIndexEntry { word, pointer }));
            }
        }
        words.sort_by(|a, b| a.0.cmp(&b.0));
        let mut header = GalIndexHeader::default();
        let mut index = vec![0; GalIndexHeader::LEN];
        for (n, (key, entry)) in (0..).zip(&words) {
            if let Some(letter) = collation.letter(key) {
                header.note(letter, collation.order(), n).unwrap();
            }
            let mut bytes = [0; GalIndexEntry::LEN];
            entry.encode(&mut bytes);
            index.extend(bytes);
        }
        header.encode(&mut index[..GalIndexHeader::LEN]);
        (list, index)
    }

    /// Finds the names with a word, in the order of the index.
    fn found(collation: Collation, names: &[&str], word: &str) -> Vec<String> {
        let (list, index) = files(collation, names);
        let index = WordIndex::new(&list, &index, collation).unwrap();
        let page = collation.page();
        let found = index.find(&page.encode(word).unwrap()).unwrap();
        found
            .map(|n| page.decode(index.name_of(n).unwrap()))
            .collect()
    }

    #[test]
    fn a_word_is_found_in_every_name_that_has_it() {
        let names = [
            "1st Desk",
            "Ann Müller",
            "MULLER, Bo",
            "Zoë Åmund",
            "Ωmega Ann",
        ];
        let page = CodePage::Cp437;
        let letters = Collation::new(Order::Page, page);
        assert_eq!(
            found(letters, &names, "muller"),
            ["Ann Müller", "MULLER, Bo"]
        );
        assert_eq!(found(letters, &names, "ANN"), ["Ann Müller", "Ωmega Ann"]);
        assert_eq!(found(letters, &names, "1ST"), ["1st Desk"]);
        assert_eq!(found(letters, &names, "amund"), ["Zoë Åmund"]);
        assert_eq!(found(letters, &names, "Ωmega"), ["Ωmega Ann"]);
        assert_eq!(found(letters, &names, "Mu"), [""; 0]);
        assert_eq!(found(letters, &names, "Q"), [""; 0]);
        assert_eq!(found(letters, &names, ""), [""; 0]);
        let bytes = Collation::new(Order::Bytes, page);
        assert_eq!(found(bytes, &names, "Müller"), ["Ann Müller"]);
        assert_eq!(found(bytes, &names, "müller"), [""; 0]);
        assert_eq!(found(bytes, &names, "Ωmega"), ["Ωmega Ann"]);
    }

    #[test]
    fn a_beginning_finds_all_words_that_have_it() {
        let collation = Collation::new(Order::Page, CodePage::Cp850);
        let (list, index) = files(collation, &["Smit", "Smith", "Smíthe", "Smoke"]);
        let index = WordIndex::new(&list, &index, collation).unwrap();
        assert_eq!(index.find_beginning(b"smith").unwrap(), 1..3);
        assert_eq!(index.find_beginning(b"S").unwrap(), 0..4);
        assert_eq!(index.find_beginning(b"smx").unwrap().len(), 0);
    }

    #[test]
    fn damage_is_an_error_that_names_the_entry() {
        let collation = Collation::new(Order::Page, CodePage::Cp850);
        let (list, index) = files(collation, &["Ann Bo"]);
        let error = |at: usize, value: u8| {
            let mut index = index.clone();
            index[at] = value;
            match WordIndex::new(&list, &index, collation) {
                Ok(index) => index.find(b"Bo").unwrap_err().to_string(),
                Err(error) => error.to_string(),
            }
        };
        assert_eq!(
            error(214, 2),
            "record 2 at byte 0xd6: byte 0x0: word: found 2, expected below 2"
        );
        assert_eq!(
            error(216, 45),
            "record 2 at byte 0xd6: byte 0x2: pointer: found 45, expected the offset of a record of GAL.NME"
        );
        assert_eq!(
            error(0, 220),
            "byte 0x0: offsets: found 220, expected the offset of an entry, or 0"
        );
        assert!(WordIndex::new(&list[..44], &index, collation).is_err());
        assert!(WordIndex::new(&list, &index[..215], collation).is_err());
    }
}
