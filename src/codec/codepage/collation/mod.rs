//! The order of names in the global address list, and where one name ends and the next word begins.
//!
//! The original sorted by tables in files (`C850SORT.GLB` and its like, Q126230, Q151990), of which only the size is
//! published. This order is built from the code page instead, so that everybody who knows the page can
//! search the list:
//!
//! | Step | Compares | Rule |
//! |---:|---|---|
//! | 1 | letters | character by character by the places below, without regard to accents, letter case and width; the shorter text first |
//! | 2 | accents | the plain letter before its variants, those by Unicode: `o` `ò` `ó` `ô` `ö` `ø` |
//! | 3 | letter case | upper case before lower case |
//! | 4 | bytes | whatever is still equal, such as `i` and dotless `ı` |
//!
//! The places of step 1, from the first to the last:
//!
//! | Place | Characters | Order |
//! |---:|---|---|
//! | 1 | separators: the blank (no-break and ideographic too), `, ; / ( ) [ ] < > "` | as written here |
//! | 2 | control characters | by code |
//! | 3 | other signs, fractions and line drawing among them | by Unicode |
//! | 4 | digits; `¹ ² ³` as theirs | by value |
//! | 5 | Latin letters: accented and barred ones as the plain letter, `ª º ƒ` as `a o f`; `æ œ ĳ þ ß` as `ae oe ij th ss` | A to Z |
//! | 6 | Greek letters | by the alphabet |
//! | 7 | Cyrillic letters of all the languages that the pages serve; `ё ѓ ѝ ї ќ ў` as `е г и і к у` | by one alphabet |
//! | 8 | letters of other scripts: Hebrew, Arabic, half-width kana | by Unicode |
//! | 9 | bytes that the page does not define | by value |
//! | 10 | pairs of the East Asian pages; a lead byte that lost its trail byte before the pairs of its row | by code |
//!
//! Wide Latin letters, digits and signs of the East Asian pages, and accented Latin letters among their pairs, stand
//! with their ASCII forms; another pair in lower case stands with the one in upper case. Combining marks
//! (Vietnamese, Hebrew, Arabic) have no place: they count in step 2 alone.
//!
//! Scandinavian and other national orders (`C850SCAN`, `C850INT`) are not built: `Å Ä Ö` sort as `A A O`.

mod letters;
mod weights;

use std::cmp::Ordering;
use std::fmt;

use super::CodePage;
use weights::{Weight, Weights};

/// What names are sorted by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub enum Order {
    /// By the letters of the code page, as the [module](self) says.
    #[default]
    Page,
    /// By the values of the bytes, as `LC_ALL=C sort` does.
    Bytes,
}

impl Order {
    /// Returns the order with a code.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Page),
            1 => Some(Self::Bytes),
            _ => None,
        }
    }

    /// Returns the code by which files name it.
    #[must_use]
    pub const fn as_byte(self) -> u8 {
        match self {
            Self::Page => 0,
            Self::Bytes => 1,
        }
    }
}

impl fmt::Display for Order {
    /// Writes the word of the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Page => "page",
            Self::Bytes => "c",
        })
    }
}

/// Sorts text of one code page, and finds its words.
#[derive(Clone, Copy)]
pub struct Collation {
    order: Order,
    page: CodePage,
    weights: &'static Weights,
}

