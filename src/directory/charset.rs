//! What the other side can write: a code page, or all of Unicode (`spec/exchange.md` DX-28).

use crate::codec::codepage::CodePage;

/// What stands for a character that the other side does not have.
pub const REPLACEMENT: char = '?';

/// The characters of the other side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// A postoffice: bytes of a code page.
    Page(CodePage),
    /// A directory or another organization: any character.
    Utf8,
}

impl Charset {
    /// Returns the text with [`REPLACEMENT`] for each character that the other side does not have, and those
    /// characters.
    #[must_use]
    pub fn fit(self, text: &str) -> (String, Vec<char>) {
        let mut missing = Vec::new();
        let fitted = text.chars().map(|c| {
            if self.has(c) {
                return c;
            }
            missing.push(c);
            REPLACEMENT
        });
        let fitted = fitted.collect();
        (fitted, missing)
    }

    /// Tells whether the other side has a character.
    #[must_use]
    pub fn has(self, character: char) -> bool {
        match self {
            Self::Utf8 => true,
            Self::Page(_) if character.is_ascii() => true,
            Self::Page(page) => page.encode(character.encode_utf8(&mut [0; 4])).is_ok(),
        }
    }

    /// Returns the length of a text that fits: bytes of the page, or characters.
    #[must_use]
    pub fn len(self, text: &str) -> usize {
        text.chars().map(|c| self.width(c)).sum()
    }

    /// Returns the longest beginning of a text that is no longer than `max`.
    #[must_use]
    pub fn cut(self, text: &str, max: usize) -> &str {
        let mut len = 0;
        for (at, c) in text.char_indices() {
            len += self.width(c);
            if len > max {
                return &text[..at];
            }
        }
        text
    }

    fn width(self, c: char) -> usize {
        match self {
            Self::Page(page) if !c.is_ascii() && page.is_double_byte() => {
                let bytes = page.encode(c.encode_utf8(&mut [0; 4]));
                bytes.map_or(1, |bytes| bytes.len())
            }
            _ => 1,
        }
    }

    /// Names it in a note.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Page(page) => format!("code page {page}"),
            Self::Utf8 => "UTF-8".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_lacks_is_replaced_one_for_one() {
        let western = Charset::Page(CodePage::Cp850);
        assert_eq!(
            western.fit("Jörg สม"),
            ("Jörg ??".to_owned(), vec!['ส', 'ม'])
        );
        assert_eq!(Charset::Utf8.fit("สม"), ("สม".to_owned(), vec![]));
    }

    #[test]
    fn a_text_is_measured_as_the_other_side_stores_it() {
        let japanese = Charset::Page(CodePage::Cp932);
        assert_eq!(japanese.len("aテス"), 5);
        assert_eq!(japanese.cut("aテス", 4), "aテ");
        assert_eq!(Charset::Page(CodePage::Cp850).len("Jörg"), 4);
        assert_eq!(Charset::Utf8.cut("Jörg", 2), "Jö");
    }
}