/// A stretch of a text: a word, or what parts two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Segment<'t> {
    /// A run of characters that are no separators, one of them at least more than a combining mark.
    Word(&'t [u8]),
    /// Anything else.
    Gap(&'t [u8]),
}

impl Collation {
    /// Takes the order of a code page, or of its bytes.
    #[must_use]
    pub fn new(order: Order, page: CodePage) -> Self {
        Self {
            order,
            page,
            weights: weights::of(page),
        }
    }

    /// Returns what it sorts by.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// Returns the code page of the texts.
    #[must_use]
    pub fn page(&self) -> CodePage {
        self.page
    }

    /// Compares two texts in all four steps: equal are equal bytes alone.
    #[must_use]
    pub fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        if self.order == Order::Bytes || a == b {
            return a.cmp(b);
        }
        let variants = |text| self.characters(text).map(|weight| weight.variant);
        let cases = |text| self.characters(text).map(|weight| weight.is_lower);
        self.compare_letters(a, b)
            .then_with(|| variants(a).cmp(variants(b)))
            .then_with(|| cases(a).cmp(cases(b)))
            .then_with(|| a.cmp(b))
    }

    /// Compares two texts in the first step alone: `Muller`, `MULLER` and `müller` are equal. In the order of bytes
    /// equal are equal bytes.
    #[must_use]
    pub fn compare_letters(&self, a: &[u8], b: &[u8]) -> Ordering {
        if self.order == Order::Bytes {
            return a.cmp(b);
        }
        if self.page.is_double_byte() {
            let key = |text| self.characters(text).flat_map(primary);
            return key(a).cmp(key(b));
        }
        // Bytes that are equal weigh the same wherever they stand.
        let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
        let single = &self.weights.single;
        let weigh = |&byte: &u8| primary(single[usize::from(byte)]);
        Iterator::cmp(
            a[same..].iter().flat_map(weigh),
            b[same..].iter().flat_map(weigh),
        )
    }

    /// Appends the key of a text to `key`: keys compare as texts do in [`Self::compare_letters`], and that of a text is
    /// those of its parts in a row. It has at most twice as many bytes as the text, none of them zero in the order of letters.
    pub fn key_into(&self, text: &[u8], key: &mut Vec<u8>) {
        match self.order {
            Order::Bytes => key.extend_from_slice(text),
            Order::Page if self.page.is_double_byte() => {
                key.extend(self.characters(text).flat_map(primary));
            }
            Order::Page => {
                for &byte in text {
                    let [first, second] = self.weights.single[usize::from(byte)].primary;
                    if first != 0 {
                        key.push(first);
                    }
                    if second != 0 {
                        key.push(second);
                    }
                }
            }
        }
    }

    /// Returns the length of the key of a text.
    #[must_use]
    pub fn key_len(&self, text: &[u8]) -> usize {
        match self.order {
            Order::Bytes => text.len(),
            Order::Page => self.characters(text).flat_map(primary).count(),
        }
    }

    /// Returns the ASCII letter under which a key stands: in the order of letters its capital, `M` for `müller`, in
    /// that of bytes the first byte itself. Other beginnings have none.
    #[must_use]
    pub fn letter(&self, key: &[u8]) -> Option<u8> {
        let &first = key.first()?;
        match self.order {
            Order::Bytes => first.is_ascii_alphabetic().then_some(first),
            Order::Page => Some(self.weights.letter[usize::from(first)]).filter(|&l| l != 0),
        }
    }

    /// Returns the letter under which a text stands, as [`Self::letter`] does for its key.
    #[must_use]
    pub fn letter_of(&self, text: &[u8]) -> Option<u8> {
        match self.order {
            Order::Bytes => self.letter(text),
            Order::Page => {
                let first = self.characters(text).flat_map(primary).next()?;
                self.letter(&[first])
            }
        }
    }

    /// Splits a text into words and gaps.
    #[must_use]
    pub fn segments<'t>(&self, text: &'t [u8]) -> Segments<'t> {
        Segments {
            collation: *self,
            rest: text,
        }
    }

    /// Returns the words of a text.
    pub fn words<'t>(&self, text: &'t [u8]) -> impl Iterator<Item = &'t [u8]> + use<'t> {
        self.segments(text).filter_map(|segment| match segment {
            Segment::Word(word) => Some(word),
            Segment::Gap(_) => None,
        })
    }

    fn characters<'t>(&self, text: &'t [u8]) -> Characters<'t> {
        Characters {
            collation: *self,
            rest: text,
        }
    }

    /// Returns the first character and how many bytes it has.
    fn first(&self, text: &[u8]) -> Option<(Weight, usize)> {
        let &byte = text.first()?;
        Some(match self.page.character_len(text) {
            2 => (self.weights.pair(byte, text[1]), 2),
            _ => (self.weights.single[usize::from(byte)], 1),
        })
    }
}

impl fmt::Debug for Collation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of code page {}", self.order, self.page)
    }
}

fn primary(weight: Weight) -> impl Iterator<Item = u8> {
    weight.primary.into_iter().filter(|&weight| weight != 0)
}

/// The characters of a text.
struct Characters<'t> {
    collation: Collation,
    rest: &'t [u8],
}

impl Iterator for Characters<'_> {
    type Item = Weight;

    fn next(&mut self) -> Option<Weight> {
        let (weight, len) = self.collation.first(self.rest)?;
        self.rest = &self.rest[len..];
        Some(weight)
    }
}

/// The words and gaps of a text, in its order.
#[derive(Clone, Debug)]
pub struct Segments<'t> {
    collation: Collation,
    rest: &'t [u8],
}

impl<'t> Iterator for Segments<'t> {
    type Item = Segment<'t>;

    fn next(&mut self) -> Option<Segment<'t>> {
        if !self.collation.page.is_double_byte() {
            return self.next_of_bytes();
        }
        let (first, mut end) = self.collation.first(self.rest)?;
        let mut has_place = first.primary[0] != 0;
        while let Some((weight, len)) = self.collation.first(&self.rest[end..]) {
            if weight.is_separator != first.is_separator {
                break;
            }
            has_place |= weight.primary[0] != 0;
            end += len;
        }
        Some(self.cut(end, first.is_separator || !has_place))
    }
}

impl<'t> Segments<'t> {
    /// As [`Self::next`] where every character is a byte.
    fn next_of_bytes(&mut self) -> Option<Segment<'t>> {
        let single = &self.collation.weights.single;
        let weight = |byte: &u8| &single[usize::from(*byte)];
        let is_separator = weight(self.rest.first()?).is_separator;
        let mut bytes = self.rest.iter();
        let end = bytes.position(|byte| weight(byte).is_separator != is_separator);
        let end = end.unwrap_or(self.rest.len());
        let has_place = |byte: &u8| weight(byte).primary[0] != 0;
        let is_gap = is_separator || !self.rest[..end].iter().any(has_place);
        Some(self.cut(end, is_gap))
    }

    fn cut(&mut self, end: usize, is_gap: bool) -> Segment<'t> {
        let (segment, rest) = self.rest.split_at(end);
        self.rest = rest;
        match is_gap {
            true => Segment::Gap(segment),
            false => Segment::Word(segment),
        }
    }
}

#[cfg(test)]
mod tests;
